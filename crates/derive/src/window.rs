//! What batches are judged against: the L1 blocks from the safe head's origin on, and the safe blocks below the head.

use crate::{provider::L2Block, source::L1Input};
use alloc::{
    collections::{BTreeMap, VecDeque},
    vec::Vec,
};
use alloy_primitives::{B256, keccak256};
use core::ops::RangeInclusive;
use unroll_protocol::{
    config::RollupConfig,
    deposit::DEPOSIT_TX_TYPE,
    tip::{Tip, TipError},
    units::{L1Ref, L2Ref},
};

/// Consecutive L1 blocks, without their data (F-001).
///
/// Invariant: `blocks[i].origin.number == blocks[0].origin.number + i`. How long it grows is bounded by the sequencing
/// window, after which empty batches advance the safe head.
#[derive(Debug, Default)]
pub(crate) struct Window {
    blocks: VecDeque<L1Input>,
}

impl Window {
    /// Takes the L1 block that follows the last one; what lies below the safe head's origin is not kept.
    pub(crate) fn push(&mut self, block: L1Input, safe_origin: u64) {
        if block.origin.number >= safe_origin {
            self.blocks.push_back(block);
        }
    }

    /// Forgets what lies below the safe head's origin.
    pub(crate) fn prune(&mut self, safe_origin: u64) {
        while self.blocks.pop_front_if(|block| block.origin.number < safe_origin).is_some() {}
    }

    /// F-087: no slot is left in the first epoch.
    pub(crate) fn advance(&mut self) {
        self.blocks.pop_front();
    }

    pub(crate) fn block(&self, number: u64) -> Option<&L1Input> {
        let index = number.checked_sub(self.epoch()?.number)?;
        self.blocks.get(usize::try_from(index).ok()?)
    }

    pub(crate) fn origin(&self, number: u64) -> Option<&L1Ref> {
        self.block(number).map(|block| &block.origin)
    }

    /// The first block: the epoch that the next batch continues, unless it opens the next.
    pub(crate) fn epoch(&self) -> Option<&L1Ref> {
        self.blocks.front().map(|block| &block.origin)
    }

    pub(crate) fn next_epoch(&self) -> Option<&L1Ref> {
        self.blocks.get(1).map(|block| &block.origin)
    }
}

/// What overlapping span batches are compared with (F-043, F-055).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SafeBlock {
    /// The block's number.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
    /// The number of its L1 origin.
    pub l1_origin: u64,
    /// The digest of its transactions without deposits: see [`transactions_digest`]. `None`: not looked at.
    pub transactions: Option<B256>,
}

impl SafeBlock {
    /// A block of which all is known.
    pub fn from_block(cfg: &RollupConfig, block: &L2Block) -> Result<Self, TipError> {
        let tip = Tip::from_block(cfg, block.header.clone(), block.transactions.first())?;
        let batched = block.transactions.iter().filter(|tx| tx.first() != Some(&DEPOSIT_TX_TYPE));
        Ok(Self { transactions: Some(transactions_digest(batched)), ..Self::from_ref(&tip.block) })
    }

    /// A block whose transactions nobody looked at.
    pub const fn from_ref(block: &L2Ref) -> Self {
        let L2Ref { number, hash, l1_origin, .. } = *block;
        Self { number, hash, l1_origin: l1_origin.number, transactions: None }
    }
}

/// `keccak( for each transaction: u64(length) || bytes )`: equal lists, and only those, have equal digests.
pub fn transactions_digest(transactions: impl IntoIterator<Item = impl AsRef<[u8]>>) -> B256 {
    // Copied together, as backends replace the hash of one slice by a faster one.
    let mut input = Vec::new();
    for tx in transactions {
        input.extend_from_slice(&(tx.as_ref().len() as u64).to_be_bytes());
        input.extend_from_slice(tx.as_ref());
    }
    keccak256(input)
}

/// L2 blocks that a verdict needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    pub(crate) numbers: RangeInclusive<u64>,
    pub(crate) with_transactions: bool,
}

/// The safe blocks that the pipeline saw or asked for. Overlaps are rare and short, so it rarely has to ask, and never for
/// blocks above the one it began with.
#[derive(Debug, Default)]
pub(crate) struct SafeBlocks {
    blocks: BTreeMap<u64, SafeBlock>,
    /// Blocks below this number are forgotten.
    forgotten: u64,
}

impl SafeBlocks {
    pub(crate) fn insert(&mut self, block: SafeBlock) {
        let known = self.blocks.entry(block.number).or_insert(block);
        if known.hash != block.hash || known.transactions.is_none() {
            *known = block;
        }
    }

    /// Forgets blocks that are too old to be a span's parent: those below `tip` with origins before `oldest`.
    pub(crate) fn prune(&mut self, tip: u64, oldest: u64) {
        while let Some(entry) = self.blocks.first_entry()
            && *entry.key() < tip
            && entry.get().l1_origin < oldest
        {
            self.forgotten = entry.remove().number.saturating_add(1);
        }
    }

    pub(crate) const fn is_forgotten(&self, number: u64) -> bool {
        number < self.forgotten
    }

    /// The block, by number.
    pub(crate) fn block(&self, number: u64) -> Result<&SafeBlock, Missing> {
        self.blocks.get(&number).ok_or(Missing { numbers: number..=number, with_transactions: false })
    }

    /// The blocks of a range with their transactions' digests.
    pub(crate) fn with_transactions(
        &self,
        numbers: RangeInclusive<u64>,
    ) -> Result<impl Iterator<Item = (&SafeBlock, B256)>, Missing> {
        let digest = |number| self.blocks.get(&number).and_then(|block| Some((block, block.transactions?)));
        let mut unknown = numbers.clone().filter(|&number| digest(number).is_none());
        match unknown.next() {
            Some(first) => {
                let last = unknown.next_back().unwrap_or(first);
                Err(Missing { numbers: first..=last, with_transactions: true })
            }
            None => Ok(numbers.filter_map(digest)),
        }
    }
}
