//! The example on real witnesses: unpacked into a folder, verified both ways.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path, process::Command};

/// Unpacks a witness (`NAME.json`, `NAME.preimages.zst`) into a folder, and runs the example on it.
fn run(folder: &Path, name: &str) {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&target).unwrap();
    fs::copy(folder.join(format!("{name}.json")), target.join("boot.json")).unwrap();
    let records =
        zstd::decode_all(fs::File::open(folder.join(format!("{name}.preimages.zst"))).unwrap()).unwrap();
    let mut rest = &records[..];
    while !rest.is_empty() {
        let (key, tail) = rest.split_at(32);
        let (length, tail) = tail.split_at(4);
        let (value, tail) = tail.split_at(u32::from_le_bytes(length.try_into().unwrap()) as usize);
        fs::write(target.join(alloy_primitives::hex::encode(key)), value).unwrap();
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
