//! The one checked reader that every decoder of bytes from outside goes through: it slices, and never copies.

use alloy_primitives::Bytes;
use alloy_rlp::Header;

/// Why bytes could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The input ends too early.
    #[error("{wanted} bytes wanted, {left} left")]
    End {
        /// How many bytes the format asks for.
        wanted: usize,
        /// How many there were.
        left: usize,
    },
    /// A uvarint that does not fit 64 bits (E-041).
    #[error("a uvarint of more than 64 bits")]
    Varint,
    /// RLP that is not canonical or not complete (E-021).
    #[error("RLP: {0}")]
    Rlp(alloy_rlp::Error),
    /// An RLP item is a list where a string is due, or the other way round.
    #[error("an RLP {} where the other kind is due", if *.list { "list" } else { "string" })]
    Kind {
        /// Whether the item is a list.
        list: bool,
    },
    /// Bytes follow what should have been the end.
    #[error("{0} bytes too many")]
    Trailing(usize),
}

impl From<alloy_rlp::Error> for ReadError {
    fn from(error: alloy_rlp::Error) -> Self {
        Self::Rlp(error)
    }
}

/// Reads from the front of a slice. A failed read consumes nothing that matters: its caller gives up.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

/// One RLP item: its whole encoding and what is inside.
#[derive(Clone, Copy, Debug)]
pub struct RlpItem<'a> {
    /// Whether it is a list.
    pub list: bool,
    /// Header and payload.
    pub raw: &'a [u8],
    /// The payload alone.
    pub payload: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader of all of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read yet.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether everything has been read.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], ReadError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or(ReadError::End { wanted: count, left: self.rest.len() })?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next `N` bytes by value.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], ReadError> {
        let (taken, rest) =
            self.rest.split_first_chunk().ok_or(ReadError::End { wanted: N, left: self.rest.len() })?;
        self.rest = rest;
        Ok(*taken)
    }

    /// One byte.
    pub fn u8(&mut self) -> Result<u8, ReadError> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Two bytes, big-endian.
    pub fn u16(&mut self) -> Result<u16, ReadError> {
        self.array().map(u16::from_be_bytes)
    }

    /// Four bytes, big-endian.
    pub fn u32(&mut self) -> Result<u32, ReadError> {
        self.array().map(u32::from_be_bytes)
    }

    /// A little-endian base-128 number of at most 64 bits. Encodings that are longer than need be are read like the
    /// shortest one, because the reference reads them so (E-041).
    pub fn uvarint(&mut self) -> Result<u64, ReadError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            // E-041: the tenth byte has room for one bit.
            if shift == 63 && byte > 1 {
                return Err(ReadError::Varint);
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(ReadError::Varint)
    }

    /// One RLP item, with a canonical header (E-021). What is inside of a list is not looked at.
    pub fn rlp_item(&mut self) -> Result<RlpItem<'a>, ReadError> {
        let start = self.rest;
        let mut rest = start;
        let Header { list, payload_length } = Header::decode(&mut rest)?;
        let payload = Reader::new(rest).take(payload_length)?;
        let raw = self.take(start.len() - rest.len() + payload_length)?;
        Ok(RlpItem { list, raw, payload })
    }

    /// One RLP string.
    pub fn rlp_string(&mut self) -> Result<RlpItem<'a>, ReadError> {
        let item = self.rlp_item()?;
        if item.list { Err(ReadError::Kind { list: true }) } else { Ok(item) }
    }

    /// The payload of one RLP list, to be read by a reader of its own.
    pub fn rlp_list(&mut self) -> Result<Self, ReadError> {
        let item = self.rlp_item()?;
        if item.list { Ok(Self::new(item.payload)) } else { Err(ReadError::Kind { list: false }) }
    }

    /// One RLP string of exactly `N` bytes.
    pub fn rlp_array<const N: usize>(&mut self) -> Result<[u8; N], ReadError> {
        let payload = self.rlp_string()?.payload;
        payload.try_into().map_err(|_| ReadError::Rlp(alloy_rlp::Error::UnexpectedLength))
    }

    /// One RLP string that is a canonical unsigned integer of at most `max` bytes; its encoding.
    pub fn rlp_integer(&mut self, max: usize) -> Result<RlpItem<'a>, ReadError> {
        let item = self.rlp_string()?;
        if item.payload.first() == Some(&0) {
            return Err(ReadError::Rlp(alloy_rlp::Error::LeadingZero));
        }
        if item.payload.len() > max {
            return Err(ReadError::Rlp(alloy_rlp::Error::Overflow));
        }
        Ok(item)
    }

    /// One RLP string that is a canonical 64-bit integer.
    pub fn rlp_u64(&mut self) -> Result<u64, ReadError> {
        let payload = self.rlp_integer(8)?.payload;
        Ok(payload.iter().fold(0, |value, &byte| value << 8 | u64::from(byte)))
    }

    /// Succeeds if everything has been read.
    pub const fn finish(self) -> Result<(), ReadError> {
        if self.rest.is_empty() { Ok(()) } else { Err(ReadError::Trailing(self.rest.len())) }
    }
}

/// The part of `whole` that `part`, which must have been sliced from it, covers; shares the memory.
pub(crate) fn share(whole: &Bytes, part: &[u8]) -> Bytes {
    whole.slice_ref(part)
}
