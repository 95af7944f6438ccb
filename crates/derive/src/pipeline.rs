//! The pipeline: L1 inputs in, payload attributes out. It never fetches; it says what it needs.

use crate::{
    attributes::{attributes, bundle_needed},
    batches::{BatchOrder, Next, Work},
    channels::Reading,
    error::{CriticalCause, DeriveError, Misuse, ResetCause},
    event::Event,
    frames::FrameQueue,
    source::L1Input,
    window::{Missing, SafeBlock, SafeBlocks, Window, transactions_digest},
};
use alloc::{boxed::Box, vec::Vec};
use alloy_primitives::{B256, Bytes};
use core::{mem, ops::RangeInclusive};
use op_alloy_rpc_types_engine::OpPayloadAttributes;
use sha2::{Digest, Sha256};
use unroll_protocol::{
    batch::{BatchReader, SingularBatch},
    config::RollupConfig,
    deposit::DEPOSIT_TX_TYPE,
    forks::Fork,
    tip::Tip,
    units::{BlockId, L1Ref, L2Ref, L2Time},
    upgrades::decode_bundle,
};

/// What the pipeline can do next. Waiting is not an error.
#[derive(Clone, Debug, PartialEq)]
pub enum Poll {
    /// The next block. Execute it and poll with the result, or [reject](Pipeline::reject) it.
    Attributes(Box<OpPayloadAttributes>),
    /// Everything pushed so far is used up: push this L1 block. If L1 has none, derivation ends here.
    NeedL1 {
        /// The block's number.
        number: u64,
    },
    /// A span batch overlaps the safe chain: push these L2 blocks.
    NeedL2 {
        /// Their numbers, none above the tip's.
        numbers: RangeInclusive<u64>,
        /// Whether their transactions matter; if not, [`SafeBlock::from_ref`] will do.
        with_transactions: bool,
    },
    /// The block activates a fork whose upgrade transactions come from a file: push it (G-054).
    NeedBundle {
        /// The fork.
        fork: Fork,
        /// The SHA-256 hash of the file.
        sha256: B256,
    },
}

/// What follows on refused attributes.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The block to go on from: the tip. Before Holocene, as a span is applied whole or not at all, it is the
    /// [block below](Pipeline::below_span) the span, whose blocks so far are void.
    pub upon: BlockId,
    /// From Holocene: the deposits alone, to be executed instead (H-011). Before: `None`; the next poll finds another batch
    /// (H-013).
    pub deposits: Option<Box<OpPayloadAttributes>>,
}

/// Derives the blocks of one rollup, one after the other, each upon the safe head; there is no unsafe chain (H-001).
///
/// ```text
///          +------------------------- push_l1, push_l2, push_bundle <--- NeedL1, NeedL2, NeedBundle
///          v                                                                  |
///        poll(tip) --------------------------------------------------> what is needed next
///          ^                                                                  |
///          +--- tip' <--- execute <--- (reject: deposits only) <--- Attributes+
/// ```
#[derive(Debug)]
pub struct Pipeline<'c> {
    cfg: &'c RollupConfig,
    /// The first L1 block to be pushed.
    start: L1Ref,
    /// The block that was polled with last.
    head: L2Ref,
    /// See [`below_span`](Self::below_span).
    below_span: Option<L2Ref>,
    /// The L1 block being read; `None`: none was pushed yet.
    l1: Option<L1Ref>,
    frames: FrameQueue,
    /// The channel being decoded.
    reader: Option<BatchReader>,
    order: BatchOrder,
    window: Window,
    safe: SafeBlocks,
    bundle: Vec<Bytes>,
    phase: Phase,
    events: Vec<Event>,
}

#[derive(Debug)]
enum Phase {
    /// Looking for the batch of the next slot.
    Searching,
    /// Until the next L1 block.
    Dry,
    /// Until upgrade transactions are pushed.
    Upgrading { batch: SingularBatch, fork: Fork, sha256: B256 },
    /// Until attributes are executed or rejected: what their block must be like, with the digest of the batch's transactions.
    HandedOut { time: L2Time, origin: BlockId, transactions: B256 },
}

