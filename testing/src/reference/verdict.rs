//! What a batch is worth (F.2, F.3, F.4), as a function of what is known when it is asked.
//!
//! Batches say what they like: sums go round in 64 bits, as Go's do.

use super::{Block, Singular, Span, SpanBlock, activates, active};
use alloy_primitives::Bytes;
use unroll_protocol::{config::RollupConfig, forks::Fork, units::L1Ref};

/// The outcome words of the checklist. A drop names the rule that it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Take it.
    Accept,
    /// Never take it.
    Drop(&'static str),
    /// Ask again when the chain has come so far.
    Future,
    /// The chain is past it.
    Past,
    /// Ask again when more of L1 is known.
    Undecided,
}
use Verdict::{Accept, Drop, Future, Past, Undecided};

/// F.2. `window` begins with the epoch that is being filled, and is never empty.
pub fn singular(
    cfg: &RollupConfig,
    window: &[L1Ref],
    head: &Block,
    batch: &Singular,
    inclusion: &L1Ref,
) -> Verdict {
    let strict = active(cfg, Fork::Holocene, inclusion.time.0);
    let (time, next_time) = (batch.time, head.time.wrapping_add(cfg.block_time));
    if time > next_time {
        return if strict { Drop("F-010") } else { Future };
    }
    if time < next_time {
        return if strict { Past } else { Drop("F-011") };
    }
    if batch.parent_hash != head.hash {
        return Drop("F-012");
    }
    if batch.epoch.number.wrapping_add(cfg.seq_window_size) < inclusion.number {
        return Drop("F-013");
    }
    let (epoch, next_epoch) = (&window[0], window.get(1));
    let origin = match batch.epoch.number.checked_sub(epoch.number) {
        None => return Drop("F-014"),
        Some(0) => epoch, // F-015
        Some(1) => match next_epoch {
            Some(origin) => origin,
            None => return Undecided, // F-016
        },
        Some(_) => return Drop("F-017"),
    };
    if batch.epoch.hash != origin.hash {
        return Drop("F-018");
    }
    if time < origin.time.0 {
        return Drop("F-019");
    }
    // F-020
    let activation = [Fork::Jovian, Fork::Karst, Fork::Lagoon].iter().any(|&fork| activates(cfg, fork, time));
    if activation && !batch.transactions.is_empty() {
        return Drop("F-020");
    }
    let keeps_epoch = batch.epoch.number == epoch.number;
    drift(cfg, time, &batch.transactions, origin, keeps_epoch, next_epoch)
        .unwrap_or_else(|| transactions(cfg, time, &batch.transactions))
}

/// F.3 and F.4: a span before Holocene. `chain` is the safe chain from genesis on.
pub fn span(
    cfg: &RollupConfig,
    window: &[L1Ref],
    chain: &[Block],
    span: &Span,
    inclusion: &L1Ref,
) -> Verdict {
    let parent = match prefix(cfg, window, chain, span, inclusion) {
        Ok(parent) => parent,
        Err(verdict) => return verdict,
    };
    let head = &chain[chain.len() - 1];
    let mut epoch_before = chain[parent].origin.number;
    for block in &span.blocks {
        let advances = block.epoch > epoch_before; // F-053
        epoch_before = block.epoch;
        if block.time <= head.time {
            continue; // F-050
        }
        if let verdict @ (Drop(_) | Undecided) = span_block(cfg, window, head, block, advances) {
            return verdict;
        }
    }
    overlap(&chain[parent + 1..], span) // F-055
}

/// F-072, F-073: a span from Holocene.
pub fn span_strict(
    cfg: &RollupConfig,
    window: &[L1Ref],
    chain: &[Block],
    span: &Span,
    inclusion: &L1Ref,
) -> Verdict {
    match prefix(cfg, window, chain, span, inclusion) {
        Ok(parent) => overlap(&chain[parent + 1..], span),
        Err(verdict) => verdict,
    }
}

