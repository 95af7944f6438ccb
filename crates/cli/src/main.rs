//! `unroll`: verifies claims about OP Stack blocks by deriving and executing them again.

mod args;
mod boot_file;
mod bundle;
mod cmd;
mod compare;
mod fields;
mod fixture;
mod input;
mod preimages;
mod report;
mod sample;
mod state;

use clap::Parser;
use std::{
    io::{self, Write},
    panic,
    process::{self, ExitCode},
};

fn main() -> ExitCode {
    // A panic is a bug, and no verdict: it must not end with what the system makes of an abort.
    panic::set_hook(Box::new(|bug| {
        let _ = writeln!(io::stderr(), "undecided: this is a bug in unroll: {bug}");
        process::exit(2)
    }));
    // A usage error exits with 2, as everything does that keeps us from a verdict.
    let args = args::Args::parse_from(args::host::canonical(std::env::args_os()));
    match args.command.unwrap_or_else(|| args::Command::Verify(args::Verify::default())) {
        args::Command::Verify(verify) => cmd::verify::run(&verify),
        args::Command::Exec(exec) => cmd::exec::run(&exec),
        args::Command::Witness(witness) => cmd::witness::run(&witness),
        args::Command::Genesis(genesis) => cmd::genesis::run(&genesis),
        #[cfg(feature = "devnet")]
        args::Command::Devnet(devnet) => cmd::devnet::run(&devnet),
        args::Command::Host(host) => cmd::host::run(&host),
    }
}
