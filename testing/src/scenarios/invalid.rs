//! Batches that hold a transaction that no block can hold, of every kind (H-010).

use super::{
    Story, at,
    batches::{check_refused, honest, mine, with},
    count, invalid, is_strict, transfer,
};
use crate::devnet::{
    Devnet,
    keys::{Call, Key},
};
use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, uint};
use unroll_derive::event::Event;
use unroll_protocol::forks::Fork;

/// A user who sends no other transactions.
const USER: u64 = 1_005;
const ORDER: U256 = uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);

/// H-010: one bad batch after another. From Holocene each is replaced by its deposits (H-011), and the sequencer builds on them. Before it
/// each is dropped, and of all batches for the block the good one, which is the last, is taken (H-013).
pub(super) fn every_kind(fork: Fork) -> Story {
    let mut devnet = at(fork);
    let kinds = kinds(&devnet, fork);
    if is_strict(fork) {
        for bad in &kinds {
            replaced(&mut devnet, bad);
        }
        devnet.advance();
        devnet.sync();
    } else {
        devnet.sequence();
        let bad = kinds.iter().map(|bad| with(&devnet, 1, bad.clone()));
        let batches: Vec<_> = bad.chain((1..=5).map(|block| honest(&devnet, block))).collect();
        mine(&mut devnet, &batches);
        devnet.poster.next = 6;
        devnet.advance_to(14);
        let events = check_refused(&mut devnet, 1);
        let refused = count(&events, |event| matches!(event, Event::PayloadRefused { .. }));
        assert_eq!(refused, kinds.len(), "each of them, once");
    }
    Story::whole(devnet)
}

/// The blocks of a slot of L1, of which the last one is bad.
pub(super) fn replaced(devnet: &mut Devnet, bad: &Bytes) {
    devnet.sequence();
    let first = usize::try_from(devnet.safe()).expect("the chain is short") + 1;
    let last = devnet.l2.len() - 1;
    let batches: Vec<_> =
        (first..last).map(|block| honest(devnet, block)).chain([with(devnet, last, bad.clone())]).collect();
    mine(devnet, &batches);
    let before = devnet.l2[last - 1].header.hash();
    let events = check_refused(devnet, last);
    let replaced = count(&events, |event| matches!(event, Event::PayloadReplaced { .. }));
    assert_eq!((replaced, devnet.l2.len() - 1), (1, last), "{bad}");
    assert_eq!(devnet.l2[last - 1].header.hash(), before, "the blocks before it stay");
}

/// Transactions that are invalid on the fork, however far the chain is.
fn kinds(devnet: &Devnet, fork: Fork) -> Vec<Bytes> {
    let good = transfer(devnet, 0);
    let mut kinds = vec![
        invalid(devnet),
        [&good[..], &[0]].concat().into(),
        good.slice(..good.len() - 1),
        [&[5], &good[1..]].concat().into(),
        [&[0x7d], &good[1..]].concat().into(),
        [&[0xbf], &good[1..]].concat().into(),
        Bytes::from_static(&[2]),
        Bytes::from_static(&[0xc0]),
    ];
    let call = call(devnet);
    kinds.push(Key::new(USER).blobs(call.clone(), vec![B256::with_last_byte(1)]).encoded_2718().into());
    // Nobody gave this one anything.
    kinds.push(Key::new(424_242).call(call.clone()).encoded_2718().into());
    let changes: [fn(&mut TxEip1559); 6] = [
        |tx| tx.chain_id += 1,
        |tx| tx.gas_limit = 20_999,
        |tx| tx.gas_limit = u64::MAX,
        |tx| tx.max_fee_per_gas = 0,
        |tx| tx.max_priority_fee_per_gas = tx.max_fee_per_gas + 1,
        |tx| tx.value = U256::MAX,
    ];
    kinds.extend(changes.map(|change| changed(&call, change)));
    if fork >= Fork::Canyon {
        kinds.push(changed(&call, |tx| {
            (tx.to, tx.gas_limit, tx.input) = (TxKind::Create, 5_000_000, vec![0; 49_153].into());
        }));
    }
    if fork >= Fork::Isthmus {
        kinds.push(changed(&call, |tx| (tx.gas_limit, tx.input) = (60_999, vec![1; 1_000].into())));
        kinds.push(Key::new(USER).set_code(call.clone(), Vec::new()).encoded_2718().into());
    }
    if fork >= Fork::Karst {
        kinds.push(changed(&call, |tx| tx.gas_limit = 16_777_217));
    }
    kinds.extend(unsigned(&call));
    kinds
}

fn call(devnet: &Devnet) -> Call {
    Call {
        chain_id: devnet.config.l2.chain_id,
        nonce: 0,
        gas_limit: 100_000,
        to: TxKind::Call(Address::with_last_byte(0xb0)),
        value: U256::ZERO,
        input: Bytes::new(),
    }
}

fn plain(call: &Call) -> TxEip1559 {
    let envelope = Key::new(USER).call(call.clone());
    let TxEnvelope::Eip1559(signed) = envelope else { unreachable!("type 2 was asked for") };
    signed.strip_signature()
}

fn changed(call: &Call, change: impl FnOnce(&mut TxEip1559)) -> Bytes {
    let mut tx = plain(call);
    change(&mut tx);
    let signature = Key::new(USER).sign(tx.signature_hash());
    encoded(tx, signature)
}

/// Signatures of nobody, and the twin of somebody's.
fn unsigned(call: &Call) -> Vec<Bytes> {
    let tx = plain(call);
    let good = Key::new(USER).sign(tx.signature_hash());
    [
        Signature::new(good.r(), ORDER - good.s(), !good.v()),
        Signature::new(U256::ZERO, good.s(), good.v()),
        Signature::new(good.r(), U256::ZERO, good.v()),
        Signature::new(ORDER, good.s(), good.v()),
    ]
    .map(|signature| encoded(tx.clone(), signature))
    .into()
}

fn encoded(tx: TxEip1559, signature: Signature) -> Bytes {
    TxEnvelope::from(tx.into_signed(signature)).encoded_2718().into()
}
