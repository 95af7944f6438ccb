//! How a preimage is named, and how its host is told what will be asked for.

mod hint;
mod key;

pub use hint::{Dialect, Hint};
pub use key::{KeyKind, LocalInput, PreimageKey};
