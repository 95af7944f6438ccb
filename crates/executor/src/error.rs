//! Why a block could not be executed, by whose fault it is.

use alloc::boxed::Box;

use alloy_primitives::B256;
use revm::context::result::InvalidTransaction as RuleViolation;
use unroll_mpt::{NodeFault, TrieError};
use unroll_protocol::extra_data::ExtraDataError;

/// Why there is no block. The executor is as it was before the call (H-016).
#[derive(Debug, thiserror::Error)]
pub enum ExecutionError<E> {
    /// A transaction of the payload is invalid. This is a verdict: derivation drops or replaces the payload (H-011, H-013).
    #[error("invalid payload: {0}")]
    InvalidPayload(#[from] InvalidPayload),
    /// The attributes break the contract of their maker: a bug in derivation, never the batcher's doing (I-047).
    #[error("malformed attributes: {0}")]
    Attributes(#[from] AttributesError),
    /// The parent header is not one that a chain with this config can have.
    #[error("impossible parent: {0}")]
    Parent(#[from] ParentError),
    /// The provider could not deliver; its own error, unchanged.
    #[error("the provider failed")]
    Provider(#[source] E),
    /// The provider delivered something that is no state.
    #[error("malformed witness: {0}")]
    Witness(WitnessFault),
    /// The EVM gave up without a reason that it documents. It is a bug of the EVM or of this crate, and no verdict.
    #[error("the EVM failed without a reason")]
    Engine,
}

/// The transaction that makes a payload invalid, and why (H-010).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("transaction {index}: {reason}")]
pub struct InvalidPayload {
    /// Position in the payload, from 0.
    pub index: usize,
    /// What is wrong with it.
    pub reason: InvalidTransaction,
}

/// Why a transaction must not be in a block (H-010).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTransaction {
    /// There are no bytes.
    #[error("empty")]
    Empty,
    /// Not the canonical encoding of a transaction of its type.
    #[error("malformed: {0}")]
    Malformed(alloy_rlp::Error),
    /// Bytes follow the transaction.
    #[error("{0} bytes too many")]
    TrailingBytes(usize),
    /// Not a type that L2 knows: blobs, post-execution transactions, and types of the future.
    #[error("type {0:#04x} is not allowed")]
    Type(u8),
    /// Nobody signed it, or the signature is malleable (EIP-2).
    #[error("the signature recovers to nobody")]
    Signature,
    /// A rule of the EVM: nonce, balance, fees, chain id, intrinsic gas, code at the sender.
    #[error(transparent)]
    Rule(#[from] Box<RuleViolation>),
    /// More gas than the block has left. The only fault that a deposit can have (H-005, I-014).
    #[error("gas limit {limit} exceeds the {available} that the block has left")]
    BlockGas {
        /// The transaction's gas limit.
        limit: u64,
        /// What transactions before it left over.
        available: u64,
    },
    /// More than one transaction may have (EIP-7825, I-098).
    #[error("gas limit {limit} exceeds {cap}")]
    GasCap {
        /// The transaction's gas limit.
        limit: u64,
        /// The most that is allowed.
        cap: u64,
    },
    /// The block's DA footprint exceeds the gas limit with this transaction (I-072).
    #[error("DA footprint {footprint} exceeds the gas limit {limit}")]
    DaFootprint {
        /// With this transaction.
        footprint: u64,
        /// The block's gas limit.
        limit: u64,
    },
    /// The first block of a fork takes deposits only (I-102).
    #[error("no deposit, in the activation block of a fork")]
    ActivationBlock,
}

/// What is wrong with attributes that no derivation should have made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AttributesError {
    /// The timestamp does not lie after the parent's.
    #[error("timestamp {timestamp} does not lie after the parent's, {parent}")]
    Timestamp {
        /// Of the attributes.
        timestamp: u64,
        /// Of the parent.
        parent: u64,
    },
    /// No gas limit.
    #[error("no gas limit")]
    NoGasLimit,
    /// The first transaction is not the L1-info deposit (I-013).
    #[error("the first transaction is no deposit")]
    NoL1Info,
    /// A deposit follows another transaction (I-012).
    #[error("transaction {index} is a deposit behind other transactions")]
    LateDeposit {
        /// Position of the deposit.
        index: usize,
    },
    /// A deposit that does not decode. Derivation encoded it, so this is not the payload's fault. A mint of 2^128 wei or
    /// more is among them: there is not as much ether.
    #[error("deposit {index} is malformed: {what}")]
    Deposit {
        /// Position of the deposit.
        index: usize,
        /// What RLP says.
        what: alloy_rlp::Error,
    },
    /// Withdrawals are missing, there before Canyon, or not empty (I-041, I-084).
    #[error("the withdrawals list does not belong to the fork")]
    Withdrawals,
    /// The parent beacon root is missing, or there before Ecotone (I-042).
    #[error("the parent beacon root does not belong to the fork")]
    BeaconRoot,
    /// The EIP-1559 parameters are missing, there before Holocene, or only one of them is zero (I-046, I-047).
    #[error("the EIP-1559 parameters do not belong to the fork")]
    Eip1559,
    /// The minimum base fee is missing, or there before Jovian (I-047).
    #[error("the minimum base fee does not belong to the fork")]
    MinBaseFee,
}

/// What is wrong with a parent header, or with the config that it is read with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParentError {
    /// The extra data does not hold the base fee's parameters (I-045, I-063).
    #[error(transparent)]
    ExtraData(#[from] ExtraDataError),
    /// Elasticity or denominator is zero, or there is less than one unit of gas in the target.
    #[error("the base fee's parameters divide by zero")]
    ZeroTarget,
    /// The next base fee does not fit 64 bits.
    #[error("the base fee overflows")]
    BaseFee,
    /// No block can follow.
    #[error("the block number overflows")]
    Number,
}

/// How the witness contradicts itself: its hashes are right and its content is no state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WitnessFault {
    /// A trie node is malformed.
    #[error("trie node {hash}: {what}")]
    Node {
        /// Of the node.
        hash: B256,
        /// The rule that it breaks.
        what: NodeFault,
    },
    /// A leaf of the state trie is no account.
    #[error("account {key}: {what}")]
    Account {
        /// Hash of the address.
        key: B256,
        /// What RLP says.
        what: alloy_rlp::Error,
    },
    /// A leaf of a storage trie is no number of at most 32 bytes.
    #[error("slot {key}: {what}")]
    Slot {
        /// Hash of the slot's index.
        key: B256,
        /// What RLP says.
        what: alloy_rlp::Error,
    },
}

/// Why the state could not be read: the part of [`ExecutionError`] that reading can cause. It has no way to become a verdict.
#[derive(Debug)]
pub(crate) enum ReadError<E> {
    Provider(E),
    Witness(WitnessFault),
    /// A key or value that a state trie cannot have; this crate makes none.
    Engine,
}

impl<E> From<TrieError<E>> for ReadError<E> {
    fn from(error: TrieError<E>) -> Self {
        match error {
            TrieError::Resolver(error) => Self::Provider(error),
            TrieError::Malformed { hash, what } => Self::Witness(WitnessFault::Node { hash, what }),
            TrieError::KeyLength { .. } | TrieError::EmptyValue => Self::Engine,
        }
    }
}

impl<E> From<ReadError<E>> for ExecutionError<E> {
    fn from(error: ReadError<E>) -> Self {
        match error {
            ReadError::Provider(error) => Self::Provider(error),
            ReadError::Witness(fault) => Self::Witness(fault),
            ReadError::Engine => Self::Engine,
        }
    }
}
