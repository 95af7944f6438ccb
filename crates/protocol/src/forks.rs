//! When each network upgrade is active, and what it changed: the only file that compares a time with a fork.
//!
//! Two tables, keyed by two clocks (checklist, section 0): [`DerivationRules`] by the time of an **L1** block,
//! [`ExecutionRules`] by the time of an **L2** block. A row lists only what its fork changed. Code asks for a behaviour
//! (`if rules.strict_ordering`), never for a name or a time.
//!
//! Which L1 block's time to ask with differs by rule: the block being read, the batch's own origin, or the block that
//! holds a log. The field docs say which.

use crate::units::{L1Time, L2Time, Seconds};

/// The network upgrades in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are the documentation: specs, protocol/superchain-upgrades.md")]
pub enum Fork {
    Bedrock,
    Regolith,
    Canyon,
    Delta,
    Ecotone,
    Fjord,
    Granite,
    Holocene,
    Isthmus,
    Jovian,
    Karst,
    Lagoon,
}

impl Fork {
    /// Every fork, oldest first.
    pub const ALL: [Self; 12] = [
        Self::Bedrock,
        Self::Regolith,
        Self::Canyon,
        Self::Delta,
        Self::Ecotone,
        Self::Fjord,
        Self::Granite,
        Self::Holocene,
        Self::Isthmus,
        Self::Jovian,
        Self::Karst,
        Self::Lagoon,
    ];

    /// The name in lower case, as configs and people write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bedrock => "bedrock",
            Self::Regolith => "regolith",
            Self::Canyon => "canyon",
            Self::Delta => "delta",
            Self::Ecotone => "ecotone",
            Self::Fjord => "fjord",
            Self::Granite => "granite",
            Self::Holocene => "holocene",
            Self::Isthmus => "isthmus",
            Self::Jovian => "jovian",
            Self::Karst => "karst",
            Self::Lagoon => "lagoon",
        }
    }
}

impl core::fmt::Display for Fork {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

/// The activation time of each fork, in seconds since the Unix epoch; `None` is never, 0 is from genesis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ForkTimes {
    /// `times[fork as usize]`; Bedrock's entry is always `Some(0)` in effect and is not read.
    times: [Option<u64>; Fork::ALL.len()],
    /// The Pectra blob-schedule fix: a side switch outside the order of forks (A-004, G-033).
    pub pectra_blob_schedule: Option<u64>,
}

impl ForkTimes {
    /// No fork but Bedrock.
    pub const NONE: Self = Self { times: [None; Fork::ALL.len()], pectra_blob_schedule: None };

    /// The same with `fork` active from `time`.
    pub const fn with(mut self, fork: Fork, time: u64) -> Self {
        self.times[fork as usize] = Some(time);
        self
    }

    /// The same with the Pectra blob-schedule fix until `time`.
    pub const fn with_pectra_blob_schedule(mut self, time: u64) -> Self {
        self.pectra_blob_schedule = Some(time);
        self
    }

    /// When `fork` activates, as configured.
    pub const fn time(&self, fork: Fork) -> Option<u64> {
        match fork {
            Fork::Bedrock => Some(0),
            _ => self.times[fork as usize],
        }
    }

    /// Whether the chain will ever have post-execution transactions (E-056).
    pub const fn has_post_execution(&self) -> bool {
        self.time(Fork::Lagoon).is_some()
    }

    /// The fork pair that breaks the order, if any: a later fork may neither be set while an earlier one is unset nor be
    /// earlier than it.
    pub fn disorder(&self) -> Option<(Fork, Fork)> {
        Fork::ALL.windows(2).map(|w| (w[0], w[1])).find(|&(a, b)| match (self.time(a), self.time(b)) {
            (None, Some(_)) => true,
            (Some(a), Some(b)) => b < a,
            _ => false,
        })
    }

    /// The rules of derivation for an L1 block of this time.
    pub fn derivation(&self, time: L1Time) -> &'static DerivationRules {
        DerivationRules::of(self.latest(time.0))
    }

    /// The rules of execution for an L2 block of this time.
    pub fn execution(&self, time: L2Time) -> &'static ExecutionRules {
        ExecutionRules::of(self.latest(time.0))
    }

    /// The forks whose activation block is the L2 block at `time`: active there, and not one slot earlier.
    /// Never true of genesis, whose slot has no predecessor: the caller asks for blocks above genesis only.
    pub fn activating(&self, time: L2Time, block_time: Seconds) -> impl Iterator<Item = Fork> + '_ {
        let before = time.minus(block_time);
        Fork::ALL.into_iter().skip(1).filter(move |&fork| {
            self.is_active(fork, time.0) && before.is_none_or(|before| !self.is_active(fork, before.0))
        })
    }

    /// The first block in which `fork` is active, counted from genesis, which is block 0. `None`: never.
    pub fn activation_block(&self, fork: Fork, genesis: L2Time, block_time: Seconds) -> Option<u64> {
        let wait = self.time(fork)?.saturating_sub(genesis.0);
        Some(if block_time == 0 { 0 } else { wait.div_ceil(block_time) })
    }

    /// Whether L1 origins of this time are still priced with Cancun's blob schedule (G-033).
    pub fn prices_blobs_as_cancun(&self, origin: L1Time) -> bool {
        self.pectra_blob_schedule.is_some_and(|fix| origin.0 < fix)
    }

    /// active from its time on. As configs are in order, the latest active fork implies all before it.
    fn is_active(&self, fork: Fork, time: u64) -> bool {
        self.time(fork).is_some_and(|at| time >= at)
    }

    fn latest(&self, time: u64) -> Fork {
        Fork::ALL.into_iter().rev().find(|&fork| self.is_active(fork, time)).unwrap_or(Fork::Bedrock)
    }
}

