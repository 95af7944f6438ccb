//! How L1 prices blobs over time (G-032, G-033).

use crate::units::L1Time;

/// The blob-base-fee update fraction of each L1 fork, by activation time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlobSchedule {
    /// `(from, update fraction)`, oldest first.
    pub steps: alloc::borrow::Cow<'static, [(L1Time, u64)]>,
}
