//! The fuzz bodies over seeded noise and over mutations of well-formed and real inputs.

#![allow(clippy::unwrap_used, reason = "a test")]

use alloy_primitives::Bytes;
use unroll_protocol::{
    batch::{SingularBatch, SpanBlock, fuzz_batch},
    blob::fuzz_blob,
    channel::fuzz_channel,
    compression::{decompress, fuzz_decompress},
    config::RollupConfig,
    forks::{Fork, ForkTimes},
    frame::{decode_frames, fuzz_frames},
    units::{L1Time, L2Time},
};
use unroll_testing::{
    batcher::{self, Compression, Span},
    data::{Data, hex, list},
    noise::Noise,
};

/// Runs a body over noise, and over each seed mutated again and again.
fn run(body: fn(&[u8]), seeds: &[Vec<u8>], times: usize) {
    let mut noise = Noise(7);
    for _ in 0..times {
        body(&noise.bytes(200));
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

/// A legacy, an access-list, a dynamic-fee and a set-code transaction.
fn transactions() -> Vec<Vec<u8>> {
    let hex = |text| alloy_primitives::hex::decode(text).unwrap();
    let to = "94".to_string() + &"11".repeat(20);
    let signature = format!("a0{}a0{}", "22".repeat(32), "33".repeat(32));
    let entry = format!("f838f794{}e1a0{}", "44".repeat(20), "55".repeat(32));
    let authorization = format!("f85cf85a0a94{}0180{signature}", "66".repeat(20));
    let wrap = |kind: &str, fields: String| {
        let payload = hex(fields);
        let mut out = hex(kind.to_string());
        alloy_rlp::Header { list: true, payload_length: payload.len() }.encode(&mut out);
        [out, payload].concat()
    };
    vec![
        wrap("", format!("0102825208{to}0382123437{signature}")),
        wrap("01", format!("0a0102825208{to}0380{entry}01{signature}")),
        wrap("02", format!("0a010203825208800380c080{signature}")),
        wrap("04", format!("0a010203825208{to}0380{entry}{authorization}01{signature}")),
    ]
}

fn strings() -> Vec<Vec<u8>> {
    let singular = SingularBatch { transactions: transactions().iter().collect(), ..Default::default() };
    let block = |number: u32| SpanBlock {
        time: L2Time(u64::from(number) * 2),
        epoch_number: u64::from(100 + number / 3),
        transactions: transactions().iter().cycle().take(number as usize % 7).collect(),
    };
    let cfg = RollupConfig { block_time: 2, l2_chain_id: 10, ..RollupConfig::default() };
    let span = Span { blocks: (0..10).map(block).collect(), ..Span::default() };
    vec![batcher::singular(&singular), batcher::span(&span, &cfg).unwrap()]
}

fn streams() -> Vec<Vec<u8>> {
    let [singular, span] = <[_; 2]>::try_from(strings()).unwrap();
    vec![batcher::stream([&singular]), batcher::stream([&span]), batcher::stream([&span, &singular, &span])]
}

fn channels() -> Vec<Vec<u8>> {
    let compressions = [Compression::Zlib(0), Compression::Zlib(9), Compression::Brotli(9)];
    let streams = streams();
    let channels =
        compressions.into_iter().flat_map(|how| streams.iter().map(move |s| batcher::compress(s, how)));
    channels.collect()
}

fn payloads() -> Vec<Vec<u8>> {
    let payload = |channel: Vec<u8>| {
        let frames = batcher::frames(Default::default(), &channel.into(), 100);
        batcher::payload(&frames).to_vec()
    };
    channels().into_iter().map(payload).collect()
}

#[test]
fn frames() {
    run(fuzz_frames, &payloads(), 3_000);
}

#[test]
fn channel() {
    run(fuzz_channel, &payloads(), 3_000);
}

#[test]
fn decompression() {
    run(fuzz_decompress, &channels(), 1_000);
}

#[test]
fn batches() {
    run(fuzz_batch, &streams(), 10_000);
}

#[test]
fn blobs() {
    let blobs = payloads().into_iter().map(|payload| batcher::blob(&payload).unwrap()[..1024].to_vec());
    run(fuzz_blob, &blobs.collect::<Vec<_>>(), 300);
}

#[test]
fn real() {
    let Some(data) = Data::open() else { return };
    let singular = data.json("derivation/channels/mantle-sepolia-2026-blob-singular.json.zst");
    let span = data.json("derivation/channels/op-sepolia-ecotone-blob-span.json.zst");
    let blobs = [hex(&singular["blob"]), hex(&span["blob"])];
    run(fuzz_blob, &blobs, 200);
    let payloads = blobs.map(|blob| {
        unroll_protocol::blob::decode_blob(&alloy_eips::eip4844::Blob::try_from(&blob[..]).unwrap()).unwrap()
    });
    run(fuzz_frames, &payloads.clone().map(Vec::from), 1_000);
    let channels = payloads.map(|payload: Bytes| decode_frames(&payload).unwrap()[0].data.to_vec());
    run(fuzz_decompress, &channels, 300);
    let rules = ForkTimes::NONE.with(Fork::Delta, 0).derivation(L1Time(0));
    let streams = channels.map(|channel| decompress(&channel, rules).unwrap().bytes.to_vec());
    assert_eq!(list(&singular["batches"]).len(), 230);
    run(fuzz_batch, &streams, 1_000);
}
