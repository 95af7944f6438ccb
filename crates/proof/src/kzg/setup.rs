//! The Lagrange points of the KZG ceremony of Ethereum mainnet.
//!
//! ```text
//! 4,096 points in bit-reversed order, each:
//! +----------------+----------------+
//! |  x (48 bytes)  |  y (48 bytes)  |   coordinates times 2^384 mod p, as six little-endian 64-bit limbs
//! +----------------+----------------+
//! ```
//!
//! That is the form in which both implementations compute, so that no point is decompressed or converted at start.
//! Written by `cargo xtask generate kzg`.

use super::FIELD_ELEMENTS;

/// A coordinate: little-endian limbs in Montgomery form.
pub(super) type Coordinate = [u64; 6];

const POINT_BYTES: usize = 96;
static SETUP: &[u8; FIELD_ELEMENTS * POINT_BYTES] = include_bytes!("setup.bin");

/// The points, in the order of a blob's elements.
pub(super) fn points() -> impl ExactSizeIterator<Item = (Coordinate, Coordinate)> {
    SETUP.as_chunks::<POINT_BYTES>().0.iter().map(|point| {
        let mut limbs = point.as_chunks::<8>().0.iter().map(|limb| u64::from_le_bytes(*limb));
        let mut coordinate = || core::array::from_fn(|_| limbs.next().unwrap_or_default());
        (coordinate(), coordinate())
    })
}
