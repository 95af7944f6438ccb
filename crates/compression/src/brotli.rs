//! Brotli (RFC 7932), handed over as the reference's decoder does it.

use crate::{Corruption, StreamEnd, input::Input, output::Output, reads::Reads};
use alloc::{boxed::Box, vec, vec::Vec};
use brotli_decompressor::{
    Allocator, BrotliDecompressStream, BrotliResult, BrotliState, SliceWrapper, SliceWrapperMut,
};

/// How many bytes of the stream the reference reads at first and later on. Its decoder hands over what it decoded when it
/// runs out of input, and withholds it when it meets a fault: so the sizes decide how much stands (E-004).
const BLOCK_BYTES: (usize, usize) = (4095, 1 << 15);

/// The largest window, and so the most that the decoder can hold back (RFC 7932, section 9.1).
const MAX_WINDOW_BYTES: usize = 1 << 24;

/// The reference's ring buffer is never smaller. This decoder would take smaller ones for short streams, and so have handed over
/// more when it meets a fault; but of the powers of two it takes none below the size that it has.
const LEAST_RING_BYTES: i32 = 1024;

/// Decodes read by read: what the decoder has written when it meets a fault depends on the room that each read gives it.
pub(crate) fn decode(input: &mut Input, output: &mut Output) -> StreamEnd {
    // E-005: strict means that the large-window extension, which is not in RFC 7932, is malformed.
    let mut state = Box::new(BrotliState::new_strict(Heap, Heap, Heap));
    state.ringbuffer_size = LEAST_RING_BYTES - 1; // the size itself could be the window's, which would never be made
    let mut block = Vec::with_capacity(BLOCK_BYTES.1);
    input.fill(&mut block, BLOCK_BYTES.0);
    let mut decoder = Decoder { state, input, block, read: 0, output, filled: 0 };
    let mut reads = Reads::new(decoder.output.limit);
    let (end, fails) = loop {
        let wanted = reads.next(&decoder.output.bytes[..decoder.filled]).unwrap_or(usize::MAX);
        if let Some(end) = decoder.read(wanted) {
            break end;
        }
    };
    let Decoder { output, filled, .. } = decoder;
    output.bytes.truncate(filled);
    if fails {
        output.fail(reads.left(&output.bytes));
    }
    end
}

struct Decoder<'a> {
    state: Box<BrotliState<Heap, Heap, Heap>>,
    input: &'a mut Input,
    /// The input that the reference's decoder has at hand, and how much of it is read.
    block: Vec<u8>,
    read: usize,
    output: &'a mut Output,
    filled: usize,
}

impl Decoder<'_> {
    /// One read of up to `wanted` bytes; how the stream ends with it, and whether an error comes with its bytes.
    fn read(&mut self, wanted: usize) -> Option<(StreamEnd, bool)> {
        let goal = self.filled.saturating_add(wanted);
        let before = self.filled;
        loop {
            if self.filled > self.output.limit {
                return Some((StreamEnd::Limit, false));
            }
            let room = self.output.make_room(self.filled, (goal - self.filled).min(MAX_WINDOW_BYTES));
            let (result, left) = self.advance(room);
            match result {
                // The reference calls bytes that follow in the same block excessive.
                BrotliResult::ResultSuccess => {
                    return Some((StreamEnd::Complete, self.read < self.block.len()));
                }
                BrotliResult::ResultFailure => return Some((StreamEnd::Corrupt(Corruption::Brotli), true)),
                _ if self.filled == goal => return None,
                BrotliResult::NeedsMoreOutput => {}
                // There may be output that had no room.
                BrotliResult::NeedsMoreInput if left == 0 => {}
                BrotliResult::NeedsMoreInput if self.filled > before => return None,
                BrotliResult::NeedsMoreInput => {
                    self.block.clear();
                    self.read = 0;
                    self.input.fill(&mut self.block, BLOCK_BYTES.1);
                    if self.block.is_empty() {
                        return Some((StreamEnd::Truncated, false));
                    }
                }
            }
        }
    }

    /// Lets the decoder write as many as `room` bytes; how many it did not need.
    fn advance(&mut self, mut room: usize) -> (BrotliResult, usize) {
        let mut left = self.block.len() - self.read;
        let result = BrotliDecompressStream(
            &mut left,
            &mut self.read,
            &self.block,
            &mut room,
            &mut self.filled,
            &mut self.output.bytes,
            &mut 0,
            &mut self.state,
        );
        (result, room)
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
