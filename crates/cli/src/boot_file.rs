//! Boot files: what a run is about, as JSON.
//!
//! ```text
//! { "chain_id": 10, "l1_head": "0x..", "agreed_l2_output_root": "0x..", "claimed_l2_output_root": "0x..",
//!   "claimed_l2_block_number": 1, "rollup_config": { .. } (optional), "preimages": { "file": "name.preimages.zst" } }
//! ```
//!
//! Other keys are notes for people.

use alloy_primitives::B256;
use serde::{Deserialize, Deserializer, de::Error};
use unroll_proof::boot::{BootInfo, ConfigChoiceError, choose_config};
use unroll_protocol::config::RollupConfig;
use unroll_protocol::config_file::{ConfigFileError, parse_rollup_json};

/// A boot file, understood.
pub struct BootFile {
    pub info: BootInfo,
    pub config: RollupConfig,
    /// The file that holds the preimages, beside the boot file.
    pub preimages: String,
}

/// Why a boot file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BootFileError {
    #[error("is not a boot file: {0}")]
    Json(#[from] serde_json::Error),
    #[error("has a malformed rollup config: {0}")]
    Config(#[from] ConfigFileError),
    #[error("cannot be run: {0}")]
    Choice(#[from] ConfigChoiceError),
}

#[derive(Deserialize)]
struct Raw {
    chain_id: u64,
    #[serde(deserialize_with = "hash")]
    l1_head: B256,
    #[serde(deserialize_with = "hash")]
    agreed_l2_output_root: B256,
    #[serde(deserialize_with = "hash")]
    claimed_l2_output_root: B256,
    claimed_l2_block_number: u64,
    rollup_config: Option<serde_json::Value>,
    preimages: Preimages,
}

#[derive(Deserialize)]
struct Preimages {
    file: String,
}

impl BootFile {
    pub fn parse(json: &[u8]) -> Result<Self, BootFileError> {
        let raw: Raw = serde_json::from_slice(json)?;
        let given = match raw.rollup_config {
            Some(value) => Some(parse_rollup_json(value.to_string().as_bytes())?),
            None => None,
        };
        let config = choose_config(raw.chain_id, given)?;
        let info = BootInfo {
            l1_head: raw.l1_head,
            agreed_output_root: raw.agreed_l2_output_root,
            claimed_output_root: raw.claimed_l2_output_root,
            claimed_block_number: raw.claimed_l2_block_number,
            chain_id: raw.chain_id,
        };
        Ok(Self { info, config, preimages: raw.preimages.file })
    }
}

fn hash<'de, D: Deserializer<'de>>(deserializer: D) -> Result<B256, D::Error> {
    let text = String::deserialize(deserializer)?;
    let digits = text.strip_prefix("0x").filter(|digits| digits.len() == 64);
    digits.and_then(|digits| digits.parse().ok()).ok_or_else(|| {
        D::Error::custom(format_args!("`{text}` is not a hash of 32 bytes in 0x-prefixed hex"))
    })
}
