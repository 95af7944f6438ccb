//! Values by their hashes, without the hashes: see the [module's description](super) for the format.

use super::MAX_SECTION_BYTES;
use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes, map::B256Set};

/// How many bytes a reference stands for.
const HASH_BYTES: usize = 32;

/// What is wrong with an arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArenaFault {
    /// The index ends within an entry.
    #[error("the index ends too early")]
    IndexEnd,
    /// More than 64 bits in a number, or more bytes than it needs.
    #[error("a number in the index is malformed")]
    Number,
    /// A reference to a value that does not come before.
    #[error("a reference names value {0}, which does not come before it")]
    Reference(i64),
    /// Gaps and hashes are longer than the value.
    #[error("its parts are longer than it is")]
    Parts,
    /// All values together have more than [`MAX_SECTION_BYTES`].
    #[error("with it, the values have more than {MAX_SECTION_BYTES} bytes")]
    TooLong,
    /// The index describes more or fewer bytes than the data has.
    #[error("the data has {actual} bytes, and the index describes {expected}")]
    Data {
        /// By the index.
        expected: usize,
        /// What there is.
        actual: usize,
    },
    /// A value is there twice.
    #[error("the value of hash {0} is there twice")]
    Duplicate(B256),
}

/// What an arena holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArenaStats {
    /// How many values.
    pub values: usize,
    /// How many hashes in them are computed and not stored.
    pub references: usize,
    /// How many bytes all values have together.
    pub bytes: usize,
}

/// What an index describes, before anything is sized by it.
pub(super) struct Shape {
    /// Of the values; the index has at least two bytes for each.
    lengths: Vec<usize>,
    /// Of all values together: at most [`MAX_SECTION_BYTES`].
    pub(super) bytes: usize,
    /// What of it is in the data: all but the references, each of 32 bytes.
    pub(super) data: usize,
    /// How many there are.
    pub(super) references: usize,
}

/// The number of a value, and what is wrong with it.
type Fault = (usize, ArenaFault);

impl Shape {
    pub(super) fn of(bytes: &[u8]) -> Result<Self, Fault> {
        let mut shape = Self { lengths: Vec::new(), bytes: 0, data: 0, references: 0 };
        let mut index = Index::new(bytes);
        while !index.rest.is_empty() {
            let number = shape.lengths.len();
            let mut in_data = 0;
            let length = index.entry(number, |gap, reference| {
                in_data += gap;
                shape.references += usize::from(reference.is_some());
            });
            let length = length.map_err(|fault| (number, fault))?;
            let sum = shape.bytes.checked_add(length).filter(|sum| *sum as u64 <= MAX_SECTION_BYTES);
            shape.bytes = sum.ok_or((number, ArenaFault::TooLong))?;
            shape.data += in_data;
            shape.lengths.push(length);
        }
        Ok(shape)
    }

    /// That the data has the length that the index says.
    pub(super) fn check_data(&self, actual: usize) -> Result<(), Fault> {
        let fault = ArenaFault::Data { expected: self.data, actual };
        if self.data == actual { Ok(()) } else { Err((self.lengths.len(), fault)) }
    }

    pub(super) fn stats(&self) -> ArenaStats {
        ArenaStats { values: self.lengths.len(), references: self.references, bytes: self.bytes }
    }

    /// The values, one after the other as they stand in `values`.
    pub(super) fn slices(&self, values: &Bytes) -> impl Iterator<Item = Bytes> {
        let mut end = 0;
        self.lengths.iter().map(move |length| {
            end += length;
            values.slice(end - length..end)
        })
    }

