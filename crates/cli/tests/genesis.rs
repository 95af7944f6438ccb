//! `unroll genesis`, run as people run it, on every genesis file there is.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod common;

use common::{Folder, data, explained, files, json, object, report, undecided};
use serde_json::{Value, json};
use std::{fs, io::Read};

const BASE: &str = "0xf712aa9241cc24369b143cf6dce85f0902a9731e70d66818a3a5845b296c73dd";
const ZERO: &str = "0x0000000000000000000000000000000000000000000000000000000000000000";

/// I-048: every file gives the genesis hash that the chain has, without being told which chain it is.
#[test]
fn real_chains_have_their_genesis_hashes() {
    let Some(folder) = data("genesis") else { return };
    let index: Value = serde_json::from_slice(&fs::read(folder.join("index.json")).unwrap()).unwrap();
    let mut left = files(&folder);
    left.remove("index.json");
    for chain in index.as_array().unwrap() {
        let name = chain["file"].as_str().unwrap();
        if !left.remove(name) {
            continue; // the index has more chains than there are files
        }
        let (code, object) = object("genesis", &folder.join(name), &[]);
        assert_eq!((code, &object["verdict"]), (0, &"equal".into()), "{name}: {object:#}");
        assert_eq!(object["hash"], chain["expected_l2_genesis_hash"], "{name}");
        assert_eq!(object["state_root"], chain["state_root"], "{name}");
        assert_eq!(object["header"]["state_root"], chain["state_root"], "{name}");
        assert_eq!(object["chain_id"], chain["chain_id"], "{name}");
        assert_eq!(
            object["accounts"],
            json(&folder.join(name))["alloc"].as_object().unwrap().len(),
            "{name}"
        );
        explained("genesis", &object);
    }
    assert!(left.is_empty(), "no test reads {left:?}");
}

/// What people see.
#[test]
fn the_report_shows_the_header() {
    let Some(folder) = data("genesis") else { return };
    let (code, text) = report("genesis", &folder.join("mainnet-base.json.zst"));
    assert_eq!(code, 0);
    for part in ["Base (chain id 8453)", "2,064 accounts", "state_root", BASE, "EQUAL: "] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

/// Exit code 1: another hash is expected, or an account is another.
#[test]
fn differences() {
    let Some(folder) = data("genesis") else { return };
    let base = folder.join("mainnet-base.json.zst");
    assert_eq!(object("genesis", &base, &["--expect", BASE]).0, 0);
    let (code, found) = object("genesis", &base, &["--expect", ZERO]);
    assert_eq!((code, &found["verdict"]), (1, &"differs".into()));
    assert_eq!((&found["hash"], &found["expected_hash"]), (&json!(BASE), &json!(ZERO)));

    let mut file = json(&base);
    let right = object("genesis", &base, &[]).1["state_root"].clone();
    let account = file["alloc"].as_object_mut().unwrap().values_mut().next().unwrap();
    account["balance"] = "0x1234567".into();
    let changed = Folder::new("genesis-changed");
    let (code, found) = object("genesis", &changed.write("genesis.json", file.to_string()), &[]);
    assert_eq!((code, &found["expected_hash"]), (1, &json!(BASE)));
    assert_ne!(found["state_root"], right);
}

/// The forks can be told: by a rollup config, by the id of a chain, by the file itself.
#[test]
fn where_the_forks_come_from() {
    let Some(folder) = data("genesis") else { return };
    let temporary = Folder::new("genesis-forks");
    let sepolia = folder.join("sepolia-op.json.zst");
    let fixture = json(&folder.join("../exec/op-sepolia-26207960.json.zst"));
    let config = temporary.write("rollup.json", fixture["rollup_config"].to_string());
    let (code, found) = object("genesis", &sepolia, &["--rollup-config", config.to_str().unwrap()]);
    assert_eq!((code, &found["forks_from"]), (0, &json!("--rollup-config")));
    let (code, found) = object("genesis", &sepolia, &["--chain-id", "11155420"]);
    assert_eq!((code, &found["forks_from"]), (0, &json!("--chain-id")));
    // Another chain's forks and hash.
    assert_eq!(object("genesis", &sepolia, &["--chain-id", "60808"]).0, 1);
    let bob = object("genesis", &folder.join("mainnet-bob.json.zst"), &[]).1;
    assert_eq!(bob["forks_from"], "the file's config");

    // A chain that nobody knows has no hash to compare with.
    let mut file = json(&folder.join("mainnet-bob.json.zst"));
    file["config"]["chainId"] = 987_654_321.into();
    let (code, found) = object("genesis", &temporary.write("genesis.json", file.to_string()), &[]);
    assert_eq!((code, &found["verdict"], &found["hash"]), (0, &json!("computed"), &bob["hash"]));
    assert_eq!(found["expected_hash"], Value::Null);
    file["config"]["canyonTime"] = "soon".into();
    let path = temporary.write("genesis.json", file.to_string());
    undecided("genesis", &path, &[], "canyonTime is not a number");
    file["config"] = Value::Null;
    file["timestamp"] = "0x1".into();
    let path = temporary.write("genesis.json", file.to_string());
    undecided("genesis", &path, &[], "it is unknown which forks are active");
    undecided("genesis", &path, &["--chain-id", "1"], "chain 1 is not built in");
}

/// Exit code 2: files that are missing or malformed.
#[test]
fn unusable_files() {
    let folder = Folder::new("genesis-files");
    undecided("genesis", &folder.0.join("nothing.json"), &[], "cannot be read");
    undecided("genesis", &folder.write("genesis.json", "{"), &[], "is not a genesis file");
    undecided("genesis", &folder.write("genesis.json", "{}"), &[], "gasLimit is missing or malformed");
    let account = r#"{"gasLimit": 1, "timestamp": 2, "alloc": {"0x12": {}}}"#;
    undecided("genesis", &folder.write("genesis.json", account), &[], "an account has no address");
    let zstd = folder.write("genesis.json", [0x28, 0xb5, 0x2f, 0xfd, 0x04]);
    undecided("genesis", &zstd, &[], "genesis.json cannot be read");
    // Half a gigabyte of spaces, in a few kilobytes.
    let bomb = zstd::stream::encode_all(std::io::repeat(b' ').take(512 << 20), 1).unwrap();
    undecided("genesis", &folder.write("genesis.json", bomb), &[], "bytes of JSON");
    let good = folder.write("genesis.json", r#"{"gasLimit": 1, "timestamp": 2, "alloc": {}}"#);
    let config = folder.write("rollup.json", "{}");
    undecided("genesis", &good, &["--rollup-config", config.to_str().unwrap()], "is not a rollup config");
    assert_eq!(common::unroll(&["genesis", "x.json", "--expect", "0x12"]).status.code(), Some(2));
}
