//! The attributes copy of the system config, rebuilt for every block from the block before it.

use super::{Block, End, activates, active};
use alloy_primitives::U256;
use unroll_protocol::{
    config::RollupConfig,
    forks::Fork,
    system_config::{ConfigUpdate, Eip1559Params, OperatorFee, SystemConfig},
};

/// The gas of the Karst upgrade transactions.
pub const KARST_UPGRADE_GAS: u64 = 55_370_657;

/// The config for the block after `parent`; `updates` are the new origin's, if the epoch changes.
pub fn of_block(
    cfg: &RollupConfig,
    parent: &Block,
    updates: Option<&[ConfigUpdate]>,
) -> Result<SystemConfig, End> {
    let mut system = rebuilt(cfg, parent)?;
    for update in updates.into_iter().flatten() {
        match *update {
            ConfigUpdate::Batcher(batcher) => system.batcher = batcher,
            ConfigUpdate::Fees { overhead, scalar } => (system.overhead, system.scalar) = (overhead, scalar),
            ConfigUpdate::GasLimit(limit) => system.gas_limit = limit,
            ConfigUpdate::UnsafeBlockSigner(_) => {}
            ConfigUpdate::Eip1559(params) => system.eip1559 = params,
            ConfigUpdate::OperatorFee(fee) => system.operator_fee = fee,
            ConfigUpdate::MinBaseFee(fee) => system.min_base_fee = fee,
            ConfigUpdate::DaFootprintGasScalar(scalar) => system.da_footprint_gas_scalar = scalar,
        }
    }
    let time = parent.time + cfg.block_time;
    if writes(cfg, Fork::Ecotone, time) {
        let word = system.scalar.to_be_bytes::<32>();
        match word[0] {
            0 => {}
            1 if word[1..24] == [0; 23] => {}
            1 => return Err(End::Critical("A-031")),
            _ => return Err(End::Critical("A-030")),
        }
    }
    Ok(system)
}

/// What the block itself says about the config that it was built with.
fn rebuilt(cfg: &RollupConfig, block: &Block) -> Result<SystemConfig, End> {
    if block.number == cfg.genesis.l2.number {
        return Ok(cfg.genesis.system_config);
    }
    let said = &block.system;
    let mut system = SystemConfig { batcher: said.batcher, gas_limit: said.gas_limit, ..Default::default() };
    //
    if writes(cfg, Fork::Ecotone, block.time) {
        system.scalar = versioned(said.scalar);
    } else {
        (system.overhead, system.scalar) = (said.overhead, said.scalar);
    }
    if writes(cfg, Fork::Isthmus, block.time) {
        let OperatorFee { scalar, constant } = said.operator_fee;
        system.operator_fee = OperatorFee { scalar, constant };
    }
    if writes(cfg, Fork::Jovian, block.time) {
        // G-029
        system.da_footprint_gas_scalar = match said.da_footprint_gas_scalar {
            0 => 400,
            scalar => scalar,
        };
    }
    // From the header's extra data: what the attributes said, or the constants where they said nothing (A-032, G-044)
    if active(cfg, Fork::Holocene, block.time) {
        let activation = activates(cfg, Fork::Holocene, block.time);
        system.eip1559 = if activation || said.eip1559 == Eip1559Params::default() {
            Eip1559Params {
                denominator: cfg.base_fee.denominator_canyon,
                elasticity: cfg.base_fee.elasticity,
            }
        } else {
            said.eip1559
        };
    }
    if active(cfg, Fork::Jovian, block.time) {
        system.min_base_fee = said.min_base_fee;
    }
    //
    if cfg.keep_karst_upgrade_gas && activates(cfg, Fork::Karst, block.time) {
        system.gas_limit += KARST_UPGRADE_GAS;
    }
    Ok(system)
}

/// Whether the L1 info of the block at this time is written as the fork does: one block late (G-030).
pub fn writes(cfg: &RollupConfig, fork: Fork, time: u64) -> bool {
    active(cfg, fork, time) && !activates(cfg, fork, time)
}

/// any stored scalar as version 1.
pub fn versioned(scalar: U256) -> U256 {
    let word = scalar.to_be_bytes::<32>();
    let mut versioned = [0; 32];
    versioned[0] = 1;
    versioned[28..].copy_from_slice(&word[28..]);
    if word[0] == 1 {
        versioned[24..28].copy_from_slice(&word[24..28]);
    } else if word[1..28].iter().any(|&byte| byte != 0) {
        versioned[28..].fill(0xff);
    }
    U256::from_be_bytes(versioned)
}
