//! The corner of Solidity's ABI that logs and calldata of the rollup use: 32-byte words, strictly padded.

use alloy_primitives::Address;

/// One ABI word.
pub(crate) type Word = [u8; 32];

/// The `index`th whole word of `data`.
pub(crate) fn word(data: &[u8], index: usize) -> Option<&Word> {
    data.as_chunks().0.get(index)
}

/// The last `N` bytes of a word whose other bytes are zero; `None` if one is not. `N` is at most 32.
pub(crate) fn low<const N: usize>(word: &Word) -> Option<[u8; N]> {
    let (padding, value) = word.split_last_chunk::<N>()?;
    padding.iter().all(|&byte| byte == 0).then_some(*value)
}

/// A word that holds a `uint64`.
pub(crate) fn low_u64(word: &Word) -> Option<u64> {
    low(word).map(u64::from_be_bytes)
}

/// A word that holds an `address`.
pub(crate) fn low_address(word: &Word) -> Option<Address> {
    low(word).map(Address::new)
}

/// The content of data that is the ABI encoding of a single `bytes`: word 0 is the offset, 32, word 1 the length.
/// `None` if the head is not so or the length reaches past the end. What follows the content is the caller's to judge.
///
/// ```text
/// | 0..32: 32 | 32..64: length | 64..: content, padding |
/// ```
pub(crate) fn single_bytes(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let (head, tail) = data.split_at_checked(64)?;
    if low_u64(word(head, 0)?)? != 32 {
        return None;
    }
    tail.split_at_checked(usize::try_from(low_u64(word(head, 1)?)?).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_must_be_zero() {
        let mut bytes = [0; 32];
        bytes[31] = 7;
        assert_eq!(low_u64(&bytes), Some(7));
        assert_eq!(low::<32>(&bytes), Some(bytes));
        bytes[23] = 1;
        assert_eq!(low_u64(&bytes), None);
        assert!(low_address(&bytes).is_some());
    }

    #[test]
    fn bytes_stay_inside_the_data() {
        let mut data = [0; 96];
        data[31] = 32;
        data[63] = 32;
        assert_eq!(single_bytes(&data).map(|(content, rest)| (content.len(), rest.len())), Some((32, 0)));
        data[63] = 33;
        assert_eq!(single_bytes(&data), None);
        data[56] = 255;
        assert_eq!(single_bytes(&data), None, "a length beyond usize");
        data[32] = 1;
        assert_eq!(single_bytes(&data), None, "a length beyond u64");
        assert_eq!(single_bytes(&data[..63]), None);
    }
}
