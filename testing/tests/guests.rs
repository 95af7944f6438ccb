//! The fault-proof guests, under qemu, over real pipes: both machines, the same claims, the same verdicts as everywhere.
//!
//! `guests/build.sh` builds them. Where the programs or qemu are absent, the tests say so and pass, except in CI.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

use alloy_primitives::{B256, Bytes};
use std::{
    io::{Read, pipe},
    os::fd::AsRawFd,
    path::{Path, PathBuf},
    process::{self, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};
use unroll_host::{Host, LocalInputs, Pipe, ServeFailure, serve, store::Memory};
use unroll_proof::{
    BootInfo,
    preimage::KeyKind,
    program::{EXIT_FAILURE, EXIT_INVALID, EXIT_VALID},
};
use unroll_protocol::forks::Fork::{
    self, Bedrock, Canyon, Delta, Ecotone, Fjord, Granite, Holocene, Isthmus, Jovian, Karst, Regolith,
};
use unroll_testing::{data::Data, scenarios};

/// How long the host waits within a message; under qemu a guest is slow between messages, not within.
const PATIENCE: Duration = Duration::from_secs(60);

/// Stories that between them tell every fork, every kind of batch, calldata and blobs, and most of the precompiles.
const STORIES: [(&str, Fork); 12] = [
    ("garbage_channel", Bedrock),
    ("system_config", Regolith),
    ("channel_timeout", Canyon),
    ("span_overlap", Delta),
    ("activation_block", Ecotone),
    ("l1_blob_parameter_forks", Fjord),
    ("precompile", Granite),
    ("holocene_activation", Holocene),
    ("deposits_only_replacement", Holocene),
    ("isthmus_setcode_tx", Isthmus),
    ("jovian_dafootprint", Jovian),
    ("operator_fee", Karst),
];

#[derive(Clone, Copy, Debug)]
enum Machine {
    Riscv64,
    Mips64,
}

const MACHINES: [Machine; 2] = [Machine::Riscv64, Machine::Mips64];

impl Machine {
    const fn name(self) -> &'static str {
        match self {
            Self::Riscv64 => "riscv64",
            Self::Mips64 => "mips64",
        }
    }

    /// The guest, or `None` (after saying so) where it cannot be run.
    fn guest(self) -> Option<PathBuf> {
        let name = self.name();
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../guests/out"));
        let path = folder.join(format!("unroll-fpvm.{name}"));
        let qemu = format!("qemu-{name}");
        let starts = Command::new(&qemu).arg("--version").stdout(Stdio::null()).status().is_ok();
        let why = match (path.exists(), starts) {
            (true, true) => return Some(path),
            (false, _) => format!("{} is absent: run guests/build.sh", path.display()),
            (true, false) => format!("{qemu} is absent: install qemu-user"),
        };
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{why}");
        println!("skipped: {why}");
        None
    }
}

/// What a guest is asked, and all that it may ask back.
struct Claim {
    name: String,
    exit_code: i32,
    local: LocalInputs,
    preimages: Vec<(B256, Bytes)>,
}

impl Claim {
    /// One of the shared data: a boot file and its preimages, without their endings.
    fn shared(data: &Data, path: &str) -> Self {
        let json = data.json(&format!("{path}.json"));
        let hash = |field: &str| json[field].as_str().unwrap().parse().unwrap();
        let boot = BootInfo {
            l1_head: hash("l1_head"),
            agreed_output_root: hash("agreed_l2_output_root"),
            claimed_output_root: hash("claimed_l2_output_root"),
            claimed_block_number: json["claimed_l2_block_number"].as_u64().unwrap(),
            chain_id: json["chain_id"].as_u64().unwrap(),
        };
        let rollup_config = json.get("rollup_config").map(|config| config.to_string().into_bytes().into());
        let records = Bytes::from(data.bytes(&format!("{path}.preimages.zst")));
        let mut preimages = Vec::new();
        let mut rest = &records[..];
        while let Some((key, tail)) = rest.split_first_chunk() {
            let (length, tail) = tail.split_first_chunk().unwrap();
            let (value, tail) = tail.split_at(u32::from_le_bytes(*length) as usize);
            preimages.push((B256::new(*key), records.slice_ref(value)));
            rest = tail;
        }
        let local = LocalInputs { boot, rollup_config, l1_config: None };
        Self { name: path.into(), exit_code: EXIT_VALID, local, preimages }
    }

