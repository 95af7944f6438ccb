//! Everything that may go wrong between a sequencer and the reader of L1.

use super::{dice::Dice, poster::check, sequencer};
use crate::reference::{Batch, L1Block, Singular, Span};
use alloy_primitives::Bytes;
use unroll_protocol::{
    config::RollupConfig,
    frame::{ChannelId, Frame},
};

/// How often things go wrong, per mille of the occasions. Each kind by itself, so that a bad batch is not always lost in
/// a bad channel.
pub struct Faults {
    /// In what a batch says.
    pub batches: u64,
    /// In the bytes of a batch, of the stream of batches, or of the compressed channel.
    pub channels: u64,
    /// In frames and payloads.
    pub frames: u64,
    /// On the way into L1.
    pub delivery: u64,
    /// By posting too early what a fork admits only later.
    pub haste: u64,
}

impl Faults {
    /// A good part of all histories is honest.
    pub fn new(dice: &mut Dice) -> Self {
        if dice.chance(250) {
            return Self { batches: 0, channels: 0, frames: 0, delivery: 0, haste: 0 };
        }
        let mut rate = || dice.pick(&[0, 0, 5, 20, 100]);
        Self { batches: rate(), channels: rate(), frames: rate(), delivery: rate(), haste: rate() }
    }
}

/// Spoils a batch, perhaps. Returns how often it is to be written: 0, 1 or 2 times.
pub fn batch(
    dice: &mut Dice,
    cfg: &RollupConfig,
    l1: &[L1Block],
    faults: &Faults,
    batch: &mut Batch,
) -> usize {
    if dice.chance(faults.batches) {
        match batch {
            Batch::Singular(batch) => spoil_singular(dice, cfg, l1, batch),
            Batch::Span(span) => spoil_span(dice, cfg, l1, span),
        }
    }
    match dice.range(0, 2) {
        0 if dice.chance(faults.batches) => 0,
        1 if dice.chance(faults.batches) => 2,
        _ => 1,
    }
}

fn spoil_singular(dice: &mut Dice, cfg: &RollupConfig, l1: &[L1Block], batch: &mut Singular) {
    match dice.range(0, 9) {
        0 => batch.parent_hash = dice.hash(),
        1 => batch.epoch.hash = dice.hash(),
        // another epoch, with the right hash if there is one
        2 | 3 => {
            batch.epoch.number = batch.epoch.number.saturating_add(dice.pick(&[1, 1, 2, 5, u64::MAX]));
            correct_hash(l1, batch);
        }
        4 => {
            batch.epoch.number = batch.epoch.number.saturating_sub(dice.pick(&[1, 1, 2, 100]));
            correct_hash(l1, batch);
        }
        5 => {
            batch.time =
                batch.time.wrapping_add(dice.pick(&[1, cfg.block_time, 10 * cfg.block_time, 1 << 63]))
        }
        6 => batch.time -= dice.pick(&[1, cfg.block_time, 7 * cfg.block_time]),
        7 => {
            let junk = dice.pick(&[&[][..], &[0x7e], &[0x7e, 1, 2], &[4, 0xc0], &[3, 0xc0], &[5], &[0xff]]);
            batch.transactions.push(Bytes::copy_from_slice(junk));
        }
        8 => batch.transactions.clear(),
        _ => spoil_transactions(dice, cfg, &mut batch.transactions),
    }
}

fn correct_hash(l1: &[L1Block], batch: &mut Singular) {
    if let Some(block) = l1.iter().find(|block| block.origin.number == batch.epoch.number) {
        batch.epoch.hash = block.origin.hash;
    }
}

