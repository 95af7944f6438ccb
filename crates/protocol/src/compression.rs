//! Channel data to the stream of batches: zlib or Brotli, bounded, keeping what comes before a fault (E-001 to E-011).

use alloc::{boxed::Box, vec, vec::Vec};
use alloy_primitives::Bytes;
use brotli_decompressor::{
    Allocator, BrotliDecompressStream, BrotliResult, BrotliState, SliceWrapper, SliceWrapperMut,
};
use miniz_oxide::inflate::{
    TINFLStatus,
    core::{DecompressorOxide, decompress as inflate, inflate_flags as flags},
};

use crate::forks::DerivationRules;

/// The first byte of a Brotli channel (E-001).
pub const BROTLI_VERSION: u8 = 1;

/// The first output buffer, in bytes. It grows by half at a time, so that memory follows the bytes that really come out.
const FIRST_OUTPUT_BYTES: usize = 1 << 16;

/// How many bytes of a Brotli stream the reference reads at first and later on. Its decoder hands over what it decoded
/// when it runs out of input, and withholds it when it meets a fault: so the sizes decide how much stands (E-004).
const BROTLI_INPUT_BYTES: (usize, usize) = (4095, 1 << 15);

/// What a channel holds, as far as it could be decoded and counts (E-004, E-010).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decompressed {
    /// The decoded bytes, at most [`DerivationRules::max_rlp_bytes_per_channel`]. They stand, however the stream ends.
    pub bytes: Bytes,
    /// How the stream ended.
    pub end: StreamEnd,
}

/// How a compressed stream ended. None of it invalidates what was decoded before (E-004).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEnd {
    /// As it should. Bytes after the end of the stream are not looked at (E-005).
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
    /// or a preset dictionary (E-003).
    #[error("the zlib header starts with {0:02x?}")]
    ZlibHeader([u8; 2]),
}

/// Decodes a channel's data; `rules` are those of the L1 block in which the channel completed (E-002, E-010).
// A phase of the step meter begins here.
#[inline(never)]
pub fn decompress(channel: &[u8], rules: &DerivationRules) -> Result<Decompressed, CompressionError> {
    let limit = rules.max_rlp_bytes_per_channel;
    // E-001: the low nibbles 8 and 15 are zlib's, 1 alone is Brotli.
    match channel {
        [] => Err(CompressionError::Empty),
        [first, ..] if matches!(first & 0x0f, 8 | 15) => {
            check_zlib_header(channel)?;
            Ok(decode(&mut Zlib::new(channel), limit))
        }
        [BROTLI_VERSION, ..] if !rules.brotli => Err(CompressionError::BrotliInactive), // E-002
        [BROTLI_VERSION, stream @ ..] => Ok(decode(&mut Brotli::new(stream), limit)),
        [first, ..] => Err(CompressionError::UnknownFormat(*first)),
    }
}

/// E-003: RFC 1950, section 2.2. The check bits make the header, read as a number, a multiple of 31.
fn check_zlib_header(stream: &[u8]) -> Result<(), CompressionError> {
    let header = [stream.first().copied().unwrap_or(0), stream.get(1).copied().unwrap_or(0)];
    let [method_and_window, flags] = header;
    let valid = stream.len() >= 2
        && method_and_window & 0x0f == 8
        && method_and_window >> 4 <= 7
        && u16::from_be_bytes(header) % 31 == 0
        && flags & 0x20 == 0;
    if valid { Ok(()) } else { Err(CompressionError::ZlibHeader(header)) }
}

/// A decoder that is given room for output bit by bit.
trait Decoder {
    /// Decodes into `output` from `*filled` on; everything before is what came out so far. `None`: more room is needed.
    fn advance(&mut self, output: &mut [u8], filled: &mut usize) -> Option<StreamEnd>;
}

/// Runs a decoder to its end or to the limit. One byte more than the limit is decoded, to know whether there is more.
fn decode(decoder: &mut impl Decoder, limit: usize) -> Decompressed {
    let most = limit.saturating_add(1);
    let mut output = vec![0; FIRST_OUTPUT_BYTES.min(most)];
    let mut filled = 0;
    let end = loop {
        if let Some(end) = decoder.advance(&mut output, &mut filled) {
            break end;
        }
        if output.len() == most {
            break StreamEnd::Limit;
        }
        let length = most.min(output.len() / 2 * 3);
        output.reserve_exact(length - output.len());
        output.resize(length, 0);
    };
    let end = if filled > limit { StreamEnd::Limit } else { end }; // E-010
    output.truncate(filled.min(limit));
    output.shrink_to_fit();
    Decompressed { bytes: output.into(), end }
}

struct Zlib<'a> {
    state: Box<DecompressorOxide>,
    input: &'a [u8],
}

