//! The loop that joins derivation and execution.

use crate::start::{AgreedError, agreed_tip};
use alloc::{boxed::Box, vec::Vec};
use alloy_consensus::Header;
use alloy_primitives::{Bytes, Sealed};
use op_alloy_rpc_types_engine::OpPayloadAttributes;
use unroll_derive::{
    DeriveError, DriveError, Driver, Event, Refusal,
    provider::{BlobProvider, ChainProvider, L2ChainProvider},
};
use unroll_executor::{BlockExecutor, ExecutionError, Receipt, TrieDBFetcher, TrieDBHinter};
use unroll_protocol::{config::RollupConfig, output_root::OutputRoot, tip::Tip, units::L1Ref};

/// All providers together, with one error type.
pub trait Backend: ChainProvider + BlobProvider + L2ChainProvider + TrieDBFetcher + TrieDBHinter {}
impl<B: ChainProvider + BlobProvider + L2ChainProvider + TrieDBFetcher + TrieDBHinter> Backend for B {}

/// The state transition function of a rollup, from an agreed block on: one [`step`](Self::step), one block.
///
/// ```text
///   tip --> derive --> attributes --> execute --> block = next tip
///              ^                         |
///              +------- refused ---------+
/// ```
///
/// Whoever wants intermediate roots, progress or cycle marks writes their own `while` around `step`, or around its two
/// halves [`derive`](Self::derive) and [`execute`](Self::execute).
#[derive(Debug)]
pub struct Transition<'c, B> {
    cfg: &'c RollupConfig,
    backend: B,
    agreed: OutputRoot,
    agreed_number: u64,
    tip: Tip,
    derivation: Derivation<'c>,
    /// What was derived, but could not be executed for want of data.
    pending: Option<Box<OpPayloadAttributes>>,
    executor: BlockExecutor<'c>,
    /// While a span is being applied, before Holocene: the block below it and its state, in case one of its payloads is refused.
    below_span: Option<Box<(Tip, BlockExecutor<'c>)>>,
}

#[derive(Debug)]
enum Derivation<'c> {
    /// L1 has not been looked at (J-023: it may not have to be).
    NotStarted,
    Running(Box<Driver<'c>>),
    /// L1 ended.
    Ended,
}

/// A block of the safe chain.
#[derive(Clone, Debug)]
pub struct ExecutedBlock {
    /// Its header and hash.
    pub header: Sealed<Header>,
    /// Its transactions, as EIP-2718 bytes.
    pub transactions: Vec<Bytes>,
    /// One for each transaction.
    pub receipts: Vec<Receipt>,
}

