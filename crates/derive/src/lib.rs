//! From L1 blocks to the payload attributes of L2 blocks, without I/O.
//!
//! ```text
//!  L1 block -- L1Reader --> L1Input --> frames --> channels --> batches --> attributes
//! ```
//!
//! [`Pipeline`] is a function of values: it says what it needs and is given it. [`driver`] answers
//! it from [providers](provider), and [`builder`] puts the two together out of parts.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod attributes;
mod batches;
pub mod builder;
mod channels;
mod check;
pub mod driver;
pub mod error;
pub mod event;
mod frames;
mod inbox;
pub mod pipeline;
pub mod provider;
mod receipts;
pub mod source;
pub mod start;
#[cfg(test)]
mod tests;
pub mod window;

pub use attributes::FEE_RECIPIENT;
pub use builder::{DerivationPipeline, EthereumDataSource, PipelineBuilder, StatefulAttributesBuilder};
pub use driver::Driver;
pub use error::{CriticalCause, DeriveError, DriveError, Misuse, ResetCause};
pub use event::Event;
pub use pipeline::{Pipeline, Poll, Refusal};
pub use source::{L1Input, L1Reader};
pub use start::Start;
pub use window::SafeBlock;
