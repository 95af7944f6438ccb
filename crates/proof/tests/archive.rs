//! The archive's format: what is refused, and where, before anything is sized by it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]
#![allow(clippy::cast_possible_truncation, reason = "lengths of test data")]

use alloy_primitives::{B256, Bytes, keccak256};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use unroll_proof::{
    Archive,
    archive::{
        ArchiveError, ArenaFault, ArenaStats, ArenaWriter, CLAIM_BYTES, Claim, Claims, Kind,
        MAX_SECTION_BYTES, fuzz_archive, header,
    },
    witness::WitnessError,
};

/// A line of the table of contents as bytes, all of which may be wrong.
struct Line {
    kind: u8,
    coding: u8,
    stored: u64,
    length: u64,
    hash: B256,
}

impl Line {
    fn of(kind: u8, bytes: &[u8]) -> Self {
        let length = bytes.len() as u64;
        Self { kind, coding: 0, stored: length, length, hash: sha256(bytes) }
    }
}

fn sha256(bytes: &[u8]) -> B256 {
    B256::new(Sha256::digest(bytes).into())
}

/// A file with the right root, whatever is in it.
fn seal(header: [u8; 16], body: &[u8], lines: &[Line], length: impl Fn(u32) -> u32) -> Bytes {
    let mut table = Vec::new();
    for line in lines {
        table.extend([line.kind, line.coding]);
        table.extend(line.stored.to_le_bytes());
        table.extend(line.length.to_le_bytes());
        table.extend(line.hash);
    }
    let table_length = length(u32::try_from(table.len()).unwrap());
    let end = (body.len() + table.len()).checked_sub(table_length as usize);
    let covered = end.map_or(Vec::new(), |end| [body, &table].concat()[end..].to_vec());
    let root = sha256(&[&header[..], &covered].concat());
    let trailer = [&table_length.to_le_bytes()[..], root.as_slice(), b"\nLLORNU\x89"].concat();
    [&header[..], body, &table, &trailer].concat().into()
}

/// A file of these sections.
fn file(sections: &[(Kind, &[u8])]) -> Archive {
    let lines: Vec<Line> = sections.iter().map(|(kind, bytes)| Line::of(*kind as u8, bytes)).collect();
    let body: Vec<u8> = sections.iter().flat_map(|(_, bytes)| bytes.iter().copied()).collect();
    Archive::stored(seal(header(), &body, &lines, |length| length)).unwrap()
}

fn refused(body: &[u8], lines: &[Line]) -> ArchiveError {
    Archive::stored(seal(header(), body, lines, |length| length)).unwrap_err()
}

