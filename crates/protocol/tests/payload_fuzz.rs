//! The fuzz bodies over seeded noise and over mutations of well-formed and real inputs.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod common;

use common::{bytes, json, present, read};
use unroll_protocol::{
    config_file::fuzz_config_file,
    deposit::{DepositTx, fuzz_deposit},
    l1_info::fuzz_l1_info,
    system_config::fuzz_config_update,
    upgrades::fuzz_bundle,
};
use unroll_testing::noise::Noise;

/// Runs a body over noise, and over each seed mutated again and again.
fn run(body: fn(&[u8]), seeds: &[Vec<u8>], times: usize) {
    let mut noise = Noise(9);
    for _ in 0..times {
        body(&noise.bytes(300));
    }
    for seed in seeds {
        body(seed);
        for _ in 0..times {
            let mut bytes = seed.clone();
            noise.mutate(&mut bytes);
            body(&bytes);
        }
    }
}

/// ABI data of one `bytes` of so many zeros.
fn abi(length: u8) -> Vec<u8> {
    let mut data = vec![0; 64 + usize::from(length).next_multiple_of(32)];
    (data[31], data[63]) = (32, length);
    data
}

/// G-013, G-014, G-019: deposits.
#[test]
fn deposits() {
    let logs = [abi(73), abi(96), abi(255)];
    run(fuzz_deposit, &logs, 20_000);
    if present() {
        let cases = json("data/upgrade-txs/upgrade-deposit-txs.json");
        let small = cases["forks"]["ecotone"].as_array().unwrap()[2..].iter();
        run(fuzz_deposit, &small.map(|tx| bytes(&tx["raw"]).to_vec()).collect::<Vec<_>>(), 20_000);
    }
}

/// A-047: L1 infos.
#[test]
fn l1_infos() {
    run(fuzz_l1_info, &[], 1_000);
    if present() {
        let cases = json("data/l1-info/l1-info-deposits.json");
        let raw = cases.as_array().unwrap().iter().filter_map(|case| case["raw_deposit_tx"].as_str());
        let calldata = raw.map(|raw| {
            let tx: alloy_primitives::Bytes = raw.parse().unwrap();
            DepositTx::decode(&tx).unwrap().data.to_vec()
        });
        run(fuzz_l1_info, &calldata.collect::<Vec<_>>(), 1_000);
    }
}

/// A-023, A-024: config updates.
#[test]
fn config_updates() {
    run(fuzz_config_update, &[abi(32), abi(64), abi(96)], 20_000);
}

/// A-001, G-032, G-054: files.
#[test]
fn files() {
    run(fuzz_config_file, &[], 1_000);
    run(
        fuzz_bundle,
        &[br#"{"transactions":[{"intent":"x","from":"0x","gasLimit":1,"data":"0x"}]}"#.to_vec()],
        5_000,
    );
    if present() {
        let chains = json("protocol/chains.json");
        let l1 = json("data/attributes/base-sepolia-37312300.json.zst")["l1_chain_config"].to_string();
        let seeds = [chains["chains"][0]["rollup"].to_string().into_bytes(), l1.into_bytes()];
        run(fuzz_config_file, &seeds, 5_000);
        run(fuzz_bundle, &[read("protocol/karst_nut_bundle.json")], 20);
    }
}
