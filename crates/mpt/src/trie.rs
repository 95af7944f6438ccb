//! The trie: every operation first walks ([`walk`](crate::walk)), which may ask the resolver and fail, and then changes
//! ([`edit`](crate::edit)), which cannot.

use alloc::vec::Vec;

use alloy_primitives::{B256, Bytes};
use nybbles::Nibbles;

use crate::{
    EMPTY_ROOT_HASH, MAX_KEY_BYTES, TrieError,
    arena::{Arena, Step, VALUE},
    commit::{Kept, Settled, push_node, push_reference},
    edit::Others,
    node::{HASH_REF_BYTES, KeyShape, NodeId},
    parallel::commit_subtrees,
    walk::{End, Trail},
};

/// How the trie asks for a node that it only knows by hash.
///
/// The bytes returned must hash to `hash`: whoever supplies them checks that. A trie that hashed every node again would
/// do it twice.
pub trait NodeResolver {
    /// Passed on unchanged in [`TrieError::Resolver`].
    type Error;

    /// The node's RLP.
    fn resolve(&mut self, hash: B256) -> Result<Bytes, Self::Error>;
}

impl<F, E> NodeResolver for F
where
    F: FnMut(B256) -> Result<Bytes, E>,
{
    type Error = E;

    fn resolve(&mut self, hash: B256) -> Result<Bytes, E> {
        self(hash)
    }
}

/// A Merkle Patricia trie of which only the touched part is known. See the [crate documentation](crate) for what it
/// guarantees.
#[derive(Clone, Debug, Default)]
pub struct Trie {
    pub(crate) root: Root,
    pub(crate) keys: KeyShape,
    pub(crate) arena: Arena,
    pub(crate) trail: Trail,
    /// For encoding.
    scratch: Vec<u8>,
    /// The root at the checkpoint, if there is one.
    saved_root: Option<Root>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Root {
    #[default]
    Empty,
    Blinded(B256),
    /// The hash is known while nothing is dirty.
    Known {
        id: NodeId,
        hash: Option<B256>,
    },
}

impl Trie {
    /// A trie without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// A trie of which nothing but the root is known.
    pub fn from_root(root: B256) -> Self {
        let root = if root == EMPTY_ROOT_HASH { Root::Empty } else { Root::Blinded(root) };
        Self { root, ..Self::default() }
    }

    /// Declares that all keys have this many bytes (32 in a state trie). Then a value at any other depth is
    /// [`NodeFault::ValueDepth`](crate::NodeFault::ValueDepth), and a key of another length [`TrieError::KeyLength`]. More than [`MAX_KEY_BYTES`] are
    /// never accepted.
    #[must_use]
    pub const fn with_key_length(mut self, bytes: usize) -> Self {
        let bytes = if bytes < MAX_KEY_BYTES { bytes } else { MAX_KEY_BYTES };
        self.keys = KeyShape { max_nibbles: 2 * bytes, fixed: true };
        self
    }

    /// The value of a key, as a slice of the witness node that holds it.
    pub fn get<R: NodeResolver>(
        &mut self,
        key: &[u8],
        r: &mut R,
    ) -> Result<Option<Bytes>, TrieError<R::Error>> {
        let key = self.nibbles(key)?;
        let (end, depth) = self.walk(&key, r)?;
        Ok(self.value_at(&end, &key.slice(depth..)).map(|(bytes, range)| bytes.slice(range)))
    }

    /// Sets the value of a key. Inserting what is there already changes nothing, and costs no hash later. An empty value is
    /// [`TrieError::EmptyValue`].
    pub fn insert<R: NodeResolver>(
        &mut self,
        key: &[u8],
        value: impl Into<Bytes>,
        r: &mut R,
    ) -> Result<(), TrieError<R::Error>> {
        let value = value.into();
        if value.is_empty() {
            return Err(TrieError::EmptyValue);
        }
        let key = self.nibbles(key)?;
        let (end, depth) = self.walk(&key, r)?;
        let rest = key.slice(depth..);
        if self.value_at(&end, &rest).is_some_and(|(bytes, range)| bytes[range] == value[..]) {
            return Ok(());
        }
        self.put(end, &rest, value);
        Ok(())
    }