fn spoil_span(dice: &mut Dice, cfg: &RollupConfig, l1: &[L1Block], span: &mut Span) {
    let at = dice.index(span.blocks.len());
    match dice.range(0, 11) {
        0 => span.parent_check[dice.index(20)] ^= 1,
        1 => span.l1_origin_check[dice.index(20)] ^= 0x80,
        2 => shift_time(span, dice.pick(&[1, cfg.block_time, 3 * cfg.block_time]).cast_signed()),
        3 => shift_time(span, -dice.pick(&[1, cfg.block_time, 3 * cfg.block_time]).cast_signed()),
        4 => shift_epochs(l1, span, 0, dice.pick(&[1, 1, 2, -1, -1, 40])),
        5 => shift_epochs(l1, span, at, 1),
        6 => shift_epochs(l1, span, at, -1),
        7 => spoil_transactions(dice, cfg, &mut span.blocks[at].transactions),
        8 => span.blocks[at].transactions.clear(),
        // E-051: around the end of time, and before genesis
        9 => {
            let genesis = cfg.genesis.l2_time.0;
            let early = genesis.wrapping_sub(cfg.block_time * dice.range(1, 3));
            let start =
                dice.pick(&[early, genesis.wrapping_sub(1), u64::MAX, 0_u64.wrapping_sub(cfg.block_time)]);
            for (index, block) in (0..).zip(&mut span.blocks) {
                block.time = start.wrapping_add(cfg.block_time * index);
            }
        }
        // E-052: before the first L1 block
        10 => span.blocks.iter_mut().rev().zip(0..).for_each(|(block, index)| {
            block.epoch = 1_u64.wrapping_sub(index);
        }),
        _ => drop(span.blocks.drain(..at)), // a gap, and then the parent is wrong
    }
}

fn shift_time(span: &mut Span, by: i64) {
    span.blocks.iter_mut().for_each(|block| block.time = block.time.saturating_add_signed(by));
}

/// Moves the epochs of the blocks from `from` on; an epoch can only stay or grow by one from block to block.
fn shift_epochs(l1: &[L1Block], span: &mut Span, from: usize, by: i64) {
    for at in from..span.blocks.len() {
        let epoch = span.blocks[at].epoch.saturating_add_signed(by);
        let before = at.checked_sub(1).map(|before| span.blocks[before].epoch);
        span.blocks[at].epoch = before.map_or(epoch, |before| epoch.clamp(before, before + 1));
    }
    let last = span.blocks[span.blocks.len() - 1].epoch;
    if let Some(block) = l1.iter().find(|block| block.origin.number == last) {
        span.l1_origin_check = check(&block.origin.hash);
    }
}

/// More, fewer or other transactions; also ones that execution refuses, or that no fork allows yet.
fn spoil_transactions(dice: &mut Dice, cfg: &RollupConfig, transactions: &mut Vec<Bytes>) {
    if !transactions.is_empty() && dice.chance(300) {
        transactions.remove(dice.index(transactions.len()));
        return;
    }
    let wanted_invalid = dice.chance(700);
    loop {
        let transaction = sequencer::transaction(dice, cfg, true);
        let never = !super::plan::is_valid(&transaction, alloy_primitives::B256::with_last_byte(1));
        if never == wanted_invalid {
            transactions.push(transaction);
            return;
        }
    }
}

/// Damage to a batch string: columns that do not fit, fields that do not decode (E-023, E-027, E-030, E-040 to E-048).
pub fn string(dice: &mut Dice, faults: &Faults, string: &mut Vec<u8>) {
    if !dice.chance(faults.channels) || string.is_empty() {
        return;
    }
    let at = dice.index(string.len());
    match dice.range(0, 3) {
        0 => string[at] ^= 1 << dice.range(0, 7),
        1 => string.truncate(at),
        2 => string.extend_from_slice(&[0, 0]), // ignored (E-024, E-053)
        _ => string[0] = dice.pick(&[0, 1, 2, 0x7f]),
    }
}

