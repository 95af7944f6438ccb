//! The reading of channels against the encoders, and against hand-made cases of each law.

use super::reading::strings;
use crate::{
    batcher::{self, Compression},
    noise::Noise,
};

const LIMIT: u64 = 100_000_000;

fn read(channel: &[u8]) -> Vec<Vec<u8>> {
    strings(channel, LIMIT, true).collect()
}

/// Bits in the order in which they are read.
fn packed(bits: &str) -> Vec<u8> {
    let bits: Vec<_> = bits.bytes().filter(|&bit| bit != b' ').map(|bit| bit - b'0').collect();
    bits.chunks(8).map(|byte| byte.iter().rev().fold(0, |all, bit| all << 1 | bit)).collect()
}

/// A number, its lowest bit first.
fn number(value: usize, count: usize) -> String {
    (0..count).map(|at| if value >> at & 1 == 1 { '1' } else { '0' }).collect()
}

/// A block's head that gives these symbols codes of these lengths. All lengths have codes of four bits.
fn dynamic(literals: usize, lengths: &[(usize, usize)], distances: &[usize]) -> String {
    let mut all = vec![0; literals];
    lengths.iter().for_each(|&(symbol, length)| all[symbol] = length);
    let counts = number(literals - 257, 5) + &number(distances.len() - 1, 5) + &number(15, 4);
    let lengths: String = all.iter().chain(distances).map(|length| format!("{length:04b}")).collect();
    format!("101 {counts} 000000000 {} {lengths}", "001".repeat(16))
}

fn stored(last: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap();
    [&[last][..], &length.to_le_bytes(), &(!length).to_le_bytes(), data].concat()
}

/// What yields the stream, with a checksum that is right or not.
fn zlib(deflate: &[u8], stream: &[u8], right: bool) -> Vec<u8> {
    let (a, b) = stream.iter().fold((1, 0), |(a, b), &byte| {
        let a = (a + u32::from(byte)) % 65_521;
        (a, (a + b) % 65_521)
    });
    let checksum = (b << 16 | a) ^ u32::from(!right);
    [&[0x78, 0x01], deflate, &checksum.to_be_bytes()].concat()
}

/// E-001, E-020: what the encoders write is read, with each level and quality; of what is cut off, the start.
#[test]
fn channels_are_read() {
    let mut noise = Noise(1);
    let zlib = (0..=10).map(Compression::Zlib);
    for compression in zlib.chain((0..=11).map(Compression::Brotli)) {
        for most in [1, 100, 5_000, 40_000] {
            let written: Vec<Vec<u8>> = (0..4)
                .map(|_| (0..=noise.below(most)).map(|_| [1, 2, 7, 200][noise.below(4)]).collect())
                .collect();
            let channel = batcher::compress(&batcher::stream(&written), compression);
            assert_eq!(read(&channel), written, "{compression:?}");
            let cut = read(&channel[..noise.below(channel.len())]);
            assert!(written.starts_with(&cut));
        }
    }
}

/// E-001 to E-003.
#[test]
fn the_first_bytes_select_the_format() {
    let with_head = |head: &[u8]| {
        let channel = zlib(&stored(1, b"ab"), b"ab", true);
        read(&[head, &channel[2..]].concat()).len()
    };
    assert_eq!(with_head(&[0x78, 0x01]), 2);
    assert_eq!(with_head(&[0x08, 0x1d]), 2, "the smallest window is as good as any");
    assert_eq!(with_head(&[0x88, 0x1c]), 0, "the window is too large");
    assert_eq!(with_head(&[0x78, 0x02]), 0, "not a multiple of 31");
    assert_eq!(with_head(&[0x7f, 0x13]), 0, "zlib, and of another method");
    assert_eq!(with_head(&[0x78, 0x20, 0, 0, 0, 1]), 2, "the empty dictionary");
    assert_eq!(with_head(&[0x78, 0x20, 0, 0, 0, 2]), 0, "another dictionary");
    assert!(read(&[]).is_empty() && read(&[2, 1, 1]).is_empty());
    let brotli = batcher::compress(b"ab", Compression::Brotli(5));
    assert_eq!(strings(&brotli, LIMIT, false).count(), 0, "before Fjord");
    assert_eq!(strings(&brotli, LIMIT, true).count(), 2);
}

/// E-021, E-022.
#[test]
fn strings_are_canonical() {
    let after_a = |bytes: &[u8]| {
        let stream = [b"a", bytes, b"a"].concat();
        read(&zlib(&stored(1, &stream), &stream, true)).len()
    };
    let long = |head: &[u8], size: usize| after_a(&[head, &vec![9; size]].concat());
    assert_eq!(after_a(&[0x80]), 3, "the empty string");
    assert_eq!((after_a(&[0x81, 0x80]), after_a(&[0x81, 0x7f])), (3, 1));
    assert_eq!((long(&[0xb8, 56], 56), long(&[0xb8, 55], 55)), (3, 1));
    assert_eq!((long(&[0xb9, 1, 0], 256), long(&[0xb9, 0, 60], 60)), (3, 1));
    assert_eq!(after_a(&[0xc0]), 1, "a list");
    assert_eq!(after_a(&[0x83, 1]), 1, "cut off");
    assert_eq!(after_a(&[0xbf, 255, 255, 255, 255, 255, 255, 255, 255]), 1, "more than there can be");
}

