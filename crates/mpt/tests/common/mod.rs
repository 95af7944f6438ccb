//! A slow and obvious trie to compare with: sorted entries in, encoded nodes out. Shares no code with the crate.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::PathBuf,
};

use alloy_primitives::{B256, Bytes, keccak256};
use alloy_rlp::{Encodable, Header};

pub(crate) type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

/// Nodes by hash.
pub(crate) type Store = HashMap<B256, Bytes>;

/// Builds the trie of all entries, puts its hashed nodes into the store, and returns the root.
pub(crate) fn build(entries: &Entries, store: &mut Store) -> B256 {
    let entries: Vec<(Vec<u8>, &[u8])> =
        entries.iter().map(|(key, value)| (nibbles(key), value.as_slice())).collect();
    let node = node(&entries, 0, store);
    let root = keccak256(&node);
    store.insert(root, node.into());
    root
}

/// How many nodes the trie has, inlined ones and values of branches included.
pub(crate) fn count(entries: &Entries) -> usize {
    let keys: Vec<_> = entries.keys().map(|key| nibbles(key)).collect();
    count_below(&keys, 0)
}

fn count_below(keys: &[Vec<u8>], depth: usize) -> usize {
    if keys.len() < 2 {
        return keys.len();
    }
    let (first, last) = (&keys[0], &keys[keys.len() - 1]);
    let common = first.iter().zip(last).take_while(|(a, b)| a == b).count();
    let groups = keys.chunk_by(|a, b| a.get(common) == b.get(common));
    1 + usize::from(common > depth) + groups.map(|group| count_below(group, common + 1)).sum::<usize>()
}

pub(crate) fn nibbles(key: &[u8]) -> Vec<u8> {
    key.iter().flat_map(|byte| [byte >> 4, byte & 15]).collect()
}

fn node(entries: &[(Vec<u8>, &[u8])], depth: usize, store: &mut Store) -> Vec<u8> {
    let Some((first, value)) = entries.first() else { return vec![0x80] };
    let last = &entries[entries.len() - 1].0;
    if entries.len() == 1 {
        return list(&[string(&hex_prefix(&first[depth..], 2)), string(value)]);
    }
    let common = first.iter().zip(last).take_while(|(a, b)| a == b).count();
    if common > depth {
        return list(&[string(&hex_prefix(&first[depth..common], 0)), child(entries, common, store)]);
    }
    let mut items: Vec<Vec<u8>> = (0..16)
        .map(|nibble| {
            let below: Vec<_> =
                entries.iter().filter(|(path, _)| path.get(depth) == Some(&nibble)).cloned().collect();
            if below.is_empty() { vec![0x80] } else { child(&below, depth + 1, store) }
        })
        .collect();
    let value = entries.iter().find(|(path, _)| path.len() == depth).map_or(&[][..], |(_, value)| value);
    items.push(string(value));
    list(&items)
}

fn child(entries: &[(Vec<u8>, &[u8])], depth: usize, store: &mut Store) -> Vec<u8> {
    let node = node(entries, depth, store);
    if node.len() < 32 {
        return node;
    }
    let hash = keccak256(&node);
    store.insert(hash, node.into());
    string(hash.as_slice())
}

pub(crate) fn hex_prefix(path: &[u8], flag: u8) -> Vec<u8> {
    let odd = path.len() % 2;
    let mut all = vec![if odd == 0 { flag } else { flag + 1 }];
    if odd == 0 {
        all.push(0);
    }
    all.extend(path);
    all.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

pub(crate) fn string(bytes: &[u8]) -> Vec<u8> {
    alloy_rlp::encode(bytes)
}

pub(crate) fn list(items: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    Header { list: true, payload_length: items.iter().map(Vec::len).sum() }.encode(&mut out);
    items.iter().for_each(|item| out.extend(item));
    out
}

pub(crate) fn list_key(index: usize) -> Vec<u8> {
    let mut key = Vec::new();
    index.encode(&mut key);
    key
}

/// A node that the witness does not hold.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Missing(pub(crate) B256);

/// Resolves from a store and remembers what it was asked for.
pub(crate) struct Recorder<'a> {
    pub(crate) store: &'a Store,
    pub(crate) asked: HashSet<B256>,
    /// Nodes asked for again: fine only where two parts of the trie are equal.
    pub(crate) again: usize,
}

impl<'a> Recorder<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store, asked: HashSet::new(), again: 0 }
    }
}

impl unroll_mpt::NodeResolver for Recorder<'_> {
    type Error = Missing;

    fn resolve(&mut self, hash: B256) -> Result<Bytes, Missing> {
        let node = self.store.get(&hash).cloned().ok_or(Missing(hash))?;
        self.again += usize::from(!self.asked.insert(hash));
        Ok(node)
    }
}

/// For tries that are known as a whole.
pub(crate) fn nothing(hash: B256) -> Result<Bytes, Missing> {
    Err(Missing(hash))
}

/// The shared test data, or `None` where it is absent (but not in CI).
pub(crate) fn data() -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    if path.is_dir() {
        return Some(path);
    }
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no ../shared/data");
    println!("skipped: no ../shared/data");
    None
}
