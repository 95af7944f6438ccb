//! Tips rebuilt from real blocks, and the first blocks of forks (A-040 to A-047, G-030, G-034).
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod common;

use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes, Sealable, Sealed, U256, address};
use common::{bytes, files, header, json, number, present};
use serde_json::Value;
use unroll_protocol::{
    chains,
    config::RollupConfig,
    config_file::parse_rollup_json,
    deposit::DepositTx,
    extra_data::{BaseFeeSettings, ExtraDataError},
    forks::{ExtraData, Fork, ForkTimes, L1InfoFormat},
    l1_info::{L1Fees, L1Info, L1InfoError, l1_info_deposit},
    system_config::{Eip1559Params, FeeScalars, InvalidScalar, OperatorFee, SystemConfig},
    tip::{Tip, TipError},
    units::{BlockId, L1Ref, L1Time, L2Time},
};

const GENESIS: L2Time = L2Time(1_000);
const BLOCK_TIME: u64 = 2;

/// A chain with `forks`, whose genesis is block 5 at time 1000.
fn cfg(forks: ForkTimes) -> RollupConfig {
    let mut cfg = RollupConfig { block_time: BLOCK_TIME, forks, ..Default::default() };
    cfg.genesis.l2_time = GENESIS;
    cfg.genesis.l2.number = 5;
    cfg.genesis.l1 = BlockId { number: 70, hash: B256::repeat_byte(7) };
    cfg
}

/// Every fork up to `last` at genesis, except those that `later` names.
fn forks(last: Fork, later: &[(Fork, u64)]) -> ForkTimes {
    let before = Fork::ALL
        .into_iter()
        .skip(1)
        .filter(|&fork| fork <= last && later.iter().all(|&(late, _)| fork < late));
    let base = before.fold(ForkTimes::NONE, |forks, fork| forks.with(fork, 0));
    later.iter().fold(base, |forks, &(fork, time)| forks.with(fork, time))
}

fn system() -> SystemConfig {
    SystemConfig {
        batcher: address!("6887246668a3b87f54deb3b94ba47a6f63f32985"),
        overhead: U256::from(188),
        scalar: FeeScalars { base_fee: 11, blob_base_fee: 12 }.encode(),
        gas_limit: 60_000_000,
        eip1559: Eip1559Params { denominator: 250, elasticity: 6 },
        operator_fee: OperatorFee { scalar: 13, constant: 14 },
        min_base_fee: 15,
        da_footprint_gas_scalar: 16,
    }
}

fn origin() -> L1Ref {
    L1Ref { number: 80, hash: B256::repeat_byte(8), parent_hash: B256::repeat_byte(9), time: L1Time(999) }
}

const FEES: L1Fees = L1Fees { base_fee: 21, excess_blob_gas: Some(0) };

/// The block that a sequencer makes of `system` at `time`.
fn block(cfg: &RollupConfig, system: &SystemConfig, time: L2Time) -> (Sealed<Header>, Bytes) {
    let first = l1_info_deposit(cfg, system, &origin(), &FEES, 3, time).unwrap();
    let extra_data = BaseFeeSettings { eip1559: system.eip1559, min_base_fee: system.min_base_fee }
        .encode(cfg.forks.execution(time).extra_data);
    let gas_limit = system.gas_limit + cfg.upgrade_gas(time);
    let header = Header { number: 6, timestamp: time.0, gas_limit, extra_data, ..Default::default() };
    (header.seal_slow(), first)
}

fn rebuilt(cfg: &RollupConfig, system: &SystemConfig, time: L2Time) -> SystemConfig {
    let (header, first) = block(cfg, system, time);
    Tip::from_block(cfg, header, Some(&first)).unwrap().system
}

