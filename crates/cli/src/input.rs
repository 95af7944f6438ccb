//! JSON files that may be compressed.

use crate::preimages::{self, PreimagesError};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    #[error("{} cannot be read: {error}", path.display())]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("{} {error}", path.display())]
    Compressed { path: PathBuf, error: PreimagesError },
}

/// The content of a file, decompressed if it begins as zstd does, which no JSON does.
pub fn read(path: &Path) -> Result<Vec<u8>, InputError> {
    let bytes = fs::read(path).map_err(|error| InputError::Unreadable { path: path.into(), error })?;
    if bytes.starts_with(&ZSTD) { decompressed(&bytes, path) } else { Ok(bytes) }
}

/// The content of a file that must be compressed.
pub fn read_compressed(path: &Path) -> Result<Vec<u8>, InputError> {
    let bytes = fs::read(path).map_err(|error| InputError::Unreadable { path: path.into(), error })?;
    decompressed(&bytes, path)
}

fn decompressed(bytes: &[u8], path: &Path) -> Result<Vec<u8>, InputError> {
    preimages::decompress(bytes).map_err(|error| InputError::Compressed { path: path.into(), error })
}
