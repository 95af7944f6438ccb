//! A sparse Merkle Patricia trie: only what is touched is known, everything else is a hash.
//!
//! ```text
//!   root hash ──► Trie ──── asks ────► NodeResolver::resolve(hash)   the one door to the witness
//!                  │
//!                  ├─ arena of nodes     decoded when touched, values are slices of the witness bytes
//!                  ├─ commitments        hash or inline encoding of each node; absent = dirty
//!                  └─ free list          slots of removed nodes are used again
//! ```
//!
//! The crate knows nothing of accounts, hints or rollups. State tries use 32-byte keys (hash the key before); list
//! tries (transactions, receipts) use `rlp(index)`, see [`list`].
//!
//! # What is guaranteed
//!
//! * The resolver is asked at most once for each place in the trie (equal nodes in two places are asked for twice), and only
//!   for nodes on the path of a key, or for the one sibling that a removal leaves alone in its branch. It is asked before
//!   anything is changed: after an error the trie is as it was, and the call can be repeated.
//! * A read hashes and encodes nothing. [`Trie::root`] and [`Trie::commit`] encode and hash each changed node once.
//! * No panic and no unbounded recursion, whatever the resolver returns: no path is longer than [`MAX_KEY_BYTES`].
//!
//! # Which malformed nodes are refused
//!
//! The root of a real chain commits to well-formed nodes only, so a malformed one means that the witness, or the root that
//! it was taken for, is wrong. Every node that is *opened* is checked and refused if any rule of the Yellow Paper
//! (appendix D) or of canonical RLP is broken; [`NodeFault`] lists them all. Two things are accepted on purpose:
//!
//! * What is not opened is not checked. A sibling that nobody touched is carried as the bytes that its parent's hash covers.
//! * Without [`Trie::with_key_length`] keys may have any length up to 32 bytes, so a key may be a prefix of another, a branch
//!   may hold a value, and a path may go on beyond the key that is looked for (which is then absent).
#![no_std]
extern crate alloc;
#[cfg(any(test, feature = "std"))]
extern crate std;

mod arena;
mod commit;
mod edit;
mod error;
mod node;
mod parallel;
mod trie;
mod walk;

pub mod list;

#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;

pub use error::{NodeFault, TrieError};
pub use parallel::commit_all;
pub use trie::{NodeResolver, Trie};

use alloy_primitives::{B256, b256};

/// Root of a trie without entries: `keccak256(rlp(""))`.
pub const EMPTY_ROOT_HASH: B256 = b256!("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");

/// Longest key, in bytes: the state tries use hashes, the list tries less. It bounds every path and every recursion.
pub const MAX_KEY_BYTES: usize = 32;
