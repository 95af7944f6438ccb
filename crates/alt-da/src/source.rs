//! Commitments turned into inputs, along the challenges on L1 (B-041 to B-045).

use crate::{
    challenge::{ChallengeError, Status, StatusChange, resolved_input},
    commitment::{Commitment, CommitmentError, MAX_INPUT_BYTES},
};
use alloc::{
    collections::{BTreeMap, BTreeSet, VecDeque, btree_map::Entry},
    vec::Vec,
};
use alloy_consensus::{EthereumTxEnvelope, Transaction, TxEip4844};
use alloy_eips::Decodable2718;
use alloy_primitives::{Address, B256, Bytes};
use core::mem;
use unroll_protocol::{
    config::{AltDaConfig, DaCommitment},
    deposit::{DEPOSIT_TX_TYPE, DepositTx},
    frame::ALT_DA_VERSION,
    l1_receipt::{self, may_log, read_logs},
    provider::{AltDaInput, BlobProvider, ChainProvider},
    units::L1Ref,
};

/// The L1 block of a commitment, and the commitment without the payload's version byte: what is challenged.
type Key = (u64, Bytes);

/// Follows the challenges of a rollup from one L1 block on, and exchanges commitments for their inputs.
///
/// ```text
/// commitment in block n --- nobody challenges it up to n + challenge window -------------------> counts
///            \--- challenged in block c --- input posted up to c + resolve window -------------> counts
///                                      \--- nothing posted ------------------------------------> does not count
/// ```
#[derive(Debug)]
pub struct AltDa<'c> {
    cfg: &'c AltDaConfig,
    /// Those of commitments that are not below the block being derived from, or unsettled. The contract admits challenges
    /// within their window only, at a price each.
    challenges: BTreeMap<Key, Challenge>,
    /// The blocks from the one being derived from to the last one that was searched for challenges: at most both windows.
    searched: VecDeque<L1Ref>,
    /// Commitments whose inputs were handed out while L1 could still decide against them.
    unsettled: BTreeSet<Key>,
}

#[derive(Debug)]
enum Challenge {
    /// Void once this block is there.
    Active { until: u64 },
    /// Answered with the input.
    Resolved(Bytes),
}

/// What L1 says of a commitment.
enum Standing<'a> {
    /// The windows are over, or the challenge is answered.
    Counts(Option<&'a Bytes>),
    Void,
    /// L1 has not decided yet.
    Open,
}

/// What was decided. `block` is the number of the L1 block of the commitment or of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are what their names and types say")]
pub enum Decision {
    /// An input came in the place of its commitment (B-045).
    InputRead { block: u64, commitment: Bytes, bytes: usize },
    /// A commitment has no input that counts.
    CommitmentSkipped { block: u64, why: Skip },
    /// A challenge began or was answered (B-044).
    Challenge { block: u64, change: StatusChange },
    /// An event of the challenge contract changes nothing (B-044).
    ChallengeIgnored { block: u64, log_index: u64, why: ChallengeError },
}

impl Decision {
    /// The rule's id.
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::InputRead { .. } => "B-045",
            Self::CommitmentSkipped { why: Skip::Malformed(_) | Skip::OtherKind, .. } => "B-042",
            Self::CommitmentSkipped { why: Skip::TooLong(_), .. } => "B-043",
            Self::CommitmentSkipped { why: Skip::Expired, .. }
            | Self::Challenge { .. }
            | Self::ChallengeIgnored { .. } => "B-044",
        }
    }
}

/// Why a commitment has no input that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Skip {
    /// It does not decode (B-042).
    #[error("{0}")]
    Malformed(#[from] CommitmentError),
    /// Another kind than the rollup's (B-042).
    #[error("a commitment of the other kind")]
    OtherKind,
    /// The input is longer than a challenge could be answered with (B-043).
    #[error("an input of {0} bytes")]
    TooLong(usize),
    /// It was challenged, and nobody answered (B-044).
    #[error("its challenge expired")]
    Expired,
}

