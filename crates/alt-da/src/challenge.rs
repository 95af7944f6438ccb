//! What the challenge contract says (B-044).

use crate::commitment::{Commitment, CommitmentError};
use alloy_primitives::{Address, B256, Bytes, Log, U256, b256};
use unroll_protocol::reader::ReadError;

/// A challenge began or was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusChange {
    /// The L1 block of the commitment.
    pub block: u64,
    /// The commitment as it stands on L1, without the payload's version byte.
    pub commitment: Bytes,
    /// What happened.
    pub status: Status,
}

/// What happens to a challenge on L1. That it expires is no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Somebody wants to see the input.
    Active,
    /// The transaction holds the input.
    Resolved,
}

/// Why an event of the contract changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChallengeError {
    /// One topic besides the event's own.
    #[error("{0} topics and not 2")]
    Topics(usize),
    /// No ABI encoding of its fields.
    #[error("{0}")]
    Read(#[from] ReadError),
    /// A number beyond what it counts.
    #[error("a number beyond 64 bits")]
    Number,
    /// No commitment.
    #[error("{0}")]
    Commitment(#[from] CommitmentError),
    /// Neither active nor resolved.
    #[error("status {0}")]
    Status(u8),
    /// The contract takes neither challenges nor answers before or after their windows.
    #[error("not within its window")]
    Window,
    /// The contract takes one challenge of a commitment.
    #[error("the commitment is challenged already")]
    Again,
    /// A challenge was answered that was never made.
    #[error("there is no such challenge")]
    Unknown,
    /// The answer's transaction does not hold the input where a call of `resolve` has it.
    #[error("the transaction holds no input")]
    NoInput,
}

impl StatusChange {
    /// `ChallengeStatusChanged(uint256 indexed challengedBlockNumber, bytes challengedCommitment, uint8 status)`: the event of
    /// the contracts that are deployed. The specs draw it with other indices.
    pub const TOPIC: B256 = b256!("c5d8c630ba2fdacb1db24c4599df78c7fb8cf97b5aecde34939597f6697bb1ad");

    /// Decodes a log; `None`: it is another event, or another contract's.
    pub fn decode(log: &Log, contract: Address) -> Option<Result<Self, ChallengeError>> {
        (log.address == contract && log.topics().first() == Some(&Self::TOPIC))
            .then(|| Self::decode_ours(log))
    }

    fn decode_ours(log: &Log) -> Result<Self, ChallengeError> {
        let &[_, block] = log.topics() else { return Err(ChallengeError::Topics(log.topics().len())) };
        let fields = Fields(&log.data.data);
        let commitment = fields.bytes(0)?;
        let status = fields.word(1)?.try_into().map_err(|_| ChallengeError::Number)?;
        Commitment::decode(&commitment)?;
        let block = U256::from_be_bytes(block.0).try_into().map_err(|_| ChallengeError::Number)?;
        let status = match status {
            1 => Status::Active,
            2 => Status::Resolved,
            other => return Err(ChallengeError::Status(other)),
        };
        Ok(Self { block, commitment, status })
    }
}

/// The input in a transaction that answers a challenge: the last argument of
/// `resolve(uint256 challengedBlockNumber, bytes challengedCommitment, bytes resolveData)`. Whose function is called is not
/// looked at, as in op-node: a contract that passes the input on in another way answers the challenge on L1, but not here.
pub fn resolved_input(calldata: &Bytes) -> Result<Bytes, ChallengeError> {
    let arguments = calldata.get(4..).map(|arguments| calldata.slice_ref(arguments)).unwrap_or_default();
    let fields = Fields(&arguments);
    fields.word(0)?;
    fields.bytes(1)?;
    let input = fields.bytes(2)?;
    if input.is_empty() { Err(ChallengeError::NoInput) } else { Ok(input) }
}

/// An ABI encoding: a word for each field; that of a byte string is the offset of its length, which it follows. Neither
/// offsets in order nor padding is asked for, as in go-ethereum.
struct Fields<'a>(&'a Bytes);

impl Fields<'_> {
    fn word(&self, field: usize) -> Result<U256, ReadError> {
        self.word_at(field * 32)
    }

    fn word_at(&self, at: usize) -> Result<U256, ReadError> {
        Ok(U256::from_be_slice(self.slice(at, 32)?))
    }

    fn bytes(&self, field: usize) -> Result<Bytes, ReadError> {
        let offset = usize::try_from(self.word(field)?).unwrap_or(usize::MAX);
        let length = usize::try_from(self.word_at(offset)?).unwrap_or(usize::MAX);
        Ok(self.0.slice_ref(self.slice(offset.saturating_add(32), length)?))
    }

    fn slice(&self, at: usize, length: usize) -> Result<&[u8], ReadError> {
        let rest = self.0.get(at..).unwrap_or_default();
        rest.get(..length).ok_or(ReadError::End { wanted: length, left: rest.len() })
    }
}
