//! Whole-process measurements: CPU time and peak memory by `wait4`, instructions by `valgrind` where it is installed.

use anyhow::{Context, bail, ensure};
use std::{
    path::Path,
    process::{Command, Stdio},
};

/// One run of a process, as the kernel accounts for it.
struct Usage {
    wall_ms: f64,
    cpu_ms: f64,
    peak_kib: u64,
}

/// Measures `unroll verify` on the large witness: builds the release binary, then runs it `runs` times.
pub fn verify(root: &Path, runs: usize) -> anyhow::Result<()> {
    ensure!(runs > 0, "--runs must be at least 1");
    let witness = root.join("../shared/data/witness/op-sepolia-16491249.json");
    if !witness.exists() {
        bail!("{} is absent: this benchmark needs the shared data", witness.display());
    }
    let status =
        Command::new("cargo").args(["build", "--release", "-p", "unroll"]).current_dir(root).status()?;
    ensure!(status.success(), "cargo build --release failed");
    let binary = root.join("target/release/unroll");

    let mut usages = (0..runs).map(|_| run(&binary, &witness)).collect::<anyhow::Result<Vec<_>>>()?;
    usages.sort_by(|a, b| a.cpu_ms.total_cmp(&b.cpu_ms));
    let (best, median) = (&usages[0], &usages[runs / 2]);
    println!("unroll verify op-sepolia-16491249, {runs} runs");
    println!("| figure | best | median |");
    println!("|---|---|---|");
    println!("| CPU time | {:.0} ms | {:.0} ms |", best.cpu_ms, median.cpu_ms);
    println!("| wall time | {:.0} ms | {:.0} ms |", best.wall_ms, median.wall_ms);
    println!("| peak memory | {:.1} MiB | {:.1} MiB |", mib(best.peak_kib), mib(median.peak_kib));
    match instructions(&binary, &witness) {
        Ok(count) => println!("| instructions (callgrind) | {count} | |"),
        Err(why) => println!("instructions not counted: {why:#}"),
    }
    Ok(())
}

/// Runs the program once under `/usr/bin/time`-like accounting: `python3` is on every machine that has our tools, and
/// `wait4` through it needs no unsafe code here.
fn run(binary: &Path, witness: &Path) -> anyhow::Result<Usage> {
    const ACCOUNT: &str = "import os,sys,time\n\
        t=time.monotonic(); pid=os.spawnv(os.P_NOWAIT,sys.argv[1],sys.argv[1:])\n\
        _,status,u=os.wait4(pid,0)\n\
        print((time.monotonic()-t)*1e3,(u.ru_utime+u.ru_stime)*1e3,u.ru_maxrss,os.waitstatus_to_exitcode(status),file=sys.stderr)";
    let output = Command::new("python3")
        .args(["-c", ACCOUNT])
        .args([binary.as_os_str(), "verify".as_ref(), "--json".as_ref(), witness.as_os_str()])
        .stdout(Stdio::null())
        .output()
        .context("python3, which does the accounting, did not start")?;
    let text = String::from_utf8(output.stderr)?;
    let fields: Vec<&str> = text.lines().last().unwrap_or_default().split_whitespace().collect();
    let [wall, cpu, peak, exit] = fields[..] else { bail!("unexpected accounting line: {text}") };
    ensure!(exit == "0", "unroll verify exited with {exit}: {text}");
    Ok(Usage { wall_ms: wall.parse()?, cpu_ms: cpu.parse()?, peak_kib: peak.parse()? })
}

/// Instructions executed, by callgrind: repeatable for the same binary and input, whatever else the machine does.
fn instructions(binary: &Path, witness: &Path) -> anyhow::Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args([binary.as_os_str(), "verify".as_ref(), "--json".as_ref(), witness.as_os_str()])
        .output()
        .context("valgrind did not start")?;
    let text = String::from_utf8_lossy(&output.stderr);
    let count = text
        .lines()
        .find_map(|line| line.split_once("Collected :"))
        .context("no count in valgrind's output")?;
    Ok(count.1.trim().parse()?)
}

#[expect(clippy::cast_precision_loss, reason = "KiB of a process fit 53 bits")]
fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}
