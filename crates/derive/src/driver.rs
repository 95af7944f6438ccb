//! The pipeline over providers: answers what it needs, until there are attributes or L1 ends.

use crate::{
    error::{CriticalCause, DeriveError, DriveError, Misuse},
    event::Event,
    pipeline::{Pipeline, Poll, Refusal},
    provider::{BlobProvider, ChainProvider, L2ChainProvider},
    source::L1Reader,
    start::Start,
    window::SafeBlock,
};
use alloc::{boxed::Box, vec::Vec};
use alloy_primitives::B256;
use op_alloy_rpc_types_engine::OpPayloadAttributes;
use unroll_protocol::{
    config::RollupConfig,
    tip::Tip,
    units::{L1Ref, L2Ref},
};

/// A [`Pipeline`] with the reader that feeds it. The backend is lent for each call.
#[derive(Debug)]
pub struct Driver<'c> {
    cfg: &'c RollupConfig,
    /// The block to begin with: older blocks are found from it, newer ones the pipeline saw itself (J-028), and never asks
    /// for.
    base: B256,
    pipeline: Pipeline<'c>,
    reader: L1Reader<'c>,
}

impl<'c> Driver<'c> {
    /// Derives upon `tip`. `None`: the L1 head lies below the tip's origin, so that nothing can be derived (J-014).
    pub fn new<B: ChainProvider + L2ChainProvider>(
        cfg: &'c RollupConfig,
        tip: &Tip,
        backend: &mut B,
    ) -> Result<Option<Self>, DriveError<B::Error>> {
        let start = Start::find(cfg, tip, backend)?;
        Ok(start.map(|start| Self {
            cfg,
            base: tip.block.hash,
            pipeline: Pipeline::new(cfg, tip, start.base),
            reader: L1Reader::new(cfg, &start),
        }))
    }

    /// The attributes of the block upon `tip`, the safe head: there are no blocks above it (H-001). `None`: L1 ends, and with
    /// it the safe chain (B-002). Inner stages run first; L1 advances by one block when they are dry (H-004).
    pub fn next_attributes<B: ChainProvider + BlobProvider + L2ChainProvider>(
        &mut self,
        tip: &Tip,
        backend: &mut B,
    ) -> Result<Option<Box<OpPayloadAttributes>>, DriveError<B::Error>> {
        loop {
            match self.pipeline.poll(tip)? {
                Poll::Attributes(attributes) => return Ok(Some(attributes)),
                Poll::NeedL1 { number } => {
                    let block = backend.block_info_by_number(number).map_err(DriveError::Provider)?;
                    let Some(block) = block else { return Ok(None) };
                    let input = self.reader.read(backend, &block, self.pipeline.events_mut())?;
                    let Some(input) = input else { return Ok(None) };
                    self.pipeline.push_l1(input)?;
                }
                Poll::NeedL2 { numbers, with_transactions } => {
                    let blocks = numbers.map(|number| self.safe_block(number, with_transactions, backend));
                    let blocks = blocks.collect::<Result<Vec<_>, _>>()?;
                    self.pipeline.push_l2(blocks);
                }
                Poll::NeedBundle { sha256, .. } => {
                    let bundle = backend.upgrade_bundle(sha256).map_err(DriveError::Provider)?;
                    self.pipeline.push_bundle(&bundle)?;
                }
            }
        }
    }

    /// See [`Pipeline::reject`].
    pub fn reject(&mut self, refused: Box<OpPayloadAttributes>) -> Result<Refusal, DeriveError> {
        self.pipeline.reject(refused)
    }

    /// See [`Pipeline::below_span`].
    pub const fn below_span(&self) -> Option<&L2Ref> {
        self.pipeline.below_span()
    }

    /// The L1 block being read; `None`: none was read yet.
    pub const fn origin(&self) -> Option<L1Ref> {
        self.pipeline.origin()
    }

    /// See [`Pipeline::drain_events`].
    pub fn drain_events(&mut self) -> impl Iterator<Item = Event> + '_ {
        self.pipeline.drain_events()
    }

    fn safe_block<B: L2ChainProvider>(
        &self,
        number: u64,
        with_transactions: bool,
        backend: &mut B,
    ) -> Result<SafeBlock, DriveError<B::Error>> {
        let block = if with_transactions {
            let block = backend.block_by_number(self.base, number).map_err(DriveError::Provider)?;
            SafeBlock::from_block(self.cfg, &block)
        } else {
            let block = backend.block_start_by_number(self.base, number).map_err(DriveError::Provider)?;
            let tip = Tip::from_block(self.cfg, block.header, block.first_transaction.as_ref());
            tip.map(|tip| SafeBlock::from_ref(&tip.block))
        };
        match block.map_err(CriticalCause::from)? {
            block if block.number == number => Ok(block),
            other => Err(Misuse::OtherL2 { asked: number, got: other.number }.into()),
        }
    }
}
