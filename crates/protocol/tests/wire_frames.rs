//! One test for each rule of blobs, payloads, frames and single channels.

#![allow(clippy::unwrap_used, reason = "tests")]

use alloy_eips::eip4844::Blob;
use alloy_primitives::Bytes;
use unroll_protocol::{
    blob::{BlobError, MAX_BLOB_DATA_BYTES, decode_blob},
    channel::{Channel, FrameRejection},
    frame::{ChannelId, Frame, FrameError, decode_frames},
    reader::ReadError,
};
use unroll_testing::{batcher, noise::Noise};

const ID: ChannelId = ChannelId([7; 16]);

fn frame(number: u16, data: &'static [u8], is_last: bool) -> Frame {
    Frame { channel: ID, number, data: Bytes::from_static(data), is_last }
}

/// A frame by hand: id, number, length, data, is_last.
fn raw(length: u32, data: &[u8], is_last: u8) -> Vec<u8> {
    [&ID.0[..], &5u16.to_be_bytes(), &length.to_be_bytes(), data, &[is_last]].concat()
}

fn decode(parts: &[&[u8]]) -> Result<Vec<Frame>, FrameError> {
    decode_frames(&parts.concat().into())
}

fn blob(change: impl FnOnce(&mut Blob)) -> Result<Bytes, BlobError> {
    let mut blob = batcher::blob(&[0xab; 300]).unwrap();
    change(&mut blob);
    decode_blob(&blob)
}

/// B-030: 4,096 elements of 254 bits hold 130,044 bytes beside version and length.
#[test]
fn b_030_blob_capacity() {
    assert_eq!(MAX_BLOB_DATA_BYTES, 130_044);
    let payload = vec![0xff; MAX_BLOB_DATA_BYTES];
    let full = batcher::blob(&payload).unwrap();
    assert_eq!(decode_blob(&full).unwrap(), payload);
    assert!(full.chunks_exact(32).all(|element| element[0] < 0x40), "an element stays below the modulus");
}

/// B-031: where each byte of a round comes from, bit by bit, and the way there and back for any length.
#[test]
fn b_031_rounds() {
    let mut blob = Box::new(Blob::ZERO);
    blob.0[4] = 127 - 4;
    for (element, first) in [0b11_0101, 0b10_1001, 0b01_1110, 0b11_0111].into_iter().enumerate() {
        blob.0[element * 32] = first;
    }
    let payload = decode_blob(&blob).unwrap();
    assert_eq!(payload[31 - 4], 0b11_0101 | 0b10 << 6);
    assert_eq!(payload[63 - 4], 0b1001 | 0b0111 << 4);
    assert_eq!(payload[95 - 4], 0b01_1110 | 0b11 << 6);
    let mut noise = Noise(31);
    for length in (0..600).chain([129_999, MAX_BLOB_DATA_BYTES]) {
        let payload: Vec<u8> = (0..length).map(|_| noise.next().to_le_bytes()[0]).collect();
        assert_eq!(decode_blob(&batcher::blob(&payload).unwrap()).unwrap(), payload);
    }
}

/// B-032: neither of the two top bits of a decoded element.
#[test]
fn b_032_high_bits() {
    assert_eq!(blob(|blob| blob.0[32] |= 0x80), Err(BlobError::HighBits(1)));
    assert_eq!(blob(|blob| blob.0[5 * 32] |= 0x40), Err(BlobError::HighBits(5)));
    for bits in [0x40, 0x80, 0xc0] {
        assert_eq!(blob(|blob| blob.0[0] |= bits), blob(|_| ()), "the network looks at all but the first");
        assert!(blob(|_| ()).is_ok());
    }
}

/// B-033: the version is 0.
#[test]
fn b_033_version() {
    assert_eq!(blob(|blob| blob.0[1] = 1), Err(BlobError::Version(1)));
}

/// B-034: the length is at most 130,044.
#[test]
fn b_034_length() {
    assert_eq!(blob(|blob| blob.0[2..5].copy_from_slice(&[1, 0xfb, 0xfd])), Err(BlobError::Length(130_045)));
    assert_eq!(blob(|blob| blob.0[2..5].copy_from_slice(&[0xff; 3])), Err(BlobError::Length(0xff_ffff)));
}

/// B-035: zeros after the data: within the last round, in its sixth bits, and in all that follows.
#[test]
fn b_035_zeros_after_the_data() {
    let (end_of_round, next_round, last) = (3 * 128 - 1, 3 * 128 + 40, 131_071);
    for at in [end_of_round, next_round, last] {
        assert_eq!(blob(|blob| blob.0[at] = 1), Err(BlobError::Trailing), "byte {at}");
    }
    // A high bit is a fault of its own where it is decoded, and a byte like any other after that.
    assert_eq!(blob(|blob| blob.0[4 * 96] = 0x80), Err(BlobError::Trailing));
    assert_eq!(blob(|_| ()).unwrap(), [0xab; 300][..]);
}

