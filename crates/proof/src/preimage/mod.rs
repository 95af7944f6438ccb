//! How a preimage is named, how its host is told what will be asked for, and the pipes over which both go (section K).

mod channel;
mod client;
mod hint;
mod key;
mod request;
mod server;
mod wire;

pub use channel::Channel;
pub use client::{HintClient, HintSink, NoHints, OracleClient};
pub use hint::{Dialect, Hint};
pub use key::{KeyKind, LocalInput, PreimageKey};
pub use request::{BlockName, HintError, HintRequest, L2Request, fuzz_hint};
pub use server::{HintServer, PreimageHost, PreimageServer, ServeError};
pub use wire::{ACKNOWLEDGEMENT, MAX_HINT_BYTES, MAX_VALUE_BYTES, WireError};
