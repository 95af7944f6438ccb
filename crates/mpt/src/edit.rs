//! Changes to the trie, after a walk has opened all that they need: nothing here can fail.

use alloy_primitives::Bytes;
use nybbles::Nibbles;

use crate::{
    Trie,
    arena::{Step, VALUE},
    node::{Node, NodeId, NodeRef, Place, raw_value},
    trie::Root,
    walk::End,
};

/// What a branch holds beside one of its entries.
pub(crate) enum Others {
    /// One other entry: without the first, the branch is no branch any more.
    One(u8),
    Many,
}

/// One way on from where two paths part: the index in the branch, and what is left of the path behind it.
fn part(path: &Nibbles, common: usize) -> (u8, Nibbles) {
    path.get(common).map_or((VALUE, Nibbles::new()), |nibble| (nibble, path.slice(common + 1..)))
}

impl Trie {
    /// Puts a value where a walk ended; `rest` are the nibbles that the walk has not used up.
    pub(crate) fn put(&mut self, end: End, rest: &Nibbles, value: Bytes) {
        match end {
            End::Nowhere => {
                let leaf = self.arena.add(Node::Leaf { path: *rest, value });
                self.link(leaf);
            }
            End::Leaf(id) => self.put_at_leaf(id, rest, value),
            End::Extension(id) => self.split_extension(id, rest, value),
            End::Branch(id) => {
                let leaf = self.arena.add(Node::Leaf { path: Nibbles::new(), value });
                let entry = Step { parent: id, index: VALUE };
                self.clear_entry(entry);
                self.arena.set_entry(entry, leaf.into());
                self.touch_trail();
            }
        }
    }

    /// ```text
    ///   leaf(abcd)   +  abef   ->   extension(ab) ── branch ─┬─ c: leaf(d)
    ///                                                        └─ e: leaf(f)
    /// ```
    fn put_at_leaf(&mut self, id: NodeId, rest: &Nibbles, value: Bytes) {
        let Node::Leaf { path, value: old } = self.arena.change(id) else { return };
        if path == rest {
            *old = value;
            self.touch_trail();
            return;
        }
        let common = path.common_prefix_length(rest);
        let (index, tail) = part(path, common);
        *path = tail;
        self.fork(rest, common, value, (index, id.into()), Bytes::new());
    }

    /// ```text
    ///   extension(abcd) ── X   +  abef   ->   extension(ab) ── branch ─┬─ c: extension(d) ── X
    ///                                                                  └─ e: leaf(f)
    ///   extension(abc) ── X    +  abef   ->   extension(ab) ── branch ─┬─ c: X
    ///                                                                  └─ e: leaf(f)
    /// ```
    fn split_extension(&mut self, id: NodeId, rest: &Nibbles, value: Bytes) {
        let Node::Extension { path, child, raw } = self.arena.change(id) else { return };
        let common = path.common_prefix_length(rest);
        let (index, tail) = part(path, common);
        if tail.is_empty() {
            // The branch takes over the reference, and the bytes that a raw one points into.
            let (child, raw) = (*child, core::mem::take(raw));
            self.arena.remove(id);
            self.fork(rest, common, value, (index, child), raw);
        } else {
            *path = tail;
            self.fork(rest, common, value, (index, id.into()), Bytes::new());
        }
    }

    /// Links a branch, under an extension if `common` nibbles of `rest` are shared, that holds a new leaf and `other`.
    fn fork(&mut self, rest: &Nibbles, common: usize, value: Bytes, other: (u8, NodeRef), raw: Bytes) {
        let (index, path) = part(rest, common);
        let leaf = self.arena.add(Node::Leaf { path, value });
        let branch =
            self.arena.add(Node::Branch { children: [NodeRef::EMPTY; 16], value: NodeRef::EMPTY, raw });
        self.arena.set_entry(Step { parent: branch, index }, leaf.into());
        self.arena.set_entry(Step { parent: branch, index: other.0 }, other.1);
        let top = if common == 0 {
            branch
        } else {
            let path = rest.slice(..common);
            self.arena.add(Node::Extension { path, child: branch.into(), raw: Bytes::new() })
        };
        self.link(top);
    }

