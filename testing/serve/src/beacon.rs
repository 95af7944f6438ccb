//! The beacon API, as far as clients of rollups use it: where slots are in time, and the blobs of a block.
//!
//! There is no beacon chain. Of a sidecar's `signed_block_header`, slot and parent root are those of the L1 block; its other
//! fields and the inclusion proof are zeros, which clients that check blobs against their versioned hashes do not read.

use crate::chain::{Chain, Staleness, View};
use alloy_primitives::{B256, FixedBytes};
use alloy_rpc_types_beacon::{
    header::{BeaconBlockHeader, Header as SignedHeader},
    sidecar::{BeaconBlobBundle, BlobData},
};
use axum::{
    Extension, Json, Router,
    extract::{Path, RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;
use std::sync::Arc;
use unroll_testing::devnet::{L1Block, blobs::Sidecar, config::GENESIS_TIME};

/// Depth of a commitment in the tree of a beacon block's body (Deneb: `KZG_COMMITMENT_INCLUSION_PROOF_DEPTH`).
const INCLUSION_PROOF_DEPTH: usize = 17;
/// Bytes of a BLS signature.
const SIGNATURE_BYTES: usize = 96;
/// Slots after which a block is final, of `config/spec`.
const SLOTS_PER_EPOCH: u64 = 32;

/// The paths that are served, with the names that faults call them by.
pub(crate) const METHODS: [(&str, &str); 5] = [
    ("/eth/v1/beacon/genesis", "genesis"),
    ("/eth/v1/config/spec", "spec"),
    ("/eth/v1/beacon/blobs/", "blobs"),
    ("/eth/v1/beacon/blob_sidecars/", "blob_sidecars"),
    ("/eth/v1/node/version", "version"),
];

pub(crate) fn router(chain: Arc<Chain>) -> Router {
    Router::new()
        .route("/eth/v1/beacon/genesis", get(genesis))
        .route("/eth/v1/config/spec", get(spec))
        .route("/eth/v1/beacon/blobs/{block_id}", get(blobs))
        .route("/eth/v1/beacon/blob_sidecars/{block_id}", get(blob_sidecars))
        .route("/eth/v1/node/version", get(version))
        .with_state(chain)
}

/// An error in the API's shape.
pub(crate) struct ApiError(StatusCode, String);

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Self(status, message) = self;
        (status, Json(json!({ "code": status.as_u16(), "message": message }))).into_response()
    }
}

async fn version() -> impl IntoResponse {
    Json(json!({ "data": { "version": concat!("unroll-devnet/v", env!("CARGO_PKG_VERSION")) } }))
}

async fn genesis() -> impl IntoResponse {
    Json(json!({ "data": {
        "genesis_time": GENESIS_TIME.to_string(),
        "genesis_validators_root": B256::ZERO,
        "genesis_fork_version": "0x00000000",
    } }))
}

async fn spec(State(chain): State<Arc<Chain>>) -> impl IntoResponse {
    let (chain_id, block_time) =
        chain.with(|devnet| (devnet.config.l1.chain_id, devnet.config.l1.block_time));
    Json(json!({ "data": {
        "SECONDS_PER_SLOT": block_time.to_string(),
        "SLOT_DURATION_MS": (block_time * 1000).to_string(),
        "SLOTS_PER_EPOCH": SLOTS_PER_EPOCH.to_string(),
        "DEPOSIT_CHAIN_ID": chain_id.to_string(),
        "DEPOSIT_NETWORK_ID": chain_id.to_string(),
        "MIN_GENESIS_TIME": GENESIS_TIME.to_string(),
    } }))
}

/// Whole blobs: all of the block, or those that the query asks for by versioned hash, in the block's order.
async fn blobs(
    State(chain): State<Arc<Chain>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    staleness: Option<Extension<Staleness>>,
) -> Result<Response, ApiError> {
    let wanted = wanted::<B256>(query.as_deref(), "versioned_hashes")?;
    let snapshot = chain.snapshot(staleness.map(|Extension(s)| s).unwrap_or_default());
    let view = snapshot.view();
    let block = block(&view, &id)?;
    let chosen = block.sidecars.iter();
    let chosen =
        chosen.filter(|sidecar| wanted.as_ref().is_none_or(|all| all.contains(&sidecar.versioned_hash)));
    let data: Vec<_> = chosen.map(|sidecar| &sidecar.blob).collect();
    let finalized = block.header.number <= view.l1_finalized();
    Ok(Json(json!({ "execution_optimistic": false, "finalized": finalized, "data": data })).into_response())
}