fn number(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

#[test]
fn tables_are_checked() {
    let line = |kind| Line::of(kind, b"ab");
    assert_eq!(refused(b"ab", &[line(0)]), ArchiveError::Kind(0));
    assert_eq!(refused(b"ab", &[line(9)]), ArchiveError::Kind(9));
    assert_eq!(refused(b"abab", &[line(2), line(2)]), ArchiveError::Order(Kind::RollupConfig));
    assert_eq!(refused(b"abab", &[line(5), line(1)]), ArchiveError::Order(Kind::Claims));
    let coding = ArchiveError::Coding { section: Kind::Claims, coding: 2 };
    assert_eq!(refused(b"ab", &[Line { coding: 2, ..line(1) }]), coding);
    assert_eq!(
        refused(b"ab", &[Line { length: 3, ..line(1) }]),
        ArchiveError::Lengths { section: Kind::Claims }
    );
    for length in [MAX_SECTION_BYTES + 1, u64::MAX] {
        let too_long = ArchiveError::TooLong { section: Kind::Blobs, length };
        assert_eq!(refused(b"ab", &[Line { length, coding: 1, ..line(8) }]), too_long);
        assert_eq!(refused(b"ab", &[Line { stored: length, ..line(8) }]), too_long);
    }
    let room = ArchiveError::Room { section: Kind::Claims, room: 1 };
    assert_eq!(refused(b"a", &[line(1)]), room);
    assert_eq!(refused(b"abc", &[line(1)]), ArchiveError::Gap { sections: 2, room: 3 });
    let other_length = |length: fn(u32) -> u32| Archive::stored(seal(header(), b"ab", &[line(1)], length));
    assert_eq!(other_length(|length| length + 1).unwrap_err(), ArchiveError::Table { length: 51 });
    assert_eq!(other_length(|_| u32::MAX).unwrap_err(), ArchiveError::Table { length: u32::MAX });
    let mut reserved = header();
    reserved[13] = 1;
    let file = seal(reserved, b"ab", &[line(1)], |length| length);
    assert_eq!(Archive::stored(file).unwrap_err(), ArchiveError::Reserved);
}

#[test]
fn sections_are_checked_when_they_are_opened() {
    let wrong = Line { hash: B256::ZERO, ..Line::of(2, b"{}") };
    let archive = Archive::stored(seal(header(), b"{}", &[wrong], |length| length)).unwrap();
    let damaged = ArchiveError::Damaged { section: Kind::RollupConfig };
    assert_eq!(archive.section(Kind::RollupConfig).unwrap_err(), damaged);
    assert_eq!(archive.section(Kind::L1Config).unwrap(), Bytes::new());
    // A frame that is none, or whose content has another length.
    let packed = |length| Line { coding: 1, length, ..Line::of(2, b"{}") };
    let bytes = seal(header(), b"{}", &[packed(7)], |length| length);
    let open = |inflate| Archive::new(bytes.clone(), inflate).unwrap().section(Kind::RollupConfig);
    let broken = Err(ArchiveError::Zstd { section: Kind::RollupConfig });
    assert_eq!(open(|_, _| false), broken);
    let ones = |_: &[u8], into: &mut [u8]| {
        into.fill(1);
        true
    };
    assert_eq!(open(ones).unwrap(), vec![1; 7]);
    let compressed = Archive::stored(bytes.clone()).unwrap().section(Kind::RollupConfig);
    assert_eq!(compressed, Err(ArchiveError::Compressed { section: Kind::RollupConfig }));
}

#[test]
fn claims_are_records() {
    let claim = Claim {
        l1_head: B256::repeat_byte(1),
        agreed_output_root: B256::repeat_byte(2),
        claimed_output_root: B256::repeat_byte(3),
        agreed_block_number: 4,
        claimed_block_number: 5,
    };
    let claims = Claims { chain_id: 6, claims: vec![claim, claim] };
    let bytes = claims.encode();
    assert_eq!(bytes.len(), 8 + 2 * CLAIM_BYTES);
    assert_eq!(file(&[(Kind::Claims, &bytes)]).claims().unwrap(), claims);
    for length in (0..bytes.len()).filter(|length| *length != 8 + CLAIM_BYTES) {
        let refused = file(&[(Kind::Claims, &bytes[..length])]).claims().unwrap_err();
        assert_eq!(refused, ArchiveError::Claims { length });
    }
    assert_eq!((claim.blocks(), Claim { claimed_block_number: 3, ..claim }.blocks()), (1, 0));
}

#[test]
fn arenas_are_checked() {
    let arena = |index: &[u8], data: &[u8]| {
        let archive = file(&[(Kind::KeccakIndex, index), (Kind::KeccakData, data)]);
        archive.keccak().map_err(|error| match error {
            ArchiveError::Arena { section: Kind::KeccakIndex, value, fault } => (value, fault),
            other => panic!("{other:?}"),
        })
    };
    let (one, two) = (keccak256(b"a"), keccak256([b"xy", keccak256(b"a").as_slice(), b"z"].concat()));
    // "a", and "xy" + hash of "a" + "z"
    let index = [1, 0, 35, 1, 2, 0];
    let hashes: Vec<B256> = arena(&index, b"axyz").unwrap().into_iter().map(|(hash, _)| hash).collect();
    assert_eq!(hashes, [one, two]);
    let archive = file(&[(Kind::KeccakIndex, &index), (Kind::KeccakData, b"axyz")]);
    let stats = ArenaStats { values: 2, references: 1, bytes: 36 };
    assert_eq!(archive.arena_stats(Kind::KeccakIndex).unwrap(), stats);

    assert_eq!(arena(&index[..3], b"axyz"), Err((1, ArenaFault::IndexEnd)));
    assert_eq!(arena(&index[..5], b"axyz"), Err((1, ArenaFault::IndexEnd)));
    assert_eq!(arena(&index, b"axy"), Err((2, ArenaFault::Data { expected: 4, actual: 3 })));
    assert_eq!(arena(&index, b"axyz."), Err((2, ArenaFault::Data { expected: 4, actual: 5 })));
    assert_eq!(arena(&[1, 0, 33, 1, 2, 0], b"axyz"), Err((1, ArenaFault::Parts)));
    for (step, named) in [(2, 1), (1, -1), (4, 2)] {
        let index = [1, 0, 35, 1, 2, step];
        assert_eq!(arena(&index, b"axyz"), Err((1, ArenaFault::Reference(named))));
    }
    assert_eq!(arena(&[1, 0, 1, 0], b"aa"), Err((1, ArenaFault::Duplicate(one))));
    assert_eq!(arena(&[0x80, 0x00, 0], b""), Err((0, ArenaFault::Number)));
    assert_eq!(arena(&[0xff; 20], b""), Err((0, ArenaFault::Number)));
    let long = number(MAX_SECTION_BYTES);
    let index = [&long[..], &[0], &long, &[0]].concat();
    assert_eq!(arena(&index, b""), Err((1, ArenaFault::TooLong)));
    assert_eq!(arena(&number(MAX_SECTION_BYTES + 1), b""), Err((0, ArenaFault::TooLong)));
    // As many references as a number can say: the index ends, and nothing was reserved for them.
    let index = [&[1, 0][..], &long, &number(u64::MAX), &[0, 0, 0, 0]].concat();
    assert_eq!(arena(&index, b"a"), Err((1, ArenaFault::IndexEnd)));
}

#[test]
fn blobs_are_checked() {
    let mut record = vec![0; 48 + 131_072];
    record[0] = 0xc0;
    let witness = file(&[(Kind::Blobs, &record)]).witness().unwrap();
    assert_eq!((witness.stats().blobs, witness.stats().sha256), (1, 1));
    let short = file(&[(Kind::Blobs, &record[1..])]).blobs().unwrap_err();
    assert_eq!(short, ArchiveError::BlobSection { length: record.len() - 1 });
    record[100] = 1;
    let wrong = file(&[(Kind::Blobs, &record)]).witness().unwrap_err();
    assert!(matches!(wrong, ArchiveError::Witness(WitnessError::Blob { .. })), "{wrong:?}");
}

#[test]
fn written_arenas_are_read() {
    let values = [b"first".to_vec(), [b"=", keccak256(b"first").as_slice()].concat()];
    let mut writer = ArenaWriter::default();
    writer.push(&values[0], &[]);
    writer.push(&values[1], &[(1, 0)]);
    let (index, data) = writer.finish();
    assert_eq!(data, b"first=");
    let read = file(&[(Kind::Sha256Index, &[5, 0]), (Kind::Sha256Data, b"first")]).sha256().unwrap();
    assert_eq!(read, [(sha256(b"first"), Bytes::from_static(b"first"))]);
    let read = file(&[(Kind::KeccakIndex, &index), (Kind::KeccakData, &data)]).keccak().unwrap();
    assert_eq!(read.iter().map(|(_, value)| value.to_vec()).collect::<Vec<_>>(), values);
}

proptest! {
    /// The body that a fuzzer runs: no panic, and what is read is what its hashes say.
    #[test]
    fn fuzz(data in prop::collection::vec(any::<u8>(), 0..400)) {
        fuzz_archive(&data);
    }

    /// The same with small numbers, of which more are an index.
    #[test]
    fn fuzz_indexes(data in prop::collection::vec(0u8..40, 0..120)) {
        fuzz_archive(&data);
    }
}
