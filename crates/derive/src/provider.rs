//! What derivation reads from outside: L1 blocks, blobs, and the L2 blocks that are already safe.
//!
//! The traits are synchronous and name their error once. A provider's failure passes through unchanged and is never a
//! verdict. Whatever a provider returns is believed: one that reads from an untrusted host checks hashes and roots first
//! (B-003, B-004, B-020).

use alloc::{boxed::Box, vec::Vec};
use alloy_consensus::{Header, Sealed};
use alloy_eips::eip4844::Blob;
use alloy_primitives::{B256, Bytes};
use unroll_protocol::units::L1Ref;

pub use unroll_protocol::provider::Provider;

/// L1 blocks, as raw EIP-2718 bytes: types that nobody knows yet survive, and only what concerns the rollup is decoded
/// (B-005, B-007).
pub trait ChainProvider: Provider {
    /// The canonical block of this number. `None`: it lies past the L1 head that this run is committed to. That ends
    /// derivation; it is not a failure (B-002).
    fn block_info_by_number(&mut self, number: u64) -> Result<Option<L1Ref>, Self::Error>;

    /// The header with this hash.
    fn header_by_hash(&mut self, hash: B256) -> Result<Header, Self::Error>;

    /// The receipts of a block, in order.
    fn receipts_by_hash(&mut self, hash: B256) -> Result<Vec<Bytes>, Self::Error>;

    /// The transactions of a block, in order, without blob sidecars.
    fn transactions_by_hash(&mut self, hash: B256) -> Result<Vec<Bytes>, Self::Error>;
}

/// A blob as a block refers to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IndexedBlobHash {
    /// The position among all blobs of the L1 block (B-018); the result must not depend on it.
    pub index: u64,
    /// The versioned hash, which names the blob.
    pub hash: B256,
}

/// Blobs of L1 blocks.
pub trait BlobProvider: Provider {
    /// The blobs of these hashes, in this order. A blob that cannot be had is an error, never an empty blob (B-019).
    fn blobs(&mut self, block: &L1Ref, hashes: &[IndexedBlobHash]) -> Result<Vec<Box<Blob>>, Self::Error>;
}

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
