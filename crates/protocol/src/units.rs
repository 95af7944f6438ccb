//! Quantities that must not be mixed up: one newtype each.

use alloy_consensus::Header;
use alloy_primitives::B256;

/// A span of time in whole seconds.
pub type Seconds = u64;

/// The timestamp of an **L1** block, in seconds since the Unix epoch.
///
/// Derivation rules are gated by it. It is a type of its own so that asking a fork table with the wrong clock, or with a
/// block number, does not compile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct L1Time(pub u64);

/// The timestamp of an **L2** block, in seconds since the Unix epoch. Execution rules are gated by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct L2Time(pub u64);

impl L2Time {
    /// The time `seconds` later; saturates, because a sum that does not fit lies after every block that can exist.
    pub const fn plus(self, seconds: Seconds) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// The time `seconds` earlier, or `None` before the Unix epoch.
    pub const fn minus(self, seconds: Seconds) -> Option<Self> {
        match self.0.checked_sub(seconds) {
            Some(t) => Some(Self(t)),
            None => None,
        }
    }

    /// Whether this L2 time lies before an L1 time: the one comparison of the two clocks that the protocol knows
    /// (F-019, F-021, G-004).
    pub const fn is_before_l1(self, l1: L1Time) -> bool {
        self.0 < l1.0
    }
}

impl core::fmt::Display for L1Time {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}

impl core::fmt::Display for L2Time {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}

/// A block by number and hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct BlockId {
    /// The block's number.
    pub number: u64,
    /// The block's hash.
    pub hash: B256,
}

/// An L1 block as derivation refers to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct L1Ref {
    /// The block's number.
    pub number: u64,
    /// The block's hash.
    pub hash: B256,
    /// The hash of the block before it.
    pub parent_hash: B256,
    /// The block's timestamp.
    pub time: L1Time,
}

impl L1Ref {
    /// The block of this hash and header.
    pub const fn from_header(hash: B256, header: &Header) -> Self {
        let (number, parent_hash, time) = (header.number, header.parent_hash, L1Time(header.timestamp));
        Self { number, hash, parent_hash, time }
    }

    /// The block by number and hash alone.
    pub const fn id(&self) -> BlockId {
        BlockId { number: self.number, hash: self.hash }
    }
}

/// An L2 block as derivation refers to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct L2Ref {
    /// The block's number.
    pub number: u64,
    /// The block's hash.
    pub hash: B256,
    /// The hash of the block before it.
    pub parent_hash: B256,
    /// The block's timestamp.
    pub time: L2Time,
    /// The L1 block that it names as its origin (its epoch).
    pub l1_origin: BlockId,
    /// How many blocks of the same epoch came before it (G-005).
    pub sequence_number: u64,
}

impl L2Ref {
    /// The block by number and hash alone.
    pub const fn id(&self) -> BlockId {
        BlockId { number: self.number, hash: self.hash }
    }
}
