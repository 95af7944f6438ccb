//! Every way in which a batch's transaction can be invalid, at every fork (H-010): each is a verdict, and leaves the deposits (H-011).

mod common;

use std::slice::from_ref;

use alloy_consensus::{
    SignableTransaction, TxEip1559, TxEip2930, TxEip7702, TxLegacy, transaction::RlpEcdsaEncodableTx,
};
use alloy_eips::eip7702::{Authorization, SignedAuthorization};
use alloy_primitives::{Address, Bytes, Signature, TxKind, U256, bytes, uint};
use common::world::{BASE_FEE, CHAIN_ID, Chain, GAS_LIMIT, Signer, World, deposit, user_deposit};
use op_alloy_consensus::TxDeposit;
use revm::context::result::InvalidTransaction as Rule;
use unroll_executor::{ExecutionError, InvalidTransaction as Invalid};
use unroll_protocol::forks::Fork;

const BOB: Address = Address::repeat_byte(0xb0);
const RICH: u64 = 1_000_000_000_000_000;
const ORDER: U256 = uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);

const FORKS: [Fork; 10] = [
    Fork::Bedrock,
    Fork::Regolith,
    Fork::Canyon,
    Fork::Ecotone,
    Fork::Fjord,
    Fork::Granite,
    Fork::Holocene,
    Fork::Isthmus,
    Fork::Jovian,
    Fork::Karst,
];

fn alice() -> Signer {
    Signer::new(1)
}

fn rich() -> World {
    World::default().with_balance(alice().address(), RICH)
}

/// Whether the transaction may be in a block, behind a deposit. If not, the executor is then as before (H-016), and builds the
/// block of the deposits alone as one that never saw it does (H-011).
fn verdict(chain: &Chain, transaction: &Bytes) -> Result<(), Invalid> {
    let front = deposit(&TxDeposit { mint: 12_345, to: BOB.into(), ..user_deposit(BOB) });
    let mut executor = chain.executor();
    let mut provider = chain.provider.clone();
    let attributes = chain.attributes(&[front.clone(), transaction.clone()]);
    match executor.execute(&mut provider, &attributes) {
        Ok(block) => {
            assert_eq!(block.receipts.len(), 3);
            Ok(())
        }
        Err(ExecutionError::InvalidPayload(invalid)) => {
            assert_eq!(invalid.index, 2);
            assert_eq!(executor.parent(), &chain.parent);
            let deposits = chain.attributes(from_ref(&front));
            let after = executor.execute(&mut provider, &deposits).expect("deposits are valid");
            assert_eq!(after, chain.run(&[front]).expect("deposits are valid"));
            Err(invalid.reason)
        }
        Err(other) => unreachable!("no verdict: {other:?}"),
    }
}

/// It must be invalid for this reason from a fork on, and valid before.
fn invalid_from(first: Fork, world: &World, what: &str, tx: &Bytes, is_reason: impl Fn(&Invalid) -> bool) {
    for fork in FORKS {
        let verdict = verdict(&Chain::at(fork, world), tx);
        if fork < first {
            assert_eq!(verdict, Ok(()), "{fork}: {what}");
        } else {
            let reason = verdict.expect_err(what);
            assert!(is_reason(&reason), "{fork}: {what}: {reason:?}");
        }
    }
}

fn always_invalid(what: &str, tx: &Bytes, is_reason: impl Fn(&Invalid) -> bool) {
    invalid_from(Fork::Bedrock, &rich(), what, tx, is_reason);
}

fn always_valid(world: &World, tx: &Bytes) {
    for fork in FORKS {
        assert_eq!(verdict(&Chain::at(fork, world), tx), Ok(()), "{fork}");
    }
}

/// The reason is this rule of the EVM.
fn is_rule(is_it: impl Fn(&Rule) -> bool) -> impl Fn(&Invalid) -> bool {
    move |reason| matches!(reason, Invalid::Rule(rule) if is_it(rule))
}

fn call() -> TxEip1559 {
    alice().call(0, BOB)
}

