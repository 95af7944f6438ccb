//! Deposits (I-001 to I-015), on a chain made up for it.

mod common;

use std::slice::from_ref;

use alloy_primitives::{Address, Bytes, TxKind, U256, bytes, keccak256};
use common::world::{
    Chain, DEPOSITOR, GAS_LIMIT, L1_BLOCK, MESSAGE_PASSER, Signer, World, deposit, user_deposit,
};
use op_alloy_consensus::TxDeposit;
use unroll_executor::{AttributesError, ExecutionError, InvalidTransaction, Receipt};
use unroll_protocol::forks::Fork;

const ALICE: Address = Address::repeat_byte(0xa1);
const BOB: Address = Address::repeat_byte(0xb0);

/// All forks that change deposits, and the one before each.
const FORKS: [Fork; 7] =
    [Fork::Bedrock, Fork::Regolith, Fork::Canyon, Fork::Ecotone, Fork::Isthmus, Fork::Jovian, Fork::Karst];

/// Runs deposits on `before`; the state must become `after`, to which the L1-info deposit is added.
fn check(fork: Fork, before: &World, deposits: &[TxDeposit], mut after: World) -> Vec<Receipt> {
    let chain = Chain::at(fork, before);
    let block = chain.run(&deposits.iter().map(deposit).collect::<Vec<_>>()).expect("deposits are valid");
    after.actor(DEPOSITOR).nonce += 1;
    assert_eq!(block.header.state_root, after.root(), "{fork}");
    block.receipts
}

fn gas_of(receipts: &[Receipt], index: usize) -> u64 {
    receipts[index].cumulative_gas_used - receipts[index - 1].cumulative_gas_used
}

/// I-001, I-002, I-004, I-005, I-009: mint, then transfer, without fees; the nonce goes up.
#[test]
fn a_deposit_mints_and_transfers() {
    for fork in FORKS {
        // Whatever others pay for data and to the operator.
        let world = World::default().with_fees(5_000_000, 77, 400);
        let before = world.clone().with_balance(ALICE, 5);
        let mut after = world.with_balance(ALICE, 5 + 100 - 30).with_balance(BOB, 30);
        after.actor(ALICE).nonce = 1;
        let tx = TxDeposit { mint: 100, value: U256::from(30), to: BOB.into(), ..user_deposit(ALICE) };
        let receipts = check(fork, &before, &[tx], after);
        assert!(receipts[1].success);
    }
}

/// I-001, I-006, I-009: more value than there is fails the deposit; mint and nonce stay, all gas is used.
#[test]
fn a_deposit_that_cannot_pay_keeps_its_mint() {
    for fork in FORKS {
        for to in [TxKind::Call(BOB), TxKind::Create] {
            let mut after = World::default().with_balance(ALICE, 100);
            after.actor(ALICE).nonce = 1;
            let tx = TxDeposit { mint: 100, value: U256::from(101), to, ..user_deposit(ALICE) };
            let receipts = check(fork, &World::default(), &[tx], after);
            assert!(!receipts[1].success);
            assert_eq!(gas_of(&receipts, 1), 100_000, "{fork}");
        }
    }
}

/// I-003, I-006: less gas than the transaction costs before it begins fails the deposit, and not the block.
#[test]
fn a_deposit_below_intrinsic_gas_fails() {
    // EIP-7623, from Isthmus: a floor that 1,000 non-zero bytes raise to 61,000 gas.
    for (fork, data, gas_limit) in
        [(Fork::Bedrock, 0, 20_999), (Fork::Regolith, 0, 20_999), (Fork::Isthmus, 1_000, 60_999)]
    {
        let mut after = World::default().with_balance(ALICE, 9);
        after.actor(ALICE).nonce = 1;
        let input = Bytes::from(vec![1; data]);
        let tx = TxDeposit { mint: 9, gas_limit, input, ..user_deposit(ALICE) };
        let receipts = check(fork, &World::default(), from_ref(&tx), after.clone());
        assert!(!receipts[1].success, "{fork}");
        assert_eq!(gas_of(&receipts, 1), gas_limit);
        let receipts = check(fork, &World::default(), &[TxDeposit { gas_limit: gas_limit + 1, ..tx }], after);
        assert!(receipts[1].success, "{fork}");
        assert_eq!(gas_of(&receipts, 1), gas_limit + 1);
    }
}

