//! A witness archive as a store.

use super::{Store, StoreError};
use crate::archive::{Contents, OpenError, open};
use alloy_primitives::{B256, Bytes, map::B256Map};
use std::path::{Path, PathBuf};

/// The preimages of an archive. Those of a section that is stored as it is are slices of the mapped file; a compressed section
/// is in memory as a whole.
#[derive(Debug)]
pub struct Archived {
    path: PathBuf,
    values: B256Map<Bytes>,
}

impl Archived {
    /// Opens an archive, and hashes what is in it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = |error| StoreError::Archive { error: Box::new(error) };
        let contents = Contents::of_archive(&open(path).map_err(failed)?);
        let contents = contents.map_err(|error| failed(OpenError::Archive { path: path.into(), error }))?;
        let values = contents.keyed().into_iter().map(|(key, value)| (*key.as_bytes(), value)).collect();
        Ok(Self { path: path.into(), values })
    }
}

impl Store for Archived {
    fn get(&self, key: &B256) -> Result<Option<Bytes>, StoreError> {
        Ok(self.values.get(key).cloned())
    }

    fn place(&self, key: &B256) -> String {
        format!("key {key} in {}", self.path.display())
    }
}