/// Blobs with their commitments and proofs: all of the block, or those that the query asks for by place.
async fn blob_sidecars(
    State(chain): State<Arc<Chain>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    staleness: Option<Extension<Staleness>>,
) -> Result<Json<BeaconBlobBundle>, ApiError> {
    let wanted = wanted::<u64>(query.as_deref(), "indices")?;
    let snapshot = chain.snapshot(staleness.map(|Extension(s)| s).unwrap_or_default());
    let view = snapshot.view();
    let block = block(&view, &id)?;
    let chosen = (0..).zip(&block.sidecars);
    let chosen = chosen.filter(|(index, _)| wanted.as_ref().is_none_or(|all| all.contains(index)));
    let data = chosen.map(|(index, sidecar)| blob_data(&view, block, index, sidecar));
    Ok(Json(BeaconBlobBundle::new(data.collect())))
}

fn blob_data(view: &View<'_>, block: &L1Block, index: u64, sidecar: &Sidecar) -> BlobData {
    BlobData {
        index,
        blob: sidecar.blob.clone(),
        kzg_commitment: FixedBytes(sidecar.commitment),
        kzg_proof: FixedBytes(sidecar.proof),
        signed_block_header: SignedHeader {
            message: BeaconBlockHeader {
                slot: slot(view, block),
                parent_root: block.header.parent_beacon_block_root.unwrap_or_default(),
                ..Default::default()
            },
            signature: vec![0; SIGNATURE_BYTES].into(),
        },
        kzg_commitment_inclusion_proof: vec![B256::ZERO; INCLUSION_PROOF_DEPTH],
    }
}

pub(crate) fn slot(view: &View<'_>, block: &L1Block) -> u64 {
    (block.header.timestamp - GENESIS_TIME) / view.devnet().config.l1.block_time
}

/// The block that a client names: by slot, by tag, or by the root that the next block knows it under (EIP-4788).
pub(crate) fn block<'a>(view: &View<'a>, id: &str) -> Result<&'a L1Block, ApiError> {
    let none = || ApiError(StatusCode::NOT_FOUND, format!("NOT_FOUND: no block {id}"));
    let number = match id {
        "head" => Some(view.l1_head()),
        "finalized" => Some(view.l1_finalized()),
        "justified" => Some(view.l1_safe()),
        "genesis" => Some(0),
        _ => None,
    };
    if let Some(number) = number {
        return view.l1_block(number).ok_or_else(none);
    }
    let mut known = (0..=view.l1_head()).filter_map(|number| view.l1_block(number));
    if let Ok(wanted) = id.parse::<u64>() {
        return known.find(|block| slot(view, block) == wanted).ok_or_else(none);
    }
    let root: B256 = id
        .parse()
        .map_err(|_| ApiError(StatusCode::BAD_REQUEST, format!("BAD_REQUEST: {id} names no block")))?;
    let child = known.find(|block| block.header.parent_beacon_block_root == Some(root));
    let parent = child.and_then(|child| child.header.number.checked_sub(1));
    parent.and_then(|number| view.l1_block(number)).ok_or_else(none)
}

/// The values of a query parameter that may be given several times, or once with commas. `None`: it is absent.
pub(crate) fn wanted<T: std::str::FromStr>(
    query: Option<&str>,
    name: &str,
) -> Result<Option<Vec<T>>, ApiError> {
    let pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    let values: Vec<&str> = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).collect();
    if values.is_empty() {
        return Ok(None);
    }
    // A comma may come percent-encoded; nothing else in these values needs an escape.
    let joined = values.join(",").replace("%2C", ",").replace("%2c", ",");
    let parsed = joined.split(',').map(|value| {
        let wrong =
            || ApiError(StatusCode::BAD_REQUEST, format!("BAD_REQUEST: `{value}` is no value of {name}"));
        value.parse().map_err(|_| wrong())
    });
    parsed.collect::<Result<_, _>>().map(Some)
}
