//! Config files of real chains, and broken ones.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]
#![cfg(feature = "serde")]

mod common;

use alloy_primitives::{Address, U256, address, b256};
use common::{files, json, present};
use serde_json::{Value, json};
use unroll_protocol::{
    blob_schedule::BlobSchedule,
    config::{AltDaConfig, BaseFeeConstants, ConfigError, DaCommitment, RollupConfig},
    config_file::{ConfigFileError, parse_l1_chain_config, parse_rollup_json},
    forks::{Fork, ForkTimes},
    system_config::{Eip1559Params, OperatorFee},
    units::{BlockId, L1Time, L2Time},
};

fn parse(value: &Value) -> Result<(RollupConfig, Vec<String>), ConfigFileError> {
    parse_rollup_json(value.to_string().as_bytes())
}

/// A config with every field that has no default.
fn minimal() -> Value {
    json!({
        "genesis": {
            "l1": { "hash": "0x0100000000000000000000000000000000000000000000000000000000000000", "number": 7 },
            "l2": { "hash": "0x0200000000000000000000000000000000000000000000000000000000000000", "number": "0x9" },
            "l2_time": 1000,
            "system_config": {
                "batcherAddr": "0x0300000000000000000000000000000000000000",
                "overhead": "0x0000000000000000000000000000000000000000000000000000000000000004",
                "scalar": "0x0000000000000000000000000000000000000000000000000000000000000005",
                "gasLimit": 30_000_000
            }
        },
        "block_time": 2,
        "max_sequencer_drift": 600,
        "seq_window_size": 3600,
        "channel_timeout": 300,
        "l1_chain_id": 900,
        "l2_chain_id": 901,
        "batch_inbox_address": "0x0600000000000000000000000000000000000000",
        "deposit_contract_address": "0x0700000000000000000000000000000000000000",
        "l1_system_config_address": "0x0800000000000000000000000000000000000000",
    })
}

fn set(config: &mut Value, path: &str, value: Value) {
    let pointer = format!("/{}", path.replace('.', "/"));
    match config.pointer_mut(&pointer) {
        Some(place) => *place = value,
        None => {
            let (table, key) = path.rsplit_once('.').map_or(("", path), |(table, key)| (table, key));
            let table = format!("/{}", table.replace('.', "/"));
            let table = if table == "/" { config } else { config.pointer_mut(&table).unwrap() };
            table[key] = value;
        }
    }
}

/// every key of the registry's chains is known, and their configs are sane.
#[test]
fn registry_chains_parse() {
    if !present() {
        return;
    }
    let chains = json("protocol/chains.json");
    assert_eq!(chains["chains"].as_array().unwrap().len(), 53);
    for chain in chains["chains"].as_array().unwrap() {
        let (config, unknown) = parse(&chain["rollup"]).unwrap();
        assert_eq!(unknown, Vec::<String>::new(), "{}", chain["name"]);
        assert_eq!(config.check(), Ok(()), "{}", chain["name"]);
        assert_eq!(config.alt_da.is_some(), !chain["rollup"]["alt_da"].is_null());
    }
}

/// what other programs wrote parses too. Two files of the devnet 1337 are no whole configs.
#[test]
fn configs_of_witnesses_parse() {
    if !present() {
        return;
    }
    let mut seen = [0; 2];
    let folders = [("data/exec", ".json.zst"), ("data/exec-celo", ".json.zst"), ("data/witness", ".json")];
    let paths = folders.iter().flat_map(|(folder, ending)| files(folder, ending));
    for path in paths.chain(["data/attributes/base-sepolia-37312300.json.zst".to_string()]) {
        let file = json(&path);
        let config = &file["rollup_config"];
        if config.is_null() {
            continue;
        }
        if config["genesis"].is_null() {
            assert!(path.contains("devnet1337"));
            assert_eq!(parse(config), Err(ConfigFileError::Missing("l1_chain_id")));
            seen[0] += 1;
            continue;
        }
        let (config, unknown) = parse(config).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(unknown, Vec::<String>::new(), "{path}");
        if !path.contains("attributes/base-sepolia") && !path.contains("base-sepolia-37312300") {
            assert_eq!(config.check(), Ok(()), "{path}");
        }
        if path.contains("op-devnet901") {
            assert_eq!(
                config.base_fee,
                BaseFeeConstants { elasticity: 6, denominator: 50, denominator_canyon: 250 }
            );
            assert_eq!(config.alt_da, None);
            assert_eq!(config.l1_blob_schedule, BlobSchedule::default());
        }
        seen[1] += 1;
    }
    assert_eq!(seen[0], 2);
    assert!(seen[1] > 40, "{seen:?}");
}