fn legacy() -> TxLegacy {
    TxLegacy {
        chain_id: Some(CHAIN_ID),
        gas_price: BASE_FEE.into(),
        gas_limit: 50_000,
        to: BOB.into(),
        ..TxLegacy::default()
    }
}

fn access_list() -> TxEip2930 {
    TxEip2930 {
        chain_id: CHAIN_ID,
        gas_price: BASE_FEE.into(),
        gas_limit: 50_000,
        to: BOB.into(),
        ..TxEip2930::default()
    }
}

fn set_code(authorization_list: Vec<SignedAuthorization>) -> TxEip7702 {
    TxEip7702 {
        chain_id: CHAIN_ID,
        gas_limit: 100_000,
        max_fee_per_gas: BASE_FEE.into(),
        to: BOB,
        authorization_list,
        ..TxEip7702::default()
    }
}

fn authorization() -> SignedAuthorization {
    let bob = Signer::new(2);
    let authorization = Authorization { chain_id: U256::from(CHAIN_ID), address: BOB, nonce: 0 };
    let signature = bob.signature(authorization.signature_hash());
    authorization.into_signed(signature)
}

fn encoded<T: RlpEcdsaEncodableTx>(tx: &T, signature: &Signature) -> Bytes {
    let mut out = Vec::new();
    tx.eip2718_encode(signature, &mut out);
    out.into()
}

/// H-010: types 0, 1 and 2 at every fork, 4 from Isthmus, and no other; in their canonical encoding.
#[test]
fn transactions_are_canonical() {
    let all = [alice().sign(&legacy()), alice().sign(&access_list()), alice().sign(&call())];
    for good in &all {
        always_valid(&rich(), good);
        always_invalid("more", &[&good[..], &[0]].concat().into(), |reason| {
            *reason == Invalid::TrailingBytes(1)
        });
        for length in [1, 2, 40, good.len() - 1] {
            let cut = good.slice(..length);
            always_invalid("cut", &cut, |reason| matches!(reason, Invalid::Malformed(_)));
        }
        for (at, from, to) in non_canonical(good) {
            let changed = [&good[..at], &to, &good[at + from..]].concat();
            always_invalid("other RLP", &changed.into(), |reason| matches!(reason, Invalid::Malformed(_)));
        }
    }
    always_invalid("nothing", &Bytes::new(), |reason| *reason == Invalid::Empty);
    for first in [0, 3, 5, 0x7d, 0x7f, 0x80, 0xb8, 0xbf] {
        let bytes = [&[first], &all[2][1..]].concat().into();
        always_invalid("type", &bytes, |reason| *reason == Invalid::Type(first));
    }
    for first in [0xc0, 0xf8, 0xff] {
        always_invalid("a list", &Bytes::from(vec![first]), |reason| matches!(reason, Invalid::Malformed(_)));
    }
}

/// Where in the transaction how many bytes may be replaced by others that mean the same, or nothing: the length of the list
/// in one byte more, and its first number, which is no zero or is the nonce, with a zero in front.
fn non_canonical(good: &[u8]) -> Vec<(usize, usize, Vec<u8>)> {
    let list = usize::from(good[0] < 0xc0);
    assert_eq!(good[list], 0xf8);
    let long = vec![0xf9, 0, good[list + 1]];
    let zero = match good[list + 2] {
        0x80 => (list + 2, 1, vec![0]),
        _ => (list + 2, 3, vec![0x83, 0, good[list + 3], good[list + 4]]),
    };
    vec![(list, 2, long), zero]
}

