//! What is done, a file a command.

pub mod verify;
