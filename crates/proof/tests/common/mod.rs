//! The shared test data.
#![allow(dead_code, reason = "each test binary uses its part")]

use alloy_primitives::Bytes;
use std::{fs, path::PathBuf};

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