/// every real block that we have can be a parent; gas limit and extra data are the header's.
#[test]
fn real_blocks_are_tips() {
    if !present() {
        return;
    }
    let mut seen = 0;
    for path in files("data/exec", ".json.zst").into_iter().chain(files("data/exec-celo", ".json.zst")) {
        let file = json(&path);
        let Ok((cfg, _)) = parse_rollup_json(file["rollup_config"].to_string().as_bytes()) else { continue };
        let header = header(&file["expected_header_rlp"]);
        let first = bytes(&file["payload_attributes"]["transactions"][0]);
        let tip = Tip::from_block(&cfg, header.clone(), Some(&first))
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(tip.block.time.0, header.timestamp);
        assert_eq!((tip.block.number, tip.block.hash), (header.number, header.hash()));
        // Baklava once stood still for six minutes, which no OP Stack chain does.
        assert!(
            path.contains("celo-baklava") || cfg.time_of(header.number) == Some(tip.block.time),
            "{path}"
        );
        assert_eq!(tip.system.gas_limit, header.gas_limit);
        let settings = BaseFeeSettings { eip1559: tip.system.eip1559, min_base_fee: tip.system.min_base_fee };
        let format = cfg.forks.execution(tip.block.time).extra_data;
        assert_eq!(settings.encode(format), header.extra_data, "{path}");
        seen += 1;
    }
    assert!(seen > 40, "{seen}");
}

/// G-005: of two real blocks in a row, the second's attributes are what the first leaves behind.
#[test]
fn real_tips_predict_the_next_block() {
    if !present() {
        return;
    }
    let blocks: Vec<_> = files("data/exec", ".json.zst").iter().map(|path| json(path)).collect();
    let mut seen = 0;
    for (parent, child) in blocks.iter().zip(&blocks[1..]) {
        if parent["expected_block_hash"] != child["parent_hash"] {
            continue;
        }
        let first = |file: &Value| bytes(&file["payload_attributes"]["transactions"][0]);
        let (cfg, _) = parse_rollup_json(child["rollup_config"].to_string().as_bytes()).unwrap();
        let tip =
            Tip::from_block(&cfg, header(&parent["expected_header_rlp"]), Some(&first(parent))).unwrap();
        let attributes = &child["payload_attributes"];
        assert_eq!(number(&attributes["gasLimit"]), tip.system.gas_limit);
        if let Some(params) = attributes["eip1559Params"].as_str() {
            assert_eq!(params.parse::<Bytes>().unwrap()[..], tip.system.eip1559.to_bytes());
        }
        let format = cfg.l1_info_format(L2Time(number(&attributes["timestamp"])));
        let info = L1Info::decode(&DepositTx::decode(&first(child)).unwrap().data, format).unwrap();
        let same_epoch = info.origin == tip.block.l1_origin;
        assert_eq!(info.sequence_number, if same_epoch { tip.block.sequence_number + 1 } else { 0 });
        assert_eq!(info.batcher, tip.system.batcher);
        match format {
            L1InfoFormat::Bedrock => {
                assert_eq!((info.overhead, info.scalar), (tip.system.overhead, tip.system.scalar))
            }
            _ => assert_eq!(info.fee_scalars, tip.system.fee_scalars().unwrap()),
        }
        seen += 1;
    }
    assert!(seen > 12, "{seen}");
}

/// G-029, G-032: Base Sepolia's L1-info deposit, from the parent block and the L1 header, under BPO2.
#[test]
fn base_sepolia_from_its_parent() {
    if !present() {
        return;
    }
    let file = json("data/attributes/base-sepolia-37312300.json.zst");
    let cfg = chains::by_chain_id(84_532).unwrap();
    let parent = header(&file["l2_parent_header_rlp"]);
    let time = L2Time(parent.timestamp).plus(cfg.block_time);
    let tip = Tip::from_block(cfg, parent, Some(&bytes(&file["l2_parent_transactions"][0]))).unwrap();
    let l1 = header(&file["l1_origin_header_rlp"]);
    assert_eq!(tip.block.l1_origin.hash, l1.hash(), "the same epoch");
    let origin =
        L1Ref { number: l1.number, hash: l1.hash(), parent_hash: l1.parent_hash, time: L1Time(l1.timestamp) };
    let fees = L1Fees { base_fee: l1.base_fee_per_gas.unwrap(), excess_blob_gas: l1.excess_blob_gas };
    let actual =
        l1_info_deposit(cfg, &tip.system, &origin, &fees, tip.block.sequence_number + 1, time).unwrap();
    assert_eq!(actual, bytes(&file["expected_l1_info_deposit"]));
}

