//! What goes over the two pairs of pipes, and how it can go wrong.
//!
//! ```text
//!            program to host                          host to program
//! preimages  | key (32) |                             | length (u64 BE) | value |      (K-020)
//! hints      | length (u32 BE) | name, space, hex |   | 0 |                            (K-021)
//! ```

/// Most bytes of a value: the largest that a run reads are L1 transactions, of some hundred kilobytes, and L2 transactions, which
/// no channel makes larger than 100 MB (K-061). A length from the other side meets this bound before memory is asked for it.
pub const MAX_VALUE_BYTES: u64 = 128 << 20;

/// Most bytes of a hint. The longest announce a payload: the transactions of a block, in hex within JSON within hex.
pub const MAX_HINT_BYTES: u32 = 256 << 20;

/// What acknowledges a hint (K-021).
pub const ACKNOWLEDGEMENT: u8 = 0;

/// Why an exchange with the other side failed. Nothing that came over the pipes after it can be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError<E> {
    /// The pipe failed.
    #[error(transparent)]
    Channel(E),
    /// The other side closed its end within a message.
    #[error("the other side closed the pipe after {moved} of {of} bytes")]
    Closed {
        /// How many bytes were moved.
        moved: usize,
        /// How many there should have been.
        of: usize,
    },
    /// A message is longer than any can be.
    #[error("a message of {length} bytes is announced, and {most} is the most")]
    TooLong {
        /// What the other side announced.
        length: u64,
        /// The bound.
        most: u64,
    },
    /// A hint is acknowledged with a byte 0.
    #[error("a hint was acknowledged with {0:#04x} and not with 0x00")]
    Acknowledgement(u8),
    /// An exchange failed before, so that this side no longer knows where a message begins.
    #[error("an earlier exchange over this pipe failed")]
    Broken,
}