/// E-010, E-011: the limit counts the bytes of the stream.
#[test]
fn the_limit_cuts_the_stream() {
    let channel = batcher::compress(&batcher::stream([[200; 100]; 2]), Compression::Zlib(6));
    let up_to = |limit| strings(&channel, limit, false).count();
    assert_eq!((up_to(204), up_to(203), up_to(102), up_to(101)), (2, 1, 1, 0));
}

/// E-004: an end that is not a good one takes what it comes with, if that is read past the buffer.
#[test]
fn the_last_piece_comes_with_the_end() {
    let read = |size: usize, blocks: &dyn Fn(&[u8]) -> Vec<u8>, right| {
        let stream = batcher::stream([vec![200; size]]);
        read(&zlib(&blocks(&stream), &stream, right)).len()
    };
    let one = |stream: &[u8]| stored(1, stream);
    assert_eq!((read(10_000, &one, true), read(10_000, &one, false)), (1, 0));
    assert_eq!((read(6_000, &one, true), read(6_000, &one, false)), (1, 1), "the end of it is buffered");
    // Handed over before the end: by an empty block, by a full window.
    let flushed = |stream: &[u8]| [stored(0, stream), stored(0, &[]), stored(1, &[])].concat();
    assert_eq!(read(10_000, &flushed, false), 1);
    let empty_at_the_end = |stream: &[u8]| [stored(0, stream), stored(1, &[])].concat();
    assert_eq!(read(10_000, &empty_at_the_end, false), 0);
    assert_eq!((read(32_765, &one, false), read(32_764, &one, false)), (1, 0));
}

/// E-004, E-005: the same for Brotli, whose decoder withholds what is in its ring when it meets a fault.
#[test]
fn brotli_ends_with_faults() {
    for (size, count) in [(100, 1), (10_000, 0)] {
        let mut channel = batcher::compress(&batcher::stream([vec![200; size]]), Compression::Brotli(9));
        channel.push(0);
        assert_eq!(read(&channel).len(), count, "what follows the stream comes with the last piece");
    }
    let mut channel = batcher::compress(&[7; 600], Compression::Brotli(9));
    assert_eq!(read(&channel).len(), 600);
    *channel.last_mut().unwrap() |= 0x80;
    assert_eq!(read(&channel).len(), 0, "a bit of padding is set");
}

/// E-004: Go decodes no symbol when there are not as many bits as the end of the block takes.
#[test]
fn cut_streams_end_early() {
    let codes = dynamic(257, &[(97, 1), (98, 2), (256, 2)], &[0]);
    for count in 1..20 {
        let bits = codes.clone() + &"0".repeat(count);
        // What fills the last byte is an "a" as well.
        let all = packed(&bits).len() * 8 - bits.matches(['0', '1']).count() + count;
        assert_eq!(read(&[&[0x78, 0x01][..], &packed(&bits)].concat()).len(), all - 1);
    }
}

/// RFC 1951, as strict as Go: which codes there may be, and what has no meaning. Each block begins with an "a".
#[test]
fn blocks_have_good_codes() {
    let count = |bits: String, stream: &[u8]| read(&zlib(&packed(&bits), stream, true)).len();
    let fixed = |rest: &str| count(format!("110 10010001 {rest}"), b"a");
    assert_eq!(fixed("0000000"), 1);
    let stored_after = |rest: &str| {
        let bits = format!("010 10010001 0000000 {rest}");
        read(&[&[0x78, 0x01], &packed(&bits)[..], &stored(1, b"bc")[1..]].concat()).len()
    };
    assert_eq!(stored_after("100"), 3, "a stored block begins with a byte");
    assert_eq!(stored_after("111"), 1, "no such kind of block");
    // A copy of three bytes: from one byte back, from two, from distance 30, with the symbol 286
    assert_eq!(count("110 10010001 0000001 00000 0000000".into(), b"aaaa"), 4);
    assert_eq!((fixed("0000001 00001"), fixed("0000001 11110"), fixed("11000110")), (1, 1, 1));
    // Codes of one's own: "a", the end, and a copy
    let lengths = [(97, 1), (256, 2), (257, 2)];
    let copied = |distances: &[usize], rest: &str| {
        count(format!("{} 0 11 {rest} 10", dynamic(258, &lengths, distances)), b"aaaa")
    };
    assert_eq!((copied(&[1], "0"), copied(&[1], "1")), (4, 1), "one code of one bit");
    assert_eq!(copied(&[0], "0"), 1, "no code");
    assert_eq!((copied(&[2], "0"), copied(&[1, 2], "0")), (0, 0), "incomplete");
    assert_eq!((copied(&[1, 1], "0"), copied(&[1, 1, 1], "0")), (4, 0), "too many");
    assert_eq!((copied(&[5; 30], "0"), copied(&[1; 31], "0")), (0, 0));
    let many = |literals| count(format!("{} 0 10", dynamic(literals, &lengths, &[0])), b"a");
    assert_eq!((many(286), many(287)), (1, 0));
}

/// Whatever comes, a channel is read to an end.
#[test]
fn nothing_breaks_the_readers() {
    let mut noise = Noise(2);
    let stream = batcher::stream((0..30).map(|size| vec![7; size * size]));
    let zlib = batcher::compress(&stream, Compression::Zlib(7));
    let brotli = batcher::compress(&stream, Compression::Brotli(7));
    for _ in 0..2_000 {
        let channel = noise.variant(&[zlib.clone(), brotli.clone()]);
        assert!(strings(&channel, 1 << 20, true).map(|string| string.len() + 1).sum::<usize>() <= 1 << 21);
    }
}
