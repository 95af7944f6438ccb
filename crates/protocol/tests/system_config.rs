//! Config updates, malformed and not.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

use alloy_primitives::{Address, B256, Log, LogData, U256, address, keccak256};
use unroll_protocol::{
    config::RollupConfig,
    forks::{Fork, ForkTimes},
    system_config::{
        ConfigUpdate, ConfigUpdateError, Eip1559Params, FeeScalars, InvalidScalar, OperatorFee, SystemConfig,
    },
    units::L1Time,
};

const SYSTEM_CONFIG: Address = address!("229047fed2591dbec1eF1118d64F7aF3dB9EB290");
const BEDROCK: L1Time = L1Time(99);
const ECOTONE: L1Time = L1Time(100);

fn cfg() -> RollupConfig {
    let forks = ForkTimes::NONE.with(Fork::Regolith, 0).with(Fork::Canyon, 0).with(Fork::Delta, 0);
    RollupConfig {
        l1_system_config: SYSTEM_CONFIG,
        forks: forks.with(Fork::Ecotone, ECOTONE.0),
        ..Default::default()
    }
}

/// ABI data of one `bytes` that holds `words`.
fn data(words: &[U256]) -> Vec<u8> {
    let head = [U256::from(32), U256::from(32 * words.len())];
    head.iter().chain(words).flat_map(|word| word.to_be_bytes::<32>()).collect()
}

fn log(kind: u64, data: Vec<u8>) -> Log {
    let topics = vec![ConfigUpdate::TOPIC, B256::ZERO, U256::from(kind).into()];
    Log { address: SYSTEM_CONFIG, data: LogData::new_unchecked(topics, data.into()) }
}

fn decode(log: &Log) -> Option<Result<ConfigUpdate, ConfigUpdateError>> {
    ConfigUpdate::decode(log, &cfg(), ECOTONE)
}

fn one(kind: u64, word: U256) -> Result<ConfigUpdate, ConfigUpdateError> {
    decode(&log(kind, data(&[word]))).unwrap()
}

fn word_error(word: U256) -> ConfigUpdateError {
    ConfigUpdateError::Value(word.into())
}

/// only this event, only of this contract.
#[test]
fn only_our_logs_count() {
    assert_eq!(ConfigUpdate::TOPIC, keccak256("ConfigUpdate(uint256,uint8,bytes)"));
    let ours = log(2, data(&[U256::from(7)]));
    assert_eq!(decode(&ours), Some(Ok(ConfigUpdate::GasLimit(7))));
    let other_contract = Log { address: Address::ZERO, ..ours.clone() };
    assert_eq!(decode(&other_contract), None);
    let mut other_event = ours.clone();
    other_event.data.topics_mut_unchecked()[0] = B256::ZERO;
    assert_eq!(decode(&other_event), None);
    let anonymous = Log { data: LogData::new_unchecked(vec![], ours.data.data.clone()), ..ours };
    assert_eq!(decode(&anonymous), None);
}

/// exactly three topics, each compared as a whole word.
#[test]
fn topics_are_whole_words() {
    let valid = log(2, data(&[U256::from(7)]));
    let with = |topics: Vec<B256>| {
        decode(&Log { data: LogData::new_unchecked(topics, valid.data.data.clone()), ..valid.clone() })
            .unwrap()
    };
    let [topic, version, kind] = [0, 1, 2].map(|i| valid.topics()[i]);
    assert_eq!(with(vec![topic]), Err(ConfigUpdateError::Topics(1)));
    assert_eq!(with(vec![topic, version]), Err(ConfigUpdateError::Topics(2)));
    assert_eq!(with(vec![topic, version, kind, B256::ZERO]), Err(ConfigUpdateError::Topics(4)));
    for byte in 0..32 {
        let mut dirty = B256::ZERO;
        dirty[byte] = 1;
        assert_eq!(with(vec![topic, dirty, kind]), Err(ConfigUpdateError::Version(dirty)));
        if byte < 31 {
            let dirty_kind = dirty | kind;
            assert_eq!(with(vec![topic, version, dirty_kind]), Err(ConfigUpdateError::Kind(dirty_kind)));
        }
    }
    assert!(matches!(with(vec![topic, version, B256::with_last_byte(8)]), Err(ConfigUpdateError::Kind(_))));
}