/// Why derivation cannot go on.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AltDaError<E> {
    /// The provider's error, unchanged.
    #[error("provider: {0}")]
    Provider(E),
    /// The backend has no service to ask for inputs.
    #[error("the backend has no data-availability service")]
    Unsupported,
    /// L1 was reorganised under what was read ahead.
    #[error("L1 block {number} is {actual}, but {expected} was read ahead")]
    Reorganised {
        /// The block.
        number: u64,
        /// What it is now.
        actual: B256,
        /// What it was.
        expected: B256,
    },
    /// A challenge expired after its input was used: whoever follows L1 has to start again from below this block (B-044).
    #[error("the challenge of a commitment in L1 block {0}, of which the input was used, expired")]
    Expired(u64),
    /// Neither the service nor L1 has the input, and nobody challenged the commitment in time (B-044).
    #[error("the input of commitment {commitment} in L1 block {block} is lost")]
    Lost {
        /// The block of the commitment.
        block: u64,
        /// The commitment.
        commitment: Bytes,
    },
    /// A receipt of a known type that does not decode (B-005).
    #[error("receipt {index} of L1 block {block} does not decode")]
    Receipt {
        /// The block.
        block: u64,
        /// Which receipt.
        index: usize,
    },
}

impl<'c> AltDa<'c> {
    /// Knows of no challenge yet: those of commitments in later blocks are later still.
    pub const fn new(cfg: &'c AltDaConfig) -> Self {
        Self { cfg, challenges: BTreeMap::new(), searched: VecDeque::new(), unsettled: BTreeSet::new() }
    }

    /// Exchanges the commitments among the payloads of `origin` for their inputs. `None`: an input cannot be had, and L1 goes
    /// on too little to say whether it counts; to be repeated when L1 has grown. Where it does not grow, derivation ends here.
    ///
    /// After an error nothing is lost: the call can be repeated. Blocks are asked about in order, some more than once.
    pub fn resolve<B: ChainProvider + BlobProvider>(
        &mut self,
        backend: &mut B,
        origin: &L1Ref,
        payloads: Vec<Bytes>,
        tell: &mut impl FnMut(Decision),
    ) -> Result<Option<Vec<Bytes>>, AltDaError<B::Error>> {
        self.begin(backend, origin, tell)?;
        let (mut inputs, mut unsettled, mut said) = (Vec::new(), Vec::new(), Vec::new());
        for payload in payloads {
            if payload.first() != Some(&ALT_DA_VERSION) {
                inputs.push(payload); // B-041
                continue;
            }
            let key = (origin.number, payload.slice(1..));
            match self.input(backend, &key, tell)? {
                Input::Wait => return Ok(None),
                Input::Skip(why) => said.push(Decision::CommitmentSkipped { block: key.0, why }),
                Input::Read { input, settled } => {
                    let (commitment, bytes) = (key.1.clone(), input.len());
                    said.push(Decision::InputRead { block: key.0, commitment, bytes });
                    inputs.push(input); // B-045
                    unsettled.extend((!settled).then_some(key));
                }
            }
        }
        self.unsettled.extend(unsettled);
        said.into_iter().for_each(tell);
        Ok(Some(inputs))
    }

