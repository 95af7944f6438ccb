//! Two ways to use `unroll-derive`: the pipeline fed by hand, and the driver over providers.

use super::{
    History,
    payload::{input, safe_block},
    raw::RawChain,
};
use crate::reference::Block;
use op_alloy_rpc_types_engine::OpPayloadAttributes;
use unroll_derive::{DeriveError, DriveError, Driver, Event, Pipeline, Poll, Refusal};
use unroll_protocol::tip::Tip;

/// What comes next.
#[derive(Debug)]
pub enum Step {
    /// Attributes upon the tip.
    Attributes(Box<OpPayloadAttributes>),
    /// There is no more L1.
    EndOfL1,
    /// A Karst activation block, and no upgrade transactions at hand.
    NoBundle,
}

/// Why nothing comes next.
#[derive(Debug)]
pub enum Stop {
    /// L1 contradicts the chain.
    Reset(String),
    /// Derivation must stop.
    Critical(String),
    /// What must never happen.
    Fault(String),
}

/// A derivation that can be compared.
pub trait Side {
    /// What comes next upon `tip`, the last block of `chain`.
    fn next(&mut self, tip: &Tip, chain: &[Block]) -> Result<Step, Stop>;
    /// The last attributes were refused.
    fn reject(&mut self, refused: Box<OpPayloadAttributes>) -> Result<Refusal, DeriveError>;
    /// The number of the L1 block being read.
    fn reading(&self) -> Option<u64>;
    /// What was decided since the last call.
    fn events(&mut self) -> Vec<Event>;
}

/// The pipeline itself.
pub struct Direct<'h> {
    history: &'h History,
    bundle: Option<&'h [u8]>,
    pipeline: Pipeline<'h>,
}

impl<'h> Direct<'h> {
    /// From the history's base.
    pub fn new(history: &'h History, tip: &Tip, bundle: Option<&'h [u8]>) -> Self {
        let pipeline = Pipeline::new(&history.cfg, tip, history.l1[history.base].origin);
        Self { history, bundle, pipeline }
    }
}

impl Side for Direct<'_> {
    fn next(&mut self, tip: &Tip, chain: &[Block]) -> Result<Step, Stop> {
        let mut asked = None;
        loop {
            match self.pipeline.poll(tip)? {
                Poll::Attributes(attributes) => return Ok(Step::Attributes(attributes)),
                Poll::NeedL1 { number } => {
                    let mut l1 = self.history.l1.iter();
                    let Some(block) = l1.find(|block| block.origin.number == number) else {
                        return Ok(Step::EndOfL1);
                    };
                    self.pipeline.push_l1(input(block))?;
                    asked = None;
                }
                Poll::NeedL2 { numbers, .. } => {
                    if asked.as_ref() == Some(&numbers) {
                        return Err(Stop::Fault(format!(
                            "asks for the L2 blocks {numbers:?} again and again"
                        )));
                    }
                    let wanted = chain.iter().filter(|block| numbers.contains(&block.number));
                    self.pipeline.push_l2(wanted.map(safe_block).collect());
                    asked = Some(numbers);
                }
                Poll::NeedBundle { .. } => match self.bundle {
                    Some(bundle) => self.pipeline.push_bundle(bundle)?,
                    None => return Ok(Step::NoBundle),
                },
            }
        }
    }

    fn reject(&mut self, refused: Box<OpPayloadAttributes>) -> Result<Refusal, DeriveError> {
        self.pipeline.reject(refused)
    }

    fn reading(&self) -> Option<u64> {
        self.pipeline.origin().map(|origin| origin.number)
    }

    fn events(&mut self) -> Vec<Event> {
        self.pipeline.drain_events().collect()
    }
}

/// The driver over an L1 chain with transactions, receipts and logs.
pub struct Driven<'h> {
    driver: Driver<'h>,
    chain: RawChain<'h>,
}

impl<'h> Driven<'h> {
    /// From the base that the driver finds. `safe` are the only L2 blocks that can be looked up, as in a proof.
    pub fn new(
        history: &'h History,
        tip: &Tip,
        bundle: Option<&'h [u8]>,
        safe: &'h [Block],
    ) -> Result<Self, Stop> {
        let mut chain = RawChain::new(history, bundle, safe);
        match Driver::new(&history.cfg, tip, &mut chain)? {
            Some(driver) => Ok(Self { driver, chain }),
            None => Err(Stop::Fault("no L1 block with the tip's origin".into())),
        }
    }
}

impl Side for Driven<'_> {
    fn next(&mut self, tip: &Tip, _: &[Block]) -> Result<Step, Stop> {
        self.chain.patience();
        match self.driver.next_attributes(tip, &mut self.chain) {
            Ok(Some(attributes)) => Ok(Step::Attributes(attributes)),
            Ok(None) => Ok(Step::EndOfL1),
            Err(_) if self.chain.lacked_bundle => Ok(Step::NoBundle),
            Err(error) => Err(error.into()),
        }
    }

    fn reject(&mut self, refused: Box<OpPayloadAttributes>) -> Result<Refusal, DeriveError> {
        self.driver.reject(refused)
    }

    fn reading(&self) -> Option<u64> {
        self.driver.origin().map(|origin| origin.number)
    }

    fn events(&mut self) -> Vec<Event> {
        self.driver.drain_events().collect()
    }
}

impl From<DeriveError> for Stop {
    fn from(error: DeriveError) -> Self {
        match error {
            DeriveError::Reset(cause) => Self::Reset(cause.to_string()),
            DeriveError::Critical(cause) => Self::Critical(cause.to_string()),
            other => Self::Fault(other.to_string()),
        }
    }
}

impl<E: std::fmt::Display> From<DriveError<E>> for Stop {
    fn from(error: DriveError<E>) -> Self {
        match error {
            DriveError::Derive(error) => error.into(),
            DriveError::Provider(error) => Self::Fault(error.to_string()),
        }
    }
}
