//! Where preimages are kept: by key, as bytes that nobody has to believe.

mod archived;
mod directory;
mod memory;
mod redb_file;

pub use archived::Archived;
pub use directory::{Directory, Layout};
pub use memory::Memory;
pub use redb_file::{RedbFile, RedbWriter};

use crate::archive::{OpenError, is_archive};
use alloy_primitives::{B256, Bytes};
use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// Preimages by key.
pub trait Store {
    /// The value of `key`, `None` if there is none. Whether it belongs to the key is for the host to check.
    fn get(&self, key: &B256) -> Result<Option<Bytes>, StoreError>;

    /// Where the value of `key` is or would be, for people.
    fn place(&self, key: &B256) -> String;
}

impl<S: Store + ?Sized> Store for Box<S> {
    fn get(&self, key: &B256) -> Result<Option<Bytes>, StoreError> {
        (**self).get(key)
    }

    fn place(&self, key: &B256) -> String {
        (**self).place(key)
    }
}

/// Why a store cannot be used. What it names is the file at fault.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file cannot be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
    /// There is nothing at the path.
    #[error("{} does not exist", .0.display())]
    Absent(PathBuf),
    /// A file of hex holds something else.
    #[error("{} is not hex: {error}", path.display())]
    Hex {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: alloy_primitives::hex::FromHexError,
    },
    /// A value of more bytes than any preimage has.
    #[error("{} holds {bytes} bytes, more than any preimage", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// How many bytes it has.
        bytes: u64,
    },
    /// The database is damaged, locked or of another version.
    #[error("{}: {error}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What the database says.
        error: Box<redb::Error>,
    },
    /// The archive cannot be opened, or is damaged.
    #[error("{error}")]
    Archive {
        /// What is wrong, with the file.
        error: Box<OpenError>,
    },
    /// A file that is no archive.
    #[error("{} is neither a data directory nor a witness archive", .0.display())]
    NoStore(PathBuf),
    /// The directory is in a format of somebody else.
    #[error(
        "{} is in the format `{format}`, which this program does not read (it reads {}): fill a new directory",
        path.display(), Format::NAMES
    )]
    Format {
        /// The directory.
        path: PathBuf,
        /// What it is in.
        format: String,
    },
}

/// How a data directory keeps preimages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// A file of hex for each, in folders by the first four digits: op-challenger's, op-program's and kona's default.
    #[default]
    Directory,
    /// A file of hex for each, in one folder: the older format of op-program.
    File,
    /// One database file.
    Redb,
}

impl Format {
    const ALL: [Self; 3] = [Self::Directory, Self::File, Self::Redb];
    const NAMES: &str = "directory, file, redb";
    /// The file in a data directory that says which format it is in; what it says wins over what is asked for, as with
    /// other hosts.
    const MARKER: &str = "kvformat";

    /// Its name, as it stands in the marker.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::File => "file",
            Self::Redb => "redb",
        }
    }

    /// The format of an existing data directory.
    pub(crate) fn of(path: &Path, default: Self) -> Result<Self, StoreError> {
        let marker = path.join(Self::MARKER);
        let name = match std::fs::read_to_string(&marker) {
            Ok(name) => name,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(default),
            Err(error) => return Err(StoreError::Io { path: marker, error }),
        };
        let known = Self::ALL.into_iter().find(|format| format.name() == name.trim());
        known.ok_or_else(|| StoreError::Format { path: path.into(), format: name.trim().into() })
    }

    /// Makes a data directory of this format, or takes an existing one that is already.
    fn create(self, path: &Path) -> Result<(), StoreError> {
        let failed = |error| StoreError::Io { path: path.into(), error };
        std::fs::create_dir_all(path).map_err(failed)?;
        let existing = Self::of(path, self)?;
        if existing != self {
            return Err(StoreError::Format { path: path.into(), format: existing.name().into() });
        }
        std::fs::write(path.join(Self::MARKER), self.name()).map_err(failed)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Opens an existing data directory, in its own format, or in `default` if it does not say; or a witness archive.
pub fn open(path: &Path, default: Format) -> Result<Box<dyn Store>, StoreError> {
    if !path.exists() {
        return Err(StoreError::Absent(path.into()));
    }
    if !path.is_dir() {
        return if is_archive(path) {
            Ok(Box::new(Archived::open(path)?))
        } else {
            Err(StoreError::NoStore(path.into()))
        };
    }
    Ok(match Format::of(path, default)? {
        Format::Directory => Box::new(Directory::open(path, Layout::Folders)),
        Format::File => Box::new(Directory::open(path, Layout::Flat)),
        Format::Redb => Box::new(RedbFile::open(path)?),
    })
}
