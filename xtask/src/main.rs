//! What a machine does for this repository: checks of house rules, generated data, benchmarks.

mod bench;
mod generate;
mod steps;
mod tidy;

use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};

#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Task {
    /// Check what a machine can check of the house style and of docs/SPEC.md.
    Tidy,
    /// Write data that is generated, not typed: chain constants, upgrade transactions, the KZG setup, the sample.
    Generate {
        /// What to write; everything if absent.
        #[command(subcommand)]
        what: Option<generate::What>,
    },
    /// Count the instructions of the fault-proof guest, phase by phase, and compare with bench/steps.md.
    Steps {
        /// Write bench/steps.md instead of comparing with it.
        #[arg(long)]
        write: bool,
        /// A boot file to count on, with its preimages beside it; the one of the baseline if absent. Nothing is compared then.
        witness: Option<PathBuf>,
    },
    /// Measure whole processes and compare with bench/baseline.md.
    Bench {
        /// What to measure.
        #[command(subcommand)]
        what: Bench,
    },
}

#[derive(Subcommand)]
enum Bench {
    /// `unroll verify` on the OP Sepolia witness of ../shared/data.
    Verify {
        /// How many times to run it; the median counts.
        #[arg(long, default_value_t = 9)]
        runs: usize,
    },
}

fn main() -> anyhow::Result<()> {
    match Task::parse() {
        Task::Tidy => tidy::run(&root()),
        Task::Generate { what } => generate::run(&root(), what),
        Task::Steps { write, witness } => steps::run(&root(), write, witness.as_deref()),
        Task::Bench { what: Bench::Verify { runs } } => bench::verify(&root(), runs),
    }
}

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the repository's root").to_path_buf()
}
