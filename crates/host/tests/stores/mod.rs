//! Witnesses of the shared data, in stores.
#![allow(dead_code, reason = "each test binary uses its part")]

use crate::common;
use alloy_primitives::{B256, Bytes};
use std::{
    fs,
    path::{Path, PathBuf},
};
use unroll_host::{
    LocalInputs,
    archive::{self, Compression, Contents},
    store::{Directory, Format, Layout, Memory, RedbWriter, Store, open},
};

/// A witness: what the run is about, and its preimages.
pub struct Stored {
    pub local: LocalInputs,
    pub preimages: Vec<(B256, Bytes)>,
    contents: Contents,
}

/// A witness of the shared data, or `None` (after saying so) where there is none.
pub fn stored(name: &str) -> Option<Stored> {
    let common::Case { contents, records } = common::case(name)?;
    let boot = contents.claims.claims[0].boot(contents.claims.chain_id);
    let rollup_config = Some(contents.rollup_config.clone()).filter(|json| !json.is_empty());
    let local = LocalInputs { boot, rollup_config, l1_config: None };
    Some(Stored { local, preimages: split(&records), contents })
}

fn split(file: &Bytes) -> Vec<(B256, Bytes)> {
    let mut records = Vec::new();
    let mut offset = 0;
    while offset < file.len() {
        let length = u32::from_le_bytes(file[offset + 32..offset + 36].try_into().unwrap()) as usize;
        let value = file.slice(offset + 36..offset + 36 + length);
        records.push((B256::from_slice(&file[offset..offset + 32]), value));
        offset += 36 + length;
    }
    records
}

impl Stored {
    pub fn memory(&self) -> Memory {
        self.preimages.iter().cloned().collect()
    }

    /// The preimages in a data directory.
    pub fn fill(&self, path: &Path, format: Format) -> Box<dyn Store> {
        match format {
            Format::Directory | Format::File => {
                let layout = if format == Format::File { Layout::Flat } else { Layout::Folders };
                let directory = Directory::create(path, layout).unwrap();
                for (key, value) in &self.preimages {
                    directory.insert(key, value).unwrap();
                }
            }
            Format::Redb => {
                let mut writer = RedbWriter::create(path).unwrap();
                for (key, value) in &self.preimages {
                    writer.insert(*key, value.clone()).unwrap();
                }
                writer.finish().unwrap();
            }
        }
        open(path, Format::Directory).unwrap()
    }

    /// The preimages in an archive.
    pub fn archive(&self, path: &Path) -> Box<dyn Store> {
        archive::save(path, &self.contents, Compression::default()).unwrap();
        open(path, Format::Directory).unwrap()
    }
}

/// A folder of its own for a test, gone afterwards.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("unroll-host-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
