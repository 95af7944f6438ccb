//! Payload attributes in, block out: the OP Stack's execution on a state of which only the root is known.
//!
//! ```text
//!                      TrieDBFetcher (nodes, code, headers)
//!                                 │ asked only for what the block touches
//!  OpPayloadAttributes ──► BlockExecutor ──► ExecutedPayload (header, receipts)
//!                          │  state tries, kept from block to block
//!                          └► OutputRoot
//! ```
//!
//! # What is guaranteed
//!
//! * A provider's failure is never a verdict: it comes back as [`ExecutionError::Provider`], unchanged, and nothing else
//!   becomes [`ExecutionError::InvalidPayload`] (H-017).
//! * After an error the executor is as it was before the call (H-016); the call can be repeated.
//! * State is read where the reference client reads it, and nowhere else: a witness that it collected suffices.
//! * No panic on any input.
#![no_std]
extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod provider;

mod env;
#[doc(hidden)] // public for the benchmarks' floor
pub mod transaction;

mod fees;
mod handler;
pub mod precompiles;

mod db;
mod state;

mod receipt;
mod system;

mod execute;
mod header;

#[cfg(feature = "genesis")]
pub mod genesis;

pub mod error;
mod stateless;

pub use error::{
    AttributesError, ExecutionError, InvalidPayload, InvalidTransaction, ParentError, WitnessFault,
};
pub use execute::{BlockExecutor, ExecutedPayload};
pub use provider::{TrieDBFetcher, TrieDBHinter, TrieHint};
pub use receipt::Receipt;
pub use stateless::{NoHints, NoParent, StatelessL2BlockExecutor, StatelessL2BlockExecutorBuilder};
