//! What must never lead to a verdict (invariant 3, J-027, H-017): a preimage withheld, a preimage changed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod common;

use alloy_eips::eip4844::Blob;
use alloy_primitives::{B256, Bytes, map::B256Set};
use common::{Case, DEVNETS, SEPOLIA, case, judge, record, records};
use std::collections::{BTreeMap, BTreeSet};
use unroll_proof::{
    Hint, OracleBackend, PreimageKey, PreimageOracle, Transition, Witness,
    backend::BackendError,
    claim::{self, Outcome},
    oracle::OracleBlobError,
    preimage::KeyKind,
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

    fn blob(&mut self, commitment: &[u8; 48]) -> Result<Box<Blob>, OracleBlobError<Missing>> {
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

/// K-001, invariant 6: any byte of any preimage of a devnet witness, flipped: refused on entry, and the key is named. Each
/// record stands alone here: to hash all of them for each byte of each costs the square.
#[test]
fn any_flipped_byte_of_a_devnet() {
    for name in DEVNETS {
        let Some(case) = case(name) else { return };
        let mut flipped = 0;
        for (_, key, value) in records(&case.records) {
            let mut alone = record(&key, &value);
            let key = PreimageKey::from_bytes(key.into()).unwrap();
            for at in 36..alone.len() {
                alone[at] ^= 0x40;
                match Witness::from_records(&Bytes::copy_from_slice(&alone)) {
                    Err(WitnessError::Hash { key: named, .. }) => assert_eq!(named, key),
                    other => panic!("byte {at} of {key}: {other:?}"),
                }
                alone[at] ^= 0x40;
                flipped += 1;
            }
        }
        assert!(flipped > 15_000, "{flipped}");
    }
}

/// J-013: the same inputs make the same reads in the same order, and the same verdict.
#[test]
fn a_run_depends_on_its_inputs_only() {
    struct InOrder(Witness, Vec<PreimageKey>);
    impl PreimageOracle for InOrder {
        type Error = Missing;
        fn get(&mut self, key: PreimageKey) -> Result<Bytes, Missing> {
            self.1.push(key);
            self.0.get(key)
        }
        fn blob(&mut self, commitment: &[u8; 48]) -> Result<Box<Blob>, OracleBlobError<Missing>> {
            self.0.blob(commitment)
        }
    }
    for name in [DEVNETS[0], SEPOLIA] {
        let Some(case) = case(name) else { return };
        let run = || {
            let mut oracle = InOrder(Witness::from_records(&case.records).unwrap(), Vec::new());
            let verdict = judge(&case.boot, &case.config, &mut oracle).unwrap();
            (verdict, oracle.1)
        };
        assert_eq!(run(), run());
    }
}

/// An oracle that has a preimage only after a hint that announces it, and that does not know the coarse ones.
struct Fetching {
    witness: Witness,
    announced: B256Set,
}

impl Fetching {
    /// All nodes of the trie below `root`, as far as they are in the witness.
    fn announce_trie(&mut self, root: B256) {
        let mut nodes = vec![root];
        while let Some(hash) = nodes.pop() {
            let Ok(node) = self.witness.get(PreimageKey::keccak256(hash)) else { continue };
            if self.announced.insert(*PreimageKey::keccak256(hash).as_bytes()) {
                nodes.extend(node.windows(33).filter(|w| w[0] == 0xa0).map(|w| B256::from_slice(&w[1..])));
            }
        }
    }

    fn header(&mut self, block: B256) -> alloy_consensus::Header {
        let bytes = self.witness.get(PreimageKey::keccak256(block)).unwrap();
        alloy_rlp::decode_exact(&bytes).unwrap()
    }
}

impl PreimageOracle for Fetching {
    type Error = Missing;

    fn get(&mut self, key: PreimageKey) -> Result<Bytes, Missing> {
        if self.announced.contains(key.as_bytes()) { self.witness.get(key) } else { Err(Missing) }
    }

    fn wants_hints(&self) -> bool {
        true
    }

    fn hint(&mut self, hint: &Hint<'_>) -> Result<(), Missing> {
        match *hint {
            Hint::L1BlockHeader(hash)
            | Hint::L2BlockHeader(hash)
            | Hint::L2Code(hash)
            | Hint::L2StateNode(hash)
            | Hint::L2Output(hash) => {
                self.announced.insert(*PreimageKey::keccak256(hash).as_bytes());
            }
            Hint::L1Transactions(block) | Hint::L2Transactions(block) => {
                let root = self.header(block).transactions_root;
                self.announce_trie(root);
            }
            Hint::L1Receipts(block) => {
                let root = self.header(block).receipts_root;
                self.announce_trie(root);
            }
            Hint::L1Blob { versioned_hash, .. } => {
                self.announced.insert(*PreimageKey::sha256(versioned_hash).as_bytes());
            }
            _ => {}
        }
        Ok(())
    }

    fn blob(&mut self, commitment: &[u8; 48]) -> Result<Box<Blob>, OracleBlobError<Missing>> {
        self.witness.blob(commitment)
    }
}

/// K-022, K-059: every preimage is announced before it is asked for, by a hint of its own, also where the hints for whole
/// payloads and accounts are not understood.
#[test]
fn every_preimage_is_announced() {
    for name in [DEVNETS[0], SEPOLIA] {
        let Some(case) = case(name) else { return };
        let witness = Witness::from_records(&case.records).unwrap();
        let oracle = Fetching { witness, announced: B256Set::default() };
        assert_eq!(judge(&case.boot, &case.config, oracle).unwrap().outcome, Outcome::Right);
    }
}

/// An oracle that answers precompiles from the witness of the reference client.
struct Accelerated {
    witness: Witness,
    results: BTreeMap<PreimageKey, Bytes>,
    asked: BTreeSet<PreimageKey>,
}

impl PreimageOracle for Accelerated {
    type Error = Missing;

    fn get(&mut self, key: PreimageKey) -> Result<Bytes, Missing> {
        if key.kind() != KeyKind::Precompile {
            return self.witness.get(key);
        }
        self.asked.insert(key);
        self.results.get(&key).cloned().ok_or(Missing)
    }

    fn answers_precompiles(&self) -> bool {
        true
    }

    fn blob(&mut self, commitment: &[u8; 48]) -> Result<Box<Blob>, OracleBlobError<Missing>> {
        self.witness.blob(commitment)
    }
}

/// K-012, K-014, K-060, K-062: the keys of the precompile calls of a real block are those under which the reference client
/// stored the results, and with these the block is the same.
#[test]
fn precompile_keys_are_the_reference_clients() {
    let Some(case) = case(SEPOLIA) else { return };
    let results: BTreeMap<_, _> = records(&case.records)
        .into_iter()
        .filter(|(_, key, _)| key[0] == 6)
        .map(|(_, key, value)| (PreimageKey::from_bytes(key.into()).unwrap(), value.into()))
        .collect();
    let witness = Witness::from_records(&case.records).unwrap();
    let mut oracle = Accelerated { witness, results, asked: BTreeSet::new() };
    assert_eq!(judge(&case.boot, &case.config, &mut oracle).unwrap().outcome, Outcome::Right);
    assert!(oracle.asked.iter().eq(oracle.results.keys()));
    assert_eq!(oracle.asked.len(), 20);

    // A result withheld is the provider's error, no failed call.
    let key = *oracle.results.keys().nth(7).unwrap();
    oracle.results.remove(&key);
    match judge(&case.boot, &case.config, &mut oracle) {
        Err(TransitionError::Provider(BackendError::Oracle { key: named, .. })) => assert_eq!(named, key),
        other => panic!("{other:?}"),
    }
}

/// J-027: a failure that passes is retried where it happened, and leaves no trace in the result. Here each preimage fails
/// the first time that it is asked for.
#[test]
fn passing_failures_leave_no_trace() {
    struct Flaky(Witness, B256Set);
    impl PreimageOracle for Flaky {
        type Error = Missing;
        fn get(&mut self, key: PreimageKey) -> Result<Bytes, Missing> {
            if self.1.insert(*key.as_bytes()) { Err(Missing) } else { self.0.get(key) }
        }
    }
    for name in DEVNETS {
        let Some(case) = case(name) else { return };
        let mut oracle = Flaky(Witness::from_records(&case.records).unwrap(), B256Set::default());
        let l1_head = case.boot.l1_head;
        let mut backend = OracleBackend::new(&mut oracle, l1_head);
        assert!(backend.output(case.boot.agreed_output_root).is_err());
        let agreed = backend.output(case.boot.agreed_output_root).unwrap();
        while let Err(error) = Transition::new(&case.config, OracleBackend::new(&mut oracle, l1_head), agreed)
        {
            assert!(matches!(error, TransitionError::Provider(_)), "{error}");
        }
        let backend = OracleBackend::new(&mut oracle, l1_head);
        let mut transition = Transition::new(&case.config, backend, agreed).unwrap();
        let mut failures = 0;
        let verdict = loop {
            match claim::run(&mut transition, &case.boot) {
                Ok(verdict) => break verdict,
                Err(error) => assert!(matches!(error, TransitionError::Provider(_)), "{error}"),
            }
            failures += 1;
        };
        assert_eq!(verdict.outcome, Outcome::Right);
        assert!(failures > 20, "{failures}");
    }
}
