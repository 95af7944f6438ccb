//! The system config: what L1 contracts tell the rollup, and how it changes.

use alloy_primitives::{Address, U256};

/// The parameters of EIP-1559 as the system config sets them; both zero means the chain's constants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Eip1559Params {
    /// Maximal change of the base fee per block, as a divisor.
    pub denominator: u32,
    /// Gas limit divided by gas target.
    pub elasticity: u32,
}

/// The operator fee's parameters (A-033, I-030).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OperatorFee {
    /// Fee per gas, in millionths of a wei (Isthmus) or in hundreds of wei (Jovian).
    pub scalar: u32,
    /// Fee per transaction, in wei.
    pub constant: u64,
}

/// What derivation tracks of the L1 SystemConfig contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SystemConfig {
    /// Whose transactions to the inbox count.
    pub batcher: Address,
    /// Bedrock's fee overhead; 0 from Ecotone.
    pub overhead: U256,
    /// The fee scalar as stored: a plain number before Ecotone, a versioned encoding from it.
    pub scalar: U256,
    /// The L2 block gas limit.
    pub gas_limit: u64,
    /// The base fee's parameters, from Holocene.
    pub eip1559: Eip1559Params,
    /// The operator fee, from Isthmus.
    pub operator_fee: OperatorFee,
    /// The least base fee, in wei, from Jovian.
    pub min_base_fee: u64,
    /// Gas per byte of DA footprint, from Jovian; 0 is unset and stands for 400.
    pub da_footprint_gas_scalar: u16,
}
