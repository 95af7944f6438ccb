//! Every precompile with curves of a backend's own (K-060, I-100). What is installed is the process's, hence a program of its own.

mod common;
mod curves;

use c_kzg::Bytes48;
use curves::{Case, FORKS, cases, chain, limits, run};
use revm::precompile::{
    Crypto, DefaultCrypto, PrecompileHalt,
    bls12_381::{G1Point, G1PointScalar, G2Point, G2PointScalar},
};
use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering::Relaxed},
};
use unroll_executor::precompiles::install_crypto;
use unroll_protocol::forks::Fork;

static CALLED: Mutex<[usize; 13]> = Mutex::new([0; 13]);
static IS_BROKEN: AtomicBool = AtomicBool::new(false);

/// Counts what it is asked for, computes it, and fails when told to.
#[derive(Debug)]
struct Own;

fn counted<T>(
    method: usize,
    compute: impl FnOnce() -> Result<T, PrecompileHalt>,
) -> Result<T, PrecompileHalt> {
    CALLED.lock().expect("nobody panics with it")[method] += 1;
    if IS_BROKEN.load(Relaxed) { Err(PrecompileHalt::other_static("broken")) } else { compute() }
}

type Halts<T> = Result<T, PrecompileHalt>;

impl Crypto for Own {
    fn bn254_g1_add(&self, p: &[u8], q: &[u8]) -> Halts<[u8; 64]> {
        counted(0, || DefaultCrypto.bn254_g1_add(p, q))
    }

    fn bn254_g1_mul(&self, point: &[u8], scalar: &[u8]) -> Halts<[u8; 64]> {
        counted(1, || DefaultCrypto.bn254_g1_mul(point, scalar))
    }

    fn bn254_pairing_check(&self, pairs: &[(&[u8], &[u8])]) -> Halts<bool> {
        counted(2, || DefaultCrypto.bn254_pairing_check(pairs))
    }

    fn secp256k1_ecrecover(&self, signature: &[u8; 64], id: u8, hash: &[u8; 32]) -> Halts<[u8; 32]> {
        counted(3, || DefaultCrypto.secp256k1_ecrecover(signature, id, hash))
    }

    fn secp256r1_verify_signature(&self, hash: &[u8; 32], signature: &[u8; 64], key: &[u8; 64]) -> bool {
        let verify = || Ok(DefaultCrypto.secp256r1_verify_signature(hash, signature, key));
        counted(4, verify).unwrap_or(false)
    }

    /// Another library than the default's.
    fn verify_kzg_proof(
        &self,
        z: &[u8; 32],
        y: &[u8; 32],
        commitment: &[u8; 48],
        proof: &[u8; 48],
    ) -> Halts<()> {
        counted(5, || {
            let [commitment, proof] = [commitment, proof].map(|bytes| Bytes48::new(*bytes));
            let settings = c_kzg::ethereum_kzg_settings(0);
            match settings.verify_kzg_proof(&commitment, &(*z).into(), &(*y).into(), &proof) {
                Ok(true) => Ok(()),
                Ok(false) | Err(_) => Err(PrecompileHalt::BlobVerifyKzgProofFailed),
            }
        })
    }

    fn bls12_381_g1_add(&self, p: G1Point, q: G1Point) -> Halts<[u8; 96]> {
        counted(6, || DefaultCrypto.bls12_381_g1_add(p, q))
    }

    fn bls12_381_g1_msm(&self, pairs: &mut dyn Iterator<Item = Halts<G1PointScalar>>) -> Halts<[u8; 96]> {
        counted(7, || DefaultCrypto.bls12_381_g1_msm(pairs))
    }

    fn bls12_381_g2_add(&self, p: G2Point, q: G2Point) -> Halts<[u8; 192]> {
        counted(8, || DefaultCrypto.bls12_381_g2_add(p, q))
    }

    fn bls12_381_g2_msm(&self, pairs: &mut dyn Iterator<Item = Halts<G2PointScalar>>) -> Halts<[u8; 192]> {
        counted(9, || DefaultCrypto.bls12_381_g2_msm(pairs))
    }

    fn bls12_381_pairing_check(&self, pairs: &[(G1Point, G2Point)]) -> Halts<bool> {
        counted(10, || DefaultCrypto.bls12_381_pairing_check(pairs))
    }

    fn bls12_381_fp_to_g1(&self, fp: &[u8; 48]) -> Halts<[u8; 96]> {
        counted(11, || DefaultCrypto.bls12_381_fp_to_g1(fp))
    }

    fn bls12_381_fp2_to_g2(&self, fp: ([u8; 48], [u8; 48])) -> Halts<[u8; 192]> {
        counted(12, || DefaultCrypto.bls12_381_fp2_to_g2(fp))
    }
}

/// The cases with one unit of gas too little, enough, and more, of which the outcome is not the expected one.
fn surprises(fork: Fork, cases: &[Case]) -> Vec<&Case> {
    let calls: Vec<_> = cases
        .iter()
        .flat_map(|case| [-1, 0, 9].map(|more| (case, case.price(fork).saturating_add_signed(more))))
        .collect();
    let chain = chain(fork);
    let outcomes = run(&chain, fork, &calls, &mut chain.provider.clone());
    let differ = calls.iter().zip(outcomes).filter(|((case, gas), seen)| *seen != case.outcome(fork, *gas));
    differ.map(|((case, _), _)| *case).collect()
}

/// I-100, K-060: with all curves of its own a backend gets what everybody gets; and its own is what is used.
#[test]
fn every_curve_may_be_a_backends_own() {
    assert!(install_crypto(Own));
    let cases = cases();
    for fork in FORKS {
        let all = [&cases[..], &limits(fork)].concat();
        let differ: Vec<_> = surprises(fork, &all).iter().map(|case| case.what.clone()).collect();
        assert_eq!(differ, Vec::<String>::new(), "{fork}");
    }
    let called = *CALLED.lock().expect("nobody panics with it");
    assert!(called.iter().all(|count| *count > 10), "{called:?}");
    IS_BROKEN.store(true, Relaxed);
    let broken = surprises(Fork::Jovian, &cases);
    for case in &cases {
        // Products without a point need no curve.
        let succeeds = case.output.as_ref().is_some_and(|output| !output.is_empty());
        let is_trivial = case.input.iter().all(|byte| *byte == 0);
        if succeeds && !is_trivial {
            let count =
                broken.iter().filter(|other| other.what == case.what && other.input == case.input).count();
            assert!(count >= 2, "{}: {count}", case.what);
        }
    }
}
