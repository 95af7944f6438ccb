//! Calls of precompiles of which the result is known without them: points are made, added and multiplied here.
#![allow(dead_code, reason = "each test binary uses a part")]

mod bls;
mod bn256;
mod kzg;
mod limits;
mod secp;

use alloy_primitives::{Address, B256, Bytes, U256, bytes};
use op_alloy_consensus::TxDeposit;
use unroll_executor::TrieDBFetcher;
use unroll_executor::TrieDBHinter;
use unroll_protocol::forks::Fork;

use super::common::world::{Chain, World, deposit, user_deposit};
pub use limits::limits;

const CALLER: Address = Address::repeat_byte(0xca);
const SOMEBODY: Address = Address::repeat_byte(0xa1);

pub const P256VERIFY: u64 = 0x100;

/// All forks whose set of precompiles differs from the one before, and those around them.
pub const FORKS: [Fork; 10] = [
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

/// A call and what must come of it.
#[derive(Clone, Debug)]
pub struct Case {
    pub what: String,
    pub address: u64,
    /// What a success costs; before Karst.
    pub price: u64,
    pub input: Vec<u8>,
    /// `None`: it fails and takes all gas.
    pub output: Option<Vec<u8>>,
    /// A backend may be asked for it if there is gas enough: an accelerated precompile and input of its shape (K-060, K-062).
    pub is_asked: bool,
}

impl Case {
    fn new(what: impl Into<String>, address: u64, price: u64, input: Vec<u8>, output: Option<&[u8]>) -> Self {
        let is_asked = matches!(address, 1 | 8 | 0xa..=0x11);
        Self { what: what.into(), address, price, input, output: output.map(<[u8]>::to_vec), is_asked }
    }

    fn unasked(mut self) -> Self {
        self.is_asked = false;
        self
    }

    /// I-093, I-098: P256VERIFY costs twice as much from Karst.
    pub fn price(&self, fork: Fork) -> u64 {
        if self.address == P256VERIFY && fork >= Fork::Karst { 2 * self.price } else { self.price }
    }

    /// I-090 to I-095: whether there is such a precompile.
    pub fn exists(&self, fork: Fork) -> bool {
        let since = match self.address {
            0xa => Fork::Ecotone,
            P256VERIFY => Fork::Fjord,
            0xb..=0x11 => Fork::Isthmus,
            _ => Fork::Bedrock,
        };
        fork >= since
    }

    /// What a contract sees of the call if it gives `gas` along.
    pub fn outcome(&self, fork: Fork, gas: u64) -> Outcome {
        if !self.exists(fork) {
            return Outcome { succeeds: true, gas: 0, output: Bytes::new() };
        }
        match &self.output {
            Some(output) if gas >= self.price(fork) => {
                Outcome { succeeds: true, gas: self.price(fork), output: output.clone().into() }
            }
            _ => Outcome { succeeds: false, gas, output: Bytes::new() },
        }
    }
}

/// What a contract sees of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub succeeds: bool,
    pub gas: u64,
    pub output: Bytes,
}

/// Everything that does not depend on limits.
pub fn cases() -> Vec<Case> {
    [secp::cases(), bn256::cases(), bls::cases(), kzg::cases()].concat()
}

/// A chain in which a contract calls what it is told to.
pub fn chain(fork: Fork) -> Chain {
    // The calldata is gas, address, input. calldatacopy(0, 0, calldatasize); gas; staticcall(mload(0), mload(32), 64,
    // calldatasize - 64, 0, 0); gas; the difference; returndatacopy(0, 0, returndatasize); log2(0, returndatasize, difference, success)
    let code =
        bytes!("366000600037" "5a60006000604036036040602051600051fa5a91829003" "3d600060003e3d6000a200");
    Chain::at(fork, &World::default().with_code(CALLER, code))
}

/// Gas of the instructions between the two that look at the gas: a call of an address not called before, of which those that
/// are precompiles are warm.
const AROUND: u64 = 131;
const COLD: u64 = 2_500;

/// What a contract sees of each call, with so much gas, all in one block.
pub fn run<P: TrieDBFetcher + TrieDBHinter>(
    chain: &Chain,
    fork: Fork,
    calls: &[(&Case, u64)],
    provider: &mut P,
) -> Vec<Outcome> {
    let transactions: Vec<_> = calls.iter().map(|(case, gas)| deposit(&call(case, *gas))).collect();
    let mut attributes = chain.attributes(&transactions);
    attributes.gas_limit = Some(u64::MAX);
    let block = chain.executor().execute(provider, &attributes).expect("deposits are valid");
    let receipts = &block.receipts[1..];
    let outcomes = receipts.iter().zip(calls).map(|(receipt, (case, _))| {
        let log = receipt.logs.first().expect("the caller has gas enough");
        let around = if case.exists(fork) { AROUND } else { AROUND + COLD };
        let [gas, success] = [0, 1].map(|index| U256::from_be_bytes(log.topics()[index].0));
        Outcome {
            succeeds: success == U256::from(1),
            gas: gas.to::<u64>() - around,
            output: log.data.data.clone(),
        }
    });
    outcomes.collect()
}

fn call(case: &Case, gas: u64) -> TxDeposit {
    let address = B256::left_padding_from(&case.address.to_be_bytes());
    let input = [&B256::left_padding_from(&gas.to_be_bytes())[..], &address[..], &case.input].concat();
    // What calldata costs at most, what the memory costs, and more than 64/63 of the gas of the call.
    let gas_limit = 1_000_000 + 50 * input.len() as u64 + 2 * gas;
    TxDeposit { to: CALLER.into(), gas_limit, input: input.into(), ..user_deposit(SOMEBODY) }
}

/// A word of 32 bytes.
fn word(number: u64) -> [u8; 32] {
    B256::left_padding_from(&number.to_be_bytes()).0
}

/// `bytes` with one more byte, and with one less.
fn resized(bytes: &[u8]) -> [Vec<u8>; 2] {
    [[bytes, &[0]].concat(), bytes[..bytes.len().saturating_sub(1)].to_vec()]
}

/// `bytes` with others from `at` on.
fn with(bytes: &[u8], at: usize, others: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    out[at..at + others.len()].copy_from_slice(others);
    out
}
