//! L2 as its execution node shows it.

use crate::{
    chain::{Place, View},
    layer::{Block, Layer, OWN, Tag, frames},
};
use alloy_consensus::{ReceiptWithBloom, Transaction as _, TxReceipt, transaction::SignerRecoverable};
use alloy_eips::eip2718::{Decodable2718, Encodable2718};
use alloy_primitives::{B256, Log, U256};
use alloy_rpc_types_eth::TransactionReceipt;
use op_alloy_consensus::{
    OpReceipt, OpTxEnvelope,
    transaction::{OpDepositInfo, OpTransactionInfo},
};
use op_alloy_rpc_types::{L1BlockInfo, OpTransactionReceipt, Transaction};
use op_revm::OpSpecId;
use unroll_protocol::{
    deposit::DepositTx,
    forks::{Fork, L1InfoFormat},
    l1_info::L1Info,
    units::L2Time,
};
use unroll_testing::devnet::L2Block;

/// The rollup.
pub(crate) struct L2;

impl Layer for L2 {
    type Transaction = Transaction;
    type Receipt = OpTransactionReceipt;

    fn chain_id(view: &View<'_>) -> u64 {
        view.devnet().config.l2.chain_id
    }

    fn tagged(view: &View<'_>, tag: Tag) -> u64 {
        match tag {
            Tag::Latest => view.l2_head(),
            Tag::Safe => view.l2_safe(),
            Tag::Finalized => view.l2_finalized(),
        }
    }

    fn by_number<'a>(view: &View<'a>, number: u64) -> Option<Block<'a>> {
        view.l2_block(number).map(block)
    }

    fn by_hash<'a>(view: &View<'a>, hash: B256) -> Option<Block<'a>> {
        view.l2_block_by_hash(hash).map(block)
    }

    fn place(view: &View<'_>, transaction: B256) -> Option<Place> {
        view.l2_transaction(transaction)
    }

    fn transaction(block: &Block<'_>, index: usize) -> Transaction {
        let recovered = envelope(block, index).try_into_recovered().expect("the devnet's users sign");
        let deposit_meta = match receipt(&block.receipts[index]).receipt {
            OpReceipt::Deposit(deposit) => OpDepositInfo {
                deposit_nonce: deposit.deposit_nonce,
                deposit_receipt_version: deposit.deposit_receipt_version,
            },
            _ => OpDepositInfo::default(),
        };
        Transaction::from_transaction(recovered, OpTransactionInfo::new(block.info(index), deposit_meta))
    }

    fn receipts(view: &View<'_>, block: &Block<'_>) -> Vec<OpTransactionReceipt> {
        let receipts: Vec<_> = block.receipts.iter().map(|bytes| receipt(bytes)).collect();
        let frames = frames(receipts.iter().map(|r| (r.cumulative_gas_used(), r.logs().len())));
        let fees = L1Costs::of(view, block);
        let all = receipts.iter().cloned().zip(frames).enumerate();
        let all = all.map(|(index, (ReceiptWithBloom { receipt, logs_bloom }, frame))| {
            let transaction = envelope(block, index);
            let from = transaction.recover_signer().expect("the devnet's users sign");
            let nonce = match &receipt {
                OpReceipt::Deposit(deposit) => deposit.deposit_nonce.unwrap_or_default(),
                _ => transaction.nonce(),
            };
            let price = match transaction.is_deposit() {
                true => 0,
                false => transaction.effective_gas_price(block.header.base_fee_per_gas),
            };
            let mut log = frame.first_log;
            let receipt = receipt.map_logs(|inner| {
                log += 1;
                block.log(index, log - 1, inner)
            });
            let inner = TransactionReceipt {
                inner: ReceiptWithBloom { receipt, logs_bloom },
                transaction_hash: transaction.trie_hash(),
                transaction_index: Some(index as u64),
                block_hash: Some(block.header.hash()),
                block_number: Some(block.header.number),
                gas_used: frame.gas_used,
                effective_gas_price: price,
                blob_gas_used: None,
                blob_gas_price: None,
                from,
                to: transaction.to(),
                contract_address: transaction.is_create().then(|| from.create(nonce)),
            };
            let l1_block_info = fees.as_ref().map(|fees| fees.of_transaction(&block.transactions[index]));
            OpTransactionReceipt {
                inner,
                l1_block_info: l1_block_info.unwrap_or_default(),
                op_gas_refund: None,
            }
        });
        all.collect()
    }

    fn logs(bytes: &[u8]) -> Vec<Log> {
        receipt(bytes).logs().to_vec()
    }
}

