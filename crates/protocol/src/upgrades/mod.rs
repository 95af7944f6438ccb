//! Network upgrades: the deposits that install a fork's contracts in its activation block (G-050 to G-057).
//!
//! They are ordinary deposits: they pay gas, and stay in the block if they revert (G-056).

mod bundle;

#[cfg(any(test, feature = "fuzz"))]
pub use bundle::fuzz_bundle;
pub use bundle::{BundleError, MAX_BUNDLE_BYTES, decode_bundle};

use crate::forks::Fork;
use alloy_primitives::{B256, Bytes, b256};

/// The gas that Karst's upgrade transactions add to their block (G-041, A-046).
pub const KARST_UPGRADE_GAS: u64 = 55_370_657;

/// What a fork puts into its activation block, after the user deposits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upgrade {
    /// Nothing.
    None,
    /// Transactions that this library carries.
    Builtin(Builtin),
    /// Transactions in a file that the OP monorepo publishes: see [`decode_bundle`].
    Bundle {
        /// The sha256 of the file, by which it is asked for.
        sha256: B256,
        /// What the transactions add to the block's gas limit.
        gas: u64,
    },
}

/// The upgrade transactions of a fork. They belong into its activation block only, and not into genesis (G-057). Where
/// several forks activate in one block, they follow one another in the order of forks.
pub const fn upgrade_transactions(fork: Fork) -> Upgrade {
    match fork {
        Fork::Ecotone => Upgrade::Builtin(Builtin(include_bytes!("ecotone.bin"))), // G-050
        Fork::Fjord => Upgrade::Builtin(Builtin(include_bytes!("fjord.bin"))),     // G-051
        Fork::Isthmus => Upgrade::Builtin(Builtin(include_bytes!("isthmus.bin"))), // G-052
        Fork::Jovian => Upgrade::Builtin(Builtin(include_bytes!("jovian.bin"))),   // G-053
        Fork::Karst => Upgrade::Bundle {
            // G-054
            sha256: b256!("08f5df36f7ff29a9421ab84beebe96684a7455df9a5d234a2468613a4008ad91"),
            gas: KARST_UPGRADE_GAS,
        },
        Fork::Bedrock
        | Fork::Regolith
        | Fork::Canyon
        | Fork::Delta
        | Fork::Granite
        | Fork::Holocene
        | Fork::Lagoon => Upgrade::None,
    }
}

/// What the upgrade transactions of a fork add to the gas limit of its activation block.
pub const fn extra_gas(fork: Fork) -> u64 {
    match upgrade_transactions(fork) {
        Upgrade::Bundle { gas, .. } => gas,
        Upgrade::None | Upgrade::Builtin(_) => 0,
    }
}

/// Encoded transactions that are part of the program.
///
/// ```text
/// | length, 4 bytes, big endian | transaction | length | transaction | ...
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Builtin(&'static [u8]);

impl Builtin {
    /// The transactions in EIP-2718 encoding, in order; they are not copied.
    pub fn transactions(self) -> impl Iterator<Item = Bytes> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let (length, tail) = rest.split_first_chunk()?;
            let (tx, tail) = tail.split_at_checked(u32::from_be_bytes(*length).try_into().ok()?)?;
            rest = tail;
            Some(Bytes::from_static(tx))
        })
    }
}
