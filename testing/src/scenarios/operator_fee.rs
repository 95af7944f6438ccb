//! The operator fee: who pays it, how much, and who cannot.

use super::{Story, activating, chain, invalid::replaced, receipts, signed};
use crate::devnet::{
    Devnet,
    config::ForkConfig,
    contracts as code,
    events::{Deposit, config_update},
    keys::{Call, Key},
    l2,
    traffic::word,
};
use alloy_consensus::Transaction;
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, Bytes, Log, TxKind, U256};
use unroll_protocol::{
    deposit::DEPOSIT_TX_TYPE,
    forks::Fork,
    system_config::{ConfigUpdate, FeeScalars, OperatorFee},
};

/// Of a scalar that does not divide evenly.
const FIRST: OperatorFee = OperatorFee { scalar: 2_000_003, constant: 777 };
/// As much as it can be: about 20 ether for each transaction.
const MOST: OperatorFee = OperatorFee { scalar: u32::MAX, constant: u64::MAX };
const SENDER: u64 = 1_005;
const PAYEE: Address = Address::with_last_byte(0xb0);
/// Wei that each transfer gives to the payee.
const GIFT: u64 = 12_345;

/// The operator fee of each fork goes to its vault, by the rate that L1 says last; deposits pay none; who cannot pay it for all of
/// their gas limit is not in a block (I-030, I-033).
pub(super) fn operator_fee(fork: Fork) -> Story {
    let is_jovian = fork >= Fork::Jovian;
    let mut devnet = chain(ForkConfig::until(fork), |config| {
        config.l2.operator_fee_scalar = FIRST.scalar;
        config.l2.operator_fee_constant = FIRST.constant;
        config.traffic.transactions = 0;
        config.traffic.deposits = 0;
    });
    let mut nonce = 0;
    while devnet.next_time().0 < devnet.l1.next_time() {
        pay(&mut devnet, &mut nonce, FIRST, is_jovian);
    }
    for rate in [MOST, OperatorFee::default(), FIRST] {
        // Data costs nothing any more, so that what a transaction costs can be said before it is signed.
        let free = ConfigUpdate::Fees {
            overhead: U256::ZERO,
            scalar: FeeScalars { base_fee: 0, blob_base_fee: 0 }.encode(),
        };
        let updates = [ConfigUpdate::OperatorFee(rate), free].map(|update| config_update(&update));
        mine(&mut devnet, [updates.to_vec(), vec![deposit().log()]].concat());
        deposits_pay_nothing(&mut devnet);
        while devnet.next_time().0 < devnet.l1.next_time() {
            pay(&mut devnet, &mut nonce, rate, is_jovian);
        }
    }
    let needed = needed(&devnet, FIRST, is_jovian);
    let [able, unable] = [Key::new(7_001), Key::new(7_002)];
    mine(&mut devnet, Vec::new());
    let gifts =
        [give(&devnet, &mut nonce, &able, needed), give(&devnet, &mut nonce, &unable, needed - U256::ONE)];
    devnet.sequence_block(gifts.into());
    only_one_can_pay(&mut devnet, &able, &unable, FIRST, is_jovian);
    mine(&mut devnet, Vec::new());
    devnet.sync();
    let bad = everything(&devnet, &unable);
    replaced(&mut devnet, &bad);
    devnet.advance();
    devnet.sync();
    Story::whole(devnet)
}

/// The block in which Jovian begins holds a deposit and nobody who could pay; from the next one on the fee is multiplied, and who
/// could just pay it before cannot (I-030, I-032).
pub(super) fn transition(fork: Fork) -> Story {
    /// In seconds after genesis, and the block then.
    const ACTIVATION: (u64, u64) = (12, 6);
    let mut devnet = chain(activating(fork, ACTIVATION.0), |config| {
        config.l2.operator_fee_scalar = FIRST.scalar;
        config.l2.operator_fee_constant = FIRST.constant;
        config.l2.base_fee_scalar = 0;
        config.l2.blob_base_fee_scalar = 0;
        config.traffic.transactions = 0;
        config.traffic.deposits = 0;
    });
    let (mut nonce, needed) = (0, needed(&devnet, FIRST, false));
    let [able, unable] = [Key::new(7_001), Key::new(7_002)];
    let gifts = [&able, &unable].map(|to| give(&devnet, &mut nonce, to, needed));
    devnet.sequence_block(gifts.into());
    while devnet.head().header.number + 2 < ACTIVATION.1 {
        pay(&mut devnet, &mut nonce, FIRST, false);
    }
    let before = balance(&devnet, able.address);
    devnet.sequence_block(vec![everything(&devnet, &able)]);
    assert_eq!(devnet.head().batched().count(), 1, "it can be paid, to the wei, before the fork");
    assert!(balance(&devnet, able.address) < before);
    mine(&mut devnet, vec![deposit().log()]);
    deposits_pay_nothing(&mut devnet);
    assert_eq!(devnet.head().header.number, ACTIVATION.1);
    devnet.sequence_block(vec![everything(&devnet, &unable)]);
    assert_eq!(devnet.head().batched().count(), 0, "the same balance is too little after it");
    while devnet.next_time().0 < devnet.l1.next_time() {
        pay(&mut devnet, &mut nonce, FIRST, true);
    }
    mine(&mut devnet, Vec::new());
    devnet.sync();
    let bad = everything(&devnet, &unable);
    replaced(&mut devnet, &bad);
    devnet.advance();
    devnet.sync();
    Story::whole(devnet)
}

