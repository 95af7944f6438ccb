//! Channel data to the stream of batches, under the rules of a fork (E-001 to E-011).

use alloy_primitives::Bytes;
pub use unroll_compression::{BROTLI_VERSION, CompressionError, Corruption, Decompressed, StreamEnd};

use crate::forks::DerivationRules;

/// Decodes a channel's frames; `rules` are those of the L1 block in which the channel completed (E-002, E-010).
// A phase of the step meter begins here.
#[inline(never)]
pub fn decompress(
    frames: impl IntoIterator<Item = Bytes>,
    rules: &DerivationRules,
) -> Result<Decompressed, CompressionError> {
    unroll_compression::decompress(frames, rules.brotli, rules.max_rlp_bytes_per_channel)
}
