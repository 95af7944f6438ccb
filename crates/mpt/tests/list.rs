//! Transactions and receipts tries.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod common;

use alloy_primitives::{B256, Bytes};
use common::{Entries, Missing, Recorder, Store, list_key, nothing};
use unroll_mpt::{
    EMPTY_ROOT_HASH, NodeFault, TrieError,
    list::{list_item, list_items, ordered_root},
};

fn items(count: usize, len: usize) -> Vec<Vec<u8>> {
    (0..count)
        .map(|n| n.to_be_bytes().iter().copied().cycle().skip(6).take(len).chain([1]).collect())
        .collect()
}

fn build(items: &[Vec<u8>], store: &mut Store) -> B256 {
    let entries: Entries = items.iter().enumerate().map(|(n, item)| (list_key(n), item.clone())).collect();
    common::build(&entries, store)
}

#[test]
fn a_list_is_read_as_it_was_built() {
    for len in [1, 3, 200] {
        for count in (0..20).chain([126, 127, 128, 129, 130, 255, 256, 257, 300, 1000]) {
            let items = items(count, len);
            let mut store = Store::new();
            let root = build(&items, &mut store);
            assert_eq!(ordered_root(&items), root, "{count} items of {len} bytes");
            let mut recorder = Recorder::new(&store);
            assert_eq!(list_items(root, &mut recorder).unwrap(), items);
            for index in [0, 1, 127, 128, 255, 256, 999, 1000] {
                let item = list_item(root, index as u64, &mut Recorder::new(&store)).unwrap();
                assert_eq!(item.map(Vec::from), items.get(index).cloned());
            }
        }
    }
    assert_eq!(ordered_root::<Bytes>(&[]), EMPTY_ROOT_HASH);
}

#[test]
fn one_item_is_proven_by_its_path() {
    let items = items(300, 200);
    let mut store = Store::new();
    let root = build(&items, &mut store);
    let mut recorder = Recorder::new(&store);
    assert_eq!(list_item(root, 0, &mut recorder).unwrap().unwrap(), items[0]);
    assert_eq!(recorder.asked.len(), 3);
}

#[test]
fn a_list_has_no_gaps_and_no_foreign_keys() {
    let fault = |keys: &[Vec<u8>]| {
        let entries: Entries = keys.iter().map(|key| (key.clone(), vec![9; 40])).collect();
        let mut store = Store::new();
        let root = common::build(&entries, &mut store);
        match list_items(root, &mut Recorder::new(&store)) {
            Err(TrieError::Malformed { what, .. }) => what,
            other => panic!("{other:?}"),
        }
    };
    let with = |indices: &[usize]| fault(&indices.iter().copied().map(list_key).collect::<Vec<_>>());
    assert_eq!(with(&[1]), NodeFault::ListGap(0));
    assert_eq!(with(&[1, 2, 3]), NodeFault::ListGap(0));
    assert_eq!(with(&[0, 2]), NodeFault::ListGap(1));
    assert_eq!(with(&[0, 1, 3]), NodeFault::ListGap(2));
    assert_eq!(with(&[0, 1, 128]), NodeFault::ListGap(2));
    assert_eq!(with(&[128]), NodeFault::ListGap(1));
    assert_eq!(with(&[0, 1 << 20]), NodeFault::ListKey);
    // Not the shortest encoding of 0, of 1, of 128; two numbers; nothing.
    assert_eq!(fault(&[vec![0]]), NodeFault::ListKey);
    assert_eq!(fault(&[vec![0x81, 1]]), NodeFault::ListKey);
    assert_eq!(fault(&[vec![0x82, 0, 0x80]]), NodeFault::ListKey);
    assert_eq!(fault(&[vec![1, 2]]), NodeFault::ListKey);
    assert_eq!(fault(&[vec![0x80], vec![0x80, 0x80]]), NodeFault::ListKey);
    assert_eq!(fault(&[vec![]]), NodeFault::ListKey);
    assert_eq!(fault(&[vec![1; 5]]), NodeFault::PathTooLong);
}

#[test]
fn a_missing_node_is_the_resolvers_error() {
    let items = items(200, 100);
    let mut store = Store::new();
    let root = build(&items, &mut store);
    assert_eq!(list_items(root, &mut nothing), Err(TrieError::Resolver(Missing(root))));
    for hash in store.keys() {
        let mut poorer = store.clone();
        poorer.remove(hash);
        assert_eq!(list_items(root, &mut Recorder::new(&poorer)), Err(TrieError::Resolver(Missing(*hash))));
    }
}
