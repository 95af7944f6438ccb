//! How much memory a block takes. One test, because the allocator counts all threads.

mod common;

use std::hint::black_box;

use common::{Fixture, Preimages};
use unroll_executor::BlockExecutor;
use unroll_testing::memory::Counting;

#[global_allocator]
static MEMORY: Counting = Counting::new();

/// The largest witness there is, its preimages by hash, and the block executed on them, take less than three times its
/// records. Tries are one arena each, and nothing is copied that the witness holds.
#[test]
fn a_block_takes_three_times_its_witness_at_most() {
    if common::data().is_none() {
        return;
    }
    let mut measured = Vec::new();
    for name in Fixture::names("exec") {
        let fixture = Fixture::load("exec", &name);
        let records = common::records("exec", &name);
        let (more, header) = MEMORY.peak_of(|| {
            let mut preimages = Preimages::default();
            preimages.add(&records);
            let mut executor = BlockExecutor::new(&fixture.cfg, fixture.parent.clone());
            let block = executor.execute(&mut preimages, &fixture.attributes).expect("a real block");
            black_box(&executor);
            block.header
        });
        assert_eq!(header.hash(), fixture.expected_hash);
        let peak = records.len() + more;
        println!("{name}: witness {}, peak {peak}", records.len());
        // What the EVM takes before it does anything, 32 KiB of stack a frame, a small witness does not make up for.
        assert!(peak < 3 * records.len() + (1 << 20), "{name}: {peak} of {}", records.len());
        measured.push((records.len(), peak));
    }
    let (witness, peak) = measured.into_iter().max().expect("there are fixtures");
    assert!(peak < 3 * witness, "{peak} of {witness}");
}
