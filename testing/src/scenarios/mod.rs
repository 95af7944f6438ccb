//! Stories of a devnet, named after the fault-proof tests that users know. Each is told on every fork where it makes sense,
//! and ends in a claim with the witness that it takes to judge it.

mod activation;
mod alt_da;
mod batches;
mod channels;
mod config;
mod execution;
mod full_block;
mod garbage;
mod invalid;
mod l1;
pub mod lies;
mod operator_fee;
mod orders;
mod precompiles;
mod state;
mod table;

pub use table::{Told, all, lies_markdown, markdown};

use crate::devnet::{
    Devnet, DevnetConfig, L2Block, RangeWitness,
    config::{DaKind, ForkConfig},
    keys::{Call, Key},
};
use crate::simulator::karst_bundle;
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, Bytes, TxKind, U256};
use std::ops::RangeInclusive;
use unroll_derive::{
    Event,
    event::{DropReason, Fate},
};
use unroll_proof::claim::Outcome;
use unroll_protocol::{
    forks::Fork,
    reader::{ReadError, Reader},
};

/// A story.
#[derive(Clone, Copy)]
pub struct Scenario {
    /// What it is called.
    pub name: &'static str,
    /// What happens, in a sentence.
    pub about: &'static str,
    /// The forks on which it makes sense: active from genesis, or activated in it.
    first: Fork,
    last: Fork,
    tell: fn(Fork) -> Story,
    /// Whether the fork activates after genesis, so that Karst needs its bundle of upgrade transactions.
    activates: bool,
}

/// A chain on which something happened, and a claim about it.
pub struct Story {
    /// The chain.
    pub devnet: Devnet,
    /// The claim, and exactly what it takes to judge it.
    pub witness: RangeWitness,
    /// What must be said about it.
    pub expected: Outcome,
}

impl Scenario {
    /// The forks that the story is told on here. Karst's activation is left out where the file with its upgrade transactions
    /// is not at hand, unless this is CI.
    ///
    /// # Panics
    ///
    /// In CI, if the file is missing.
    pub fn forks(&self) -> Vec<Fork> {
        self.all_forks().filter(|fork| !self.needs_bundle(*fork) || has_bundle()).collect()
    }

    /// The forks that the story makes sense on.
    pub fn all_forks(&self) -> impl Iterator<Item = Fork> + use<> {
        let range: RangeInclusive<Fork> = self.first..=self.last;
        Fork::ALL.into_iter().filter(move |fork| range.contains(fork))
    }

    /// Tells the story.
    ///
    /// # Panics
    ///
    /// If it goes another way than it must.
    pub fn tell(&self, fork: Fork) -> Story {
        let story = (self.tell)(fork);
        let outcome = story.witness.verdict.outcome;
        assert_eq!(outcome, story.expected, "{} on {fork}: the honest run", self.name);
        story
    }

    /// The claim of the story with its witness.
    ///
    /// # Panics
    ///
    /// As [`tell`](Self::tell).
    pub fn witness(&self, fork: Fork) -> RangeWitness {
        self.tell(fork).witness
    }

    fn needs_bundle(&self, fork: Fork) -> bool {
        self.activates && fork == Fork::Karst
    }
}

#[expect(clippy::panic, reason = "test support: CI without data must fail")]
fn has_bundle() -> bool {
    let found = karst_bundle().is_some();
    if !found && std::env::var("CI").as_deref() == Ok("true") {
        panic!("no ../shared/protocol/karst_nut_bundle.json in CI");
    }
    found
}

impl Story {
    /// The claim about the blocks after `agreed` up to `claimed`.
    fn new(devnet: Devnet, agreed: u64, claimed: u64, expected: Outcome) -> Self {
        let witness = devnet.range(agreed, claimed);
        Self { devnet, witness, expected }
    }

    /// The true claim about the whole safe chain.
    fn whole(devnet: Devnet) -> Self {
        let safe = devnet.safe();
        assert!(safe > 0, "something must have been derived");
        Self::new(devnet, 0, safe, Outcome::Right)
    }
}

