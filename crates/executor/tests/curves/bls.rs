//! BLS12-381 (EIP-2537).

use std::slice::from_ref;

use alloy_primitives::U256;
use ark_bls12_381::{Fq, Fq2, Fr, G1Affine, G2Affine, g1, g2};
use ark_ec::{
    AffineRepr, CurveGroup,
    hashing::{curve_maps::wb::WBMap, map_to_curve_hasher::MapToCurve},
    short_weierstrass::{Affine, SWCurveConfig},
};
use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField};
use unroll_testing::noise::Noise;

use super::{Case, resized, with, word};

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for seed in 1..=2 {
        let mut noise = Noise(seed);
        let [p, q, r] = [(); 3].map(|()| (G1Affine::generator() * scalar(&mut noise)).into_affine());
        let outside = stranger(&mut noise, Fq::from);
        G1.add([p, q], outside, &mut cases);
        G1.multiply(&mut noise, [p, q, r], outside, &mut cases);
        let [p, q, r] = [(); 3].map(|()| (G2Affine::generator() * scalar(&mut noise)).into_affine());
        let field = |x: u64| Fq2::new(Fq::from(x), Fq::from(x.rotate_left(9)));
        let outside = stranger(&mut noise, field);
        G2.add([p, q], outside, &mut cases);
        G2.multiply(&mut noise, [p, q, r], outside, &mut cases);
        pairing(&mut noise, &mut cases);
        no_pairing(&mut noise, &mut cases);
        map(&mut noise, &mut cases);
    }
    cases
}

/// What the precompiles of a group are, and what they cost.
struct Group<C: SWCurveConfig> {
    name: &'static str,
    add: u64,
    add_price: u64,
    msm: u64,
    /// Of one, two, and three products: with the discounts of EIP-2537.
    msm_prices: [u64; 3],
    encode: fn(Affine<C>) -> Vec<u8>,
}

const G1: Group<g1::Config> = Group {
    name: "G1",
    add: 0xb,
    add_price: 375,
    msm: 0xc,
    msm_prices: [12_000, 2 * 12_000 * 949 / 1_000, 3 * 12_000 * 848 / 1_000],
    encode: encode1,
};

const G2: Group<g2::Config> = Group {
    name: "G2",
    add: 0xd,
    add_price: 600,
    msm: 0xe,
    msm_prices: [22_500, 2 * 22_500, 3 * 22_500 * 923 / 1_000],
    encode: encode2,
};

fn scalar(noise: &mut Noise) -> Fr {
    let bytes = [(); 4].map(|()| noise.next().to_be_bytes()).concat();
    Fr::from_be_bytes_mod_order(&bytes)
}

/// A number of the field: 16 zeros and 48 bytes.
fn number(number: Fq) -> Vec<u8> {
    [vec![0; 16], number.into_bigint().to_bytes_be()].concat()
}

/// Of 128 bytes; the point at infinity is zeros.
pub fn encode1(point: G1Affine) -> Vec<u8> {
    point.xy().map_or(vec![0; 128], |(x, y)| [number(x), number(y)].concat())
}

/// Of 256 bytes, real parts first.
pub fn encode2(point: G2Affine) -> Vec<u8> {
    point
        .xy()
        .map_or(vec![0; 256], |(x, y)| [number(x.c0), number(x.c1), number(y.c0), number(y.c1)].concat())
}

/// A number of 64 bytes that is the same modulo p, and not below it.
fn beyond(field: &[u8]) -> Vec<u8> {
    let mut sum = Fq::MODULUS;
    let bits: Vec<bool> =
        field.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1)).collect();
    let carry = sum.add_with_carry(&BigInteger::from_bits_be(&bits));
    assert!(!carry, "384 bits hold 2p");
    [vec![0; 16], sum.to_bytes_be()].concat()
}

/// A point of the curve, and not of the group.
fn stranger<C: SWCurveConfig>(noise: &mut Noise, field: impl Fn(u64) -> C::BaseField) -> Affine<C> {
    loop {
        if let Some(point) = Affine::get_point_from_x_unchecked(field(noise.next()), true) {
            assert!(point.is_on_curve() && !point.is_in_correct_subgroup_assuming_on_curve());
            return point;
        }
    }
}

/// Ways to spoil the encoding of a point. Each word of 64 bytes begins with 16 zeros.
fn spoilt(point: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut out = Vec::new();
    for at in (0..point.len()).step_by(64) {
        out.push(("off the curve", with(point, at + 63, &[point[at + 63] ^ 1])));
        out.push(("padding, first", with(point, at, &[1])));
        out.push(("padding, last", with(point, at + 15, &[1])));
        out.push(("not below p", with(point, at, &beyond(&point[at..at + 64]))));
        out.push(("p for zero", with(&vec![0; point.len()], at, &beyond(&[0]))));
    }
    out
}

