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

/// How many bits of a code the first look at its table resolves.
const LITERAL_BITS: u32 = 10;
const DISTANCE_BITS: u32 = 8;
const LENGTH_BITS: u32 = 7;

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
    lengths: Code,
    literals: Code,
    distances: Code,
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
            self.literals.build(&lengths, LITERAL_BITS, Entry::literal)?;
            self.distances.build(&[5; 32], DISTANCE_BITS, Entry::distance)?;
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
            lengths[at] = self.bits.take(3)? as u8;
        }
        self.tables.lengths.build(&lengths, LENGTH_BITS, Entry::length)?;

        let mut lengths = [0; MAX_LITERALS + MAX_DISTANCES];
        let lengths = &mut lengths[..literals + distances];
        let mut at = 0;
        while at < lengths.len() {
            let (value, repeat) = match self.bits.symbol(&self.tables.lengths)?.value() {
                16 if at == 0 => return Err(Stop::Corrupt),
                16 => (lengths[at - 1], 3 + self.bits.take(2)?),
                17 => (0, 3 + self.bits.take(3)?),
                18 => (0, 11 + self.bits.take(7)?),
                length => (length as u8, 1),
            };
            let end = at + repeat as usize;
            lengths.get_mut(at..end).ok_or(Stop::Corrupt)?.fill(value);
            at = end;
        }
        self.tables.are_fixed = false;
        let (literals, distances) = lengths.split_at(literals);
        self.tables.literals.build(literals, LITERAL_BITS, Entry::literal)?;
        self.tables.distances.build(distances, DISTANCE_BITS, Entry::distance)?;
        let code = &mut self.tables.literals;
        code.shortest = code.shortest.max(u32::from(literals[END_OF_BLOCK]));
        Ok(())
    }

    /// Literals and matches up to the end of the block (RFC 1951, section 3.2.3).
    fn compressed(&mut self) -> Result<(), Stop> {
        loop {
            self.output.reserve(MAX_MATCH)?;
            let entry = self.bits.symbol(&self.tables.literals)?;
            match entry.kind() {
                Entry::LITERAL => self.output.bytes.push(entry.value() as u8),
                Entry::MATCH => {
                    let length = entry.value() + self.bits.take(entry.extra_bits())?;
                    let entry = self.bits.symbol(&self.tables.distances)?;
                    if entry.kind() != Entry::MATCH {
                        return Err(Stop::Corrupt);
                    }
                    let distance = entry.value() + self.bits.take(entry.extra_bits())?;
                    self.copy(distance as usize, length as usize)?;
                }
                Entry::END => return Ok(()),
                _ => return Err(Stop::Corrupt),
            }
        }
    }

    #[inline]
    fn copy(&mut self, distance: usize, mut length: usize) -> Result<(), Stop> {
        let bytes = &mut self.output.bytes;
        let start = bytes.len().checked_sub(distance).ok_or(Stop::Corrupt)?;
        // What was copied can be copied from, so that each turn has twice as much.
        while length > 0 {
            let part = length.min(bytes.len() - start);
            bytes.extend_from_within(start..start + part);
            length -= part;
        }
        Ok(())
    }
}

