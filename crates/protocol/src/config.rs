//! What a chain is: the static inputs of derivation and execution.

use crate::{
    blob_schedule::{BlobSchedule, CANCUN_UPDATE_FRACTION},
    forks::{ExecutionRules, Fork, ForkTimes, L1InfoFormat},
    system_config::SystemConfig,
    units::{BlockId, L1Time, L2Time, Seconds},
    upgrades,
};
use alloy_eips::eip4844::fake_exponential;
use alloy_primitives::{Address, B256, U256};

/// The anchor points of a rollup and the system config that it started with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Genesis {
    /// The L1 block that the rollup starts from.
    pub l1: BlockId,
    /// The first L2 block; its number need not be 0.
    pub l2: BlockId,
    /// The timestamp of the first L2 block.
    pub l2_time: L2Time,
    /// The system config in force in the first L2 block.
    pub system_config: SystemConfig,
}

/// The EIP-1559 constants of a chain (I-061); 6, 50 and 250 on OP Mainnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BaseFeeConstants {
    /// Gas limit divided by gas target.
    pub elasticity: u32,
    /// Maximal change of the base fee per block, as a divisor, before Canyon.
    pub denominator: u32,
    /// The same from Canyon.
    pub denominator_canyon: u32,
}

impl BaseFeeConstants {
    /// OP Mainnet's, and the default of the OP Stack.
    pub const OP_MAINNET: Self = Self { elasticity: 6, denominator: 50, denominator_canyon: 250 };
}

impl Default for BaseFeeConstants {
    fn default() -> Self {
        Self::OP_MAINNET
    }
}

/// How batcher payloads are committed to when they are not on L1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DaCommitment {
    /// The keccak256 of the data, which can be challenged.
    Keccak,
    /// Whatever the DA layer uses.
    Generic,
}

/// Data availability outside of L1. A chain without it takes its data from L1 alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AltDaConfig {
    /// The DataAvailabilityChallenge contract; zero where commitments are generic.
    pub challenge_contract: Address,
    /// What stands on L1 in place of the data.
    pub commitment: DaCommitment,
    /// How many L1 blocks there are to challenge a commitment.
    pub challenge_window: u64,
    /// How many L1 blocks there are to answer a challenge.
    pub resolve_window: u64,
}

/// A rollup and the L1 chain that it lives on, as plain values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RollupConfig {
    /// Where the chain starts.
    pub genesis: Genesis,
    /// Seconds between L2 blocks.
    pub block_time: Seconds,
    /// How far L2 time may run ahead of its L1 origin, before Fjord.
    pub max_sequencer_drift: Seconds,
    /// How many L1 blocks a batch has to appear in.
    pub seq_window_size: u64,
    /// How many L1 blocks a channel may stay open, before Granite.
    pub channel_timeout: u64,
    /// The L1 chain's id.
    pub l1_chain_id: u64,
    /// The L2 chain's id.
    pub l2_chain_id: u64,
    /// When each fork activates.
    pub forks: ForkTimes,
    /// Where batcher transactions go on L1.
    pub batch_inbox: Address,
    /// The OptimismPortal on L1, which emits deposits.
    pub deposit_contract: Address,
    /// The SystemConfig contract on L1, which emits config updates.
    pub l1_system_config: Address,
    /// How the base fee moves where no header says otherwise.
    pub base_fee: BaseFeeConstants,
    /// Whether the gas limit that the Karst upgrade transactions needed stays in force.
    pub keep_karst_upgrade_gas: bool,
    /// Data availability outside of L1, if the chain uses it.
    pub alt_da: Option<AltDaConfig>,
    /// How L1 prices blobs (G-032).
    pub l1_blob_schedule: BlobSchedule,
}

/// A config that no chain can run with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// a value that must not be zero.
    #[error("the config's {0} is zero")]
    Zero(&'static str),
    ///
    #[error("the sequencing window has {0} L1 blocks, at least 2")]
    SequencingWindow(u64),
    ///
    #[error("the genesis blocks of L1 and L2 are the same")]
    SameGenesis,
    ///
    #[error("the chain ids of L1 and L2 are the same")]
    SameChainId,
    ///
    #[error("{later} is set but {earlier} is not, or is set to later")]
    ForkOrder {
        /// What must come first.
        earlier: Fork,
        /// What must not come before it.
        later: Fork,
    },
    /// A-015, G-055: a fork whose rules and upgrade transactions this library does not have.
    #[error("{0} is scheduled, which is not supported")]
    Unsupported(Fork),
    ///
    #[error("fjord activates in the block that ecotone activates in")]
    FjordWithEcotone,
    /// G-032: the steps of the blob schedule are not in order of time.
    #[error("the blob schedule of L1 is out of order")]
    BlobSchedule,
}

impl RollupConfig {
    /// How many L1 blocks below its head whoever starts anew looks for a safe block that nothing on L1 can void any more: a
    /// sequencing window; with alt-DA, both windows of a challenge more (B-046).
    pub fn sync_lookback(&self) -> u64 {
        let windows = self.alt_da.map_or(0, |da| da.challenge_window.saturating_add(da.resolve_window));
        self.seq_window_size.saturating_add(windows)
    }

