//! Runs the program on real data and on changed copies of it.
#![allow(dead_code, reason = "each test binary uses a part")]

use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// A folder of real data, or `None` where a developer does not have it. CI must have it.
pub fn data(folder: &str) -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(folder);
    if path.is_dir() {
        return Some(path);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "../shared/data is absent");
    println!("skipped: no ../shared/data");
    None
}

pub fn unroll(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_unroll")).args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// Runs a command with `--json`; gives the exit code and the object.
pub fn object(command: &str, path: &Path, options: &[&str]) -> (i32, Value) {
    let arguments = [&[command, path.to_str().unwrap(), "--json"], options].concat();
    let output = unroll(&arguments);
    (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap())
}

/// Runs a command for people; gives the exit code and what it says.
pub fn report(command: &str, path: &Path) -> (i32, String) {
    let output = unroll(&[command, path.to_str().unwrap()]);
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

/// Runs and expects that nothing can be told: exit code 2, one sentence on stderr that says `why`, and the same in JSON.
pub fn undecided(command: &str, path: &Path, options: &[&str], why: &str) {
    let output = unroll(&[&[command, path.to_str().unwrap()], options].concat());
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.starts_with("undecided: ") && said.contains(why), "`{why}` is not in `{said}`");
    assert_eq!(said.lines().count(), 1, "{said}");
    let (code, object) = object(command, path, options);
    assert_eq!((code, &object["verdict"]), (2, &"undecided".into()));
    assert!(object["reason"].as_str().unwrap().contains(why), "{object}");
}

/// A compressed JSON file.
pub fn json(path: &Path) -> Value {
    serde_json::from_slice(&zstd::stream::decode_all(&fs::read(path).unwrap()[..]).unwrap()).unwrap()
}

/// The files of a folder.
pub fn files(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Every key of the object is explained by the command's `--help`.
pub fn explained(command: &str, object: &Value) {
    let help = String::from_utf8(unroll(&[command, "--help"]).stdout).unwrap();
    for key in object.as_object().unwrap().keys() {
        assert!(help.contains(key.as_str()), "`unroll {command} --help` does not explain {key}");
    }
}

/// A folder of its own for a test, gone afterwards.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("unroll-test-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Writes a file, and gives its path.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
