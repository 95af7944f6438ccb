//! Forks that activate in the middle of a chain.

use super::{Story, activating, chain, expect, is_drop, receipts, transfer};
use crate::{
    batcher,
    devnet::{Devnet, poster},
};
use alloy_primitives::{B256, Bytes, b256};
use unroll_derive::event::{DropReason, Event, FrameDrop};
use unroll_protocol::{
    deposit::DEPOSIT_TX_TYPE,
    forks::{ExecutionRules, ExtraData, Fork},
    l1_info::L1Info,
    units::{L1Time, L2Time},
    upgrades::{Upgrade, decode_bundle, extra_gas, upgrade_transactions},
};

/// Seconds after genesis at which the fork activates: in block 4.
const AFTER: u64 = 8;
const ACTIVATION: usize = 4;

/// Every upgrade transaction is in the block of the activation, and in no other. The fork's time is no block's.
pub(super) fn block(fork: Fork) -> Story {
    let mut devnet = chain(activating(fork, AFTER - 1), |config| config.traffic.deposits = 1_000);
    devnet.sequence();
    if ExecutionRules::of(fork).empty_activation_block {
        let batch = with_transaction(&devnet, ACTIVATION);
        mine_bad_then_good(&mut devnet, ACTIVATION, batch);
    }
    devnet.advance_to(14);
    let events = devnet.sync();
    if ExecutionRules::of(fork).empty_activation_block {
        expect(&events, "drop", |event| is_drop(event, DropReason::ActivationBlock)); // F-020
    }
    let expected = upgrades(fork);
    let block = &devnet.l2[ACTIVATION];
    let upgrades = block.transactions.iter().filter(|tx| expected.contains(tx)).count();
    assert_eq!(upgrades, expected.len(), "{fork}: the upgrade transactions");
    let lasting = devnet.l2[ACTIVATION - 1].header.gas_limit;
    assert_eq!(block.header.gas_limit, lasting + extra_gas(fork));
    assert_eq!(devnet.l2[ACTIVATION + 1].header.gas_limit, lasting);
    for code in deployed(fork) {
        assert!(devnet.store.keccak(code).is_some(), "{fork}: a contract of code {code}");
    }
    Story::whole(devnet)
}

/// The hashes of the code that the upgrade transactions leave behind, constructors run (G-050 to G-053).
fn deployed(fork: Fork) -> Vec<B256> {
    match fork {
        Fork::Ecotone => vec![
            b256!("c88a313aa75dc4fbf0b6850d9f9ae41e04243b7008cf3eadb29256d4a71c1dfd"),
            b256!("8b71360ea773b4cfaf1ae6d2bd15464a4e1e2e360f786e475f63aeaed8da0ae5"),
        ],
        Fork::Fjord => vec![b256!("a88fa50a2745b15e6794247614b5298483070661adacb8d32d716434ed24c6b2")],
        Fork::Isthmus => vec![
            b256!("8e3fe7a416d3e5f3b7be74ddd4e7e58e516fa3f80b67c6d930e3cd7297da4a4b"),
            b256!("4d195a9d7caf9fb6d4beaf80de252c626c853afd5868c4f4f8d19c9d301c2679"),
            b256!("57dc55c9c09ca456fa728f253fe7b895d3e6aae0706104935fe87c7721001971"),
            b256!("6e49e66782037c0555897870e29fa5e552daf4719552131a0abce779daec0a5d"),
        ],
        Fork::Jovian => vec![
            b256!("5f885ca815d2cf27a203123e50b8ae204fdca910b6995d90b2d7700cbb9240d1"),
            b256!("e9fc7c96c4db0d6078e3d359d7e8c982c350a513cb2c31121adf5e1e8a446614"),
        ],
        _ => Vec::new(),
    }
}

fn upgrades(fork: Fork) -> Vec<Bytes> {
    match upgrade_transactions(fork) {
        Upgrade::None => Vec::new(),
        Upgrade::Builtin(builtin) => builtin.transactions().collect(),
        Upgrade::Bundle { .. } => {
            let bundle = crate::simulator::karst_bundle().expect("the story is told where the bundle is");
            decode_bundle(fork, &bundle).expect("the bundle is the fork's")
        }
    }
}

