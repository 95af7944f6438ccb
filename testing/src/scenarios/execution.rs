//! What happens inside of blocks.

use super::{Story, chain, count, signed, transfer};
use crate::{
    batcher,
    devnet::{Devnet, config::ForkConfig, contracts as code, events::config_update, keys::Key, l2, poster},
};
use alloy_eips::eip7685::EMPTY_REQUESTS_HASH;
use alloy_primitives::B256;
use unroll_derive::Event;
use unroll_protocol::{
    extra_data::BaseFeeSettings,
    forks::{ExtraData, Fork},
    system_config::ConfigUpdate,
    units::L1Time,
};

/// Whatever lies where L1 has its request contracts: nobody calls it, and there are no requests (I-044, I-083).
pub(super) fn isthmus_requests(fork: Fork) -> Story {
    let mut devnet = chain(ForkConfig::until(fork), |config| config.traffic.transactions = 0);
    devnet.sequence_block(Vec::new());
    let key = Key::new(1_005);
    let calls = code::REQUEST_CONTRACTS.iter().zip(0..);
    let calls = calls.map(|(to, nonce)| signed(&key, &devnet, nonce, *to, 100_000, vec![1; 76].into()));
    let calls = calls.collect();
    let before = storage_roots(&devnet);
    devnet.sequence_block(calls);
    assert_eq!(devnet.head().batched().count(), 3);
    let after = storage_roots(&devnet);
    assert_ne!(before, after, "users' calls count");
    devnet.advance_to(14);
    devnet.sync();
    assert_eq!(storage_roots(&devnet), after, "the system makes no calls");
    for block in &devnet.l2 {
        assert_eq!(block.header.requests_hash, Some(EMPTY_REQUESTS_HASH));
    }
    Story::whole(devnet)
}

fn storage_roots(devnet: &Devnet) -> Vec<Option<B256>> {
    let roots = code::REQUEST_CONTRACTS.iter().map(|contract| {
        let account = l2::account(devnet.rollup(), &devnet.store, &devnet.head().header, *contract);
        account.map(|account| account.storage_root)
    });
    roots.collect()
}

/// A block whose DA footprint is as large as its gas limit allows, and one whose is larger (I-070 to I-072).
pub(super) fn da_footprint(fork: Fork) -> Story {
    let mut devnet = chain(ForkConfig::until(fork), |config| config.traffic.transactions = 0);
    // 30,000,000 gas for 60,000 a byte: 500 bytes a block, of which every transaction counts 100 at least.
    let update = config_update(&ConfigUpdate::DaFootprintGasScalar(60_000));
    devnet.sequence();
    let mut transactions = devnet.post();
    let chain_id = devnet.config.l1.chain_id;
    transactions.push(devnet.traffic.l1_transaction(chain_id, &mut devnet.l1_nonce, vec![update]));
    devnet.mine(&transactions);
    let wanted = (0..6).map(|nonce| transfer(&devnet, nonce)).collect();
    let full = devnet.sequence_block(wanted);
    assert_eq!(full.batched().count(), 5, "the sixth one does not fit");
    assert_eq!(full.header.blob_gas_used, Some(30_000_000));
    let full = devnet.l2.len() - 1;
    devnet.sequence();
    // Somebody posts it with the sixth one: the block is invalid, and becomes its deposits.
    let mut batch = poster::singular(&devnet.l2[full]);
    batch.transactions = batch.transactions.iter().chain([transfer(&devnet, 5)]).collect();
    let cfg = devnet.rollup().clone();
    let time = L1Time(devnet.l1.next_time());
    let frames = devnet.poster.channel(&cfg, time, &[batcher::singular(&batch)]);
    let transactions = devnet.poster.transactions(&cfg, time, &frames);
    devnet.mine(&transactions);
    let events = devnet.sync();
    assert_eq!(count(&events, |event| matches!(event, Event::PayloadReplaced { .. })), 1);
    assert_eq!(devnet.l2[full].header.blob_gas_used, Some(0));
    let wanted = (0..6).map(|nonce| transfer(&devnet, nonce)).collect();
    devnet.sequence_block(wanted);
    devnet.advance_to(20);
    devnet.sync();
    // I-065: the footprint counts as gas used, so the base fee rises after a full block.
    let [full, next] = [&devnet.l2[full + 1].header, &devnet.l2[full + 2].header];
    assert_eq!(full.blob_gas_used, Some(30_000_000));
    assert!(next.base_fee_per_gas > full.base_fee_per_gas);
    Story::whole(devnet)
}

/// A least base fee: written into one block, it binds the next (I-066).
pub(super) fn min_base_fee(fork: Fork) -> Story {
    const LEAST: u64 = 5_000_000_000;
    let mut devnet = chain(ForkConfig::until(fork), |config| config.traffic.transactions = 1);
    devnet.sequence();
    let mut transactions = devnet.post();
    let update = config_update(&ConfigUpdate::MinBaseFee(LEAST));
    let chain_id = devnet.config.l1.chain_id;
    transactions.push(devnet.traffic.l1_transaction(chain_id, &mut devnet.l1_nonce, vec![update]));
    devnet.mine(&transactions);
    devnet.advance_to(14);
    devnet.sync();
    let announced = devnet.l2.iter().position(|block| {
        let settings = BaseFeeSettings::decode(ExtraData::Eip1559AndMinBaseFee, &block.header.extra_data);
        settings.is_ok_and(|settings| settings.min_base_fee == LEAST)
    });
    let announced = announced.expect("L1 announced it");
    let fee = |number: usize| devnet.l2[number].header.base_fee_per_gas.unwrap_or_default();
    assert!(fee(announced) < LEAST, "not in its own block");
    assert!((announced + 1..devnet.l2.len()).all(|number| fee(number) >= LEAST));
    Story::whole(devnet)
}
