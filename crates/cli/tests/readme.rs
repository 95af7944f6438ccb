//! What the README shows a newcomer to type works as it stands there, in the order in which it stands there.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]
#![cfg(all(feature = "devnet", unix))]

mod common;

use common::{Folder, data};
use std::{
    io::{BufRead as _, BufReader},
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Stdio},
};

const README: &str = include_str!("../../../README.md");

/// The lines of the blocks of shell, with those that a backslash continues.
fn commands() -> Vec<String> {
    let mut commands = Vec::new();
    for block in README.split("```sh\n").skip(1) {
        let (block, _) = block.split_once("```").unwrap();
        let lines = block.replace("\\\n", " ");
        commands.extend(lines.lines().map(String::from));
    }
    commands
}

/// A shell in the folder, in which `unroll` is the program under test.
fn shell(folder: &Path, script: &str) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_unroll")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("bash");
    command
        .args(["-euo", "pipefail", "-c", script])
        .current_dir(folder)
        .env("PATH", path)
        .stdin(Stdio::null());
    command
}

#[test]
fn every_command_works() {
    let folder = Folder::new("readme");
    let here = folder.0.join("here");
    std::fs::create_dir(&here).unwrap();
    let shared = data("");
    if let Some(shared) = &shared {
        symlink(shared.parent().unwrap().canonicalize().unwrap(), folder.0.join("shared")).unwrap();
    }
    let mut ran = 0;
    for line in commands() {
        // Those of cargo run in `.ci/run`.
        if line.starts_with("cargo ") {
            continue;
        }
        assert!(line.starts_with("unroll "), "`{line}` is neither a command of cargo nor one of ours");
        if line.starts_with("unroll devnet serve ") {
            serves(&here, &line);
        } else if shared.is_some() || !needs_data(&line) {
            let output = shell(&here, &line).output().unwrap();
            let said = [output.stdout, output.stderr].concat();
            assert!(output.status.success(), "{line}\n{}", String::from_utf8_lossy(&said));
        }
        ran += 1;
    }
    assert!(ran > 10, "the README has lost its commands");
}

/// Of real data, or of a file that was made of it.
fn needs_data(line: &str) -> bool {
    ["../shared/", " all.unroll", " block.unroll"].iter().any(|name| line.contains(name))
}

/// It says where it serves, and goes on.
fn serves(folder: &Path, line: &str) {
    let ports = "--l1-port 0 --beacon-port 0 --l2-port 0 --rollup-port 0";
    let mut server = shell(folder, &format!("exec {line} {ports}")).stdout(Stdio::piped()).spawn().unwrap();
    let said = BufReader::new(server.stdout.take().unwrap()).lines().map(Result::unwrap);
    let urls = said.filter(|line| line.contains("http://127.0.0.1:")).take(4).count();
    let ended = server.try_wait().unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!((urls, ended), (4, None), "{line}");
}

/// Whatever is shown as a command is in a block of shell, where it is tried.
#[test]
fn no_command_is_outside() {
    let mut blocks = README.split("```").skip(1).step_by(2);
    let other = blocks.find(|block| !block.starts_with("sh\n"));
    assert_eq!(other, None, "not a block of shell");
}