    /// Refuses what cannot work. Whoever got the config from outside calls this before using it.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.check_values()?;
        if self.seq_window_size < 2 {
            return Err(ConfigError::SequencingWindow(self.seq_window_size));
        }
        if self.genesis.l1.hash == self.genesis.l2.hash {
            return Err(ConfigError::SameGenesis);
        }
        if self.l1_chain_id == self.l2_chain_id {
            return Err(ConfigError::SameChainId);
        }
        if let Some((earlier, later)) = self.forks.disorder() {
            return Err(ConfigError::ForkOrder { earlier, later });
        }
        if self.forks.time(Fork::Lagoon).is_some() {
            return Err(ConfigError::Unsupported(Fork::Lagoon));
        }
        // not at genesis, and not in the same block.
        let block = |fork| self.forks.activation_block(fork, self.genesis.l2_time, self.block_time);
        if block(Fork::Fjord).is_some_and(|fjord| fjord > 0 && block(Fork::Ecotone) == Some(fjord)) {
            return Err(ConfigError::FjordWithEcotone);
        }
        let sorted = self.l1_blob_schedule.steps.is_sorted_by_key(|step| step.0);
        sorted.then_some(()).ok_or(ConfigError::BlobSchedule)
    }

    /// A-002, and the divisors of the base fee.
    fn check_values(&self) -> Result<(), ConfigError> {
        let genesis = &self.genesis;
        // without a contract nobody could challenge a commitment that can be challenged; op-node refuses that too.
        let fit = |c: AltDaConfig| c.commitment == DaCommitment::Generic || !c.challenge_contract.is_zero();
        let present = [
            ("block_time", self.block_time > 0),
            ("channel_timeout", self.channel_timeout > 0),
            ("max_sequencer_drift", self.max_sequencer_drift > 0),
            ("genesis.l1.hash", genesis.l1.hash != B256::ZERO),
            ("genesis.l2.hash", genesis.l2.hash != B256::ZERO),
            ("genesis.l2_time", genesis.l2_time.0 > 0),
            ("genesis.system_config.batcherAddr", genesis.system_config.batcher != Address::ZERO),
            ("genesis.system_config.scalar", genesis.system_config.scalar != U256::ZERO),
            ("genesis.system_config.gasLimit", genesis.system_config.gas_limit > 0),
            ("batch_inbox_address", self.batch_inbox != Address::ZERO),
            ("deposit_contract_address", self.deposit_contract != Address::ZERO),
            ("l1_chain_id", self.l1_chain_id > 0),
            ("l2_chain_id", self.l2_chain_id > 0),
            ("alt_da.da_challenge_window", self.alt_da.is_none_or(|da| da.challenge_window > 0)),
            ("alt_da.da_resolve_window", self.alt_da.is_none_or(|da| da.resolve_window > 0)),
            ("alt_da.da_challenge_contract_address", self.alt_da.is_none_or(fit)),
            ("chain_op_config.eip1559Elasticity", self.base_fee.elasticity > 0),
            ("chain_op_config.eip1559Denominator", self.base_fee.denominator > 0),
            ("chain_op_config.eip1559DenominatorCanyon", self.base_fee.denominator_canyon > 0),
        ];
        present.iter().find(|(_, present)| !present).map_or(Ok(()), |&(name, _)| Err(ConfigError::Zero(name)))
    }

    /// The time of the L2 block with this number; it saturates. `None`: before genesis.
    pub fn time_of(&self, number: u64) -> Option<L2Time> {
        let blocks = number.checked_sub(self.genesis.l2.number)?;
        Some(self.genesis.l2_time.plus(blocks.saturating_mul(self.block_time)))
    }

    /// The forks that the L2 block at `time` activates. Genesis activates none (A-005, G-057).
    pub fn activating(&self, time: L2Time) -> impl Iterator<Item = Fork> + '_ {
        self.forks.activating(time, self.block_time).filter(move |_| time > self.genesis.l2_time)
    }

    /// Whether the L2 block at `time` may hold deposits only, for the sake of a fork that it activates (F-020).
    pub fn must_be_empty(&self, time: L2Time) -> bool {
        self.activating(time).any(|fork| ExecutionRules::of(fork).empty_activation_block)
    }

    /// What upgrade transactions add to the gas limit of the L2 block at `time` (G-041, A-046).
    pub fn upgrade_gas(&self, time: L2Time) -> u64 {
        self.activating(time).map(upgrades::extra_gas).sum()
    }

    /// The format of the L1 info in the L2 block at `time`: the one that was in force in the slot before, because the
    /// contract is upgraded later in the block. That also holds where several forks activate at once (G-030).
    pub fn l1_info_format(&self, time: L2Time) -> L1InfoFormat {
        let ruling = if time > self.genesis.l2_time { time.minus(self.block_time) } else { None };
        self.forks.execution(ruling.unwrap_or(time)).l1_info
    }

    /// What a unit of blob gas costs, in wei, in an L1 block with this header (G-032, G-033); 1 before blobs. It
    /// saturates.
    pub fn blob_base_fee(&self, excess_blob_gas: Option<u64>, origin: L1Time) -> u128 {
        let fraction = if self.forks.prices_blobs_as_cancun(origin) {
            CANCUN_UPDATE_FRACTION
        } else {
            self.l1_blob_schedule.update_fraction(origin)
        };
        excess_blob_gas.map_or(1, |excess| fake_exponential(1, excess.into(), fraction.get().into()))
    }
}
