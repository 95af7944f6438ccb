//! How op-node reads batches out of a decoder, and what it loses when the decoder fails.
//!
//! It reads through Go's `bufio`, whose buffer takes 4,096 bytes. What is smaller is read into the buffer, and an error that
//! comes with it is for the next read. As much or more is read past the buffer, and then the error that comes with the last
//! bytes is the read's own: the batch is lost, although all of its bytes are there.

/// Go's `bufio` reads what is as large as its buffer past it.
pub(crate) const BUFFER_BYTES: usize = 4096;

/// Follows the reads over a stream of RLP strings. What is there is either read or in the buffer.
#[derive(Debug)]
pub(crate) struct Reads {
    limit: usize,
    /// Where the string that is being read begins and ends.
    string: (usize, usize),
    /// Whether the last read went past the buffer.
    past_buffer: bool,
}

impl Reads {
    pub(crate) const fn new(limit: usize) -> Self {
        Self { limit, string: (0, 0), past_buffer: false }
    }

    /// How many bytes are asked for next, after these. `None`: nobody reads on.
    pub(crate) fn next(&mut self, bytes: &[u8]) -> Option<usize> {
        self.past_buffer = false;
        while bytes.len() >= self.string.1 {
            let start = self.string.1;
            // Headers are read byte by byte.
            let Some(length) = string_length(&bytes[start..])? else { return Some(BUFFER_BYTES) };
            let end = start.checked_add(length).filter(|&end| end <= self.limit)?;
            self.string = (start, end);
        }
        let wanted = self.string.1 - bytes.len();
        self.past_buffer = wanted >= BUFFER_BYTES;
        Some(wanted.max(BUFFER_BYTES))
    }

    /// How many of these bytes are left if an error came with the last of them.
    pub(crate) const fn left(&self, bytes: &[u8]) -> usize {
        let (start, end) = self.string;
        if self.past_buffer && bytes.len() == end { start } else { bytes.len() }
    }
}

/// The length of the RLP string at the front, header included: `Some(None)` if its header is cut short, `None` if there is
/// no string (E-020).
fn string_length(bytes: &[u8]) -> Option<Option<usize>> {
    let Some((&first, rest)) = bytes.split_first() else { return Some(None) };
    match first {
        0..0x80 => Some(Some(1)),
        0x80..0xb8 => Some(Some(1 + usize::from(first - 0x80))),
        0xb8..0xc0 => {
            let Some(length) = rest.get(..usize::from(first - 0xb7)) else { return Some(None) };
            let header = 1 + length.len();
            let content = length
                .iter()
                .try_fold(0_usize, |sum, &byte| sum.checked_mul(256)?.checked_add(usize::from(byte)))?;
            Some(Some(content.checked_add(header)?))
        }
        0xc0.. => None,
    }
}
