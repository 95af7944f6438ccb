//! A state trie of 100,000 accounts: built, updated in memory, and updated like a block does from a witness. Against
//! alloy's `HashBuilder`, which builds the whole trie again. `BASELINE.md` has figures.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::{collections::HashMap, hint::black_box};

use alloy_primitives::{B256, Bytes, keccak256};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use unroll_mpt::{Trie, list::ordered_root};

const ACCOUNTS: u64 = 100_000;
/// What a busy block changes.
const BLOCK: u64 = 1_000;
/// RLP of an account is about this long.
const VALUE_BYTES: usize = 70;

fn key(n: u64) -> B256 {
    keccak256(n.to_be_bytes())
}

fn value(n: u64, version: u8) -> Bytes {
    let mut value = vec![version; VALUE_BYTES];
    value[..8].copy_from_slice(&n.to_be_bytes());
    value.into()
}

/// Scattered over all accounts.
fn changed() -> impl Iterator<Item = u64> {
    (0..BLOCK).map(|n| n * 7919 % ACCOUNTS)
}

fn nothing(_: B256) -> Result<Bytes, ()> {
    Err(())
}

fn full_trie() -> Trie {
    let mut trie = Trie::new();
    for n in 0..ACCOUNTS {
        trie.insert(key(n).as_slice(), value(n, 0), &mut nothing).unwrap();
    }
    trie.root();
    trie
}

fn update(
    trie: &mut Trie,
    entries: &[(B256, Bytes)],
    mut resolver: impl FnMut(B256) -> Result<Bytes, ()>,
) -> B256 {
    for (key, value) in entries {
        trie.insert(key.as_slice(), value.clone(), &mut resolver).unwrap();
    }
    trie.root()
}

#[inline(never)]
fn rebuild(sorted: &[(B256, Bytes)]) -> B256 {
    let mut builder = alloy_trie::HashBuilder::default();
    for (key, value) in sorted {
        builder.add_leaf(alloy_trie::Nibbles::unpack(key), value);
    }
    builder.root()
}

fn entries(version: u8) -> Vec<(B256, Bytes)> {
    (0..ACCOUNTS).map(|n| (key(n), value(n, version))).collect()
}

fn all(c: &mut Criterion) {
    let mut group = c.benchmark_group("100k");
    group.sample_size(10).throughput(Throughput::Elements(ACCOUNTS));
    let new = entries(1);
    let mut sorted = new.clone();
    sorted.sort_unstable_by_key(|(key, _)| *key);
    let expected = rebuild(&sorted);

    let full = full_trie();
    assert_eq!(update(&mut full.clone(), &new, nothing), expected);
    group.bench_function("unroll update+root", |b| {
        b.iter_batched_ref(|| full.clone(), |trie| update(trie, &new, nothing), BatchSize::PerIteration);
    });
    group.bench_function("unroll build+root", |b| {
        b.iter_batched_ref(Trie::new, |trie| update(trie, &new, nothing), BatchSize::PerIteration);
    });
    group.bench_function("alloy HashBuilder, sorted", |b| b.iter(|| rebuild(black_box(&sorted))));
    group.finish();
}

/// The root of the whole trie, and all of its nodes on the paths of the accounts that change.
fn witness() -> (B256, HashMap<B256, Bytes>) {
    let mut sorted = entries(0);
    sorted.sort_unstable_by_key(|(key, _)| *key);
    let targets = changed().map(|n| alloy_trie::Nibbles::unpack(key(n))).collect();
    let mut builder = alloy_trie::HashBuilder::default()
        .with_proof_retainer(alloy_trie::proof::ProofRetainer::new(targets));
    for (key, value) in &sorted {
        builder.add_leaf(alloy_trie::Nibbles::unpack(key), value);
    }
    let root = builder.root();
    let nodes = builder.take_proof_nodes().into_inner();
    (root, nodes.into_values().map(|node| (keccak256(&node), node)).collect())
}

/// A thousand of the hundred thousand accounts, of which nothing is known but a witness.
fn block(c: &mut Criterion) {
    let mut group = c.benchmark_group("1k of 100k from a witness");
    group.throughput(Throughput::Elements(BLOCK));
    let new: Vec<_> = changed().map(|n| (key(n), value(n, 1))).collect();
    let (root, witness) = witness();
    println!("witness: {} nodes", witness.len());
    let resolve = |hash| Ok(witness[&hash].clone());

    group.bench_function("unroll read", |b| {
        b.iter_batched_ref(
            || Trie::from_root(root),
            |trie| {
                for (key, _) in &new {
                    black_box(trie.get(key.as_slice(), &mut |hash| resolve(hash)).unwrap());
                }
            },
            BatchSize::LargeInput,
        );
    });
    group.bench_function("unroll update+root", |b| {
        b.iter_batched_ref(
            || Trie::from_root(root),
            |trie| update(trie, &new, resolve),
            BatchSize::LargeInput,
        );
    });
    let mut known = Trie::from_root(root);
    update(&mut known, &new, resolve);
    let back: Vec<_> = changed().map(|n| (key(n), value(n, 2))).collect();
    group.bench_function("unroll update+root, nodes known", |b| {
        b.iter_batched_ref(|| known.clone(), |trie| update(trie, &back, resolve), BatchSize::LargeInput);
    });
    group.bench_function("unroll remove+root, whole trie known", |b| {
        let mut full = full_trie();
        full.root();
        b.iter_batched_ref(
            || full.clone(),
            |trie| {
                for (key, _) in &new {
                    trie.remove(key.as_slice(), &mut nothing).unwrap();
                }
                trie.root()
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn list(c: &mut Criterion) {
    let transactions: Vec<Vec<u8>> = (0..200_u8).map(|n| vec![n; 180]).collect();
    c.bench_function("ordered_root of 200 transactions", |b| {
        b.iter(|| ordered_root(black_box(&transactions)))
    });
}

criterion_group!(benches, all, block, list);
criterion_main!(benches);