/// A chain with these forks and ordinary traffic.
fn chain(forks: ForkConfig, change: impl FnOnce(&mut DevnetConfig)) -> Devnet {
    let mut config = DevnetConfig { seed: 1, forks, ..DevnetConfig::default() };
    config.batcher.level = 5; // small channels; speed matters more
    change(&mut config);
    let bundle = config.forks.karst.is_some_and(|after| after > 0).then(karst_bundle).flatten();
    Devnet::new(config, bundle.map(Bytes::from))
}

/// A chain at `fork` from genesis on.
fn at(fork: Fork) -> Devnet {
    chain(ForkConfig::until(fork), |_| {})
}

/// The same with batches in blobs on every other fork from Ecotone on: they take their time to make.
fn at_with_blobs(fork: Fork) -> Devnet {
    chain(ForkConfig::until(fork), |config| config.batcher.da = da(fork))
}

fn da(fork: Fork) -> DaKind {
    match fork {
        Fork::Ecotone | Fork::Granite | Fork::Isthmus | Fork::Karst => DaKind::Blobs,
        _ => DaKind::Calldata,
    }
}

/// All forks before `fork` from genesis on, and `fork` after so many seconds.
fn activating(fork: Fork, after: u64) -> ForkConfig {
    let before = Fork::ALL.into_iter().rev().find(|before| *before < fork).unwrap_or(Fork::Bedrock);
    ForkConfig::until(before).with(fork, after)
}

/// A transaction of a user who sends no other ones, with any count: 0 is valid, once.
fn transfer(devnet: &Devnet, nonce: u64) -> Bytes {
    signed(&Key::new(1_005), devnet, nonce, Address::with_last_byte(0xb0), 21_000, Bytes::new())
}

/// A transaction that no block can hold: its sender has never sent that many.
fn invalid(devnet: &Devnet) -> Bytes {
    transfer(devnet, 1_000_000)
}

fn signed(key: &Key, devnet: &Devnet, nonce: u64, to: Address, gas_limit: u64, input: Bytes) -> Bytes {
    let chain_id = devnet.config.l2.chain_id;
    let call = Call { chain_id, nonce, gas_limit, to: TxKind::Call(to), value: U256::ZERO, input };
    key.call(call).encoded_2718().into()
}

/// What a block's receipt says of a transaction.
struct Receipt {
    success: bool,
    /// Of this transaction alone.
    gas: u64,
    /// Items of the receipt.
    fields: usize,
}

/// The receipts of a block, one for each transaction.
fn receipts(block: &L2Block) -> Vec<Receipt> {
    let mut before = 0;
    let read = |receipt: &Bytes| {
        let mut reader = Reader::new(&receipt[usize::from(receipt[0] < 0x80)..]);
        let mut items = reader.rlp_list()?;
        let (success, cumulative) = (items.rlp_u64()? == 1, items.rlp_u64()?);
        let mut fields = 2;
        while !items.is_empty() {
            items.rlp_item()?;
            fields += 1;
        }
        let gas = cumulative - before;
        before = cumulative;
        Ok::<_, ReadError>(Receipt { success, gas, fields })
    };
    block.receipts.iter().map(read).collect::<Result<_, _>>().expect("our own receipts are RLP")
}

fn count(events: &[Event], matches: impl Fn(&Event) -> bool) -> usize {
    events.iter().filter(|event| matches(event)).count()
}

/// Asserts that something happened, and shows everything that did if not.
fn expect(events: &[Event], what: &str, matches: impl Fn(&Event) -> bool) {
    assert!(count(events, matches) > 0, "no {what} in {events:#?}");
}

fn is_drop(event: &Event, reason: DropReason) -> bool {
    matches!(event, Event::Batch { fate: Fate::Dropped(why), .. } if *why == reason)
}

/// Whether batches are read strictly in order on this fork.
fn is_strict(fork: Fork) -> bool {
    fork >= Fork::Holocene
}
