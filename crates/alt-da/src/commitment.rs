//! What stands on L1 in place of the data (B-042, B-043).

use alloy_primitives::{B256, Bytes, keccak256};
use unroll_protocol::{
    config::DaCommitment,
    reader::{ReadError, Reader},
};

/// How long the input of a keccak commitment may be, in bytes: the protocol's constant (B-043).
pub const MAX_INPUT_BYTES: usize = 130_672;

/// What a batcher payload points to (B-042).
///
/// ```text
/// payload:    1 | commitment                   the version byte, and what is decoded here
/// commitment: 0 | keccak256(input), 32         or       1 | layer | what the layer says
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Commitment {
    /// The hash of the input.
    Keccak(B256),
    /// Whatever a data-availability service understands.
    Service {
        /// Which service: any byte, as op-node takes it. The specs have 0 to 126, and the OP Stack's own server 255.
        layer: u8,
        /// What it needs to know.
        payload: Bytes,
    },
}

/// Why a payload commits to nothing that can be fetched: it is skipped (B-042, B-043).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitmentError {
    /// The commitment is cut short, or too long.
    #[error("commitment: {0}")]
    Read(#[from] ReadError),
    /// The type of the commitment is unknown (B-042).
    #[error("commitment type {0}")]
    Kind(u8),
    /// The input does not hash to the commitment.
    #[error("the input has the hash {0}")]
    Hash(B256),
    /// The input is longer than [`MAX_INPUT_BYTES`] (B-043).
    #[error("an input of {0} bytes")]
    TooLong(usize),
}

impl Commitment {
    /// Decodes what follows a payload's version byte.
    pub fn decode(commitment: &Bytes) -> Result<Self, CommitmentError> {
        let mut reader = Reader::new(commitment);
        match reader.u8()? {
            0 => {
                let hash = B256::new(reader.array()?);
                reader.finish()?;
                Ok(Self::Keccak(hash))
            }
            1 => Ok(Self::Service { layer: reader.u8()?, payload: commitment.slice_ref(reader.rest()) }),
            kind => Err(CommitmentError::Kind(kind)), // B-042
        }
    }

    /// Which kind it is.
    pub const fn kind(&self) -> DaCommitment {
        match self {
            Self::Keccak(_) => DaCommitment::Keccak,
            Self::Service { .. } => DaCommitment::Generic,
        }
    }

    /// Whether this is the input that was committed to. What a service delivers is the service's word.
    pub fn check(&self, input: &[u8]) -> Result<(), CommitmentError> {
        let Self::Keccak(expected) = self else { return Ok(()) };
        if input.len() > MAX_INPUT_BYTES {
            return Err(CommitmentError::TooLong(input.len())); // B-043
        }
        let hash = keccak256(input);
        if hash == *expected { Ok(()) } else { Err(CommitmentError::Hash(hash)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn decode(parts: &[&[u8]]) -> Result<Commitment, CommitmentError> {
        Commitment::decode(&parts.concat().into())
    }

    /// B-042: two types, each with its form.
    #[test]
    fn b_042_commitments() {
        let hash = B256::repeat_byte(7);
        assert_eq!(decode(&[&[0], &hash[..]]), Ok(Commitment::Keccak(hash)));
        assert_eq!(
            decode(&[&[0], &hash[..31]]),
            Err(CommitmentError::Read(ReadError::End { wanted: 32, left: 31 }))
        );
        assert_eq!(decode(&[&[0], &hash[..], &[0]]), Err(CommitmentError::Read(ReadError::Trailing(1))));
        let service = |layer| Commitment::Service { layer, payload: (&b"abc"[..]).into() };
        for layer in [0, 126, 127, 255] {
            assert_eq!(decode(&[&[1, layer], b"abc"]), Ok(service(layer)));
        }
        for kind in [2, 127, 128, 255] {
            assert_eq!(decode(&[&[kind], b"abc"]), Err(CommitmentError::Kind(kind)));
        }
        assert!(decode(&[]).is_err() && decode(&[&[1]]).is_err());
    }

    /// B-043: inputs of keccak commitments have a limit and a hash; those of services have neither.
    #[test]
    fn b_043_input_length() {
        let most = vec![0; MAX_INPUT_BYTES];
        let commitment = Commitment::Keccak(keccak256(&most));
        assert_eq!(commitment.check(&most), Ok(()));
        let more = vec![0; MAX_INPUT_BYTES + 1];
        assert_eq!(
            Commitment::Keccak(keccak256(&more)).check(&more),
            Err(CommitmentError::TooLong(MAX_INPUT_BYTES + 1))
        );
        assert_eq!(commitment.check(b"other"), Err(CommitmentError::Hash(keccak256(b"other"))));
        assert_eq!(Commitment::Service { layer: 0, payload: Bytes::new() }.check(&more), Ok(()));
    }
}