/// Garbage in the RLP stream: between batches, or at the end.
pub fn stream(dice: &mut Dice, faults: &Faults, stream: &mut Vec<u8>) {
    if !dice.chance(faults.channels) {
        return;
    }
    match dice.range(0, 4) {
        0 => stream.truncate(stream.len() * 2 / 3),
        1 => stream.extend_from_slice(&[0x80]), // an empty batch (E-023)
        2 => stream.extend_from_slice(&[0x81, 0x05]), // RLP that is not canonical (E-021)
        3 => stream.extend_from_slice(&[0x82, 0x02, 0x00]), // an unknown version (E-025)
        _ => *stream = [&[0xc0], &stream[..]].concat(), // a list where a string must be (E-020)
    }
}

/// Damage to the compressed channel.
pub fn channel(dice: &mut Dice, faults: &Faults, channel: &mut Vec<u8>) {
    if !dice.chance(faults.channels) || channel.is_empty() {
        return;
    }
    let at = dice.index(channel.len());
    match dice.range(0, 4) {
        0 => channel[at] ^= 1 << dice.range(0, 7),
        1 => channel.truncate(at),
        2 => channel.extend_from_slice(&dice.bytes(5)),
        3 => channel[0] = dice.byte(),
        _ => channel.clear(),
    }
}

/// Frames that do not make up a channel, or make up another one.
pub fn frames(dice: &mut Dice, faults: &Faults, frames: &mut Vec<Frame>) {
    if frames.is_empty() && dice.chance(500) {
        frames.push(Frame { channel: ChannelId([7; 16]), number: 0, data: Bytes::new(), is_last: true });
    }
    if !dice.chance(faults.frames) || frames.is_empty() {
        return;
    }
    let at = dice.index(frames.len());
    match dice.range(0, 9) {
        0 => drop(frames.remove(at)),
        1 => frames.insert(at, frames[at].clone()),
        2 => frames.reverse(),
        3 => frames.swap(0, at),
        4 => frames[at].is_last = !frames[at].is_last,
        5 => frames[at].number = frames[at].number.wrapping_add(dice.pick(&[1, 2, u16::MAX])),
        6 => frames.extend_from_within(..),
        7 => frames.iter_mut().for_each(|frame| frame.channel = ChannelId([7; 16])), // an id that others use too
        8 => frames[at].data = Bytes::new(),
        _ => {
            let number = u16::try_from(frames.len()).unwrap_or_default() + u16::from(dice.byte());
            frames.insert(at, Frame { number, data: dice.bytes(9), ..frames[at].clone() });
        }
    }
}

/// A payload whose frames cannot be read.
pub fn payload(dice: &mut Dice, faults: &Faults, payload: &mut Vec<u8>) {
    if !dice.chance(faults.frames) {
        return;
    }
    let last = payload.len() - 1;
    match dice.range(0, 6) {
        0 => payload.clear(),
        1 => payload[0] = dice.pick(&[1, 2, 255]),
        2 => payload[last] = 2, // neither last nor not (C-003)
        3 => payload.truncate(last),
        4 => payload.push(0),
        5 => payload.truncate(1),
        _ => payload[dice.index(last + 1)] ^= 1,
    }
}

/// What happens to the payloads of one L1 block: lost, doubled, reordered, and the ones that come so much later.
pub fn payloads(dice: &mut Dice, faults: &Faults, payloads: &mut Vec<Bytes>) -> Vec<(usize, Bytes)> {
    let mut late = Vec::new();
    let mut at = 0;
    while at < payloads.len() {
        if !dice.chance(faults.delivery) {
            at += 1;
            continue;
        }
        match dice.range(0, 4) {
            0 => drop(payloads.remove(at)),
            1 => {
                payloads.insert(at, payloads[at].clone());
                at += 2;
            }
            2 => {
                let other = dice.index(payloads.len());
                payloads.swap(at, other);
                at += 1;
            }
            3 => late.push((dice.count(1, 20), payloads[at].clone())), // now and again later
            _ => late.push((dice.count(1, 60), payloads.remove(at))),
        }
        if late.len() > 20 {
            break;
        }
    }
    if dice.chance(faults.delivery) {
        let length = dice.range(0, 60);
        payloads.push(dice.bytes(length));
    }
    late
}
