//! The batch strings of a channel, as the network reads them (E-001 to E-022).
//!
//! How much of a damaged channel stands is decided by the way in which op-node's readers lie upon each other, so that
//! they are written here one by one, with what Go's readers do: bytes and an error may come at once.
//!
//! ```text
//! Strings (RLP, limited) <- Buffered (4,096 bytes) <- Zlib or Brotli <- channel
//! ```

use super::{inflate::Zlib, unbrotli::Brotli};

/// Why a reader gives nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// There is nothing more: Go's `io.EOF`.
    Eof,
    /// Anything else. What it is decides nothing.
    Fault,
}

/// Go's `io.Reader`.
pub trait Source {
    /// Writes to the start of the buffer and says how much. The end may come together with the last bytes.
    fn read(&mut self, buffer: &mut [u8]) -> (usize, Option<End>);
}

/// The strings of the channel, up to the first that cannot be read. `limit` says how many bytes of the stream count
/// (E-010), `fjord` whether Brotli is admitted (E-002).
pub fn strings(channel: &[u8], limit: u64, fjord: bool) -> impl Iterator<Item = Vec<u8>> {
    let source: Option<Box<dyn Source + '_>> = match channel {
        [first, ..] if matches!(first & 15, 8 | 15) => Zlib::new(channel).map(|zlib| Box::new(zlib) as _),
        [1, stream @ ..] if fjord => Some(Box::new(Brotli::new(stream))),
        _ => None, // E-001
    };
    let mut strings = source.map(|source| Strings { reader: Buffered::new(source), left: limit });
    std::iter::from_fn(move || strings.as_mut()?.next()).fuse()
}

/// The top level of Go's `rlp.Stream`.
struct Strings<'a> {
    reader: Buffered<'a>,
    /// How many more bytes count.
    left: u64,
}

impl Strings<'_> {
    /// E-020 to E-022. At this level every error ends the channel, and so does the end.
    fn next(&mut self) -> Option<Vec<u8>> {
        let size = match self.byte()? {
            byte @ ..0x80 => return Some(vec![byte]),
            head @ 0x80..0xb8 => u64::from(head - 0x80),
            head @ 0xb8..0xc0 => self.long_size(usize::from(head - 0xb7))?,
            0xc0.. => return None, // a list
        };
        let string = self.bytes(size)?;
        // E-021: such a byte is its own encoding
        if matches!(string[..], [..0x80]) { None } else { Some(string) }
    }

    /// E-021: no leading zero, and no size that a short form has.
    fn long_size(&mut self, length: usize) -> Option<u64> {
        let bytes = match length {
            1 => vec![self.byte()?],
            _ => self.bytes(length as u64)?,
        };
        let size = bytes.iter().fold(0, |size, &byte| size << 8 | u64::from(byte));
        (bytes[0] != 0 && size >= 56).then_some(size)
    }

    fn byte(&mut self) -> Option<u8> {
        self.left = self.left.checked_sub(1)?; // E-010
        self.reader.read_byte().ok()
    }

    /// An end that comes with the last of the bytes is fine, a fault is not.
    fn bytes(&mut self, count: u64) -> Option<Vec<u8>> {
        self.left = self.left.checked_sub(count)?; // E-010, and nothing longer is asked for
        let mut bytes = vec![0; usize::try_from(count).ok()?];
        let mut filled = 0;
        while filled < bytes.len() {
            let (read, end) = self.reader.read(&mut bytes[filled..]);
            filled += read;
            match end {
                None => {}
                Some(End::Eof) if filled == bytes.len() => {}
                Some(_) => return None,
            }
        }
        Some(bytes)
    }
}

/// Go's `bufio.Reader`.
struct Buffered<'a> {
    source: Box<dyn Source + 'a>,
    buffer: Vec<u8>,
    from: usize,
    to: usize,
    /// An end that came together with bytes waits until they are taken.
    end: Option<End>,
}

impl<'a> Buffered<'a> {
    const SIZE: usize = 4096;
    /// After so many reads of nothing Go gives up.
    const PATIENCE: usize = 100;

    fn new(source: Box<dyn Source + 'a>) -> Self {
        Self { source, buffer: vec![0; Self::SIZE], from: 0, to: 0, end: None }
    }

    fn read_byte(&mut self) -> Result<u8, End> {
        for _ in 0..Self::PATIENCE {
            if self.from < self.to {
                self.from += 1;
                return Ok(self.buffer[self.from - 1]);
            }
            if let Some(end) = self.end.take() {
                return Err(end);
            }
            self.fill();
        }
        Err(End::Fault)
    }

    /// One read of the source at most. `buffer` is not empty.
    fn read(&mut self, buffer: &mut [u8]) -> (usize, Option<End>) {
        if self.from == self.to {
            if let Some(end) = self.end.take() {
                return (0, Some(end));
            }
            if buffer.len() >= Self::SIZE {
                return self.source.read(buffer); // an end is not kept
            }
            self.fill();
            if self.from == self.to {
                return (0, self.end.take());
            }
        }
        let count = buffer.len().min(self.to - self.from);
        buffer[..count].copy_from_slice(&self.buffer[self.from..][..count]);
        self.from += count;
        (count, None)
    }

    fn fill(&mut self) {
        let (read, end) = self.source.read(&mut self.buffer);
        (self.from, self.to, self.end) = (0, read, end);
    }
}
