//! The host's side of a fault-proof program: where preimages are kept, how they are checked, and how they are served to a
//! program in a VM or in this process.
//!
//! ```text
//!  store ----> host ----------> serve ==== pipes ====> the program: in a VM, or a thread of this process
//!  bytes       checks each      waits, with a bound
//! ```
//!
//! A value that is served belongs to its key, whoever filled the store.

pub mod archive;
mod blobs;
mod error;
mod host;
mod native;
mod pipe;
mod serve;
pub mod store;

pub use error::{HostError, Unserved};
pub use host::{Host, LocalInputs, Served};
pub use native::{NativeError, run_native};
pub use pipe::{Pipe, PipeError, pipes};
pub use serve::{ServeFailure, inherited, serve};