/// each value lands in its field.
#[test]
fn minimal_config() {
    let (config, unknown) = parse(&minimal()).unwrap();
    assert!(unknown.is_empty());
    assert_eq!(
        config.genesis.l1,
        BlockId {
            number: 7,
            hash: b256!("0100000000000000000000000000000000000000000000000000000000000000")
        }
    );
    assert_eq!(
        config.genesis.l2,
        BlockId {
            number: 9,
            hash: b256!("0200000000000000000000000000000000000000000000000000000000000000")
        }
    );
    assert_eq!(config.genesis.l2_time, L2Time(1000));
    assert_eq!(config.genesis.system_config.batcher, address!("0300000000000000000000000000000000000000"));
    assert_eq!(config.genesis.system_config.overhead, U256::from(4));
    assert_eq!(config.genesis.system_config.scalar, U256::from(5));
    assert_eq!(config.genesis.system_config.gas_limit, 30_000_000);
    assert_eq!(
        (config.block_time, config.max_sequencer_drift, config.seq_window_size, config.channel_timeout),
        (2, 600, 3600, 300)
    );
    assert_eq!((config.l1_chain_id, config.l2_chain_id), (900, 901));
    assert_eq!(config.batch_inbox, address!("0600000000000000000000000000000000000000"));
    assert_eq!(config.deposit_contract, address!("0700000000000000000000000000000000000000"));
    assert_eq!(config.l1_system_config, address!("0800000000000000000000000000000000000000"));
    assert_eq!(config.forks, ForkTimes::NONE);
    assert_eq!(config.base_fee, BaseFeeConstants::OP_MAINNET);
    assert_eq!(config.check(), Ok(()));
}

/// a missing field is named, and so is one of the wrong type.
#[test]
fn missing_and_malformed_fields_are_named() {
    for path in [
        "genesis.l1.hash",
        "genesis.l1.number",
        "genesis.l2.hash",
        "genesis.l2.number",
        "genesis.l2_time",
        "genesis.system_config.batcherAddr",
        "genesis.system_config.overhead",
        "genesis.system_config.scalar",
        "genesis.system_config.gasLimit",
        "block_time",
        "max_sequencer_drift",
        "seq_window_size",
        "channel_timeout",
        "l1_chain_id",
        "l2_chain_id",
        "batch_inbox_address",
        "deposit_contract_address",
        "l1_system_config_address",
    ] {
        let mut config = minimal();
        set(&mut config, path, Value::Null);
        assert_eq!(parse(&config), Err(ConfigFileError::Missing(path)));
        for wrong in [json!([]), json!(true), json!("0xzz"), json!(-1), json!("0x+1")] {
            set(&mut config, path, wrong);
            assert!(
                matches!(parse(&config), Err(ConfigFileError::Malformed { field, .. }) if field == path),
                "{path}"
            );
        }
    }
    assert_eq!(parse_rollup_json(b"{\n  x"), Err(ConfigFileError::Syntax { line: 2, column: 3 }));
    let deep = "[".repeat(100_000);
    assert!(matches!(parse_rollup_json(deep.as_bytes()), Err(ConfigFileError::Syntax { .. })));
}

