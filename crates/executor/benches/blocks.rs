//! How fast real blocks are, and how fast they could be.
//!
//! `cargo bench -p unroll-executor --features std,asm-keccak,secp256k1,blst`
//!
//! * `block/*`: one block from its witness.
//! * `evm/*`: the same transactions, decoded and their senders recovered, on state in memory: nothing of the trie.
//! * `keccak/*`: every preimage that the block asks for, hashed once.
//! * `range/*`: blocks that follow each other, in one executor, and in one executor each.
#[path = "../tests/common/mod.rs"]
mod common;
mod floor;

use std::hint::black_box;

use alloy_primitives::{B256, keccak256};
use common::{Fixture, Preimages};
use criterion::{Criterion, criterion_group, criterion_main};
use unroll_executor::BlockExecutor;

fn blocks(criterion: &mut Criterion) {
    if common::data().is_none() {
        return;
    }
    let mut group = criterion.benchmark_group("block");
    group.sample_size(20);
    let mut touched = Vec::new();
    for name in Fixture::names("exec") {
        let mut fixture = Fixture::load("exec", &name);
        execute(&mut fixture);
        let asked = std::mem::take(&mut fixture.preimages.asked);
        group.bench_function(&name, |bencher| {
            bencher.iter(|| {
                fixture.preimages.asked.clear();
                black_box(execute(&mut fixture))
            });
        });
        touched.push((
            name,
            asked.iter().map(|hash| fixture.preimages.by_hash[hash].clone()).collect::<Vec<_>>(),
        ));
    }
    group.finish();
    let mut group = criterion.benchmark_group("keccak");
    group.sample_size(20);
    for (name, preimages) in touched {
        group.bench_function(&name, |bencher| {
            bencher.iter(|| preimages.iter().fold(B256::ZERO, |sum, bytes| sum ^ keccak256(bytes)));
        });
    }
}

fn evm(criterion: &mut Criterion) {
    if common::data().is_none() {
        return;
    }
    let mut group = criterion.benchmark_group("evm");
    group.sample_size(20);
    for name in Fixture::names("exec") {
        let mut fixture = Fixture::load("exec", &name);
        let memory = floor::record(&mut fixture);
        group.bench_function(&name, |bencher| bencher.iter(|| floor::run(&fixture, &memory)));
    }
}

fn execute(fixture: &mut Fixture) -> B256 {
    let mut executor = BlockExecutor::new(&fixture.cfg, fixture.parent.clone());
    let block = executor.execute(&mut fixture.preimages, &fixture.attributes).expect("a real block");
    assert_eq!(block.header.hash(), fixture.expected_hash);
    block.header.state_root
}

fn ranges(criterion: &mut Criterion) {
    if common::data().is_none() {
        return;
    }
    let mut group = criterion.benchmark_group("range");
    group.sample_size(10);
    for (name, chain, numbers) in [
        ("op-mainnet, 10 blocks", "op-mainnet", 109_279_675..109_279_685),
        ("op-sepolia, 4 blocks", "op-sepolia", 26_207_960..26_207_964),
    ] {
        let mut fixtures: Vec<_> =
            numbers.map(|number| Fixture::load("exec", &format!("{chain}-{number}"))).collect();
        let mut all = Preimages::default();
        for fixture in &fixtures {
            all.by_hash.extend(fixture.preimages.by_hash.clone());
        }
        group.bench_function(format!("{name}, one executor"), |bencher| {
            bencher.iter(|| {
                all.asked.clear();
                let mut executor = BlockExecutor::new(&fixtures[0].cfg, fixtures[0].parent.clone());
                for fixture in &fixtures {
                    black_box(executor.execute(&mut all, &fixture.attributes).expect("a real block"));
                }
            });
        });
        group.bench_function(format!("{name}, one executor each"), |bencher| {
            bencher.iter(|| {
                for fixture in &mut fixtures {
                    fixture.preimages.asked.clear();
                    black_box(execute(fixture));
                }
            });
        });
    }
}

criterion_group!(benches, blocks, evm, ranges);
criterion_main!(benches);
