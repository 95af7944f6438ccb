//! One core: everything is hashed from the root.

use crate::{arena::Arena, node::NodeId};

/// Nothing is done ahead.
pub(crate) const fn commit_subtrees(_: &mut Arena, _: NodeId) {}
