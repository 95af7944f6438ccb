//! Why data could not be had: which preimage, and what it was for.

use crate::preimage::{LocalInput, PreimageKey};
use alloc::boxed::Box;
use alloy_primitives::{Address, B256};
use core::convert::Infallible;
use unroll_mpt::TrieError;
use unroll_protocol::output_root::OutputRootError;

/// A preimage that is missing or is not what it should be. Never a verdict (J-027).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackendError<E> {
    /// The oracle failed.
    #[error("no preimage for key {key}, needed for {purpose}: {source}")]
    Oracle {
        /// What was asked for.
        key: PreimageKey,
        /// What it was for.
        purpose: Purpose,
        /// The oracle's own error.
        source: E,
    },
    /// The oracle failed at a hint.
    #[error("the hint at {purpose} failed: {source}")]
    Hint {
        /// What the hint announced.
        purpose: Purpose,
        /// The oracle's own error.
        source: E,
    },
    /// The value belongs to its key, but is not what it was read as.
    #[error(transparent)]
    Malformed(Box<Malformed>),
    /// A block above the one that the chain is known to end with.
    #[error("L2 block {number} lies above block {head}, with which the safe chain ends")]
    AboveHead {
        /// The block that was asked for.
        number: u64,
        /// The block that the chain ends with.
        head: u64,
    },
}

/// A preimage that is not what it was read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the preimage of key {key} is malformed as {purpose}: {what}")]
pub struct Malformed {
    /// What was asked for.
    pub key: PreimageKey,
    /// What it was for.
    pub purpose: Purpose,
    /// What is wrong with it.
    pub what: Malformation,
}

impl<E> BackendError<E> {
    /// The value of `key`, read for `purpose`, is not what it should be.
    pub fn malformed(key: PreimageKey, purpose: Purpose, what: impl Into<Malformation>) -> Self {
        Self::Malformed(Box::new(Malformed { key, purpose, what: what.into() }))
    }
}

/// What a preimage is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Purpose {
    /// An input of the run.
    #[error("the local input {0:?}")]
    Local(LocalInput),
    /// What an output root commits to.
    #[error("the output of root {root}")]
    Output {
        /// The output root.
        root: B256,
    },
    /// A header.
    #[error("the header of L1 block {hash}")]
    L1Header {
        /// The block.
        hash: B256,
    },
    /// A list's trie.
    #[error("the transactions of L1 block {block}")]
    L1Transactions {
        /// The block.
        block: B256,
    },
    /// A list's trie.
    #[error("the receipts of L1 block {block}")]
    L1Receipts {
        /// The block.
        block: B256,
    },
    /// A blob's commitment.
    #[error("the commitment of blob {versioned_hash}")]
    BlobCommitment {
        /// Which blob.
        versioned_hash: B256,
    },
    /// A blob's elements.
    #[error("blob {versioned_hash}")]
    Blob {
        /// Which blob.
        versioned_hash: B256,
    },
    /// Batcher data beside L1.
    #[error("the alt-DA input {hash}")]
    AltDaInput {
        /// The hash that L1 commits to.
        hash: B256,
    },
    /// A header.
    #[error("the header of L2 block {hash}")]
    L2Header {
        /// The block.
        hash: B256,
    },
    /// A list's trie.
    #[error("the transactions of L2 block {block}")]
    L2Transactions {
        /// The block.
        block: B256,
    },
    /// A node of the state trie or of a storage trie.
    #[error("the state node {hash}")]
    StateNode {
        /// The node.
        hash: B256,
    },
    /// The code of a contract.
    #[error("the code {hash}")]
    Code {
        /// The code.
        hash: B256,
    },
    /// A network upgrade's transactions.
    #[error("the upgrade bundle of sha256 {sha256}")]
    UpgradeBundle {
        /// The bundle.
        sha256: B256,
    },
    /// A call of a precompile.
    #[error("a call of the precompile {address}")]
    Precompile {
        /// The precompile.
        address: Address,
    },
}

/// How a value is not what it was read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformation {
    /// It is not the RLP of what it should be.
    #[error("RLP: {0}")]
    Rlp(alloy_rlp::Error),
    /// A node of a trie breaks a rule.
    #[error(transparent)]
    Trie(TrieError<Infallible>),
    /// It has the wrong length.
    #[error("{actual} bytes and not {expected}")]
    Length {
        /// How many bytes it must have.
        expected: usize,
        /// How many it has.
        actual: usize,
    },
    /// A header's number is not one less than its child's.
    #[error("block number {actual} and not {expected}")]
    Number {
        /// The number that it must have.
        expected: u64,
        /// The number that it has.
        actual: u64,
    },
    /// The hash is no versioned hash of a KZG commitment.
    #[error("version {0} of the versioned hash and not 1")]
    BlobVersion(u8),
    /// It is no output.
    #[error(transparent)]
    Output(OutputRootError),
    /// The first byte of a precompile's result is neither 0 nor 1, or there is none (K-013).
    #[error("no status byte of a precompile's result")]
    PrecompileStatus,
}

impl From<alloy_rlp::Error> for Malformation {
    fn from(error: alloy_rlp::Error) -> Self {
        Self::Rlp(error)
    }
}

impl From<TrieError<Infallible>> for Malformation {
    fn from(error: TrieError<Infallible>) -> Self {
        Self::Trie(error)
    }
}

impl From<OutputRootError> for Malformation {
    fn from(error: OutputRootError) -> Self {
        Self::Output(error)
    }
}
