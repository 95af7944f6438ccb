//! From channels to the one batch that fills the next L2 slot (F.1 to F.7).

use crate::{
    channels::{ChannelBank, Channels, Reading, StagedChannel},
    check::Judge,
    error::{DeriveError, ResetCause},
    event::{BatchId, DropReason, Event, Fate},
    frames::FrameQueue,
    window::{Missing, SafeBlocks, Window},
};
use alloc::{collections::VecDeque, vec::Vec};
use core::{iter::Peekable, mem};
use unroll_protocol::{
    batch::{Batch, BatchReader, SingularBatch, SpanBatch, SpanBlock, SpanBlocks, Transactions},
    compression::{Decompressed, StreamEnd, decompress},
    units::{L1Ref, L2Ref},
};

/// What the batch stage comes to.
#[derive(Debug)]
pub(crate) enum Next {
    /// The batch of the next slot.
    Batch(SingularBatch),
    /// Safe L2 blocks are needed first.
    NeedL2(Missing),
    /// All L1 data so far is used up.
    Dry,
}

/// How channels and batches are ordered; chosen by the time of the L1 block being read (F-070).
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one in a pipeline")]
pub(crate) enum BatchOrder {
    /// To Granite: channels and batches may come in any order and wait for their turn.
    Buffered { bank: ChannelBank, queue: BatchQueue },
    /// From Holocene: one channel, one span, and whatever does not come next is lost.
    Strict { channel: StagedChannel, stage: BatchStage },
}

impl BatchOrder {
    /// H-034: starts directly with the variant of the first L1 block.
    pub(crate) fn new(strict: bool) -> Self {
        if strict {
            Self::Strict { channel: StagedChannel::default(), stage: BatchStage::default() }
        } else {
            Self::Buffered { bank: ChannelBank::default(), queue: BatchQueue::default() }
        }
    }

    pub(crate) const fn is_strict(&self) -> bool {
        matches!(self, Self::Strict { .. })
    }

    pub(crate) fn next(&mut self, work: &mut Work<'_>) -> Result<Next, DeriveError> {
        match self {
            Self::Buffered { bank, queue } => queue.next(bank, work),
            Self::Strict { channel, stage } => stage.next(channel, work),
        }
    }

    /// The L1 block of the oldest batch that waits. Batches are judged by their own (F-045), however long they wait.
    pub(crate) fn oldest_inclusion(&self) -> Option<L1Ref> {
        match self {
            Self::Buffered { queue, .. } => queue.batches.front().map(|queued| queued.inclusion),
            Self::Strict { .. } => None,
        }
    }

    /// Whether, before Holocene, more blocks of a span follow on the last one.
    pub(crate) fn is_streaming(&self) -> bool {
        matches!(self, Self::Buffered { queue, .. } if queue.span.as_ref().is_some_and(|span| span.len() > 0))
    }

    /// F-090: from Holocene, drops the streamed span, the channel being decoded and the one being staged; never queued
    /// frames.
    pub(crate) fn flush(&mut self, work: &mut Work<'_>) {
        if let Self::Strict { channel, stage } = self {
            stage.flush(channel, work);
        }
    }
}

/// What both orders work with.
pub(crate) struct Work<'a> {
    pub(crate) l1: Reading<'a>,
    pub(crate) tip: &'a L2Ref,
    pub(crate) window: &'a mut Window,
    pub(crate) safe: &'a SafeBlocks,
    pub(crate) frames: &'a mut FrameQueue,
    /// The channel being decoded.
    pub(crate) reader: &'a mut Option<BatchReader>,
    pub(crate) events: &'a mut Vec<Event>,
}

