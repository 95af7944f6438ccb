//! From batcher payloads to batches (C, D, E), by replay: nothing is kept from one L1 block to the next.

use super::{
    Batch, L1Block, active,
    batches::{self, Content},
    reading, wire,
};
use std::collections::BTreeMap;
use unroll_protocol::{
    config::RollupConfig,
    forks::Fork,
    frame::{ChannelId, Frame},
    units::{L1Ref, L1Time},
};

/// The frames of an L1 block, in order.
pub struct Frames {
    origin: L1Ref,
    frames: Vec<Frame>,
}

impl Frames {
    /// C-004, C-005, B-040: the frames of every payload that is sound as a whole, payload by payload. From Holocene each
    /// payload is pruned by itself (C-010, C-015).
    pub fn of(cfg: &RollupConfig, block: &L1Block) -> Self {
        let payloads = block.data.iter().filter_map(|payload| wire::frames(payload));
        let frames = if active(cfg, Fork::Holocene, block.origin.time.0) {
            payloads.flat_map(prune).collect()
        } else {
            payloads.flatten().collect()
        };
        Self { origin: block.origin, frames }
    }
}

/// The batches that come out of the last of these L1 blocks, before Holocene.
pub fn buffered(cfg: &RollupConfig, l1: &[Frames]) -> Vec<Batch> {
    let mut bank = Vec::new();
    let mut completed = Vec::new();
    for block in l1 {
        completed.clear();
        for frame in block.frames.iter().map(Some).chain([None]) {
            // D-016: read, then ingest one frame
            while let Some(channel) = read(cfg, &mut bank, &block.origin) {
                completed.push(channel);
            }
            if let Some(frame) = frame {
                ingest(cfg, &mut bank, frame.clone(), &block.origin);
            }
        }
    }
    let time = l1.last().map_or(L1Time(0), |block| block.origin.time);
    completed.iter().flat_map(|channel: &Channel| batches(cfg, &channel.data(), time)).collect()
}

/// How many frames the channel stage has taken since Holocene, and how many of them a flush put out of reach.
#[derive(Clone, Copy, Debug, Default)]
pub struct Position {
    taken: usize,
    flushed: usize,
}

impl Position {
    /// D-026: what was staged is gone; frames still queued are not.
    pub fn flush(&mut self) {
        self.flushed = self.taken;
    }
}

/// The next channel that is complete by the last of these L1 blocks, which begin with the first of Holocene.
pub fn next_strict(cfg: &RollupConfig, l1: &[Frames], position: &mut Position) -> Option<Vec<u8>> {
    if position.taken == l1.iter().map(|block| block.frames.len()).sum::<usize>() {
        return None;
    }
    let mut staging: Option<Channel> = None; // D-020
    let mut index = 0;
    for block in l1 {
        staging = staging.filter(|channel| !channel.is_timed_out(cfg, &block.origin)); // D-024
        for frame in &block.frames {
            index += 1;
            if index <= position.flushed {
                continue;
            }
            if frame.number == 0 {
                staging = Some(Channel::open(frame.channel, &block.origin)); // D-021
            }
            // D-022
            let Some(channel) = &mut staging else { continue };
            if channel.id != frame.channel || usize::from(frame.number) != channel.frames.len() {
                continue;
            }
            channel.insert(frame.clone());
            // D-023
            let limit = if active(cfg, Fork::Fjord, block.origin.time.0) { 100_000_000 } else { 10_000_000 };
            if channel.size > limit {
                staging = None;
            } else if channel.is_ready() {
                let data = channel.data();
                staging = None; // D-025
                if index > position.taken {
                    position.taken = index;
                    return Some(data);
                }
            }
        }
    }
    position.taken = index;
    None
}

/// E: the batches of a channel that was completed at this time.
pub fn batches(cfg: &RollupConfig, channel: &[u8], inclusion: L1Time) -> Vec<Batch> {
    let fjord = active(cfg, Fork::Fjord, inclusion.0);
    let delta = active(cfg, Fork::Delta, inclusion.0);
    let limit = if fjord { 100_000_000 } else { 10_000_000 }; // E-010
    let mut batches = Vec::new();
    for string in reading::strings(channel, limit, fjord) {
        match batches::read(cfg, &string, delta) {
            Content::Batch(batch) => batches.push(batch),
            Content::Dropped => {}
            Content::Malformed => break, // E-022, E-023
        }
    }
    batches
}

