//! The L2 block that derivation builds on, and what it hands on to the next.

use crate::{
    config::RollupConfig,
    deposit::DepositTx,
    extra_data::{BaseFeeSettings, ExtraDataError},
    forks::L1InfoFormat,
    l1_info::{L1Info, L1InfoError},
    system_config::SystemConfig,
    units::{BlockId, L2Ref, L2Time},
};
use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes, Sealed};

/// A block of the safe chain, with the system config that it left behind.
///
/// The config is read back from the block alone. An update that came before its fork gave it a place in the block is
/// therefore forgotten after one block: that is the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    /// The block.
    pub block: L2Ref,
    /// What the block says about the system config.
    pub system: SystemConfig,
    /// The block's header.
    pub header: Sealed<Header>,
}

/// A block that no derived chain contains, so that nothing can be built on it. Derivation stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TipError {
    /// The block lies before the rollup's first.
    #[error("block {number} lies before the rollup's genesis")]
    BeforeGenesis {
        /// The block's number.
        number: u64,
    },
    ///
    #[error("the genesis block is {actual}, not the configured {expected}")]
    Genesis {
        /// The configured hash.
        expected: B256,
        /// The block's hash.
        actual: B256,
    },
    ///
    #[error("the block has no transactions")]
    Empty,
    ///
    #[error("the block's first transaction is no deposit: {0}")]
    NoDeposit(alloy_rlp::Error),
    ///
    #[error("the block's first transaction is no L1 info: {0}")]
    L1Info(#[from] L1InfoError),
    ///
    #[error(transparent)]
    ExtraData(#[from] ExtraDataError),
    ///
    #[error(
        "the gas limit {gas_limit} does not cover the {upgrade_gas} gas of the block's upgrade transactions"
    )]
    GasLimit {
        /// The header's.
        gas_limit: u64,
        /// What the upgrade added.
        upgrade_gas: u64,
    },
}

impl Tip {
    /// Reads a block back. `first_transaction` is its transaction 0, in EIP-2718 encoding.
    pub fn from_block(
        cfg: &RollupConfig,
        header: Sealed<Header>,
        first_transaction: Option<&Bytes>,
    ) -> Result<Self, TipError> {
        let genesis = cfg.genesis.l2;
        if header.number < genesis.number {
            return Err(TipError::BeforeGenesis { number: header.number });
        }
        if header.number == genesis.number {
            return Self::genesis(cfg, header);
        }
        let deposit =
            DepositTx::decode(first_transaction.ok_or(TipError::Empty)?).map_err(TipError::NoDeposit)?;
        let info = L1Info::decode(&deposit.data, cfg.l1_info_format(L2Time(header.timestamp)))?;
        let system = system_config(cfg, &header, &info)?;
        Ok(Self { block: l2_ref(&header, info.origin, info.sequence_number), system, header })
    }

    /// the genesis block says nothing; the config speaks for it.
    fn genesis(cfg: &RollupConfig, header: Sealed<Header>) -> Result<Self, TipError> {
        if header.hash() != cfg.genesis.l2.hash {
            return Err(TipError::Genesis { expected: cfg.genesis.l2.hash, actual: header.hash() });
        }
        Ok(Self { block: l2_ref(&header, cfg.genesis.l1, 0), system: cfg.genesis.system_config, header })
    }
}

fn l2_ref(header: &Sealed<Header>, l1_origin: BlockId, sequence_number: u64) -> L2Ref {
    L2Ref {
        number: header.number,
        hash: header.hash(),
        parent_hash: header.parent_hash,
        time: L2Time(header.timestamp),
        l1_origin,
        sequence_number,
    }
}

/// L1 info, gas limit and extra data make up the config.
fn system_config(cfg: &RollupConfig, header: &Header, info: &L1Info) -> Result<SystemConfig, TipError> {
    let time = L2Time(header.timestamp);
    let settings = BaseFeeSettings::decode(cfg.forks.execution(time).extra_data, &header.extra_data)?;
    Ok(SystemConfig {
        batcher: info.batcher,
        overhead: info.overhead,
        scalar: match info.format {
            L1InfoFormat::Bedrock => info.scalar,
            _ => info.fee_scalars.encode(),
        },
        gas_limit: lasting_gas_limit(cfg, header.gas_limit, time)?,
        eip1559: settings.eip1559,
        operator_fee: info.operator_fee,
        min_base_fee: settings.min_base_fee,
        da_footprint_gas_scalar: info.da_footprint_gas_scalar,
    })
}

/// what upgrade transactions needed is gone after their block, unless the chain keeps it.
fn lasting_gas_limit(cfg: &RollupConfig, gas_limit: u64, time: L2Time) -> Result<u64, TipError> {
    let upgrade_gas = if cfg.keep_karst_upgrade_gas { 0 } else { cfg.upgrade_gas(time) };
    gas_limit.checked_sub(upgrade_gas).ok_or(TipError::GasLimit { gas_limit, upgrade_gas })
}
