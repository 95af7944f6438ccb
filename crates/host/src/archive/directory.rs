//! Data directories, ours and other hosts', read and written as a whole. Their forms are drawn in [`store`](crate::store).

use super::MAX_SECTION_BYTES;
use crate::store::{Directory, Format, Layout, RedbFile, RedbWriter, StoreError};
use alloy_primitives::{B256, Bytes, hex};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};
use unroll_proof::PreimageKey;

/// Why a data directory cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// A file of it, or its database, cannot be read or written, or it is in a format of somebody else.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is more in it than in any archive.
    #[error("{} holds more than {MAX_SECTION_BYTES} bytes", .0.display())]
    TooLong(PathBuf),
    /// There is nothing in it.
    #[error("{} holds no preimage: no file is called as a key is", .0.display())]
    Empty(PathBuf),
}

/// All values by key, of any format. Files that are not called as keys are, such as unfinished ones, are passed over. What the
/// values are is not checked.
pub fn read_directory(path: &Path) -> Result<BTreeMap<B256, Bytes>, DirectoryError> {
    let mut values = BTreeMap::new();
    let mut room = MAX_SECTION_BYTES;
    if Format::of(path, Format::Directory)? == Format::Redb {
        for entry in RedbFile::open(path)?.entries()? {
            let (key, value) = entry?;
            take(&mut room, value.len() as u64, path)?;
            values.insert(key, value);
        }
        return Ok(values);
    }
    for (name, file) in entries(path)? {
        if let Some(key) = name.strip_prefix("0x").and_then(|name| key("", name)) {
            values.insert(key, value(&file, &mut room)?);
        } else if name.len() == 4 && file.is_dir() {
            for (rest, file) in entries(&file)? {
                if let Some(key) = key(&name, &rest) {
                    values.insert(key, value(&file, &mut room)?);
                }
            }
        }
    }
    if values.is_empty() {
        return Err(DirectoryError::Empty(path.into()));
    }
    Ok(values)
}

/// Writes a data directory, which need not exist.
pub fn write_directory(
    path: &Path,
    format: Format,
    values: &BTreeMap<PreimageKey, Bytes>,
) -> Result<(), StoreError> {
    let layout = match format {
        Format::Directory => Layout::Folders,
        Format::File => Layout::Flat,
        Format::Redb => {
            let mut writer = RedbWriter::create(path)?;
            values.iter().try_for_each(|(key, value)| writer.insert(*key.as_bytes(), value.clone()))?;
            return writer.finish();
        }
    };
    let directory = Directory::create(path, layout)?;
    values.iter().try_for_each(|(key, value)| directory.insert(key.as_bytes(), value))
}

fn take(room: &mut u64, length: u64, path: &Path) -> Result<(), DirectoryError> {
    *room = room.checked_sub(length).ok_or_else(|| DirectoryError::TooLong(path.into()))?;
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>, StoreError> {
    let read = || {
        let entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
        let named = |entry: fs::DirEntry| Some((entry.file_name().into_string().ok()?, entry.path()));
        Ok(entries.into_iter().filter_map(named).collect())
    };
    read().map_err(|error| StoreError::Io { path: folder.into(), error })
}

/// The key of 64 digits that the file is called after.
fn key(folder: &str, name: &str) -> Option<B256> {
    let digits = [folder, name.strip_suffix(".txt")?].concat();
    (digits.len() == 64).then(|| digits.parse().ok()).flatten()
}

/// The value in a file, if there is room for it.
fn value(path: &Path, room: &mut u64) -> Result<Bytes, DirectoryError> {
    let failed = |error| StoreError::Io { path: path.into(), error };
    take(room, fs::metadata(path).map_err(failed)?.len() / 2, path)?;
    let digits = fs::read(path).map_err(failed)?;
    let value = hex::decode(digits).map_err(|error| StoreError::Hex { path: path.into(), error })?;
    Ok(value.into())
}
