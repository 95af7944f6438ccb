//! `unroll verify`: judges a claimed output root.

use crate::{
    args,
    boot_file::{BootFile, BootFileError},
    bundle::{self, BundleError},
    preimages::{self, PreimagesError},
    report::{About, BlockLine, Phase, Report, Verdict},
    sample,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};
use unroll_host::archive::{self, ArchiveError, Claim, Claims, ConfigError, Kind, OpenError};
use unroll_proof::{
    BootInfo, OracleBackend, Transition, Witness,
    backend::BackendError,
    claim::{self, Outcome},
    transition::TransitionError,
    witness::{Missing, WitnessError},
};
use unroll_protocol::{chains, config::RollupConfig};

/// A boot file is a few kilobytes, with blocks listed in it for people some hundred; what lies behind is cut off and then
/// no JSON.
const MAX_BOOT_FILE_BYTES: u64 = 16 << 20;

/// Why nothing can be said about the claim.
#[derive(Debug, thiserror::Error)]
pub enum Undecided {
    #[error("{} cannot be read: {error}", path.display())]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("{} {error}", path.display())]
    BootFile { path: PathBuf, error: BootFileError },
    #[error("the preimages {} cannot be read: {error}", path.display())]
    NoPreimages { path: PathBuf, error: io::Error },
    #[error("the file of preimages {} {error}", path.display())]
    Preimages { path: PathBuf, error: PreimagesError },
    #[error("{} does not say where its preimages are: it has no `preimages.file`", .0.display())]
    NoSidecar(PathBuf),
    #[error("the preimages are refused: {0}")]
    Witness(#[from] WitnessError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("{} {error}", path.display())]
    Archive { path: PathBuf, error: ArchiveError },
    #[error("{}: {error}", path.display())]
    Config { path: PathBuf, error: ConfigError },
    #[error(
        "{} holds {count} claims: --claim says which one, and `unroll witness verify` judges all of them", path.display()
    )]
    Claim { path: PathBuf, count: usize },
    #[error("the agreed output root is block {actual}'s, and the archive says block {noted}")]
    AgreedBlock { noted: u64, actual: u64 },
    #[error(transparent)]
    Bundle(#[from] BundleError),
    #[error(transparent)]
    Transition(#[from] TransitionError<BackendError<Missing>>),
}

impl Undecided {
    /// What to do about it, to be added to what it says.
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::Transition(TransitionError::Provider(BackendError::Oracle { key, .. })) => {
                bundle::advice(*key)
            }
            _ => None,
        }
    }
}

/// Runs the command. No error is a verdict (J-027).
pub fn run(args: &args::Verify) -> ExitCode {
    let mut report = Report::undecided("");
    let result = match &args.path {
        Some(path) if archive::is_archive(path) => verify_archive(path, args, &mut report),
        path => verify(path.as_deref(), args, &mut report),
    };
    if let Err(why) = result {
        report.undecide(&format!("{why}{}", why.advice().unwrap_or_default()));
    }
    match report.print(args.json) {
        Ok(()) => ExitCode::from(report.verdict.exit_code()),
        // Whoever does not read what we say does not learn a verdict.
        Err(_) => ExitCode::from(Verdict::Undecided.exit_code()),
    }
}

/// Fills in the report as far as it gets.
fn verify(path: Option<&Path>, args: &args::Verify, report: &mut Report) -> Result<(), Undecided> {
    let clock = Instant::now();
    let boot = match path {
        Some(path) => boot_file(path)?,
        None => parse(sample::BOOT, Path::new(sample::NAME))?,
    };
    report.about = Some(about(&boot.info));
    let records = match path {
        Some(path) => {
            let sidecar = boot.preimages.as_ref().ok_or_else(|| Undecided::NoSidecar(path.into()))?;
            records(&path.with_file_name(sidecar))?
        }
        None => decompress(sample::PREIMAGES, Path::new(sample::NAME))?,
    };
    report.phases.add(Phase::Read, clock.elapsed());

    let clock = Instant::now();
    let mut witness = Witness::from_records(&records.into())?;
    add_bundles(args, &mut witness)?;
    report.phases.add(Phase::Check, clock.elapsed());
    judge(&boot.info, &boot.config, &mut witness, report)
}

/// The same for a claim of an archive.
fn verify_archive(path: &Path, args: &args::Verify, report: &mut Report) -> Result<(), Undecided> {
    let clock = Instant::now();
    let in_file = |error| Undecided::Archive { path: path.into(), error };
    let archive = archive::open(path)?;
    let Claims { chain_id, claims } = archive.claims().map_err(in_file)?;
    let claim = args::witness::only(&claims, args.claim);
    let claim = claim.ok_or_else(|| Undecided::Claim { path: path.into(), count: claims.len() })?;
    report.about = Some(about(&claim.boot(chain_id)));
    let section = |kind| archive.section(kind).map_err(in_file);
    let config = archive::config(chain_id, &section(Kind::RollupConfig)?, &section(Kind::L1Config)?)
        .map_err(|error| Undecided::Config { path: path.into(), error })?;
    report.phases.add(Phase::Read, clock.elapsed());

    let clock = Instant::now();
    let mut witness = archive.witness().map_err(in_file)?;
    add_bundles(args, &mut witness)?;
    report.phases.add(Phase::Check, clock.elapsed());
    judge_claim(chain_id, claim, &config, &mut witness, report)
}

