//! The pipeline put together piece by piece, under the names that this ecosystem knows. The parts own their providers;
//! the work is done by the [driver](crate::driver).

use crate::{
    driver::Driver,
    error::{DeriveError, DriveError, Misuse},
    event::Event,
    provider::{
        AltDaInput, BlobProvider, ChainProvider, IndexedBlobHash, L2Block, L2BlockStart, L2ChainProvider,
        Provider,
    },
};
use alloc::{boxed::Box, vec::Vec};
use alloy_consensus::Header;
use alloy_eips::eip4844::Blob;
use alloy_primitives::{B256, Bytes};
use op_alloy_rpc_types_engine::OpPayloadAttributes;
use unroll_protocol::{
    config::RollupConfig,
    tip::Tip,
    units::{BlockId, L1Ref},
};

/// Where batcher data, deposits and config updates come from: L1 blocks and their blobs.
#[derive(Debug)]
pub struct EthereumDataSource<'c, L1, B> {
    l1: L1,
    blobs: B,
    cfg: &'c RollupConfig,
}

impl<'c, L1, B> EthereumDataSource<'c, L1, B> {
    /// A source for the rollup of `cfg`.
    pub const fn new(l1: L1, blobs: B, cfg: &'c RollupConfig) -> Self {
        Self { l1, blobs, cfg }
    }
}

/// Where the system config at the start and the upgrade transactions come from.
#[derive(Debug)]
pub struct StatefulAttributesBuilder<'c, L2, L1> {
    cfg: &'c RollupConfig,
    l2: L2,
    l1: L1,
}

impl<'c, L2, L1> StatefulAttributesBuilder<'c, L2, L1> {
    /// A builder for the rollup of `cfg`.
    pub const fn new(cfg: &'c RollupConfig, l2: L2, l1: L1) -> Self {
        Self { cfg, l2, l1 }
    }
}

/// A pipeline that owns its providers. [`PipelineBuilder`] makes it of its parts; where one is missing, that does not
/// compile.
#[derive(Debug, bon::Builder)]
#[builder(builder_type = PipelineBuilder)]
pub struct DerivationPipeline<'c, L1, B, L2> {
    /// The chain to derive.
    rollup_config: &'c RollupConfig,
    /// The source of L1 data.
    dap_source: EthereumDataSource<'c, L1, B>,
    /// The source of safe L2 blocks, for span batches that overlap them.
    l2_chain_provider: L2,
    /// The source of L1 blocks by number.
    chain_provider: L1,
    /// The builder of attributes.
    builder: StatefulAttributesBuilder<'c, L2, L1>,
    /// The L1 origin of the L2 block to begin with.
    origin: L1Ref,
    /// Made with the first tip.
    #[builder(skip)]
    driver: Option<Driver<'c>>,
    /// What takes the place of the attributes that were refused.
    #[builder(skip)]
    replacement: Option<Box<OpPayloadAttributes>>,
}

impl<L1, B, L2> PipelineBuilder<'_, L1, B, L2> {
    /// No parts yet, which is too few:
    ///
    /// ```compile_fail,E0277
    /// unroll_derive::PipelineBuilder::<(), (), ()>::new().build();
    /// ```
    #[expect(clippy::new_without_default, reason = "a pipeline has no default")]
    pub fn new() -> Self {
        DerivationPipeline::builder()
    }
}

