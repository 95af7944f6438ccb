//! What tests are made of: the batcher's side of the protocol, and real chain data.
//!
//! Not for production: panics where a test would.

pub mod batcher;
pub mod data;
pub mod memory;
pub mod noise;
