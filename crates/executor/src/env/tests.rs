use alloc::vec;

use alloy_eips::eip4895::Withdrawal;
use alloy_primitives::bytes;
use unroll_protocol::{config::BaseFeeConstants, forks::ForkTimes};

use super::*;

const NOW: u64 = 1_000;

fn cfg(fork: Fork) -> RollupConfig {
    let forks = Fork::ALL.into_iter().filter(|each| *each <= fork);
    RollupConfig {
        forks: forks.fold(ForkTimes::NONE, |times, each| times.with(each, 0)),
        block_time: 2,
        base_fee: BaseFeeConstants { elasticity: 2, denominator: 8, denominator_canyon: 16 },
        ..RollupConfig::default()
    }
}

fn parent(gas_used: u64, extra_data: &'static [u8]) -> Header {
    Header {
        timestamp: NOW - 2,
        gas_limit: 20_000_000,
        gas_used,
        base_fee_per_gas: Some(1_000_000_000),
        extra_data: Bytes::from_static(extra_data),
        ..Header::default()
    }
}

fn base_fee(cfg: &RollupConfig, parent: &Header) -> Result<u64, ParentError> {
    next_base_fee(cfg, parent, cfg.forks.execution(L2Time(NOW)))
}

/// I-060: EIP-1559's own numbers: elasticity 2, denominator 8.
#[test]
fn the_base_fee_follows_eip_1559() {
    let cfg = cfg(Fork::Regolith);
    for (gas_used, expected) in
        [(10_000_000, 1_000_000_000), (9_000_000, 987_500_000), (11_000_000, 1_012_500_000), (0, 875_000_000)]
    {
        assert_eq!(base_fee(&cfg, &parent(gas_used, &[])), Ok(expected));
    }
    // It moves up by at least 1, and not down.
    let low = |gas_used| Header { base_fee_per_gas: Some(1), ..parent(gas_used, &[]) };
    assert_eq!(base_fee(&cfg, &low(10_000_001)), Ok(2));
    assert_eq!(base_fee(&cfg, &low(0)), Ok(1));
}

/// I-061, I-062: the constant is chosen by the new block's time, the chain's own in any case.
#[test]
fn canyon_changed_the_denominator() {
    let mut at_canyon = cfg(Fork::Regolith);
    at_canyon.forks = at_canyon.forks.with(Fork::Canyon, NOW);
    assert_eq!(base_fee(&cfg(Fork::Regolith), &parent(20_000_000, &[])), Ok(1_125_000_000));
    assert_eq!(base_fee(&at_canyon, &parent(20_000_000, &[])), Ok(1_062_500_000));
    // The first Holocene block still has them.
    let mut at_holocene = cfg(Fork::Granite);
    at_holocene.forks = at_holocene.forks.with(Fork::Holocene, NOW);
    assert_eq!(base_fee(&at_holocene, &parent(20_000_000, b"anything")), Ok(1_062_500_000));
}

/// I-063: from Holocene the parent's extra data rules.
#[test]
fn holocene_parents_say_how() {
    let params = &[0, 0, 0, 0, 32, 0, 0, 0, 4];
    // Target 5,000,000: four times as much is used.
    assert_eq!(base_fee(&cfg(Fork::Holocene), &parent(20_000_000, params)), Ok(1_093_750_000));
    for wrong in [&b""[..], &params[..8], &[1, 0, 0, 0, 32, 0, 0, 0, 4], &[0; 9]] {
        let parent = Header { extra_data: Bytes::copy_from_slice(wrong), ..parent(0, &[]) };
        assert!(matches!(base_fee(&cfg(Fork::Holocene), &parent), Err(ParentError::ExtraData(_))));
    }
}

/// I-065, I-066: from Jovian the DA footprint counts as gas, and there is a minimum.
#[test]
fn jovian_parents_have_a_footprint_and_a_minimum() {
    let jovian = cfg(Fork::Jovian);
    let params = &[1, 0, 0, 0, 16, 0, 0, 0, 2, 0, 0, 0, 0, 59, 154, 202, 0]; // 1 gwei
    let with_blob_gas = |gas_used, blob_gas_used, extra| Header {
        blob_gas_used: Some(blob_gas_used),
        ..parent(gas_used, extra)
    };
    for (gas_used, footprint, expected) in
        [(1, 20_000_000, 1_062_500_000), (20_000_000, 1, 1_062_500_000), (0, 0, 1_000_000_000)]
    {
        assert_eq!(base_fee(&jovian, &with_blob_gas(gas_used, footprint, params)), Ok(expected));
    }
    // Holocene's blob gas is 0 and means nothing.
    let holocene = with_blob_gas(10_000_000, 20_000_000, &[0, 0, 0, 0, 16, 0, 0, 0, 2]);
    assert_eq!(base_fee(&cfg(Fork::Holocene), &holocene), Ok(1_000_000_000));
}

/// I-067: a parent from before London.
#[test]
fn the_first_base_fee_is_a_gwei() {
    let parent = Header { base_fee_per_gas: None, ..parent(0, &[]) };
    assert_eq!(base_fee(&cfg(Fork::Bedrock), &parent), Ok(1_000_000_000));
}

/// No number in a parent header makes the base fee panic.
#[test]
fn impossible_base_fees_are_errors() {
    let cfg = cfg(Fork::Regolith);
    let tiny = Header { gas_limit: 1, gas_used: 1, ..parent(0, &[]) };
    assert_eq!(base_fee(&cfg, &tiny), Err(ParentError::ZeroTarget));
    let huge =
        Header { base_fee_per_gas: Some(u64::MAX), gas_used: u64::MAX, gas_limit: 2, ..parent(0, &[]) };
    assert_eq!(base_fee(&cfg, &huge), Err(ParentError::BaseFee));
    let full = Header { base_fee_per_gas: Some(u64::MAX), ..parent(u64::MAX, &[]) };
    assert_eq!(base_fee(&cfg, &full), Err(ParentError::BaseFee));
}