/// a key of a fork that nobody here knows is reported, not ignored.
#[test]
fn unknown_keys_are_reported() {
    let mut config = minimal();
    config["monsoon_time"] = json!(5);
    config["genesis"]["l2"]["colour"] = json!({ "hue": 1 });
    config["nothing"] = Value::Null;
    config["protocol_versions_address"] = json!("0x00");
    let (_, unknown) = parse(&config).unwrap();
    assert_eq!(unknown, ["genesis.l2.colour.hue", "monsoon_time", "nothing"]);
}

/// G-055: every fork time, under each of its names.
#[test]
fn fork_times_parse() {
    let mut config = minimal();
    for (i, fork) in Fork::ALL.into_iter().enumerate().skip(1) {
        config[format!("{fork}_time")] = json!(i * 10);
    }
    config["pectra_blob_schedule_time"] = json!(77);
    config["keep_karst_upgrade_gas"] = json!(true);
    let (parsed, unknown) = parse(&config).unwrap();
    assert!(unknown.is_empty());
    for (i, fork) in Fork::ALL.into_iter().enumerate().skip(1) {
        assert_eq!(parsed.forks.time(fork), Some(i as u64 * 10));
    }
    assert_eq!(parsed.forks.pectra_blob_schedule, Some(77));
    assert!(parsed.keep_karst_upgrade_gas);

    config.as_object_mut().unwrap().remove("lagoon_time");
    config["interop_time"] = json!(500);
    assert_eq!(parse(&config).unwrap().0.forks.time(Fork::Lagoon), Some(500));
    assert_eq!(parse(&config).unwrap().0.check(), Err(ConfigError::Unsupported(Fork::Lagoon)));
}

/// a Granite value of the channel timeout may be written, but only the one there is.
#[test]
fn granite_channel_timeout_is_fifty() {
    let mut config = minimal();
    config["granite_channel_timeout"] = json!(50);
    assert_eq!(parse(&config).unwrap().1, Vec::<String>::new());
    config["granite_channel_timeout"] = json!(51);
    let expected = ConfigFileError::Malformed { field: "granite_channel_timeout", expected: "50" };
    assert_eq!(parse(&config), Err(expected));
}

/// absent is off; the table and the older flat keys are read.
#[test]
fn alt_da() {
    let mut config = minimal();
    config["alt_da"] = Value::Null;
    config["da_challenge_address"] = json!("0x0900000000000000000000000000000000000000");
    config["da_challenge_window"] = json!(160);
    config["da_resolve_window"] = json!(161);
    config["use_plasma"] = json!(false);
    assert_eq!(parse(&config).unwrap(), parse(&minimal()).unwrap());

    config["use_plasma"] = json!(true);
    let mut expected = AltDaConfig {
        challenge_contract: address!("0900000000000000000000000000000000000000"),
        commitment: DaCommitment::Keccak,
        challenge_window: 160,
        resolve_window: 161,
    };
    assert_eq!(parse(&config).unwrap().0.alt_da, Some(expected));

    config["alt_da"] = json!({
        "da_challenge_contract_address": "0x0a00000000000000000000000000000000000000",
        "da_commitment_type": "GenericCommitment",
        "da_challenge_window": 1,
        "da_resolve_window": 2,
    });
    expected.challenge_contract = address!("0a00000000000000000000000000000000000000");
    expected.commitment = DaCommitment::Generic;
    (expected.challenge_window, expected.resolve_window) = (1, 2);
    assert_eq!(parse(&config).unwrap().0.alt_da, Some(expected));
    config["alt_da"]["da_commitment_type"] = json!("Other");
    assert!(matches!(
        parse(&config),
        Err(ConfigFileError::Malformed { field: "alt_da.da_commitment_type", .. })
    ));
}

