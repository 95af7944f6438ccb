//! A fuzzer without instrumentation: seeded mutations of a small corpus through every fuzz body of the core.
//!
//! ```text
//! cargo run --release -p unroll-fuzz -- --executions 1000000 --target batch
//! ```
//!
//! It runs on stable Rust wherever the tests run. An input that panics, or that takes more than [`MAX_BYTES`] of memory,
//! is written to a file and ends the run.

mod corpus;

use alloy_primitives::hex;
use anyhow::{Context, bail};
use clap::Parser;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Mutex,
    time::Instant,
};
use unroll_testing::{memory::Counting, noise::Noise};

/// What one input may cost. The decoders promise a small multiple of what they are given or of the decompression limit,
/// and the bodies stay far below it.
const MAX_BYTES: usize = 256 << 20;

/// Inputs stay below this size, so that an execution stays short.
const MAX_INPUT_BYTES: usize = 1 << 16;

#[global_allocator]
static MEMORY: Counting = Counting::new();

/// The input being run: what a panic is about.
static CURRENT: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// A fuzz body and the name of its folder in the corpus.
struct Target {
    name: &'static str,
    body: fn(&[u8]),
}

const TARGETS: [Target; 7] = [
    Target { name: "blob", body: unroll_protocol::blob::fuzz_blob },
    Target { name: "frames", body: unroll_protocol::frame::fuzz_frames },
    Target { name: "channel", body: unroll_protocol::channel::fuzz_channel },
    Target { name: "decompress", body: unroll_protocol::compression::fuzz_decompress },
    Target { name: "batch", body: unroll_protocol::batch::fuzz_batch },
    Target { name: "trie", body: unroll_mpt::fuzz::fuzz_trie },
    Target { name: "node", body: unroll_mpt::fuzz::fuzz_node },
];

/// Fuzzes the decoders of the core.
#[derive(Parser)]
struct Args {
    /// How often to run each target.
    #[arg(long, default_value_t = 100_000)]
    executions: u64,
    /// Only this target.
    #[arg(long)]
    target: Option<String>,
    /// Where the sequence of mutations starts.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Runs this file alone, through the target given.
    #[arg(long, requires = "target")]
    input: Option<PathBuf>,
    /// Writes the corpus afresh, out of the batcher of `unroll-testing`, and stops.
    #[arg(long)]
    make_corpus: bool,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus"));
    if args.make_corpus {
        return corpus::write(folder);
    }
    let mut targets =
        TARGETS.iter().filter(|t| args.target.as_ref().is_none_or(|name| name == t.name)).peekable();
    if targets.peek().is_none() {
        bail!("no such target; there are: {}", TARGETS.map(|target| target.name).join(", "));
    }
    if let Some(file) = &args.input {
        let input = fs::read(file).with_context(|| file.display().to_string())?;
        return targets.try_for_each(|target| run_one(target, &input).map(drop));
    }
    println!("| target | corpus | executions | per second | highest memory |");
    println!("|---|---|---|---|---|");
    for target in targets {
        let seeds = corpus::read(&folder.join(target.name))?;
        fuzz(target, &seeds, args.executions, args.seed)?;
    }
    Ok(())
}

fn fuzz(target: &Target, seeds: &[Vec<u8>], executions: u64, seed: u64) -> anyhow::Result<()> {
    let (mut noise, mut highest) = (Noise(seed), 0);
    keep_input_of_panics(target.name);
    let start = Instant::now();
    for execution in 0..executions {
        // The corpus first, as it is; then mutations of its entries, now and then of two spliced, now and then noise.
        let mut input = match usize::try_from(execution).ok().and_then(|index| seeds.get(index)) {
            Some(seed) => seed.clone(),
            None => next_input(&mut noise, seeds),
        };
        input.truncate(MAX_INPUT_BYTES);
        highest = highest.max(run_one(target, &input)?);
    }
    let seconds = start.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate to look at")]
    let rate = executions as f64 / seconds;
    println!("| {} | {} | {executions} | {rate:.0} | {highest} bytes |", target.name, seeds.len());
    Ok(())
}

fn next_input(noise: &mut Noise, seeds: &[Vec<u8>]) -> Vec<u8> {
    let pick = |noise: &mut Noise| seeds.get(noise.below(seeds.len())).cloned().unwrap_or_default();
    let mut input = match noise.below(16) {
        0 => noise.bytes(300),
        1 => {
            let (mut front, back) = (pick(noise), pick(noise));
            front.truncate(noise.below(front.len() + 1));
            front.extend_from_slice(&back[noise.below(back.len() + 1)..]);
            front
        }
        _ => pick(noise),
    };
    (0..=noise.below(3)).for_each(|_| noise.mutate(&mut input));
    input
}

/// Runs one input and returns the memory that it took.
fn run_one(target: &Target, input: &[u8]) -> anyhow::Result<usize> {
    if let Ok(mut current) = CURRENT.lock() {
        current.clear();
        current.extend_from_slice(input);
    }
    let (bytes, ()) = MEMORY.peak_of(|| (target.body)(input));
    if bytes > MAX_BYTES {
        let file = write_finding(target.name, input);
        bail!("{}: {bytes} bytes of memory for {file}", target.name);
    }
    Ok(bytes)
}

fn keep_input_of_panics(target: &'static str) {
    std::panic::set_hook(Box::new(move |panic| {
        let input = CURRENT.lock().map(|input| input.clone()).unwrap_or_default();
        let file = write_finding(target, &input);
        println!("{target}: {panic}\ninput kept in {file}: {}", hex::encode(&input[..input.len().min(200)]));
    }));
}

fn write_finding(target: &str, input: &[u8]) -> String {
    let file = format!("fuzz-finding-{target}");
    match fs::write(&file, input) {
        Ok(()) => file,
        Err(error) => format!("{file} (not written: {error})"),
    }
}