/// G-029, G-032: Base's L1-info deposit, from the facts of its origin and a DA-footprint scalar of 139. Who misses that
/// update writes 400.
#[test]
fn base_mainnet_from_its_system_config() {
    if !present() {
        return;
    }
    let file = json("data/attributes/base-mainnet-43127820.json.zst");
    let (l1, parent, config) = (&file["l1_origin"], &file["l2_parent"], &file["system_config"]);
    let value = |name: &str| number(&config[name]);
    let small = |name: &str| u32::try_from(value(name)).unwrap();
    let scalars =
        FeeScalars { base_fee: small("base_fee_scalar"), blob_base_fee: small("blob_base_fee_scalar") };
    let system = SystemConfig {
        batcher: common::address(&config["batcher"]),
        overhead: U256::ZERO,
        scalar: scalars.encode(),
        gas_limit: value("gas_limit"),
        eip1559: Eip1559Params {
            denominator: small("eip1559_denominator"),
            elasticity: small("eip1559_elasticity"),
        },
        operator_fee: OperatorFee {
            scalar: small("operator_fee_scalar"),
            constant: value("operator_fee_constant"),
        },
        min_base_fee: value("min_base_fee"),
        da_footprint_gas_scalar: 139,
    };
    let origin = L1Ref {
        number: number(&l1["number"]),
        hash: common::hash(&l1["hash"]),
        parent_hash: B256::ZERO,
        time: L1Time(number(&l1["timestamp"])),
    };
    let fees =
        L1Fees { base_fee: number(&l1["base_fee"]), excess_blob_gas: Some(number(&l1["excess_blob_gas"])) };
    let attributes = &file["payload_attributes"];
    let time = L2Time(number(&attributes["timestamp"]));
    assert_eq!(time.0, number(&parent["timestamp"]) + 2);
    let sequence_number = number(&parent["sequence_number"]) + 1;
    let cfg = chains::by_chain_id(8453).unwrap();
    let actual = l1_info_deposit(cfg, &system, &origin, &fees, sequence_number, time).unwrap();
    assert_eq!(actual, bytes(&attributes["transactions"][0]));
    assert_eq!(system.eip1559.to_bytes(), bytes(&attributes["eip1559Params"])[..]);
}

/// the extra data of real Jovian headers.
#[test]
fn real_jovian_extra_data() {
    if !present() {
        return;
    }
    let mut seen = 0;
    for case in json("data/headers/op-mainnet-jovian-eip2935.json.zst").as_array().unwrap() {
        for step in case["steps"].as_array().unwrap() {
            for rlp in [&step["from_header_rlp"], &step["resolved_header_rlp"]] {
                let header = header(rlp);
                let cfg = chains::by_chain_id(10).unwrap();
                let format = cfg.forks.execution(L2Time(header.timestamp)).extra_data;
                assert_eq!(format, ExtraData::Eip1559AndMinBaseFee);
                let settings = BaseFeeSettings::decode(format, &header.extra_data).unwrap();
                assert_eq!(settings.encode(format), header.extra_data);
                assert_eq!(settings.eip1559.denominator, 250);
                assert_eq!(cfg.time_of(header.number), Some(L2Time(header.timestamp)), "A-009");
                seen += 1;
            }
        }
    }
    assert!(seen > 0);
}

/// genesis says nothing about itself; its hash must be the configured one.
#[test]
fn genesis() {
    if !present() {
        return;
    }
    for entry in json("data/genesis/index.json").as_array().unwrap() {
        let cfg = chains::by_chain_id(number(&entry["chain_id"])).unwrap();
        let header = header(&entry["header_rlp"]);
        let tip = Tip::from_block(cfg, header.clone(), None).unwrap();
        assert_eq!(tip.system, cfg.genesis.system_config);
        assert_eq!((tip.block.l1_origin, tip.block.sequence_number), (cfg.genesis.l1, 0));
        assert_eq!(tip.block.time, cfg.genesis.l2_time);
        let other = Header { gas_used: 1, ..header.inner().clone() }.seal_slow();
        let error = TipError::Genesis { expected: cfg.genesis.l2.hash, actual: other.hash() };
        assert_eq!(Tip::from_block(cfg, other, None), Err(error));
    }
    let before = Header { number: 4, ..Default::default() }.seal_slow();
    assert_eq!(
        Tip::from_block(&cfg(ForkTimes::NONE), before, None),
        Err(TipError::BeforeGenesis { number: 4 })
    );
}

