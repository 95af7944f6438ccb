//! What the pipeline decided, as data: each event names the rule that it follows.

use alloy_primitives::{Address, B256};
use unroll_alt_da::Decision;
use unroll_protocol::{
    batch::BatchError,
    blob::BlobError,
    channel::FrameRejection,
    compression::{CompressionError, StreamEnd},
    frame::{ChannelId, FrameError},
    l1_transaction::IgnoredTransaction,
    system_config::ConfigUpdateError,
    units::{BlockId, L2Time},
};

/// A decision of derivation.
///
/// `block` is always the number of the L1 block being read; `index` and `transaction` count the block's transactions,
/// and `log_index` all of its logs.
#[derive(Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are what their names and types say")]
pub enum Event {
    /// A transaction to the inbox carries no data.
    TransactionIgnored { block: u64, index: usize, why: IgnoredTransaction },
    /// A receipt of a type that nobody knows was discarded (B-005).
    ReceiptIgnored { block: u64, index: usize },
    /// A malformed config update was skipped.
    UpdateIgnored { block: u64, log_index: u64, why: ConfigUpdateError },
    /// Another batcher is in force from this block on, its own data included.
    BatcherChanged { block: u64, batcher: Address },
    /// A batcher transaction's calldata, or one of its blobs, was read (B-015, B-037).
    DataRead { block: u64, transaction: usize, blob: Option<B256>, bytes: usize },
    /// A blob does not hold rollup data (B-032 to B-036).
    BlobIgnored { block: u64, hash: B256, why: BlobError },
    /// A commitment or a challenge of alt-DA (B-041 to B-045).
    AltDa(Decision),
    /// A payload holds no frames, or one that does not parse: all of it is ignored (B-040, B-041, C-005).
    PayloadIgnored { block: u64, why: FrameError },
    /// A frame went into its channel.
    FrameAccepted { block: u64, channel: ChannelId, number: u16 },
    /// A frame was dropped.
    FrameDropped { block: u64, channel: ChannelId, number: u16, why: FrameDrop },
    /// The first frame of a channel came (D-001, D-021).
    ChannelOpened { block: u64, channel: ChannelId },
    /// A channel is complete and goes to decoding; `bytes` are compressed (D-015, D-025).
    ChannelCompleted { block: u64, channel: ChannelId, bytes: usize },
    /// A channel is gone before it was decoded.
    ChannelDropped { block: u64, channel: ChannelId, why: ChannelDrop },
    /// A channel yields nothing (E-001 to E-003).
    ChannelUnreadable { block: u64, why: CompressionError },
    /// A channel was decompressed in part; what came before the fault stands, but for so many bytes of the batch that the
    /// fault comes with (E-004, E-005, E-010).
    ChannelCut { block: u64, end: StreamEnd, lost: usize },
    /// A batch did not decode (E-022 to E-027).
    BatchUnreadable { block: u64, why: BatchError },
    /// A batch got a verdict: a singular one, one block of a span, or the span itself.
    Batch { block: u64, batch: BatchId, fate: Fate },
    /// No batch came in time: an empty one fills the slot (F-085, F-086).
    EmptyBatch { block: u64, epoch: BlockId, time: L2Time },
    /// No slot is left in an epoch whose window is over; `epoch` comes next (F-087).
    EpochAdvanced { block: u64, epoch: BlockId },
    /// The rest of the channel was given up after a bad batch or payload (F-090).
    Flushed { block: u64 },
    /// From here on, frames, channels and batches come strictly in order; what was buffered is gone
    /// (C-016, D-027, F-084).
    StrictOrdering { block: u64 },
    /// Execution refused the payload of this time; another batch is looked for, upon this block (H-013).
    PayloadRefused { time: L2Time, upon: BlockId },
    /// Execution refused the payload of this time; its deposits alone replace it (H-011).
    PayloadReplaced { time: L2Time },
}

/// Enums whose variants are named with the rule that they follow.
macro_rules! by_rule {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident $(($why:ty))? $rule:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$doc])* #[doc = concat!("(", $rule, ").")] $variant $(($why))?,)*
        }

        impl $name {
            /// The rule's id.
            pub const fn rule(self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $rule,)*
                }
            }
        }
    };
}

by_rule! {
    /// Why a frame was dropped.
    FrameDrop {
        /// It does not follow the frame before it, of the same channel
        OutOfOrder "C-011",
        /// A new channel began before this one's was finished
        Superseded "C-012",
        /// It does not open its channel
        NotFirst "C-013",
        /// No channel is being staged that it could belong to
        NoChannel "D-022",
        /// Its channel is timed out
        TimedOut "D-003",
        /// The channel did not take it; also D-005, D-006
        Rejected(FrameRejection) "D-004",
    }
}

by_rule! {
    /// Why a channel is gone.
    ChannelDrop {
        /// It stayed open for too long; also D-013
        TimedOut "D-002",
        /// The same, where it was being staged
        StagedTimedOut "D-024",
        /// The bank was full
        Pruned "D-011",
        /// Another channel began
        Superseded "D-021",
        /// It grew too large
        Oversized "D-023",
        /// It was flushed
        Flushed "D-026",
    }
}

