//! Counts what the fault-proof guest executes: runs the RISC-V program on a witness, instruction by instruction, and says
//! where they go. `cargo xtask steps` calls it.

mod baseline;
mod host;
mod machine;
mod memory;
mod phases;
mod precompile;
mod report;
mod symbols;
mod trace;
mod witness;

use clap::Parser;
use std::{path::PathBuf, process::ExitCode};

/// Counts the instructions of the fault-proof guest on a witness.
#[derive(Parser)]
#[command(name = "unroll-meter")]
struct Args {
    /// The RISC-V guest.
    guest: PathBuf,
    /// A boot file, with its preimages beside it.
    witness: PathBuf,
    /// Write the report to this file.
    #[arg(long, conflicts_with = "check")]
    write: Option<PathBuf>,
    /// Compare with the report in this file; what takes 2 % more than it fails.
    #[arg(long)]
    check: Option<PathBuf>,
    /// Fail where there are more instructions than this, whatever the report in the file says.
    #[arg(long)]
    most: Option<u64>,
    /// Print everything as JSON.
    #[arg(long)]
    json: bool,
    /// How many functions to list.
    #[arg(long, default_value_t = 40)]
    top: usize,
}

/// Why there is no report, or a bad one.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{}: {error}", path.display())]
    File { path: PathBuf, error: std::io::Error },
    #[error("{} is no program: {error}", path.display())]
    Guest { path: PathBuf, error: object::Error },
    #[error("{} lacks the functions that the phases begin with: {}", path.display(), markers.join(", "))]
    Markers { path: PathBuf, markers: Vec<&'static str> },
    #[error(transparent)]
    Witness(#[from] witness::WitnessError),
    #[error("the guest did not come to an end {0}")]
    Run(#[from] machine::RunError),
    #[error("the guest exited with {code} and not with 0: {output}")]
    Exit { code: i32, output: String },
    #[error(transparent)]
    Worse(#[from] baseline::BaselineError),
    #[error("{steps} instructions, and {most} is the most")]
    TooMany { steps: u64, most: u64 },
    #[error("{0}")]
    Json(#[from] serde_json::Error),
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Failure> {
    let file =
        |path: &PathBuf| std::fs::read(path).map_err(|error| Failure::File { path: path.clone(), error });
    let guest = file(&args.guest)?;
    let symbols =
        symbols::Symbols::read(&guest).map_err(|error| Failure::Guest { path: args.guest.clone(), error })?;
    let markers = phases::absent_markers(symbols.names());
    if !markers.is_empty() {
        return Err(Failure::Markers { path: args.guest.clone(), markers });
    }
    let witness = witness::load(&args.witness)?;
    let run = machine::run(&guest, &symbols, host::Host::new(witness))?;
    if run.exit_code != 0 {
        let output = String::from_utf8_lossy(&run.output).trim_end().to_owned();
        return Err(Failure::Exit { code: run.exit_code, output });
    }
    let name = args.witness.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let report = report::Report::new(name, &run, &symbols, args.top);
    match args.json {
        true => println!("{}", serde_json::to_string_pretty(&report)?),
        false => print!("{report}"),
    }
    if let Some(path) = &args.write {
        std::fs::write(path, report.to_string())
            .map_err(|error| Failure::File { path: path.clone(), error })?;
    }
    if let Some(most) = args.most.filter(|most| run.steps > *most) {
        return Err(Failure::TooMany { steps: run.steps, most });
    }
    if let Some(path) = &args.check {
        let text = String::from_utf8_lossy(&file(path)?).into_owned();
        baseline::compare(&text, &report)?;
    }
    Ok(())
}
