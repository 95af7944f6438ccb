//! The config that an archive is run with.

use alloy_primitives::Bytes;
use unroll_proof::boot::{ConfigChoiceError, choose_config};
use unroll_protocol::{
    blob_schedule::BlobSchedule,
    config::RollupConfig,
    config_file::{ConfigFileError, parse_l1_chain_config, parse_rollup_json},
};

/// Why there is no config to run with.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The rollup config cannot be read.
    #[error("malformed rollup config: {0}")]
    Rollup(ConfigFileError),
    /// The L1 config cannot be read.
    #[error("malformed L1 config: {0}")]
    L1(ConfigFileError),
    /// The L1 config is another chain's.
    #[error("the L1 config is of chain {actual}, and the rollup's L1 is chain {expected}")]
    OtherL1 {
        /// The chain that the rollup config names.
        expected: u64,
        /// The chain that the L1 config is of.
        actual: u64,
    },
    /// They cannot be used for this chain.
    #[error(transparent)]
    Choice(#[from] ConfigChoiceError),
}

/// The config of a chain: built in, or as the two files say (J-012). A file of no bytes is none.
pub fn config(chain_id: u64, rollup: &Bytes, l1: &Bytes) -> Result<RollupConfig, ConfigError> {
    if rollup.is_empty() {
        return Ok(choose_config(chain_id, None)?);
    }
    let mut given = parse_rollup_json(rollup).map_err(ConfigError::Rollup)?;
    let config = &mut given.0;
    // L1 chains that are known are priced as they are, whatever a file says.
    if !l1.is_empty() && BlobSchedule::of_l1(config.l1_chain_id).is_none() {
        let (actual, schedule) = parse_l1_chain_config(l1).map_err(ConfigError::L1)?;
        if actual != config.l1_chain_id {
            return Err(ConfigError::OtherL1 { expected: config.l1_chain_id, actual });
        }
        config.l1_blob_schedule = schedule;
    }
    Ok(choose_config(chain_id, Some(given))?)
}