impl<'c, L1, B, L2> DerivationPipeline<'c, L1, B, L2>
where
    L1: ChainProvider,
    B: BlobProvider<Error = L1::Error>,
    L2: L2ChainProvider<Error = L1::Error>,
{
    /// The attributes of the block upon `tip`, or `None` where L1 ends. The first tip is the block to begin with.
    pub fn next_attributes(
        &mut self,
        tip: &Tip,
    ) -> Result<Option<Box<OpPayloadAttributes>>, DriveError<L1::Error>> {
        if self.driver.is_none() {
            self.driver = self.start(tip)?;
        }
        if self.replacement.is_some() {
            return Ok(self.replacement.take());
        }
        let Some(driver) = &mut self.driver else { return Ok(None) };
        let EthereumDataSource { l1: data, blobs, .. } = &mut self.dap_source;
        let (chain, l2) = (&mut self.chain_provider, &mut self.l2_chain_provider);
        driver.next_attributes(tip, &mut Parts { chain, data, blobs, l2 })
    }

    fn start(&mut self, tip: &Tip) -> Result<Option<Driver<'c>>, DriveError<L1::Error>> {
        let Self { rollup_config: cfg, dap_source, builder, origin, .. } = self;
        if [dap_source.cfg, builder.cfg] != [*cfg; 2] {
            return Err(Misuse::MixedParts.into());
        }
        if tip.block.l1_origin != origin.id() {
            return Err(Misuse::ForeignTip(tip.block.id()).into());
        }
        let EthereumDataSource { l1: data, blobs, .. } = dap_source;
        let StatefulAttributesBuilder { l1: chain, l2, .. } = builder;
        Driver::new(cfg, tip, &mut Parts { chain, data, blobs, l2 })
    }

    /// Execution refused the last attributes. The next ones take their place, upon this block: see
    /// [`Refusal`](crate::pipeline::Refusal).
    pub fn reject(&mut self, refused: Box<OpPayloadAttributes>) -> Result<BlockId, DeriveError> {
        let refusal = self.driver.as_mut().ok_or(Misuse::ForeignAttributes)?.reject(refused)?;
        self.replacement = refusal.deposits;
        Ok(refusal.upon)
    }

    /// See [`Pipeline::drain_events`](crate::pipeline::Pipeline::drain_events).
    pub fn drain_events(&mut self) -> impl Iterator<Item = Event> + '_ {
        self.driver.as_mut().into_iter().flat_map(Driver::drain_events)
    }
}

/// Providers of one error type, lent to the driver as one backend.
struct Parts<'a, L1, B, L2> {
    chain: &'a mut L1,
    data: &'a mut L1,
    blobs: &'a mut B,
    l2: &'a mut L2,
}

impl<L1: Provider, B, L2> Provider for Parts<'_, L1, B, L2> {
    type Error = L1::Error;
}

impl<L1: ChainProvider, B, L2> ChainProvider for Parts<'_, L1, B, L2> {
    fn block_info_by_number(&mut self, number: u64) -> Result<Option<L1Ref>, Self::Error> {
        self.chain.block_info_by_number(number)
    }

    fn header_by_hash(&mut self, hash: B256) -> Result<Header, Self::Error> {
        self.data.header_by_hash(hash)
    }

    fn receipts_by_hash(&mut self, hash: B256) -> Result<Vec<Bytes>, Self::Error> {
        self.data.receipts_by_hash(hash)
    }

    fn transactions_by_hash(&mut self, hash: B256) -> Result<Vec<Bytes>, Self::Error> {
        self.data.transactions_by_hash(hash)
    }
}

impl<L1: Provider, B: BlobProvider<Error = L1::Error>, L2> BlobProvider for Parts<'_, L1, B, L2> {
    fn blobs(&mut self, block: &L1Ref, hashes: &[IndexedBlobHash]) -> Result<Vec<Box<Blob>>, Self::Error> {
        self.blobs.blobs(block, hashes)
    }

    fn alt_da_input(&mut self, commitment: &Bytes) -> Result<AltDaInput, Self::Error> {
        self.blobs.alt_da_input(commitment)
    }
}

impl<L1: Provider, B, L2: L2ChainProvider<Error = L1::Error>> L2ChainProvider for Parts<'_, L1, B, L2> {
    fn block_by_number(&mut self, head: B256, number: u64) -> Result<L2Block, Self::Error> {
        self.l2.block_by_number(head, number)
    }

    fn block_start_by_number(&mut self, head: B256, number: u64) -> Result<L2BlockStart, Self::Error> {
        self.l2.block_start_by_number(head, number)
    }

    fn upgrade_bundle(&mut self, sha256: B256) -> Result<Bytes, Self::Error> {
        self.l2.upgrade_bundle(sha256)
    }
}
