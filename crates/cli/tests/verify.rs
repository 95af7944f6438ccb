//! `unroll verify`, run as people run it: the program, its exit code and what it says.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

const DEVNETS: [&str; 5] = [
    "op-devnet901-canyon-2024-04-16-block20",
    "op-devnet901-canyon-2024-04-18-block280",
    "op-devnet901-canyon-2024-04-23-block20",
    "op-devnet901-canyon-2024-04-29-block20",
    "op-devnet901-canyon-2024-06-06-block20",
];
const SEPOLIA: &str = "op-sepolia-16491249";

fn witnesses() -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/witness"));
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "../shared/data is absent");
    println!("skipped: no ../shared/data");
    None
}

fn unroll(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_unroll")).args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn verify(path: &Path, json: bool) -> Output {
    let path = path.to_str().unwrap();
    let arguments = ["verify", path, "--json"];
    unroll(&arguments[..if json { 3 } else { 2 }])
}

fn object(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A folder of its own for a test, gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("unroll-test-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A witness with its boot file changed; returns the boot file's path.
    fn changed(&self, witness: &str, change: impl FnOnce(&mut Value)) -> Option<PathBuf> {
        let source = witnesses()?;
        let mut boot: Value =
            serde_json::from_slice(&fs::read(source.join(witness).with_extension("json")).unwrap()).unwrap();
        let sidecar = boot["preimages"]["file"].as_str().unwrap().to_owned();
        fs::write(self.0.join(&sidecar), fs::read(source.join(&sidecar)).unwrap()).unwrap();
        change(&mut boot);
        let path = self.0.join("boot.json");
        fs::write(&path, boot.to_string()).unwrap();
        Some(path)
    }

    fn sidecar(&self, witness: &str) -> PathBuf {
        self.0.join(format!("{witness}.preimages.zst"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The keys of the JSON object, in order.
const KEYS: [&str; 11] = [
    "agreed_output_root",
    "blocks",
    "chain_id",
    "claimed_output_root",
    "l1_head",
    "output_root",
    "phases_ms",
    "preimage_bytes",
    "preimages_read",
    "reason",
    "verdict",
];

/// J-026: exit code 0 on a valid claim; the block is the real one.
#[test]
fn op_sepolia_is_valid() {
    let Some(folder) = witnesses() else { return };
    let path = folder.join(SEPOLIA).with_extension("json");
    let output = verify(&path, true);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stderr), "");
    let report = object(&output);
    assert_eq!(report.as_object().unwrap().keys().collect::<Vec<_>>(), KEYS);
    assert_eq!(report["verdict"], "valid");
    assert_eq!(report["chain_id"], 11_155_420);
    let root = "0x82da7204148ba4d8d59e587b6b3fdde5561dc31d9e726220f7974bf9f2158d75";
    assert_eq!(report["output_root"], root);
    assert_eq!(report["claimed_output_root"], root);
    assert_eq!(report["blocks"].as_array().unwrap().len(), 1);
    let block = &report["blocks"][0];
    assert_eq!(block["number"], 16_491_249);
    assert_eq!(block["hash"], "0x98fc2146b53b40007f93d4fa4b4788b33630373ec8fefb126f61df1dfb24d1d9");
    assert_eq!(block["transactions"], 12);
    assert_eq!(block["gas_used"], 4_068_300);
    assert_eq!(block["output_root"], root);
    assert!(report["preimages_read"].as_u64().unwrap() > 30_000);
    assert!(report["preimage_bytes"].as_u64().unwrap() > 10_000_000);
    let phases: Vec<_> = report["phases_ms"].as_object().unwrap().keys().collect();
    assert_eq!(phases, ["check", "derive", "execute", "read"]);

    let output = verify(&path, false);
    assert_eq!(output.status.code(), Some(0));
    let report = text(&output.stdout);
    for part in [root, "VALID", "OP Sepolia", "block 16,491,249: 12 transactions, 4,068,300 gas"] {
        assert!(report.contains(part), "{part} is not in\n{report}");
    }
}

/// Without a boot file the sample in the program is verified; nothing outside is needed.
#[test]
fn the_embedded_sample_is_valid() {
    let output = unroll(&["verify", "--json"]);
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
    let report = object(&output);
    assert_eq!(report["verdict"], "valid");
    assert_eq!(report["output_root"], report["claimed_output_root"]);
    let blocks = report["blocks"].as_array().unwrap();
    assert!(blocks.len() > 2);
    assert!(blocks.iter().any(|block| block["transactions"].as_u64() > Some(1)));
    // The program alone does the same, for people.
    let output = unroll(&[]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("VALID"));
}

/// J-026: the devnets are valid, with the config that their boot files give.
#[test]
fn devnets_are_valid() {
    let Some(folder) = witnesses() else { return };
    for name in DEVNETS {
        let output = verify(&folder.join(name).with_extension("json"), true);
        let report = object(&output);
        assert_eq!((output.status.code(), &report["verdict"]), (Some(0), &json!("valid")), "{name}");
        assert_eq!(report["blocks"].as_array().unwrap().len(), 10);
    }
}

/// J-026: exit code 1 on an invalid claim, with both roots.
#[test]
fn invalid_claims() {
    let folder = Folder::new("invalid");
    let wrong = "0x0000000000000000000000000000000000000000000000000000000000000001";
    let Some(path) = folder.changed(DEVNETS[0], |boot| boot["claimed_l2_output_root"] = wrong.into()) else {
        return;
    };
    let right = "0x65a7f953c712dd7ce0833dca0e58ef3937e337740be72e3b4810d2889db91787";
    let output = verify(&path, true);
    assert_eq!(output.status.code(), Some(1));
    let report = object(&output);
    assert_eq!(report["verdict"], "invalid");
    assert_eq!((&report["claimed_output_root"], &report["output_root"]), (&json!(wrong), &json!(right)));
    let output = verify(&path, false);
    assert_eq!(output.status.code(), Some(1));
    let report = text(&output.stdout);
    assert!(report.contains(right) && report.contains(wrong) && report.contains("INVALID"), "{report}");

    let path = folder.changed(DEVNETS[0], |boot| boot["claimed_l2_block_number"] = 3.into()).unwrap();
    let output = verify(&path, true);
    assert_eq!(output.status.code(), Some(1));
    assert!(object(&output)["reason"].as_str().unwrap().contains("below the agreed block"));
}

/// Runs and expects that nothing can be told: exit code 2, one sentence on stderr that says `why`, and the same in JSON.
fn undecided(path: &Path, why: &str) {
    let output = verify(path, false);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.starts_with("undecided: ") && said.contains(why), "`{why}` is not in `{said}`");
    assert_eq!(said.lines().count(), 1, "{said}");
    let output = verify(path, true);
    assert_eq!(output.status.code(), Some(2));
    let report = object(&output);
    assert_eq!(report["verdict"], "undecided");
    assert!(report["reason"].as_str().unwrap().contains(why));
    assert_eq!(report.as_object().unwrap().keys().collect::<Vec<_>>(), KEYS);
}

/// J-026, J-027: exit code 2 where files are missing or damaged.
#[test]
fn damaged_files() {
    let folder = Folder::new("files");
    undecided(&folder.0.join("nothing.json"), "cannot be read");
    let witness = DEVNETS[2];
    let Some(path) = folder.changed(witness, |_| {}) else { return };
    let sidecar = folder.sidecar(witness);
    let whole = fs::read(&sidecar).unwrap();
    assert_eq!(verify(&path, true).status.code(), Some(0));

    for end in [20, whole.len() / 2, whole.len() - 1] {
        fs::write(&sidecar, &whole[..end]).unwrap();
        undecided(&path, "ends early");
    }
    for magic in [&b"PK\x03\x04 not zstd at all"[..], b"", b"\x28"] {
        fs::write(&sidecar, magic).unwrap();
        undecided(&path, "is not a zstd file");
    }
    let records = zstd::stream::decode_all(&whole[..]).unwrap();
    fs::write(&sidecar, zstd::stream::encode_all(&records[..records.len() - 1], 3).unwrap()).unwrap();
    undecided(&path, "end inside the record");
    let mut flipped = records.clone();
    flipped[40] ^= 1;
    fs::write(&sidecar, zstd::stream::encode_all(&flipped[..], 3).unwrap()).unwrap();
    let key: String = records[..32].iter().map(|byte| format!("{byte:02x}")).collect();
    undecided(&path, &key);
    // A frame that claims to hold more than any witness.
    let mut bomb = vec![0x28, 0xb5, 0x2f, 0xfd, 0xe0];
    bomb.extend((3u64 << 30).to_le_bytes());
    bomb.extend([0; 32]);
    fs::write(&sidecar, bomb).unwrap();
    undecided(&path, "decompresses to more than");
    fs::remove_file(&sidecar).unwrap();
    undecided(&path, "the preimages");
}

/// J-026, J-027, A-014: exit code 2 where the boot file cannot be used.
#[test]
fn unusable_boot_files() {
    let folder = Folder::new("boot");
    let devnet = DEVNETS[0];
    let Some(path) = folder.changed(devnet, |boot| boot["chain_id"] = 902.into()) else { return };
    undecided(&path, "the rollup config is of chain 901, not of chain 902");
    let change = |change: fn(&mut Value)| folder.changed(devnet, change).unwrap();
    undecided(
        &change(|boot| {
            boot.as_object_mut().unwrap().remove("rollup_config");
        }),
        "chain 901 is not built in, and no rollup config is given",
    );
    undecided(&change(|boot| boot["rollup_config"] = "text".into()), "malformed rollup config");
    undecided(&change(|boot| boot["rollup_config"]["block_time"] = (-1).into()), "malformed rollup config");
    undecided(&change(|boot| boot["rollup_config"]["block_time"] = 0.into()), "not sound");
    undecided(&change(|boot| boot["rollup_config"]["moon_time"] = 0.into()), "unknown keys: moon_time");
    undecided(&change(|boot| boot["l1_head"] = "0x12".into()), "is not a hash");
    undecided(&change(|boot| *boot = json!([1, 2])), "is not a boot file");
    fs::write(&path, "{").unwrap();
    undecided(&path, "is not a boot file");

    let changed = |boot: &mut Value| {
        let mut config = boot["rollup_config"].clone();
        config["l2_chain_id"] = 10.into();
        boot["rollup_config"] = config;
        boot["chain_id"] = 10.into();
    };
    undecided(&change(changed), "chain 10 is built in, and the rollup config that is given differs");
}

/// J-027: a preimage that is missing is named, with what it was for; the L1 head's header is needed first.
#[test]
fn a_missing_preimage_is_named() {
    let folder = Folder::new("missing");
    let head = "0x0202020202020202020202020202020202020202020202020202020202020202";
    let Some(path) = folder.changed(DEVNETS[0], |boot| boot["l1_head"] = head.into()) else { return };
    undecided(&path, &format!("no preimage for key {head}, needed for the header of L1 block {head}"));
}

/// A usage error exits with 2 as well; help and version are no errors.
#[test]
fn usage() {
    assert_eq!(unroll(&["verify", "--no-such-flag"]).status.code(), Some(2));
    assert_eq!(unroll(&["--help"]).status.code(), Some(0));
    assert!(text(&unroll(&["--version"]).stdout).starts_with("unroll "));
}
