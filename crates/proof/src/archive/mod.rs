//! The witness archive (`.unroll`): everything that a run needs, in one file.
//!
//! ```text
//! +--------+-----------+-----+-----------+-------+---------+
//! | header | section 1 | ... | section n | table | trailer |       numbers are little-endian
//! +--------+-----------+-----+-----------+-------+---------+
//! header    "\x89UNROLL\n", version (u32), zero (u32)
//! table     for each section: kind (u8), coding (u8), stored length (u64), length (u64), sha256 of the stored bytes
//! trailer   length of the table (u32), root (32 bytes), "\nLLORNU\x89"         root = sha256(header || table)
//! ```
//!
//! | kind | section | content |
//! |---|---|---|
//! | 1 | claims | chain id (u64), then for each claim 112 bytes: see [`Claim`] |
//! | 2 | rollup config | JSON; only of a chain that is not built in |
//! | 3 | L1 config | JSON; only if the L1 chain is not a public one |
//! | 4, 5 | keccak256 preimages | index and data of an arena |
//! | 6, 7 | sha256 preimages | the same, without the commitments of the blobs |
//! | 8 | blobs | for each a commitment (48 bytes) and the blob (131,072 bytes) |
//!
//! Sections follow each other without a gap, in the order of their kinds, each at most once; one that is absent is empty.
//! The coding is 0 for bytes as they are, and 1 for one frame of zstd. The root names the whole content: who knows it can
//! check any one section without reading another. The trailer is written last, so a file that was not finished has none.
//!
//! # Arenas
//!
//! The values of an arena stand in the data one after the other. No key is stored: it is the hash of the value. Neither is
//! a hash in a value whose own value is in the arena, before it: the index says where it goes, and it is computed again.
//!
//! ```text
//! index     for each value: length, number of references, and for each reference: gap, step      as LEB128
//!
//! value     | gap 1 from the data | hash of a value before | gap 2 from the data | hash .. | rest from the data |
//!
//!           the first reference names value number `step`, each later one is `step` away from the one before (zigzag)
//! ```
//!
//! So a trie costs its leaves, plus what hangs from its branches and is not there. An arena without references whose data is
//! stored as it is can be used where it lies: its values are slices of the file.

mod arena;
mod claims;
mod error;
mod fuzz;
mod layout;

pub use arena::{ArenaFault, ArenaStats, ArenaWriter};
pub use claims::{CLAIM_BYTES, Claim, Claims, MAX_CLAIMS};
pub use error::ArchiveError;
pub use fuzz::fuzz_archive;
pub use layout::{Coding, HEADER_BYTES, Kind, MAX_SECTION_BYTES, Section, VERSION, finish, header};

use crate::{
    kzg::{COMMITMENT_BYTES, Commitment},
    preimage::PreimageKey,
    witness::Witness,
};
use alloc::{boxed::Box, vec, vec::Vec};
use alloy_eips::eip4844::{BYTES_PER_BLOB, Blob};
use alloy_primitives::{B256, Bytes, keccak256};
use sha2::{Digest, Sha256};

/// A blob with its commitment.
pub const BLOB_RECORD_BYTES: usize = COMMITMENT_BYTES + BYTES_PER_BLOB;

/// Undoes zstd. Whether exactly as many bytes came out as there is room for.
pub type Inflate = fn(&[u8], &mut [u8]) -> bool;

/// Room for what is decompressed: memory, or something that is mapped into it.
pub trait Room {
    /// All of it.
    fn bytes_mut(&mut self) -> &mut [u8];

    /// Its bytes, which do not change any more.
    fn freeze(self: Box<Self>) -> Bytes;
}

/// Makes room for exactly this many bytes, which are zero.
pub type MakeRoom = fn(usize) -> Box<dyn Room>;

impl Room for Vec<u8> {
    fn bytes_mut(&mut self) -> &mut [u8] {
        self
    }

    fn freeze(self: Box<Self>) -> Bytes {
        (*self).into()
    }
}

/// Room in memory, which is where it is if nobody says otherwise.
pub fn memory(bytes: usize) -> Box<dyn Room> {
    Box::new(vec![0; bytes])
}

/// An archive of which the table of contents was checked; each section is checked as it is opened.
#[derive(Clone, Debug)]
pub struct Archive {
    file: Bytes,
    sections: Vec<Section>,
    root: B256,
    inflate: Option<Inflate>,
    make_room: MakeRoom,
}

impl Archive {
    /// Reads the table of contents of a file whose sections are stored as they are, for programs that have no zstd: a
    /// compressed section will be an error.
    pub fn stored(file: Bytes) -> Result<Self, ArchiveError> {
        let (sections, root) = layout::parse(&file)?;
        Ok(Self { file, sections, root, inflate: None, make_room: memory })
    }

    /// Reads the table of contents of any archive.
    pub fn new(file: Bytes, inflate: Inflate) -> Result<Self, ArchiveError> {
        Ok(Self { inflate: Some(inflate), ..Self::stored(file)? })
    }

    /// The same archive, which decompresses its sections into room that is made by `make_room`.
    pub fn with_room(self, make_room: MakeRoom) -> Self {
        Self { make_room, ..self }
    }

    /// The hash that names the whole content.
    pub const fn root(&self) -> B256 {
        self.root
    }

    /// The table of contents.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// How many bytes the file has.
    pub fn file_len(&self) -> usize {
        self.file.len()
    }

