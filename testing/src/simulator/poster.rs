//! A batcher that posts what the sequencer built, and does every kind of wrong thing now and then.

use super::{
    dice::Dice,
    extremes::{self, Kind},
    faults::{self, Faults},
    sequencer::Sequencer,
};
use crate::{
    batcher::{self, Compression},
    reference::{Batch, Block, L1Block, Singular, Span, SpanBlock, active},
};
use alloy_primitives::Bytes;
use unroll_protocol::{
    batch::{self, SingularBatch},
    config::RollupConfig,
    forks::Fork,
    frame::{ChannelId, Frame},
    units::L2Time,
};

/// Posts blocks; see the module.
pub struct Poster {
    /// How often it does wrong.
    pub faults: Faults,
    /// The index in the sequencer's chain of the first block that was not posted.
    pub next: usize,
    /// Payloads under way, and the index of the L1 block that takes them.
    outbox: Vec<(usize, Bytes)>,
    /// The channel that it opened when it fell silent.
    silent: Option<ChannelId>,
    style: Style,
}

/// Habits that last a whole history.
struct Style {
    /// Per mille of channels that hold span batches, once they may.
    spans: u64,
    /// Per mille of span batches that repeat blocks posted before.
    overlaps: u64,
    /// Per mille of channels in Brotli, once they may.
    brotli: u64,
    /// The most blocks in one batch.
    blocks: usize,
    /// The most bytes in one frame.
    frame: usize,
    /// The most frames in one payload.
    frames: usize,
    /// The most L1 blocks between a channel's first payload and its last.
    spread: usize,
    /// Whether it waits with a new channel until the last one is in.
    orderly: bool,
}

impl Poster {
    /// A poster that has posted genesis.
    pub fn new(dice: &mut Dice, mild: bool) -> Self {
        Self {
            faults: Faults::new(dice),
            next: 1,
            outbox: Vec::new(),
            silent: None,
            style: Style {
                spans: dice.pick(&[0, 500, 1000, 1000]),
                overlaps: dice.pick(&[0, 0, 200, 600]),
                brotli: dice.pick(&[0, 500, 1000]),
                blocks: dice.pick(&[1, 3, 10, 60]),
                frame: dice.pick(&[30, 60, 150, 400, 100_000]),
                frames: dice.pick(&[1, 2, 5]),
                spread: if mild { dice.pick(&[0, 0, 2, 6]) } else { dice.pick(&[0, 1, 3, 9, 60]) },
                orderly: dice.chance(500),
            },
        }
    }

    /// Posts everything the sequencer has; `l1` ends with the L1 block in the making.
    pub fn post(&mut self, dice: &mut Dice, cfg: &RollupConfig, l1: &[L1Block], sequencer: &Sequencer) {
        if self.silent.is_some() || self.style.orderly && !self.outbox.is_empty() {
            return;
        }
        let time = l1[l1.len() - 1].origin.time.0;
        let spans = if active(cfg, Fork::Delta, time) { self.style.spans } else { self.faults.haste };
        let mut frames = Vec::new();
        while self.next < sequencer.chain.len() {
            let mut batches = Vec::new();
            for _ in 0..dice.range(1, 3) {
                let as_span = dice.chance(spans);
                batches.extend(self.batches(dice, &sequencer.chain, as_span));
            }
            frames.push(self.channel(dice, cfg, l1, batches));
        }
        if self.outbox.len() > 100 {
            self.outbox.truncate(50); // a batcher that never catches up makes the history long, not hard
        }
        let frames = arrange(dice, frames, active(cfg, Fork::Holocene, time));
        self.dispatch(dice, frames, l1.len() - 1);
    }

    /// Posts these batches in a channel of their own, ahead of everything else in the next L1 block, which ends `l1`.
    pub fn shoot(&mut self, dice: &mut Dice, cfg: &RollupConfig, l1: &[L1Block], batches: Vec<Batch>) {
        if self.silent.is_none() {
            let frames = self.channel(dice, cfg, l1, batches);
            self.outbox.insert(0, (l1.len() - 1, batcher::payload(&frames)));
        }
    }

