//! Requests that are like another: what a node answers that mixes up what it is asked for, or a cache in front of it.
//!
//! ```text
//!  block, by number or hash   one before or after it
//!  transaction                another of its block, or of a block near by
//!  account                    another of the genesis file, or the same at a block near by
//!  key of the database        the root of another state, or another contract's code
//!  payload                    that of a block near by, with the parent that it was built on
//!  logs                       those of as many blocks near by
//!  blobs                      as many others of the block, or of a block near by
//!  input of alt-DA            another of the chain
//! ```
//!
//! The node answers such a request as it should: the answer is well-formed, true of what it is about, and wrong. Methods that
//! name nothing are like no other.

mod blobs;

use crate::{
    Node,
    chain::View,
    da,
    l1::L1,
    l2::L2,
    layer::{Block, Layer},
};
use alloy_eips::BlockId;
use alloy_primitives::{Address, B256, hex, keccak256};
use alloy_rpc_types_eth::{Filter, FilterBlockOption};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use unroll_testing::devnet::attributes;

/// How far away something similar is looked for, in blocks.
const MAX_DISTANCE: u64 = 16;
/// How many accounts are tried, or transactions, or values of the database.
const MAX_OTHERS: usize = 32;

/// What a request names.
#[derive(Clone, Copy)]
enum Subject {
    /// A block, with its first parameter.
    Block,
    /// A transaction by its hash.
    Transaction,
    /// An account with its first parameter, and a block with its last.
    Account,
    DatabaseKey,
    Payload,
    Logs,
    Blobs,
    /// Of alt-DA.
    Input,
}

const SUBJECTS: [(&str, Subject); 25] = [
    ("eth_getBlockByNumber", Subject::Block),
    ("eth_getBlockByHash", Subject::Block),
    ("eth_getBlockTransactionCountByNumber", Subject::Block),
    ("eth_getBlockTransactionCountByHash", Subject::Block),
    ("eth_getBlockReceipts", Subject::Block),
    ("debug_getRawHeader", Subject::Block),
    ("debug_getRawBlock", Subject::Block),
    ("debug_getRawReceipts", Subject::Block),
    ("debug_executionWitness", Subject::Block),
    ("optimism_outputAtBlock", Subject::Block),
    ("optimism_safeHeadAtL1Block", Subject::Block),
    ("eth_getTransactionByHash", Subject::Transaction),
    ("eth_getTransactionReceipt", Subject::Transaction),
    ("debug_getRawTransaction", Subject::Transaction),
    ("eth_getProof", Subject::Account),
    ("eth_getBalance", Subject::Account),
    ("eth_getTransactionCount", Subject::Account),
    ("eth_getCode", Subject::Account),
    ("eth_getStorageAt", Subject::Account),
    ("debug_dbGet", Subject::DatabaseKey),
    ("debug_executePayload", Subject::Payload),
    ("eth_getLogs", Subject::Logs),
    ("blobs", Subject::Blobs),
    ("blob_sidecars", Subject::Blobs),
    ("get", Subject::Input),
];

/// Whether requests of this method name something, so that others are like them.
pub(crate) fn has_similar(method: &str) -> bool {
    subject(method).is_some()
}

fn subject(method: &str) -> Option<Subject> {
    SUBJECTS.iter().find(|(name, _)| *name == method).map(|(_, subject)| *subject)
}

/// The parameters of calls that are like this one, the one to begin with first. `choice` may be any number. Whether their
/// answers differ from the true one is not known.
pub(crate) fn similar(
    node: Node,
    view: &View<'_>,
    method: &str,
    params: &[Value],
    choice: u64,
) -> Vec<Value> {
    let Some(subject) = subject(method) else { return Vec::new() };
    let of_l1 = node == Node::L1 || method == "optimism_safeHeadAtL1Block";
    let all = if of_l1 {
        about::<L1>(view, subject, params, choice)
    } else {
        about::<L2>(view, subject, params, choice)
    };
    all.unwrap_or_default().into_iter().map(Value::Array).collect()
}

/// Paths that are like this one, as [`similar`] has parameters.
pub(crate) fn similar_paths(
    node: Node,
    view: &View<'_>,
    path: &str,
    query: Option<&str>,
    choice: u64,
) -> Vec<String> {
    match node {
        Node::Beacon => blobs::similar(view, path, query, choice).unwrap_or_default(),
        Node::Da => da::similar(view, path, choice),
        Node::L1 | Node::L2 | Node::Rollup => Vec::new(),
    }
}

/// `None`: the parameters are not those of such a call, or name nothing that there is.
fn about<L: Layer>(
    view: &View<'_>,
    subject: Subject,
    params: &[Value],
    choice: u64,
) -> Option<Vec<Vec<Value>>> {
    match subject {
        Subject::Block => blocks::<L>(view, params, 0, choice),
        Subject::Transaction => transactions::<L>(view, params, choice),
        Subject::Account => accounts::<L>(view, params, choice),
        Subject::DatabaseKey => database_keys(view, params, choice),
        Subject::Payload => payloads(view, params, choice),
        Subject::Logs => logs::<L>(view, params, choice),
        Subject::Blobs | Subject::Input => None,
    }
}

/// The same with another block in this place, named in the same way.
fn blocks<L: Layer>(view: &View<'_>, params: &[Value], place: usize, choice: u64) -> Option<Vec<Vec<Value>>> {
    let id: BlockId = parsed(params, place)?;
    let number = L::block(view, id)?.header.number;
    let name = |block: Block<'_>| match id {
        BlockId::Hash(_) => json!(block.header.hash()),
        BlockId::Number(_) => json!(format!("{:#x}", block.header.number)),
    };
    Some(near::<L>(view, number, choice).map(|block| with(params, place, name(block))).collect())
}

