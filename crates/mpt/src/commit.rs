//! From nodes to hashes: encode what is dirty, bottom-up, each node once, in one buffer.
//!
//! The buffer is a stack. A branch reserves room for its header and appends its children's references; a dirty child
//! encodes itself on top, is hashed, and leaves its reference behind:
//!
//! ```text
//! | header room | ref 0 | ref 1 | header room | child 2 ..        child 2 is encoded
//! | header room | ref 0 | ref 1 | ref 2 |                         and replaced by its hash, or stays if it is short
//! ```

use alloc::vec::Vec;

use alloy_primitives::{B256, keccak256};
use nybbles::Nibbles;

use crate::node::{EMPTY_TAG, HASH_REF_BYTES, HASH_TAG, Item, Node, NodeId, NodeRef, Place};

/// How a node is named by its parent: `len` is 32 for a hash, less for the encoding itself, 0 if it is not known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Commitment {
    len: u8,
    bytes: [u8; 32],
}

impl Commitment {
    pub(crate) const DIRTY: Self = Self { len: 0, bytes: [0; 32] };

    pub(crate) const fn hash(hash: B256) -> Self {
        Self { len: 32, bytes: hash.0 }
    }

    /// Of an encoded node: itself if short enough, else its hash.
    pub(crate) fn of(encoding: &[u8]) -> Self {
        if encoding.len() >= 32 {
            return Self::hash(keccak256(encoding));
        }
        let mut bytes = [0; 32];
        bytes[..encoding.len()].copy_from_slice(encoding);
        Self { len: tag(0, encoding.len()), bytes }
    }

    pub(crate) const fn is_dirty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn push_to(&self, out: &mut Vec<u8>) {
        if self.len == 32 {
            out.push(HASH_TAG);
        }
        out.extend_from_slice(&self.bytes[..usize::from(self.len)]);
    }

    /// The root is hashed whatever its length. `None` if dirty.
    pub(crate) fn root_hash(&self) -> Option<B256> {
        match self.len {
            0 => None,
            32 => Some(B256::new(self.bytes)),
            len => Some(keccak256(&self.bytes[..usize::from(len)])),
        }
    }
}

/// Where commitments are kept while they are computed.
pub(crate) trait Commitments {
    /// May be dirty.
    fn known(&self, id: NodeId) -> Commitment;
    fn store(&mut self, id: NodeId, commitment: Commitment, encoding: &[u8]);
}

impl Commitments for Vec<Commitment> {
    fn known(&self, id: NodeId) -> Commitment {
        self[id.0 as usize]
    }

    fn store(&mut self, id: NodeId, commitment: Commitment, _: &[u8]) {
        self[id.0 as usize] = commitment;
    }
}

/// The same, with somebody who gets each node that has a hash.
pub(crate) struct Kept<'a, F> {
    pub(crate) known: &'a mut Vec<Commitment>,
    pub(crate) keep: F,
}

impl<F: FnMut(B256, &[u8])> Commitments for Kept<'_, F> {
    fn known(&self, id: NodeId) -> Commitment {
        self.known.known(id)
    }

    fn store(&mut self, id: NodeId, commitment: Commitment, encoding: &[u8]) {
        if encoding.len() >= 32 {
            (self.keep)(B256::new(commitment.bytes), encoding);
        }
        self.known.store(id, commitment, encoding);
    }
}

/// Commitments that are all known, so that none is stored.
pub(crate) struct Settled<'a>(pub(crate) &'a [Commitment]);

impl Commitments for Settled<'_> {
    fn known(&self, id: NodeId) -> Commitment {
        self.0[id.0 as usize]
    }

    fn store(&mut self, _: NodeId, _: Commitment, _: &[u8]) {}
}

/// Appends the reference to a node, after encoding it and what is dirty below it if need be. The recursion is as deep as
/// keys are long.
pub(crate) fn push_reference<C: Commitments>(nodes: &[Node], id: NodeId, known: &mut C, out: &mut Vec<u8>) {
    let mut commitment = known.known(id);
    if commitment.is_dirty() {
        let start = out.len();
        let encoding = push_node(nodes, id, known, out);
        commitment = Commitment::of(&out[encoding..]);
        known.store(id, commitment, &out[encoding..]);
        out.truncate(start);
    }
    commitment.push_to(out);
}

/// Encodes a node on top of `out`; returns where the encoding begins.
pub(crate) fn push_node<C: Commitments>(
    nodes: &[Node],
    id: NodeId,
    known: &mut C,
    out: &mut Vec<u8>,
) -> usize {
    let start = open_list(out);
    match &nodes[id.0 as usize] {
        Node::Leaf { path, value } => {
            push_path(path, true, out);
            push_string(value, out);
        }
        Node::Extension { path, child, raw } => {
            push_path(path, false, out);
            push_child(nodes, *child, raw, known, out);
        }
        Node::Branch { children, value, raw } => {
            for child in children {
                push_child(nodes, *child, raw, known, out);
            }
            match value.place() {
                Place::Arena(id) => match &nodes[id.0 as usize] {
                    Node::Leaf { value, .. } => push_string(value, out),
                    _ => out.push(EMPTY_TAG),
                },
                _ => push_child(nodes, *value, raw, known, out),
            }
        }
        Node::Vacant => {}
    }
    close_list(start, out)
}

fn push_child<C: Commitments>(nodes: &[Node], child: NodeRef, raw: &[u8], known: &mut C, out: &mut Vec<u8>) {
    match child.place() {
        Place::Nowhere => out.push(EMPTY_TAG),
        Place::Arena(id) => push_reference(nodes, id, known, out),
        Place::Raw(offset) => out.extend_from_slice(&raw[offset..raw_end(raw, offset)]),
    }
}