/// Which batch, by its first block, and how many blocks it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are what their names and types say")]
pub struct BatchId {
    pub span: bool,
    pub time: L2Time,
    pub epoch: u64,
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
    Undecided(Unknown),
    /// It came out of a channel before the safe head's origin was reached (F-002, F-003).
    Drained,
}

by_rule! {
    /// The rule that a batch broke.
    DropReason {
        Future "F-010", Past "F-011", Parent "F-012", TooLate "F-013", EpochTooOld "F-014", EpochTooNew "F-017",
        EpochHash "F-018", BeforeOrigin "F-019", ActivationBlock "F-020", DriftExceeded "F-021",
        OriginNotAdopted "F-022", EmptyTransaction "F-023", Deposit "F-023", SetCode "F-024", PostExecution "E-056",
        SpanBeforeDelta "F-040", SpanFuture "F-041", SpanPast "F-042", SpanMisaligned "F-043",
        SpanBeforeGenesis "F-043", SpanParent "F-044", SpanTooLate "F-045", SpanEpochTooNew "F-046",
        SpanOriginHash "F-047", SpanEpochTooOld "F-048", SpanOriginUnknown "F-051", SpanBeforeOrigin "F-052",
        SpanDriftExceeded "F-053", SpanOriginNotAdopted "F-053", SpanOverlap "F-055", SpanExtraction "F-074",
        ParentMoved "F-083",
    }
}

by_rule! {
    /// Which L1 blocks are missing: the first ones; a batch's origin; the one after it, which it should perhaps have adopted;
    /// what a span begins with; what it ends with; what comes after the origin of one of its blocks.
    Unknown {
        Window "F-001", Epoch "F-016", NextEpoch "F-022", SpanEpoch "F-040", SpanEnd "F-047", SpanNextEpoch "F-053",
    }
}

impl Event {
    /// The id of the rule that the decision follows, as in `docs/SPEC.md`.
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::TransactionIgnored { why: IgnoredTransaction::Sender(_), .. } => "B-010",
            Self::TransactionIgnored { why: IgnoredTransaction::Type(_), .. } => "B-011",
            Self::TransactionIgnored { why: IgnoredTransaction::Signature, .. } => "B-012",
            Self::ReceiptIgnored { .. } => "B-005",
            Self::UpdateIgnored { .. } => "A-024",
            Self::BatcherChanged { .. } => "A-040",
            Self::DataRead { .. } => "B-015",
            Self::BlobIgnored { why: BlobError::HighBits(_), .. } => "B-032",
            Self::BlobIgnored { why: BlobError::Version(_), .. } => "B-033",
            Self::BlobIgnored { why: BlobError::Length(_), .. } => "B-034",
            Self::BlobIgnored { why: BlobError::Trailing, .. } => "B-035",
            Self::PayloadIgnored { why, .. } => match why {
                FrameError::Empty | FrameError::Version(_) => "B-040",
                FrameError::AltDa => "B-041",
                FrameError::TooLong(_) => "C-002",
                FrameError::IsLast(_) => "C-003",
                FrameError::NoFrames | FrameError::Truncated(_) => "C-004",
            },
            Self::FrameAccepted { .. } => "D-016",
            Self::FrameDropped { why, .. } => match why {
                FrameDrop::Rejected(FrameRejection::AlreadyClosed { .. }) => "D-005",
                FrameDrop::Rejected(FrameRejection::AfterClosing { .. }) => "D-006",
                why => why.rule(),
            },
            Self::ChannelOpened { .. } => "D-001",
            Self::ChannelCompleted { .. } => "D-017",
            Self::ChannelDropped { why, .. } => why.rule(),
            Self::ChannelUnreadable { why: CompressionError::BrotliInactive, .. } => "E-002",
            Self::ChannelUnreadable { why: CompressionError::ZlibHeader(_), .. } => "E-003",
            Self::ChannelUnreadable { .. } => "E-001",
            Self::ChannelCut { end: StreamEnd::Limit, .. } => "E-010",
            Self::ChannelCut { end: StreamEnd::Complete, .. } => "E-005",
            Self::ChannelCut { .. } => "E-004",
            Self::BatchUnreadable { why, .. } => match why {
                BatchError::Stream(_) => "E-022",
                BatchError::Version(_) => "E-025",
                BatchError::SpanInactive => "E-026",
                BatchError::Rebuild(_) => "E-027",
                BatchError::Empty | BatchError::Singular(_) | BatchError::Span(_) => "E-023",
            },
            Self::Batch { fate, batch, .. } => match fate {
                Fate::Accepted => "F-026",
                Fate::Dropped(why) => why.rule(),
                Fate::Past if batch.span => "F-042",
                Fate::Past => "F-082",
                Fate::Future if batch.span => "F-041",
                Fate::Future => "F-010",
                Fate::Undecided(what) => what.rule(),
                Fate::Drained => "F-002",
            },
            Self::EmptyBatch { .. } => "F-086",
            Self::EpochAdvanced { .. } => "F-087",
            Self::Flushed { .. } => "F-090",
            Self::StrictOrdering { .. } => "F-084",
            Self::PayloadRefused { .. } => "H-013",
            Self::PayloadReplaced { .. } => "H-011",
            Self::AltDa(decision) => decision.rule(),
        }
    }
}