/// I-003: EIP-3860 from Canyon: init code may have 49,152 bytes. op-geth fails deposits with more.
#[test]
fn a_deposit_with_too_long_init_code_fails_from_canyon() {
    for (fork, bytes, succeeds) in [
        (Fork::Regolith, 49_153, true),
        (Fork::Canyon, 49_152, true),
        (Fork::Canyon, 49_153, false),
        (Fork::Jovian, 49_153, false),
    ] {
        let mut after = World::default();
        after.actor(ALICE).nonce = 1;
        if succeeds {
            after.actor(ALICE.create(0)).nonce = 1;
        }
        let input = Bytes::from(vec![0; bytes]);
        let tx = TxDeposit { to: TxKind::Create, gas_limit: 3_000_000, input, ..user_deposit(ALICE) };
        let receipts = check(fork, &World::default(), &[tx], after);
        assert_eq!(receipts[1].success, succeeds, "{fork}");
    }
}

/// I-005: the address of a new contract comes from the nonce before the deposit.
#[test]
fn a_creation_takes_the_old_nonce() {
    for fork in FORKS {
        let mut before = World::default();
        before.actor(ALICE).nonce = 7;
        let mut after = World::default();
        after.actor(ALICE).nonce = 8;
        // Returns one byte, a STOP.
        let after = after.with_code(ALICE.create(7), bytes!("00"));
        let input = bytes!("60016000f3");
        let tx = TxDeposit { to: TxKind::Create, input, ..user_deposit(ALICE) };
        assert!(check(fork, &before, &[tx], after)[1].success);
    }
}

/// I-006, I-008: a system transaction is free before Regolith, and fails from it.
#[test]
fn system_transactions_ended_with_regolith() {
    let tx = TxDeposit {
        is_system_transaction: true,
        mint: 3,
        value: U256::from(1),
        // More than the block has.
        gas_limit: GAS_LIMIT * 5,
        to: BOB.into(),
        ..user_deposit(ALICE)
    };
    let mut after = World::default().with_balance(ALICE, 2).with_balance(BOB, 1);
    after.actor(ALICE).nonce = 1;
    let before_regolith = Chain::at(Fork::Bedrock, &World::default());
    assert_eq!(
        before_regolith.run(&[deposit(&tx)]).err().map(|error| error.to_string()),
        None,
        "system transactions do not draw from the block"
    );
    let receipts = check(Fork::Bedrock, &World::default(), from_ref(&tx), after);
    assert!(receipts[1].success);
    assert_eq!(receipts[1].cumulative_gas_used, 0);

    let mut after = World::default().with_balance(ALICE, 3);
    after.actor(ALICE).nonce = 1;
    let tx = TxDeposit { gas_limit: 100_000, ..tx };
    let receipts = check(Fork::Regolith, &World::default(), &[tx], after);
    assert!(!receipts[1].success);
    assert_eq!(gas_of(&receipts, 1), 100_000);
}

/// I-003, I-006, I-007, I-008: a system transaction that fails, of whatever cause, keeps its mint and its nonce. It uses no gas
/// before Regolith, and all it may from then on.
#[test]
fn a_failing_system_transaction_uses_no_gas_before_regolith() {
    let world = World::default().with_code(BOB, bytes!("60006000fd"));
    let world = world.with_code(Address::repeat_byte(0xfe), bytes!("fe"));
    let system = TxDeposit { is_system_transaction: true, mint: 50, to: BOB.into(), ..user_deposit(ALICE) };
    let nobody = TxKind::Call(Address::repeat_byte(0xcc));
    let causes = [
        TxDeposit { gas_limit: 20_999, to: nobody, ..system.clone() },
        TxDeposit { gas_limit: 53_000, to: TxKind::Create, input: bytes!("00"), ..system.clone() },
        TxDeposit { value: U256::from(51), to: nobody, ..system.clone() },
        TxDeposit { value: U256::from(51), to: TxKind::Create, ..system.clone() },
        TxDeposit { to: TxKind::Call(Address::repeat_byte(0xfe)), ..system.clone() },
        TxDeposit { to: TxKind::Create, input: bytes!("fe"), ..system.clone() },
        // It reverts, and had gas left.
        system,
    ];
    let mut after = world.clone().with_balance(ALICE, 50);
    after.actor(ALICE).nonce = 1;
    for tx in causes {
        let receipts = check(Fork::Bedrock, &world, from_ref(&tx), after.clone());
        assert!(!receipts[1].success, "{tx:?}");
        assert_eq!(gas_of(&receipts, 1), 0, "{tx:?}");
        for fork in [Fork::Regolith, Fork::Canyon, Fork::Jovian] {
            let receipts = check(fork, &world, from_ref(&tx), after.clone());
            assert!(!receipts[1].success);
            assert_eq!(gas_of(&receipts, 1), tx.gas_limit, "{fork}: {tx:?}");
        }
    }
}

