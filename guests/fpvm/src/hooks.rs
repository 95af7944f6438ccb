//! What libraries leave to the program that they are linked into.

use crate::keccak::keccak256;
use core::slice;

/// The hash behind alloy's `keccak256`, by its feature `native-keccak`.
///
/// # Safety
///
/// `length` bytes can be read at `bytes`, and 32 written at `hash`.
#[unsafe(no_mangle)]
unsafe extern "C" fn native_keccak256(bytes: *const u8, length: usize, hash: *mut u8) {
    // SAFETY: the caller's. An empty slice of Rust has an address that is not null.
    let (input, hash) = unsafe { (slice::from_raw_parts(bytes, length), &mut *hash.cast::<[u8; 32]>()) };
    keccak256(input, hash);
}
