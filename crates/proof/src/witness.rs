//! A witness: preimages in memory whose keys were computed, not believed (invariant 6).
//!
//! ```text
//! repeated, keys strictly increasing:
//! +----------------+---------------------------+---------+
//! | key (32 bytes) | length (u32 little-endian)|  value  |
//! +----------------+---------------------------+---------+
//! ```
//!
//! Every value of kind 2 and 4 is hashed once; the values of kind 5 are put together to blobs and checked against their
//! commitments, all at once. What a witness answers with is therefore what the key stands for, whoever wrote the file.

use crate::{
    kzg::{self, Commitment, EvaluationPoints, FIELD_ELEMENTS, KzgError},
    oracle::{OracleBlobError, PreimageOracle},
    preimage::{KeyKind, PreimageKey},
};
use alloc::{boxed::Box, collections::BTreeSet, vec::Vec};
use alloy_eips::eip4844::Blob;
use alloy_primitives::{
    B256, Bytes, keccak256,
    map::{B256Map, B256Set, Entry as MapEntry},
};
use sha2::{Digest, Sha256};

/// Most commitments in a witness. Each costs 4,096 hashes even where no element of its blob is there, so that a small file
/// could keep us busy for days; a day of L1 blocks with nine blobs each has fewer.
pub const MAX_COMMITMENTS: usize = 1 << 16;

/// Bytes before a record's value.
const RECORD_HEADER: usize = 36;

/// Preimages in memory, each checked against its key on entry.
#[derive(Debug, Default)]
pub struct Witness {
    entries: B256Map<Entry>,
    blobs: Vec<(Commitment, Box<Blob>)>,
    /// Where the value of a key of kind 5 lies: blob and element. Of the first `named` blobs only, as the 4,096 keys of a
    /// blob take as many hashes, and whoever asks for whole blobs needs none of them.
    elements: B256Map<(usize, usize)>,
    named: usize,
    /// Commitments whose blobs are not whole.
    absent: Vec<AbsentBlob>,
    stats: WitnessStats,
    read: ReadStats,
}

#[derive(Debug)]
struct Entry {
    value: Bytes,
    read: bool,
}

/// A commitment whose blob is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbsentBlob {
    /// The commitment.
    pub commitment: Commitment,
    /// How many of its 4,096 elements are there.
    pub elements: usize,
    /// The first one that is not.
    pub missing: PreimageKey,
}

/// What a witness holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WitnessStats {
    /// Values of kind 2.
    pub keccak: usize,
    /// Values of kind 4.
    pub sha256: usize,
    /// Whole blobs.
    pub blobs: usize,
    /// Values of kind 6, which are not kept: precompiles are computed.
    pub precompiles: usize,
}

/// What has been read of a witness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadStats {
    /// How many different preimages; a blob counts as its 4,096 elements.
    pub preimages: u64,
    /// How many bytes they have together.
    pub bytes: u64,
}

/// Why a witness is refused. It is the fault of whoever wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WitnessError {
    /// The records end within one.
    #[error("the preimages end inside the record at byte {offset}")]
    Truncated {
        /// Where the record starts.
        offset: usize,
    },
    /// Keys must strictly increase, so that no key has two values.
    #[error("the key {key} does not come after the key before it")]
    Order {
        /// The key that is out of place.
        key: B256,
    },
    /// A kind of key that has no place in a witness: illegal, local, reserved.
    #[error("the key {key} is of kind {kind}, which has no place in a witness")]
    Kind {
        /// The key.
        key: B256,
        /// Its first byte.
        kind: u8,
    },
    /// The value is not the one that the key stands for.
    #[error("the value of the key {key} is another one's: its hash gives {computed}")]
    Hash {
        /// The key as recorded.
        key: PreimageKey,
        /// The key that the value has.
        computed: PreimageKey,
    },
    /// More values of kind 4 that could be commitments than [`MAX_COMMITMENTS`].
    #[error("{0} commitments are more than any run needs")]
    TooManyCommitments(usize),
    /// A value of kind 5 that no commitment among the preimages has.
    #[error("the key {key} belongs to no blob whose commitment is among the preimages")]
    StrayElement {
        /// The key.
        key: B256,
    },
    /// A value of kind 5 must have 32 bytes and be below the modulus.
    #[error("the value of the key {key} is no element of a blob")]
    Element {
        /// The key.
        key: PreimageKey,
    },
    /// The values at the points of a commitment are not those of the polynomial that it commits to.
    #[error("the blob of commitment {key} (sha256 key) does not belong to it: {error}")]
    Blob {
        /// The key of the commitment.
        key: PreimageKey,
        /// What is wrong.
        error: KzgError,
    },
}