/// The block in which Isthmus begins has the old L1 info and takes no operator fee, although L1 has set one for its epoch; and as the
/// next block knows no more than that one says, there is none until L1 sets it again (I-032, A-041, A-043).
pub(super) fn activation(fork: Fork) -> Story {
    /// In seconds after genesis, and the block then, which opens the epoch of L1 block 1.
    const ACTIVATION: (u64, u64) = (12, 6);
    let mut devnet = chain(activating(fork, ACTIVATION.0), |config| {
        config.traffic.transactions = 0;
        config.traffic.deposits = 0;
    });
    let (mut nonce, nothing) = (0, OperatorFee::default());
    let update = |rate| vec![config_update(&ConfigUpdate::OperatorFee(rate))];
    for (rate, in_force) in [(None, nothing), (Some(MOST), nothing), (Some(FIRST), FIRST)] {
        if let Some(rate) = rate {
            mine(&mut devnet, update(rate));
        }
        // F-020: users' transactions are not forbidden in this activation block.
        while devnet.next_time().0 < devnet.l1.next_time() {
            pay(&mut devnet, &mut nonce, in_force, false);
        }
    }
    let block = &devnet.l2[usize::try_from(ACTIVATION.1).expect("small")];
    assert_eq!((block.l1_origin.number, block.sequence_number), (1, 0));
    let deposits = block.transactions.len() - block.batched().count();
    assert_eq!(deposits, 1 + 8, "the L1 info and the upgrade transactions");
    devnet.advance();
    devnet.sync();
    assert_eq!(devnet.safe(), devnet.head().header.number);
    Story::whole(devnet)
}

/// An L1 block with what was not posted yet, and with these logs.
fn mine(devnet: &mut Devnet, logs: Vec<Log>) {
    let mut transactions = devnet.post();
    let chain_id = devnet.config.l1.chain_id;
    transactions.push(devnet.traffic.l1_transaction(chain_id, &mut devnet.l1_nonce, logs));
    devnet.mine(&transactions);
}

/// A call that takes much more than the 21,000 gas of a transfer.
fn deposit() -> Deposit {
    Deposit {
        from: Address::with_last_byte(0xd1),
        to: TxKind::Call(code::BURNER),
        mint: U256::ZERO,
        value: U256::ZERO,
        gas: 300_000,
        data: word(500),
    }
}

/// The next block has a deposit and nothing else, which pays nobody.
fn deposits_pay_nothing(devnet: &mut Devnet) {
    let before = balances(devnet);
    let block = devnet.sequence_block(Vec::new());
    assert!(receipts(block)[1].gas > 50_000, "there is a deposit, which takes gas");
    assert_eq!(balances(devnet), before, "block {}", devnet.head().header.number);
}

/// What the formula says, in wei.
fn fee(gas: u64, rate: OperatorFee, is_jovian: bool) -> U256 {
    let weighted = U256::from(gas) * U256::from(rate.scalar);
    let weighted = if is_jovian { weighted * U256::from(100) } else { weighted / U256::from(1_000_000) };
    weighted + U256::from(rate.constant)
}

