//! Alt-DA: batcher data that lies beside L1, which has only commitments to it (B-041 to B-046; specs: experimental/alt-da.md).
//!
//! ```text
//!  payloads of an L1 block -- commitments --> AltDa::resolve --> inputs, to be read like any other payload
//!                                               ^        ^
//!            challenges in the L1 blocks ahead -+        +- the service that has the data, or the L1 transaction that
//!                                                           answered a challenge
//! ```
//!
//! Anybody may challenge a commitment for a while after its block. If nobody then posts its input to L1 in time, the input does
//! not count. Nodes follow the challenges up to the block that they derive from, use an input as long as it may count, and
//! start over if it turns out that it does not. [`AltDa`] looks ahead instead, as far as L1 goes: where L1 is fixed, as in a
//! proof, nothing is ever taken back, and the result is the one that nodes arrive at.
#![no_std]

extern crate alloc;

mod challenge;
mod commitment;
mod source;

pub use challenge::{ChallengeError, Status, StatusChange, resolved_input};
pub use commitment::{Commitment, CommitmentError, MAX_INPUT_BYTES};
pub use source::{AltDa, AltDaError, Decision, Skip};
