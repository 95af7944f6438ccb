//! Writing archives.

use super::{ArchiveError, Coding, Contents, Kind, MAX_SECTION_BYTES, Section, link::link};
use alloy_primitives::{B256, Bytes, keccak256};
use std::{
    fs::{File, Permissions},
    io::{self, BufWriter, Write},
    path::Path,
};
use unroll_proof::{
    archive::{ArenaWriter, BLOB_RECORD_BYTES, HEADER_BYTES, finish, header, sha256},
    preimage::KeyKind,
};
use zstd::{bulk::Compressor, zstd_safe::CParameter};

/// The level of zstd that is used if none is asked for. Archives are written once and read often.
pub const DEFAULT_LEVEL: i32 = 19;

/// How far back zstd looks for what it has seen, as a power of two. Every decompressor grants this much.
const WINDOW_LOG: u32 = 27;

/// How an archive is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// As it is: to be used where it lies in memory, without zstd.
    None,
    /// With zstd of this level, and without hashes that can be computed.
    Zstd(i32),
}

impl Default for Compression {
    fn default() -> Self {
        Self::Zstd(DEFAULT_LEVEL)
    }
}

/// Writes a file: whole, or not at all. Under its name it appears when it is finished and on the disk; until then it has
/// another name in the same folder. Returns the root.
pub fn save(path: &Path, contents: &Contents, compression: Compression) -> io::Result<B256> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".unfinished-"); // and no ending by which it could be taken for an archive
    #[cfg(unix)]
    builder.permissions(<Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o666)); // less the umask
    let mut file = builder.tempfile_in(folder)?;
    let mut out = BufWriter::new(file.as_file_mut());
    let root = write(&mut out, contents, compression)?;
    out.flush()?;
    drop(out);
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // That the name is on the disk as well; not every system can say so.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(root)
}

/// Writes an archive: the same bytes for the same contents. Returns the root.
pub fn write(out: &mut impl Write, contents: &Contents, compression: Compression) -> io::Result<B256> {
    let mut writer = Writer { out, compression, sections: Vec::new(), end: HEADER_BYTES };
    writer.out.write_all(&header())?;
    writer.section(Kind::Claims, &contents.claims.encode())?;
    writer.section(Kind::RollupConfig, &contents.rollup_config)?;
    writer.section(Kind::L1Config, &contents.l1_config)?;
    writer.arena(contents, KeyKind::Keccak256, [Kind::KeccakIndex, Kind::KeccakData])?;
    writer.arena(contents, KeyKind::Sha256, [Kind::Sha256Index, Kind::Sha256Data])?;
    let mut blobs = Vec::with_capacity(contents.blobs().len() * BLOB_RECORD_BYTES);
    for (commitment, blob) in contents.blobs() {
        blobs.extend_from_slice(commitment);
        blobs.extend_from_slice(blob.as_slice());
    }
    writer.section(Kind::Blobs, &blobs)?;
    let (end, root) = finish(&writer.sections);
    writer.out.write_all(&end)?;
    Ok(root)
}

struct Writer<'a, W> {
    out: &'a mut W,
    compression: Compression,
    sections: Vec<Section>,
    end: usize,
}

impl<W: Write> Writer<'_, W> {
    fn arena(&mut self, contents: &Contents, kind: KeyKind, sections: [Kind; 2]) -> io::Result<()> {
        let of_kind = contents.preimages().iter().filter(|(key, _)| key.kind() == kind);
        let hashed: Vec<(B256, &Bytes)> = match kind {
            KeyKind::Sha256 => of_kind.map(|(_, value)| (sha256(value), value)).collect(),
            _ => of_kind.map(|(_, value)| (keccak256(value), value)).collect(),
        };
        let length = hashed.iter().map(|(_, value)| value.len() as u64).sum();
        if length > MAX_SECTION_BYTES {
            return Err(io::Error::other(ArchiveError::TooLong { section: sections[1], length }));
        }
        let mut arena = ArenaWriter::default();
        for linked in link(&hashed) {
            let references = if self.compression == Compression::None { &[] } else { &linked.references[..] };
            arena.push(linked.value, references);
        }
        let (index, data) = arena.finish();
        self.section(sections[0], &index)?;
        self.section(sections[1], &data)
    }

    /// A section that is empty is absent; one that would not become smaller is stored as it is.
    fn section(&mut self, kind: Kind, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        if bytes.len() as u64 > MAX_SECTION_BYTES {
            let length = bytes.len() as u64;
            return Err(io::Error::other(ArchiveError::TooLong { section: kind, length }));
        }
        let smaller = match self.compression {
            Compression::None => None,
            Compression::Zstd(level) => {
                Some(deflate(bytes, level)?).filter(|small| small.len() < bytes.len())
            }
        };
        let (coding, stored) =
            smaller.as_deref().map_or((Coding::Stored, bytes), |small| (Coding::Zstd, small));
        self.sections.push(Section::new(kind, coding, self.end, stored, bytes.len()));
        self.end += stored.len();
        self.out.write_all(stored)
    }
}

fn deflate(bytes: &[u8], level: i32) -> io::Result<Vec<u8>> {
    let mut compressor = Compressor::new(level)?;
    compressor.set_parameter(CParameter::WindowLog(WINDOW_LOG))?;
    compressor.set_parameter(CParameter::EnableLongDistanceMatching(true))?;
    compressor.compress(bytes)
}
