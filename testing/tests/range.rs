//! A range takes time in proportion to its blocks, and memory that does not grow with it.

use unroll_proof::{OracleBackend, Transition, claim};
use unroll_protocol::forks::Fork;
use unroll_testing::{
    devnet::{Devnet, DevnetConfig, config::ForkConfig},
    memory::Counting,
};

#[global_allocator]
static MEMORY: Counting = Counting::new();

/// What a run took: allocations, which stand for time as they do not depend on the machine, and the most bytes held.
#[derive(Clone, Copy, Debug)]
struct Cost {
    allocations: usize,
    peak: usize,
}

/// Before Ecotone no system contract writes new slots in every block, so that only what the range itself holds can grow; the
/// figures of `bench/baseline.md` go on to where those slots come round again.
#[test]
fn long_ranges_are_linear() {
    let mut config = DevnetConfig::default();
    config.batcher.level = 5;
    config.traffic.transactions = 4;
    config.forks = ForkConfig::until(Fork::Delta);
    let mut devnet = Devnet::new(config, None);
    let [short, long] = [100, 600].map(|length| cost(&mut devnet, length));
    assert!(long.allocations < 7 * short.allocations, "{short:?} {long:?}");
    assert!(2 * long.peak < 3 * short.peak, "{short:?} {long:?}");
}

fn cost(devnet: &mut Devnet, length: u64) -> Cost {
    devnet.advance_to(length);
    devnet.sync();
    // The L1 head that had the block's data, not one far behind.
    let safe_at = devnet.block(length).and_then(|block| block.safe_at).expect("all of it is posted");
    let l1_head = devnet.l1.block(safe_at).expect("L1 has it").header.hash();
    let boot = devnet.claim(0, length, l1_head);
    let before = MEMORY.allocations();
    let (peak, verdict) = MEMORY.peak_of(|| {
        let mut backend = OracleBackend::new(&devnet.store, boot.l1_head);
        let agreed = backend.output(boot.agreed_output_root).expect("the store lacks nothing");
        let mut transition =
            Transition::new(devnet.rollup(), backend, agreed).expect("our own block can be built on");
        claim::run(&mut transition, &boot).expect("the store lacks nothing")
    });
    assert!(verdict.outcome.is_valid());
    Cost { allocations: MEMORY.allocations() - before, peak }
}
