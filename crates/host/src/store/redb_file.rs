//! All preimages in one database file: `<data dir>/preimages.redb`.

use super::{Format, Store, StoreError};
use alloy_primitives::{B256, Bytes};
use redb::{
    Builder, Database, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition,
};
use std::path::{Path, PathBuf};

const FILE: &str = "preimages.redb";
const TABLE: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("preimages");

/// Pages that are kept in memory. Preimages are read once, so that more would only hold the file twice.
const CACHE_BYTES: usize = 8 << 20;

/// Values per transaction: few enough to fit in memory, many enough that committing is not what takes the time.
const BATCH_BYTES: usize = 4 << 20;

/// A database that is only read. Several processes may read the same one.
pub struct RedbFile {
    path: PathBuf,
    table: ReadOnlyTable<[u8; 32], &'static [u8]>,
    /// The table's pages are this transaction's.
    _transaction: ReadTransaction,
}

/// Fills a database. What was not [finished](Self::finish) may be missing from it.
pub struct RedbWriter {
    path: PathBuf,
    database: Database,
    batch: Vec<(B256, Bytes)>,
    batch_bytes: usize,
}

impl RedbFile {
    /// Opens the database of a data directory.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        let path = directory.join(FILE);
        if !path.exists() {
            return Err(StoreError::Absent(path));
        }
        let failed = |error| StoreError::Database { path: path.clone(), error: Box::new(error) };
        let database = Builder::new().set_cache_size(CACHE_BYTES).open_read_only(&path);
        let transaction =
            database.map_err(|e| failed(e.into()))?.begin_read().map_err(|e| failed(e.into()))?;
        let table = transaction.open_table(TABLE).map_err(|e| failed(e.into()))?;
        Ok(Self { path, table, _transaction: transaction })
    }

    /// Everything in it, in the order of the keys.
    pub fn entries(&self) -> Result<impl Iterator<Item = Result<(B256, Bytes), StoreError>>, StoreError> {
        let failed = |error: redb::StorageError| StoreError::Database {
            path: self.path.clone(),
            error: Box::new(error.into()),
        };
        Ok(self.table.iter().map_err(failed)?.map(move |entry| {
            let (key, value) = entry.map_err(failed)?;
            Ok((B256::new(key.value()), Bytes::copy_from_slice(value.value())))
        }))
    }
}

impl Store for RedbFile {
    fn get(&self, key: &B256) -> Result<Option<Bytes>, StoreError> {
        let value = self.table.get(key.0).map_err(|error| StoreError::Database {
            path: self.path.clone(),
            error: Box::new(error.into()),
        })?;
        Ok(value.map(|value| Bytes::copy_from_slice(value.value())))
    }

    fn place(&self, key: &B256) -> String {
        format!("key {key} in {}", self.path.display())
    }
}

impl RedbWriter {
    /// Makes the database of a data directory, or adds to it.
    pub fn create(directory: &Path) -> Result<Self, StoreError> {
        Format::Redb.create(directory)?;
        let path = directory.join(FILE);
        let database = Builder::new().set_cache_size(CACHE_BYTES).create(&path);
        let database = database
            .map_err(|error| StoreError::Database { path: path.clone(), error: Box::new(error.into()) })?;
        Ok(Self { path, database, batch: Vec::new(), batch_bytes: 0 })
    }

    /// Adds a value, or replaces it.
    pub fn insert(&mut self, key: B256, value: Bytes) -> Result<(), StoreError> {
        self.batch_bytes += value.len();
        self.batch.push((key, value));
        if self.batch_bytes < BATCH_BYTES {
            return Ok(());
        }
        self.commit()
    }

    /// Writes what has not been written yet.
    pub fn finish(mut self) -> Result<(), StoreError> {
        self.commit()
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        let Self { path, database, batch, batch_bytes } = self;
        let mut write = || -> Result<(), redb::Error> {
            let transaction = database.begin_write()?;
            {
                let mut table = transaction.open_table(TABLE)?;
                for (key, value) in &mut *batch {
                    table.insert(key.0, &value[..])?;
                }
            }
            transaction.commit()?;
            Ok(())
        };
        write().map_err(|error| StoreError::Database { path: path.clone(), error: Box::new(error) })?;
        batch.clear();
        *batch_bytes = 0;
        Ok(())
    }
}
