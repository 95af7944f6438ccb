//! `unroll witness` and `unroll verify` on archives, run as people run them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod common;

use common::{Folder, data, unroll};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

const DEVNET: &str = "op-devnet901-canyon-2024-04-16-block20";
const WITNESSES: [&str; 6] = [
    DEVNET,
    "op-devnet901-canyon-2024-04-18-block280",
    "op-devnet901-canyon-2024-04-23-block20",
    "op-devnet901-canyon-2024-04-29-block20",
    "op-devnet901-canyon-2024-06-06-block20",
    "op-sepolia-16491249",
];

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8([&output.stdout[..], &output.stderr].concat()).unwrap()
}

/// Runs `unroll witness` with `--json`, and expects the exit code.
#[track_caller]
fn witness(arguments: &[&str], code: i32) -> Value {
    let output = unroll(&[&["witness"], arguments, &["--json"]].concat());
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Runs it for people, and expects the exit code and something that is said.
#[track_caller]
fn says(arguments: &[&str], code: i32, what: &str) {
    let output = unroll(&[&["witness"], arguments].concat());
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
    assert!(said(&output).contains(what), "`{what}` is not in `{}`", said(&output));
}

/// A witness of the shared data as an archive.
fn imported(folder: &Folder, name: &str) -> Option<PathBuf> {
    let source = data("witness")?.join(name).with_extension("json");
    let path = folder.0.join(name).with_extension("unroll");
    witness(&["import", text(&source), "--out", text(&path), "--level", "3"], 0);
    Some(path)
}

/// Every witness of the shared data, through every form and back: imported, judged, pruned, judged, exported as records, as a
/// data directory with folders and without, as a database, imported again, and byte for byte the same archive.
#[test]
fn there_and_back() {
    for name in WITNESSES {
        let folder = Folder::new(&format!("there-and-back-{name}"));
        let at = |name: &str| folder.0.join(name);
        let Some(all) = imported(&folder, name) else { return };
        let verified = witness(&["verify", text(&all)], 0);
        assert_eq!(
            (&verified["verdict"], verified["claims"].as_array().unwrap().len()),
            (&json!("valid"), 1)
        );
        let small = at("small.unroll");
        let pruned = witness(&["prune", text(&all), "--out", text(&small), "--level", "3"], 0);
        assert_eq!(pruned["valid"], json!([true]));
        assert!(pruned["dropped"].as_u64().unwrap() > 0);
        let output = unroll(&["verify", text(&small), "--json"]);
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((output.status.code(), &report["verdict"]), (Some(0), &json!("valid")), "{name}");
        let inspected = witness(&["inspect", text(&small)], 0);
        for key in ["root", "bytes", "claims", "preimages", "blobs"] {
            assert_eq!(inspected[key], pruned[key], "{name}: {key}");
        }
        // Of the large one, which has blobs, the pruned archive.
        let source = if name == WITNESSES[5] { small } else { all };
        let forms =
            [("records", "out.json"), ("redb", "database"), ("directory", "folders"), ("file", "flat")];
        // Six blobs are 49,152 files, which some disks take minutes for; the library's test has one.
        for (format, out) in forms.into_iter().take(if name == WITNESSES[5] { 2 } else { 4 }) {
            let out = at(out);
            witness(&["export", text(&source), "--format", format, "--out", text(&out)], 0);
            let back = at(&format!("{format}.unroll"));
            witness(&["import", text(&out), "--out", text(&back), "--level", "3"], 0);
            assert!(fs::read(&back).unwrap() == fs::read(&source).unwrap(), "{name}: {format}");
            if format != "records" {
                let marker = fs::read_to_string(out.join("kvformat")).unwrap();
                assert_eq!(marker, format);
            }
        }
        let boot = at("out.json");
        assert_eq!(unroll(&["verify", text(&boot)]).status.code(), Some(0), "{name}");
    }
}

/// Parts of a range, on their own and together again; `unroll verify` wants to know which claim.
#[test]
fn parts_of_a_range() {
    let folder = Folder::new("parts");
    let Some(all) = imported(&folder, DEVNET) else { return };
    let at = |name: &str| folder.0.join(name);
    let whole = at("whole.unroll");
    witness(&["prune", text(&all), "--out", text(&whole)], 0);
    let parts = at("parts");
    let split = witness(&["split", text(&whole), "--every", "4", "--out", text(&parts)], 0);
    let paths: Vec<&str> =
        split["parts"].as_array().unwrap().iter().map(|part| part["path"].as_str().unwrap()).collect();
    let expected = ["11-14", "15-18", "19-20"].map(|range| parts.join(format!("whole-{range}.unroll")));
    assert_eq!(paths, expected.iter().map(|path| text(path)).collect::<Vec<_>>());
    for path in &paths {
        assert_eq!(unroll(&["verify", path]).status.code(), Some(0));
    }
    let joined = at("joined.unroll");
    witness(&["merge", paths[2], paths[0], paths[1], "--out", text(&joined)], 0);
    assert_eq!(witness(&["verify", text(&joined)], 0)["claims"].as_array().unwrap().len(), 1);
    let again = at("again.unroll");
    witness(&["prune", text(&joined), "--out", text(&again)], 0);
    assert!(fs::read(&again).unwrap() == fs::read(&whole).unwrap());

    let gap = at("gap.unroll");
    witness(&["merge", paths[2], paths[0], "--out", text(&gap)], 0);
    let verified = witness(&["verify", text(&gap)], 0);
    assert_eq!(verified["reason"], "all 2 claims are valid");
    let output = unroll(&["verify", text(&gap)]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("holds 2 claims: --claim says which one"), "{}", said(&output));
    assert_eq!(unroll(&["verify", text(&gap), "--claim", "2"]).status.code(), Some(0));
    assert_eq!(unroll(&["verify", text(&gap), "--claim", "3"]).status.code(), Some(2));
    says(&["export", text(&gap), "--format", "records", "--out", text(&at("x.json"))], 2, "holds 2 claims");
    says(&["split", text(&gap), "--at", "15", "--out", text(&parts)], 2, "holds 2 claims");
    says(&["split", text(&whole), "--at", "20", "--out", text(&at("p"))], 2, "block 20 is no place to split");
    says(&["split", text(&whole), "--every", "4", "--out", text(&parts)], 2, "is there already");
}

/// A claim that is wrong: exit code 1; one that cannot be judged: 2. A wrong one decides, whatever the others are.
#[test]
fn verdicts() {
    let folder = Folder::new("verdicts");
    let Some(source) = data("witness") else { return };
    let at = |name: &str| folder.0.join(name);
    let boot: Value =
        serde_json::from_slice(&fs::read(source.join(DEVNET).with_extension("json")).unwrap()).unwrap();
    let sidecar = boot["preimages"]["file"].as_str().unwrap();
    fs::copy(source.join(sidecar), at(sidecar)).unwrap();
    let archive = |name: &str, change: &dyn Fn(&mut Value)| {
        let mut boot = boot.clone();
        change(&mut boot);
        let file = folder.write(&format!("{name}.json"), boot.to_string());
        let path = at(&format!("{name}.unroll"));
        witness(&["import", text(&file), "--out", text(&path), "--level", "3"], 0);
        path
    };
    let right = archive("right", &|_| {});
    let wrong =
        archive("wrong", &|boot| boot["claimed_l2_output_root"] = format!("0x{}", "01".repeat(32)).into());
    let unknown = archive("unknown", &|boot| boot["l1_head"] = format!("0x{}", "02".repeat(32)).into());
    let merged = |name: &str, paths: &[&Path]| {
        let path = at(name);
        let paths: Vec<&str> = paths.iter().map(|path| text(path)).collect();
        witness(&[&["merge"], &paths[..], &["--out", text(&path)]].concat(), 0);
        path
    };
    for (path, code, verdict) in [
        (merged("a.unroll", &[&right, &wrong, &unknown]), 1, "invalid"),
        (merged("b.unroll", &[&right, &unknown]), 2, "undecided"),
        (wrong.clone(), 1, "invalid"),
        (unknown.clone(), 2, "undecided"),
        (right.clone(), 0, "valid"),
    ] {
        let verified = witness(&["verify", text(&path)], code);
        assert_eq!(verified["verdict"], verdict);
        if verified["claims"].as_array().unwrap().len() == 1 {
            assert_eq!(unroll(&["verify", text(&path)]).status.code(), Some(code));
        }
    }
    says(&["verify", text(&unknown)], 2, "no preimage for key");
    says(&["prune", text(&unknown), "--out", text(&at("c.unroll"))], 2, "no preimage for key");
    says(&["prune", text(&wrong), "--out", text(&at("c.unroll"))], 0, "note: 1 claim is invalid");

    // Differences, whichever way the same content is stored.
    let stored = at("stored.unroll");
    witness(&["merge", text(&right), "--out", text(&stored), "--store"], 0);
    assert_eq!(witness(&["diff", text(&right), text(&stored)], 0)["equal"], true);
    let diff = witness(&["diff", text(&right), text(&wrong)], 1);
    assert_eq!((&diff["differing"], &diff["first"]["preimages"]), (&json!(["claims"]), &json!([])));
    let small = at("small.unroll");
    let pruned = witness(&["prune", text(&right), "--out", text(&small)], 0);
    let diff = witness(&["diff", text(&small), text(&right)], 1);
    assert_eq!(diff["differing"], json!(["preimages"]));
    assert_eq!(
        diff["second"]["preimages"].as_array().unwrap().len() as u64,
        pruned["dropped"].as_u64().unwrap()
    );
    says(&["diff", text(&small), text(&right)], 1, "they differ in: preimages");
    says(&["inspect", text(&small)], 0, "claim 1: blocks 11 to 20");
}

/// What goes wrong is named, with its file, and nothing is written.
#[test]
fn failures_are_named() {
    let folder = Folder::new("failures");
    let Some(path) = imported(&folder, DEVNET) else { return };
    let at = |name: &str| folder.0.join(name);
    let out = at("out.unroll");
    let bytes = fs::read(&path).unwrap();
    let mut damaged = bytes.clone();
    damaged[bytes.len() / 2] ^= 1;
    let mut later = bytes.clone();
    later[8] = 2;
    for (content, why) in [
        (&damaged[..], "is damaged in the section"),
        (&later, "is in version 2 of the format"),
        (&bytes[..bytes.len() - 1], "does not end as an archive does"),
        (&b"{}"[..], "is not a witness archive"),
    ] {
        let file = folder.write("bad.unroll", content);
        says(&["verify", text(&file)], 2, why);
        says(&["prune", text(&file), "--out", text(&out)], 2, why);
        says(&["diff", text(&path), text(&file)], 2, why);
        let object = witness(&["prune", text(&file), "--out", text(&out)], 2);
        assert!(object["error"].as_str().unwrap().contains(text(&file)), "{object}");
        let output = unroll(&["verify", text(&file)]);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    }
    says(&["inspect", text(&at("nothing.unroll"))], 2, "cannot be read");
    says(&["prune", text(&path), "--out", text(&path)], 2, "is there already: --force replaces it");
    says(&["prune", text(&path), "--out", text(&at("no/folder.unroll"))], 2, "cannot be written");
    assert_eq!(fs::read(&path).unwrap(), bytes);
    assert!(!out.exists());

    // Data directories.
    let dir = at("dir");
    witness(&["export", text(&path), "--format", "directory", "--out", text(&dir)], 0);
    says(&["export", text(&path), "--format", "file", "--out", text(&dir)], 2, "is written anew");
    let import = |why: &str| says(&["import", text(&dir), "--out", text(&out)], 2, why);
    let local = dir.join(format!("0100/{:060}.txt", 2));
    let agreed = fs::read(&local).unwrap();
    fs::write(&local, "0102").unwrap();
    import("has 2 bytes for local key 2, and it has to have 32");
    fs::remove_file(&local).unwrap();
    import("has no local key 2, which says what a run is about: --boot");
    let boot = data("witness").unwrap().join(DEVNET).with_extension("json");
    witness(&["import", text(&dir), "--boot", text(&boot), "--out", text(&out), "--level", "3"], 0);
    assert_eq!(fs::read(&out).unwrap(), bytes);
    fs::remove_file(&out).unwrap();
    says(
        &["import", text(&boot), "--boot", text(&boot), "--out", text(&out)],
        2,
        "--boot is for data directories",
    );
    fs::write(&local, agreed).unwrap();
    let value = fs::read_dir(&dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .find(|entry| entry.file_name().to_str().unwrap().starts_with("02"));
    let value = fs::read_dir(value.unwrap().path()).unwrap().next().unwrap().unwrap().path();
    let good = fs::read(&value).unwrap();
    fs::write(&value, "zz").unwrap();
    import("is not hex");
    fs::write(&value, "00").unwrap();
    import("the value of the key 0x02");
    fs::write(&value, good).unwrap();
    fs::write(dir.join("kvformat"), "pebble").unwrap();
    import("is in the format `pebble`");
    says(&["import", text(&folder.0.join("no")), "--out", text(&out)], 2, "cannot be read");
    fs::create_dir(at("empty")).unwrap();
    says(&["import", text(&at("empty")), "--out", text(&out)], 2, "holds no preimage");
    assert!(!out.exists());
}

/// A process that is killed while it writes leaves no file under the archive's name.
#[cfg(unix)]
#[test]
fn a_killed_write_leaves_nothing() {
    let folder = Folder::new("killed");
    let Some(source) = data("witness") else { return };
    let source = source.join("op-sepolia-16491249.json");
    let path = folder.0.join("killed.unroll");
    // The shell's limit on the size of files ends the process by a signal when it is passed.
    let command = format!(
        "ulimit -c 0; ulimit -f 2000; exec {} witness import {} --out {} --level 1",
        env!("CARGO_BIN_EXE_unroll"),
        text(&source),
        text(&path)
    );
    let status = std::process::Command::new("sh").args(["-c", &command]).output().unwrap().status;
    assert!(!status.success());
    assert!(!path.exists(), "{status}");
}

/// The sample of this program ends where its L1 does: a part cannot end after that.
#[test]
fn l1_ends() {
    let folder = Folder::new("l1-ends");
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample");
    let mut boot: Value = serde_json::from_slice(&fs::read(sample.join("sample.json")).unwrap()).unwrap();
    let sidecar = boot["preimages"]["file"].as_str().unwrap().to_owned();
    fs::copy(sample.join(&sidecar), folder.0.join(&sidecar)).unwrap();
    boot["claimed_l2_block_number"] = 100_000.into();
    let file = folder.write("boot.json", boot.to_string());
    let path = folder.0.join("boot.unroll");
    witness(&["import", text(&file), "--out", text(&path), "--level", "3"], 0);
    let parts = folder.0.join("parts");
    says(
        &["split", text(&path), "--at", "90000", "--out", text(&parts)],
        2,
        "L1 ends the safe chain at block",
    );
}

/// Help says what each command is for, what it reads, and what `--json` prints.
#[test]
fn help() {
    let folder = Folder::new("help");
    let help = |arguments: &[&str]| said(&unroll(&[arguments, &["--help"]].concat()));
    let all = help(&["witness"]);
    assert!(all.contains("Exit codes") && all.contains("witness import ./datadir"));
    assert!(help(&["witness", "import"]).contains("kvformat"));
    let Some(path) = imported(&folder, DEVNET) else { return };
    let (path, [out, parts, dir]) = (text(&path), ["out", "parts", "dir"].map(|name| folder.0.join(name)));
    let (out, parts, dir) = (text(&out), text(&parts), text(&dir));
    for arguments in [
        &["inspect", path][..],
        &["verify", path],
        &["diff", path, path],
        &["prune", path, "--out", out],
        &["merge", path, "--out", out, "--force"],
        &["split", path, "--at", "15", "--out", parts],
        &["export", path, "--format", "directory", "--out", dir],
        &["import", dir, "--out", out, "--force"],
    ] {
        assert!(all.contains(arguments[0]));
        let help = help(&["witness", arguments[0]]);
        for key in witness(arguments, 0).as_object().unwrap().keys() {
            assert!(
                help.contains(key.as_str()),
                "`unroll witness {} --help` does not explain {key}",
                arguments[0]
            );
        }
    }
}