/// I-007, I-008: a revert keeps mint and nonce; before Regolith all gas is used, then what was metered.
#[test]
fn a_reverted_deposit_is_metered_from_regolith() {
    // revert(0, 0); and an invalid instruction
    for (code, revert) in [(bytes!("60006000fd"), true), (bytes!("fe"), false)] {
        let before = World::default().with_code(BOB, code);
        let mut after = before.clone().with_balance(ALICE, 50);
        after.actor(ALICE).nonce = 1;
        for fork in FORKS {
            let tx = TxDeposit { mint: 50, value: U256::from(50), to: BOB.into(), ..user_deposit(ALICE) };
            let receipts = check(fork, &before, &[tx], after.clone());
            assert!(!receipts[1].success);
            let metered = revert && fork > Fork::Bedrock;
            assert_eq!(gas_of(&receipts, 1), if metered { 21_006 } else { 100_000 }, "{fork}");
        }
    }
}

/// I-008: refunds count from Regolith.
#[test]
fn a_deposit_is_refunded_from_regolith() {
    // Clears slot 0: 21,000 + 3 + 3 + 5,000 gas, of which a fifth at most, and 4,800 here, is given back.
    let before = World::default().with_code(BOB, bytes!("6000600055")).with_slot(BOB, 0, U256::from(1));
    let mut after = World::default().with_code(BOB, bytes!("6000600055"));
    after.actor(ALICE).nonce = 1;
    for (fork, gas) in [(Fork::Bedrock, 100_000), (Fork::Regolith, 21_206), (Fork::Jovian, 21_206)] {
        let tx = TxDeposit { to: BOB.into(), ..user_deposit(ALICE) };
        let receipts = check(fork, &before, &[tx], after.clone());
        assert_eq!(gas_of(&receipts, 1), gas, "{fork}");
    }
}

/// I-010, I-011: the nonce is in the receipts root from Canyon on.
#[test]
fn the_receipt_holds_the_nonce_from_canyon() {
    for (fork, nonce) in [(Fork::Bedrock, None), (Fork::Regolith, None), (Fork::Canyon, Some(7))] {
        let mut before = World::default();
        before.actor(ALICE).nonce = 7;
        let mut after = World::default();
        after.actor(ALICE).nonce = 8;
        let receipts = check(fork, &before, &[user_deposit(ALICE)], after);
        assert_eq!(receipts[1].deposit_nonce, nonce);
        let mut out = Vec::new();
        receipts[1].encode_2718(&mut out);
        assert_eq!(out[0], 0x7e);
        assert_eq!(out.ends_with(&[0xc0, 7, 1]), nonce.is_some(), "after the empty list of logs");
    }
}

/// H-005, H-014, I-014: a deposit can run out of the block's gas, and of nothing else.
#[test]
fn a_deposit_must_fit_the_block() {
    let chain = Chain::at(Fork::Jovian, &World::default());
    let available = GAS_LIMIT - 21_000;
    let fits = TxDeposit { gas_limit: available, ..user_deposit(ALICE) };
    assert!(chain.run(&[deposit(&fits)]).is_ok());
    let too_large = TxDeposit { gas_limit: available + 1, ..fits };
    match chain.run(&[deposit(&too_large)]) {
        Err(ExecutionError::InvalidPayload(invalid)) => {
            assert_eq!(invalid.index, 1);
            assert_eq!(invalid.reason, InvalidTransaction::BlockGas { limit: available + 1, available });
        }
        other => panic!("{other:?}"),
    }
}

/// I-015: EIP-7825 does not bind deposits, neither their limit nor what they may use.
#[test]
fn karst_does_not_cap_deposits() {
    // Stores GAS in slot 0.
    let code = bytes!("5a600055");
    let before = World::default().with_code(BOB, code.clone());
    let mut after =
        World::default().with_code(BOB, code).with_slot(BOB, 0, U256::from(25_000_000 - 21_000 - 2));
    after.actor(ALICE).nonce = 1;
    let tx = TxDeposit { gas_limit: 25_000_000, to: BOB.into(), ..user_deposit(ALICE) };
    assert!(check(Fork::Karst, &before, &[tx], after)[1].success);
}

