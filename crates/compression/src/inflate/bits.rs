//! The input as bits.

use super::{
    Stop,
    code::{Code, Entry},
};
use crate::input::Input;
use alloc::vec::Vec;

/// Bits, from the least significant one of each byte on.
pub(super) struct Bits<'a> {
    pub(super) input: &'a mut Input,
    /// `count` bits that are next. Above them are zeros, or what follows.
    pub(super) word: u64,
    pub(super) count: u32,
}

impl Bits<'_> {
    /// Sees to it that there are 48 bits or all that are left: more than a length and a distance take together.
    #[inline]
    fn refill(&mut self) {
        if self.count >= 48 {
            return;
        }
        if let Some(word) = self.input.word() {
            self.word |= word << self.count;
            self.input.skip((63 - self.count as usize) / 8);
            self.count |= 56;
        } else {
            self.refill_bytes();
        }
    }

    #[cold]
    fn refill_bytes(&mut self) {
        while self.count <= 56
            && let Some(byte) = self.input.byte()
        {
            self.word |= u64::from(byte) << self.count;
            self.count += 8;
        }
    }

    #[inline]
    fn drop(&mut self, count: u32) {
        self.word >>= count;
        self.count -= count;
    }

    /// A number of `count` bits, at most 16.
    #[inline]
    pub(super) fn take(&mut self, count: u32) -> Result<u32, Stop> {
        if self.count < count {
            self.refill();
            if self.count < count {
                return Err(Stop::Truncated);
            }
        }
        let value = (self.word & 0xffff) as u32 & ((1 << count) - 1);
        self.drop(count);
        Ok(value)
    }

    /// The next symbol of `code`.
    #[inline]
    pub(super) fn symbol<const SIZE: usize>(&mut self, code: &Code<SIZE>) -> Result<Entry, Stop> {
        self.refill();
        let entry = code.find(self.word);
        // Go reads as many bits as the shortest symbol has before it looks.
        if self.count < entry.code_length().max(code.shortest) {
            return Err(Stop::Truncated);
        }
        if entry.code_length() == 0 {
            return Err(Stop::Corrupt);
        }
        self.drop(entry.code_length());
        Ok(entry)
    }

    /// On to the next byte.
    pub(super) fn align(&mut self) {
        self.drop(self.count % 8);
    }

    pub(super) fn bytes(&mut self) -> Result<[u8; 4], Stop> {
        let mut bytes = [0; 4];
        for byte in &mut bytes {
            *byte = (self.take(8)? & 0xff) as u8;
        }
        Ok(bytes)
    }

    /// Appends up to `most` whole bytes; how many. 0: there are no more.
    pub(super) fn copy(&mut self, most: usize, out: &mut Vec<u8>) -> usize {
        if self.count > 0 {
            // Those that were looked at already.
            out.push((self.word & 0xff) as u8);
            self.drop(8);
            return 1;
        }
        self.word = 0;
        let rest = self.input.rest();
        let part = &rest[..rest.len().min(most)];
        out.extend_from_slice(part);
        let length = part.len();
        self.input.skip(length);
        length
    }
}

/// The bits of one frame, while it has sixteen bytes more: then nobody needs to look how many bits are left.
pub(super) struct InFrame<'a> {
    frame: &'a [u8],
    /// How much of the frame is read.
    pub(super) at: usize,
    pub(super) word: u64,
    pub(super) count: u32,
}

impl<'a> InFrame<'a> {
    pub(super) const fn new(frame: &'a [u8], word: u64, count: u32) -> Self {
        Self { frame, at: 0, word, count }
    }

    /// Sees to it that there are 56 bits, and bytes for another refill. False: the frame has too few.
    #[inline]
    pub(super) fn refill_twice(&mut self) -> bool {
        let is_enough = self.frame.len() - self.at >= 16;
        if is_enough {
            self.refill();
        }
        is_enough
    }

    /// Sees to it that there are 56 bits.
    #[inline]
    pub(super) fn refill(&mut self) {
        if let Some(bytes) = self.frame[self.at..].first_chunk() {
            self.word |= u64::from_le_bytes(*bytes) << self.count;
            self.at += (63 - self.count as usize) / 8;
            self.count |= 56;
        }
    }

    /// A number of up to 16 bits.
    #[inline]
    pub(super) fn take(&mut self, count: u32) -> u32 {
        let value = (self.word & 0xffff) as u32 & ((1 << count) - 1);
        self.word >>= count;
        self.count -= count;
        value
    }

    /// A symbol, of up to 15 bits; of none if nothing has these bits.
    #[inline]
    pub(super) fn symbol<const SIZE: usize>(&mut self, code: &Code<SIZE>) -> Entry {
        let entry = code.find(self.word);
        self.word >>= entry.code_length();
        self.count -= entry.code_length();
        entry
    }
}