/// Bits, from the least significant one of each byte on.
struct Bits<'a> {
    input: &'a mut Input,
    /// `count` bits that are next. Above them are zeros, or what follows.
    word: u64,
    count: u32,
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
    fn take(&mut self, count: u32) -> Result<u32, Stop> {
        if self.count < count {
            self.refill();
            if self.count < count {
                return Err(Stop::Truncated);
            }
        }
        let value = self.word as u32 & ((1 << count) - 1);
        self.drop(count);
        Ok(value)
    }

    /// The next symbol of `code`.
    #[inline]
    fn symbol(&mut self, code: &Code) -> Result<Entry, Stop> {
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
    fn align(&mut self) {
        self.drop(self.count % 8);
    }

    fn bytes(&mut self) -> Result<[u8; 4], Stop> {
        let mut bytes = [0; 4];
        for byte in &mut bytes {
            *byte = self.take(8)? as u8;
        }
        Ok(bytes)
    }

    /// Appends up to `most` whole bytes; how many. 0: there are no more.
    fn copy(&mut self, most: usize, out: &mut Vec<u8>) -> usize {
        if self.count > 0 {
            // Those that were looked at already.
            out.push(self.word as u8);
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

/// A prefix code, as tables that are looked up by the bits that come next.
#[derive(Default)]
struct Code {
    /// First an entry for all values of the first bits; then, for those that begin longer codes, tables of one size.
    entries: Vec<Entry>,
    /// How many bits select an entry of the first table, and of a further one.
    bits: u32,
    more_bits: u32,
    /// The length of the shortest symbol, or more: see [`Bits::symbol`].
    shortest: u32,
}

impl Code {
    /// Builds the tables of the code whose symbols have these lengths, 0 for those that it does not have (RFC 1951,
    /// section 3.2.2).
    fn build(&mut self, lengths: &[u8], bits: u32, entry: impl Fn(usize) -> Entry) -> Result<(), Stop> {
        let mut counts = [0_u32; 16];
        lengths.iter().for_each(|&length| counts[usize::from(length & 15)] += 1);
        counts[0] = 0;
        let longest = (1..16).rev().find(|&length| counts[length] > 0).unwrap_or(0) as u32;
        let mut next = [0_u32; 16];
        let mut code = 0;
        for length in 1..=longest as usize {
            code <<= 1;
            next[length] = code;
            code += counts[length];
        }
        let single = longest == 1 && code == 1;
        if longest > 0 && code != 1 << longest && !single {
            return Err(Stop::Corrupt);
        }
        self.shortest = (1..16).find(|&length| counts[length] > 0).unwrap_or(0) as u32;
        (self.bits, self.more_bits) = (bits, longest.saturating_sub(bits));
        self.entries.clear();
        self.entries.resize(1 << bits, Entry::NONE);
        for (symbol, &length) in lengths.iter().enumerate().filter(|&(_, &length)| length > 0) {
            let slot = &mut next[usize::from(length)];
            let (length, code) = (u32::from(length), *slot);
            *slot += 1;
            // Codes come with their first bit first.
            let reversed = (code.reverse_bits() >> (32 - length)) as usize;
            let entry = entry(symbol).of_length(length);
            if length <= bits {
                self.entries[..1 << bits][reversed..]
                    .iter_mut()
                    .step_by(1 << length)
                    .for_each(|at| *at = entry);
                continue;
            }
            let first = reversed & ((1 << bits) - 1);
            let table = self.further_table(first);
            let step = 1 << (length - bits);
            let table = &mut self.entries[table..table + (1 << self.more_bits)];
            table[reversed >> bits..].iter_mut().step_by(step).for_each(|at| *at = entry);
        }
        Ok(())
    }

    /// Where the table for the codes that begin with `first` starts. The one that was made last is at the end.
    fn further_table(&mut self, first: usize) -> usize {
        let entry = self.entries[first];
        if entry.kind() == Entry::TABLE {
            return entry.value() as usize;
        }
        let start = self.entries.len();
        self.entries.resize(start + (1 << self.more_bits), Entry::NONE);
        self.entries[first] = Entry::table(start);
        start
    }

    #[inline]
    fn find(&self, word: u64) -> Entry {
        let entry = self.entries[word as usize & ((1 << self.bits) - 1)];
        if entry.kind() != Entry::TABLE {
            return entry;
        }
        let index = (word >> self.bits) as usize & ((1 << self.more_bits) - 1);
        self.entries[entry.value() as usize + index]
    }
}

/// What some bits mean.
///
/// ```text
/// value 16 | extra bits 8 | kind 4 | length of the code 4
/// ```
#[derive(Clone, Copy, Default)]
struct Entry(u32);

impl Entry {
    /// No symbol has these bits.
    const NONE: Self = Self(0);
    const LITERAL: u32 = 0;
    /// The base of a length or of a distance, and how many bits are to be added.
    const MATCH: u32 = 1;
    const END: u32 = 2;
    /// A symbol that means nothing.
    const INVALID: u32 = 3;
    /// The place of a further table.
    const TABLE: u32 = 4;

    const fn new(kind: u32, value: usize, extra_bits: usize) -> Self {
        Self((value as u32) << 16 | (extra_bits as u32) << 8 | kind << 4)
    }

    /// A symbol of the code for lengths.
    const fn length(symbol: usize) -> Self {
        Self::new(Self::LITERAL, symbol, 0)
    }

    /// A symbol of the code for literals and the lengths of matches (RFC 1951, section 3.2.5).
    const fn literal(symbol: usize) -> Self {
        match symbol {
            0..END_OF_BLOCK => Self::new(Self::LITERAL, symbol, 0),
            END_OF_BLOCK => Self::new(Self::END, 0, 0),
            257..265 => Self::new(Self::MATCH, symbol - 254, 0),
            265..285 => {
                let extra_bits = (symbol - 261) / 4;
                Self::new(Self::MATCH, 3 + ((4 + (symbol - 261) % 4) << extra_bits), extra_bits)
            }
            285 => Self::new(Self::MATCH, MAX_MATCH, 0),
            _ => Self::new(Self::INVALID, 0, 0),
        }
    }

    /// A symbol of the code for distances.
    const fn distance(symbol: usize) -> Self {
        match symbol {
            0..4 => Self::new(Self::MATCH, symbol + 1, 0),
            4..MAX_DISTANCES => {
                let extra_bits = (symbol - 2) / 2;
                Self::new(Self::MATCH, 1 + ((2 + symbol % 2) << extra_bits), extra_bits)
            }
            _ => Self::new(Self::INVALID, 0, 0),
        }
    }

    const fn table(start: usize) -> Self {
        Self::new(Self::TABLE, start, 0)
    }

    const fn of_length(self, length: u32) -> Self {
        Self(self.0 | length)
    }

    const fn code_length(self) -> u32 {
        self.0 & 15
    }

    const fn kind(self) -> u32 {
        self.0 >> 4 & 15
    }

    const fn extra_bits(self) -> u32 {
        self.0 >> 8 & 15
    }

    const fn value(self) -> u32 {
        self.0 >> 16
    }
}