    /// Does what hardly anybody does, in the L1 block in the making, which ends `l1`.
    pub fn overdo(
        &mut self,
        dice: &mut Dice,
        cfg: &RollupConfig,
        l1: &[L1Block],
        sequencer: &Sequencer,
        kind: Kind,
    ) {
        let (now, time) = (l1.len() - 1, l1[l1.len() - 1].origin.time.0);
        if kind == Kind::Silence {
            let channel = extremes::id(dice);
            let open = Frame { channel, number: 0, data: Bytes::new(), is_last: false };
            self.outbox = vec![(now, batcher::payload(&[open]))];
            self.silent = Some(channel);
            return;
        }
        let (from, to) = (self.next.min(sequencer.chain.len()), (self.next + 3).min(sequencer.chain.len()));
        self.next = to;
        let batches = extremes::stream(&sequencer.chain[from..to]);
        if kind == Kind::Flood {
            let payloads = extremes::flood(dice, cfg, time, &batches).into_iter();
            self.outbox.extend(payloads.map(|payload| (now, payload)));
        } else {
            let channel = extremes::bomb(dice, cfg, time, &batches);
            let frames = self.split(dice, &channel);
            self.dispatch(dice, frames, now);
        }
    }

    /// Closes the channel that it has left open, with these batches in it, in the L1 block that ends `l1`.
    pub fn close(&mut self, cfg: &RollupConfig, l1: &[L1Block], batches: &[Batch]) {
        if let Some(channel) = self.silent {
            let stream = batcher::stream(batches.iter().filter_map(|batch| encode(cfg, batch)));
            let data = batcher::compress(&stream, Compression::Zlib(1)).into();
            let frame = Frame { channel, number: 1, data, is_last: true };
            self.outbox.push((l1.len() - 1, batcher::payload(&[frame])));
        }
    }

    /// A channel of batches, cut into frames.
    fn channel(
        &self,
        dice: &mut Dice,
        cfg: &RollupConfig,
        l1: &[L1Block],
        batches: Vec<Batch>,
    ) -> Vec<Frame> {
        let time = l1[l1.len() - 1].origin.time.0;
        let brotli = if active(cfg, Fork::Fjord, time) { self.style.brotli } else { self.faults.haste };
        let mut strings = Vec::new();
        for mut batch in batches {
            let times = faults::batch(dice, cfg, l1, &self.faults, &mut batch);
            let Some(mut string) = encode(cfg, &batch) else { continue };
            faults::string(dice, &self.faults, &mut string);
            strings.extend(std::iter::repeat_n(string, times));
        }
        let mut stream = batcher::stream(strings);
        faults::stream(dice, &self.faults, &mut stream);
        let compression = if dice.chance(brotli) { Compression::Brotli(1) } else { Compression::Zlib(1) };
        let mut channel = batcher::compress(&stream, compression);
        faults::channel(dice, &self.faults, &mut channel);
        self.split(dice, &channel)
    }

    /// The payloads that the L1 block at this index takes.
    pub fn due(&mut self, dice: &mut Dice, now: usize) -> Vec<Bytes> {
        let (due, later) = std::mem::take(&mut self.outbox).into_iter().partition(|&(at, _)| at <= now);
        self.outbox = later;
        let mut payloads: Vec<_> = Vec::from_iter(due).into_iter().map(|(_, payload)| payload).collect();
        let late = faults::payloads(dice, &self.faults, &mut payloads);
        self.outbox.extend(late.into_iter().map(|(delay, payload)| (now + delay, payload)));
        payloads
    }

    /// The next blocks, as one span or one by one.
    fn batches(&mut self, dice: &mut Dice, chain: &[Block], as_span: bool) -> Vec<Batch> {
        let from = match self.next {
            next if next >= chain.len() => return Vec::new(),
            next if as_span && dice.chance(self.style.overlaps) => next.saturating_sub(dice.index(5)).max(1),
            next => next,
        };
        let to = (self.next + dice.index(self.style.blocks + 1)).min(chain.len() - 1);
        self.next = to + 1;
        if as_span {
            return vec![Batch::Span(span(&chain[from - 1], &chain[from..=to]))];
        }
        chain[from..=to].iter().map(|block| Batch::Singular(singular(block))).collect()
    }

