//! Both derivations over many histories.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};
use unroll_derive::{L1Reader, Start};
use unroll_testing::{
    reference::batcher,
    simulator::{History, compare, karst_bundle, payload::input, raw::RawChain},
};

/// The histories of a normal run. `UNROLL_SEEDS=FROM..TO` runs others.
const SEEDS: (u64, u64) = (0, 2_000);

/// Every history derives the same by the rules and by the pipeline; one that does not is written down for
/// `simulate --replay`.
#[test]
fn both_derivations_agree() {
    let (from, to) = std::env::var("UNROLL_SEEDS").map_or(SEEDS, |range| {
        let (from, to) = range.split_once("..").expect("UNROLL_SEEDS=FROM..TO");
        (from.parse().expect("a number"), to.parse().expect("a number"))
    });
    let (next, bundle) = (AtomicU64::new(from), karst_bundle());
    let rules = Mutex::new(BTreeMap::<&str, u64>::new());
    let run = || loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= to {
            return;
        }
        let history = History::generate(seed);
        match compare(&history, bundle.as_deref()) {
            Ok(agreement) => {
                let mut rules = rules.lock().expect("no thread failed");
                agreement
                    .rules
                    .into_iter()
                    .for_each(|(rule, count)| *rules.entry(rule).or_default() += count);
            }
            Err(difference) => {
                let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("seed-{seed}.txt"));
                std::fs::write(&file, history.to_log()).expect("the target folder can be written to");
                panic!("seed {seed}, written to {}: {difference}", file.display());
            }
        }
    };
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        (0..threads).for_each(|_| drop(scope.spawn(run)));
    });
    let rules = rules.into_inner().expect("no thread failed");
    println!("{rules:?}");
    if (from, to) == SEEDS {
        let missing: Vec<_> = RULES.iter().filter(|rule| !rules.contains_key(*rule)).collect();
        assert!(missing.is_empty(), "no history has met {missing:?}");
    }
}

/// The rules that a normal run must have met, or it proves less than it claims.
///
/// Three events no history can bring about: D-003 (the reader has removed timed-out channels before it comes to a frame),
/// D-026 (no frame is staged while a batch of the channel before can still be refused) and F-074 (F-045, F-047, F-048 and F-055
/// come first). H-014 has no event.
#[rustfmt::skip]
const RULES: [&str; 82] = [
    "A-024", "A-040", "B-005", "B-010", "B-011", "B-012", "B-015", "B-032", "B-033", "B-034", "B-035", "B-040",
    "B-041", "B-042", "B-043", "B-044", "B-045", "C-002", "C-003", "C-004", "C-011", "C-012", "C-013", "D-001",
    "D-002", "D-004", "D-005", "D-006", "D-011", "D-016", "D-017", "D-021", "D-022", "D-023", "D-024", "E-001",
    "E-002", "E-003", "E-004", "E-010", "E-022", "E-023", "E-025", "E-026", "E-027", "F-002", "F-010", "F-011",
    "F-012", "F-013", "F-014", "F-016", "F-017", "F-018", "F-019", "F-020", "F-021", "F-022", "F-023", "F-024",
    "F-026", "F-040", "F-041", "F-042", "F-043", "F-044", "F-045", "F-046", "F-047", "F-048", "F-051", "F-052",
    "F-053", "F-055", "F-082", "F-083", "F-084", "F-086", "F-087", "F-090", "H-011", "H-013",
];

/// A log is the history.
#[test]
fn logs_read_back() {
    for seed in 0..20 {
        let history = History::generate(seed);
        let read = History::from_log(&history.to_log()).expect("our own log");
        assert!(read == history, "seed {seed}");
    }
    assert_eq!(History::from_log("unroll-history 1\nfork nonsense 1").map_err(|error| error.number), Err(2));
}

/// What is read of each L1 block is what was put into it, whatever it travelled in.
#[test]
fn inputs_arrive() {
    for seed in 0..100 {
        let history = History::generate(seed);
        let base = history.l1[0].origin;
        let start = Start { base, batcher: batcher(&history.cfg, &history.l1, 0), safe_origin: base.number };
        let (mut reader, mut chain) =
            (L1Reader::new(&history.cfg, &start), RawChain::new(&history, None, &[]));
        for block in &history.l1 {
            let mut events = Vec::new();
            let read = reader.read(&mut chain, &block.origin, &mut events).expect("the chain lacks nothing");
            let mut put = input(block);
            if block.origin == base {
                (put.updates, put.deposits) = (Vec::new(), Vec::new()); // they are in the chain already
            }
            assert!(read.as_ref() == Some(&put), "seed {seed}: {read:?}, not {put:?}: {events:?}");
        }
    }
}