    /// Removes a key; whether it was there. Asks for the last other entry of the branch that held it, as only that one can
    /// take the branch's place, and for no other node beside the path.
    pub fn remove<R: NodeResolver>(&mut self, key: &[u8], r: &mut R) -> Result<bool, TrieError<R::Error>> {
        let key = self.nibbles(key)?;
        let (end, depth) = self.walk(&key, r)?;
        if self.value_at(&end, &key.slice(depth..)).is_none() {
            return Ok(false);
        }
        let (entry, depth) = match end {
            End::Branch(branch) => (Step { parent: branch, index: VALUE }, depth + 1),
            End::Leaf(leaf) if self.trail.last().is_none() => {
                self.arena.remove(leaf);
                self.root = Root::Empty;
                return Ok(true);
            }
            // An extension never leads to a leaf, so this is a branch.
            _ => match self.trail.pop() {
                Some(step) => (step, depth),
                None => return Ok(false),
            },
        };
        match self.others(entry) {
            Others::Many => {
                self.clear_entry(entry);
                self.touch_trail();
            }
            Others::One(VALUE) => {
                self.clear_entry(entry);
                self.collapse_to_value(entry.parent);
            }
            Others::One(index) => {
                // Before anything changes, as it may fail.
                let sibling = self.open(Some(Step { parent: entry.parent, index }), depth, r)?;
                self.clear_entry(entry);
                if let Some(sibling) = sibling {
                    self.collapse_to_child(entry.parent, index, sibling);
                }
            }
        }
        Ok(true)
    }

    /// The root hash. Encodes and hashes what has changed since the last time.
    pub fn root(&mut self) -> B256 {
        let id = match self.root {
            Root::Empty => return EMPTY_ROOT_HASH,
            Root::Blinded(hash) | Root::Known { hash: Some(hash), .. } => return hash,
            Root::Known { id, hash: None } => id,
        };
        commit_subtrees(&mut self.arena, id);
        self.scratch.clear();
        push_reference(&self.arena.nodes, id, &mut self.arena.commitments, &mut self.scratch);
        let hash = self.arena.commitment_hash(id);
        self.root = Root::Known { id, hash };
        // Not dirty any more.
        hash.unwrap_or(EMPTY_ROOT_HASH)
    }

    /// As [`root`](Self::root), on one core, and gives `keep` each node that was encoded for it, with its hash: what whoever keeps
    /// tries on a disk has to add. Children come before their parents; what is shorter than a hash stands in its parent, but the
    /// root.
    pub fn commit(&mut self, mut keep: impl FnMut(B256, &[u8])) -> B256 {
        let Root::Known { id, hash: None } = self.root else { return self.root() };
        self.scratch.clear();
        let mut kept = Kept { known: &mut self.arena.commitments, keep: &mut keep };
        push_reference(&self.arena.nodes, id, &mut kept, &mut self.scratch);
        let hash = self.arena.commitment_hash(id);
        self.root = Root::Known { id, hash };
        if let Some(hash) = hash.filter(|_| self.scratch.len() < HASH_REF_BYTES) {
            keep(hash, &self.scratch);
        }
        hash.unwrap_or(EMPTY_ROOT_HASH)
    }

    /// The RLP of every node that is held in memory and has a hash of its own, in no order: what it takes to read the trie as far
    /// as it was touched. Those that changed since the last [`root`](Self::root) are left out.
    pub fn nodes(&self) -> impl Iterator<Item = Vec<u8>> {
        let is_root = |id| matches!(self.root, Root::Known { id: root, .. } if root == id);
        self.arena.committed().filter_map(move |id| {
            let mut out = Vec::new();
            let start = push_node(&self.arena.nodes, id, &mut Settled(&self.arena.commitments), &mut out);
            let node = out.split_off(start);
            // What is shorter stands in its parent.
            (node.len() >= 32 || is_root(id)).then_some(node)
        })
    }

    /// Remembers the trie as it is, until [`release`](Self::release) or [`restore`](Self::restore), which costs copies of the
    /// nodes that change from here on. A later checkpoint takes the place of an earlier one.
    pub fn checkpoint(&mut self) {
        self.root();
        self.arena.checkpoint();
        self.saved_root = Some(self.root);
    }

    /// Keeps what was done since the checkpoint.
    pub fn release(&mut self) {
        self.arena.release();
        self.saved_root = None;
    }