fn transactions<L: Layer>(view: &View<'_>, params: &[Value], choice: u64) -> Option<Vec<Vec<Value>>> {
    let hash: B256 = parsed(params, 0)?;
    let (number, index) = L::place(view, hash)?;
    let own = L::by_number(view, number)?;
    let others = rotated(own.transactions, choice).filter(|other| **other != own.transactions[index]);
    let elsewhere = near::<L>(view, number, choice).flat_map(|block| block.transactions);
    let all = others.chain(elsewhere).take(MAX_OTHERS);
    Some(all.map(|other| with(params, 0, json!(keccak256(other)))).collect())
}

fn accounts<L: Layer>(view: &View<'_>, params: &[Value], choice: u64) -> Option<Vec<Vec<Value>>> {
    let own: Address = parsed(params, 0)?;
    let known: Vec<Address> = view.devnet().genesis.accounts.keys().copied().collect();
    let others = rotated(&known, choice).filter(|other| **other != own).take(MAX_OTHERS);
    let mut all: Vec<_> = others.map(|other| with(params, 0, json!(other))).collect();
    all.extend(blocks::<L>(view, params, params.len() - 1, choice)?);
    Some(all)
}

fn database_keys(view: &View<'_>, params: &[Value], choice: u64) -> Option<Vec<Vec<Value>>> {
    let key: String = parsed(params, 0)?;
    let key = hex::decode(key).ok()?;
    let prefix = if key.len() > B256::len_bytes() { &key[..1] } else { &[] };
    let hash = B256::try_from(&key[prefix.len()..]).ok()?;
    let devnet = view.devnet();
    let hashes: Vec<B256> = if devnet.store.code(hash).is_some() {
        let codes = devnet.genesis.accounts.values().map(|account| &account.code);
        codes.filter(|code| !code.is_empty()).map(keccak256).collect()
    } else {
        (0..=view.l2_head()).filter_map(|number| Some(view.l2_block(number)?.header.state_root)).collect()
    };
    let others = rotated(&hashes, choice).filter(|other| **other != hash).take(MAX_OTHERS);
    let name = |other: &B256| json!(hex::encode_prefixed([prefix, &other[..]].concat()));
    Some(others.map(|other| with(params, 0, name(other))).collect())
}

fn payloads(view: &View<'_>, params: &[Value], choice: u64) -> Option<Vec<Vec<Value>>> {
    let parent: B256 = parsed(params, 0)?;
    let number = view.l2_block_by_hash(parent)?.header.number + 1;
    let executed = near::<L2>(view, number, choice).filter(|block| block.header.number > 0);
    let all = executed.map(|block| {
        let attributes = attributes::of_block(view.devnet().rollup(), block.header, block.transactions);
        vec![json!(block.header.parent_hash), json!(attributes)]
    });
    Some(all.collect())
}

fn logs<L: Layer>(view: &View<'_>, params: &[Value], choice: u64) -> Option<Vec<Vec<Value>>> {
    let filter: Filter = parsed(params, 0)?;
    let moved = |changes: &[(&str, Value)]| {
        let mut filter = params[0].clone();
        changes.iter().for_each(|(key, value)| filter[*key] = value.clone());
        vec![filter]
    };
    match filter.block_option {
        FilterBlockOption::AtBlockHash(hash) => {
            let number = L::by_hash(view, hash)?.header.number;
            let others = near::<L>(view, number, choice);
            Some(others.map(|block| moved(&[("blockHash", json!(block.header.hash()))])).collect())
        }
        FilterBlockOption::Range { from_block, to_block } => {
            let number = |tag: Option<_>| L::number(view, tag.unwrap_or_default());
            let (first, last) = (number(from_block), number(to_block));
            let hex = |number: u64| json!(format!("{number:#x}"));
            let others = near::<L>(view, first, choice).map(|block| {
                let other = block.header.number;
                let last = other.saturating_add(last.saturating_sub(first));
                moved(&[("fromBlock", hex(other)), ("toBlock", hex(last))])
            });
            Some(others.collect())
        }
    }
}

/// Blocks of the chain, from the nearest on.
fn near<'a, L: Layer>(view: &View<'a>, number: u64, choice: u64) -> impl Iterator<Item = Block<'a>> {
    distances(number, choice).filter_map(|number| L::by_number(view, number))
}

/// Numbers below and above in turn. The choice is which comes first.
fn distances(number: u64, choice: u64) -> impl Iterator<Item = u64> {
    (1..=MAX_DISTANCE).flat_map(move |distance| {
        let (before, after) = (number.checked_sub(distance), number.checked_add(distance));
        let pair = if choice.is_multiple_of(2) { [before, after] } else { [after, before] };
        pair.into_iter().flatten()
    })
}

/// All of a list, from somewhere in it on.
pub(crate) fn rotated<T>(list: &[T], choice: u64) -> impl Iterator<Item = &T> {
    let start = choice.checked_rem(list.len() as u64).and_then(|start| usize::try_from(start).ok());
    let (before, rest) = list.split_at(start.unwrap_or(0));
    rest.iter().chain(before)
}

fn parsed<T: DeserializeOwned>(params: &[Value], place: usize) -> Option<T> {
    T::deserialize(params.get(place)?).ok()
}

fn with(params: &[Value], place: usize, value: Value) -> Vec<Value> {
    let mut params = params.to_vec();
    params[place] = value;
    params
}