fn attributes(fork: Fork) -> OpPayloadAttributes {
    let rules = ExecutionRules::of(fork);
    let mut attributes = OpPayloadAttributes {
        gas_limit: Some(30_000_000),
        eip_1559_params: (rules.extra_data != ExtraData::Empty).then_some([0, 0, 0, 7, 0, 0, 0, 3].into()),
        min_base_fee: (rules.extra_data == ExtraData::Eip1559AndMinBaseFee).then_some(0x0102),
        ..OpPayloadAttributes::default()
    };
    attributes.payload_attributes.timestamp = NOW;
    attributes.payload_attributes.withdrawals = rules.withdrawals.then(vec::Vec::new);
    attributes.payload_attributes.parent_beacon_block_root = rules.beacon_root.then_some(B256::ZERO);
    attributes
}

fn setting(fork: Fork, attributes: &OpPayloadAttributes) -> Result<BlockSetting, AttributesError> {
    let extra: &[u8] = match ExecutionRules::of(fork).extra_data {
        ExtraData::Empty => &[],
        ExtraData::Eip1559 => &[0, 0, 0, 0, 250, 0, 0, 0, 6],
        ExtraData::Eip1559AndMinBaseFee => &[1, 0, 0, 0, 250, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0],
    };
    BlockSetting::new(&cfg(fork), &parent(0, extra), attributes).map_err(|error| match error {
        SettingError::Attributes(error) => error,
        SettingError::Parent(error) => panic!("{error}"),
    })
}

/// I-045: the extra data by fork. I-046: zeros stand for the chain's constants, and only both together.
#[test]
fn the_extra_data_follows_the_attributes() {
    for (fork, given, zeros) in [
        (Fork::Granite, bytes!(""), bytes!("")),
        (Fork::Holocene, bytes!("000000000700000003"), bytes!("000000001000000002")),
        (Fork::Isthmus, bytes!("000000000700000003"), bytes!("000000001000000002")),
        (
            Fork::Jovian,
            bytes!("0100000007000000030000000000000102"),
            bytes!("0100000010000000020000000000000102"),
        ),
        (
            Fork::Karst,
            bytes!("0100000007000000030000000000000102"),
            bytes!("0100000010000000020000000000000102"),
        ),
    ] {
        let mut attributes = attributes(fork);
        assert_eq!(setting(fork, &attributes).unwrap().extra_data, given);
        attributes.eip_1559_params = attributes.eip_1559_params.map(|_| [0; 8].into());
        assert_eq!(setting(fork, &attributes).unwrap().extra_data, zeros);
    }
    for half in [[0, 0, 0, 7, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 3]] {
        let mut attributes = attributes(Fork::Holocene);
        attributes.eip_1559_params = Some(half.into());
        assert_eq!(setting(Fork::Holocene, &attributes).unwrap_err(), AttributesError::Eip1559);
    }
}

/// I-041, I-042, I-047, I-084: each field belongs to its fork and the later ones.
#[test]
fn attributes_belong_to_their_fork() {
    for fork in Fork::ALL {
        let right = attributes(fork);
        assert!(setting(fork, &right).is_ok(), "{fork}");
        let toggled = |change: fn(&mut OpPayloadAttributes)| {
            let mut attributes = right.clone();
            change(&mut attributes);
            setting(fork, &attributes).err()
        };
        let toggle_withdrawals = |attributes: &mut OpPayloadAttributes| {
            let list = &mut attributes.payload_attributes.withdrawals;
            *list = if list.is_some() { None } else { Some(vec![]) };
        };
        assert_eq!(toggled(toggle_withdrawals), Some(AttributesError::Withdrawals));
        let add_withdrawal = |attributes: &mut OpPayloadAttributes| {
            attributes.payload_attributes.withdrawals = Some(vec![Withdrawal::default()]);
        };
        assert_eq!(toggled(add_withdrawal), Some(AttributesError::Withdrawals));
        let toggle_root = |attributes: &mut OpPayloadAttributes| {
            let root = &mut attributes.payload_attributes.parent_beacon_block_root;
            *root = if root.is_some() { None } else { Some(B256::ZERO) };
        };
        assert_eq!(toggled(toggle_root), Some(AttributesError::BeaconRoot));
        let toggle_params = |attributes: &mut OpPayloadAttributes| {
            let params = &mut attributes.eip_1559_params;
            *params = if params.is_some() { None } else { Some([0; 8].into()) };
        };
        assert_eq!(toggled(toggle_params), Some(AttributesError::Eip1559));
        let toggle_minimum = |attributes: &mut OpPayloadAttributes| {
            let minimum = &mut attributes.min_base_fee;
            *minimum = if minimum.is_some() { None } else { Some(0) };
        };
        assert_eq!(toggled(toggle_minimum), Some(AttributesError::MinBaseFee));
        let no_gas = |attributes: &mut OpPayloadAttributes| attributes.gas_limit = None;
        assert_eq!(toggled(no_gas), Some(AttributesError::NoGasLimit));
        let late = |attributes: &mut OpPayloadAttributes| attributes.payload_attributes.timestamp = NOW - 2;
        assert!(matches!(toggled(late), Some(AttributesError::Timestamp { .. })));
    }
}
