//! All cores: the dirty subtrees two branches below the root are shared out among threads. What is left for the root is at
//! most 17 nodes.

use std::{num::NonZero, sync::OnceLock, thread, vec::Vec};

use crate::{
    arena::Arena,
    commit::{Commitment, Commitments, push_reference},
    node::{Node, NodeId, Place},
};

/// Out of 256. With fewer (less than about 350 changes) starting a thread costs what it saves; `BASELINE.md` has figures.
const MIN_SUBTREES: usize = 192;

/// Commits to dirty subtrees ahead of the root, if there are enough of them.
pub(crate) fn commit_subtrees(arena: &mut Arena, root: NodeId) {
    static CORES: OnceLock<usize> = OnceLock::new();
    let cores = *CORES.get_or_init(|| thread::available_parallelism().map_or(1, NonZero::get));
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
        arena.commitments.store(id, commitment);
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

    fn store(&mut self, id: NodeId, commitment: Commitment) {
        self.new.push((id, commitment));
    }
}