/// H-010: EIP-2: of the two signatures only the one with the small s is valid. A signature of nobody is none; nor is one for another
/// chain.
#[test]
fn signatures_are_somebodys() {
    let bad = |signature: Signature| {
        [
            Signature::new(signature.r(), ORDER - signature.s(), !signature.v()),
            Signature::new(U256::ZERO, signature.s(), signature.v()),
            Signature::new(signature.r(), U256::ZERO, signature.v()),
            Signature::new(ORDER, signature.s(), signature.v()),
            Signature::new(U256::from(5), signature.s(), signature.v()),
        ]
    };
    let is_signature = |reason: &Invalid| *reason == Invalid::Signature;
    for signature in bad(alice().signature(call().signature_hash())) {
        always_invalid("type 2", &encoded(&call(), &signature), is_signature);
    }
    for signature in bad(alice().signature(legacy().signature_hash())) {
        always_invalid("type 0", &encoded(&legacy(), &signature), is_signature);
    }
    for signature in bad(alice().signature(access_list().signature_hash())) {
        always_invalid("type 1", &encoded(&access_list(), &signature), is_signature);
    }
    let is_chain = is_rule(|rule| *rule == Rule::InvalidChainId);
    for chain_id in [0, 1, CHAIN_ID + 1] {
        always_invalid("type 2", &alice().sign(&TxEip1559 { chain_id, ..call() }), &is_chain);
        always_invalid("type 1", &alice().sign(&TxEip2930 { chain_id, ..access_list() }), &is_chain);
        always_invalid(
            "type 0",
            &alice().sign(&TxLegacy { chain_id: Some(chain_id), ..legacy() }),
            &is_chain,
        );
    }
    // Before EIP-155 a transaction was of all chains.
    always_valid(&rich(), &alice().sign(&TxLegacy { chain_id: None, ..legacy() }));
}

/// H-010: a recovery id of a type is 0 or 1, and that of a legacy transaction says the chain too.
#[test]
fn recovery_ids_are_canonical() {
    let malformed = |reason: &Invalid| matches!(reason, Invalid::Malformed(_));
    for good in [alice().sign(&access_list()), alice().sign(&call())] {
        let at = good.len() - 67;
        assert!(matches!(good[at], 1 | 0x80) && good[at + 1] == 0xa0, "y parity and then r");
        for parity in [0, 2, 27, 28] {
            let changed = [&good[..at], &[parity], &good[at + 1..]].concat();
            always_invalid("y parity", &changed.into(), malformed);
        }
    }
    let good = alice().sign(&TxLegacy { chain_id: None, ..legacy() });
    let at = good.len() - 67;
    assert!(matches!(good[at], 27 | 28) && good[at + 1] == 0xa0, "v and then r");
    for v in [0x80, 1, 26, 29, 34] {
        let changed = [&good[..at], &[v], &good[at + 1..]].concat();
        always_invalid("v", &changed.into(), malformed);
    }
}

/// H-010: nonces follow one another.
#[test]
fn nonces_are_next() {
    let tx = |nonce| alice().sign(&TxEip1559 { nonce, ..call() });
    always_invalid("a later one", &tx(1), is_rule(|rule| *rule == Rule::NonceTooHigh { tx: 1, state: 0 }));
    let mut world = rich();
    world.actor(alice().address()).nonce = 5;
    always_valid(&world, &tx(5));
    let is_low = is_rule(|rule| *rule == Rule::NonceTooLow { tx: 4, state: 5 });
    invalid_from(Fork::Bedrock, &world, "an earlier one", &tx(4), is_low);
    // EIP-2681: there is none after 2^64 - 1.
    world.actor(alice().address()).nonce = u64::MAX;
    let is_last = is_rule(|rule| *rule == Rule::NonceOverflowInTransaction);
    invalid_from(Fork::Bedrock, &world, "the last one", &tx(u64::MAX), is_last);
}

/// H-010: the fee cap covers the base fee and the tip.
#[test]
fn fees_are_enough() {
    let low = u128::from(BASE_FEE) - 1;
    let is_low = is_rule(|rule| *rule == Rule::GasPriceLessThanBasefee);
    let tx = TxEip1559 { max_fee_per_gas: low, max_priority_fee_per_gas: 0, ..call() };
    always_invalid("type 2", &alice().sign(&tx), &is_low);
    always_invalid("type 1", &alice().sign(&TxEip2930 { gas_price: low, ..access_list() }), &is_low);
    always_invalid("type 0", &alice().sign(&TxLegacy { gas_price: low, ..legacy() }), &is_low);
    let tx = TxEip1559 { max_priority_fee_per_gas: u128::from(BASE_FEE) + 8, ..call() };
    let is_tip = is_rule(|rule| *rule == Rule::PriorityFeeGreaterThanMaxFee);
    always_invalid("tip", &alice().sign(&tx), is_tip);
    let tx = TxEip1559 { max_fee_per_gas: u128::MAX, max_priority_fee_per_gas: 0, ..call() };
    let is_poor =
        is_rule(|rule| matches!(rule, Rule::LackOfFundForMaxFee { .. } | Rule::OverflowPaymentInTransaction));
    always_invalid("more than there is", &alice().sign(&tx), is_poor);
}

