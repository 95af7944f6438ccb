//! Requests for blobs that are like another.

use super::{distances, rotated};
use crate::{
    beacon::{self, wanted},
    chain::View,
    middleware::method_at,
};
use alloy_primitives::B256;
use unroll_testing::devnet::{L1Block, blobs::Sidecar};

/// How a request chooses among the blobs of a block.
#[derive(Clone, Copy)]
enum By {
    Hash,
    Index,
    /// It takes all.
    None,
}

/// `None`: the path names no block, or no blobs.
pub(super) fn similar(view: &View<'_>, path: &str, query: Option<&str>, choice: u64) -> Option<Vec<String>> {
    let (folder, id) = path.rsplit_once('/')?;
    let own = beacon::block(view, id).ok()?;
    let (by, chosen) = chosen(own, method_at(path, &beacon::METHODS), query)?;
    let path = |block: &L1Block, places: &[usize]| {
        let names = places.iter().map(|place| match by {
            By::Hash => block.sidecars[*place].versioned_hash.to_string(),
            By::Index | By::None => place.to_string(),
        });
        let names = names.collect::<Vec<_>>().join(",");
        let query = match by {
            By::Hash => format!("?versioned_hashes={names}"),
            By::Index => format!("?indices={names}"),
            By::None => String::new(),
        };
        format!("{folder}/{}{query}", beacon::slot(view, block))
    };
    let mut paths = Vec::new();
    let rest: Vec<usize> = (0..own.sidecars.len()).filter(|place| !chosen.contains(place)).collect();
    if !chosen.is_empty() && chosen.len() <= rest.len() {
        let others: Vec<usize> = rotated(&rest, choice).take(chosen.len()).copied().collect();
        paths.push(path(own, &others));
    }
    let near = distances(own.header.number, choice).filter_map(|number| view.l1_block(number));
    let mut near: Vec<&L1Block> = near.filter(|block| !block.sidecars.is_empty()).collect();
    // Those that have enough come first: an answer of another length is found out too soon.
    near.sort_by_key(|block| match by {
        By::None => block.sidecars.len() != chosen.len(),
        By::Hash | By::Index => block.sidecars.len() < chosen.len(),
    });
    let first = |block: &L1Block| (0..block.sidecars.len().min(chosen.len())).collect::<Vec<_>>();
    paths.extend(near.into_iter().map(|block| path(block, &first(block))));
    Some(paths)
}

/// The places of the blobs that the request is answered with.
fn chosen(block: &L1Block, method: &str, query: Option<&str>) -> Option<(By, Vec<usize>)> {
    let places = |holds: &dyn Fn(usize, &Sidecar) -> bool| {
        let all = block.sidecars.iter().enumerate();
        all.filter(|(place, sidecar)| holds(*place, sidecar)).map(|(place, _)| place).collect()
    };
    let by_hash = || wanted::<B256>(query, "versioned_hashes").ok();
    let by_index = || wanted::<usize>(query, "indices").ok();
    match method {
        "blobs" => Some(match by_hash()? {
            Some(hashes) => (By::Hash, places(&|_, sidecar| hashes.contains(&sidecar.versioned_hash))),
            None => (By::None, places(&|_, _| true)),
        }),
        "blob_sidecars" => Some(match by_index()? {
            Some(indices) => (By::Index, places(&|place, _| indices.contains(&place))),
            None => (By::None, places(&|_, _| true)),
        }),
        _ => None,
    }
}
