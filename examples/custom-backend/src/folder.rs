//! The backend: a folder that holds one file per preimage, named after its typed key in hex.

use alloy_consensus::{Header, Sealed};
use alloy_eips::eip4844::Blob;
use alloy_primitives::{B256, Bytes, hex, keccak256};
use std::path::PathBuf;
use unroll_derive::provider::*;
use unroll_executor::TrieDBFetcher;
use unroll_mpt::{TrieError, list};
use unroll_proof::{PreimageKey, PreimageOracle};
use unroll_protocol::units::{L1Ref, L1Time};

/// Where the preimages are, and the L1 block that this run is committed to.
#[derive(Clone)]
pub struct Folder {
    pub path: PathBuf,
    pub l1_head: B256,
}

/// Why a preimage could not be had. Never a verdict: the core passes it on unchanged.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("preimage {0}: {1}")]
    Read(PreimageKey, std::io::Error),
    #[error("the file of preimage {0} holds something else")]
    Wrong(PreimageKey),
    #[error("malformed data below a good hash: {0}")]
    Malformed(&'static str),
}

impl Folder {
    /// Bytes by key. Keccak keys are checked here, once; nothing above hashes again.
    fn read(&self, key: PreimageKey) -> Result<Bytes, FolderError> {
        let name = hex::encode(key.as_bytes());
        let value = std::fs::read(self.path.join(name)).map_err(|error| FolderError::Read(key, error))?;
        if key.as_bytes()[0] == 2 && PreimageKey::keccak256(keccak256(&value)) != key {
            return Err(FolderError::Wrong(key));
        }
        Ok(value.into())
    }
    pub fn keccak(&self, hash: B256) -> Result<Bytes, FolderError> {
        self.read(PreimageKey::keccak256(hash))
    }
    pub fn header(&self, hash: B256) -> Result<Header, FolderError> {
        alloy_rlp::decode_exact(self.keccak(hash)?).map_err(|_| FolderError::Malformed("header"))
    }
    /// All items of a list (transactions, receipts) under its root.
    fn list(&self, root: B256) -> Result<Vec<Bytes>, FolderError> {
        list::list_items(root, &mut |hash| self.keccak(hash)).map_err(trie_fault)
    }
    /// The L2 header of this number at or below `head`.
    fn l2_header(&self, head: B256, number: u64) -> Result<Sealed<Header>, FolderError> {
        let mut block = Sealed::new_unchecked(self.header(head)?, head);
        while block.number > number {
            let parent = block.parent_hash;
            block = Sealed::new_unchecked(self.header(parent)?, parent);
        }
        Ok(block)
    }
}

fn trie_fault(error: TrieError<FolderError>) -> FolderError {
    match error {
        TrieError::Resolver(error) => error,
        _ => FolderError::Malformed("trie"),
    }
}

impl Provider for Folder {
    type Error = FolderError;
}

// Way one: five traits by hand.

// Trait 1: L1 blocks, found by walking back from the L1 head.
impl ChainProvider for Folder {
    fn block_info_by_number(&mut self, number: u64) -> Result<Option<L1Ref>, FolderError> {
        let mut hash = self.l1_head;
        loop {
            let header = self.header(hash)?;
            let (at, time) = (header.number, L1Time(header.timestamp));
            if at < number {
                return Ok(None);
            } // past the L1 head: derivation ends here
            if at == number {
                return Ok(Some(L1Ref { number, hash, parent_hash: header.parent_hash, time }));
            }
            hash = header.parent_hash;
        }
    }
    fn header_by_hash(&mut self, hash: B256) -> Result<Header, FolderError> {
        self.header(hash)
    }
    fn receipts_by_hash(&mut self, hash: B256) -> Result<Vec<Bytes>, FolderError> {
        self.list(self.header(hash)?.receipts_root)
    }
    fn transactions_by_hash(&mut self, hash: B256) -> Result<Vec<Bytes>, FolderError> {
        self.list(self.header(hash)?.transactions_root)
    }
}

// Trait 2: blobs, here out of the single field elements that a fault-proof host serves.
impl BlobProvider for Folder {
    fn blobs(&mut self, _: &L1Ref, hashes: &[IndexedBlobHash]) -> Result<Vec<Box<Blob>>, FolderError> {
        hashes
            .iter()
            .map(|blob| {
                let commitment = self.read(PreimageKey::sha256(blob.hash))?;
                let commitment =
                    commitment[..].try_into().map_err(|_| FolderError::Malformed("commitment"))?;
                PreimageOracle::blob(self, commitment).map_err(|_| FolderError::Malformed("blob"))
            })
            .collect()
    }
}

// Trait 3: safe L2 blocks, below the block that the safe chain ends with.
impl L2ChainProvider for Folder {
    fn block_by_number(&mut self, head: B256, number: u64) -> Result<L2Block, FolderError> {
        let header = self.l2_header(head, number)?;
        Ok(L2Block { transactions: self.list(header.transactions_root)?, header })
    }
    fn block_start_by_number(&mut self, head: B256, number: u64) -> Result<L2BlockStart, FolderError> {
        let header = self.l2_header(head, number)?;
        let first = list::list_item(header.transactions_root, 0, &mut |hash| self.keccak(hash));
        Ok(L2BlockStart { first_transaction: first.map_err(trie_fault)?, header })
    }
    fn upgrade_bundle(&mut self, sha256: B256) -> Result<Bytes, FolderError> {
        self.read(PreimageKey::sha256(sha256))
    }
}

// Trait 4: the L2 state. (Trait 5, `TrieDBHinter`, is for hosts that prepare data: `NoHints` stands in for it.)
impl TrieDBFetcher for Folder {
    fn trie_node_preimage(&mut self, hash: B256) -> Result<Bytes, FolderError> {
        self.keccak(hash)
    }
    fn bytecode_by_hash(&mut self, hash: B256) -> Result<Bytes, FolderError> {
        self.keccak(hash)
    }
    fn l2_header_by_hash(&mut self, hash: B256) -> Result<Header, FolderError> {
        self.header(hash)
    }
}

// Way two: one method, and `OracleBackend` gives all five traits.
impl PreimageOracle for Folder {
    type Error = FolderError;
    fn get(&mut self, key: PreimageKey) -> Result<Bytes, FolderError> {
        self.read(key)
    }
}
