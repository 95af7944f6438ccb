//! Blobs: batcher payloads packed into field elements (B-030 to B-037).

use alloc::vec::Vec;
use alloy_eips::eip4844::{BYTES_PER_BLOB, Blob};
use alloy_primitives::Bytes;

/// How many bytes fit into a blob: 127 for each round of four field elements, less 4 of version and length (B-034).
pub const MAX_BLOB_DATA_BYTES: usize = ROUNDS * ROUND_BYTES - 4;

/// The only version there is (B-033).
pub const BLOB_VERSION: u8 = 0;

const ROUNDS: usize = BYTES_PER_BLOB / (4 * 32);
const ROUND_BYTES: usize = 4 * 31 + 3;

/// Why a blob holds no payload. It is ignored, and affects nothing else (B-036).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlobError {
    /// One of the two top bits of a field element is set; those of the first element do not matter (B-032).
    #[error("field element {0} has a high bit")]
    HighBits(usize),
    /// The version byte is unknown (B-033).
    #[error("blob version {0}")]
    Version(u8),
    /// The length is above [`MAX_BLOB_DATA_BYTES`] (B-034).
    #[error("a length of {0} bytes")]
    Length(usize),
    /// Something follows the data (B-035).
    #[error("a byte after the data is not zero")]
    Trailing,
}

/// The payload of a blob (B-037).
///
/// Each round of four field elements gives 127 bytes: the low 31 bytes of each, and three more out of the low six bits of
/// the first bytes `a b c d` (B-031).
///
/// ```text
/// round:  tail(0) 31 | x | tail(1) 31 | y | tail(2) 31 | z | tail(3) 31
/// x = a: 0..6, b: 4..6    y = b: 0..4, d: 0..4    z = c: 0..6, d: 4..6       (lowest bits first)
/// blob:   version 1 | length, u24 BE | data | zeros
/// ```
pub fn decode_blob(blob: &Blob) -> Result<Bytes, BlobError> {
    let [_, version, high, middle, low, ..] = blob.0;
    if version != BLOB_VERSION {
        return Err(BlobError::Version(version)); // B-033
    }
    let length = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
    if length > MAX_BLOB_DATA_BYTES {
        return Err(BlobError::Length(length)); // B-034
    }
    // What starts with version and length needs at least one round.
    let rounds = (length + 4).div_ceil(ROUND_BYTES);
    let mut bytes = Vec::with_capacity(rounds * ROUND_BYTES);
    let (used, unused) = blob.0.split_at(rounds * 4 * 32);
    for (round, elements) in used.chunks_exact(4 * 32).enumerate() {
        decode_round(round, elements, &mut bytes)?;
    }
    // B-035: in the last round, and after it.
    if bytes[4 + length..].iter().chain(unused).any(|&byte| byte != 0) {
        return Err(BlobError::Trailing);
    }
    Ok(Bytes::from(bytes).slice(4..4 + length))
}

/// B-031.
fn decode_round(round: usize, elements: &[u8], out: &mut Vec<u8>) -> Result<(), BlobError> {
    let first = |element: usize| elements[element * 32];
    // B-032: the network's decoders look at all elements but the very first, of which they take the low bits.
    let looked_at = if round == 0 { 1..4 } else { 0..4 };
    if let Some(element) = looked_at.into_iter().find(|&element| first(element) > 0x3f) {
        return Err(BlobError::HighBits(round * 4 + element));
    }
    let (a, b, c, d) = (first(0) & 0x3f, first(1), first(2), first(3));
    let extra = [a | (b & 0x30) << 2, b & 0x0f | (d & 0x0f) << 4, c | (d & 0x30) << 2];
    for (element, tail) in elements.chunks_exact(32).enumerate() {
        out.extend_from_slice(&tail[1..]);
        out.extend(extra.get(element));
    }
    Ok(())
}

/// No blob makes the decoder panic. `data` fills the blob from the front.
#[cfg(any(test, feature = "fuzz"))]
pub fn fuzz_blob(data: &[u8]) {
    let mut blob = alloc::boxed::Box::new(Blob::ZERO);
    let length = data.len().min(BYTES_PER_BLOB);
    blob.0[..length].copy_from_slice(&data[..length]);
    if let Ok(payload) = decode_blob(&blob) {
        assert!(payload.len() <= MAX_BLOB_DATA_BYTES);
    }
}
