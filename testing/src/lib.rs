//! What tests are made of: the batcher's side of the protocol, and real chain data.
//!
//! Not for production: panics where a test would.

pub mod alt_da;
pub mod batcher;
pub mod data;
#[cfg(feature = "devnet")]
pub mod devnet;
pub mod fuzz;
pub mod keys;
pub mod memory;
pub mod noise;
pub mod reference;
#[cfg(feature = "devnet")]
pub mod scenarios;
pub mod simulator;