/// What derivation does, by the time of an L1 block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DerivationRules {
    /// The fork whose row this is.
    pub fork: Fork,
    /// Any ready channel may be read, not just the first (D-014). Clock: the L1 block being read.
    pub scan_all_channels: bool,
    /// Span batches are admitted. Clock: the L1 block being read for E-026, the batch's own origin for F-040.
    pub span_batches: bool,
    /// Batcher transactions may carry blobs (B-016). Clock: the L1 block being read.
    pub blobs: bool,
    /// A fee-scalar update is a versioned encoding and the overhead is gone. Clock: the block of the log.
    pub versioned_scalar: bool,
    /// Channels may be compressed with Brotli (E-002). Clock: the L1 block in which the channel completed.
    pub brotli: bool,
    /// How many decompressed bytes of a channel count (E-010), and how large a staged channel may grow (D-023).
    pub max_rlp_bytes_per_channel: usize,
    /// How many bytes the channel bank may hold (D-010).
    pub max_channel_bank_bytes: u64,
    /// The sequencer drift that replaced the configured one. Clock: the batch's own origin.
    pub max_sequencer_drift: Option<Seconds>,
    /// The channel timeout, in L1 blocks, that replaced the configured one (A-011, D-002). Clock: the L1 block being read.
    pub channel_timeout: Option<u64>,
    /// Frames, channels and batches come strictly in order, one channel at a time, and an invalid payload is replaced by
    /// its deposits (C-010, D-020, F-070, H-011, H-012). Clock: the L1 block being read.
    pub strict_ordering: bool,
}

impl DerivationRules {
    const BEDROCK: Self = Self {
        fork: Fork::Bedrock,
        scan_all_channels: false,
        span_batches: false,
        blobs: false,
        versioned_scalar: false,
        brotli: false,
        max_rlp_bytes_per_channel: 10_000_000,
        max_channel_bank_bytes: 100_000_000,
        max_sequencer_drift: None,
        channel_timeout: None,
        strict_ordering: false,
    };
    const REGOLITH: Self = Self { fork: Fork::Regolith, ..Self::BEDROCK };
    const CANYON: Self = Self { fork: Fork::Canyon, scan_all_channels: true, ..Self::REGOLITH };
    const DELTA: Self = Self { fork: Fork::Delta, span_batches: true, ..Self::CANYON };
    const ECOTONE: Self = Self { fork: Fork::Ecotone, blobs: true, versioned_scalar: true, ..Self::DELTA };
    const FJORD: Self = Self {
        fork: Fork::Fjord,
        brotli: true,
        max_rlp_bytes_per_channel: 100_000_000,
        max_channel_bank_bytes: 1_000_000_000,
        max_sequencer_drift: Some(1_800),
        ..Self::ECOTONE
    };
    const GRANITE: Self = Self { fork: Fork::Granite, channel_timeout: Some(50), ..Self::FJORD };
    const HOLOCENE: Self = Self { fork: Fork::Holocene, strict_ordering: true, ..Self::GRANITE };
    const ISTHMUS: Self = Self { fork: Fork::Isthmus, ..Self::HOLOCENE };
    const JOVIAN: Self = Self { fork: Fork::Jovian, ..Self::ISTHMUS };
    const KARST: Self = Self { fork: Fork::Karst, ..Self::JOVIAN };
    const LAGOON: Self = Self { fork: Fork::Lagoon, ..Self::KARST };

    const fn of(fork: Fork) -> &'static Self {
        match fork {
            Fork::Bedrock => &Self::BEDROCK,
            Fork::Regolith => &Self::REGOLITH,
            Fork::Canyon => &Self::CANYON,
            Fork::Delta => &Self::DELTA,
            Fork::Ecotone => &Self::ECOTONE,
            Fork::Fjord => &Self::FJORD,
            Fork::Granite => &Self::GRANITE,
            Fork::Holocene => &Self::HOLOCENE,
            Fork::Isthmus => &Self::ISTHMUS,
            Fork::Jovian => &Self::JOVIAN,
            Fork::Karst => &Self::KARST,
            Fork::Lagoon => &Self::LAGOON,
        }
    }
}

/// The calldata format of the L1-info deposit (G-026 to G-029).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "named after the fork that introduced each")]
pub enum L1InfoFormat {
    #[default]
    Bedrock,
    Ecotone,
    Isthmus,
    Jovian,
}

