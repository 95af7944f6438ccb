//! From attributes and parent to the environment of a block: which rules, which base fee, which extra data.

use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes, U256};
use op_alloy_rpc_types_engine::OpPayloadAttributes;
use op_revm::OpSpecId;
use revm::{
    context::{BlockEnv, CfgEnv},
    context_interface::block::BlobExcessGasAndPrice,
};
use unroll_protocol::{
    config::RollupConfig,
    extra_data::BaseFeeSettings,
    forks::{ExecutionRules, ExtraData, Fork},
    system_config::Eip1559Params,
    units::L2Time,
};

use crate::{AttributesError, ParentError};

/// What a chain's first block after the merge-like Bedrock transition starts with, in wei (I-067).
const INITIAL_BASE_FEE: u64 = 1_000_000_000;

/// EIP-7825: the most gas that a transaction may ask for, from Karst (I-098).
const TRANSACTION_GAS_CAP: u64 = 16_777_216;

/// Everything about a block that is known before its first transaction.
#[derive(Clone, Debug)]
pub(crate) struct BlockSetting {
    pub(crate) rules: &'static ExecutionRules,
    pub(crate) spec: OpSpecId,
    pub(crate) number: u64,
    pub(crate) time: L2Time,
    pub(crate) gas_limit: u64,
    pub(crate) base_fee: u64,
    pub(crate) extra_data: Bytes,
    pub(crate) beacon_root: Option<B256>,
    /// Of each non-deposit; `None` is unlimited.
    pub(crate) transaction_gas_cap: Option<u64>,
    /// The block takes deposits only (I-102).
    pub(crate) deposits_only: bool,
    /// The code of the create2 deployer is set (I-080).
    pub(crate) deploys_create2: bool,
}

/// Why a block's setting cannot be made.
pub(crate) enum SettingError {
    Attributes(AttributesError),
    Parent(ParentError),
}

impl From<AttributesError> for SettingError {
    fn from(error: AttributesError) -> Self {
        Self::Attributes(error)
    }
}

impl From<ParentError> for SettingError {
    fn from(error: ParentError) -> Self {
        Self::Parent(error)
    }
}

impl BlockSetting {
    /// H-015: a payload that was cut down to its deposits has the same setting.
    pub(crate) fn new(
        cfg: &RollupConfig,
        parent: &Header,
        attributes: &OpPayloadAttributes,
    ) -> Result<Self, SettingError> {
        let time = L2Time(attributes.payload_attributes.timestamp);
        if time.0 <= parent.timestamp {
            return Err(AttributesError::Timestamp { timestamp: time.0, parent: parent.timestamp }.into());
        }
        let rules = cfg.forks.execution(time);
        check_presence(rules, attributes)?;
        let spec = evm_spec(rules.fork);
        let mut activating = cfg.forks.activating(time, cfg.block_time);
        // I-102, F-020
        let deposits_only = activating.any(|fork| ExecutionRules::of(fork).empty_activation_block);
        // I-080: on the first block with Canyon. op-geth asks for the exact time, which every known chain hits.
        let deploys_create2 = cfg.forks.activating(time, cfg.block_time).any(|fork| fork == Fork::Canyon);
        Ok(Self {
            rules,
            spec,
            number: parent.number.checked_add(1).ok_or(ParentError::Number)?,
            time,
            gas_limit: attributes.gas_limit.ok_or(AttributesError::NoGasLimit)?,
            base_fee: next_base_fee(cfg, parent, rules)?,
            extra_data: extra_data(cfg, rules, attributes)?,
            beacon_root: attributes.payload_attributes.parent_beacon_block_root,
            transaction_gas_cap: spec.is_enabled_in(OpSpecId::KARST).then_some(TRANSACTION_GAS_CAP),
            deposits_only,
            deploys_create2,
        })
    }

    /// The block as contracts see it.
    pub(crate) fn block_env(&self, attributes: &OpPayloadAttributes) -> BlockEnv {
        BlockEnv {
            number: U256::from(self.number),
            beneficiary: attributes.payload_attributes.suggested_fee_recipient,
            timestamp: U256::from(self.time.0),
            gas_limit: self.gas_limit,
            basefee: self.base_fee,
            difficulty: U256::ZERO,
            prevrandao: Some(attributes.payload_attributes.prev_randao),
            // I-073, I-092: always, whatever the parent's blob gas says, which is a DA footprint.
            blob_excess_gas_and_price: Some(BlobExcessGasAndPrice { excess_blob_gas: 0, blob_gasprice: 1 }),
            slot_num: 0,
        }
    }

    pub(crate) fn cfg_env(&self, cfg: &RollupConfig) -> CfgEnv<OpSpecId> {
        let mut env =
            CfgEnv::new_with_spec(self.spec).with_chain_id(cfg.l2_chain_id).enable_tx_chain_id_check();
        // I-015: the cap is not the EVM's business, since deposits are exempt.
        env.tx_gas_limit_cap = Some(u64::MAX);
        env
    }
}

