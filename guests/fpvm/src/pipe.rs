//! The program's file descriptors (K-023); no others are used (K-074).

use crate::vm::{self, Errno};
use core::fmt;
use unroll_proof::preimage::{Channel, OracleClient};

#[cfg(not(feature = "hints"))]
type Hints = unroll_proof::preimage::NoHints;
#[cfg(feature = "hints")]
type Hints = unroll_proof::preimage::HintClient<Pipe>;

/// A descriptor to read from and one to write to.
#[derive(Clone, Copy)]
pub struct Pipe {
    read: usize,
    write: usize,
}

/// Where the reason of a failure goes.
pub struct Stderr;

/// The host's preimages, hints, and results of precompiles (K-060).
pub fn oracle() -> OracleClient<Pipe, Hints> {
    OracleClient::new(Pipe { read: 5, write: 6 }, hints()).with_precompiles(true)
}

#[cfg(not(feature = "hints"))]
const fn hints() -> Hints {
    unroll_proof::preimage::NoHints
}

/// In the words of kona's hosts, which are the published ones.
#[cfg(feature = "hints")]
fn hints() -> Hints {
    Hints::new(Pipe { read: 3, write: 4 }, unroll_proof::preimage::Dialect::Kona, None)
}

impl Channel for Pipe {
    type Error = Errno;

    /// Waits until `buffer` is full, as nobody asks for more than is to come. A VM moves a few bytes at a time (K-072): what is
    /// spared here is spared a million times.
    #[inline(always)]
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Errno> {
        let mut filled = 0;
        while filled < buffer.len() {
            match vm::read(self.read, &mut buffer[filled..])? {
                0 => break,
                count => filled += count,
            }
        }
        Ok(filled)
    }

    #[inline(always)]
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Errno> {
        let mut written = 0;
        while written < bytes.len() {
            match vm::write(self.write, &bytes[written..])? {
                0 => break,
                count => written += count,
            }
        }
        Ok(written)
    }
}

impl fmt::Write for Stderr {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let written = Pipe { read: 0, write: 2 }.write(text.as_bytes());
        if written.is_ok_and(|count| count == text.len()) { Ok(()) } else { Err(fmt::Error) }
    }
}
