//! Archives of real witnesses: written, read, pruned, split and merged; and damaged in every way.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod common;

use alloy_primitives::{B256, Bytes, keccak256};
use common::{Case, DEVNETS, SEPOLIA, case, config};
use proptest::prelude::*;
use std::{collections::BTreeMap, fs, io, path::PathBuf};
use unroll_host::archive::{
    self, Archive, ArchiveError, Claim, Claims, Coding, Compression, Contents, Kind, MergeError, RunError,
    Section, SplitError,
};
use unroll_host::store::Format;
use unroll_proof::{
    OracleBackend, PreimageKey, Transition, Witness,
    archive::{finish, header},
    claim,
    kzg::EvaluationPoints,
    preimage::KeyKind,
};

const FAST: Compression = Compression::Zstd(3);

fn written(contents: &Contents, compression: Compression) -> Bytes {
    let mut bytes = Vec::new();
    let root = archive::write(&mut bytes, contents, compression).unwrap();
    assert_eq!(Archive::new(bytes.clone().into(), archive::inflate).unwrap().root(), root);
    bytes.into()
}

fn read(bytes: impl Into<Bytes>) -> Result<Contents, ArchiveError> {
    Contents::of_archive(&Archive::new(bytes.into(), archive::inflate)?)
}

/// Runs the claims of an archive over nothing but what is in it.
fn judge(bytes: Bytes) -> Vec<bool> {
    let archive = Archive::new(bytes, archive::inflate).unwrap();
    let config = config(&Contents::of_archive(&archive).unwrap());
    let claims = archive.claims().unwrap();
    let mut witness = archive.witness().unwrap();
    let judge = |claim: &Claim| {
        let boot = claim.boot(claims.chain_id);
        let mut backend = OracleBackend::new(&mut witness, boot.l1_head);
        let agreed = backend.output(boot.agreed_output_root).unwrap();
        let mut transition = Transition::new(&config, backend, agreed).unwrap();
        assert_eq!(transition.agreed_number(), claim.agreed_block_number);
        claim::run(&mut transition, &boot).unwrap().outcome.is_valid()
    };
    claims.claims.iter().map(judge).collect()
}

fn pruned(case: Case) -> Contents {
    let config = case.config();
    let (pruned, verdicts) = archive::prune(case.contents, &config, &mut |_, _| {}).unwrap();
    assert!(verdicts.iter().all(|verdict| verdict.outcome.is_valid()));
    pruned
}

/// The records of a witness file, without results of precompiles, which are computed and not kept.
fn without_precompiles(records: &[u8]) -> Vec<u8> {
    let (mut kept, mut rest) = (Vec::new(), records);
    while let Some((header, after)) = rest.split_first_chunk::<36>() {
        let length = u32::from_le_bytes(header[32..].try_into().unwrap()) as usize;
        if header[0] != KeyKind::Precompile as u8 {
            kept.extend_from_slice(&rest[..36 + length]);
        }
        rest = &after[length..];
    }
    kept
}

/// Every witness comes back out of an archive byte for byte, compressed or not, and is judged from it as before.
#[test]
fn real_witnesses_come_back() {
    for name in DEVNETS.into_iter().chain([SEPOLIA]) {
        let Some(case) = case(name) else { return };
        for compression in [FAST, Compression::None] {
            let bytes = written(&case.contents, compression);
            let back = read(bytes.clone()).unwrap();
            assert!(back == case.contents, "{name}");
            assert!(back.records() == without_precompiles(&case.records), "{name}");
            assert!(written(&back, compression) == bytes, "{name}: the same contents, the same bytes");
            assert_eq!(judge(bytes), [true], "{name}");
        }
    }
}

/// What is stored as it is, is used where it lies.
#[test]
fn stored_values_are_not_copied() {
    let Some(case) = case(DEVNETS[1]) else { return };
    let bytes = written(&case.contents, Compression::None);
    let place = bytes.as_ptr_range();
    let archive = Archive::stored(bytes).unwrap();
    assert!(archive.sections().iter().all(|section| section.coding == Coding::Stored));
    let values = archive.keccak().unwrap();
    assert_eq!(values.len(), case.contents.preimages().len());
    for (hash, value) in values {
        assert!(place.contains(&value.as_ptr()), "{hash} was copied");
        assert_eq!(keccak256(&value), hash);
    }
}

