//! RISC-V 64, as Asterisc runs it (K-080, K-081).

use super::Errno;
use core::arch::{asm, global_asm};

pub const READ: usize = 63;
pub const WRITE: usize = 64;
pub const EXIT_GROUP: usize = 94;
pub const RT_SIGACTION: usize = 134;
pub const MMAP: usize = 222;
pub const MAP_ANONYMOUS: usize = 0x20;
pub const SIGNAL_SET_BYTES: usize = 8;
/// A signal is ignored: handler (`SIG_IGN`), flags, and which others wait meanwhile.
pub static IGNORE: [u64; 3] = [1, 0, 0];

global_asm!(
    ".section .text._start, \"ax\", @progbits",
    ".globl _start",
    "_start:",
    ".option push",
    ".option norelax",
    "la gp, __global_pointer$",
    ".option pop",
    "andi sp, sp, -16",
    "tail {entry}",
    entry = sym super::entry,
);

/// The number in a7, arguments in a0 to a5, the result in a0: an error is negative. Asterisc puts its code into a1.
///
/// # Safety
///
/// What the call does with memory must be sound.
#[inline(always)]
pub unsafe fn system_call(number: usize, arguments: [usize; 6]) -> Result<usize, Errno> {
    let result: isize;
    // SAFETY: the caller's; the registers are those that Linux and Asterisc use.
    unsafe {
        asm!("ecall", in("a7") number, inlateout("a0") arguments[0] => result, inlateout("a1") arguments[1] => _,
            in("a2") arguments[2], in("a3") arguments[3], in("a4") arguments[4], in("a5") arguments[5],
            options(nostack));
    }
    if result < 0 { Err(Errno(result.unsigned_abs())) } else { Ok(result.unsigned_abs()) }
}

// compiler-builtins' functions copy a byte at a time where addresses are not aligned alike. Here a load or a store at any
// address is one step, as in Asterisc, and as qemu does it.
global_asm!(include_str!("riscv64_memory.s"));
