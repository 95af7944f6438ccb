//! Witnesses of the shared data, in stores.
#![allow(dead_code, reason = "each test binary uses its part")]

use alloy_primitives::{B256, Bytes};
use std::{
    fs,
    path::{Path, PathBuf},
};
use unroll_host::{
    LocalInputs,
    store::{Directory, Format, Layout, Memory, RedbWriter, Store, open},
};
use unroll_proof::BootInfo;

pub const DEVNETS: [&str; 5] = [
    "op-devnet901-canyon-2024-04-16-block20",
    "op-devnet901-canyon-2024-04-18-block280",
    "op-devnet901-canyon-2024-04-23-block20",
    "op-devnet901-canyon-2024-04-29-block20",
    "op-devnet901-canyon-2024-06-06-block20",
];
pub const SEPOLIA: &str = "op-sepolia-16491249";

/// A witness: what the run is about, and its preimages.
pub struct Case {
    pub local: LocalInputs,
    pub preimages: Vec<(B256, Bytes)>,
}

/// A witness of the shared data, or `None` (after saying so) where there is none.
pub fn case(name: &str) -> Option<Case> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/witness"));
    if !root.exists() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "../shared/data is absent");
        println!("skipped: no ../shared/data");
        return None;
    }
    let json = fs::read(root.join(format!("{name}.json"))).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let file = fs::File::open(root.join(format!("{name}.preimages.zst"))).unwrap();
    let hash = |name: &str| json[name].as_str().unwrap().parse().unwrap();
    let boot = BootInfo {
        l1_head: hash("l1_head"),
        agreed_output_root: hash("agreed_l2_output_root"),
        claimed_output_root: hash("claimed_l2_output_root"),
        claimed_block_number: json["claimed_l2_block_number"].as_u64().unwrap(),
        chain_id: json["chain_id"].as_u64().unwrap(),
    };
    let rollup_config = json.get("rollup_config").map(|config| config.to_string().into_bytes().into());
    let local = LocalInputs { boot, rollup_config, l1_config: None };
    Some(Case { local, preimages: records(&zstd::stream::decode_all(file).unwrap().into()) })
}

fn records(file: &Bytes) -> Vec<(B256, Bytes)> {
    let mut records = Vec::new();
    let mut offset = 0;
    while offset < file.len() {
        let length = u32::from_le_bytes(file[offset + 32..offset + 36].try_into().unwrap()) as usize;
        let value = file.slice(offset + 36..offset + 36 + length);
        records.push((B256::from_slice(&file[offset..offset + 32]), value));
        offset += 36 + length;
    }
    records
}

impl Case {
    pub fn memory(&self) -> Memory {
        self.preimages.iter().cloned().collect()
    }

    /// The preimages in a data directory.
    pub fn fill(&self, path: &Path, format: Format) -> Box<dyn Store> {
        match format {
            Format::Directory | Format::File => {
                let layout = if format == Format::File { Layout::Flat } else { Layout::Folders };
                let directory = Directory::create(path, layout).unwrap();
                for (key, value) in &self.preimages {
                    directory.insert(key, value).unwrap();
                }
            }
            Format::Redb => {
                let mut writer = RedbWriter::create(path).unwrap();
                for (key, value) in &self.preimages {
                    writer.insert(*key, value.clone()).unwrap();
                }
                writer.finish().unwrap();
            }
        }
        open(path, Format::Directory).unwrap()
    }
}

/// A folder of its own for a test, gone afterwards.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("unroll-host-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
