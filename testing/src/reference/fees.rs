//! What L1 says about its prices (G.3), written out.

use super::system::{versioned, writes};
use alloy_primitives::{U256, aliases::U512};
use unroll_protocol::{
    config::RollupConfig,
    forks::Fork,
    l1_info::L1Fees,
    system_config::SystemConfig,
    units::{L1Ref, L1Time},
};

/// G-032, G-033: the price of blobs in an L1 block of this time.
pub fn blob_base_fee(cfg: &RollupConfig, fees: &L1Fees, time: L1Time) -> u128 {
    let Some(excess) = fees.excess_blob_gas else { return 1 };
    let mut fraction = 3_338_477;
    for (from, next) in cfg.l1_blob_schedule.steps.iter() {
        if time.0 >= from.0 {
            fraction = next.get();
        }
    }
    if cfg.forks.pectra_blob_schedule.is_some_and(|fix| time.0 < fix) {
        fraction = 3_338_477;
    }
    fake_exponential(excess, fraction)
}

/// EIP-4844: `e ** (numerator / denominator)` by its Taylor series, with the helper's roundings and in numbers that cannot
/// overflow before the sum is more than 128 bits hold.
fn fake_exponential(numerator: u64, denominator: u64) -> u128 {
    let (numerator, denominator) = (U512::from(numerator), U512::from(denominator));
    let too_much = denominator << 128;
    let mut i = U512::from(1);
    let mut output = U512::ZERO;
    let mut accumulated = denominator;
    while accumulated > U512::ZERO {
        output += accumulated;
        if output >= too_much {
            return u128::MAX;
        }
        accumulated = accumulated * numerator / (denominator * i);
        i += U512::from(1);
    }
    (output / denominator).to()
}

/// G-026 to G-031: the calldata of the L1-info deposit in the L2 block at `time`.
pub fn l1_info(
    cfg: &RollupConfig,
    system: &SystemConfig,
    origin: &L1Ref,
    fees: &L1Fees,
    sequence_number: u64,
    time: u64,
) -> Vec<u8> {
    let word = |number: u64| U256::from(number).to_be_bytes::<32>();
    let (base_fee, hash, batcher) = (word(fees.base_fee), origin.hash.0, system.batcher.into_word().0);
    if !writes(cfg, Fork::Ecotone, time) {
        let place = (word(origin.number), word(origin.time.0), word(sequence_number));
        let (overhead, scalar) = (system.overhead.to_be_bytes(), system.scalar.to_be_bytes());
        let words = [place.0, place.1, base_fee, hash, place.2, batcher, overhead, scalar];
        return [&[0x01, 0x5d, 0x8e, 0xb9][..], words.as_flattened()].concat();
    }
    let (isthmus, jovian) = (writes(cfg, Fork::Isthmus, time), writes(cfg, Fork::Jovian, time));
    let mut out = match (isthmus, jovian) {
        (_, true) => vec![0x3d, 0xb6, 0xbe, 0x2b],
        (true, _) => vec![0x09, 0x89, 0x99, 0xbe],
        _ => vec![0x44, 0x0a, 0x5e, 0x20],
    };
    let scalar = versioned(system.scalar).to_be_bytes::<32>();
    out.extend(&scalar[28..]);
    out.extend(&scalar[24..28]);
    out.extend([sequence_number, origin.time.0, origin.number].map(u64::to_be_bytes).as_flattened());
    let blob_base_fee = U256::from(blob_base_fee(cfg, fees, origin.time)).to_be_bytes();
    out.extend([base_fee, blob_base_fee, hash, batcher].as_flattened());
    if isthmus {
        out.extend(system.operator_fee.scalar.to_be_bytes());
        out.extend(system.operator_fee.constant.to_be_bytes());
    }
    if jovian {
        let scalar = system.da_footprint_gas_scalar;
        out.extend(if scalar == 0 { 400 } else { scalar }.to_be_bytes()); // G-029
    }
    out
}
