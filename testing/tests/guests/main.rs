//! The fault-proof guests, under qemu, over real pipes: both machines, the same claims, the same verdicts as everywhere.
//!
//! `guests/build.sh` builds them. Where the programs or qemu are absent, the tests say so and pass, except in CI.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod faults;
mod machine;

use alloy_primitives::{B256, Bytes};
use machine::{Ends, MACHINES, Machine, Outcome};
use std::{
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

    /// Checks the exit code on both machines, and gives what else there is to the caller: what was said, and how serving ended.
    fn check(&self, check: impl Fn(&str, Result<(), ServeFailure>)) {
        for machine in MACHINES {
            let Some((outcome, served)) = self.run(machine) else { continue };
            assert_eq!(outcome.exit_code, Some(self.exit_code), "{} on {machine:?}: {outcome:?}", self.name);
            check(&outcome.stderr, served);
        }
    }

    /// Runs a guest beside an honest host.
    fn run(&self, machine: Machine) -> Option<(Outcome, Result<(), ServeFailure>)> {
        machine.run(&[], |ends, _| self.serve(ends))
    }

    fn host(&self) -> Host<Memory> {
        Host::new(self.local.clone(), self.preimages.iter().cloned().collect())
    }

    fn serve(&self, ends: Ends) -> Result<(), ServeFailure> {
        let pipe = |reader, writer| Pipe::new(reader, writer, PATIENCE).unwrap();
        let hints = pipe(ends.hints.into(), ends.acknowledgements.into());
        serve(&mut self.host(), hints, pipe(ends.keys.into(), ends.values.into()))
    }
}

/// Exit code 0 for every witness that there is. A machine's rules are obeyed where this ends well under its emulator: registers
/// and numbers of system calls (K-070, K-071, K-080, K-081), descriptors (K-023, K-074), memory (K-075), and no byte is waited
/// for that the host does not send (K-077).
#[test]
fn shared_witnesses_are_valid() {
    let Some(data) = Data::open() else { return };
    for path in data.files("witness").iter().filter_map(|path| path.strip_suffix(".json")) {
        Claim::shared(&data, path).check(|stderr, _| assert_eq!(stderr, ""));
    }
}

/// Exit code 1 for another claim about the same blocks.
#[test]
fn wrong_claims_are_invalid() {
    let Some(data) = Data::open() else { return };
    let mut claim = Claim::shared(&data, "witness/op-devnet901-canyon-2024-04-18-block280");
    claim.local.boot.claimed_output_root = B256::repeat_byte(1);
    claim.exit_code = EXIT_INVALID;
    claim.check(|stderr, _| assert_eq!(stderr, ""));
}

/// Exit code 2, and the reason on stderr, where a preimage is missing.
#[test]
fn missing_preimages_are_named() {
    let Some(data) = Data::open() else { return };
    let mut claim = Claim::shared(&data, "witness/op-devnet901-canyon-2024-04-16-block20");
    let agreed = claim.local.boot.agreed_output_root;
    claim.preimages.retain(|(key, _)| key[0] != KeyKind::Keccak256 as u8 || key[1..] != agreed[1..]);
    claim.exit_code = EXIT_FAILURE;
    claim.check(|stderr, served| {
        assert!(stderr.contains(&format!("needed for the output of root {agreed}")), "{stderr}");
        assert!(served.is_err(), "{served:?}");
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
                    Claim::story(name, *fork).check(|stderr, _| assert_eq!(stderr, ""));
                }
            });
        }
    });
}