/// F.3: the index in the chain of the block that the span builds on.
fn prefix(
    cfg: &RollupConfig,
    window: &[L1Ref],
    chain: &[Block],
    span: &Span,
    inclusion: &L1Ref,
) -> Result<usize, Verdict> {
    let (first, last) = (&span.blocks[0], &span.blocks[span.blocks.len() - 1]);
    let (start, end) = (first.time, last.time);
    let start_epoch = first.epoch;
    let strict = active(cfg, Fork::Holocene, inclusion.time.0);
    // F-040
    let origin = match window {
        [epoch] if start_epoch == epoch.number + 1 => return Err(Undecided),
        [epoch, next_epoch, ..] if start_epoch == epoch.number + 1 => next_epoch,
        _ => &window[0],
    };
    if !active(cfg, Fork::Delta, origin.time.0) {
        return Err(Drop("F-040"));
    }
    let head = chain.len() - 1;
    let next_time = chain[head].time.wrapping_add(cfg.block_time);
    if start > next_time {
        return Err(if strict { Drop("F-041") } else { Future });
    }
    if end < next_time {
        return Err(if strict { Past } else { Drop("F-042") });
    }
    let parent = if start == next_time { head } else { overlapped_parent(cfg, chain, start)? };
    if span.parent_check != chain[parent].hash[..20] {
        return Err(Drop("F-044"));
    }
    if start_epoch.wrapping_add(cfg.seq_window_size) < inclusion.number {
        return Err(Drop("F-045"));
    }
    if start_epoch > chain[parent].origin.number.wrapping_add(1) {
        return Err(Drop("F-046"));
    }
    // F-047
    match window.iter().find(|origin| origin.number == last.epoch) {
        None => return Err(Undecided),
        Some(origin) if span.l1_origin_check != origin.hash[..20] => return Err(Drop("F-047")),
        Some(_) => {}
    }
    if start_epoch < chain[parent].origin.number {
        return Err(Drop("F-048"));
    }
    Ok(parent)
}

/// F-043: the block one slot before `start`, which lies at or before the safe head.
fn overlapped_parent(cfg: &RollupConfig, chain: &[Block], start: u64) -> Result<usize, Verdict> {
    let head = &chain[chain.len() - 1];
    if start > head.time || !(head.time - start).is_multiple_of(cfg.block_time) {
        return Err(Drop("F-043"));
    }
    let parent_time = start.checked_sub(cfg.block_time).ok_or(Drop("F-043"))?;
    chain.iter().position(|block| block.time == parent_time).ok_or(Drop("F-043"))
}

/// F.4: a block of the span that is newer than the safe head.
fn span_block(
    cfg: &RollupConfig,
    window: &[L1Ref],
    head: &Block,
    block: &SpanBlock,
    advances: bool,
) -> Verdict {
    if block.epoch < head.origin.number {
        return Drop("F-051");
    }
    let Some(at) = window.iter().position(|origin| origin.number == block.epoch) else {
        return Drop("F-051");
    };
    if block.time < window[at].time.0 {
        return Drop("F-052");
    }
    // F-053
    drift(cfg, block.time, &block.transactions, &window[at], !advances, window.get(at + 1))
        .unwrap_or_else(|| transactions(cfg, block.time, &block.transactions)) // F-054
}

/// F-055: the blocks of the span that the chain already has are the chain's.
fn overlap(overlapped: &[Block], span: &Span) -> Verdict {
    let same = |(block, claimed): (&Block, &SpanBlock)| {
        block.origin.number == claimed.epoch && block.transactions == claimed.transactions
    };
    if overlapped.iter().zip(&span.blocks).all(same) { Accept } else { Drop("F-055") }
}

/// F-021, F-022. `None`: nothing to object to.
fn drift(
    cfg: &RollupConfig,
    time: u64,
    transactions: &[Bytes],
    origin: &L1Ref,
    keeps_epoch: bool,
    next_epoch: Option<&L1Ref>,
) -> Option<Verdict> {
    // by the time of the batch's own origin
    let drift = if active(cfg, Fork::Fjord, origin.time.0) { 1_800 } else { cfg.max_sequencer_drift };
    if time <= origin.time.0.wrapping_add(drift) {
        return None;
    }
    if !transactions.is_empty() {
        return Some(Drop("F-021"));
    }
    if !keeps_epoch {
        return None;
    }
    match next_epoch {
        None => Some(Undecided),
        Some(next_epoch) if time >= next_epoch.time.0 => Some(Drop("F-022")),
        Some(_) => None,
    }
}

/// F-023, F-024, F-026.
fn transactions(cfg: &RollupConfig, time: u64, transactions: &[Bytes]) -> Verdict {
    for transaction in transactions {
        match transaction.first() {
            None | Some(0x7e) => return Drop("F-023"),
            Some(4) if !active(cfg, Fork::Isthmus, time) => return Drop("F-024"),
            Some(_) => {} // F-025
        }
    }
    Accept
}
