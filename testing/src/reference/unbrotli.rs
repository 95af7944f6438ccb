//! Brotli as op-node's decoder hands it over (E-001, E-004, E-005).
//!
//! The decoding itself is another crate's. Which bytes of a damaged stream come out depends on when the decoder is
//! given input and room, which is here.

use super::reading::{End, Source};
use brotli::{BrotliDecompressStream, BrotliResult, BrotliState, HeapAlloc, HuffmanCode};

/// Go's `brotli.Reader` upon a `bufio.Reader` that has given away the channel's first byte.
pub struct Brotli<'a> {
    state: BrotliState<HeapAlloc<u8>, HeapAlloc<u32>, HeapAlloc<HuffmanCode>>,
    /// The input that the decoder has been given and has not used.
    block: &'a [u8],
    /// The input that follows.
    rest: &'a [u8],
    next_block: usize,
    /// Whether there may be output that had no room.
    pending: bool,
}

impl<'a> Brotli<'a> {
    /// What is left of the buffer that the channel's first byte was peeked in.
    const FIRST_BLOCK: usize = 4095;
    const BLOCK: usize = 32_768;

    /// Decodes what follows the version byte.
    pub fn new(stream: &'a [u8]) -> Self {
        // E-005: strict means without the large windows that RFC 7932 does not have
        let mut state = BrotliState::new_strict(HeapAlloc::new(0), HeapAlloc::new(0), HeapAlloc::default());
        // A fault withholds what is in the decoder's ring, which in Go has at least 1,024 bytes. Here the last
        // meta-block may have a shorter one, unless there was one before it; sizes are the powers of two above that.
        state.ringbuffer_size = 1_023;
        Self { state, block: &[], rest: stream, next_block: Self::FIRST_BLOCK, pending: false }
    }

    /// False: there is none.
    fn take_block(&mut self) -> bool {
        (self.block, self.rest) = self.rest.split_at(self.next_block.min(self.rest.len()));
        self.next_block = Self::BLOCK;
        !self.block.is_empty()
    }
}

impl Source for Brotli<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> (usize, Option<End>) {
        if !self.pending && self.block.is_empty() && !self.take_block() {
            return (0, Some(End::Eof));
        }
        loop {
            let (mut left, mut used, mut room, mut written) = (self.block.len(), 0, buffer.len(), 0);
            let result = BrotliDecompressStream(
                &mut left,
                &mut used,
                self.block,
                &mut room,
                &mut written,
                buffer,
                &mut 0,
                &mut self.state,
            );
            self.block = &self.block[used..];
            self.pending = room == 0;
            let fault = |yes: bool| yes.then_some(End::Fault);
            match result {
                BrotliResult::ResultSuccess => {
                    self.pending = false;
                    return (written, fault(!self.block.is_empty())); // E-005: what follows is a fault
                }
                BrotliResult::ResultFailure => return (written, fault(true)),
                BrotliResult::NeedsMoreOutput => return (written, fault(written == 0)),
                BrotliResult::NeedsMoreInput if !self.block.is_empty() => return (0, fault(true)),
                BrotliResult::NeedsMoreInput if written > 0 => return (written, None),
                BrotliResult::NeedsMoreInput => {
                    if !self.take_block() {
                        return (0, fault(true));
                    }
                }
            }
        }
    }
}