    /// The hashes of the values, in which the references are filled in as they become known.
    ///
    /// ```text
    /// before    | ............................ | data           |      the data is at the end of the buffer
    /// between   | value | value | room of refs | rest of data   |      what is read lies behind what is written
    /// after     | value | value | value | value ....            |
    /// ```
    pub(super) fn fill_in(
        &self,
        index: &[u8],
        buffer: &mut [u8],
        hash: impl Fn(&[u8]) -> B256,
    ) -> Result<Vec<B256>, Fault> {
        let mut hashes: Vec<B256> = Vec::with_capacity(self.lengths.len());
        let (mut from, mut to) = (self.bytes - self.data, 0);
        let mut index = Index::new(index);
        for number in 0..self.lengths.len() {
            let start = to;
            let entry = index.entry(number, |gap, reference| {
                buffer.copy_within(from..from + gap, to);
                (from, to) = (from + gap, to + gap);
                if let Some(hash) = reference.and_then(|number| hashes.get(number)) {
                    buffer[to..to + HASH_BYTES].copy_from_slice(hash.as_slice());
                    to += HASH_BYTES;
                }
            });
            entry.map_err(|fault| (number, fault))?;
            hashes.push(hash(&buffer[start..to]));
        }
        Ok(hashes)
    }
}

/// That no value is there twice.
pub(super) fn check_unique(hashes: &[B256]) -> Result<(), Fault> {
    let mut seen = B256Set::default();
    match hashes.iter().position(|hash| !seen.insert(*hash)) {
        Some(number) => Err((number, ArenaFault::Duplicate(hashes[number]))),
        None => Ok(()),
    }
}

/// An index being read.
struct Index<'a> {
    rest: &'a [u8],
    /// What the last reference named.
    last: i64,
}

impl<'a> Index<'a> {
    const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, last: 0 }
    }

    /// The length of value `number`; its parts are shown to `visit`: how many bytes from the data, and then the number of
    /// the value whose hash comes, or none at the end.
    fn entry(
        &mut self,
        number: usize,
        mut visit: impl FnMut(usize, Option<usize>),
    ) -> Result<usize, ArenaFault> {
        let length = self.length()?;
        let mut left = length;
        for _ in 0..self.number()? {
            let gap = self.length()?;
            let step = self.number()?;
            left = left
                .checked_sub(gap)
                .and_then(|left| left.checked_sub(HASH_BYTES))
                .ok_or(ArenaFault::Parts)?;
            self.last = self.last.wrapping_add(unzigzag(step));
            let before = usize::try_from(self.last).ok().filter(|named| *named < number);
            visit(gap, Some(before.ok_or(ArenaFault::Reference(self.last))?));
        }
        visit(left, None);
        Ok(length)
    }

    fn length(&mut self) -> Result<usize, ArenaFault> {
        let length = self.number()?;
        usize::try_from(length).ok().filter(|_| length <= MAX_SECTION_BYTES).ok_or(ArenaFault::TooLong)
    }

    /// LEB128 of up to 64 bits, in no more bytes than it needs.
    fn number(&mut self) -> Result<u64, ArenaFault> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.rest.split_first().ok_or(ArenaFault::IndexEnd)?;
            self.rest = rest;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return Err(ArenaFault::Number);
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return if byte == 0 && shift > 0 { Err(ArenaFault::Number) } else { Ok(number) };
            }
        }
        Err(ArenaFault::Number)
    }
}

/// Writes an arena.
#[derive(Clone, Debug, Default)]
pub struct ArenaWriter {
    index: Vec<u8>,
    data: Vec<u8>,
    last: i64,
}

impl ArenaWriter {
    /// Adds a value. Each of `references` has an offset in it and the number of an earlier value, whose hash stands there.
    /// They come in order and do not overlap.
    pub fn push(&mut self, value: &[u8], references: &[(usize, u32)]) {
        self.number(value.len() as u64);
        self.number(references.len() as u64);
        let mut done = 0;
        for &(offset, named) in references {
            self.number((offset - done) as u64);
            self.number(zigzag(i64::from(named) - self.last));
            self.last = named.into();
            self.data.extend_from_slice(&value[done..offset]);
            done = offset + HASH_BYTES;
        }
        self.data.extend_from_slice(&value[done..]);
    }

    /// Index and data.
    pub fn finish(self) -> (Vec<u8>, Vec<u8>) {
        (self.index, self.data)
    }

    #[expect(clippy::cast_possible_truncation, reason = "seven bits at a time")]
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.index.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.index.push(number as u8);
    }
}

#[expect(clippy::cast_sign_loss, reason = "the sign goes to the last bit")]
const fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63) as u64
}

#[expect(clippy::cast_possible_wrap, reason = "the last bit is the sign")]
const fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}
