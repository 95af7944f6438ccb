//! Group arithmetic in pure Rust.

use super::{Commitment, field::Scalar, setup::Coordinate};
use alloc::vec::Vec;
use ark_bls12_381::{Fq, G1Affine, G1Projective};
use ark_ec::{AffineRepr, scalar_mul::variable_base::VariableBaseMSM};
use ark_ff::{BigInt, Zero};
use ark_serialize::CanonicalDeserialize;

/// A point of the group, not at infinity or at infinity.
pub(super) type Point = G1Affine;

/// The point that a commitment is, checked to lie in the group.
pub(super) fn decompress(commitment: &Commitment) -> Option<Point> {
    G1Affine::deserialize_compressed(&commitment[..]).ok()
}

/// Whether `sum scalars_i * setup_i + sum weights_j * points_j` is the point at infinity.
pub(super) fn sums_to_zero(
    setup: impl ExactSizeIterator<Item = (Coordinate, Coordinate)>,
    scalars: &[Scalar],
    points: &[Point],
    weights: &[Scalar],
) -> bool {
    let finite = points.iter().zip(weights).filter(|(point, _)| !point.is_zero());
    let mut bases = Vec::with_capacity(scalars.len() + points.len());
    bases.extend(
        setup.map(|(x, y)| {
            G1Affine::new_unchecked(Fq::new_unchecked(BigInt(x)), Fq::new_unchecked(BigInt(y)))
        }),
    );
    bases.extend(finite.clone().map(|(point, _)| *point));
    let scalars: Vec<_> =
        scalars.iter().chain(finite.map(|(_, weight)| weight)).map(|scalar| BigInt(scalar.limbs())).collect();
    G1Projective::msm_bigint(&bases, &scalars).is_zero()
}
