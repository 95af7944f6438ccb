//! The devnet as a folder.

use crate::{CONFIG, DEVNET};
use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};
use unroll_executor::genesis::Genesis;
use unroll_host::archive::{self, Claims, Compression, Contents};
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

/// Changes a file, and says what `load` makes of the folder; then the file is as it was.
fn changed(file: &Path, change: impl FnOnce(&mut Vec<u8>)) -> Result<(), FolderError> {
    let before = fs::read(file).expect("is there");
    let mut after = before.clone();
    change(&mut after);
    assert_ne!(before, after, "{}", file.display());
    fs::write(file, after).expect("can be written");
    let folder = file.ancestors().find(|folder| folder.join("devnet.toml").exists()).expect("in a folder");
    let loaded = folder::load(folder, |_| {}).map(|_| ());
    fs::write(file, before).expect("can be written");
    loaded
}

/// The chain is what devnet.toml makes. Who changes what comes of it is told so, instead of being served the old chain.
#[test]
fn a_changed_file_is_refused() {
    let path = written("changed");
    let json = |key: &'static str, value: Value| {
        move |bytes: &mut Vec<u8>| {
            let mut json: Value = serde_json::from_slice(bytes).expect("JSON");
            json[key] = value;
            *bytes = json.to_string().into_bytes();
        }
    };
    let swap_lines = |bytes: &mut Vec<u8>| {
        let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        lines.swap(4, 5);
        *bytes = lines.join(&b'\n');
    };
    let flip = |bytes: &mut Vec<u8>| *bytes.last_mut().expect("not empty") ^= 1;
    let more = |bytes: &mut Vec<u8>| bytes.extend(b"{}\n");
    let less = |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() / 2);
    let blob = DEVNET.l1.blocks().iter().flat_map(|block| &block.sidecars).last().expect("there are blobs");
    let blob = format!("blobs/{}.bin", blob.versioned_hash);
    type Change<'a> = Box<dyn FnOnce(&mut Vec<u8>) + 'a>;
    let (l1, l2) = (DEVNET.l1.blocks().len(), DEVNET.l2.len());
    let cases: [(&str, Change<'_>, Option<usize>); 11] = [
        ("genesis.json", Box::new(json("gasLimit", "0x1".into())), None),
        ("rollup.json", Box::new(json("seq_window_size", 7.into())), None),
        ("l1-config.json", Box::new(json("chainId", 1.into())), None),
        ("devnet.json", Box::new(json("blobs", 0.into())), None),
        ("devnet.json", Box::new(json("seed", 12.into())), None),
        ("l1-blocks.jsonl", Box::new(swap_lines), Some(5)),
        ("l2-blocks.jsonl", Box::new(swap_lines), Some(5)),
        ("l1-blocks.jsonl", Box::new(more), Some(l1 + 1)),
        ("l2-blocks.jsonl", Box::new(more), Some(l2 + 1)),
        (&blob, Box::new(flip), None),
        ("range.unroll", Box::new(less), None),
    ];
    for (name, change, line) in cases {
        let file = path.join(name);
        let error = changed(&file, change).expect_err(name);
        let FolderError::Changed { path: at, line: place } = &error else { panic!("{name}: {error}") };
        assert_eq!((at, *place), (&file, line), "{name}");
        assert!(error.to_string().contains(name) && error.to_string().contains("not what devnet.toml makes"));
    }
    let lost = path.join("rollup.json");
    fs::remove_file(&lost).expect("was there");
    let error = folder::load(&path, |_| {}).expect_err("a file is gone");
    assert!(matches!(&error, FolderError::Io { path, .. } if *path == lost), "{error}");
}

/// How a file is laid out is nobody's concern, nor what else lies in the folder.
#[test]
fn a_file_that_says_the_same_is_none_that_changed() {
    let path = written("laid-out");
    let compact = |bytes: &mut Vec<u8>| {
        let json: Value = serde_json::from_slice(bytes).expect("JSON");
        *bytes = json.to_string().into_bytes();
    };
    for name in ["genesis.json", "rollup.json", "l1-config.json", "devnet.json"] {
        changed(&path.join(name), compact).expect(name);
    }
    let comment = |bytes: &mut Vec<u8>| bytes.extend(b"\n# mine\n");
    changed(&path.join("devnet.toml"), comment).expect("a comment");
    fs::write(path.join("notes.txt"), "mine").expect("can be written");
    let range = path.join(folder::RANGE);
    let contents = Contents::of_archive(&archive::open(&range).expect("an archive")).expect("whole");
    archive::save(&range, &contents, Compression::None).expect("can be written");
    folder::load(&path, |_| {}).expect("the same archive");
    let mut other = contents;
    other.add_keccak([Bytes::from_static(b"more than the range reads")]);
    archive::save(&range, &other, Compression::None).expect("can be written");
    let error = folder::load(&path, |_| {}).expect_err("another archive");
    assert!(matches!(&error, FolderError::Changed { path, .. } if *path == range), "{error}");
}