/// A pruned archive holds exactly what a run reads: it is judged alike, pruning it again changes nothing, and without any one
/// of its preimages there is no verdict. The archive of OP Sepolia has less than 12 MiB, and no receipts but those
/// that a bloom does not rule out.
#[test]
fn pruned_archives() {
    for name in DEVNETS.into_iter().chain([SEPOLIA]) {
        let Some(case) = case(name) else { return };
        let config = case.config();
        let all = case.contents.preimages().len();
        let pruned = pruned(case);
        assert!(pruned.preimages().len() < all, "{name}");
        let bytes = written(&pruned, if name == SEPOLIA { Compression::default() } else { FAST });
        assert_eq!(judge(bytes.clone()), [true], "{name}");
        let (again, _) = archive::prune(read(bytes.clone()).unwrap(), &config, &mut |_, _| {}).unwrap();
        assert!(again == pruned, "{name}");
        if name == SEPOLIA {
            assert!(bytes.len() < 12 << 20, "{} bytes", bytes.len());
            assert_eq!((pruned.preimages().len(), pruned.blobs().len()), (6794, 6));
            continue;
        }
        for skip in pruned.preimages().keys() {
            let mut read = pruned.keyed();
            read.remove(skip);
            let mut less = pruned.clone();
            less.keep(&read);
            let error = archive::prune(less, &config, &mut |_, _| {}).unwrap_err().to_string();
            assert!(error.contains(&skip.to_string()), "{error} does not name {skip}");
        }
    }
}

/// A range in parts: each part is valid on its own, and merged they are the whole again, byte for byte once pruned.
#[test]
fn splitting_and_merging() {
    for (name, ends) in [
        (DEVNETS[0], &[11, 15][..]),
        (DEVNETS[1], &[275]),
        (DEVNETS[4], &[11, 12, 13, 14, 15, 16, 17, 18, 19]),
    ] {
        let Some(case) = case(name) else { return };
        let config = case.config();
        let whole = pruned(case);
        let mut progress = Vec::new();
        let parts =
            archive::split(&whole, &config, ends, &mut |done, all| progress.push((done, all))).unwrap();
        assert_eq!(progress, (1..=20).map(|done| (done, 20)).collect::<Vec<_>>());
        assert!(parts.iter().all(|(_, verdict)| verdict.outcome.is_valid()));
        let parts: Vec<_> = parts.into_iter().map(|(part, _)| part).collect();
        assert_eq!(parts.len(), ends.len() + 1);
        for part in &parts {
            assert_eq!(judge(written(part, FAST)), [true], "{name}");
            let (again, _) = archive::prune(part.clone(), &config, &mut |_, _| {}).unwrap();
            assert!(again == *part, "{name}: a part holds what its run reads");
        }
        let starts: Vec<_> = parts.iter().map(|part| part.claims.claims[0].agreed_block_number).collect();
        assert_eq!(starts[1..], *ends);
        // In any order.
        let merged = archive::merge(parts.iter().rev().cloned()).unwrap();
        assert_eq!(merged.claims, whole.claims);
        assert_eq!(judge(written(&merged, FAST)), [true], "{name}");
        let (merged, _) = archive::prune(merged, &config, &mut |_, _| {}).unwrap();
        assert!(written(&merged, FAST) == written(&whole, FAST), "{name}");
        // Without one in the middle, the others stand for themselves.
        if let [first, _, third] = &parts[..] {
            let merged = archive::merge([third.clone(), first.clone()]).unwrap();
            assert_eq!(merged.claims.claims.len(), 2);
            assert_eq!(judge(written(&merged, FAST)), [true, true]);
        }
    }
}