impl<'c> Pipeline<'c> {
    /// A pipeline that builds on `tip` and reads L1 from `start` on; all stages are empty (H-032).
    pub fn new(cfg: &'c RollupConfig, tip: &Tip, start: L1Ref) -> Self {
        let mut safe = SafeBlocks::default();
        safe.insert(SafeBlock::from_ref(&tip.block));
        Self {
            cfg,
            start,
            head: tip.block,
            below_span: None,
            l1: None,
            frames: FrameQueue::default(),
            reader: None,
            order: BatchOrder::new(cfg.forks.derivation(start.time).strict_ordering), // H-034
            window: Window::default(),
            safe,
            bundle: Vec::new(),
            phase: Phase::Dry,
            events: Vec::new(),
        }
    }

    /// The L1 block being read; `None`: none was pushed yet.
    pub const fn origin(&self) -> Option<L1Ref> {
        self.l1
    }

    /// Before Holocene, from the first attributes out of a span of several blocks until the last are executed: the block below the
    /// span. Whoever executes keeps its state, to which a [refusal](Refusal::upon) may lead back.
    pub const fn below_span(&self) -> Option<&L2Ref> {
        self.below_span.as_ref()
    }

    /// The decisions since the last call. Whoever never calls this keeps them all.
    pub fn drain_events(&mut self) -> impl Iterator<Item = Event> + '_ {
        self.events.drain(..)
    }

    pub(crate) const fn events_mut(&mut self) -> &mut Vec<Event> {
        &mut self.events
    }

    /// What comes next upon `tip`: the block made of the last attributes, or the same block as last time.
    pub fn poll(&mut self, tip: &Tip) -> Result<Poll, DeriveError> {
        self.adopt(&tip.block)?;
        let next = match mem::replace(&mut self.phase, Phase::Searching) {
            Phase::Dry => Next::Dry,
            Phase::Upgrading { batch, .. } => Next::Batch(batch),
            Phase::Searching | Phase::HandedOut { .. } => {
                self.with_work(|order, work| order.next(work)).unwrap_or(Ok(Next::Dry))?
            }
        };
        let batch = match next {
            Next::Batch(batch) => batch,
            Next::NeedL2(Missing { numbers, with_transactions }) => {
                return Ok(Poll::NeedL2 { numbers, with_transactions });
            }
            Next::Dry => {
                self.phase = Phase::Dry;
                return Ok(self.need_l1());
            }
        };
        match bundle_needed(self.cfg, batch.time).filter(|_| self.bundle.is_empty()) {
            Some((fork, sha256)) => {
                self.phase = Phase::Upgrading { batch, fork, sha256 };
                Ok(Poll::NeedBundle { fork, sha256 })
            }
            None => self.hand_out(tip, &batch),
        }
    }

    /// Takes the L1 block that was asked for. It must follow the one before (B-001).
    pub fn push_l1(&mut self, mut block: L1Input) -> Result<(), DeriveError> {
        let origin = block.origin;
        let number = origin.number;
        if !matches!(self.phase, Phase::Dry) || self.need_l1() != (Poll::NeedL1 { number }) {
            return Err(Misuse::UnexpectedL1(number).into());
        }
        match self.l1 {
            Some(before) if origin.parent_hash != before.hash => {
                let (parent, expected) = (origin.parent_hash, before.hash);
                return Err(ResetCause::Parent { number, parent, expected }.into());
            }
            None if origin.hash != self.start.hash => {
                let (actual, expected) = (origin.hash, self.start.hash);
                return Err(ResetCause::Start { number, actual, expected }.into());
            }
            _ => {}
        }
        if self.cfg.forks.derivation(origin.time).strict_ordering && !self.order.is_strict() {
            self.order = BatchOrder::new(true); // D-027, F-084: the window stays
            self.frames = FrameQueue::default(); // C-016: a channel split across the activation is lost
            self.reader = None;
            self.events.push(Event::StrictOrdering { block: number });
        }
        self.l1 = Some(origin);
        self.frames.push(mem::take(&mut block.data));
        self.window.push(block, self.head.l1_origin.number);
        self.phase = Phase::Searching;
        Ok(())
    }

    /// Takes L2 blocks that were asked for.
    pub fn push_l2(&mut self, blocks: Vec<SafeBlock>) {
        blocks.into_iter().for_each(|block| self.safe.insert(block));
    }

    /// Takes the upgrade transactions that were asked for.
    pub fn push_bundle(&mut self, json: &[u8]) -> Result<(), DeriveError> {
        let Phase::Upgrading { fork, sha256, .. } = self.phase else {
            return Err(Misuse::UnexpectedBundle.into());
        };
        let actual = B256::from_slice(&Sha256::digest(json));
        if actual != sha256 {
            return Err(CriticalCause::BundleHash { fork, actual }.into());
        }
        self.bundle = decode_bundle(fork, json).map_err(CriticalCause::from)?;
        Ok(())
    }

    /// Execution refused the last attributes. From Holocene the rest of the channel is dropped (H-018), before it the rest of
    /// the span (F-057).
    pub fn reject(&mut self, mut refused: Box<OpPayloadAttributes>) -> Result<Refusal, DeriveError> {
        let Phase::HandedOut { time, transactions: digest, .. } = &mut self.phase else {
            return Err(Misuse::ForeignAttributes.into());
        };
        let time = *time;
        if refused.payload_attributes.timestamp != time.0 {
            return Err(Misuse::ForeignAttributes.into());
        }
        let transactions = refused.transactions.get_or_insert_default();
        let count = transactions.len();
        transactions.retain(|tx| tx.first() == Some(&DEPOSIT_TX_TYPE));
        if transactions.len() == count {
            return Err(CriticalCause::DepositsRefused { time }.into()); // H-014
        }
        // H-012: which of the two is a question of where the attributes were derived from.
        if !self.order.is_strict() {
            self.phase = Phase::Searching;
            self.head = self.below_span.take().unwrap_or(self.head); // F-001
            let upon = self.head.id();
            self.events.push(Event::PayloadRefused { time, upon });
            return Ok(Refusal { upon, deposits: None });
        }
        *digest = transactions_digest([[0; 0]; 0]);
        self.events.push(Event::PayloadReplaced { time });
        self.with_work(|order, work| order.flush(work));
        Ok(Refusal { upon: self.head.id(), deposits: Some(refused) })
    }

    fn need_l1(&self) -> Poll {
        let number = self.l1.map_or(self.start.number, |origin| origin.number.saturating_add(1));
        Poll::NeedL1 { number }
    }

    /// Accepts the tip: the block of the last attributes (H-003), or the same as before.
    fn adopt(&mut self, tip: &L2Ref) -> Result<(), DeriveError> {
        if let Phase::HandedOut { time, origin, transactions } = self.phase {
            if tip.hash == self.head.hash {
                return Err(Misuse::Unresolved { time }.into());
            }
            if (tip.parent_hash, tip.time, tip.l1_origin) != (self.head.hash, time, origin) {
                return Err(Misuse::ForeignTip(tip.id()).into());
            }
            let transactions = Some(transactions);
            self.safe.insert(SafeBlock { transactions, ..SafeBlock::from_ref(tip) });
            self.head = *tip;
            self.phase = Phase::Searching;
        } else if *tip != self.head {
            return Err(Misuse::ForeignTip(tip.id()).into());
        }
        if self.order.is_streaming() {
            return Ok(()); // F-001: nothing is forgotten before the span is applied
        }
        self.below_span = None;
        self.window.prune(tip.l1_origin.number);
        if let Some(origin) = self.order.oldest_inclusion().or(self.l1) {
            // F-045, F-046: no span in time has an older parent.
            let oldest = origin.number.saturating_sub(self.cfg.seq_window_size).saturating_sub(1);
            self.safe.prune(tip.number, oldest);
        }
        Ok(())
    }

    /// `None`: no L1 block was pushed yet.
    fn with_work<T>(&mut self, f: impl FnOnce(&mut BatchOrder, &mut Work<'_>) -> T) -> Option<T> {
        let mut work = Work {
            l1: Reading::new(self.cfg, self.l1?),
            tip: &self.head,
            window: &mut self.window,
            safe: &self.safe,
            frames: &mut self.frames,
            reader: &mut self.reader,
            events: &mut self.events,
        };
        Some(f(&mut self.order, &mut work))
    }

    fn hand_out(&mut self, tip: &Tip, batch: &SingularBatch) -> Result<Poll, DeriveError> {
        let Some(epoch) = self.window.block(batch.epoch.number) else {
            let front = self.window.epoch().map(L1Ref::id);
            return Err(ResetCause::Window { front, origin: tip.block.l1_origin }.into());
        };
        let attributes = attributes(self.cfg, tip, batch, epoch, &self.bundle)?;
        self.bundle = Vec::new();
        if self.order.is_streaming() {
            self.below_span.get_or_insert(self.head);
        }
        let transactions = transactions_digest(&batch.transactions);
        self.phase = Phase::HandedOut { time: batch.time, origin: epoch.origin.id(), transactions };
        Ok(Poll::Attributes(Box::new(attributes)))
    }
}
