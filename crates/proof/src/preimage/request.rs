//! Hints as a host reads them, in either dialect (K-040 to K-058).
//!
//! The two dialects share names, and tell their payloads apart by length:
//!
//! ```text
//! l1-blob            hash 32 | [index 8, kona] | timestamp 8
//! l2-account-proof   number 8 (kona) or hash 32 (spec) | address 20 | [chain id 8]
//! l2-payload-witness hash 32 | JSON | [chain id 8] (kona) or JSON (spec)
//! ```

use super::{
    Dialect, Hint,
    hint::{attributes_json, payload_witness_json},
};
use alloc::{string::String, vec::Vec};
use alloy_primitives::{Address, B256, Bytes, hex};
use unroll_protocol::reader::{ReadError, Reader};

/// What a client is about to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HintRequest {
    /// The header of an L1 block (K-040).
    L1BlockHeader(B256),
    /// The transactions of an L1 block, and the nodes of their trie (K-041).
    L1Transactions(B256),
    /// The receipts of an L1 block, and the nodes of their trie (K-042).
    L1Receipts(B256),
    /// A blob: its commitment and its 4,096 elements (K-044).
    L1Blob {
        /// Which blob.
        versioned_hash: B256,
        /// Its place among all blobs of the L1 block, where it is told. The result must not depend on it (B-018).
        index: Option<u64>,
        /// The timestamp of the L1 block.
        timestamp: u64,
    },
    /// The result of a precompile call (K-045).
    L1Precompile {
        /// The precompile.
        address: Address,
        /// What the call costs.
        required_gas: u64,
        /// The input.
        input: Bytes,
    },
    /// Something about L2.
    L2 {
        /// What.
        what: L2Request,
        /// The chain, where it is told (K-058).
        chain_id: Option<u64>,
    },
    /// What the super root of the agreed prestate commits to (K-056).
    AgreedPreState(B256),
    /// Data that an alt-DA commitment stands for (K-057).
    AltDaInput(Bytes),
    /// The status of the challenge of an alt-DA commitment (K-057).
    AltDaChallenge {
        /// The commitment.
        commitment: Bytes,
        /// The L1 block in which it was posted.
        block_number: u64,
    },
}

/// What a client is about to ask for of an L2 chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum L2Request {
    /// The header of a block (K-046).
    BlockHeader(B256),
    /// The transactions of a block, and the nodes of their trie (K-047).
    Transactions(B256),
    /// The receipts of a block, and the nodes of their trie (K-048).
    Receipts(B256),
    /// Contract code by its hash (K-049).
    Code(B256),
    /// A node of the state trie or of a storage trie (K-050).
    StateNode(B256),
    /// The preimage of an output root (K-051, K-056).
    Output(B256),
    /// Everything that building a payload touches (K-052).
    PayloadWitness {
        /// The block to build on; in the specification's dialect it stands in the JSON.
        parent: Option<B256>,
        /// JSON: the payload attributes, or in the specification's dialect an object around them.
        json: String,
    },
    /// The nodes that prove an account (K-053).
    AccountProof {
        /// The block whose state it is.
        block: BlockName,
        /// The account.
        address: Address,
    },
    /// The nodes that prove an account and a slot of its storage (K-054).
    AccountStorageProof {
        /// The block whose state it is.
        block_number: u64,
        /// The account.
        address: Address,
        /// The slot.
        slot: B256,
    },
    /// All data of executing a block again (K-055).
    BlockData {
        /// The agreed block to build on.
        agreed_parent: B256,
        /// The block.
        block: B256,
    },
}

/// A block, as the two dialects name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockName {
    /// By its hash: the specification.
    Hash(B256),
    /// By its number: kona.
    Number(u64),
}