/// H-010: what a transaction costs before it begins: with its floor from Isthmus (EIP-7623) and the words of init code from Canyon
/// (EIP-3860), and with its limits: of the block, and of a transaction from Karst (EIP-7825, I-098).
#[test]
fn gas_is_enough_and_not_too_much() {
    let is_intrinsic = is_rule(|rule| matches!(rule, Rule::CallGasCostMoreThanGasLimit { .. }));
    always_invalid("call", &alice().sign(&TxEip1559 { gas_limit: 20_999, ..call() }), &is_intrinsic);
    always_valid(&rich(), &alice().sign(&TxEip1559 { gas_limit: 21_000, ..call() }));
    let create = TxEip1559 { to: TxKind::Create, input: bytes!("00"), gas_limit: 53_004, ..call() };
    let is_creation = is_rule(|rule| {
        matches!(rule, Rule::CallGasCostMoreThanGasLimit { initial_gas: 53_006, gas_limit: 53_004 })
    });
    invalid_from(Fork::Canyon, &rich(), "a word of init code", &alice().sign(&create), is_creation);
    let data = TxEip1559 { input: vec![1; 1_000].into(), gas_limit: 60_999, ..call() };
    let is_floor = is_rule(|rule| {
        matches!(rule, Rule::GasFloorMoreThanGasLimit { gas_floor: 61_000, gas_limit: 60_999 })
    });
    invalid_from(Fork::Isthmus, &rich(), "floor", &alice().sign(&data), is_floor);
    let code =
        TxEip1559 { to: TxKind::Create, input: vec![0; 49_153].into(), gas_limit: 5_000_000, ..call() };
    let is_long = is_rule(|rule| *rule == Rule::CreateInitCodeSizeLimit);
    invalid_from(Fork::Canyon, &rich(), "init code", &alice().sign(&code), is_long);
    always_valid(&rich(), &alice().sign(&TxEip1559 { input: vec![0; 49_152].into(), ..code }));
    let large = alice().sign(&TxEip1559 { gas_limit: 16_777_217, ..call() });
    let is_cap = |reason: &Invalid| *reason == Invalid::GasCap { limit: 16_777_217, cap: 16_777_216 };
    invalid_from(Fork::Karst, &rich(), "gas cap", &large, is_cap);
    for gas_limit in [GAS_LIMIT, u64::MAX] {
        let tx = alice().sign(&TxEip1559 { gas_limit, ..call() });
        let is_full =
            |reason: &Invalid| matches!(reason, Invalid::BlockGas { limit, .. } if *limit == gas_limit);
        always_invalid("block", &tx, is_full);
    }
}

/// H-010, I-072: the DA footprint must fit from Jovian.
#[test]
fn the_footprint_fits_from_jovian() {
    let world = rich().with_fees(0, 0, 65_535).with_balance(alice().address(), RICH * 1_000);
    let mut noise = unroll_testing::noise::Noise(1);
    let input: Vec<u8> = (0..1_000).map(|_| noise.next().to_le_bytes()[0]).collect();
    let tx = alice().sign(&TxEip1559 { input: input.into(), ..call() });
    let is_footprint = |reason: &Invalid| matches!(reason, Invalid::DaFootprint { limit: GAS_LIMIT, .. });
    invalid_from(Fork::Jovian, &world, "footprint", &tx, is_footprint);
}

