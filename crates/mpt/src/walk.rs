//! The way to a key. Opening a node replaces a raw reference by a decoded node: what the trie stands for stays the same, so
//! that a walk that fails half-way leaves nothing to undo.
//!
//! A walk begins where its key leaves the way of the walk before, so that keys in order cost a step or two each.

use alloc::vec::Vec;
use core::ops::Range;

use alloy_primitives::{B256, Bytes, keccak256};
use nybbles::Nibbles;

use crate::{
    NodeResolver, Trie, TrieError,
    arena::{Step, VALUE},
    commit::{Commitment, raw_end},
    node::{HASH_REF_BYTES, HASH_TAG, Node, NodeId, Place, raw_value},
    trie::Root,
};

/// Where the walk for a key ended; the trie's trail leads to the parent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    /// Nothing is there.
    Nowhere,
    /// A leaf, of this key or of another one.
    Leaf(NodeId),
    /// An extension that leads away from the key.
    Extension(NodeId),
    /// A branch, and no nibble of the key is left: its value is meant.
    Branch(NodeId),
}

/// The way to where the last walk ended: the parents, each with the entry that was taken and how many nibbles lead through
/// it. What changes the trie leaves only what is still true: a way from the root along the key, or the beginning of one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail {
    key: Nibbles,
    steps: Vec<(Step, usize)>,
}

impl Trail {
    /// Goes back to where the way to `key` leaves this one; returns how many nibbles of it are used up there.
    fn turn(&mut self, key: &Nibbles) -> usize {
        let common = self.key.common_prefix_length(key);
        let shared = self.steps.partition_point(|(_, depth)| *depth <= common);
        self.steps.truncate(shared);
        self.key = *key;
        self.steps.last().map_or(0, |(_, depth)| *depth)
    }

    fn push(&mut self, step: Step, depth: usize) {
        self.steps.push((step, depth));
    }

    pub(crate) fn pop(&mut self) -> Option<Step> {
        self.steps.pop().map(|(step, _)| step)
    }

    pub(crate) fn last(&self) -> Option<Step> {
        self.steps.last().map(|(step, _)| *step)
    }

    /// From the end to the root.
    pub(crate) fn parents(&self) -> impl Iterator<Item = NodeId> {
        self.steps.iter().rev().map(|(step, _)| step.parent)
    }
}

impl Trie {
    /// Walks down as far as the key leads; also returns how many of its nibbles are used up. Every branch uses one and only
    /// branches follow extensions, so the loop ends.
    pub(crate) fn walk<R: NodeResolver>(
        &mut self,
        key: &Nibbles,
        r: &mut R,
    ) -> Result<(End, usize), TrieError<R::Error>> {
        let mut depth = self.trail.turn(key);
        loop {
            let Some(id) = self.open(self.trail.last(), depth, r)? else {
                return Ok((End::Nowhere, depth));
            };
            let index = match self.arena.node(id) {
                Node::Branch { .. } => match key.get(depth) {
                    None => return Ok((End::Branch(id), depth)),
                    Some(nibble) => {
                        depth += 1;
                        nibble
                    }
                },
                Node::Extension { path, .. } if key.slice(depth..).starts_with(path) => {
                    depth += path.len();
                    0
                }
                Node::Extension { .. } => return Ok((End::Extension(id), depth)),
                Node::Leaf { .. } => return Ok((End::Leaf(id), depth)),
                Node::Vacant => return Ok((End::Nowhere, depth)),
            };
            self.trail.push(Step { parent: id, index }, depth);
        }
    }

    /// Where the value is, if a walk ended at the one of its key. `rest` are the nibbles not used up.
    pub(crate) fn value_at(&self, end: &End, rest: &Nibbles) -> Option<(&Bytes, Range<usize>)> {
        fn whole(value: &Bytes) -> (&Bytes, Range<usize>) {
            (value, 0..value.len())
        }
        match *end {
            End::Nowhere | End::Extension(_) => None,
            End::Leaf(id) => match self.arena.node(id) {
                Node::Leaf { path, value } if path == rest => Some(whole(value)),
                _ => None,
            },
            End::Branch(id) => {
                let (value, raw) = self.arena.entry(Step { parent: id, index: VALUE })?;
                match value.place() {
                    Place::Nowhere => None,
                    Place::Raw(offset) => Some((raw, raw_value(raw, offset))),
                    Place::Arena(id) => match self.arena.node(id) {
                        Node::Leaf { value, .. } => Some(whole(value)),
                        _ => None,
                    },
                }
            }
        }
    }

    /// The node at an entry (the root if `None`), which lies `depth` nibbles deep, decoded. `None` if nothing is there.
    pub(crate) fn open<R: NodeResolver>(
        &mut self,
        at: Option<Step>,
        depth: usize,
        r: &mut R,
    ) -> Result<Option<NodeId>, TrieError<R::Error>> {
        let Some(step) = at else { return self.open_root(r) };
        let Some((entry, raw)) = self.arena.entry(step) else { return Ok(None) };
        let offset = match entry.place() {
            Place::Nowhere => return Ok(None),
            Place::Arena(id) => return Ok(Some(id)),
            Place::Raw(offset) => offset,
        };
        let reference = &raw[offset..raw_end(raw, offset)];
        let (hash, decoded, commitment) = if reference[0] == HASH_TAG {
            let hash = B256::from_slice(&reference[1..HASH_REF_BYTES]);
            let bytes = r.resolve(hash).map_err(TrieError::Resolver)?;
            (hash, Node::decode_hashed(&bytes, false), Commitment::hash(hash))
        } else {
            // The enclosing node's hash is of interest only if this fails.
            (B256::ZERO, Node::decode_inline(raw, offset), Commitment::of(reference))
        };
        let under_extension = matches!(self.arena.node(step.parent), Node::Extension { .. });
        let checked =
            decoded.and_then(|node| node.check_place(depth, under_extension, self.keys).map(|()| node));
        let node = checked.map_err(|what| TrieError::Malformed {
            hash: if hash.is_zero() { keccak256(raw) } else { hash },
            what,
        })?;
        let id = self.arena.add_committed(node, commitment);
        self.arena.set_entry(step, id.into());
        Ok(Some(id))
    }

    fn open_root<R: NodeResolver>(&mut self, r: &mut R) -> Result<Option<NodeId>, TrieError<R::Error>> {
        let hash = match self.root {
            Root::Empty => return Ok(None),
            Root::Known { id, .. } => return Ok(Some(id)),
            Root::Blinded(hash) => hash,
        };
        let bytes = r.resolve(hash).map_err(TrieError::Resolver)?;
        let node = Node::decode_hashed(&bytes, true)
            .and_then(|node| node.check_place(0, false, self.keys).map(|()| node))
            .map_err(|what| TrieError::Malformed { hash, what })?;
        // Even if it is short: it would be inlined below a parent, but a root never gets one without being changed.
        let id = self.arena.add_committed(node, Commitment::hash(hash));
        self.root = Root::Known { id, hash: Some(hash) };
        Ok(Some(id))
    }
}