    /// A section, checked and decompressed; empty if it is absent. What is stored as it is, is a slice of the file.
    pub fn section(&self, kind: Kind) -> Result<Bytes, ArchiveError> {
        let Some(section) = self.find(kind) else { return Ok(Bytes::new()) };
        let stored = self.stored_bytes(section)?;
        if section.coding == Coding::Stored {
            return Ok(stored);
        }
        let mut room = (self.make_room)(section.length);
        self.decode(section, &stored, room.bytes_mut())?;
        Ok(room.freeze())
    }

    /// What the archive is about.
    pub fn claims(&self) -> Result<Claims, ArchiveError> {
        Claims::decode(&self.section(Kind::Claims)?)
    }

    /// The preimages of kind 2, by the hashes that were computed of them, in the order of the file.
    pub fn keccak(&self) -> Result<Vec<(B256, Bytes)>, ArchiveError> {
        self.arena(Kind::KeccakIndex, Kind::KeccakData, |value| keccak256(value))
    }

    /// The preimages of kind 4 in the same way, without the commitments of the blobs.
    pub fn sha256(&self) -> Result<Vec<(B256, Bytes)>, ArchiveError> {
        self.arena(Kind::Sha256Index, Kind::Sha256Data, sha256)
    }

    /// The blobs with what they claim to be committed to by: that is for [`witness`](Self::witness) to check.
    pub fn blobs(&self) -> Result<Vec<(Commitment, Box<Blob>)>, ArchiveError> {
        let bytes = self.section(Kind::Blobs)?;
        let (records, rest) = bytes.as_chunks::<BLOB_RECORD_BYTES>();
        if !rest.is_empty() {
            return Err(ArchiveError::BlobSection { length: bytes.len() });
        }
        Ok(records.iter().map(blob).collect())
    }

    /// All preimages, each checked: what is missing in the archive is missing in the witness, but nothing in it is wrong.
    pub fn witness(&self) -> Result<Witness, ArchiveError> {
        let mut witness = Witness::new();
        for (hash, value) in self.keccak()? {
            witness.insert_computed(PreimageKey::keccak256(hash), value);
        }
        for (hash, value) in self.sha256()? {
            witness.insert_computed(PreimageKey::sha256(hash), value);
        }
        witness.insert_blobs(self.blobs()?)?;
        Ok(witness)
    }

    /// What the arena with this index holds; only the index is read.
    pub fn arena_stats(&self, index: Kind) -> Result<ArenaStats, ArchiveError> {
        Ok(self.shape(index, &self.section(index)?)?.stats())
    }

    fn arena(
        &self,
        index: Kind,
        data: Kind,
        hash: impl Fn(&[u8]) -> B256,
    ) -> Result<Vec<(B256, Bytes)>, ArchiveError> {
        let entries = self.section(index)?;
        let in_index = |(value, fault)| ArchiveError::Arena { section: index, value, fault };
        let shape = self.shape(index, &entries)?;
        shape.check_data(self.find(data).map_or(0, |section| section.length)).map_err(in_index)?;
        let (hashes, values) = if shape.references == 0 {
            let values = self.section(data)?;
            (shape.slices(&values).map(|value| hash(&value)).collect::<Vec<_>>(), values)
        } else {
            // One buffer for both: the data moves forward in it, as references are filled in.
            let mut room = (self.make_room)(shape.bytes);
            let buffer = room.bytes_mut();
            if let Some(section) = self.find(data) {
                self.decode(section, &self.stored_bytes(section)?, &mut buffer[shape.bytes - shape.data..])?;
            }
            (shape.fill_in(&entries, buffer, hash).map_err(in_index)?, room.freeze())
        };
        arena::check_unique(&hashes).map_err(in_index)?;
        Ok(hashes.into_iter().zip(shape.slices(&values)).collect())
    }

    fn shape(&self, index: Kind, entries: &[u8]) -> Result<arena::Shape, ArchiveError> {
        arena::Shape::of(entries).map_err(|(value, fault)| ArchiveError::Arena {
            section: index,
            value,
            fault,
        })
    }

    fn find(&self, kind: Kind) -> Option<&Section> {
        self.sections.iter().find(|section| section.kind == kind)
    }

    /// The bytes of a section as they stand in the file, checked.
    fn stored_bytes(&self, section: &Section) -> Result<Bytes, ArchiveError> {
        let stored = self.file.slice(section.start..section.end);
        if sha256(&stored) != section.hash {
            return Err(ArchiveError::Damaged { section: section.kind });
        }
        Ok(stored)
    }

    /// The content of a section, into as many bytes as the table says.
    fn decode(&self, section: &Section, stored: &[u8], into: &mut [u8]) -> Result<(), ArchiveError> {
        match (section.coding, self.inflate) {
            (Coding::Stored, _) => into.copy_from_slice(stored),
            (Coding::Zstd, None) => return Err(ArchiveError::Compressed { section: section.kind }),
            (Coding::Zstd, Some(inflate)) if inflate(stored, into) => {}
            (Coding::Zstd, _) => return Err(ArchiveError::Zstd { section: section.kind }),
        }
        Ok(())
    }
}

fn blob(record: &[u8; BLOB_RECORD_BYTES]) -> (Commitment, Box<Blob>) {
    let (commitment, bytes) = record.split_at(COMMITMENT_BYTES);
    let mut blob = Box::new(Blob::ZERO);
    blob.copy_from_slice(bytes);
    let mut key = [0; COMMITMENT_BYTES];
    key.copy_from_slice(commitment);
    (key, blob)
}

/// The hash of kind 4, and of sections.
pub fn sha256(value: &[u8]) -> B256 {
    B256::new(Sha256::digest(value).into())
}