/// a value that the block has no place for is forgotten.
#[test]
fn what_no_block_encodes_is_forgotten() {
    let granite = SystemConfig {
        overhead: U256::ZERO,
        eip1559: Eip1559Params::default(),
        operator_fee: OperatorFee::default(),
        min_base_fee: 0,
        da_footprint_gas_scalar: 0,
        ..system()
    };
    let later = L2Time(2_000);
    let rebuilt = |last| rebuilt(&cfg(forks(last, &[])), &system(), later);
    assert_eq!(
        rebuilt(Fork::Regolith),
        SystemConfig { overhead: U256::from(188), scalar: system().scalar, ..granite }
    );
    assert_eq!(rebuilt(Fork::Granite), granite);
    let holocene = SystemConfig { eip1559: system().eip1559, ..granite };
    assert_eq!(rebuilt(Fork::Holocene), holocene);
    let isthmus = SystemConfig { operator_fee: system().operator_fee, ..holocene };
    assert_eq!(rebuilt(Fork::Isthmus), isthmus);
    assert_eq!(rebuilt(Fork::Jovian), SystemConfig { overhead: U256::ZERO, ..system() });
}

/// from Ecotone the scalar is re-encoded as version 1, whatever version it was.
#[test]
fn scalars_come_back_as_version_1() {
    let cfg = cfg(forks(Fork::Ecotone, &[]));
    let old = SystemConfig { scalar: U256::from(684_000), ..system() };
    let expected = FeeScalars { base_fee: 684_000, blob_base_fee: 0 }.encode();
    assert_eq!(rebuilt(&cfg, &old, L2Time(2_000)).scalar, expected);
    let huge = SystemConfig { scalar: U256::ONE << 100, ..system() };
    assert_eq!(rebuilt(&cfg, &huge, L2Time(2_000)).fee_scalars().unwrap().base_fee, u32::MAX);
    let unknown = SystemConfig { scalar: U256::from(2) << 248, ..system() };
    let deposit = l1_info_deposit(&cfg, &unknown, &origin(), &FEES, 0, L2Time(2_000));
    assert_eq!(deposit, Err(InvalidScalar(unknown.scalar)));
}

/// A-043, G-030, trap 2: the first block of Ecotone, Isthmus and Jovian still has the format before it, and what that lacks
/// is zero when the block is read back.
#[test]
fn trap_2_first_block_of_a_fork_has_the_format_before_it() {
    for (fork, before, after) in [
        (Fork::Ecotone, L1InfoFormat::Bedrock, L1InfoFormat::Ecotone),
        (Fork::Isthmus, L1InfoFormat::Ecotone, L1InfoFormat::Isthmus),
        (Fork::Jovian, L1InfoFormat::Isthmus, L1InfoFormat::Jovian),
    ] {
        // the time of activation is between two blocks.
        for activation in [1_009, 1_010] {
            let cfg = cfg(forks(fork, &[(fork, activation)]));
            let formats = [1_008, 1_010, 1_012].map(|time| cfg.l1_info_format(L2Time(time)));
            assert_eq!(formats, [before, before, after], "{fork}");
            let first = rebuilt(&cfg, &system(), L2Time(1_010));
            let second = rebuilt(&cfg, &system(), L2Time(1_012));
            assert_eq!(first.overhead == U256::ZERO, fork != Fork::Ecotone);
            assert_eq!(first.operator_fee == OperatorFee::default(), fork <= Fork::Isthmus);
            assert_eq!(first.da_footprint_gas_scalar, 0);
            assert_eq!(second.overhead, U256::ZERO);
            assert_eq!(second.operator_fee == OperatorFee::default(), fork < Fork::Isthmus);
            assert_eq!(second.da_footprint_gas_scalar == 16, fork == Fork::Jovian);
        }
    }
}

