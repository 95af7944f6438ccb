//! Verdicts on real claims, right and wrong (J-020 to J-027).
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod common;

use alloy_primitives::{B256, Bytes};
use common::{Case, DEVNETS, SEPOLIA, case, judge};
use std::collections::{BTreeMap, BTreeSet};
use unroll_derive::{DeriveError, ResetCause, provider::ChainProvider};
use unroll_proof::{
    BootInfo, OracleBackend, PreimageKey, PreimageOracle, Recorder, Transition, Witness,
    claim::Outcome,
    preimage::LocalInput,
    program::{self, EXIT_FAILURE, EXIT_INVALID, EXIT_VALID, ProgramError},
    start::AgreedError,
    transition::TransitionError,
};

fn witness(case: &Case) -> Witness {
    Witness::from_records(&case.records).unwrap()
}

/// J-020, J-021: real claims are valid, and every block is the one that was known before.
#[test]
fn real_claims_are_valid() {
    for name in DEVNETS.iter().chain([&SEPOLIA]) {
        let Some(case) = case(name) else { return };
        let boot = &case.boot;
        let verdict = judge(boot, &case.config, witness(&case)).unwrap();
        assert_eq!(verdict.outcome, Outcome::Right, "{name}");
        assert_eq!(verdict.output_root, boot.claimed_output_root, "{name}");
        assert_eq!(verdict.number, boot.claimed_block_number, "{name}");
    }
}

/// The blocks of the devnets, header by header, and that of OP Sepolia.
#[test]
fn blocks_are_the_known_ones() {
    for name in DEVNETS.iter().chain([&SEPOLIA]) {
        let Some(case) = case(name) else { return };
        let mut backend = OracleBackend::new(witness(&case), case.boot.l1_head);
        let agreed = backend.output(case.boot.agreed_output_root).unwrap();
        let mut transition = Transition::new(&case.config, backend, agreed).unwrap();
        let mut hashes = Vec::new();
        while transition.tip().block.number < case.boot.claimed_block_number {
            let block = transition.step().unwrap().unwrap();
            assert_eq!(block.receipts.len(), block.transactions.len());
            hashes.push(block.header.hash().to_string());
        }
        let expected: Vec<&str> = match case.json["expected_l2_blocks"].as_array() {
            Some(blocks) => blocks.iter().map(|block| block["hash"].as_str().unwrap()).collect(),
            None => vec![case.json["l2_block_hash"].as_str().unwrap()],
        };
        assert_eq!(hashes, expected, "{name}");
    }
}

/// J-021, J-026: a claim with any one bit changed is invalid, and both roots are told.
#[test]
fn a_changed_bit_is_invalid() {
    let Some(case) = case(DEVNETS[0]) else { return };
    for bit in (0..256).step_by(51).chain([255]) {
        let mut boot = case.boot;
        boot.claimed_output_root[bit / 8] ^= 1 << (bit % 8);
        let verdict = judge(&boot, &case.config, witness(&case)).unwrap();
        assert_eq!(verdict.outcome, Outcome::Wrong);
        assert_eq!(
            (verdict.claimed, verdict.output_root),
            (boot.claimed_output_root, case.boot.claimed_output_root)
        );
    }
}

/// J-022: a claim below the agreed block is invalid, whatever its root; nothing is derived for it.
#[test]
fn below_the_agreed_block_is_invalid() {
    let Some(case) = case(DEVNETS[0]) else { return };
    for root in [case.boot.claimed_output_root, case.boot.agreed_output_root] {
        let boot = BootInfo { claimed_block_number: 9, claimed_output_root: root, ..case.boot };
        let verdict = judge(&boot, &case.config, witness(&case)).unwrap();
        assert_eq!((verdict.outcome, verdict.number), (Outcome::BelowAgreed, 10));
        assert!(!verdict.outcome.is_valid());
    }
}

