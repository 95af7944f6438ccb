//! The compressed bytes: a channel's frames, of which each is let go as soon as it is read.

use alloc::{collections::VecDeque, vec::Vec};
use alloy_primitives::Bytes;

/// The bytes of some frames, one after the other.
#[derive(Debug)]
pub(crate) struct Input {
    frame: Bytes,
    /// How much of `frame` has been read.
    at: usize,
    frames: VecDeque<Bytes>,
}

impl Input {
    pub(crate) fn new(frames: impl IntoIterator<Item = Bytes>) -> Self {
        Self { frame: Bytes::new(), at: 0, frames: frames.into_iter().collect() }
    }

    /// What is left of the frame at hand, or else the next one; empty at the end.
    pub(crate) fn rest(&mut self) -> &[u8] {
        while self.at == self.frame.len()
            && let Some(frame) = self.frames.pop_front()
        {
            (self.frame, self.at) = (frame, 0);
        }
        &self.frame[self.at..]
    }

    /// Eight bytes, if the frame at hand has them; they are not read yet.
    #[inline]
    pub(crate) fn word(&self) -> Option<u64> {
        self.frame[self.at..].first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
    }

    /// `count` bytes of what [`rest`](Self::rest) or [`word`](Self::word) gave are read.
    #[inline]
    pub(crate) fn skip(&mut self, count: usize) {
        self.at = self.frame.len().min(self.at + count);
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        let byte = self.rest().first().copied()?;
        self.skip(1);
        Some(byte)
    }

    /// Appends as many as `count` bytes to `block`.
    pub(crate) fn fill(&mut self, block: &mut Vec<u8>, mut count: usize) {
        while count > 0 {
            let rest = self.rest();
            let part = &rest[..rest.len().min(count)];
            if part.is_empty() {
                return;
            }
            block.extend_from_slice(part);
            let length = part.len();
            count -= length;
            self.skip(length);
        }
    }
}
