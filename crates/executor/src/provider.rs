//! What the executor asks its backend for.

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes};
use op_alloy_rpc_types_engine::OpPayloadAttributes;
pub use unroll_protocol::provider::Provider;

use crate::precompiles::{PrecompileAnswer, PrecompileCall};

/// The L2 state as preimages of hashes.
///
/// What is returned must hash to what was asked for; the implementation checks that once, the executor does not do it again.
pub trait TrieDBFetcher: Provider {
    /// The RLP of a node of the state trie or of a storage trie.
    fn trie_node_preimage(&mut self, hash: B256) -> Result<Bytes, Self::Error>;

    /// The code of a contract, as deployed.
    fn bytecode_by_hash(&mut self, hash: B256) -> Result<Bytes, Self::Error>;

    /// An L2 header, which is asked for where a contract asks for the hash of a block before the parent.
    fn l2_header_by_hash(&mut self, hash: B256) -> Result<Header, Self::Error>;

    /// The result of an accelerated precompile (K-060), if the backend has a better way than to compute it here. `None`,
    /// the default, computes it.
    fn precompile(&mut self, call: &PrecompileCall<'_>) -> Result<Option<PrecompileAnswer>, Self::Error> {
        let _ = call;
        Ok(None)
    }
}

impl<P: TrieDBFetcher + ?Sized> TrieDBFetcher for &mut P {
    fn trie_node_preimage(&mut self, hash: B256) -> Result<Bytes, Self::Error> {
        (**self).trie_node_preimage(hash)
    }

    fn bytecode_by_hash(&mut self, hash: B256) -> Result<Bytes, Self::Error> {
        (**self).bytecode_by_hash(hash)
    }

    fn l2_header_by_hash(&mut self, hash: B256) -> Result<Header, Self::Error> {
        (**self).l2_header_by_hash(hash)
    }

    fn precompile(&mut self, call: &PrecompileCall<'_>) -> Result<Option<PrecompileAnswer>, Self::Error> {
        (**self).precompile(call)
    }
}

/// What will be asked for soon. Hints are borrowed values: where nobody listens, none is built.
#[derive(Clone, Copy, Debug)]
pub enum TrieHint<'a> {
    /// Everything that building this payload on `parent` touches (K-052).
    PayloadWitness {
        /// The block that the payload is built on.
        parent: B256,
        /// The payload.
        attributes: &'a OpPayloadAttributes,
    },
    /// The path to an account in the state after a block (K-053).
    AccountProof {
        /// Hash of the block.
        block: B256,
        /// Number of the block.
        number: u64,
        /// The account.
        address: Address,
    },
}

/// Listens to hints. Optional: `impl TrieDBHinter for MyBackend {}` ignores them.
pub trait TrieDBHinter: Provider {
    /// Prepares what the hint announces.
    fn hint(&mut self, hint: TrieHint<'_>) -> Result<(), Self::Error> {
        let _ = hint;
        Ok(())
    }
}

impl<P: TrieDBHinter + ?Sized> TrieDBHinter for &mut P {
    fn hint(&mut self, hint: TrieHint<'_>) -> Result<(), Self::Error> {
        (**self).hint(hint)
    }
}
