//! Errors, by whose fault they are.

use alloy_primitives::B256;

/// Why an operation on a trie failed. The trie is as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrieError<E> {
    /// The resolver did not deliver a node; its own error, unchanged.
    #[error("a trie node could not be resolved")]
    Resolver(#[source] E),
    /// The witness holds bytes under this hash that are no node of a Merkle Patricia trie.
    #[error("trie node {hash} is malformed: {what}")]
    Malformed {
        /// Of the node, or of the hashed node in which the faulty one is inlined.
        hash: B256,
        /// The rule that is broken.
        what: NodeFault,
    },
    /// The caller's key is longer than [`MAX_KEY_BYTES`](crate::MAX_KEY_BYTES), or not of the length that the trie was
    /// declared to have.
    #[error("a key of {bytes} bytes does not belong in this trie")]
    KeyLength {
        /// Length of the key.
        bytes: usize,
    },
    /// The caller inserted an empty value. The trie cannot hold one: who means a removal says
    /// [`remove`](crate::Trie::remove).
    #[error("an empty value cannot be inserted")]
    EmptyValue,
}

/// What is wrong with a node. Each is a violation that no honest encoder produces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NodeFault {
    /// Cut short, or not the shortest RLP of its content.
    #[error("RLP: {0}")]
    Rlp(alloy_rlp::Error),
    /// Longer than any node is allowed to be, in bytes.
    #[error("{0} bytes are too large")]
    TooLarge(usize),
    /// The outermost item is a string.
    #[error("not a list")]
    NotAList,
    /// Bytes follow the outermost list.
    #[error("bytes after the node")]
    TrailingBytes,
    /// Neither 2 items nor 17. Counting stops at 18.
    #[error("{0} items")]
    ItemCount(usize),
    /// The path of a leaf or extension is a list.
    #[error("the path is a list")]
    PathIsList,
    /// The path has not even a flag.
    #[error("the path has no flag")]
    PathWithoutFlag,
    /// The first nibble of the hex prefix is not 0, 1, 2 or 3.
    #[error("the path has the flag {0}")]
    PathFlag(u8),
    /// The second nibble of the hex prefix of an even path is not 0.
    #[error("the path is padded with {0}")]
    PathPadding(u8),
    /// The node lies deeper than keys are long.
    #[error("the path is longer than a key")]
    PathTooLong,
    /// A value lies in the middle of a byte, or at another depth than the declared key length.
    #[error("a value at {0} nibbles, where no key ends")]
    ValueDepth(usize),
    /// A value is a list.
    #[error("the value is a list")]
    ValueIsList,
    /// A leaf has an empty value.
    #[error("the value is empty")]
    ValueEmpty,
    /// An extension without nibbles.
    #[error("the extension has no path")]
    ExtensionWithoutPath,
    /// An extension leads nowhere.
    #[error("the extension has no child")]
    ExtensionWithoutChild,
    /// An extension leads to a leaf or to another extension: they should have been one node.
    #[error("the extension above leads to it, but it is no branch")]
    ExtensionToNonBranch,
    /// A child reference is a string of this many bytes: neither empty nor a hash.
    #[error("a child reference of {0} bytes")]
    ChildLength(usize),
    /// A child of this many bytes is inlined: from 32 on it must be hashed.
    #[error("an inlined child of {0} bytes")]
    InlineTooLong(usize),
    /// A node of this many bytes is hashed, and is not the root: below 32 it must be inlined.
    #[error("a node of {0} bytes is not inlined")]
    HashedTooShort(usize),
    /// A branch with fewer than two entries.
    #[error("the branch has only {0} entries")]
    BranchTooSmall(usize),
    /// A key of a list trie is not `rlp(index)` of an index below [`MAX_LIST_ITEMS`](crate::list::MAX_LIST_ITEMS).
    #[error("not the key of a list item")]
    ListKey,
    /// The list has no item with this index, but some with a higher one.
    #[error("the list has no item {0}")]
    ListGap(usize),
}

impl From<alloy_rlp::Error> for NodeFault {
    fn from(error: alloy_rlp::Error) -> Self {
        Self::Rlp(error)
    }
}