impl Work<'_> {
    /// The next batch of the L1 data at hand.
    fn pull(&mut self, channels: &mut impl Channels) -> Option<Batch> {
        let block = self.l1.origin.number;
        loop {
            if let Some(reader) = self.reader {
                match reader.next(self.l1.cfg, self.l1.rules) {
                    Some(Ok(batch)) => return Some(batch),
                    Some(Err(why)) => self.events.push(Event::BatchUnreadable { block, why }),
                    None => *self.reader = None,
                }
                continue;
            }
            let channel = channels.next(&self.l1, self.frames, self.events)?;
            match decompress(channel, self.l1.rules) {
                Ok(Decompressed { bytes, end, lost }) => {
                    if end != StreamEnd::Complete || lost > 0 {
                        self.events.push(Event::ChannelCut { block, end, lost });
                    }
                    *self.reader = Some(BatchReader::new(bytes));
                }
                Err(why) => self.events.push(Event::ChannelUnreadable { block, why }),
            }
        }
    }

    fn judge(&self, inclusion: L1Ref) -> Judge<'_> {
        let l1 = Reading::new(self.l1.cfg, inclusion);
        Judge { l1, window: self.window, safe: self.safe, tip: self.tip }
    }

    fn tell(&mut self, batch: BatchId, fate: Fate) {
        self.events.push(Event::Batch { block: self.l1.origin.number, batch, fate });
    }

    /// F-004: the first known L1 block is the safe head's origin, or the one after it (F-087).
    fn check_window(&self) -> Result<(), ResetCause> {
        let (front, origin) = (self.window.epoch().map(L1Ref::id), self.tip.l1_origin);
        match front {
            Some(front) if front == origin || front.number == origin.number.saturating_add(1) => Ok(()),
            _ => Err(ResetCause::Window { front, origin }),
        }
    }

    /// The next block of a span, if it fits the slot. If it does not, its predecessor was not built, and the rest is
    /// void (F-057, F-083). The parent is the safe head as it is now (F-056, F-080, G-006).
    fn stream(&mut self, span: &mut Option<SpanCursor>) -> Option<SingularBatch> {
        let Some(SpanBlock { time, epoch_number, transactions }) = span.as_mut()?.next() else {
            *span = None;
            return None;
        };
        let epoch = self.window.origin(epoch_number).filter(|_| time == self.l1.slot_after(self.tip));
        let Some(epoch) = epoch.map(L1Ref::id) else {
            let blocks = 1 + span.take().map_or(0, |span| span.len());
            let id = BatchId { span: true, time, epoch: epoch_number, blocks };
            self.tell(id, Fate::Dropped(DropReason::ParentMoved));
            return None;
        };
        Some(SingularBatch { parent_hash: self.tip.hash, epoch, time, transactions })
    }

    /// The batch that the protocol makes up when nobody sent one in time. `dry`: the L1 data at hand is used up.
    fn empty_batch(&mut self, dry: bool) -> Option<SingularBatch> {
        let (&epoch, &next) = (self.window.epoch()?, self.window.next_epoch()?);
        let (block, last) = (self.l1.origin.number, epoch.number.saturating_add(self.l1.cfg.seq_window_size));
        if block < last || (block == last && !dry) {
            return None; // F-085
        }
        let time = self.l1.slot_after(self.tip);
        let opens_epoch = Some(epoch.number) == self.tip.l1_origin.number.checked_add(1);
        if time.is_before_l1(next.time) || opens_epoch {
            self.events.push(Event::EmptyBatch { block, epoch: epoch.id(), time }); // F-086, F-088
            let (parent_hash, transactions) = (self.tip.hash, Transactions::default());
            return Some(SingularBatch { parent_hash, epoch: epoch.id(), time, transactions });
        }
        self.window.advance(); // F-087: the next epoch's own window must be over first
        self.events.push(Event::EpochAdvanced { block, epoch: next.id() });
        None
    }
}

/// What is left of an accepted span, made block by block.
type SpanCursor = Peekable<SpanBlocks>;

/// The blocks newer than the safe head.
fn new_blocks(span: &SpanBatch, tip: &L2Ref) -> Option<SpanCursor> {
    let mut blocks = span.blocks().peekable();
    while blocks.next_if(|block| block.time <= tip.time).is_some() {}
    Some(blocks)
}

/// Batches in order of inclusion, waiting for their slots (F-005).
///
/// The queue has no cap of its own: all it holds was in L1 data, and a cap would be a rule that nobody else follows.
#[derive(Debug, Default)]
pub(crate) struct BatchQueue {
    batches: VecDeque<Queued>,
    /// What is left of an accepted span.
    span: Option<SpanCursor>,
    /// Set while a decision waits for L2 blocks: the pull of one batch before it is done, and the L1 data at hand was
    /// used up, or not.
    pulled: Option<bool>,
}

#[derive(Debug)]
struct Queued {
    batch: Batch,
    inclusion: L1Ref,
    /// Whether an event told that it waits.
    told: bool,
}

impl BatchQueue {
    fn next(&mut self, bank: &mut ChannelBank, work: &mut Work<'_>) -> Result<Next, DeriveError> {
        loop {
            if let Some(batch) = work.stream(&mut self.span) {
                return Ok(Next::Batch(batch));
            }
            let behind = work.l1.origin.number < work.tip.l1_origin.number;
            // One batch is pulled before each decision; whether more would come decides about empty ones (F-085).
            let batch = match self.pulled.take() {
                Some(dry) => Err(dry),
                None => work.pull(bank).ok_or(true),
            };
            let dry = match batch {
                Ok(batch) if behind => {
                    work.tell(id(&batch), Fate::Drained); // F-002, H-033
                    continue;
                }
                Ok(batch) => {
                    self.add(batch, work);
                    false
                }
                Err(dry) => dry,
            };
            if behind {
                return Ok(Next::Dry);
            }
            work.check_window()?;
            match self.decide(dry, work) {
                Some(Next::NeedL2(missing)) => {
                    self.pulled = Some(dry);
                    return Ok(Next::NeedL2(missing));
                }
                Some(next) => return Ok(next),
                None if dry => return Ok(Next::Dry),
                None => {}
            }
        }
    }

