//! Payloads to frames, and the pieces that formats are made of (B-040, C-001 to C-005, E-021, E-041, E-044).

use alloy_primitives::Bytes;
use unroll_protocol::frame::{ChannelId, Frame};

/// The frames of a payload, all or none (C-005).
pub fn frames(payload: &[u8]) -> Option<Vec<Frame>> {
    // B-040: other payloads, and the empty one, hold no frames
    let mut bytes = payload.strip_prefix(&[0])?;
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        frames.push(frame(&mut bytes)?);
    }
    // C-004: at least one
    (!frames.is_empty()).then_some(frames)
}

/// C-001: id 16, number 2, length 4, the data, and whether it is the last.
fn frame(bytes: &mut &[u8]) -> Option<Frame> {
    let channel = ChannelId(array(bytes)?);
    let number = u16::from_be_bytes(array(bytes)?);
    let length = u32::from_be_bytes(array(bytes)?);
    if length > 1_000_000 {
        return None; // C-002
    }
    let data = Bytes::copy_from_slice(take(bytes, usize::try_from(length).ok()?)?);
    let is_last = match array(bytes)? {
        [0] => false,
        [1] => true,
        _ => return None, // C-003
    };
    Some(Frame { channel, number, data, is_last })
}

/// So many bytes from the front.
pub fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (front, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(front)
}

/// As many bytes from the front as the array has.
pub fn array<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    take(bytes, N)?.try_into().ok()
}

/// E-041: seven bits a byte, the lowest first. At most ten bytes; zeros at the end are allowed.
pub fn uvarint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for place in 0..10 {
        let [byte] = array(bytes)?;
        if place == 9 && byte > 1 {
            return None;
        }
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

/// E-044: so many bits, the first one first. They come as one big-endian number, with zeros before it.
pub fn bits(bytes: &mut &[u8], count: usize) -> Option<Vec<bool>> {
    let number = take(bytes, count.div_ceil(8))?;
    let mut bits: Vec<_> =
        number.iter().rev().flat_map(|byte| (0..8).map(move |at| byte >> at & 1 == 1)).collect();
    let padding = bits.split_off(count);
    (!padding.contains(&true)).then_some(bits)
}

/// An RLP item.
#[derive(Clone, Copy)]
pub struct Item<'a> {
    /// Whether it is a list.
    pub is_list: bool,
    /// What is in it.
    pub content: &'a [u8],
    /// All of it.
    pub encoded: &'a [u8],
}

/// The next RLP item. Sizes are canonical (E-021); what a list contains is not looked at.
pub fn item<'a>(bytes: &mut &'a [u8]) -> Option<Item<'a>> {
    let whole = *bytes;
    let [head] = array(bytes)?;
    let (is_list, short) = match head {
        ..0x80 => return Some(Item { is_list: false, content: &whole[..1], encoded: &whole[..1] }),
        0x80..0xc0 => (false, head - 0x80),
        0xc0.. => (true, head - 0xc0),
    };
    let size = if short < 56 {
        usize::from(short)
    } else {
        let digits = take(bytes, usize::from(short - 55))?;
        let size = digits.iter().fold(0, |size, &digit| size << 8 | u64::from(digit));
        if digits[0] == 0 || size < 56 {
            return None;
        }
        usize::try_from(size).ok()?
    };
    let content = take(bytes, size)?;
    if !is_list && matches!(content, [..0x80]) {
        return None; // such a byte is its own encoding
    }
    Some(Item { is_list, content, encoded: &whole[..whole.len() - bytes.len()] })
}

/// The content of the next item, which is a string.
pub fn string<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    item(bytes).filter(|item| !item.is_list).map(|item| item.content)
}

/// The content of the next item, which is a list.
pub fn list<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    item(bytes).filter(|item| item.is_list).map(|item| item.content)
}

/// The next item, which is a string of just this length.
pub fn fixed<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    string(bytes)?.try_into().ok()
}

/// The next item, which is a number of at most so many bytes, without leading zeros.
pub fn number<'a>(bytes: &mut &'a [u8], most: usize) -> Option<&'a [u8]> {
    string(bytes).filter(|number| number.len() <= most && number.first() != Some(&0))
}