/// the offset is 32, the length is the type's, and nothing follows.
#[test]
fn data_is_exactly_one_bytes() {
    for kind in 0..=7 {
        let words = if kind == 1 { 2 } else { 1 };
        let valid = data(&vec![U256::ZERO; words]);
        assert!(decode(&log(kind, valid.clone())).unwrap().is_ok(), "{kind}");
        for length in 0..valid.len() {
            assert_eq!(
                decode(&log(kind, valid[..length].to_vec())),
                Some(Err(ConfigUpdateError::Data(length)))
            );
        }
        let error = Some(Err(ConfigUpdateError::Data(valid.len() + 32)));
        assert_eq!(decode(&log(kind, [&valid[..], &[0; 32]].concat())), error, "trailing");
        assert_eq!(decode(&log(kind, data(&vec![U256::ZERO; words + 1]))), error, "another length");
        for (word, value) in [(0, 33), (0, 0), (1, 32 * words + 1), (1, 0), (1, 31)] {
            let mut wrong = valid.clone();
            wrong[32 * word..][..32].copy_from_slice(&U256::from(value).to_be_bytes::<32>());
            assert_eq!(decode(&log(kind, wrong)), Some(Err(ConfigUpdateError::Data(valid.len()))));
        }
        for byte in [0, 32] {
            let mut wrong = valid.clone();
            wrong[byte] = 1;
            assert_eq!(
                decode(&log(kind, wrong)),
                Some(Err(ConfigUpdateError::Data(valid.len()))),
                "beyond 64 bits"
            );
        }
    }
}

/// A-024, trap 3: a malformed update is skipped, changes nothing, and the next one counts. (A malformed deposit halts:
/// see `deposit.rs`.)
#[test]
fn trap_3_malformed_updates_are_skipped() {
    let mut system = SystemConfig { gas_limit: 1, ..Default::default() };
    let logs = [
        log(2, data(&[U256::MAX])),
        log(9, data(&[U256::from(2)])),
        log(2, vec![]),
        log(2, data(&[U256::from(3)])),
        log(0, data(&[U256::MAX])),
    ];
    for log in &logs {
        if let Ok(update) = decode(log).unwrap() {
            system.apply(&update);
        }
    }
    assert_eq!(system, SystemConfig { gas_limit: 3, ..Default::default() });
}

/// the batcher is an address behind 12 zero bytes.
#[test]
fn batcher() {
    let batcher = address!("6887246668a3b87f54deb3b94ba47a6f63f32985");
    let word = batcher.into_word().into();
    assert_eq!(one(0, word), Ok(ConfigUpdate::Batcher(batcher)));
    let dirty = word | U256::ONE << 160;
    assert_eq!(one(0, dirty), Err(word_error(dirty)));
}

/// before Ecotone both words are stored as they are. The clock is the L1 block of the log.
#[test]
fn fees_before_ecotone() {
    let log = log(1, data(&[U256::from(188), U256::MAX]));
    let update = ConfigUpdate::decode(&log, &cfg(), BEDROCK).unwrap();
    assert_eq!(update, Ok(ConfigUpdate::Fees { overhead: U256::from(188), scalar: U256::MAX }));
}

/// from Ecotone the overhead is zero, and a scalar that is no versioned encoding leaves the old one in force.
#[test]
fn fees_from_ecotone() {
    let update = |scalar| decode(&log(1, data(&[U256::from(188), scalar]))).unwrap();
    let version_0 = U256::from(684_000);
    let version_1 = FeeScalars { base_fee: 5, blob_base_fee: 6 }.encode();
    for scalar in [version_0, version_1] {
        assert_eq!(update(scalar), Ok(ConfigUpdate::Fees { overhead: U256::ZERO, scalar }));
    }
    let version_2 = U256::from(2) << 248;
    for invalid in [version_2, U256::MAX, version_0 | U256::ONE << 32, version_1 | U256::ONE << 64] {
        assert_eq!(update(invalid), Err(ConfigUpdateError::Scalar(invalid.into())));
    }
    // in version 0 the blob scalar's place is padding as well; in version 1 it is not.
    assert!(update(U256::ONE << 63 | version_0).is_err());
    assert!(update(U256::ONE << 63 | version_1).is_ok());
}

/// the gas limit has 64 bits; the unsafe block signer changes nothing.
#[test]
fn gas_limit_and_signer() {
    assert_eq!(one(2, U256::from(u64::MAX)), Ok(ConfigUpdate::GasLimit(u64::MAX)));
    let beyond = U256::ONE << 64;
    assert_eq!(one(2, beyond), Err(word_error(beyond)));
    let update = one(3, U256::from(5)).unwrap();
    let mut system = SystemConfig::default();
    system.apply(&update);
    assert_eq!(system, SystemConfig::default());
}

/// a scalar stored before Ecotone is no encoding: what does not fit saturates, and an unknown version halts.
#[test]
fn stored_scalars_of_version_0() {
    let read = |scalar| SystemConfig { scalar, ..Default::default() }.fee_scalars();
    assert_eq!(read(U256::from(684_000)), Ok(FeeScalars { base_fee: 684_000, blob_base_fee: 0 }));
    assert_eq!(read(U256::from(u32::MAX)), Ok(FeeScalars { base_fee: u32::MAX, blob_base_fee: 0 }));
    for bit in 32..248 {
        assert_eq!(
            read(U256::ONE << bit),
            Ok(FeeScalars { base_fee: u32::MAX, blob_base_fee: 0 }),
            "bit {bit}"
        );
    }
    for version in 2..=255u8 {
        assert_eq!(read(U256::from(version) << 248), Err(InvalidScalar(U256::from(version) << 248)));
    }
}

