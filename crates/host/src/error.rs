//! Why a preimage is not served: what it is, where it was looked for, and what the client had announced.

use crate::store::StoreError;
use unroll_proof::{kzg::KzgError, preimage::PreimageKey};

/// Why a preimage is not served, and what was to come.
#[derive(Debug, thiserror::Error)]
#[error("{why}; {}", announced(.hint.as_deref()))]
pub struct HostError {
    /// Why.
    pub why: Unserved,
    /// The hint that came last, as far as it can be shown in a line.
    pub hint: Option<String>,
}

/// Why a preimage is not served.
#[derive(Debug, thiserror::Error)]
pub enum Unserved {
    /// Nobody has it.
    #[error("there is no preimage for the key {key} ({place})")]
    Missing {
        /// What was asked for.
        key: PreimageKey,
        /// Where it would be.
        place: String,
    },
    /// An input of the run that was not given.
    #[error("the program asks for the local input {key}, which was not given")]
    Local {
        /// What was asked for.
        key: PreimageKey,
    },
    /// The store cannot be read.
    #[error("the preimage of the key {key} cannot be read: {error}")]
    Store {
        /// What was asked for.
        key: PreimageKey,
        /// The store's own error.
        error: StoreError,
    },
    /// The value is not the one that the key stands for.
    #[error("{place} does not hold the preimage of the key {key}, but that of {computed}")]
    Hash {
        /// What was asked for.
        key: PreimageKey,
        /// The key that the value has.
        computed: PreimageKey,
        /// Where the value is.
        place: String,
    },
    /// An element of a blob has another length than 32 bytes.
    #[error("{place} holds {length} bytes and not the 32 of the blob element {key}")]
    Element {
        /// The element.
        key: PreimageKey,
        /// How many bytes there are.
        length: usize,
        /// Where they are.
        place: String,
    },
    /// The elements of a blob are not those that its commitment commits to.
    #[error("the blob of which {key} is an element does not belong to the commitment at {place}: {error}")]
    Blob {
        /// The element that was asked for.
        key: PreimageKey,
        /// Where the commitment is.
        place: String,
        /// What is wrong.
        error: KzgError,
    },
    /// An element of a blob of which the commitment is unknown, so that it cannot be checked.
    #[error(
        "the element {key} belongs to no blob whose commitment was asked for before, nor is its point and \
         commitment known ({place})"
    )]
    StrayElement {
        /// The element.
        key: PreimageKey,
        /// Where its commitment and point would be.
        place: String,
    },
    /// A result of a precompile of which the call is unknown, so that it cannot be computed.
    #[error("the call whose result is {key} was neither announced nor is it known ({place})")]
    UnknownCall {
        /// The result.
        key: PreimageKey,
        /// Where the call would be.
        place: String,
    },
    /// A call of a precompile that is none of K-060.
    #[error("the call whose result is {key} is of no precompile that a program may ask for")]
    Precompile {
        /// The result.
        key: PreimageKey,
    },
    /// A stored result of a precompile is not what the precompile returns.
    #[error("{place} does not hold what the precompile returns")]
    Result {
        /// The result.
        key: PreimageKey,
        /// Where the value is.
        place: String,
    },
}

fn announced(hint: Option<&str>) -> String {
    hint.map_or_else(|| "no hint came before".into(), |hint| format!("the last hint was `{hint}`"))
}
