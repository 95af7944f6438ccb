//! The transactions of one block, in one buffer.

use alloc::vec::Vec;
use alloy_primitives::Bytes;
use alloy_rlp::Header;

use crate::reader::{ReadError, Reader, share};

/// A list of transactions as EIP-2718 bytes, which share one buffer and are sliced when asked for.
///
/// It costs what its bytes cost: a list of a hundred million empty transactions compresses to a few hundred bytes, and a
/// vector with an entry for each would take gigabytes (E-055).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transactions {
    /// RLP strings, back to back. Whoever fills it has checked them.
    strings: Bytes,
    count: usize,
}

impl Transactions {
    /// How many there are.
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Each transaction in order; slices, no copies.
    pub fn iter(&self) -> TransactionIter<'_> {
        TransactionIter { strings: &self.strings, rest: Reader::new(&self.strings) }
    }

    /// All transactions, sliced.
    pub fn to_vec(&self) -> Vec<Bytes> {
        self.iter().collect()
    }

    /// Takes the payload of an RLP list, which must be a sequence of RLP strings.
    pub(crate) fn from_rlp(strings: Bytes) -> Result<Self, ReadError> {
        let mut reader = Reader::new(&strings);
        let mut count = 0;
        while !reader.is_empty() {
            reader.rlp_string()?;
            count += 1;
        }
        Ok(Self { strings, count })
    }

    /// Takes what was encoded as `count` RLP strings.
    pub(super) const fn from_encoded(strings: Bytes, count: usize) -> Self {
        Self { strings, count }
    }
}

impl<T: AsRef<[u8]>> FromIterator<T> for Transactions {
    fn from_iter<I: IntoIterator<Item = T>>(transactions: I) -> Self {
        let (mut strings, mut count) = (Vec::new(), 0);
        for transaction in transactions {
            alloy_rlp::Encodable::encode(transaction.as_ref(), &mut strings);
            count += 1;
        }
        Self { strings: strings.into(), count }
    }
}

impl<'a> IntoIterator for &'a Transactions {
    type Item = Bytes;
    type IntoIter = TransactionIter<'a>;

    fn into_iter(self) -> TransactionIter<'a> {
        self.iter()
    }
}

/// See [`Transactions::iter`].
#[derive(Clone, Debug)]
pub struct TransactionIter<'a> {
    strings: &'a Bytes,
    rest: Reader<'a>,
}

impl Iterator for TransactionIter<'_> {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        // The strings were checked when the list was made: an error can only be the end.
        self.rest.rlp_string().ok().map(|string| share(self.strings, string.payload))
    }
}

/// How long the RLP header of a string or list of `length` bytes is.
pub(super) const fn header_length(length: usize) -> usize {
    Header { list: true, payload_length: length }.length()
}
