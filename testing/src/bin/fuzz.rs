//! `fuzz`: the fuzz targets in this process, on stable Rust, over seeded mutations of the corpus.
//!
//! ```text
//! fuzz [--executions N] [--seed S] [--target NAME]     N over all targets together; 1,000,000 by default
//! fuzz --input NAME FILE                               one input, as a failure left it
//! fuzz --write-corpus                                  what our encoders make, into fuzz/corpus
//! ```
//!
//! An execution that panics, takes more than 256 MiB, or takes more than ten seconds ends the process; its input is then in a file
//! that is named.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use unroll_testing::{
    fuzz::{HARD_LIMIT, TARGETS, Target, corpus},
    memory::Counting,
    noise::Noise,
};

#[global_allocator]
static MEMORY: Counting = Counting::new();

/// A normal execution takes microseconds; the largest channel, a second.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// How many variants of the corpus may join it while a target runs.
const MAX_INPUTS: usize = 4_096;

/// What is being executed, for whoever has to tell.
static CURRENT: Mutex<Current> = Mutex::new(Current { target: "", input: Vec::new() });
/// How many executions began.
static BEGUN: AtomicU64 = AtomicU64::new(0);

struct Current {
    target: &'static str,
    input: Vec<u8>,
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let mut words = arguments.iter().map(String::as_str);
    let (mut executions, mut seed, mut only) = (1_000_000, 0, None);
    while let Some(word) = words.next() {
        let value = words.next();
        match (word, value, value.and_then(|value| value.parse().ok())) {
            ("--write-corpus", None, _) => return write_corpus(),
            ("--input", Some(name), _) => return one(name, words.next()),
            ("--executions", _, Some(number)) => executions = number,
            ("--seed", _, Some(number)) => seed = number,
            ("--target", Some(name), _) if find(name).is_some() => only = find(name),
            _ => return usage(),
        }
    }
    MEMORY.limit(HARD_LIMIT);
    std::panic::set_hook(Box::new(|panic| fail(&panic.to_string())));
    std::thread::spawn(watch);
    let targets = only.map_or(TARGETS.to_vec(), |target| vec![target]);
    let each = executions / targets.len() as u64;
    targets.iter().for_each(|target| run(target, each, seed));
    println!("{} executions, none failed", BEGUN.load(Relaxed));
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    let names = TARGETS.map(|target| target.name).join(", ");
    eprintln!(
        "fuzz [--executions N] [--seed S] [--target NAME] | --input NAME FILE | --write-corpus\ntargets: {names}"
    );
    ExitCode::from(2)
}

fn find(name: &str) -> Option<Target> {
    TARGETS.into_iter().find(|target| target.name == name)
}

/// Executes so many variants of the corpus; those that take a new size of memory or time join it.
fn run(target: &Target, executions: u64, seed: u64) {
    let (mut inputs, mut noise) = (corpus(target).unwrap_or_default(), Noise(seed));
    let (mut slowest, mut largest, began) = (Duration::ZERO, 0, Instant::now());
    let mut buckets = std::collections::BTreeSet::new();
    for _ in 0..executions {
        let input = if noise.below(16) == 0 { noise.bytes(300) } else { noise.variant(&inputs) };
        if let Ok(mut current) = CURRENT.lock() {
            current.target = target.name;
            current.input.clone_from(&input);
        }
        BEGUN.fetch_add(1, Relaxed);
        let start = Instant::now();
        let executed = target.execute(&input, &MEMORY);
        slowest = slowest.max(start.elapsed());
        let peak = executed.unwrap_or_else(|peak| fail(&format!("{peak} bytes of memory")));
        largest = largest.max(peak);
        // Without the compiler's help, the pattern of allocations is the sign that another path was taken.
        if input.len() <= 8_192 && inputs.len() < MAX_INPUTS && buckets.insert(peak) {
            inputs.push(input);
        }
    }
    println!(
        "{:>15}: {executions} executions in {:.0} s, {} inputs, slowest {slowest:.1?}, most memory {:.1} MiB",
        target.name,
        began.elapsed().as_secs_f64(),
        inputs.len(),
        largest as f64 / f64::from(1 << 20),
    );
}

/// Ends the process if an execution does not end.
fn watch() {
    loop {
        let before = BEGUN.load(Relaxed);
        std::thread::sleep(TIME_LIMIT);
        if before == BEGUN.load(Relaxed) && before > 0 {
            fail("no progress");
        }
    }
}

/// Writes the input down, and ends.
fn fail(why: &str) -> ! {
    MEMORY.limit(usize::MAX);
    if let Ok(current) = CURRENT.lock() {
        let file = std::env::temp_dir().join(format!("unroll-fuzz-{}", current.target));
        let written = std::fs::write(&file, &current.input);
        eprintln!("{}: {why}\ninput ({written:?}): {}", current.target, file.display());
    }
    std::process::exit(1)
}

fn one(name: &str, file: Option<&str>) -> ExitCode {
    let (Some(target), Some(Ok(input))) = (find(name), file.map(std::fs::read)) else { return usage() };
    MEMORY.limit(HARD_LIMIT);
    let start = Instant::now();
    let (peak, ()) = MEMORY.peak_of(|| (target.body)(&input));
    println!("{name}: {} bytes, {:.1?}, {peak} bytes of memory", input.len(), start.elapsed());
    ExitCode::SUCCESS
}

fn write_corpus() -> ExitCode {
    let write = |target: &Target| {
        let folder: PathBuf =
            Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus")).join(target.name);
        std::fs::create_dir_all(&folder)?;
        let seeds = (target.seeds)();
        (0..)
            .zip(&seeds)
            .try_for_each(|(index, seed)| std::fs::write(folder.join(format!("{index:02}")), seed))
    };
    match TARGETS.iter().try_for_each(write) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fuzz/corpus: {error}");
            ExitCode::from(2)
        }
    }
}
