//! Batches: what the sequencer put into L2 blocks, read one by one from a decompressed channel (E-020 to E-027).

mod singular;
mod span;
mod span_txs;
mod transactions;

use alloy_primitives::Bytes;

pub use self::{
    singular::SingularBatch,
    span::{MAX_SPAN_ELEMENTS, SpanBatch, SpanBlock, SpanBlocks, SpanFault},
    span_txs::RebuildFault,
    transactions::{TransactionIter, Transactions},
};
use crate::{
    config::RollupConfig,
    forks::DerivationRules,
    reader::{ReadError, Reader, share},
};

/// The version byte of a singular batch (E-025).
pub const SINGULAR_VERSION: u8 = 0;

/// The version byte of a span batch (E-025).
pub const SPAN_VERSION: u8 = 1;

/// The type of Lagoon's post-execution transactions (E-056).
pub const POST_EXECUTION_TX_TYPE: u8 = 0x7d;

/// A batch, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "one is alive at a time; a box would cost an allocation a block"
)]
pub enum Batch {
    /// One L2 block.
    Singular(SingularBatch),
    /// A run of L2 blocks.
    Span(SpanBatch),
}

/// Why a batch was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// No batch string can be read where one should start (E-021, E-022).
    #[error("no batch string: {0}")]
    Stream(ReadError),
    /// The batch string is empty (E-023).
    #[error("an empty batch")]
    Empty,
    /// The version byte is unknown (E-023, E-025).
    #[error("batch version {0}")]
    Version(u8),
    /// The content of a singular batch is malformed (E-023, E-030).
    #[error("singular batch: {0}")]
    Singular(ReadError),
    /// The content of a span batch is malformed (E-023, E-040 to E-046).
    #[error("span batch: {0}")]
    Span(SpanFault),
    /// Span batches are not admitted yet (E-026).
    #[error("span batches are not active yet")]
    SpanInactive,
    /// A span batch has all its columns, but no blocks can be made of them (E-027).
    #[error("span batch: {0}")]
    Rebuild(RebuildFault),
}

impl BatchError {
    /// Whether the rest of the channel is lost as well (E-022, E-023) or the next batch may be good (E-026, E-027).
    pub const fn abandons_channel(&self) -> bool {
        match self {
            Self::Stream(_) | Self::Empty | Self::Version(_) | Self::Singular(_) | Self::Span(_) => true,
            Self::SpanInactive | Self::Rebuild(_) => false,
        }
    }
}

/// Reads the batches of one channel, one at a time.
///
/// ```text
/// rlp(batch) rlp(batch) ...      batch = version byte, content
/// ```
#[derive(Clone, Debug)]
pub struct BatchReader {
    /// What has not been read. Empty once the channel is exhausted or abandoned.
    rest: Bytes,
}

impl BatchReader {
    /// A reader of a decompressed channel.
    pub const fn new(bytes: Bytes) -> Self {
        Self { rest: bytes }
    }

    /// The next batch; `inclusion` are the rules of the L1 block being read (E-026).
    ///
    /// `None`: the channel is exhausted or abandoned. An error: this batch is dropped; whether another follows is
    /// decided here ([`BatchError::abandons_channel`]).
    pub fn next(
        &mut self,
        cfg: &RollupConfig,
        inclusion: &DerivationRules,
    ) -> Option<Result<Batch, BatchError>> {
        // E-022: the end of the data ends the channel.
        if self.rest.is_empty() {
            return None;
        }
        let batch = self.string().and_then(|string| Batch::read(&string, cfg, inclusion));
        if batch.as_ref().is_err_and(BatchError::abandons_channel) {
            self.rest = Bytes::new();
        }
        Some(batch)
    }

    /// E-020: the stream has no list header around it. E-011: a string that was cut off is an error like any other.
    fn string(&mut self) -> Result<Bytes, BatchError> {
        let mut reader = Reader::new(&self.rest);
        let string = reader.rlp_string().map_err(BatchError::Stream)?.payload;
        let string = share(&self.rest, string);
        self.rest = share(&self.rest, reader.rest());
        Ok(string)
    }
}

impl Batch {
    fn read(string: &Bytes, cfg: &RollupConfig, inclusion: &DerivationRules) -> Result<Self, BatchError> {
        let (&version, content) = string.split_first().ok_or(BatchError::Empty)?; // E-023
        let content = share(string, content);
        match version {
            SINGULAR_VERSION => {
                SingularBatch::read(&content).map(Self::Singular).map_err(BatchError::Singular)
            }
            SPAN_VERSION => {
                let raw = span::RawSpan::read(&content).map_err(BatchError::Span)?;
                // E-026: after the columns were read; before, the reference abandons the channel.
                if !inclusion.span_batches {
                    return Err(BatchError::SpanInactive);
                }
                raw.into_batch(cfg).map(Self::Span).map_err(BatchError::Rebuild)
            }
            version => Err(BatchError::Version(version)), // E-025
        }
    }
}

/// No stream makes the reader panic or go on for ever, and spans keep what they promise.
#[cfg(any(test, feature = "fuzz"))]
pub fn fuzz_batch(data: &[u8]) {
    /// Blocks looked at in each span: a span has up to ten million.
    const BLOCKS: usize = 10_000;
    let cfg = RollupConfig { block_time: 2, l2_chain_id: 10, ..RollupConfig::default() };
    let rules = DerivationRules { span_batches: true, ..*cfg.forks.derivation(crate::units::L1Time(0)) };
    let mut reader = BatchReader::new(Bytes::copy_from_slice(data));
    let mut batches = 0;
    while let Some(batch) = reader.next(&cfg, &rules) {
        batches += 1;
        assert!(batches <= data.len(), "each batch takes a byte");
        let Ok(Batch::Span(span)) = batch else { continue };
        let blocks: alloc::vec::Vec<_> = span.blocks().take(BLOCKS).collect();
        assert_eq!(blocks.len(), span.block_count().min(BLOCKS), "a span that decodes has all of its blocks");
        assert_eq!(blocks[0].epoch_number, span.start_epoch());
        if let Some(last) = blocks.get(span.block_count() - 1) {
            assert_eq!((last.epoch_number, last.time), (span.end_epoch(), span.end_time()));
            let transactions: usize = blocks.iter().map(|block| block.transactions.iter().count()).sum();
            assert_eq!(transactions, span.transaction_count());
        }
    }
    assert!(reader.next(&cfg, &rules).is_none(), "the end is the end");
}
