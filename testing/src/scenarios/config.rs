//! Updates of the system config: every kind, in the L1 blocks before, at and after a fork, and what each makes of L2's blocks.

use super::{Story, activating, chain, expect};
use crate::devnet::{
    Devnet,
    config::ForkConfig,
    events::{config_update, raw_config_update},
    keys::Key,
    l2::L2Block,
};
use alloy_primitives::{Address, B256, Log, U256};
use std::collections::BTreeSet;
use unroll_derive::Event;
use unroll_protocol::{
    deposit::DepositTx,
    forks::{ExtraData, Fork, L1InfoFormat},
    l1_info::L1Info,
    system_config::{ConfigUpdate, Eip1559Params, FeeScalars, OperatorFee},
    units::{L1Time, L2Time},
    upgrades::extra_gas,
};

/// The fork's first L1 block: blocks come every twelve seconds.
const BORDER: u64 = 3;
/// What a byte costs where nobody has said so (G-029).
const DEFAULT_DA_SCALAR: u16 = 400;
/// The last L1 block with updates. From the first one on there are some in each.
const LAST: u64 = 6;

/// Every kind of update in each of the first L1 blocks, in which the fork activates, and malformed ones between.
pub(super) fn system_config(fork: Fork) -> Story {
    let forks = if fork == Fork::Bedrock { ForkConfig::none() } else { activating(fork, 12 * BORDER) };
    let mut devnet = chain(forks, |config| {
        // Nobody pays the fees, so that they may be anything.
        config.traffic.transactions = 0;
        config.traffic.deposits = 500;
    });
    for round in 1..=LAST {
        devnet.sequence();
        let mut transactions = devnet.l1_traffic();
        let chain_id = devnet.config.l1.chain_id;
        let malformed = malformed(round);
        let mut reverted =
            devnet.traffic.l1_transaction(chain_id, &mut devnet.l1_nonce, vec![malformed.clone()]);
        reverted.success = false; // G-011, A-021: its logs do not count
        transactions.push(reverted);
        let time = L1Time(devnet.l1.next_time());
        let mut logs: Vec<_> = updates(round, fees(round, &devnet, time)).iter().map(config_update).collect();
        logs.insert(usize::try_from(round).expect("small"), malformed);
        transactions.push(devnet.traffic.l1_transaction(chain_id, &mut devnet.l1_nonce, logs));
        // the new batcher's data counts in this very block.
        devnet.poster.key = batcher(round);
        devnet.poster.nonce = 0;
        transactions.extend(devnet.post());
        devnet.mine(&transactions);
    }
    devnet.advance();
    let head = devnet.head().header.number;
    let events = devnet.sync();
    expect(&events, "ignored update", |event| matches!(event, Event::UpdateIgnored { .. }));
    expect(&events, "change of the batcher", |event| matches!(event, Event::BatcherChanged { .. }));
    assert_eq!(devnet.safe(), head);
    let rounds: BTreeSet<_> = devnet.l2[1..].iter().map(|block| check(&devnet, fork, block)).collect();
    assert!(
        (0..LAST).all(|round| rounds.contains(&round)),
        "each round is in force at some time: {rounds:?}"
    );
    Story::whole(devnet)
}

/// The updates of the L1 block of this number.
fn updates(round: u64, (overhead, scalar): (U256, U256)) -> [ConfigUpdate; 8] {
    [
        ConfigUpdate::Batcher(batcher(round).address),
        ConfigUpdate::Fees { overhead, scalar },
        ConfigUpdate::GasLimit(gas_limit(round)),
        ConfigUpdate::UnsafeBlockSigner(Address::with_last_byte(u8::try_from(round).expect("small"))),
        ConfigUpdate::Eip1559(eip1559(round)),
        ConfigUpdate::OperatorFee(operator_fee(round)),
        ConfigUpdate::MinBaseFee(min_base_fee(round)),
        ConfigUpdate::DaFootprintGasScalar(da_scalar(round)),
    ]
}

/// What no update is, a different thing each time.
fn malformed(round: u64) -> Log {
    let round = u8::try_from(round).expect("small");
    raw_config_update(B256::with_last_byte(round + 2), &[round; 33])
}

fn batcher(round: u64) -> Key {
    Key::new(0xba70 + round)
}

/// The overhead and the scalar as they are stored: from Ecotone in version 1.
fn fees(round: u64, devnet: &Devnet, time: L1Time) -> (U256, U256) {
    if devnet.rollup().forks.derivation(time).versioned_scalar {
        (U256::ZERO, scalars(round).encode())
    } else {
        (U256::from(100 + round), U256::from(1_000 + round))
    }
}

