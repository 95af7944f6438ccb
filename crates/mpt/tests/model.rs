//! Random operations, compared with a `BTreeMap` and a slow reference trie.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod common;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use alloy_primitives::{B256, Bytes, keccak256};
use common::{Entries, Missing, Recorder, Store, nothing};
use proptest::{collection::vec, prelude::*};
use unroll_mpt::{EMPTY_ROOT_HASH, Trie, TrieError};

#[derive(Clone, Debug)]
enum Operation {
    Get(Vec<u8>),
    Insert(Vec<u8>, Vec<u8>),
    Remove(Vec<u8>),
    Root,
    Checkpoint,
    Release,
    Restore,
}

/// Keys that meet often: of any length with few nibbles, dense ones of two bytes, and hashes.
fn keys() -> impl Strategy<Value = Vec<u8>> {
    let nibble = prop_oneof![Just(0u8), Just(1), Just(0x10), Just(0x11), Just(0xf0)];
    prop_oneof![
        vec(nibble.clone(), 0..5),
        (0u8..4, any::<u8>()).prop_map(|(a, b)| vec![a, b]),
        (0u64..40).prop_map(|n| keccak256(n.to_be_bytes()).to_vec()),
        vec(nibble, 32),
    ]
}

/// One nibble differs somewhere, so that extensions are long and split anywhere.
fn fixed_keys() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        (0u64..60).prop_map(|n| keccak256(n.to_be_bytes()).to_vec()),
        (0usize..64, 0u8..16, 0u8..2).prop_map(|(at, nibble, fill)| {
            let mut key = vec![fill; 32];
            key[at / 2] |= if at % 2 == 0 { nibble << 4 } else { nibble };
            key
        }),
    ]
}

/// Short ones are inlined, long ones are not.
fn values() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 1..4), vec(any::<u8>(), 20..40), vec(any::<u8>(), 50..120)]
}

fn operations(keys: BoxedStrategy<Vec<u8>>) -> impl Strategy<Value = Vec<Operation>> {
    let operation = prop_oneof![
        2 => keys.clone().prop_map(Operation::Get),
        4 => (keys.clone(), values()).prop_map(|(key, value)| Operation::Insert(key, value)),
        5 => keys.prop_map(Operation::Remove),
        1 => Just(Operation::Root),
        1 => prop_oneof![Just(Operation::Checkpoint), Just(Operation::Release), Just(Operation::Restore)],
    ];
    vec(operation, 1..60)
}

/// A key that exists, more often than chance.
fn aim(entries: &Entries, key: &[u8]) -> Vec<u8> {
    let salt = keccak256(key)[0];
    if salt < 128 && !entries.is_empty() {
        return entries.keys().nth(usize::from(salt) % entries.len()).unwrap().clone();
    }
    key.to_vec()
}

fn run(mut trie: Trie, mut entries: Entries, operations: &[Operation], store: &Store) {
    let all_in_memory = store.is_empty();
    let mut recorder = Recorder::new(store);
    let mut saved = None;
    for operation in operations {
        match operation {
            Operation::Get(key) => {
                let key = aim(&entries, key);
                let value = trie.get(&key, &mut recorder).unwrap();
                assert_eq!(value.map(Vec::from), entries.get(&key).cloned());
            }
            Operation::Insert(key, value) => {
                trie.insert(key, value.clone(), &mut recorder).unwrap();
                entries.insert(key.clone(), value.clone());
            }
            Operation::Remove(key) => {
                let key = aim(&entries, key);
                let was_there = trie.remove(&key, &mut recorder).unwrap();
                assert_eq!(was_there, entries.remove(&key).is_some());
            }
            Operation::Root => assert_eq!(trie.root(), root_of(&entries)),
            Operation::Checkpoint => {
                trie.checkpoint();
                saved = Some(entries.clone());
            }
            Operation::Release => {
                trie.release();
                saved = None;
            }
            Operation::Restore => {
                trie.restore();
                entries = saved.take().unwrap_or(entries);
            }
        }
    }
    assert_eq!(trie.root(), root_of(&entries));
    for (key, value) in &entries {
        assert_eq!(trie.get(key, &mut recorder).unwrap().unwrap().to_vec(), *value);
    }
    // A branch's value stays raw until it changes. Each other node is known, and nothing that was removed is still there.
    let all = common::count(&entries);
    assert!(trie.node_count() <= all);
    if all_in_memory {
        assert_eq!(trie.node_count(), all);
    }
}

