//! What a witness lets in: values whose keys are computed, and nothing else (K-001, invariant 6).
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod common;

use alloy_primitives::{B256, Bytes, keccak256};
use common::{record, records};
use unroll_proof::{
    PreimageKey, PreimageOracle, Witness,
    kzg::KzgError,
    witness::{MAX_COMMITMENTS, WitnessError},
};

const DEVNET: &str = "witness/op-devnet901-canyon-2024-04-16-block20.preimages.zst";
const SEPOLIA: &str = "witness/op-sepolia-16491249.preimages.zst";

/// K-004, J-029: every value of a real witness is let in and found again under its key.
#[test]
fn a_devnet_witness_is_let_in() {
    let Some(file) = common::unzstd(DEVNET) else { return };
    let mut witness = Witness::from_records(&file).unwrap();
    let records = records(&file);
    assert_eq!(witness.stats().keccak, records.len());
    for (_, key, value) in &records {
        assert_eq!(witness.get(PreimageKey::from_bytes(key.into()).unwrap()).unwrap()[..], value[..]);
    }
    let read = witness.read_stats();
    assert_eq!(read.preimages, records.len() as u64);
    assert_eq!(read.bytes, records.iter().map(|(_, _, value)| value.len() as u64).sum::<u64>());
}

/// K-001: with any byte of any value flipped, the witness is refused and the key named. With any byte of a key flipped,
/// it is refused as well.
#[test]
fn any_flipped_byte_is_refused() {
    let Some(file) = common::unzstd(DEVNET) else { return };
    for (offset, key, value) in records(&file) {
        let key = PreimageKey::from_bytes(key.into()).unwrap();
        for at in [0, value.len() / 2, value.len() - 1] {
            let mut bytes = file.to_vec();
            bytes[offset + 36 + at] ^= 1;
            match Witness::from_records(&bytes.into()) {
                Err(WitnessError::Hash { key: named, .. }) => assert_eq!(named, key),
                other => panic!("{other:?}"),
            }
        }
        for at in 0..32 {
            let mut bytes = file.to_vec();
            bytes[offset + at] ^= 1;
            assert!(Witness::from_records(&bytes.into()).is_err(), "byte {at} of {key}");
        }
    }
}

/// K-010, K-011: a witness with blobs is let in, its blobs are whole, and each element is found under its own key. A
/// byte flipped in an element, a commitment or a plain value is refused by name; a precompile's result is not kept.
#[test]
fn a_witness_with_blobs() {
    let Some(file) = common::unzstd(SEPOLIA) else { return };
    let mut witness = Witness::from_records(&file).unwrap();
    let stats = witness.stats();
    assert_eq!((stats.keccak, stats.sha256, stats.blobs, stats.precompiles), (11343, 6, 6, 20));
    let records = records(&file);
    let of_kind = |kind: u8| records.iter().filter(move |(_, key, _)| key[0] == kind);
    for (_, key, value) in of_kind(5) {
        assert_eq!(witness.get(PreimageKey::from_bytes(key.into()).unwrap()).unwrap()[..], value[..]);
    }
    for (_, _, commitment) in of_kind(4) {
        let commitment = commitment.as_slice().try_into().unwrap();
        let whole = witness.blob(&commitment).unwrap();
        // The default way, element by element, gives the same blob.
        struct ByElement<'a>(&'a mut Witness);
        impl PreimageOracle for ByElement<'_> {
            type Error = unroll_proof::witness::Missing;
            fn get(&mut self, key: PreimageKey) -> Result<Bytes, Self::Error> {
                self.0.get(key)
            }
        }
        assert_eq!(ByElement(&mut witness).blob(&commitment).unwrap(), whole);
    }
    for (_, key, _) in of_kind(6) {
        assert!(witness.get(PreimageKey::from_bytes(key.into()).unwrap()).is_err());
    }
    for (offset, key, _) in of_kind(2).step_by(1500).chain(of_kind(4)) {
        let key = PreimageKey::from_bytes(key.into()).unwrap();
        let refused = refusal(&file, offset + 36);
        assert!(matches!(refused, WitnessError::Hash { key: named, .. } if named == key), "{refused:?}");
    }
    let commitments: Vec<_> =
        of_kind(4).map(|(_, key, _)| PreimageKey::from_bytes(key.into()).unwrap()).collect();
    for (offset, key, _) in of_kind(5).step_by(8000) {
        // The last byte: still an element, but another one. The first: no element at all, and named itself.
        match refusal(&file, offset + 36 + 31) {
            WitnessError::Blob { key, error: KzgError::Mismatch } => assert!(commitments.contains(&key)),
            other => panic!("{other:?}"),
        }
        let mut bytes = file.to_vec();
        bytes[offset + 36] = 0xff;
        let key = PreimageKey::from_bytes(key.into()).unwrap();
        assert_eq!(Witness::from_records(&bytes.into()).unwrap_err(), WitnessError::Element { key });
    }
}

