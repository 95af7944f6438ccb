//! Where derivation begins, and which clock says what is active.

use super::{Block, L1Block, channels};
use alloy_primitives::Address;
use unroll_protocol::{config::RollupConfig, forks::Fork, system_config::ConfigUpdate};

/// H-030: the index of the L1 block to start from, one channel timeout before the agreed head's origin.
pub fn base(cfg: &RollupConfig, safe: &[Block], l1: &[L1Block]) -> usize {
    let origin = safe.last().map_or(cfg.genesis.l1, |head| head.origin);
    let at = l1.iter().position(|block| block.origin.id() == origin).unwrap_or_default();
    let timeout = channels::timeout(cfg, &l1[at].origin);
    let first = origin.number.saturating_sub(timeout).max(cfg.genesis.l1.number);
    l1.iter().position(|block| block.origin.number >= first).unwrap_or_default()
}

/// Whose transactions count in the L1 block at this index (A-040, B-004): as of its own updates. Those of the first
/// block are part of the genesis config.
pub fn batcher(cfg: &RollupConfig, l1: &[L1Block], at: usize) -> Address {
    let updates = l1[..=at].iter().skip(1).flat_map(|block| &block.updates);
    updates.fold(cfg.genesis.system_config.batcher, |before, update| match update {
        ConfigUpdate::Batcher(batcher) => *batcher,
        _ => before,
    })
}

///
pub(crate) fn active(cfg: &RollupConfig, fork: Fork, time: u64) -> bool {
    cfg.forks.time(fork).is_some_and(|at| time >= at)
}

/// the first block with the fork, which genesis never is.
pub(crate) fn activates(cfg: &RollupConfig, fork: Fork, time: u64) -> bool {
    time > cfg.genesis.l2_time.0 && active(cfg, fork, time) && !active(cfg, fork, time - cfg.block_time)
}