/// A-005, G-030, G-057: a fork at genesis has no upgrade transactions, and no first block with the format before it.
#[test]
fn forks_at_genesis_have_no_delay() {
    for time in [0, GENESIS.0 - 1, GENESIS.0] {
        let cfg = cfg(forks(Fork::Jovian, &[(Fork::Jovian, time)]));
        assert_eq!(cfg.l1_info_format(GENESIS.plus(BLOCK_TIME)), L1InfoFormat::Jovian, "{time}");
        assert_eq!(cfg.l1_info_format(GENESIS), L1InfoFormat::Jovian, "{time}");
        assert_eq!(cfg.activating(GENESIS).count(), 0);
    }
    let cfg = cfg(forks(Fork::Jovian, &[(Fork::Jovian, GENESIS.0 + 1)]));
    assert_eq!(cfg.l1_info_format(GENESIS.plus(BLOCK_TIME)), L1InfoFormat::Isthmus);
    assert_eq!(cfg.activating(GENESIS.plus(BLOCK_TIME)).collect::<Vec<_>>(), [Fork::Jovian]);
}

/// G-030: where several forks activate in one block, the format is the last one's that was active before.
#[test]
fn forks_that_activate_together() {
    let all = [Fork::Ecotone, Fork::Fjord, Fork::Granite, Fork::Holocene, Fork::Isthmus, Fork::Jovian];
    let cfg = cfg(forks(Fork::Jovian, &all.map(|fork| (fork, 1_010))));
    assert_eq!(cfg.activating(L2Time(1_010)).collect::<Vec<_>>(), all);
    assert_eq!(cfg.l1_info_format(L2Time(1_010)), L1InfoFormat::Bedrock);
    assert_eq!(cfg.l1_info_format(L2Time(1_012)), L1InfoFormat::Jovian);
}

/// G-025, G-030: Regolith's gas and flag have no delay.
#[test]
fn regolith_has_no_delay() {
    let cfg = cfg(ForkTimes::NONE.with(Fork::Regolith, 1_010));
    let deposit = |time| DepositTx::decode(&block(&cfg, &system(), L2Time(time)).1).unwrap();
    assert_eq!((deposit(1_008).gas, deposit(1_008).is_system), (150_000_000, true));
    assert_eq!((deposit(1_010).gas, deposit(1_010).is_system), (1_000_000, false));
}

/// G-029: an unset DA-footprint scalar is written as 400, and read back as that.
#[test]
fn unset_da_footprint_scalar_is_400() {
    let cfg = cfg(forks(Fork::Jovian, &[]));
    let unset = SystemConfig { da_footprint_gas_scalar: 0, ..system() };
    assert_eq!(rebuilt(&cfg, &unset, L2Time(2_000)).da_footprint_gas_scalar, 400);
}

/// F-020, A-005: which activation blocks hold deposits only.
#[test]
fn empty_activation_blocks() {
    for fork in Fork::ALL.into_iter().skip(1) {
        let cfg = cfg(forks(fork, &[(fork, 1_010)]));
        assert!(!cfg.must_be_empty(L2Time(1_008)));
        assert_eq!(cfg.must_be_empty(L2Time(1_010)), fork >= Fork::Jovian, "{fork}");
        assert!(!cfg.must_be_empty(L2Time(1_012)));
    }
}

/// a block without transactions, or whose first is no deposit, is no parent.
#[test]
fn blocks_without_l1_info_are_no_parents() {
    let cfg = cfg(forks(Fork::Ecotone, &[]));
    let (header, first) = block(&cfg, &system(), L2Time(2_000));
    let tip = |first: Option<&Bytes>| Tip::from_block(&cfg, header.clone(), first);
    assert_eq!(tip(None), Err(TipError::Empty));
    assert!(matches!(tip(Some(&Bytes::new())), Err(TipError::NoDeposit(_))));
    assert!(matches!(tip(Some(&[&[2], &first[1..]].concat().into())), Err(TipError::NoDeposit(_))));
    let other = DepositTx { data: Bytes::from_static(&[1; 164]), ..DepositTx::decode(&first).unwrap() };
    assert!(matches!(tip(Some(&other.encode())), Err(TipError::L1Info(L1InfoError::Selector { .. }))));
    assert_eq!(tip(Some(&first)).unwrap().block.sequence_number, 3);
}

