//! The commitment to an L2 block that L1 knows (J-001 to J-003).

use alloy_primitives::{B256, keccak256};

/// Version 0 of the output, the only one.
///
/// ```text
/// | 0..32: version 0 | 32..64: state root | 64..96: message passer's storage root | 96..128: block hash |   (J-001)
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputRoot {
    /// The block's state root.
    pub state_root: B256,
    /// The storage root of `0x4200000000000000000000000000000000000016` at the block. Before Isthmus the header's
    /// withdrawals root is something else (J-002).
    pub message_passer_storage_root: B256,
    /// The block's hash.
    pub block_hash: B256,
}

/// A preimage of an output root that is none of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutputRootError {
    /// J-003.
    #[error("an output root's preimage has 128 bytes, not {0}")]
    Length(usize),
    /// J-003.
    #[error("output of unknown version {0}")]
    Version(B256),
}

impl OutputRoot {
    /// The output root.
    pub fn hash(&self) -> B256 {
        keccak256(self.encode())
    }

    /// The preimage.
    pub fn encode(&self) -> [u8; 128] {
        let mut out = [0; 128];
        out[32..64].copy_from_slice(self.state_root.as_slice());
        out[64..96].copy_from_slice(self.message_passer_storage_root.as_slice());
        out[96..].copy_from_slice(self.block_hash.as_slice());
        out
    }

    /// Reads the preimage (J-003).
    pub fn decode(preimage: &[u8]) -> Result<Self, OutputRootError> {
        let preimage: &[u8; 128] =
            preimage.try_into().map_err(|_| OutputRootError::Length(preimage.len()))?;
        let [version, state_root, storage_root, block_hash] =
            [0, 32, 64, 96].map(|at| B256::from_slice(&preimage[at..at + 32]));
        if version != B256::ZERO {
            return Err(OutputRootError::Version(version));
        }
        Ok(Self { state_root, message_passer_storage_root: storage_root, block_hash })
    }
}
