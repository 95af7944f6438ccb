//! The one trait that a source of preimages implements.

use crate::{
    kzg::{EvaluationPoints, FIELD_ELEMENTS},
    preimage::{Hint, PreimageKey},
};
use alloc::boxed::Box;
use alloy_eips::eip4844::Blob;
use alloy_primitives::Bytes;

/// A source of preimages.
///
/// The value returned for a key must be the unique one that belongs to it (K-001): this program believes it. A fault-proof
/// VM guarantees that on-chain; [`Witness`](crate::Witness) computes every key; a host that answers over a channel is as
/// trustworthy as the channel.
pub trait PreimageOracle {
    /// Why a preimage could not be had.
    type Error: core::error::Error + 'static;

    /// The value of `key`.
    fn get(&mut self, key: PreimageKey) -> Result<Bytes, Self::Error>;

    /// Whether anybody listens to [`hint`](Self::hint). Where nobody does, no hint is built: no string, no hex, no JSON.
    fn wants_hints(&self) -> bool {
        false
    }

    /// Told before preimages are asked for that the host may have to fetch. Never changes a result (K-022).
    fn hint(&mut self, _hint: &Hint<'_>) -> Result<(), Self::Error> {
        Ok(())
    }

    /// Whether results of precompiles come as preimages (K-012). Where they do not, which is the default, they are computed:
    /// dearer in a fault-proof VM, and nothing to believe.
    fn answers_precompiles(&self) -> bool {
        false
    }

    /// The blob that `commitment` commits to: its 4,096 elements, each the value at a root of unity (K-010).
    ///
    /// An oracle that holds whole blobs which it checked against their commitments returns them here.
    fn blob(&mut self, commitment: &[u8; 48]) -> Result<Box<Blob>, OracleBlobError<Self::Error>> {
        let points = EvaluationPoints::new();
        let mut blob = Box::new(Blob::ZERO);
        for (index, element) in blob.chunks_exact_mut(32).enumerate() {
            debug_assert!(index < FIELD_ELEMENTS);
            let key = PreimageKey::blob(commitment, points.point(index));
            let value = self.get(key).map_err(|source| OracleBlobError::Oracle { key, source })?;
            let length = value.len();
            if length != element.len() {
                return Err(OracleBlobError::Length { key, length });
            }
            element.copy_from_slice(&value);
        }
        Ok(blob)
    }
}

/// Why a blob could not be had, naming the element.
#[derive(Debug, thiserror::Error)]
pub enum OracleBlobError<E> {
    /// The oracle failed.
    #[error("preimage {key}: {source}")]
    Oracle {
        /// What was asked for.
        key: PreimageKey,
        /// The oracle's own error.
        source: E,
    },
    /// An element of a blob has 32 bytes.
    #[error("preimage {key} has {length} bytes and not 32")]
    Length {
        /// What was asked for.
        key: PreimageKey,
        /// How many bytes came.
        length: usize,
    },
}

impl<O: PreimageOracle + ?Sized> PreimageOracle for &mut O {
    type Error = O::Error;

    fn get(&mut self, key: PreimageKey) -> Result<Bytes, Self::Error> {
        (**self).get(key)
    }

    fn wants_hints(&self) -> bool {
        (**self).wants_hints()
    }

    fn hint(&mut self, hint: &Hint<'_>) -> Result<(), Self::Error> {
        (**self).hint(hint)
    }

    fn answers_precompiles(&self) -> bool {
        (**self).answers_precompiles()
    }

    fn blob(&mut self, commitment: &[u8; 48]) -> Result<Box<Blob>, OracleBlobError<Self::Error>> {
        (**self).blob(commitment)
    }
}
