//! The fault-proof program: from an L1 head and an agreed output root to a verdict on a claimed one.
//!
//! Whoever has preimages implements [`PreimageOracle`], one method, and gets everything else from [`OracleBackend`].
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod archive;
pub mod backend;
pub mod boot;
pub mod checked;
pub mod claim;
pub mod kzg;
pub mod oracle;
pub mod preimage;
pub mod program;
pub mod recorder;
pub mod start;
pub mod transition;
pub mod witness;

pub use archive::Archive;
pub use backend::OracleBackend;
pub use boot::BootInfo;
pub use checked::Checked;
pub use oracle::PreimageOracle;
pub use preimage::{Hint, PreimageKey};
pub use recorder::Recorder;
pub use transition::{Backend, Transition};
pub use witness::Witness;
