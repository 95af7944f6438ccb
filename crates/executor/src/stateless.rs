//! The executor with its providers, put together piece by piece: a thin layer over [`BlockExecutor`].

use core::marker::PhantomData;

use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes, Sealed};
use op_alloy_rpc_types_engine::OpPayloadAttributes;
use unroll_protocol::{config::RollupConfig, output_root::OutputRoot, provider::Provider};

use crate::{
    BlockExecutor, ExecutedPayload, ExecutionError, TrieDBFetcher, TrieDBHinter, TrieHint,
    precompiles::{PrecompileAnswer, PrecompileCall},
};

/// A [`BlockExecutor`] that owns where it reads from.
#[derive(Debug)]
pub struct StatelessL2BlockExecutor<'c, F, H> {
    core: BlockExecutor<'c>,
    backend: Pair<F, H>,
}

impl<'c, F, H> StatelessL2BlockExecutor<'c, F, H>
where
    F: TrieDBFetcher,
    H: TrieDBHinter<Error = F::Error>,
{
    /// Starts with the chain and its state; the parent header is still missing.
    pub const fn builder(
        cfg: &'c RollupConfig,
        fetcher: F,
        hinter: H,
    ) -> StatelessL2BlockExecutorBuilder<'c, F, H, NoParent> {
        StatelessL2BlockExecutorBuilder { cfg, backend: Pair { fetcher, hinter }, parent: NoParent }
    }

    /// The block that the next payload is executed on.
    pub const fn parent(&self) -> &Sealed<Header> {
        self.core.parent()
    }

    /// See [`BlockExecutor::execute`].
    pub fn execute_payload(
        &mut self,
        attributes: &OpPayloadAttributes,
    ) -> Result<ExecutedPayload, ExecutionError<F::Error>> {
        self.core.execute(&mut self.backend, attributes)
    }

    /// The output after the parent block, see [`BlockExecutor::output_root`].
    pub fn compute_output_root(&mut self) -> Result<OutputRoot, ExecutionError<F::Error>> {
        self.core.output_root(&mut self.backend)
    }
}

/// Still to be told the parent header.
#[derive(Clone, Copy, Debug)]
pub struct NoParent;

/// Makes a [`StatelessL2BlockExecutor`]. [`build`](Self::build) exists once nothing is missing.
#[derive(Debug)]
pub struct StatelessL2BlockExecutorBuilder<'c, F, H, P> {
    cfg: &'c RollupConfig,
    backend: Pair<F, H>,
    parent: P,
}

impl<'c, F, H> StatelessL2BlockExecutorBuilder<'c, F, H, NoParent> {
    /// The block to execute on.
    pub fn with_parent_header(
        self,
        parent: Sealed<Header>,
    ) -> StatelessL2BlockExecutorBuilder<'c, F, H, Sealed<Header>> {
        StatelessL2BlockExecutorBuilder { cfg: self.cfg, backend: self.backend, parent }
    }
}

impl<'c, F, H> StatelessL2BlockExecutorBuilder<'c, F, H, Sealed<Header>> {
    /// The executor.
    pub fn build(self) -> StatelessL2BlockExecutor<'c, F, H> {
        StatelessL2BlockExecutor { core: BlockExecutor::new(self.cfg, self.parent), backend: self.backend }
    }
}

/// For who has no hints: fails as `E`, which it never does.
#[derive(Clone, Copy, Debug)]
pub struct NoHints<E>(PhantomData<fn() -> E>);

impl<E> NoHints<E> {
    /// Listens to nothing.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<E> Default for NoHints<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: core::error::Error> Provider for NoHints<E> {
    type Error = E;
}

impl<E: core::error::Error> TrieDBHinter for NoHints<E> {}

/// One backend of two.
#[derive(Debug)]
struct Pair<F, H> {
    fetcher: F,
    hinter: H,
}

impl<F: Provider, H> Provider for Pair<F, H> {
    type Error = F::Error;
}

impl<F: TrieDBFetcher, H> TrieDBFetcher for Pair<F, H> {
    fn trie_node_preimage(&mut self, hash: B256) -> Result<Bytes, F::Error> {
        self.fetcher.trie_node_preimage(hash)
    }

    fn bytecode_by_hash(&mut self, hash: B256) -> Result<Bytes, F::Error> {
        self.fetcher.bytecode_by_hash(hash)
    }

    fn l2_header_by_hash(&mut self, hash: B256) -> Result<Header, F::Error> {
        self.fetcher.l2_header_by_hash(hash)
    }

    fn precompile(&mut self, call: &PrecompileCall<'_>) -> Result<Option<PrecompileAnswer>, F::Error> {
        self.fetcher.precompile(call)
    }
}

impl<F: Provider, H: TrieDBHinter<Error = F::Error>> TrieDBHinter for Pair<F, H> {
    fn hint(&mut self, hint: TrieHint<'_>) -> Result<(), F::Error> {
        self.hinter.hint(hint)
    }
}
