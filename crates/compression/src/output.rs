//! What comes out: the bytes, as many as count.

use crate::{Decompressed, StreamEnd, reads::BUFFER_BYTES};
use alloc::{vec, vec::Vec};

/// The first buffer, in bytes. It grows by half at a time, so that memory follows the bytes that really come out.
const FIRST_BYTES: usize = 1 << 16;

/// Decoded bytes, up to a limit.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) bytes: Vec<u8>,
    /// How many bytes count.
    pub(crate) limit: usize,
    lost: usize,
}

/// There is more output than counts (E-010).
#[derive(Debug)]
pub(crate) struct Full;

impl Output {
    pub(crate) fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit, lost: 0 }
    }

    /// Makes room for `wanted` bytes, of which the last ones may lie beyond the limit.
    #[inline]
    pub(crate) fn reserve(&mut self, wanted: usize) -> Result<(), Full> {
        if self.bytes.capacity() - self.bytes.len() >= wanted { Ok(()) } else { self.grow(wanted) }
    }

    #[cold]
    fn grow(&mut self, wanted: usize) -> Result<(), Full> {
        let length = self.bytes.len();
        if length > self.limit {
            return Err(Full);
        }
        // One byte more than counts, to know whether there is more.
        let most = self.limit.saturating_add(1);
        let capacity = (length + length / 2).max(FIRST_BYTES).min(most).max(length + wanted);
        self.bytes.reserve_exact(capacity - length);
        Ok(())
    }

    /// Makes room for `wanted` bytes, or up to one more than counts, behind the first `filled`; all of it is initialised.
    pub(crate) fn make_room(&mut self, filled: usize, wanted: usize) -> usize {
        let most = self.limit.saturating_add(1).max(filled.saturating_add(BUFFER_BYTES));
        let end = filled.saturating_add(wanted).min(most);
        if self.bytes.len() < end {
            // With room for the read that finds no more. Zeros of the allocator cost nothing where nothing is written.
            let mut bytes = vec![0; (filled + filled / 2).min(most).max(end + BUFFER_BYTES)];
            bytes[..filled].copy_from_slice(&self.bytes[..filled]);
            self.bytes = bytes;
        }
        end - filled
    }

    /// What counts of the bytes.
    pub(crate) fn finish(self, end: StreamEnd) -> Decompressed {
        let Self { mut bytes, limit, lost } = self;
        let end = if bytes.len() > limit { StreamEnd::Limit } else { end }; // E-010
        bytes.truncate(limit);
        bytes.shrink_to_fit();
        Decompressed { bytes: bytes.into(), end, lost }
    }

    /// An error came with the last of the bytes, of which only so many are left.
    pub(crate) fn fail(&mut self, left: usize) {
        self.lost = self.bytes.len() - left;
        self.bytes.truncate(left);
    }
}
