//! The L2 state: trie nodes, code, headers, and precompile results where the oracle has them.

use super::{BackendError, Malformation, OracleBackend, Purpose};
use crate::{
    oracle::PreimageOracle,
    preimage::{Hint, PreimageKey},
};
use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes};
use unroll_executor::{
    precompiles::{PrecompileAnswer, PrecompileCall},
    provider::{TrieDBFetcher, TrieDBHinter, TrieHint},
};

impl<O: PreimageOracle> TrieDBFetcher for OracleBackend<O> {
    fn trie_node_preimage(&mut self, hash: B256) -> Result<Bytes, Self::Error> {
        let purpose = Purpose::StateNode { hash };
        self.hint(purpose, Hint::L2StateNode(hash))?;
        self.read(PreimageKey::keccak256(hash), purpose)
    }

    fn bytecode_by_hash(&mut self, hash: B256) -> Result<Bytes, Self::Error> {
        let purpose = Purpose::Code { hash };
        self.hint(purpose, Hint::L2Code(hash))?;
        self.read(PreimageKey::keccak256(hash), purpose)
    }

    fn l2_header_by_hash(&mut self, hash: B256) -> Result<Header, Self::Error> {
        Ok(self.l2_header_named(hash)?.into_inner())
    }

    fn precompile(&mut self, call: &PrecompileCall<'_>) -> Result<Option<PrecompileAnswer>, Self::Error> {
        if !self.oracle.answers_precompiles() {
            return Ok(None);
        }
        let &PrecompileCall { address, required_gas, input } = call;
        let purpose = Purpose::Precompile { address };
        self.hint(purpose, Hint::L1Precompile { address, required_gas, input })?;
        let key = PreimageKey::precompile(address, required_gas, input);
        let value = self.read(key, purpose)?;
        // K-013: a status byte, and after a success what was returned.
        match value.split_first() {
            Some((1, _)) => Ok(Some(PrecompileAnswer::Success(value.slice(1..)))),
            Some((0, _)) => Ok(Some(PrecompileAnswer::Failure)),
            _ => Err(BackendError::malformed(key, purpose, Malformation::PrecompileStatus)),
        }
    }
}

impl<O: PreimageOracle> TrieDBHinter for OracleBackend<O> {
    /// Hints of whole payloads and accounts (K-059); what is read afterwards is announced by itself as well.
    #[inline(always)]
    fn hint(&mut self, hint: TrieHint<'_>) -> Result<(), Self::Error> {
        let (purpose, hint) = match hint {
            TrieHint::PayloadWitness { parent, attributes } => {
                (Purpose::L2Header { hash: parent }, Hint::L2PayloadWitness { parent, attributes })
            }
            TrieHint::AccountProof { block, number, address } => (
                Purpose::L2Header { hash: block },
                Hint::L2AccountProof { block_hash: block, block_number: number, address },
            ),
        };
        Self::hint(self, purpose, hint)
    }
}
