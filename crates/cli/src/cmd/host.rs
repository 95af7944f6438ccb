//! `unroll host`: serves preimages to a fault-proof program in a VM, or runs the program here.

use crate::{
    args::host::{DataFormat, Host as HostArgs, Mode, Single},
    bundle::{self, BundleError},
    cmd::verify::reason,
    input::{self, InputError},
    report::{Bytes as Size, Grouped, Verdict, count},
};
use alloy_primitives::Bytes;
use serde::Serialize;
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};
use unroll_host::{
    Host, HostError, LocalInputs, NativeError, ServeFailure, Served, Unserved, inherited, run_native, serve,
    store::{self, Format, Store, StoreError},
};
use unroll_proof::{BootInfo, claim, preimage::ServeError, program};
use unroll_protocol::{
    chains,
    config_file::{ConfigFileError, parse_l1_chain_config, parse_rollup_json},
};

/// How long a client in a VM may take over a message that it began. Between messages it may compute for days.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why the client cannot be served, or nothing can be said about the claim.
#[derive(Debug, thiserror::Error)]
enum Undecided {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("{} has a malformed config: {error}", path.display())]
    Config { path: PathBuf, error: ConfigFileError },
    #[error("chain {0} is not built in: give its --rollup-config-path instead of --l2-chain-id")]
    UnknownChain(u64),
    #[error("nodes are not asked yet: give a --data-dir that has the preimages")]
    NoDataDirectory,
    #[error(
        "the format `{0:?}` needs a database in C++, which is not built in: give a directory in the format `directory`"
    )]
    Format(DataFormat),
    #[error("the data directory: {0}")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Bundle(#[from] BundleError),
    #[error("{0}")]
    Pipes(io::Error),
    #[error(transparent)]
    Serve(#[from] ServeFailure),
    #[error(transparent)]
    Native(#[from] NativeError),
    #[error("the program: {0}")]
    Program(String),
}

/// Runs the command.
pub fn run(args: &HostArgs) -> ExitCode {
    let Mode::Single(single) = &args.mode;
    let mut report = Report::of(single);
    let result = run_single(single, &mut report);
    if let Err(why) = result {
        report.verdict = Status::Undecided;
        report.reason = format!("{why}{}", advice(single, &why));
    }
    match report.print(single.json) {
        Ok(()) => ExitCode::from(report.verdict.exit_code()),
        // Whoever does not read what we say does not learn a verdict.
        Err(_) => ExitCode::from(Status::Undecided.exit_code()),
    }
}

fn run_single(args: &Single, report: &mut Report) -> Result<(), Undecided> {
    // The client's pipes come first: no file that is opened here may get their numbers.
    let pipes = if args.server { Some(inherited(PATIENCE).map_err(Undecided::Pipes)?) } else { None };
    let local = local_inputs(args)?;
    report.chain_id = Some(local.boot.chain_id);
    let claimed = local.boot.claimed_block_number;
    let bundles = bundle::read(&args.upgrade_bundle)?;
    let mut host = Host::new(local, open(args)?).with_sha256(bundles);
    let result = match pipes {
        Some((hints, preimages)) => {
            serve(&mut host, hints, preimages).map_err(Undecided::from).map(|()| None)
        }
        None => judge(&mut host).map(Some),
    };
    report.served = host.served();
    match result? {
        None => {
            report.verdict = Status::Served;
            report.reason = "the client has closed its pipes".into();
        }
        Some(verdict) => {
            report.verdict = if verdict.outcome.is_valid() { Status::Valid } else { Status::Invalid };
            report.output_root = Some(verdict.output_root.to_string());
            report.reason = reason(&verdict, claimed);
        }
    }
    Ok(())
}

fn judge(host: &mut Host<Box<dyn Store>>) -> Result<claim::Verdict, Undecided> {
    run_native(host, program::run)?.map_err(|error| Undecided::Program(error.to_string()))
}

/// What the program will ask for by index.
fn local_inputs(args: &Single) -> Result<LocalInputs, Undecided> {
    let rollup_config = args.rollup_config_path.as_deref().map(config_file).transpose()?;
    let l1_config = args.l1_config_path.as_deref().map(config_file).transpose()?;
    if let (Some(path), Some(json)) = (&args.l1_config_path, &l1_config) {
        parse_l1_chain_config(json).map_err(|error| Undecided::Config { path: path.clone(), error })?;
    }
    let chain_id = match (args.l2_chain_id, &args.rollup_config_path, &rollup_config) {
        (None, Some(path), Some(json)) => {
            let malformed = |error| Undecided::Config { path: path.clone(), error };
            parse_rollup_json(json).map_err(malformed)?.0.l2_chain_id
        }
        (chain_id, ..) => {
            let id = chain_id.unwrap_or_default();
            chains::by_chain_id(id).ok_or(Undecided::UnknownChain(id))?.l2_chain_id
        }
    };
    let boot = BootInfo {
        l1_head: args.l1_head,
        agreed_output_root: args.agreed_l2_output_root,
        claimed_output_root: args.claimed_l2_output_root,
        claimed_block_number: args.claimed_l2_block_number,
        chain_id,
    };
    Ok(LocalInputs { boot, rollup_config, l1_config })
}

fn config_file(path: &Path) -> Result<Bytes, Undecided> {
    Ok(input::json(path)?.into())
}

fn open(args: &Single) -> Result<Box<dyn Store>, Undecided> {
    let path = args.data_dir.as_deref().ok_or(Undecided::NoDataDirectory)?;
    let format = match args.data_format {
        DataFormat::Directory => Format::Directory,
        DataFormat::File => Format::File,
        DataFormat::Redb => Format::Redb,
        other @ (DataFormat::Rocksdb | DataFormat::Pebble) => return Err(Undecided::Format(other)),
    };
    Ok(store::open(path, format)?)
}

/// What to do about a preimage that is missing: a fork's transactions can be given as a file, others are nowhere else to be had.
fn advice(args: &Single, why: &Undecided) -> String {
    let (Undecided::Serve(failure) | Undecided::Native(NativeError::Serve(failure))) = why else {
        return String::new();
    };
    if let ServeFailure::Preimages(ServeError::Host(HostError { why: Unserved::Missing { key, .. }, .. })) =
        failure
        && let Some(advice) = bundle::advice(*key)
    {
        advice
    } else if args.l1_node_address.is_some() {
        ". Nodes are not asked yet: what the data directory lacks has to be put there by another host".into()
    } else {
        String::new()
    }
}

/// What is to be said of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Valid,
    Invalid,
    Undecided,
    Served,
}