/// K-010: a blob of which an element is withheld is absent, and the element is named; an element whose commitment is
/// withheld is refused.
#[test]
fn incomplete_blobs_are_absent() {
    let Some(file) = common::unzstd(SEPOLIA) else { return };
    let records = records(&file);
    let without = |skip: usize| {
        let kept =
            records.iter().enumerate().filter(|(i, (_, key, _))| *i != skip && matches!(key[0], 4 | 5));
        Bytes::from(kept.flat_map(|(_, (_, key, value))| record(key, value)).collect::<Vec<u8>>())
    };
    let element = records.iter().position(|(_, key, _)| key[0] == 5).unwrap() + 4321;
    let withheld = PreimageKey::from_bytes(records[element].1.into()).unwrap();
    let mut witness = Witness::from_records(&without(element)).unwrap();
    assert_eq!(witness.stats().blobs, 5);
    let mut named = Vec::new();
    for (_, _, commitment) in records.iter().filter(|(_, key, _)| key[0] == 4) {
        if let Err(error) = witness.blob(commitment.as_slice().try_into().unwrap()) {
            named.push(error.to_string());
        }
    }
    assert_eq!(named, [format!("preimage {withheld}: it is not in the witness")]);
    for (_, key, _) in records.iter().filter(|(_, key, _)| key[0] == 5).step_by(100) {
        let key = PreimageKey::from_bytes(key.into()).unwrap();
        if let Ok(value) = witness.get(key) {
            assert_eq!(value.len(), 32);
        }
    }
    let commitment = records.iter().position(|(_, key, _)| key[0] == 4).unwrap();
    let refused = Witness::from_records(&without(commitment)).unwrap_err();
    assert!(matches!(refused, WitnessError::StrayElement { key } if key[0] == 5), "{refused:?}");
}

/// K-002, K-003, K-005, K-007: keys of other kinds have no place in a witness.
#[test]
fn other_kinds_are_refused() {
    for kind in (0..=255u8).filter(|kind| !matches!(kind, 2 | 4 | 5 | 6)) {
        let mut key = B256::repeat_byte(7);
        key[0] = kind;
        let refused = Witness::from_records(&record(key.as_slice(), b"x").into()).unwrap_err();
        assert_eq!(refused, WitnessError::Kind { key, kind });
    }
}

/// Records must be whole, in order, and each key there once; no length makes it read past the end.
#[test]
fn the_file_must_be_well_formed() {
    let mut pairs: Vec<_> = [b"a".as_slice(), b"bb", b""]
        .map(|value| (*PreimageKey::keccak256(keccak256(value)).as_bytes(), value))
        .to_vec();
    pairs.sort();
    let file: Vec<u8> = pairs.iter().flat_map(|(key, value)| record(key.as_slice(), value)).collect();
    assert_eq!(Witness::from_records(&file.clone().into()).unwrap().stats().keccak, 3);
    let starts: Vec<usize> = records(&file).iter().map(|(offset, ..)| *offset).collect();
    for end in 0..file.len() {
        let result = Witness::from_records(&Bytes::copy_from_slice(&file[..end]));
        match starts.iter().rfind(|start| **start < end) {
            Some(_) if starts.contains(&end) => assert!(result.is_ok()),
            Some(&offset) => assert_eq!(result.unwrap_err(), WitnessError::Truncated { offset }),
            None => assert!(result.is_ok()),
        }
    }
    let twice =
        [record(pairs[0].0.as_slice(), pairs[0].1), record(pairs[0].0.as_slice(), pairs[0].1)].concat();
    assert_eq!(Witness::from_records(&twice.into()).unwrap_err(), WitnessError::Order { key: pairs[0].0 });
    let swapped =
        [record(pairs[1].0.as_slice(), pairs[1].1), record(pairs[0].0.as_slice(), pairs[0].1)].concat();
    assert_eq!(Witness::from_records(&swapped.into()).unwrap_err(), WitnessError::Order { key: pairs[0].0 });
    let mut long = record(pairs[0].0.as_slice(), b"");
    long[32..36].fill(0xff);
    assert_eq!(Witness::from_records(&long.into()).unwrap_err(), WitnessError::Truncated { offset: 0 });
}

/// K-061: values put in one by one are found under the hashes that are returned, however large they are.
#[test]
fn insertion() {
    let mut witness = Witness::new();
    let hash = witness.insert_keccak(Bytes::from_static(b"value"));
    assert_eq!(hash, keccak256(b"value"));
    assert_eq!(witness.get(PreimageKey::keccak256(hash)).unwrap()[..], b"value"[..]);
    let hash = witness.insert_sha256(Bytes::from_static(b"value"));
    assert_eq!(witness.get(PreimageKey::sha256(hash)).unwrap()[..], b"value"[..]);
    assert!(witness.get(PreimageKey::keccak256(hash)).is_err());
    let large = Bytes::from(vec![7; 5 << 20]);
    let hash = witness.insert_keccak(large.clone());
    assert_eq!(witness.get(PreimageKey::keccak256(hash)).unwrap(), large);
    // The commitment of the blob of zeros is the point at infinity.
    let mut infinity = [0; 48];
    infinity[0] = 0xc0;
    witness.insert_blob(infinity, Box::default()).unwrap();
    assert_eq!(witness.blob(&infinity).unwrap(), Box::default());
    let mut one = Box::<alloy_eips::eip4844::Blob>::default();
    one[31] = 1;
    assert!(matches!(witness.insert_blob(infinity, one), Err(WitnessError::Blob { .. })));
}

/// The work that commitments cause is bounded before it begins.
#[test]
fn commitments_are_counted() {
    use sha2::{Digest, Sha256};
    let mut records: Vec<(B256, [u8; 48])> = (0..=MAX_COMMITMENTS)
        .map(|i| {
            let mut value = [0; 48];
            value[..8].copy_from_slice(&i.to_be_bytes());
            (*PreimageKey::sha256(B256::from_slice(&Sha256::digest(value))).as_bytes(), value)
        })
        .collect();
    records.sort_unstable();
    let file: Vec<u8> = records.iter().flat_map(|(key, value)| record(key.as_slice(), value)).collect();
    let refused = Witness::from_records(&file.into()).unwrap_err();
    assert_eq!(refused, WitnessError::TooManyCommitments(MAX_COMMITMENTS + 1));
}

fn refusal(file: &Bytes, flip: usize) -> WitnessError {
    let mut bytes = file.to_vec();
    bytes[flip] ^= 1;
    Witness::from_records(&bytes.into()).unwrap_err()
}
