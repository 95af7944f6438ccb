//! Header, table of contents and trailer.

use super::{ArchiveError, sha256};
use alloc::vec::Vec;
use alloy_primitives::B256;
use core::fmt;

/// The version of the format that this program reads and writes.
pub const VERSION: u32 = 1;

/// Most bytes of a section, stored and decompressed. Two GiB hold more than a day of a busy chain; the bound keeps a small
/// file from filling all memory.
pub const MAX_SECTION_BYTES: u64 = 2 << 30;

/// How many bytes come before the first section.
pub const HEADER_BYTES: usize = 16;

const MAGIC: [u8; 8] = *b"\x89UNROLL\n";
const END: [u8; 8] = *b"\nLLORNU\x89";
const ENTRY_BYTES: usize = 50;
const TRAILER_BYTES: usize = 44;

/// What a section holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
#[expect(missing_docs, reason = "the table in the module's description has them")]
pub enum Kind {
    Claims = 1,
    RollupConfig = 2,
    L1Config = 3,
    KeccakIndex = 4,
    KeccakData = 5,
    Sha256Index = 6,
    Sha256Data = 7,
    Blobs = 8,
}

impl Kind {
    /// All kinds, in the order of the file.
    pub const ALL: [Self; 8] = [
        Self::Claims,
        Self::RollupConfig,
        Self::L1Config,
        Self::KeccakIndex,
        Self::KeccakData,
        Self::Sha256Index,
        Self::Sha256Data,
        Self::Blobs,
    ];

    /// What it is called in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Claims => "claims",
            Self::RollupConfig => "rollup config",
            Self::L1Config => "L1 config",
            Self::KeccakIndex => "keccak256 index",
            Self::KeccakData => "keccak256 data",
            Self::Sha256Index => "sha256 index",
            Self::Sha256Data => "sha256 data",
            Self::Blobs => "blobs",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How the bytes of a section are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Coding {
    /// As they are.
    Stored = 0,
    /// As one frame of zstd.
    Zstd = 1,
}

/// A line of the table of contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    /// What it holds.
    pub kind: Kind,
    /// How it is stored.
    pub coding: Coding,
    /// Where it begins in the file.
    pub start: usize,
    /// Where the next one begins.
    pub end: usize,
    /// How many bytes it has when it is decompressed.
    pub length: usize,
    /// sha256 of the stored bytes.
    pub hash: B256,
}

impl Section {
    /// The line for a section of which these are the stored bytes, after one that ends at `start`.
    pub fn new(kind: Kind, coding: Coding, start: usize, stored: &[u8], length: usize) -> Self {
        Self { kind, coding, start, end: start + stored.len(), length, hash: sha256(stored) }
    }
}

/// What a file begins with.
pub fn header() -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[..8].copy_from_slice(&MAGIC);
    header[8..12].copy_from_slice(&VERSION.to_le_bytes());
    header
}

/// What a file ends with, table and trailer, and its root.
///
/// # Panics
///
/// Never: there are at most as many sections as kinds.
pub fn finish(sections: &[Section]) -> (Vec<u8>, B256) {
    let mut bytes = Vec::with_capacity(sections.len() * ENTRY_BYTES + TRAILER_BYTES);
    for section in sections {
        bytes.extend([section.kind as u8, section.coding as u8]);
        bytes.extend(((section.end - section.start) as u64).to_le_bytes());
        bytes.extend((section.length as u64).to_le_bytes());
        bytes.extend(section.hash);
    }
    let length = u32::try_from(bytes.len()).expect("eight sections have 400 bytes");
    let root = root(&header(), &bytes);
    bytes.extend(length.to_le_bytes());
    bytes.extend(root);
    bytes.extend(END);
    (bytes, root)
}

/// The table of contents, checked, and the root.
pub(super) fn parse(file: &[u8]) -> Result<(Vec<Section>, B256), ArchiveError> {
    let begins = MAGIC.iter().zip(file).all(|(expected, byte)| expected == byte);
    if !begins || file.is_empty() {
        return Err(ArchiveError::Magic);
    }
    let truncated = ArchiveError::Truncated { length: file.len() };
    let (header, rest) = file.split_first_chunk::<HEADER_BYTES>().ok_or(truncated)?;
    let found = u32_at(header, 8);
    if found != VERSION {
        return Err(ArchiveError::Version { found });
    }
    let (rest, trailer) = rest.split_last_chunk::<TRAILER_BYTES>().ok_or(truncated)?;
    if trailer[36..] != END {
        return Err(truncated);
    }
    let length = u32_at(trailer, 0);
    let table_start = usize::try_from(length).ok().and_then(|length| rest.len().checked_sub(length));
    let (room, table) = rest.split_at(table_start.ok_or(ArchiveError::Table { length })?);
    let (recorded, computed) = (B256::from_slice(&trailer[4..36]), root(header, table));
    if recorded != computed {
        return Err(ArchiveError::Root { recorded, computed });
    }
    // From here on the file is as it was written; what is wrong was written wrong.
    if header[12..] != [0; 4] {
        return Err(ArchiveError::Reserved);
    }
    let (entries, partial) = table.as_chunks::<ENTRY_BYTES>();
    if !partial.is_empty() {
        return Err(ArchiveError::Table { length });
    }
    Ok((sections(entries, room.len())?, computed))
}

fn sections(entries: &[[u8; ENTRY_BYTES]], room: usize) -> Result<Vec<Section>, ArchiveError> {
    let mut sections: Vec<Section> = Vec::with_capacity(Kind::ALL.len());
    let mut start = HEADER_BYTES;
    for entry in entries {
        let kind = Kind::ALL.into_iter().find(|kind| *kind as u8 == entry[0]);
        let kind = kind.ok_or(ArchiveError::Kind(entry[0]))?;
        if sections.last().is_some_and(|last| last.kind >= kind) {
            return Err(ArchiveError::Order(kind));
        }
        let coding = match entry[1] {
            0 => Coding::Stored,
            1 => Coding::Zstd,
            coding => return Err(ArchiveError::Coding { section: kind, coding }),
        };
        let (stored, length) = (bounded(kind, entry, 2)?, bounded(kind, entry, 10)?);
        if coding == Coding::Stored && stored != length {
            return Err(ArchiveError::Lengths { section: kind });
        }
        let end = start.checked_add(stored).filter(|end| end - HEADER_BYTES <= room);
        let end = end.ok_or(ArchiveError::Room { section: kind, room })?;
        sections.push(Section { kind, coding, start, end, length, hash: B256::from_slice(&entry[18..]) });
        start = end;
    }
    if start - HEADER_BYTES != room {
        return Err(ArchiveError::Gap { sections: start - HEADER_BYTES, room });
    }
    Ok(sections)
}

/// A length out of the table, before anything is sized by it.
fn bounded(section: Kind, entry: &[u8; ENTRY_BYTES], at: usize) -> Result<usize, ArchiveError> {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&entry[at..at + 8]);
    let length = u64::from_le_bytes(bytes);
    let too_long = ArchiveError::TooLong { section, length };
    if length > MAX_SECTION_BYTES {
        return Err(too_long);
    }
    usize::try_from(length).map_err(|_| too_long)
}

fn root(header: &[u8; HEADER_BYTES], table: &[u8]) -> B256 {
    sha256(&[&header[..], table].concat())
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut number = [0; 4];
    number.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(number)
}