    /// A channel as frames.
    fn split(&self, dice: &mut Dice, channel: &[u8]) -> Vec<Frame> {
        let channel_id = extremes::id(dice);
        // at most 20 frames, or small frames would drown everything
        let size = dice.count(20, self.style.frame).max(channel.len() / 20 + 1);
        let chunks = channel.chunks(size).collect::<Vec<_>>();
        let mut frames: Vec<_> = (0..)
            .zip(&chunks)
            .map(|(number, data)| Frame {
                channel: channel_id,
                number,
                data: Bytes::copy_from_slice(data),
                is_last: usize::from(number) + 1 == chunks.len(),
            })
            .collect();
        faults::frames(dice, &self.faults, &mut frames);
        frames
    }

    /// Packs frames into payloads and spreads these over L1 blocks.
    fn dispatch(&mut self, dice: &mut Dice, frames: Vec<Frame>, now: usize) {
        let mut frames = frames.into_iter().peekable();
        let mut at = now;
        while frames.peek().is_some() {
            let mut payload = vec![0];
            for frame in frames.by_ref().take(dice.count(1, self.style.frames)) {
                frame.encode(&mut payload);
            }
            faults::payload(dice, &self.faults, &mut payload);
            self.outbox.push((at, payload.into()));
            if at < now + self.style.spread && dice.chance(300) {
                at += dice.count(1, 1 + self.style.spread / 6);
            }
        }
    }
}

/// Channels one after the other; before Holocene also interleaved.
fn arrange(dice: &mut Dice, mut channels: Vec<Vec<Frame>>, strict: bool) -> Vec<Frame> {
    if strict || dice.chance(500) {
        return channels.concat();
    }
    let mut frames = Vec::new();
    channels.retain(|channel| !channel.is_empty());
    while !channels.is_empty() {
        let at = dice.index(channels.len());
        frames.push(channels[at].remove(0));
        channels.retain(|channel| !channel.is_empty());
    }
    frames
}

/// The batch string; `None` if a fault made something that no format can say.
fn encode(cfg: &RollupConfig, batch: &Batch) -> Option<Vec<u8>> {
    match batch {
        Batch::Singular(batch) => Some(batcher::singular(&SingularBatch {
            parent_hash: batch.parent_hash,
            epoch: batch.epoch,
            time: L2Time(batch.time),
            transactions: batch.transactions.iter().collect(),
        })),
        Batch::Span(span) => {
            let block = |block: &SpanBlock| batch::SpanBlock {
                time: L2Time(block.time),
                epoch_number: block.epoch,
                transactions: block.transactions.iter().collect(),
            };
            let span = batcher::Span {
                parent_check: span.parent_check,
                l1_origin_check: span.l1_origin_check,
                first_origin_bit: span.parent_check[0] & 1 == 1, // means nothing (E-052)
                blocks: span.blocks.iter().map(block).collect(),
            };
            batcher::span(&span, cfg).ok()
        }
    }
}

/// What an honest batcher says about a block.
fn singular(block: &Block) -> Singular {
    Singular {
        parent_hash: block.parent_hash,
        epoch: block.origin,
        time: block.time,
        transactions: block.transactions.clone(),
    }
}

/// What an honest batcher says about several.
fn span(parent: &Block, blocks: &[Block]) -> Span {
    let last = &blocks[blocks.len() - 1];
    let plain = |block: &Block| SpanBlock {
        time: block.time,
        epoch: block.origin.number,
        transactions: block.transactions.clone(),
    };
    Span {
        parent_check: check(&parent.hash),
        l1_origin_check: check(&last.origin.hash),
        blocks: blocks.iter().map(plain).collect(),
    }
}

/// The first 20 bytes of a hash.
pub fn check(hash: &alloy_primitives::B256) -> [u8; 20] {
    hash[..20].try_into().expect("20 bytes are 20 bytes")
}