impl Status {
    const fn exit_code(self) -> u8 {
        match self {
            Self::Valid | Self::Served => Verdict::Valid.exit_code(),
            Self::Invalid => Verdict::Invalid.exit_code(),
            Self::Undecided => Verdict::Undecided.exit_code(),
        }
    }
}

/// The fields that programs may rely on.
#[derive(Serialize)]
struct Report {
    verdict: Status,
    reason: String,
    chain_id: Option<u64>,
    claimed_block_number: u64,
    claimed_output_root: String,
    output_root: Option<String>,
    #[serde(flatten, serialize_with = "served")]
    served: Served,
    #[serde(skip)]
    server: bool,
}

impl Report {
    fn of(args: &Single) -> Self {
        Self {
            verdict: Status::Undecided,
            reason: String::new(),
            chain_id: None,
            claimed_block_number: args.claimed_l2_block_number,
            claimed_output_root: args.claimed_l2_output_root.to_string(),
            output_root: None,
            served: Served::default(),
            server: args.server,
        }
    }

    /// One JSON object, or text for people; a server says nothing to people unless it fails. What cannot be told is told on
    /// stderr, in one sentence.
    fn print(&self, json: bool) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if json {
            serde_json::to_writer_pretty(&mut out, self)?;
            writeln!(out)?;
        } else if !self.server && self.verdict != Status::Undecided {
            let name = if self.verdict == Status::Valid { "VALID" } else { "INVALID" };
            let Served { preimages, bytes, hints } = self.served;
            let hints = count(usize::try_from(hints).unwrap_or(usize::MAX), "hint", "hints");
            writeln!(out, "{} preimages served, {}; {hints}", Grouped(preimages), Size(bytes))?;
            writeln!(out, "{name}: {}", self.reason)?;
        }
        if self.verdict == Status::Undecided {
            writeln!(io::stderr(), "undecided: {}", self.reason)?;
        }
        Ok(())
    }
}

fn served<S: serde::Serializer>(served: &Served, serializer: S) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeMap;
    let mut map = serializer.serialize_map(Some(3))?;
    map.serialize_entry("preimages_served", &served.preimages)?;
    map.serialize_entry("preimage_bytes", &served.bytes)?;
    map.serialize_entry("hints", &served.hints)?;
    map.end()
}