/// B-036, B-037: each blob stands for itself, with a version byte and frames of its own.
#[test]
fn b_036_b_037_blobs_are_payloads_of_their_own() {
    let payload = batcher::payload(&[frame(0, b"one", false)]);
    let mut blobs = [(); 3].map(|()| *batcher::blob(&payload).unwrap());
    blobs[1].0[1] = 9;
    let decoded = blobs.map(|blob| decode_blob(&blob).ok().map(|payload| decode_frames(&payload).unwrap()));
    assert_eq!(decoded, [Some(vec![frame(0, b"one", false)]), None, Some(vec![frame(0, b"one", false)])]);
}

/// B-040: the first byte says what a payload is.
#[test]
fn b_040_version_byte() {
    let good = raw(2, b"ab", 1);
    assert_eq!(decode(&[&[0], &good]).unwrap().len(), 1);
    assert_eq!(decode(&[&[2], &good]), Err(FrameError::Version(2)));
    assert_eq!(decode(&[&[0xff]]), Err(FrameError::Version(0xff)));
    assert_eq!(decode(&[]), Err(FrameError::Empty));
}

/// B-041: without alt-DA, a commitment is no payload.
#[test]
fn b_041_commitments_are_not_frames() {
    assert_eq!(decode(&[&[1], &raw(2, b"ab", 1)]), Err(FrameError::AltDa));
}

/// C-001: the layout, and 23 bytes beside the data.
#[test]
fn c_001_layout() {
    let bytes = raw(3, b"abc", 1);
    assert_eq!(bytes.len(), 3 + Frame::OVERHEAD);
    let expected = Frame { channel: ID, number: 5, data: b"abc".into(), is_last: true };
    let mut encoded = vec![];
    expected.encode(&mut encoded);
    assert_eq!(encoded, bytes);
    assert_eq!(decode(&[&[0], &bytes]), Ok(vec![expected]));
}

/// C-002: up to 1,000,000 bytes, or none; one more is too many even if they are there.
#[test]
fn c_002_data_length() {
    assert_eq!(decode(&[&[0], &raw(0, b"", 0)]).unwrap()[0].data, Bytes::new());
    let most = vec![1; 1_000_000];
    assert_eq!(decode(&[&[0], &raw(1_000_000, &most, 0)]).unwrap()[0].data, most);
    let more = vec![1; 1_000_001];
    assert_eq!(decode(&[&[0], &raw(1_000_001, &more, 0)]), Err(FrameError::TooLong(1_000_001)));
    assert_eq!(decode(&[&[0], &raw(u32::MAX, b"", 0)]), Err(FrameError::TooLong(u32::MAX)));
}

/// C-003: `is_last` is 0 or 1.
#[test]
fn c_003_is_last() {
    assert!(!decode(&[&[0], &raw(0, b"", 0)]).unwrap()[0].is_last);
    assert!(decode(&[&[0], &raw(0, b"", 1)]).unwrap()[0].is_last);
    for other in [2, 0x80, 0xff] {
        assert_eq!(decode(&[&[0], &raw(0, b"", other)]), Err(FrameError::IsLast(other)));
    }
}

/// C-004: at least one frame, and nothing cut short or left over.
#[test]
fn c_004_back_to_back() {
    let good = raw(2, b"ab", 1);
    assert_eq!(decode(&[&[0]]), Err(FrameError::NoFrames));
    assert_eq!(decode(&[&[0], &good, &good, &good]).unwrap().len(), 3);
    for cut in 1..good.len() {
        let result = decode(&[&[0], &good, &good[..cut]]);
        assert!(matches!(result, Err(FrameError::Truncated(ReadError::End { .. }))), "{cut}: {result:?}");
    }
}

/// C-005: one bad frame, and the good ones before and after it are ignored as well.
#[test]
fn c_005_all_or_none() {
    let (good, bad) = (raw(2, b"ab", 1), raw(2, b"ab", 2));
    assert_eq!(decode(&[&[0], &good, &bad, &good]), Err(FrameError::IsLast(2)));
    assert_eq!(decode(&[&[0], &bad, &good]), Err(FrameError::IsLast(2)));
}

/// C-006: the id is opaque; frames with the same id and number can stand in one payload.
#[test]
fn c_006_ids_are_opaque() {
    let good = raw(2, b"ab", 1);
    let frames = decode(&[&[0], &good, &good]).unwrap();
    assert_eq!(frames[0], frames[1]);
    assert_eq!(frames[0].channel.to_string(), "07".repeat(16));
}

/// D-002: more than the timeout is too old; exactly the timeout is not.
#[test]
fn d_002_timeout() {
    let channel = Channel::new(ID, 100);
    assert!(!channel.is_timed_out(100, 50));
    assert!(!channel.is_timed_out(150, 50));
    assert!(channel.is_timed_out(151, 50));
    assert!(!channel.is_timed_out(151, 300), "the timeout is that of the block at which one asks");
    assert!(!Channel::new(ID, u64::MAX).is_timed_out(u64::MAX, 50));
}

