//! From frames to whole channels: the bank (to Granite, D-001 to D-017) and the one staged channel (from Holocene,
//! D-020 to D-027).

use crate::{
    event::{ChannelDrop, Event, FrameDrop},
    frames::FrameQueue,
};
use alloc::{collections::VecDeque, vec::Vec};
use alloy_primitives::Bytes;
use unroll_protocol::{
    channel::Channel,
    config::RollupConfig,
    forks::DerivationRules,
    frame::Frame,
    units::{L1Ref, L2Ref, L2Time},
};

/// The L1 block being read, and the rules that its time selects.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading<'c> {
    pub(crate) cfg: &'c RollupConfig,
    pub(crate) origin: L1Ref,
    pub(crate) rules: &'static DerivationRules,
}

impl<'c> Reading<'c> {
    pub(crate) fn new(cfg: &'c RollupConfig, origin: L1Ref) -> Self {
        Self { cfg, origin, rules: cfg.forks.derivation(origin.time) }
    }

    /// When the block upon `tip` begins.
    pub(crate) fn slot_after(&self, tip: &L2Ref) -> L2Time {
        tip.time.plus(self.cfg.block_time)
    }

    /// D-002: the timeout in force now, whenever the channel was opened.
    fn is_timed_out(&self, channel: &Channel) -> bool {
        let timeout = self.rules.channel_timeout.unwrap_or(self.cfg.channel_timeout);
        channel.is_timed_out(self.origin.number, timeout)
    }

    fn channel_dropped(&self, channel: &Channel, why: ChannelDrop) -> Event {
        Event::ChannelDropped { block: self.origin.number, channel: channel.id(), why }
    }

    fn frame_dropped(&self, frame: &Frame, why: FrameDrop) -> Event {
        let block = self.origin.number;
        Event::FrameDropped { block, channel: frame.channel, number: frame.number, why }
    }

    fn opened(&self, frame: &Frame, events: &mut Vec<Event>) -> Channel {
        events.push(Event::ChannelOpened { block: self.origin.number, channel: frame.channel });
        Channel::new(frame.channel, self.origin.number)
    }

    /// Puts a frame into its channel; whether it went in.
    fn insert(&self, channel: &mut Channel, frame: Frame, events: &mut Vec<Event>) -> bool {
        let (block, id, number) = (self.origin.number, frame.channel, frame.number);
        let result = channel.insert(frame);
        events.push(match result {
            Ok(()) => Event::FrameAccepted { block, channel: id, number },
            Err(why) => Event::FrameDropped { block, channel: id, number, why: FrameDrop::Rejected(why) },
        });
        result.is_ok()
    }

    /// D-017: the frames' data in order.
    fn completed(&self, channel: Channel, events: &mut Vec<Event>) -> Data {
        let (block, id, frames) = (self.origin.number, channel.id(), channel.into_frames());
        let bytes = frames.iter().map(|frame| frame.len()).sum();
        events.push(Event::ChannelCompleted { block, channel: id, bytes });
        frames
    }
}

/// What a channel holds, frame by frame.
pub(crate) type Data = Vec<Bytes>;

/// A stage that makes whole channels of frames.
pub(crate) trait Channels {
    /// The data of the next whole channel; `None`: no more frames.
    fn next(&mut self, l1: &Reading<'_>, frames: &mut FrameQueue, events: &mut Vec<Event>) -> Option<Data>;
}

/// Channels in the order of their first frames (D-001), up to a total size (D-010).
#[derive(Debug, Default)]
pub(crate) struct ChannelBank {
    channels: VecDeque<Channel>,
}

impl Channels for ChannelBank {
    /// Reading goes before ingesting, frame by frame, because both pruning and timeouts depend on the order (D-016).
    fn next(&mut self, l1: &Reading<'_>, frames: &mut FrameQueue, events: &mut Vec<Event>) -> Option<Data> {
        loop {
            if let Some(channel) = self.read(l1, events) {
                return Some(l1.completed(channel, events));
            }
            let frame = frames.next(l1.origin.number, false, events)?;
            self.ingest(l1, frame, events);
        }
    }
}

impl ChannelBank {
    /// D-013, D-014: timed-out heads go first; then only the first channel counts before Canyon, any from Canyon.
    fn read(&mut self, l1: &Reading<'_>, events: &mut Vec<Event>) -> Option<Channel> {
        while let Some(head) = self.channels.pop_front_if(|channel| l1.is_timed_out(channel)) {
            events.push(l1.channel_dropped(&head, ChannelDrop::TimedOut));
        }
        let readable = if l1.rules.scan_all_channels { self.channels.len() } else { 1 };
        let ready = |channel: &Channel| channel.is_ready() && !l1.is_timed_out(channel);
        let index = self.channels.iter().take(readable).position(ready)?;
        self.channels.remove(index)
    }