/// The batch string of the block, with one more transaction.
fn with_transaction(devnet: &Devnet, block: usize) -> Vec<u8> {
    let mut batch = poster::singular(&devnet.l2[block]);
    let more = transfer(devnet, 0);
    batch.transactions = batch.transactions.iter().chain([more]).collect();
    batcher::singular(&batch)
}

/// An L1 block with a channel of the blocks up to `bad`, which is as given, and a channel of that block and the rest.
fn mine_bad_then_good(devnet: &mut Devnet, bad: usize, batch: Vec<u8>) {
    let cfg = devnet.rollup().clone();
    let time = L1Time(devnet.l1.next_time());
    let mut batches: Vec<_> =
        (1..bad).map(|block| batcher::singular(&poster::singular(&devnet.l2[block]))).collect();
    batches.push(batch);
    let frames = devnet.poster.channel(&cfg, time, &batches);
    let mut transactions = devnet.poster.transactions(&cfg, time, &frames);
    devnet.poster.next = bad as u64;
    transactions.extend(devnet.post());
    devnet.mine(&transactions);
}

/// A channel that was opened before Holocene and closed after is lost (C-016, D-027).
pub(super) fn holocene(fork: Fork) -> Story {
    let mut devnet = chain(activating(fork, 36), |config| {
        config.batcher.frame_bytes = 60;
        config.traffic.transactions = 6;
    });
    devnet.advance();
    devnet.sequence();
    let first = devnet.poster.next;
    let parts = devnet.post();
    assert!(parts.len() > 1, "the channel has several frames");
    devnet.mine(&parts[..1]);
    devnet.sequence();
    devnet.mine(&parts[1..]); // Holocene's first L1 block
    devnet.poster.next = first;
    devnet.advance_to(30);
    let events = devnet.sync();
    expect(&events, "switch", |event| matches!(event, Event::StrictOrdering { .. }));
    expect(&events, "dropped frame", |event| {
        matches!(event, Event::FrameDropped { why: FrameDrop::NoChannel | FrameDrop::NotFirst, .. })
    });
    assert!(devnet.safe() >= 30);
    Story::whole(devnet)
}

/// Jovian's first block has its header fields, but still Isthmus' L1 info (G-030).
pub(super) fn jovian(fork: Fork) -> Story {
    let mut devnet = chain(activating(fork, AFTER), |config| config.traffic.transactions = 2);
    devnet.advance_to(16);
    devnet.sync();
    let cfg = devnet.rollup();
    for (number, block) in devnet.l2.iter().enumerate().skip(1) {
        let rules = cfg.forks.execution(L2Time(block.header.timestamp));
        let length = if rules.extra_data == ExtraData::Eip1559AndMinBaseFee { 17 } else { 9 };
        assert_eq!(block.header.extra_data.len(), length, "block {number}");
        assert_eq!(length == 17, number >= ACTIVATION, "block {number}");
        let time = L2Time(block.header.timestamp);
        let deposit = unroll_protocol::deposit::DepositTx::decode(&block.transactions[0]);
        let info = L1Info::decode(&deposit.expect("a deposit").data, cfg.l1_info_format(time));
        let scalar = info.expect("L1 info").da_footprint_gas_scalar;
        assert_eq!(scalar, if number > ACTIVATION { 400 } else { 0 }, "block {number}"); // G-029
    }
    Story::whole(devnet)
}

/// Karst's 31 upgrade transactions run, on gas that only their block has (A-046, G-054).
pub(super) fn karst(fork: Fork) -> Story {
    let mut devnet = chain(activating(fork, AFTER), |_| {});
    devnet.advance_to(14);
    devnet.sync();
    let block = &devnet.l2[ACTIVATION];
    let deposits = block.transactions.iter().filter(|tx| tx.first() == Some(&DEPOSIT_TX_TYPE)).count();
    assert_eq!(deposits, block.transactions.len(), "nothing but deposits (F-020)");
    let receipts = receipts(block);
    let failed: Vec<usize> = (0..receipts.len()).filter(|&i| !receipts[i].success).collect();
    assert_eq!((receipts.len(), failed), (1 + 31, Vec::new()), "upgrade transactions that failed");
    // The last one upgrades all predeploys at once, whose settings it asks them for: from then on the L1 info is set by Karst's code.
    for block in &devnet.l2[ACTIVATION + 1..] {
        assert!(super::receipts(block)[0].success, "block {}", block.header.number);
    }
    Story::whole(devnet)
}
