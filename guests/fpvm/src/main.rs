//! The state transition of an OP Stack chain as a program for fault-proof VMs: Cannon (MIPS64) and Asterisc (RISC-V 64).
//!
//! What it does is `unroll_proof::program`, the same code as everywhere; here is what a machine without an operating
//! system needs besides. `guests/build.sh` builds it reproducibly, as its image is a part of the games' first state (K-076).
//! Exit codes: 0 the claim is valid, 1 it is invalid, 2 nothing can be said, with the reason on stderr.
#![no_std]
#![no_main]
// Inline assembly for MIPS is not stable yet; building the core library is not either.
#![cfg_attr(target_arch = "mips64", feature(asm_experimental_arch))]

mod heap;
mod hooks;
mod keccak;
mod pipe;
mod vm;

fn main() -> i32 {
    unroll_proof::program::exit_code(pipe::oracle(), &mut pipe::Stderr)
}

/// A bug of ours is no verdict.
#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    let _ = core::fmt::Write::write_fmt(&mut pipe::Stderr, format_args!("{info}\n"));
    vm::exit(unroll_proof::program::EXIT_FAILURE)
}
