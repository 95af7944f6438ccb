//! Real blocks beside what nobody can avoid, as a table: CPU time of the thread, the best of several runs, which other
//! processes disturb least. `cargo bench -p unroll-executor --features std,asm-keccak,secp256k1,blst --bench floors`, with names of
//! blocks behind `--` for these alone.
//!
//! * ours: a block from its witness: execution, state root, header.
//! * EVM: the same transactions, decoded and their senders recovered, by op-revm on state in memory: nothing of the trie.
//! * Keccak: every preimage that the block asks for, hashed once.
//! * peer: kona-executor 0.4.0, best of five, as it was measured on such a machine.
#[path = "../tests/common/mod.rs"]
mod common;
mod floor;

use std::{hint::black_box, time::Duration};

use alloy_primitives::{B256, keccak256};
use common::{Fixture, Preimages};
use rustix::time::{ClockId, clock_gettime};
use unroll_executor::BlockExecutor;

const RUNS: usize = 25;

/// Milliseconds that kona-executor takes.
const PEER: [(&str, f64); 5] = [
    ("op-sepolia-26207960", 3.1),
    ("op-sepolia-26207961", 15.7),
    ("op-sepolia-26207962", 18.8),
    ("op-sepolia-26207963", 9.9),
    ("op-sepolia-26208384", 79.5),
];

fn main() {
    // `cargo test --benches` runs this too; it has nothing to check.
    if !std::env::args().any(|argument| argument == "--bench") || common::data().is_none() {
        return;
    }
    println!("| block | ours | EVM | Keccak | ours / (EVM + Keccak) | peer | ours / peer |");
    println!("|---|---|---|---|---|---|---|");
    let wanted: Vec<_> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let names = Fixture::names("exec");
    names.iter().filter(|name| wanted.is_empty() || wanted.contains(name)).for_each(|name| block(name));
    if !wanted.is_empty() {
        return;
    }
    println!();
    println!("| range | one executor | one executor each |");
    println!("|---|---|---|");
    range("op-sepolia-26207960 to 26207963", "op-sepolia", 26_207_960..26_207_964);
    range("op-mainnet-109279675 to 109279684", "op-mainnet", 109_279_675..109_279_685);
}

fn block(name: &str) {
    let mut fixture = Fixture::load("exec", name);
    execute(&mut fixture);
    let asked = std::mem::take(&mut fixture.preimages.asked);
    let touched: Vec<_> = asked.iter().map(|hash| fixture.preimages.by_hash[hash].clone()).collect();
    let memory = floor::record(&mut fixture);
    let keccak = best(|| touched.iter().fold(B256::ZERO, |sum, bytes| sum ^ keccak256(black_box(bytes))));
    let evm = best(|| floor::run(&fixture, &memory));
    let ours = best(|| execute(&mut fixture));
    let ratio = ours / (evm + keccak);
    let peer = PEER.iter().find(|(block, _)| *block == name).map_or_else(String::new, |(_, milliseconds)| {
        format!("{milliseconds:.1} ms | {:.2}", ours / milliseconds)
    });
    let peer = if peer.is_empty() { " | ".into() } else { peer };
    println!("| {name} | {ours:.2} ms | {evm:.2} ms | {keccak:.2} ms | {ratio:.2} | {peer} |");
}

fn range(name: &str, chain: &str, numbers: std::ops::Range<u64>) {
    let mut fixtures: Vec<_> =
        numbers.map(|number| Fixture::load("exec", &format!("{chain}-{number}"))).collect();
    let mut all = Preimages::default();
    for fixture in &fixtures {
        all.by_hash.extend(fixture.preimages.by_hash.clone());
    }
    let one = best(|| {
        all.asked.clear();
        let mut executor = BlockExecutor::new(&fixtures[0].cfg, fixtures[0].parent.clone());
        for fixture in &fixtures {
            black_box(executor.execute(&mut all, &fixture.attributes).expect("a real block"));
        }
    });
    let each = best(|| {
        for fixture in &mut fixtures {
            black_box(execute(fixture));
        }
    });
    println!("| {name} | {one:.2} ms | {each:.2} ms |");
}

fn execute(fixture: &mut Fixture) -> B256 {
    fixture.preimages.asked.clear();
    let mut executor = BlockExecutor::new(&fixture.cfg, fixture.parent.clone());
    let block = executor.execute(&mut fixture.preimages, &fixture.attributes).expect("a real block");
    assert_eq!(block.header.hash(), fixture.expected_hash);
    block.header.state_root
}

/// Milliseconds of the best run.
fn best<T>(mut work: impl FnMut() -> T) -> f64 {
    let runs = (0..RUNS).map(|_| {
        let start = now();
        black_box(work());
        now() - start
    });
    runs.min().unwrap_or_default().as_secs_f64() * 1e3
}

/// CPU time that this thread has used.
fn now() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().expect("the clock is not negative")
}
