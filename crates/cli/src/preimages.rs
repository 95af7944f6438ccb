//! Files of preimages: zstd over the records of a [`Witness`](unroll_proof::Witness).

use std::io::{self, Read};

/// No witness that a run needs is larger: two GiB hold more than a day of a busy chain, and the bound keeps a small file
/// from filling all memory.
pub const MAX_BYTES: u64 = 2 << 30;

const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Why a file of preimages cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PreimagesError {
    #[error("is not a zstd file: it begins with {0:02x?}")]
    Magic(Vec<u8>),
    #[error("ends early: it is cut off or damaged")]
    Truncated,
    #[error("decompresses to more than {MAX_BYTES} bytes")]
    TooLarge,
    #[error("cannot be decompressed: {0}")]
    Io(io::Error),
}

/// Decompresses a file of preimages, as it is read.
pub fn decompress(mut file: impl Read) -> Result<Vec<u8>, PreimagesError> {
    // The longest header of a frame has 18 bytes; it says how much there will be.
    let mut head = Vec::with_capacity(18);
    file.by_ref().take(18).read_to_end(&mut head).map_err(PreimagesError::Io)?;
    if !head.starts_with(&MAGIC) {
        head.truncate(4);
        return Err(PreimagesError::Magic(head));
    }
    let size = zstd::zstd_safe::get_frame_content_size(&head).ok().flatten().unwrap_or(0);
    if size > MAX_BYTES {
        return Err(PreimagesError::TooLarge);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).map_err(|_| PreimagesError::TooLarge)?);
    let decoder = zstd::stream::read::Decoder::new(head.chain(file)).map_err(PreimagesError::Io)?;
    decoder.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => PreimagesError::Truncated,
        _ => PreimagesError::Io(error),
    })?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(PreimagesError::TooLarge);
    }
    Ok(bytes)
}
