//! Hashing independent subtrees, and independent tries, at once (feature `parallel`).

#[cfg_attr(feature = "parallel", path = "enabled.rs")]
#[cfg_attr(not(feature = "parallel"), path = "disabled.rs")]
mod imp;

pub(crate) use imp::{commit_subtrees, share};

use crate::Trie;
use alloc::vec::Vec;

/// With fewer changes starting a thread costs what it saves; `BASELINE.md` has figures.
const MIN_CHANGES: usize = 350;

/// Computes the roots of independent tries, each given with how many of its values changed: with the feature `parallel` on all
/// cores, if there are enough changes. Afterwards [`Trie::root`] of each costs nothing.
pub fn commit_all<'a>(tries: impl IntoIterator<Item = (&'a mut Trie, usize)>) {
    let mut tries: Vec<_> = tries.into_iter().collect();
    if tries.iter().map(|(_, changes)| changes).sum::<usize>() >= MIN_CHANGES {
        tries.sort_by_key(|(_, changes)| core::cmp::Reverse(*changes));
        return share(tries);
    }
    for (trie, _) in tries {
        trie.root();
    }
}
