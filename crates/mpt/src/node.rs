//! The three kinds of nodes, and how they are read from witness bytes.

use core::ops::Range;

use alloy_primitives::Bytes;
use alloy_rlp::Header;
use nybbles::Nibbles;

use crate::{MAX_KEY_BYTES, NodeFault};

/// Bound of a node's encoding: the 31 bits of an offset in [`NodeRef`]. Real nodes are below 600 bytes, or one transaction.
const MAX_NODE_BYTES: usize = (1 << 31) - 1;

/// Tag of a 32-byte RLP string, and bytes of a child reference by hash.
pub(crate) const HASH_TAG: u8 = 0xa0;
/// Tag and hash.
pub(crate) const HASH_REF_BYTES: usize = 33;
/// The empty RLP string: no child, or no value.
pub(crate) const EMPTY_TAG: u8 = 0x80;

/// Index of a node in the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NodeId(pub(crate) u32);

/// Where a child is, in four bytes. A child that nobody touched stays a position in the witness bytes of its parent.
///
/// ```text
/// 0                    nothing
/// 1 ..= 2^31-1         id + 1
/// 2^31 | offset        the RLP item at `offset` of the `raw` bytes of the node that holds the reference
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NodeRef(u32);

/// A [`NodeRef`] taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Nowhere,
    Raw(usize),
    Arena(NodeId),
}

impl NodeRef {
    pub(crate) const EMPTY: Self = Self(0);
    const RAW: u32 = 1 << 31;

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) const fn place(self) -> Place {
        if self.0 == 0 {
            Place::Nowhere
        } else if self.0 & Self::RAW != 0 {
            Place::Raw((self.0 & !Self::RAW) as usize)
        } else {
            Place::Arena(NodeId(self.0 - 1))
        }
    }

    /// `offset` is below [`MAX_NODE_BYTES`], as every offset into a decoded node.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "node encodings are bounded by 31 bits when they are opened"
    )]
    const fn raw(offset: usize) -> Self {
        Self(Self::RAW | offset as u32)
    }
}

impl From<NodeId> for NodeRef {
    fn from(id: NodeId) -> Self {
        Self(id.0 + 1)
    }
}

/// A decoded node. `raw` is the whole hashed witness node that raw child references point into; it stays when the
/// node changes, as the untouched children are still found there.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    /// A free slot of the arena.
    Vacant,
    /// `rlp([hex_prefix(path, leaf), value])`. Also holds the value of a branch, with an empty path.
    Leaf { path: Nibbles, value: Bytes },
    /// `rlp([hex_prefix(path), child])`; the child is a branch.
    Extension { path: Nibbles, child: NodeRef, raw: Bytes },
    /// `rlp([child 0, .., child 15, value])`; at least two of them are not empty.
    Branch { children: [NodeRef; 16], value: NodeRef, raw: Bytes },
}

/// What the keys of a trie look like: bounds every path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyShape {
    pub(crate) max_nibbles: usize,
    /// All keys have `max_nibbles`.
    pub(crate) fixed: bool,
}

impl Default for KeyShape {
    fn default() -> Self {
        Self { max_nibbles: 2 * MAX_KEY_BYTES, fixed: false }
    }
}

impl Node {
    /// Decodes a node that was asked for by its hash: nothing may follow it.
    pub(crate) fn decode_hashed(raw: &Bytes, is_root: bool) -> Result<Self, NodeFault> {
        if raw.len() > MAX_NODE_BYTES {
            return Err(NodeFault::TooLarge(raw.len()));
        }
        if raw.len() < 32 && !is_root {
            return Err(NodeFault::HashedTooShort(raw.len()));
        }
        let item = Item::read(raw, 0)?;
        if item.end != raw.len() {
            return Err(NodeFault::TrailingBytes);
        }
        Self::decode(raw, item)
    }

    /// Decodes the node that is inlined at `offset` of a decoded node.
    pub(crate) fn decode_inline(raw: &Bytes, offset: usize) -> Result<Self, NodeFault> {
        Self::decode(raw, Item::read(raw, offset)?)
    }

    fn decode(raw: &Bytes, item: Item) -> Result<Self, NodeFault> {
        if !item.is_list {
            return Err(NodeFault::NotAList);
        }
        // What lies behind the list is out of reach from here on.
        let bytes = &raw[..item.end];
        let mut starts = [0; 17];
        let mut count = 0;
        let mut at = item.start;
        while at < bytes.len() {
            if count == starts.len() {
                return Err(NodeFault::ItemCount(count + 1));
            }
            starts[count] = at;
            count += 1;
            at = skip(bytes, at)?;
        }
        match count {
            2 => decode_short(raw, bytes, starts[0], starts[1]),
            17 => decode_branch(raw, bytes, &starts),
            other => Err(NodeFault::ItemCount(other)),
        }
    }

    /// Checks a freshly decoded node against its surroundings: `depth` nibbles of the key lead to it.
    pub(crate) fn check_place(
        &self,
        depth: usize,
        under_extension: bool,
        keys: KeyShape,
    ) -> Result<(), NodeFault> {
        let value_depth = match self {
            Self::Vacant => None,
            Self::Leaf { path, .. } => Some(depth + path.len()),
            Self::Extension { path, .. } if depth + path.len() >= keys.max_nibbles => {
                return Err(NodeFault::PathTooLong);
            }
            Self::Extension { .. } => None,
            Self::Branch { .. } if depth >= keys.max_nibbles => return Err(NodeFault::PathTooLong),
            Self::Branch { value, .. } => (!value.is_empty()).then_some(depth),
        };
        if under_extension && !matches!(self, Self::Branch { .. }) {
            return Err(NodeFault::ExtensionToNonBranch);
        }
        match value_depth {
            Some(depth) if depth > keys.max_nibbles => Err(NodeFault::PathTooLong),
            Some(depth) if depth % 2 != 0 || keys.fixed && depth != keys.max_nibbles => {
                Err(NodeFault::ValueDepth(depth))
            }
            _ => Ok(()),
        }
    }
}