/// A block with a transfer, a call that reverts, and one that leaves most of its gas: the vault gets the fee for what each took,
/// and nothing is made or lost.
fn pay(devnet: &mut Devnet, nonce: &mut u64, rate: OperatorFee, is_jovian: bool) {
    let key = Key::new(SENDER);
    let [first, second, third] = [0, 1, 2].map(|more| *nonce + more);
    *nonce += 3;
    let gift = call(devnet, first, 21_000, PAYEE, U256::from(GIFT), Bytes::new());
    let users = vec![
        key.call(gift).encoded_2718().into(),
        signed(&key, devnet, second, code::REVERTER, 50_000, Bytes::new()),
        signed(&key, devnet, third, code::BURNER, 1_000_000, word(20)),
    ];
    let before = balances(devnet);
    let block = devnet.sequence_block(users);
    let number = block.header.number;
    let own = block.transactions.iter().zip(receipts(block)).filter(|(tx, _)| tx[0] != DEPOSIT_TX_TYPE);
    let gases: Vec<u64> = own.map(|(_, receipt)| receipt.gas).collect();
    assert_eq!(gases.len(), 3, "block {number}");
    assert_eq!(gases[0], 21_000, "block {number}");
    assert!(gases[1] < 50_000 && gases[2] < 100_000, "block {number}: {gases:?}");
    let expected: U256 = gases.iter().map(|gas| fee(*gas, rate, is_jovian)).sum();
    let [sender, payee, base, tip, l1, operator] = balances(devnet);
    assert_eq!(operator - before[5], expected, "block {number}: {rate:?}");
    assert_eq!(payee - before[1], U256::from(GIFT), "block {number}");
    let paid = [payee, base, tip, l1, operator].into_iter().zip(&before[1..]);
    let paid: U256 = paid.map(|(after, before)| after - before).sum();
    assert_eq!(before[0] - sender, paid, "block {number}: nothing is made or lost");
}

/// The sender, the payee, and the vaults of the base fee, the tip, the L1 fee and the operator fee.
fn balances(devnet: &Devnet) -> [U256; 6] {
    let [base, tip, l1, operator] = [0x19, 0x11, 0x1a, 0x1b].map(code::predeploy);
    [Key::new(SENDER).address, PAYEE, base, tip, l1, operator].map(|address| balance(devnet, address))
}

fn balance(devnet: &Devnet, address: Address) -> U256 {
    let account = l2::account(devnet.rollup(), &devnet.store, &devnet.head().header, address);
    account.map_or(U256::ZERO, |account| account.balance)
}

fn call(devnet: &Devnet, nonce: u64, gas_limit: u64, to: Address, value: U256, input: Bytes) -> Call {
    Call { chain_id: devnet.config.l2.chain_id, nonce, gas_limit, to: TxKind::Call(to), value, input }
}

fn give(devnet: &Devnet, nonce: &mut u64, to: &Key, wei: U256) -> Bytes {
    let gift = call(devnet, *nonce, 21_000, to.address, wei, Bytes::new());
    *nonce += 1;
    Key::new(SENDER).call(gift).encoded_2718().into()
}

/// The only transaction of somebody who has just enough, or not: it leaves most of its gas.
const GAS_LIMIT: u64 = 200_000;

fn everything(devnet: &Devnet, key: &Key) -> Bytes {
    signed(key, devnet, 0, code::BURNER, GAS_LIMIT, word(20))
}

/// The balance that it takes, where data costs nothing: the most for all of its gas.
fn needed(devnet: &Devnet, rate: OperatorFee, is_jovian: bool) -> U256 {
    let any = Key::new(SENDER).call(call(devnet, 0, GAS_LIMIT, code::BURNER, U256::ZERO, Bytes::new()));
    U256::from(GAS_LIMIT) * U256::from(any.max_fee_per_gas()) + fee(GAS_LIMIT, rate, is_jovian)
}

/// One wei less than [`needed`] is too little. Who has enough gets back what the gas that was not taken would have cost.
fn only_one_can_pay(devnet: &mut Devnet, able: &Key, unable: &Key, rate: OperatorFee, is_jovian: bool) {
    let before = balance(devnet, able.address);
    let wanted = vec![everything(devnet, unable), everything(devnet, able)];
    devnet.sequence_block(wanted);
    let block = devnet.head();
    assert_eq!(block.batched().collect::<Vec<_>>(), [&everything(devnet, able)]);
    let gas = receipts(block).last().expect("it has a receipt").gas;
    assert!(gas < GAS_LIMIT / 2, "{gas}");
    let any = Key::new(SENDER).call(call(devnet, 0, GAS_LIMIT, code::BURNER, U256::ZERO, Bytes::new()));
    let price = any.effective_gas_price(block.header.base_fee_per_gas);
    let paid = U256::from(gas) * U256::from(price) + fee(gas, rate, is_jovian);
    assert_eq!(before - balance(devnet, able.address), paid);
}
