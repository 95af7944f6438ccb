//! A rollup of our own with the L1 that it lives on, deterministic: the same [`DevnetConfig`] gives the same chains, to the
//! byte.
//!
//! ```text
//!            users                    users
//!              |                        |
//!  L2 blocks <-+- sequencer             |
//!     |           (our executor)        v
//!     +--> batcher -- transactions --> L1 blocks (headers, receipts, blobs)
//!                                       |
//!                    safe chain <-------+  our derivation: must give the sequencer's blocks again
//! ```
//!
//! Everything that either chain commits to is in the [`Store`], of every block. A [range](Devnet::range) of the chain becomes a
//! claim with exactly the preimages that a proof of it reads.

pub mod asm;
pub mod attributes;
pub mod blobs;
pub mod config;
pub mod contracts;
pub mod events;
pub mod genesis;
pub use crate::keys;
pub mod l1;
pub mod l2;
pub mod poster;
pub mod sample;
pub mod store;
pub mod traffic;
pub mod tries;
pub mod witness;

pub use config::DevnetConfig;
pub use genesis::GenesisFiles;
pub use l1::{L1Block, L1Chain, L1Transaction};
pub use l2::L2Block;
pub use poster::Poster;
pub use store::Store;
pub use traffic::Traffic;
pub use witness::RangeWitness;

use crate::simulator::dice::Dice;
use alloy_consensus::{Transaction as _, TxEnvelope, transaction::SignerRecoverable as _};
use alloy_eips::eip2718::Decodable2718 as _;
use alloy_primitives::{Address, B256, Bytes};
use unroll_derive::Event;
use unroll_proof::{BootInfo, OracleBackend, Transition, transition::ExecutedBlock};
use unroll_protocol::{
    config::RollupConfig,
    units::{L1Time, L2Time},
};

/// Both chains, and who makes them.
#[derive(Clone, Debug)]
pub struct Devnet {
    /// What it was made from.
    pub config: DevnetConfig,
    /// The chain's files.
    pub genesis: GenesisFiles,
    /// The layer below.
    pub l1: L1Chain,
    /// The rollup's blocks, safe or not; block `i` has number `i`.
    pub l2: Vec<L2Block>,
    /// Blocks that the rollup had once, oldest first.
    pub l2_orphans: Vec<L2Block>,
    /// Every preimage of both chains.
    pub store: Store,
    /// The batcher.
    pub poster: Poster,
    /// The users.
    pub traffic: Traffic,
    /// How many transactions [`Traffic::l1_user`] has sent.
    pub l1_nonce: u64,
    /// All chance.
    pub dice: Dice,
    bundle: Option<Bytes>,
}

impl Devnet {
    /// A chain of its genesis blocks. `bundle` are Karst's upgrade transactions, needed only if Karst activates after genesis.
    ///
    /// # Panics
    ///
    /// If the config describes a chain that nobody can run.
    pub fn new(config: DevnetConfig, bundle: Option<Bytes>) -> Self {
        let l1 = L1Chain::new(config.l1.clone());
        let poster = Poster::new(config.batcher.clone());
        let traffic = Traffic::new(config.traffic.clone());
        let genesis = GenesisFiles::new(&config, l1.head(), poster.key.address, traffic.rich());
        let mut store = Store::default();
        store.insert_l1(l1.head());
        let state = tries::state(&genesis.accounts);
        assert_eq!(state.root, genesis.header.state_root, "two ways to the root of the genesis state");
        for value in state.nodes {
            store.insert_state(value);
        }
        store.insert(alloy_rlp::encode(genesis.header.inner()).into());
        if let Some(bundle) = &bundle {
            store.insert_sha256(bundle.clone());
        }
        let output = l2::genesis_output(&genesis.config, &store, &genesis.header);
        store.insert(output.encode().to_vec().into());
        let first = L2Block {
            header: genesis.header.clone(),
            transactions: Vec::new(),
            receipts: Vec::new(),
            output,
            l1_origin: genesis.config.genesis.l1,
            sequence_number: 0,
            safe_at: Some(0),
        };
        let dice = Dice::new(config.seed);
        let (l2, l2_orphans) = (vec![first], Vec::new());
        Self { config, genesis, l1, l2, l2_orphans, store, poster, traffic, l1_nonce: 0, dice, bundle }
    }

    /// The rollup's config.
    pub const fn rollup(&self) -> &RollupConfig {
        &self.genesis.config
    }

    /// The newest L2 block.
    pub fn head(&self) -> &L2Block {
        self.l2.last().expect("a chain has its genesis from `new` on")
    }

