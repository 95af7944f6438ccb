//! Everything that derivation and execution ask for, out of preimages.
//!
//! What is returned was named by a hash that was itself checked: headers by the hash of their child, transactions and
//! receipts by a header's root, blobs by a versioned hash in a transaction. So nothing is hashed again here; each value
//! is read by the key that its hash is (J-029), and once, except for L1 headers of a long range.

mod blob;
mod error;
mod l1;
mod l2;
mod state;

pub use error::{BackendError, Malformation, Malformed, Purpose};

use crate::{
    oracle::PreimageOracle,
    preimage::{Hint, PreimageKey},
};
use alloc::vec::Vec;
use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes, Sealed};
use core::convert::Infallible;
use unroll_mpt::{NodeResolver, TrieError, list};
use unroll_protocol::{output_root::OutputRoot, provider::Provider};

/// All providers of the core, over one [`PreimageOracle`].
#[derive(Debug)]
pub struct OracleBackend<O> {
    oracle: O,
    l1: l1::L1Chain,
    l2: l2::L2Chain,
}

impl<O: PreimageOracle> OracleBackend<O> {
    /// A backend for a run that is committed to `l1_head`: later L1 blocks do not exist for it (B-003).
    pub fn new(oracle: O, l1_head: B256) -> Self {
        Self { oracle, l1: l1::L1Chain::new(l1_head), l2: l2::L2Chain::default() }
    }

    /// The oracle.
    pub const fn oracle(&self) -> &O {
        &self.oracle
    }

    /// Gives the oracle back.
    pub fn into_oracle(self) -> O {
        self.oracle
    }

    /// What an output root commits to (J-003).
    pub fn output(&mut self, root: B256) -> Result<OutputRoot, BackendError<O::Error>> {
        let (key, purpose) = (PreimageKey::keccak256(root), Purpose::Output { root });
        self.hint(purpose, Hint::L2Output(root))?;
        let preimage = self.read(key, purpose)?;
        OutputRoot::decode(&preimage).map_err(|error| BackendError::malformed(key, purpose, error))
    }

    fn read(&mut self, key: PreimageKey, purpose: Purpose) -> Result<Bytes, BackendError<O::Error>> {
        self.oracle.get(key).map_err(|source| BackendError::Oracle { key, purpose, source })
    }

    /// Tells the oracle what comes, if it wants to know; nothing depends on it (K-022).
    #[inline(always)] // so that where nobody ever does, nothing is left of it
    fn hint(&mut self, purpose: Purpose, hint: Hint<'_>) -> Result<(), BackendError<O::Error>> {
        if !self.oracle.wants_hints() {
            return Ok(());
        }
        self.oracle.hint(&hint).map_err(|source| BackendError::Hint { purpose, source })
    }

    /// The header that `purpose` names.
    fn header(&mut self, hash: B256, purpose: Purpose) -> Result<Header, BackendError<O::Error>> {
        let key = PreimageKey::keccak256(hash);
        let bytes = self.read(key, purpose)?;
        alloy_rlp::decode_exact(&bytes).map_err(|error| BackendError::malformed(key, purpose, error))
    }

    /// All items of the list with this root.
    fn list(&mut self, root: B256, purpose: Purpose) -> Result<Vec<Bytes>, BackendError<O::Error>> {
        list::list_items(root, &mut Nodes { backend: self, purpose })
            .map_err(|error| trie_error(error, root, purpose))
    }

    /// One item of the list with this root; the others need not be known.
    fn list_item(
        &mut self,
        root: B256,
        index: u64,
        purpose: Purpose,
    ) -> Result<Option<Bytes>, BackendError<O::Error>> {
        list::list_item(root, index, &mut Nodes { backend: self, purpose })
            .map_err(|error| trie_error(error, root, purpose))
    }
}

impl<O: PreimageOracle> Provider for OracleBackend<O> {
    type Error = BackendError<O::Error>;
}

/// The nodes of a list's trie.
struct Nodes<'a, O> {
    backend: &'a mut OracleBackend<O>,
    purpose: Purpose,
}

impl<O: PreimageOracle> NodeResolver for Nodes<'_, O> {
    type Error = BackendError<O::Error>;

    fn resolve(&mut self, hash: B256) -> Result<Bytes, Self::Error> {
        self.backend.read(PreimageKey::keccak256(hash), self.purpose)
    }
}

/// The provider's own error unchanged; a malformed node by its key.
fn trie_error<E>(error: TrieError<BackendError<E>>, root: B256, purpose: Purpose) -> BackendError<E> {
    let (hash, what): (_, TrieError<Infallible>) = match error {
        TrieError::Resolver(error) => return error,
        TrieError::Malformed { hash, what } => (hash, TrieError::Malformed { hash, what }),
        TrieError::KeyLength { bytes } => (root, TrieError::KeyLength { bytes }),
        TrieError::EmptyValue => (root, TrieError::EmptyValue),
    };
    BackendError::malformed(PreimageKey::keccak256(hash), purpose, what)
}

/// A header with the hash that it was asked for by.
fn seal(header: Header, hash: B256) -> Sealed<Header> {
    Sealed::new_unchecked(header, hash)
}
