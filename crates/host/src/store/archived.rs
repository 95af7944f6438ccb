//! A witness archive as a store.

use super::{Store, StoreError};
use crate::archive::{Archive, ArchiveError, BLOB_RECORD_BYTES, Kind, OpenError, open};
use alloy_primitives::{B256, Bytes};
use memmap2::MmapMut;
use rustix::fs::FallocateFlags;
use std::{
    io,
    path::{Path, PathBuf},
};
use unroll_proof::{
    PreimageKey,
    archive::{Room, memory, sha256},
    kzg::{COMMITMENT_BYTES, EvaluationPoints, FIELD_ELEMENTS},
};

/// The preimages of an archive. Those of a section that is stored as it is are slices of the mapped file; what is compressed is
/// unpacked into another mapped file, which has no name and ends with the process.
#[derive(Debug)]
pub struct Archived {
    path: PathBuf,
    /// In the order of the keys, which takes half of what a hash map does.
    values: Vec<(B256, Bytes)>,
}

impl Archived {
    /// Opens an archive, and hashes what is in it. Whether its blobs belong to their commitments is not checked.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = |error| StoreError::Archive { error: Box::new(error) };
        let values = values(&open(path).map_err(failed)?.with_room(room));
        let values = values.map_err(|error| failed(OpenError::Archive { path: path.into(), error }))?;
        Ok(Self { path: path.into(), values })
    }
}

/// From here on it is worth a file.
const LARGE: usize = 1 << 20;

/// A file in the folder for temporary files, so that the system can take the memory back. Where there is no room on the disk, memory.
fn room(bytes: usize) -> Box<dyn Room> {
    let file = if bytes < LARGE { None } else { unnamed(bytes).ok() };
    file.map_or_else(|| memory(bytes), |map| Box::new(Unpacked(map)))
}

/// A mapped file of so many zero bytes, which have their place on the disk: else writing to them could fail, by a signal.
fn unnamed(bytes: usize) -> io::Result<MmapMut> {
    let file = tempfile::tempfile()?;
    rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, bytes as u64)?;
    #[expect(unsafe_code, reason = "that a file stays as it is, only its owner can promise")]
    // SAFETY: the file has no name, and nobody else has it open.
    unsafe {
        MmapMut::map_mut(&file)
    }
}

struct Unpacked(MmapMut);

impl Room for Unpacked {
    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }

    fn freeze(self: Box<Self>) -> Bytes {
        alloy_primitives::bytes::Bytes::from_owner(self.0).into()
    }
}

/// All preimages by key, as a host serves them: with the commitments of the blobs, and each element under its own key.
fn values(archive: &Archive) -> Result<Vec<(B256, Bytes)>, ArchiveError> {
    let mut values = archive.keccak()?;
    values.iter_mut().for_each(|(key, _)| *key = *PreimageKey::keccak256(*key).as_bytes());
    values.extend(
        archive.sha256()?.into_iter().map(|(hash, value)| (*PreimageKey::sha256(hash).as_bytes(), value)),
    );
    let blobs = archive.section(Kind::Blobs)?;
    let points = EvaluationPoints::new();
    for start in (0..blobs.len()).step_by(BLOB_RECORD_BYTES) {
        let record = blobs.slice(start..(start + BLOB_RECORD_BYTES).min(blobs.len()));
        let (commitment, elements) = record
            .split_first_chunk::<COMMITMENT_BYTES>()
            .filter(|(_, elements)| elements.len() == 32 * FIELD_ELEMENTS)
            .ok_or(ArchiveError::BlobSection { length: blobs.len() })?;
        values.push((*PreimageKey::sha256(sha256(commitment)).as_bytes(), record.slice(..COMMITMENT_BYTES)));
        let key = |index| *PreimageKey::blob(commitment, points.point(index)).as_bytes();
        values.extend((0..).zip(elements.chunks(32)).map(|(i, element)| (key(i), record.slice_ref(element))));
    }
    values.sort_unstable_by_key(|(key, _)| *key);
    Ok(values)
}

impl Store for Archived {
    fn get(&self, key: &B256) -> Result<Option<Bytes>, StoreError> {
        let found = self.values.binary_search_by_key(key, |(key, _)| *key);
        Ok(found.ok().map(|number| self.values[number].1.clone()))
    }

    fn place(&self, key: &B256) -> String {
        format!("key {key} in {}", self.path.display())
    }
}
