//! The data-availability server of a chain with alt-DA.

use crate::{DEVNET, serve, serve_chain};
use alloy_primitives::{B256, Bytes, hex, keccak256};
use std::{fs, path::PathBuf, sync::LazyLock};
use unroll_serve::{
    Server, ServerConfig,
    folder::{self, FolderError},
};
use unroll_testing::devnet::{Devnet, DevnetConfig};

const CONFIG: &str = "
seed = 12

[alt_da]
challenge_window = 3
resolve_window = 4

[batcher]
da = \"altda\"
l1_blocks_per_channel = 1
";

static BESIDE: LazyLock<Devnet> = LazyLock::new(|| {
    let mut devnet = Devnet::new(DevnetConfig::from_toml(CONFIG).expect("well-formed"), None);
    devnet.advance_to(20);
    devnet.sync();
    devnet
});

fn served(faults: &[&str]) -> (Server, String) {
    let server = serve_chain(&BESIDE, faults);
    let url = server.urls().da.clone().expect("the chain has alt-DA");
    (server, url)
}

/// Those of the whole chain, in its order.
fn inputs() -> Vec<Bytes> {
    BESIDE.l1.blocks().iter().flat_map(|block| block.inputs.clone()).collect()
}

/// As op-node asks: by the commitment as it stands on L1, without the payload's version byte.
async fn get(url: &str, hash: B256) -> reqwest::Result<(u16, Bytes)> {
    let response = reqwest::get(format!("{url}/get/0x00{}", hex::encode(hash))).await?;
    Ok((response.status().as_u16(), response.bytes().await?.into()))
}

#[tokio::test]
async fn commitments_are_answered() {
    let (server, url) = served(&[]);
    assert!(inputs().len() > 3 && BESIDE.safe() > 0, "the chain lies beside L1");
    for input in inputs() {
        assert_eq!(get(&url, keccak256(&input)).await.expect("answers"), (200, input));
    }
    assert_eq!(get(&url, B256::repeat_byte(7)).await.expect("answers").0, 404);
    let hash = hex::encode(keccak256(&inputs()[0]));
    for (path, expected) in [
        (format!("/get/0x01{hash}"), 400),
        (format!("/get/00{hash}"), 400),
        (format!("/get/0x00{}", &hash[2..]), 400),
        ("/get/0x".to_owned(), 400),
        (format!("/put/0x00{hash}"), 404),
    ] {
        let response = reqwest::get(format!("{url}{path}")).await.expect("answers");
        assert_eq!(response.status(), expected, "{path}");
    }
    assert_eq!(server.requests() as usize, inputs().len() + 6);
}

#[tokio::test]
async fn it_misbehaves_as_nodes_do() {
    let newest =
        BESIDE.l1.blocks().iter().rfind(|block| !block.inputs.is_empty()).expect("batches are posted");
    let (hash, input) = (keccak256(&newest.inputs[0]), &newest.inputs[0]);
    let behind = BESIDE.l1.head().header.number + 1 - newest.header.number;
    let stale = format!("da/get=stale:{behind}@5");
    let rules =
        ["da/get=missing@1", "da/get=swap@2", "da/get=flip@3", "get=rate-limit:2@4", &stale, "da/*=drop@6"];
    let (_server, url) = served(&rules);
    assert_eq!(get(&url, hash).await.expect("answers").0, 404);
    let (status, other) = get(&url, hash).await.expect("answers");
    assert!(status == 200 && inputs().contains(&other) && other != *input, "another input");
    let (_, flipped) = get(&url, hash).await.expect("answers");
    assert_eq!(flipped.iter().zip(input).filter(|(a, b)| a != b).count(), 1);
    assert_eq!(flipped.len(), input.len());
    assert_eq!(get(&url, hash).await.expect("answers").0, 429);
    assert_eq!(get(&url, hash).await.expect("answers").0, 404, "its L1 block is not known yet");
    assert!(get(&url, hash).await.is_err(), "the connection was closed");
    assert_eq!(get(&url, hash).await.expect("answers"), (200, input.clone()));
}

/// A service keeps what was posted in blocks that L1 gave up: it may be posted again.
#[tokio::test]
async fn inputs_outlive_a_reorg() {
    let (server, url) = served(&[]);
    server.chain().reorg(4);
    let kept = server.chain().with(|devnet| devnet.l1.blocks().len());
    assert_eq!(kept, BESIDE.l1.blocks().len());
    for input in inputs() {
        assert_eq!(get(&url, keccak256(&input)).await.expect("answers"), (200, input));
    }
}

#[tokio::test]
async fn other_chains_have_no_such_server() {
    assert!(serve(&[]).urls().da.is_none());
    let faults = vec!["da/get=drop".parse().expect("a rule")];
    let refused = Server::start(DEVNET.clone(), ServerConfig { faults, ..ServerConfig::default() });
    let error = refused.expect_err("no method of that name").to_string();
    assert!(error.contains("no node has a method called `get`"), "{error}");
}

#[test]
fn inputs_are_in_the_folder() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("devnet").join("beside");
    let _ = fs::remove_dir_all(&path);
    folder::write(&path, &BESIDE, None, 20).expect("the folder can be written");
    for input in inputs() {
        let file = path.join(format!("inputs/{}.bin", keccak256(&input)));
        assert_eq!(fs::read(file).expect("is there"), input);
    }
    folder::load(&path, |_| {}).expect("the folder is whole");
    let file = path.join(format!("inputs/{}.bin", keccak256(&inputs()[0])));
    fs::write(&file, "else").expect("can be written");
    let error = folder::load(&path, |_| {}).expect_err("a file was changed");
    assert!(matches!(&error, FolderError::Changed { path, line: None } if *path == file), "{error}");
}