    /// Goes back to the checkpoint, if there is one. Nothing is asked for.
    pub fn restore(&mut self) {
        let Some(root) = self.saved_root.take() else { return };
        self.arena.restore();
        self.root = root;
        self.trail = Trail::default();
    }

    /// How many nodes are held in memory.
    pub fn node_count(&self) -> usize {
        self.arena.len()
    }

    fn nibbles<E>(&self, key: &[u8]) -> Result<Nibbles, TrieError<E>> {
        let nibbles = 2 * key.len();
        if nibbles > self.keys.max_nibbles || self.keys.fixed && nibbles != self.keys.max_nibbles {
            return Err(TrieError::KeyLength { bytes: key.len() });
        }
        Ok(Nibbles::unpack(key))
    }
}

#[cfg(test)]
impl Trie {
    /// The root node's bytes.
    pub(crate) fn encoded_root(&self) -> Vec<u8> {
        let Root::Known { id, .. } = self.root else { return Vec::new() };
        let mut fresh = self.arena.clone();
        fresh.touch(id);
        let mut out = Vec::new();
        let start = push_node(&fresh.nodes, id, &mut fresh.commitments, &mut out);
        out.split_off(start)
    }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "numbers below 200")]
mod tests {
    use alloc::{collections::BTreeMap, vec};

    use alloy_primitives::keccak256;

    use super::*;

    impl Trie {
        pub(crate) fn dirty(&self) -> usize {
            self.arena.commitments.iter().filter(|commitment| commitment.is_dirty()).count()
        }
    }

    /// What is not changed is not hashed again: after a root nothing is dirty, reads and equal writes leave it so, and one
    /// write makes dirty what lies above it.
    #[test]
    fn only_changes_are_hashed() {
        let key = |n: u64| keccak256(n.to_be_bytes());
        let mut nothing = |_: B256| Err::<Bytes, ()>(());
        let mut trie = Trie::new();
        for n in 0..200 {
            trie.insert(key(n).as_slice(), vec![n as u8 + 1; 40], &mut nothing).unwrap();
        }
        let root = trie.root();
        assert_eq!(trie.dirty(), 0);
        for n in 0..200 {
            trie.get(key(n).as_slice(), &mut nothing).unwrap().unwrap();
            trie.insert(key(n).as_slice(), vec![n as u8 + 1; 40], &mut nothing).unwrap();
            assert!(!trie.remove(key(n + 1000).as_slice(), &mut nothing).unwrap());
        }
        assert_eq!(trie.dirty(), 0);
        trie.insert(key(7).as_slice(), vec![1; 40], &mut nothing).unwrap();
        assert_eq!(trie.dirty(), trie.trail.parents().count() + 1);
        assert_ne!(trie.root(), root);
        assert_eq!(trie.dirty(), 0);
    }

    /// What is committed is each changed node, once, and no other; with it the trie can be read again. A short root is kept, too.
    #[test]
    fn commits_are_what_changed() {
        let key = |n: u64| keccak256(n.to_be_bytes());
        let (mut kept, mut trie) = (BTreeMap::new(), Trie::new());
        let mut nothing = |_: B256| Err::<Bytes, ()>(());
        for round in 1..4 {
            for n in 0..100 {
                trie.insert(key(n * round).as_slice(), vec![(n + round) as u8; 40], &mut nothing).unwrap();
            }
            let mut plain = trie.clone();
            let (dirty, mut count) = (trie.dirty(), 0);
            let root = trie.commit(|hash, node| {
                assert_eq!(keccak256(node), hash);
                assert!(kept.insert(hash, Bytes::copy_from_slice(node)).is_none(), "{hash} again");
                count += 1;
            });
            assert_eq!((count, root, trie.dirty()), (dirty, plain.root(), 0));
            assert_eq!(trie.commit(|hash, _| panic!("{hash} did not change")), root);
            let mut fresh = Trie::from_root(root);
            for n in 0..100 {
                let value =
                    fresh.get(key(n * round).as_slice(), &mut |hash| kept.get(&hash).cloned().ok_or(hash));
                assert_eq!(value.unwrap().unwrap()[..], vec![(n + round) as u8; 40]);
            }
        }
        let mut short = Trie::new();
        short.insert(&[1], vec![2], &mut nothing).unwrap();
        let mut roots = Vec::new();
        let root = short.commit(|hash, node| roots.push((hash, keccak256(node))));
        assert_eq!(roots, [(root, root)]);
    }
}
