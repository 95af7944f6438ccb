//! What derivation costs: each stage on a synthetic span of 1,000 blocks with 10 transactions each, the whole pipeline over
//! it, and over real OP Mainnet blocks. `cargo bench -p unroll-derive`; figures in `BASELINE.md`.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a benchmark fails by panicking")]
#![allow(clippy::needless_pass_by_value, reason = "items are made where they are given away")]

#[path = "../tests/common/mod.rs"]
mod common;
#[allow(dead_code, reason = "the benchmark uses a part of it")]
#[path = "../tests/rules/sim.rs"]
mod sim;

use alloy_primitives::{Bytes, address};
use common::{Memory, header, json, list};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use sim::{Item, Sim, at, config, id, l1, l2_hash, l2_time, real_tx};
use std::hint::black_box;
use unroll_derive::{Pipeline, Poll, provider::ChainProvider, source::L1Reader, start::Start};
use unroll_protocol::{
    batch::{Batch, BatchReader, SpanBlock, Transactions},
    chains::by_chain_id,
    compression::decompress,
    config::RollupConfig,
    forks::Fork,
    frame::decode_frames,
    tip::Tip,
    units::L1Time,
};
use unroll_testing::batcher::{self, Compression, Span};

const BLOCKS: u64 = 1_000;
const TRANSACTIONS_PER_BLOCK: u64 = 10;
/// L2 blocks in an epoch.
const EPOCH: u64 = 6;

/// A rollup at Granite, whose window and drift admit the span.
fn long_window() -> RollupConfig {
    RollupConfig {
        seq_window_size: 3_600,
        max_sequencer_drift: 600,
        channel_timeout: 300,
        ..config(at(Fork::Granite))
    }
}

/// The blocks 1 to 1,000 of [`sim`]'s rollup.
fn long_span() -> Span {
    let last_epoch = BLOCKS / EPOCH;
    let (mut parent_check, mut l1_origin_check) = ([0; 20], [0; 20]);
    parent_check.copy_from_slice(&l2_hash(0)[..20]);
    l1_origin_check.copy_from_slice(&l1(last_epoch).hash[..20]);
    let block = |j: u64| SpanBlock {
        time: l2_time(j),
        epoch_number: 50 + j / EPOCH,
        transactions: (0..TRANSACTIONS_PER_BLOCK).map(|i| real_tx(j * TRANSACTIONS_PER_BLOCK + i)).collect(),
    };
    Span { parent_check, l1_origin_check, first_origin_bit: false, blocks: (1..=BLOCKS).map(block).collect() }
}

fn stages(c: &mut Criterion) {
    let cfg = long_window();
    let rules = cfg.forks.derivation(L1Time(1_000));
    let stream = batcher::stream([batcher::span(&long_span(), &cfg).unwrap()]);
    let brotli: Bytes = batcher::compress(&stream, Compression::Brotli(6)).into();
    let zlib: Bytes = batcher::compress(&stream, Compression::Zlib(6)).into();
    let payload = batcher::payload(&batcher::frames(id(1), &Bytes::from(stream.clone()), 120_000));

    let mut group = c.benchmark_group("stages");
    group.throughput(Throughput::Bytes(payload.len() as u64));
    group.bench_function("frames", |b| b.iter(|| decode_frames(black_box(&payload)).unwrap()));
    group.throughput(Throughput::Bytes(stream.len() as u64));
    group.bench_function("decompress zlib", |b| {
        b.iter(|| decompress([black_box(&zlib).clone()], rules).unwrap())
    });
    group.bench_function("decompress brotli", |b| {
        b.iter(|| decompress([black_box(&brotli).clone()], rules).unwrap())
    });
    let stream = Bytes::from(stream);
    group.bench_function("decode span", |b| {
        b.iter(|| {
            let Some(Ok(Batch::Span(span))) = BatchReader::new(stream.clone()).next(&cfg, rules) else {
                panic!("the stream is one span")
            };
            span.blocks().map(|block| black_box(block).transactions.len()).sum::<usize>()
        });
    });
    group.finish();
}

/// The span from its L1 block to payload attributes; without transactions, what is left is judging and building attributes.
fn synthetic(c: &mut Criterion) {
    let mut empty = long_span();
    empty.blocks.iter_mut().for_each(|block| block.transactions = Transactions::default());
    let mut group = c.benchmark_group("pipeline");
    group.sample_size(20);
    group.throughput(Throughput::Elements(BLOCKS));
    for (name, span) in [("span of 1,000 blocks", long_span()), ("attributes of 1,000 empty blocks", empty)] {
        let mut sim = Sim::with(long_window(), 0, 0, 0);
        let last = BLOCKS / EPOCH + 1;
        sim.put_batches(last, 1, vec![Item::Span(span)]);
        let l1_blocks = sim.l1;
        group.bench_function(name, |b| {
            b.iter_batched(
                || {
                    let mut sim = Sim::with(long_window(), 0, 0, 0);
                    sim.l1.clone_from(&l1_blocks);
                    sim
                },
                |mut sim| assert_eq!(sim.run(last).len() as u64, BLOCKS),
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

/// Nine blocks of OP Mainnet under Regolith, out of 14 whole L1 blocks: finding the batcher's transactions, recovering their
/// senders, and all stages after that.
fn mainnet(c: &mut Criterion) {
    let dir = "derivation/op-mainnet-regolith-109279584";
    let mut memory = Memory::default();
    if memory.load_l1(&format!("{dir}/l1-blocks.jsonl.zst")).is_none() {
        return;
    }
    let cfg = by_chain_id(10).unwrap();
    let built = |number: u64| {
        let fixture = json(&format!("exec/op-mainnet-{number}.json.zst")).unwrap();
        let transactions = list(&fixture["payload_attributes"]["transactions"]);
        Tip::from_block(cfg, header(&fixture["expected_header_rlp"]), transactions.first()).unwrap()
    };
    let tips: Vec<Tip> = (109_279_675..=109_279_683).map(built).collect();
    let base = memory.block_info_by_number(18_090_205).unwrap().unwrap();
    let start = Start {
        base,
        batcher: address!("6887246668a3b87f54deb3b94ba47a6f63f32985"),
        safe_origin: tips[0].block.l1_origin.number,
    };
    let mut group = c.benchmark_group("pipeline");
    group.throughput(Throughput::Elements(tips.len() as u64));
    group.bench_function("OP Mainnet, 9 blocks of 14 L1 blocks", |b| {
        b.iter(|| {
            let mut reader = L1Reader::new(cfg, &start);
            let mut pipeline = Pipeline::new(cfg, &tips[0], base);
            for tip in &tips {
                loop {
                    match pipeline.poll(tip).unwrap() {
                        Poll::Attributes(attributes) => break drop(black_box(attributes)),
                        Poll::NeedL1 { number } => {
                            let block = memory.block_info_by_number(number).unwrap().unwrap();
                            let input = reader.read(&mut memory, &block, &mut Vec::new()).unwrap().unwrap();
                            pipeline.push_l1(input).unwrap();
                        }
                        other => panic!("{other:?}"),
                    }
                }
            }
        });
    });
    group.finish();
}

criterion_group!(benches, stages, synthetic, mainnet);
criterion_main!(benches);
