//! Invalid payloads (H-010), and what a valid one pays (I-020 to I-033, I-070 to I-072).

mod common;

use std::slice::from_ref;

use alloy_consensus::{TxEip2930, TxEip7702, TxLegacy};
use alloy_eips::eip7702::Authorization;
use alloy_primitives::{Address, Bytes, TxKind, U256, bytes};
use common::{
    Missing,
    world::{
        BASE_FEE, BASE_FEE_VAULT, CHAIN_ID, COINBASE, Chain, DEPOSITOR, GAS_LIMIT, L1_BLOCK, L1_FEE_VAULT,
        OPERATOR_FEE_VAULT, Signer, World, deposit, user_deposit,
    },
};
use op_alloy_consensus::TxDeposit;
use revm::context::result::InvalidTransaction as Rule;
use unroll_executor::{ExecutionError, InvalidPayload, InvalidTransaction};
use unroll_protocol::forks::Fork;

const BOB: Address = Address::repeat_byte(0xb0);
const RICH: u64 = 1_000_000_000_000_000;

fn alice() -> Signer {
    Signer::new(1)
}

fn rich() -> World {
    World::default().with_balance(alice().address(), RICH)
}

/// The reason why this transaction, the third of its block, makes the payload invalid. A valid one is in front of it.
/// H-016: the executor is then as before, and executes a valid payload as one that never saw the invalid one.
fn refusal(chain: &Chain, transaction: Bytes) -> InvalidTransaction {
    let front = deposit(&TxDeposit { mint: 12_345, to: BOB.into(), ..user_deposit(BOB) });
    let mut executor = chain.executor();
    let mut provider = chain.provider.clone();
    let attributes = chain.attributes(&[front.clone(), transaction]);
    let error = executor.execute(&mut provider, &attributes).expect_err("invalid");
    let ExecutionError::InvalidPayload(invalid) = error else { unreachable!("{error:?}") };
    assert_eq!(invalid.index, 2);
    assert_eq!(executor.parent(), &chain.parent);
    // H-011: the deposits alone.
    let after =
        executor.execute(&mut provider, &chain.attributes(from_ref(&front))).expect("deposits are valid");
    assert_eq!(after, chain.run(&[front]).expect("deposits are valid"));
    invalid.reason
}

fn rule(reason: InvalidTransaction) -> Rule {
    let InvalidTransaction::Rule(rule) = reason else { unreachable!("{reason:?}") };
    *rule
}

/// H-010, I-103: not a transaction, or not of a type that L2 has. Types 3 and 0x7d never are.
#[test]
fn bytes_must_be_a_transaction() {
    let chain = Chain::at(Fork::Jovian, &rich());
    let good = alice().sign(&alice().call(0, BOB));
    let changed = |index: usize, byte: u8| {
        let mut bytes = good.to_vec();
        bytes[index] = byte;
        refusal(&chain, bytes.into())
    };
    assert_eq!(refusal(&chain, Bytes::new()), InvalidTransaction::Empty);
    for byte in [0, 3, 5, 0x7d, 0x7f, 0xbf] {
        assert_eq!(changed(0, byte), InvalidTransaction::Type(byte));
    }
    assert!(matches!(changed(1, good[1] - 1), InvalidTransaction::Malformed(_)));
    let long = [&good[..], &[0]].concat();
    assert_eq!(refusal(&chain, long.into()), InvalidTransaction::TrailingBytes(1));
    assert!(matches!(refusal(&chain, good.slice(..good.len() - 1)), InvalidTransaction::Malformed(_)));
}

