//! The machine: how a program starts, and its system calls, of which five suffice. They are Linux's, so that the program
//! runs under qemu as well. Of those that do nothing in a VM (K-073) one is called, once, for Linux. No thread is started (K-078).
//!
//! The stack is the one that the machine gives; below it nothing is mapped in the VMs' flat memory. Its depth is bounded by
//! the program: no recursion is deeper than a trie's key, and the EVM keeps its frames on the heap.

#[cfg_attr(target_arch = "mips64", path = "vm/mips64.rs")]
#[cfg_attr(target_arch = "riscv64", path = "vm/riscv64.rs")]
mod arch;

use core::fmt;

use arch::{
    EXIT_GROUP, IGNORE, MAP_ANONYMOUS, MMAP, READ, RT_SIGACTION, SIGNAL_SET_BYTES, WRITE, system_call,
};

/// A system call failed, with this error code. Asterisc gives no better one than 1.
#[derive(Clone, Copy, Debug)]
pub struct Errno(usize);

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the system refused with error {}", self.0)
    }
}

impl core::error::Error for Errno {}

/// Where [`arch`]'s start code jumps to.
extern "C" fn entry() -> ! {
    ignore_broken_pipes();
    exit(crate::main())
}

/// Where there are signals, a host that is gone would kill the program by one, instead of failing its next write.
fn ignore_broken_pipes() {
    const SIGPIPE: usize = 13;
    // SAFETY: the action is read while the call lasts, and nothing is written.
    let _ =
        unsafe { system_call(RT_SIGACTION, [SIGPIPE, IGNORE.as_ptr() as usize, 0, SIGNAL_SET_BYTES, 0, 0]) };
}

/// Ends the program.
pub fn exit(code: i32) -> ! {
    loop {
        // SAFETY: it does not return, and reads no memory.
        let _ = unsafe { system_call(EXIT_GROUP, [code as usize, 0, 0, 0, 0, 0]) };
    }
}

/// Reads some bytes; 0: the other side closed its end.
#[inline(always)]
pub fn read(descriptor: usize, buffer: &mut [u8]) -> Result<usize, Errno> {
    // SAFETY: at most as many bytes are written as `buffer` has.
    let count =
        unsafe { system_call(READ, [descriptor, buffer.as_mut_ptr() as usize, buffer.len(), 0, 0, 0])? };
    Ok(count.min(buffer.len()))
}

/// Writes some bytes; 0: the other side closed its end.
#[inline(always)]
pub fn write(descriptor: usize, bytes: &[u8]) -> Result<usize, Errno> {
    const BROKEN_PIPE: usize = 32;
    // SAFETY: at most as many bytes are read as there are.
    match unsafe { system_call(WRITE, [descriptor, bytes.as_ptr() as usize, bytes.len(), 0, 0, 0]) } {
        Ok(count) => Ok(count.min(bytes.len())),
        Err(Errno(BROKEN_PIPE)) => Ok(0),
        Err(error) => Err(error),
    }
}

/// Fresh memory, which is zero: the address, or `None` if there is none left (K-075).
pub fn map(bytes: usize) -> Option<usize> {
    const READ_WRITE: usize = 3;
    const PRIVATE: usize = 2;
    // SAFETY: the address is the system's choice, so nothing that exists is changed.
    unsafe { system_call(MMAP, [0, bytes, READ_WRITE, PRIVATE | MAP_ANONYMOUS, usize::MAX, 0]).ok() }
}