fn block(block: &L2Block) -> Block<'_> {
    Block { header: &block.header, transactions: &block.transactions, receipts: &block.receipts }
}

fn envelope(block: &Block<'_>, index: usize) -> OpTxEnvelope {
    OpTxEnvelope::decode_2718_exact(&block.transactions[index]).expect(OWN)
}

fn receipt(bytes: &[u8]) -> ReceiptWithBloom<OpReceipt> {
    ReceiptWithBloom::decode_2718_exact(bytes).expect(OWN)
}

/// What a block's first transaction says about L1 fees, for the fields that an OP receipt has beyond Ethereum's.
struct L1Costs {
    info: L1Info,
    spec: OpSpecId,
    costs: op_revm::L1BlockInfo,
}

impl L1Costs {
    /// `None`: the block has no L1 info, as genesis.
    fn of(view: &View<'_>, block: &Block<'_>) -> Option<Self> {
        let cfg = view.devnet().rollup();
        let time = L2Time(block.header.timestamp);
        let deposit = DepositTx::decode(block.transactions.first()?).expect(OWN);
        let info = L1Info::decode(&deposit.data, cfg.l1_info_format(time)).expect(OWN);
        let fork = cfg.forks.execution(time).fork;
        let spec = match fork {
            fork if fork >= Fork::Fjord => OpSpecId::FJORD,
            fork if fork >= Fork::Ecotone => OpSpecId::ECOTONE,
            fork if fork >= Fork::Regolith => OpSpecId::REGOLITH,
            _ => OpSpecId::BEDROCK,
        };
        let bedrock = info.format == L1InfoFormat::Bedrock;
        let costs = op_revm::L1BlockInfo {
            l1_base_fee: info.base_fee,
            l1_fee_overhead: bedrock.then_some(info.overhead),
            l1_base_fee_scalar: if bedrock { info.scalar } else { U256::from(info.fee_scalars.base_fee) },
            l1_blob_base_fee: (!bedrock).then_some(info.blob_base_fee),
            l1_blob_base_fee_scalar: (!bedrock).then(|| U256::from(info.fee_scalars.blob_base_fee)),
            // I-026: the first Ecotone block still has Bedrock's fees.
            empty_ecotone_scalars: bedrock,
            ..Default::default()
        };
        Some(Self { info, spec, costs })
    }

    fn of_transaction(&self, bytes: &[u8]) -> L1BlockInfo {
        let Self { info, spec, costs } = self;
        let packed = info.format > L1InfoFormat::Bedrock;
        let operator = info.format >= L1InfoFormat::Isthmus;
        L1BlockInfo {
            l1_gas_price: small(info.base_fee),
            l1_gas_used: small(costs.data_gas(bytes, *spec)),
            l1_fee: small(costs.clone().calculate_tx_l1_cost(bytes, *spec)),
            // A decimal number of millionths, for people: the devnet's scalars are exact in it.
            l1_fee_scalar: if packed { None } else { small(info.scalar).map(|scalar| scalar as f64 / 1e6) },
            l1_base_fee_scalar: packed.then(|| info.fee_scalars.base_fee.into()),
            l1_blob_base_fee: packed.then(|| small(info.blob_base_fee)).flatten(),
            l1_blob_base_fee_scalar: packed.then(|| info.fee_scalars.blob_base_fee.into()),
            operator_fee_scalar: operator.then(|| info.operator_fee.scalar.into()),
            operator_fee_constant: operator.then(|| info.operator_fee.constant.into()),
            da_footprint_gas_scalar: (info.format >= L1InfoFormat::Jovian)
                .then_some(info.da_footprint_gas_scalar),
        }
    }
}

fn small(number: U256) -> Option<u128> {
    number.try_into().ok()
}
