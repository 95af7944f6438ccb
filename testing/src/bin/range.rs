//! Time and memory of one range, by its length: `range jovian 100 600 1800`. The fork is active from genesis on; before Ecotone
//! no system contract writes new slots in every block, so that the state that is touched does not grow.
//!
//! The chain and its preimages are made before and do not count. What counts is what a run of the claim holds at most beyond
//! them, and how long it takes.

use std::{env, time::Instant};
use unroll_proof::{OracleBackend, Transition, claim};
use unroll_protocol::forks::Fork;
use unroll_testing::{
    devnet::{Devnet, DevnetConfig, config::ForkConfig},
    memory::Counting,
};

#[global_allocator]
static MEMORY: Counting = Counting::new();

/// Ordinary traffic: transfers and storage, calldata and the odd deposit.
const CONFIG: &str = "
    [l1]
    block_time = 12
    [batcher]
    level = 5
    [traffic]
    transactions = 8
    mix = [['transfer', 5], ['churn', 2], ['log', 2], ['access_list', 1]]
    deposits = 200
";

fn main() {
    let fork = env::args().nth(1).unwrap_or_default();
    let fork =
        Fork::ALL.into_iter().find(|known| known.name() == fork).expect("the first argument is a fork");
    let lengths: Vec<u64> = env::args().skip(2).filter_map(|length| length.parse().ok()).collect();
    let mut config = DevnetConfig::from_toml(CONFIG).expect("the file above is well-formed");
    config.forks = ForkConfig::until(fork);
    let mut devnet = Devnet::new(config, None);
    println!("| blocks | transactions | time | a block | memory at most |");
    println!("|---:|---:|---:|---:|---:|");
    for length in lengths {
        devnet.advance_to(length);
        devnet.sync();
        // The L1 head that had the block's data, not one far behind.
        let block = devnet.block(length).expect("the chain is as long");
        let safe_at = block.safe_at.expect("all of it is posted");
        let l1_head = devnet.l1.block(safe_at).expect("L1 has it").header.hash();
        let boot = devnet.claim(0, length, l1_head);
        let transactions: usize = devnet.l2[1..].iter().map(|block| block.batched().count()).sum();
        let clock = Instant::now();
        let (peak, verdict) = MEMORY.peak_of(|| {
            let mut backend = OracleBackend::new(&devnet.store, boot.l1_head);
            let agreed = backend.output(boot.agreed_output_root).expect("the store lacks nothing");
            let mut transition =
                Transition::new(devnet.rollup(), backend, agreed).expect("our own block can be built on");
            claim::run(&mut transition, &boot).expect("the store lacks nothing")
        });
        let time = clock.elapsed();
        assert!(verdict.outcome.is_valid());
        let (seconds, a_block) = (time.as_secs_f64(), time.as_micros() / u128::from(length));
        println!("| {length} | {transactions} | {seconds:.2} s | {a_block} µs | {} KiB |", peak / 1024);
    }
}
