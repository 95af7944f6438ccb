//! Span batches: a run of L2 blocks, stored by columns (E-040 to E-053).
//!
//! A span keeps the columns as they came, as slices of the channel, and makes its blocks one at a time. Ten million empty
//! blocks fit into eleven megabytes that compress to almost nothing, so that a list of blocks could not be afforded
//! (E-055).

use alloy_primitives::Bytes;

use super::{
    RebuildFault, Transactions,
    span_txs::{Chain, TransactionColumns, TransactionCursor},
};
use crate::{
    config::RollupConfig,
    reader::{ReadError, Reader, share},
    units::{L2Time, Seconds},
};

/// How many blocks, and how many transactions, one span may have: the protocol's constant (E-042, E-043). It also bounds
/// the bytes of one `tx_datas` item (E-046).
pub const MAX_SPAN_ELEMENTS: usize = 10_000_000;

/// What is wrong with the columns of a span batch: the rest of the channel is abandoned (E-023).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpanFault {
    /// A column is cut short, or its numbers do not fit (E-040, E-041).
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The number of blocks is 0 or above [`MAX_SPAN_ELEMENTS`] (E-042).
    #[error("{0} blocks")]
    BlockCount(u64),
    /// The number of transactions of a block, which is given here, or of all up to it, is above [`MAX_SPAN_ELEMENTS`]
    /// (E-043).
    #[error("{0} more transactions are too many")]
    TransactionCount(u64),
    /// A list of bits has a bit set that stands for nothing (E-044).
    #[error("bits beyond the {0} that count")]
    Padding(usize),
    /// An item of `tx_datas` is no RLP list (E-046).
    #[error("transaction {0} is no list")]
    NotAList(usize),
    /// An item of `tx_datas` is longer than [`MAX_SPAN_ELEMENTS`] (E-046).
    #[error("transaction {0} is too long")]
    TooLong(usize),
}

/// A run of L2 blocks without gaps. It has at least one, and all of them can be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpanBatch {
    /// The start of the hash of the L2 block to build on.
    pub parent_check: [u8; 20],
    /// The start of the hash of the last block's L1 origin.
    pub l1_origin_check: [u8; 20],
    start_time: L2Time,
    block_time: Seconds,
    start_epoch: u64,
    columns: RawSpan,
    chain: Chain,
}

/// One L2 block of a span.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpanBlock {
    /// Its timestamp.
    pub time: L2Time,
    /// The number of its L1 origin.
    pub epoch_number: u64,
    /// The transactions after the deposits.
    pub transactions: Transactions,
}

impl SpanBatch {
    /// The number of the first block's L1 origin (E-052).
    pub const fn start_epoch(&self) -> u64 {
        self.start_epoch
    }

    /// The number of the last block's L1 origin.
    pub const fn end_epoch(&self) -> u64 {
        self.columns.l1_origin_number
    }

    /// The timestamp of the first block (E-051).
    pub const fn start_time(&self) -> L2Time {
        self.start_time
    }

    /// The timestamp of the last block (E-051).
    pub const fn end_time(&self) -> L2Time {
        self.time_of(self.columns.block_count - 1)
    }

    /// How many blocks there are; at least 1.
    pub const fn block_count(&self) -> usize {
        self.columns.block_count
    }

    /// How many transactions there are in all blocks together.
    pub const fn transaction_count(&self) -> usize {
        self.columns.transactions.len()
    }

    /// Makes the blocks, in order. The iterator owns what it needs, and holds one block at a time.
    pub fn blocks(&self) -> SpanBlocks {
        SpanBlocks {
            span: self.clone(),
            index: 0,
            epoch: self.start_epoch,
            tx_counts: 0,
            transactions: TransactionCursor::default(),
        }
    }

    /// E-051: in 64 bits, like the reference's sums. What wraps around is a time like any other.
    const fn time_of(&self, index: usize) -> L2Time {
        L2Time(self.start_time.0.wrapping_add(self.block_time.wrapping_mul(index as u64)))
    }
}

/// See [`SpanBatch::blocks`].
#[derive(Clone, Debug)]
pub struct SpanBlocks {
    span: SpanBatch,
    index: usize,
    epoch: u64,
    /// How much of the column of transaction counts has been read.
    tx_counts: usize,
    transactions: TransactionCursor,
}

impl SpanBlocks {
    /// The span whose blocks they are.
    pub const fn span(&self) -> &SpanBatch {
        &self.span
    }
}

impl Iterator for SpanBlocks {
    type Item = SpanBlock;