/// A preimage that a witness does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not in the witness")]
pub struct Missing;

impl Witness {
    /// An empty witness, to be filled with `insert_*`.
    pub fn new() -> Self {
        Self::default()
    }

    /// A witness out of the records of a file. No value is copied except blobs.
    pub fn from_records(records: &Bytes) -> Result<Self, WitnessError> {
        let mut witness = Self::new();
        let mut elements = B256Map::default();
        let mut last = None;
        let mut offset = 0;
        while offset < records.len() {
            let (key, value) = record(records, offset)?;
            if last.is_some_and(|last| last >= key) {
                return Err(WitnessError::Order { key });
            }
            last = Some(key);
            offset += RECORD_HEADER + value.len();
            witness.admit(key, value, &mut elements)?;
        }
        witness.assemble(&elements)?;
        Ok(witness)
    }

    /// Adds a value and returns the keccak256 hash that it is asked for by.
    pub fn insert_keccak(&mut self, value: Bytes) -> B256 {
        let hash = keccak256(&value);
        self.insert(PreimageKey::keccak256(hash), value);
        hash
    }

    /// Adds a value whose hash was computed before.
    pub(crate) fn insert_computed(&mut self, key: PreimageKey, value: Bytes) {
        self.insert(key, value);
    }

    /// Adds a value and returns the sha256 hash that it is asked for by.
    pub fn insert_sha256(&mut self, value: Bytes) -> B256 {
        let hash = sha256(&value);
        self.insert(PreimageKey::sha256(hash), value);
        hash
    }

    /// Adds a blob with its commitment, if they belong together.
    pub fn insert_blob(&mut self, commitment: Commitment, blob: Box<Blob>) -> Result<(), WitnessError> {
        self.insert_blobs([(commitment, blob)].into())
    }

    /// Adds blobs with their commitments, if all of them belong together: checked at once, which is cheaper than one by one.
    /// Either all are added or none.
    pub fn insert_blobs(&mut self, mut blobs: Vec<(Commitment, Box<Blob>)>) -> Result<(), WitnessError> {
        let count = self.blobs.len() + blobs.len();
        if count > MAX_COMMITMENTS {
            return Err(WitnessError::TooManyCommitments(count));
        }
        kzg::verify(&blobs).map_err(|(at, error)| blame(&blobs, at, error))?;
        let mut known: BTreeSet<Commitment> = self.blobs.iter().map(|(commitment, _)| *commitment).collect();
        blobs.retain(|(commitment, _)| known.insert(*commitment));
        for (commitment, _) in &blobs {
            self.insert_sha256(Bytes::copy_from_slice(commitment));
        }
        self.blobs.append(&mut blobs);
        self.stats.blobs = self.blobs.len();
        Ok(())
    }

    /// What it holds.
    pub const fn stats(&self) -> WitnessStats {
        self.stats
    }

    /// What has been read of it.
    pub const fn read_stats(&self) -> ReadStats {
        self.read
    }

    /// The values of kind 2 and 4, in no order; the commitments of the blobs are among them.
    pub fn preimages(&self) -> impl Iterator<Item = (PreimageKey, &Bytes)> {
        self.entries
            .iter()
            .filter_map(|(key, entry)| PreimageKey::from_bytes(*key).map(|key| (key, &entry.value)))
    }

