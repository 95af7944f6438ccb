//! B-004, B-005, B-007, B-010: what is looked at in L1 blocks, over real ones.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use alloy_eips::Decodable2718;
use common::{address, bytes, header, json, present, read};
use op_alloy_consensus::OpReceiptEnvelope;
use serde_json::Value;
use unroll_protocol::{
    chains::by_chain_id,
    deposit::DEPOSIT_TOPIC,
    l1_receipt::{L1Receipt, fuzz_l1_receipt, may_log},
    l1_transaction::{L1Transaction, fuzz_l1_transaction, recipient},
    system_config::ConfigUpdate,
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

/// B-004: what a bloom rules out is not asked for. Of Ethereum's blocks, those that may hold a deposit or an update of
/// OP Mainnet's are those that a decoder of somebody else's named; and where there are receipts, a block has no more
/// than its bloom admits.
#[test]
fn blooms_of_real_l1_blocks() {
    if !present() {
        return;
    }
    let cfg = by_chain_id(10).unwrap();
    let text = read("data/derivation/op-mainnet-regolith-109279584/l1-blocks.jsonl.zst");
    let mut outcomes = [[0; 2]; 2];
    for line in text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let block: Value = serde_json::from_slice(line).unwrap();
        let header = header(&block["header_rlp"]);
        let contracts = [
            (cfg.deposit_contract, DEPOSIT_TOPIC, "bloom_may_contain_deposit"),
            (cfg.l1_system_config, ConfigUpdate::TOPIC, "bloom_may_contain_config_update"),
        ];
        for (place, (contract, topic, name)) in contracts.into_iter().enumerate() {
            let may = may_log(&header, contract, topic);
            assert_eq!(may, block[name] == true, "{name} of {}", block["number"]);
            let mut logs =
                block["receipts"].as_array().into_iter().flatten().map(bytes).flat_map(|receipt| {
                    let mut receipt = L1Receipt::decode(&receipt).unwrap();
                    let mut logs = Vec::new();
                    while receipt.has_log() {
                        logs.extend(receipt.next_log(|address| *address == contract).unwrap());
                    }
                    logs
                });
            let does = logs.any(|log| log.topics().first() == Some(&topic));
            assert!(may || !does, "{name} of {}", block["number"]);
            outcomes[place][usize::from(may)] += 1;
        }
    }
    assert_eq!(outcomes, [[11, 3], [14, 0]]);
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
