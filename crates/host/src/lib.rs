//! The host's side of a fault-proof program: where preimages are kept, how they are checked, and how they are served to a
//! program in a VM or in this process.

pub mod archive;
