//! Why an archive is refused.

use super::{ArenaFault, Coding, Kind, MAX_CLAIMS, MAX_SECTION_BYTES, VERSION};
use crate::witness::WitnessError;
use alloy_primitives::B256;

/// What is wrong with an archive. Each names the part at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// It does not begin as an archive does.
    #[error("is not a witness archive: it does not begin as one")]
    Magic,
    /// It was written in a later version of the format, or this field is damaged.
    #[error(
        "is in version {found} of the format, and this program reads version {VERSION}: a newer one is needed, or the file is \
         damaged"
    )]
    Version {
        /// What it says.
        found: u32,
    },
    /// It does not end as an archive does.
    #[error("does not end as an archive does: it is cut off at byte {length}, or was never finished")]
    Truncated {
        /// How many bytes there are.
        length: usize,
    },
    /// Header or table of contents are not the ones that the root is of.
    #[error("is damaged: its table of contents has the root {computed}, and {recorded} is recorded")]
    Root {
        /// What the trailer says.
        recorded: B256,
        /// What it is.
        computed: B256,
    },
    /// The table of contents is no list of entries.
    #[error("has a table of contents of {length} bytes, which is no number of entries that fits the file")]
    Table {
        /// What the trailer says.
        length: u32,
    },
    /// Header bytes that mean nothing yet.
    #[error("has header bytes that are not zero, whose meaning is unknown")]
    Reserved,
    /// A section of a kind that this version does not have.
    #[error("has a section of kind {0}, which is unknown")]
    Kind(u8),
    /// Sections come in the order of their kinds.
    #[error("has the section `{0}` twice or out of order")]
    Order(Kind),
    /// A coding that this version does not have.
    #[error("has the section `{section}` in coding {coding}, which is unknown")]
    Coding {
        /// Which.
        section: Kind,
        /// What the table says.
        coding: u8,
    },
    /// A section that would take more than [`MAX_SECTION_BYTES`].
    #[error(
        "has {length} bytes in the section `{section}`: more than {MAX_SECTION_BYTES}, which no run needs"
    )]
    TooLong {
        /// Which.
        section: Kind,
        /// What the table says.
        length: u64,
    },
    /// A section stored as it is has two different lengths.
    #[error("has two lengths for the section `{section}`, which is in coding {}", Coding::Stored as u8)]
    Lengths {
        /// Which.
        section: Kind,
    },
    /// A section that does not end before the table.
    #[error("has a section `{section}` that does not fit into the {room} bytes of all sections")]
    Room {
        /// Which.
        section: Kind,
        /// What lies between header and table.
        room: usize,
    },
    /// The sections together are not what lies between header and table.
    #[error("has sections of {sections} bytes, and room for {room}")]
    Gap {
        /// What the table adds up to.
        sections: usize,
        /// What there is.
        room: usize,
    },
    /// The bytes of a section are not those that its hash is of.
    #[error("is damaged in the section `{section}`: its bytes have another hash than the table says")]
    Damaged {
        /// Which.
        section: Kind,
    },
    /// This program cannot decompress.
    #[error("has the section `{section}` compressed, and this program reads only what is stored as it is")]
    Compressed {
        /// Which.
        section: Kind,
    },
    /// The frame is broken, or of another length than the table says.
    #[error("has a section `{section}` that does not decompress to what the table says")]
    Zstd {
        /// Which.
        section: Kind,
    },
    /// The claims are not a chain id and one or more records.
    #[error("has a section of claims of {length} bytes, which is no chain id and 1 to {MAX_CLAIMS} claims")]
    Claims {
        /// How many bytes it has.
        length: usize,
    },
    /// An arena is broken.
    #[error("has a broken section `{section}`, at value {value}: {fault}")]
    Arena {
        /// The index of the arena.
        section: Kind,
        /// Which value.
        value: usize,
        /// What is wrong.
        fault: ArenaFault,
    },
    /// The blobs are not whole.
    #[error("has a section of blobs of {length} bytes, which is no number of blobs with their commitments")]
    BlobSection {
        /// How many bytes it has.
        length: usize,
    },
    /// A preimage is not what its key stands for.
    #[error("holds preimages that are refused: {0}")]
    Witness(#[from] WitnessError),
}