/// Why a hint cannot be understood. It is the client's fault, and no reason to stop: a hint never changes a result (K-022).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HintError {
    /// Not a name, a space and a payload.
    #[error("it is not a name and a payload with one space between them")]
    Form,
    /// A name that neither dialect has.
    #[error("no hint is called `{0}`")]
    Name(String),
    /// The payload is not hex.
    #[error("the payload of `{name}` is not hex: {error}")]
    Hex {
        /// The hint's name.
        name: &'static str,
        /// What is wrong.
        error: hex::FromHexError,
    },
    /// The payload has the wrong length.
    #[error("the payload of `{name}` has the wrong length: {error}")]
    Payload {
        /// The hint's name.
        name: &'static str,
        /// What is wrong.
        error: ReadError,
    },
    /// The payload of a payload witness holds no JSON object.
    #[error("the payload of `l2-payload-witness` holds no JSON object where one is due")]
    Json,
    /// A block number that is none.
    #[error("the block number of `l1-challenge-status` is not a number")]
    Number,
}

/// The names of hints, of both dialects.
const NAMES: [&str; 21] = [
    "l1-block-header",
    "l1-transactions",
    "l1-receipts",
    "l1-blob",
    "l1-precompile",
    "l1-precompile-v2",
    "l2-block-header",
    "l2-transactions",
    "l2-receipts",
    "l2-code",
    "l2-state-node",
    "l2-output",
    "starting-l2-output",
    "l2-output-root",
    "l2-payload-witness",
    "l2-account-proof",
    "l2-account-storage-proof",
    "l2-block-data",
    "agreed-pre-state",
    "l2-input",
    "l1-challenge-status",
];

impl HintRequest {
    /// Reads a hint's text: `<name> <hex>`, with or without `0x`.
    pub fn decode(text: &[u8]) -> Result<Self, HintError> {
        let text = core::str::from_utf8(text).map_err(|_| HintError::Form)?;
        let (name, rest) = text.split_once(' ').ok_or(HintError::Form)?;
        let Some(name) = NAMES.into_iter().find(|known| *known == name) else {
            // An unknown name is shown; one that is longer than any known is no name.
            return Err(if name.len() > 32 { HintError::Form } else { HintError::Name(name.into()) });
        };
        if name == "l1-challenge-status" {
            let (commitment, number) = rest.split_once(' ').ok_or(HintError::Form)?;
            let block_number = number.parse().map_err(|_| HintError::Number)?;
            return Ok(Self::AltDaChallenge { commitment: payload(name, commitment)?.into(), block_number });
        }
        let data = payload(name, rest)?;
        let mut reader = Reader::new(&data);
        let request = Self::read(name, &mut reader);
        let request = request.map_err(|error| match error {
            Fault::Length(error) => HintError::Payload { name, error },
            Fault::Json => HintError::Json,
        })?;
        reader.finish().map_err(|error| HintError::Payload { name, error })?;
        Ok(request)
    }

    fn read(name: &str, data: &mut Reader<'_>) -> Result<Self, Fault> {
        Ok(match name {
            "l1-block-header" => Self::L1BlockHeader(hash(data)?),
            "l1-transactions" => Self::L1Transactions(hash(data)?),
            "l1-receipts" => Self::L1Receipts(hash(data)?),
            "l1-blob" => Self::L1Blob {
                versioned_hash: hash(data)?,
                index: (data.rest().len() == 16).then(|| number(data)).transpose()?,
                timestamp: number(data)?,
            },
            "l1-precompile" | "l1-precompile-v2" => Self::L1Precompile {
                address: address(data)?,
                required_gas: number(data)?,
                input: Bytes::copy_from_slice(data.take(data.rest().len())?),
            },
            "agreed-pre-state" => Self::AgreedPreState(hash(data)?),
            "l2-input" => Self::AltDaInput(Bytes::copy_from_slice(data.take(data.rest().len())?)),
            _ => {
                let what = L2Request::read(name, data)?;
                Self::L2 { what, chain_id: (!data.is_empty()).then(|| number(data)).transpose()? }
            }
        })
    }
}