/// Where a range cannot be split, and what cannot be merged.
#[test]
fn impossible_parts() {
    let (Some(first), Some(second)) = (case(DEVNETS[0]), case(DEVNETS[2])) else { return };
    let config = first.config();
    let split = |ends: &[u64]| archive::split(&first.contents, &config, ends, &mut |_, _| {}).unwrap_err();
    for ends in [&[10][..], &[20], &[9], &[25], &[12, 12], &[13, 12]] {
        assert!(matches!(split(ends), SplitError::End { .. }), "{ends:?}");
    }
    assert_eq!(archive::merge([]).unwrap_err(), MergeError::Nothing);
    let error = archive::merge([first.contents.clone(), second.contents]).unwrap_err();
    assert_eq!(error, MergeError::Config { archive: 2, config: "rollup" });
    let mut other = first.contents.clone();
    other.claims.chain_id = 902;
    let error = archive::merge([first.contents.clone(), other]).unwrap_err();
    assert_eq!(error, MergeError::Chain { archive: 2, chain: 902, first: 901 });
    let two = archive::merge([first.contents.clone(), {
        let mut other = first.contents.clone();
        other.claims.claims[0].l1_head = B256::ZERO;
        other
    }]);
    let error = archive::split(&two.unwrap(), &config, &[15], &mut |_, _| {}).unwrap_err();
    assert!(matches!(error, SplitError::Claims(2)));
}

/// Of a range with a wrong claim the last part alone is invalid, and says so. What an archive notes of the agreed block must be so
/// for whoever runs it.
#[test]
fn what_a_run_finds_is_told() {
    let Some(case) = case(DEVNETS[0]) else { return };
    let config = case.config();
    let mut wrong = case.contents.clone();
    wrong.claims.claims[0].claimed_output_root = B256::repeat_byte(1);
    let parts = archive::split(&wrong, &config, &[12, 15], &mut |_, _| {}).unwrap();
    let valid: Vec<_> = parts.iter().map(|(_, verdict)| verdict.outcome.is_valid()).collect();
    assert_eq!(valid, [true, true, false]);
    let mut misnoted = case.contents;
    misnoted.claims.claims[0].agreed_block_number += 1;
    let error = archive::split(&misnoted, &config, &[15], &mut |_, _| {}).unwrap_err();
    assert!(matches!(error, SplitError::Run(RunError::AgreedBlock { noted: 11, actual: 10 })), "{error}");
    let error = archive::prune(misnoted, &config, &mut |_, _| {}).unwrap_err();
    assert!(matches!(error, RunError::AgreedBlock { noted: 11, actual: 10 }), "{error}");
}

/// An archive that was made with a blob that does not belong to its commitment is refused, whatever is done with it: pruned, merged,
/// compared, exported.
#[test]
fn lying_blobs_are_refused() {
    let claim = Claim {
        l1_head: B256::ZERO,
        agreed_output_root: B256::ZERO,
        claimed_output_root: B256::ZERO,
        agreed_block_number: 1,
        claimed_block_number: 2,
    };
    let claims = Claims { chain_id: 10, claims: vec![claim] };
    let infinity = [&[0xc0][..], &[0; 47]].concat(); // the commitment of a blob of zeros
    for (byte, is_right) in [(0, true), (1, false)] {
        let mut blob = vec![0; 131_072];
        blob[77] = byte;
        let sections = [(Kind::Claims, claims.encode()), (Kind::Blobs, [infinity.clone(), blob].concat())];
        let (mut file, mut table) = (header().to_vec(), Vec::new());
        for (kind, bytes) in sections {
            table.push(Section::new(kind, Coding::Stored, file.len(), &bytes, bytes.len()));
            file.extend(bytes);
        }
        file.extend(finish(&table).0);
        let contents = read(file);
        assert_eq!(contents.is_ok(), is_right, "{contents:?}");
        assert!(is_right || matches!(contents, Err(ArchiveError::Witness(_))));
    }
}

