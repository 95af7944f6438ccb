//! The witnesses of the shared data.
#![allow(dead_code, reason = "each test binary uses its part")]

use alloy_primitives::{B256, Bytes};
use std::{fs, path::PathBuf};
use unroll_host::archive::{self, Contents};
use unroll_proof::{BootInfo, Witness};
use unroll_protocol::config::RollupConfig;

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

/// A witness with its boot file.
pub struct Case {
    pub contents: Contents,
    pub records: Bytes,
}

impl Case {
    pub fn config(&self) -> RollupConfig {
        config(&self.contents)
    }
}

pub fn config(contents: &Contents) -> RollupConfig {
    archive::config(contents.claims.chain_id, &contents.rollup_config, &contents.l1_config).unwrap()
}

/// A case of the shared data, or `None` (after saying so) where there is none.
pub fn case(name: &str) -> Option<Case> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/witness"));
    if !root.exists() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "../shared/data is absent");
        println!("skipped: no ../shared/data");
        return None;
    }
    let json: serde_json::Value =
        serde_json::from_slice(&fs::read(root.join(format!("{name}.json"))).unwrap()).unwrap();
    let file = fs::File::open(root.join(format!("{name}.preimages.zst"))).unwrap();
    let records: Bytes = zstd::stream::decode_all(file).unwrap().into();
    let hash = |name: &str| json[name].as_str().unwrap().parse::<B256>().unwrap();
    let boot = BootInfo {
        l1_head: hash("l1_head"),
        agreed_output_root: hash("agreed_l2_output_root"),
        claimed_output_root: hash("claimed_l2_output_root"),
        claimed_block_number: json["claimed_l2_block_number"].as_u64().unwrap(),
        chain_id: json["chain_id"].as_u64().unwrap(),
    };
    let mut witness = Witness::from_records(&records).unwrap();
    let rollup = json.get("rollup_config").map(|config| config.to_string().into_bytes());
    let rollup = rollup.unwrap_or_default().into();
    let contents = Contents::of_witness(&boot, rollup, Bytes::new(), &mut witness).unwrap();
    if let Some(agreed) = json.get("agreed_l2_block_number") {
        assert_eq!(contents.claims.claims[0].agreed_block_number, agreed.as_u64().unwrap());
    }
    Some(Case { contents, records })
}
