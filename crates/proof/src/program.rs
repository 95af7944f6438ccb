//! The whole program: from an oracle to a verdict. What runs in a fault-proof VM is this and an oracle of two pipes.

use crate::{
    backend::{BackendError, OracleBackend},
    boot::{self, BootInfo, ConfigChoiceError, choose_config},
    claim::{self, Verdict},
    oracle::PreimageOracle,
    preimage::LocalInput,
    transition::{Transition, TransitionError},
};
use core::fmt;
use unroll_protocol::{
    blob_schedule::BlobSchedule,
    config::RollupConfig,
    config_file::{ConfigFileError, parse_l1_chain_config, parse_rollup_json},
    units::L1Time,
};

/// The exit code of a valid claim.
pub const EXIT_VALID: i32 = 0;
/// The exit code of an invalid claim.
pub const EXIT_INVALID: i32 = 1;
/// The exit code where nothing can be said about the claim.
pub const EXIT_FAILURE: i32 = 2;

/// Why there is no verdict. It exits with 2, never with 1 (J-027).
#[derive(Debug, thiserror::Error)]
pub enum ProgramError<E> {
    /// An input of the run could not be had.
    #[error(transparent)]
    Input(#[from] BackendError<E>),
    /// A config that the host gives cannot be read.
    #[error("the local input {input:?}: {error}")]
    ConfigFile {
        /// Which input.
        input: LocalInput,
        /// What is wrong with it.
        error: ConfigFileError,
    },
    /// The L1 config is another chain's.
    #[error("the L1 config is of chain {actual}, and the rollup's L1 is chain {expected}")]
    OtherL1 {
        /// The chain that the rollup config names.
        expected: u64,
        /// The chain that the L1 config is of.
        actual: u64,
    },
    /// There is no config to run with.
    #[error(transparent)]
    Config(#[from] ConfigChoiceError),
    /// The run failed.
    #[error(transparent)]
    Transition(#[from] TransitionError<BackendError<E>>),
}

/// Runs the program, writes the reason of a failure to `log`, and returns the exit code.
pub fn exit_code<O: PreimageOracle>(oracle: O, log: &mut impl fmt::Write) -> i32 {
    match run(oracle) {
        Ok(verdict) if verdict.outcome.is_valid() => EXIT_VALID,
        Ok(_) => EXIT_INVALID,
        Err(error) => {
            // J-027, H-035: nothing starts again here, and nothing is judged.
            // Where not even this can be written, the exit code has to do.
            let _ = writeln!(log, "{error}");
            EXIT_FAILURE
        }
    }
}

/// Reads what the run is about, derives, executes, and judges the claim.
pub fn run<O: PreimageOracle>(mut oracle: O) -> Result<Verdict, ProgramError<O::Error>> {
    let boot = BootInfo::load(&mut oracle)?;
    let config = config(&mut oracle, boot.chain_id)?;
    let mut backend = OracleBackend::new(oracle, boot.l1_head);
    let agreed = backend.output(boot.agreed_output_root)?;
    let mut transition = Transition::new(&config, backend, agreed)?;
    Ok(claim::run(&mut transition, &boot)?)
}

/// The config of the chain: built in, or else the host's (J-012).
fn config<O: PreimageOracle>(oracle: &mut O, chain_id: u64) -> Result<RollupConfig, ProgramError<O::Error>> {
    let Some(json) = boot::given_config(oracle, chain_id)? else {
        return Ok(choose_config(chain_id, None)?);
    };
    let in_file = |input| move |error| ProgramError::ConfigFile { input, error };
    let mut given = parse_rollup_json(&json).map_err(in_file(LocalInput::RollupConfig))?;
    let config = &mut given.0;
    // Where no blobs will ever be read, nobody asks how L1 prices them (G-032), and older hosts have no answer.
    let blobs = config.forks.derivation(L1Time(u64::MAX)).blobs;
    if blobs && BlobSchedule::of_l1(config.l1_chain_id).is_none() {
        let json = boot::read(oracle, LocalInput::L1Config)?;
        // A host that has none says so with no bytes: L1 is then priced as Cancun.
        if !json.is_empty() {
            let (actual, schedule) = parse_l1_chain_config(&json).map_err(in_file(LocalInput::L1Config))?;
            if actual != config.l1_chain_id {
                return Err(ProgramError::OtherL1 { expected: config.l1_chain_id, actual });
            }
            config.l1_blob_schedule = schedule;
        }
    }
    Ok(choose_config(chain_id, Some(given))?)
}
