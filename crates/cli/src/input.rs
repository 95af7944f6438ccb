//! Files of JSON, which may be compressed, and files of preimages.

use crate::preimages::{self, PreimagesError};
use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

/// A fixture has some hundred kilobytes, a genesis file with all accounts some megabytes; the bound keeps a small file from
/// filling all memory.
const MAX_JSON_BYTES: u64 = 256 << 20;

const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    #[error("{} cannot be read: {error}", path.display())]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("{} has more than {MAX_JSON_BYTES} bytes of JSON", path.display())]
    TooLong { path: PathBuf },
    #[error("the file of preimages {} {error}", path.display())]
    Preimages { path: PathBuf, error: PreimagesError },
}

/// The content of a file of JSON, decompressed if it begins as zstd does, which no JSON does.
pub fn json(path: &Path) -> Result<Vec<u8>, InputError> {
    let unreadable = |error| InputError::Unreadable { path: path.into(), error };
    let bytes = bounded(File::open(path).map_err(unreadable)?, path)?;
    if bytes.starts_with(&ZSTD) {
        bounded(zstd::stream::read::Decoder::new(&bytes[..]).map_err(unreadable)?, path)
    } else {
        Ok(bytes)
    }
}

/// The records in a file of preimages.
pub fn records(path: &Path) -> Result<Vec<u8>, InputError> {
    let file = File::open(path).map_err(|error| InputError::Unreadable { path: path.into(), error })?;
    preimages::decompress(file).map_err(|error| InputError::Preimages { path: path.into(), error })
}

fn bounded(from: impl Read, path: &Path) -> Result<Vec<u8>, InputError> {
    let mut bytes = Vec::new();
    let read = from.take(MAX_JSON_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| InputError::Unreadable { path: path.into(), error })?;
    if bytes.len() as u64 > MAX_JSON_BYTES {
        return Err(InputError::TooLong { path: path.into() });
    }
    Ok(bytes)
}