/// End of the item that a raw reference points to; it was decoded before.
pub(crate) fn raw_end(raw: &[u8], offset: usize) -> usize {
    if raw[offset] == HASH_TAG {
        return offset + HASH_REF_BYTES;
    }
    Item::read(raw, offset).map_or(offset, |item| item.end)
}

/// Room for the longest header: a tag and the eight bytes of a length.
const HEADER_ROOM: usize = 9;

/// Begins a list; [`close_list`] wants the return value.
pub(crate) fn open_list(out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.extend_from_slice(&[0; HEADER_ROOM]);
    start
}

/// Puts the header right before the content, and returns where in `out` the list begins.
pub(crate) fn close_list(start: usize, out: &mut [u8]) -> usize {
    let content = start + HEADER_ROOM;
    let len = out.len() - content;
    if len <= 55 {
        out[content - 1] = tag(0xc0, len);
        return content - 1;
    }
    let digits = len.to_be_bytes();
    let zeros = len.leading_zeros() as usize / 8;
    let size = digits.len() - zeros;
    out[content - size..content].copy_from_slice(&digits[zeros..]);
    out[content - size - 1] = tag(0xf7, size);
    content - size - 1
}

#[expect(clippy::cast_possible_truncation, reason = "called for lengths up to 55")]
const fn tag(base: u8, small: usize) -> u8 {
    base + small as u8
}

/// Appends an RLP string.
pub(crate) fn push_string(bytes: &[u8], out: &mut Vec<u8>) {
    match bytes {
        [single] if *single < EMPTY_TAG => {}
        _ if bytes.len() <= 55 => out.push(tag(EMPTY_TAG, bytes.len())),
        _ => {
            let digits = bytes.len().to_be_bytes();
            let zeros = bytes.len().leading_zeros() as usize / 8;
            out.push(tag(0xb7, digits.len() - zeros));
            out.extend_from_slice(&digits[zeros..]);
        }
    }
    out.extend_from_slice(bytes);
}

/// Appends a path in hex prefix (Yellow Paper, appendix C), as an RLP string.
pub(crate) fn push_path(path: &Nibbles, is_leaf: bool, out: &mut Vec<u8>) {
    let mut prefix = [0; 33];
    let flag = if is_leaf { 0x20 } else { 0 };
    let len = 1 + path.len() / 2;
    if path.len().is_multiple_of(2) {
        prefix[0] = flag;
        path.pack_to(&mut prefix[1..]);
    } else {
        // One zero nibble before an odd path makes the nibbles fall into place: the flag takes its seat.
        let first = path.get(0).unwrap_or_default();
        path.slice(1..).pack_to(&mut prefix[1..]);
        prefix[0] = flag | 0x10 | first;
    }
    push_string(&prefix[..len], out);
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use std::{fs, path::Path, println};

    use alloy_primitives::{U512, hex};
    use serde_json::Value;

    use super::*;
    use crate::NodeFault;

    fn vectors() -> Option<Value> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/mpt/rlp-tests.json");
        if !Path::new(path).exists() {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{path} is missing");
            println!("skipped: no ../shared/data");
            return None;
        }
        Some(serde_json::from_slice(&fs::read(path).unwrap()).unwrap())
    }

    /// Numbers are big-endian without zeros in front; those beyond 64 bits are strings that begin with `#`.
    fn push_value(value: &Value, out: &mut Vec<u8>) {
        match value {
            Value::Array(items) => {
                let mut list = Vec::new();
                let start = open_list(&mut list);
                items.iter().for_each(|item| push_value(item, &mut list));
                let start = close_list(start, &mut list);
                out.extend_from_slice(&list[start..]);
            }
            Value::String(text) if !text.starts_with('#') => push_string(text.as_bytes(), out),
            number => {
                let digits = number.to_string();
                let decimal = digits.trim_matches(['"', '#']);
                push_string(&decimal.parse::<U512>().unwrap().to_be_bytes_trimmed_vec(), out);
            }
        }
    }

    /// Reads all of it, items of items too.
    fn read_all(bytes: &[u8]) -> Result<(), NodeFault> {
        let mut at = 0;
        while at < bytes.len() {
            let item = Item::read(bytes, at)?;
            if item.is_list {
                read_all(&bytes[item.start..item.end])?;
            }
            at = item.end;
        }
        Ok(())
    }

    /// The RLP tests of ethereum/tests: what is valid is written and read like that, and what is not is refused.
    #[test]
    fn rlp_is_that_of_ethereum_tests() {
        let Some(vectors) = vectors() else { return };
        let valid = vectors["valid"].as_object().unwrap();
        for (name, vector) in valid {
            let expected = hex::decode(vector["out"].as_str().unwrap()).unwrap();
            let mut written = Vec::new();
            push_value(&vector["in"], &mut written);
            assert_eq!(hex::encode(&written), hex::encode(&expected), "{name}");
            assert_eq!(Item::read(&expected, 0).unwrap().end, expected.len(), "{name}");
            read_all(&expected).expect(name);
        }
        let invalid = vectors["invalid"].as_object().unwrap();
        for (name, vector) in invalid {
            let bytes = hex::decode(vector["out"].as_str().unwrap()).unwrap();
            let read = Item::read(&bytes, 0).and_then(|item| match item.end == bytes.len() {
                true => read_all(&bytes),
                false => Err(NodeFault::TrailingBytes),
            });
            assert!(read.is_err(), "{name}");
        }
        assert_eq!((valid.len(), invalid.len()), (28, 26));
    }
}
