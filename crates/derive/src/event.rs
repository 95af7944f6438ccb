//! What the pipeline decided, as data: each event names the rule that it follows.

use alloy_primitives::{Address, B256};
use unroll_protocol::{
    batch::BatchError,
    blob::BlobError,
    channel::FrameRejection,
    compression::{CompressionError, StreamEnd},
    frame::{ChannelId, FrameError},
    system_config::ConfigUpdateError,
    units::{BlockId, L2Time},
};

/// A decision of derivation. `block` is the number of the L1 block being read.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// A transaction to the inbox carries no data.
    TransactionIgnored {
        /// The L1 block.
        block: u64,
        /// The transaction's index.
        index: usize,
        /// Why.
        why: IgnoredTransaction,
    },
    /// A receipt of a type that nobody knows was discarded (B-005).
    ReceiptIgnored {
        /// The L1 block.
        block: u64,
        /// The receipt's index.
        index: usize,
    },
    /// A malformed config update was skipped.
    UpdateIgnored {
        /// The L1 block.
        block: u64,
        /// The log's index in the block.
        log_index: u64,
        /// Why.
        why: ConfigUpdateError,
    },
    /// Another batcher is in force from this block on, its own data included.
    BatcherChanged {
        /// The L1 block.
        block: u64,
        /// Whose transactions count.
        batcher: Address,
    },
    /// A batcher transaction's calldata, or one of its blobs, was read (B-015, B-037).
    DataRead {
        /// The L1 block.
        block: u64,
        /// The transaction's index.
        transaction: usize,
        /// The blob, if it is one.
        blob: Option<B256>,
        /// Bytes of payload.
        bytes: usize,
    },
    /// A blob does not hold rollup data (B-032 to B-036).
    BlobIgnored {
        /// The L1 block.
        block: u64,
        /// The blob's versioned hash.
        hash: B256,
        /// Why.
        why: BlobError,
    },
    /// A payload holds no frames, or one that does not parse: all of it is ignored (B-040, B-041, C-005).
    PayloadIgnored {
        /// The L1 block.
        block: u64,
        /// Why.
        why: FrameError,
    },
    /// A frame went into its channel.
    FrameAccepted {
        /// The L1 block.
        block: u64,
        /// The frame's channel.
        channel: ChannelId,
        /// The frame's number in the channel.
        number: u16,
    },
    /// A frame was dropped.
    FrameDropped {
        /// The L1 block.
        block: u64,
        /// The frame's channel.
        channel: ChannelId,
        /// The frame's number in the channel.
        number: u16,
        /// Why.
        why: FrameDrop,
    },
    /// The first frame of a channel (D-001, D-021).
    ChannelOpened {
        /// The L1 block.
        block: u64,
        /// The channel.
        channel: ChannelId,
    },
    /// A channel is complete and goes to decoding (D-015, D-025).
    ChannelCompleted {
        /// The L1 block.
        block: u64,
        /// The channel.
        channel: ChannelId,
        /// Compressed size, in bytes.
        bytes: usize,
    },
    /// A channel is gone before it was decoded.
    ChannelDropped {
        /// The L1 block.
        block: u64,
        /// The channel.
        channel: ChannelId,
        /// Why.
        why: ChannelDrop,
    },
    /// A channel yields nothing (E-001 to E-003).
    ChannelUnreadable {
        /// The L1 block.
        block: u64,
        /// Why.
        why: CompressionError,
    },
    /// A channel was decompressed in part; what came before the fault stands (E-004, E-010).
    ChannelCut {
        /// The L1 block.
        block: u64,
        /// Where it ended.
        end: StreamEnd,
    },
    /// A batch did not decode (E-022 to E-027).
    BatchUnreadable {
        /// The L1 block.
        block: u64,
        /// Why.
        why: BatchError,
    },
    /// A batch, or the span that it came from, got a verdict.
    Batch {
        /// The L1 block of inclusion.
        block: u64,
        /// Which batch.
        batch: BatchId,
        /// What became of it.
        fate: Fate,
    },
    /// No batch came in time: an empty one fills the slot (F-085, F-086).
    EmptyBatch {
        /// The L1 block.
        block: u64,
        /// The empty batch's epoch.
        epoch: BlockId,
        /// Its time.
        time: L2Time,
    },
    /// No slot is left in an epoch whose window is over (F-087).
    EpochAdvanced {
        /// The L1 block.
        block: u64,
        /// The epoch that comes next.
        epoch: BlockId,
    },
    /// The rest of the channel was given up after a bad batch or payload (F-090).
    Flushed {
        /// The L1 block.
        block: u64,
    },
    /// From here on, frames, channels and batches come strictly in order; what was buffered is gone
    /// (C-016, D-027, F-084).
    StrictOrdering {
        /// The first L1 block under the rules of Holocene.
        block: u64,
    },
    /// Execution refused a payload; another batch is looked for (H-013).
    PayloadRefused {
        /// The payload's time.
        time: L2Time,
    },
    /// Execution refused a payload; its deposits alone replace it (H-011).
    PayloadReplaced {
        /// The payload's time.
        time: L2Time,
    },
}

