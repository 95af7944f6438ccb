//! One channel: the frames seen of it, in whatever order they came (D-002, D-004 to D-009, D-015, D-017).
//!
//! The bank (before Holocene) and the assembler (from Holocene), which decide which channels exist, are in `derive`.

use alloc::{collections::BTreeMap, vec::Vec};
use alloy_primitives::Bytes;

use crate::frame::{ChannelId, Frame};

/// What a stored frame counts beyond its data, in bytes (D-009).
pub const FRAME_SIZE_OVERHEAD: u64 = 200;

/// Frames of one channel on their way to becoming its data.
///
/// Invariant: if `closing` is `Some(n)`, then every stored number is at most `n`, and `n` is stored.
#[derive(Clone, Debug)]
pub struct Channel {
    id: ChannelId,
    open_block: u64,
    frames: BTreeMap<u16, Bytes>,
    closing: Option<u16>,
    size: u64,
}

/// Why a frame was not stored. The channel is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameRejection {
    /// The frame is of another channel: the caller mixed them up.
    #[error("the frame is of channel {0}")]
    OtherChannel(ChannelId),
    /// A frame with this number is stored already (D-004).
    #[error("frame {0} is stored already")]
    Duplicate(u16),
    /// A closing frame is stored already (D-005).
    #[error("the channel was closed by frame {closing}")]
    AlreadyClosed {
        /// The closing frame's number.
        closing: u16,
    },
    /// The number is not below that of the closing frame (D-006).
    #[error("frame {number} comes after the closing frame {closing}")]
    AfterClosing {
        /// The frame's number.
        number: u16,
        /// The closing frame's number.
        closing: u16,
    },
}

impl Channel {
    /// An empty channel whose first frame was seen in the L1 block with the number `open_block` (D-001).
    pub const fn new(id: ChannelId, open_block: u64) -> Self {
        Self { id, open_block, frames: BTreeMap::new(), closing: None, size: 0 }
    }

    /// Which channel it is.
    pub const fn id(&self) -> ChannelId {
        self.id
    }

    /// The number of the L1 block in which the first frame was seen.
    pub const fn open_block(&self) -> u64 {
        self.open_block
    }

    /// Stores a frame, in any order.
    pub fn insert(&mut self, frame: Frame) -> Result<(), FrameRejection> {
        self.check(&frame)?;
        if frame.is_last {
            self.close(frame.number);
        }
        // D-009: lengths are at most 1,000,000 and numbers at most 65,535, so the sum cannot overflow.
        self.size = self.size.saturating_add(frame.data.len() as u64).saturating_add(FRAME_SIZE_OVERHEAD);
        self.frames.insert(frame.number, frame.data);
        Ok(())
    }

    /// What the channel counts towards limits, in bytes (D-009). Less than the sum over its frames after a closing frame
    /// displaced others (D-008).
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Whether every frame up to the closing one is stored (D-015).
    pub fn is_ready(&self) -> bool {
        // Nothing above the closing frame is stored, so that counting is enough.
        self.closing.is_some_and(|closing| self.frames.len() == usize::from(closing) + 1)
    }

    /// Whether the channel is too old at the L1 block with the number `current`: more than `timeout` blocks (D-002).
    pub const fn is_timed_out(&self, current: u64, timeout: u64) -> bool {
        // D-002: equality is alive.
        current > self.open_block.saturating_add(timeout)
    }

    /// The number that follows the highest one stored, or 0: the only one that may come next where frames have to be in
    /// order (D-022).
    pub fn next_number(&self) -> u32 {
        self.frames.last_key_value().map_or(0, |(&highest, _)| u32::from(highest) + 1)
    }

    /// The data of all frames, in order of their numbers (D-017).
    pub fn into_frames(self) -> Vec<Bytes> {
        self.frames.into_values().collect()
    }

    fn check(&self, frame: &Frame) -> Result<(), FrameRejection> {
        if frame.channel != self.id {
            return Err(FrameRejection::OtherChannel(frame.channel));
        }
        if self.frames.contains_key(&frame.number) {
            return Err(FrameRejection::Duplicate(frame.number)); // D-004
        }
        match self.closing {
            Some(closing) if frame.is_last => Err(FrameRejection::AlreadyClosed { closing }), // D-005
            Some(closing) if frame.number >= closing => {
                Err(FrameRejection::AfterClosing { number: frame.number, closing }) // D-006
            }
            _ => Ok(()),
        }
    }

    fn close(&mut self, closing: u16) {
        self.closing = Some(closing);
        if self.frames.last_key_value().is_some_and(|(&highest, _)| highest > closing) {
            // D-007; that `closing` itself is not stored was checked before.
            self.frames.retain(|&number, _| number < closing);
            // D-008: the reference takes off the size of every stored frame, also of those that stay.
            self.size = 0;
        }
    }
}

/// Frames out of `data`, in whatever order, keep the channel's invariants.
#[cfg(any(test, feature = "fuzz"))]
pub fn fuzz_channel(data: &[u8]) {
    let id = ChannelId::default();
    let mut channel = Channel::new(id, 0);
    for bytes in data.chunks_exact(2) {
        let (number, is_last) = (u16::from(bytes[0] & 0x3f), bytes[0] & 0x40 != 0);
        let frame = Frame { channel: id, number, data: Bytes::copy_from_slice(&bytes[1..]), is_last };
        let before = (channel.size(), channel.frames.len());
        if channel.insert(frame).is_err() {
            assert_eq!(before, (channel.size(), channel.frames.len()), "a rejected frame leaves no trace");
        }
        let sum: u64 = channel.frames.values().map(|frame| frame.len() as u64 + FRAME_SIZE_OVERHEAD).sum();
        assert!(channel.size() <= sum, "D-008 only ever counts too little");
        if let Some(closing) = channel.closing {
            assert!(channel.next_number() == u32::from(closing) + 1);
        }
    }
    if channel.is_ready() {
        let frames = channel.frames.len();
        assert_eq!(channel.into_frames().len(), frames);
    }
}
