//! Signatures: ecrecover, and P256VERIFY.

use alloy_primitives::{U256, keccak256, uint};
use p256::ecdsa::signature::hazmat::PrehashSigner;
use unroll_testing::noise::Noise;

use super::{Case, P256VERIFY, resized, with, word};
use crate::common::world::Signer;

const ORDER: U256 = uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);
const P256_ORDER: U256 = uint!(0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551_U256);

pub fn cases() -> Vec<Case> {
    [ecrecover(), p256verify()].concat()
}

fn recovers(what: &str, input: Vec<u8>, output: &[u8]) -> Case {
    Case::new(format!("ecrecover: {what}"), 1, 3_000, input, Some(output))
}

/// I-100, K-062: success and nothing where there is no signer, with the question asked only if the values are in range.
fn ecrecover() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut parities = [0, 0];
    for seed in 1..=12 {
        let (signer, hash) = (Signer::new(seed), keccak256([seed]));
        let signature = signer.signature(hash);
        let v = u64::from(signature.v());
        parities[usize::from(signature.v())] += 1;
        let input = |v: u64, r: U256, s: U256| {
            [&hash[..], &word(v), &r.to_be_bytes::<32>(), &s.to_be_bytes::<32>()].concat()
        };
        let (r, s) = (signature.r(), signature.s());
        let good = input(27 + v, r, s);
        let who = signer.address().into_word();
        cases.push(recovers("a signature", good.clone(), &who[..]));
        cases.push(recovers("of the twin", input(28 - v, r, ORDER - s), &who[..]));
        cases.push(recovers("more than it reads", [&good[..], &[9; 40]].concat(), &who[..]));
        for v in [0, 1, 26, 29, 27 + 256] {
            cases.push(recovers("v", input(v, r, s), &[]).unasked());
        }
        cases.push(recovers("v has a high bit", with(&good, 32, &[0x80]), &[]).unasked());
        for value in [U256::ZERO, ORDER, ORDER + U256::from(1), U256::MAX] {
            cases.push(recovers("r", input(27 + v, value, s), &[]).unasked());
            cases.push(recovers("s", input(27 + v, r, value), &[]).unasked());
        }
        // There is no point with x = 5.
        cases.push(recovers("r is of no point", input(27 + v, U256::from(5), s), &[]));
        cases.push(recovers("cut in v", good[..63].to_vec(), &[]).unasked());
        cases.push(recovers("cut in r", good[..64].to_vec(), &[]).unasked());
        cases.push(recovers("cut before s", good[..96].to_vec(), &[]).unasked());
    }
    assert!(parities.iter().all(|count| *count > 1), "both parities: {parities:?}");
    cases.push(recovers("nothing", Vec::new(), &[]).unasked());
    cases.push(cut_in_zeros());
    cases
}

/// An input whose last byte is a zero that need not be there.
fn cut_in_zeros() -> Case {
    let signer = Signer::new(1);
    let (hash, signature) = (0_u32..)
        .map(|number| keccak256(number.to_be_bytes()))
        .map(|hash| (hash, signer.signature(hash)))
        .find(|(_, signature)| signature.s().byte(0) == 0)
        .expect("one of 256");
    let (r, s) = (signature.r().to_be_bytes::<32>(), signature.s().to_be_bytes::<32>());
    let input = [&hash[..], &word(27 + u64::from(signature.v())), &r, &s[..31]].concat();
    recovers("a zero is missing", input, &signer.address().into_word()[..])
}

fn verifies(what: &str, input: Vec<u8>, is_valid: bool) -> Case {
    let output: &[u8] = if is_valid { &word(1) } else { &[] };
    Case::new(format!("P256VERIFY: {what}"), P256VERIFY, 3_450, input, Some(output))
}

/// I-093: RIP-7212: nothing where the signature is not valid, and the same price.
fn p256verify() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut noise = Noise(256);
    for seed in 1..=4 {
        let key = p256::ecdsa::SigningKey::from_slice(&[seed; 32]).expect("a key");
        let hash = keccak256(noise.next().to_be_bytes());
        let signature: p256::ecdsa::Signature = key.sign_prehash(&hash[..]).expect("signs");
        let public = key.verifying_key().to_encoded_point(false);
        let good = [&hash[..], &signature.to_bytes(), &public.as_bytes()[1..]].concat();
        cases.push(verifies("a signature", good.clone(), true));
        // Unlike transactions' signatures, those with a large s are as good.
        let s = U256::from_be_slice(&good[64..96]);
        cases.push(verifies("of the twin", with(&good, 64, &(P256_ORDER - s).to_be_bytes::<32>()), true));
        for at in [0, 31, 40, 70, 96, 159] {
            cases.push(verifies("a bit", with(&good, at, &[good[at] ^ 4]), false));
        }
        for (at, value) in [(32, U256::ZERO), (64, U256::ZERO), (32, P256_ORDER), (64, P256_ORDER)] {
            cases.push(verifies("r or s", with(&good, at, &value.to_be_bytes::<32>()), false));
        }
        cases.push(verifies("a key of zeros", with(&good, 96, &[0; 64]), false));
        cases.extend(resized(&good).map(|input| verifies("length", input, false)));
    }
    cases.push(verifies("nothing", Vec::new(), false));
    cases
}
