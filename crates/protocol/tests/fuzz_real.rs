//! The fuzz bodies over mutations of real data. (`unroll-testing` runs them over a corpus of our own.)

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use alloy_primitives::Bytes;
use common::{bytes, json, present, read};
use unroll_protocol::{
    batch::fuzz_batch,
    blob::{decode_blob, fuzz_blob},
    compression::decompress,
    config_file::fuzz_config_file,
    deposit::{DepositTx, fuzz_deposit},
    forks::{Fork, ForkTimes},
    frame::{decode_frames, fuzz_frames},
    l1_info::fuzz_l1_info,
    units::L1Time,
    upgrades::fuzz_bundle,
};
use unroll_testing::noise::Noise;

/// Runs a body over each seed, mutated again and again.
fn run(body: fn(&[u8]), seeds: &[Vec<u8>], times: usize) {
    let mut noise = Noise(9);
    for seed in seeds {
        body(seed);
        for _ in 0..times {
            let mut bytes = seed.clone();
            noise.mutate(&mut bytes);
            body(&bytes);
        }
    }
}

/// From the blob to the batches.
#[test]
fn batches() {
    if !present() {
        return;
    }
    let files = ["mantle-sepolia-2026-blob-singular", "op-sepolia-ecotone-blob-span"];
    let blobs =
        files.map(|name| bytes(&json(&format!("data/derivation/channels/{name}.json.zst"))["blob"]).to_vec());
    run(fuzz_blob, &blobs, 200);
    let payloads = blobs.map(|blob| decode_blob(&blob[..].try_into().unwrap()).unwrap());
    run(fuzz_frames, &payloads.clone().map(Vec::from), 1_000);
    let channels = payloads.map(|payload: Bytes| decode_frames(&payload).unwrap()[0].data.to_vec());
    run(unroll_compression::fuzz_decompress, &channels, 300);
    let rules = ForkTimes::NONE.with(Fork::Delta, 0).derivation(L1Time(0));
    let streams = channels.map(|channel| decompress([channel.into()], rules).unwrap().bytes.to_vec());
    run(fuzz_batch, &streams, 1_000);
}

/// G-019, A-047: upgrade transactions and L1 infos.
#[test]
fn deposits() {
    if !present() {
        return;
    }
    let cases = json("data/upgrade-txs/upgrade-deposit-txs.json");
    let small = cases["forks"]["ecotone"].as_array().unwrap()[2..].iter();
    run(fuzz_deposit, &small.map(|tx| bytes(&tx["raw"]).to_vec()).collect::<Vec<_>>(), 20_000);
    let cases = json("data/l1-info/l1-info-deposits.json");
    let raw = cases.as_array().unwrap().iter().filter(|case| case["raw_deposit_tx"].is_string());
    let calldata = raw.map(|case| DepositTx::decode(&bytes(&case["raw_deposit_tx"])).unwrap().data.to_vec());
    run(fuzz_l1_info, &calldata.collect::<Vec<_>>(), 1_000);
}

/// A-001, G-032, G-054: files.
#[test]
fn files() {
    if !present() {
        return;
    }
    let chains = json("protocol/chains.json");
    let l1 = json("data/attributes/base-sepolia-37312300.json.zst")["l1_chain_config"].to_string();
    let seeds = [chains["chains"][0]["rollup"].to_string().into_bytes(), l1.into_bytes()];
    run(fuzz_config_file, &seeds, 5_000);
    run(fuzz_bundle, &[read("protocol/karst_nut_bundle.json")], 20);
}