/// the later parameters, packed as op-node writes them and one by one.
#[test]
fn system_config_parameters() {
    let mut packed = minimal();
    let table = &mut packed["genesis"]["system_config"];
    table["eip1559Params"] = json!("0x000000fa00000006");
    table["operatorFeeParams"] = json!("0x0000000000000000000000000000000000000000000000070000000000000008");
    table["minBaseFee"] = json!(9);
    table["daFootprintGasScalar"] = json!(10);
    let mut single = minimal();
    let table = &mut single["genesis"]["system_config"];
    for (name, value) in [
        ("eip1559Denominator", 250),
        ("eip1559Elasticity", 6),
        ("operatorFeeScalar", 7),
        ("operatorFeeConstant", 8),
        ("minBaseFee", 9),
        ("daFootprintGasScalar", 10),
    ] {
        table[name] = json!(value);
    }
    table["operatorFeeScalar"] = json!(0);
    packed["genesis"]["system_config"]["operatorFeeParams"] =
        json!("0x0000000000000000000000000000000000000000000000000000000000000008");
    let (config, unknown) = parse(&packed).unwrap();
    assert!(unknown.is_empty());
    assert_eq!(parse(&single).unwrap().0, config);
    let system = config.genesis.system_config;
    assert_eq!(system.eip1559, Eip1559Params { denominator: 250, elasticity: 6 });
    assert_eq!(system.operator_fee, OperatorFee { scalar: 0, constant: 8 });
    assert_eq!((system.min_base_fee, system.da_footprint_gas_scalar), (9, 10));

    packed["genesis"]["system_config"]["daFootprintGasScalar"] = json!(65_536);
    assert!(matches!(parse(&packed), Err(ConfigFileError::Malformed { .. })));
}

/// no value may be zero, no two ids the same, no window too short.
#[test]
fn insane_configs_are_refused() {
    let zero = [
        ("block_time", json!(0)),
        ("channel_timeout", json!(0)),
        ("max_sequencer_drift", json!(0)),
        ("genesis.l1.hash", json!("0x0000000000000000000000000000000000000000000000000000000000000000")),
        ("genesis.l2.hash", json!("0x0000000000000000000000000000000000000000000000000000000000000000")),
        ("genesis.l2_time", json!(0)),
        ("genesis.system_config.batcherAddr", json!("0x0000000000000000000000000000000000000000")),
        (
            "genesis.system_config.scalar",
            json!("0x0000000000000000000000000000000000000000000000000000000000000000"),
        ),
        ("genesis.system_config.gasLimit", json!(0)),
        ("batch_inbox_address", json!("0x0000000000000000000000000000000000000000")),
        ("deposit_contract_address", json!("0x0000000000000000000000000000000000000000")),
        ("l1_chain_id", json!(0)),
        ("l2_chain_id", json!(0)),
    ];
    let check = |path: &str, value: Value| {
        let mut config = minimal();
        set(&mut config, path, value);
        parse(&config).unwrap().0.check()
    };
    for (path, value) in zero {
        assert_eq!(check(path, value), Err(ConfigError::Zero(path)));
    }
    for name in ["eip1559Elasticity", "eip1559Denominator", "eip1559DenominatorCanyon"] {
        let path = format!("chain_op_config.{name}");
        assert!(
            matches!(check("chain_op_config", json!({ name: 0 })), Err(ConfigError::Zero(zero)) if zero == path)
        );
    }
    //
    for missing in ["challenge_window", "resolve_window", "challenge_contract_address"] {
        let mut alt_da = json!({
            "da_challenge_window": 1, "da_resolve_window": 1, "da_commitment_type": "KeccakCommitment",
            "da_challenge_contract_address": Address::repeat_byte(1),
        });
        assert_eq!(check("alt_da", alt_da.clone()), Ok(()));
        let path = format!("da_{missing}");
        alt_da[&path] = if missing.ends_with("window") { json!(0) } else { json!(Address::ZERO) };
        let zero = check("alt_da", alt_da).unwrap_err();
        assert!(matches!(zero, ConfigError::Zero(name) if name == format!("alt_da.{path}")), "{zero}");
    }
    assert_eq!(check("seq_window_size", json!(1)), Err(ConfigError::SequencingWindow(1)));
    assert_eq!(check("l2_chain_id", json!(900)), Err(ConfigError::SameChainId));
    assert_eq!(
        check("genesis.l2.hash", minimal()["genesis"]["l1"]["hash"].clone()),
        Err(ConfigError::SameGenesis)
    );
}

