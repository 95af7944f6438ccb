//! The example on real witnesses: unpacked into a folder, verified both ways.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path, process::Command};

use alloy_primitives::hex;
use serde_json::Value;
use unroll_proof::preimage::{LocalInput, PreimageKey};

/// What a host answers for the boot inputs.
fn local(boot: &Value) -> [(LocalInput, Vec<u8>); 6] {
    let hash = |field: &str| hex::decode(boot[field].as_str().unwrap()).unwrap();
    let number = |field: &str| boot[field].as_u64().unwrap().to_be_bytes().to_vec();
    [
        (LocalInput::L1Head, hash("l1_head")),
        (LocalInput::AgreedOutputRoot, hash("agreed_l2_output_root")),
        (LocalInput::ClaimedOutputRoot, hash("claimed_l2_output_root")),
        (LocalInput::ClaimedBlockNumber, number("claimed_l2_block_number")),
        (LocalInput::ChainId, number("chain_id")),
        (LocalInput::RollupConfig, boot["rollup_config"].to_string().into_bytes()),
    ]
}

/// Unpacks a witness (`NAME.json`, `NAME.preimages.zst`) into a folder, and runs the example on it.
fn run(folder: &Path, name: &str) {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&target).unwrap();
    let boot = serde_json::from_slice(&fs::read(folder.join(format!("{name}.json"))).unwrap()).unwrap();
    for (input, value) in local(&boot) {
        fs::write(target.join(hex::encode(PreimageKey::local(input).as_bytes())), value).unwrap();
    }
    let records =
        zstd::decode_all(fs::File::open(folder.join(format!("{name}.preimages.zst"))).unwrap()).unwrap();
    let mut rest = &records[..];
    while !rest.is_empty() {
        let (key, tail) = rest.split_at(32);
        let (length, tail) = tail.split_at(4);
        let (value, tail) = tail.split_at(u32::from_le_bytes(length.try_into().unwrap()) as usize);
        fs::write(target.join(hex::encode(key)), value).unwrap();
        rest = tail;
    }
    let output = Command::new(env!("CARGO_BIN_EXE_custom-backend")).arg(&target).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(text.lines().filter(|line| line.starts_with("valid at block")).count(), 2, "{text}");
}

#[test]
fn our_own_devnet() {
    run(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/cli/sample"), "sample");
}

#[test]
fn op_devnets() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/witness");
    if !folder.exists() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI needs ../shared/data");
        eprintln!("skipped: no ../shared/data");
        return;
    }
    let names: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".json").map(str::to_owned))
        .filter(|name| name.starts_with("op-devnet901"))
        .collect();
    assert!(!names.is_empty());
    names.iter().for_each(|name| run(&folder, name));
}
