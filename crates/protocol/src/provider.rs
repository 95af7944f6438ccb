//! Where data comes from: what every provider has, one error type, named once; and what L1 and the batcher's data are read by.

use crate::units::L1Ref;
use alloc::{boxed::Box, vec::Vec};
use alloy_consensus::Header;
use alloy_eips::eip4844::Blob;
use alloy_primitives::{B256, Bytes};

/// A source of data outside the core. Its failures are its own: no crate of the core turns one into a verdict.
pub trait Provider {
    /// Why data could not be had.
    type Error: core::error::Error;
}

impl<P: Provider + ?Sized> Provider for &mut P {
    type Error = P::Error;
}

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

/// Batcher data that lies beside the L1 blocks: blobs, and on some chains the inputs of commitments.
pub trait BlobProvider: Provider {
    /// The blobs of these hashes, in this order. They are believed: who reads from an untrusted host compares them with their
    /// hashes first (B-020). A blob that cannot be had is an error, never an empty blob (B-019).
    fn blobs(&mut self, block: &L1Ref, hashes: &[IndexedBlobHash]) -> Result<Vec<Box<Blob>>, Self::Error>;

    /// The input behind a commitment of alt-DA, which is encoded as on L1, but for the payload's version byte (B-042). Like
    /// everything else it is believed. Only chains with alt-DA ask.
    fn alt_da_input(&mut self, _commitment: &Bytes) -> Result<AltDaInput, Self::Error> {
        Ok(AltDaInput::Unsupported)
    }
}

/// What a backend knows of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AltDaInput {
    /// This backend has no data-availability service: derivation stops with an error.
    Unsupported,
    /// The service says that it does not have the input. Derivation waits until L1 decides (B-044): only a service that may be
    /// believed may say so. That it cannot be reached is an error of the provider.
    Missing,
    /// The input.
    Found(Bytes),
}
