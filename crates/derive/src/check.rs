//! The verdict on a batch (F.2 to F.5): each rule is one line, in the order of the rules.

use crate::{
    channels::Reading,
    event::{DropReason, Fate, Unknown},
    window::{Missing, SafeBlocks, Window, transactions_digest},
};
use unroll_protocol::{
    batch::{Batch, POST_EXECUTION_TX_TYPE, SingularBatch, SpanBatch, SpanBlock, Transactions},
    deposit::DEPOSIT_TX_TYPE,
    units::{L1Ref, L2Ref, L2Time},
};

/// EIP-7702's transaction type (F-024).
const SET_CODE_TX_TYPE: u8 = 4;

/// How a rule ends the judgement: with a verdict, or for want of safe L2 blocks; those exist, so that is no verdict.
type Stop = Result<Fate, Missing>;

/// A rule that ends the judgement is an `Err`, so that rules can be written one after the other with `?`.
type Judgement = Result<(), Stop>;

const fn unknown(what: Unknown) -> Stop {
    Ok(Fate::Undecided(what))
}

const fn dropped(why: DropReason) -> Stop {
    Ok(Fate::Dropped(why))
}

const fn drop_if(broken: bool, why: DropReason) -> Judgement {
    if broken { Err(dropped(why)) } else { Ok(()) }
}

/// F-026: accepted is what no rule drops, defers or passes over.
fn verdict(judgement: Judgement) -> Result<Fate, Missing> {
    judgement.err().unwrap_or(Ok(Fate::Accepted))
}

/// What a batch is judged against. `l1` is the block of inclusion, by which the rules of Holocene are chosen (F-070).
pub(crate) struct Judge<'a> {
    pub(crate) l1: Reading<'a>,
    pub(crate) window: &'a Window,
    pub(crate) safe: &'a SafeBlocks,
    pub(crate) tip: &'a L2Ref,
}

