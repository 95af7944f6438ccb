//! All cores: the dirty subtrees two branches below the root are shared out among threads. What is left for the root is at
//! most 17 nodes.

use std::{num::NonZero, sync::OnceLock, thread, vec::Vec};

use crate::{
    Trie,
    arena::Arena,
    commit::{Commitment, Commitments, push_reference},
    node::{Node, NodeId, Place},
};

/// Out of 256. With fewer (less than about 350 changes) starting a thread costs what it saves; `BASELINE.md` has figures.
const MIN_SUBTREES: usize = 192;

fn cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| thread::available_parallelism().map_or(1, NonZero::get))
}

/// Commits to dirty subtrees ahead of the root, if there are enough of them.
pub(crate) fn commit_subtrees(arena: &mut Arena, root: NodeId) {
    commit_subtrees_on(cores(), arena, root);
}

/// Each trie to the core that has least to do so far; the tries with most changes come first.
pub(crate) fn share(tries: Vec<(&mut Trie, usize)>) {
    share_among(cores(), tries);
}

fn share_among(cores: usize, tries: Vec<(&mut Trie, usize)>) {
    let mut shares: Vec<(usize, Vec<&mut Trie>)> = (0..cores).map(|_| (0, Vec::new())).collect();
    for (trie, changes) in tries {
        if let Some((load, share)) = shares.iter_mut().min_by_key(|(load, _)| *load) {
            *load += changes;
            share.push(trie);
        }
    }
    let commit = |share: Vec<&mut Trie>| {
        for trie in share {
            trie.root();
        }
    };
    thread::scope(|scope| {
        let (_, mine) = shares.pop().unwrap_or_default();
        for (_, share) in shares {
            scope.spawn(|| commit(share));
        }
        commit(mine);
    });
}

fn commit_subtrees_on(cores: usize, arena: &mut Arena, root: NodeId) {
    let subtrees: Vec<NodeId> =
        dirty_children(arena, root).flat_map(|child| dirty_children(arena, child)).collect();
    if cores < 2 || subtrees.len() < MIN_SUBTREES {
        return;
    }
    let shared = &*arena;
    let (first, others) = subtrees.split_at(subtrees.len() / cores);
    let computed: Vec<Vec<(NodeId, Commitment)>> = thread::scope(|scope| {
        let threads: Vec<_> = others
            .chunks(others.len().div_ceil(cores - 1))
            .map(|share| scope.spawn(move || commit_share(shared, share)))
            .collect();
        let mine = commit_share(shared, first);
        // A thread that died has computed nothing: its share is left to the root.
        threads.into_iter().filter_map(|thread| thread.join().ok()).chain([mine]).collect()
    });
    for (id, commitment) in computed.into_iter().flatten() {
        arena.commitments.store(id, commitment, &[]);
    }
}

fn dirty_children(arena: &Arena, parent: NodeId) -> impl Iterator<Item = NodeId> {
    let children = match arena.node(parent) {
        Node::Branch { children, .. } => &children[..],
        _ => &[],
    };
    children.iter().filter_map(|child| match child.place() {
        Place::Arena(id) if arena.commitments.known(id).is_dirty() => Some(id),
        _ => None,
    })
}

fn commit_share(arena: &Arena, share: &[NodeId]) -> Vec<(NodeId, Commitment)> {
    let mut ahead = Ahead { known: &arena.commitments, new: Vec::new() };
    let mut scratch = Vec::new();
    for &id in share {
        scratch.clear();
        push_reference(&arena.nodes, id, &mut ahead, &mut scratch);
    }
    ahead.new
}

/// Commitments of one thread, on top of the shared ones. What is new is never asked for: a node has one parent, which
/// gets its reference at once.
struct Ahead<'a> {
    known: &'a Vec<Commitment>,
    new: Vec<(NodeId, Commitment)>,
}

impl Commitments for Ahead<'_> {
    fn known(&self, id: NodeId) -> Commitment {
        self.known.known(id)
    }

    fn store(&mut self, id: NodeId, commitment: Commitment, _: &[u8]) {
        self.new.push((id, commitment));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trie::Root;
    use alloy_primitives::{B256, Bytes, keccak256};

    fn filled(seed: u64, entries: u64) -> Trie {
        let mut trie = Trie::new();
        for n in 0..entries {
            let key = keccak256([seed.to_be_bytes(), n.to_be_bytes()].concat());
            trie.insert(key.as_slice(), Vec::from(key.0), &mut |_| Err::<Bytes, ()>(())).unwrap();
        }
        trie
    }

    /// However many cores there are, on this machine or not: the roots are those of one core.
    #[test]
    fn shares_add_up() {
        let sizes = [2_000, 0, 1, 700, 30, 350, 2, 900];
        let expected: Vec<B256> =
            (0..).zip(sizes).map(|(seed, size)| root_of_one_core(filled(seed, size))).collect();
        for cores in 1..6 {
            let mut tries: Vec<Trie> = (0..).zip(sizes).map(|(seed, size)| filled(seed, size)).collect();
            share_among(cores, tries.iter_mut().map(|trie| (trie, 100)).collect());
            assert!(tries.iter().all(|trie| trie.dirty() == 0), "{cores} cores");
            assert_eq!(tries.iter_mut().map(Trie::root).collect::<Vec<_>>(), expected, "{cores} cores");

            let mut large = filled(0, 2_000);
            let Root::Known { id, .. } = large.root else { panic!("it has a root") };
            let dirty = large.dirty();
            commit_subtrees_on(cores, &mut large.arena, id);
            assert_eq!(large.dirty() < dirty, cores > 1, "{cores} cores");
            assert_eq!(large.root(), expected[0], "{cores} cores");
        }
    }

    fn root_of_one_core(mut trie: Trie) -> B256 {
        let Root::Known { id, .. } = trie.root else { return trie.root() };
        let mut scratch = Vec::new();
        push_reference(&trie.arena.nodes, id, &mut trie.arena.commitments, &mut scratch);
        trie.arena.commitment_hash(id).unwrap()
    }
}