    /// What a branch holds beside the entry. No branch holds less than two.
    pub(crate) fn others(&self, entry: Step) -> Others {
        let Node::Branch { children, value, .. } = self.arena.node(entry.parent) else { return Others::Many };
        let mut found = None;
        for (index, child) in (0..=VALUE).zip(children.iter().chain([value])) {
            if index == entry.index || child.is_empty() {
                continue;
            }
            if found.is_some() {
                return Others::Many;
            }
            found = Some(index);
        }
        found.map_or(Others::Many, Others::One)
    }

    /// Empties an entry of a branch.
    pub(crate) fn clear_entry(&mut self, entry: Step) {
        if let Some((old, _)) = self.arena.entry(entry)
            && let Place::Arena(id) = old.place()
        {
            self.arena.remove(id);
        }
        self.arena.set_entry(entry, NodeRef::EMPTY);
        self.arena.touch(entry.parent);
    }

    /// Replaces a branch, of which only its value is left, by a leaf.
    pub(crate) fn collapse_to_value(&mut self, branch: NodeId) {
        let Some((value, raw)) = self.arena.entry(Step { parent: branch, index: VALUE }) else { return };
        let leaf = match value.place() {
            Place::Arena(id) => id,
            Place::Raw(offset) => {
                let value = raw.slice(raw_value(raw, offset));
                self.arena.add(Node::Leaf { path: Nibbles::new(), value })
            }
            Place::Nowhere => return,
        };
        self.replace(branch, Nibbles::new(), leaf);
    }

    /// Replaces a branch, of which only one child is left, by that child.
    pub(crate) fn collapse_to_child(&mut self, branch: NodeId, nibble: u8, child: NodeId) {
        let mut path = Nibbles::new();
        path.push_unchecked(nibble);
        self.replace(branch, path, child);
    }

    /// Puts `child`, under `path`, in the place of the branch that the trail leads to. Paths that meet become one:
    ///
    /// ```text
    ///   extension(ab) ── branch ── c: leaf(d)             ->   leaf(abcd)
    ///   extension(ab) ── branch ── c: extension(d) ── X   ->   extension(abcd) ── X
    ///   extension(ab) ── branch ── c: branch              ->   extension(abc) ── branch
    /// ```
    fn replace(&mut self, branch: NodeId, mut path: Nibbles, child: NodeId) {
        if let Some(Step { parent, .. }) = self.trail.last()
            && let Node::Extension { path: above, .. } = self.arena.node(parent)
        {
            path = above.join(&path);
            self.trail.pop();
            self.arena.remove(parent);
        }
        self.arena.remove(branch);
        let top = if matches!(self.arena.node(child), Node::Branch { .. }) {
            self.arena.add(Node::Extension { path, child: child.into(), raw: Bytes::new() })
        } else {
            if let Node::Leaf { path: tail, .. } | Node::Extension { path: tail, .. } =
                self.arena.change(child)
            {
                *tail = path.join(tail);
            }
            child
        };
        self.link(top);
    }

    /// Hangs a node where the trail ends.
    fn link(&mut self, node: NodeId) {
        match self.trail.last() {
            Some(step) => self.arena.set_entry(step, node.into()),
            None => self.root = Root::Known { id: node, hash: None },
        }
        self.touch_trail();
    }

    /// Makes dirty what lies above a change. Above what is dirty everything is.
    pub(crate) fn touch_trail(&mut self) {
        for parent in self.trail.parents() {
            if self.arena.is_dirty(parent) {
                break;
            }
            self.arena.touch(parent);
        }
        if let Root::Known { hash, .. } = &mut self.root {
            *hash = None;
        }
    }
}