impl<C: SWCurveConfig<ScalarField = Fr>> Group<C> {
    fn sum(&self, what: &str, input: Vec<u8>, sum: Option<Affine<C>>) -> Case {
        let sum = sum.map(self.encode);
        Case::new(format!("{} add: {what}", self.name), self.add, self.add_price, input, sum.as_deref())
    }

    /// The sum of any points of the curve, of the group or not.
    fn add(&self, [p, q]: [Affine<C>; 2], stranger: Affine<C>, cases: &mut Vec<Case>) {
        let (encode, zero) = (self.encode, Affine::zero());
        let pair = |p, q| [encode(p), encode(q)].concat();
        for (what, p, q) in [
            ("two", p, q),
            ("doubled", p, p),
            ("opposite", p, -p),
            ("none", p, zero),
            ("to none", zero, q),
            ("none at all", zero, zero),
            ("outside the group", stranger, q),
            ("outside the group, doubled", stranger, stranger),
            ("outside the group, opposite", stranger, -stranger),
        ] {
            cases.push(self.sum(what, pair(p, q), Some((p + q).into_affine())));
        }
        for (what, bad) in spoilt(&encode(p)) {
            cases.push(self.sum(what, [&bad[..], &encode(q)].concat(), None));
            cases.push(self.sum(what, [&encode(q)[..], &bad].concat(), None));
        }
        cases.push(self.sum("nothing", Vec::new(), None).unasked());
        cases.push(self.sum("one", encode(p), None).unasked());
        cases.extend(resized(&pair(p, q)).map(|input| self.sum("length", input, None).unasked()));
    }

    fn product(&self, what: &str, input: Vec<u8>, product: Option<Affine<C>>) -> Case {
        let count = (input.len() / (32 + (self.encode)(Affine::zero()).len())).clamp(1, 3);
        let price = self.msm_prices[count - 1];
        let product = product.map(self.encode);
        Case::new(format!("{} MSM: {what}", self.name), self.msm, price, input, product.as_deref())
    }

    /// The sum of products of points of the group.
    fn multiply(
        &self,
        noise: &mut Noise,
        points: [Affine<C>; 3],
        stranger: Affine<C>,
        cases: &mut Vec<Case>,
    ) {
        let encode = self.encode;
        let order = U256::from_be_slice(&Fr::MODULUS.to_bytes_be());
        let (p, zero) = (points[0], Affine::zero());
        let mut random = || U256::from_be_slice(&scalar(noise).into_bigint().to_bytes_be());
        let terms = points.map(|point| (point, random()));
        let lists = [
            ("one", vec![terms[0]]),
            ("two", terms[..2].to_vec()),
            ("three", terms.to_vec()),
            ("one point twice", vec![terms[0], (p, U256::from(7))]),
            ("that cancel", vec![(p, U256::from(7)), (-p, U256::from(7))]),
            ("by zero", vec![(p, U256::ZERO)]),
            ("by one", vec![(p, U256::from(1))]),
            ("by the order", vec![(p, order)]),
            ("by more than the order", vec![(p, order + U256::from(5)), terms[1]]),
            ("by the largest", vec![(p, U256::MAX)]),
            ("of none", vec![(zero, terms[0].1)]),
            ("of none and one", vec![(zero, U256::from(3)), terms[1]]),
        ];
        let term = |point: &[u8], factor: U256| [point, &factor.to_be_bytes::<32>()[..]].concat();
        for (what, list) in lists {
            let input: Vec<_> = list.iter().map(|(point, factor)| term(&encode(*point), *factor)).collect();
            let factor = |factor: &U256| Fr::from_be_bytes_mod_order(&factor.to_be_bytes::<32>());
            let sum =
                list.iter().map(|(point, by)| *point * factor(by)).fold(zero, |a, b| (b + a).into_affine());
            cases.push(self.product(what, input.concat(), Some(sum)));
        }
        let mut bad = spoilt(&encode(p));
        bad.push(("outside the group", encode(stranger)));
        for (what, bad) in bad {
            for by in [U256::ZERO, terms[0].1] {
                cases.push(self.product(what, term(&bad, by), None));
            }
            cases.push(self.product(what, [term(&encode(p), terms[0].1), term(&bad, order)].concat(), None));
        }
        cases.push(self.product("nothing", Vec::new(), None).unasked());
        let lengths = resized(&term(&encode(p), order));
        cases.extend(lengths.map(|input| self.product("length", input, None).unasked()));
    }
}

fn pairs(case: &str, pairs: &[(Vec<u8>, Vec<u8>)], product: Option<bool>) -> Case {
    let input = pairs.iter().flat_map(|(p, q)| [&p[..], &q[..]]).collect::<Vec<_>>().concat();
    let output = product.map(|product| word(product.into()));
    let price = 37_700 + 32_600 * pairs.len() as u64;
    Case::new(format!("BLS pairing: {case}"), 0xf, price, input, output.as_ref().map(|word| &word[..]))
}

