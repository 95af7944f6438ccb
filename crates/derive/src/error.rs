//! Why derivation stops. Bad batches, frames and channels are no errors but [events](crate::event::Event).

use alloy_primitives::{B256, Bytes};
use unroll_alt_da::AltDaError;
use unroll_protocol::{
    deposit::DepositError,
    forks::Fork,
    system_config::InvalidScalar,
    tip::TipError,
    units::{BlockId, L1Time, L2Time},
    upgrades::BundleError,
};

/// Why the pipeline cannot go on, by whose fault it is.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeriveError {
    /// L1 contradicts what was built on. A node starts again from a safe base; a proof cannot (H-035).
    #[error("L1 contradicts the safe chain: {0}")]
    Reset(#[from] ResetCause),
    /// Inputs that the protocol rules out: derivation must stop.
    #[error("the protocol rules this out: {0}")]
    Critical(#[from] CriticalCause),
    /// The chain's data is not on L1, and the backend has no service to ask for it (B-044). To go on without it would derive
    /// another chain.
    #[error("the chain uses alt-DA, and the backend has no data-availability service")]
    AltDaUnsupported,
    /// The caller broke the contract of the pipeline: a bug.
    #[error("the pipeline was misused: {0}")]
    Misuse(#[from] Misuse),
}

/// What L1 and the safe chain disagree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum ResetCause {
    /// B-001.
    #[error("L1 block {number} has parent {parent}, but the block before it is {expected}")]
    Parent { number: u64, parent: B256, expected: B256 },
    /// The first L1 block is not the one to start from.
    #[error("L1 block {number} is {actual}, but the start is {expected}")]
    Start { number: u64, actual: B256, expected: B256 },
    /// The L1 blocks at hand begin neither with the safe head's origin nor with the block after it (F-004).
    #[error("L1 is known from block {front:?} on, but the safe head's origin is {origin:?}")]
    Window { front: Option<BlockId>, origin: BlockId },
    /// B-001: what was read ahead for challenges is not there any more.
    #[error("L1 block {number} is {actual}, but {expected} was read ahead")]
    ReadAhead { number: u64, actual: B256, expected: B256 },
    /// B-044: start again from below the block, [far enough back](unroll_protocol::config::RollupConfig::sync_lookback) (B-046).
    #[error("the challenge of a commitment in L1 block {block}, of which the input was used, expired")]
    ChallengeExpired { block: u64 },
    /// G-003.
    #[error("epoch {epoch:?} neither is the safe head's origin {origin:?} nor follows it")]
    Epoch { epoch: BlockId, origin: BlockId },
    /// G-004.
    #[error("L2 time {time} lies before the L1 origin's {origin}")]
    Time { time: L2Time, origin: L1Time },
}

/// What the protocol rules out.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum CriticalCause {
    /// A deposit that does not decode; to skip it would lose funds (G-011).
    #[error("log {log_index} of L1 block {block}: {cause}")]
    Deposit { block: u64, log_index: u64, cause: DepositError },
    /// A receipt of a known type that does not decode (B-005).
    #[error("receipt {index} of L1 block {block} does not decode")]
    Receipt { block: u64, index: usize },
    /// B-044: neither the data-availability service nor L1 has it, and nobody challenged it in time.
    #[error("the input of commitment {commitment} in L1 block {block} is lost")]
    InputLost { block: u64, commitment: Bytes },
    /// G-034.
    #[error("L1 block {0} has no base fee")]
    BaseFee(u64),
    /// L1 has a block but not one before it.
    #[error("L1 block {0} is missing below the L1 head")]
    MissingL1(u64),
    ///
    #[error(transparent)]
    Scalar(#[from] InvalidScalar),
    /// A block of the safe chain that cannot be one.
    #[error("safe block: {0}")]
    Tip(#[from] TipError),
    /// G-054: another file than the one that was asked for.
    #[error("the upgrade bundle of {fork} hashes to {actual}")]
    BundleHash { fork: Fork, actual: B256 },
    /// G-054.
    #[error("upgrade bundle: {0}")]
    Bundle(#[from] BundleError),
    /// H-014.
    #[error("the payload at {time} was refused although it holds deposits only")]
    DepositsRefused { time: L2Time },
}

/// How the caller broke the pipeline's contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum Misuse {
    /// A pushed L1 block that is not the one asked for.
    #[error("L1 block {0} was not asked for")]
    UnexpectedL1(u64),
    /// Polled while the last attributes were neither executed nor rejected.
    #[error("the attributes for time {time} are neither executed nor rejected")]
    Unresolved { time: L2Time },
    /// A tip that is neither the block that was polled with nor the one made of the last attributes.
    #[error("the tip {0:?} does not go on from the last one")]
    ForeignTip(BlockId),
    /// Attributes rejected that were not the last ones handed out.
    #[error("the rejected attributes are not the last ones")]
    ForeignAttributes,
    /// A bundle that was not asked for.
    #[error("no upgrade bundle was asked for")]
    UnexpectedBundle,
    /// A safe block that is not the one asked for.
    #[error("asked for L2 block {asked}, got {got}")]
    OtherL2 { asked: u64, got: u64 },
    /// Parts of a pipeline that were made for different rollups.
    #[error("the pipeline's parts belong to different rollups")]
    MixedParts,
    /// Blobs that a provider gave are fewer or more than were asked for.
    #[error("asked for {asked} blobs, got {got}")]
    BlobCount { asked: usize, got: usize },
}

/// Why a step of derivation over providers failed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DriveError<E> {
    /// Derivation itself.
    #[error(transparent)]
    Derive(DeriveError),
    /// The provider's error, unchanged from where it arose: never a verdict.
    #[error("provider: {0}")]
    Provider(E),
}

impl<E, C: Into<DeriveError>> From<C> for DriveError<E> {
    fn from(cause: C) -> Self {
        Self::Derive(cause.into())
    }
}

impl<E> DriveError<E> {
    pub(crate) fn from_alt_da(error: AltDaError<E>) -> Self {
        match error {
            AltDaError::Provider(error) => Self::Provider(error),
            AltDaError::Unsupported => DeriveError::AltDaUnsupported.into(),
            AltDaError::Reorganised { number, actual, expected } => {
                ResetCause::ReadAhead { number, actual, expected }.into()
            }
            AltDaError::Expired(block) => ResetCause::ChallengeExpired { block }.into(),
            AltDaError::Lost { block, commitment } => CriticalCause::InputLost { block, commitment }.into(),
            AltDaError::Receipt { block, index } => CriticalCause::Receipt { block, index }.into(),
        }
    }
}