    /// A story of our own chain.
    fn story(name: &str, fork: Fork) -> Self {
        let scenario = scenarios::all().into_iter().find(|scenario| scenario.name == name);
        let witness = scenario.unwrap_or_else(|| panic!("no story is called {name}")).witness(fork);
        let local = LocalInputs {
            boot: witness.boot,
            rollup_config: Some(witness.rollup.to_string().into_bytes().into()),
            l1_config: Some(witness.l1.to_string().into_bytes().into()),
        };
        let preimages = witness.preimages.into_iter().map(|(key, value)| (*key.as_bytes(), value));
        let exit_code = if witness.verdict.outcome.is_valid() { EXIT_VALID } else { EXIT_INVALID };
        Self { name: format!("{name} on {fork}"), exit_code, local, preimages: preimages.collect() }
    }

    /// Checks the exit code on both machines.
    fn check(&self, check: impl Fn(&Outcome)) {
        for machine in MACHINES {
            let Some(guest) = machine.guest() else { continue };
            let outcome = self.run(&guest, machine);
            assert_eq!(outcome.exit_code, Some(self.exit_code), "{} on {machine:?}: {outcome:?}", self.name);
            check(&outcome);
        }
    }

    /// Runs a guest with the host's pipes as its descriptors 3 to 6 (K-023). The shell opens them, which the standard library has
    /// no safe way to do, and says so; then our copies of the guest's ends can go.
    fn run(&self, guest: &Path, machine: Machine) -> Outcome {
        let [hint_answers, hints, preimages, keys] = [0; 4].map(|_| pipe().unwrap());
        let path = |descriptor: i32| format!("/proc/{}/fd/{descriptor}", process::id());
        let (three, four) = (path(hint_answers.0.as_raw_fd()), path(hints.1.as_raw_fd()));
        let (five, six) = (path(preimages.0.as_raw_fd()), path(keys.1.as_raw_fd()));
        let script = format!("exec 3<{three} 4>{four} 5<{five} 6>{six}; echo; exec \"$@\"");
        let mut command = Command::new("sh");
        command.args(["-c", &script, "sh", &format!("qemu-{}", machine.name())]).arg(guest);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        drop((hint_answers.0, hints.1, preimages.0, keys.1));
        let output = thread::spawn(move || child.wait_with_output().unwrap());

        let store: Memory = self.preimages.iter().cloned().collect();
        let mut host = Host::new(self.local.clone(), store);
        let hint_pipe = Pipe::new(hints.0.into(), hint_answers.1.into(), PATIENCE).unwrap();
        let preimage_pipe = Pipe::new(keys.0.into(), preimages.1.into(), PATIENCE).unwrap();
        let served = serve(&mut host, hint_pipe, preimage_pipe);
        let output = output.join().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        Outcome { exit_code: output.status.code(), stderr, served }
    }
}

/// What came of a run.
#[derive(Debug)]
struct Outcome {
    exit_code: Option<i32>,
    stderr: String,
    served: Result<(), ServeFailure>,
}

/// Exit code 0 for every witness that there is. A machine's rules are obeyed where this ends well under its emulator: registers
/// and numbers of system calls (K-070, K-071, K-080, K-081), descriptors (K-023, K-074), memory (K-075), and no byte is waited
/// for that the host does not send (K-077).
#[test]
fn shared_witnesses_are_valid() {
    let Some(data) = Data::open() else { return };
    for path in data.files("witness").iter().filter_map(|path| path.strip_suffix(".json")) {
        Claim::shared(&data, path).check(|outcome| assert_eq!(outcome.stderr, ""));
    }
}

/// Exit code 1 for another claim about the same blocks.
#[test]
fn wrong_claims_are_invalid() {
    let Some(data) = Data::open() else { return };
    let mut claim = Claim::shared(&data, "witness/op-devnet901-canyon-2024-04-18-block280");
    claim.local.boot.claimed_output_root = B256::repeat_byte(1);
    claim.exit_code = EXIT_INVALID;
    claim.check(|outcome| assert_eq!(outcome.stderr, ""));
}

/// Exit code 2, and the reason on stderr, where a preimage is missing.
#[test]
fn missing_preimages_are_named() {
    let Some(data) = Data::open() else { return };
    let mut claim = Claim::shared(&data, "witness/op-devnet901-canyon-2024-04-16-block20");
    let agreed = claim.local.boot.agreed_output_root;
    claim.preimages.retain(|(key, _)| key[0] != KeyKind::Keccak256 as u8 || key[1..] != agreed[1..]);
    claim.exit_code = EXIT_FAILURE;
    claim.check(|outcome| {
        let reason = format!("needed for the output of root {agreed}");
        assert!(outcome.stderr.contains(&reason), "{outcome:?}");
        assert!(outcome.served.is_err(), "{outcome:?}");
    });
}

/// What an honest run says about our own chain.
#[test]
fn stories_are_judged_as_everywhere() {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some((name, fork)) = STORIES.get(next.fetch_add(1, Ordering::Relaxed)) {
                    Claim::story(name, *fork).check(|outcome| assert_eq!(outcome.stderr, ""));
                }
            });
        }
    });
}
