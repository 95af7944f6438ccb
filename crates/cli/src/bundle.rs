//! Upgrade bundles: the transactions that some forks put into their activation block, as a file that the OP Stack's repository
//! publishes (G-054).

use crate::input::{self, InputError};
use alloy_primitives::Bytes;
use std::path::{Path, PathBuf};
use unroll_proof::{PreimageKey, checked::computed_key, preimage::KeyKind};
use unroll_protocol::{
    forks::Fork,
    upgrades::{Upgrade, upgrade_transactions},
};

/// Why a file is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("{} is no fork's upgrade bundle: the bundle of {fork} has the key {expected}, and this file {actual}", path.display())]
    Unknown { path: PathBuf, fork: Fork, expected: PreimageKey, actual: PreimageKey },
}

/// Reads files of bundles.
pub fn read(paths: &[PathBuf]) -> Result<Vec<Bytes>, BundleError> {
    paths.iter().map(|path| read_one(path)).collect()
}

fn read_one(path: &Path) -> Result<Bytes, BundleError> {
    let bundle: Bytes = input::json(path)?.into();
    let actual = computed_key(KeyKind::Sha256, &bundle);
    match (actual, known().next_back()) {
        (Some(actual), Some((fork, expected))) if known().all(|(_, key)| key != actual) => {
            Err(BundleError::Unknown { path: path.into(), fork, expected, actual })
        }
        _ => Ok(bundle),
    }
}

/// What to do about a bundle that is missing.
pub fn advice(key: PreimageKey) -> Option<String> {
    let (fork, _) = known().find(|(_, known)| *known == key)?;
    Some(format!(
        ". These are the transactions of {fork}: --upgrade-bundle gives the file, which the OP Stack's repository publishes"
    ))
}

/// The bundles that there are, by fork and key.
fn known() -> impl DoubleEndedIterator<Item = (Fork, PreimageKey)> {
    Fork::ALL.into_iter().filter_map(|fork| match upgrade_transactions(fork) {
        Upgrade::Bundle { sha256, .. } => Some((fork, PreimageKey::sha256(sha256))),
        _ => None,
    })
}
