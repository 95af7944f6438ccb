//! Real chain data: `../shared/data`, described in its `MANIFEST.md`.

use serde_json::Value;
use std::{collections::BTreeSet, fs, path::PathBuf, sync::Mutex};

/// The data folder, with a memory of what was read: a fixture that nobody reads proves nothing.
#[derive(Debug)]
pub struct Data {
    root: PathBuf,
    read: Mutex<BTreeSet<String>>,
}

impl Data {
    /// The data, or `None` where it is absent, which is said on the console. In CI its absence is a failure.
    #[expect(clippy::panic, reason = "test support: CI without data must fail")]
    pub fn open() -> Option<Self> {
        let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data"));
        if root.is_dir() {
            return Some(Self { root, read: Mutex::default() });
        }
        if std::env::var("CI").as_deref() == Ok("true") {
            panic!("no ../shared/data in CI");
        }
        println!("skipped: no ../shared/data");
        None
    }

    /// Whether there is such a file.
    pub fn has(&self, path: &str) -> bool {
        self.root.join(path).is_file()
    }

    /// A file, by its path below the data folder; decompressed if the name ends in `.zst`.
    #[expect(clippy::panic, reason = "test support: names the file")]
    pub fn bytes(&self, path: &str) -> Vec<u8> {
        if let Ok(mut read) = self.read.lock() {
            read.insert(path.into());
        }
        let read = || {
            let bytes = fs::read(self.root.join(path))?;
            if path.ends_with(".zst") { zstd::decode_all(&bytes[..]) } else { Ok(bytes) }
        };
        read().unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// A JSON file.
    #[expect(clippy::panic, reason = "test support: names the file")]
    pub fn json(&self, path: &str) -> Value {
        serde_json::from_slice(&self.bytes(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// A file with one JSON value a line.
    #[expect(clippy::panic, reason = "test support: names the file")]
    pub fn lines(&self, path: &str) -> Vec<Value> {
        let bytes = self.bytes(path);
        let lines = bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        lines
            .map(|line| serde_json::from_slice(line).unwrap_or_else(|error| panic!("{path}: {error}")))
            .collect()
    }

    /// The paths of the files directly in a folder, in order.
    #[expect(clippy::panic, reason = "test support: names the folder")]
    pub fn files(&self, folder: &str) -> Vec<String> {
        let entries =
            fs::read_dir(self.root.join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
        let mut files: Vec<_> = entries
            .flatten()
            .filter(|entry| entry.path().is_file())
            .map(|entry| format!("{folder}/{}", entry.file_name().to_string_lossy()))
            .collect();
        files.sort();
        files
    }

    /// The files directly in a folder that have not been read.
    pub fn unread(&self, folder: &str) -> Vec<String> {
        let read = self.read.lock().map(|read| read.clone()).unwrap_or_default();
        self.files(folder).into_iter().filter(|file| !read.contains(file)).collect()
    }
}

/// The bytes of a `0x` string.
#[expect(clippy::panic, reason = "test support: shows the value")]
pub fn hex(value: &Value) -> Vec<u8> {
    let bytes = value.as_str().and_then(|text| alloy_primitives::hex::decode(text).ok());
    bytes.unwrap_or_else(|| panic!("no hex: {value}"))
}

/// A number.
#[expect(clippy::panic, reason = "test support: shows the value")]
pub fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("no number: {value}"))
}

/// The items of a list; none if there is no list.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