/// Any flipped bit of an archive, and any end that is missing, is an error; of a later version it says so.
#[test]
fn damage_is_found() {
    let Some(case) = case(DEVNETS[2]) else { return };
    let whole = pruned(case);
    for compression in [Compression::Zstd(19), Compression::None] {
        let bytes = written(&whole, compression);
        let mut named = std::collections::BTreeSet::new();
        for at in 0..bytes.len() {
            let mut flipped = bytes.to_vec();
            flipped[at] ^= 1 << (at % 8);
            match (at, read(flipped)) {
                (0..8, Err(ArchiveError::Magic)) | (8..12, Err(ArchiveError::Version { .. })) => {}
                (12.., Err(error)) => {
                    if let ArchiveError::Damaged { section } = error {
                        named.insert(section);
                    }
                }
                (at, other) => panic!("byte {at}: {:?}", other.map(|_| "accepted")),
            }
            let cut = read(bytes.slice(..at));
            assert!(
                matches!(cut, Err(ArchiveError::Truncated { .. } | ArchiveError::Magic)),
                "cut at {at}: {cut:?}"
            );
        }
        assert_eq!(
            named.into_iter().collect::<Vec<_>>(),
            [Kind::Claims, Kind::RollupConfig, Kind::KeccakIndex, Kind::KeccakData]
        );
        let mut longer = bytes.to_vec();
        longer.push(0);
        assert!(read(longer).is_err());
        let mut later = bytes.to_vec();
        later[8] = 2;
        let error = read(later).unwrap_err();
        assert_eq!(error, ArchiveError::Version { found: 2 });
        assert!(error.to_string().contains("a newer one is needed"));
    }
}

/// A file appears under its name when it is whole. A write that fails half-way leaves nothing, and what was there before.
#[test]
fn writes_are_whole_or_not_at_all() {
    let Some(case) = case(DEVNETS[2]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.unroll");
    let root = archive::save(&path, &case.contents, FAST).unwrap();
    assert_eq!(fs::read(&path).unwrap(), written(&case.contents, FAST));
    let archive = archive::open(&path).unwrap();
    assert_eq!(archive.root(), root);
    assert!(Contents::of_archive(&archive).unwrap() == case.contents);
    assert!(archive::is_archive(&path));

    // A section that is too long is found out after others were written.
    let mut endless = case.contents.clone();
    endless.l1_config = vec![0; (2 << 30) + 1].into();
    assert!(archive::save(&path, &endless, Compression::None).is_err());
    assert_eq!(fs::read(&path).unwrap(), written(&case.contents, FAST));
    assert!(archive::save(&folder.path().join("no/such/folder.unroll"), &case.contents, FAST).is_err());
    let left: Vec<PathBuf> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, [path]);

    // What a writer that breaks off has written is no archive, wherever that is.
    struct BreaksOff(Vec<u8>, usize);
    impl io::Write for BreaksOff {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let room = (self.1 - self.0.len()).min(bytes.len());
            self.0.extend_from_slice(&bytes[..room]);
            if room == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(room) }
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let whole = written(&case.contents, FAST).len();
    for end in (0..whole).step_by(97) {
        let mut out = BreaksOff(Vec::new(), end);
        assert!(archive::write(&mut out, &case.contents, FAST).is_err());
        assert!(read(out.0).is_err());
    }
}

/// A blob in a data directory: its elements under their own keys, and under keccak256 keys what those are the hashes of.
#[test]
fn blobs_in_a_directory() {
    let Some(case) = case(SEPOLIA) else { return };
    let mut one = case.contents;
    let (commitment, _) = one.blobs().first_key_value().unwrap();
    let key = PreimageKey::blob(commitment, EvaluationPoints::new().point(0));
    one.keep(&[(key, Bytes::new())].into());
    assert_eq!((one.preimages().len(), one.blobs().len()), (0, 1));
    let folder = tempfile::tempdir().unwrap();
    let mut values = one.keyed();
    assert_eq!(values.len(), 1 + 4096);
    values.extend(one.points());
    archive::write_directory(folder.path(), Format::Directory, &values).unwrap();
    let mut back = archive::read_directory(folder.path()).unwrap();
    assert_eq!(back.len(), 1 + 2 * 4096);
    let import = |values: &BTreeMap<B256, Bytes>| {
        let witness = Witness::from_records(&archive::records(values).into());
        let mut contents = Contents::new(one.claims.clone(), Bytes::new(), Bytes::new());
        contents.add_witness(&witness.unwrap()).map(|()| contents)
    };
    let mut all = import(&back).unwrap();
    assert_eq!((all.preimages().len(), all.blobs().len()), (4096, 1));
    all.drop_points();
    assert!(all == one);
    // An archive holds whole blobs: with an element missing, it is said which.
    back.remove(key.as_bytes());
    let error = import(&back).unwrap_err();
    assert!(
        error.to_string().contains("4095 elements of 4096") && error.to_string().contains(&key.to_string())
    );
}