/// times in order, and no gap.
#[test]
fn fork_order_is_checked() {
    let base = parse(&minimal()).unwrap().0;
    let check = |forks| RollupConfig { forks, ..base.clone() }.check();
    let regolith = ForkTimes::NONE.with(Fork::Regolith, 0);
    assert_eq!(check(regolith.with(Fork::Canyon, 5).with_pectra_blob_schedule(3)), Ok(()));
    let gap = regolith.with(Fork::Delta, 5);
    assert_eq!(check(gap), Err(ConfigError::ForkOrder { earlier: Fork::Canyon, later: Fork::Delta }));
    let backwards = regolith.with(Fork::Canyon, 6).with(Fork::Delta, 5);
    assert_eq!(check(backwards), Err(ConfigError::ForkOrder { earlier: Fork::Canyon, later: Fork::Delta }));
}

/// Fjord at genesis or at least a block after Ecotone.
#[test]
fn fjord_comes_after_ecotone() {
    let base = parse(&minimal()).unwrap().0; // genesis at 1000, blocks of 2 seconds
    let check = |ecotone, fjord| {
        let early = [Fork::Regolith, Fork::Canyon, Fork::Delta].into_iter();
        let forks = early.fold(ForkTimes::NONE, |forks, fork| forks.with(fork, 0));
        RollupConfig { forks: forks.with(Fork::Ecotone, ecotone).with(Fork::Fjord, fjord), ..base.clone() }
            .check()
    };
    assert_eq!(check(0, 0), Ok(()));
    assert_eq!(check(1000, 1000), Ok(()));
    assert_eq!(check(1000, 1001), Ok(()));
    assert_eq!(check(1001, 1002), Err(ConfigError::FjordWithEcotone));
    assert_eq!(check(1002, 1003), Ok(()));
}

/// G-032: an L1 of one's own, as geth's genesis or the config in it.
#[test]
fn l1_chain_config() {
    let config = json!({
        "chainId": 900,
        "cancunTime": 10,
        "pragueTime": 20,
        "osakaTime": 30,
        "bpo1Time": 40,
        "bpo3Time": 50,
        "blobSchedule": {
            "cancun": { "target": 3, "max": 6, "baseFeeUpdateFraction": 100 },
            "prague": { "target": 6, "max": 9, "baseFeeUpdateFraction": 200 },
            "bpo1": { "target": 10, "max": 15, "baseFeeUpdateFraction": 400 },
            "bpo3": { "target": 10, "max": 15, "baseFeeUpdateFraction": 500 },
        }
    });
    let (id, schedule) = parse_l1_chain_config(config.to_string().as_bytes()).unwrap();
    assert_eq!(id, 900);
    let at = |time| schedule.update_fraction(L1Time(time)).get();
    assert_eq!([10, 19, 20, 39, 40, 49, 50, u64::MAX].map(at), [100, 100, 200, 200, 400, 400, 500, 500]);
    assert_eq!(at(9), 3_338_477, "before Cancun there are no blobs to price");
    let genesis = json!({ "config": config, "alloc": {} });
    assert_eq!(parse_l1_chain_config(genesis.to_string().as_bytes()), Ok((900, schedule)));

    let error = |edit: fn(&mut Value)| {
        let mut config = config.clone();
        edit(&mut config);
        parse_l1_chain_config(config.to_string().as_bytes()).unwrap_err()
    };
    assert_eq!(error(|c| c["blobSchedule"] = Value::Null), ConfigFileError::Missing("blobSchedule"));
    assert!(matches!(
        error(|c| c["bpo3Time"] = json!(39)),
        ConfigFileError::Malformed { field: "bpo3Time", .. }
    ));
    assert!(matches!(
        error(|c| c["blobSchedule"]["bpo1"]["baseFeeUpdateFraction"] = json!(0)),
        ConfigFileError::Malformed { field: "blobSchedule.bpo1.baseFeeUpdateFraction", .. }
    ));
}
