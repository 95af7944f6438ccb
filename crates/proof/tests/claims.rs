//! Verdicts on real claims, right and wrong (J-020 to J-027).

mod common;

use common::{Case, DEVNETS, SEPOLIA, case, judge};
use unroll_proof::{OracleBackend, Transition, Witness, claim::Outcome};

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