/// One RLP item: its content is `start..end` of the bytes it was read from.
#[derive(Clone, Copy)]
pub(crate) struct Item {
    pub(crate) is_list: bool,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Item {
    /// Fails if the item does not lie within `bytes` as a whole, or is not canonical.
    pub(crate) fn read(bytes: &[u8], at: usize) -> Result<Self, NodeFault> {
        let mut rest = bytes.get(at..).unwrap_or_default();
        let header = Header::decode(&mut rest)?;
        // `decode` leaves the content in `rest`, and has checked that it is there.
        let start = bytes.len() - rest.len();
        Ok(Self { is_list: header.list, start, end: start + header.payload_length })
    }
}

/// Position after the item at `at`; quick for what branches consist of.
fn skip(bytes: &[u8], at: usize) -> Result<usize, NodeFault> {
    match bytes[at] {
        EMPTY_TAG => Ok(at + 1),
        HASH_TAG if bytes.len() - at >= HASH_REF_BYTES => Ok(at + HASH_REF_BYTES),
        _ => Ok(Item::read(bytes, at)?.end),
    }
}

fn decode_branch(raw: &Bytes, bytes: &[u8], starts: &[usize; 17]) -> Result<Node, NodeFault> {
    let mut children = [NodeRef::EMPTY; 16];
    let mut entries = 0;
    for (child, &at) in children.iter_mut().zip(starts) {
        *child = decode_child(bytes, at)?;
        entries += usize::from(!child.is_empty());
    }
    let mut value = NodeRef::EMPTY;
    if bytes[starts[16]] != EMPTY_TAG {
        if Item::read(bytes, starts[16])?.is_list {
            return Err(NodeFault::ValueIsList);
        }
        value = NodeRef::raw(starts[16]);
        entries += 1;
    }
    if entries < 2 {
        return Err(NodeFault::BranchTooSmall(entries));
    }
    Ok(Node::Branch { children, value, raw: raw.clone() })
}

/// A child is nothing, a hash, or a list of less than 32 bytes.
fn decode_child(bytes: &[u8], at: usize) -> Result<NodeRef, NodeFault> {
    match bytes[at] {
        EMPTY_TAG => return Ok(NodeRef::EMPTY),
        HASH_TAG => return Ok(NodeRef::raw(at)),
        _ => {}
    }
    let item = Item::read(bytes, at)?;
    if !item.is_list {
        return Err(NodeFault::ChildLength(item.end - item.start));
    }
    if item.end - at >= 32 {
        return Err(NodeFault::InlineTooLong(item.end - at));
    }
    Ok(NodeRef::raw(at))
}

fn decode_short(raw: &Bytes, bytes: &[u8], path_at: usize, content_at: usize) -> Result<Node, NodeFault> {
    let (path, is_leaf) = decode_path(bytes, path_at)?;
    if is_leaf {
        return Ok(Node::Leaf { path, value: decode_value(raw, bytes, content_at)? });
    }
    if path.is_empty() {
        return Err(NodeFault::ExtensionWithoutPath);
    }
    let child = decode_child(bytes, content_at)?;
    if child.is_empty() {
        return Err(NodeFault::ExtensionWithoutChild);
    }
    Ok(Node::Extension { path, child, raw: raw.clone() })
}

/// A leaf's value, as a slice of the witness bytes.
fn decode_value(raw: &Bytes, bytes: &[u8], at: usize) -> Result<Bytes, NodeFault> {
    let item = Item::read(bytes, at)?;
    if item.is_list {
        return Err(NodeFault::ValueIsList);
    }
    if item.start == item.end {
        return Err(NodeFault::ValueEmpty);
    }
    Ok(raw.slice(item.start..item.end))
}

/// Where the value of a branch lies, at `offset` of its own raw bytes, where [`decode_branch`] found a string.
pub(crate) fn raw_value(raw: &[u8], offset: usize) -> Range<usize> {
    Item::read(raw, offset).map(|item| item.start..item.end).unwrap_or_default()
}

/// Hex prefix (Yellow Paper, appendix C).
///
/// ```text
/// | flag: 0 extension, 2 leaf     | 0      | nibbles, even ..
/// | flag: 1 extension, 3 leaf     | nibble | nibbles, even ..
/// ```
fn decode_path(bytes: &[u8], at: usize) -> Result<(Nibbles, bool), NodeFault> {
    let item = Item::read(bytes, at)?;
    if item.is_list {
        return Err(NodeFault::PathIsList);
    }
    let (&first, rest) = bytes[item.start..item.end].split_first().ok_or(NodeFault::PathWithoutFlag)?;
    let (flag, nibble) = (first >> 4, first & 0x0f);
    if flag > 3 {
        return Err(NodeFault::PathFlag(flag));
    }
    if rest.len() > MAX_KEY_BYTES {
        return Err(NodeFault::PathTooLong);
    }
    let even = Nibbles::unpack(rest);
    let path = match flag & 1 {
        0 if nibble != 0 => return Err(NodeFault::PathPadding(nibble)),
        0 => even,
        _ if rest.len() == MAX_KEY_BYTES => return Err(NodeFault::PathTooLong),
        _ => {
            let mut odd = Nibbles::new();
            odd.push_unchecked(nibble);
            odd.join(&even)
        }
    };
    Ok((path, flag & 2 != 0))
}
