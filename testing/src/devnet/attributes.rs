//! What an L2 block is to be made of. Written down a second time, for the sequencer, so that derivation has something to agree
//! with.

use super::l1::L1Block;
use alloy_consensus::Header;
use alloy_primitives::{B64, Bytes};
use op_alloy_rpc_types_engine::OpPayloadAttributes;
use unroll_derive::FEE_RECIPIENT;
use unroll_protocol::{
    config::RollupConfig,
    deposit::{decode_deposit, is_deposit},
    extra_data::BaseFeeSettings,
    forks::{ExtraData, Fork},
    l1_info::{L1Fees, l1_info_deposit},
    system_config::{ConfigUpdate, Eip1559Params, SystemConfig},
    tip::Tip,
    units::{L1Time, L2Time},
    upgrades::{Upgrade, decode_bundle, upgrade_transactions},
};

/// The attributes of the block upon `tip` with this L1 origin, without any user's transactions. `bundle` holds Karst's
/// upgrade transactions.
///
/// # Panics
///
/// If the bundle is needed and is not there.
pub fn attributes(
    cfg: &RollupConfig,
    tip: &Tip,
    origin: &L1Block,
    bundle: Option<&[u8]>,
) -> OpPayloadAttributes {
    let time = tip.block.time.plus(cfg.block_time);
    let opens_epoch = origin.id() != tip.block.l1_origin;
    let mut system = tip.system;
    let mut deposits = Vec::new();
    if opens_epoch {
        apply_updates(cfg, &mut system, origin);
        deposits = user_deposits(cfg, origin);
    }
    let sequence_number = if opens_epoch { 0 } else { tip.block.sequence_number + 1 };
    let header = &origin.header;
    let fees = L1Fees {
        base_fee: header.base_fee_per_gas.unwrap_or_default(),
        excess_blob_gas: header.excess_blob_gas,
    };
    let info = l1_info_deposit(cfg, &system, &origin.origin(), &fees, sequence_number, time);
    let mut transactions = vec![info.expect("the devnet sets no scalar of unknown version")];
    transactions.extend(deposits);
    transactions.extend(cfg.activating(time).flat_map(|fork| upgrade(fork, bundle)));

    let rules = cfg.forks.execution(time);
    let mut out = OpPayloadAttributes::default();
    out.payload_attributes.timestamp = time.0;
    out.payload_attributes.prev_randao = header.mix_hash;
    out.payload_attributes.suggested_fee_recipient = FEE_RECIPIENT;
    out.payload_attributes.withdrawals = rules.withdrawals.then(Vec::new);
    out.payload_attributes.parent_beacon_block_root =
        rules.beacon_root.then(|| header.parent_beacon_block_root.unwrap_or_default());
    out.transactions = Some(transactions);
    out.no_tx_pool = Some(true);
    out.gas_limit = Some(system.gas_limit + cfg.upgrade_gas(time));
    out.eip_1559_params = eip1559_params(cfg, &system, time);
    out.min_base_fee = (rules.extra_data == ExtraData::Eip1559AndMinBaseFee).then_some(system.min_base_fee);
    out
}

/// The attributes that a block was made of, read back from it.
///
/// # Panics
///
/// If no such block was made by the rules of `cfg`.
pub fn of_block(cfg: &RollupConfig, header: &Header, transactions: &[Bytes]) -> OpPayloadAttributes {
    let rules = cfg.forks.execution(L2Time(header.timestamp));
    let settings = BaseFeeSettings::decode(rules.extra_data, &header.extra_data);
    let settings = settings.expect("the extra data of a block is that of its fork");
    let mut out = OpPayloadAttributes::default();
    out.payload_attributes.timestamp = header.timestamp;
    out.payload_attributes.prev_randao = header.mix_hash;
    out.payload_attributes.suggested_fee_recipient = header.beneficiary;
    out.payload_attributes.withdrawals = rules.withdrawals.then(Vec::new);
    out.payload_attributes.parent_beacon_block_root = header.parent_beacon_block_root;
    out.transactions = Some(transactions.to_vec());
    out.no_tx_pool = Some(true);
    out.gas_limit = Some(header.gas_limit);
    out.eip_1559_params =
        (rules.extra_data != ExtraData::Empty).then(|| B64::new(settings.eip1559.to_bytes()));
    out.min_base_fee = (rules.extra_data == ExtraData::Eip1559AndMinBaseFee).then_some(settings.min_base_fee);
    out
}

/// what L1 announced in this block.
pub fn apply_updates(cfg: &RollupConfig, system: &mut SystemConfig, origin: &L1Block) {
    let time = L1Time(origin.header.timestamp);
    for (_, log) in &origin.logs {
        if let Some(Ok(update)) = ConfigUpdate::decode(log, cfg, time) {
            system.apply(&update);
        }
    }
}

fn user_deposits(cfg: &RollupConfig, origin: &L1Block) -> Vec<Bytes> {
    let deposits = origin.logs.iter().filter(|(_, log)| is_deposit(log, cfg.deposit_contract));
    let decoded = deposits.map(|(index, log)| decode_deposit(log, origin.header.hash(), *index));
    decoded.map(|deposit| deposit.expect("the devnet's portal logs well-formed deposits")).collect()
}

fn upgrade(fork: Fork, bundle: Option<&[u8]>) -> Vec<Bytes> {
    match upgrade_transactions(fork) {
        Upgrade::None => Vec::new(),
        Upgrade::Builtin(builtin) => builtin.transactions().collect(),
        Upgrade::Bundle { .. } => {
            let bundle = bundle.expect("a chain on which Karst activates is given its bundle");
            decode_bundle(fork, bundle).expect("the bundle is the fork's")
        }
    }
}

/// G-044: zeros in Holocene's activation block.
fn eip1559_params(cfg: &RollupConfig, system: &SystemConfig, time: L2Time) -> Option<B64> {
    let format = |time| cfg.forks.execution(time).extra_data;
    if format(time) == ExtraData::Empty {
        return None;
    }
    let activates = time.minus(cfg.block_time).is_some_and(|before| format(before) == ExtraData::Empty);
    let params = if activates { Eip1559Params::default() } else { system.eip1559 };
    Some(B64::new(params.to_bytes()))
}