/// The EVM's name of a fork's rules (I-090, I-091, I-092, I-093, I-095, I-098).
const fn evm_spec(fork: Fork) -> OpSpecId {
    match fork {
        Fork::Bedrock => OpSpecId::BEDROCK,
        Fork::Regolith => OpSpecId::REGOLITH,
        Fork::Canyon | Fork::Delta => OpSpecId::CANYON,
        Fork::Ecotone => OpSpecId::ECOTONE,
        Fork::Fjord => OpSpecId::FJORD,
        Fork::Granite => OpSpecId::GRANITE,
        Fork::Holocene => OpSpecId::HOLOCENE,
        Fork::Isthmus => OpSpecId::ISTHMUS,
        Fork::Jovian => OpSpecId::JOVIAN,
        // Not op-revm's INTEROP, which would go back to Prague.
        Fork::Karst | Fork::Lagoon => OpSpecId::KARST,
    }
}

/// I-041, I-042, I-047, I-084: each optional field is there exactly if its fork is.
fn check_presence(rules: &ExecutionRules, attributes: &OpPayloadAttributes) -> Result<(), AttributesError> {
    let payload = &attributes.payload_attributes;
    match &payload.withdrawals {
        Some(list) if rules.withdrawals && list.is_empty() => {}
        None if !rules.withdrawals => {}
        _ => return Err(AttributesError::Withdrawals),
    }
    if payload.parent_beacon_block_root.is_some() != rules.beacon_root {
        return Err(AttributesError::BeaconRoot);
    }
    if attributes.eip_1559_params.is_some() != (rules.extra_data != ExtraData::Empty) {
        return Err(AttributesError::Eip1559);
    }
    if attributes.min_base_fee.is_some() != (rules.extra_data == ExtraData::Eip1559AndMinBaseFee) {
        return Err(AttributesError::MinBaseFee);
    }
    Ok(())
}

/// What the parent says about the next base fee.
struct BaseFeeRule {
    elasticity: u64,
    denominator: u64,
    minimum: u64,
    /// The DA footprint counts as gas used.
    footprint: bool,
}

impl BaseFeeRule {
    /// I-061, I-062, I-063, I-066: the parameters are the parent's from Holocene, else the chain's.
    fn of(cfg: &RollupConfig, parent: &Header, rules: &ExecutionRules) -> Result<Self, ParentError> {
        let format = cfg.forks.execution(L2Time(parent.timestamp)).extra_data;
        if format == ExtraData::Empty {
            let denominator = if rules.canyon_base_fee {
                cfg.base_fee.denominator_canyon
            } else {
                cfg.base_fee.denominator
            };
            return Ok(Self {
                elasticity: cfg.base_fee.elasticity.into(),
                denominator: denominator.into(),
                minimum: 0,
                footprint: false,
            });
        }
        let settings = BaseFeeSettings::decode(format, &parent.extra_data).map_err(ParentError::ExtraData)?;
        Ok(Self {
            denominator: settings.eip1559.denominator.into(),
            elasticity: settings.eip1559.elasticity.into(),
            minimum: settings.min_base_fee,
            footprint: format == ExtraData::Eip1559AndMinBaseFee,
        })
    }
}

/// I-060: the base fee of the block after `parent`.
fn next_base_fee(cfg: &RollupConfig, parent: &Header, rules: &ExecutionRules) -> Result<u64, ParentError> {
    let Some(base_fee) = parent.base_fee_per_gas else {
        return Ok(INITIAL_BASE_FEE); // I-067
    };
    let rule = BaseFeeRule::of(cfg, parent, rules)?;
    let target = parent.gas_limit.checked_div(rule.elasticity).ok_or(ParentError::ZeroTarget)?;
    let used = if rule.footprint {
        parent.gas_used.max(parent.blob_gas_used.unwrap_or_default()) // I-065
    } else {
        parent.gas_used
    };
    let change = |distance: u64| -> Result<u128, ParentError> {
        // At most 2^128: the product of two 64-bit numbers.
        (u128::from(base_fee) * u128::from(distance))
            .checked_div(target.into())
            .and_then(|change| change.checked_div(rule.denominator.into()))
            .ok_or(ParentError::ZeroTarget)
    };
    let next = if used > target {
        u128::from(base_fee) + change(used - target)?.max(1)
    } else {
        u128::from(base_fee).saturating_sub(change(target - used)?)
    };
    Ok(u64::try_from(next).map_err(|_| ParentError::BaseFee)?.max(rule.minimum)) // I-066
}

/// The header's extra data (I-045).
fn extra_data(
    cfg: &RollupConfig,
    rules: &ExecutionRules,
    attributes: &OpPayloadAttributes,
) -> Result<Bytes, AttributesError> {
    if rules.extra_data == ExtraData::Empty {
        return Ok(Bytes::new());
    }
    let params = attributes.eip_1559_params.ok_or(AttributesError::Eip1559)?;
    let mut eip1559 = Eip1559Params::from_u64(params.into());
    match (eip1559.denominator, eip1559.elasticity) {
        // I-046
        (0, 0) => {
            eip1559.denominator = cfg.base_fee.denominator_canyon;
            eip1559.elasticity = cfg.base_fee.elasticity;
        }
        (0, _) | (_, 0) => return Err(AttributesError::Eip1559),
        _ => {}
    }
    let min_base_fee = attributes.min_base_fee.unwrap_or_default();
    Ok(BaseFeeSettings { eip1559, min_base_fee }.encode(rules.extra_data))
}

#[cfg(test)]
mod tests;
