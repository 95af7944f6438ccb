//! The trie tests of ethereum/tests.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod common;

use alloy_primitives::{B256, hex, keccak256};
use serde_json::Value;
use unroll_mpt::Trie;

#[test]
fn ethereum_tests() {
    let Some(data) = common::data() else { return };
    let file = std::fs::read(data.join("mpt/trie-tests.json")).unwrap();
    let file: Value = serde_json::from_slice(&file).unwrap();
    let tests = file["tests"].as_array().unwrap();
    assert_eq!(tests.len(), 25);
    for test in tests {
        let name = test["name"].as_str().unwrap();
        let root: B256 = test["root"].as_str().unwrap().parse().unwrap();
        let mut operations: Vec<(Vec<u8>, Option<Vec<u8>>)> = test["operations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|operation| {
                let key = hex::decode(operation[0].as_str().unwrap()).unwrap();
                let key = if test["secure"] == true { keccak256(key).to_vec() } else { key };
                (key, operation[1].as_str().map(|value| hex::decode(value).unwrap()))
            })
            .collect();
        assert_eq!(run(&operations), root, "{name}");
        if name.contains("anyorder") || name.contains("hex_encoded") {
            operations.reverse();
            assert_eq!(run(&operations), root, "{name}, reversed");
        }
    }
}

fn run(operations: &[(Vec<u8>, Option<Vec<u8>>)]) -> B256 {
    let mut trie = Trie::new();
    let mut entries = common::Entries::new();
    for (key, value) in operations {
        match value {
            Some(value) => {
                trie.insert(key, value.clone(), &mut common::nothing).unwrap();
                entries.insert(key.clone(), value.clone());
            }
            None => {
                let was_there = trie.remove(key, &mut common::nothing).unwrap();
                assert_eq!(was_there, entries.remove(key).is_some());
            }
        }
        assert_eq!(trie.root(), common::build(&entries, &mut common::Store::new()));
    }
    for (key, value) in &entries {
        assert_eq!(trie.get(key, &mut common::nothing).unwrap().unwrap().to_vec(), *value);
    }
    trie.root()
}
