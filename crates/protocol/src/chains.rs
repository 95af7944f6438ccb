//! The chains that this library knows by their id: constants, so that a program image commits to them and none is
//! parsed at boot. Their fork times are the superchain registry's.

#[rustfmt::skip]
mod generated;

use crate::{
    config::{Genesis, RollupConfig},
    system_config::{Eip1559Params, OperatorFee, SystemConfig},
    units::{BlockId, L2Time},
};
use alloy_primitives::{Address, B256, U256};

/// A chain with the name that people know it by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Such as `OP Mainnet`.
    pub name: &'static str,
    /// The family of chains that share an L1 and upgrades, such as `mainnet`.
    pub network: &'static str,
    /// How it works.
    pub config: RollupConfig,
}

/// Every known chain, by ascending id.
pub fn all() -> impl ExactSizeIterator<Item = &'static Chain> {
    generated::CHAINS.iter()
}

/// The config of the chain with this L2 chain id.
pub fn by_chain_id(id: u64) -> Option<&'static RollupConfig> {
    let index = generated::CHAINS.binary_search_by_key(&id, |chain| chain.config.l2_chain_id).ok()?;
    generated::CHAINS.get(index).map(|chain| &chain.config)
}

/// `(number, hash)` of the first blocks of L1 and L2, and the time of the latter.
const fn genesis(l1: (u64, B256), l2: (u64, B256), l2_time: u64, system_config: SystemConfig) -> Genesis {
    Genesis {
        l1: BlockId { number: l1.0, hash: l1.1 },
        l2: BlockId { number: l2.0, hash: l2.1 },
        l2_time: L2Time(l2_time),
        system_config,
    }
}

/// A system config without what later forks added, as every registered chain starts with.
const fn system(batcher: Address, overhead: U256, scalar: U256, gas_limit: u64) -> SystemConfig {
    SystemConfig {
        batcher,
        overhead,
        scalar,
        gas_limit,
        eip1559: Eip1559Params { denominator: 0, elasticity: 0 },
        operator_fee: OperatorFee { scalar: 0, constant: 0 },
        min_base_fee: 0,
        da_footprint_gas_scalar: 0,
    }
}
