//! The fuzz bodies over the committed corpus, over its mutations, and over noise. `--bin fuzz` runs them for as long as one likes.

use unroll_testing::{
    fuzz::{TARGETS, corpus},
    noise::Noise,
};

/// How often each input is changed, and how much noise is tried.
const TIMES: usize = 1_000;

/// No target panics on any of it.
#[test]
fn no_input_panics() {
    std::thread::scope(|scope| {
        for target in &TARGETS {
            scope.spawn(move || {
                let inputs = corpus(target).expect("fuzz/corpus has a folder for each target");
                assert!(!inputs.is_empty(), "{} has no corpus", target.name);
                let mut noise = Noise(7);
                inputs.iter().for_each(|input| (target.body)(input));
                for _ in 0..TIMES {
                    (target.body)(&noise.bytes(300));
                    (target.body)(&noise.variant(&inputs));
                }
            });
        }
    });
}

/// The corpus holds what our encoders make now; `--bin fuzz -- --write-corpus` brings it up to date.
#[test]
fn the_corpus_is_our_own() {
    for target in &TARGETS {
        let inputs = corpus(target).expect("fuzz/corpus has a folder for each target");
        let missing = (target.seeds)().iter().filter(|seed| !inputs.contains(seed)).count();
        assert_eq!(missing, 0, "{} lacks seeds", target.name);
    }
}

/// Every target has a file for libFuzzer.
#[test]
fn each_target_has_a_fuzzer() {
    let folder = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/fuzz_targets"));
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("fuzz/fuzz_targets")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".rs").map(str::to_owned))
        .collect();
    files.sort();
    assert_eq!(files, TARGETS.map(|target| target.name));
}
