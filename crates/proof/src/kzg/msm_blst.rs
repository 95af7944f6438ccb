//! Group arithmetic by blst: C and assembly, several times as fast.

use super::{Commitment, field::Scalar, setup::Coordinate};
use alloc::vec::Vec;
use blst::{MultiPoint, blst_fp, blst_p1, blst_p1_affine, min_pk::PublicKey};

/// A point of the group; `None` at infinity.
pub(super) type Point = Option<blst_p1_affine>;

/// The compressed point at infinity: the commitment of the blob of zeros.
const INFINITY: Commitment = {
    let mut bytes = [0; 48];
    bytes[0] = 0xc0;
    bytes
};

/// The point that a commitment is, checked to lie in the group.
pub(super) fn decompress(commitment: &Commitment) -> Option<Point> {
    if *commitment == INFINITY {
        return Some(None);
    }
    // A public key is a compressed point of G1 that is in the group and not at infinity.
    PublicKey::key_validate(commitment).ok().map(|key| Some(key.into()))
}

/// Whether `sum scalars_i * setup_i + sum weights_j * points_j` is the point at infinity.
pub(super) fn sums_to_zero(
    setup: impl ExactSizeIterator<Item = (Coordinate, Coordinate)>,
    scalars: &[Scalar],
    points: &[Point],
    weights: &[Scalar],
) -> bool {
    let finite = points.iter().zip(weights).filter_map(|(point, weight)| point.map(|p| (p, weight)));
    let mut bases = Vec::with_capacity(scalars.len() + points.len());
    bases.extend(setup.map(|(x, y)| blst_p1_affine { x: blst_fp { l: x }, y: blst_fp { l: y } }));
    bases.extend(finite.clone().map(|(point, _)| point));
    let mut bytes = Vec::with_capacity(bases.len() * 32);
    for scalar in scalars.iter().chain(finite.map(|(_, weight)| weight)) {
        bytes.extend(scalar.limbs().iter().flat_map(|limb| limb.to_le_bytes()));
    }
    bases.mult(&bytes, 255) == blst_p1::default()
}
