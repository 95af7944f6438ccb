//! MIPS64, big endian, as Cannon runs it (K-070, K-071).

use super::Errno;
use core::arch::{asm, global_asm};

pub const READ: usize = 5000;
pub const WRITE: usize = 5001;
pub const MMAP: usize = 5009;
pub const RT_SIGACTION: usize = 5013;
pub const EXIT_GROUP: usize = 5205;
pub const MAP_ANONYMOUS: usize = 0x800;
pub const SIGNAL_SET_BYTES: usize = 16;
/// A signal is ignored: flags (4 bytes, padded), handler (`SIG_IGN`), and which others wait meanwhile.
pub static IGNORE: [u64; 4] = [0, 1, 0, 0];

// The stack is kept a multiple of 16 (n64). Functions may expect their own address in t9 ($25).
global_asm!(
    ".section .text._start, \"ax\", @progbits",
    ".globl _start",
    "_start:",
    "dsrl $29, $29, 4",
    "dsll $29, $29, 4",
    "lui $25, %highest({entry})",
    "daddiu $25, $25, %higher({entry})",
    "dsll $25, $25, 16",
    "daddiu $25, $25, %hi({entry})",
    "dsll $25, $25, 16",
    "daddiu $25, $25, %lo({entry})",
    "jr $25",
    "nop",
    entry = sym super::entry,
);

/// The number in v0, arguments in a0 to a5; the result in v0, where a3 is not 0 an error code (K-070).
///
/// # Safety
///
/// What the call does with memory must be sound.
#[inline(always)]
pub unsafe fn system_call(number: usize, arguments: [usize; 6]) -> Result<usize, Errno> {
    let (result, error): (usize, usize);
    // SAFETY: the caller's; Cannon changes v0 and a3 only, Linux also the temporaries.
    unsafe {
        asm!("syscall", inlateout("$2") number => result, in("$4") arguments[0], in("$5") arguments[1],
            in("$6") arguments[2], inlateout("$7") arguments[3] => error, in("$8") arguments[4],
            in("$9") arguments[5], lateout("$3") _, lateout("$10") _, lateout("$11") _, lateout("$12") _,
            lateout("$13") _, lateout("$14") _, lateout("$15") _, lateout("$24") _, lateout("$25") _,
            options(nostack));
    }
    match error {
        0 => Ok(result),
        _ if result == usize::MAX => Err(Errno(error)), // Cannon: the code is in a3
        _ => Err(Errno(result)),                        // Linux: it is in v0
    }
}
