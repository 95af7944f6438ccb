//! What a stateless client needs to execute a block: every trie node, code and header that our executor reads for it.

use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes, Sealed, map::B256Set};
use alloy_rpc_types_debug::ExecutionWitness;
use op_alloy_rpc_types_engine::OpPayloadAttributes;
use unroll_executor::{BlockExecutor, ExecutionError, TrieDBFetcher, TrieDBHinter};
use unroll_protocol::{config::RollupConfig, provider::Provider};
use unroll_testing::devnet::{Store, store::Absent};

use crate::layer::encoded;

/// Executes the payload upon `parent`.
///
/// `headers` begins with the parent's and goes back as far as BLOCKHASH looked. `keys` is empty: a client knows the addresses
/// and slots that it asks for.
///
/// # Errors
///
/// If the payload is not one that can be executed there.
pub(crate) fn execution_witness(
    cfg: &RollupConfig,
    store: &Store,
    parent: &Sealed<Header>,
    attributes: &OpPayloadAttributes,
) -> Result<ExecutionWitness, ExecutionError<Absent>> {
    let witness = ExecutionWitness { headers: vec![encoded(parent.inner())], ..Default::default() };
    let seen = B256Set::from_iter([parent.hash()]);
    let mut recorder = Recorder { store, seen, witness };
    BlockExecutor::new(cfg, parent.clone()).execute(&mut recorder, attributes)?;
    Ok(recorder.witness)
}

/// The store, and what was read of it.
struct Recorder<'a> {
    store: &'a Store,
    seen: B256Set,
    witness: ExecutionWitness,
}

impl Recorder<'_> {
    fn read(
        &mut self,
        hash: B256,
        kind: fn(&mut ExecutionWitness) -> &mut Vec<Bytes>,
    ) -> Result<Bytes, Absent> {
        let value = self.store.keccak(hash).ok_or(Absent(hash))?;
        if self.seen.insert(hash) {
            kind(&mut self.witness).push(value.clone());
        }
        Ok(value.clone())
    }
}

impl Provider for Recorder<'_> {
    type Error = Absent;
}

impl TrieDBFetcher for Recorder<'_> {
    fn trie_node_preimage(&mut self, hash: B256) -> Result<Bytes, Absent> {
        self.read(hash, |witness| &mut witness.state)
    }

    fn bytecode_by_hash(&mut self, hash: B256) -> Result<Bytes, Absent> {
        self.read(hash, |witness| &mut witness.codes)
    }

    fn l2_header_by_hash(&mut self, hash: B256) -> Result<Header, Absent> {
        let bytes = self.read(hash, |witness| &mut witness.headers)?;
        alloy_rlp::decode_exact(bytes).map_err(|_| Absent(hash))
    }
}

impl TrieDBHinter for Recorder<'_> {}
