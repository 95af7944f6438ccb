//! Prefix codes, and what their symbols mean.

use super::Stop;
use alloc::vec::Vec;

/// A prefix code, as tables that are looked up by the bits that come next.
pub(super) struct Code<const SIZE: usize> {
    /// An entry for each value of the first bits; a power of two.
    entries: [Entry; SIZE],
    /// For the values that begin longer codes, tables of one size, one after the other.
    further: Vec<Entry>,
    /// How many bits more select an entry of a further table.
    more_bits: u32,
    /// The length of the shortest symbol, or more: see [`Bits::symbol`](super::bits::Bits::symbol).
    pub(super) shortest: u32,
}

impl<const SIZE: usize> Default for Code<SIZE> {
    fn default() -> Self {
        Self { entries: [Entry::NONE; SIZE], further: Vec::new(), more_bits: 0, shortest: 0 }
    }
}

impl<const SIZE: usize> Code<SIZE> {
    const BITS: u32 = SIZE.trailing_zeros();

    /// Builds the tables of the code whose symbols have these lengths, 0 for those that it does not have (RFC 1951,
    /// section 3.2.2).
    pub(super) fn build(&mut self, lengths: &[u8], entry: impl Fn(u32) -> Entry) -> Result<(), Stop> {
        let mut counts = [0_u32; 16];
        lengths.iter().for_each(|&length| counts[usize::from(length & 15)] += 1);
        counts[0] = 0;
        let is_used = |&length: &u32| counts[length as usize] > 0;
        let longest = (1..16).rev().find(is_used).unwrap_or(0);
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
        self.shortest = (1..16).find(is_used).unwrap_or(0);
        self.more_bits = longest.saturating_sub(Self::BITS);
        self.entries.fill(Entry::NONE);
        self.further.clear();
        for (symbol, &length) in (0..).zip(lengths).filter(|&(_, &length)| length > 0) {
            let slot = &mut next[usize::from(length)];
            let (length, code) = (u32::from(length), *slot);
            *slot += 1;
            // Codes come with their first bit first.
            let reversed = (code.reverse_bits() >> (32 - length)) as usize;
            let entry = entry(symbol).of_length(length);
            let (table, at, length) = if length <= Self::BITS {
                (&mut self.entries[..], reversed, length)
            } else {
                let table = self.further_table(reversed % SIZE);
                (
                    &mut self.further[table..table + (1 << self.more_bits)],
                    reversed / SIZE,
                    length - Self::BITS,
                )
            };
            table[at..].iter_mut().step_by(1 << length).for_each(|at| *at = entry);
        }
        Ok(())
    }

    /// Where the table for the codes that begin with `first` starts; made if there is none.
    fn further_table(&mut self, first: usize) -> usize {
        let entry = self.entries[first];
        if entry.kind() == Entry::TABLE {
            return entry.value() as usize;
        }
        let start = self.further.len();
        self.further.resize(start + (1 << self.more_bits), Entry::NONE);
        let number = (start as u64 & 0xffff) as u32; // there are not even five thousand
        self.entries[first] = Entry::new(Entry::TABLE, number, 0);
        start
    }

    #[inline]
    pub(super) fn find(&self, word: u64) -> Entry {
        let entry = self.entries[(word & 0xffff) as usize % SIZE];
        if entry.kind() != Entry::TABLE {
            return entry;
        }
        let index = (word >> Self::BITS & 0xffff) as usize & ((1 << self.more_bits) - 1);
        self.further[entry.value() as usize + index]
    }
}

/// What some bits mean.
///
/// ```text
/// value 16 | extra bits 8 | kind 4 | length of the code 4
/// ```
#[derive(Clone, Copy)]
pub(super) struct Entry(u32);

impl Entry {
    /// No symbol has these bits.
    const NONE: Self = Self::new(Self::INVALID, 0, 0);
    pub(super) const LITERAL: u32 = 0;
    /// The base of a length or of a distance, and how many bits are to be added.
    pub(super) const MATCH: u32 = 1;
    pub(super) const END: u32 = 2;
    /// A symbol that means nothing.
    const INVALID: u32 = 3;
    /// The place of a further table.
    const TABLE: u32 = 4;

    const fn new(kind: u32, value: u32, extra_bits: u32) -> Self {
        Self(value << 16 | extra_bits << 8 | kind << 4)
    }

    /// A symbol of the code for lengths.
    pub(super) const fn length(symbol: u32) -> Self {
        Self::new(Self::LITERAL, symbol, 0)
    }

    /// A symbol of the code for literals and the lengths of matches (RFC 1951, section 3.2.5).
    pub(super) const fn literal(symbol: u32) -> Self {
        match symbol {
            0..256 => Self::new(Self::LITERAL, symbol, 0),
            256 => Self::new(Self::END, 0, 0),
            257..265 => Self::new(Self::MATCH, symbol - 254, 0),
            265..285 => {
                let extra_bits = (symbol - 261) / 4;
                Self::new(Self::MATCH, 3 + ((4 + (symbol - 261) % 4) << extra_bits), extra_bits)
            }
            285 => Self::new(Self::MATCH, 258, 0),
            _ => Self::new(Self::INVALID, 0, 0),
        }
    }

    /// A symbol of the code for distances.
    pub(super) const fn distance(symbol: u32) -> Self {
        match symbol {
            0..4 => Self::new(Self::MATCH, symbol + 1, 0),
            4..30 => {
                let extra_bits = (symbol - 2) / 2;
                Self::new(Self::MATCH, 1 + ((2 + symbol % 2) << extra_bits), extra_bits)
            }
            _ => Self::new(Self::INVALID, 0, 0),
        }
    }

    const fn of_length(self, length: u32) -> Self {
        Self(self.0 | length)
    }

    pub(super) const fn code_length(self) -> u32 {
        self.0 & 15
    }

    pub(super) const fn kind(self) -> u32 {
        self.0 >> 4 & 15
    }

    pub(super) const fn extra_bits(self) -> u32 {
        self.0 >> 8 & 15
    }

    pub(super) const fn value(self) -> u32 {
        self.0 >> 16
    }

    /// The value of a literal.
    pub(super) const fn byte(self) -> u8 {
        (self.0 >> 16 & 0xff) as u8
    }
}
