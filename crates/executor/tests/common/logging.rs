//! Code that shows what it leaves on the stack.

use alloy_primitives::{Address, U256};
use op_alloy_consensus::TxDeposit;
use unroll_executor::ExecutionError;
use unroll_protocol::forks::Fork;

use super::{
    Missing,
    world::{Chain, World, deposit, user_deposit},
};

/// Who calls the code, and whose it is.
pub const ALICE: Address = Address::repeat_byte(0xa1);
pub const BOB: Address = Address::repeat_byte(0xb0);

/// Runs Bob's code in a deposit; what it leaves on the stack, or `None` if it failed.
pub fn run(chain: &Chain, gas_limit: u64) -> Result<Option<U256>, ExecutionError<Missing>> {
    let tx = TxDeposit { to: BOB.into(), gas_limit, ..user_deposit(ALICE) };
    let block = chain.run(&[deposit(&tx)])?;
    Ok(block.receipts[1].logs.first().map(|log| log.topics()[0].into()))
}

/// A world in which Bob's code logs what it leaves on the stack.
pub fn logging(code: &[u8]) -> World {
    // LOG1 of no data
    World::default().with_code(BOB, [code, &[0x5f, 0x5f, 0xa1]].concat())
}

/// As [`logging`], before PUSH0.
fn logging_before_canyon(code: &[u8]) -> World {
    World::default().with_code(BOB, [code, &[0x60, 0, 0x60, 0, 0xa1]].concat())
}

/// As [`logging`], on any fork.
pub fn logging_at(fork: Fork, code: &[u8]) -> World {
    if fork < Fork::Canyon { logging_before_canyon(code) } else { logging(code) }
}

/// What the code leaves on the stack, or `None` if it failed.
pub fn result(fork: Fork, code: &[u8]) -> Option<U256> {
    run(&Chain::at(fork, &logging_at(fork, code)), 1_000_000).expect("deposits are valid")
}
