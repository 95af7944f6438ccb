//! `unroll exec`: executes a block and compares its header with the expected one.

mod report;

use crate::{
    args,
    compare::{self, accounts, fed_by, receipt_differences, receipt_lines},
    fixture::{Fixture, FixtureError},
    input::{self, InputError},
    report::Grouped,
    state::{RecordsError, State, StateError},
};
use report::{About, Report, Verdict};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};
use unroll_executor::{BlockExecutor, ExecutedPayload, ExecutionError};
use unroll_protocol::{chains, units::L2Time};

/// Why nothing can be said about the block.
#[derive(Debug, thiserror::Error)]
enum Undecided {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("{} {error}", path.display())]
    Fixture { path: PathBuf, error: FixtureError },
    #[error("the preimages {} {error}", path.display())]
    Records { path: PathBuf, error: RecordsError },
    /// Said in its own words: they name what is missing.
    #[error(transparent)]
    State(StateError),
    #[error(transparent)]
    Execution(ExecutionError<StateError>),
}

impl From<ExecutionError<StateError>> for Undecided {
    fn from(error: ExecutionError<StateError>) -> Self {
        match error {
            ExecutionError::Provider(error) => Self::State(error),
            error => Self::Execution(error),
        }
    }
}

/// Runs the command.
pub fn run(args: &args::Exec) -> ExitCode {
    let mut report = Report::default();
    if let Err(why) = exec(&args.path, &mut report) {
        report.verdict = Verdict::Undecided;
        report.reason = why.to_string();
    }
    match report.print(args.json) {
        Ok(()) => ExitCode::from(report.verdict.exit_code()),
        // Whoever does not read what we say does not learn a verdict.
        Err(_) => ExitCode::from(Verdict::Undecided.exit_code()),
    }
}

/// Fills in the report as far as it gets.
fn exec(path: &Path, report: &mut Report) -> Result<(), Undecided> {
    let clock = Instant::now();
    let json = input::json(path)?;
    let fixture = Fixture::parse(&json).map_err(|error| Undecided::Fixture { path: path.into(), error })?;
    report.about = Some(about(&fixture));
    report.absent.clone_from(&fixture.absent);
    let sidecar = sidecar(path);
    let records = input::records(&sidecar)?;
    report.phases.push(("read", clock.elapsed()));

    let clock = Instant::now();
    let mut state =
        State::from_records(&records.into()).map_err(|error| Undecided::Records { path: sidecar, error })?;
    report.phases.push(("check", clock.elapsed()));

    let clock = Instant::now();
    let mut executor = BlockExecutor::new(&fixture.config, fixture.parent.clone());
    let result = executor.execute(&mut state, &fixture.attributes);
    report.phases.push(("execute", clock.elapsed()));
    (report.preimages_read, report.preimage_bytes) = state.read_stats();
    let block = match result {
        Ok(block) => block,
        Err(ExecutionError::InvalidPayload(why)) => {
            report.verdict = Verdict::Differs;
            report.reason = format!("there is no such block, since its payload is invalid: {why}");
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    compare(&fixture, &mut executor, &block, &mut state, report)
}

fn compare(
    fixture: &Fixture,
    executor: &mut BlockExecutor<'_>,
    block: &ExecutedPayload,
    state: &mut State,
    report: &mut Report,
) -> Result<(), Undecided> {
    let output = match fixture.expected.output_root {
        Some(_) => Some(executor.output_root(state)?),
        None => None,
    };
    report.rows = compare::rows(&block.header, output.as_ref(), &fixture.expected);
    report.receipts = receipt_lines(&block.receipts);
    if let Some(expected) = &fixture.expected.receipts {
        report.receipt_differences = receipt_differences(&block.receipts, expected);
    }
    if report.differs_in(&["state_root", "withdrawals_root"]) {
        let expected = report.expected_hash_of("state_root");
        report.accounts = accounts(fixture, executor, block, expected, state);
    }
    let differing = report.differing();
    let Some(&first) = differing.first() else {
        report.verdict = Verdict::Equal;
        report.reason = format!("block {} is the expected one", Grouped(block.header.number));
        return Ok(());
    };
    report.verdict = Verdict::Differs;
    report.fed_by = Some(fed_by(first, fixture));
    report.reason = reason(first, &differing);
    Ok(())
}

/// That the hash differs goes without saying if a field does.
fn reason(first: &str, differing: &[&str]) -> String {
    match differing.iter().filter(|field| ![first, "hash"].contains(field)).count() {
        _ if first == "hash" => "hash is not the expected one, though every field that is given is".into(),
        0 => format!("{first} is not the expected one; every other field is"),
        others => format!("{first} is not the expected one, and neither are {others} after it"),
    }
}

fn about(fixture: &Fixture) -> About {
    let id = fixture.config.l2_chain_id;
    let time = L2Time(fixture.attributes.payload_attributes.timestamp);
    About {
        name: fixture.name.clone(),
        chain_id: id,
        chain_name: chains::all().find(|chain| chain.config.l2_chain_id == id).map(|chain| chain.name),
        block_number: fixture.parent.number.saturating_add(1),
        fork: fixture.config.forks.execution(time).fork.name(),
    }
}

/// `NAME.preimages.zst` beside `NAME.json` or `NAME.json.zst`.
fn sidecar(path: &Path) -> PathBuf {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let name = file.strip_suffix(".zst").unwrap_or(&file);
    let name = name.strip_suffix(".json").unwrap_or(name);
    path.with_file_name(format!("{name}.preimages.zst"))
}
