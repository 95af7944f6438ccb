//! Boot files: what a run is about, as JSON.
//!
//! ```text
//! { "chain_id": 10, "l1_head": "0x..", "agreed_l2_output_root": "0x..", "claimed_l2_output_root": "0x..",
//!   "claimed_l2_block_number": 1, "rollup_config": { .. } (optional), "l1_config": { .. } (optional),
//!   "preimages": { "file": "name.preimages.zst" } }
//! ```
//!
//! Other keys are notes for people.

use alloy_primitives::{B256, Bytes};
use serde::{Deserialize, Deserializer, de::Error};
use unroll_host::archive::{self, ConfigError};
use unroll_proof::boot::BootInfo;
use unroll_protocol::config::RollupConfig;

/// A boot file, understood.
pub struct BootFile {
    pub info: BootInfo,
    pub config: RollupConfig,
    /// The rollup config as it is given, JSON; empty if it is not.
    pub given_config: Bytes,
    /// The L1 config in the same way.
    pub given_l1_config: Bytes,
    /// The file that holds the preimages, beside the boot file.
    pub preimages: Option<String>,
}

/// Why a boot file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BootFileError {
    #[error("is not a boot file: {0}")]
    Json(#[from] serde_json::Error),
    #[error("cannot be run: {0}")]
    Config(#[from] ConfigError),
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
    l1_config: Option<serde_json::Value>,
    preimages: Option<Preimages>,
}

#[derive(Deserialize)]
struct Preimages {
    file: String,
}

impl BootFile {
    pub fn parse(json: &[u8]) -> Result<Self, BootFileError> {
        let raw: Raw = serde_json::from_slice(json)?;
        let text = |value: Option<serde_json::Value>| {
            value.map(|value| value.to_string().into_bytes()).unwrap_or_default().into()
        };
        let (given_config, given_l1_config) = (text(raw.rollup_config), text(raw.l1_config));
        let config = archive::config(raw.chain_id, &given_config, &given_l1_config)?;
        let info = BootInfo {
            l1_head: raw.l1_head,
            agreed_output_root: raw.agreed_l2_output_root,
            claimed_output_root: raw.claimed_l2_output_root,
            claimed_block_number: raw.claimed_l2_block_number,
            chain_id: raw.chain_id,
        };
        let preimages = raw.preimages.map(|preimages| preimages.file);
        Ok(Self { info, config, given_config, given_l1_config, preimages })
    }
}

fn hash<'de, D: Deserializer<'de>>(deserializer: D) -> Result<B256, D::Error> {
    let text = String::deserialize(deserializer)?;
    let digits = text.strip_prefix("0x").filter(|digits| digits.len() == 64);
    digits.and_then(|digits| digits.parse().ok()).ok_or_else(|| {
        D::Error::custom(format_args!("`{text}` is not a hash of 32 bytes in 0x-prefixed hex"))
    })
}
