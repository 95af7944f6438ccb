//! What batchers hardly ever come to: channels as large as the limits, and one that nobody finishes.

use super::dice::Dice;
use crate::{
    batcher::{self, Compression},
    reference::{Block, active},
};
use alloy_primitives::Bytes;
use unroll_protocol::{
    batch::SingularBatch,
    config::RollupConfig,
    forks::Fork,
    frame::{ChannelId, Frame, MAX_FRAME_BYTES},
    units::L2Time,
};

/// What happens in an L1 block of a few histories.
#[derive(Clone, Copy, Debug)]
pub struct Extreme {
    /// The block's index.
    pub at: usize,
    /// What.
    pub kind: Kind,
}

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The batcher opens a channel and posts nothing more, until it closes the channel just in time or just too late (D-024).
    Silence,
    /// More frames come than a bank or a channel may hold (D-011, D-023).
    Flood,
    /// A channel is as long as counts, or a little longer (E-010).
    Bomb,
}

impl Extreme {
    /// In some of a thousand histories, as they are expensive.
    pub fn plan(dice: &mut Dice, length: usize) -> Option<Self> {
        let (kind, at) = match dice.range(0, 999) {
            0..20 => (Kind::Silence, 1 + dice.index(length.saturating_sub(55).max(1))),
            20..26 => (Kind::Flood, 1 + dice.index(length - 1)),
            26..34 => (Kind::Bomb, 1 + dice.index(length - 1)),
            _ => return None,
        };
        Some(Self { at, kind })
    }
}

/// How many L1 blocks a silence lasts: Granite's timeout, or one more (D-002).
pub fn pause(dice: &mut Dice) -> usize {
    dice.pick(&[50, 51])
}

/// A channel exactly as large as the bank or the stage admits, or a byte larger, each frame in a payload of its own; it holds
/// these batches. None where a gigabyte is the limit.
pub fn flood(dice: &mut Dice, cfg: &RollupConfig, time: u64, batches: &[u8]) -> Vec<Bytes> {
    let strict = active(cfg, Fork::Holocene, time);
    if active(cfg, Fork::Fjord, time) && !strict {
        return Vec::new();
    }
    let (channel, other) = (id(dice), id(dice));
    let frame =
        |channel, number, data: &Bytes, is_last| Frame { channel, number, data: data.clone(), is_last };
    let room = Bytes::from(vec![0; MAX_FRAME_BYTES]);
    let first = batcher::compress(batches, Compression::Zlib(1)).into();
    let mut frames = vec![frame(channel, 0, &first, false)];
    let mut left = 100_000_000 + dice.pick(&[0, 1]) - first.len() - 200;
    if !strict && dice.chance(500) {
        // D-008: what is left of this channel, 5 with 3 before it, is as large as 5 alone
        frames.extend(
            [(3, false), (9, false), (5, true)].map(|(n, last)| frame(other, n, &Bytes::new(), last)),
        );
        left -= 200;
    }
    frames.extend((1..100).map(|number| frame(channel, number, &room, false)));
    left -= 99 * (MAX_FRAME_BYTES + 200) + 200;
    frames.push(frame(channel, 100, &room.slice(..left), true));
    frames.iter().map(|frame| batcher::payload(std::slice::from_ref(frame))).collect()
}

/// A channel that ends with these batches, exactly at the limit or behind it. Most of it is a batch that lies in the past. From
/// Fjord it is mostly as long as counted before.
pub fn bomb(dice: &mut Dice, cfg: &RollupConfig, time: u64, batches: &[u8]) -> Bytes {
    let fjord = active(cfg, Fork::Fjord, time);
    let limit = if fjord && dice.chance(100) { 100_000_000 } else { 10_000_000 };
    let past = Block::genesis(cfg);
    let filled = |room: usize| batcher::stream([string(&past, &[Bytes::from(vec![2; room])])]);
    let room = limit - batches.len() - 1_000;
    let missing = limit - batches.len() - filled(room).len();
    let beyond = dice.pick(&[0, 1, 1, batches.len() + 1]);
    let stream = [&filled(room + missing + beyond), batches].concat();
    let compression = if fjord && dice.chance(500) { Compression::Brotli(1) } else { Compression::Zlib(1) };
    batcher::compress(&stream, compression).into()
}

/// These blocks as a stream of singular batches.
pub fn stream(blocks: &[Block]) -> Vec<u8> {
    batcher::stream(blocks.iter().map(|block| string(block, &block.transactions)))
}

fn string(block: &Block, transactions: &[Bytes]) -> Vec<u8> {
    batcher::singular(&SingularBatch {
        parent_hash: block.parent_hash,
        epoch: block.origin,
        time: L2Time(block.time),
        transactions: transactions.iter().collect(),
    })
}

/// A channel id.
pub fn id(dice: &mut Dice) -> ChannelId {
    let mut id = [0; 16];
    id.iter_mut().for_each(|byte| *byte = dice.byte());
    ChannelId(id)
}