/// An empty file, a folder, something else.
#[test]
fn what_is_no_archive() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    assert!(archive::open(&path).is_err() && !archive::is_archive(&path));
    for content in [&b""[..], b"\x89UNROLL", b"PK\x03\x04", b"{}"] {
        fs::write(&path, content).unwrap();
        let error = archive::open(&path).unwrap_err().to_string();
        assert!(error.starts_with(path.to_str().unwrap()), "{error}");
        assert!(!archive::is_archive(&path));
    }
    assert!(archive::open(folder.path()).is_err() && !archive::is_archive(folder.path()));
}

/// Values in which hashes of earlier values stand, at any place and with anything around them.
fn values() -> impl Strategy<Value = Vec<Bytes>> {
    let piece = (any::<Option<prop::sample::Index>>(), prop::collection::vec(any::<u8>(), 0..40));
    prop::collection::vec(prop::collection::vec(piece, 0..6), 0..40).prop_map(|shapes| {
        let mut values: Vec<Bytes> = Vec::new();
        for pieces in shapes {
            let mut value = Vec::new();
            for (reference, bytes) in pieces {
                let named = reference.filter(|_| !values.is_empty()).map(|index| index.get(&values));
                value.extend(named.map(keccak256).into_iter().flatten());
                value.extend(bytes);
            }
            values.push(value.into());
        }
        values
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is in an archive comes back out of it, and its size does not count hashes that can be computed.
    #[test]
    fn round_trip(
        values in values(),
        numbers in prop::collection::vec(any::<(u64, u64)>(), 1..4),
        configs in any::<[Vec<u8>; 2]>(),
    ) {
        let claims = numbers.iter().map(|&(agreed_block_number, claimed_block_number)| Claim {
            l1_head: keccak256(agreed_block_number.to_be_bytes()),
            agreed_output_root: B256::repeat_byte(1),
            claimed_output_root: B256::repeat_byte(2),
            agreed_block_number,
            claimed_block_number,
        });
        let claims = Claims { chain_id: numbers[0].0, claims: claims.collect() };
        let [rollup, l1] = configs;
        let mut witness = Witness::new();
        for (i, value) in values.iter().enumerate() {
            if i % 5 == 0 {
                witness.insert_sha256(value.clone());
            }
            witness.insert_keccak(value.clone());
        }
        if values.len() > 20 {
            let mut infinity = [0; 48];
            infinity[0] = 0xc0;
            witness.insert_blob(infinity, Box::default()).unwrap();
        }
        let mut contents = Contents::new(claims, rollup.into(), l1.into());
        contents.add_witness(&witness).unwrap();
        for compression in [FAST, Compression::None] {
            let bytes = written(&contents, compression);
            prop_assert!(read(bytes.clone()).unwrap() == contents);
            let archive = Archive::new(bytes, archive::inflate).unwrap();
            let back = archive.witness().unwrap();
            prop_assert_eq!(back.stats(), witness.stats());
            let data = archive.section(Kind::KeccakData).unwrap().len();
            let keccak = contents.preimages().iter().filter(|(key, _)| key.kind() == KeyKind::Keccak256);
            let all: usize = keccak.map(|(_, value)| value.len()).sum();
            let without_hashes = data <= all && compression == FAST;
            prop_assert!(without_hashes || data == all);
        }
    }
}