/// J-023: a claim about the agreed block is valid iff it is the agreed root. L1 is not looked at: without any L1 header
/// the verdict is the same.
#[test]
fn the_agreed_block_needs_no_derivation() {
    let Some(case) = case(DEVNETS[0]) else { return };
    let agreed = case.boot.agreed_output_root;
    for (root, outcome) in [(agreed, Outcome::Right), (case.boot.claimed_output_root, Outcome::Wrong)] {
        let boot = BootInfo {
            claimed_block_number: 10,
            claimed_output_root: root,
            l1_head: B256::repeat_byte(1),
            ..case.boot
        };
        let verdict = judge(&boot, &case.config, witness(&case)).unwrap();
        assert_eq!((verdict.outcome, verdict.output_root, verdict.number), (outcome, agreed, 10));
    }
}

/// J-024: the agreed root claimed for a later block is false where blocks can be derived.
#[test]
fn the_agreed_root_is_no_shortcut() {
    let Some(case) = case(DEVNETS[0]) else { return };
    let boot = BootInfo { claimed_output_root: case.boot.agreed_output_root, ..case.boot };
    let verdict = judge(&boot, &case.config, witness(&case)).unwrap();
    assert_eq!(verdict.outcome, Outcome::Wrong);
    assert_eq!(verdict.output_root, case.boot.claimed_output_root);
}

/// The L1 blocks of a case, from the head back, by hash and number.
fn l1_chain(case: &Case) -> Vec<(B256, u64)> {
    let mut backend = OracleBackend::new(witness(case), case.boot.l1_head);
    let head: alloy_consensus::Header = backend.header_by_hash(case.boot.l1_head).unwrap();
    let mut chain = Vec::new();
    for number in (0..=head.number).rev() {
        match backend.block_info_by_number(number) {
            Ok(Some(block)) => chain.push((block.hash, number)),
            _ => break,
        }
    }
    chain
}

/// J-014, J-021, J-025: with an older L1 head the safe chain ends earlier. The claim is then valid iff it is the root of
/// the last block, for every claimed number above it; if no block can be derived, that is the agreed root.
#[test]
fn l1_that_ends_early() {
    let Some(case) = case(DEVNETS[1]) else { return };
    let mut ends = BTreeSet::new();
    for (l1_head, _) in l1_chain(&case).into_iter().step_by(4) {
        let early = BootInfo { l1_head, ..case.boot };
        let verdict = judge(&early, &case.config, witness(&case)).unwrap();
        ends.insert(verdict.number);
        if verdict.outcome == Outcome::Right {
            assert_eq!(verdict.number, case.boot.claimed_block_number);
            continue;
        }
        assert_eq!(verdict.outcome, Outcome::WrongAtEnd);
        assert_ne!(verdict.output_root, case.boot.claimed_output_root);
        for claimed_block_number in [verdict.number + 1, u64::MAX] {
            let root = verdict.output_root;
            let min = BootInfo { claimed_output_root: root, claimed_block_number, ..early };
            let again = judge(&min, &case.config, witness(&case)).unwrap();
            assert_eq!((again.outcome, again.number), (Outcome::RightAtEnd, verdict.number));
        }
        if verdict.number == 270 {
            assert_eq!(verdict.output_root, case.boot.agreed_output_root); // J-025
        }
    }
    assert!(ends.contains(&270) && ends.contains(&280), "{ends:?}");
}

/// A run of the program: local inputs and a witness.
struct Run {
    local: BTreeMap<PreimageKey, Bytes>,
    witness: Witness,
}

impl PreimageOracle for Run {
    type Error = <Witness as PreimageOracle>::Error;

    fn get(&mut self, key: PreimageKey) -> Result<Bytes, Self::Error> {
        self.local.get(&key).cloned().map_or_else(|| self.witness.get(key), Ok)
    }
}

