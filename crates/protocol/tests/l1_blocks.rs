//! B-005, B-007, B-010: what is looked at in L1 blocks, over real ones.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use alloy_eips::Decodable2718;
use common::{address, bytes, json, present, read};
use op_alloy_consensus::OpReceiptEnvelope;
use serde_json::Value;
use unroll_protocol::{
    chains::by_chain_id,
    l1_receipt::{L1Receipt, fuzz_l1_receipt},
    l1_transaction::{L1Transaction, fuzz_l1_transaction, recipient},
};

/// Every transaction of 72 real L1 blocks, blob transactions of strangers included, has the recipient and the number of blobs that a
/// library reads; every receipt has the same logs; and the batcher's transactions are those that the channels came from.
#[test]
fn real_l1_blocks() {
    if !present() {
        return;
    }
    let folders = [("op-mainnet-regolith-109279584", 10), ("op-sepolia-granite-16491249", 11_155_420)];
    for (folder, chain_id) in folders {
        let cfg = by_chain_id(chain_id).unwrap();
        let (mut count, mut receipts, mut batchers) = (0, 0, Vec::new());
        let text = read(&format!("data/derivation/{folder}/l1-blocks.jsonl.zst"));
        for line in text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            let block: Value = serde_json::from_slice(line).unwrap();
            for (index, tx) in block["transactions"].as_array().into_iter().flatten().map(bytes).enumerate() {
                fuzz_l1_transaction(&tx);
                count += 1;
                if recipient(&tx) == Some(cfg.batch_inbox) {
                    let sender = L1Transaction::decode(&tx, cfg.l1_chain_id).unwrap().sender;
                    batchers.push((block["number"].as_u64().unwrap(), index as u64, sender));
                }
            }
            for receipt in block["receipts"].as_array().into_iter().flatten().map(bytes) {
                assert!(L1Receipt::decode(&receipt).is_ok());
                fuzz_l1_receipt(&receipt);
                receipts += 1;
            }
        }
        assert!(count > 2_000 && receipts > 400, "{count} transactions, {receipts} receipts");
        let channels = json(&format!("data/derivation/{folder}/channels.json"));
        for frame in
            channels["channels"].as_array().unwrap().iter().flat_map(|c| c["frames"].as_array().unwrap())
        {
            let number = |key: &str| frame[key].as_u64().unwrap();
            let sent = (number("l1_block"), number("tx_index"), address(&frame["sender"]));
            assert!(batchers.contains(&sent), "{sent:?}");
        }
    }
}

/// 202 receipts of an L2 block, as an L3 reads them: a deposit's ends with nonce and version.
#[test]
fn real_receipts_of_an_l2() {
    if !present() {
        return;
    }
    let block = json("data/receipts/base-mainnet-42969982.json.zst");
    let receipts: Vec<_> = block["receipts"].as_array().unwrap().iter().map(bytes).collect();
    assert_eq!(receipts.len(), 202);
    for receipt in receipts {
        let theirs = OpReceiptEnvelope::decode_2718_exact(&receipt).unwrap();
        let mut ours = L1Receipt::decode(&receipt).unwrap();
        let mut logs = Vec::new();
        while ours.has_log() {
            logs.extend(ours.next_log(|_| true).unwrap());
        }
        assert_eq!((ours.success, &logs[..]), (theirs.status(), theirs.logs()));
    }
}
