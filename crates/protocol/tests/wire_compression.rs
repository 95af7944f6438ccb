//! One test for each rule of decompression.

#![allow(clippy::unwrap_used, reason = "tests")]

use alloy_primitives::{Bytes, hex};
use unroll_protocol::{
    compression::{self, CompressionError, Corruption, Decompressed, StreamEnd},
    forks::{DerivationRules, Fork, ForkTimes},
    reader::Reader,
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

fn decompress(channel: &[u8], rules: &DerivationRules) -> Result<Decompressed, CompressionError> {
    compression::decompress([Bytes::copy_from_slice(channel)], rules)
}

fn ended(bytes: &[u8], end: StreamEnd) -> Decompressed {
    Decompressed { bytes: Bytes::copy_from_slice(bytes), end, lost: 0 }
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
        assert_eq!(fjord(&channel).unwrap(), ended(&data, StreamEnd::Complete));
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

/// E-003: method 8, a window of at most 32 KiB, check bits, no dictionary but the empty one.
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
    // 1 is the checksum of no bytes, by which the reference knows the dictionary that it does not have.
    let announced = |id: u8| fjord(&[&[0x78, 0xbb, 0, 0, 0, id], &channel[2..]].concat());
    assert_eq!(announced(1).unwrap(), ended(b"data", StreamEnd::Complete));
    assert_eq!(announced(0), Err(CompressionError::ZlibHeader([0x78, 0xbb])));
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
            let Decompressed { bytes, end, .. } = fjord(&channel[..cut]).unwrap();
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
    assert_eq!(fjord(&channel).unwrap(), ended(&data, StreamEnd::Truncated));

    // A stored block of 16 bytes, and then one of a type that does not exist.
    let first: Vec<u8> = [&[0x78, 0x01, 0, 0x10, 0, 0xef, 0xff][..], &data[..16], &[0b110]].concat();
    let corrupt = fjord(&first).unwrap();
    assert_eq!(corrupt.bytes, data[..16]);
    assert_eq!(corrupt.end, StreamEnd::Corrupt(Corruption::Deflate));
}

/// Strings of these sizes, RLP-wrapped; they compress to less than the reference reads at once.
fn stream(sizes: &[usize]) -> Vec<u8> {
    batcher::stream(sizes.iter().map(|&size| vec![b'a'; size]))
}

/// The sizes of the batches that can be read out of a channel.
fn readable(channel: &[u8]) -> Vec<usize> {
    let Decompressed { bytes, .. } = fjord(channel).unwrap();
    let mut reader = Reader::new(&bytes);
    let mut sizes = vec![];
    while let Ok(string) = reader.rlp_string() {
        sizes.push(string.payload.len());
    }
    sizes
}

/// E-004: a fault costs the last batch if the reference reads its end past its buffer of 4,096 bytes, because the error is
/// that read's. Sizes and losses are those of op-node's own reader.
#[test]
fn e_004_a_fault_may_cost_the_last_batch() {
    let cases: [(&[usize], usize); 12] = [
        (&[100], 0),
        (&[8_100], 0),
        (&[9_000], 1),
        (&[20_000], 1),
        (&[50_000], 1),
        (&[100_000], 0), // ends soon after a full window
        (&[1_000_000], 1),
        (&[3_000, 3_000, 3_000], 0),
        (&[4_500, 4_500], 0),
        (&[10_000, 10_000], 1),
        (&[25_000, 25_000], 1),
        (&[32_765], 0), // ends with the window, and the error comes alone
    ];
    for (sizes, lost) in cases {
        let good = batcher::compress(&stream(sizes), Compression::Zlib(6));
        assert_eq!(readable(&good), sizes);
        let mut wrong = good.clone();
        *wrong.last_mut().unwrap() ^= 1;
        for bad in [&wrong[..], &good[..good.len() - 4], &good[..good.len() - 1]] {
            assert_eq!(readable(bad), sizes[..sizes.len() - lost], "{sizes:?}");
        }
        let Decompressed { bytes, lost, .. } = fjord(&wrong).unwrap();
        assert_eq!(bytes.len() + lost, stream(sizes).len());
    }
}

/// E-004: Some batchers flush the compressor and never close it: the reference has all bytes before it misses the end.
#[test]
fn e_004_flushed_streams_keep_the_last_batch() {
    let stored = |block: &[u8]| {
        let length = u16::try_from(block.len()).unwrap();
        [&[0][..], &length.to_le_bytes(), &(!length).to_le_bytes(), block].concat()
    };
    let unfinished = [vec![0x78, 0x01], stored(&stream(&[20_000]))].concat();
    assert!(readable(&unfinished).is_empty());
    assert_eq!(readable(&[unfinished, stored(&[])].concat()), [20_000]);
}

/// Bits as deflate has them, the lowest first.
#[derive(Default)]
struct BitWriter {
    bytes: Vec<u8>,
    count: usize,
}

impl BitWriter {
    fn bits(mut self, value: usize, count: usize) -> Self {
        for bit in 0..count {
            if self.count.is_multiple_of(8) {
                self.bytes.push(0);
            }
            *self.bytes.last_mut().unwrap() |= u8::from(value >> bit & 1 == 1) << (self.count % 8);
            self.count += 1;
        }
        self
    }

    /// A last block with these code lengths, which are themselves coded as numbers of four bits, 0 to 15.
    fn dynamic(self, literals: &[usize], distances: &[usize]) -> Self {
        let head = self.bits(1, 1).bits(2, 2).bits(literals.len() - 257, 5).bits(distances.len() - 1, 5);
        let head = head.bits(15, 4).bits(0, 9); // 16, 17 and 18 are not used
        let head = (0..16).fold(head, |writer, _| writer.bits(4, 3));
        // Codes come with their first bit first.
        let lengths = literals.iter().chain(distances);
        lengths.fold(head, |writer, &length| {
            (0..4).rev().fold(writer, |writer, bit| writer.bits(length >> bit, 1))
        })
    }

    fn zlib(self) -> Vec<u8> {
        [&[0x78, 0x01], &self.bytes[..]].concat()
    }
}

/// E-004: which codes deflate streams may have is for Go's decoder to say; others accept more or less.
#[test]
fn e_004_codes_as_in_the_reference() {
    let corrupt = |channel: &[u8]| fjord(channel).unwrap().end == StreamEnd::Corrupt(Corruption::Deflate);
    // "a" and the end marker with one bit each, "a" three times.
    let literals = |count: usize, lengths: &[(usize, usize)]| {
        let mut code = vec![0; count];
        lengths.iter().for_each(|&(symbol, length)| code[symbol] = length);
        code
    };
    let plain = literals(257, &[(97, 1), (256, 1)]);
    let text = |literals: &[usize], distances: &[usize]| {
        BitWriter::default().dynamic(literals, distances).bits(0b1000, 4).bits(0, 40).zlib()
    };
    let decoded = |channel: &[u8]| {
        let Decompressed { bytes, end, .. } = fjord(channel).unwrap();
        assert_eq!(end, StreamEnd::Corrupt(Corruption::Checksum));
        bytes
    };
    for distances in [&[0][..], &[1], &[1, 1], &[0; 30]] {
        assert_eq!(decoded(&text(&plain, distances)), b"aaa"[..], "{distances:?}");
    }
    assert!(corrupt(&text(&plain, &[2])), "one code of two bits");
    assert!(corrupt(&text(&plain, &[1, 1, 1])), "too many codes");
    assert!(corrupt(&text(&plain, &[1, 2])), "a code is missing");
    assert!(corrupt(&text(&plain, &[0; 31])), "more distances than there are");
    assert!(corrupt(&text(&literals(287, &[(97, 1), (256, 1)]), &[0])), "more literals than there are");
    assert!(corrupt(&text(&literals(257, &[(97, 2), (256, 1)]), &[0])), "a literal is missing");
    assert!(corrupt(&text(&literals(257, &[]), &[0])), "no literals at all");
    // A match where no distance has a code.
    let matching = literals(258, &[(97, 1), (256, 2), (257, 2)]);
    let no_distance = BitWriter::default().dynamic(&matching, &[0]).bits(0b110, 3).bits(0, 40).zlib();
    assert!(corrupt(&no_distance));
    // The same with one distance, 1, which takes a bit: "a", three more, and the end.
    let distance = BitWriter::default().dynamic(&matching, &[1]).bits(0b01_0110, 6).bits(0, 47).zlib();
    assert_eq!(decoded(&distance), b"aaaa"[..]);
}

/// E-004: the reference reads as many bits as the end marker has before it looks for a symbol.
#[test]
fn e_004_the_last_symbols_of_a_truncated_stream() {
    // "a" has one bit, the end marker eight: of the eight bits at the end it takes one, and then there are too few.
    let mut code = vec![0; 257];
    code[97] = 1;
    (2..=7).for_each(|length| code[length] = length);
    (code[8], code[256]) = (8, 8);
    let head = BitWriter::default().dynamic(&code, &[0]);
    let padding = 8 - head.count % 8;
    let channel = head.bits(0, padding).bits(0, 8).zlib();
    assert_eq!(fjord(&channel).unwrap(), ended(&vec![b'a'; padding + 1], StreamEnd::Truncated));
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
        let Decompressed { bytes, end, .. } = fjord(&channel).unwrap();
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

/// E-005: a stream with bytes after its end is complete; a window larger than RFC 7932 has is malformed.
#[test]
fn e_005_brotli_leniency() {
    let data = data(1_000);
    for how in BOTH {
        let mut channel = batcher::compress(&data, how);
        channel.extend([0xff; 100]);
        assert_eq!(fjord(&channel).unwrap(), ended(&data, StreamEnd::Complete));
    }
    // 0x11 announces the large-window extension, and 24 bits of window follow.
    let large = fjord(&[1, 0x11, 24, 0x03, 0, 0]).unwrap();
    assert_eq!(large, ended(&[], StreamEnd::Corrupt(Corruption::Brotli)));
}

/// E-005: bytes after a Brotli stream cost the last batch where a fault would, unless the reference has not read them yet.
#[test]
fn e_005_bytes_after_brotli_may_cost_the_last_batch() {
    let cases: [(&[usize], usize); 8] = [
        (&[100], 0),
        (&[8_100], 0),
        (&[9_000], 1),
        (&[100_000], 1), // no window to hand over at, as with zlib
        (&[3_000, 3_000, 3_000], 0),
        (&[10_000, 10_000], 1),
        (&[25_000, 25_000], 1),
        (&[10_000, 10_000, 10], 0),
    ];
    for (sizes, lost) in cases {
        let mut channel = batcher::compress(&stream(sizes), Compression::Brotli(5));
        assert_eq!(readable(&channel), sizes);
        for _ in 0..2 {
            channel.push(0);
            assert_eq!(readable(&channel), sizes[..sizes.len() - lost], "{sizes:?}");
        }
        channel.truncate(channel.len() - 3);
        let Decompressed { end, lost, .. } = fjord(&channel).unwrap();
        assert_eq!((end, lost), (StreamEnd::Truncated, 0));
    }
}

/// E-004: a fault withholds what lies in the decoder's ring buffer, and the reference's has at least 1,024 bytes. Here padding is
/// not zero, after 16 batches of one byte.
#[test]
fn e_004_brotli_withholds_its_ring() {
    let channel = hex::decode("011b1f0000047470a3802e90c0042e1042a58852813c5cccb5e4f087").unwrap();
    assert_eq!(fjord(&channel).unwrap(), ended(&[], StreamEnd::Corrupt(Corruption::Brotli)));
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
            let Decompressed { bytes, end, .. } = decompress(channel, &small).unwrap();
            assert_eq!((&bytes[..], end), (&data[..1_000], StreamEnd::Limit));
        }
    }
}
