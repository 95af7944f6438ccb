//! The devnet as a folder.

use crate::{CONFIG, DEVNET};
use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes};
use serde_json::Value;
use std::{fs, path::PathBuf};
use unroll_executor::genesis::Genesis;
use unroll_host::archive::{self, Claims, Contents};
use unroll_proof::kzg;
use unroll_protocol::config_file::{parse_l1_chain_config, parse_rollup_json};
use unroll_serve::folder::{self, FolderError};
use unroll_testing::devnet::{DevnetConfig, witness};

const BLOCKS: u64 = 40;

/// A folder of its own for each test, under the build directory.
fn written(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("devnet").join(name);
    let _ = fs::remove_dir_all(&path);
    let summary = folder::write(&path, &DEVNET, None, BLOCKS).expect("the folder can be written");
    assert_eq!(summary.l2.head_hash, DEVNET.head().header.hash());
    path
}

fn lines(path: PathBuf) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("is there");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn bytes(value: &Value) -> Bytes {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{value} is no hex"))
}

#[test]
fn the_files_are_the_chain() {
    let path = written("files");
    let text = fs::read_to_string(path.join("devnet.toml")).expect("is there");
    assert_eq!(DevnetConfig::from_toml(&text), DevnetConfig::from_toml(CONFIG));
    let genesis =
        Genesis::parse(&fs::read(path.join("genesis.json")).expect("is there")).expect("a genesis file");
    let (mut config, _) =
        parse_rollup_json(&fs::read(path.join("rollup.json")).expect("is there")).expect("a rollup config");
    let l1 = fs::read(path.join("l1-config.json")).expect("is there");
    config.l1_blob_schedule = parse_l1_chain_config(&l1).expect("a chain config").1;
    assert_eq!(config, *DEVNET.rollup());
    assert_eq!(genesis.header(&config.forks).hash_slow(), config.genesis.l2.hash);
    for file in ["l1-blocks.jsonl", "l2-blocks.jsonl"] {
        let mut parent = B256::ZERO;
        for block in lines(path.join(file)) {
            let header: Header = alloy_rlp::decode_exact(bytes(&block["header_rlp"])).expect("a header");
            assert_eq!(header.parent_hash, parent);
            parent = header.hash_slow();
            assert_eq!(block["hash"], parent.to_string());
            for sidecar in block["blobs"].as_array().into_iter().flatten() {
                let name = sidecar["versioned_hash"].as_str().expect("a hash");
                let blob = fs::read(path.join(format!("blobs/{name}.bin"))).expect("is there");
                let blob = Box::new((&blob[..]).try_into().expect("131,072 bytes"));
                let commitment = bytes(&sidecar["commitment"])[..].try_into().expect("48 bytes");
                kzg::verify(&[(commitment, blob)]).expect("the commitment is the blob's");
            }
        }
    }
    let safe = lines(path.join("l2-blocks.jsonl")).iter().filter(|block| !block["safe_at"].is_null()).count();
    assert_eq!(safe as u64, DEVNET.safe() + 1);
}

/// What `unroll verify DIR/range.unroll` does.
#[test]
fn the_range_verifies() {
    let path = written("range");
    let archive = archive::open(&path.join(folder::RANGE)).expect("an archive");
    let contents = Contents::of_archive(&archive).expect("whole");
    let Claims { chain_id, claims } = &contents.claims;
    let config =
        archive::config(*chain_id, &contents.rollup_config, &contents.l1_config).expect("the configs");
    assert_eq!(config, *DEVNET.rollup());
    let witness = contents.witness().expect("every preimage is sound");
    let run = witness::run(&config, &claims[0].boot(*chain_id), witness).expect("the witness is complete");
    assert!(run.verdict.outcome.is_valid());
    assert_eq!(run.verdict.number, DEVNET.safe());
}

#[test]
fn a_folder_is_made_anew() {
    let path = written("load");
    let mut heads = Vec::new();
    let (devnet, summary) = folder::load(&path, |head| heads.push(head)).expect("the folder is whole");
    assert_eq!(devnet.head().header.hash(), DEVNET.head().header.hash());
    assert_eq!(devnet.safe(), summary.safe_l2_number);
    assert!(heads.is_sorted() && heads.last() == Some(&devnet.head().header.number));
}

#[test]
fn a_folder_that_is_not_whole_is_refused() {
    let path = written("refused");
    let again = folder::write(&path, &DEVNET, None, BLOCKS);
    assert!(matches!(again, Err(FolderError::NotEmpty(_))), "{again:?}");

    let toml = path.join("devnet.toml");
    let text = fs::read_to_string(&toml).expect("is there");
    fs::write(&toml, text.replace("seed = 11", "seed = 12")).expect("can be written");
    let other = folder::load(&path, |_| {}).expect_err("another seed makes another chain");
    assert!(matches!(other, FolderError::Differs { .. }), "{other}");
    fs::write(&toml, "sead = 11").expect("can be written");
    let malformed = folder::read(&path).expect_err("no such key");
    assert!(malformed.to_string().contains("sead"), "{malformed}");
    fs::write(&toml, "[l1]\nblock_time = 0").expect("can be written");
    let config = folder::load(&path, |_| {}).expect_err("no chain");
    assert!(config.to_string().contains("l1.block_time must be 1 to 3600"), "{config}");
    fs::remove_file(path.join("devnet.json")).expect("was there");
    let error = folder::load(&path, |_| {}).expect_err("not whole");
    assert!(matches!(&error, FolderError::Io { path, .. } if path.ends_with("devnet.json")), "{error}");
}
