//! Blobs as the beacon chain keeps them. The commitments and proofs are c-kzg's, so that our own check of them is compared
//! with another implementation.

use alloy_eips::eip4844::{Blob, kzg_to_versioned_hash};
use alloy_primitives::B256;

/// A blob with what proves that it belongs to its versioned hash.
#[derive(Clone, Debug)]
pub struct Sidecar {
    /// 4,096 elements.
    pub blob: Box<Blob>,
    /// The commitment.
    pub commitment: [u8; 48],
    /// That the commitment is the blob's (EIP-4844, `blob_kzg_proof`).
    pub proof: [u8; 48],
    /// How the transaction names the blob.
    pub versioned_hash: B256,
}

impl Sidecar {
    /// Commits to a blob.
    ///
    /// # Panics
    ///
    /// If an element is not below the modulus.
    pub fn new(blob: Box<Blob>) -> Self {
        // No precomputed tables: a devnet has few blobs.
        let settings = c_kzg::ethereum_kzg_settings(0);
        let bytes = c_kzg::Blob::new(blob.0);
        let commitment = settings.blob_to_kzg_commitment(&bytes).expect("the blob's elements are in range");
        let proof = settings.compute_blob_kzg_proof(&bytes, &commitment.to_bytes());
        let proof = proof.expect("the blob's elements are in range").to_bytes().into_inner();
        let commitment = commitment.to_bytes().into_inner();
        Self { blob, commitment, proof, versioned_hash: kzg_to_versioned_hash(&commitment) }
    }
}
