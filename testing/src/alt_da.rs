//! What the challenge contract of alt-DA logs and is called with (B-042, B-044), as it may be or not.

use alloy_primitives::{Address, B256, Bytes, Log, U256, keccak256};
use unroll_alt_da::StatusChange;

/// The commitment to an input, as it stands behind a payload's version byte.
pub fn commitment(input: &[u8]) -> Bytes {
    [&[0], &keccak256(input)[..]].concat().into()
}

/// `ChallengeStatusChanged` of the commitment in this L1 block; status 1 is a challenge, 2 an answer.
pub fn challenge_log(contract: Address, block: u64, commitment: &[u8], status: u8) -> Log {
    let data = [&word(64)[..], &word(status.into()), &tail(commitment)].concat();
    let topics = vec![StatusChange::TOPIC, B256::from(word(block))];
    Log::new_unchecked(contract, topics, data.into())
}

/// The call of `resolve` that answers a challenge with the input.
pub fn resolve_call(block: u64, commitment: &[u8], input: &[u8]) -> Bytes {
    let selector = &keccak256("resolve(uint256,bytes,bytes)")[..4];
    let first = tail(commitment);
    let words = [word(block), word(96), word(96 + first.len() as u64)].concat();
    [selector, &words, &first, &tail(input)].concat().into()
}

fn word(number: u64) -> [u8; 32] {
    U256::from(number).to_be_bytes()
}

/// A byte string's length and the string, padded.
fn tail(bytes: &[u8]) -> Vec<u8> {
    let mut out = [&word(bytes.len() as u64), bytes].concat();
    out.resize(out.len().next_multiple_of(32), 0);
    out
}
