//! The shared test data.
#![allow(dead_code, reason = "each test binary uses its part")]

use alloy_primitives::Bytes;
use std::{collections::BTreeMap, fs, path::PathBuf};
use unroll_proof::{
    BootInfo, OracleBackend, PreimageKey, PreimageOracle, Transition,
    backend::BackendError,
    boot::choose_config,
    claim::{self, Verdict},
    preimage::LocalInput,
    transition::TransitionError,
};
use unroll_protocol::{config::RollupConfig, config_file::parse_rollup_json};

/// A file of the shared data, or `None` (after saying so) where there is none.
pub fn data(name: &str) -> Option<PathBuf> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    if root.exists() {
        return Some(root.join(name));
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "../shared/data is absent");
    println!("skipped: no ../shared/data");
    None
}

/// The decompressed content of a file of the shared data.
pub fn unzstd(name: &str) -> Option<Bytes> {
    let file = fs::File::open(data(name)?).unwrap();
    Some(zstd::stream::decode_all(file).unwrap().into())
}

/// A JSON file of the shared data, decompressed if its name ends so.
pub fn json(name: &str) -> Option<serde_json::Value> {
    let bytes = if name.ends_with(".zst") { unzstd(name)?.to_vec() } else { fs::read(data(name)?).unwrap() };
    Some(serde_json::from_slice(&bytes).unwrap())
}

/// One record of a witness file.
pub fn record(key: &[u8], value: &[u8]) -> Vec<u8> {
    let length = u32::try_from(value.len()).unwrap().to_le_bytes();
    [key, &length, value].concat()
}

/// The records of a witness file: where each starts, its key and its value.
pub fn records(file: &[u8]) -> Vec<(usize, [u8; 32], Vec<u8>)> {
    let mut records = Vec::new();
    let mut offset = 0;
    while offset < file.len() {
        let key = file[offset..offset + 32].try_into().unwrap();
        let length = u32::from_le_bytes(file[offset + 32..offset + 36].try_into().unwrap()) as usize;
        records.push((offset, key, file[offset + 36..offset + 36 + length].to_vec()));
        offset += 36 + length;
    }
    records
}

/// The witnesses of a devnet: Canyon, ten blocks each.
pub const DEVNETS: [&str; 5] = [
    "op-devnet901-canyon-2024-04-16-block20",
    "op-devnet901-canyon-2024-04-18-block280",
    "op-devnet901-canyon-2024-04-23-block20",
    "op-devnet901-canyon-2024-04-29-block20",
    "op-devnet901-canyon-2024-06-06-block20",
];

/// The witness of one block of OP Sepolia: Granite.
pub const SEPOLIA: &str = "op-sepolia-16491249";

/// A boot file with its preimages.
pub struct Case {
    pub boot: BootInfo,
    pub config: RollupConfig,
    pub records: Bytes,
    pub json: serde_json::Value,
}

/// A case of the shared data.
pub fn case(name: &str) -> Option<Case> {
    let json = json(&format!("witness/{name}.json"))?;
    let records = unzstd(&format!("witness/{name}.preimages.zst"))?;
    let hash = |name: &str| json[name].as_str().unwrap().parse().unwrap();
    let boot = BootInfo {
        l1_head: hash("l1_head"),
        agreed_output_root: hash("agreed_l2_output_root"),
        claimed_output_root: hash("claimed_l2_output_root"),
        claimed_block_number: json["claimed_l2_block_number"].as_u64().unwrap(),
        chain_id: json["chain_id"].as_u64().unwrap(),
    };
    let given =
        json.get("rollup_config").map(|config| parse_rollup_json(config.to_string().as_bytes()).unwrap());
    let config = choose_config(boot.chain_id, given).unwrap();
    Some(Case { boot, config, records, json })
}

/// What the host of a case answers to local keys.
pub fn local_inputs(case: &Case) -> BTreeMap<PreimageKey, Bytes> {
    let mut local: BTreeMap<PreimageKey, Bytes> = [
        (LocalInput::L1Head, case.boot.l1_head.into()),
        (LocalInput::AgreedOutputRoot, case.boot.agreed_output_root.into()),
        (LocalInput::ClaimedOutputRoot, case.boot.claimed_output_root.into()),
        (LocalInput::ClaimedBlockNumber, case.boot.claimed_block_number.to_be_bytes().into()),
        (LocalInput::ChainId, case.boot.chain_id.to_be_bytes().into()),
        (LocalInput::L1Config, Bytes::new()),
    ]
    .map(|(input, value)| (PreimageKey::local(input), value))
    .into();
    if let Some(config) = case.json.get("rollup_config") {
        local.insert(PreimageKey::local(LocalInput::RollupConfig), config.to_string().into_bytes().into());
    }
    local
}

/// Runs a claim over an oracle.
pub fn judge<O: PreimageOracle>(
    boot: &BootInfo,
    config: &RollupConfig,
    oracle: O,
) -> Result<Verdict, TransitionError<BackendError<O::Error>>> {
    let mut backend = OracleBackend::new(oracle, boot.l1_head);
    let agreed = backend.output(boot.agreed_output_root).map_err(TransitionError::Provider)?;
    let mut transition = Transition::new(config, backend, agreed)?;
    claim::run(&mut transition, boot)
}
