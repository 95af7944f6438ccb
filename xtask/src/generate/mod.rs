//! Data that our own tools write and the repository carries: each with the command that makes it.

use clap::Subcommand;
use std::path::Path;

/// One kind of generated data: a module beside this one.
#[derive(Clone, Copy, Subcommand)]
pub enum What {}

/// Writes `what`, or everything.
pub fn run(_root: &Path, what: Option<What>) -> anyhow::Result<()> {
    match what {
        None => Ok(()),
        Some(what) => match what {},
    }
}