/// Why there is no next block. None of these is a verdict about a claim (J-027).
#[derive(Debug, thiserror::Error)]
pub enum TransitionError<E> {
    /// Data could not be had; the provider's own error, unchanged.
    #[error(transparent)]
    Provider(E),
    /// The agreed output is none of this chain.
    #[error(transparent)]
    Agreed(#[from] AgreedError),
    /// Derivation cannot go on.
    #[error("derivation: {0}")]
    Derive(#[from] DeriveError),
    /// Execution failed otherwise than by an invalid payload.
    #[error("execution: {0}")]
    Execute(ExecutionError<E>),
    /// [`Transition::execute`] was called without attributes from [`Transition::derive`]: a bug of the caller.
    #[error("there is nothing to execute")]
    NothingDerived,
}

impl<'c, B: Backend> Transition<'c, B> {
    /// A transition from the block of the agreed output on.
    pub fn new(
        cfg: &'c RollupConfig,
        mut backend: B,
        agreed: OutputRoot,
    ) -> Result<Self, TransitionError<B::Error>> {
        let tip = agreed_tip(cfg, &mut backend, &agreed)?;
        let executor = BlockExecutor::new(cfg, tip.header.clone());
        let agreed_number = tip.block.number;
        let derivation = Derivation::NotStarted;
        let (pending, below_span) = (None, None);
        Ok(Self { cfg, backend, agreed, agreed_number, tip, derivation, pending, executor, below_span })
    }

    /// Derives and executes one block. `None`: the L1 head is reached, the safe chain ends at the tip.
    ///
    /// Before Holocene, a refused payload voids the blocks of its span that were executed already (F-001): the next block then has
    /// a lower number than the one before.
    ///
    /// After an error of the provider nothing is lost: the call can be repeated (J-027).
    pub fn step(&mut self) -> Result<Option<ExecutedBlock>, TransitionError<B::Error>> {
        loop {
            // A refused batch gives way to the next one (H-013); each round uses one up.
            let Some(attributes) = self.derive()? else { return Ok(None) };
            if let Some(block) = self.execute(attributes)? {
                return Ok(Some(block));
            }
        }
    }

    /// The first half of a step: what the next block is to be made of. `None`: the L1 head is reached.
    // A phase of the step meter begins here.
    #[inline(never)]
    pub fn derive(&mut self) -> Result<Option<Box<OpPayloadAttributes>>, TransitionError<B::Error>> {
        if self.pending.is_some() {
            return Ok(self.pending.take());
        }
        if matches!(self.derivation, Derivation::NotStarted) {
            self.derivation = match Driver::new(self.cfg, &self.tip, &mut self.backend)? {
                Some(driver) => Derivation::Running(Box::new(driver)),
                None => Derivation::Ended, // J-014
            };
        }
        let Derivation::Running(driver) = &mut self.derivation else { return Ok(None) };
        let attributes = driver.next_attributes(&self.tip, &mut self.backend)?;
        let (below, kept) = (driver.below_span(), self.below_span.as_ref().map(|kept| &kept.0.block));
        if below != kept {
            self.below_span = below.map(|_| Box::new((self.tip.clone(), self.executor.clone())));
        }
        Ok(attributes)
    }

    /// The second half of a step: the block, which is the tip now. `None`: the payload was refused, and another one has to
    /// be derived (H-013).
    // A phase of the step meter begins here.
    #[inline(never)]
    pub fn execute(
        &mut self,
        mut attributes: Box<OpPayloadAttributes>,
    ) -> Result<Option<ExecutedBlock>, TransitionError<B::Error>> {
        let Derivation::Running(driver) = &mut self.derivation else {
            return Err(TransitionError::NothingDerived);
        };
        loop {
            // At most two rounds: deposits that are refused alone are an error of `reject` (H-014).
            match self.executor.execute(&mut self.backend, &attributes) {
                Ok(payload) => {
                    let transactions = attributes.transactions.unwrap_or_default();
                    self.tip = Tip::from_block(self.cfg, payload.header.clone(), transactions.first())
                        .map_err(AgreedError::from)?; // H-003
                    let (header, receipts) = (payload.header, payload.receipts);
                    return Ok(Some(ExecutedBlock { header, transactions, receipts }));
                }
                // The only reason to refuse a payload is that it is invalid: H-017.
                Err(ExecutionError::InvalidPayload(_)) => {
                    let Refusal { upon, deposits } = driver.reject(attributes)?;
                    let Some(deposits) = deposits else {
                        // F-001: a span is applied whole or not at all.
                        if let Some(below) = self.below_span.take().filter(|kept| kept.0.block.id() == upon) {
                            (self.tip, self.executor) = *below;
                        }
                        return Ok(None);
                    };
                    attributes = deposits; // H-011
                }
                Err(error) => {
                    self.pending = Some(attributes);
                    return Err(error.into());
                }
            }
        }
    }

    /// The output root at the tip; at the agreed block, of which the state need not be known, the agreed one (J-025).
    pub fn output(&mut self) -> Result<OutputRoot, TransitionError<B::Error>> {
        if self.tip.block.number == self.agreed_number {
            return Ok(self.agreed);
        }
        Ok(self.executor.output_root(&mut self.backend)?)
    }

    /// What is known of the state at the tip: trie nodes and code, in no order. With the preimages of the run so far, it is
    /// what another run needs that starts here.
    pub fn known_state(&self) -> impl Iterator<Item = Bytes> {
        self.executor.known_state()
    }

    /// The block that the safe chain ends with.
    pub const fn tip(&self) -> &Tip {
        &self.tip
    }

    /// The number of the block that was agreed on.
    pub const fn agreed_number(&self) -> u64 {
        self.agreed_number
    }

    /// The L1 block that is being read; `None`: none was read yet.
    pub fn l1_origin(&self) -> Option<L1Ref> {
        match &self.derivation {
            Derivation::Running(driver) => driver.origin(),
            _ => None,
        }
    }

    /// What derivation decided since the last call. Whoever runs for long calls it now and then, or events pile up.
    pub fn drain_events(&mut self) -> impl Iterator<Item = Event> + '_ {
        let driver = match &mut self.derivation {
            Derivation::Running(driver) => Some(driver),
            _ => None,
        };
        driver.into_iter().flat_map(|driver| driver.drain_events())
    }

    /// The backend.
    pub const fn backend(&self) -> &B {
        &self.backend
    }

    /// Gives the backend back.
    pub fn into_backend(self) -> B {
        self.backend
    }
}

impl<E> From<DriveError<E>> for TransitionError<E> {
    fn from(error: DriveError<E>) -> Self {
        match error {
            DriveError::Provider(error) => Self::Provider(error),
            DriveError::Derive(error) => Self::Derive(error),
        }
    }
}

impl<E> From<ExecutionError<E>> for TransitionError<E> {
    fn from(error: ExecutionError<E>) -> Self {
        match error {
            ExecutionError::Provider(error) => Self::Provider(error),
            error => Self::Execute(error),
        }
    }
}
