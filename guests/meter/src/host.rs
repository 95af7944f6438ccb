//! The other end of the guest's four pipes, in this process: the oracle protocol's server over a witness (K-020, K-021).

use crate::precompile;
use alloy_primitives::{B256, Bytes, hex};
use std::collections::HashMap;

/// An input of a run, by its index (J-010).
#[derive(Clone, Copy, Debug)]
pub enum LocalInput {
    L1Head = 1,
    AgreedOutputRoot = 2,
    ClaimedOutputRoot = 3,
    ClaimedBlockNumber = 4,
    ChainId = 5,
    RollupConfig = 6,
    L1Config = 7,
}

/// Preimages by typed key, the local inputs among them.
#[derive(Debug, Default)]
pub struct Preimages(HashMap<B256, Bytes>);

/// Why the host could not answer.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub enum HostError {
    /// A preimage that the witness does not hold.
    #[error("the witness does not hold {0}")]
    Absent(B256),
}

impl Preimages {
    /// Adds a preimage. The guest believes what it is told, so nothing is checked here: a wrong value shows as a wrong verdict.
    pub fn insert(&mut self, key: B256, value: Bytes) {
        self.0.insert(key, value);
    }

    /// Adds an input of the run (K-003).
    pub fn insert_local(&mut self, input: LocalInput, value: impl Into<Bytes>) {
        let mut key = B256::with_last_byte(input as u8);
        key[0] = 1;
        self.insert(key, value.into());
    }

    /// Adds the records of a witness file: key (32 bytes), length (u32 little-endian), value. `None`: they end within one.
    pub fn insert_records(&mut self, records: &Bytes) -> Option<()> {
        let mut offset = 0;
        while offset < records.len() {
            let key: &[u8; 32] = records[offset..].first_chunk()?;
            let length: &[u8; 4] = records.get(offset + 32..)?.first_chunk()?;
            let start = offset + 36;
            offset = start.checked_add(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
            records.get(start..offset)?;
            self.insert(B256::new(*key), records.slice(start..offset));
        }
        Some(())
    }

    /// A witness is whole but for the results of precompiles, which hosts compute when a hint announces them (K-045).
    fn hint(&mut self, text: &[u8]) {
        let call = text.strip_prefix(b"l1-precompile ").and_then(|data| hex::decode(data).ok());
        if let Some((key, value)) = call.and_then(|call| precompile::result(&call)) {
            self.insert(key, value);
        }
    }
}

/// What went over the pipes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traffic {
    /// Values that were asked for.
    pub preimages: u64,
    /// Their bytes, without the lengths before them.
    pub preimage_bytes: u64,
    /// Hints.
    pub hints: u64,
    /// Their bytes, without the lengths before them.
    pub hint_bytes: u64,
}

/// Bytes on their way to the guest.
#[derive(Debug, Default)]
struct Answer {
    bytes: Vec<u8>,
    read: usize,
}

impl Answer {
    fn set(&mut self, parts: &[&[u8]]) {
        self.bytes.clear();
        self.read = 0;
        parts.iter().for_each(|part| self.bytes.extend_from_slice(part));
    }

    /// Moves bytes to the guest. 0: there are none, which in a pipe would be a wait without end.
    fn take(&mut self, buffer: &mut [u8]) -> usize {
        let rest = &self.bytes[self.read..];
        let count = buffer.len().min(rest.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.read += count;
        count
    }
}

/// The host's ends of the pipes.
#[derive(Debug)]
pub struct Host {
    preimages: Preimages,
    key: Vec<u8>,
    value: Answer,
    hint: Vec<u8>,
    acknowledgement: Answer,
    /// What went over the pipes so far.
    pub traffic: Traffic,
}

impl Host {
    /// A host that knows these preimages.
    pub fn new(preimages: Preimages) -> Self {
        Self {
            preimages,
            key: Vec::new(),
            value: Answer::default(),
            hint: Vec::new(),
            acknowledgement: Answer::default(),
            traffic: Traffic::default(),
        }
    }

    /// The guest writes to its descriptor 6: once a key is whole, it is answered. A new key begins a new answer (K-020).
    pub fn ask(&mut self, bytes: &[u8]) -> Result<(), HostError> {
        self.key.extend_from_slice(bytes);
        if let Ok(key) = <[u8; 32]>::try_from(&self.key[..]) {
            self.key.clear();
            let key = B256::new(key);
            let value = self.preimages.0.get(&key).ok_or(HostError::Absent(key))?;
            self.value.set(&[&(value.len() as u64).to_be_bytes(), value]);
            self.traffic.preimages += 1;
            self.traffic.preimage_bytes += value.len() as u64;
        }
        Ok(())
    }

    /// The guest reads from its descriptor 5.
    pub fn answer(&mut self, buffer: &mut [u8]) -> usize {
        self.value.take(buffer)
    }

    /// The guest writes to its descriptor 4: once a hint is whole, it is acknowledged.
    pub fn hint(&mut self, bytes: &[u8]) {
        self.hint.extend_from_slice(bytes);
        let Some((length, text)) = self.hint.split_first_chunk() else { return };
        if text.len() as u64 >= u32::from_be_bytes(*length).into() {
            self.traffic.hints += 1;
            self.traffic.hint_bytes += text.len() as u64;
            self.preimages.hint(text);
            self.hint.clear();
            self.acknowledgement.set(&[&[0]]);
        }
    }

    /// The guest reads from its descriptor 3.
    pub fn acknowledge(&mut self, buffer: &mut [u8]) -> usize {
        self.acknowledgement.take(buffer)
    }
}
