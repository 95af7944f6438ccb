//! The data-availability server: what commitments of alt-DA stand for, as op-node asks for it.

use crate::{
    chain::{Chain, Staleness, View},
    middleware::BINARY,
    swap::rotated,
};
use alloy_primitives::{B256, Bytes, hex, keccak256};
use axum::{
    Extension, Router,
    extract::{Path, State},
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use std::sync::Arc;

/// The paths that are served, with the names that faults call them by.
pub(crate) const METHODS: [(&str, &str); 1] = [(PREFIX, "get")];

/// Before the commitment.
pub(crate) const PREFIX: &str = "/get/";
/// The type byte of a keccak commitment.
const KECCAK: u8 = 0;

pub(crate) fn router(chain: Arc<Chain>) -> Router {
    Router::new().route("/get/{commitment}", get(input)).with_state(chain)
}

async fn input(
    State(chain): State<Arc<Chain>>,
    Path(commitment): Path<String>,
    staleness: Option<Extension<Staleness>>,
) -> Response {
    let Some(hash) = hash(&commitment) else {
        return (StatusCode::BAD_REQUEST, format!("{commitment} is no keccak commitment")).into_response();
    };
    let snapshot = chain.snapshot(staleness.map(|Extension(s)| s).unwrap_or_default());
    let view = snapshot.view();
    match inputs(&view).find(|input| keccak256(input) == hash) {
        Some(input) => ([(CONTENT_TYPE, BINARY)], input.to_vec()).into_response(),
        None => (StatusCode::NOT_FOUND, "not found").into_response(),
    }
}

/// Of `0x`, the type byte, and the hash.
fn hash(commitment: &str) -> Option<B256> {
    let bytes = hex::decode(commitment.strip_prefix("0x")?).ok()?;
    let (kind, hash) = bytes.split_first()?;
    (*kind == KECCAK).then(|| hash.try_into().ok()).flatten()
}

/// Those of L1 blocks that were given up too: they may be posted again.
fn inputs<'a>(view: &View<'a>) -> impl Iterator<Item = &'a Bytes> {
    let (l1, head) = (&view.devnet().l1, view.l1_head());
    let known = l1.blocks().iter().chain(&l1.orphans).filter(move |block| block.header.number <= head);
    known.flat_map(|block| &block.inputs)
}

/// The paths of other inputs. `choice` says with which to begin, and may be any number.
pub(crate) fn similar(view: &View<'_>, path: &str, choice: u64) -> Vec<String> {
    let Some(own) = path.strip_prefix(PREFIX).and_then(hash) else { return Vec::new() };
    let others: Vec<B256> = inputs(view).map(keccak256).filter(|hash| *hash != own).collect();
    let path = |hash: &B256| format!("{PREFIX}0x{}", hex::encode([&[KECCAK], &hash[..]].concat()));
    rotated(&others, choice).map(path).collect()
}
