//! Span batches (E-040 to E-055): what stands in them, and the blocks made of it.

use super::{
    Span, SpanBlock,
    span_txs::{Columns, columns},
    wire::{array, bits, uvarint},
};
use unroll_protocol::config::RollupConfig;

/// How many blocks there may be, how many transactions, and how many bytes of one (E-042, E-043, E-046).
pub const MOST: usize = 10_000_000;

/// What stands in a span batch (E-040).
pub struct RawSpan<'a> {
    rel_timestamp: u64,
    l1_origin: u64,
    parent_check: [u8; 20],
    l1_origin_check: [u8; 20],
    origin_bits: Vec<bool>,
    /// How many transactions each block has.
    counts: Vec<usize>,
    transactions: Vec<Columns<'a>>,
}

impl<'a> RawSpan<'a> {
    /// `None`: malformed. E-053: what follows is not looked at.
    pub fn read(mut content: &'a [u8]) -> Option<Self> {
        let bytes = &mut content;
        let rel_timestamp = uvarint(bytes)?;
        let l1_origin = uvarint(bytes)?;
        let parent_check = array(bytes)?;
        let l1_origin_check = array(bytes)?;
        let blocks = count(bytes).filter(|&count| count > 0)?; // E-042
        let origin_bits = bits(bytes, blocks)?;
        let counts = times(blocks, || count(bytes))?;
        // E-043: no overflow, as each is small
        let total = counts.iter().sum();
        if total > MOST {
            return None;
        }
        let transactions = columns(bytes, total)?;
        Some(Self {
            rel_timestamp,
            l1_origin,
            parent_check,
            l1_origin_check,
            origin_bits,
            counts,
            transactions,
        })
    }

    /// `None`: no blocks can be made of it, which harms no other batch (E-027).
    pub fn span(&self, cfg: &RollupConfig) -> Option<Span> {
        let encoded = self.transactions.iter().map(|transaction| transaction.encode(cfg.l2_chain_id));
        let encoded: Option<Vec<_>> = encoded.collect();
        let mut transactions = encoded?.into_iter();
        // E-051: all sums go round, as Go's do
        let mut time = cfg.genesis.l2_time.0.wrapping_add(self.rel_timestamp);
        let mut blocks = Vec::new();
        for (epoch, &count) in self.epochs().into_iter().zip(&self.counts) {
            blocks.push(SpanBlock { time, epoch, transactions: transactions.by_ref().take(count).collect() });
            time = time.wrapping_add(cfg.block_time);
        }
        Some(Span { parent_check: self.parent_check, l1_origin_check: self.l1_origin_check, blocks })
    }

    /// E-052: backwards from the last block, by the bit of the block that is left. The first block's bit moves nothing.
    fn epochs(&self) -> Vec<u64> {
        let mut epoch = self.l1_origin;
        let mut epochs = vec![epoch];
        for &moved in self.origin_bits[1..].iter().rev() {
            epoch = epoch.wrapping_sub(u64::from(moved));
            epochs.push(epoch);
        }
        epochs.reverse();
        epochs
    }
}

fn count(bytes: &mut &[u8]) -> Option<usize> {
    usize::try_from(uvarint(bytes)?).ok().filter(|&count| count <= MOST)
}

/// E-055: memory follows what is there, not what is promised.
pub fn times<T>(count: usize, mut read: impl FnMut() -> Option<T>) -> Option<Vec<T>> {
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(read()?);
    }
    Some(all)
}
