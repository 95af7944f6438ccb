//! The nodes when they misbehave.

use crate::{DEVNET, get, l1, l2, post, rollup, serve};
use alloy_eips::BlockNumberOrTag;
use alloy_primitives::{Bytes, keccak256};
use alloy_provider::{Provider, ext::DebugApi};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use unroll_testing::devnet::config::GENESIS_TIME;

fn chain_id() -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": [] })
}

#[tokio::test]
async fn answers_come_late() {
    let server = serve(&["l1/eth_chainId=latency:300@2"]);
    let url = &server.urls().l1;
    post(url, chain_id()).await.expect("answers");
    let clock = Instant::now();
    let late = post(url, chain_id()).await.expect("answers");
    assert!(clock.elapsed() >= Duration::from_millis(300));
    assert_eq!(late["result"], format!("{:#x}", DEVNET.config.l1.chain_id));
}

#[tokio::test]
async fn too_many_requests_are_refused() {
    let server = serve(&["eth_chainId=rate-limit:7@1-2", "beacon/genesis=rate-limit:3"]);
    let send = async || reqwest::Client::new().post(&server.urls().l1).json(&chain_id()).send().await;
    for _ in 0..2 {
        let refused = send().await.expect("an answer");
        assert_eq!(refused.status(), 429);
        assert_eq!(refused.headers()["retry-after"], "7");
    }
    assert_eq!(send().await.expect("an answer").status(), 200);
    let refused = reqwest::get(format!("{}/eth/v1/beacon/genesis", server.urls().beacon)).await;
    let refused = refused.expect("an answer");
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["retry-after"]),
        (429, &"3".parse().expect("text"))
    );
}

#[tokio::test]
async fn connections_are_closed() {
    let server = serve(&["l1/eth_chainId=drop@1", "l1/eth_chainId=cut@2", "beacon/blobs=cut"]);
    let url = &server.urls().l1;
    let dropped = post(url, chain_id()).await.expect_err("the connection was closed");
    assert!(dropped.status().is_none(), "{dropped}");
    let response = reqwest::Client::new().post(url).json(&chain_id()).send().await.expect("headers come");
    let announced = response.content_length().expect("a length");
    let cut = response.bytes().await.expect_err("the connection was closed");
    assert!(announced > 0 && (cut.is_body() || cut.is_decode()), "{cut}");
    assert!(post(url, chain_id()).await.is_ok());
    assert!(get::<Value>(&server.urls().beacon, "/eth/v1/beacon/blobs/genesis").await.is_err());
}

#[tokio::test]
async fn methods_are_missing() {
    let server = serve(&["l2/debug_executionWitness=missing", "beacon/blobs=missing", "rollup/*=missing@1"]);
    let witness = l2(&server).debug_execution_witness(BlockNumberOrTag::Number(1)).await;
    assert_eq!(witness.expect_err("missing").as_error_resp().expect("an answer").code, -32601);
    let mut other = chain_id();
    other["method"] = "debug_executionWitness".into();
    let answers = post(&server.urls().l2, json!([chain_id(), other])).await.expect("answers");
    assert_eq!(answers[0]["result"], format!("{:#x}", DEVNET.config.l2.chain_id));
    assert_eq!(answers[1]["error"]["code"], -32601);
    let (status, _): (_, Value) =
        get(&server.urls().beacon, "/eth/v1/beacon/blobs/0").await.expect("answers");
    assert_eq!(status, 404);
    let client = rollup(&server);
    assert!(client.request_noparams::<Value>("optimism_syncStatus").await.is_err());
    assert!(client.request_noparams::<Value>("optimism_syncStatus").await.is_ok());
}

/// Exactly one hex digit differs, so a client that checks hashes must notice.
#[tokio::test]
async fn answers_are_altered() {
    let server = serve(&["l1/debug_getRawHeader=flip", "beacon/blob_sidecars=flip"]);
    let own = DEVNET.l1.head();
    let header: Bytes = l1(&server).debug_get_raw_header(own.header.hash().into()).await.expect("answers");
    let right = alloy_rlp::encode(own.header.inner());
    let differing = header.iter().zip(&right).filter(|(a, b)| a != b).count();
    assert_eq!((header.len(), differing), (right.len(), 1));
    assert_ne!(keccak256(header), own.header.hash());
    let block = DEVNET.l1.blocks().iter().find(|block| !block.sidecars.is_empty()).expect("there are blobs");
    let slot = (block.header.timestamp - GENESIS_TIME) / DEVNET.config.l1.block_time;
    let path = format!("/eth/v1/beacon/blob_sidecars/{slot}");
    let (status, altered): (_, Value) = get(&server.urls().beacon, &path).await.expect("answers");
    server.set_faults(Vec::new());
    let (_, right): (_, Value) = get(&server.urls().beacon, &path).await.expect("answers");
    assert_eq!(status, 200);
    assert_ne!(altered, right);
}

