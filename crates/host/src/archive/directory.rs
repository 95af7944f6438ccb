//! Data directories of other hosts, read and written as a whole.
//!
//! ```text
//! <data dir>/kvformat             directory | file
//! <data dir>/0123/4567...ef.txt   hex of the value     (directory: four digits, and the other sixty)
//! <data dir>/0x0123...ef.txt      hex of the value     (file)
//! ```

use super::MAX_SECTION_BYTES;
use alloy_primitives::{B256, Bytes, hex};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};
use unroll_proof::PreimageKey;

/// The file that says in which format a data directory is.
const MARKER: &str = "kvformat";

/// Where in a data directory a file lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// In folders by the first four digits of the key.
    Folders,
    /// All in one folder.
    Flat,
}

/// Why a data directory cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// A file cannot be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
    /// It is no directory of files.
    #[error("{} is in the format `{format}`, and only `directory` and `file` are read", path.display())]
    Format {
        /// The directory.
        path: PathBuf,
        /// What it is in.
        format: String,
    },
    /// A file of hex holds something else.
    #[error("{} is not hex: {error}", path.display())]
    Hex {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: hex::FromHexError,
    },
    /// There is more in it than in any archive.
    #[error("{} holds more than {MAX_SECTION_BYTES} bytes", .0.display())]
    TooLong(PathBuf),
    /// There is nothing in it.
    #[error("{} holds no preimage: no file is called as a key is", .0.display())]
    Empty(PathBuf),
}

/// All values by key, of either layout. Files that are not called as keys are, such as unfinished ones, are passed over. What the
/// values are is not checked.
pub fn read_directory(path: &Path) -> Result<BTreeMap<B256, Bytes>, DirectoryError> {
    let marker = path.join(MARKER);
    match fs::read_to_string(&marker) {
        Ok(format) if !["directory", "file"].contains(&format.trim()) => {
            return Err(DirectoryError::Format { path: path.into(), format: format.trim().into() });
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(DirectoryError::Io { path: marker, error });
        }
        _ => {}
    }
    let mut values = BTreeMap::new();
    let mut room = MAX_SECTION_BYTES;
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
    layout: Layout,
    values: &BTreeMap<PreimageKey, Bytes>,
) -> Result<(), DirectoryError> {
    let write = |path: PathBuf, text: &str| {
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text));
        written.map_err(|error| DirectoryError::Io { path, error })
    };
    for (key, value) in values {
        let digits = hex::encode(key.as_bytes());
        let file = match layout {
            Layout::Folders => path.join(&digits[..4]).join(format!("{}.txt", &digits[4..])),
            Layout::Flat => path.join(format!("0x{digits}.txt")),
        };
        write(file, &hex::encode(value))?;
    }
    // Last, so that a directory that was not finished does not say that it is one.
    let format = if layout == Layout::Folders { "directory" } else { "file" };
    write(path.join(MARKER), format)
}

fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>, DirectoryError> {
    let read = || {
        let entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
        let named = |entry: fs::DirEntry| Some((entry.file_name().into_string().ok()?, entry.path()));
        Ok(entries.into_iter().filter_map(named).collect())
    };
    read().map_err(|error| DirectoryError::Io { path: folder.into(), error })
}

/// The key of 64 digits that the file is called after.
fn key(folder: &str, name: &str) -> Option<B256> {
    let digits = [folder, name.strip_suffix(".txt")?].concat();
    (digits.len() == 64).then(|| digits.parse().ok()).flatten()
}

/// The value in a file, if there is room for it.
fn value(path: &Path, room: &mut u64) -> Result<Bytes, DirectoryError> {
    let failed = |error| DirectoryError::Io { path: path.into(), error };
    let length = fs::metadata(path).map_err(failed)?.len() / 2;
    *room = room.checked_sub(length).ok_or_else(|| DirectoryError::TooLong(path.into()))?;
    let digits = fs::read(path).map_err(failed)?;
    let value = hex::decode(digits).map_err(|error| DirectoryError::Hex { path: path.into(), error })?;
    Ok(value.into())
}
