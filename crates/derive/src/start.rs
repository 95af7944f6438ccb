//! Where to begin reading L1, and whose data counts there (H-030, H-031). The safe head is given: what a node does to find it
//! is not here (H-036).

use crate::{
    error::{CriticalCause, DriveError, ResetCause},
    provider::{ChainProvider, L2ChainProvider},
    receipts::{Logs, last_batcher},
    source::{L1Input, may_update},
};
use alloc::vec::Vec;
use alloy_primitives::Address;
use unroll_protocol::{config::RollupConfig, tip::Tip, units::L1Ref};

/// Where derivation begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// The first L1 block to read: channels of the next batches may have been opened in it.
    pub base: L1Ref,
    /// Whose transactions count in that block.
    pub batcher: Address,
    /// The number of the safe head's L1 origin.
    pub safe_origin: u64,
}

impl Start {
    /// The start for building on `tip`: one channel timeout before its L1 origin, but not before the rollup itself
    /// (H-030), however many blocks lie in between (H-037). `None`: the L1 head lies below the origin, so that nothing can be
    /// derived (J-014).
    pub fn find<B: ChainProvider + L2ChainProvider>(
        cfg: &RollupConfig,
        tip: &Tip,
        backend: &mut B,
    ) -> Result<Option<Self>, DriveError<B::Error>> {
        let safe_origin = tip.block.l1_origin;
        let block = backend.block_info_by_number(safe_origin.number).map_err(DriveError::Provider)?;
        let Some(origin) = block else { return Ok(None) };
        if origin.hash != safe_origin.hash {
            return Err(ResetCause::Epoch { epoch: origin.id(), origin: safe_origin }.into());
        }
        let timeout = cfg.forks.derivation(origin.time).channel_timeout.unwrap_or(cfg.channel_timeout);
        let number = origin.number.saturating_sub(timeout).max(cfg.genesis.l1.number).min(origin.number);
        let base = l1_block(backend, number)?;
        let batcher = match is_batcher_constant(cfg, &base, &origin, backend)? {
            true => tip.system.batcher,
            false => batcher_at(cfg, tip, &base, backend)?,
        };
        Ok(Some(Self { base, batcher, safe_origin: safe_origin.number }))
    }
}

fn l1_block<B: ChainProvider>(backend: &mut B, number: u64) -> Result<L1Ref, DriveError<B::Error>> {
    let block = backend.block_info_by_number(number).map_err(DriveError::Provider)?;
    Ok(block.ok_or(CriticalCause::MissingL1(number))?)
}

/// Whether no block after `base`, up to the safe head's origin, announces a batcher.
fn is_batcher_constant<B: ChainProvider>(
    cfg: &RollupConfig,
    base: &L1Ref,
    origin: &L1Ref,
    backend: &mut B,
) -> Result<bool, DriveError<B::Error>> {
    for number in base.number.saturating_add(1)..=origin.number {
        let block = l1_block(backend, number)?;
        let header = backend.header_by_hash(block.hash).map_err(DriveError::Provider)?;
        if !may_update(cfg, &header) {
            continue;
        }
        let receipts = backend.receipts_by_hash(block.hash).map_err(DriveError::Provider)?;
        // The reader comes by here again, and tells of what it ignores.
        let (mut input, mut events) = (L1Input::default(), Vec::new());
        let (block, receipts, transactions) = (&block, &receipts[..], None);
        let (updates, deposits) = (true, false);
        let (into, tell) = (&mut input, &mut events);
        Logs { cfg, block, receipts, transactions, updates, deposits, input: into, events: tell }.read()?;
        if last_batcher(&input.updates).is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// H-031: what the L2 block with origin `base` says. As a block's origin is at most one after its parent's, going back
/// as many blocks as the origin is ahead never goes too far.
fn batcher_at<B: L2ChainProvider>(
    cfg: &RollupConfig,
    tip: &Tip,
    base: &L1Ref,
    backend: &mut B,
) -> Result<Address, DriveError<B::Error>> {
    let head = tip.block.hash;
    let mut at = tip.clone();
    while let Some(ahead @ 1..) = at.block.l1_origin.number.checked_sub(base.number) {
        let number = at.block.number.saturating_sub(ahead).max(cfg.genesis.l2.number);
        let block = backend.block_start_by_number(head, number).map_err(DriveError::Provider)?;
        let before = at.block.number;
        at = Tip::from_block(cfg, block.header, block.first_transaction.as_ref())
            .map_err(CriticalCause::from)?;
        if at.block.number >= before {
            return Err(CriticalCause::MissingL1(base.number).into()); // genesis lies after the base
        }
    }
    Ok(at.system.batcher)
}
