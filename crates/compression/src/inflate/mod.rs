//! Zlib (RFC 1950) and deflate (RFC 1951), with the judgements of Go's `compress/zlib`: which streams are malformed, from
//! where on, and what was handed over before.
//!
//! Where decoders differ, and Go's side of it:
//!
//! * A code is complete, has one symbol of one bit, or none at all; the last is malformed where it is used.
//! * A preset dictionary may be announced if it is the empty one.
//! * A literal is only read while there are as many bits as the end marker takes, so that a stream that was cut short ends
//!   a few symbols early.
//! * Of the window that the header announces nothing is made: distances reach 32 KiB back.

mod bits;
mod code;

use self::{
    bits::{Bits, InFrame},
    code::{Code, Entry},
};
use crate::{
    Corruption, StreamEnd,
    input::Input,
    output::{Full, Output},
    reads::Reads,
};
use alloc::vec::Vec;

/// The window, and so the most that Go's decoder hands over at once.
const WINDOW_BYTES: usize = 1 << 15;

/// The longest match (RFC 1951, section 3.2.5).
const MAX_MATCH: usize = 258;

/// The order in which the lengths of the code for lengths come (RFC 1951, section 3.2.7).
const LENGTHS_ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

const END_OF_BLOCK: usize = 256;
const MAX_LITERALS: usize = 286;
const MAX_DISTANCES: usize = 30;

/// Why no more can be decoded.
#[derive(Debug)]
enum Stop {
    Corrupt,
    Truncated,
    Full,
}

impl From<Full> for Stop {
    fn from(_: Full) -> Self {
        Self::Full
    }
}

/// Decodes the deflate stream and the checksum after it; the zlib header has been read.
pub(crate) fn decode(input: &mut Input, output: &mut Output) -> StreamEnd {
    let reads = Reads::new(output.limit);
    let bits = Bits { input, word: 0, count: 0 };
    let mut decoder = Inflate { bits, output, reads, handed_over: 0, tables: Tables::default() };
    let end = match decoder.run() {
        Err(Stop::Full) => return StreamEnd::Limit,
        Err(Stop::Truncated) => StreamEnd::Truncated,
        Err(Stop::Corrupt) => StreamEnd::Corrupt(Corruption::Deflate),
        Ok(checksum) if checksum == adler2::adler32_slice(&decoder.output.bytes) => {
            return StreamEnd::Complete;
        }
        Ok(_) => StreamEnd::Corrupt(Corruption::Checksum),
    };
    // With a full window, and right after a flush, there is nothing that the error could come with.
    let length = decoder.output.bytes.len();
    if !length.is_multiple_of(WINDOW_BYTES) && decoder.handed_over < length {
        decoder.hand_over();
        let left = decoder.reads.left(&decoder.output.bytes);
        output.fail(left);
    }
    end
}

struct Inflate<'a> {
    bits: Bits<'a>,
    output: &'a mut Output,
    /// The reads that took what was handed over up to now. They are followed when it matters where they stand.
    reads: Reads,
    handed_over: usize,
    tables: Tables,
}

#[derive(Default)]
struct Tables {
    /// The code for the lengths of the other two.
    lengths: Code<128>,
    literals: Code<1024>,
    distances: Code<256>,
    /// Whether the other two are the fixed ones: a block of those takes as little as ten bits.
    are_fixed: bool,
}

impl Tables {
    /// RFC 1951, section 3.2.6.
    fn fix(&mut self) -> Result<(), Stop> {
        if !self.are_fixed {
            let mut lengths = [8; 288];
            lengths[144..256].fill(9);
            lengths[256..280].fill(7);
            self.literals.build(&lengths, Entry::literal)?;
            self.distances.build(&[5; 32], Entry::distance)?;
            self.are_fixed = true;
        }
        Ok(())
    }
}