/// Why a transaction to the inbox carries no data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IgnoredTransaction {
    /// Its type is not one of batchers (B-010, B-011).
    Type(u8),
    /// Its signature is invalid, or it does not decode (B-012).
    Signature,
    /// Somebody else sent it (B-010).
    Sender(Address),
}

/// Why a frame was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameDrop {
    /// C-011: it does not follow the frame before it, of the same channel.
    OutOfOrder,
    /// C-012: a new channel began before this one's was finished.
    Superseded,
    /// C-013: it does not open its channel.
    NotFirst,
    /// D-022: no channel is being staged that it could belong to.
    NoChannel,
    /// D-003: its channel is timed out.
    TimedOut,
    /// D-004 to D-006, D-022: the channel did not take it.
    Rejected(FrameRejection),
}

/// Why a channel is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelDrop {
    /// D-002, D-013, D-024: it stayed open for too long.
    TimedOut,
    /// D-011: the bank was full.
    Pruned,
    /// D-021: another channel began.
    Superseded,
    /// D-023: it grew too large.
    Oversized,
    /// D-026: it was flushed.
    Flushed,
}

/// Which batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchId {
    /// Whether it is a span batch.
    pub span: bool,
    /// The time of its first block.
    pub time: L2Time,
    /// The epoch of its first block.
    pub epoch: u64,
    /// How many blocks it has.
    pub blocks: usize,
}

/// What becomes of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is the next one, or its first new block is.
    Accepted,
    /// It is gone for good.
    Dropped(DropReason),
    /// It lies before the safe head (F-011, F-042); its channel goes on.
    Past,
    /// It is kept for later (F-010, F-041), before Holocene.
    Future,
    /// L1 blocks that it needs are not known yet. Before Holocene it waits (F-089), then it is lost (F-076).
    Undecided,
    /// It came out of a channel before the safe head's origin was reached (F-002, F-003).
    Drained,
}

/// The rule that a batch broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the one rule that `rule` names")]
pub enum DropReason {
    Future,
    Past,
    Parent,
    TooLate,
    EpochTooOld,
    EpochTooNew,
    EpochHash,
    BeforeOrigin,
    ActivationBlock,
    DriftExceeded,
    OriginNotAdopted,
    EmptyTransaction,
    Deposit,
    SetCode,
    SpanBeforeDelta,
    SpanFuture,
    SpanPast,
    SpanMisaligned,
    SpanBeforeGenesis,
    SpanParent,
    SpanTooLate,
    SpanEpochTooNew,
    SpanOriginHash,
    SpanEpochTooOld,
    SpanOriginUnknown,
    SpanBeforeOrigin,
    SpanDriftExceeded,
    SpanOriginNotAdopted,
    SpanOverlap,
    SpanExtraction,
    ParentMoved,
}

