//! Genesis blocks of real chains.

mod common;

use alloy_primitives::Bytes;
use common::{bytes, hash, header, number};
use serde_json::Value;
use unroll_executor::genesis::{Genesis, GenesisError};
use unroll_protocol::forks::{Fork, ForkTimes};

/// I-048: header and hash of every chain whose genesis is there.
#[test]
fn real_chains_have_their_genesis_hashes() {
    let Some(folder) = common::data() else { return };
    let folder = folder.join("genesis");
    let index = std::fs::read(folder.join("index.json")).expect("an index");
    let index: Value = serde_json::from_slice(&index).expect("JSON");
    let mut files = 0;
    for chain in index.as_array().expect("a list") {
        let name = chain["file"].as_str().expect("a name");
        let Ok(file) = std::fs::read(folder.join(name)) else { continue };
        files += 1;
        let genesis = Genesis::parse(&zstd::decode_all(&file[..]).expect("zstd")).expect(name);
        let mut forks = ForkTimes::NONE.with(Fork::Regolith, 0);
        for fork in Fork::ALL.into_iter().skip(2) {
            if let Some(time) = number(&chain["hardforks"][format!("{}_time", fork.name())]) {
                forks = forks.with(fork, time);
            }
        }
        let ours = genesis.header(&forks);
        assert_eq!(genesis.state_root(), hash(&chain["state_root"]), "{name}");
        assert_eq!(ours, header(&chain["header_rlp"]), "{name}");
        assert_eq!(Bytes::from(alloy_rlp::encode(&ours)), bytes(&chain["header_rlp"]), "{name}");
        assert_eq!(ours.hash_slow(), hash(&chain["expected_l2_genesis_hash"]), "{name}");
    }
    let in_folder = std::fs::read_dir(&folder).expect("a folder").count() - 1;
    assert_eq!(files, in_folder, "a file is not in the index");
    assert!(files >= 11, "only {files}");
}

/// I-048: from Isthmus the genesis header commits to the message passer's storage.
#[test]
fn isthmus_at_genesis_commits_to_the_message_passer() {
    let json = br#"{"timestamp": "0x5", "gasLimit": 30000000, "alloc": {
        "4200000000000000000000000000000000000016": {"balance": "7", "storage":
            {"0x0000000000000000000000000000000000000000000000000000000000000000":
             "0x0000000000000000000000000000000000000000000000000000000000000001"}}}}"#;
    let genesis = Genesis::parse(json).expect("a genesis");
    let header = |forks: &[Fork]| {
        genesis.header(&forks.iter().fold(ForkTimes::NONE, |times, fork| times.with(*fork, 5)))
    };
    let isthmus = header(&Fork::ALL[1..9]);
    assert_eq!(
        isthmus.withdrawals_root.map(|root| root.to_string()).as_deref(),
        Some("0x821e2556a290c86405f8160a2d662042a431ba456b9db265c79bb837c04be5f0")
    );
    assert!(isthmus.requests_hash.is_some());
    let holocene = header(&Fork::ALL[1..8]);
    assert_eq!(holocene.withdrawals_root, Some(alloy_trie::EMPTY_ROOT_HASH));
    assert_eq!(holocene.requests_hash, None);
    assert_eq!(header(&[]).withdrawals_root, None);
}

/// A chain that is older than its rollup has nothing but a state root.
#[test]
fn a_state_root_stands_for_the_accounts() {
    let root = "0xeddb4c1786789419153a27c4c80ff44a2226b6eda04f7e22ce5bae892ea568eb";
    let json = format!(r#"{{"timestamp": "0x5", "gasLimit": "0x1", "stateHash": "{root}", "alloc": {{}}}}"#);
    let genesis = Genesis::parse(json.as_bytes()).expect("a genesis");
    assert_eq!(genesis.state_root().to_string(), root);
    assert_eq!(genesis.accounts(), None);
}

/// Each fault is named.
/// Storage is hexadecimal with `0x` or without, as geth reads it, with zeros in front or without.
#[test]
fn storage_is_hexadecimal() {
    let root = |index: &str, value: &str| {
        let account = format!(r#"{{"balance": "0x1", "storage": {{"{index}": "{value}"}}}}"#);
        let json =
            format!(r#"{{"timestamp": "0x5", "gasLimit": "0x1", "alloc": {{"{:040}": {account}}}}}"#, 1);
        Genesis::parse(json.as_bytes()).map(|genesis| genesis.state_root())
    };
    let expected = root("0x10", "0x11").unwrap();
    for (index, value) in
        [("10", "11"), ("0x0010", "0011"), (&format!("{:064}", 10), &format!("0x{:064}", 11))]
    {
        assert_eq!(root(index, value), Ok(expected), "{index} {value}");
    }
    for (index, value) in [("16", "17"), ("0xa", "0x11")] {
        assert_ne!(root(index, value), Ok(expected), "{index} {value}");
    }
    for text in ["", "0x", "zz", &"0".repeat(65)] {
        assert!(root(text, "0x1").is_err() && root("0x1", text).is_err(), "{text:?}");
    }
}

#[test]
fn malformed_files_are_refused() {
    let parse = |json: &str| Genesis::parse(json.as_bytes()).expect_err("malformed");
    assert_eq!(parse("{\n7"), GenesisError::Json { line: 2, column: 1 });
    assert_eq!(parse("[]"), GenesisError::Field("gasLimit"));
    assert_eq!(parse(r#"{"gasLimit": "1", "alloc": {}}"#), GenesisError::Field("timestamp"));
    assert_eq!(parse(r#"{"gasLimit": "1", "timestamp": "0x0"}"#), GenesisError::Field("alloc"));
    assert_eq!(parse(r#"{"gasLimit": "x", "timestamp": "0x0"}"#), GenesisError::Field("gasLimit"));
    assert_eq!(parse(r#"{"gasLimit": 1, "timestamp": 2, "alloc": {"0x12": {}}}"#), GenesisError::Address);
    for (account, field) in [
        (r#"{"balance": "z"}"#, "balance"),
        (r#"{"nonce": "0x10000000000000000"}"#, "nonce"),
        (r#"{"code": 5}"#, "code"),
        (r#"{"storage": {"0x1": "0xq"}}"#, "storage"),
        (r#"{"storage": []}"#, "storage"),
    ] {
        let address = alloy_primitives::Address::repeat_byte(0x11);
        let json = format!(r#"{{"gasLimit": 1, "timestamp": 2, "alloc": {{"{address}": {account}}}}}"#);
        assert_eq!(parse(&json), GenesisError::Account { address, field });
    }
}