impl Inflate<'_> {
    /// All blocks; the checksum that follows.
    fn run(&mut self) -> Result<u32, Stop> {
        loop {
            let is_last = self.bits.take(1)? == 1;
            match self.bits.take(2)? {
                0 => self.stored(is_last)?,
                1 => {
                    self.tables.fix()?;
                    self.compressed()?;
                }
                2 => {
                    self.dynamic()?;
                    self.compressed()?;
                }
                _ => return Err(Stop::Corrupt),
            }
            if is_last {
                self.bits.align();
                return Ok(u32::from_be_bytes(self.bits.bytes()?));
            }
        }
    }

    /// RFC 1951, section 3.2.4.
    fn stored(&mut self, is_last: bool) -> Result<(), Stop> {
        self.bits.align();
        let [a, b, c, d] = self.bits.bytes()?;
        let length = u16::from_le_bytes([a, b]);
        if length != !u16::from_le_bytes([c, d]) {
            return Err(Stop::Corrupt);
        }
        if length == 0 && !is_last {
            self.hand_over();
        }
        let mut left = usize::from(length);
        while left > 0 {
            self.output.reserve(1)?;
            let room = self.output.bytes.capacity() - self.output.bytes.len();
            let copied = self.bits.copy(left.min(room), &mut self.output.bytes);
            if copied == 0 {
                return Err(Stop::Truncated);
            }
            left -= copied;
        }
        Ok(())
    }

    /// Go's decoder hands over what it has whenever its window is full, at an empty stored block, and at the end.
    fn hand_over(&mut self) {
        let bytes = &self.output.bytes;
        while self.handed_over < bytes.len() {
            let wanted = self.reads.next(&bytes[..self.handed_over]).unwrap_or(usize::MAX);
            let full = (self.handed_over / WINDOW_BYTES + 1) * WINDOW_BYTES;
            self.handed_over = bytes.len().min(full).min(self.handed_over.saturating_add(wanted));
        }
    }

    /// The codes of a block (RFC 1951, section 3.2.7).
    fn dynamic(&mut self) -> Result<(), Stop> {
        let literals = self.bits.take(5)? as usize + 257;
        let distances = self.bits.take(5)? as usize + 1;
        if literals > MAX_LITERALS || distances > MAX_DISTANCES {
            return Err(Stop::Corrupt);
        }
        let mut lengths = [0; 19];
        let count = self.bits.take(4)? as usize + 4;
        for &at in &LENGTHS_ORDER[..count] {
            lengths[at] = (self.bits.take(3)? & 7) as u8;
        }
        self.tables.lengths.build(&lengths, Entry::length)?;

        let mut lengths = [0; MAX_LITERALS + MAX_DISTANCES];
        let lengths = &mut lengths[..literals + distances];
        let mut at = 0;
        while at < lengths.len() {
            let (value, repeat) = match self.bits.symbol(&self.tables.lengths)?.value() {
                16 if at == 0 => return Err(Stop::Corrupt),
                16 => (lengths[at - 1], 3 + self.bits.take(2)?),
                17 => (0, 3 + self.bits.take(3)?),
                18 => (0, 11 + self.bits.take(7)?),
                length => ((length & 15) as u8, 1),
            };
            let end = at + repeat as usize;
            lengths.get_mut(at..end).ok_or(Stop::Corrupt)?.fill(value);
            at = end;
        }
        self.tables.are_fixed = false;
        let (literals, distances) = lengths.split_at(literals);
        self.tables.literals.build(literals, Entry::literal)?;
        self.tables.distances.build(distances, Entry::distance)?;
        let code = &mut self.tables.literals;
        code.shortest = code.shortest.max(u32::from(literals[END_OF_BLOCK]));
        Ok(())
    }

    /// Literals and matches up to the end of the block (RFC 1951, section 3.2.3).
    fn compressed(&mut self) -> Result<(), Stop> {
        loop {
            if self.compressed_in_frame()? {
                return Ok(());
            }
            self.output.reserve(MAX_MATCH)?;
            let entry = self.bits.symbol(&self.tables.literals)?;
            match entry.kind() {
                Entry::LITERAL => self.output.bytes.push(entry.byte()),
                Entry::MATCH => {
                    let length = entry.value() + self.bits.take(entry.extra_bits())?;
                    let entry = self.bits.symbol(&self.tables.distances)?;
                    if entry.kind() != Entry::MATCH {
                        return Err(Stop::Corrupt);
                    }
                    let distance = entry.value() + self.bits.take(entry.extra_bits())?;
                    copy(&mut self.output.bytes, distance as usize, length as usize)?;
                }
                Entry::END => return Ok(()),
                _ => return Err(Stop::Corrupt),
            }
        }
    }

    /// The same for what lies within a frame, which is nearly all. False: the block goes on.
    fn compressed_in_frame(&mut self) -> Result<bool, Stop> {
        let Self { bits, output, tables, .. } = self;
        let mut input = InFrame::new(bits.input.rest(), bits.word, bits.count);
        let mut ended = false;
        while !ended && input.refill_twice() {
            output.reserve(2 + MAX_MATCH)?;
            // Two literals, and whatever comes then: up to 15 bits each, and 5 of a length.
            let mut entry = input.symbol(&tables.literals);
            for _ in 0..2 {
                if entry.kind() == Entry::LITERAL {
                    output.bytes.push(entry.byte());
                    entry = input.symbol(&tables.literals);
                }
            }
            match entry.kind() {
                Entry::LITERAL => output.bytes.push(entry.byte()),
                Entry::MATCH => {
                    let length = entry.value() + input.take(entry.extra_bits());
                    input.refill();
                    let entry = input.symbol(&tables.distances);
                    if entry.kind() != Entry::MATCH {
                        return Err(Stop::Corrupt);
                    }
                    let distance = entry.value() + input.take(entry.extra_bits());
                    copy(&mut output.bytes, distance as usize, length as usize)?;
                }
                Entry::END => ended = true,
                _ => return Err(Stop::Corrupt),
            }
        }
        let InFrame { at, word, count, .. } = input;
        bits.input.skip(at);
        (bits.word, bits.count) = (word, count);
        Ok(ended)
    }
}

#[inline]
fn copy(bytes: &mut Vec<u8>, distance: usize, mut length: usize) -> Result<(), Stop> {
    let start = bytes.len().checked_sub(distance).ok_or(Stop::Corrupt)?;
    // What was copied can be copied from, so that each turn has twice as much.
    while length > 0 {
        let part = length.min(bytes.len() - start);
        bytes.extend_from_within(start..start + part);
        length -= part;
    }
    Ok(())
}
