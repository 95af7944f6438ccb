//! The curve of EIP-196 and EIP-197.

use std::slice::from_ref;

use alloy_primitives::U256;
use ark_bn254::{Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField};
use unroll_testing::noise::Noise;

use super::{Case, resized, with, word};

const ADD: u64 = 6;
const MUL: u64 = 7;
const PAIRING: u64 = 8;

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for seed in 1..=3 {
        let mut noise = Noise(seed);
        add(&mut noise, &mut cases);
        mul(&mut noise, &mut cases);
        pairing(&mut noise, &mut cases);
        no_pairing(&mut noise, &mut cases);
    }
    cases
}

fn scalar(noise: &mut Noise) -> Fr {
    let bytes = [(); 4].map(|()| noise.next().to_be_bytes()).concat();
    Fr::from_be_bytes_mod_order(&bytes)
}

fn point(noise: &mut Noise) -> G1Affine {
    (G1Affine::generator() * scalar(noise)).into_affine()
}

fn bytes(number: impl PrimeField) -> Vec<u8> {
    number.into_bigint().to_bytes_be()
}

/// Of 64 bytes; the point at infinity is zeros.
pub fn g1(point: G1Affine) -> Vec<u8> {
    point.xy().map_or(vec![0; 64], |(x, y)| [bytes(x), bytes(y)].concat())
}

/// Of 128 bytes, imaginary parts first.
pub fn g2(point: G2Affine) -> Vec<u8> {
    point.xy().map_or(vec![0; 128], |(x, y)| [bytes(x.c1), bytes(x.c0), bytes(y.c1), bytes(y.c0)].concat())
}

/// A number that is the same modulo p, and not below it.
fn beyond(field: &[u8]) -> [u8; 32] {
    let p = U256::from_be_slice(&Fq::MODULUS.to_bytes_be());
    (U256::from_be_slice(field) + p).to_be_bytes()
}

fn add(noise: &mut Noise, cases: &mut Vec<Case>) {
    let (p, q) = (point(noise), point(noise));
    let zero = G1Affine::zero();
    let mut push = |what: &str, input: Vec<u8>, sum: Option<G1Affine>| {
        let sum = sum.map(g1);
        cases.push(Case::new(format!("bn256 add: {what}"), ADD, 150, input, sum.as_deref()));
    };
    let pair = |p, q| [g1(p), g1(q)].concat();
    for (what, p, q) in [
        ("two", p, q),
        ("doubled", p, p),
        ("opposite", p, -p),
        ("none", p, zero),
        ("none at all", zero, zero),
    ] {
        push(what, pair(p, q), Some((p + q).into_affine()));
    }
    push("padded with zeros", g1(p), Some(p));
    push("nothing", Vec::new(), Some(zero));
    push("more than it reads", [&pair(p, q)[..], &[7; 5]].concat(), Some((p + q).into_affine()));
    let input = pair(p, q);
    for at in [31, 63, 95, 127] {
        push("off the curve", with(&input, at, &[input[at] ^ 1]), None);
    }
    for at in [0, 32, 64, 96] {
        push("not below p", with(&input, at, &beyond(&input[at..at + 32])), None);
    }
    push("cut", input[..127].to_vec(), None);
}

fn mul(noise: &mut Noise, cases: &mut Vec<Case>) {
    let p = point(noise);
    let mut push = |what: &str, input: Vec<u8>, product: Option<G1Affine>| {
        let product = product.map(g1);
        cases.push(Case::new(format!("bn256 mul: {what}"), MUL, 6_000, input, product.as_deref()));
    };
    let order = U256::from_be_slice(&Fr::MODULUS.to_bytes_be());
    let random = U256::from_be_slice(&bytes(scalar(noise)));
    for factor in [random, random + order, U256::ZERO, U256::from(1), order - U256::from(1), order, U256::MAX]
    {
        let factor = factor.to_be_bytes::<32>();
        let product = (p * Fr::from_be_bytes_mod_order(&factor)).into_affine();
        push("a point", [&g1(p)[..], &factor].concat(), Some(product));
        push("of none", [&[0; 64][..], &factor].concat(), Some(G1Affine::zero()));
    }
    push("padded with zeros", g1(p), Some(G1Affine::zero()));
    let input = [g1(p), word(2).to_vec()].concat();
    push("more than it reads", [&input[..], &[7; 50]].concat(), Some((p + p).into_affine()));
    push("off the curve", with(&input, 63, &[input[63] ^ 1]), None);
    push("not below p", with(&input, 0, &beyond(&input[..32])), None);
}