/// version 1 holds both scalars, and nothing else.
#[test]
fn stored_scalars_of_version_1() {
    let scalars = FeeScalars { base_fee: 0x0102_0304, blob_base_fee: 0x0506_0708 };
    let expected = "0x0100000000000000000000000000000000000000000000000506070801020304";
    assert_eq!(scalars.encode(), expected.parse::<U256>().unwrap());
    let read = |scalar| SystemConfig { scalar, ..Default::default() }.fee_scalars();
    assert_eq!(read(scalars.encode()), Ok(scalars));
    for bit in 64..248 {
        let padded = scalars.encode() | U256::ONE << bit;
        assert_eq!(read(padded), Err(InvalidScalar(padded)), "bit {bit}");
    }
}

/// denominator and elasticity; both may be zero, the denominator alone may not.
#[test]
fn eip1559_params() {
    let params =
        |denominator: u32, elasticity: u32| one(4, U256::from(denominator) << 32 | U256::from(elasticity));
    for (denominator, elasticity) in [(250, 6), (0, 0), (u32::MAX, u32::MAX), (1, 0)] {
        let expected = Eip1559Params { denominator, elasticity };
        assert_eq!(params(denominator, elasticity), Ok(ConfigUpdate::Eip1559(expected)));
    }
    assert_eq!(params(0, 6), Err(ConfigUpdateError::Denominator { elasticity: 6 }));
    let above = (U256::MAX << 64) | U256::from(250_u64 << 32 | 6);
    assert_eq!(one(4, above), params(250, 6), "the network looks at the low bytes alone");
    assert_eq!(one(4, U256::MAX << 64), params(0, 0));
    assert_eq!(Eip1559Params { denominator: 250, elasticity: 6 }.to_bytes(), [0, 0, 0, 250, 0, 0, 0, 6]);
}

/// the operator fee's scalar and constant.
#[test]
fn operator_fee() {
    let word = U256::from(7) << 64 | U256::from(u64::MAX);
    assert_eq!(one(5, word), Ok(ConfigUpdate::OperatorFee(OperatorFee { scalar: 7, constant: u64::MAX })));
    assert_eq!(one(5, word | U256::MAX << 96), one(5, word), "the network looks at the low bytes alone");
}

/// the least base fee and the DA footprint's scalar.
#[test]
fn jovian_parameters() {
    assert_eq!(one(6, U256::from(u64::MAX)), Ok(ConfigUpdate::MinBaseFee(u64::MAX)));
    assert_eq!(one(7, U256::from(u16::MAX)), Ok(ConfigUpdate::DaFootprintGasScalar(u16::MAX)));
    let beyond = U256::from(0x1_0000);
    assert_eq!(one(7, beyond), Err(word_error(beyond)));
    assert_eq!(one(6, U256::ONE << 64), Err(word_error(U256::ONE << 64)));
}

/// every type is known at all times, also long before its fork.
#[test]
fn types_are_not_gated_by_forks() {
    for kind in 0..=7 {
        let words = if kind == 1 { 2 } else { 1 };
        let log = log(kind, data(&vec![U256::ZERO; words]));
        assert!(
            ConfigUpdate::decode(&log, &RollupConfig { forks: ForkTimes::NONE, ..cfg() }, BEDROCK)
                .unwrap()
                .is_ok()
        );
    }
}

/// each update changes its own field and no other.
#[test]
fn updates_change_their_field() {
    let batcher = address!("0300000000000000000000000000000000000000");
    let eip1559 = Eip1559Params { denominator: 1, elasticity: 2 };
    let operator_fee = OperatorFee { scalar: 3, constant: 4 };
    let updates = [
        ConfigUpdate::Batcher(batcher),
        ConfigUpdate::Fees { overhead: U256::from(5), scalar: U256::from(6) },
        ConfigUpdate::GasLimit(7),
        ConfigUpdate::Eip1559(eip1559),
        ConfigUpdate::OperatorFee(operator_fee),
        ConfigUpdate::MinBaseFee(8),
        ConfigUpdate::DaFootprintGasScalar(9),
    ];
    let none = SystemConfig::default();
    let all = SystemConfig {
        batcher,
        overhead: U256::from(5),
        scalar: U256::from(6),
        gas_limit: 7,
        eip1559,
        operator_fee,
        min_base_fee: 8,
        da_footprint_gas_scalar: 9,
    };
    let alone = [
        SystemConfig { batcher, ..none },
        SystemConfig { overhead: all.overhead, scalar: all.scalar, ..none },
        SystemConfig { gas_limit: 7, ..none },
        SystemConfig { eip1559, ..none },
        SystemConfig { operator_fee, ..none },
        SystemConfig { min_base_fee: 8, ..none },
        SystemConfig { da_footprint_gas_scalar: 9, ..none },
    ];
    let mut system = none;
    for (update, alone) in updates.iter().zip(alone) {
        system.apply(update);
        let mut single = none;
        single.apply(update);
        assert_eq!(single, alone);
    }
    assert_eq!(system, all);
}
