//! Tries of lists (transactions, receipts, withdrawals): the key of an item is `rlp(index)`, the value its EIP-2718 bytes.
//!
//! The keys' order is not the order of the list, as `rlp(0)` is `0x80`:
//!
//! ```text
//!   0x01 .. 0x7f | 0x80 | 0x8180 .. 0x81ff | 0x820100 ..
//!      1 ..  127 |    0 |    128 ..    255 |      256 ..
//! ```

use alloc::{vec, vec::Vec};

use alloy_primitives::{B256, Bytes, keccak256};
use alloy_rlp::{Decodable, Encodable};
use nybbles::Nibbles;

use crate::{
    EMPTY_ROOT_HASH, NodeFault, NodeResolver, Trie, TrieError,
    commit::{Commitment, close_list, open_list, push_path, push_string},
    node::{EMPTY_TAG, HASH_REF_BYTES, HASH_TAG, KeyShape, Node, NodeRef, Place, raw_value},
};

/// Longest list that is read. A block of a million transactions would need 21,000 times as much gas, some 22 billion; the
/// bound is there because a small witness can describe a huge list whose items are all the same.
pub const MAX_LIST_ITEMS: usize = 1 << 20;

/// The longest `rlp(index)` below [`MAX_LIST_ITEMS`], in nibbles: a tag and three bytes.
const KEYS: KeyShape = KeyShape { max_nibbles: 8, fixed: false };

/// Root of the list trie of `items`: a transactions or receipts root. Items must not be empty.
pub fn ordered_root<T: AsRef<[u8]>>(items: &[T]) -> B256 {
    if items.is_empty() {
        return EMPTY_ROOT_HASH;
    }
    let small = items.len().min(EMPTY_TAG.into());
    let order = (1..small).chain([0]).chain(small..items.len());
    let entries: Vec<_> = order.map(|index| (key(index as u64), items[index].as_ref())).collect();
    let mut out = Vec::new();
    let encoding = push_subtree(&entries, 0, &mut out);
    keccak256(&out[encoding..])
}

/// All items of a list, in the order of their indices. Walks the trie once; a list with a gap, or with a key that is no
/// index, is malformed.
pub fn list_items<R: NodeResolver>(root: B256, r: &mut R) -> Result<Vec<Bytes>, TrieError<R::Error>> {
    if root == EMPTY_ROOT_HASH {
        return Ok(Vec::new());
    }
    let mut reading = Reading { resolver: r, zero: None, items: vec![Bytes::new()] };
    reading.visit_hashed(root, &Nibbles::new(), Above::Nothing)?;
    let Some(zero) = reading.zero else {
        return Err(TrieError::Malformed { hash: root, what: NodeFault::ListGap(0) });
    };
    reading.items[0] = zero;
    Ok(reading.items)
}

/// One item of a list. Only the nodes on its path are asked for; the other items need not be known.
pub fn list_item<R: NodeResolver>(
    root: B256,
    index: u64,
    r: &mut R,
) -> Result<Option<Bytes>, TrieError<R::Error>> {
    let mut bytes = Vec::new();
    index.encode(&mut bytes);
    Trie::from_root(root).get(&bytes, r)
}

fn key(index: u64) -> Nibbles {
    let mut bytes = Vec::new();
    index.encode(&mut bytes);
    Nibbles::unpack(bytes)
}

/// Encodes the trie of these entries (sorted, of which none is a prefix of another) below `depth` nibbles on top of `out`; returns
/// where the encoding begins.
fn push_subtree(entries: &[(Nibbles, &[u8])], depth: usize, out: &mut Vec<u8>) -> usize {
    let start = open_list(out);
    match entries {
        [] => {}
        [(path, value)] => {
            push_path(&path.slice(depth..), true, out);
            push_string(value, out);
        }
        [(first, _), .., (last, _)] => {
            let common = first.common_prefix_length(last);
            if common > depth {
                push_path(&first.slice(depth..common), false, out);
                push_child(entries, common, out);
            } else {
                let mut rest = entries;
                for nibble in 0..16 {
                    let here = rest.partition_point(|(path, _)| path.get(depth) <= Some(nibble));
                    let (child, others) = rest.split_at(here);
                    push_child(child, depth + 1, out);
                    rest = others;
                }
                out.push(EMPTY_TAG);
            }
        }
    }
    close_list(start, out)
}