fn pairing(noise: &mut Noise, cases: &mut Vec<Case>) {
    let (p, q) = (G1Affine::generator(), G2Affine::generator());
    let (a, b, c) = (scalar(noise), scalar(noise), scalar(noise));
    let pair = |a: Fr, b: Fr| (encode1((p * a).into_affine()), encode2((q * b).into_affine()));
    let (one, zero) = (Fr::ONE, Fr::ZERO);
    cases.extend([
        pairs("two that cancel", &[pair(a, b), pair(-(a * b), one)], Some(true)),
        pairs("two that do not", &[pair(a, b), pair(a * b, one)], Some(false)),
        pairs("one", &[pair(a, b)], Some(false)),
        pairs("three that cancel", &[pair(a, b), pair(c, -b), pair(c - a, b)], Some(true)),
        pairs("three that do not", &[pair(a, b), pair(c, b), pair(c - a, b)], Some(false)),
        pairs("of nothing", &[pair(zero, zero)], Some(true)),
        pairs("infinity on the left", &[pair(zero, b)], Some(true)),
        pairs("infinity on the right", &[pair(a, zero)], Some(true)),
        pairs("infinity and one", &[pair(a, zero), pair(a, b)], Some(false)),
        pairs("infinity and two that cancel", &[pair(zero, b), pair(a, b), pair(-a, b)], Some(true)),
    ]);
}

fn no_pairing(noise: &mut Noise, cases: &mut Vec<Case>) {
    let left = encode1((G1Affine::generator() * scalar(noise)).into_affine());
    let right = encode2((G2Affine::generator() * scalar(noise)).into_affine());
    let (no_left, no_right) = (vec![0; 128], vec![0; 256]);
    let good = (left.clone(), right.clone());
    let mut push = |what: &str, left: &[u8], right: &[u8]| {
        let bad = (left.to_vec(), right.to_vec());
        cases.push(pairs(what, from_ref(&bad), None));
        cases.push(pairs(what, &[good.clone(), bad], None));
    };
    let mut bad = spoilt(&left);
    bad.push(("outside the group", encode1(stranger(noise, Fq::from))));
    for (what, bad) in bad {
        push(what, &bad, &right);
        push(what, &bad, &no_right);
    }
    let mut bad = spoilt(&right);
    bad.push(("outside the group", encode2(stranger(noise, Fq2::from))));
    for (what, bad) in bad {
        push(what, &left, &bad);
        push(what, &no_left, &bad);
    }
    cases.push(pairs("nothing", &[], None).unasked());
    for input in resized(&[left, right].concat()) {
        cases.push(Case { input, ..pairs("length", from_ref(&good), None) }.unasked());
    }
}

fn map(noise: &mut Noise, cases: &mut Vec<Case>) {
    let mut random = || Fq::from_be_bytes_mod_order(&[(); 6].map(|()| noise.next().to_be_bytes()).concat());
    let mut map = |group: u64, what: &str, input: Vec<u8>, output: Option<&[u8]>| {
        let (address, price, length) = if group == 1 { (0x10, 5_500, 64) } else { (0x11, 23_800, 128) };
        let is_asked = input.len() == length;
        let case = Case::new(format!("map to G{group}: {what}"), address, price, input, output);
        cases.push(Case { is_asked, ..case });
    };
    let (a, b) = (random(), random());
    for fp in [a, -a, b, Fq::ZERO, Fq::ONE, -Fq::ONE] {
        let point: G1Affine = WBMap::map_to_curve(fp).expect("every number is mapped");
        let point = point.clear_cofactor();
        assert!(point.is_on_curve() && point.is_in_correct_subgroup_assuming_on_curve());
        map(1, "a number", number(fp), Some(&encode1(point)));
    }
    for (what, input) in no_numbers(&number(a)) {
        map(1, what, input, None);
    }
    for (c0, c1) in [(a, b), (-a, -b), (b, Fq::ZERO), (Fq::ZERO, b), (Fq::ZERO, Fq::ZERO)] {
        let point: G2Affine = WBMap::map_to_curve(Fq2::new(c0, c1)).expect("every number is mapped");
        let point = point.clear_cofactor();
        assert!(point.is_on_curve() && point.is_in_correct_subgroup_assuming_on_curve());
        map(2, "a number", [number(c0), number(c1)].concat(), Some(&encode2(point)));
    }
    for (what, input) in no_numbers(&number(a)) {
        map(2, what, [&input[..], &number(b)].concat(), None);
        map(2, what, [&number(b)[..], &input].concat(), None);
    }
}

/// What is no number of the field, and what is none because of its length.
fn no_numbers(good: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut out = vec![
        ("padding, first", with(good, 0, &[1])),
        ("padding, last", with(good, 15, &[1])),
        ("not below p", beyond(good)),
        ("p for zero", beyond(&[0])),
        ("the largest", [[0; 16].to_vec(), [0xff; 48].to_vec()].concat()),
    ];
    out.extend(resized(good).map(|input| ("length", input)));
    out
}
