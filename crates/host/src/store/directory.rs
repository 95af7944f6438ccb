//! A file of hex for each preimage, as op-challenger, op-program and kona keep them.
//!
//! ```text
//! <data dir>/kvformat           directory | file
//! <data dir>/0123/4567...ef.txt hex of the value     (directory: four digits, and the other sixty)
//! <data dir>/0x0123...ef.txt    hex of the value     (file)
//! ```

use super::{Format, Store, StoreError};
use alloy_primitives::{B256, Bytes, hex};
use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};
use unroll_proof::preimage::MAX_VALUE_BYTES;

/// A data directory of files.
#[derive(Clone, Debug)]
pub struct Directory {
    path: PathBuf,
    layout: Layout,
}

/// Where in the directory a file lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// In folders by the first four digits of the key.
    Folders,
    /// All in one folder.
    Flat,
}

impl Directory {
    /// A directory that exists.
    pub fn open(path: &Path, layout: Layout) -> Self {
        Self { path: path.into(), layout }
    }

    /// A directory to be filled, new or not, marked with its format.
    pub fn create(path: &Path, layout: Layout) -> Result<Self, StoreError> {
        match layout {
            Layout::Folders => Format::Directory,
            Layout::Flat => Format::File,
        }
        .create(path)?;
        Ok(Self::open(path, layout))
    }

    /// Writes a value. It is there as a whole or not at all, also for another process.
    pub fn insert(&self, key: &B256, value: &[u8]) -> Result<(), StoreError> {
        let path = self.file(key);
        let unfinished = path.with_extension(format!("txt.{}", std::process::id()));
        let write = || {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&unfinished, hex::encode(value))?;
            fs::rename(&unfinished, &path)
        };
        write().map_err(|error| StoreError::Io { path: path.clone(), error })
    }

    fn file(&self, key: &B256) -> PathBuf {
        match self.layout {
            Layout::Folders => {
                let digits = hex::encode(key);
                self.path.join(&digits[..4]).join(format!("{}.txt", &digits[4..]))
            }
            Layout::Flat => self.path.join(format!("{key}.txt")),
        }
    }
}

impl Store for Directory {
    fn get(&self, key: &B256) -> Result<Option<Bytes>, StoreError> {
        let path = self.file(key);
        let digits = match read(&path) {
            Ok(digits) => digits,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::Io { path, error }),
        };
        if digits.len() as u64 > 2 * MAX_VALUE_BYTES {
            let bytes = digits.len() as u64 / 2;
            return Err(StoreError::TooLong { path, bytes });
        }
        let value = hex::decode(digits).map_err(|error| StoreError::Hex { path, error })?;
        Ok(Some(value.into()))
    }

    fn place(&self, key: &B256) -> String {
        self.file(key).display().to_string()
    }
}

/// A file's content, up to just over what a value can have.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut digits = Vec::new();
    File::open(path)?.take(2 * MAX_VALUE_BYTES + 1).read_to_end(&mut digits)?;
    Ok(digits)
}