fn push_child(entries: &[(Nibbles, &[u8])], depth: usize, out: &mut Vec<u8>) {
    if entries.is_empty() {
        out.push(EMPTY_TAG);
        return;
    }
    let start = out.len();
    let encoding = push_subtree(entries, depth, out);
    let commitment = Commitment::of(&out[encoding..]);
    out.truncate(start);
    commitment.push_to(out);
}

/// A list trie being read from left to right. Nothing of it is kept but the items.
struct Reading<'a, R> {
    resolver: &'a mut R,
    /// Item 0 comes after item 127.
    zero: Option<Bytes>,
    /// Items so far by index; the first is a placeholder for `zero`.
    items: Vec<Bytes>,
}

/// What a node hangs from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Above {
    Nothing,
    Extension,
    Branch,
}

impl<R: NodeResolver> Reading<'_, R> {
    fn visit_hashed(&mut self, hash: B256, path: &Nibbles, above: Above) -> Result<(), TrieError<R::Error>> {
        let bytes = self.resolver.resolve(hash).map_err(TrieError::Resolver)?;
        self.visit(Node::decode_hashed(&bytes, above == Above::Nothing), hash, path, above)
    }

    /// `hash` is of the node, or of the one in which it is inlined. The recursion ends where keys do: after 8 nibbles.
    fn visit(
        &mut self,
        node: Result<Node, NodeFault>,
        hash: B256,
        path: &Nibbles,
        above: Above,
    ) -> Result<(), TrieError<R::Error>> {
        let malformed = |what| TrieError::Malformed { hash, what };
        let node = node.map_err(malformed)?;
        node.check_place(path.len(), above == Above::Extension, KEYS).map_err(malformed)?;
        match node {
            Node::Vacant => {}
            Node::Leaf { path: rest, value } => self.push(&path.join(&rest), value).map_err(malformed)?,
            Node::Extension { path: rest, child, raw } => {
                self.visit_child(child, &raw, hash, &path.join(&rest), Above::Extension)?;
            }
            Node::Branch { children, value, raw } => {
                if let Place::Raw(offset) = value.place() {
                    self.push(path, raw.slice(raw_value(&raw, offset))).map_err(malformed)?;
                }
                for (nibble, child) in (0..).zip(children) {
                    let mut path = *path;
                    path.push_unchecked(nibble);
                    self.visit_child(child, &raw, hash, &path, Above::Branch)?;
                }
            }
        }
        Ok(())
    }

    fn visit_child(
        &mut self,
        child: NodeRef,
        raw: &Bytes,
        hash: B256,
        path: &Nibbles,
        above: Above,
    ) -> Result<(), TrieError<R::Error>> {
        match child.place() {
            Place::Nowhere | Place::Arena(_) => Ok(()),
            Place::Raw(offset) if raw[offset] == HASH_TAG => {
                self.visit_hashed(B256::from_slice(&raw[offset + 1..offset + HASH_REF_BYTES]), path, above)
            }
            Place::Raw(offset) => self.visit(Node::decode_inline(raw, offset), hash, path, above),
        }
    }

    /// Takes the next item. As keys come in order, an index is either the next one or not of a list without gaps.
    fn push(&mut self, key: &Nibbles, value: Bytes) -> Result<(), NodeFault> {
        let key = key.pack();
        let mut rest = &key[..];
        let index = usize::decode(&mut rest).map_err(|_| NodeFault::ListKey)?;
        let next = self.items.len();
        if !rest.is_empty() || index >= MAX_LIST_ITEMS {
            return Err(NodeFault::ListKey);
        }
        match index {
            0 => self.zero = Some(value),
            _ if index == next => self.items.push(value),
            _ => return Err(NodeFault::ListGap(next)),
        }
        Ok(())
    }
}
