//! The devnet while it is served: it may grow and lose blocks between two requests, and a request may be shown an older state.

use alloy_primitives::{
    B256, Bytes, keccak256,
    map::{B256Map, Entry},
};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use unroll_testing::devnet::{Devnet, L1Block, L2Block};

/// A devnet that many read and some change.
#[derive(Debug)]
pub struct Chain(RwLock<State>);

#[derive(Debug)]
struct State {
    devnet: Devnet,
    l1_transactions: B256Map<Place>,
    l2_transactions: B256Map<Place>,
}

/// Where a transaction is: the number of its block, and its place in it.
pub(crate) type Place = (u64, usize);

/// How old the state is that a request is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Staleness {
    /// Newest L1 blocks that are not known yet.
    pub(crate) l1: u64,
    /// Newest L2 blocks that are not known yet.
    pub(crate) l2: u64,
}

/// The state that one request sees.
pub(crate) struct Snapshot<'a> {
    state: RwLockReadGuard<'a, State>,
    staleness: Staleness,
}

/// The devnet up to certain heads. What lies behind them does not exist.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    state: &'a State,
    l1_head: u64,
    l2_head: u64,
}

/// How far a block must lie behind the L1 head to be called safe, and finalized. Devnets are short; Ethereum takes 32 and
/// 64 blocks.
const L1_SAFE_DISTANCE: u64 = 4;
const L1_FINALIZED_DISTANCE: u64 = 8;

impl Chain {
    pub(crate) fn new(devnet: Devnet) -> Self {
        let mut state =
            State { devnet, l1_transactions: B256Map::default(), l2_transactions: B256Map::default() };
        state.index();
        Self(RwLock::new(state))
    }

    /// One more L1 block, with the L2 blocks before it.
    pub fn advance(&self) {
        self.change(Devnet::advance);
    }

    /// L1 gives up its newest `depth` blocks, and has as many others in their place. L1's genesis stays.
    ///
    /// ```text
    ///            last block with an origin that stayed
    ///                          v
    /// L2   ...------------+----+======  built anew, upon the new origins; the old ones are known by hash alone
    ///                     ^
    ///      what was safe by the last L1 block that stayed; the rest is to be posted again
    /// ```
    ///
    /// As L1's new blocks were made by those who knew nothing of the rollup's, no batch is in them: the batcher posts in the
    /// next block that [`advance`](Self::advance) adds.
    pub fn reorg(&self, depth: u64) {
        self.change(|devnet| {
            let head = devnet.l1.head().header.number;
            devnet.reorg(head.saturating_sub(depth));
            while devnet.l1.head().header.number < head {
                devnet.advance_unposted();
            }
        });
    }

    /// Looks at the devnet as it is now.
    pub fn with<T>(&self, look: impl FnOnce(&Devnet) -> T) -> T {
        look(&self.read().devnet)
    }

    pub(crate) fn snapshot(&self, staleness: Staleness) -> Snapshot<'_> {
        Snapshot { state: self.read(), staleness }
    }

    // Whoever panicked while they wrote did so in a test, which has failed by that.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Devnet)) {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut state.devnet);
        state.devnet.sync();
        state.index();
    }
}

impl State {
    fn index(&mut self) {
        let l1 = self.devnet.l1.blocks().iter().map(|block| &block.transactions);
        self.l1_transactions = places(l1);
        self.l2_transactions = places(self.devnet.l2.iter().map(|block| &block.transactions));
    }
}

/// The places of all transactions by hash, which is that of the EIP-2718 bytes.
fn places<'a>(blocks: impl Iterator<Item = &'a Vec<Bytes>>) -> B256Map<Place> {
    let mut places = B256Map::default();
    for (number, transactions) in (0..).zip(blocks) {
        for (index, transaction) in transactions.iter().enumerate() {
            if let Entry::Vacant(vacant) = places.entry(keccak256(transaction)) {
                vacant.insert((number, index));
            }
        }
    }
    places
}

impl Snapshot<'_> {
    pub(crate) fn view(&self) -> View<'_> {
        let state = &*self.state;
        let Staleness { l1, l2 } = self.staleness;
        let l1_head = state.devnet.l1.head().header.number.saturating_sub(l1);
        // Who does not know an L1 block knows no L2 block that builds on it.
        let known = state.devnet.l2.iter().rev().find(|block| block.l1_origin.number <= l1_head);
        let known = known.map_or(0, |block| block.header.number);
        let newest = state.devnet.head().header.number;
        View { state, l1_head, l2_head: known.min(newest.saturating_sub(l2)) }
    }
}

impl<'a> View<'a> {
    pub(crate) const fn devnet(&self) -> &'a Devnet {
        &self.state.devnet
    }

    pub(crate) const fn l1_head(&self) -> u64 {
        self.l1_head
    }

    pub(crate) const fn l1_safe(&self) -> u64 {
        self.l1_head.saturating_sub(L1_SAFE_DISTANCE)
    }

    pub(crate) const fn l1_finalized(&self) -> u64 {
        self.l1_head.saturating_sub(L1_FINALIZED_DISTANCE)
    }

    pub(crate) const fn l2_head(&self) -> u64 {
        self.l2_head
    }

    pub(crate) fn l2_safe(&self) -> u64 {
        self.safe_at(self.l1_head)
    }

    pub(crate) fn l2_finalized(&self) -> u64 {
        self.safe_at(self.l1_finalized())
    }

    /// The last L2 block that is safe with the L1 block of this number.
    pub(crate) fn safe_at(&self, l1: u64) -> u64 {
        let blocks = self.devnet().l2.iter().take_while(|block| block.safe_at.is_some_and(|at| at <= l1));
        blocks.last().map_or(0, |block| block.header.number).min(self.l2_head)
    }

    pub(crate) fn l1_block(&self, number: u64) -> Option<&'a L1Block> {
        self.devnet().l1.block(number).filter(|_| number <= self.l1_head)
    }

    /// Also a block that a reorg took out: nodes keep those for a while.
    pub(crate) fn l1_block_by_hash(&self, hash: B256) -> Option<&'a L1Block> {
        let l1 = &self.devnet().l1;
        let mut all = l1.blocks().iter().chain(&l1.orphans);
        all.find(|block| block.header.hash() == hash && block.header.number <= self.l1_head)
    }

    pub(crate) fn l2_block(&self, number: u64) -> Option<&'a L2Block> {
        self.devnet().block(number).filter(|_| number <= self.l2_head)
    }

    /// Also a block that the rollup gave up, after a reorg of L1 or because L1 says otherwise.
    pub(crate) fn l2_block_by_hash(&self, hash: B256) -> Option<&'a L2Block> {
        let Devnet { l2, l2_orphans, .. } = self.devnet();
        let mut all = l2.iter().chain(l2_orphans);
        all.find(|block| block.header.hash() == hash && block.header.number <= self.l2_head)
    }

    pub(crate) fn l1_transaction(&self, hash: B256) -> Option<Place> {
        self.state.l1_transactions.get(&hash).copied().filter(|(number, _)| *number <= self.l1_head)
    }

    pub(crate) fn l2_transaction(&self, hash: B256) -> Option<Place> {
        self.state.l2_transactions.get(&hash).copied().filter(|(number, _)| *number <= self.l2_head)
    }
}