fn scalars(round: u64) -> FeeScalars {
    let round = u32::try_from(round).expect("small");
    FeeScalars { base_fee: 1_000 + round, blob_base_fee: 2_000 + round }
}

const fn gas_limit(round: u64) -> u64 {
    30_000_000 + round
}

fn eip1559(round: u64) -> Eip1559Params {
    let round = u32::try_from(round).expect("small");
    Eip1559Params { denominator: 100 + round, elasticity: 2 + round }
}

fn operator_fee(round: u64) -> OperatorFee {
    OperatorFee { scalar: u32::try_from(round).expect("small") + 10, constant: round + 20 }
}

const fn min_base_fee(round: u64) -> u64 {
    round + 30
}

fn da_scalar(round: u64) -> u16 {
    u16::try_from(round).expect("small") + 40
}

/// The block says what the last L1 block up to its origin set; which one that is.
fn check(devnet: &Devnet, fork: Fork, block: &L2Block) -> u64 {
    let round = block.l1_origin.number.min(LAST);
    if round == 0 {
        return 0;
    }
    let (cfg, number, time) = (devnet.rollup(), block.header.number, L2Time(block.header.timestamp));
    let set_by = devnet.l1.block(round).expect("it is there").header.timestamp;
    let deposit = DepositTx::decode(&block.transactions[0]).expect("the L1 info is a deposit");
    let info = L1Info::decode(&deposit.data, cfg.l1_info_format(time)).expect("our own L1 info");
    let told = format!("block {number} of origin {}: {info:?}", block.l1_origin.number);

    assert_eq!(info.batcher, batcher(round).address, "{told}");
    if info.format == L1InfoFormat::Bedrock {
        assert_eq!((info.overhead, info.scalar), fees(round, devnet, L1Time(set_by)), "{told}");
    } else {
        // Version 0 in the low bytes of what was stored before Ecotone.
        let old = FeeScalars { base_fee: u32::try_from(1_000 + round).expect("small"), blob_base_fee: 0 };
        let versioned = cfg.forks.derivation(L1Time(set_by)).versioned_scalar;
        assert_eq!(info.fee_scalars, if versioned { scalars(round) } else { old }, "{told}");
    }
    if matches!(info.format, L1InfoFormat::Isthmus | L1InfoFormat::Jovian) {
        let lost = fork == Fork::Isthmus && is_lost(block, round);
        assert_eq!(
            info.operator_fee,
            if lost { OperatorFee::default() } else { operator_fee(round) },
            "{told}"
        );
    }
    if info.format == L1InfoFormat::Jovian {
        let lost = fork == Fork::Jovian && is_lost(block, round);
        assert_eq!(
            info.da_footprint_gas_scalar,
            if lost { DEFAULT_DA_SCALAR } else { da_scalar(round) },
            "{told}"
        );
    }
    check_header(devnet, fork, block, round);
    round
}

/// Whether what the fork has brought is forgotten: the epoch's first block is the fork's first one as well, whose L1 info and extra
/// data do not hold it yet, and the next block knows no more than that one says.
const fn is_lost(block: &L2Block, round: u64) -> bool {
    round == BORDER && block.sequence_number > 0
}

fn check_header(devnet: &Devnet, fork: Fork, block: &L2Block, round: u64) {
    let (forks, time) = (&devnet.rollup().forks, L2Time(block.header.timestamp));
    let slot_before = L2Time(time.0 - devnet.rollup().block_time);
    let (rules, before) = (forks.execution(time), forks.execution(slot_before));
    let activates = forks.time(fork) == Some(time.0);
    let upgrade = if activates { extra_gas(fork) } else { 0 };
    assert_eq!(block.header.gas_limit, gas_limit(round) + upgrade, "block {}", block.header.number);
    let extra = &block.header.extra_data;
    if rules.extra_data == ExtraData::Empty {
        assert!(extra.is_empty());
        return;
    }
    // G-044: the first block has the constants, however many updates there were.
    let is_first = before.extra_data == ExtraData::Empty;
    let Eip1559Params { denominator, elasticity } =
        if is_first || fork == Fork::Holocene && is_lost(block, round) {
            let constants = &devnet.rollup().base_fee;
            Eip1559Params { denominator: constants.denominator_canyon, elasticity: constants.elasticity }
        } else {
            eip1559(round)
        };
    assert_eq!(extra[1..5], denominator.to_be_bytes(), "block {}", block.header.number);
    assert_eq!(extra[5..9], elasticity.to_be_bytes());
    if rules.extra_data == ExtraData::Eip1559AndMinBaseFee {
        assert_eq!(extra[9..], min_base_fee(round).to_be_bytes());
    }
}