fn root_of(entries: &Entries) -> B256 {
    common::build(entries, &mut Store::new())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn from_nothing(operations in operations(keys().boxed())) {
        run(Trie::new(), Entries::new(), &operations, &Store::new());
    }

    #[test]
    fn from_a_root(entries in proptest::collection::btree_map(keys(), values(), 0..60), operations in operations(keys().boxed())) {
        let mut store = Store::new();
        let root = common::build(&entries, &mut store);
        run(Trie::from_root(root), entries, &operations, &store);
    }

    #[test]
    fn with_keys_of_one_length(
        entries in proptest::collection::btree_map(fixed_keys(), values(), 0..60),
        operations in operations(fixed_keys().boxed()),
    ) {
        let mut store = Store::new();
        let root = common::build(&entries, &mut store);
        run(Trie::from_root(root).with_key_length(32), entries, &operations, &store);
    }

    /// The reference is right where alloy's is applicable.
    #[test]
    fn the_reference_agrees_with_alloy(entries in proptest::collection::btree_map(fixed_keys(), values(), 1..60)) {
        let mut builder = alloy_trie::HashBuilder::default();
        for (key, value) in &entries {
            builder.add_leaf(alloy_trie::Nibbles::unpack(key), value);
        }
        assert_eq!(root_of(&entries), builder.root());
    }

    /// A removal asks for a node beside the path only if a branch is left with one entry, and then for that one only.
    #[test]
    fn a_sibling_is_asked_for_only_if_a_branch_collapses(
        keys in proptest::collection::btree_set(fixed_keys(), 1..60),
        remove in any::<prop::sample::Index>(),
    ) {
        // Long values, so that no node is inlined, and different ones, so that no two are equal.
        let entries: Entries = keys.iter().map(|key| (key.clone(), [&key[..], &[7; 8]].concat())).collect();
        let mut store = Store::new();
        let root = common::build(&entries, &mut store);
        let key = keys.iter().nth(remove.index(keys.len())).unwrap();

        let mut trie = Trie::from_root(root);
        let mut recorder = Recorder::new(&store);
        trie.get(key, &mut recorder).unwrap().unwrap();
        let on_path = recorder.asked.len();
        prop_assert!(trie.remove(key, &mut recorder).unwrap());
        prop_assert_eq!(recorder.asked.len() - on_path, usize::from(entries_beside(&keys, key) == 1));
        for key in &keys {
            trie.get(key, &mut recorder).unwrap();
        }
        prop_assert_eq!(recorder.again, 0);
    }
}

