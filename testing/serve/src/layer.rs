//! What L1 and L2 have in common, seen from their RPC: blocks of transactions and receipts.

use crate::chain::{Place, View};
use alloy_consensus::{Header, transaction::TransactionInfo};
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{B256, Bytes, Log, Sealed, U256, keccak256};
use alloy_rlp::{BufMut, Encodable};
use alloy_rpc_types_eth as rpc;
use serde::Serialize;

/// One of the two chains.
pub(crate) trait Layer: Send + Sync + 'static {
    /// A transaction as JSON.
    type Transaction: Serialize + Clone + Send + 'static;
    /// A receipt as JSON.
    type Receipt: Serialize + Clone + Send + 'static;

    fn chain_id(view: &View<'_>) -> u64;

    /// The number of the block that this tag stands for.
    fn tagged(view: &View<'_>, tag: Tag) -> u64;

    fn by_number<'a>(view: &View<'a>, number: u64) -> Option<Block<'a>>;

    fn by_hash<'a>(view: &View<'a>, hash: B256) -> Option<Block<'a>>;

    fn place(view: &View<'_>, transaction: B256) -> Option<Place>;

    /// The transaction at this place of the block, which has one there.
    fn transaction(block: &Block<'_>, index: usize) -> Self::Transaction;

    /// One for each transaction.
    fn receipts(view: &View<'_>, block: &Block<'_>) -> Vec<Self::Receipt>;

    /// The logs in the receipt with these EIP-2718 bytes.
    fn logs(receipt: &[u8]) -> Vec<Log>;

    /// The block that a client names.
    fn block<'a>(view: &View<'a>, id: BlockId) -> Option<Block<'a>> {
        match id {
            BlockId::Hash(hash) => {
                let block = Self::by_hash(view, hash.block_hash)?;
                let canonical = || Self::by_number(view, block.header.number).map(|b| b.header.hash());
                let accepted =
                    !hash.require_canonical.unwrap_or(false) || canonical() == Some(hash.block_hash);
                accepted.then_some(block)
            }
            BlockId::Number(number) => Self::by_number(view, Self::number(view, number)),
        }
    }

    /// The number that a client means.
    fn number(view: &View<'_>, number: BlockNumberOrTag) -> u64 {
        match number {
            BlockNumberOrTag::Number(number) => number,
            BlockNumberOrTag::Earliest => 0,
            BlockNumberOrTag::Latest | BlockNumberOrTag::Pending => Self::tagged(view, Tag::Latest),
            BlockNumberOrTag::Safe => Self::tagged(view, Tag::Safe),
            BlockNumberOrTag::Finalized => Self::tagged(view, Tag::Finalized),
        }
    }
}

/// A place on a chain that moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    Latest,
    Safe,
    Finalized,
}

/// A block of either chain.
#[derive(Clone, Copy)]
pub(crate) struct Block<'a> {
    pub(crate) header: &'a Sealed<Header>,
    /// EIP-2718 bytes.
    pub(crate) transactions: &'a [Bytes],
    /// EIP-2718 bytes.
    pub(crate) receipts: &'a [Bytes],
}

impl Block<'_> {
    /// As JSON, with whole transactions or with their hashes.
    pub(crate) fn to_rpc<L: Layer>(self, full: bool) -> rpc::Block<L::Transaction> {
        let size = U256::from(self.rlp().len());
        let transactions = if full {
            let all = (0..self.transactions.len()).map(|index| L::transaction(&self, index));
            rpc::BlockTransactions::Full(all.collect())
        } else {
            rpc::BlockTransactions::Hashes(self.transactions.iter().map(keccak256).collect())
        };
        rpc::Block {
            header: rpc::Header::from_consensus(self.header.clone(), None, Some(size)),
            uncles: Vec::new(),
            transactions,
            withdrawals: self.header.withdrawals_root.map(|_| Default::default()),
        }
    }

    /// RLP of header, transactions, uncles and, from Shanghai, withdrawals. Neither chain has any of the last two.
    pub(crate) fn rlp(&self) -> Vec<u8> {
        let transactions: Vec<u8> = self.transactions.iter().flat_map(in_list).collect();
        let mut fields = alloy_rlp::encode(self.header.inner());
        list(&transactions, &mut fields);
        list(&[], &mut fields);
        if self.header.withdrawals_root.is_some() {
            list(&[], &mut fields);
        }
        let mut out = Vec::new();
        list(&fields, &mut out);
        out
    }

    /// What is known of the place of a transaction.
    pub(crate) fn info(&self, index: usize) -> TransactionInfo {
        TransactionInfo {
            hash: Some(keccak256(&self.transactions[index])),
            index: Some(index as u64),
            block_hash: Some(self.header.hash()),
            block_number: Some(self.header.number),
            base_fee: self.header.base_fee_per_gas,
            block_timestamp: Some(self.header.timestamp),
        }
    }

    /// The same of a log, which is the `index`th of its block.
    pub(crate) fn log(&self, transaction: usize, index: u64, inner: Log) -> rpc::Log {
        rpc::Log {
            inner,
            block_hash: Some(self.header.hash()),
            block_number: Some(self.header.number),
            block_timestamp: Some(self.header.timestamp),
            transaction_hash: Some(keccak256(&self.transactions[transaction])),
            transaction_index: Some(transaction as u64),
            log_index: Some(index),
            removed: false,
        }
    }
}

/// A transaction as a block's RLP holds it: a list if it is of type 0, a string of its EIP-2718 bytes else.
fn in_list(transaction: &Bytes) -> Vec<u8> {
    if transaction.first().is_some_and(|first| *first >= alloy_rlp::EMPTY_LIST_CODE) {
        transaction.to_vec()
    } else {
        alloy_rlp::encode(transaction)
    }
}

fn list(payload: &[u8], out: &mut Vec<u8>) {
    alloy_rlp::Header { list: true, payload_length: payload.len() }.encode(out);
    out.put_slice(payload);
}

/// The creation address and the rest of what both layers' receipts say beyond their EIP-2718 bytes.
pub(crate) struct ReceiptFrame {
    pub(crate) gas_used: u64,
    pub(crate) first_log: u64,
}

/// Gas and first log of each receipt, out of cumulative gas and number of logs.
pub(crate) fn frames(receipts: impl Iterator<Item = (u64, usize)>) -> impl Iterator<Item = ReceiptFrame> {
    let (mut gas, mut logs) = (0, 0);
    receipts.map(move |(cumulative_gas, count)| {
        let frame = ReceiptFrame { gas_used: cumulative_gas - gas, first_log: logs };
        gas = cumulative_gas;
        logs += count as u64;
        frame
    })
}

/// EIP-2718 bytes of the devnet's own blocks are well-formed.
pub(crate) const OWN: &str = "the devnet's own encoding";

pub(crate) fn encoded(value: impl Encodable) -> Bytes {
    alloy_rlp::encode(value).into()
}
