//! Batches aimed at the safe head as it is: what a batcher would have to post to come close to every rule of F.

use super::{dice::Dice, poster::check, sequencer::transactions};
use crate::reference::{Batch, Block, L1Block, Singular, Span, SpanBlock};
use alloy_primitives::B256;
use unroll_protocol::{config::RollupConfig, units::BlockId};

/// A few batches upon the safe chain. `l1` may hold more than batchers can know.
pub fn shots(dice: &mut Dice, cfg: &RollupConfig, l1: &[L1Block], safe: &[Block]) -> Vec<Batch> {
    let mut batches = Vec::new();
    let mut chain = safe.to_vec();
    for _ in 0..dice.range(1, 3) {
        if dice.chance(500) {
            batches.push(Batch::Span(span(dice, cfg, l1, &mut chain)));
        } else {
            let block = next(dice, cfg, l1, &chain[chain.len() - 1]);
            batches.push(Batch::Singular(Singular {
                parent_hash: block.parent_hash,
                epoch: block.origin,
                time: block.time,
                transactions: block.transactions.clone(),
            }));
            chain.push(block);
        }
    }
    batches
}

/// Empty batches up to the L1 block at index `taken`, which takes them, and one of the epoch after it (F-016).
pub fn ahead(cfg: &RollupConfig, l1: &[L1Block], taken: usize, safe: &[Block]) -> Vec<Batch> {
    let mut batches = Vec::new();
    let mut parent = safe[safe.len() - 1].clone();
    while parent.origin.number <= l1[taken].origin.number && batches.len() < 60 {
        let time = parent.time + cfg.block_time;
        let next = l1.iter().find(|block| block.origin.number == parent.origin.number + 1);
        let epoch = match next {
            Some(next) if next.origin.time.0 <= time => next.origin.id(),
            _ => parent.origin,
        };
        batches.push(Batch::Singular(Singular {
            parent_hash: parent.hash,
            epoch,
            time,
            transactions: Vec::new(),
        }));
        parent = Block {
            number: parent.number + 1,
            parent_hash: parent.hash,
            time,
            origin: epoch,
            sequence_number: if epoch == parent.origin { parent.sequence_number + 1 } else { 0 },
            ..Block::genesis(cfg)
        }
        .sealed();
    }
    batches
}

/// The next block, with an epoch that is wrong now and then. In every eighth epoch execution refuses it.
fn next(dice: &mut Dice, cfg: &RollupConfig, l1: &[L1Block], parent: &Block) -> Block {
    let number = match dice.range(0, 19) {
        0 => parent.origin.number + 2,
        1 => parent.origin.number.saturating_sub(1),
        2 => parent.origin.number.saturating_sub(cfg.seq_window_size),
        3..9 => parent.origin.number + 1,
        _ => parent.origin.number,
    };
    let found = l1.iter().find(|block| block.origin.number == number);
    let hash = found.map_or(B256::ZERO, |block| block.origin.hash);
    let time = parent.time + cfg.block_time;
    Block {
        number: parent.number + 1,
        parent_hash: parent.hash,
        time,
        origin: BlockId { number, hash },
        sequence_number: if number == parent.origin.number { parent.sequence_number + 1 } else { 0 },
        transactions: if dice.chance(500) {
            transactions(dice, cfg, time, parent.hash, number % 8 == 7)
        } else {
            Vec::new()
        },
        ..Block::genesis(cfg)
    }
    .sealed()
}

/// A span that may begin well before the head, sometimes with another past than the chain's.
fn span(dice: &mut Dice, cfg: &RollupConfig, l1: &[L1Block], chain: &mut Vec<Block>) -> Span {
    let back = if dice.chance(500) { dice.count(0, 6) } else { 0 };
    let first = (chain.len() - back.min(chain.len() - 1)).max(1);
    let longest = dice.pick(&[4, 4, 4, 40]);
    for _ in 0..dice.count(usize::from(first == chain.len()), longest) {
        let mut block = next(dice, cfg, l1, &chain[chain.len() - 1]);
        let before = chain[chain.len() - 1].origin.number;
        // in a span, epochs only stay or grow by one
        if !(before..=before + 1).contains(&block.origin.number) {
            block.origin = chain[chain.len() - 1].origin;
        }
        chain.push(block.sealed());
    }
    let plain = |block: &Block| SpanBlock {
        time: block.time,
        epoch: block.origin.number,
        transactions: block.transactions.clone(),
    };
    let last = &chain[chain.len() - 1];
    let mut span = Span {
        parent_check: check(&chain[first - 1].hash),
        l1_origin_check: check(&last.origin.hash),
        blocks: chain[first..].iter().map(plain).collect(),
    };
    // a start before the parent's epoch (F-048)
    if let [first, second, ..] = &mut span.blocks[..]
        && first.epoch == second.epoch
        && dice.chance(100)
    {
        first.epoch = first.epoch.saturating_sub(1);
    }
    if back > 0 && dice.chance(200) {
        let at = dice.index(span.blocks.len());
        span.blocks[at].transactions = transactions(dice, cfg, span.blocks[at].time, B256::ZERO, false);
    }
    span
}