/// How many other entries there are in the branch from which the key's leaf hangs.
fn entries_beside(keys: &BTreeSet<Vec<u8>>, key: &[u8]) -> usize {
    let path = common::nibbles(key);
    let mut beside: BTreeMap<usize, BTreeSet<u8>> = BTreeMap::new();
    for other in keys.iter().filter(|other| *other != key) {
        let other = common::nibbles(other);
        let common = path.iter().zip(&other).take_while(|(a, b)| a == b).count();
        beside.entry(common).or_default().insert(other[common]);
    }
    beside.last_key_value().map_or(0, |(_, entries)| entries.len())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Each node is withheld once, when it is first asked for: the trie stays what it was, and the repeated call succeeds.
    #[test]
    fn a_withheld_node_leaves_the_trie_as_it_was(
        entries in proptest::collection::btree_map(keys(), values(), 1..60),
        operations in operations(keys().boxed()),
    ) {
        let mut store = Store::new();
        let root = common::build(&entries, &mut store);
        let mut trie = Trie::from_root(root);
        let mut entries = entries;
        let mut delivered: HashMap<B256, bool> = HashMap::new();
        let mut stingy = |hash: B256| -> Result<Bytes, Missing> {
            let second = delivered.insert(hash, true).is_some();
            if second { Ok(store[&hash].clone()) } else { Err(Missing(hash)) }
        };
        for operation in &operations {
            for attempt in 0.. {
                prop_assert!(attempt < 100);
                let before = trie.root();
                let outcome = match operation {
                    Operation::Get(key) => trie.get(key, &mut stingy).map(|value| {
                        assert_eq!(value.map(Vec::from), entries.get(key).cloned());
                    }),
                    Operation::Insert(key, value) => trie.insert(key, value.clone(), &mut stingy),
                    Operation::Remove(key) => trie.remove(&aim(&entries, key), &mut stingy).map(drop),
                    _ => Ok(()),
                };
                match outcome {
                    Ok(()) => break,
                    Err(TrieError::Resolver(Missing(_))) => prop_assert_eq!(trie.root(), before),
                    Err(other) => panic!("{other:?}"),
                }
            }
            match operation {
                Operation::Insert(key, value) => drop(entries.insert(key.clone(), value.clone())),
                Operation::Remove(key) => drop(entries.remove(&aim(&entries, key))),
                _ => {}
            }
        }
        prop_assert_eq!(trie.root(), root_of(&entries));
    }
}

/// Enough changes at once that the feature `parallel` shares them out; the root is the same without it.
#[test]
fn a_large_change() {
    let key = |n: u64| keccak256(n.to_be_bytes());
    let mut trie = Trie::new();
    let mut entries = Entries::new();
    for version in 1..4 {
        for n in 0..3000 * u64::from(version) {
            let value = vec![version; 1 + (n % 90) as usize];
            trie.insert(key(n).as_slice(), value.clone(), &mut nothing).unwrap();
            entries.insert(key(n).to_vec(), value);
        }
        let mut builder = alloy_trie::HashBuilder::default();
        for (key, value) in &entries {
            builder.add_leaf(alloy_trie::Nibbles::unpack(key), value);
        }
        assert_eq!(trie.root(), builder.root());
    }
}

/// What is removed makes room for what is inserted.
#[test]
fn slots_are_used_again() {
    let mut trie = Trie::new();
    let key = |n: u64| keccak256(n.to_be_bytes());
    for n in 0..100 {
        trie.insert(key(n).as_slice(), vec![1], &mut nothing).unwrap();
    }
    let most = trie.node_count();
    let root = trie.root();
    for round in 0..20 {
        for n in 0..50 {
            assert!(trie.remove(key(n).as_slice(), &mut nothing).unwrap(), "{round}");
        }
        for n in 0..50 {
            trie.insert(key(n).as_slice(), vec![1], &mut nothing).unwrap();
        }
        assert_eq!(trie.root(), root);
        assert_eq!(trie.node_count(), most);
    }
    for n in 0..100 {
        assert!(trie.remove(key(n).as_slice(), &mut nothing).unwrap());
    }
    assert_eq!(trie.root(), EMPTY_ROOT_HASH);
    assert_eq!(trie.node_count(), 0);
}

#[test]
fn misuse_is_refused() {
    let mut trie = Trie::new();
    assert_eq!(trie.insert(&[1], vec![], &mut nothing), Err(TrieError::EmptyValue));
    assert_eq!(trie.get(&[1; 33], &mut nothing), Err(TrieError::KeyLength { bytes: 33 }));
    let mut trie = trie.with_key_length(32);
    assert_eq!(trie.remove(&[1; 31], &mut nothing), Err(TrieError::KeyLength { bytes: 31 }));
    assert_eq!(trie.root(), EMPTY_ROOT_HASH);
    assert_eq!(EMPTY_ROOT_HASH, alloy_trie::EMPTY_ROOT_HASH);
}
