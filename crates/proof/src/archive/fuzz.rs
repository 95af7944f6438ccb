//! The body of the fuzzer: bytes from nowhere as an archive.

use super::{Archive, Coding, HEADER_BYTES, Kind, Section, finish, header, sha256};
use alloc::vec::Vec;
use alloy_primitives::{Bytes, keccak256};

/// Reads `data` as an archive, and as the sections of one whose table is right, so that what lies behind it is reached:
/// never a panic, and what is read has the hashes that it is said to have.
pub fn fuzz_archive(data: &[u8]) {
    if let Ok(archive) = Archive::stored(Bytes::copy_from_slice(data)) {
        open(&archive);
    }
    let Some((&at, rest)) = data.split_first() else { return };
    let (index, values) = rest.split_at(usize::from(at).min(rest.len()));
    for sections in [
        [(Kind::KeccakIndex, index), (Kind::KeccakData, values)],
        [(Kind::Sha256Index, index), (Kind::Sha256Data, values)],
        [(Kind::Claims, index), (Kind::Blobs, values)],
    ] {
        open(&sealed(&sections));
    }
}

fn open(archive: &Archive) {
    for (hash, value) in archive.keccak().unwrap_or_default() {
        assert_eq!(hash, keccak256(&value));
    }
    for (hash, value) in archive.sha256().unwrap_or_default() {
        assert_eq!(hash, sha256(&value));
    }
    if let Ok(claims) = archive.claims() {
        assert_eq!(archive.section(Kind::Claims).map(Vec::from), Ok(claims.encode()));
    }
    let _ = archive.witness();
}

/// An archive of these sections.
#[expect(clippy::panic, reason = "a fuzzer's failure: our own table must be read")]
fn sealed(sections: &[(Kind, &[u8])]) -> Archive {
    let (mut file, mut lines) = (header().to_vec(), Vec::new());
    for (kind, bytes) in sections {
        let start = lines.last().map_or(HEADER_BYTES, |line: &Section| line.end);
        lines.push(Section::new(*kind, Coding::Stored, start, bytes, bytes.len()));
        file.extend_from_slice(bytes);
    }
    file.extend(finish(&lines).0);
    Archive::stored(file.into()).unwrap_or_else(|error| panic!("{error}"))
}