/// What the header's extra data holds (I-045).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtraData {
    /// Nothing.
    Empty,
    /// Holocene: version 0, denominator, elasticity (9 bytes).
    Eip1559,
    /// Jovian: version 1, denominator, elasticity, minimum base fee (17 bytes).
    Eip1559AndMinBaseFee,
}

/// What an L2 block is, by its own timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExecutionRules {
    /// The fork whose row this is.
    pub fork: Fork,
    /// The L1-info deposit's format, one block delayed at an activation (G-030).
    pub l1_info: L1InfoFormat,
    /// Deposits report the gas that they used, and the L1-info deposit is no system transaction (G-025, I-008).
    pub metered_deposits: bool,
    /// Attributes and header have a withdrawals list (G-042, I-041).
    pub withdrawals: bool,
    /// Deposit receipts carry the nonce and its version in the receipts root (I-010, I-011).
    pub deposit_nonce_in_receipt: bool,
    /// The base fee moves with the Canyon denominator (I-061).
    pub canyon_base_fee: bool,
    /// The header has the parent beacon root and the two blob-gas fields, and EIP-4788 is called (I-042, I-043, I-081).
    pub beacon_root: bool,
    /// What the extra data holds; the base fee of the **next** block follows it (I-045, I-062, I-063, I-066).
    pub extra_data: ExtraData,
    /// EIP-7702 transactions are allowed (F-024, H-010).
    pub set_code_transactions: bool,
    /// Post-execution transactions (E-056).
    pub post_execution_transactions: bool,
    /// The header carries the message passer's storage root and the empty requests hash; EIP-2935 is called
    /// (I-041, I-044, I-082).
    pub withdrawals_root_in_header: bool,
    /// The header's blob gas is the block's DA footprint, which is limited by the gas limit (I-043, I-070, I-072).
    pub da_footprint: bool,
    /// The activation block of this fork may hold no batch transactions (F-020, I-102).
    pub empty_activation_block: bool,
}

impl ExecutionRules {
    const BEDROCK: Self = Self {
        fork: Fork::Bedrock,
        l1_info: L1InfoFormat::Bedrock,
        metered_deposits: false,
        withdrawals: false,
        deposit_nonce_in_receipt: false,
        canyon_base_fee: false,
        beacon_root: false,
        extra_data: ExtraData::Empty,
        set_code_transactions: false,
        post_execution_transactions: false,
        withdrawals_root_in_header: false,
        da_footprint: false,
        empty_activation_block: false,
    };
    const REGOLITH: Self = Self { fork: Fork::Regolith, metered_deposits: true, ..Self::BEDROCK };
    const CANYON: Self = Self {
        fork: Fork::Canyon,
        withdrawals: true,
        deposit_nonce_in_receipt: true,
        canyon_base_fee: true,
        ..Self::REGOLITH
    };
    const DELTA: Self = Self { fork: Fork::Delta, ..Self::CANYON };
    const ECOTONE: Self =
        Self { fork: Fork::Ecotone, l1_info: L1InfoFormat::Ecotone, beacon_root: true, ..Self::DELTA };
    const FJORD: Self = Self { fork: Fork::Fjord, ..Self::ECOTONE };
    const GRANITE: Self = Self { fork: Fork::Granite, ..Self::FJORD };
    const HOLOCENE: Self = Self { fork: Fork::Holocene, extra_data: ExtraData::Eip1559, ..Self::GRANITE };
    const ISTHMUS: Self = Self {
        fork: Fork::Isthmus,
        l1_info: L1InfoFormat::Isthmus,
        set_code_transactions: true,
        withdrawals_root_in_header: true,
        ..Self::HOLOCENE
    };
    const JOVIAN: Self = Self {
        fork: Fork::Jovian,
        l1_info: L1InfoFormat::Jovian,
        extra_data: ExtraData::Eip1559AndMinBaseFee,
        da_footprint: true,
        empty_activation_block: true,
        ..Self::ISTHMUS
    };
    const KARST: Self = Self { fork: Fork::Karst, ..Self::JOVIAN };
    const LAGOON: Self = Self { fork: Fork::Lagoon, post_execution_transactions: true, ..Self::KARST };

    /// The row of a fork.
    pub const fn of(fork: Fork) -> &'static Self {
        match fork {
            Fork::Bedrock => &Self::BEDROCK,
            Fork::Regolith => &Self::REGOLITH,
            Fork::Canyon => &Self::CANYON,
            Fork::Delta => &Self::DELTA,
            Fork::Ecotone => &Self::ECOTONE,
            Fork::Fjord => &Self::FJORD,
            Fork::Granite => &Self::GRANITE,
            Fork::Holocene => &Self::HOLOCENE,
            Fork::Isthmus => &Self::ISTHMUS,
            Fork::Jovian => &Self::JOVIAN,
            Fork::Karst => &Self::KARST,
            Fork::Lagoon => &Self::LAGOON,
        }
    }
}