impl Judge<'_> {
    /// The verdict of the batch queue (F.2 to F.4).
    pub(crate) fn queued(&self, batch: &Batch) -> Result<Fate, Missing> {
        verdict(match batch {
            Batch::Singular(batch) => self.singular(batch),
            Batch::Span(span) => self.full_span(span),
        })
    }

    /// The verdict of the batch stage; spans are judged as a whole before they are streamed (F.5).
    pub(crate) fn streamed(&self, batch: &Batch) -> Result<Fate, Missing> {
        verdict(match batch {
            Batch::Singular(batch) => self.singular(batch), // F-080
            Batch::Span(span) => self.streamed_span(span),
        })
    }

    /// F-072 to F-074.
    fn streamed_span(&self, span: &SpanBatch) -> Judgement {
        self.span_prefix(span)?;
        self.overlap(span)?;
        // F-074: as epochs never decrease and the last one is known (F-047), the first new one decides.
        let first = span.blocks().find(|block| block.time > self.tip.time).map(|block| block.epoch_number);
        let known = |&epoch: &u64| epoch >= self.tip.l1_origin.number && self.window.origin(epoch).is_some();
        drop_if(!first.as_ref().is_some_and(known), DropReason::SpanExtraction)
    }

    /// F.2.
    fn singular(&self, batch: &SingularBatch) -> Judgement {
        use DropReason as Why;
        let epoch = self.window.epoch().ok_or(unknown(Unknown::Window))?;
        let (number, strict) = (batch.epoch.number, self.l1.rules.strict_ordering);
        if batch.time > self.l1.slot_after(self.tip) {
            return Err(Ok(if strict { Fate::Dropped(Why::Future) } else { Fate::Future })); // F-010
        }
        if batch.time < self.l1.slot_after(self.tip) {
            return Err(Ok(if strict { Fate::Past } else { Fate::Dropped(Why::Past) })); // F-011
        }
        drop_if(batch.parent_hash != self.tip.hash, Why::Parent)?; // F-012
        drop_if(self.is_too_late(number), Why::TooLate)?; // F-013
        drop_if(number < epoch.number, Why::EpochTooOld)?; // F-014
        drop_if(number > epoch.number.saturating_add(1), Why::EpochTooNew)?; // F-017
        let origin = self.window.origin(number).ok_or(unknown(Unknown::Epoch))?; // F-015, F-016
        drop_if(batch.epoch.hash != origin.hash, Why::EpochHash)?; // F-018
        drop_if(batch.time.is_before_l1(origin.time), Why::BeforeOrigin)?; // F-019
        let empty = batch.transactions.is_empty();
        drop_if(!empty && self.l1.cfg.must_be_empty(batch.time), Why::ActivationBlock)?; // F-020
        if self.is_past_drift(batch.time, origin) {
            drop_if(!empty, Why::DriftExceeded)?; // F-021
            if number == epoch.number {
                let next = self.window.next_epoch().ok_or(unknown(Unknown::NextEpoch))?; // F-022
                drop_if(!batch.time.is_before_l1(next.time), Why::OriginNotAdopted)?;
            }
        }
        self.transactions(&batch.transactions, batch.time)
    }

    /// F-040 to F-048.
    fn span_prefix(&self, span: &SpanBatch) -> Judgement {
        use DropReason as Why;
        let epoch = self.window.epoch().ok_or(unknown(Unknown::Window))?;
        let (start, end, strict) = (span.start_epoch(), span.end_epoch(), self.l1.rules.strict_ordering);
        let origin = if start == epoch.number.saturating_add(1) {
            self.window.next_epoch().ok_or(unknown(Unknown::SpanEpoch))?
        } else {
            epoch
        };
        let rules = self.l1.cfg.forks.derivation(origin.time); // F-040: the clock is the batch's own origin
        drop_if(!rules.span_batches, Why::SpanBeforeDelta)?;
        if span.start_time() > self.l1.slot_after(self.tip) {
            return Err(Ok(if strict { Fate::Dropped(Why::SpanFuture) } else { Fate::Future })); // F-041
        }
        if span.end_time() < self.l1.slot_after(self.tip) {
            return Err(Ok(if strict { Fate::Past } else { Fate::Dropped(Why::SpanPast) })); // F-042
        }
        drop_if(self.is_too_late(start), Why::SpanTooLate)?; // F-045, early: it needs no L2 block
        let parent = self.span_parent(span)?;
        // F-046: the origins of forgotten blocks are more than one before any epoch that is in time (F-045).
        drop_if(self.safe.is_forgotten(parent), Why::SpanEpochTooNew)?;
        let parent = self.safe.block(parent).map_err(Err)?;
        drop_if(parent.hash[..20] != span.parent_check, Why::SpanParent)?; // F-044
        drop_if(start > parent.l1_origin.saturating_add(1), Why::SpanEpochTooNew)?; // F-046
        let end = self.window.origin(end).ok_or(unknown(Unknown::SpanEnd))?;
        drop_if(end.hash[..20] != span.l1_origin_check, Why::SpanOriginHash)?; // F-047
        drop_if(start < parent.l1_origin, Why::SpanEpochTooOld) // F-048
    }

    /// F-043: the number of the safe block one slot before the span.
    fn span_parent(&self, span: &SpanBatch) -> Result<u64, Stop> {
        if span.start_time() == self.l1.slot_after(self.tip) {
            return Ok(self.tip.number);
        }
        let behind = self.tip.time.0.checked_sub(span.start_time().0);
        let aligned = behind.filter(|behind| behind.is_multiple_of(self.l1.cfg.block_time));
        let overlap = aligned.and_then(|behind| behind.checked_div(self.l1.cfg.block_time));
        let overlap = overlap.ok_or(dropped(DropReason::SpanMisaligned))?;
        let parent = self.tip.number.checked_sub(overlap).and_then(|number| number.checked_sub(1));
        let parent = parent.filter(|&parent| parent >= self.l1.cfg.genesis.l2.number);
        parent.ok_or(dropped(DropReason::SpanBeforeGenesis))
    }

    /// F-050: the new blocks one by one, then the old ones.
    fn full_span(&self, span: &SpanBatch) -> Judgement {
        self.span_prefix(span)?;
        let parent = self.safe.block(self.span_parent(span)?).map_err(Err)?;
        let mut epoch_before = parent.l1_origin;
        for block in span.blocks() {
            let advances = block.epoch_number > epoch_before;
            epoch_before = block.epoch_number;
            if block.time > self.tip.time {
                self.span_block(&block, advances)?;
            }
        }
        self.overlap(span)
    }

    fn span_block(&self, block: &SpanBlock, advances: bool) -> Judgement {
        use DropReason as Why;
        let SpanBlock { time, epoch_number: epoch, ref transactions } = *block;
        drop_if(epoch < self.tip.l1_origin.number, Why::SpanOriginUnknown)?; // F-051
        let origin = self.window.origin(epoch).ok_or(dropped(Why::SpanOriginUnknown))?;
        drop_if(time.is_before_l1(origin.time), Why::SpanBeforeOrigin)?; // F-052
        if self.is_past_drift(time, origin) {
            drop_if(!transactions.is_empty(), Why::SpanDriftExceeded)?; // F-053
            if !advances {
                let next =
                    self.window.origin(epoch.saturating_add(1)).ok_or(unknown(Unknown::SpanNextEpoch))?;
                drop_if(!time.is_before_l1(next.time), Why::SpanOriginNotAdopted)?;
            }
        }
        self.transactions(transactions, time) // F-054
    }

    /// F-055, F-073: what the span says about safe blocks must be what they are.
    fn overlap(&self, span: &SpanBatch) -> Judgement {
        if span.start_time() > self.tip.time {
            return Ok(());
        }
        let parent = self.span_parent(span)?;
        let safe = self.safe.with_transactions(parent.saturating_add(1)..=self.tip.number).map_err(Err)?;
        let differs = safe.zip(span.blocks()).any(|((safe, digest), block)| {
            safe.l1_origin != block.epoch_number || digest != transactions_digest(&block.transactions)
        });
        drop_if(differs, DropReason::SpanOverlap)
    }

    /// F-013, F-045: inclusion exactly at the end of the window is in time.
    fn is_too_late(&self, epoch: u64) -> bool {
        epoch.saturating_add(self.l1.cfg.seq_window_size) < self.l1.origin.number
    }

    /// Whether L2 time has run ahead of `origin` by more than allowed; the clock is the origin's.
    fn is_past_drift(&self, time: L2Time, origin: &L1Ref) -> bool {
        let cfg = self.l1.cfg;
        let drift = cfg.forks.derivation(origin.time).max_sequencer_drift.unwrap_or(cfg.max_sequencer_drift);
        time.0 > origin.time.0.saturating_add(drift)
    }

    /// F-023, F-024. Other unknown types are left to execution, as in the references (F-025).
    fn transactions(&self, transactions: &Transactions, time: L2Time) -> Judgement {
        use DropReason as Why;
        let (forks, rules) = (&self.l1.cfg.forks, self.l1.cfg.forks.execution(time));
        // Where they never come, their type is as unknown as any.
        let post_execution = rules.post_execution_transactions || !forks.has_post_execution();
        for tx in transactions {
            match tx.first() {
                None => return Err(dropped(Why::EmptyTransaction)),
                Some(&DEPOSIT_TX_TYPE) => return Err(dropped(Why::Deposit)),
                Some(&SET_CODE_TX_TYPE) if !rules.set_code_transactions => return Err(dropped(Why::SetCode)),
                Some(&POST_EXECUTION_TX_TYPE) if !post_execution => return Err(dropped(Why::PostExecution)), // E-056
                Some(_) => {}
            }
        }
        Ok(())
    }
}