fn pairs(case: &str, pairs: &[(Vec<u8>, Vec<u8>)], product: Option<bool>) -> Case {
    let input = pairs.iter().flat_map(|(p, q)| [&p[..], &q[..]]).collect::<Vec<_>>().concat();
    let output = product.map(|product| word(product.into()));
    let price = 45_000 + 34_000 * pairs.len() as u64;
    Case::new(format!("bn256 pairing: {case}"), PAIRING, price, input, output.as_ref().map(|word| &word[..]))
}

/// EIP-197: e(aP, bQ) · e(-abP, Q) is 1.
fn pairing(noise: &mut Noise, cases: &mut Vec<Case>) {
    let (p, q) = (G1Affine::generator(), G2Affine::generator());
    let (a, b, c) = (scalar(noise), scalar(noise), scalar(noise));
    let pair = |a: Fr, b: Fr| (g1((p * a).into_affine()), g2((q * b).into_affine()));
    let (none, one, zero) = ((vec![0; 64], vec![0; 128]), Fr::ONE, Fr::ZERO);
    cases.extend([
        pairs("two that cancel", &[pair(a, b), pair(-(a * b), one)], Some(true)),
        pairs("two that do not", &[pair(a, b), pair(a * b, one)], Some(false)),
        pairs("one", &[pair(a, b)], Some(false)),
        pairs("three that cancel", &[pair(a, b), pair(c, -b), pair(c - a, b)], Some(true)),
        pairs("three that do not", &[pair(a, b), pair(c, b), pair(c - a, b)], Some(false)),
        pairs("none", &[], Some(true)),
        pairs("of nothing", &[none.clone(), none.clone()], Some(true)),
        pairs("infinity on the left", &[pair(zero, b)], Some(true)),
        pairs("infinity on the right", &[pair(a, zero)], Some(true)),
        pairs("infinity and one", &[pair(a, zero), pair(a, b)], Some(false)),
        pairs("infinity and two that cancel", &[none, pair(a, b), pair(-a, b)], Some(true)),
    ]);
}

/// A point of the twist that no multiple of the generator is.
fn stranger(noise: &mut Noise) -> G2Affine {
    loop {
        let x = Fq2::new(Fq::from(noise.next()), Fq::from(noise.next()));
        if let Some(point) = G2Affine::get_point_from_x_unchecked(x, true) {
            assert!(point.is_on_curve() && !point.is_in_correct_subgroup_assuming_on_curve());
            return point;
        }
    }
}

fn no_pairing(noise: &mut Noise, cases: &mut Vec<Case>) {
    let (p, q, stranger) = (point(noise), G2Affine::generator(), stranger(noise));
    let (left, right) = (g1(p), g2((q * scalar(noise)).into_affine()));
    let (no_left, no_right) = (vec![0; 64], vec![0; 128]);
    let good = (left.clone(), right.clone());
    let mut push = |what: &str, left: &[u8], right: &[u8]| {
        let bad = (left.to_vec(), right.to_vec());
        cases.push(pairs(what, from_ref(&bad), None));
        cases.push(pairs(what, &[good.clone(), bad], None));
    };
    push("another subgroup", &left, &g2(stranger));
    push("another subgroup and infinity", &no_left, &g2(stranger));
    let off_left = with(&left, 63, &[left[63] ^ 1]);
    push("off the curve", &off_left, &right);
    push("off the curve and infinity", &off_left, &no_right);
    for at in [31, 63, 95, 127] {
        push("off the twist", &left, &with(&right, at, &[right[at] ^ 1]));
    }
    for at in [0, 32] {
        push("not below p", &with(&left, at, &beyond(&left[at..at + 32])), &right);
        push("p for zero", &with(&no_left, at, &beyond(&[0; 32])), &right);
    }
    for at in [0, 32, 64, 96] {
        push("not below p", &left, &with(&right, at, &beyond(&right[at..at + 32])));
    }
    for input in resized(&[left, right].concat()) {
        cases.push(Case { input, ..pairs("length", from_ref(&good), None) }.unasked());
    }
}
