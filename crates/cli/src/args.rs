//! What can be typed.

use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// Derives and executes OP Stack blocks again, from commitments alone.
#[derive(Parser)]
#[command(name = "unroll", version, propagate_version = true)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Judge a claimed output root: exit code 0 if it is valid, 1 if it is invalid, 2 if it cannot be told.
    Verify(Verify),
}

/// Judge a claimed output root.
#[derive(clap::Args)]
pub struct Verify {
    /// A boot file (`*.json`) with its preimages (`*.preimages.zst`) beside it; without it, a sample in this program.
    pub path: Option<PathBuf>,
    /// Print one JSON object instead of a report for people.
    #[arg(long)]
    pub json: bool,
}