    /// The L2 block of this number, if there is one.
    pub fn block(&self, number: u64) -> Option<&L2Block> {
        self.l2.get(usize::try_from(number).ok()?)
    }

    /// The number of the newest safe L2 block, as far as [`sync`](Self::sync) has looked.
    pub fn safe(&self) -> u64 {
        self.l2.iter().take_while(|block| block.safe_at.is_some()).count() as u64 - 1
    }

    /// One slot of L1: the L2 blocks until its next block, and that block, with everything that was not posted yet.
    pub fn advance(&mut self) {
        self.sequence();
        let mut transactions = self.l1_traffic();
        if self.l1.head().header.number.is_multiple_of(self.config.batcher.l1_blocks_per_channel) {
            transactions.extend(self.post());
        }
        self.mine(&transactions);
    }

    /// The same while the batcher is silent.
    pub fn advance_unposted(&mut self) {
        self.sequence();
        let transactions = self.l1_traffic();
        self.mine(&transactions);
    }

    /// Advances until the chain has this L2 block and all of it is posted.
    pub fn advance_to(&mut self, number: u64) {
        while self.head().header.number < number || self.poster.next <= self.head().header.number {
            self.advance();
        }
    }

    /// Builds the L2 blocks that are due before the next L1 block, with users' transactions.
    pub fn sequence(&mut self) {
        while self.next_time().0 < self.l1.next_time() {
            let users = self.users();
            self.sequence_block(users);
        }
    }

    /// What users want in the next L2 block, if it may hold anything.
    pub fn users(&mut self) -> Vec<Bytes> {
        let (time, cfg) = (self.next_time(), &self.genesis.config);
        if cfg.must_be_empty(time) {
            return Vec::new();
        }
        let parent = &self.l2[self.l2.len() - 1].header;
        let rules = cfg.forks.execution(time);
        self.traffic.transactions(&mut self.dice, cfg, rules, &self.store, parent)
    }

    /// Builds the next L2 block with these transactions; what is invalid is left out.
    pub fn sequence_block(&mut self, users: Vec<Bytes>) -> &L2Block {
        let parent = &self.l2[self.l2.len() - 1];
        let next = self.l1.block(parent.l1_origin.number + 1);
        let due = next.filter(|origin| origin.header.timestamp <= self.next_time().0);
        let origin = due.or_else(|| self.l1.block(parent.l1_origin.number)).expect("its origin is on L1");
        let bundle = self.bundle.as_ref().map(|bundle| &bundle[..]);
        let block = l2::sequence(&self.genesis.config, &mut self.store, parent, origin, bundle, users);
        self.l2.push(block);
        self.head()
    }

    /// When the next L2 block is due.
    pub fn next_time(&self) -> L2Time {
        L2Time(self.head().header.timestamp + self.config.l2.block_time)
    }

    /// Transactions of L1 users for the next L1 block.
    pub fn l1_traffic(&mut self) -> Vec<L1Transaction> {
        let time = L1Time(self.l1.next_time());
        self.traffic.l1_transactions(&mut self.dice, &self.genesis.config, time, &mut self.l1_nonce)
    }

    /// The batcher's transactions for the next L1 block: everything that was not posted yet.
    pub fn post(&mut self) -> Vec<L1Transaction> {
        self.poster.post(&self.genesis.config, &self.l1, &self.l2)
    }

    /// Builds the next L1 block, after an empty slot if chance wants it.
    pub fn mine(&mut self, transactions: &[L1Transaction]) -> &L1Block {
        let missed = u64::from(self.dice.chance(self.config.l1.missed_slots));
        self.l1.build(missed, transactions);
        self.store.insert_l1(self.l1.head());
        self.l1.head()
    }

    /// L1 gives up all blocks after this one. L2 gives up those whose origin is gone; those whose batches are gone stay, but
    /// are not safe any more, and the batcher will post them again. On L1, users and batcher sign anew from the first nonce
    /// that was lost.
    pub fn reorg(&mut self, last: u64) {
        let lost = self.l1.reorg(last);
        self.poster.nonce = first_nonce(lost, self.poster.key.address).unwrap_or(self.poster.nonce);
        self.l1_nonce = first_nonce(lost, self.traffic.l1_user().address).unwrap_or(self.l1_nonce);
        let stays = |block: &&L2Block| block.l1_origin.number <= last;
        self.give_up(self.l2.iter().take_while(stays).count());
        for block in &mut self.l2 {
            block.safe_at = block.safe_at.filter(|at| *at <= last);
        }
        self.poster.next = self.safe() + 1;
    }

