//! The known chains against the registry and against genesis states.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]
#![cfg(feature = "serde")]

mod common;

use alloy_primitives::{U256, keccak256};
use common::{address, bytes, hash, json, number, present};
use serde_json::Value;
use unroll_protocol::{
    blob_schedule::BlobSchedule, chains, config_file::parse_rollup_json, forks::Fork, units::L2Time,
};

/// each chain of the registry is a constant, equal in every field.
#[test]
fn known_chains_are_the_registry() {
    if !present() {
        return;
    }
    let registry = json("protocol/chains.json");
    for chain in registry["chains"].as_array().unwrap() {
        let (config, _) = parse_rollup_json(chain["rollup"].to_string().as_bytes()).unwrap();
        assert_eq!(chains::by_chain_id(config.l2_chain_id), Some(&config), "{}", chain["name"]);
        let known = chains::all().find(|known| known.config == config).unwrap();
        assert_eq!(
            (known.name, known.network),
            (chain["name"].as_str().unwrap(), chain["network"].as_str().unwrap())
        );
    }
}

/// I-080: whether Canyon's code is set by the first block with Canyon or by the block with Canyon's very time makes no difference to
/// a chain of the registry: each one that did not begin with Canyon has such a block.
#[test]
fn canyon_comes_with_a_block_of_its_time() {
    if !present() {
        return;
    }
    let mut later = 0;
    for chain in json("protocol/chains.json")["chains"].as_array().unwrap() {
        let rollup = &chain["rollup"];
        let [canyon, genesis, block_time] =
            [&rollup["canyon_time"], &rollup["genesis"]["l2_time"], &rollup["block_time"]]
                .map(|value| value.as_u64().unwrap());
        if canyon > genesis {
            assert!((canyon - genesis).is_multiple_of(block_time), "{}", chain["name"]);
            later += 1;
        }
    }
    assert!(later >= 10, "OP Mainnet among them: {later}");
}

/// every known chain passes the checks and is found by its id.
#[test]
fn known_chains_are_sane() {
    let mut last = 0;
    for chain in chains::all() {
        assert!(last < chain.config.l2_chain_id, "ascending");
        last = chain.config.l2_chain_id;
        assert_eq!(chain.config.check(), Ok(()), "{}", chain.name);
        assert_eq!(chains::by_chain_id(last), Some(&chain.config));
        assert_eq!(
            BlobSchedule::of_l1(chain.config.l1_chain_id).as_ref(),
            Some(&chain.config.l1_blob_schedule)
        );
    }
    assert_eq!(chains::all().len(), 55);
    assert_eq!(chains::by_chain_id(11), None);
}

/// the times of OP Mainnet and OP Sepolia.
#[test]
fn activation_times_of_op_chains() {
    let times = |id| {
        let forks = &chains::by_chain_id(id).unwrap().forks;
        (Fork::ALL.map(|fork| forks.time(fork)), forks.pectra_blob_schedule)
    };
    let some = |times: [u64; 11]| {
        let mut all = [None; 12];
        all.iter_mut().zip(times).for_each(|(all, time)| *all = Some(time));
        all
    };
    let mainnet = [
        0, 0, 1704992401, 1708560000, 1710374401, 1720627201, 1726070401, 1736445601, 1746806401, 1764691201,
        1783526401,
    ];
    let sepolia = [
        0, 0, 1699981200, 1703203200, 1708534800, 1716998400, 1723478400, 1732633200, 1744905600, 1763568001,
        1781712001,
    ];
    assert_eq!(times(10), (some(mainnet), None));
    assert_eq!(times(11155420), (some(sepolia), Some(1742486400)));
}

/// OP Mainnet's genesis is not block 0.
#[test]
fn block_times() {
    let op = chains::by_chain_id(10).unwrap();
    assert_eq!((op.genesis.l1.number, op.genesis.l2.number), (17_422_590, 105_235_063));
    assert_eq!(op.time_of(105_235_062), None);
    assert_eq!(op.time_of(105_235_063), Some(L2Time(1_686_068_903)));
    assert_eq!(op.time_of(109_279_675), Some(L2Time(1_694_158_127)), "a real block of ../shared/data/exec");
}

