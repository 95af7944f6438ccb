//! A devnet for other programs: over JSON-RPC as an L1 node, a beacon node, an L2 node and a rollup node would serve it, and as
//! a folder of files. And a way to make the nodes misbehave, for those who test what a client makes of that. A chain with
//! alt-DA has a data-availability server besides, which is a node like the others here.
//!
//! ```text
//!                 +-- L1 node        eth_*, debug_getRaw*
//!   HTTP request  +-- beacon node    /eth/v1/beacon/*, /eth/v1/config/spec
//!        |        +-- L2 node        eth_*, eth_getProof, debug_executionWitness, debug_executePayload, debug_dbGet
//!        v        +-- rollup node    optimism_*
//!        |        +-- DA server      /get/COMMITMENT
//!     faults ------------^   late, refused, cut off, stale, altered, mixed up, reorganised: as rules and a seed say
//! ```
//!
//! ```no_run
//! use unroll_serve::{Server, ServerConfig};
//! use unroll_testing::devnet::{Devnet, DevnetConfig};
//!
//! let mut devnet = Devnet::new(DevnetConfig::default(), None);
//! devnet.advance_to(20);
//! devnet.sync();
//! let faults = vec!["l2/debug_executionWitness=missing".parse()?, "l1/*=rate-limit:1@20%".parse()?];
//! let server = Server::start(devnet, ServerConfig { faults, ..ServerConfig::default() })?;
//! println!("{}", server.urls().l1);
//! // It serves until it is dropped.
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! For tests and for play: it listens on loopback and knows no secrets. Like the rest of the test code it panics where the
//! devnet contradicts itself; nothing that a client sends makes it panic.

mod chain;
mod layer;

mod l1;
mod l2;
mod proof;
mod witness;

mod beacon;
mod da;
mod rpc;

pub mod faults;
mod middleware;
mod swap;

pub mod folder;
mod server;

pub use chain::Chain;
pub use faults::{Fault, Rule};
pub use server::{Ports, Server, ServerConfig, Urls};

/// One of the nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Node {
    /// Executes L1.
    L1,
    /// Keeps L1's blobs.
    Beacon,
    /// Executes L2.
    L2,
    /// Derives L2.
    Rollup,
    /// Keeps what commitments of alt-DA stand for, on a chain that has it.
    Da,
}

impl Node {
    /// Every node.
    pub const ALL: [Self; 5] = [Self::L1, Self::Beacon, Self::L2, Self::Rollup, Self::Da];

    /// How it is called on the command line and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::L1 => "l1",
            Self::Beacon => "beacon",
            Self::L2 => "l2",
            Self::Rollup => "rollup",
            Self::Da => "da",
        }
    }
}
