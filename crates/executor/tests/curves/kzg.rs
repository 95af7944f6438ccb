//! Evaluations of blobs at a point (EIP-4844), made by another implementation.

use alloy_primitives::{U256, b256, uint};
use c_kzg::{Blob, Bytes32};
use unroll_testing::noise::Noise;

use super::{Case, resized, with};

/// The order of the scalar field.
const ORDER: U256 = uint!(0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001_U256);

/// A commitment, a point, the value there, and its proof; in the order of the input.
fn evaluation(fill: impl FnMut() -> u64, z: u64) -> Vec<u8> {
    let settings = c_kzg::ethereum_kzg_settings(0);
    let mut fill = fill;
    let mut blob = [0; 131_072];
    for element in blob.chunks_mut(32) {
        element[8..16].copy_from_slice(&fill().to_be_bytes());
    }
    let blob = Blob::new(blob);
    let z: [u8; 32] = U256::from(z).to_be_bytes();
    let commitment = settings.blob_to_kzg_commitment(&blob).expect("a blob").to_bytes();
    let (proof, y) = settings.compute_kzg_proof(&blob, &Bytes32::new(z)).expect("a proof");
    input(&z, &y[..], &commitment[..], &proof.to_bytes()[..])
}

fn input(z: &[u8], y: &[u8], commitment: &[u8], proof: &[u8]) -> Vec<u8> {
    use revm::precompile::{Crypto, DefaultCrypto};
    let mut hash = DefaultCrypto.sha256(commitment);
    hash[0] = 1;
    [&hash[..], z, y, commitment, proof].concat()
}

/// The versioned hash is made to fit, so that the proof decides.
fn rehashed(input: &[u8]) -> Vec<u8> {
    super::kzg::input(&input[32..64], &input[64..96], &input[96..144], &input[144..])
}

pub fn cases() -> Vec<Case> {
    let mut noise = Noise(4_844);
    let good = evaluation(|| noise.next(), 0x1234_5678);
    let other = evaluation(|| noise.next(), 0x9999);
    // Everywhere the same: the proof is the point at infinity.
    let constant = evaluation(|| 5, 0x777);
    assert_eq!(constant[144], 0xc0);
    let elements = U256::from(4_096).to_be_bytes::<32>();
    let order = b256!("73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001");
    let output = [&elements[..], &order[..]].concat();
    let case = |what: &str, input: Vec<u8>, output: Option<&[u8]>| {
        Case::new(format!("KZG: {what}"), 0xa, 50_000, input, output)
    };
    let mut cases: Vec<_> =
        [&good, &other, &constant].map(|input| case("a proof", input.clone(), Some(&output))).into();
    let bad = |what: &str, input: Vec<u8>| case(what, input, None);
    let beyond = |at: usize| (U256::from_be_slice(&good[at..at + 32]) + ORDER).to_be_bytes::<32>();
    cases.extend([
        bad("another's proof", with(&good, 144, &other[144..])),
        bad("another's commitment", rehashed(&with(&good, 96, &other[96..144]))),
        bad("another's commitment, and not its hash", with(&good, 96, &other[96..144])),
        bad("another's hash", with(&good, 0, &other[..32])),
        bad("version 0", with(&good, 0, &[0])),
        bad("version 2", with(&good, 0, &[2])),
        bad("another value", with(&good, 64, &other[64..96])),
        bad("another point", with(&good, 32, &other[32..64])),
        bad("a point that is not below the order", with(&good, 32, &beyond(32))),
        bad("a value that is not below the order", with(&good, 64, &beyond(64))),
        bad("the opposite proof", with(&good, 144, &[good[144] ^ 0x20])),
        bad("a proof that is not compressed", with(&good, 144, &[good[144] & 0x7f])),
        bad("infinity for a proof", with(&good, 144, &constant[144..])),
        bad("infinity with a coordinate", with(&constant, 191, &[1])),
        bad("the opposite commitment", rehashed(&with(&good, 96, &[good[96] ^ 0x20]))),
        bad("no commitment", rehashed(&with(&good, 96, &[0; 48]))),
        bad("zeros", vec![0; 192]),
        bad("nothing", Vec::new()).unasked(),
    ]);
    for input in resized(&good) {
        cases.push(bad("length", input).unasked());
    }
    // Compressed points with a random x: of the curve half of the time, never of the group.
    for _ in 0..6 {
        let x: Vec<u8> = (0..6).flat_map(|_| noise.next().to_be_bytes()).collect();
        let x = with(&x, 0, &[0x80 | (x[0] & 0xf)]);
        cases.push(bad("a proof outside the group", with(&good, 144, &x)));
        cases.push(bad("a commitment outside the group", rehashed(&with(&good, 96, &x))));
    }
    cases
}
