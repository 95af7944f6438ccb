//! What only the L2 node answers: its state, and what it takes to execute a block without it.

use super::{Module, Refusal, Registered, eth::found, method};
use crate::{chain::View, l2::L2, proof, witness::execution_witness};
use alloy_consensus::Header;
use alloy_eips::BlockId;
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, Sealed, U64, hex};
use alloy_rpc_types_debug::ExecutionWitness;
use alloy_serde::JsonStorageKey;
use op_alloy_rpc_types_engine::OpPayloadAttributes;
use unroll_testing::devnet::attributes;

/// How geth's database tells code from trie nodes.
const CODE_PREFIX: u8 = b'c';
/// Most storage slots of one `eth_getProof`, as geth's own bound.
const MAX_SLOTS: usize = 1024;

pub(super) fn register(module: &mut Module) -> Registered {
    accounts(module)?;
    method(module, "eth_getProof", |view, (address, keys, id): (Address, Vec<JsonStorageKey>, BlockId)| {
        if keys.len() > MAX_SLOTS {
            return Err(Refusal::Params(format!("at most {MAX_SLOTS} slots at once")));
        }
        Ok(proof::account_proof(&view.devnet().store, header(view, id)?, address, keys))
    })?;
    method(module, "debug_executionWitness", |view, (id,): (BlockId,)| block_witness(view, id))?;
    method(module, "debug_executePayload", |view, (parent, attributes): (B256, OpPayloadAttributes)| {
        payload_witness(view, header(view, parent.into())?, &attributes)
    })?;
    method(module, "debug_dbGet", |view, (key,): (String,)| database_value(view, &key))
}

fn accounts(module: &mut Module) -> Registered {
    method(module, "eth_getBalance", |view, (address, id): (Address, BlockId)| {
        Ok(proof::account(&view.devnet().store, header(view, id)?, address).balance)
    })?;
    method(module, "eth_getTransactionCount", |view, (address, id): (Address, BlockId)| {
        Ok(U64::from(proof::account(&view.devnet().store, header(view, id)?, address).nonce))
    })?;
    method(module, "eth_getCode", |view, (address, id): (Address, BlockId)| {
        let store = &view.devnet().store;
        let account = proof::account(store, header(view, id)?, address);
        let code = Some(account.code_hash).filter(|hash| *hash != KECCAK256_EMPTY);
        Ok(code.and_then(|hash| store.keccak(hash)).cloned().unwrap_or_default())
    })?;
    method(module, "eth_getStorageAt", |view, (address, key, id): (Address, JsonStorageKey, BlockId)| {
        let store = &view.devnet().store;
        let account = proof::account(store, header(view, id)?, address);
        Ok(B256::from(proof::slot(store, &account, key.as_b256())))
    })
}

fn header<'a>(view: &View<'a>, id: BlockId) -> Result<&'a Sealed<Header>, Refusal> {
    found::<L2>(view, id).map(|block| block.header)
}

fn block_witness(view: &View<'_>, id: BlockId) -> Result<ExecutionWitness, Refusal> {
    let block = found::<L2>(view, id)?;
    let parent = view.l2_block_by_hash(block.header.parent_hash);
    let parent = parent.ok_or_else(|| Refusal::Failed("the genesis block was not executed".into()))?;
    let attributes = attributes::of_block(view.devnet().rollup(), block.header, block.transactions);
    payload_witness(view, &parent.header, &attributes)
}

fn payload_witness(
    view: &View<'_>,
    parent: &Sealed<Header>,
    attributes: &OpPayloadAttributes,
) -> Result<ExecutionWitness, Refusal> {
    execution_witness(view.devnet().rollup(), &view.devnet().store, parent, attributes)
        .map_err(|error| Refusal::Failed(format!("the payload cannot be executed: {error}")))
}

/// geth's database as `debug_dbGet` shows it, with state by hash: nodes and old code under their hash, code under its hash
/// with a prefix. Blocks have other keys there, and the tries of their lists are not kept at all: whoever asks for a header,
/// a transaction or a receipt by its hash finds nothing.
fn database_value(view: &View<'_>, key: &str) -> Result<Bytes, Refusal> {
    let store = &view.devnet().store;
    let bytes = database_key(key)?;
    let code = bytes.strip_prefix(&[CODE_PREFIX]).and_then(|hash| B256::try_from(hash).ok());
    let value = match (code, B256::try_from(&bytes[..])) {
        (Some(hash), _) => store.code(hash),
        (None, Ok(hash)) => store.node(hash).or_else(|| store.code(hash)),
        (None, Err(_)) => None,
    };
    value.cloned().ok_or_else(|| Refusal::NotFound(format!("key {key}")))
}

/// Hex after `0x`, or else text that is the key itself.
fn database_key(text: &str) -> Result<Vec<u8>, Refusal> {
    let malformed = |error| Refusal::Params(format!("key {text}: {error}"));
    if text.starts_with("0x") { hex::decode(text).map_err(malformed) } else { Ok(text.as_bytes().to_vec()) }
}
