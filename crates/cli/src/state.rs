//! The state below a block: preimages by keccak256 hash, each hashed on entry.
//!
//! ```text
//! repeated:
//! +-----------------+---------------------------+---------+
//! | hash (32 bytes) | length (u32 little-endian)|  value  |
//! +-----------------+---------------------------+---------+
//! ```

use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes, keccak256};
use alloy_rlp::Decodable;
use std::collections::HashMap;
use unroll_executor::{TrieDBFetcher, TrieDBHinter, provider::Provider};

/// Bytes before a record's value.
const RECORD_HEADER: usize = 36;

/// Trie nodes, code and headers of which the hashes were computed, not believed.
#[derive(Debug, Default)]
pub struct State {
    entries: HashMap<B256, Entry>,
    read: u64,
    bytes: u64,
}

#[derive(Debug)]
struct Entry {
    value: Bytes,
    read: bool,
}

/// Why records are refused.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    #[error("end inside the record at byte {offset}")]
    Truncated { offset: usize },
    #[error("hold a value under {key} whose hash is {computed}")]
    Hash { key: B256, computed: B256 },
}

/// Why a preimage cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    #[error("no preimage of {hash}, needed for {what}")]
    Missing { hash: B256, what: &'static str },
    #[error("the preimage of {hash} is no block header")]
    Header { hash: B256 },
}

impl State {
    /// Reads records. No value is copied.
    pub fn from_records(records: &Bytes) -> Result<Self, RecordsError> {
        let mut state = Self::default();
        let mut offset = 0;
        while offset < records.len() {
            let (key, value) = record(records, offset).ok_or(RecordsError::Truncated { offset })?;
            offset += RECORD_HEADER + value.len();
            let computed = keccak256(&value);
            if computed != key {
                return Err(RecordsError::Hash { key, computed });
            }
            state.entries.insert(key, Entry { value, read: false });
        }
        Ok(state)
    }

    /// How many different preimages were read, and how many bytes they have.
    pub const fn read_stats(&self) -> (u64, u64) {
        (self.read, self.bytes)
    }

    fn get(&mut self, hash: B256, what: &'static str) -> Result<Bytes, StateError> {
        let entry = self.entries.get_mut(&hash).ok_or(StateError::Missing { hash, what })?;
        if !entry.read {
            entry.read = true;
            self.read += 1;
            self.bytes += entry.value.len() as u64;
        }
        Ok(entry.value.clone())
    }
}

impl Provider for State {
    type Error = StateError;
}

impl TrieDBFetcher for State {
    fn trie_node_preimage(&mut self, hash: B256) -> Result<Bytes, StateError> {
        self.get(hash, "a trie node")
    }

    fn bytecode_by_hash(&mut self, hash: B256) -> Result<Bytes, StateError> {
        self.get(hash, "the code of a contract")
    }

    fn l2_header_by_hash(&mut self, hash: B256) -> Result<Header, StateError> {
        let bytes = self.get(hash, "a block header")?;
        header(&bytes).ok_or(StateError::Header { hash })
    }
}

impl TrieDBHinter for State {}

/// The header that these bytes are, all of them.
pub fn header(mut bytes: &[u8]) -> Option<Header> {
    Header::decode(&mut bytes).ok().filter(|_| bytes.is_empty())
}

/// The key and value of the record at `offset`, or `None` if the records end inside.
fn record(records: &Bytes, offset: usize) -> Option<(B256, Bytes)> {
    let (key, rest) = records.get(offset..)?.split_first_chunk::<32>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let value = rest.get(..usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    Some((B256::new(*key), records.slice_ref(value)))
}
