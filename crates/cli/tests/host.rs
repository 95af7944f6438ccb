//! `unroll host`, run as op-challenger and people run it: flags, exit codes, four pipes, and hosts that are killed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod common;

use alloy_primitives::B256;
use common::{Folder, data, files, unroll};
use serde_json::Value;
use std::{
    fs,
    io::{self, PipeReader, PipeWriter, Read, Write},
    os::fd::AsRawFd,
    path::Path,
    process::{Child, Command, Stdio},
};
use unroll_host::store::{Directory, Layout, RedbWriter};
use unroll_proof::preimage::{LocalInput, PreimageKey};

const DEVNET: &str = "op-devnet901-canyon-2024-04-16-block20";

/// A witness in a data directory, its rollup config in a file, and its inputs.
struct Case {
    folder: Folder,
    boot: Value,
    preimages: Vec<([u8; 32], Vec<u8>)>,
}

impl Case {
    fn new(test: &str) -> Option<Self> {
        let witnesses = data("witness")?;
        let folder = Folder::new(&format!("host-{test}"));
        let boot: Value =
            serde_json::from_slice(&fs::read(witnesses.join(format!("{DEVNET}.json"))).unwrap()).unwrap();
        fs::write(folder.0.join("rollup.json"), boot["rollup_config"].to_string()).unwrap();
        let file = fs::File::open(witnesses.join(format!("{DEVNET}.preimages.zst"))).unwrap();
        let preimages = records(&zstd::stream::decode_all(file).unwrap());
        let directory = Directory::create(&folder.0.join("data"), Layout::Folders).unwrap();
        for (key, value) in &preimages {
            directory.insert(key.into(), value).unwrap();
        }
        Some(Self { folder, boot, preimages })
    }

    fn path(&self, name: &str) -> String {
        self.folder.0.join(name).to_str().unwrap().into()
    }

    /// Each input by flag, environment variable and value.
    fn inputs(&self) -> Vec<(&'static str, &'static str, String)> {
        let text = |name: &str| self.boot[name].as_str().unwrap().to_owned();
        vec![
            ("--l1-head", "L1_HEAD", text("l1_head")),
            ("--agreed-l2-head-hash", "AGREED_L2_HEAD_HASH", format!("0x{}", "00".repeat(32))),
            ("--agreed-l2-output-root", "AGREED_L2_OUTPUT_ROOT", text("agreed_l2_output_root")),
            ("--claimed-l2-output-root", "CLAIMED_L2_OUTPUT_ROOT", text("claimed_l2_output_root")),
            (
                "--claimed-l2-block-number",
                "CLAIMED_L2_BLOCK_NUMBER",
                self.boot["claimed_l2_block_number"].to_string(),
            ),
            ("--rollup-config-path", "ROLLUP_CONFIG_PATH", self.path("rollup.json")),
            ("--data-dir", "DATA_DIR", self.path("data")),
        ]
    }

    fn arguments(&self, start: &[&str], rest: &[&str]) -> Vec<String> {
        let inputs = self.inputs().into_iter().flat_map(|(flag, _, value)| [flag.to_owned(), value]);
        let own = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        own(start).into_iter().chain(inputs).chain(own(rest)).collect()
    }

