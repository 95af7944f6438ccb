//! From the batch of a slot to the payload attributes of its block (G.1, G-040 to G-045, G.5).

use crate::{
    error::{CriticalCause, DeriveError, ResetCause},
    source::L1Input,
};
use alloc::vec::Vec;
use alloy_primitives::{Address, B64, B256, Bytes, address};
use op_alloy_rpc_types_engine::OpPayloadAttributes;
use unroll_protocol::{
    batch::SingularBatch,
    config::RollupConfig,
    forks::{ExtraData, Fork},
    l1_info::l1_info_deposit,
    system_config::SystemConfig,
    tip::Tip,
    units::L2Time,
    upgrades::{Upgrade, upgrade_transactions},
};

/// Where sequencer fees go (G-040).
pub const FEE_RECIPIENT: Address = address!("4200000000000000000000000000000000000011");

/// The upgrade transactions that the block at `time` needs from outside, by fork and SHA-256 hash (G-054).
pub(crate) fn bundle_needed(cfg: &RollupConfig, time: L2Time) -> Option<(Fork, B256)> {
    cfg.activating(time).find_map(|fork| match upgrade_transactions(fork) {
        Upgrade::Bundle { sha256, .. } => Some((fork, sha256)),
        Upgrade::None | Upgrade::Builtin(_) => None,
    })
}

/// The attributes of the block that `batch` makes upon `tip`. `epoch` is the batch's L1 origin, and `bundle` what
/// [`bundle_needed`] asks for.
pub(crate) fn attributes(
    cfg: &RollupConfig,
    tip: &Tip,
    batch: &SingularBatch,
    epoch: &L1Input,
    bundle: &[Bytes],
) -> Result<OpPayloadAttributes, DeriveError> {
    let opens_epoch = check_epoch(tip, epoch)?;
    let time = batch.time;
    if time.is_before_l1(epoch.origin.time) {
        return Err(ResetCause::Time { time, origin: epoch.origin.time }.into()); // G-004
    }
    let mut system = tip.system; // the attributes copy
    if opens_epoch {
        epoch.updates.iter().for_each(|update| system.apply(update));
    }
    let sequence_number = if opens_epoch { 0 } else { tip.block.sequence_number.saturating_add(1) }; // G-005
    // G-001: L1 info, user deposits, upgrade deposits, the batch.
    let info = l1_info_deposit(cfg, &system, &epoch.origin, &epoch.fees, sequence_number, time)
        .map_err(CriticalCause::from)?;
    let mut transactions = Vec::with_capacity(1 + epoch.deposits.len() + batch.transactions.len());
    transactions.push(info);
    if opens_epoch {
        transactions.extend(epoch.deposits.iter().cloned()); // G-002
    }
    // G-050 to G-054, in the order of forks, as deposits like others (G-056); none at genesis (G-057).
    for fork in cfg.activating(time) {
        match upgrade_transactions(fork) {
            Upgrade::None => {}
            Upgrade::Builtin(builtin) => transactions.extend(builtin.transactions()),
            Upgrade::Bundle { .. } => transactions.extend(bundle.iter().cloned()),
        }
    }
    transactions.extend(&batch.transactions);
    let rules = cfg.forks.execution(time);
    let mut out = OpPayloadAttributes::default();
    out.payload_attributes.timestamp = time.0;
    out.payload_attributes.prev_randao = epoch.prev_randao; // G-040
    out.payload_attributes.suggested_fee_recipient = FEE_RECIPIENT;
    out.payload_attributes.withdrawals = rules.withdrawals.then(Vec::new); // G-042
    // G-043: the origin's own, or zeros where L1 has none.
    out.payload_attributes.parent_beacon_block_root =
        rules.beacon_root.then(|| epoch.parent_beacon_block_root.unwrap_or_default());
    out.transactions = Some(transactions);
    out.no_tx_pool = Some(true);
    out.gas_limit = Some(system.gas_limit.saturating_add(cfg.upgrade_gas(time))); // G-041, A-029
    out.eip_1559_params = (rules.extra_data != ExtraData::Empty).then(|| eip1559_params(cfg, &system, time));
    out.min_base_fee = (rules.extra_data == ExtraData::Eip1559AndMinBaseFee).then_some(system.min_base_fee); // G-045
    Ok(out)
}

/// G-003: whether the block opens the epoch, which must be the safe head's origin or follow it.
fn check_epoch(tip: &Tip, epoch: &L1Input) -> Result<bool, ResetCause> {
    let origin = tip.block.l1_origin;
    let opens_epoch = epoch.origin.number != origin.number;
    let continued = if opens_epoch { epoch.origin.parent_hash } else { epoch.origin.hash };
    if continued != origin.hash {
        return Err(ResetCause::Epoch { epoch: epoch.origin.id(), origin });
    }
    Ok(opens_epoch)
}

/// G-044: zeros in the activation block, whatever its epoch's logs say.
fn eip1559_params(cfg: &RollupConfig, system: &SystemConfig, time: L2Time) -> B64 {
    let before = time.minus(cfg.block_time).map(|before| cfg.forks.execution(before).extra_data);
    if before == Some(ExtraData::Empty) { B64::ZERO } else { B64::new(system.eip1559.to_bytes()) }
}
