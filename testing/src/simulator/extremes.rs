//! What batchers hardly ever come to: channels as large as the limits, and one that nobody finishes.

use super::{dice::Dice, sequencer::Sequencer};
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
    /// The batcher opens a channel, and is never heard of again (D-024).
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
            20..24 => (Kind::Flood, 1 + dice.index(length - 1)),
            24..32 => (Kind::Bomb, 1 + dice.index(length - 1)),
            _ => return None,
        };
        Some(Self { at, kind })
    }
}

/// The start of a channel.
pub fn start(dice: &mut Dice) -> Bytes {
    let frame = Frame { channel: id(dice), number: 0, data: dice.bytes(9), is_last: false };
    batcher::payload(&[frame])
}

/// About as many of the largest frames as fit into 100 MB, each in a payload of its own. None where a gigabyte is the limit.
pub fn flood(dice: &mut Dice, cfg: &RollupConfig, time: u64) -> Vec<Bytes> {
    let strict = active(cfg, Fork::Holocene, time);
    if active(cfg, Fork::Fjord, time) && !strict {
        return Vec::new();
    }
    let channels: Vec<_> = (0..if strict { 1 } else { dice.count(1, 3) }).map(|_| id(dice)).collect();
    let data = Bytes::from(vec![0; MAX_FRAME_BYTES]);
    let first = if strict { 0 } else { 2 };
    let frame = |number: usize| Frame {
        channel: channels[number % channels.len()],
        number: first + u16::try_from(number / channels.len()).expect("there are about a hundred"),
        data: data.clone(),
        is_last: false,
    };
    let mut frames: Vec<_> = (0..dice.count(99, 103)).map(frame).collect();
    if !strict && dice.chance(500) {
        // D-008: it puts the size of its channel wrong
        let closing = Frame { channel: channels[0], number: 1, data: Bytes::new(), is_last: true };
        frames.insert(dice.index(frames.len()), closing);
    }
    frames.iter().map(|frame| batcher::payload(std::slice::from_ref(frame))).collect()
}

/// A channel that ends with the sequencer's next blocks, exactly at the limit or behind it. Most of it is a batch that lies in
/// the past. From Fjord it is mostly as long as counted before.
pub fn bomb(dice: &mut Dice, cfg: &RollupConfig, time: u64, sequencer: &Sequencer, next: usize) -> Bytes {
    let fjord = active(cfg, Fork::Fjord, time);
    let limit = if fjord && dice.chance(100) { 100_000_000 } else { 10_000_000 };
    let blocks = sequencer.chain.iter().skip(next).take(3);
    let after = batcher::stream(blocks.map(|block| string(block, block.time, &block.transactions)));
    let past = &sequencer.chain[0];
    let filled = |room: usize| {
        let transactions = [Bytes::from(vec![2; room])];
        batcher::stream([string(past, past.time, &transactions)])
    };
    let room = limit - after.len() - 1_000;
    let missing = limit - after.len() - filled(room).len();
    let beyond = dice.pick(&[0, 1, 1, after.len() + 1]);
    let stream = [filled(room + missing + beyond), after].concat();
    let compression = if fjord && dice.chance(500) { Compression::Brotli(1) } else { Compression::Zlib(1) };
    batcher::compress(&stream, compression).into()
}

fn string(block: &Block, time: u64, transactions: &[Bytes]) -> Vec<u8> {
    batcher::singular(&SingularBatch {
        parent_hash: block.parent_hash,
        epoch: block.origin,
        time: L2Time(time),
        transactions: transactions.iter().collect(),
    })
}

/// A channel id.
pub fn id(dice: &mut Dice) -> ChannelId {
    let mut id = [0; 16];
    id.iter_mut().for_each(|byte| *byte = dice.byte());
    ChannelId(id)
}
