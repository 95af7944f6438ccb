//! What is done, a file a command.

pub mod exec;
pub mod genesis;
pub mod verify;
pub mod witness;
