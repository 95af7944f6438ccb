//! Input as long as a fork allows, and one piece longer (I-094 to I-097).

use ark_ec::AffineRepr;
use unroll_protocol::forks::Fork;

use super::{Case, bls, bn256, word};

/// A limit in bytes: from which fork, of which precompile. Of each the later ones follow the earlier ones.
const LIMITS: [(Fork, u64, usize); 9] = [
    (Fork::Granite, 8, 112_687),
    (Fork::Jovian, 8, 81_984),
    (Fork::Karst, 8, 57_600),
    (Fork::Isthmus, 0xc, 513_760),
    (Fork::Jovian, 0xc, 288_960),
    (Fork::Isthmus, 0xe, 488_448),
    (Fork::Jovian, 0xe, 278_784),
    (Fork::Isthmus, 0xf, 235_008),
    (Fork::Jovian, 0xf, 156_672),
];

/// For each limited precompile a call at the limit, which succeeds, and one above it, which fails. Where there is no limit
/// yet, a call above the first one succeeds.
pub fn limits(fork: Fork) -> Vec<Case> {
    let mut cases = Vec::new();
    for address in [8, 0xc, 0xe, 0xf] {
        let mut of_it = LIMITS.iter().rev().filter(|(since, of, _)| *of == address && fork >= *since);
        let limit = of_it.next().map(|(_, _, limit)| *limit);
        let piece = piece(address);
        if let Some(limit) = limit {
            let pieces = limit / piece.len();
            cases.push(repeated(address, pieces));
            let more = repeated(address, pieces + 1);
            assert!(more.input.len() > limit);
            cases.push(Case { output: None, ..more }.unasked());
        } else if address == 8 {
            cases.push(repeated(address, 112_687 / piece.len() + 1));
        }
    }
    cases
}

/// A pair or product without a point.
fn piece(address: u64) -> Vec<u8> {
    let length = match address {
        8 => 192,
        0xc => 160,
        0xe => 288,
        _ => 384,
    };
    vec![0; length]
}

/// Pieces without points and at the end one with: a product by 1, or a pair whose left point is none.
fn repeated(address: u64, pieces: usize) -> Case {
    let (point1, point2) = (bls::encode1(AffineRepr::generator()), bls::encode2(AffineRepr::generator()));
    let count = pieces as u64;
    // The discounts of EIP-2537 beyond 128 products.
    let (price, last, output) = match address {
        8 => {
            let last = [vec![0; 64], bn256::g2(AffineRepr::generator())].concat();
            (45_000 + 34_000 * count, last, word(1).to_vec())
        }
        0xc => (count * 12_000 * 519 / 1_000, [&point1[..], &word(1)].concat(), point1),
        0xe => (count * 22_500 * 524 / 1_000, [&point2[..], &word(1)].concat(), point2),
        _ => (37_700 + 32_600 * count, [vec![0; 128], point2].concat(), word(1).to_vec()),
    };
    let input = [piece(address).repeat(pieces - 1), last].concat();
    Case::new(format!("{pieces} pieces"), address, price, input, Some(&output))
}
