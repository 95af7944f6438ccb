//! What is done, a file a command.

// The server is the only part with async code, and doubles what is to be compiled.
#[cfg(feature = "devnet")]
pub mod devnet;
pub mod exec;
pub mod genesis;
pub mod host;
pub mod verify;
pub mod witness;