/// I-012, I-013: the L1-info deposit is first and deposits are together; else derivation is wrong, and not the batcher.
#[test]
fn deposits_come_first() {
    let signer = Signer::new(1);
    let world = World::default().with_balance(signer.address(), u64::MAX);
    let chain = Chain::at(Fork::Jovian, &world);
    let signed = signer.sign(&signer.call(0, BOB));
    match chain.run(&[signed.clone(), deposit(&user_deposit(ALICE))]) {
        Err(ExecutionError::Attributes(AttributesError::LateDeposit { index: 2 })) => {}
        other => panic!("{other:?}"),
    }
    for transactions in [None, Some(vec![]), Some(vec![signed])] {
        let mut attributes = chain.attributes(&[]);
        attributes.transactions = transactions;
        match chain.executor().execute(&mut chain.provider.clone(), &attributes) {
            Err(ExecutionError::Attributes(AttributesError::NoL1Info)) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// G-016, H-005: a mint beyond 2^128 wei, like any deposit that does not decode, is derivation's fault.
#[test]
fn a_malformed_deposit_is_no_verdict() {
    let chain = Chain::at(Fork::Jovian, &World::default());
    let good = deposit(&TxDeposit { mint: u128::MAX, ..user_deposit(ALICE) });
    assert!(chain.run(from_ref(&good)).is_ok());
    let at =
        good.windows(17).position(|window| window == [&[0x90][..], &[0xff; 16]].concat()).expect("the mint");
    let mut beyond = good.to_vec();
    beyond.splice(at..at + 17, [&[0x91, 1][..], &[0xff; 16]].concat());
    beyond[2] += 1;
    let cut = good[..good.len() - 1].to_vec();
    let long = [&good[..], &[0]].concat();
    for bytes in [beyond, cut, long, vec![0x7e]] {
        match chain.run(&[bytes.into()]) {
            Err(ExecutionError::Attributes(AttributesError::Deposit { index: 1, .. })) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// A deposit's sender's code is not read, as it is of no use: a witness need not hold it. Nor is any vault.
#[test]
fn a_deposit_reads_no_more_than_it_needs() {
    let code = bytes!("00");
    let world = World::default().with_code(ALICE, code.clone()).with_code(L1_BLOCK, bytes!("fe"));
    let mut chain = Chain::at(Fork::Holocene, &world);
    chain.provider.by_hash.remove(&keccak256(&code)).expect("was there");
    assert!(chain.run(&[deposit(&user_deposit(ALICE))]).is_ok());
}

/// I-041, J-002: the header holds the message passer's storage root from Isthmus.
#[test]
fn the_header_holds_the_message_passer() {
    let code = bytes!("6001600055");
    let world = World::default().with_code(MESSAGE_PASSER, code.clone());
    let after = World::default().with_code(MESSAGE_PASSER, code).with_slot(MESSAGE_PASSER, 0, U256::from(1));
    let empty = alloy_trie::EMPTY_ROOT_HASH;
    let storage_root = {
        let key = keccak256(U256::ZERO.to_be_bytes::<32>());
        let mut trie = unroll_mpt::Trie::new();
        trie.insert(key.as_slice(), vec![1], &mut |_| Err::<Bytes, ()>(())).expect("nothing to resolve");
        trie.root()
    };
    for (fork, expected) in [
        (Fork::Regolith, None),
        (Fork::Canyon, Some(empty)),
        (Fork::Holocene, Some(empty)),
        (Fork::Isthmus, Some(storage_root)),
    ] {
        let chain = Chain::at(fork, &world);
        let tx = TxDeposit { to: MESSAGE_PASSER.into(), ..user_deposit(ALICE) };
        let mut executor = chain.executor();
        let mut provider = chain.provider.clone();
        let block = executor.execute(&mut provider, &chain.attributes(&[deposit(&tx)])).expect("valid");
        assert_eq!(block.header.withdrawals_root, expected, "{fork}");
        // J-002: the output root has it at every fork.
        let output = executor.output_root(&mut provider).expect("known");
        assert_eq!(output.message_passer_storage_root, storage_root, "{fork}");
        let mut after = after.clone();
        after.actor(ALICE).nonce = 1;
        after.actor(DEPOSITOR).nonce = 1;
        assert_eq!(output.state_root, after.root());
    }
}
