//! What an EIP changes, at the fork before it and from its fork on (I-090 to I-098).

mod common;

use std::slice::from_ref;

use alloy_primitives::{Bytes, U256, bytes};
use common::{
    logging::{ALICE, BOB, logging_at, result},
    world::{Chain, Signer, deposit, user_deposit},
};
use op_alloy_consensus::TxDeposit;
use unroll_protocol::forks::Fork;

/// The result is one until a fork, and another one from it on.
fn changes_with(first: Fork, code: &Bytes, before: Option<u64>, after: Option<u64>) {
    for fork in Fork::ALL {
        let expected = if fork < first { before } else { after };
        assert_eq!(result(fork, code), expected.map(U256::from), "{fork}: {code}");
    }
}

/// I-090, I-091, I-092, I-098: an instruction is there from its fork on.
#[test]
fn instructions_come_with_their_forks() {
    for (first, code, expected) in [
        (Fork::Bedrock, bytes!("44"), 0x44),  // PREVRANDAO, not DIFFICULTY
        (Fork::Canyon, bytes!("5f"), 0),      // PUSH0 (EIP-3855)
        (Fork::Ecotone, bytes!("60005c"), 0), // TLOAD (EIP-1153)
        // TSTORE of 7 in slot 1, and TLOAD
        (Fork::Ecotone, bytes!("600760015d60015c"), 7),
        // MCOPY (EIP-5656) of a word with 42 to the word behind it
        (Fork::Ecotone, bytes!("602a6000526020600060205e602051"), 42),
        (Fork::Ecotone, bytes!("600049"), 0), // BLOBHASH
        (Fork::Ecotone, bytes!("4a"), 1),     // BLOBBASEFEE (EIP-7516)
        (Fork::Karst, bytes!("60011e"), 255), // CLZ
    ] {
        changes_with(first, &code, None, Some(expected));
    }
}

/// I-091: EIP-3651: the fee recipient is warm from Canyon, in deposits and in signed transactions.
#[test]
fn the_coinbase_is_warm_from_canyon() {
    // gas - gas after coinbase, balance, pop: 2, 100 or 2,600, and 2; and 2 for the second gas.
    let code = bytes!("5a4131505a9003");
    changes_with(Fork::Canyon, &code, Some(2_606), Some(106));
    let signer = Signer::new(1);
    for fork in [Fork::Bedrock, Fork::Regolith, Fork::Canyon, Fork::Ecotone, Fork::Karst] {
        let world = logging_at(fork, &code).with_balance(signer.address(), 1_000_000_000);
        let tx = signer.sign(&signer.call(0, BOB));
        let block = Chain::at(fork, &world).run(from_ref(&tx)).expect("valid");
        let price: U256 = block.receipts[1].logs[0].topics()[0].into();
        assert_eq!(price, U256::from(if fork < Fork::Canyon { 2_606 } else { 106 }), "{fork}");
    }
}

/// I-091: EIP-3860: init code costs 2 gas a word from Canyon, and may have 49,152 bytes.
#[test]
fn init_code_is_metered_from_canyon() {
    // gas - gas after create(0, 0, 1024), pop: three pushes, 32,000, 98 for 32 words of memory, 64 for 32 of code, pop and gas.
    changes_with(Fork::Canyon, &bytes!("5a61040060006000f0505a9003"), Some(32_111), Some(32_175));
    // create(0, 0, 49,152) gives an address; with a byte more the caller fails.
    let created = |size: &str| -> Bytes { format!("0x62{size}60006000f01515").parse().expect("hex") };
    changes_with(Fork::Canyon, &created("00c000"), Some(1), Some(1));
    changes_with(Fork::Canyon, &created("00c001"), Some(1), None);
}

/// I-092: EIP-1153: what a transaction stores transiently, the next one does not see.
#[test]
fn transient_storage_ends_with_its_transaction() {
    // tload(0), and then tstore(0, 9)
    let code = bytes!("60005c600960005d");
    for fork in Fork::ALL.into_iter().filter(|fork| *fork >= Fork::Ecotone) {
        let tx = deposit(&TxDeposit { to: BOB.into(), ..user_deposit(ALICE) });
        let block = Chain::at(fork, &logging_at(fork, &code)).run(&[tx.clone(), tx]).expect("valid");
        for receipt in &block.receipts[1..] {
            assert_eq!(U256::from_be_bytes(receipt.logs[0].topics()[0].0), U256::ZERO, "{fork}");
        }
    }
}
