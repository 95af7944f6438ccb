//! Frames: the pieces in which channels travel over L1 (C-001 to C-006), and the payloads that hold them (B-040, B-041).

use alloc::vec::Vec;
use alloy_primitives::Bytes;
use core::fmt;

use crate::reader::{ReadError, Reader, share};

/// The first byte of a payload that holds frames (B-040).
pub const FRAMES_VERSION: u8 = 0;

/// The first byte of a payload that holds a commitment to data elsewhere (B-040, B-041).
pub const ALT_DA_VERSION: u8 = 1;

/// How many bytes of channel data one frame may carry: the protocol's constant (C-002).
pub const MAX_FRAME_BYTES: usize = 1_000_000;

/// Names a channel. Opaque: it may come back after its channel is gone (C-006).
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelId(pub [u8; 16]);

impl fmt::Display for ChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One piece of a channel (C-001).
///
/// ```text
/// | channel id | number  | length  | data   | is_last     |
/// | 16 bytes   | u16, BE | u32, BE | length | 0 or 1      |
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The channel that it is a piece of.
    pub channel: ChannelId,
    /// Its place in the channel, from 0.
    pub number: u16,
    /// The piece; may be empty.
    pub data: Bytes,
    /// Whether it closes the channel.
    pub is_last: bool,
}

/// Why a payload of a batcher transaction yields no frames: all of them are ignored (C-005).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// There is not even a version byte (B-040).
    #[error("the payload is empty")]
    Empty,
    /// The payload is a commitment to data elsewhere, and this chain has no such data (B-041).
    #[error("the payload is an alt-DA commitment")]
    AltDa,
    /// The version byte is unknown (B-040).
    #[error("the payload has version {0}")]
    Version(u8),
    /// Nothing follows the version byte (C-004).
    #[error("the payload has no frames")]
    NoFrames,
    /// The payload ends within a frame (C-004).
    #[error("a frame is cut short: {0}")]
    Truncated(#[from] ReadError),
    /// A frame says that it is larger than [`MAX_FRAME_BYTES`] (C-002).
    #[error("a frame of {0} bytes")]
    TooLong(u32),
    /// A frame is neither the last one nor not (C-003).
    #[error("is_last is {0}")]
    IsLast(u8),
}

/// The frames of one payload, in order, without copying their data. All or none (C-005).
///
/// The payload starts with its version byte (B-040) and bounds the number of frames: each takes
/// [`Frame::OVERHEAD`] bytes of it.
pub fn decode_frames(payload: &Bytes) -> Result<Vec<Frame>, FrameError> {
    let mut reader = Reader::new(payload);
    match reader.u8() {
        Err(_) => return Err(FrameError::Empty), // B-040
        Ok(FRAMES_VERSION) => {}
        Ok(ALT_DA_VERSION) => return Err(FrameError::AltDa), // B-041
        Ok(version) => return Err(FrameError::Version(version)), // B-040
    }
    // C-004: at least one, back to back until the end.
    if reader.is_empty() {
        return Err(FrameError::NoFrames);
    }
    let mut frames = Vec::new();
    while !reader.is_empty() {
        frames.push(Frame::read(payload, &mut reader)?); // C-005
    }
    Ok(frames)
}

impl Frame {
    /// How many bytes a frame takes beyond its data (C-001).
    pub const OVERHEAD: usize = 16 + 2 + 4 + 1;

    /// Appends the encoded frame. Its data must not be longer than [`MAX_FRAME_BYTES`]; the excess would be cut off.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let data = &self.data[..self.data.len().min(MAX_FRAME_BYTES)];
        let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&self.channel.0);
        out.extend_from_slice(&self.number.to_be_bytes());
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(data);
        out.push(u8::from(self.is_last));
    }

    fn read(payload: &Bytes, reader: &mut Reader<'_>) -> Result<Self, FrameError> {
        let channel = ChannelId(reader.array()?); // C-006: opaque
        let number = reader.u16()?;
        let length = reader.u32()?;
        // C-002: the bound comes before the length is used.
        let bytes = usize::try_from(length).ok().filter(|&bytes| bytes <= MAX_FRAME_BYTES);
        let data = share(payload, reader.take(bytes.ok_or(FrameError::TooLong(length))?)?);
        let is_last = match reader.u8()? {
            0 => false,
            1 => true,
            other => return Err(FrameError::IsLast(other)), // C-003
        };
        Ok(Self { channel, number, data, is_last })
    }
}

/// Payloads that decode encode to the same bytes, and none makes the decoder panic.
#[cfg(any(test, feature = "fuzz"))]
pub fn fuzz_frames(data: &[u8]) {
    let payload = Bytes::copy_from_slice(data);
    let Ok(frames) = decode_frames(&payload) else { return };
    let mut again = alloc::vec![FRAMES_VERSION];
    frames.iter().for_each(|frame| frame.encode(&mut again));
    assert_eq!(again, payload);
}