/// The next item, which is a number of 64 bits.
pub fn number_u64(bytes: &mut &[u8]) -> Option<u64> {
    Some(number(bytes, 8)?.iter().fold(0, |number, &digit| number << 8 | u64::from(digit)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batcher;

    /// B-040, C-001 to C-005.
    #[test]
    fn payloads_have_frames_or_none() {
        let frame = |number: u16, data: Bytes| Frame {
            channel: ChannelId([7; 16]),
            number,
            data,
            is_last: number > 0,
        };
        let written = vec![frame(0, Bytes::new()), frame(1, vec![5; 300].into())];
        let payload = batcher::payload(&written);
        assert_eq!(frames(&payload), Some(written));
        let with = |at: usize, byte: u8| {
            let mut payload = payload.to_vec();
            payload[at] = byte;
            frames(&payload).is_some()
        };
        assert!(!with(0, 1) && !with(0, 2), "the version");
        assert!(with(23, 1) && !with(23, 2), "whether it is the last");
        assert!(!with(22, 1), "a length that eats the next frame");
        for end in 0..payload.len() {
            assert_eq!(frames(&payload[..end]).is_some(), end == 24, "all or none: {end}");
        }
        let largest = |size: usize| frames(&batcher::payload(&[frame(0, vec![0; size].into())])).is_some();
        assert!(largest(1_000_000));
        let too_long = [&[0; 19][..], &1_000_001_u32.to_be_bytes(), &[0; 1_000_002]].concat();
        assert_eq!(frames(&too_long), None);
    }

    /// E-041: any length up to ten bytes, and 64 bits.
    #[test]
    fn varints_may_be_long() {
        for number in [0, 127, 128, 1 << 63, u64::MAX] {
            let mut encoded = Vec::new();
            batcher::uvarint(number, &mut encoded);
            assert_eq!(uvarint(&mut &encoded[..]), Some(number));
            assert_eq!(uvarint(&mut &encoded[..encoded.len() - 1]), None);
        }
        assert_eq!(uvarint(&mut &[0x81, 0x80, 0][..]), Some(1));
        assert_eq!(uvarint(&mut &[[0xff; 9].as_slice(), &[1]].concat()[..]), Some(u64::MAX));
        assert_eq!(uvarint(&mut &[[0xff; 9].as_slice(), &[2]].concat()[..]), None);
        assert_eq!(uvarint(&mut &[[0x80; 10].as_slice(), &[0]].concat()[..]), None);
    }

    /// E-044.
    #[test]
    fn bits_come_from_the_back() {
        assert_eq!(
            bits(&mut &[0b10, 0b1][..], 10),
            Some([1, 0, 0, 0, 0, 0, 0, 0, 0, 1].map(|bit| bit == 1).to_vec())
        );
        assert_eq!(bits(&mut &[0b100, 0][..], 10), None, "padding");
        assert_eq!(bits(&mut &[0][..], 9), None, "short");
        assert_eq!(bits(&mut &[][..], 0), Some(Vec::new()));
    }

    /// E-021, E-030.
    #[test]
    fn items_are_canonical() {
        let number = |bytes: &[u8]| number_u64(&mut &bytes[..]);
        assert_eq!((number(&[0x80]), number(&[0]), number(&[0x81, 0])), (Some(0), None, None));
        assert_eq!(
            (number(&[0x7f]), number(&[0x81, 0x7f]), number(&[0x81, 0x80])),
            (Some(127), None, Some(128))
        );
        assert_eq!(
            (number(&[0x82, 1, 0]), number(&[0x82, 0, 1]), number(&[0xc1, 1])),
            (Some(256), None, None)
        );
        assert_eq!((number(&[0x88, 1, 0, 0, 0, 0, 0, 0, 0]), number(&[0x89; 10])), (Some(1 << 56), None));
        let size = |head: &[u8], size: usize| {
            item(&mut &[head, &vec![1; size]].concat()[..]).map(|item| (item.is_list, item.content.len()))
        };
        assert_eq!((size(&[0xf8, 56], 60), size(&[0xf8, 55], 60)), (Some((true, 56)), None));
        assert_eq!((size(&[0xf9, 1, 0], 256), size(&[0xf9, 0, 56], 60)), (Some((true, 256)), None));
        assert_eq!((size(&[0xc2], 1), size(&[0xff; 9], 1), size(&[0xf9, 1], 0)), (None, None, None));
    }
}
