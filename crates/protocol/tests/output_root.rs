//! Output roots of OP Sepolia.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod common;

use alloy_primitives::B256;
use common::{hash, json, present};
use unroll_protocol::output_root::{OutputRoot, OutputRootError};

/// J-001: the roots of real blocks from their parts.
#[test]
fn real_output_roots() {
    if !present() {
        return;
    }
    let mut seen = 0;
    let cases = json("data/derivation/op-sepolia-granite-16491249/output-roots.json");
    for case in cases.as_array().unwrap().iter().filter(|case| !case["state_root"].is_null()) {
        let root = OutputRoot {
            state_root: hash(&case["state_root"]),
            message_passer_storage_root: hash(&case["message_passer_storage_root"]),
            block_hash: hash(&case["block_hash"]),
        };
        assert_eq!(root.hash(), hash(&case["output_root"]));
        assert_eq!(OutputRoot::decode(&root.encode()), Ok(root));
        seen += 1;
    }
    assert!(seen > 0);
}

/// J-003: 128 bytes of version 0, and nothing else.
#[test]
fn other_preimages_are_refused() {
    let mut preimage = [0; 129];
    assert_eq!(OutputRoot::decode(&preimage), Err(OutputRootError::Length(129)));
    assert_eq!(OutputRoot::decode(&preimage[..127]), Err(OutputRootError::Length(127)));
    assert_eq!(OutputRoot::decode(&[]), Err(OutputRootError::Length(0)));
    preimage[31] = 1;
    assert_eq!(OutputRoot::decode(&preimage[..128]), Err(OutputRootError::Version(B256::with_last_byte(1))));
}
