//! Network upgrades: the deposits that install a fork's contracts in its activation block (G-050 to G-057).

use crate::forks::Fork;

/// The gas that Karst's upgrade transactions add to their block (G-041, A-046).
pub const KARST_UPGRADE_GAS: u64 = 55_370_657;

/// What the upgrade transactions of a fork add to the gas limit of its activation block.
pub const fn extra_gas(fork: Fork) -> u64 {
    match fork {
        Fork::Karst => KARST_UPGRADE_GAS,
        _ => 0,
    }
}