#[tokio::test]
async fn heads_are_stale() {
    let server = serve(&["l1/*=stale:3@1-3", "l2/*=stale:5@1-2", "rollup/*=stale:2@1"]);
    let (head, l2_head) = (DEVNET.l1.head(), DEVNET.head());
    let client = l1(&server);
    assert_eq!(client.get_block_number().await.expect("answers"), head.header.number - 3);
    let latest = client.get_block_by_number(BlockNumberOrTag::Latest).await.expect("answers");
    assert_eq!(latest.expect("is there").header.number, head.header.number - 3);
    // A node that lags does not know what comes later, by whatever name.
    assert!(client.get_block_by_hash(head.header.hash()).await.expect("answers").is_none());
    assert!(client.get_block_by_hash(head.header.hash()).await.expect("answers").is_some());
    let client = l2(&server);
    assert_eq!(client.get_block_number().await.expect("answers"), l2_head.header.number - 5);
    assert!(client.get_block_by_hash(l2_head.header.hash()).await.expect("answers").is_none());
    assert_eq!(client.get_block_number().await.expect("answers"), l2_head.header.number);
    let status =
        async || rollup(&server).request_noparams::<Value>("optimism_syncStatus").await.expect("answers");
    let (stale, fresh) = (status().await, status().await);
    assert_eq!(stale["head_l1"]["number"], head.header.number - 2);
    assert_eq!(fresh["head_l1"]["number"], head.header.number);
    assert!(stale["safe_l2"]["number"].as_u64() < fresh["safe_l2"]["number"].as_u64());
}

#[tokio::test]
async fn l1_is_reorganised() {
    let server = serve(&["l1/eth_blockNumber=reorg:3@2"]);
    let client = l1(&server);
    let head = DEVNET.l1.head().header.number;
    let hash = async |number: u64| {
        let block = client.get_block_by_number(number.into()).await.expect("answers");
        block.expect("is there").header.hash
    };
    assert_eq!(client.get_block_number().await.expect("answers"), head);
    let (kept, lost) = (hash(head - 3).await, hash(head - 2).await);
    assert_eq!(client.get_block_number().await.expect("answers"), head);
    assert_eq!(hash(head - 3).await, kept);
    assert_ne!(hash(head - 2).await, lost);
    // The node still knows the block that it gave up, though not under its number.
    let orphan = client.get_block_by_hash(lost).await.expect("answers").expect("is there");
    assert_eq!(orphan.header.number, head - 2);
    // L2 follows: every block's origin is on L1 as it is now, and what is safe was derived from it.
    let safe = server.chain().with(|devnet| {
        let origins = devnet.l2.iter().map(|block| (block.l1_origin.number, block.l1_origin.hash));
        for (number, hash) in origins {
            assert_eq!(devnet.l1.block(number).map(|block| block.header.hash()), Some(hash));
        }
        devnet.range(0, devnet.safe()).verdict
    });
    assert!(safe.outcome.is_valid());
}

/// The same calls in the same order meet the same faults; another seed, others.
#[tokio::test]
async fn chance_repeats_itself() {
    let pattern = async || {
        let server = serve(&["l1/*=rate-limit:1@40%"]);
        let mut pattern = Vec::new();
        for _ in 0..30 {
            let answer = reqwest::Client::new().post(&server.urls().l1).json(&chain_id()).send().await;
            pattern.push(answer.expect("an answer").status().as_u16());
        }
        let (_, happened) = server.faults().swap_remove(0);
        assert_eq!(happened, pattern.iter().filter(|status| **status == 429).count() as u64);
        assert_eq!(server.requests(), 30);
        pattern
    };
    let first = pattern().await;
    assert!(first.contains(&429) && first.contains(&200), "{first:?}");
    assert_eq!(first, pattern().await);
}
