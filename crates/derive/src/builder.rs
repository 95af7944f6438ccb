//! The pipeline put together piece by piece, under the names that this ecosystem knows. The parts own their providers;
//! the work is done by the [driver](crate::driver).

use crate::{
    driver::Driver,
    error::{DeriveError, DriveError, Misuse},
    event::Event,
    provider::{
        BlobProvider, ChainProvider, IndexedBlobHash, L2Block, L2BlockStart, L2ChainProvider, Provider,
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
pub struct EthereumDataSource<L1, B> {
    l1: L1,
    blobs: B,
    alt_da: bool,
}

impl<L1, B> EthereumDataSource<L1, B> {
    /// A source for the rollup of `cfg`.
    pub const fn new(l1: L1, blobs: B, cfg: &RollupConfig) -> Self {
        Self { l1, blobs, alt_da: cfg.alt_da.is_some() }
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

/// Collects the parts of a [`DerivationPipeline`].
#[derive(Debug)]
pub struct PipelineBuilder<'c, L1, B, L2> {
    cfg: Option<&'c RollupConfig>,
    source: Option<EthereumDataSource<L1, B>>,
    l2: Option<L2>,
    l1: Option<L1>,
    attributes: Option<StatefulAttributesBuilder<'c, L2, L1>>,
    origin: Option<L1Ref>,
}

/// Why parts do not make a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// This method of the builder was not called.
    #[error("the pipeline has no {0}")]
    Missing(&'static str),
    /// Parts were made for different rollups.
    #[error("the pipeline's parts belong to different rollups")]
    Mixed,
}

impl<L1, B, L2> Default for PipelineBuilder<'_, L1, B, L2> {
    fn default() -> Self {
        Self { cfg: None, source: None, l2: None, l1: None, attributes: None, origin: None }
    }
}

impl<'c, L1, B, L2> PipelineBuilder<'c, L1, B, L2> {
    /// No parts yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The chain to derive.
    pub const fn rollup_config(mut self, cfg: &'c RollupConfig) -> Self {
        self.cfg = Some(cfg);
        self
    }

    /// The source of L1 data.
    pub fn dap_source(mut self, source: EthereumDataSource<L1, B>) -> Self {
        self.source = Some(source);
        self
    }

    /// The source of safe L2 blocks, for span batches that overlap them.
    pub fn l2_chain_provider(mut self, l2: L2) -> Self {
        self.l2 = Some(l2);
        self
    }

    /// The source of L1 blocks by number.
    pub fn chain_provider(mut self, l1: L1) -> Self {
        self.l1 = Some(l1);
        self
    }

    /// The builder of attributes.
    pub fn builder(mut self, attributes: StatefulAttributesBuilder<'c, L2, L1>) -> Self {
        self.attributes = Some(attributes);
        self
    }

    /// The L1 origin of the L2 block to begin with.
    pub const fn origin(mut self, origin: L1Ref) -> Self {
        self.origin = Some(origin);
        self
    }

    /// Puts the parts together.
    pub fn build(self) -> Result<DerivationPipeline<'c, L1, B, L2>, BuildError> {
        let cfg = self.cfg.ok_or(BuildError::Missing("rollup_config"))?;
        let source = self.source.ok_or(BuildError::Missing("dap_source"))?;
        let attributes = self.attributes.ok_or(BuildError::Missing("builder"))?;
        if attributes.cfg != cfg || source.alt_da != cfg.alt_da.is_some() {
            return Err(BuildError::Mixed);
        }
        Ok(DerivationPipeline {
            cfg,
            source,
            l2: self.l2.ok_or(BuildError::Missing("l2_chain_provider"))?,
            l1: self.l1.ok_or(BuildError::Missing("chain_provider"))?,
            attributes,
            origin: self.origin.ok_or(BuildError::Missing("origin"))?,
            driver: None,
        })
    }
}

/// A pipeline that owns its providers.
#[derive(Debug)]
pub struct DerivationPipeline<'c, L1, B, L2> {
    cfg: &'c RollupConfig,
    source: EthereumDataSource<L1, B>,
    l2: L2,
    l1: L1,
    attributes: StatefulAttributesBuilder<'c, L2, L1>,
    origin: L1Ref,
    /// Made with the first tip.
    driver: Option<Driver<'c>>,
}

impl<L1, B, L2> DerivationPipeline<'_, L1, B, L2>
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
        let EthereumDataSource { l1: data, blobs, .. } = &mut self.source;
        let driver = match &mut self.driver {
            Some(driver) => driver,
            None => {
                if tip.block.l1_origin != self.origin.id() {
                    return Err(Misuse::ForeignTip(BlockId {
                        number: tip.block.number,
                        hash: tip.block.hash,
                    })
                    .into());
                }
                let StatefulAttributesBuilder { l1: chain, l2, .. } = &mut self.attributes;
                let Some(driver) = Driver::new(self.cfg, tip, &mut Parts { chain, data, blobs, l2 })? else {
                    return Ok(None);
                };
                self.driver.insert(driver)
            }
        };
        let mut parts = Parts { chain: &mut self.l1, data, blobs, l2: &mut self.l2 };
        driver.next_attributes(tip, &mut parts)
    }

    /// See [`Pipeline::reject`](crate::pipeline::Pipeline::reject).
    pub fn reject(
        &mut self,
        refused: OpPayloadAttributes,
    ) -> Result<Option<OpPayloadAttributes>, DeriveError> {
        self.driver.as_mut().ok_or(Misuse::ForeignAttributes)?.reject(refused)
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