impl<'a> Zlib<'a> {
    fn new(input: &'a [u8]) -> Self {
        Self { state: Box::default(), input }
    }
}

impl Decoder for Zlib<'_> {
    fn advance(&mut self, output: &mut [u8], filled: &mut usize) -> Option<StreamEnd> {
        // "More input" lets the decoder tell a truncated stream from a malformed one.
        const FLAGS: u32 = flags::TINFL_FLAG_PARSE_ZLIB_HEADER
            | flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF
            | flags::TINFL_FLAG_HAS_MORE_INPUT;
        let (status, read, written) = inflate(&mut self.state, self.input, output, *filled, FLAGS);
        self.input = self.input.get(read..).unwrap_or_default();
        *filled += written;
        match status {
            TINFLStatus::Done => Some(StreamEnd::Complete),
            TINFLStatus::HasMoreOutput => None,
            TINFLStatus::NeedsMoreInput => Some(StreamEnd::Truncated),
            TINFLStatus::Adler32Mismatch => Some(StreamEnd::Corrupt(Corruption::Checksum)),
            _ => Some(StreamEnd::Corrupt(Corruption::Deflate)),
        }
    }
}

struct Brotli<'a> {
    state: Box<BrotliState<Heap, Heap, Heap>>,
    input: &'a [u8],
    /// How much of the input the decoder may see so far.
    shown: usize,
    read: usize,
}

impl<'a> Brotli<'a> {
    fn new(input: &'a [u8]) -> Self {
        // E-005: strict means that the large-window extension, which is not in RFC 7932, is malformed.
        let state = Box::new(BrotliState::new_strict(Heap, Heap, Heap));
        Self { state, input, shown: input.len().min(BROTLI_INPUT_BYTES.0), read: 0 }
    }
}

impl Decoder for Brotli<'_> {
    fn advance(&mut self, output: &mut [u8], filled: &mut usize) -> Option<StreamEnd> {
        loop {
            let (mut input_left, mut room) = (self.shown - self.read, output.len() - *filled);
            let result = BrotliDecompressStream(
                &mut input_left,
                &mut self.read,
                self.input,
                &mut room,
                filled,
                output,
                &mut 0,
                &mut self.state,
            );
            match result {
                BrotliResult::ResultSuccess => return Some(StreamEnd::Complete),
                BrotliResult::ResultFailure => return Some(StreamEnd::Corrupt(Corruption::Brotli)),
                BrotliResult::NeedsMoreOutput => return None,
                // Out of input and of room at once: there may be output that had no room.
                BrotliResult::NeedsMoreInput if room == 0 => return None,
                BrotliResult::NeedsMoreInput if self.shown == self.input.len() => {
                    return Some(StreamEnd::Truncated);
                }
                BrotliResult::NeedsMoreInput => {
                    self.shown = self.input.len().min(self.shown + BROTLI_INPUT_BYTES.1);
                }
            }
        }
    }
}

/// The decoder's memory: its window of at most 16 MiB and its code tables, whose number the format bounds.
#[derive(Clone, Copy, Debug, Default)]
struct Heap;

#[derive(Debug)]
struct Cells<T>(Vec<T>);

impl<T> Default for Cells<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> SliceWrapper<T> for Cells<T> {
    fn slice(&self) -> &[T] {
        &self.0
    }
}

impl<T> SliceWrapperMut<T> for Cells<T> {
    fn slice_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<T: Clone + Default> Allocator<T> for Heap {
    type AllocatedMemory = Cells<T>;

    fn alloc_cell(&mut self, count: usize) -> Cells<T> {
        Cells(vec![T::default(); count])
    }

    fn free_cell(&mut self, _: Cells<T>) {}
}

/// No channel makes the decoders panic, and none yields more than the limit; a lower limit yields a prefix.
#[cfg(any(test, feature = "fuzz"))]
pub fn fuzz_decompress(data: &[u8]) {
    use crate::{forks::ForkTimes, units::L1Time};
    let bedrock = *ForkTimes::NONE.derivation(L1Time(0));
    let rules = |limit| DerivationRules { brotli: true, max_rlp_bytes_per_channel: limit, ..bedrock };
    let Ok(all) = decompress(data, &rules(1 << 20)) else { return };
    assert!(all.bytes.len() <= 1 << 20);
    let half = all.bytes.len() / 2;
    let first = decompress(data, &rules(half)).expect("the limit does not decide whether there is a stream");
    assert!(first.bytes.len() <= half);
    assert!(all.bytes.starts_with(&first.bytes));
    if all.end == StreamEnd::Complete {
        assert_eq!(first.bytes.len(), half);
        assert_eq!(first.end, if half == all.bytes.len() { StreamEnd::Complete } else { StreamEnd::Limit });
    }
}
