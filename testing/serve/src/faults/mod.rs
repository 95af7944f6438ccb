//! How the nodes misbehave: rules that say which method does what wrong, and when.
//!
//! ```text
//! RULE   = [NODE "/"] METHOD "=" FAULT ["@" WHEN]
//! NODE   = "l1" | "beacon" | "l2" | "rollup" | "da"               absent: all of them
//! METHOD = a method's name, or its beginning and "*"
//! FAULT  = "latency:" MILLISECONDS | "rate-limit:" SECONDS | "drop" | "cut" | "missing" | "flip" | "swap"
//!        | "stale:" BLOCKS | "reorg:" BLOCKS
//! WHEN   = PERCENT "%" | CALL | CALL "-" CALL | CALL "-" | "every:" CALLS      absent: always
//! ```
//!
//! The methods of the beacon API are called `genesis`, `spec`, `blobs`, `blob_sidecars` and `version`, the one of the
//! data-availability server `get`. Calls are counted from 1,
//! for each rule those that its method matches.
//!
//! Chance comes from one seed, the rule and the number of the call: the same calls in the same order meet the same faults.

mod parse;
mod plan;

pub use parse::RuleError;
pub(crate) use plan::{Decision, Plan};

use crate::{Node, swap};
use std::{num::NonZeroU64, time::Duration};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The answer comes later.
    Latency(Duration),
    /// HTTP status 429, with the seconds after which to try again (`Retry-After`).
    RateLimit(u64),
    /// The connection is closed without an answer.
    Drop,
    /// The connection is closed in the middle of the answer.
    Cut,
    /// The node does not know the method: JSON-RPC error -32601, or status 404.
    Missing,
    /// One hex digit of the answer is another; one bit, where it is no text.
    Flip,
    /// The answer is that of a similar request: about the block before or after, another transaction, account, value or blob.
    /// It is well-formed, and true of what it is about. Where there is no similar request with another answer, or the true
    /// one is that there is no such thing, it is the true one.
    Swap,
    /// The answer is that of a node which does not know its newest blocks yet, so many of them: L1 blocks, or L2 blocks of the
    /// L2 node.
    Stale(u64),
    /// Before the answer, L1 gives up its newest blocks, so many of them, and has others in their place; L2 follows
    /// ([`Chain::reorg`](crate::Chain::reorg)).
    Reorg(u64),
}

/// Of the calls that a rule matches, those at which its fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// All.
    Always,
    /// So many of a thousand, by chance.
    Chance(u64),
    /// From one to another, both included.
    Calls(u64, u64),
    /// Every so many.
    Every(NonZeroU64),
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `None`: all nodes.
    pub node: Option<Node>,
    /// A method's name, or its beginning and `*`.
    pub method: String,
    /// What happens.
    pub fault: Fault,
    /// When it happens.
    pub when: When,
}

impl Rule {
    /// Whether the rule is about this method. Only requests that name something can be [swapped](Fault::Swap).
    pub fn matches(&self, node: Node, method: &str) -> bool {
        let named = match self.method.strip_suffix('*') {
            Some(beginning) => method.starts_with(beginning),
            None => method == self.method,
        };
        let possible = self.fault != Fault::Swap || swap::has_similar(method);
        named && possible && self.node.is_none_or(|only| only == node)
    }
}