    /// Moves on to `origin`, and sees what became of inputs that were handed out.
    fn begin<B: ChainProvider>(
        &mut self,
        backend: &mut B,
        origin: &L1Ref,
        tell: &mut impl FnMut(Decision),
    ) -> Result<(), AltDaError<B::Error>> {
        while self.searched.front().is_some_and(|block| block.number < origin.number) {
            self.searched.pop_front();
        }
        match self.searched.front() {
            Some(known) => same(origin.number, known.hash, origin.hash)?,
            None => self.search(backend, *origin, tell)?,
        }
        if let Some((last, _)) = self.unsettled.last() {
            let settled =
                last.saturating_add(self.cfg.challenge_window).saturating_add(self.cfg.resolve_window);
            while self.horizon() < settled && self.look_ahead(backend, tell)? {}
        }
        let mut unsettled = mem::take(&mut self.unsettled);
        let void = unsettled.iter().find(|key| matches!(self.standing(key), Standing::Void)).map(|key| key.0);
        unsettled.retain(|key| matches!(self.standing(key), Standing::Open | Standing::Void));
        let oldest = unsettled.first().map_or(origin.number, |(block, _)| origin.number.min(*block));
        self.challenges = self.challenges.split_off(&(oldest, Bytes::new()));
        self.unsettled = unsettled;
        void.map_or(Ok(()), |block| Err(AltDaError::Expired(block)))
    }

    fn input<B: ChainProvider + BlobProvider>(
        &mut self,
        backend: &mut B,
        key: &Key,
        tell: &mut impl FnMut(Decision),
    ) -> Result<Input, AltDaError<B::Error>> {
        match Commitment::decode(&key.1) {
            Ok(commitment) if commitment.kind() == self.cfg.commitment => {}
            Ok(_) => return Ok(Input::Skip(Skip::OtherKind)), // B-042
            Err(why) => return Ok(Input::Skip(why.into())),
        }
        while matches!(self.standing(key), Standing::Open) && self.look_ahead(backend, tell)? {}
        let (settled, posted) = match self.standing(key) {
            Standing::Void => return Ok(Input::Skip(Skip::Expired)),
            Standing::Counts(posted) => (true, posted.cloned()),
            Standing::Open => (false, None),
        };
        let input = match posted {
            Some(input) => input,
            None => match backend.alt_da_input(&key.1).map_err(AltDaError::Provider)? {
                AltDaInput::Found(input) => input,
                AltDaInput::Missing if settled => {
                    return Err(AltDaError::Lost { block: key.0, commitment: key.1.clone() });
                }
                AltDaInput::Missing => return Ok(Input::Wait),
                AltDaInput::Unsupported => return Err(AltDaError::Unsupported),
            },
        };
        if self.cfg.commitment == DaCommitment::Keccak && input.len() > MAX_INPUT_BYTES {
            return Ok(Input::Skip(Skip::TooLong(input.len()))); // B-043
        }
        Ok(Input::Read { input, settled })
    }

