//! Every preimage of both chains: what an archive node and its beacon node could be asked for.

use super::{blobs::Sidecar, l1::L1Block, tries::FullTrie};
use alloy_consensus::Header;
use alloy_eips::eip4844::Blob;
use alloy_primitives::{
    B256, Bytes, keccak256,
    map::{B256Map, HashMap},
};
use alloy_trie::nodes::TrieNode;
use sha2::{Digest, Sha256};
use std::sync::OnceLock;
use unroll_executor::{TrieDBFetcher, TrieDBHinter};
use unroll_proof::{
    PreimageKey, PreimageOracle,
    kzg::{Commitment, EvaluationPoints, FIELD_ELEMENTS},
    oracle::OracleBlobError,
    preimage::KeyKind,
};
use unroll_protocol::provider::Provider;

/// Preimages by what they hash to. It never forgets: states of old blocks stay readable.
///
/// As an oracle and as the state of an executor it is used by reference: `&Store`.
#[derive(Clone, Debug, Default)]
pub struct Store {
    /// By typed key.
    values: B256Map<Bytes>,
    /// What of that is L2's state, by keccak256.
    state: B256Map<StateKind>,
    blobs: HashMap<Commitment, Box<Blob>>,
    /// Blob and place of each element by its key, computed when one is asked for alone.
    elements: OnceLock<B256Map<(Commitment, usize)>>,
}

/// What a value of L2's state is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StateKind {
    Node,
    Code,
}

/// What the store does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the devnet has no preimage {0}")]
pub struct Absent(pub B256);

impl Store {
    /// The value with this keccak256 hash: a trie node, code, a header, an output.
    pub fn keccak(&self, hash: B256) -> Option<&Bytes> {
        self.values.get(PreimageKey::keccak256(hash).as_bytes())
    }

    /// The node of L2's state with this hash: of the accounts' trie, or of a contract's storage.
    pub fn node(&self, hash: B256) -> Option<&Bytes> {
        self.of_state(hash, StateKind::Node)
    }

    /// The code with this hash that L2's state has.
    pub fn code(&self, hash: B256) -> Option<&Bytes> {
        self.of_state(hash, StateKind::Code)
    }

    fn of_state(&self, hash: B256, kind: StateKind) -> Option<&Bytes> {
        self.keccak(hash).filter(|_| self.state.get(&hash) == Some(&kind))
    }

    /// The value with this sha256 hash: a commitment, a bundle of upgrade transactions.
    pub fn sha256(&self, hash: B256) -> Option<&Bytes> {
        self.values.get(PreimageKey::sha256(hash).as_bytes())
    }

    /// The blob that this commitment commits to.
    pub fn blob_of(&self, commitment: &Commitment) -> Option<&Blob> {
        self.blobs.get(commitment).map(|blob| &**blob)
    }

    /// Adds a value and returns its keccak256 hash.
    pub fn insert(&mut self, value: Bytes) -> B256 {
        let hash = keccak256(&value);
        self.values.insert(*PreimageKey::keccak256(hash).as_bytes(), value);
        hash
    }

    /// Adds a node of L2's state, or code. Which of them it is, its bytes say: no code of a devnet is a node's RLP.
    pub fn insert_state(&mut self, value: Bytes) {
        let kind = match alloy_rlp::decode_exact(&value) {
            // It stands for no node: nobody stores it.
            Ok(TrieNode::EmptyRoot) => None,
            Ok(_) => Some(StateKind::Node),
            Err(_) => Some(StateKind::Code),
        };
        let hash = self.insert(value);
        if let Some(kind) = kind {
            self.state.insert(hash, kind);
        }
    }

    /// Adds a value and returns its sha256 hash.
    pub fn insert_sha256(&mut self, value: Bytes) -> B256 {
        let hash = B256::new(Sha256::digest(&value).into());
        self.values.insert(*PreimageKey::sha256(hash).as_bytes(), value);
        hash
    }

    /// Loses a value.
    pub fn forget(&mut self, hash: B256) {
        self.values.remove(PreimageKey::keccak256(hash).as_bytes());
    }

    /// Adds everything that the block's hash commits to, its blobs, and what lies beside L1.
    pub fn insert_l1(&mut self, block: &L1Block) {
        self.insert(alloy_rlp::encode(block.header.inner()).into());
        self.insert_list(&block.transactions);
        self.insert_list(&block.receipts);
        for input in &block.inputs {
            self.insert(input.clone());
        }
        for Sidecar { blob, commitment, .. } in &block.sidecars {
            self.insert_sha256(Bytes::copy_from_slice(commitment));
            self.blobs.insert(*commitment, blob.clone());
            self.elements = OnceLock::new();
        }
    }

    /// Adds the trie of a list of transactions or receipts.
    pub fn insert_list(&mut self, items: &[Bytes]) {
        for node in FullTrie::of_list(items).nodes {
            self.insert(node);
        }
    }

    /// The value of a typed key.
    pub fn value(&self, key: PreimageKey) -> Option<Bytes> {
        match key.kind() {
            KeyKind::Blob => self.element(key),
            _ => self.values.get(key.as_bytes()).cloned(),
        }
    }

    fn element(&self, key: PreimageKey) -> Option<Bytes> {
        let (commitment, index) = self.elements.get_or_init(|| self.places()).get(key.as_bytes())?;
        let element = self.blobs.get(commitment)?.as_chunks::<32>().0.get(*index)?;
        Some(Bytes::copy_from_slice(element))
    }

    fn places(&self) -> B256Map<(Commitment, usize)> {
        let points = EvaluationPoints::new();
        let mut places = B256Map::default();
        for commitment in self.blobs.keys() {
            places.extend((0..FIELD_ELEMENTS).map(|index| {
                let key = PreimageKey::blob(commitment, points.point(index));
                (*key.as_bytes(), (*commitment, index))
            }));
        }
        places
    }
}

impl PreimageOracle for &Store {
    type Error = Absent;

    fn get(&mut self, key: PreimageKey) -> Result<Bytes, Absent> {
        self.value(key).ok_or(Absent(*key.as_bytes()))
    }

    fn blob(&mut self, commitment: &Commitment) -> Result<Box<Blob>, OracleBlobError<Absent>> {
        self.blobs.get(commitment).cloned().ok_or_else(|| {
            let key = PreimageKey::blob(commitment, EvaluationPoints::new().point(0));
            OracleBlobError::Oracle { key, source: Absent(*key.as_bytes()) }
        })
    }
}

impl Provider for &Store {
    type Error = Absent;
}

impl TrieDBFetcher for &Store {
    fn trie_node_preimage(&mut self, hash: B256) -> Result<Bytes, Absent> {
        self.keccak(hash).cloned().ok_or(Absent(hash))
    }

    fn bytecode_by_hash(&mut self, hash: B256) -> Result<Bytes, Absent> {
        self.keccak(hash).cloned().ok_or(Absent(hash))
    }

    fn l2_header_by_hash(&mut self, hash: B256) -> Result<Header, Absent> {
        let bytes = self.keccak(hash).ok_or(Absent(hash))?;
        alloy_rlp::decode_exact(bytes).map_err(|_| Absent(hash))
    }
}

impl TrieDBHinter for &Store {}
