//! The frame queue: batcher payloads become frames, one payload at a time (C-006 to C-016).

use crate::event::{Event, FrameDrop};
use alloc::{collections::VecDeque, vec::Vec};
use alloy_primitives::Bytes;
use unroll_protocol::frame::{Frame, decode_frames};

/// Holds the payloads of one L1 block, and the frames of one payload.
#[derive(Debug, Default)]
pub(crate) struct FrameQueue {
    payloads: VecDeque<Bytes>,
    frames: VecDeque<Frame>,
}

impl FrameQueue {
    /// Takes the payloads of the next L1 block, in their order (B-015).
    pub(crate) fn push(&mut self, payloads: Vec<Bytes>) {
        self.payloads.extend(payloads);
    }

    /// The next frame; `None`: the L1 block `block` is used up. A payload is opened only when the frames of the one
    /// before are gone (C-007); `strict` prunes its frames as it is opened (C-010, C-015).
    pub(crate) fn next(&mut self, block: u64, strict: bool, events: &mut Vec<Event>) -> Option<Frame> {
        loop {
            if let Some(frame) = self.frames.pop_front() {
                return Some(frame);
            }
            match decode_frames(&self.payloads.pop_front()?) {
                Ok(frames) if strict => self.frames = prune(frames, block, events),
                Ok(frames) => self.frames = frames.into(),
                Err(why) => events.push(Event::PayloadIgnored { block, why }), // C-005
            }
        }
    }
}

/// Keeps the frames of one payload that can still matter, judged by neighbours (C-010 to C-013).
///
/// `kept` is the part that was judged already. A removal exposes the frame before to the same comparison, so removals
/// cascade. The first frame is judged against nothing (C-014).
fn prune(frames: Vec<Frame>, block: u64, events: &mut Vec<Event>) -> VecDeque<Frame> {
    let mut kept: VecDeque<Frame> = VecDeque::with_capacity(frames.len());
    let mut drop = |frame: &Frame, why| {
        events.push(Event::FrameDropped { block, channel: frame.channel, number: frame.number, why });
    };
    for next in frames {
        // C-012: what an unfinished channel left at the end gives way to the frame that opens another channel.
        while let Some(last) = kept.back()
            && next.number == 0
            && last.channel != next.channel
            && !last.is_last
        {
            drop(last, FrameDrop::Superseded);
            kept.pop_back();
        }
        match kept.back() {
            // C-011. The number wraps as in the reference: after frame 65535 of a channel, frame 0 is in order.
            Some(last)
                if last.channel == next.channel
                    && (last.is_last || next.number != last.number.wrapping_add(1)) =>
            {
                drop(&next, FrameDrop::OutOfOrder);
            }
            // C-013.
            Some(last) if last.channel != next.channel && next.number != 0 => {
                drop(&next, FrameDrop::NotFirst)
            }
            _ => kept.push_back(next),
        }
    }
    kept
}