    /// L2 has but so many blocks from now on.
    fn give_up(&mut self, keep: usize) {
        let lost = self.l2.drain(keep.min(self.l2.len())..);
        self.l2_orphans.extend(lost.map(|block| L2Block { safe_at: None, ..block }));
    }

    /// Derives the safe chain from L1 as far as it goes. Where it differs from what the sequencer built, the sequencer gives
    /// up its blocks. Returns what derivation decided.
    ///
    /// # Panics
    ///
    /// If derivation fails: on an honest store it never does.
    pub fn sync(&mut self) -> Vec<Event> {
        let (derived, events) = self.derive();
        let mut reorged = false;
        for (block, safe_at) in derived {
            let at = usize::try_from(block.header.number).expect("the chain is short");
            if self.l2.get(at).is_none_or(|own| own.header.hash() != block.header.hash()) {
                self.give_up(at);
                let attributes = attributes::of_block(self.rollup(), &block.header, &block.transactions);
                let parent = self.l2[at - 1].header.clone();
                let rebuilt = l2::build(&self.genesis.config, &mut self.store, &parent, attributes);
                let rebuilt = rebuilt.expect("what derivation could execute is valid");
                assert_eq!(rebuilt.header.hash(), block.header.hash(), "attributes read back from a block");
                self.l2.push(rebuilt);
                reorged = true;
            }
            self.l2[at].safe_at = safe_at;
        }
        if reorged {
            self.poster.next = self.safe() + 1;
        }
        events
    }

    /// The blocks after the safe head that L1 has data for, each with the number of the L1 block that completed it.
    fn derive(&self) -> (Vec<(ExecutedBlock, Option<u64>)>, Vec<Event>) {
        let safe = &self.l2[usize::try_from(self.safe()).expect("the chain is short")];
        let backend = OracleBackend::new(&self.store, self.l1.head().header.hash());
        let mut transition = Transition::new(&self.genesis.config, backend, safe.output)
            .expect("our own block can be built on");
        let (mut derived, mut events) = (Vec::new(), Vec::new());
        while let Some(block) = transition.step().expect("the store lacks nothing") {
            events.extend(transition.drain_events());
            // F-001: where a number comes again, the span that it was in before is void.
            derived.retain(|(before, _): &(ExecutedBlock, _)| before.header.number < block.header.number);
            derived.push((block, transition.l1_origin().map(|origin| origin.number)));
        }
        events.extend(transition.drain_events());
        (derived, events)
    }

    /// The claim that block `claimed` has the root that our own chain says, agreed on block `agreed`, at the L1 head. Where
    /// the safe chain ends before, the claim is its last root (J-021).
    ///
    /// # Panics
    ///
    /// If the blocks are not there.
    pub fn range(&self, agreed: u64, claimed: u64) -> RangeWitness {
        self.range_at(agreed, claimed, self.l1.head().header.hash())
    }

    /// The same at another L1 head.
    ///
    /// # Panics
    ///
    /// As above.
    pub fn range_at(&self, agreed: u64, claimed: u64, l1_head: B256) -> RangeWitness {
        let boot = self.claim(agreed, claimed, l1_head);
        let GenesisFiles { rollup, l1, config, .. } = &self.genesis;
        RangeWitness::collect(&self.store, boot, config, rollup.clone(), l1.clone())
            .expect("the store lacks nothing")
    }

    /// The claim alone.
    ///
    /// # Panics
    ///
    /// As above.
    pub fn claim(&self, agreed: u64, claimed: u64, l1_head: B256) -> BootInfo {
        let output = |number| self.block(number).expect("the chain has the block").output.hash();
        let head = self.l1.blocks().iter().find(|block| block.header.hash() == l1_head);
        let head = head.expect("the L1 head is on the chain").header.number;
        let by_then = self.l2.iter().take_while(|block| block.safe_at.is_some_and(|at| at <= head));
        let last = by_then.last().map_or(0, |block| block.header.number);
        BootInfo {
            l1_head,
            agreed_output_root: output(agreed),
            claimed_output_root: output(claimed.min(last).max(agreed)),
            claimed_block_number: claimed,
            chain_id: self.config.l2.chain_id,
        }
    }
}

/// The nonce of the first transaction in these blocks that this account signed.
fn first_nonce(blocks: &[L1Block], sender: Address) -> Option<u64> {
    let encoded = blocks.iter().flat_map(|block| &block.transactions);
    let mut envelopes = encoded.filter_map(|bytes| TxEnvelope::decode_2718_exact(bytes).ok());
    let first = envelopes.find(|envelope| envelope.recover_signer().is_ok_and(|signer| signer == sender));
    first.map(|envelope| envelope.nonce())
}
