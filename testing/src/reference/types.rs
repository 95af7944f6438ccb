//! What goes into the derivation by the rules, and what comes out.

use alloy_primitives::{B256, Bytes, Keccak256};
use unroll_protocol::{
    config::RollupConfig,
    l1_info::L1Fees,
    system_config::{ConfigUpdate, SystemConfig},
    units::{BlockId, L1Ref},
};

/// An L1 block as derivation reads it: what is ours in it, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct L1Block {
    /// The block.
    pub origin: L1Ref,
    /// What its header says about fees.
    pub fees: L1Fees,
    /// Updates of the system config, in log order.
    pub updates: Vec<ConfigUpdate>,
    /// User deposits, as L2 transactions.
    pub deposits: Vec<Bytes>,
    /// Batcher payloads, in order.
    pub data: Vec<Bytes>,
}

/// An L2 block, as far as derivation decides it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its number.
    pub number: u64,
    /// Its fake hash: [`Block::fake_hash`].
    pub hash: B256,
    /// The hash of the block before it.
    pub parent_hash: B256,
    /// Its timestamp.
    pub time: u64,
    /// Its L1 origin.
    pub origin: BlockId,
    /// Its place in the epoch.
    pub sequence_number: u64,
    /// The attributes copy of the system config that it was built with.
    pub system: SystemConfig,
    /// User deposits.
    pub deposits: Vec<Bytes>,
    /// The batch's transactions.
    pub transactions: Vec<Bytes>,
    /// Whether it replaces a payload that was refused (H-011).
    pub deposits_only: bool,
}

impl Block {
    /// Nobody executes anything here: a block's hash commits to what derivation decided about it.
    pub fn fake_hash(
        parent_hash: B256,
        time: u64,
        origin: BlockId,
        sequence_number: u64,
        transactions: &[Bytes],
    ) -> B256 {
        let mut hasher = Keccak256::new();
        hasher.update(parent_hash);
        hasher.update(time.to_be_bytes());
        hasher.update(origin.hash);
        hasher.update(sequence_number.to_be_bytes());
        for transaction in transactions {
            hasher.update(transaction.len().to_be_bytes());
            hasher.update(transaction);
        }
        hasher.finalize()
    }

    /// The same block with its hash computed.
    pub fn sealed(mut self) -> Self {
        self.hash = Self::fake_hash(
            self.parent_hash,
            self.time,
            self.origin,
            self.sequence_number,
            &self.transactions,
        );
        self
    }

    /// The first block of a chain.
    pub fn genesis(cfg: &RollupConfig) -> Self {
        Self {
            number: cfg.genesis.l2.number,
            hash: cfg.genesis.l2.hash,
            parent_hash: B256::ZERO,
            time: cfg.genesis.l2_time.0,
            origin: cfg.genesis.l1,
            sequence_number: 0,
            system: cfg.genesis.system_config,
            deposits: Vec::new(),
            transactions: Vec::new(),
            deposits_only: false,
        }
    }
}

/// A batch, plainly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Batch {
    /// One L2 block.
    Singular(Singular),
    /// A run of L2 blocks.
    Span(Span),
}

/// What a singular batch says (E-030).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Singular {
    /// The hash of the block to build on.
    pub parent_hash: B256,
    /// The L1 origin.
    pub epoch: BlockId,
    /// The block's timestamp.
    pub time: u64,
    /// The block's transactions.
    pub transactions: Vec<Bytes>,
}

/// What a span batch says (E-040).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The start of the hash of the block to build on.
    pub parent_check: [u8; 20],
    /// The start of the hash of the last block's L1 origin.
    pub l1_origin_check: [u8; 20],
    /// At least one.
    pub blocks: Vec<SpanBlock>,
}

/// A block of a span batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpanBlock {
    /// The block's timestamp (E-051).
    pub time: u64,
    /// The number of its L1 origin (E-052).
    pub epoch: u64,
    /// The block's transactions.
    pub transactions: Vec<Bytes>,
}

/// Why derivation came to its end, with the rule that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All L1 blocks are read (B-002).
    OutOfL1,
    /// L1 contradicts what was built on.
    Reset(&'static str),
    /// Nothing can follow.
    Critical(&'static str),
}

/// What an L1 history means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derived {
    /// The blocks after the agreed one, oldest first.
    pub blocks: Vec<Block>,
    /// All blocks that were executed, those of voided spans too, each with the number of the L1 block that was being read.
    pub executed: Vec<(Block, u64)>,
    /// Why there are no more.
    pub end: End,
}