fn add_bundles(args: &args::Verify, witness: &mut Witness) -> Result<(), BundleError> {
    for bundle in bundle::read(&args.upgrade_bundle)? {
        witness.insert_sha256(bundle);
    }
    Ok(())
}

/// Judges a claim of an archive, which also notes which block the agreed root is of.
pub fn judge_claim(
    chain_id: u64,
    claim: &Claim,
    config: &RollupConfig,
    witness: &mut Witness,
    report: &mut Report,
) -> Result<(), Undecided> {
    judge(&claim.boot(chain_id), config, witness, report)?;
    match (claim.agreed_block_number, report.agreed_block) {
        (noted, Some(actual)) if noted != actual => Err(Undecided::AgreedBlock { noted, actual }),
        _ => Ok(()),
    }
}

/// Fills in the report with what a run over these preimages finds.
fn judge(
    boot: &BootInfo,
    config: &RollupConfig,
    witness: &mut Witness,
    report: &mut Report,
) -> Result<(), Undecided> {
    report.about = Some(about(boot));
    let mut backend = OracleBackend::new(witness, boot.l1_head);
    let agreed = backend.output(boot.agreed_output_root).map_err(TransitionError::Provider)?;
    let mut transition = Transition::new(config, backend, agreed)?;
    let result = derive_and_judge(boot, &mut transition, report);
    let read = transition.backend().oracle().read_stats();
    (report.preimages_read, report.preimage_bytes) = (read.preimages, read.bytes);
    result
}

/// The loop of [`claim::run`], with a look at the clock and a line of the report for each block.
fn derive_and_judge(
    boot: &BootInfo,
    transition: &mut Transition<'_, OracleBackend<&mut Witness>>,
    report: &mut Report,
) -> Result<(), Undecided> {
    let agreed = transition.agreed_number();
    report.agreed_block = Some(agreed);
    let bar = progress(boot.claimed_block_number.saturating_sub(agreed));
    while transition.tip().block.number < boot.claimed_block_number {
        let clock = Instant::now();
        let attributes = transition.derive();
        if let Some(origin) = transition.l1_origin() {
            report.derived.l1_block = Some(origin.number);
        }
        transition.drain_events().for_each(|event| report.derived.note(&event));
        report.phases.add(Phase::Derive, clock.elapsed());
        let Some(attributes) = attributes? else { break };

        let clock = Instant::now();
        let Some(block) = transition.execute(attributes)? else { continue };
        let output = transition.output()?;
        report.phases.add(Phase::Execute, clock.elapsed());
        bar.set_position(block.header.number.saturating_sub(agreed));
        // F-001: where a number comes again, the span that it was in before is void.
        report.blocks.retain(|line| line.number < block.header.number);
        report.blocks.push(BlockLine {
            number: block.header.number,
            hash: block.header.hash(),
            state_root: block.header.state_root,
            transactions: block.transactions.len(),
            gas_used: block.header.gas_used,
            output_root: output.hash(),
        });
    }
    bar.finish_using_style();
    let verdict = claim::judge(transition, boot)?;
    report.output_root = Some(verdict.output_root);
    report.verdict = if verdict.outcome.is_valid() { Verdict::Valid } else { Verdict::Invalid };
    report.reason = reason(&verdict, boot.claimed_block_number);
    Ok(())
}

/// A verdict in one sentence.
pub fn reason(verdict: &claim::Verdict, claimed: u64) -> String {
    let claim::Verdict { number, output_root, .. } = verdict;
    match verdict.outcome {
        Outcome::Right => format!("block {number} has the claimed output root"),
        Outcome::Wrong => format!("block {number} has output root {output_root}, not the claimed one"),
        Outcome::RightAtEnd => {
            format!(
                "L1 ends the safe chain at block {number}, before {claimed}, and its root is the claimed one"
            )
        }
        Outcome::WrongAtEnd => {
            format!(
                "L1 ends the safe chain at block {number}, before {claimed}, with output root {output_root}"
            )
        }
        Outcome::BelowAgreed => format!("the claimed block {claimed} lies below the agreed block {number}"),
    }
}

pub fn about(boot: &BootInfo) -> About {
    let name = chains::all().find(|chain| chain.config.l2_chain_id == boot.chain_id);
    About {
        chain_id: boot.chain_id,
        chain_name: name.map(|chain| chain.name),
        l1_head: boot.l1_head,
        agreed_output_root: boot.agreed_output_root,
        claimed_output_root: boot.claimed_output_root,
        claimed_block_number: boot.claimed_block_number,
    }
}

fn boot_file(path: &Path) -> Result<BootFile, Undecided> {
    let mut json = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BOOT_FILE_BYTES).read_to_end(&mut json))
        .map_err(|error| Undecided::Unreadable { path: path.into(), error })?;
    parse(&json, path)
}

fn parse(json: &[u8], path: &Path) -> Result<BootFile, Undecided> {
    BootFile::parse(json).map_err(|error| Undecided::BootFile { path: path.into(), error })
}

fn records(path: &Path) -> Result<Vec<u8>, Undecided> {
    let file = File::open(path).map_err(|error| Undecided::NoPreimages { path: path.into(), error })?;
    decompress(file, path)
}

fn decompress(file: impl Read, path: &Path) -> Result<Vec<u8>, Undecided> {
    preimages::decompress(file).map_err(|error| Undecided::Preimages { path: path.into(), error })
}

/// Blocks done, on stderr; nothing where stderr is not a terminal.
pub fn progress(blocks: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(blocks), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} blocks, {eta} left");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        .with_finish(ProgressFinish::AndClear)
}
