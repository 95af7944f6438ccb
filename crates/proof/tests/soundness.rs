//! What must never lead to a verdict (invariant 3, J-027, H-017): a preimage withheld, a preimage changed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod common;

use alloy_primitives::{B256, Bytes, map::B256Set};
use common::{Case, DEVNETS, SEPOLIA, case, judge, record, records};
use unroll_proof::{
    Hint, PreimageKey, PreimageOracle, Witness,
    backend::BackendError,
    claim::Outcome,
    oracle::OracleBlobError,
    transition::TransitionError,
    witness::{Missing, WitnessError},
};

/// An oracle that writes down what is read, and withholds one preimage.
struct Watched<'a> {
    witness: &'a mut Witness,
    withheld: Option<PreimageKey>,
    read: B256Set,
}

impl PreimageOracle for Watched<'_> {
    type Error = Missing;

    fn get(&mut self, key: PreimageKey) -> Result<Bytes, Missing> {
        self.read.insert(*key.as_bytes());
        if self.withheld == Some(key) { Err(Missing) } else { self.witness.get(key) }
    }

    fn hint(&mut self, _: &Hint<'_>) -> Result<(), Missing> {
        panic!("nobody listens, so no hint is built")
    }

    fn blob(
        &mut self,
        commitment: &[u8; 48],
    ) -> Result<Box<alloy_eips::eip4844::Blob>, OracleBlobError<Missing>> {
        self.witness.blob(commitment)
    }
}

fn keys_read(case: &Case, witness: &mut Witness) -> Vec<PreimageKey> {
    let mut oracle = Watched { witness, withheld: None, read: B256Set::default() };
    let verdict = judge(&case.boot, &case.config, &mut oracle).unwrap();
    assert_eq!(verdict.outcome, Outcome::Right);
    let mut keys: Vec<B256> = oracle.read.into_iter().collect();
    keys.sort_unstable();
    keys.into_iter().map(|key| PreimageKey::from_bytes(key).unwrap()).collect()
}

/// Runs without `key`: the result must be the provider's error, naming the key and what it was for.
fn withheld(case: &Case, witness: &mut Witness, key: PreimageKey) {
    let oracle = Watched { witness, withheld: Some(key), read: B256Set::default() };
    match judge(&case.boot, &case.config, oracle) {
        Err(TransitionError::Provider(BackendError::Oracle { key: named, purpose, source: Missing })) => {
            assert_eq!(named, key);
            let text = BackendError::Oracle { key, purpose, source: Missing }.to_string();
            assert!(text.contains(&key.to_string()) && text.contains(&purpose.to_string()), "{text}");
        }
        other => panic!("without {key}: {other:?}"),
    }
}

/// J-027, H-017: each preimage that a devnet run reads, withheld: never a verdict, and the preimage is named.
#[test]
fn any_withheld_preimage_of_a_devnet() {
    for name in [DEVNETS[0], DEVNETS[2]] {
        let Some(case) = case(name) else { return };
        let mut witness = Witness::from_records(&case.records).unwrap();
        let keys = keys_read(&case, &mut witness);
        assert!(keys.len() > 30, "{}", keys.len());
        for key in keys {
            withheld(&case, &mut witness, key);
        }
    }
}

/// J-027: the same for a sample of what the run on OP Sepolia reads.
#[test]
fn a_withheld_preimage_of_sepolia() {
    let Some(case) = case(SEPOLIA) else { return };
    let mut witness = Witness::from_records(&case.records).unwrap();
    let keys = keys_read(&case, &mut witness);
    assert!(keys.len() > 5000, "{}", keys.len());
    for key in keys.into_iter().step_by(487) {
        withheld(&case, &mut witness, key);
    }
}

/// B-019, K-010: an element of a blob withheld: never an empty blob, never a verdict.
#[test]
fn a_withheld_blob_element() {
    let Some(case) = case(SEPOLIA) else { return };
    let records = records(&case.records);
    let elements: Vec<usize> = (0..records.len()).filter(|&i| records[i].1[0] == 5).collect();
    for &skip in elements.iter().step_by(9001) {
        let kept = records.iter().enumerate().filter(|(i, _)| *i != skip);
        let bytes: Vec<u8> = kept.flat_map(|(_, (_, key, value))| record(key, value)).collect();
        let witness = Witness::from_records(&bytes.into()).unwrap();
        match judge(&case.boot, &case.config, witness) {
            Err(TransitionError::Provider(BackendError::Oracle { key, .. })) => {
                assert_eq!(key.as_bytes().0, records[skip].1);
            }
            other => panic!("{other:?}"),
        }
    }
}

/// K-001, invariant 6: any byte of any preimage that a devnet run reads, flipped: refused on entry, and the key is named.
#[test]
fn any_flipped_byte_of_a_devnet() {
    let Some(case) = case(DEVNETS[0]) else { return };
    let mut witness = Witness::from_records(&case.records).unwrap();
    let read = keys_read(&case, &mut witness);
    let mut bytes = case.records.to_vec();
    let mut flipped = 0;
    for (offset, key, value) in records(&case.records) {
        let key = PreimageKey::from_bytes(key.into()).unwrap();
        if !read.contains(&key) {
            continue;
        }
        // Every byte of a short value; of a long one every 17th, and the last.
        let step = if value.len() <= 64 { 1 } else { 17 };
        for at in (0..value.len()).step_by(step).chain([value.len() - 1]) {
            bytes[offset + 36 + at] ^= 0x40;
            match Witness::from_records(&Bytes::copy_from_slice(&bytes)) {
                Err(WitnessError::Hash { key: named, .. }) => assert_eq!(named, key),
                other => panic!("byte {at} of {key}: {other:?}"),
            }
            bytes[offset + 36 + at] ^= 0x40;
            flipped += 1;
        }
    }
    assert!(flipped > 1000, "{flipped}");
}
