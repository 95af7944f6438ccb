//! Blocks that hold as much gas as they may, and batches that want more.

use super::{
    Story,
    batches::{check_refused, honest, mine},
    chain, is_strict,
};
use crate::{
    batcher,
    devnet::{
        Devnet,
        config::ForkConfig,
        events::Deposit,
        keys::{Call, Key},
        l2, poster,
    },
};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, Bytes, TxKind, U256};
use unroll_protocol::forks::Fork;

const USER: u64 = 1_005;
/// An instruction that does not exist: as init code, it takes all gas that there is, in no time.
const INVALID: [u8; 1] = [0xfe];
const TRANSFER: u64 = 21_000;
/// Gas of each of two deposits.
const DEPOSIT: u64 = 14_000_000;

/// H-010: the last transaction of a block may take what is left of its gas, and no more. What deposits take is not left, nor, before
/// Regolith, what they could have taken (I-006, I-008).
pub(super) fn full_block(fork: Fork) -> Story {
    let mut devnet = chain(ForkConfig::until(fork), |config| {
        config.traffic.transactions = 0;
        config.traffic.deposits = 0;
    });
    fill_two(&mut devnet);
    let room = devnet.config.l2.gas_limit - gas_of_deposits(&devnet);
    assert!(room > 29_000_000, "there is only the L1 info");
    overfill(&mut devnet, fork);

    devnet.sequence();
    let logs = deposits().map(|deposit| deposit.log()).into();
    let mut transactions = devnet.post();
    let chain_id = devnet.config.l1.chain_id;
    transactions.push(devnet.traffic.l1_transaction(chain_id, &mut devnet.l1_nonce, logs));
    devnet.mine(&transactions);
    devnet.sync();
    let room = devnet.config.l2.gas_limit - gas_of_deposits(&devnet);
    assert!(room < 16_000_000, "there are the deposits");
    assert_eq!(room == 2_000_000, fork < Fork::Regolith, "{room} gas is left");
    if is_strict(fork) {
        overfill(&mut devnet, fork); // what replaces the block has the deposits
    } else {
        fill_two(&mut devnet);
    }
    let last = devnet.head().header.number;
    devnet.advance_to(last + 1);
    devnet.sync();
    assert!(devnet.safe() > last);
    Story::whole(devnet)
}

/// Who takes all gas, and who takes little.
fn deposits() -> [Deposit; 2] {
    let greedy = Deposit {
        from: Address::with_last_byte(0xd1),
        to: TxKind::Create,
        mint: U256::ZERO,
        value: U256::ZERO,
        gas: DEPOSIT,
        data: INVALID.into(),
    };
    let modest = Deposit { to: TxKind::Call(Address::with_last_byte(0xb0)), data: Bytes::new(), ..greedy };
    [greedy, modest]
}

/// A block that is full to the last unit of gas, and one in which a unit too little is left for a transfer.
fn fill_two(devnet: &mut Devnet) {
    let wanted = filling(devnet, 0);
    let header = &devnet.sequence_block(wanted).header;
    assert_eq!(header.gas_used, header.gas_limit);
    let wanted = filling(devnet, 1);
    let transfer = wanted.last().cloned();
    let block = devnet.sequence_block(wanted);
    assert_eq!(block.header.gas_used, block.header.gas_limit - TRANSFER + 1);
    assert!(block.batched().last() != transfer.as_ref(), "it is left out");
}

/// A batch with the transfer that does not fit; then the block as it was built.
fn overfill(devnet: &mut Devnet, fork: Fork) {
    let bad = devnet.l2.len();
    let wanted = filling(devnet, 1);
    devnet.sequence_block(Vec::new());
    let mut batch = poster::singular(&devnet.l2[bad]);
    batch.transactions = wanted.iter().cloned().collect();
    let first = usize::try_from(devnet.safe()).expect("the chain is short") + 1;
    let before = (first..bad).map(|block| honest(devnet, block));
    let batches: Vec<_> = before.chain([batcher::singular(&batch)]).collect();
    mine(devnet, &batches);
    if is_strict(fork) {
        check_refused(devnet, bad);
    } else {
        // The good one comes after it.
        let good = honest(devnet, bad);
        mine(devnet, &[good]);
        check_refused(devnet, bad);
    }
    assert_eq!(devnet.safe(), bad as u64);
    devnet.poster.next = bad as u64 + 1;
}

/// Gas that the next block's deposits count for.
fn gas_of_deposits(devnet: &Devnet) -> u64 {
    devnet.clone().sequence_block(Vec::new()).header.gas_used
}

/// Transactions that take all gas of the next block and this much more, of which the last one is a transfer. No single one asks for
/// more than Karst admits.
fn filling(devnet: &Devnet, more: u64) -> Vec<Bytes> {
    let key = Key::new(USER);
    let account = l2::account(devnet.rollup(), &devnet.store, &devnet.head().header, key.address);
    let nonce = account.expect("it is rich").nonce;
    let room = devnet.config.l2.gas_limit - gas_of_deposits(devnet) - TRANSFER + more;
    let call = Call {
        chain_id: devnet.config.l2.chain_id,
        nonce,
        gas_limit: room / 2,
        to: TxKind::Create,
        value: U256::ZERO,
        input: INVALID.into(),
    };
    let second = Call { nonce: nonce + 1, gas_limit: room - room / 2, ..call.clone() };
    let to = TxKind::Call(Address::with_last_byte(0xb0));
    let transfer = Call { nonce: nonce + 2, gas_limit: TRANSFER, to, input: Bytes::new(), ..call };
    [call, second, transfer].map(|call| key.call(call).encoded_2718().into()).into()
}
