//! The guest's Keccak against alloy's.

#[path = "../../fpvm/src/keccak.rs"]
mod keccak;

/// Every length up to three blocks, from every alignment, and the padding around each block's end.
#[test]
fn hashes_are_alloys() {
    let bytes: Vec<u8> = (0..3 * 136 + 16).map(|i: u32| (i * 167 + i / 7).to_le_bytes()[0]).collect();
    for length in 0..=3 * 136 + 8 {
        for start in [0, 1, 3, 8] {
            let input = &bytes[start..start + length];
            let mut hash = [0; 32];
            keccak::keccak256(input, &mut hash);
            assert_eq!(hash, alloy_primitives::keccak256(input).0, "{length} bytes from {start}");
        }
    }
}
