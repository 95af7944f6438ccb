//! Hashing independent subtrees at once (feature `parallel`).

#[cfg_attr(feature = "parallel", path = "enabled.rs")]
#[cfg_attr(not(feature = "parallel"), path = "disabled.rs")]
mod imp;

pub(crate) use imp::commit_subtrees;
