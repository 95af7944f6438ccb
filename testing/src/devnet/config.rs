//! What a devnet is made from: one TOML file. The same file gives the same chain, to the byte.
//!
//! Every key has a default, so that an empty file is a chain with all forks up to Isthmus from genesis on.

use alloy_primitives::U256;
use serde::{Deserialize, Serialize};
use unroll_protocol::{
    forks::{Fork, ForkTimes},
    system_config::FeeScalars,
};

/// The time of both genesis blocks, in seconds since the Unix epoch.
pub const GENESIS_TIME: u64 = 1_750_000_000;

/// A devnet's file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DevnetConfig {
    /// All chance in the chain comes from it.
    pub seed: u64,
    /// The layer below.
    pub l1: L1Config,
    /// The rollup.
    pub l2: L2Config,
    /// When the rollup's forks activate.
    pub forks: ForkConfig,
    /// How blocks get to L1.
    pub batcher: BatcherConfig,
    /// What users do.
    pub traffic: TrafficConfig,
    /// Where batches may lie beside L1, if they may.
    pub alt_da: Option<AltDaWindows>,
}

/// How many L1 blocks there are to challenge a commitment, and to answer a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the protocol's words")]
pub struct AltDaWindows {
    pub challenge_window: u64,
    pub resolve_window: u64,
}

/// The L1 chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct L1Config {
    /// Its id.
    pub chain_id: u64,
    /// Seconds in a slot.
    pub block_time: u64,
    /// Per mille of slots without a block.
    pub missed_slots: u64,
    /// What the blob market starts with, in blob gas: a low number makes blobs cost 1 wei.
    pub excess_blob_gas: u64,
    /// When Cancun activates, in seconds after genesis; `None`: from genesis on.
    pub cancun: Option<u64>,
    /// Later forks and blob parameter changes, oldest first.
    pub blob_forks: Vec<BlobFork>,
}

/// An L1 fork that changes the blob market.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlobFork {
    /// As geth's config calls it: `prague`, `osaka`, `bpo1` to `bpo5`.
    pub name: String,
    /// Seconds after genesis.
    pub after: u64,
    /// Blobs in a block at which the price stays.
    pub target: u64,
    /// Most blobs in a block.
    pub max: u64,
    /// How slowly the price follows.
    pub update_fraction: u64,
}

/// The rollup's constants, and the system config that it starts with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct L2Config {
    /// Its id.
    pub chain_id: u64,
    /// Seconds between blocks.
    pub block_time: u64,
    /// In L1 blocks.
    pub seq_window_size: u64,
    /// In L1 blocks, before Granite.
    pub channel_timeout: u64,
    /// In seconds, before Fjord.
    pub max_sequencer_drift: u64,
    /// Of each block.
    pub gas_limit: u64,
    /// Weight of the L1 base fee, in millionths.
    pub base_fee_scalar: u32,
    /// Weight of the L1 blob base fee, in millionths.
    pub blob_base_fee_scalar: u32,
    /// See [`OperatorFee`](unroll_protocol::system_config::OperatorFee).
    pub operator_fee_scalar: u32,
    /// See [`OperatorFee`](unroll_protocol::system_config::OperatorFee).
    pub operator_fee_constant: u64,
    /// When the Pectra blob-schedule fix ends, in seconds after genesis.
    pub pectra_blob_schedule: Option<u64>,
}

/// Seconds after genesis at which each fork activates; `None` is never. A fork before one that is set must be set too.
///
/// In a file, a fork that is absent is `None`; if all of `[forks]` is absent, it is the default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default = "ForkConfig::none", deny_unknown_fields)]
#[expect(missing_docs, reason = "the names are the forks'")]
pub struct ForkConfig {
    pub regolith: Option<u64>,
    pub canyon: Option<u64>,
    pub delta: Option<u64>,
    pub ecotone: Option<u64>,
    pub fjord: Option<u64>,
    pub granite: Option<u64>,
    pub holocene: Option<u64>,
    pub isthmus: Option<u64>,
    pub jovian: Option<u64>,
    pub karst: Option<u64>,
}

/// How batches are written. What a fork does not admit yet is written the way that it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BatcherConfig {
    /// Singular batches, or spans from Delta on.
    pub batch: BatchKind,
    /// Calldata, or blobs from Ecotone on.
    pub da: DaKind,
    /// Zlib, or Brotli from Fjord on.
    pub compression: CompressionKind,
    /// 0 to 10 for zlib, 0 to 11 for Brotli.
    pub level: u8,
    /// Most blocks in one batch.
    pub blocks_per_batch: usize,
    /// L1 blocks whose L2 blocks go into one channel.
    pub l1_blocks_per_channel: u64,
    /// Most bytes of data in a frame.
    pub frame_bytes: usize,
    /// Most frames in a transaction's calldata; a blob holds one.
    pub frames_per_transaction: usize,
    /// Most blobs in a transaction.
    pub blobs_per_transaction: usize,
}

/// See [`BatcherConfig::batch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the protocol's words")]
pub enum BatchKind {
    Singular,
    Span,
}

/// See [`BatcherConfig::da`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the protocol's words")]
pub enum DaKind {
    Calldata,
    Blobs,
    /// One channel this way, the next one that way.
    Both,
    /// Commitments in calldata; their inputs are kept beside L1.
    AltDa,
}

