//! How L1 prices blobs over time (G-032, G-033).

use crate::units::L1Time;
use alloc::borrow::Cow;
use core::num::NonZeroU64;

/// How slowly the blob base fee follows the excess blob gas: the denominator of EIP-4844's exponent.
pub type UpdateFraction = NonZeroU64;

/// EIP-4844.
pub const CANCUN_UPDATE_FRACTION: UpdateFraction = NonZeroU64::new(3_338_477).expect("not zero");
/// EIP-7691; Osaka changed nothing about it.
pub const PRAGUE_UPDATE_FRACTION: UpdateFraction = NonZeroU64::new(5_007_716).expect("not zero");
/// EIP-7892, first change of blob parameters.
pub const BPO1_UPDATE_FRACTION: UpdateFraction = NonZeroU64::new(8_346_193).expect("not zero");
/// EIP-7892, second change of blob parameters.
pub const BPO2_UPDATE_FRACTION: UpdateFraction = NonZeroU64::new(11_684_671).expect("not zero");

/// The blob-base-fee update fraction of each L1 fork, by activation time.
///
/// Before the first step, and so always in an empty schedule, Cancun's holds: an L1 that nobody described is taken for
/// one without later forks. A wrong schedule derives wrong blocks; see [`BlobSchedule::of_l1`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlobSchedule {
    /// `(from, update fraction)`, oldest first.
    pub steps: Cow<'static, [(L1Time, UpdateFraction)]>,
}

impl BlobSchedule {
    /// Ethereum mainnet's.
    pub const MAINNET: Self = Self::known(&[
        (L1Time(1_746_612_311), PRAGUE_UPDATE_FRACTION),
        (L1Time(1_765_290_071), BPO1_UPDATE_FRACTION),
        (L1Time(1_767_747_671), BPO2_UPDATE_FRACTION),
    ]);
    /// Sepolia's.
    pub const SEPOLIA: Self = Self::known(&[
        (L1Time(1_741_159_776), PRAGUE_UPDATE_FRACTION),
        (L1Time(1_761_017_184), BPO1_UPDATE_FRACTION),
        (L1Time(1_761_607_008), BPO2_UPDATE_FRACTION),
    ]);
    /// Holesky's.
    pub const HOLESKY: Self = Self::known(&[
        (L1Time(1_740_434_112), PRAGUE_UPDATE_FRACTION),
        (L1Time(1_759_800_000), BPO1_UPDATE_FRACTION),
        (L1Time(1_760_389_824), BPO2_UPDATE_FRACTION),
    ]);
    /// Hoodi's.
    pub const HOODI: Self = Self::known(&[
        (L1Time(1_742_999_832), PRAGUE_UPDATE_FRACTION),
        (L1Time(1_762_365_720), BPO1_UPDATE_FRACTION),
        (L1Time(1_762_955_544), BPO2_UPDATE_FRACTION),
    ]);

    const fn known(steps: &'static [(L1Time, UpdateFraction)]) -> Self {
        Self { steps: Cow::Borrowed(steps) }
    }

    /// The schedule of a public L1 chain. `None`: a chain that must bring its own config.
    pub const fn of_l1(chain_id: u64) -> Option<Self> {
        match chain_id {
            1 => Some(Self::MAINNET),
            17_000 => Some(Self::HOLESKY),
            560_048 => Some(Self::HOODI),
            11_155_111 => Some(Self::SEPOLIA),
            _ => None,
        }
    }

    /// The update fraction in force in an L1 block of this time.
    pub fn update_fraction(&self, time: L1Time) -> UpdateFraction {
        self.steps
            .iter()
            .rev()
            .find(|(from, _)| *from <= time)
            .map_or(CANCUN_UPDATE_FRACTION, |&(_, fraction)| fraction)
    }
}
