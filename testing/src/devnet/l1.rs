//! The L1 chain: real headers over real transactions, receipts and blobs. Nothing is executed: whoever puts a transaction
//! into a block says what it logs.

use super::{
    blobs::Sidecar,
    config::{BlobFork, GENESIS_TIME, L1Config},
    tries::FullTrie,
};
use alloy_consensus::{
    EMPTY_OMMER_ROOT_HASH, Eip658Value, Header, Receipt, ReceiptEnvelope, ReceiptWithBloom, Transaction,
    TxEnvelope,
};
use alloy_eips::{
    eip1559::{BaseFeeParams, calc_next_block_base_fee},
    eip2718::Encodable2718,
    eip4844::DATA_GAS_PER_BLOB,
    eip7685::EMPTY_REQUESTS_HASH,
    eip7840::BlobParams,
};
use alloy_primitives::{B256, Bloom, Bytes, Log, Sealable, Sealed, keccak256, logs_bloom};
use unroll_protocol::units::{BlockId, L1Ref, L1Time};

const GAS_LIMIT: u64 = 30_000_000;
const INITIAL_BASE_FEE: u64 = 1_000_000_000;
/// EIP-7918, from Osaka.
const BLOB_BASE_COST: u64 = 1 << 13;

/// A block with all that its roots commit to, and the blobs that its transactions name.
#[derive(Clone, Debug)]
pub struct L1Block {
    /// Its header.
    pub header: Sealed<Header>,
    /// EIP-2718 bytes, without sidecars.
    pub transactions: Vec<Bytes>,
    /// EIP-2718 bytes.
    pub receipts: Vec<Bytes>,
    /// The logs of successful transactions, each with its place among all logs of the block.
    pub logs: Vec<(u64, Log)>,
    /// In the order of the transactions that name them.
    pub sidecars: Vec<Sidecar>,
    /// What its commitments of alt-DA stand for: not on L1.
    pub inputs: Vec<Bytes>,
}

impl L1Block {
    /// How derivation refers to it.
    pub fn origin(&self) -> L1Ref {
        L1Ref {
            number: self.header.number,
            hash: self.header.hash(),
            parent_hash: self.header.parent_hash,
            time: L1Time(self.header.timestamp),
        }
    }

    /// Number and hash.
    pub fn id(&self) -> BlockId {
        BlockId { number: self.header.number, hash: self.header.hash() }
    }
}

/// A transaction together with what comes of it.
#[derive(Clone, Debug)]
pub struct L1Transaction {
    /// Signed.
    pub envelope: TxEnvelope,
    /// What its execution logs.
    pub logs: Vec<Log>,
    /// Its blobs, as many as it names.
    pub sidecars: Vec<Sidecar>,
    /// What its commitment of alt-DA stands for, if it has one.
    pub inputs: Vec<Bytes>,
    /// Whether it succeeds. The logs of one that does not are in its receipt all the same, which no real L1 does: they must
    /// not count (G-011).
    pub success: bool,
}

impl L1Transaction {
    /// One that succeeds and logs.
    pub const fn logging(envelope: TxEnvelope, logs: Vec<Log>) -> Self {
        Self { envelope, logs, sidecars: Vec::new(), inputs: Vec::new(), success: true }
    }
}

/// A chain that grows block by block, and may lose its newest blocks again.
#[derive(Clone, Debug)]
pub struct L1Chain {
    /// Its constants.
    pub config: L1Config,
    blocks: Vec<L1Block>,
    /// Blocks that a reorg took out, oldest first.
    pub orphans: Vec<L1Block>,
    /// Tells the blocks of one branch from those of another.
    branch: u64,
}

impl L1Chain {
    /// A chain of one empty block.
    pub fn new(config: L1Config) -> Self {
        let mut chain = Self { config, blocks: Vec::new(), orphans: Vec::new(), branch: 0 };
        chain.push(GENESIS_TIME, &[]);
        chain
    }

    /// Every block, oldest first; block `i` has number `i`.
    pub fn blocks(&self) -> &[L1Block] {
        &self.blocks
    }

    /// The block of this number, if there is one.
    pub fn block(&self, number: u64) -> Option<&L1Block> {
        self.blocks.get(usize::try_from(number).ok()?)
    }

    /// The newest block.
    pub fn head(&self) -> &L1Block {
        self.blocks.last().expect("a chain has its first block from `new` on")
    }

    /// When the next slot begins.
    pub fn next_time(&self) -> u64 {
        self.head().header.timestamp + self.config.block_time
    }

    /// Adds a block after so many empty slots.
    pub fn build(&mut self, missed: u64, transactions: &[L1Transaction]) -> &L1Block {
        self.push(self.next_time() + missed * self.config.block_time, transactions);
        self.head()
    }

    /// Gives up all blocks after this one, and returns them. What is built next differs from what was there.
    pub fn reorg(&mut self, last: u64) -> &[L1Block] {
        let keep = usize::try_from(last).map_or(usize::MAX, |last| last.saturating_add(1));
        let lost = self.blocks.split_off(self.blocks.len().min(keep));
        let known = self.orphans.len();
        self.orphans.extend(lost);
        self.branch += 1;
        &self.orphans[known..]
    }

    /// What a unit of blob gas costs in the newest block, in wei.
    pub fn blob_base_fee(&self) -> u128 {
        let header = &self.head().header;
        self.blob_params(header.timestamp).calc_blob_fee(header.excess_blob_gas.unwrap_or_default())
    }

