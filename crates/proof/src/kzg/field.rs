//! The scalar field of BLS12-381: a blob's elements, and where its polynomial is evaluated.

use super::{FIELD_ELEMENTS, KzgError};
use alloc::{boxed::Box, vec, vec::Vec};
use alloy_eips::eip4844::Blob;
use alloy_primitives::B256;
use ark_bls12_381::Fr;
use ark_ff::{AdditiveGroup, BigInt, Field, MontFp, PrimeField};
use core::ops::{AddAssign, Mul, MulAssign, Neg};

/// An element of the scalar field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scalar(Fr);

impl Scalar {
    pub(super) const ZERO: Self = Self(Fr::ZERO);
    pub(super) const ONE: Self = Self(Fr::ONE);

    /// The scalar that 32 big-endian bytes are, if they are below the modulus: the one encoding of each scalar (B-030).
    pub(super) fn from_canonical(bytes: &[u8; 32]) -> Option<Self> {
        let mut limbs = [0; 4];
        for (limb, chunk) in limbs.iter_mut().rev().zip(bytes.as_chunks::<8>().0) {
            *limb = u64::from_be_bytes(*chunk);
        }
        Fr::from_bigint(BigInt(limbs)).map(Self)
    }

    /// A hash as a scalar: reduced by the modulus.
    pub(super) fn from_hash(hash: B256) -> Self {
        Self(Fr::from_be_bytes_mod_order(hash.as_slice()))
    }

    /// The canonical integer, in little-endian limbs.
    pub(super) fn limbs(self) -> [u64; 4] {
        self.0.into_bigint().0
    }

    fn to_be_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (chunk, limb) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(self.limbs().iter().rev()) {
            *chunk = limb.to_be_bytes();
        }
        bytes
    }
}

impl AddAssign for Scalar {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Mul for Scalar {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self(self.0 * other.0)
    }
}

impl MulAssign for Scalar {
    fn mul_assign(&mut self, other: Self) {
        self.0 *= other.0;
    }
}

impl Neg for Scalar {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

/// The elements of a blob, each checked to be canonical.
pub(super) fn elements(blob: &Blob) -> Result<Vec<Scalar>, KzgError> {
    blob.as_chunks::<32>()
        .0
        .iter()
        .enumerate()
        .map(|(index, bytes)| Scalar::from_canonical(bytes).ok_or(KzgError::Element { index }))
        .collect()
}

/// Where the polynomial of a blob is evaluated: `z_i = w^rev12(i)`, as the 32 big-endian bytes that keys hold (K-010).
#[derive(Debug)]
pub struct EvaluationPoints(Box<[[u8; 32]]>);

impl EvaluationPoints {
    /// A generator of the subgroup of order 2^32 of the field's multiplicative group.
    const GENERATOR: Fr =
        MontFp!("10238227357739495823651030575849232062558860180284477541189508159991286009131");

    /// Computes all 4,096 points.
    pub fn new() -> Self {
        // The subgroup of order 2^12 lies 20 squarings above that of order 2^32.
        let mut root = Self::GENERATOR;
        for _ in 0..20 {
            root.square_in_place();
        }
        let mut points = vec![[0; 32]; FIELD_ELEMENTS].into_boxed_slice();
        let mut power = Scalar::ONE;
        for exponent in 0..FIELD_ELEMENTS {
            points[bit_reversed(exponent)] = power.to_be_bytes();
            power *= Scalar(root);
        }
        Self(points)
    }

    /// The point at which a blob's element `index` is the value.
    ///
    /// # Panics
    ///
    /// If a blob has no element of that index: it must be below [`FIELD_ELEMENTS`].
    pub fn point(&self, index: usize) -> &[u8; 32] {
        &self.0[index]
    }
}

impl Default for EvaluationPoints {
    fn default() -> Self {
        Self::new()
    }
}

/// The 12 bits of an index, reversed.
const fn bit_reversed(index: usize) -> usize {
    index.reverse_bits() >> (usize::BITS - FIELD_ELEMENTS.trailing_zeros())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hex_literal::hex;

    /// K-010: element i is the value at `w^rev12(i)`: element 0 at 1, element 1 at `w^2048 = -1`, element 4095 at `w^4095`.
    #[test]
    fn points_are_roots_of_unity_in_bit_reversed_order() {
        let points = EvaluationPoints::new();
        let point = |i| Scalar::from_canonical(points.point(i)).unwrap();
        assert_eq!(point(0), Scalar::ONE);
        assert_eq!(
            *points.point(1),
            hex!("73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000000")
        );
        // Element 2048 is at w itself, of order exactly 4096.
        let w = point(2048);
        let mut power = Scalar::ONE;
        for exponent in 0..FIELD_ELEMENTS {
            assert_eq!(point(bit_reversed(exponent)), power);
            assert!(exponent == 0 || power != Scalar::ONE);
            power *= w;
        }
        assert_eq!(power, Scalar::ONE);
    }

    /// B-030: the modulus itself is no element; one less is.
    #[test]
    fn elements_are_below_the_modulus() {
        let mut modulus = hex!("73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001");
        assert_eq!(Scalar::from_canonical(&modulus), None);
        modulus[31] = 0;
        assert_eq!(Scalar::from_canonical(&modulus).unwrap().to_be_bytes(), modulus);
        let mut blob = Box::new(Blob::ZERO);
        blob[32 * 7..32 * 8].fill(0xff);
        assert_eq!(elements(&blob), Err(KzgError::Element { index: 7 }));
    }
}