/// C-010: looks at neighbours from left to right until no pair offends.
fn prune(mut frames: Vec<Frame>) -> Vec<Frame> {
    let mut at = 0;
    while at + 1 < frames.len() {
        let (current, next) = (&frames[at], &frames[at + 1]);
        let drop_next = if current.channel == next.channel {
            current.is_last || next.number != current.number.wrapping_add(1) // C-011, in 16 bits as Go has it
        } else {
            next.number != 0 // C-013
        };
        if drop_next {
            frames.remove(at + 1);
        } else if current.channel != next.channel && !current.is_last {
            frames.remove(at); // C-012: and the cursor steps back, so that removals cascade
            at = at.saturating_sub(1);
        } else {
            at += 1;
        }
    }
    frames
}

/// D.1.
struct Channel {
    id: ChannelId,
    opened: u64,
    frames: BTreeMap<u16, Frame>,
    closing: Option<u16>,
    size: u64,
}

impl Channel {
    fn open(id: ChannelId, origin: &L1Ref) -> Self {
        Self { id, opened: origin.number, frames: BTreeMap::new(), closing: None, size: 0 } // D-001
    }

    /// False: the frame was dropped.
    fn insert(&mut self, frame: Frame) -> bool {
        if self.frames.contains_key(&frame.number) {
            return false; // D-004
        }
        if frame.is_last && self.closing.is_some() {
            return false; // D-005
        }
        if self.closing.is_some_and(|closing| frame.number >= closing) {
            return false; // D-006
        }
        if frame.is_last {
            self.closing = Some(frame.number);
            if self.frames.last_key_value().is_some_and(|(&highest, _)| highest > frame.number) {
                // D-007; D-008: the size of every stored frame goes, not only that of the deleted
                self.size -= self.frames.values().map(size).sum::<u64>();
                self.frames.retain(|&number, _| number < frame.number);
            }
        }
        self.size += size(&frame);
        self.frames.insert(frame.number, frame);
        true
    }

    /// D-015.
    fn is_ready(&self) -> bool {
        self.closing.is_some_and(|closing| self.frames.len() == usize::from(closing) + 1)
    }

    /// D-017.
    fn data(&self) -> Vec<u8> {
        self.frames.values().fold(Vec::new(), |mut data, frame| {
            data.extend_from_slice(&frame.data);
            data
        })
    }

    /// D-002: equality is alive.
    fn is_timed_out(&self, cfg: &RollupConfig, current: &L1Ref) -> bool {
        current.number > self.opened + timeout(cfg, current)
    }
}

/// D-002: the timeout is the current block's. A-011.
pub fn timeout(cfg: &RollupConfig, current: &L1Ref) -> u64 {
    if active(cfg, Fork::Granite, current.time.0) { 50 } else { cfg.channel_timeout }
}

/// D-009.
fn size(frame: &Frame) -> u64 {
    frame.data.len() as u64 + 200
}

fn ingest(cfg: &RollupConfig, bank: &mut Vec<Channel>, frame: Frame, current: &L1Ref) {
    let at = bank.iter().position(|channel| channel.id == frame.channel).unwrap_or_else(|| {
        bank.push(Channel::open(frame.channel, current)); // D-001
        bank.len() - 1
    });
    if bank[at].is_timed_out(cfg, current) {
        return; // D-003
    }
    if !bank[at].insert(frame) {
        return; // D-012
    }
    // D-010, D-011
    let limit = if active(cfg, Fork::Fjord, current.time.0) { 1_000_000_000 } else { 100_000_000 };
    while bank.iter().map(|channel| channel.size).sum::<u64>() > limit {
        bank.remove(0);
    }
}

/// D-013, D-014, D-017.
fn read(cfg: &RollupConfig, bank: &mut Vec<Channel>, current: &L1Ref) -> Option<Channel> {
    while bank.first().is_some_and(|front| front.is_timed_out(cfg, current)) {
        bank.remove(0); // D-013
    }
    let reach = if active(cfg, Fork::Canyon, current.time.0) { bank.len() } else { 1 }; // D-014, D-013
    let ready = bank
        .iter()
        .take(reach)
        .position(|channel| channel.is_ready() && !channel.is_timed_out(cfg, current))?;
    Some(bank.remove(ready))
}