/// H-010: EIP-3607, and its exception for delegations, which there are from Isthmus (EIP-7702).
#[test]
fn senders_have_no_code() {
    let tx = alice().sign(&call());
    let balance = |world: World| world.with_balance(alice().address(), RICH);
    let mut world = balance(rich().with_code(alice().address(), bytes!("00")));
    world.actor(alice().address()).nonce = 0;
    let is_code = is_rule(|rule| *rule == Rule::RejectCallerWithCode);
    invalid_from(Fork::Bedrock, &world, "code", &tx, &is_code);
    // What looks like a delegation and is none.
    for code in [bytes!("ef0100"), bytes!("ef0100b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0")] {
        world.actor(alice().address()).code = code;
        invalid_from(Fork::Bedrock, &world, "code", &tx, &is_code);
    }
    world.actor(alice().address()).code = bytes!("ef0100b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0");
    for fork in [Fork::Isthmus, Fork::Jovian, Fork::Karst] {
        assert_eq!(verdict(&Chain::at(fork, &world), &tx), Ok(()), "{fork}");
    }
}

/// H-010, I-101: type 4 from Isthmus, with an authorization at least, and somebody to call.
#[test]
fn delegations_are_of_isthmus() {
    for fork in FORKS {
        let chain = Chain::at(fork, &rich());
        let good = verdict(&chain, &alice().sign(&set_code(vec![authorization()])));
        let empty = verdict(&chain, &alice().sign(&set_code(Vec::new())));
        let rule = |verdict: Result<(), Invalid>| match verdict {
            Err(Invalid::Rule(rule)) => Some(*rule),
            _ => None,
        };
        if fork < Fork::Isthmus {
            assert_eq!(
                (rule(good), rule(empty)),
                (Some(Rule::Eip7702NotSupported), Some(Rule::Eip7702NotSupported))
            );
        } else {
            assert_eq!((good, rule(empty)), (Ok(()), Some(Rule::EmptyAuthorizationList)), "{fork}");
        }
    }
    // An encoding with an empty address, for a creation.
    let good = alice().sign(&set_code(vec![authorization()]));
    let at = good.windows(21).position(|part| part == [&[0x94][..], &[0xb0; 20]].concat()).expect("to");
    let mut creation = [&good[..at], &[0x80], &good[at + 21..]].concat();
    assert_eq!(creation[1], 0xf8);
    creation[2] -= 20;
    always_invalid("creation", &creation.into(), |reason| matches!(reason, Invalid::Malformed(_)));
}

/// H-010, I-020, I-021, I-030: the sender must have gas, value, L1 cost and the operator's fee for all its gas, to the last wei.
#[test]
fn the_balance_covers_everything() {
    let tx = alice().sign(&TxEip1559 { value: U256::from(12_345), ..call() });
    let zeros = tx.iter().filter(|byte| **byte == 0).count() as u64;
    let calldata_gas = 4 * zeros + 16 * (tx.len() as u64 - zeros);
    let per_byte = 16 * 1_000_000_000 * 2_000 + 10_000_000 * 3_000;
    for fork in FORKS {
        let l1_fee = match fork {
            Fork::Bedrock => (calldata_gas + 68 * 16 + 50) * 7_000_000_000,
            Fork::Regolith | Fork::Canyon => (calldata_gas + 50) * 7_000_000_000,
            Fork::Ecotone => calldata_gas * per_byte / 16_000_000,
            // A transfer is below 100 bytes as FastLZ sees it.
            _ => 100 * per_byte / 1_000_000,
        };
        let operator_fee = match fork {
            Fork::Isthmus => 100_000 * 5_000_000 / 1_000_000 + 77,
            Fork::Jovian | Fork::Karst => 100_000 * 5_000_000 * 100 + 77,
            _ => 0,
        };
        let most = 100_000 * (BASE_FEE + 7) + 12_345 + l1_fee + operator_fee;
        let chain = |wei| {
            let world = World::default().with_fees(5_000_000, 77, 400);
            Chain::at(fork, &world.with_balance(alice().address(), wei))
        };
        assert_eq!(verdict(&chain(most), &tx), Ok(()), "{fork}");
        let reason = verdict(&chain(most - 1), &tx).expect_err("one wei is missing");
        let is_poor = is_rule(|rule| matches!(rule, Rule::LackOfFundForMaxFee { .. }));
        assert!(is_poor(&reason), "{fork}: {reason:?}");
    }
}