    fn next(&mut self) -> Option<SpanBlock> {
        let columns = &self.span.columns;
        if self.index == columns.block_count {
            return None;
        }
        // E-052: the first bit tells of the block before the span, and moves nothing.
        if self.index > 0 && columns.origin_bits.get(self.index) {
            self.epoch = self.epoch.wrapping_add(1);
        }
        let mut counts = Reader::new(columns.tx_counts.get(self.tx_counts..)?);
        let count = usize::try_from(counts.uvarint().ok()?).ok()?;
        self.tx_counts = columns.tx_counts.len() - counts.rest().len();
        let transactions =
            columns.transactions.rebuild(&mut self.transactions, count, self.span.chain).ok()?;
        let time = self.span.time_of(self.index);
        self.index += 1;
        Some(SpanBlock { time, epoch_number: self.epoch, transactions })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.span.columns.block_count - self.index;
        (left, Some(left))
    }
}

impl ExactSizeIterator for SpanBlocks {}

/// The columns of a span batch, as they came (E-040).
///
/// ```text
/// prefix:  rel_timestamp uvarint | l1_origin_num uvarint | parent_check 20 | l1_origin_check 20
/// payload: block_count uvarint | origin_bits | block_tx_counts: a uvarint each | txs
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RawSpan {
    rel_timestamp: u64,
    l1_origin_number: u64,
    parent_check: [u8; 20],
    l1_origin_check: [u8; 20],
    block_count: usize,
    origin_bits: Bits,
    tx_counts: Bytes,
    transactions: TransactionColumns,
}

impl RawSpan {
    /// Decodes the content of a batch string, after its version byte. What follows the columns is ignored (E-053).
    pub(super) fn read(content: &Bytes) -> Result<Self, SpanFault> {
        let mut reader = Reader::new(content);
        let rel_timestamp = reader.uvarint()?;
        let l1_origin_number = reader.uvarint()?;
        let parent_check = reader.array()?;
        let l1_origin_check = reader.array()?;

        let count = reader.uvarint()?;
        let block_count = usize::try_from(count)
            .ok()
            .filter(|count| (1..=MAX_SPAN_ELEMENTS).contains(count))
            .ok_or(SpanFault::BlockCount(count))?; // E-042
        let origin_bits = Bits::read(content, &mut reader, block_count)?;
        let counts = reader.rest();
        let tx_count = sum_tx_counts(&mut reader, block_count)?;
        let tx_counts = share(content, &counts[..counts.len() - reader.rest().len()]);
        let transactions = TransactionColumns::read(content, &mut reader, tx_count)?;
        Ok(Self {
            rel_timestamp,
            l1_origin_number,
            parent_check,
            l1_origin_check,
            block_count,
            origin_bits,
            tx_counts,
            transactions,
        })
    }

    /// Checks that blocks can be made of the columns (E-027). Nothing is made yet.
    pub(super) fn into_batch(self, cfg: &RollupConfig) -> Result<SpanBatch, RebuildFault> {
        // E-052: every bit but the first, which belongs to the block before the span, is one origin to go back.
        let moves = (1..self.block_count).filter(|&index| self.origin_bits.get(index)).count() as u64;
        // The reference's difference wraps around as well; such an epoch is in no window (F-046).
        let start_epoch = self.l1_origin_number.wrapping_sub(moves);
        let start_time = L2Time(cfg.genesis.l2_time.0.wrapping_add(self.rel_timestamp)); // E-051
        let chain = Chain { id: cfg.l2_chain_id, post_execution: cfg.forks.has_post_execution() };
        self.transactions.check(chain)?;
        Ok(SpanBatch {
            parent_check: self.parent_check,
            l1_origin_check: self.l1_origin_check,
            start_time,
            block_time: cfg.block_time,
            start_epoch,
            chain,
            columns: self,
        })
    }
}

/// E-043: one count a block, each and all together within the limit.
fn sum_tx_counts(reader: &mut Reader<'_>, block_count: usize) -> Result<usize, SpanFault> {
    (0..block_count).try_fold(0, |sum, _| {
        let count = reader.uvarint()?;
        let sum = usize::try_from(count).ok().and_then(|count| count.checked_add(sum));
        sum.filter(|&sum| sum <= MAX_SPAN_ELEMENTS).ok_or(SpanFault::TransactionCount(count))
    })
}

/// A list of bits: one big-endian integer, of which bit i is the i-th least significant (E-044).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bits(Bytes);

impl Bits {
    pub(super) fn read(whole: &Bytes, reader: &mut Reader<'_>, count: usize) -> Result<Self, SpanFault> {
        let bytes = reader.take(count.div_ceil(8))?;
        // E-044: the first byte holds the highest bits, and those that stand for nothing are zero.
        let used = count % 8;
        if used != 0 && bytes.first().is_some_and(|first| first >> used != 0) {
            return Err(SpanFault::Padding(count));
        }
        Ok(Self(share(whole, bytes)))
    }

    /// Bit `index`; clear beyond the end.
    pub(super) fn get(&self, index: usize) -> bool {
        let byte = self.0.len().checked_sub(index / 8 + 1).and_then(|at| self.0.get(at));
        byte.is_some_and(|byte| byte >> (index % 8) & 1 == 1)
    }

    /// How many bits are set.
    pub(super) fn ones(&self) -> usize {
        self.0.iter().map(|byte| byte.count_ones() as usize).sum()
    }
}