impl DropReason {
    /// The rule's id.
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Future => "F-010",
            Self::Past => "F-011",
            Self::Parent => "F-012",
            Self::TooLate => "F-013",
            Self::EpochTooOld => "F-014",
            Self::EpochTooNew => "F-017",
            Self::EpochHash => "F-018",
            Self::BeforeOrigin => "F-019",
            Self::ActivationBlock => "F-020",
            Self::DriftExceeded => "F-021",
            Self::OriginNotAdopted => "F-022",
            Self::EmptyTransaction | Self::Deposit => "F-023",
            Self::SetCode => "F-024",
            Self::SpanBeforeDelta => "F-040",
            Self::SpanFuture => "F-041",
            Self::SpanPast => "F-042",
            Self::SpanMisaligned | Self::SpanBeforeGenesis => "F-043",
            Self::SpanParent => "F-044",
            Self::SpanTooLate => "F-045",
            Self::SpanEpochTooNew => "F-046",
            Self::SpanOriginHash => "F-047",
            Self::SpanEpochTooOld => "F-048",
            Self::SpanOriginUnknown => "F-051",
            Self::SpanBeforeOrigin => "F-052",
            Self::SpanDriftExceeded | Self::SpanOriginNotAdopted => "F-053",
            Self::SpanOverlap => "F-055",
            Self::SpanExtraction => "F-074",
            Self::ParentMoved => "F-083",
        }
    }
}

impl FrameDrop {
    /// The rule's id.
    pub const fn rule(self) -> &'static str {
        match self {
            Self::OutOfOrder => "C-011",
            Self::Superseded => "C-012",
            Self::NotFirst => "C-013",
            Self::NoChannel => "D-022",
            Self::TimedOut => "D-003",
            Self::Rejected(_) => "D-004",
        }
    }
}

impl ChannelDrop {
    /// The rule's id.
    pub const fn rule(self) -> &'static str {
        match self {
            Self::TimedOut => "D-002",
            Self::Pruned => "D-011",
            Self::Superseded => "D-021",
            Self::Oversized => "D-023",
            Self::Flushed => "D-026",
        }
    }
}

impl Event {
    /// The id of the rule that the decision follows, as in `docs/SPEC.md`.
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::TransactionIgnored { why, .. } => match why {
                IgnoredTransaction::Type(_) => "B-011",
                IgnoredTransaction::Signature => "B-012",
                IgnoredTransaction::Sender(_) => "B-010",
            },
            Self::ReceiptIgnored { .. } => "B-005",
            Self::UpdateIgnored { .. } => "A-024",
            Self::BatcherChanged { .. } => "A-040",
            Self::DataRead { .. } => "B-015",
            Self::BlobIgnored { .. } => "B-036",
            Self::PayloadIgnored { .. } => "C-005",
            Self::FrameAccepted { .. } => "D-016",
            Self::FrameDropped { why, .. } => why.rule(),
            Self::ChannelOpened { .. } => "D-001",
            Self::ChannelCompleted { .. } => "D-017",
            Self::ChannelDropped { why, .. } => why.rule(),
            Self::ChannelUnreadable { .. } => "E-001",
            Self::ChannelCut { .. } => "E-004",
            Self::BatchUnreadable { .. } => "E-022",
            Self::Batch { fate, .. } => match fate {
                Fate::Accepted => "F-026",
                Fate::Dropped(why) => why.rule(),
                Fate::Past => "F-082",
                Fate::Future => "F-010",
                Fate::Undecided => "F-016",
                Fate::Drained => "F-002",
            },
            Self::EmptyBatch { .. } => "F-086",
            Self::EpochAdvanced { .. } => "F-087",
            Self::Flushed { .. } => "F-090",
            Self::StrictOrdering { .. } => "F-084",
            Self::PayloadRefused { .. } => "H-013",
            Self::PayloadReplaced { .. } => "H-011",
        }
    }
}
