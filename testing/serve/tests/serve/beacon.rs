//! The beacon node.

use crate::{DEVNET, get, serve};
use alloy_eips::eip4844::kzg_to_versioned_hash;
use alloy_rpc_types_beacon::sidecar::{BeaconBlobBundle, GetBlobsResponse};
use serde_json::Value;
use unroll_proof::kzg;
use unroll_testing::devnet::{L1Block, config::GENESIS_TIME};

/// A block with several blobs, and its slot.
fn with_blobs() -> (&'static L1Block, u64) {
    let block = DEVNET.l1.blocks().iter().max_by_key(|block| block.sidecars.len()).expect("there are blocks");
    assert!(!block.sidecars.is_empty(), "the devnet posts blobs");
    (block, (block.header.timestamp - GENESIS_TIME) / DEVNET.config.l1.block_time)
}

/// Clients find the slot of a block by these two answers.
#[tokio::test]
async fn time_is_told() {
    let server = serve(&[]);
    let url = &server.urls().beacon;
    let (status, genesis): (_, Value) = get(url, "/eth/v1/beacon/genesis").await.expect("answers");
    assert_eq!((status, genesis["data"]["genesis_time"].as_str()), (200, Some(&*GENESIS_TIME.to_string())));
    let (status, spec): (_, Value) = get(url, "/eth/v1/config/spec").await.expect("answers");
    assert_eq!((status, spec["data"]["SECONDS_PER_SLOT"].as_str()), (200, Some("12")));
}

#[tokio::test]
async fn sidecars_prove_their_blobs() {
    let server = serve(&[]);
    let url = &server.urls().beacon;
    let (block, slot) = with_blobs();
    let path = format!("/eth/v1/beacon/blob_sidecars/{slot}");
    let (status, bundle): (_, BeaconBlobBundle) = get(url, &path).await.expect("answers");
    assert_eq!((status, bundle.data.len()), (200, block.sidecars.len()));
    for (data, own) in bundle.data.iter().zip(&block.sidecars) {
        assert_eq!(kzg_to_versioned_hash(data.kzg_commitment.as_slice()), own.versioned_hash);
        kzg::verify(&[(data.kzg_commitment.0, data.blob.clone())]).expect("the commitment is the blob's");
        assert_eq!(data.kzg_proof.0, own.proof);
        assert_eq!(data.signed_block_header.message.slot, slot);
    }
    let last = block.sidecars.len() - 1;
    let (_, one): (_, BeaconBlobBundle) = get(url, &format!("{path}?indices={last}")).await.expect("answers");
    assert_eq!(one.data.iter().map(|data| data.index).collect::<Vec<_>>(), [last as u64]);
}

#[tokio::test]
async fn blobs_are_chosen_by_hash() {
    let server = serve(&[]);
    let url = &server.urls().beacon;
    let (block, slot) = with_blobs();
    let path = format!("/eth/v1/beacon/blobs/{slot}");
    let (_, all): (_, GetBlobsResponse) = get(url, &path).await.expect("answers");
    let own: Vec<_> = block.sidecars.iter().map(|sidecar| *sidecar.blob).collect();
    assert_eq!(all.data, own);
    let last = block.sidecars.last().expect("has blobs");
    let one = format!("{path}?versioned_hashes={}", last.versioned_hash);
    let (_, one): (_, GetBlobsResponse) = get(url, &one).await.expect("answers");
    assert_eq!(one.data, [*last.blob]);
    let hashes: Vec<String> =
        block.sidecars.iter().map(|sidecar| sidecar.versioned_hash.to_string()).collect();
    for query in [hashes.join(","), hashes.join("%2C"), hashes.join("&versioned_hashes=")] {
        let (_, all): (_, GetBlobsResponse) =
            get(url, &format!("{path}?versioned_hashes={query}")).await.expect("answers");
        assert_eq!(all.data, own);
    }
}

#[tokio::test]
async fn blocks_are_named_in_every_way() {
    let server = serve(&[]);
    let url = &server.urls().beacon;
    let status =
        async |id: &str| get::<Value>(url, &format!("/eth/v1/beacon/blobs/{id}")).await.expect("answers").0;
    let (block, slot) = with_blobs();
    let child = DEVNET.l1.block(block.header.number + 1).expect("blobs are not in the last block");
    let root = child.header.parent_beacon_block_root.expect("after Cancun").to_string();
    for id in ["head", "genesis", "finalized", "justified", &slot.to_string(), &root] {
        assert_eq!(status(id).await, 200, "{id}");
    }
    assert_eq!(status("1000000").await, 404);
    assert_eq!(status("what").await, 400);
    let (_, by_root): (_, GetBlobsResponse) =
        get(url, &format!("/eth/v1/beacon/blobs/{root}")).await.expect("answers");
    assert_eq!(by_root.data.len(), block.sidecars.len());
    let wrong = get::<Value>(url, &format!("/eth/v1/beacon/blobs/{slot}?versioned_hashes=0x12")).await;
    assert_eq!(wrong.expect("answers").0, 400);
}