    /// The blob market's parameters at this time.
    fn blob_params(&self, time: u64) -> BlobParams {
        let fork = self.blob_forks(time).last();
        let osaka = self.blob_forks(time).any(|fork| fork.name == "osaka");
        let params = fork.map_or_else(BlobParams::cancun, |fork| BlobParams {
            target_blob_count: fork.target,
            max_blob_count: fork.max,
            update_fraction: fork.update_fraction.into(),
            ..BlobParams::prague()
        });
        params.with_blob_base_cost(if osaka { BLOB_BASE_COST } else { 0 })
    }

    fn blob_forks(&self, time: u64) -> impl Iterator<Item = &BlobFork> {
        self.config.blob_forks.iter().filter(move |fork| GENESIS_TIME + fork.after <= time)
    }

    fn push(&mut self, timestamp: u64, transactions: &[L1Transaction]) {
        let (receipts, logs_bloom, gas_used) = receipts(transactions);
        let mut index = 0;
        let logs = transactions.iter().flat_map(|transaction| {
            let first = index;
            index += transaction.logs.len() as u64;
            let counted = (first..).zip(transaction.logs.iter().cloned());
            counted.filter(|_| transaction.success)
        });
        let logs = logs.collect();
        let sidecars: Vec<_> = transactions.iter().flat_map(|t| t.sidecars.iter().cloned()).collect();
        let inputs = transactions.iter().flat_map(|t| t.inputs.iter().cloned()).collect();
        let transactions: Vec<Bytes> =
            transactions.iter().map(|t| t.envelope.encoded_2718().into()).collect();
        let header = Header {
            transactions_root: FullTrie::of_list(&transactions).root,
            receipts_root: FullTrie::of_list(&receipts).root,
            logs_bloom,
            gas_used,
            ..self.header(timestamp, sidecars.len() as u64 * DATA_GAS_PER_BLOB)
        };
        self.blocks.push(L1Block {
            header: header.seal_slow(),
            transactions,
            receipts,
            logs,
            sidecars,
            inputs,
        });
    }

    /// The header of the next block, as far as the blocks before it and the slot say.
    fn header(&self, timestamp: u64, blob_gas: u64) -> Header {
        let number = self.blocks.len() as u64;
        let parent = self.blocks.last().map(|block| &block.header);
        let noise = |what: &str| keccak256(format!("{what} of L1 block {number} on branch {}", self.branch));
        let cancun = timestamp >= GENESIS_TIME + self.config.cancun.unwrap_or(0);
        let prague = self.blob_forks(timestamp).any(|fork| fork.name == "prague");
        Header {
            parent_hash: parent.map_or(B256::ZERO, |parent| parent.hash()),
            ommers_hash: EMPTY_OMMER_ROOT_HASH,
            state_root: noise("state"),
            number,
            gas_limit: GAS_LIMIT,
            timestamp,
            mix_hash: noise("randomness"),
            base_fee_per_gas: Some(parent.map_or(INITIAL_BASE_FEE, |parent| {
                let base_fee = parent.base_fee_per_gas.unwrap_or_default();
                calc_next_block_base_fee(parent.gas_used, GAS_LIMIT, base_fee, BaseFeeParams::ethereum())
            })),
            withdrawals_root: Some(alloy_trie::EMPTY_ROOT_HASH),
            blob_gas_used: cancun.then_some(blob_gas),
            excess_blob_gas: cancun.then(|| self.excess_blob_gas(parent, timestamp)),
            parent_beacon_block_root: cancun.then(|| noise("beacon root")),
            requests_hash: prague.then_some(EMPTY_REQUESTS_HASH),
            ..Header::default()
        }
    }

    /// EIP-4844 and its successors; the parameters are those of the new block.
    fn excess_blob_gas(&self, parent: Option<&Sealed<Header>>, time: u64) -> u64 {
        let Some((parent, excess)) = parent.and_then(|parent| Some((parent, parent.excess_blob_gas?))) else {
            return self.config.excess_blob_gas;
        };
        let base_fee = parent.base_fee_per_gas.unwrap_or_default();
        self.blob_params(time).next_block_excess_blob_gas_osaka(
            excess,
            parent.blob_gas_used.unwrap_or_default(),
            base_fee,
        )
    }
}

/// The receipts' encodings, the bloom of all logs, and the gas used: as much as each transaction asks for at most, less a
/// twentieth.
fn receipts(transactions: &[L1Transaction]) -> (Vec<Bytes>, Bloom, u64) {
    let (mut gas_used, mut bloom) = (0, Bloom::ZERO);
    let receipts = transactions.iter().map(|transaction| {
        gas_used += transaction.envelope.gas_limit() / 20 * 19;
        let receipt = receipt(transaction, gas_used);
        bloom |= *receipt.logs_bloom();
        Bytes::from(receipt.encoded_2718())
    });
    (receipts.collect(), bloom, gas_used)
}

fn receipt(transaction: &L1Transaction, cumulative_gas_used: u64) -> ReceiptEnvelope {
    let logs_bloom = logs_bloom(&transaction.logs);
    let status = Eip658Value::Eip658(transaction.success);
    let receipt = Receipt { status, cumulative_gas_used, logs: transaction.logs.clone() };
    ReceiptEnvelope::from_typed(transaction.envelope.tx_type(), ReceiptWithBloom { receipt, logs_bloom })
}
