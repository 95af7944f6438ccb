//! Data that our own tools write and the repository carries: each with the command that makes it.

mod chains;
mod kzg;
mod source;
mod upgrades;

use clap::{Subcommand, ValueEnum};
use std::path::Path;

/// One kind of generated data: a module beside this one.
#[derive(Clone, Copy, Subcommand, ValueEnum)]
pub enum What {
    /// The known chains: `crates/protocol/src/chains/generated.rs`.
    Chains,
    /// The deposits of network upgrades: `crates/protocol/src/upgrades/*.bin`.
    Upgrades,
    /// The Lagrange points of the KZG ceremony.
    Kzg,
}

/// Writes `what`, or everything.
pub fn run(root: &Path, what: Option<What>) -> anyhow::Result<()> {
    let all = what.map_or_else(|| What::value_variants().to_vec(), |one| vec![one]);
    for what in all {
        match what {
            What::Chains => chains::run(root)?,
            What::Upgrades => upgrades::run(root)?,
            What::Kzg => kzg::run(root)?,
        }
    }
    Ok(())
}