    /// The whole blobs with their commitments.
    pub fn blobs(&self) -> &[(Commitment, Box<Blob>)] {
        &self.blobs
    }

    /// The commitments whose blobs are not whole.
    pub fn absent_blobs(&self) -> &[AbsentBlob] {
        &self.absent
    }

    /// Takes in one record under the key that its value has (J-029, K-001); elements of blobs wait in `elements` until every commitment is known.
    fn admit(&mut self, key: B256, value: Bytes, elements: &mut B256Map<Bytes>) -> Result<(), WitnessError> {
        let kind = WitnessError::Kind { key, kind: key[0] };
        let key = PreimageKey::from_bytes(key).ok_or(kind)?;
        let computed = match key.kind() {
            KeyKind::Keccak256 => PreimageKey::keccak256(keccak256(&value)),
            KeyKind::Sha256 => PreimageKey::sha256(sha256(&value)),
            KeyKind::Blob => {
                elements.insert(*key.as_bytes(), value);
                return Ok(());
            }
            // Precompiles are computed natively, so nobody asks, and nothing has to be believed.
            KeyKind::Precompile => {
                self.stats.precompiles += 1;
                return Ok(());
            }
            KeyKind::Local => return Err(kind),
        };
        if computed != key {
            return Err(WitnessError::Hash { key, computed });
        }
        self.insert(key, value);
        Ok(())
    }

    /// Puts the elements of each commitment together and checks all blobs at once. A blob of which an element is missing
    /// is absent; an element that no commitment has is refused.
    fn assemble(&mut self, elements: &B256Map<Bytes>) -> Result<(), WitnessError> {
        let commitments = self.commitments();
        if commitments.len() > MAX_COMMITMENTS {
            return Err(WitnessError::TooManyCommitments(commitments.len()));
        }
        let points = EvaluationPoints::new();
        let mut owned = 0;
        for commitment in &commitments {
            let mut blob = Box::new(Blob::ZERO);
            let mut keys = Vec::with_capacity(FIELD_ELEMENTS);
            let mut missing = None;
            for (index, slot) in blob.as_chunks_mut::<32>().0.iter_mut().enumerate() {
                let key = PreimageKey::blob(commitment, points.point(index));
                if let Some(value) = elements.get(key.as_bytes()) {
                    *slot = value[..].try_into().map_err(|_| WitnessError::Element { key })?;
                    keys.push(*key.as_bytes());
                } else {
                    missing = missing.or(Some(key));
                }
            }
            owned += keys.len();
            if let Some(missing) = missing {
                self.absent.push(AbsentBlob { commitment: *commitment, elements: keys.len(), missing });
            } else {
                let blob_index = self.blobs.len();
                self.elements.extend(keys.into_iter().enumerate().map(|(i, key)| (key, (blob_index, i))));
                self.blobs.push((*commitment, blob));
            }
        }
        if owned < elements.len() {
            return Err(stray(&commitments, elements));
        }
        (self.stats.blobs, self.named) = (self.blobs.len(), self.blobs.len());
        kzg::verify(&self.blobs).map_err(|(at, error)| blame(&self.blobs, at, error))
    }

    /// Computes the keys of the elements of the blobs that have none yet.
    fn name_elements(&mut self) {
        let points = EvaluationPoints::new();
        for (blob, (commitment, _)) in self.blobs.iter().enumerate().skip(self.named) {
            let keys = (0..FIELD_ELEMENTS).map(|i| PreimageKey::blob(commitment, points.point(i)));
            self.elements.extend(keys.enumerate().map(|(i, key)| (*key.as_bytes(), (blob, i))));
        }
        self.named = self.blobs.len();
    }

