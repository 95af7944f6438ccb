//! `unroll witness`: looks into witness archives, and makes, checks, cuts, joins and converts them.

mod diff;
mod export;
mod import;
mod inspect;
mod rewrite;
mod verify;

use crate::{
    args::witness::{Command, Output, Witness, WriteOptions},
    boot_file::BootFileError,
    input::InputError,
    report::{Bytes, count},
};
use alloy_primitives::B256;
use indicatif::{ProgressBar, ProgressDrawTarget};
use serde_json::{Value as Json, json};
use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};
use unroll_host::archive::{
    self, Archive, ArchiveError, Claim, Claims, Compression, ConfigError, Contents, Kind, MergeError,
    OpenError, RunError, SplitError,
};
use unroll_host::store::StoreError;
use unroll_protocol::config::RollupConfig;

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("{} {error}", path.display())]
    Archive { path: PathBuf, error: ArchiveError },
    #[error("{}: {error}", path.display())]
    Config { path: PathBuf, error: ConfigError },
    #[error("{}: {error}", path.display())]
    Run { path: PathBuf, error: RunError },
    #[error("{} cannot be split: {error}", path.display())]
    Split { path: PathBuf, error: SplitError },
    #[error("the archives cannot be merged: {0}")]
    Merge(#[from] MergeError),
    #[error("{} holds {count} claims: --claim says which one", path.display())]
    Claim { path: PathBuf, count: usize },
    #[error("{} is there already: --force replaces it", .0.display())]
    Exists(PathBuf),
    #[error("{} is there already: a data directory is written anew", .0.display())]
    Occupied(PathBuf),
    #[error("{} cannot be written: {error}", path.display())]
    Write { path: PathBuf, error: io::Error },
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("{} {error}", path.display())]
    BootFile { path: PathBuf, error: BootFileError },
    #[error(transparent)]
    Import(#[from] import::ImportError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was done: what people read, what scripts read, and the exit code.
struct Done {
    text: String,
    json: Json,
    code: u8,
}

/// Runs the command.
pub fn run(args: &Witness) -> ExitCode {
    let (json, result) = match &args.command {
        Command::Inspect(args) => (args.json, inspect::run(args)),
        Command::Verify(args) => (args.json, Ok(verify::run(args))),
        Command::Prune(args) => (args.output.options.json, rewrite::prune(args)),
        Command::Split(args) => (args.options.json, rewrite::split(args)),
        Command::Merge(args) => (args.output.options.json, rewrite::merge(args)),
        Command::Diff(args) => (args.json, diff::run(args)),
        Command::Import(args) => (args.output.options.json, import::run(args)),
        Command::Export(args) => (args.json, export::run(args)),
    };
    let said = match &result {
        Ok(done) if json => writeln!(io::stdout(), "{:#}", done.json),
        Ok(done) => write!(io::stdout(), "{}", done.text),
        Err(why) => {
            let why = why.to_string();
            let object = json.then(|| writeln!(io::stdout(), "{:#}", json!({ "error": why })));
            object.unwrap_or(Ok(())).and_then(|()| writeln!(io::stderr(), "error: {why}"))
        }
    };
    match (result, said) {
        (Ok(done), Ok(())) => ExitCode::from(done.code),
        // Whoever does not read what we say does not learn a verdict.
        _ => ExitCode::from(2),
    }
}

/// Everything in an archive.
fn contents(path: &Path) -> Result<Contents, Failure> {
    let archive = archive::open(path)?;
    Contents::of_archive(&archive).map_err(|error| Failure::Archive { path: path.into(), error })
}

/// The config that its claims are run with.
fn config(contents: &Contents, path: &Path) -> Result<RollupConfig, Failure> {
    archive::config(contents.claims.chain_id, &contents.rollup_config, &contents.l1_config)
        .map_err(|error| Failure::Config { path: path.into(), error })
}

/// Refuses to replace a file before the work for it begins.
fn check_free(output: &Output) -> Result<(), Failure> {
    if output.out.exists() && !output.options.force {
        return Err(Failure::Exists(output.out.clone()));
    }
    Ok(())
}

/// Writes an archive and says what it is.
fn save(path: &Path, contents: &Contents, options: &WriteOptions) -> Result<(String, Json), Failure> {
    let spinner = spinner(format!("writing {}", path.display()));
    let compression = if options.store { Compression::None } else { Compression::Zstd(options.level) };
    let failed = |error| Failure::Write { path: path.into(), error };
    let root = archive::save(path, contents, compression).map_err(failed)?;
    let bytes = std::fs::metadata(path).map_err(failed)?.len();
    spinner.finish_and_clear();
    let (preimages, blobs) = (contents.preimages().len(), contents.blobs().len());
    let text = format!(
        "{}: {}, {} and {} in {}\n  root  {root}\n{}",
        path.display(),
        count(contents.claims.claims.len(), "claim", "claims"),
        count(preimages, "preimage", "preimages"),
        count(blobs, "blob", "blobs"),
        Bytes(bytes),
        claim_lines(&contents.claims),
    );
    let json = json!({
        "path": path.display().to_string(),
        "root": root.to_string(),
        "bytes": bytes,
        "claims": claims_json(&contents.claims),
        "preimages": preimages,
        "blobs": blobs,
    });
    Ok((text, json))
}

fn claim_lines(claims: &Claims) -> String {
    let line = |(number, claim): (usize, &Claim)| {
        format!(
            "  claim {number}: blocks {} to {}\n    L1 head       {}\n    agreed root   {}\n    claimed root  {}\n",
            claim.agreed_block_number.saturating_add(1),
            claim.claimed_block_number,
            claim.l1_head,
            claim.agreed_output_root,
            claim.claimed_output_root,
        )
    };
    (1..).zip(&claims.claims).map(line).collect()
}

fn claims_json(claims: &Claims) -> Json {
    claims.claims.iter().map(claim_json).collect()
}

fn claim_json(claim: &Claim) -> Json {
    let text = |hash: &B256| hash.to_string();
    json!({
        "l1_head": text(&claim.l1_head),
        "agreed_output_root": text(&claim.agreed_output_root),
        "agreed_block_number": claim.agreed_block_number,
        "claimed_output_root": text(&claim.claimed_output_root),
        "claimed_block_number": claim.claimed_block_number,
    })
}

/// Something that takes a while, on stderr; nothing where stderr is not a terminal.
fn spinner(message: String) -> ProgressBar {
    let spinner = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_message(message);
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner
}

/// The bytes of a section, for a message that names the file.
fn in_file(path: &Path) -> impl Fn(ArchiveError) -> Failure + '_ {
    move |error| Failure::Archive { path: path.into(), error }
}

/// A section's JSON.
fn section(archive: &Archive, kind: Kind, path: &Path) -> Result<alloy_primitives::Bytes, Failure> {
    archive.section(kind).map_err(in_file(path))
}