    /// Queues a batch unless it is bad already. An empty queue needs no look, because the decision comes next; and if L2
    /// blocks are missing to tell, the verdict of its turn will be the same, because those blocks do not change.
    fn add(&mut self, batch: Batch, work: &mut Work<'_>) {
        let inclusion = work.l1.origin;
        if !self.batches.is_empty()
            && let Ok(fate @ Fate::Dropped(_)) = work.judge(inclusion).queued(&batch)
        {
            return work.tell(id(&batch), fate);
        }
        self.batches.push_back(Queued { batch, inclusion, told: false });
    }

    /// The first acceptable batch in order of inclusion, or an empty one if it is time. `None`: nothing yet.
    fn decide(&mut self, dry: bool, work: &mut Work<'_>) -> Option<Next> {
        let mut index = 0;
        while let Some(queued) = self.batches.get_mut(index) {
            let id = id(&queued.batch);
            let fate = match work.judge(queued.inclusion).queued(&queued.batch) {
                Ok(fate) => fate,
                Err(missing) => return Some(Next::NeedL2(missing)),
            };
            let waits = matches!(fate, Fate::Future | Fate::Undecided(_));
            if !(waits && mem::replace(&mut queued.told, true)) {
                work.tell(id, fate);
            }
            match fate {
                Fate::Future => index += 1,
                Fate::Undecided(_) => return None, // F-089
                Fate::Accepted => return self.accept(index, work).map(Next::Batch),
                Fate::Dropped(_) | Fate::Past | Fate::Drained => drop(self.batches.remove(index)),
            }
        }
        work.empty_batch(dry).map(Next::Batch)
    }

    fn accept(&mut self, index: usize, work: &mut Work<'_>) -> Option<SingularBatch> {
        match self.batches.remove(index)?.batch {
            Batch::Singular(batch) => Some(batch),
            Batch::Span(span) => {
                self.span = new_blocks(&span, work.tip); // F-056
                work.stream(&mut self.span)
            }
        }
    }
}

/// The span being streamed; nothing else is kept (F-071).
#[derive(Debug, Default)]
pub(crate) struct BatchStage {
    span: Option<SpanCursor>,
    /// Pulled, and waiting for L2 blocks.
    waiting: Option<Batch>,
}

impl BatchStage {
    fn next(&mut self, channel: &mut StagedChannel, work: &mut Work<'_>) -> Result<Next, DeriveError> {
        loop {
            // F-003, H-033: what comes out of the safe head's own origin lies in the past.
            if work.l1.origin.number <= work.tip.l1_origin.number {
                let Some(batch) = work.pull(channel) else { return Ok(Next::Dry) };
                work.tell(id(&batch), Fate::Drained);
                continue;
            }
            work.check_window()?;
            let streamed = work.stream(&mut self.span).map(Batch::Singular);
            let Some(batch) = streamed.or_else(|| self.waiting.take()).or_else(|| work.pull(channel)) else {
                return Ok(work.empty_batch(true).map_or(Next::Dry, Next::Batch));
            };
            let fate = match work.judge(work.l1.origin).streamed(&batch) {
                Ok(fate) => fate,
                Err(missing) => {
                    self.waiting = Some(batch);
                    return Ok(Next::NeedL2(missing));
                }
            };
            work.tell(id(&batch), fate);
            match (fate, batch) {
                (Fate::Accepted, Batch::Singular(batch)) => return Ok(Next::Batch(batch)),
                (Fate::Accepted, Batch::Span(span)) => {
                    self.span = new_blocks(&span, work.tip);
                }
                (Fate::Dropped(_), _) => self.flush(channel, work), // F-075, F-081
                _ => {} // F-075, F-082: past; F-076: undecided, and lost
            }
        }
    }

    fn flush(&mut self, channel: &mut StagedChannel, work: &mut Work<'_>) {
        *self = Self::default();
        *work.reader = None;
        channel.flush(&work.l1, work.events); // D-026
        work.events.push(Event::Flushed { block: work.l1.origin.number });
    }
}

fn id(batch: &Batch) -> BatchId {
    let (span, time, epoch, blocks) = match batch {
        Batch::Singular(batch) => (false, batch.time, batch.epoch.number, 1),
        Batch::Span(span) => (true, span.start_time(), span.start_epoch(), span.block_count()),
    };
    BatchId { span, time, epoch, blocks }
}
