//! An L1 chain: real headers over real transactions and receipts, no execution.

use super::tries::FullTrie;
use alloy_consensus::{
    EMPTY_OMMER_ROOT_HASH, Eip658Value, Header, Receipt, ReceiptEnvelope, ReceiptWithBloom,
    SignableTransaction, TxEip1559, TxEnvelope,
};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bloom, Bytes, Log, Sealable, Sealed, TxKind, U256, logs_bloom};
use k256::ecdsa::SigningKey;

/// Seconds between blocks.
pub const BLOCK_TIME: u64 = 12;

/// A block with all that its roots commit to.
#[derive(Clone, Debug)]
pub struct L1Block {
    /// Its header.
    pub header: Sealed<Header>,
    /// EIP-2718 bytes.
    pub transactions: Vec<Bytes>,
    /// EIP-2718 bytes.
    pub receipts: Vec<Bytes>,
}

/// A transaction together with what it logs.
#[derive(Clone, Debug)]
pub struct L1Transaction {
    /// Signed.
    pub envelope: TxEnvelope,
    /// What its execution logged.
    pub logs: Vec<Log>,
}

/// A chain that grows block by block.
#[derive(Clone, Debug)]
pub struct L1Chain {
    /// The chain's id.
    pub chain_id: u64,
    blocks: Vec<L1Block>,
}

impl L1Chain {
    /// A chain of one empty block at `time`.
    pub fn new(chain_id: u64, time: u64) -> Self {
        let mut chain = Self { chain_id, blocks: Vec::new() };
        chain.push_block(time, &[]);
        chain
    }

    /// Every block, oldest first; block `i` has number `i`.
    pub fn blocks(&self) -> &[L1Block] {
        &self.blocks
    }

    /// The newest block.
    pub fn head(&self) -> &L1Block {
        self.blocks.last().expect("a chain has its first block from `new` on")
    }

    /// Adds a block one slot later.
    pub fn build(&mut self, transactions: &[L1Transaction]) -> &L1Block {
        self.push_block(self.head().header.timestamp + BLOCK_TIME, transactions);
        self.head()
    }

    fn push_block(&mut self, timestamp: u64, transactions: &[L1Transaction]) {
        let mut gas_used = 0;
        let mut logs_bloom = Bloom::ZERO;
        let receipts: Vec<Bytes> = transactions
            .iter()
            .map(|transaction| {
                gas_used += 100_000;
                let receipt = receipt(transaction, gas_used);
                logs_bloom |= *receipt.logs_bloom();
                receipt.encoded_2718().into()
            })
            .collect();
        let transactions: Vec<Bytes> =
            transactions.iter().map(|t| t.envelope.encoded_2718().into()).collect();
        let parent = self.blocks.last().map(|block| &block.header);
        let header = Header {
            parent_hash: parent.map_or(B256::ZERO, |p| p.hash()),
            ommers_hash: EMPTY_OMMER_ROOT_HASH,
            transactions_root: FullTrie::of_list(&transactions).root,
            receipts_root: FullTrie::of_list(&receipts).root,
            logs_bloom,
            number: self.blocks.len() as u64,
            gas_limit: 30_000_000,
            gas_used,
            timestamp,
            mix_hash: B256::repeat_byte(0x4d),
            base_fee_per_gas: Some(7_000_000_000),
            withdrawals_root: Some(alloy_trie::EMPTY_ROOT_HASH),
            blob_gas_used: Some(0),
            excess_blob_gas: Some(0),
            parent_beacon_block_root: Some(B256::repeat_byte(0xbe)),
            ..Header::default()
        };
        self.blocks.push(L1Block { header: header.seal_slow(), transactions, receipts });
    }
}

fn receipt(transaction: &L1Transaction, cumulative_gas_used: u64) -> ReceiptEnvelope {
    let logs_bloom = logs_bloom(&transaction.logs);
    let receipt =
        Receipt { status: Eip658Value::Eip658(true), cumulative_gas_used, logs: transaction.logs.clone() };
    ReceiptEnvelope::from_typed(transaction.envelope.tx_type(), ReceiptWithBloom { receipt, logs_bloom })
}

/// A signed EIP-1559 transaction, for either layer.
pub fn call(
    key: &SigningKey,
    chain_id: u64,
    nonce: u64,
    to: TxKind,
    value: U256,
    input: Bytes,
) -> TxEnvelope {
    let gas_limit = 100_000 + 40 * input.len() as u64;
    let transaction = TxEip1559 {
        chain_id,
        nonce,
        gas_limit,
        max_fee_per_gas: 100_000_000_000,
        max_priority_fee_per_gas: 1_000_000,
        to,
        value,
        access_list: Default::default(),
        input,
    };
    let (signature, recovery) = key
        .sign_prehash_recoverable(transaction.signature_hash().as_slice())
        .expect("a 32-byte digest can be signed");
    transaction.into_signed((signature, recovery).into()).into()
}

/// The address of a key.
pub fn address(key: &SigningKey) -> Address {
    Address::from_public_key(key.verifying_key())
}
