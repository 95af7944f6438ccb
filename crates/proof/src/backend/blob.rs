//! Batcher data beside the L1 blocks: blobs by their versioned hashes, and inputs by the hashes of alt-DA.

use super::{BackendError, Malformation, OracleBackend, Purpose};
use crate::{
    kzg::{COMMITMENT_BYTES, Commitment},
    oracle::{OracleBlobError, PreimageOracle},
    preimage::{Hint, PreimageKey},
};
use alloc::{boxed::Box, vec::Vec};
use alloy_eips::eip4844::{Blob, VERSIONED_HASH_VERSION_KZG};
use alloy_primitives::{B256, Bytes};
use unroll_alt_da::Commitment as AltDaCommitment;
use unroll_derive::provider::{AltDaInput, BlobProvider, IndexedBlobHash};
use unroll_protocol::units::L1Ref;

impl<O: PreimageOracle> OracleBackend<O> {
    /// The commitment of a blob: the sha256 preimage of its versioned hash (K-011). All of the hash but its first byte is
    /// in the key; that byte is checked here.
    fn commitment(&mut self, versioned_hash: B256) -> Result<Commitment, BackendError<O::Error>> {
        let (key, purpose) =
            (PreimageKey::sha256(versioned_hash), Purpose::BlobCommitment { versioned_hash });
        let malformed = |what| BackendError::malformed(key, purpose, what);
        if versioned_hash[0] != VERSIONED_HASH_VERSION_KZG {
            return Err(malformed(Malformation::BlobVersion(versioned_hash[0])));
        }
        let value = self.read(key, purpose)?;
        let length = Malformation::Length { expected: COMMITMENT_BYTES, actual: value.len() };
        value[..].try_into().map_err(|_| malformed(length))
    }

    fn blob(&mut self, versioned_hash: B256) -> Result<Box<Blob>, BackendError<O::Error>> {
        let commitment = self.commitment(versioned_hash)?;
        let purpose = Purpose::Blob { versioned_hash };
        self.oracle.blob(&commitment).map_err(|error| match error {
            OracleBlobError::Oracle { key, source } => BackendError::Oracle { key, purpose, source },
            OracleBlobError::Length { key, length } => {
                let what = Malformation::Length { expected: 32, actual: length };
                BackendError::malformed(key, purpose, what)
            }
        })
    }
}

impl<O: PreimageOracle> BlobProvider for OracleBackend<O> {
    // A phase of the step meter begins here.
    #[inline(never)]
    fn blobs(&mut self, block: &L1Ref, hashes: &[IndexedBlobHash]) -> Result<Vec<Box<Blob>>, Self::Error> {
        let mut blobs = Vec::with_capacity(hashes.len());
        for &IndexedBlobHash { index, hash: versioned_hash } in hashes {
            let hint = Hint::L1Blob { versioned_hash, index, timestamp: block.time.0 };
            self.hint(Purpose::Blob { versioned_hash }, hint)?;
            blobs.push(self.blob(versioned_hash)?);
        }
        Ok(blobs)
    }

    /// The hash of a commitment names a preimage like any other; what a service says of its own commitments nobody can prove.
    fn alt_da_input(&mut self, commitment: &Bytes) -> Result<AltDaInput, Self::Error> {
        let Ok(AltDaCommitment::Keccak(hash)) = AltDaCommitment::decode(commitment) else {
            return Ok(AltDaInput::Unsupported);
        };
        let purpose = Purpose::AltDaInput { hash };
        self.hint(purpose, Hint::AltDaInput(commitment))?; // K-057
        self.read(PreimageKey::keccak256(hash), purpose).map(AltDaInput::Found)
    }
}
