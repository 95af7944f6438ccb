//! What a run is about, and the config of the chain that it is about (J-010 to J-013).

use crate::{
    backend::{BackendError, Malformation, Purpose},
    oracle::PreimageOracle,
    preimage::{LocalInput, PreimageKey},
};
use alloc::{string::String, vec::Vec};
use alloy_primitives::{B256, Bytes};
use unroll_protocol::config::{ConfigError, RollupConfig};

/// The inputs of a run. Everything else follows from them and from preimages (J-013).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BootInfo {
    /// The L1 block up to which data counts.
    pub l1_head: B256,
    /// The output root that both sides agree on.
    pub agreed_output_root: B256,
    /// The output root to judge.
    pub claimed_output_root: B256,
    /// The L2 block number that the claim is for.
    pub claimed_block_number: u64,
    /// The L2 chain's id.
    pub chain_id: u64,
}

/// Why there is no config to run with. It is the fault of whoever gave it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigChoiceError {
    /// Neither built in nor given.
    #[error("chain {0} is not built in, and no rollup config is given")]
    UnknownChain(u64),
    /// The chain is built in, and the config that is given says something else.
    #[error("chain {0} is built in, and the rollup config that is given differs from it")]
    Differs(u64),
    /// The config is another chain's.
    #[error("the rollup config is of chain {config}, not of chain {chain}")]
    OtherChain {
        /// The chain that the run is about.
        chain: u64,
        /// The chain that the config is of.
        config: u64,
    },
    /// The config has keys whose meaning is unknown.
    #[error("the rollup config has unknown keys: {}", .0.join(", "))]
    UnknownKeys(Vec<String>),
    /// The config contradicts itself.
    #[error("the rollup config is not sound: {0}")]
    Unsound(ConfigError),
}

impl BootInfo {
    /// Reads the inputs from the oracle, each of exactly its size (J-011).
    pub fn load<O: PreimageOracle>(oracle: &mut O) -> Result<Self, BackendError<O::Error>> {
        Ok(Self {
            l1_head: local(oracle, LocalInput::L1Head)?.into(),
            agreed_output_root: local(oracle, LocalInput::AgreedOutputRoot)?.into(),
            claimed_output_root: local(oracle, LocalInput::ClaimedOutputRoot)?.into(),
            claimed_block_number: u64::from_be_bytes(local(oracle, LocalInput::ClaimedBlockNumber)?),
            chain_id: u64::from_be_bytes(local(oracle, LocalInput::ChainId)?),
        })
    }
}

/// The config to run chain `chain_id` with: the built-in one, or for a chain that is not built in the one that is
/// `given`, with the keys in it that nobody knows (A-014, J-012).
///
/// A given config for a built-in chain must say the same: a proof about another chain under a known id would be unsound.
pub fn choose_config(
    chain_id: u64,
    given: Option<(RollupConfig, Vec<String>)>,
) -> Result<RollupConfig, ConfigChoiceError> {
    let built_in = unroll_protocol::chains::by_chain_id(chain_id);
    let Some((config, unknown_keys)) = given else {
        return built_in.cloned().ok_or(ConfigChoiceError::UnknownChain(chain_id));
    };
    if config.l2_chain_id != chain_id {
        return Err(ConfigChoiceError::OtherChain { chain: chain_id, config: config.l2_chain_id });
    }
    if !unknown_keys.is_empty() {
        return Err(ConfigChoiceError::UnknownKeys(unknown_keys));
    }
    if built_in.is_some_and(|built_in| *built_in != config) {
        return Err(ConfigChoiceError::Differs(chain_id));
    }
    config.check().map_err(ConfigChoiceError::Unsound)?;
    Ok(config)
}

/// A config that the host gives for a chain that is not built in, as kona's hosts do (J-012): local input 6, JSON.
/// `None` if the chain is built in; then nobody is asked.
pub fn given_config<O: PreimageOracle>(
    oracle: &mut O,
    chain_id: u64,
) -> Result<Option<Bytes>, BackendError<O::Error>> {
    if unroll_protocol::chains::by_chain_id(chain_id).is_some() {
        return Ok(None);
    }
    read(oracle, LocalInput::RollupConfig).map(Some)
}

fn local<const N: usize, O: PreimageOracle>(
    oracle: &mut O,
    input: LocalInput,
) -> Result<[u8; N], BackendError<O::Error>> {
    let value = read(oracle, input)?;
    let length = Malformation::Length { expected: N, actual: value.len() };
    value[..]
        .try_into()
        .map_err(|_| BackendError::malformed(PreimageKey::local(input), Purpose::Local(input), length))
}

pub(crate) fn read<O: PreimageOracle>(
    oracle: &mut O,
    input: LocalInput,
) -> Result<Bytes, BackendError<O::Error>> {
    let (key, purpose) = (PreimageKey::local(input), Purpose::Local(input));
    oracle.get(key).map_err(|source| BackendError::Oracle { key, purpose, source })
}
