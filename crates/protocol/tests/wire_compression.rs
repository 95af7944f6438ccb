//! One test for each rule of decompression.

#![allow(clippy::unwrap_used, reason = "tests")]

use unroll_protocol::{
    compression::{CompressionError, Corruption, Decompressed, StreamEnd, decompress},
    forks::{DerivationRules, Fork, ForkTimes},
    units::L1Time,
};
use unroll_testing::{
    batcher::{self, Compression},
    noise::Noise,
};

fn rules(fork: Fork) -> &'static DerivationRules {
    let forks = Fork::ALL.into_iter().filter(|&each| each <= fork);
    forks.fold(ForkTimes::NONE, |times, fork| times.with(fork, 0)).derivation(L1Time(0))
}

fn fjord(channel: &[u8]) -> Result<Decompressed, CompressionError> {
    decompress(channel, rules(Fork::Fjord))
}

/// Data that neither compresses to nothing nor not at all.
fn data(length: usize) -> Vec<u8> {
    let mut noise = Noise(length as u64);
    (0..length).map(|_| b"abcdefghijklmnop"[noise.below(16)]).collect()
}

const BOTH: [Compression; 2] = [Compression::Zlib(6), Compression::Brotli(5)];

/// E-001: the first byte selects the format, and unknown ones and empty channels yield nothing.
#[test]
fn e_001_formats() {
    let data = data(1_000);
    for how in BOTH {
        let channel = batcher::compress(&data, how);
        assert_eq!(
            fjord(&channel).unwrap(),
            Decompressed { bytes: data.clone().into(), end: StreamEnd::Complete }
        );
    }
    assert_eq!(fjord(&[]), Err(CompressionError::Empty));
    for first in 0..=255u8 {
        let result = fjord(&[first, 0, 0]);
        match first & 0x0f {
            8 | 15 => assert!(matches!(result, Err(CompressionError::ZlibHeader(_))), "{first:#x}"),
            _ if first == 1 => assert!(result.is_ok()),
            _ => assert_eq!(result, Err(CompressionError::UnknownFormat(first))),
        }
    }
}

/// E-002: Brotli from Fjord on.
#[test]
fn e_002_brotli_from_fjord() {
    let channel = batcher::compress(b"data", Compression::Brotli(5));
    assert_eq!(decompress(&channel, rules(Fork::Ecotone)), Err(CompressionError::BrotliInactive));
    assert_eq!(decompress(&channel, rules(Fork::Fjord)).unwrap().bytes, b"data"[..]);
    let channel = batcher::compress(b"data", Compression::Zlib(6));
    assert_eq!(decompress(&channel, rules(Fork::Bedrock)).unwrap().bytes, b"data"[..]);
}

/// E-003: method 8, a window of at most 32 KiB, check bits, no dictionary.
#[test]
fn e_003_zlib_header() {
    let channel = batcher::compress(b"data", Compression::Zlib(6));
    let with = |method_and_window: u8, flags: u8| {
        let check = 31 - u16::from_be_bytes([method_and_window, flags]) % 31;
        let header = [method_and_window, flags + check.to_le_bytes()[0] % 31];
        (fjord(&[&header, &channel[2..]].concat()), CompressionError::ZlibHeader(header))
    };
    assert_eq!(with(0x78, 0x80).0.unwrap().bytes, b"data"[..]);
    assert_eq!(with(0x08, 0x80).0.unwrap().bytes, b"data"[..], "the smallest window");
    for (method_and_window, flags) in [(0x7f, 0x80), (0x88, 0x80), (0x78, 0xa0)] {
        let (result, error) = with(method_and_window, flags);
        assert_eq!(result, Err(error));
    }
    assert_eq!(fjord(&[0x78, 0x9d]), Err(CompressionError::ZlibHeader([0x78, 0x9d])));
    assert_eq!(fjord(&[0x78]), Err(CompressionError::ZlibHeader([0x78, 0])));
}

/// E-004: whatever was decoded before a truncation stands; the more bytes there are, the more comes out.
#[test]
fn e_004_truncation_keeps_what_came_before() {
    let data = data(50_000);
    for how in BOTH {
        let channel = batcher::compress(&data, how);
        let mut longest = 0;
        for cut in (3..channel.len()).step_by(997).chain([channel.len() - 1]) {
            let Decompressed { bytes, end } = fjord(&channel[..cut]).unwrap();
            assert_eq!(end, StreamEnd::Truncated);
            assert!(data.starts_with(&bytes));
            assert!(bytes.len() >= longest);
            longest = bytes.len();
        }
        assert!(longest > 49_000, "{longest} bytes before the last one is missing");
    }
}

