//! The way to a key. Opening a node replaces a raw reference by a decoded node: what the trie stands for stays the same, so
//! that a walk that fails half-way leaves nothing to undo.

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

impl Trie {
    /// Walks down as far as the key leads; also returns how many of its nibbles are used up. Every branch uses one and only
    /// branches follow extensions, so the loop ends.
    pub(crate) fn walk<R: NodeResolver>(
        &mut self,
        key: &Nibbles,
        r: &mut R,
    ) -> Result<(End, usize), TrieError<R::Error>> {
        self.trail.clear();
        let mut depth = 0;
        loop {
            let Some(id) = self.open(self.trail.last().copied(), depth, r)? else {
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
            self.trail.push(Step { parent: id, index });
        }
    }

    /// The value where a walk ended, if it is the one of the walk's key. `rest` are the nibbles not used up.
    pub(crate) fn value_at(&self, end: &End, rest: &Nibbles) -> Option<Bytes> {
        match *end {
            End::Nowhere | End::Extension(_) => None,
            End::Leaf(id) => match self.arena.node(id) {
                Node::Leaf { path, value } if path == rest => Some(value.clone()),
                _ => None,
            },
            End::Branch(id) => {
                let (value, raw) = self.arena.entry(Step { parent: id, index: VALUE })?;
                match value.place() {
                    Place::Nowhere => None,
                    Place::Raw(offset) => Some(raw_value(raw, offset)),
                    Place::Arena(id) => match self.arena.node(id) {
                        Node::Leaf { value, .. } => Some(value.clone()),
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