/// D-004: the first frame with a number stays.
#[test]
fn d_004_duplicates() {
    let mut channel = Channel::new(ID, 0);
    channel.insert(frame(0, b"first", false)).unwrap();
    assert_eq!(channel.insert(frame(0, b"second", true)), Err(FrameRejection::Duplicate(0)));
    channel.insert(frame(1, b"", true)).unwrap();
    assert_eq!(channel.into_frames().concat(), b"first"[..]);
}

/// D-005: the first closing frame stays.
#[test]
fn d_005_second_closing_frame() {
    let mut channel = Channel::new(ID, 0);
    channel.insert(frame(2, b"", true)).unwrap();
    assert_eq!(channel.insert(frame(1, b"", true)), Err(FrameRejection::AlreadyClosed { closing: 2 }));
    assert_eq!(channel.insert(frame(3, b"", true)), Err(FrameRejection::AlreadyClosed { closing: 2 }));
}

/// D-006: nothing after the closing frame.
#[test]
fn d_006_after_the_closing_frame() {
    let mut channel = Channel::new(ID, 0);
    channel.insert(frame(2, b"", true)).unwrap();
    assert_eq!(
        channel.insert(frame(3, b"", false)),
        Err(FrameRejection::AfterClosing { number: 3, closing: 2 })
    );
    channel.insert(frame(1, b"", false)).unwrap();
}

/// D-007: a closing frame removes those above it.
#[test]
fn d_007_closing_frame_removes() {
    let mut channel = Channel::new(ID, 0);
    for number in [0, 3, 4] {
        channel.insert(frame(number, b"x", false)).unwrap();
    }
    assert_eq!(channel.next_number(), 5);
    channel.insert(frame(1, b"y", true)).unwrap();
    assert_eq!(channel.next_number(), 2);
    assert!(channel.is_ready());
    assert_eq!(channel.into_frames().concat(), b"xy"[..]);
}

/// D-008: when it does, the sizes of all stored frames are taken off, also of the one that stays.
#[test]
fn d_008_size_quirk() {
    let mut channel = Channel::new(ID, 0);
    channel.insert(frame(0, b"12345", false)).unwrap();
    channel.insert(frame(3, b"123", false)).unwrap();
    channel.insert(frame(2, b"1", true)).unwrap();
    assert_eq!(channel.size(), 201, "frame 0 is stored and does not count");
    channel.insert(frame(1, b"12", false)).unwrap();
    assert_eq!(channel.size(), 201 + 202);
    assert!(channel.is_ready());

    let mut channel = Channel::new(ID, 0);
    channel.insert(frame(0, b"12345", false)).unwrap();
    channel.insert(frame(2, b"1", true)).unwrap();
    assert_eq!(channel.size(), 205 + 201, "nothing was removed, so all count");
}

/// D-009: 200 bytes a frame beside its data; a rejected frame does not count.
#[test]
fn d_009_size() {
    let mut channel = Channel::new(ID, 0);
    assert_eq!(channel.size(), 0);
    channel.insert(frame(1, b"", false)).unwrap();
    channel.insert(frame(0, b"1234", false)).unwrap();
    channel.insert(frame(0, b"1234", false)).unwrap_err();
    assert_eq!(channel.size(), 404);
}

/// D-015: ready when closed and without gaps.
#[test]
fn d_015_ready() {
    let mut channel = Channel::new(ID, 0);
    assert!(!channel.is_ready());
    channel.insert(frame(0, b"", false)).unwrap();
    assert!(!channel.is_ready(), "not closed");
    channel.insert(frame(2, b"", true)).unwrap();
    assert!(!channel.is_ready(), "a gap");
    channel.insert(frame(1, b"", false)).unwrap();
    assert!(channel.is_ready());

    let mut longest = Channel::new(ID, 0);
    for number in (0..=u16::MAX).rev() {
        longest.insert(frame(number, b"", number == u16::MAX)).unwrap();
    }
    assert!(longest.is_ready());
    assert_eq!(longest.next_number(), 65_536);
}

/// D-017: the data, in order of the frames' numbers, whatever order they came in.
#[test]
fn d_017_data() {
    let mut channel = Channel::new(ID, 0);
    channel.insert(frame(2, b"ef", true)).unwrap();
    channel.insert(frame(0, b"ab", false)).unwrap();
    channel.insert(frame(1, b"cd", false)).unwrap();
    assert_eq!(channel.into_frames().concat(), b"abcdef"[..]);
    let mut single = Channel::new(ID, 0);
    single.insert(frame(0, b"all", true)).unwrap();
    assert_eq!(single.into_frames().concat(), b"all"[..]);
}

/// The frame of another channel is the caller's mistake, and is not stored.
#[test]
fn other_channel() {
    let other = ChannelId([8; 16]);
    let stray = Frame { channel: other, ..frame(0, b"", false) };
    assert_eq!(Channel::new(ID, 0).insert(stray), Err(FrameRejection::OtherChannel(other)));
}