    /// The values of kind 4 that have the length of a commitment.
    fn commitments(&self) -> Vec<Commitment> {
        let sha256 = self.entries.iter().filter(|(key, _)| key[0] == KeyKind::Sha256 as u8);
        let mut commitments: Vec<Commitment> =
            sha256.filter_map(|(_, entry)| entry.value[..].try_into().ok()).collect();
        commitments.sort_unstable();
        commitments
    }

    fn insert(&mut self, key: PreimageKey, value: Bytes) {
        if let MapEntry::Vacant(vacant) = self.entries.entry(*key.as_bytes()) {
            vacant.insert(Entry { value, read: false });
            match key.kind() {
                KeyKind::Sha256 => self.stats.sha256 += 1,
                _ => self.stats.keccak += 1,
            }
        }
    }
}

impl PreimageOracle for Witness {
    type Error = Missing;

    fn get(&mut self, key: PreimageKey) -> Result<Bytes, Missing> {
        if key.kind() == KeyKind::Blob {
            self.name_elements();
        }
        if let Some(&(blob, index)) = self.elements.get(key.as_bytes()) {
            let element = self.blobs.get(blob).and_then(|(_, blob)| blob.as_chunks::<32>().0.get(index));
            return element.map(|element| Bytes::copy_from_slice(element)).ok_or(Missing);
        }
        let entry = self.entries.get_mut(key.as_bytes()).ok_or(Missing)?;
        if !entry.read {
            entry.read = true;
            self.read.preimages += 1;
            self.read.bytes += entry.value.len() as u64;
        }
        Ok(entry.value.clone())
    }

    fn blob(&mut self, commitment: &Commitment) -> Result<Box<Blob>, OracleBlobError<Missing>> {
        if let Some((_, blob)) = self.blobs.iter().find(|(known, _)| known == commitment) {
            self.read.preimages += FIELD_ELEMENTS as u64;
            self.read.bytes += blob.len() as u64;
            return Ok(blob.clone());
        }
        let absent = self.absent.iter().find(|absent| absent.commitment == *commitment);
        let key = absent.map_or_else(
            || PreimageKey::blob(commitment, EvaluationPoints::new().point(0)),
            |absent| absent.missing,
        );
        Err(OracleBlobError::Oracle { key, source: Missing })
    }
}

/// Names the element if one is at fault, and else the commitment.
fn blame(blobs: &[(Commitment, Box<Blob>)], at: usize, error: KzgError) -> WitnessError {
    let commitment = blobs.get(at).map_or([0; 48], |(commitment, _)| *commitment);
    match error {
        KzgError::Element { index } => WitnessError::Element {
            key: PreimageKey::blob(&commitment, EvaluationPoints::new().point(index)),
        },
        _ => WitnessError::Blob { key: PreimageKey::sha256(sha256(&commitment)), error },
    }
}

/// The first element, by its key, that belongs to none of the commitments.
fn stray(commitments: &[Commitment], elements: &B256Map<Bytes>) -> WitnessError {
    let points = EvaluationPoints::new();
    let owned: B256Set = commitments
        .iter()
        .flat_map(|c| (0..FIELD_ELEMENTS).map(|i| *PreimageKey::blob(c, points.point(i)).as_bytes()))
        .collect();
    let stray = elements.keys().filter(|key| !owned.contains(*key)).min().copied().unwrap_or_default();
    WitnessError::StrayElement { key: stray }
}

/// The key and value of the record at `offset`.
fn record(records: &Bytes, offset: usize) -> Result<(B256, Bytes), WitnessError> {
    let truncated = WitnessError::Truncated { offset };
    let rest = &records[offset..];
    let (key, rest) = rest.split_first_chunk::<32>().ok_or(truncated)?;
    let (length, rest) = rest.split_first_chunk::<4>().ok_or(truncated)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| truncated)?;
    if length > rest.len() {
        return Err(truncated);
    }
    let start = offset + RECORD_HEADER;
    Ok((B256::new(*key), records.slice(start..start + length)))
}

fn sha256(value: &[u8]) -> B256 {
    B256::new(Sha256::digest(value).into())
}