/// See [`BatcherConfig::compression`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the protocol's words")]
pub enum CompressionKind {
    Zlib,
    Brotli,
}

/// What users do, per mille of blocks or as counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrafficConfig {
    /// Most transactions in a block.
    pub transactions: u64,
    /// Kinds of transactions with their weights; an empty list stands for all kinds alike.
    pub mix: Vec<(super::traffic::Kind, u64)>,
    /// Per mille of L1 blocks with deposits.
    pub deposits: u64,
    /// Per mille of L1 blocks with a change of the system config.
    pub config_updates: u64,
}

impl Default for L1Config {
    fn default() -> Self {
        Self {
            chain_id: 7_777_000,
            block_time: 12,
            missed_slots: 0,
            excess_blob_gas: 0,
            cancun: None,
            blob_forks: Vec::new(),
        }
    }
}

impl Default for L2Config {
    fn default() -> Self {
        Self {
            chain_id: 7_777_001,
            block_time: 2,
            seq_window_size: 20,
            channel_timeout: 12,
            max_sequencer_drift: 600,
            gas_limit: 30_000_000,
            base_fee_scalar: 1_000,
            blob_base_fee_scalar: 800,
            operator_fee_scalar: 0,
            operator_fee_constant: 0,
            pectra_blob_schedule: None,
        }
    }
}

impl Default for ForkConfig {
    fn default() -> Self {
        Self::until(Fork::Isthmus)
    }
}

impl Default for BatcherConfig {
    fn default() -> Self {
        Self {
            batch: BatchKind::Span,
            da: DaKind::Calldata,
            compression: CompressionKind::Brotli,
            level: 9,
            blocks_per_batch: 100,
            l1_blocks_per_channel: 1,
            frame_bytes: 100_000,
            frames_per_transaction: 1,
            blobs_per_transaction: 6,
        }
    }
}

impl Default for TrafficConfig {
    fn default() -> Self {
        Self { transactions: 3, mix: Vec::new(), deposits: 300, config_updates: 0 }
    }
}

impl DevnetConfig {
    /// Reads the file. It may leave out everything; what it says must be known.
    pub fn from_toml(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// When the forks activate on the chain's clock. Bedrock's genesis on OP Mainnet was a transition; here it is block 0.
    pub(super) fn fork_times(&self) -> ForkTimes {
        let mut times = ForkTimes::NONE;
        for (fork, after) in self.forks.list() {
            if let Some(after) = after {
                times = times.with(fork, if after == 0 { 0 } else { GENESIS_TIME + after });
            }
        }
        times.pectra_blob_schedule = self.l2.pectra_blob_schedule.map(|after| GENESIS_TIME + after);
        times
    }

    /// The fee scalar that the chain starts with: a plain number before Ecotone, two packed ones from it.
    pub(super) fn scalar(&self) -> U256 {
        let (base_fee, blob_base_fee) = (self.l2.base_fee_scalar, self.l2.blob_base_fee_scalar);
        match self.forks.ecotone {
            Some(0) => FeeScalars { base_fee, blob_base_fee }.encode(),
            _ => U256::from(base_fee),
        }
    }
}

impl ForkConfig {
    /// All forks up to this one from genesis on, no later one.
    pub fn until(last: Fork) -> Self {
        let mut config = Self::none();
        for fork in Fork::ALL.into_iter().filter(|fork| *fork <= last) {
            config.set(fork, Some(0));
        }
        config
    }

    /// Bedrock alone.
    pub const fn none() -> Self {
        Self {
            regolith: None,
            canyon: None,
            delta: None,
            ecotone: None,
            fjord: None,
            granite: None,
            holocene: None,
            isthmus: None,
            jovian: None,
            karst: None,
        }
    }

    /// The same with another time of this fork.
    #[must_use]
    pub fn with(mut self, fork: Fork, after: u64) -> Self {
        self.set(fork, Some(after));
        self
    }

    /// Sets the time of a fork that has one: not of Bedrock, nor of what is not supported yet.
    pub fn set(&mut self, fork: Fork, after: Option<u64>) {
        let field = match fork {
            Fork::Bedrock | Fork::Lagoon => return,
            Fork::Regolith => &mut self.regolith,
            Fork::Canyon => &mut self.canyon,
            Fork::Delta => &mut self.delta,
            Fork::Ecotone => &mut self.ecotone,
            Fork::Fjord => &mut self.fjord,
            Fork::Granite => &mut self.granite,
            Fork::Holocene => &mut self.holocene,
            Fork::Isthmus => &mut self.isthmus,
            Fork::Jovian => &mut self.jovian,
            Fork::Karst => &mut self.karst,
        };
        *field = after;
    }

    /// Every fork with its time, oldest first.
    pub const fn list(&self) -> [(Fork, Option<u64>); 10] {
        [
            (Fork::Regolith, self.regolith),
            (Fork::Canyon, self.canyon),
            (Fork::Delta, self.delta),
            (Fork::Ecotone, self.ecotone),
            (Fork::Fjord, self.fjord),
            (Fork::Granite, self.granite),
            (Fork::Holocene, self.holocene),
            (Fork::Isthmus, self.isthmus),
            (Fork::Jovian, self.jovian),
            (Fork::Karst, self.karst),
        ]
    }
}