    pub(crate) fn ingest(&mut self, l1: &Reading<'_>, frame: Frame, events: &mut Vec<Event>) {
        let index = self.channels.iter().position(|channel| channel.id() == frame.channel);
        let index = index.unwrap_or_else(|| {
            self.channels.push_back(l1.opened(&frame, events));
            self.channels.len() - 1
        });
        let channel = &mut self.channels[index];
        if l1.is_timed_out(channel) {
            events.push(l1.frame_dropped(&frame, FrameDrop::TimedOut)); // D-003
        } else if l1.insert(channel, frame, events) {
            self.prune(l1, events); // D-012: only after a frame went in
        }
    }

    /// D-011: from the front, and be it the channel just written.
    fn prune(&mut self, l1: &Reading<'_>, events: &mut Vec<Event>) {
        let mut size: u64 = self.channels.iter().map(Channel::size).sum();
        while size > l1.rules.max_channel_bank_bytes
            && let Some(channel) = self.channels.pop_front()
        {
            size = size.saturating_sub(channel.size());
            events.push(l1.channel_dropped(&channel, ChannelDrop::Pruned));
        }
    }
}

/// The one channel that is being put together (D-020).
#[derive(Debug, Default)]
pub(crate) struct StagedChannel {
    channel: Option<Channel>,
}

impl Channels for StagedChannel {
    /// A whole channel leaves the slot at once (D-025).
    fn next(&mut self, l1: &Reading<'_>, frames: &mut FrameQueue, events: &mut Vec<Event>) -> Option<Data> {
        // D-024: first of all, and whether or not there is a frame.
        if let Some(channel) = self.channel.take_if(|channel| l1.is_timed_out(channel)) {
            events.push(l1.channel_dropped(&channel, ChannelDrop::StagedTimedOut));
        }
        loop {
            let frame = frames.next(l1.origin.number, true, events)?;
            self.ingest(l1, frame, events);
            if let Some(channel) = self.channel.take_if(|channel| channel.is_ready()) {
                return Some(l1.completed(channel, events));
            }
        }
    }
}

impl StagedChannel {
    fn ingest(&mut self, l1: &Reading<'_>, frame: Frame, events: &mut Vec<Event>) {
        if frame.number == 0 {
            let opened = l1.opened(&frame, events);
            if let Some(unfinished) = self.channel.replace(opened) {
                events.push(l1.channel_dropped(&unfinished, ChannelDrop::Superseded)); // D-021
            }
        }
        // D-022: the next frame of this very channel, or none.
        let Some(channel) = self.channel.as_mut().filter(|channel| {
            channel.id() == frame.channel && channel.next_number() == u32::from(frame.number)
        }) else {
            return events.push(l1.frame_dropped(&frame, FrameDrop::NoChannel));
        };
        l1.insert(channel, frame, events);
        let limit = l1.rules.max_rlp_bytes_per_channel as u64;
        if let Some(channel) = self.channel.take_if(|channel| channel.size() > limit) {
            events.push(l1.channel_dropped(&channel, ChannelDrop::Oversized)); // D-023
        }
    }

    /// D-026.
    pub(crate) fn flush(&mut self, l1: &Reading<'_>, events: &mut Vec<Event>) {
        if let Some(channel) = self.channel.take() {
            events.push(l1.channel_dropped(&channel, ChannelDrop::Flushed));
        }
    }
}