/// H-010: EIP-2: of the two signatures only the one with the small s is valid. A signature of nobody is none.
#[test]
fn signatures_are_unique() {
    let chain = Chain::at(Fork::Jovian, &rich());
    use alloy_consensus::{SignableTransaction, transaction::RlpEcdsaEncodableTx};
    let tx = alice().call(0, BOB);
    let signature = alice().signature(tx.signature_hash());
    let order = U256::from_str_radix("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 16)
        .expect("hex");
    for signature in [
        alloy_primitives::Signature::new(signature.r(), order - signature.s(), !signature.v()),
        alloy_primitives::Signature::new(U256::ZERO, signature.s(), signature.v()),
        alloy_primitives::Signature::new(signature.r(), U256::ZERO, signature.v()),
        alloy_primitives::Signature::new(order, signature.s(), signature.v()),
    ] {
        let mut out = Vec::new();
        tx.eip2718_encode(&signature, &mut out);
        assert_eq!(refusal(&chain, out.into()), InvalidTransaction::Signature);
    }
}

/// H-010: what the EVM checks before it runs.
#[test]
fn the_rules_of_the_evm_hold() {
    let world = rich().with_balance(Signer::new(2).address(), 10);
    let chain = Chain::at(Fork::Jovian, &world);
    let tx = || alice().call(0, BOB);
    let refused = |tx| rule(refusal(&chain, alice().sign(&tx)));
    let mut bad = tx();
    bad.chain_id = CHAIN_ID + 1;
    assert_eq!(refused(bad), Rule::InvalidChainId);
    let mut bad = tx();
    bad.nonce = 1;
    assert_eq!(refused(bad), Rule::NonceTooHigh { tx: 1, state: 0 });
    let mut bad = tx();
    bad.max_fee_per_gas = u128::from(BASE_FEE) - 1;
    bad.max_priority_fee_per_gas = 0;
    assert_eq!(refused(bad), Rule::GasPriceLessThanBasefee);
    let mut bad = tx();
    bad.max_priority_fee_per_gas = bad.max_fee_per_gas + 1;
    assert_eq!(refused(bad), Rule::PriorityFeeGreaterThanMaxFee);
    let mut bad = tx();
    bad.gas_limit = 20_999;
    assert!(matches!(refused(bad), Rule::CallGasCostMoreThanGasLimit { .. }));
    let mut bad = tx();
    bad.gas_limit = 60_999;
    bad.input = vec![1; 1_000].into();
    assert!(matches!(refused(bad), Rule::GasFloorMoreThanGasLimit { gas_floor: 61_000, .. }), "EIP-7623");
    let mut bad = tx();
    bad.to = TxKind::Create;
    bad.gas_limit = 5_000_000;
    bad.input = vec![0; 49_153].into();
    assert_eq!(refused(bad), Rule::CreateInitCodeSizeLimit);
    let poor = Signer::new(2);
    let reason = rule(refusal(&chain, poor.sign(&poor.call(0, BOB))));
    assert!(matches!(reason, Rule::LackOfFundForMaxFee { .. }));
    // EIP-155: a legacy transaction of another chain.
    let legacy = TxLegacy {
        chain_id: Some(1),
        gas_price: 1_000,
        gas_limit: 21_000,
        to: BOB.into(),
        ..TxLegacy::default()
    };
    assert_eq!(rule(refusal(&chain, alice().sign(&legacy))), Rule::InvalidChainId);
    // And one of none is of all.
    let legacy = TxLegacy { chain_id: None, ..legacy };
    assert!(chain.run(&[alice().sign(&legacy)]).is_ok());
    let list = TxEip2930 {
        chain_id: CHAIN_ID,
        gas_price: 1_000,
        gas_limit: 21_000,
        to: BOB.into(),
        ..TxEip2930::default()
    };
    assert!(chain.run(&[alice().sign(&list)]).is_ok());
}

/// H-010: EIP-3607, and its exception for delegations (EIP-7702).
#[test]
fn a_sender_has_no_code() {
    let tx = alice().sign(&alice().call(1, BOB));
    let chain = Chain::at(Fork::Jovian, &rich().with_code(alice().address(), bytes!("00")));
    assert_eq!(rule(refusal(&chain, tx.clone())), Rule::RejectCallerWithCode);
    let delegation = bytes!("ef0100b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0");
    let chain = Chain::at(Fork::Jovian, &rich().with_code(alice().address(), delegation));
    assert!(chain.run(&[tx]).is_ok());
}

/// H-010, H-015: what transactions before it used, a transaction cannot have.
#[test]
fn transactions_fit_the_block() {
    let chain = Chain::at(Fork::Jovian, &rich());
    // Two deposits of 21,000 come first.
    let available = GAS_LIMIT - 42_000;
    let mut tx = alice().call(0, BOB);
    tx.gas_limit = available + 1;
    let reason = refusal(&chain, alice().sign(&tx));
    assert_eq!(reason, InvalidTransaction::BlockGas { limit: available + 1, available });
    tx.gas_limit = available;
    assert!(chain.run(&[deposit(&user_deposit(BOB)), alice().sign(&tx)]).is_ok());
}

/// H-010, I-098: EIP-7825 from Karst.
#[test]
fn karst_caps_the_gas_of_a_transaction() {
    let mut tx = alice().call(0, BOB);
    tx.gas_limit = 16_777_217;
    let (limit, cap) = (tx.gas_limit, 16_777_216);
    let over = alice().sign(&tx);
    assert!(Chain::at(Fork::Jovian, &rich()).run(from_ref(&over)).is_ok());
    let karst = Chain::at(Fork::Karst, &rich());
    assert_eq!(refusal(&karst, over), InvalidTransaction::GasCap { limit, cap });
    tx.gas_limit = cap;
    assert!(karst.run(&[alice().sign(&tx)]).is_ok());
}

/// H-010, I-101: type 4 from Isthmus; an authorization for this chain, or for any.
#[test]
fn delegations_came_with_isthmus() {
    let bob = Signer::new(2);
    let tx = |chain_id: u64| {
        let authorization = Authorization { chain_id: U256::from(chain_id), address: BOB, nonce: 0 };
        let signature = bob.signature(authorization.signature_hash());
        alice().sign(&TxEip7702 {
            chain_id: CHAIN_ID,
            gas_limit: 100_000,
            max_fee_per_gas: 1_000,
            to: BOB,
            authorization_list: vec![authorization.into_signed(signature)],
            ..TxEip7702::default()
        })
    };
    let holocene = Chain::at(Fork::Holocene, &rich());
    assert_eq!(rule(refusal(&holocene, tx(CHAIN_ID))), Rule::Eip7702NotSupported);
    for (chain_id, delegates) in [(CHAIN_ID, true), (0, true), (CHAIN_ID + 1, false)] {
        // Like others it pays for its data and the operator.
        let world = with_fees(rich(), 5_000_000, 77, 0).with_balance(alice().address(), RICH * 1_000);
        let per_byte = 16 * 1_000_000_000 * 2_000 + 10_000_000 * 3_000;
        let size = u128::from(op_revm::estimate_tx_compressed_size(&tx(chain_id)));
        let l1_fee = u64::try_from(size * per_byte / 1_000_000_000_000).expect("small");
        let operator_fee = 46_000 * 5_000_000 / 1_000_000 + 77;
        let mut after = paid(&world, 25_000, l1_fee).with_balance(OPERATOR_FEE_VAULT, operator_fee);
        after.actor(alice().address()).balance -= U256::from(operator_fee);
        if delegates {
            let delegation = bytes!("ef0100b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0");
            after = after.with_code(bob.address(), delegation);
        }
        let block = Chain::at(Fork::Isthmus, &world).run(&[tx(chain_id)]).expect("valid");
        assert_eq!(block.header.gas_used, 67_000);
        assert_eq!(block.header.state_root, after.root(), "{chain_id}");
    }
}

/// I-101: EIP-7702 gives 12,500 gas back for an authority that exists. One that an earlier transaction of the block touched
/// and left empty does not exist.
#[test]
fn an_emptied_authority_does_not_exist() {
    let bob = Signer::new(2);
    let authorization = Authorization { chain_id: U256::ZERO, address: BOB, nonce: 0 };
    let signature = bob.signature(authorization.signature_hash());
    let delegate = alice().sign(&TxEip7702 {
        chain_id: CHAIN_ID,
        nonce: 1,
        gas_limit: 100_000,
        max_fee_per_gas: 1_000,
        to: BOB,
        authorization_list: vec![authorization.into_signed(signature)],
        ..TxEip7702::default()
    });
    let chain = Chain::at(Fork::Isthmus, &rich());
    let touch = |wei: u64| {
        let mut tx = alice().call(0, bob.address());
        tx.value = U256::from(wei);
        alice().sign(&tx)
    };
    for (wei, gas) in [(0, 46_000), (1, 46_000 - 46_000 / 5)] {
        let block = chain.run(&[touch(wei), delegate.clone()]).expect("valid");
        assert_eq!(block.header.gas_used, 21_000 + 21_000 + gas, "{wei}");
    }
}

/// I-102: the first block of Jovian and of each fork after it takes deposits only.
#[test]
fn activation_blocks_take_deposits_only() {
    let signed = alice().sign(&alice().call(0, BOB));
    for fork in Fork::ALL.into_iter().skip(1) {
        let chain = Chain::activating(fork, &rich());
        if fork >= Fork::Jovian {
            assert_eq!(refusal(&chain, signed.clone()), InvalidTransaction::ActivationBlock);
        } else {
            assert!(chain.run(from_ref(&signed)).is_ok(), "{fork}");
        }
        assert!(Chain::at(fork, &rich()).run(from_ref(&signed)).is_ok(), "{fork}");
    }
}

/// A world with an L1 fee: slots 1, 3, 5 to 8 of L1Block.
fn with_fees(world: World, operator_scalar: u64, operator_constant: u64, footprint_scalar: u64) -> World {
    world.with_fees(operator_scalar, operator_constant, footprint_scalar)
}

/// The world after a block in which Alice paid for 21,000 gas and more, without a tip, and `extra` wei besides.
fn paid(world: &World, more_gas: u64, l1_fee: u64) -> World {
    let mut after = world.clone();
    let gas_fee = BASE_FEE * (21_000 + more_gas);
    let alice = after.actor(alice().address());
    alice.nonce += 1;
    alice.balance -= U256::from(gas_fee + l1_fee);
    after.actor(DEPOSITOR).nonce += 1;
    let mut after = after.with_balance(BASE_FEE_VAULT, gas_fee);
    if l1_fee != 0 {
        after = after.with_balance(L1_FEE_VAULT, l1_fee);
    }
    after
}

/// I-020 to I-033, I-043, I-070: who pays what to whom, at each fork. The amounts are computed here by hand.
#[test]
fn fees_go_to_their_vaults() {
    let tx = alice().sign(&alice().call(0, BOB));
    let zeros = tx.iter().filter(|byte| **byte == 0).count() as u64;
    let ones = tx.len() as u64 - zeros;
    let calldata_gas = 4 * zeros + 16 * ones;
    let bedrock = |gas: u64| (gas + 50) * 1_000_000_000 * 7;
    let per_byte = 16 * 1_000_000_000 * 2_000 + 10_000_000 * 3_000;
    // A transfer is below 100 bytes as FastLZ sees it.
    let fjord = 100 * per_byte / 1_000_000;
    let isthmus_operator = 21_000 * 5_000_000 / 1_000_000 + 77;
    let jovian_operator = 21_000 * 5_000_000 * 100 + 77;
    for (fork, l1_fee, operator_fee) in [
        (Fork::Bedrock, bedrock(calldata_gas + 68 * 16), 0),
        (Fork::Regolith, bedrock(calldata_gas), 0),
        (Fork::Canyon, bedrock(calldata_gas), 0),
        (Fork::Ecotone, calldata_gas * per_byte / 16_000_000, 0),
        (Fork::Fjord, fjord, 0),
        (Fork::Holocene, fjord, 0),
        (Fork::Isthmus, fjord, isthmus_operator),
        (Fork::Jovian, fjord, jovian_operator),
        (Fork::Karst, fjord, jovian_operator),
    ] {
        let world = with_fees(rich(), 5_000_000, 77, 400).with_balance(alice().address(), RICH * 1_000);
        let mut after = paid(&world, 0, l1_fee).with_balance(COINBASE, 7 * 21_000);
        after.actor(alice().address()).balance -= U256::from(7 * 21_000 + operator_fee);
        if operator_fee != 0 {
            after = after.with_balance(OPERATOR_FEE_VAULT, operator_fee);
        }
        let block = Chain::at(fork, &world).run(from_ref(&tx)).expect("valid");
        assert_eq!(block.header.state_root, after.root(), "{fork}");
        // I-043, I-070
        let footprint = (fork >= Fork::Ecotone).then_some(if fork >= Fork::Jovian { 100 * 400 } else { 0 });
        assert_eq!(block.header.blob_gas_used, footprint, "{fork}");
    }
}

/// I-026, I-032: in the first block of Ecotone, also if Fjord comes with it, the new parameters are not there yet and the old
/// formula is used; in that of Isthmus there is no operator fee.
#[test]
fn the_first_block_of_a_fork_pays_as_before() {
    let tx = alice().sign(&alice().call(0, BOB));
    let calldata_gas: u64 = tx.iter().map(|byte| if *byte == 0 { 4 } else { 16 }).sum();
    let old =
        with_fees(rich(), 0, 0, 0).with_slot(L1_BLOCK, 3, U256::from(9)).with_slot(L1_BLOCK, 7, U256::ZERO);
    let old = old.with_balance(alice().address(), RICH * 1_000);
    let both = {
        let mut chain = Chain::activating(Fork::Ecotone, &old);
        chain.cfg.forks = chain.cfg.forks.with(Fork::Fjord, common::world::TIME);
        chain
    };
    for chain in [Chain::activating(Fork::Ecotone, &old), both] {
        let mut after = paid(&old, 0, (calldata_gas + 50) * 7_000_000_000).with_balance(COINBASE, 7 * 21_000);
        after.actor(alice().address()).balance -= U256::from(7 * 21_000);
        assert_eq!(chain.run(from_ref(&tx)).expect("valid").header.state_root, after.root());
    }
    // I-032: Isthmus' slot is still zero, so that the L1 cost of Fjord is all.
    let zero = with_fees(rich(), 0, 0, 0).with_balance(alice().address(), RICH * 1_000);
    let fjord = 100 * (16 * 1_000_000_000 * 2_000 + 10_000_000 * 3_000) / 1_000_000;
    let mut after = paid(&zero, 0, fjord).with_balance(COINBASE, 7 * 21_000);
    after.actor(alice().address()).balance -= U256::from(7 * 21_000);
    let block = Chain::activating(Fork::Isthmus, &zero).run(from_ref(&tx)).expect("valid");
    assert_eq!(block.header.state_root, after.root());
    // I-026: a chain without an L1 fee is no such block, as its blob base fee is there.
    let free = old.with_slot(L1_BLOCK, 7, U256::from(1));
    let mut after = paid(&free, 0, 0).with_balance(COINBASE, 7 * 21_000);
    after.actor(alice().address()).balance -= U256::from(7 * 21_000);
    assert_eq!(Chain::at(Fork::Ecotone, &free).run(&[tx]).expect("valid").header.state_root, after.root());
}

/// I-021, I-030, H-010: the sender must be able to pay gas, value, L1 cost and the operator fee of all its gas together.
#[test]
fn the_balance_covers_everything() {
    let tx = alice().call(0, BOB);
    let l1_fee = 100 * (16 * 1_000_000_000 * 2_000 + 10_000_000 * 3_000) / 1_000_000;
    let most = 100_000 * (BASE_FEE + 7) + l1_fee + 100_000 * 5_000_000 * 100 + 77;
    let world = |wei| with_fees(rich(), 5_000_000, 77, 400).with_balance(alice().address(), wei);
    let signed = alice().sign(&tx);
    assert!(Chain::at(Fork::Jovian, &world(most)).run(from_ref(&signed)).is_ok());
    let reason = rule(refusal(&Chain::at(Fork::Jovian, &world(most - 1)), signed));
    assert!(matches!(reason, Rule::LackOfFundForMaxFee { .. }), "{reason:?}");
}

/// I-021: the L1 cost is kept when the transaction reverts, and it pays for the gas it used.
#[test]
fn a_revert_pays_the_l1_cost() {
    let world = with_fees(rich(), 0, 0, 400).with_code(BOB, bytes!("60006000fd"));
    let mut tx = alice().call(0, BOB);
    tx.max_priority_fee_per_gas = 0;
    let l1_fee = 100 * (16 * 1_000_000_000 * 2_000 + 10_000_000 * 3_000) / 1_000_000;
    let block = Chain::at(Fork::Fjord, &world).run(&[alice().sign(&tx)]).expect("valid");
    assert!(!block.receipts[1].success);
    assert_eq!(block.header.state_root, paid(&world, 6, l1_fee).root());
}

/// I-072, H-010: the footprint may be all of the block's gas limit, and not more; deposits have none.
#[test]
fn the_da_footprint_is_limited() {
    let signer = alice();
    // 100 bytes a transaction, so 3,750,000 each.
    let footprint = 37_500_u64 * 100;
    let world = with_fees(rich(), 0, 0, 37_500).with_balance(signer.address(), RICH * 1_000);
    let chain = Chain::at(Fork::Jovian, &world);
    let transactions: Vec<_> = (0..9).map(|nonce| signer.sign(&signer.call(nonce, BOB))).collect();
    let fits = chain.run(&transactions[..8]).expect("exactly");
    assert_eq!(fits.header.blob_gas_used, Some(8 * footprint));
    assert_eq!(fits.header.excess_blob_gas, Some(0));
    match chain.run(&transactions) {
        Err(ExecutionError::<Missing>::InvalidPayload(InvalidPayload { index: 9, reason })) => {
            assert_eq!(
                reason,
                InvalidTransaction::DaFootprint { footprint: 9 * footprint, limit: GAS_LIMIT }
            );
        }
        other => panic!("{other:?}"),
    }
}
