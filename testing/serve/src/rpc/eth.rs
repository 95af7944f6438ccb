//! What both execution nodes answer: `eth_*` about blocks, transactions and logs, and the raw forms of `debug_*`.

use super::{Module, Refusal, Registered, method, plain};
use crate::{
    chain::View,
    layer::{Block, Layer, encoded},
};
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{B256, Bytes, U64, U256};
use alloy_rpc_types_eth::{self as rpc, Filter, FilterBlockOption};

/// Most blocks whose logs may be asked for at once.
const MAX_LOG_BLOCKS: u64 = 10_000;

pub(super) fn register<L: Layer>(module: &mut Module) -> Registered {
    plain(module, "web3_clientVersion", |_| concat!("unroll-devnet/v", env!("CARGO_PKG_VERSION")))?;
    plain(module, "net_version", |view| L::chain_id(view).to_string())?;
    plain(module, "eth_chainId", |view| U64::from(L::chain_id(view)))?;
    // A devnet never lags behind anybody.
    plain(module, "eth_syncing", |_| false)?;
    plain(module, "eth_blockNumber", |view| U64::from(L::number(view, BlockNumberOrTag::Latest)))?;
    plain(module, "eth_gasPrice", gas_price::<L>)?;
    blocks::<L>(module)?;
    transactions::<L>(module)?;
    method(module, "eth_getLogs", |view, (filter,): (Filter,)| logs::<L>(view, &filter))?;
    raw::<L>(module)
}

fn blocks<L: Layer>(module: &mut Module) -> Registered {
    method(module, "eth_getBlockByNumber", |view, (number, full): (BlockNumberOrTag, bool)| {
        Ok(L::block(view, number.into()).map(|block| block.to_rpc::<L>(full)))
    })?;
    method(module, "eth_getBlockByHash", |view, (hash, full): (B256, bool)| {
        Ok(L::by_hash(view, hash).map(|block| block.to_rpc::<L>(full)))
    })?;
    method(module, "eth_getBlockTransactionCountByNumber", |view, (number,): (BlockNumberOrTag,)| {
        Ok(L::block(view, number.into()).map(|block| U64::from(block.transactions.len())))
    })?;
    method(module, "eth_getBlockTransactionCountByHash", |view, (hash,): (B256,)| {
        Ok(L::by_hash(view, hash).map(|block| U64::from(block.transactions.len())))
    })?;
    method(module, "eth_getBlockReceipts", |view, (id,): (BlockId,)| {
        Ok(L::block(view, id).map(|block| L::receipts(view, &block)))
    })
}

fn transactions<L: Layer>(module: &mut Module) -> Registered {
    method(module, "eth_getTransactionByHash", |view, (hash,): (B256,)| {
        Ok(at_place::<L>(view, hash).map(|(block, index)| L::transaction(&block, index)))
    })?;
    method(module, "eth_getTransactionReceipt", |view, (hash,): (B256,)| {
        let place = at_place::<L>(view, hash);
        Ok(place.map(|(block, index)| L::receipts(view, &block).swap_remove(index)))
    })
}

fn raw<L: Layer>(module: &mut Module) -> Registered {
    method(module, "debug_getRawHeader", |view, (id,): (BlockId,)| {
        found::<L>(view, id).map(|block| encoded(block.header.inner()))
    })?;
    method(module, "debug_getRawBlock", |view, (id,): (BlockId,)| {
        found::<L>(view, id).map(|block| Bytes::from(block.rlp()))
    })?;
    method(module, "debug_getRawReceipts", |view, (id,): (BlockId,)| {
        found::<L>(view, id).map(|block| block.receipts.to_vec())
    })?;
    // geth answers with no bytes, and no error, for a transaction that it does not know.
    method(module, "debug_getRawTransaction", |view, (hash,): (B256,)| {
        let place = at_place::<L>(view, hash);
        Ok(place.map_or_else(Bytes::new, |(block, index)| block.transactions[index].clone()))
    })
}

/// The block, or an error that names it.
pub(super) fn found<'a, L: Layer>(view: &View<'a>, id: BlockId) -> Result<Block<'a>, Refusal> {
    L::block(view, id).ok_or_else(|| Refusal::NotFound(format!("block {id}")))
}

fn at_place<'a, L: Layer>(view: &View<'a>, transaction: B256) -> Option<(Block<'a>, usize)> {
    let (number, index) = L::place(view, transaction)?;
    Some((L::by_number(view, number)?, index))
}

/// The base fee of the newest block with the devnet users' tip.
fn gas_price<L: Layer>(view: &View<'_>) -> U256 {
    let newest = L::block(view, BlockId::latest());
    U256::from(newest.and_then(|block| block.header.base_fee_per_gas).unwrap_or_default() + 1_000_000)
}

fn logs<L: Layer>(view: &View<'_>, filter: &Filter) -> Result<Vec<rpc::Log>, Refusal> {
    let blocks: Vec<Block<'_>> = match filter.block_option {
        FilterBlockOption::AtBlockHash(hash) => vec![found::<L>(view, hash.into())?],
        FilterBlockOption::Range { from_block, to_block } => {
            let latest = L::number(view, BlockNumberOrTag::Latest);
            let number = |tag: Option<BlockNumberOrTag>| tag.map_or(latest, |tag| L::number(view, tag));
            let (first, last) = (number(from_block), number(to_block).min(latest));
            if last.saturating_sub(first) >= MAX_LOG_BLOCKS {
                return Err(Refusal::Params(format!("at most {MAX_LOG_BLOCKS} blocks at once")));
            }
            (first..=last).filter_map(|number| L::by_number(view, number)).collect()
        }
    };
    Ok(blocks.iter().flat_map(|block| block_logs::<L>(block, filter)).collect())
}

fn block_logs<L: Layer>(block: &Block<'_>, filter: &Filter) -> Vec<rpc::Log> {
    let all =
        block.receipts.iter().enumerate().flat_map(|(transaction, receipt)| {
            L::logs(receipt).into_iter().map(move |log| (transaction, log))
        });
    let matching = (0..).zip(all).filter(|(_, (_, log))| filter.matches(log));
    matching.map(|(index, (transaction, log))| block.log(transaction, index, log)).collect()
}
