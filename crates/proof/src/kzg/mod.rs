//! Blobs and their KZG commitments (EIP-4844).
//!
//! A blob is the list of values of a polynomial of degree below 4,096 at the 4,096th roots of unity, in bit-reversed
//! order. Its commitment is the same combination of the ceremony's Lagrange points, so a blob is checked with one
//! multi-scalar multiplication, and `n` blobs with one as well:
//!
//! ```text
//! sum_i e_ji * L_i = C_j  for every blob j
//!   <=>  (up to 2^-128)  sum_i (sum_j r^j * e_ji) * L_i  =  sum_j r^j * C_j     for an r that nobody could choose
//! ```

mod field;
#[cfg_attr(feature = "blst", path = "msm_blst.rs")]
#[cfg_attr(not(feature = "blst"), path = "msm_pure.rs")]
mod msm;
mod setup;

pub use field::EvaluationPoints;

use alloc::{boxed::Box, vec, vec::Vec};
use alloy_eips::eip4844::Blob;
use alloy_primitives::Keccak256;
use field::Scalar;

/// How many field elements a blob has.
pub const FIELD_ELEMENTS: usize = 4096;
/// How many bytes a commitment has.
pub const COMMITMENT_BYTES: usize = 48;

/// A commitment as it is hashed: a compressed point of BLS12-381's G1.
pub type Commitment = [u8; COMMITMENT_BYTES];

/// Why a blob does not belong to its commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KzgError {
    /// 48 bytes that are no point of the group.
    #[error("the commitment is not a point of the group")]
    Commitment,
    /// An element must be below the order of the group.
    #[error("element {index} is not below the modulus")]
    Element {
        /// Which element.
        index: usize,
    },
    /// The blob is another one's.
    #[error("the blob does not belong to the commitment")]
    Mismatch,
}

/// Checks that each blob is the one that the commitment beside it commits to. On failure it names the first blob, by its
/// place, that is not.
pub fn verify(blobs: &[(Commitment, Box<Blob>)]) -> Result<(), (usize, KzgError)> {
    if blobs.is_empty() {
        return Ok(());
    }
    let elements = blobs
        .iter()
        .enumerate()
        .map(|(i, (_, blob))| field::elements(blob).map_err(|error| (i, error)))
        .collect::<Result<Vec<_>, _>>()?;
    let points = blobs
        .iter()
        .enumerate()
        .map(|(i, (commitment, _))| msm::decompress(commitment).ok_or((i, KzgError::Commitment)))
        .collect::<Result<Vec<_>, _>>()?;

    if combination_holds(&elements, &points, challenge(blobs)) {
        return Ok(());
    }
    // A combination that fails does not say which; one that holds for each alone cannot fail together.
    let first = (0..blobs.len())
        .find(|&i| !combination_holds(&elements[i..=i], &points[i..=i], Scalar::ONE))
        .unwrap_or_default();
    Err((first, KzgError::Mismatch))
}

/// Whether `sum_i (sum_j r^j * e_ji) * L_i = sum_j r^j * C_j`.
fn combination_holds(elements: &[Vec<Scalar>], points: &[msm::Point], r: Scalar) -> bool {
    let mut combined = vec![Scalar::ZERO; FIELD_ELEMENTS];
    let mut negated_powers = Vec::with_capacity(points.len());
    let mut power = Scalar::ONE;
    for blob in elements {
        for (sum, element) in combined.iter_mut().zip(blob) {
            *sum += *element * power;
        }
        negated_powers.push(-power);
        power *= r;
    }
    msm::sums_to_zero(setup::points(), &combined, points, &negated_powers)
}

/// A scalar that depends on every byte of every blob and commitment, so that nobody can choose blobs to fit it.
fn challenge(blobs: &[(Commitment, Box<Blob>)]) -> Scalar {
    let mut hasher = Keccak256::new();
    hasher.update(b"unroll: batched blob check");
    for (commitment, blob) in blobs {
        hasher.update(commitment);
        hasher.update(blob.as_slice());
    }
    Scalar::from_hash(hasher.finalize())
}
