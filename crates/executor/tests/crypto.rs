//! A backend's own cryptography, as a zkVM with patched curves installs it. It is the process's, hence a program of its own.

mod common;

use common::Fixture;
use revm::precompile::{DefaultCrypto, PrecompileHalt};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use unroll_executor::{
    BlockExecutor, ExecutionError,
    precompiles::{Crypto, install_crypto},
};

static RECOVERED: AtomicUsize = AtomicUsize::new(0);
static HASHED: AtomicUsize = AtomicUsize::new(0);
static IS_BROKEN: AtomicBool = AtomicBool::new(false);

/// Counts what it is asked for, computes it as usual, and fails when told to.
#[derive(Debug)]
struct Counting;

impl Crypto for Counting {
    fn secp256k1_ecrecover(
        &self,
        signature: &[u8; 64],
        recovery_id: u8,
        message: &[u8; 32],
    ) -> Result<[u8; 32], PrecompileHalt> {
        RECOVERED.fetch_add(1, Relaxed);
        if IS_BROKEN.load(Relaxed) {
            return Err(PrecompileHalt::Secp256k1RecoverFailed);
        }
        DefaultCrypto.secp256k1_ecrecover(signature, recovery_id, message)
    }

    fn sha256(&self, input: &[u8]) -> [u8; 32] {
        HASHED.fetch_add(1, Relaxed);
        DefaultCrypto.sha256(input)
    }
}

/// K-060, I-100: real blocks have their hashes with it; senders are recovered with it, and precompiles computed. Where it fails, a
/// signature is invalid, and so is the payload.
#[test]
fn a_backends_own_cryptography() {
    if common::data().is_none() {
        return;
    }
    assert!(install_crypto(Counting));
    for name in Fixture::names("exec") {
        let mut fixture = Fixture::load("exec", &name);
        let transactions = fixture.attributes.transactions.clone().unwrap_or_default();
        let signed = transactions.iter().filter(|tx| tx.first() != Some(&0x7e)).count();
        let mut run = || {
            let mut executor = BlockExecutor::new(&fixture.cfg, fixture.parent.clone());
            executor.execute(&mut fixture.preimages, &fixture.attributes)
        };
        let before = RECOVERED.load(Relaxed);
        assert_eq!(run().expect(&name).header.hash(), fixture.expected_hash, "{name}");
        assert!(RECOVERED.load(Relaxed) >= before + signed, "{name}: {signed} senders");
        IS_BROKEN.store(true, Relaxed);
        let broken = run();
        IS_BROKEN.store(false, Relaxed);
        assert_eq!(
            matches!(broken, Err(ExecutionError::InvalidPayload(_))),
            signed > 0,
            "{name}: {broken:?}"
        );
    }
    assert!(HASHED.load(Relaxed) > 0, "some block calls the precompile of SHA-256");
}
