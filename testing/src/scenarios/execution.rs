//! What happens inside of blocks.

use super::{
    Story,
    batches::{mine, with},
    chain, count,
    invalid::replaced,
    signed, transfer,
};
use crate::{
    devnet::{Devnet, config::ForkConfig, contracts as code, events::config_update, keys::Key, l2},
    simulator::dice::Dice,
};
use alloy_eips::eip7685::EMPTY_REQUESTS_HASH;
use alloy_primitives::{Address, B256};
use unroll_derive::Event;
use unroll_protocol::{
    extra_data::BaseFeeSettings,
    forks::{ExtraData, Fork},
    system_config::ConfigUpdate,
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

/// A block whose DA footprint is as large as its gas limit allows, and one whose is larger (I-070 to I-072), while L1 changes what
/// a byte counts.
pub(super) fn da_footprint(fork: Fork) -> Story {
    let mut devnet = chain(ForkConfig::until(fork), |config| config.traffic.transactions = 0);
    devnet.sequence();
    // 30,000,000 gas for 60,000 a byte: 500 bytes a block, of which every transaction counts 100 at least.
    set_scalar(&mut devnet, 60_000);
    let wanted = (0..6).map(|nonce| transfer(&devnet, nonce)).collect();
    let full = devnet.sequence_block(wanted);
    assert_eq!(full.batched().count(), 5, "the sixth one does not fit");
    assert_eq!(full.header.blob_gas_used, Some(30_000_000));
    let full = devnet.l2.len() - 1;
    devnet.sequence();
    // Somebody posts it with the sixth one: the block is invalid, and becomes its deposits.
    let bad = with(&devnet, full, transfer(&devnet, 5));
    mine(&mut devnet, &[bad]);
    let events = devnet.sync();
    assert_eq!(count(&events, |event| matches!(event, Event::PayloadReplaced { .. })), 1);
    assert_eq!(devnet.l2[full].header.blob_gas_used, Some(0));
    let wanted = (0..6).map(|nonce| transfer(&devnet, nonce)).collect();
    devnet.sequence_block(wanted);
    devnet.advance();
    devnet.sync();
    // I-065: the footprint counts as gas used, so the base fee rises after a full block.
    let [full, next] = [&devnet.l2[full + 1].header, &devnet.l2[full + 2].header];
    assert_eq!(full.blob_gas_used, Some(30_000_000));
    assert!(next.base_fee_per_gas > full.base_fee_per_gas);
    change_scalars(&mut devnet);
    Story::whole(devnet)
}

/// The scalar of an L1 block counts from the block on that opens its epoch (I-071); 0 stands for 400 (G-029).
fn change_scalars(devnet: &mut Devnet) {
    let mut nonce = 5;
    // Of each the scalar in force, the transactions that are wanted, and those that fit.
    for (scalar, in_force, wanted, fit) in
        [(25_000, 25_000, 13, 12), (u16::MAX, 65_535, 5, 4), (1, 1, 5, 5), (0, 400, 5, 5)]
    {
        devnet.sequence();
        set_scalar(devnet, scalar);
        let users = (0..wanted).map(|more| transfer(devnet, nonce + more)).collect();
        let block = devnet.sequence_block(users);
        assert_eq!(block.batched().count(), fit);
        assert_eq!(block.header.blob_gas_used, Some(fit as u64 * 100 * in_force), "{scalar}");
        nonce += fit as u64;
    }
    // One transaction that takes all of a block: 75,000 bytes as they are estimated, to the byte.
    let data = |devnet: &Devnet, length: usize, nonce| {
        let bytes = Dice::new(1).bytes(length as u64);
        signed(&Key::new(1_005), devnet, nonce, Address::with_last_byte(0xb0), 10_000_000, bytes)
    };
    let footprint = |devnet: &Devnet, length: usize| {
        let users = vec![data(devnet, length, nonce)];
        devnet.clone().sequence_block(users).header.blob_gas_used.expect("the fork has it")
    };
    let (mut fits, mut too_long) = (50_000, 100_000);
    assert_eq!(footprint(devnet, too_long), 0);
    while too_long - fits > 1 {
        let middle = usize::midpoint(fits, too_long);
        if footprint(devnet, middle) > 0 { fits = middle } else { too_long = middle }
    }
    let users = vec![data(devnet, fits, nonce)];
    let block = devnet.sequence_block(users);
    assert_eq!((block.batched().count(), block.header.blob_gas_used), (1, Some(30_000_000)));
    devnet.advance();
    devnet.sync();
    let bad = data(devnet, too_long, nonce + 1);
    replaced(devnet, &bad);
    devnet.advance();
    devnet.sync();
}

/// An L1 block with what was not posted yet, and with another scalar.
fn set_scalar(devnet: &mut Devnet, scalar: u16) {
    let update = config_update(&ConfigUpdate::DaFootprintGasScalar(scalar));
    let mut transactions = devnet.post();
    let chain_id = devnet.config.l1.chain_id;
    transactions.push(devnet.traffic.l1_transaction(chain_id, &mut devnet.l1_nonce, vec![update]));
    devnet.mine(&transactions);
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
