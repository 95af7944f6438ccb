//! L1 as its execution node shows it.

use crate::{
    chain::{Place, View},
    layer::{Block, Layer, OWN, Tag, frames},
};
use alloy_consensus::{ReceiptEnvelope, Transaction as _, TxEnvelope, transaction::SignerRecoverable};
use alloy_eips::eip2718::Decodable2718;
use alloy_primitives::{B256, Log};
use alloy_rpc_types_eth::{Transaction, TransactionReceipt};
use unroll_protocol::units::L1Time;
use unroll_testing::devnet::L1Block;

/// The layer below.
pub(crate) struct L1;

impl Layer for L1 {
    type Transaction = Transaction;
    type Receipt = TransactionReceipt;

    fn chain_id(view: &View<'_>) -> u64 {
        view.devnet().config.l1.chain_id
    }

    fn tagged(view: &View<'_>, tag: Tag) -> u64 {
        match tag {
            Tag::Latest => view.l1_head(),
            Tag::Safe => view.l1_safe(),
            Tag::Finalized => view.l1_finalized(),
        }
    }

    fn by_number<'a>(view: &View<'a>, number: u64) -> Option<Block<'a>> {
        view.l1_block(number).map(block)
    }

    fn by_hash<'a>(view: &View<'a>, hash: B256) -> Option<Block<'a>> {
        view.l1_block_by_hash(hash).map(block)
    }

    fn place(view: &View<'_>, transaction: B256) -> Option<Place> {
        view.l1_transaction(transaction)
    }

    fn transaction(block: &Block<'_>, index: usize) -> Transaction {
        let recovered = envelope(block, index).try_into_recovered().expect("the devnet's users sign");
        Transaction::from_transaction(recovered, block.info(index))
    }

    fn receipts(view: &View<'_>, block: &Block<'_>) -> Vec<TransactionReceipt> {
        let receipts: Vec<_> = block.receipts.iter().map(|bytes| receipt(bytes)).collect();
        let frames = frames(receipts.iter().map(|r| (r.cumulative_gas_used(), r.logs().len())));
        let blob_gas_price = || {
            let time = L1Time(block.header.timestamp);
            view.devnet().rollup().blob_base_fee(block.header.excess_blob_gas, time)
        };
        let all = receipts.iter().cloned().zip(frames).enumerate();
        let all = all.map(|(index, (receipt, frame))| {
            let transaction = envelope(block, index);
            let from = transaction.recover_signer().expect("the devnet's users sign");
            let blobs = transaction.blob_gas_used();
            let mut log = frame.first_log;
            let inner = receipt.map_logs(|inner| {
                log += 1;
                block.log(index, log - 1, inner)
            });
            TransactionReceipt {
                inner,
                transaction_hash: *transaction.tx_hash(),
                transaction_index: Some(index as u64),
                block_hash: Some(block.header.hash()),
                block_number: Some(block.header.number),
                gas_used: frame.gas_used,
                effective_gas_price: transaction.effective_gas_price(block.header.base_fee_per_gas),
                blob_gas_used: blobs,
                blob_gas_price: blobs.map(|_| blob_gas_price()),
                from,
                to: transaction.to(),
                contract_address: transaction.is_create().then(|| from.create(transaction.nonce())),
            }
        });
        all.collect()
    }

    fn logs(bytes: &[u8]) -> Vec<Log> {
        receipt(bytes).logs().to_vec()
    }
}

fn block(block: &L1Block) -> Block<'_> {
    Block { header: &block.header, transactions: &block.transactions, receipts: &block.receipts }
}

fn envelope(block: &Block<'_>, index: usize) -> TxEnvelope {
    TxEnvelope::decode_2718_exact(&block.transactions[index]).expect(OWN)
}

fn receipt(bytes: &[u8]) -> ReceiptEnvelope {
    ReceiptEnvelope::decode_2718_exact(bytes).expect(OWN)
}
