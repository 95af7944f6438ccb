//! Two pipes, one each way, as the program's and the host's side see them.

use super::WireError;

/// A pipe to read from and a pipe to write to (K-020, K-021, K-023).
///
/// In a fault-proof VM these are system calls that move at most eight bytes, on a host pipes of the operating system. Both may
/// move fewer bytes than they are asked to (K-024).
pub trait Channel {
    /// Why bytes could not be moved.
    type Error: core::error::Error + 'static;

    /// Waits for bytes and reads some into `buffer`, which is not empty. 0: the other side has closed its end.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Self::Error>;

    /// Waits for room and writes some of `bytes`, which is not empty. 0: the other side has closed its end.
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error>;
}

impl<C: Channel + ?Sized> Channel for &mut C {
    type Error = C::Error;

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Self::Error> {
        (**self).read(buffer)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error> {
        (**self).write(bytes)
    }
}

/// Bytes at an address where VMs move them in the fewest steps: Cannon never crosses a boundary of eight bytes (K-072),
/// Asterisc none of 32.
#[repr(align(32))]
pub(super) struct Aligned<const N: usize>(pub(super) [u8; N]);

/// Fills `buffer`, however few bytes come at a time (K-024).
pub(super) fn read_exact<C: Channel>(channel: &mut C, buffer: &mut [u8]) -> Result<(), WireError<C::Error>> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match channel.read(rest).map_err(WireError::Channel)? {
            0 => return Err(WireError::Closed { moved: filled, of: buffer.len() }),
            count => filled += count,
        }
    }
    Ok(())
}

/// Writes all of `bytes`, however few are taken at a time (K-024).
pub(super) fn write_all<C: Channel>(channel: &mut C, bytes: &[u8]) -> Result<(), WireError<C::Error>> {
    let mut written = 0;
    while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
        match channel.write(rest).map_err(WireError::Channel)? {
            0 => return Err(WireError::Closed { moved: written, of: bytes.len() }),
            count => written += count,
        }
    }
    Ok(())
}
