//! Real blocks beside what nobody can avoid, as a table: CPU time of the thread, the best of several runs, which other
//! processes disturb least. `cargo bench -p unroll-executor --features std,asm-keccak,secp256k1,blst --bench floors`, with names of
//! blocks behind `--` for these alone, and `--instructions` for instructions instead of time, which callgrind counts: those do not
//! depend on the machine's load.
//!
//! * ours: a block from its witness: execution, state root, header.
//! * EVM: the same transactions, decoded and their senders recovered, by op-revm on state in memory: nothing of the trie.
//! * Keccak: every preimage that the block asks for, hashed once.
//! * peer: kona-executor 0.4.0, best of five, as it was measured on such a machine.
#[path = "../tests/common/mod.rs"]
mod common;
mod floor;

use std::{hint::black_box, process::Command, time::Duration};

use alloy_primitives::{B256, Bytes, keccak256};
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
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    if !has("--bench") || common::data().is_none() {
        return;
    }
    let wanted: Vec<_> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    if let (true, [part, name]) = (has("--once"), &wanted[..]) {
        return measured(&mut Block::load(name), part);
    }
    let names = Fixture::names("exec");
    let blocks = names.iter().filter(|name| wanted.is_empty() || wanted.contains(name));
    if has("--instructions") {
        println!("| block | ours | EVM | Keccak | ours / (EVM + Keccak) |\n|---|---:|---:|---:|---:|");
        return blocks.for_each(|name| instructions_of(name));
    }
    println!("| block | ours | EVM | Keccak | ours / (EVM + Keccak) | peer | ours / peer |");
    println!("|---|---|---|---|---|---|---|");
    blocks.for_each(|name| time_of(name));
    if !wanted.is_empty() {
        return;
    }
    println!();
    println!("| range | one executor | one executor each |");
    println!("|---|---|---|");
    range("op-sepolia-26207960 to 26207963", "op-sepolia", 26_207_960..26_207_964);
    range("op-mainnet-109279675 to 109279684", "op-mainnet", 109_279_675..109_279_685);
}

/// A block with what its floors need.
struct Block {
    fixture: Fixture,
    /// Every preimage that it asks for.
    touched: Vec<Bytes>,
    memory: floor::Memory,
}

impl Block {
    fn load(name: &str) -> Self {
        let mut fixture = Fixture::load("exec", name);
        execute(&mut fixture);
        let asked = std::mem::take(&mut fixture.preimages.asked);
        let touched = asked.iter().map(|hash| fixture.preimages.by_hash[hash].clone()).collect();
        let memory = floor::record(&mut fixture);
        Self { fixture, touched, memory }
    }

    fn keccak(&self) -> B256 {
        self.touched.iter().fold(B256::ZERO, |sum, bytes| sum ^ keccak256(black_box(bytes)))
    }
}

/// One part, once. Callgrind counts from where this function begins to where it ends.
#[inline(never)]
fn measured(block: &mut Block, part: &str) {
    match part {
        "ours" => _ = black_box(execute(&mut block.fixture)),
        "EVM" => _ = black_box(floor::run(&block.fixture, &block.memory)),
        _ => _ = black_box(block.keccak()),
    }
}

fn time_of(name: &str) {
    let mut block = Block::load(name);
    let keccak = best(|| block.keccak());
    let evm = best(|| floor::run(&block.fixture, &block.memory));
    let ours = best(|| execute(&mut block.fixture));
    let ratio = ours / (evm + keccak);
    let peer = PEER.iter().find(|(block, _)| *block == name).map_or_else(String::new, |(_, milliseconds)| {
        format!("{milliseconds:.1} ms | {:.2}", ours / milliseconds)
    });
    let peer = if peer.is_empty() { " | ".into() } else { peer };
    println!("| {name} | {ours:.2} ms | {evm:.2} ms | {keccak:.2} ms | {ratio:.2} | {peer} |");
}

#[expect(clippy::cast_precision_loss, reason = "a ratio")]
fn instructions_of(name: &str) {
    let [ours, evm, keccak] = ["ours", "EVM", "Keccak"].map(|part| counted(name, part));
    let ratio = ours as f64 / (evm + keccak) as f64;
    println!("| {name} | {ours} | {evm} | {keccak} | {ratio:.2} |");
}

/// Instructions of [`measured`] in a process of its own.
fn counted(name: &str, part: &str) -> u64 {
    let program = std::env::current_exe().expect("this program is a file");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*measured*"])
        .arg(program)
        .args(["--bench", "--once", part, name])
        .output()
        .expect("valgrind is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    let count = said.lines().find_map(|line| line.split_once("Collected :"));
    count.and_then(|(_, count)| count.trim().parse().ok()).expect("callgrind counts what it runs")
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
