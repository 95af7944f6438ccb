//! The rollup node.

use crate::{DEVNET, rollup, serve};
use alloy_primitives::{B256, U64, keccak256};
use serde_json::Value;
use unroll_protocol::config_file::parse_rollup_json;

fn hash(value: &Value) -> B256 {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{value} is no hash"))
}

/// An output root is the hash of its parts (J-001), and each part is the block's.
#[tokio::test]
async fn outputs_are_of_their_parts() {
    let server = serve(&[]);
    let client = rollup(&server);
    for own in &DEVNET.l2 {
        let output: Value =
            client.request("optimism_outputAtBlock", [U64::from(own.header.number)]).await.expect("answers");
        let parts = ["version", "stateRoot", "withdrawalStorageRoot"].map(|part| hash(&output[part]));
        let block = hash(&output["blockRef"]["hash"]);
        assert_eq!(keccak256([&parts[..], &[block]].concat().concat()), hash(&output["outputRoot"]));
        assert_eq!((block, parts[1]), (own.header.hash(), own.header.state_root));
        let reference = &output["blockRef"];
        assert_eq!(reference["number"], own.header.number);
        assert_eq!(hash(&reference["l1origin"]["hash"]), own.l1_origin.hash);
        assert_eq!(reference["sequenceNumber"], own.sequence_number);
    }
    let unknown = client.request::<_, Value>("optimism_outputAtBlock", [U64::from(1_000_000)]).await;
    assert_eq!(unknown.expect_err("not there").as_error_resp().expect("an answer").code, -32000);
}

#[tokio::test]
async fn the_config_is_the_chains() {
    let server = serve(&[]);
    let config: Value = rollup(&server).request_noparams("optimism_rollupConfig").await.expect("answers");
    let (mut config, unknown) = parse_rollup_json(config.to_string().as_bytes()).expect("a rollup config");
    assert!(unknown.is_empty(), "{unknown:?}");
    // It is no part of rollup.json.
    config.l1_blob_schedule = DEVNET.rollup().l1_blob_schedule.clone();
    assert_eq!(config, *DEVNET.rollup());
}

#[tokio::test]
async fn heads_are_in_order() {
    let server = serve(&[]);
    let status: Value = rollup(&server).request_noparams("optimism_syncStatus").await.expect("answers");
    let number =
        |name: &str| status[name]["number"].as_u64().unwrap_or_else(|| panic!("no {name}: {status}"));
    assert_eq!(number("head_l1"), DEVNET.l1.head().header.number);
    assert!(number("finalized_l1") < number("safe_l1") && number("safe_l1") < number("head_l1"));
    assert_eq!(number("unsafe_l2"), DEVNET.head().header.number);
    assert_eq!(number("safe_l2"), DEVNET.safe());
    assert!(number("finalized_l2") < number("safe_l2"));
    let finalized = number("finalized_l2");
    let by = DEVNET.l2[finalized as usize].safe_at.expect("it is safe");
    assert!(by <= number("finalized_l1"));
}

/// For each L1 block, the last L2 block that was safe by then.
#[tokio::test]
async fn safe_heads_are_those_of_the_l1_block() {
    let server = serve(&[]);
    let client = rollup(&server);
    let head = DEVNET.l1.head().header.number;
    for l1 in 0..=head {
        let answer: Value =
            client.request("optimism_safeHeadAtL1Block", [U64::from(l1)]).await.expect("answers");
        let safe = DEVNET
            .l2
            .iter()
            .rfind(|block| block.safe_at.is_some_and(|at| at <= l1))
            .expect("genesis is safe");
        assert_eq!(hash(&answer["safeHead"]["hash"]), safe.header.hash(), "at L1 block {l1}");
        let by = answer["l1Block"]["number"].as_u64().expect("a number");
        assert_eq!(Some(by), safe.safe_at);
    }
    let ahead = client.request::<_, Value>("optimism_safeHeadAtL1Block", [U64::from(head + 1)]).await;
    assert!(ahead.is_err());
}
