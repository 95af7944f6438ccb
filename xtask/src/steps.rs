//! Instructions of the fault-proof guest: builds the guest, then runs it in the meter, a program of its own.

use anyhow::ensure;
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// What the usual witness may take, however the baseline moves. kona-client takes 1,526,995,701.
const MOST_INSTRUCTIONS: &str = "600000000";

/// Counts on `witness`, or on the one of the baseline, which is then compared with, or written.
pub fn run(root: &Path, write: bool, witness: Option<&Path>) -> anyhow::Result<()> {
    ensure!(!write || witness.is_none(), "bench/steps.md is of one witness: leave it out to write the page");
    let built = Command::new(root.join("guests/build.sh")).arg("riscv64").status()?;
    ensure!(built.success(), "guests/build.sh failed");

    let usual = root.join("../shared/data/witness/op-sepolia-16491249.json");
    let witness: PathBuf = witness.unwrap_or(&usual).into();
    ensure!(witness.exists(), "{} is absent: name a boot file to count on", witness.display());
    let mut meter = Command::new("cargo");
    meter.args([
        "run",
        "--quiet",
        "--locked",
        "--release",
        "--manifest-path",
        "guests/meter/Cargo.toml",
        "--",
    ]);
    meter.current_dir(root);
    meter.arg(root.join("guests/out/unroll-fpvm.riscv64")).arg(witness.canonicalize()?);
    if witness == usual {
        meter.args(["--most", MOST_INSTRUCTIONS, if write { "--write" } else { "--check" }]);
        meter.arg(root.join("bench/steps.md"));
    }
    ensure!(meter.status()?.success(), "the count failed, or is worse than bench/steps.md");
    Ok(())
}
