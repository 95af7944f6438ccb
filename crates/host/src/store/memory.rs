//! Preimages in memory.

use super::{Store, StoreError};
use alloy_primitives::{B256, Bytes, map::B256Map};

/// A map from key to value.
#[derive(Clone, Debug, Default)]
pub struct Memory(B256Map<Bytes>);

impl Memory {
    /// Adds a value, or replaces it.
    pub fn insert(&mut self, key: B256, value: Bytes) {
        self.0.insert(key, value);
    }
}

impl FromIterator<(B256, Bytes)> for Memory {
    fn from_iter<I: IntoIterator<Item = (B256, Bytes)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

impl Store for Memory {
    fn get(&self, key: &B256) -> Result<Option<Bytes>, StoreError> {
        Ok(self.0.get(key).cloned())
    }

    fn place(&self, key: &B256) -> String {
        format!("key {key} in memory")
    }
}
