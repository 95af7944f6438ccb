//! The fuzz bodies over the committed corpus, over its mutations, and over noise. `--bin fuzz` runs them for as long as one likes.
//!
//! Memory is limited here as it is there. Time is not, as no clock would do on every machine: what stands for it is the number of
//! allocations, which is the same every time. An execution that hangs without any is for `--bin fuzz` to notice.

use std::sync::{Mutex, MutexGuard, PoisonError};
use unroll_testing::{
    fuzz::{HARD_LIMIT, TARGETS, Target, corpus},
    memory::Counting,
    noise::Noise,
};

#[global_allocator]
static MEMORY: Counting = Counting::new();

/// How often each input is changed, and how much noise is tried.
const TIMES: usize = 1_000;
/// How many allocations an execution may make. The most is 1,820, of a chain of the pipeline's.
const MOST_ALLOCATIONS: usize = 100_000;

/// No target panics on any of it, or takes more than 256 MiB.
#[test]
fn no_input_panics_or_takes_too_much() {
    let _alone = alone();
    MEMORY.limit(HARD_LIMIT);
    for target in &TARGETS {
        let inputs = corpus(target).expect("fuzz/corpus has a folder for each target");
        assert!(!inputs.is_empty(), "{} has no corpus", target.name);
        let mut noise = Noise(7);
        inputs.iter().for_each(|input| execute(target, input));
        for _ in 0..TIMES {
            execute(target, &noise.bytes(300));
            execute(target, &noise.variant(&inputs));
        }
    }
    MEMORY.limit(usize::MAX);
}

fn execute(target: &Target, input: &[u8]) {
    let before = MEMORY.allocations();
    let peak = target.execute(input, &MEMORY);
    let allocations = MEMORY.allocations() - before;
    assert!(peak.is_ok(), "{}: {peak:?} bytes of memory for {input:02x?}", target.name);
    assert!(allocations <= MOST_ALLOCATIONS, "{}: {allocations} allocations for {input:02x?}", target.name);
}

/// The allocator counts for the whole process, so that nothing may happen beside a test.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The corpus holds what our encoders make now; `--bin fuzz -- --write-corpus` brings it up to date.
#[test]
fn the_corpus_is_our_own() {
    let _alone = alone();
    for target in &TARGETS {
        let inputs = corpus(target).expect("fuzz/corpus has a folder for each target");
        let missing = (target.seeds)().iter().filter(|seed| !inputs.contains(seed)).count();
        assert_eq!(missing, 0, "{} lacks seeds", target.name);
    }
}

/// Every target has a file for libFuzzer.
#[test]
fn each_target_has_a_fuzzer() {
    let _alone = alone();
    let folder = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/fuzz_targets"));
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("fuzz/fuzz_targets")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".rs").map(str::to_owned))
        .collect();
    files.sort();
    assert_eq!(files, TARGETS.map(|target| target.name));
}