    /// Runs and gives the exit code, stdout and stderr.
    fn run(&self, start: &[&str], rest: &[&str]) -> (i32, String, String) {
        let arguments = self.arguments(start, rest);
        let output = unroll(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    }
}

fn records(file: &[u8]) -> Vec<([u8; 32], Vec<u8>)> {
    let mut records = Vec::new();
    let mut rest = file;
    while let Some((key, tail)) = rest.split_first_chunk::<32>() {
        let (length, tail) = tail.split_first_chunk::<4>().unwrap();
        let (value, tail) = tail.split_at(u32::from_le_bytes(*length) as usize);
        records.push((*key, value.to_vec()));
        rest = tail;
    }
    records
}

/// Valid is 0, for people and as JSON; a wrong claim is 1.
#[test]
fn native_verdicts() {
    let Some(mut case) = Case::new("verdicts") else { return };
    let (code, said, error) = case.run(&["host", "single"], &["--native"]);
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(said.contains("VALID: block 20 has the claimed output root"), "{said}");
    let (code, said, _) = case.run(&["host"], &["--native", "--json"]);
    let object: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &object["verdict"]), (0, &"valid".into()));
    assert_eq!(object["output_root"], case.boot["claimed_l2_output_root"]);
    assert!(object["preimages_served"].as_u64().unwrap() > 30 && object["hints"].as_u64().unwrap() > 30);
    let help = String::from_utf8(unroll(&["host", "single", "--help"]).stdout).unwrap();
    for key in object.as_object().unwrap().keys() {
        assert!(help.contains(key.as_str()), "the help does not explain {key}");
    }
    case.boot["claimed_l2_output_root"] = case.boot["agreed_l2_output_root"].clone();
    let (code, said, _) = case.run(&["host", "single"], &["--native"]);
    assert_eq!(code, 1);
    assert!(said.contains("INVALID: block 20 has output root"), "{said}");
}

/// Every witness of the shared data out of an archive: its claim is valid, and another about the same block is invalid.
#[test]
fn every_witness_natively() {
    let Some(witnesses) = data("witness") else { return };
    let folder = Folder::new("host-witnesses");
    let boots = files(&witnesses).into_iter().filter(|name| name.ends_with(".json"));
    let judged = boots.map(|name| {
        let archive = folder.0.join(&name).with_extension("unroll");
        let source = witnesses.join(&name);
        let (source, archive) = (source.to_str().unwrap(), archive.to_str().unwrap());
        assert_eq!(
            unroll(&["witness", "import", source, "--level", "1", "--out", archive]).status.code(),
            Some(0)
        );
        let boot: Value = serde_json::from_slice(&fs::read(source).unwrap()).unwrap();
        let config = folder.0.join("rollup.json");
        fs::write(&config, boot["rollup_config"].to_string()).unwrap();
        let (chain, number) = (boot["chain_id"].to_string(), boot["claimed_l2_block_number"].to_string());
        let about = match boot.get("rollup_config") {
            Some(_) => ["--rollup-config-path", config.to_str().unwrap()],
            None => ["--l2-chain-id", &chain],
        };
        let inputs =
            ["--l1-head", "--agreed-l2-output-root"].into_iter().zip(["l1_head", "agreed_l2_output_root"]);
        let inputs: Vec<_> = inputs.flat_map(|(flag, name)| [flag, boot[name].as_str().unwrap()]).collect();
        let zero = B256::ZERO.to_string();
        for (claim, code) in [(boot["claimed_l2_output_root"].as_str().unwrap(), 0), (&zero, 1)] {
            let rest = ["--agreed-l2-head-hash", &zero, "--claimed-l2-output-root", claim];
            let start =
                ["host", "single", "--native", "--data-dir", archive, "--claimed-l2-block-number", &number];
            let output = unroll(&[&start[..], &about, &inputs, &rest].concat());
            assert_eq!(output.status.code(), Some(code), "{name}: {output:?}");
        }
    });
    assert!(judged.count() > 5);
}