/// A-046, trap 15: Karst's upgrade gas is gone after its block, unless the chain keeps it.
#[test]
fn trap_15_karst_gas_is_stripped() {
    let mut cfg = cfg(forks(Fork::Karst, &[(Fork::Karst, 1_010)]));
    assert_eq!([1_008, 1_010, 1_012].map(|time| cfg.upgrade_gas(L2Time(time))), [0, 55_370_657, 0]);
    let (header, first) = block(&cfg, &system(), L2Time(1_010));
    assert_eq!(header.gas_limit, 60_000_000 + 55_370_657);
    for time in [1_008, 1_010, 1_012] {
        assert_eq!(rebuilt(&cfg, &system(), L2Time(time)).gas_limit, 60_000_000);
    }
    cfg.keep_karst_upgrade_gas = true;
    assert_eq!(rebuilt(&cfg, &system(), L2Time(1_010)).gas_limit, 60_000_000 + 55_370_657);
    assert_eq!(rebuilt(&cfg, &system(), L2Time(1_012)).gas_limit, 60_000_000);

    cfg.keep_karst_upgrade_gas = false;
    let low = Header { gas_limit: 55_370_656, ..header.inner().clone() }.seal_slow();
    let error = TipError::GasLimit { gas_limit: 55_370_656, upgrade_gas: 55_370_657 };
    assert_eq!(Tip::from_block(&cfg, low, Some(&first)), Err(error));
}

/// extra data that the fork does not allow is no derived block's.
#[test]
fn extra_data_is_read_strictly() {
    let decode = BaseFeeSettings::decode;
    let settings =
        BaseFeeSettings { eip1559: Eip1559Params { denominator: 1, elasticity: 2 }, min_base_fee: 3 };
    assert_eq!(decode(ExtraData::Empty, b"BEDROCK"), Ok(BaseFeeSettings::default()));
    let holocene = settings.encode(ExtraData::Eip1559);
    assert_eq!(holocene, Bytes::from_static(&[0, 0, 0, 0, 1, 0, 0, 0, 2]));
    assert_eq!(decode(ExtraData::Eip1559, &holocene), Ok(BaseFeeSettings { min_base_fee: 0, ..settings }));
    let jovian = settings.encode(ExtraData::Eip1559AndMinBaseFee);
    assert_eq!(jovian, Bytes::from_static(&[1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3]));
    assert_eq!(decode(ExtraData::Eip1559AndMinBaseFee, &jovian), Ok(settings));

    for length in (0..20).filter(|&length| length != 9) {
        let error = Err(ExtraDataError::Length { expected: 9, actual: length });
        assert_eq!(decode(ExtraData::Eip1559, &vec![1; length]), error);
    }
    assert_eq!(
        decode(ExtraData::Eip1559AndMinBaseFee, &holocene),
        Err(ExtraDataError::Length { expected: 17, actual: 9 })
    );
    assert_eq!(decode(ExtraData::Eip1559, &[1; 9]), Err(ExtraDataError::Version(1)));
    assert_eq!(decode(ExtraData::Eip1559AndMinBaseFee, &[0; 17]), Err(ExtraDataError::Version(0)));
    let zero = |denominator, elasticity| Err(ExtraDataError::Zero(Eip1559Params { denominator, elasticity }));
    assert_eq!(decode(ExtraData::Eip1559, &[0, 0, 0, 0, 0, 0, 0, 0, 1]), zero(0, 1));
    assert_eq!(decode(ExtraData::Eip1559, &[0, 0, 0, 0, 1, 0, 0, 0, 0]), zero(1, 0));
}