/// H-035, J-014: an L1 that contradicts the agreed block, being another devnet's, resets derivation. There is no other L1 to start
/// again with, so that the program fails: the claim is neither valid nor invalid, and its exit code is neither 0 nor 1.
#[test]
fn a_reset_is_a_failure() {
    let (Some(case), Some(other)) = (case(DEVNETS[0]), case(DEVNETS[2])) else { return };
    let run = |l1_head: B256| {
        let mut witness = witness(&case);
        for (.., value) in common::records(&other.records) {
            witness.insert_keccak(value.into());
        }
        let mut local = common::local_inputs(&case);
        local.insert(PreimageKey::local(LocalInput::L1Head), l1_head.into());
        Run { local, witness }
    };
    assert_eq!(program::exit_code(run(case.boot.l1_head), &mut String::new()), EXIT_VALID);
    let error = program::run(run(other.boot.l1_head)).unwrap_err();
    let ProgramError::Transition(TransitionError::Derive(error)) = error else { panic!("{error}") };
    assert!(matches!(error, DeriveError::Reset(ResetCause::Epoch { .. })), "{error}");
    let code = program::exit_code(run(other.boot.l1_head), &mut String::new());
    assert_eq!(code, EXIT_FAILURE);
    assert!(![EXIT_VALID, EXIT_INVALID].contains(&code) && [EXIT_VALID, EXIT_INVALID] == [0, 1]);
}

/// A range in steps: `derive` and `execute` by hand are the same as `step`; an output root after every block.
#[test]
fn halves_of_a_step() {
    let Some(case) = case(DEVNETS[2]) else { return };
    let start = || {
        let mut backend = OracleBackend::new(witness(&case), case.boot.l1_head);
        let agreed = backend.output(case.boot.agreed_output_root).unwrap();
        Transition::new(&case.config, backend, agreed).unwrap()
    };
    let (mut whole, mut halves) = (start(), start());
    assert_eq!(whole.output().unwrap().hash(), case.boot.agreed_output_root);
    for _ in 11..=20 {
        let block = whole.step().unwrap().unwrap();
        let attributes = halves.derive().unwrap().unwrap();
        let same = halves.execute(attributes).unwrap().unwrap();
        assert_eq!(block.header, same.header);
        assert_eq!(whole.output().unwrap(), halves.output().unwrap());
    }
    assert_eq!(whole.output().unwrap().hash(), case.boot.claimed_output_root);
    assert!(halves.drain_events().count() > 0);
    assert!(halves.l1_origin().is_some());
    assert_eq!(halves.tip().block.number, 20);
}

/// An agreed output whose state root is not its block's is none of this chain, and never leads to a verdict.
#[test]
fn an_agreed_output_must_fit_its_block() {
    let Some(case) = case(DEVNETS[0]) else { return };
    let mut backend = OracleBackend::new(witness(&case), case.boot.l1_head);
    let mut agreed = backend.output(case.boot.agreed_output_root).unwrap();
    agreed.state_root = B256::ZERO;
    let error = Transition::new(&case.config, backend, agreed).unwrap_err();
    assert!(matches!(error, TransitionError::Agreed(AgreedError::StateRoot { .. })), "{error}");
}

/// What a run reads suffices for it: a witness of just that gives the same verdict, and reads all of it.
#[test]
fn a_recorded_witness_suffices() {
    for name in [DEVNETS[0], SEPOLIA] {
        let Some(case) = case(name) else { return };
        let mut recorder = Recorder::new(witness(&case));
        let verdict = judge(&case.boot, &case.config, &mut recorder).unwrap();
        let mut small = Witness::from_records(&recorder.records().into()).unwrap();
        assert_eq!(judge(&case.boot, &case.config, &mut small).unwrap(), verdict);
        assert_eq!(small.read_stats().preimages, recorder.read().len() as u64);
        // Of the reference client's witness of one block, ours reads a part, and nothing that it lacks.
        assert!(recorder.read().len() <= common::records(&case.records).len());
    }
}
