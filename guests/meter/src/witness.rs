//! Witness files: a boot file in JSON and its preimages, as `unroll verify` reads them.

use crate::host::{LocalInput, Preimages};
use alloy_primitives::B256;
use serde::Deserialize;
use std::{
    fs::File,
    path::{Path, PathBuf},
};

#[derive(Deserialize)]
struct BootFile {
    chain_id: u64,
    l1_head: B256,
    agreed_l2_output_root: B256,
    claimed_l2_output_root: B256,
    claimed_l2_block_number: u64,
    rollup_config: Option<serde_json::Value>,
    l1_chain_config: Option<serde_json::Value>,
    preimages: PreimageFile,
}

#[derive(Deserialize)]
struct PreimageFile {
    file: String,
}

/// Why a witness cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    #[error("{}: {error}", path.display())]
    File { path: PathBuf, error: std::io::Error },
    #[error("{} is no boot file: {error}", path.display())]
    Boot { path: PathBuf, error: serde_json::Error },
    #[error("{} does not hold preimages: a record is cut off, or its key is of no kind", path.display())]
    Records { path: PathBuf },
}

/// Reads the boot file at `path` and the preimages beside it.
pub fn load(path: &Path) -> Result<Preimages, WitnessError> {
    let json = std::fs::read(path).map_err(|error| WitnessError::File { path: path.into(), error })?;
    let boot: BootFile =
        serde_json::from_slice(&json).map_err(|error| WitnessError::Boot { path: path.into(), error })?;
    let path = path.with_file_name(&boot.preimages.file);
    let records = File::open(&path)
        .and_then(zstd::decode_all)
        .map_err(|error| WitnessError::File { path: path.clone(), error })?;

    let mut preimages = Preimages::default();
    preimages.insert_records(&records.into()).ok_or(WitnessError::Records { path })?;
    for (input, hash) in [
        (LocalInput::L1Head, boot.l1_head),
        (LocalInput::AgreedOutputRoot, boot.agreed_l2_output_root),
        (LocalInput::ClaimedOutputRoot, boot.claimed_l2_output_root),
    ] {
        preimages.insert_local(input, hash.to_vec());
    }
    for (input, number) in
        [(LocalInput::ClaimedBlockNumber, boot.claimed_l2_block_number), (LocalInput::ChainId, boot.chain_id)]
    {
        preimages.insert_local(input, number.to_be_bytes().to_vec());
    }
    for (input, config) in
        [(LocalInput::RollupConfig, boot.rollup_config), (LocalInput::L1Config, boot.l1_chain_config)]
    {
        if let Some(config) = config {
            preimages.insert_local(input, config.to_string().into_bytes());
        }
    }
    Ok(preimages)
}
