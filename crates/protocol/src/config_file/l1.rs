//! The chain config of an L1 that this library does not know: its blob schedule (G-032).

use super::{ConfigFileError, document::Document};
use crate::{blob_schedule::BlobSchedule, units::L1Time};
use alloc::vec::Vec;
use core::num::NonZeroU64;

/// The L1 forks that may change blob parameters, in geth's order: when they activate, and their schedule entry.
const FORKS: [(&str, &str); 9] = [
    ("cancunTime", "blobSchedule.cancun.baseFeeUpdateFraction"),
    ("pragueTime", "blobSchedule.prague.baseFeeUpdateFraction"),
    ("osakaTime", "blobSchedule.osaka.baseFeeUpdateFraction"),
    ("bpo1Time", "blobSchedule.bpo1.baseFeeUpdateFraction"),
    ("bpo2Time", "blobSchedule.bpo2.baseFeeUpdateFraction"),
    ("bpo3Time", "blobSchedule.bpo3.baseFeeUpdateFraction"),
    ("bpo4Time", "blobSchedule.bpo4.baseFeeUpdateFraction"),
    ("bpo5Time", "blobSchedule.bpo5.baseFeeUpdateFraction"),
    ("amsterdamTime", "blobSchedule.amsterdam.baseFeeUpdateFraction"),
];

/// Reads the chain id and the blob schedule of geth's genesis file, or of the `config` in it. A fork without an entry in
/// `blobSchedule` leaves the parameters as they were; a config that goes beyond Cancun must have a `blobSchedule`.
pub fn parse_l1_chain_config(json: &[u8]) -> Result<(u64, BlobSchedule), ConfigFileError> {
    let mut doc = Document::from_json(json)?.enter("config");
    let chain_id = doc.number("chainId")?;
    let has_schedule = doc.has("blobSchedule");
    let mut steps: Vec<(L1Time, NonZeroU64)> = Vec::with_capacity(FORKS.len());
    for (time, fraction) in FORKS {
        let Some(at) = doc.optional_number(time)?.map(L1Time) else { continue };
        if time != "cancunTime" && !has_schedule {
            return Err(ConfigFileError::Missing("blobSchedule"));
        }
        let Some(value) = doc.optional_number(fraction)? else { continue };
        let expected = "a positive integer";
        let value = NonZeroU64::new(value).ok_or(ConfigFileError::Malformed { field: fraction, expected })?;
        if steps.last().is_some_and(|&(last, _)| at < last) {
            return Err(ConfigFileError::Malformed {
                field: time,
                expected: "at or after the time of the fork before",
            });
        }
        steps.push((at, value));
    }
    Ok((chain_id, BlobSchedule { steps: steps.into() }))
}