impl L2Request {
    /// Reads everything but the chain id, which is what may be left.
    fn read(name: &str, data: &mut Reader<'_>) -> Result<Self, Fault> {
        Ok(match name {
            "l2-block-header" => Self::BlockHeader(hash(data)?),
            "l2-transactions" => Self::Transactions(hash(data)?),
            "l2-receipts" => Self::Receipts(hash(data)?),
            "l2-code" => Self::Code(hash(data)?),
            "l2-state-node" => Self::StateNode(hash(data)?),
            "l2-payload-witness" => Self::read_payload_witness(data)?,
            "l2-account-proof" => Self::AccountProof {
                block: if data.rest().len() < 52 {
                    BlockName::Number(number(data)?)
                } else {
                    BlockName::Hash(hash(data)?)
                },
                address: address(data)?,
            },
            "l2-account-storage-proof" => Self::AccountStorageProof {
                block_number: number(data)?,
                address: address(data)?,
                slot: hash(data)?,
            },
            "l2-block-data" => Self::BlockData { agreed_parent: hash(data)?, block: hash(data)? },
            // `l2-output`, `starting-l2-output`, `l2-output-root`
            _ => Self::Output(hash(data)?),
        })
    }

    /// The specification's payload is one JSON object; kona's is a hash and then an object. A hash that reads as the
    /// beginning of an object which ends just where the payload does is not to be found.
    fn read_payload_witness(data: &mut Reader<'_>) -> Result<Self, Fault> {
        let whole = object_length(data.rest()) == Some(data.rest().len());
        let parent = if whole { None } else { Some(hash(data)?) };
        let length = object_length(data.rest()).ok_or(Fault::Json)?;
        let json = core::str::from_utf8(data.take(length)?).map_err(|_| Fault::Json)?;
        Ok(Self::PayloadWitness { parent, json: json.into() })
    }
}

/// What can be wrong with a payload.
enum Fault {
    Length(ReadError),
    Json,
}

impl From<ReadError> for Fault {
    fn from(error: ReadError) -> Self {
        Self::Length(error)
    }
}

fn payload(name: &'static str, text: &str) -> Result<Vec<u8>, HintError> {
    hex::decode(text).map_err(|error| HintError::Hex { name, error })
}

fn hash(data: &mut Reader<'_>) -> Result<B256, Fault> {
    Ok(B256::new(data.array()?))
}

fn address(data: &mut Reader<'_>) -> Result<Address, Fault> {
    Ok(Address::new(data.array()?))
}

fn number(data: &mut Reader<'_>) -> Result<u64, Fault> {
    Ok(u64::from_be_bytes(data.array()?))
}

/// How many bytes the JSON object has that `bytes` begin with. What is in it is its reader's business.
fn object_length(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' => depth += 1,
            b'}' if depth == 1 => return Some(at + 1),
            b'}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return None;
        }
    }
    None
}

