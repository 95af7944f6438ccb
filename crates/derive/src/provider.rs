//! What derivation reads from outside: L1 blocks, blobs, and the L2 blocks that are already safe.
//!
//! The traits are synchronous and name their error once. A provider's failure passes through unchanged and is never a
//! verdict. Whatever a provider returns is believed: one that reads from an untrusted host checks hashes and roots first
//! (B-003, B-004, B-020).

use alloc::vec::Vec;
use alloy_consensus::{Header, Sealed};
use alloy_primitives::{B256, Bytes};

pub use unroll_protocol::provider::{AltDaInput, BlobProvider, ChainProvider, IndexedBlobHash, Provider};

/// An L2 block in full.
#[derive(Clone, Debug)]
pub struct L2Block {
    /// The header and its hash.
    pub header: Sealed<Header>,
    /// All transactions, as EIP-2718 bytes.
    pub transactions: Vec<Bytes>,
}

/// As much of an L2 block as a [`Tip`](unroll_protocol::tip::Tip) is made of.
#[derive(Clone, Debug)]
pub struct L2BlockStart {
    /// The header and its hash.
    pub header: Sealed<Header>,
    /// The L1-info deposit; `None` in a block without transactions, which only genesis may be.
    pub first_transaction: Option<Bytes>,
}

/// L2 blocks at and below the safe head. `head`, the hash of the block that the safe chain ends with, is an argument, so
/// that there is no cursor to share.
pub trait L2ChainProvider: Provider {
    /// The whole block of this number on the chain that ends with `head`.
    fn block_by_number(&mut self, head: B256, number: u64) -> Result<L2Block, Self::Error>;

    /// The header and the first transaction of this number on the chain that ends with `head`.
    fn block_start_by_number(&mut self, head: B256, number: u64) -> Result<L2BlockStart, Self::Error>;

    /// The upgrade transactions' JSON bundle with this SHA-256 hash (G-054).
    fn upgrade_bundle(&mut self, sha256: B256) -> Result<Bytes, Self::Error>;
}