    /// B-044.
    fn standing(&self, key: &Key) -> Standing<'_> {
        match self.challenges.get(key) {
            Some(Challenge::Resolved(input)) => Standing::Counts(Some(input)),
            Some(Challenge::Active { until }) if self.horizon() >= *until => Standing::Void,
            None if self.horizon() >= key.0.saturating_add(self.cfg.challenge_window) => {
                Standing::Counts(None)
            }
            _ => Standing::Open,
        }
    }

    /// The last block that was searched for challenges.
    fn horizon(&self) -> u64 {
        self.searched.back().map_or(0, |block| block.number)
    }

    /// Searches one more block. Whether there is one.
    fn look_ahead<B: ChainProvider>(
        &mut self,
        backend: &mut B,
        tell: &mut impl FnMut(Decision),
    ) -> Result<bool, AltDaError<B::Error>> {
        let Some(last) = self.searched.back().copied() else { return Ok(false) };
        let next =
            backend.block_info_by_number(last.number.saturating_add(1)).map_err(AltDaError::Provider)?;
        let Some(next) = next else { return Ok(false) };
        same(last.number, last.hash, next.parent_hash)?;
        self.search(backend, next, tell)?;
        Ok(true)
    }

    fn search<B: ChainProvider>(
        &mut self,
        backend: &mut B,
        block: L1Ref,
        tell: &mut impl FnMut(Decision),
    ) -> Result<(), AltDaError<B::Error>> {
        // Commitments of services cannot be challenged on L1.
        if self.cfg.commitment == DaCommitment::Keccak {
            let header = backend.header_by_hash(block.hash).map_err(AltDaError::Provider)?;
            if may_log(&header, self.cfg.challenge_contract, StatusChange::TOPIC) {
                let receipts = backend.receipts_by_hash(block.hash).map_err(AltDaError::Provider)?;
                let transactions = backend.transactions_by_hash(block.hash).map_err(AltDaError::Provider)?;
                self.apply(block.number, &receipts, &transactions, tell)?;
            }
        }
        self.searched.push_back(block);
        Ok(())
    }

    /// Takes the challenges of a block (B-044).
    fn apply<E>(
        &mut self,
        block: u64,
        receipts: &[Bytes],
        transactions: &[Bytes],
        tell: &mut impl FnMut(Decision),
    ) -> Result<(), AltDaError<E>> {
        let (contract, mut found) = (self.cfg.challenge_contract, Vec::new());
        let (wanted, malformed) =
            (|address: &Address| *address == contract, |index| AltDaError::Receipt { block, index });
        read_logs(receipts, Some(transactions), wanted, malformed, |entry| {
            found.push(entry);
            Ok(())
        })?;
        for entry in found {
            // What a receipt of an unknown type says is left to whoever reads the block itself.
            let l1_receipt::Entry::Log { receipt, log_index, log } = entry else { continue };
            let Some(change) = StatusChange::decode(&log, contract) else { continue };
            let taken = change.and_then(|change| self.take(block, transactions.get(receipt), change));
            tell(match taken {
                Ok(change) => Decision::Challenge { block, change },
                Err(why) => Decision::ChallengeIgnored { block, log_index, why },
            });
        }
        Ok(())
    }

    /// Takes one change, which transaction `raw` made.
    fn take(
        &mut self,
        block: u64,
        raw: Option<&Bytes>,
        change: StatusChange,
    ) -> Result<StatusChange, ChallengeError> {
        let key = (change.block, change.commitment.clone());
        match change.status {
            // The contract sees to the windows, and to one challenge of each. What it would not log is ignored, so that how far
            // one has looked ahead never matters.
            Status::Active => {
                let end = change.block.saturating_add(self.cfg.challenge_window);
                if !(change.block..=end).contains(&block) {
                    return Err(ChallengeError::Window);
                }
                let until = block.saturating_add(self.cfg.resolve_window);
                match self.challenges.entry(key) {
                    Entry::Vacant(place) => place.insert(Challenge::Active { until }),
                    Entry::Occupied(_) => return Err(ChallengeError::Again),
                };
            }
            Status::Resolved => {
                let input = raw.and_then(calldata).ok_or(ChallengeError::NoInput)?;
                let input = resolved_input(&input)?;
                Commitment::decode(&key.1)?.check(&input)?;
                match self.challenges.get_mut(&key) {
                    None => return Err(ChallengeError::Unknown),
                    Some(Challenge::Active { until }) if block > *until => {
                        return Err(ChallengeError::Window);
                    }
                    Some(challenge) => *challenge = Challenge::Resolved(input),
                }
            }
        }
        Ok(change)
    }
}

/// Of a transaction of a known type; where L1 is itself an OP Stack chain, that may be a deposit, as a batcher's may (B-013).
fn calldata(raw: &Bytes) -> Option<Bytes> {
    if raw.first() == Some(&DEPOSIT_TX_TYPE) {
        return DepositTx::decode(raw).ok().map(|tx| tx.data);
    }
    EthereumTxEnvelope::<TxEip4844>::decode_2718_exact(raw).ok().map(|tx| tx.input().clone())
}

/// What is to be done about a commitment.
enum Input {
    Wait,
    Skip(Skip),
    Read { input: Bytes, settled: bool },
}

fn same<E>(number: u64, expected: B256, actual: B256) -> Result<(), AltDaError<E>> {
    if actual == expected { Ok(()) } else { Err(AltDaError::Reorganised { number, actual, expected }) }
}