impl HintRequest {
    /// What a host reads of a hint that is written in `dialect`.
    pub fn of(hint: &Hint<'_>, dialect: Dialect, chain_id: Option<u64>) -> Self {
        let kona = dialect == Dialect::Kona;
        let block = |number, hash| if kona { BlockName::Number(number) } else { BlockName::Hash(hash) };
        let what = match *hint {
            Hint::L1BlockHeader(hash) => return Self::L1BlockHeader(hash),
            Hint::L1Transactions(hash) => return Self::L1Transactions(hash),
            Hint::L1Receipts(hash) => return Self::L1Receipts(hash),
            Hint::L1Blob { versioned_hash, index, timestamp } => {
                return Self::L1Blob { versioned_hash, index: kona.then_some(index), timestamp };
            }
            Hint::L1Precompile { address, required_gas, input } => {
                return Self::L1Precompile { address, required_gas, input: Bytes::copy_from_slice(input) };
            }
            Hint::L2BlockHeader(hash) => L2Request::BlockHeader(hash),
            Hint::L2Transactions(hash) => L2Request::Transactions(hash),
            Hint::AgreedPreState(hash) => return Self::AgreedPreState(hash),
            Hint::AltDaInput(commitment) => return Self::AltDaInput(Bytes::copy_from_slice(commitment)),
            Hint::AltDaChallenge { commitment, block_number } => {
                return Self::AltDaChallenge { commitment: Bytes::copy_from_slice(commitment), block_number };
            }
            Hint::L2Receipts(hash) => L2Request::Receipts(hash),
            Hint::L2BlockData { agreed_parent, block } => L2Request::BlockData { agreed_parent, block },
            Hint::L2Code(hash) => L2Request::Code(hash),
            Hint::L2StateNode(hash) => L2Request::StateNode(hash),
            Hint::L2Output(hash) | Hint::L2OutputRoot(hash) => L2Request::Output(hash),
            Hint::L2PayloadWitness { parent, attributes } => {
                let json = attributes_json(attributes);
                if kona {
                    L2Request::PayloadWitness { parent: Some(parent), json }
                } else {
                    // The chain's id stands in the JSON.
                    let json = payload_witness_json(parent, &json, chain_id);
                    return Self::L2 {
                        what: L2Request::PayloadWitness { parent: None, json },
                        chain_id: None,
                    };
                }
            }
            Hint::L2AccountProof { block_hash, block_number, address } => {
                L2Request::AccountProof { block: block(block_number, block_hash), address }
            }
            Hint::L2AccountStorageProof { block_number, address, slot, .. } if kona => {
                L2Request::AccountStorageProof { block_number, address, slot }
            }
            Hint::L2AccountStorageProof { block_hash, address, .. } => {
                L2Request::AccountProof { block: BlockName::Hash(block_hash), address }
            }
        };
        Self::L2 { what, chain_id }
    }
}

/// Fuzz body: whatever the bytes, no panic; and a hint made of them is read as what was written, in both dialects.
pub fn fuzz_hint(data: &[u8]) {
    let _ = HintRequest::decode(data);
    let Some((&kind, data)) = data.split_first() else { return };
    let mut bytes = [0; 108];
    let length = data.len().min(bytes.len());
    bytes[..length].copy_from_slice(&data[..length]);
    let mut fields = Reader::new(&bytes);
    let mut field = || -> Result<_, ReadError> {
        let (a, slot) = (B256::new(fields.array()?), B256::new(fields.array()?));
        let numbers = [fields.array()?, fields.array()?, fields.array()?].map(u64::from_be_bytes);
        Ok((a, slot, Address::new(fields.array()?), numbers))
    };
    let Ok((hash, slot, address, [index, timestamp, id])) = field() else { return };
    let hint = match kind % 17 {
        0 => Hint::L1BlockHeader(hash),
        1 => Hint::L1Transactions(hash),
        2 => Hint::L1Receipts(hash),
        3 => Hint::L1Blob { versioned_hash: hash, index, timestamp },
        4 => Hint::L1Precompile { address, required_gas: index, input: data },
        5 => Hint::L2BlockHeader(hash),
        6 => Hint::L2Transactions(hash),
        7 => Hint::L2Code(hash),
        8 => Hint::L2Output(hash),
        9 => Hint::L2Receipts(hash),
        10 => Hint::L2BlockData { agreed_parent: hash, block: slot },
        11 => Hint::AgreedPreState(hash),
        12 => Hint::L2OutputRoot(hash),
        13 => Hint::AltDaInput(data),
        14 => Hint::AltDaChallenge { commitment: data, block_number: index },
        15 => Hint::L2AccountProof { block_hash: hash, block_number: index, address },
        _ => Hint::L2AccountStorageProof { block_hash: hash, block_number: index, address, slot },
    };
    for dialect in [Dialect::Kona, Dialect::Spec] {
        for chain_id in [None, Some(id)] {
            let read = HintRequest::decode(hint.encode(dialect, chain_id).as_bytes());
            assert_eq!(read, Ok(HintRequest::of(&hint, dialect, chain_id)));
        }
    }
}