/// All from the environment, as kona-host takes it.
#[test]
fn environment() {
    let Some(case) = Case::new("environment") else { return };
    let variables = case.inputs().into_iter().map(|(_, name, value)| (name, value));
    let mut command = Command::new(env!("CARGO_BIN_EXE_unroll"));
    command.args(["host", "single", "--native"]).envs(variables).env("DATA_FORMAT", "directory");
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

/// One database file instead of a directory of files.
#[test]
fn native_from_redb() {
    let Some(case) = Case::new("redb") else { return };
    let mut writer = RedbWriter::create(&case.folder.0.join("redb")).unwrap();
    for (key, value) in &case.preimages {
        writer.insert((*key).into(), value.clone().into()).unwrap();
    }
    writer.finish().unwrap();
    let other = case.path("redb");
    let arguments: Vec<String> = case
        .arguments(&["host", "single"], &["--native", "--data-format", "redb"])
        .into_iter()
        .map(|word| if word == case.path("data") { other.clone() } else { word })
        .collect();
    let output = unroll(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What keeps from a verdict is 2, in one sentence that says what to do.
#[test]
fn undecided() {
    let Some(case) = Case::new("undecided") else { return };
    let root: PreimageKey =
        PreimageKey::keccak256(case.boot["agreed_l2_output_root"].as_str().unwrap().parse().unwrap());
    let digits = root.to_string();
    let place = case.folder.0.join("data").join(&digits[2..6]).join(format!("{}.txt", &digits[6..]));
    let refused = |rest: &[&str], why: &[&str]| {
        let (code, said, error) = case.run(&["host", "single"], rest);
        assert_eq!((code, said.as_str()), (2, ""), "{error}");
        assert!(error.starts_with("undecided: ") && error.lines().count() == 1, "{error}");
        for part in why {
            assert!(error.contains(part), "`{part}` is not in `{error}`");
        }
        let (code, said, _) = case.run(&["host", "single"], &[rest, &["--json"]].concat());
        let object: Value = serde_json::from_str(&said).unwrap();
        assert_eq!((code, &object["verdict"]), (2, &"undecided".into()));
    };
    refused(&["--server"], &["descriptor ", "--server is started by a VM"]);
    let value = fs::read_to_string(&place).unwrap();
    fs::write(&place, value.replace('0', "1")).unwrap();
    refused(&["--native"], &["does not hold the preimage of the key", &digits, place.to_str().unwrap()]);
    fs::remove_file(&place).unwrap();
    let hint = format!(
        "the last hint was `starting-l2-output {}`",
        case.boot["agreed_l2_output_root"].as_str().unwrap()
    );
    refused(&["--native"], &["there is no preimage for the key", &digits, &hint]);
    let nodes = ["--l1", "http://localhost", "--l2", "http://localhost", "--beacon", "http://localhost"];
    refused(&[&["--native"][..], &nodes].concat(), &[&hint, "Nodes are not asked yet"]);
    fs::write(case.folder.0.join("data/kvformat"), "pebble").unwrap();
    refused(&["--native"], &["is in the format `pebble`"]);
    fs::remove_dir_all(case.folder.0.join("data")).unwrap();
    refused(&["--native"], &["does not exist"]);
    fs::write(case.folder.0.join("rollup.json"), "{}").unwrap();
    refused(&["--native"], &["rollup.json", "malformed config"]);
}

/// A chain that is not built in needs a config; usage errors exit with 2 as well.
#[test]
fn chains_and_usage() {
    let hash = "00".repeat(32);
    let inputs = ["--l1-head", &hash, "--l2-head", &hash, "--l2-output-root", &hash, "--l2-claim", &hash];
    let with = |rest: &[&str]| {
        let output = unroll(&[&["host", "single"], &inputs[..], &["--l2-block-number", "1"], rest].concat());
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, error) = with(&["--native", "--data-dir", "/nowhere", "--l2-chain-id", "901"]);
    assert!(code == Some(2) && error.contains("chain 901 is not built in"), "{error}");
    let (code, error) = with(&["--native", "--data-dir", "/nowhere", "--l2-chain-id", "10"]);
    assert!(code == Some(2) && error.contains("/nowhere does not exist"), "{error}");
    let (code, error) = with(&[
        "--native",
        "--l2-chain-id",
        "10",
        "--l1",
        "http://a",
        "--l2",
        "http://b",
        "--beacon",
        "http://c",
    ]);
    assert!(code == Some(2) && error.contains("nodes are not asked yet"), "{error}");
    let (code, error) =
        with(&["--native", "--data-dir", "/", "--data-format", "rocksdb", "--l2-chain-id", "10"]);
    assert!(code == Some(2) && error.contains("`directory`"), "{error}");
    assert_eq!(with(&["--native", "--l2-chain-id", "10"]).0, Some(2));
}

/// A host as a VM starts it, and the VM's ends of its pipes.
struct Server {
    child: Child,
    hints: (PipeReader, PipeWriter),
    preimages: (PipeReader, PipeWriter),
}

impl Server {
    /// The shell opens our ends of the pipes as descriptors 3 to 6, which the standard library has no safe way to do.
    fn start(case: &Case, start: &[&str]) -> Self {
        let [hints, acks, keys, answers] = [0; 4].map(|_| io::pipe().unwrap());
        let path = |descriptor: i32| format!("/proc/{}/fd/{descriptor}", std::process::id());
        let (three, four) = (path(hints.0.as_raw_fd()), path(acks.1.as_raw_fd()));
        let (five, six) = (path(keys.0.as_raw_fd()), path(answers.1.as_raw_fd()));
        let mut command = Command::new("sh");
        command.args(["-c", &format!("exec \"$@\" 3<{three} 4>{four} 5<{five} 6>{six}"), "sh"]);
        command.arg(env!("CARGO_BIN_EXE_unroll")).args(case.arguments(start, &["--server"]));
        let child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut server = Self { child, hints: (acks.0, hints.1), preimages: (answers.0, keys.1) };
        // Once it has answered it has its own ends, and ours of them can go.
        let root = server.get(PreimageKey::local(LocalInput::AgreedOutputRoot)).unwrap();
        assert_eq!(format!("0x{}", hex(&root)), case.boot["agreed_l2_output_root"].as_str().unwrap());
        server
    }

    fn get(&mut self, key: PreimageKey) -> io::Result<Vec<u8>> {
        self.preimages.1.write_all(key.as_bytes().as_slice())?;
        let mut length = [0; 8];
        self.preimages.0.read_exact(&mut length)?;
        let mut value = vec![0; usize::try_from(u64::from_be_bytes(length)).unwrap()];
        self.preimages.0.read_exact(&mut value)?;
        Ok(value)
    }

    fn hint(&mut self, text: &str) -> io::Result<()> {
        let length = u32::try_from(text.len()).unwrap().to_be_bytes();
        self.hints.1.write_all(&[&length[..], text.as_bytes()].concat())?;
        let mut acknowledgement = [9];
        self.hints.0.read_exact(&mut acknowledgement)?;
        assert_eq!(acknowledgement, [0]);
        Ok(())
    }

    /// Closes the client's ends and gives the exit code and what was said.
    fn end(self) -> (Option<i32>, String) {
        drop((self.hints, self.preimages));
        let output = self.child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// K-023: descriptors 3 to 6, in each form in which op-challenger starts a host; a client that goes is no failure.
#[test]
fn server() {
    let Some(case) = Case::new("server") else { return };
    for start in [&["host", "single"][..], &["host"], &["single"], &[]] {
        let mut server = Server::start(&case, start);
        for (key, value) in case.preimages.iter().take(20) {
            server.hint(&format!("l2-state-node 0x{}", hex(key))).unwrap();
            assert_eq!(server.get(PreimageKey::from_bytes((*key).into()).unwrap()).unwrap(), *value);
        }
        assert_eq!(server.end(), (Some(0), String::new()));
    }
}

/// A key that the server does not have ends it with the key and the hint; the client sees the pipe close.
#[test]
fn server_without_the_preimage() {
    let Some(case) = Case::new("server-missing") else { return };
    let mut server = Server::start(&case, &["host", "single"]);
    server.hint("l2-code 0x1234").unwrap();
    let key = PreimageKey::keccak256([0x77; 32].into());
    assert_eq!(server.get(key).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    let (code, error) = server.end();
    assert_eq!(code, Some(2));
    assert!(error.contains(&key.to_string()) && error.contains("l2-code 0x1234"), "{error}");
}

/// A host that is killed: its client learns it at once. A client that is gone within a request: the host says so.
#[test]
fn server_and_client_that_die() {
    let Some(case) = Case::new("server-killed") else { return };
    let mut server = Server::start(&case, &["host", "single"]);
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    let key = PreimageKey::local(LocalInput::L1Head);
    let error = server.get(key).unwrap_err().kind();
    assert!(matches!(error, io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof), "{error}");
    assert!(server.hint("l2-code 0x00").is_err());

    let mut server = Server::start(&case, &["host", "single"]);
    server.preimages.1.write_all(&[2; 31]).unwrap();
    let (code, error) = server.end();
    assert_eq!(code, Some(2));
    assert!(error.contains("closed the pipe after 31 of 32 bytes"), "{error}");
    assert!(Path::new(&case.path("data")).exists());
}
