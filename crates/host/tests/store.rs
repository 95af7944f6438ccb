//! Data directories: how they lie on disk, which format they are in, and what is wrong with them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "that is how a test fails"
)]

mod common;
mod stores;

use alloy_primitives::{B256, Bytes, b256};
use std::fs;
use stores::Folder;
use unroll_host::store::{Directory, Format, Layout, RedbFile, RedbWriter, Store, StoreError, open};

const KEY: B256 = b256!("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");

/// The files are where op-challenger, op-program and kona look for them.
#[test]
fn directory_layout() {
    let folder = Folder::new("layout");
    let directory = Directory::create(&folder.0, Layout::Folders).unwrap();
    directory.insert(&KEY, &[0xc0, 0xde]).unwrap();
    let file = folder.0.join("0123/456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.txt");
    assert_eq!(fs::read_to_string(&file).unwrap(), "c0de");
    assert_eq!(fs::read_to_string(folder.0.join("kvformat")).unwrap(), "directory");
    assert_eq!(directory.place(&KEY), file.display().to_string());
    // Nothing unfinished is left.
    assert_eq!(fs::read_dir(folder.0.join("0123")).unwrap().count(), 1);

    let folder = Folder::new("layout-flat");
    Directory::create(&folder.0, Layout::Flat).unwrap().insert(&KEY, &[]).unwrap();
    assert_eq!(fs::read_to_string(folder.0.join(format!("{KEY}.txt"))).unwrap(), "");
    assert_eq!(fs::read_to_string(folder.0.join("kvformat")).unwrap(), "file");
}

/// Every format gives back what was put in, replaced values included, and nothing else.
#[test]
fn round_trips() {
    let values: Vec<(B256, Bytes)> = (0..300u32)
        .map(|i| {
            (
                B256::from(std::array::from_fn(|j| (i as usize * 7 + j) as u8)),
                vec![i as u8; i as usize].into(),
            )
        })
        .collect();
    let folder = Folder::new("round-trip");
    for layout in [Layout::Folders, Layout::Flat] {
        let path = folder.0.join(format!("{layout:?}"));
        let directory = Directory::create(&path, layout).unwrap();
        for (key, value) in &values {
            directory.insert(key, b"before").unwrap();
            directory.insert(key, value).unwrap();
        }
    }
    let path = folder.0.join("redb");
    let mut writer = RedbWriter::create(&path).unwrap();
    for (key, value) in &values {
        writer.insert(*key, Bytes::from_static(b"before")).unwrap();
        writer.insert(*key, value.clone()).unwrap();
    }
    writer.finish().unwrap();
    let last: std::collections::BTreeMap<_, _> = values.into_iter().collect();
    for name in ["Folders", "Flat", "redb"] {
        // The directory says what it is, whatever is asked for.
        for asked in [Format::Directory, Format::File, Format::Redb] {
            let store = open(&folder.0.join(name), asked).unwrap();
            for (key, value) in &last {
                assert_eq!(store.get(key).unwrap().as_ref(), Some(value), "{name}");
            }
            assert_eq!(store.get(&KEY).unwrap(), None);
        }
    }
}

/// A database is added to, and two processes may read it.
#[test]
fn databases() {
    let folder = Folder::new("databases");
    for byte in [1, 2] {
        let mut writer = RedbWriter::create(&folder.0).unwrap();
        writer.insert(B256::repeat_byte(byte), vec![byte].into()).unwrap();
        writer.finish().unwrap();
    }
    let (one, two) = (RedbFile::open(&folder.0).unwrap(), RedbFile::open(&folder.0).unwrap());
    for store in [one, two] {
        assert_eq!(store.get(&B256::repeat_byte(1)).unwrap(), Some(vec![1].into()));
        assert_eq!(store.get(&B256::repeat_byte(2)).unwrap(), Some(vec![2].into()));
    }
}

/// A directory without a marker is what it is said to be; kona's and op-program's other formats are named and refused.
#[test]
fn formats() {
    let folder = Folder::new("formats");
    Directory::open(&folder.0, Layout::Flat).insert(&KEY, &[1]).unwrap();
    assert_eq!(open(&folder.0, Format::File).unwrap().get(&KEY).unwrap(), Some(vec![1].into()));
    assert_eq!(open(&folder.0, Format::Directory).unwrap().get(&KEY).unwrap(), None);
    for other in ["pebble", "rocksdb", ""] {
        fs::write(folder.0.join("kvformat"), other).unwrap();
        let Err(error) = open(&folder.0, Format::File) else { panic!("opened") };
        assert!(matches!(&error, StoreError::Format { format, .. } if format == other), "{error}");
        let refused = Directory::create(&folder.0, Layout::Folders).unwrap_err();
        assert!(matches!(refused, StoreError::Format { .. }));
    }
    // A format is not changed under the feet of what is there.
    fs::write(folder.0.join("kvformat"), "file\n").unwrap();
    assert!(matches!(RedbWriter::create(&folder.0), Err(StoreError::Format { .. })));
}

/// What is absent or broken is named.
#[test]
fn broken_stores() {
    let folder = Folder::new("broken");
    let nowhere = folder.0.join("nowhere");
    assert!(matches!(open(&nowhere, Format::Directory), Err(StoreError::Absent(path)) if path == nowhere));
    assert!(matches!(open(&folder.0, Format::Redb), Err(StoreError::Absent(_))));
    fs::write(folder.0.join("preimages.redb"), "no database").unwrap();
    let Err(error) = open(&folder.0, Format::Redb) else { panic!("opened") };
    assert!(error.to_string().contains("preimages.redb"), "{error}");

    let file = folder.0.join("preimages.redb");
    assert!(matches!(open(&file, Format::Directory), Err(StoreError::NoStore(path)) if path == file));
    fs::write(&file, &unroll_proof::archive::header()[..]).unwrap();
    assert!(matches!(open(&file, Format::Directory), Err(StoreError::Archive { .. })));

    let directory = Directory::open(&folder.0, Layout::Folders);
    for digits in ["0", "zz", "00 00", "00\n"] {
        directory.insert(&KEY, &[]).unwrap();
        fs::write(directory.place(&KEY), digits).unwrap();
        let error = directory.get(&KEY).unwrap_err();
        assert!(matches!(error, StoreError::Hex { .. }), "{digits}: {error}");
        assert!(error.to_string().contains("0123/4567"), "{error}");
    }
    fs::remove_file(directory.place(&KEY)).unwrap();
    fs::create_dir(directory.place(&KEY)).unwrap();
    assert!(matches!(directory.get(&KEY), Err(StoreError::Io { .. })));
}
