//! Witness archives as files: mapped to be read, and written whole or not at all.
//!
//! What the bytes mean is [`unroll_proof::archive`]'s, which has a drawing of the format and needs no operating system.

mod config;
mod contents;
mod directory;
mod link;
mod merge;
mod run;
mod write;

pub use config::{ConfigError, config};
pub use contents::{Contents, ContentsError, WitnessImportError, records};
pub use directory::{DirectoryError, read_directory, write_directory};
pub use merge::{MergeError, merge};
pub use run::{Progress, RunError, SplitError, prune, split};
pub use unroll_proof::archive::{
    Archive, ArchiveError, BLOB_RECORD_BYTES, Claim, Claims, Coding, Kind, MAX_SECTION_BYTES, Section,
    VERSION,
};
pub use write::{Compression, DEFAULT_LEVEL, save, write};

use alloy_primitives::Bytes;
use memmap2::Mmap;
use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

/// Why an archive cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be opened or mapped.
    #[error("{} cannot be read: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
    /// It is no archive, or a damaged one.
    #[error("{} {error}", path.display())]
    Archive {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: ArchiveError,
    },
}

/// Maps a file and checks its table of contents. No section is read before it is asked for. What is stored as it is is
/// never copied, but for blobs: whoever reads those wants each as a value of its own.
///
/// The file must not be changed while the archive is in use: who can do that can change what was checked. An archive that is
/// replaced by [`save`] is another file, and does no harm.
pub fn open(path: &Path) -> Result<Archive, OpenError> {
    let file = map(path).map_err(|error| OpenError::Unreadable { path: path.into(), error })?;
    Archive::new(file, inflate).map_err(|error| OpenError::Archive { path: path.into(), error })
}

/// Whether the file begins as an archive does.
pub fn is_archive(path: &Path) -> bool {
    let mut start = [0; 8];
    let read = File::open(path).and_then(|mut file| io::Read::read_exact(&mut file, &mut start));
    read.is_ok() && unroll_proof::archive::header().starts_with(&start)
}

/// Undoes zstd. Whether exactly as many bytes came out as there is room for.
pub fn inflate(stored: &[u8], into: &mut [u8]) -> bool {
    zstd::bulk::decompress_to_buffer(stored, into).is_ok_and(|length| length == into.len())
}

fn map(path: &Path) -> io::Result<Bytes> {
    let file = File::open(path)?;
    if file.metadata()?.len() == 0 {
        return Ok(Bytes::new()); // which cannot be mapped
    }
    #[expect(unsafe_code, reason = "that a file stays as it is, only its owner can promise")]
    // SAFETY: the mapping is private to this process and read-only; that nobody changes the file meanwhile is demanded of the
    // caller, in the description of `open`.
    let map = unsafe { Mmap::map(&file) }?;
    Ok(alloy_primitives::bytes::Bytes::from_owner(map).into())
}