/// E-004: so does what was decoded before a corrupt spot, and all of it if only the checksum is wrong.
#[test]
fn e_004_corruption_keeps_what_came_before() {
    let data = data(50_000);
    let mut channel = batcher::compress(&data, Compression::Zlib(6));
    *channel.last_mut().unwrap() ^= 1;
    let wrong_checksum = fjord(&channel).unwrap();
    assert_eq!(wrong_checksum.bytes, data);
    assert_eq!(wrong_checksum.end, StreamEnd::Corrupt(Corruption::Checksum));

    channel.truncate(channel.len() - 4);
    assert_eq!(
        fjord(&channel).unwrap(),
        Decompressed { bytes: data.clone().into(), end: StreamEnd::Truncated }
    );

    // A stored block of 16 bytes, and then one of a type that does not exist.
    let first: Vec<u8> = [&[0x78, 0x01, 0, 0x10, 0, 0xef, 0xff][..], &data[..16], &[0b110]].concat();
    let corrupt = fjord(&first).unwrap();
    assert_eq!(corrupt.bytes, data[..16]);
    assert_eq!(corrupt.end, StreamEnd::Corrupt(Corruption::Deflate));
}

/// E-004, E-005 for Brotli: the reference hands over what it decoded whenever it has used up a piece of its input, 4,095 bytes
/// at first and 32 KiB later on. So what stands is what the pieces before the fault hold, to the byte, and nothing of the piece
/// in which it lies.
#[test]
fn e_004_brotli_hands_over_at_pieces() {
    let data = data(200_000);
    let good = batcher::compress(&data, Compression::Brotli(5));
    let mut kept = vec![];
    for at in [2_000, 8_000, 30_000, 40_000, 80_000] {
        let mut channel = good.clone();
        let mut noise = Noise(5);
        channel[at..].fill_with(|| noise.next().to_le_bytes()[0]);
        let Decompressed { bytes, end } = fjord(&channel).unwrap();
        assert_eq!(end, StreamEnd::Corrupt(Corruption::Brotli));
        // Noise may be read as data for a while. Channels cut where a piece ends tell in which piece it is not any more; their
        // first byte, the version, is no part of a piece.
        let ends = (0..).map(|pieces| 4_095 + 32_768 * pieces);
        let whole = ends.map(|end| (end, fjord(&channel[..=end]).unwrap()));
        let whole = whole.take_while(|(_, decompressed)| decompressed.end == StreamEnd::Truncated).last();
        let (end, expected) = whole.map_or((0, Default::default()), |(end, whole)| (end, whole.bytes));
        assert_eq!(bytes, expected, "noise from {at}");
        kept.push(end);
    }
    assert_eq!(kept, [0, 4_095, 4_095, 36_863, 69_631]);
}

/// E-005: bytes after the end are not looked at; a window larger than RFC 7932 has is malformed.
#[test]
fn e_005_brotli_leniency() {
    let data = data(1_000);
    for how in BOTH {
        let mut channel = batcher::compress(&data, how);
        channel.extend([0xff; 100]);
        assert_eq!(
            fjord(&channel).unwrap(),
            Decompressed { bytes: data.clone().into(), end: StreamEnd::Complete }
        );
    }
    // 0x11 announces the large-window extension, and 24 bits of window follow.
    let large = fjord(&[1, 0x11, 24, 0x03, 0, 0]).unwrap();
    assert_eq!(
        large,
        Decompressed { bytes: Default::default(), end: StreamEnd::Corrupt(Corruption::Brotli) }
    );
}

/// E-005: a meta-block that yields more than it announces is malformed, and so are padding bits that are not zero.
#[test]
fn e_005_brotli_strictness() {
    let good = batcher::compress(b"", Compression::Brotli(5));
    assert_eq!(fjord(&good).unwrap().end, StreamEnd::Complete);
    // An empty last meta-block is two bits, after four for the window of 64 KiB: 0 11; the rest of the byte is padding.
    assert_eq!(fjord(&[1, 0b0000_0110]).unwrap().end, StreamEnd::Complete);
    assert_eq!(fjord(&[1, 0b0100_0110]).unwrap().end, StreamEnd::Corrupt(Corruption::Brotli));
}

/// E-010: the limit grows with Fjord. Exactly the limit is complete; of more, the first bytes count.
#[test]
fn e_010_limit() {
    for (fork, limit) in [(Fork::Ecotone, 10_000_000), (Fork::Fjord, 100_000_000)] {
        let data = vec![5; limit + 1];
        for how in [Compression::Zlib(1), Compression::Brotli(1)] {
            if matches!(how, Compression::Brotli(_)) && fork == Fork::Ecotone {
                continue;
            }
            let exactly = decompress(&batcher::compress(&data[..limit], how), rules(fork)).unwrap();
            assert_eq!((exactly.bytes.len(), exactly.end), (limit, StreamEnd::Complete));
            let more = decompress(&batcher::compress(&data, how), rules(fork)).unwrap();
            assert_eq!((more.bytes.len(), more.end), (limit, StreamEnd::Limit));
        }
    }
}

/// E-010: a fault beyond the limit does not matter.
#[test]
fn e_010_fault_after_the_limit() {
    let small = DerivationRules { max_rlp_bytes_per_channel: 1_000, ..*rules(Fork::Fjord) };
    let data = data(50_000);
    for how in BOTH {
        let channel = batcher::compress(&data, how);
        for channel in [&channel[..], &channel[..channel.len() - 5]] {
            let Decompressed { bytes, end } = decompress(channel, &small).unwrap();
            assert_eq!((&bytes[..], end), (&data[..1_000], StreamEnd::Limit));
        }
    }
}
