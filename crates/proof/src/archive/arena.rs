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

/// What an index describes.
pub(super) fn stats(index: &[u8]) -> Result<ArenaStats, (usize, ArenaFault)> {
    let Shape { lengths, bytes, references, .. } = Shape::of(index)?;
    Ok(ArenaStats { values: lengths.len(), references, bytes })
}

/// The values and their hashes, in order. `Err` has the number of the value.
///
/// Values are slices: of `data` if there are no references, else of one buffer.
pub(super) fn decode(
    index: &[u8],
    data: Bytes,
    hash: impl Fn(&[u8]) -> B256,
) -> Result<Vec<(B256, Bytes)>, (usize, ArenaFault)> {
    let shape = Shape::of(index)?;
    if shape.data != data.len() {
        let fault = ArenaFault::Data { expected: shape.data, actual: data.len() };
        return Err((shape.lengths.len(), fault));
    }
    let mut hashes = Vec::with_capacity(shape.lengths.len());
    let mut seen = B256Set::default();
    let mut note = |value: &[u8], hashes: &mut Vec<B256>| {
        let hash = hash(value);
        hashes.push(hash);
        if seen.insert(hash) { Ok(()) } else { Err((hashes.len() - 1, ArenaFault::Duplicate(hash))) }
    };
    let values = if shape.references > 0 {
        let mut values = Vec::with_capacity(shape.bytes);
        let (mut index, mut rest) = (Index::new(index), &data[..]);
        for number in 0..shape.lengths.len() {
            let start = values.len();
            let entry = index.entry(number, |gap, reference| {
                // The first pass has seen that the gaps are the data, and that references go back.
                let (bytes, after) = rest.split_at_checked(gap).unwrap_or((rest, &[]));
                values.extend_from_slice(bytes);
                rest = after;
                values.extend(reference.and_then(|number| hashes.get(number)).into_iter().flatten());
            });
            entry.map_err(|fault| (number, fault))?;
            note(&values[start..], &mut hashes)?;
        }
        values.into()
    } else {
        let mut start = 0;
        for length in &shape.lengths {
            note(&data[start..start + length], &mut hashes)?;
            start += length;
        }
        data
    };
    let mut end = 0;
    let slices = shape.lengths.iter().map(|length| {
        end += length;
        values.slice(end - length..end)
    });
    Ok(hashes.into_iter().zip(slices).collect())
}

/// What an index describes, before anything is sized by it.
struct Shape {
    /// Of the values; the index has at least two bytes for each.
    lengths: Vec<usize>,
    /// Of all values together: at most [`MAX_SECTION_BYTES`].
    bytes: usize,
    /// What of it is in the data.
    data: usize,
    /// How many there are.
    references: usize,
}

impl Shape {
    fn of(bytes: &[u8]) -> Result<Self, (usize, ArenaFault)> {
        let mut shape = Self { lengths: Vec::new(), bytes: 0, data: 0, references: 0 };
        let mut index = Index::new(bytes);
        while !index.rest.is_empty() {
            let number = shape.lengths.len();
            let length = index.entry(number, |gap, reference| {
                shape.data += gap;
                shape.references += usize::from(reference.is_some());
            });
            let length = length.map_err(|fault| (number, fault))?;
            let sum = shape.bytes.checked_add(length).filter(|sum| *sum as u64 <= MAX_SECTION_BYTES);
            shape.bytes = sum.ok_or((number, ArenaFault::TooLong))?;
            shape.lengths.push(length);
        }
        Ok(shape)
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