/// the constants agree with genesis states whose hashes were recomputed.
#[test]
fn known_chains_have_their_genesis() {
    if !present() {
        return;
    }
    let index = json("data/genesis/index.json");
    for entry in index.as_array().unwrap() {
        let config =
            chains::by_chain_id(number(&entry["chain_id"])).unwrap_or_else(|| panic!("{}", entry["name"]));
        let genesis = &config.genesis;
        assert_eq!(genesis.l2.hash, hash(&entry["expected_l2_genesis_hash"]));
        assert_eq!(genesis.l2.hash, keccak256(bytes(&entry["header_rlp"])));
        assert_eq!(genesis.l2.number, number(&entry["l2_genesis_number"]));
        assert_eq!(genesis.l1.hash, hash(&entry["genesis"]["l1"]["hash"]));
        assert_eq!(genesis.l1.number, number(&entry["genesis"]["l1"]["number"]));
        assert_eq!(genesis.l2_time.0, number(&entry["genesis"]["l2_time"]));
        let system = &entry["genesis"]["system_config"];
        assert_eq!(genesis.system_config.batcher, address(&system["batcherAddress"]));
        assert_eq!(genesis.system_config.overhead, U256::from_be_bytes(hash(&system["overhead"]).0));
        assert_eq!(genesis.system_config.scalar, U256::from_be_bytes(hash(&system["scalar"]).0));
        assert_eq!(genesis.system_config.gas_limit, number(&system["gasLimit"]));
        for fork in Fork::ALL.into_iter().skip(2) {
            assert_eq!(
                config.forks.time(fork),
                entry["hardforks"][format!("{fork}_time")].as_u64(),
                "{fork}"
            );
        }
        assert_eq!(
            config.forks.pectra_blob_schedule,
            entry["hardforks"]["pectra_blob_schedule_time"].as_u64()
        );
        assert_eq!(
            config.keep_karst_upgrade_gas,
            entry["hardforks"]["keep_karst_upgrade_gas"] == Value::Bool(true)
        );
        assert_eq!(config.block_time, number(&entry["block_time"]));
        assert_eq!(config.seq_window_size, number(&entry["seq_window_size"]));
        assert_eq!(config.max_sequencer_drift, number(&entry["max_sequencer_drift"]));
        assert_eq!(config.batch_inbox, address(&entry["batch_inbox_addr"]));
        assert_eq!(config.deposit_contract, address(&entry["addresses"]["OptimismPortalProxy"]));
        assert_eq!(config.l1_system_config, address(&entry["addresses"]["SystemConfigProxy"]));
        assert_eq!(u64::from(config.base_fee.denominator), number(&entry["optimism"]["eip1559_denominator"]));
        assert_eq!(
            u64::from(config.base_fee.denominator_canyon),
            number(&entry["optimism"]["eip1559_denominator_canyon"])
        );
        assert_eq!(u64::from(config.base_fee.elasticity), number(&entry["optimism"]["eip1559_elasticity"]));
    }
    assert!(!index.as_array().unwrap().is_empty());
}

/// which chains keep Karst's gas limit.
#[test]
fn chains_that_keep_karst_upgrade_gas() {
    let keep: Vec<_> =
        chains::all().filter(|chain| chain.config.keep_karst_upgrade_gas).map(|chain| chain.name).collect();
    assert_eq!(
        keep,
        [
            "OP Mainnet",
            "Unichain",
            "Mode Testnet",
            "Unichain Sepolia Testnet",
            "Metal L2 Testnet",
            "Soneium",
            "Soneium Testnet Minato",
            "Lisk Sepolia Testnet",
            "Ink",
            "Ink Sepolia",
            "OP Sepolia Testnet",
            "Zora Sepolia Testnet",
        ]
    );
}
