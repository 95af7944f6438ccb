//! A channel's compressed frames to what the network reads out of them (E-001 to E-011).
//!
//! ```text
//! frames --> zlib or Brotli, by the first byte --> bytes, up to a limit, as far as batches can be read out of them
//! ```
//!
//! Batchers may post anything, and the network goes on with whatever op-node's decoders handed over before they met a fault.
//! So those decoders are the protocol: not only what they accept, but how far they come, and what is lost on the way from them
//! to the reader of batches.
#![no_std]

extern crate alloc;

mod brotli;
mod inflate;
mod input;
mod output;
mod reads;

use crate::{input::Input, output::Output};
use alloy_primitives::Bytes;

/// The first byte of a Brotli channel (E-001).
pub const BROTLI_VERSION: u8 = 1;

/// What a channel holds, as far as it could be decoded and counts (E-004, E-010).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decompressed {
    /// The decoded bytes that can be read. They stand, however the stream ends.
    pub bytes: Bytes,
    /// How the stream ended.
    pub end: StreamEnd,
    /// How many more bytes were decoded, but are lost: those of a batch that the stream's fault comes with.
    pub lost: usize,
}

/// How a compressed stream ended. None of it invalidates what was decoded before (E-004).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEnd {
    /// As it should. Bytes after the end do not change that; after Brotli's they may cost the last batch (E-005).
    Complete,
    /// There is more, but it does not count (E-010).
    Limit,
    /// The compressed data is malformed from some place on.
    Corrupt(Corruption),
    /// The compressed data ends too early.
    Truncated,
}

/// What is wrong within a compressed stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Corruption {
    /// Not a deflate stream (RFC 1951).
    Deflate,
    /// The Adler-32 checksum at the end of a zlib stream does not fit the data.
    Checksum,
    /// Not a Brotli stream (RFC 7932).
    Brotli,
}

/// Why a channel yields nothing at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompressionError {
    /// The channel has no data (E-001).
    #[error("the channel is empty")]
    Empty,
    /// The first byte names no known format (E-001).
    #[error("unknown compression {0:#04x}")]
    UnknownFormat(u8),
    /// Brotli, in a channel completed before it was admitted (E-002).
    #[error("Brotli is not active yet")]
    BrotliInactive,
    /// The two bytes of the zlib header, cut short or not allowed: unknown method, window too large, wrong check bits,
    /// or a preset dictionary that is not empty (E-003).
    #[error("the zlib header starts with {0:02x?}")]
    ZlibHeader([u8; 2]),
}

/// Decodes a channel's frames, which are let go one by one, to at most `limit` bytes (E-010); `brotli` tells whether that is
/// admitted (E-002).
///
/// ```
/// use unroll_compression::{StreamEnd, decompress};
///
/// // Zlib: one stored block, which holds the RLP strings "a" and "b", and its checksum.
/// let channel = [0x78, 0x01, 1, 2, 0, 0xfd, 0xff, b'a', b'b', 0x01, 0x26, 0x00, 0xc4];
/// let frames = channel.chunks(5).map(|frame| frame.to_vec().into());
/// let stream = decompress(frames, true, 100_000_000)?;
/// assert_eq!((&stream.bytes[..], stream.end), (&b"ab"[..], StreamEnd::Complete));
/// # Ok::<(), unroll_compression::CompressionError>(())
/// ```
pub fn decompress(
    frames: impl IntoIterator<Item = Bytes>,
    brotli: bool,
    limit: usize,
) -> Result<Decompressed, CompressionError> {
    let mut input = Input::new(frames);
    let mut output = Output::new(limit);
    // E-001: the low nibbles 8 and 15 are zlib's, 1 alone is Brotli.
    let end = match input.rest().first() {
        None => return Err(CompressionError::Empty),
        Some(first) if matches!(first & 0x0f, 8 | 15) => {
            read_zlib_header(&mut input)?;
            inflate::decode(&mut input, &mut output)
        }
        Some(&BROTLI_VERSION) if !brotli => return Err(CompressionError::BrotliInactive), // E-002
        Some(&BROTLI_VERSION) => {
            input.skip(1);
            brotli::decode(&mut input, &mut output)
        }
        Some(&first) => return Err(CompressionError::UnknownFormat(first)),
    };
    Ok(output.finish(end))
}

/// E-003: RFC 1950, section 2.2. The check bits make the header, read as a number, a multiple of 31.
fn read_zlib_header(input: &mut Input) -> Result<(), CompressionError> {
    let header = [input.byte().unwrap_or(0), input.byte().unwrap_or(0)];
    let [method_and_window, flags] = header;
    let valid = method_and_window & 0x0f == 8
        && method_and_window >> 4 <= 7
        && u16::from_be_bytes(header).is_multiple_of(31)
        && (flags & 0x20 == 0 || has_empty_dictionary(input));
    if valid { Ok(()) } else { Err(CompressionError::ZlibHeader(header)) }
}

/// Whether the preset dictionary is the one that Go has when it has none: its checksum is that of no bytes.
fn has_empty_dictionary(input: &mut Input) -> bool {
    let mut id = alloc::vec::Vec::new();
    input.fill(&mut id, 4);
    id == adler2::adler32_slice(&[]).to_be_bytes()
}

/// No channel makes the decoders panic, and none yields more than the limit; a lower limit yields a prefix, and frames do not
/// matter.
#[cfg(any(test, feature = "fuzz"))]
pub fn fuzz_decompress(data: &[u8]) {
    let channel = Bytes::copy_from_slice(data);
    let decompress = |limit| decompress([channel.clone()], true, limit);
    let Ok(all) = decompress(1 << 20) else { return };
    assert!(all.bytes.len() <= 1 << 20);
    let half = all.bytes.len() / 2;
    let first = decompress(half).expect("the limit does not decide whether there is a stream");
    assert!(first.bytes.len() <= half);
    assert!(all.bytes.starts_with(&first.bytes));
    if all.end == StreamEnd::Complete {
        assert_eq!(first.bytes.len(), half);
        assert_eq!(first.end, if half == all.bytes.len() { StreamEnd::Complete } else { StreamEnd::Limit });
    }
    let frames = data.chunks(7).map(Bytes::copy_from_slice);
    assert_eq!(crate::decompress(frames, true, 1 << 20).as_ref(), Ok(&all));
}
