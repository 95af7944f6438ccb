//! Real chain data for the tests of this crate: ../shared/data, described in its MANIFEST.md.

#![allow(dead_code, reason = "every test binary compiles this file and uses its part of it")]

use alloy_primitives::{Address, B256, Bytes, Sealable, Sealed, U256};
use alloy_rlp::Decodable;
use serde_json::Value;
use std::{fs, path::PathBuf};

/// `../shared` beside the repository.
pub fn shared() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"))
}

/// Whether the data is there. In CI it must be; elsewhere its absence skips a test.
pub fn present() -> bool {
    let there = shared().join("data").is_dir();
    assert!(there || std::env::var("CI").as_deref() != Ok("true"), "no ../shared/data in CI");
    if !there {
        println!("skipped: no ../shared/data");
    }
    there
}

/// A file below `../shared`, decompressed where its name ends in `.zst`.
pub fn read(path: &str) -> Vec<u8> {
    let bytes = fs::read(shared().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    if path.ends_with(".zst") { zstd::decode_all(&bytes[..]).unwrap() } else { bytes }
}

/// A JSON file below `../shared`.
pub fn json(path: &str) -> Value {
    serde_json::from_slice(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The paths, below `../shared`, of the files in `folder` whose name ends so; never none.
pub fn files(folder: &str, ending: &str) -> Vec<String> {
    let entries = fs::read_dir(shared().join(folder)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut paths: Vec<_> =
        names.filter(|name| name.ends_with(ending)).map(|name| format!("{folder}/{name}")).collect();
    paths.sort();
    assert!(!paths.is_empty(), "no {ending} in {folder}");
    paths
}

/// A JSON string of hex.
pub fn bytes(value: &Value) -> Bytes {
    value.as_str().unwrap_or_else(|| panic!("no string: {value}")).parse().unwrap()
}

/// A JSON string of a hash.
pub fn hash(value: &Value) -> B256 {
    value.as_str().unwrap_or_else(|| panic!("no string: {value}")).parse().unwrap()
}

/// A JSON string of an address.
pub fn address(value: &Value) -> Address {
    value.as_str().unwrap_or_else(|| panic!("no string: {value}")).parse().unwrap()
}

/// A JSON number, or a string of hex.
pub fn number(value: &Value) -> u64 {
    match value {
        Value::String(text) => U256::from_str_radix(text.trim_start_matches("0x"), 16).unwrap().to(),
        value => value.as_u64().unwrap_or_else(|| panic!("no number: {value}")),
    }
}

/// A header from a JSON string of its RLP.
pub fn header(value: &Value) -> Sealed<alloy_consensus::Header> {
    let rlp = bytes(value);
    let header = alloy_consensus::Header::decode(&mut &rlp[..]).unwrap();
    assert_eq!(alloy_primitives::keccak256(&rlp), header.hash_slow(), "the header's fields are all known");
    header.seal_slow()
}
