//! A slow derivation, written straight from the rules: the other side of every comparison.
//!
//! It shares types with the crates, and neither a decoder nor a decision: the way from payloads to batches is written
//! again ([`reading`]). Where the rules allow, it recomputes from everything seen so far instead of keeping state: the
//! channels of an L1 block come from a replay of all L1 blocks before it ([`channels`]), a verdict is a function of the
//! window, the safe chain and the batch ([`verdict`]), the system config a function of the parent block ([`system`]).
//! Fork times are compared here and not read from the tables of `forks.rs`, so that the tables are tested too.

pub(crate) mod batches;
pub mod channels;
pub mod fees;
mod huffman;
mod inflate;
pub mod reading;
mod span_txs;
mod spans;
pub mod start;
pub mod system;
mod types;
mod unbrotli;
pub mod verdict;
mod wire;

#[cfg(test)]
mod tests;

pub(crate) use start::{activates, active};
pub use start::{base, batcher};
pub use types::{Batch, Block, Derived, End, L1Block, Singular, Span, SpanBlock};

use alloy_primitives::B256;
use channels::{Frames, Position};
use std::collections::VecDeque;
use unroll_protocol::{config::RollupConfig, forks::Fork, units::L1Ref};
use verdict::Verdict;

/// Derives everything that `l1` determines. `safe` is the whole safe chain, genesis to agreed head; `l1` begins at the
/// base (H-030), at or before the agreed head's origin. `accepts` stands for execution: whether the block is valid.
pub fn derive(
    cfg: &RollupConfig,
    safe: &[Block],
    l1: &[L1Block],
    accepts: &dyn Fn(&Block) -> bool,
) -> Derived {
    let mut reference = Reference {
        cfg,
        l1,
        refs: l1.iter().map(|block| block.origin).collect(),
        frames: l1.iter().map(|block| Frames::of(cfg, block)).collect(),
        accepts,
        chain: safe.to_vec(),
        executed: Vec::new(),
        reading: 0,
        moved_front: 0,
        queue: Vec::new(),
        position: Position::default(),
        channel: VecDeque::new(),
        span: VecDeque::new(),
    };
    let end = reference.run().err().unwrap_or(End::OutOfL1);
    Derived { blocks: reference.chain.split_off(safe.len()), executed: reference.executed, end }
}

/// A batch that waits, and the index of the L1 block that it came out of.
struct Queued {
    batch: Batch,
    inclusion: usize,
}

/// H-032: everything but the safe chain starts empty.
struct Reference<'a> {
    cfg: &'a RollupConfig,
    l1: &'a [L1Block],
    refs: Vec<L1Ref>,
    frames: Vec<Frames>,
    accepts: &'a dyn Fn(&Block) -> bool,
    chain: Vec<Block>,
    /// See [`Derived::executed`].
    executed: Vec<(Block, u64)>,
    /// The number of the L1 block being read.
    reading: u64,
    /// F-087: the epoch that the window's front was moved to, ahead of the safe head.
    moved_front: u64,
    /// Before Holocene: batches in order of inclusion.
    queue: Vec<Queued>,
    /// From Holocene: how far the frames are read, and from where they count.
    position: Position,
    /// From Holocene: what is left of the channel being decoded.
    channel: VecDeque<Batch>,
    /// From Holocene: what is left of the span being streamed (F-071).
    span: VecDeque<Singular>,
}

impl Reference<'_> {
    /// H-004: the L1 origin moves on when nothing is left to do with it.
    fn run(&mut self) -> Result<(), End> {
        for current in 0..self.l1.len() {
            if current > 0 && self.l1[current].origin.parent_hash != self.l1[current - 1].origin.hash {
                return Err(End::Reset("B-001"));
            }
            self.reading = self.l1[current].origin.number;
            // F-070, H-034: by the time of the L1 block being read
            if self.is_strict(current) {
                self.queue.clear(); // F-084
                self.strict_block(current)?;
            } else {
                self.buffered_block(current)?;
            }
        }
        Ok(())
    }

    fn is_strict(&self, current: usize) -> bool {
        active(self.cfg, Fork::Holocene, self.l1[current].origin.time.0)
    }

    fn head(&self) -> &Block {
        self.chain.last().expect("the safe chain never loses the blocks that it began with")
    }

    fn next_time(&self) -> u64 {
        self.head().time + self.cfg.block_time
    }

    /// F-001: the L1 blocks from the safe head's origin, or from where F-087 moved the front, to the current one.
    fn window(&self, current: usize) -> Result<&[L1Ref], End> {
        let origin = self.head().origin;
        let front = origin.number.max(self.moved_front);
        let seen = &self.refs[..=current];
        let window = &seen[seen.partition_point(|block| block.number < front)..];
        // F-004
        match window.first() {
            Some(first) if first.id() == origin || first.number == origin.number + 1 => Ok(window),
            _ => Err(End::Reset("F-004")),
        }
    }

    // Before Holocene

    fn buffered_block(&mut self, current: usize) -> Result<(), End> {
        let number = self.l1[current].origin.number;
        for batch in channels::buffered(self.cfg, &self.frames[..=current]) {
            if number < self.head().origin.number {
                continue; // F-002
            }
            // What is bad on arrival never comes back; what else arrives waits for its turn (F-005).
            if !matches!(self.judge(&batch, current, current)?, Verdict::Drop(_)) {
                self.queue.push(Queued { batch, inclusion: current });
            }
            self.buffered_step(current, false)?;
        }
        if number < self.head().origin.number {
            return Ok(());
        }
        while self.buffered_step(current, true)? {}
        Ok(())
    }

    /// One batch is taken, then one decision made. False: nothing can be decided now.
    fn buffered_step(&mut self, current: usize, dry: bool) -> Result<bool, End> {
        let Some(batches) = self.buffered_candidate(current, dry)? else { return Ok(false) };
        let below = self.chain.len();
        for mut batch in batches {
            batch.parent_hash = self.head().hash; // F-056, F-012
            if !self.build(&batch, false)? {
                self.chain.truncate(below); // F-001, H-013: a span is applied whole or not at all
                break; // F-057
            }
        }
        Ok(true)
    }

    /// F-005: the first acceptable batch in order of inclusion, else perhaps an empty one.
    fn buffered_candidate(&mut self, current: usize, dry: bool) -> Result<Option<Vec<Singular>>, End> {
        let mut index = 0;
        while index < self.queue.len() {
            let Queued { batch, inclusion } = &self.queue[index];
            match self.judge(batch, current, *inclusion)? {
                Verdict::Future => index += 1,
                Verdict::Undecided => return Ok(None), // F-089
                Verdict::Drop(_) | Verdict::Past => drop(self.queue.remove(index)),
                Verdict::Accept => {
                    return match self.queue.remove(index).batch {
                        Batch::Singular(batch) => Ok(Some(vec![batch])),
                        Batch::Span(span) => Ok(self.extract(&span, current)?),
                    };
                }
            }
        }
        Ok(self.empty_batch(current, dry)?.map(|batch| vec![batch]))
    }

    fn judge(&self, batch: &Batch, current: usize, inclusion: usize) -> Result<Verdict, End> {
        let window = self.window(current)?;
        let inclusion = &self.l1[inclusion].origin;
        Ok(match batch {
            Batch::Singular(batch) => verdict::singular(self.cfg, window, self.head(), batch, inclusion),
            Batch::Span(span) => verdict::span(self.cfg, window, &self.chain, span, inclusion),
        })
    }

    /// F-056, F-074: the span's new blocks with their origins' hashes; `None` if an origin is not in the window.
    fn extract(&self, span: &Span, current: usize) -> Result<Option<Vec<Singular>>, End> {
        let window = self.window(current)?;
        let head = self.head();
        let new_blocks = span.blocks.iter().filter(|block| block.time > head.time);
        Ok(new_blocks
            .map(|block| {
                let origin = window.iter().find(|origin| origin.number == block.epoch)?;
                (origin.number >= head.origin.number).then(|| Singular {
                    parent_hash: B256::ZERO,
                    epoch: origin.id(),
                    time: block.time,
                    transactions: block.transactions.clone(),
                })
            })
            .collect())
    }

    // From Holocene

    fn strict_block(&mut self, current: usize) -> Result<(), End> {
        loop {
            // F-002, F-003: what comes out of such a block is past
            if self.l1[current].origin.number <= self.head().origin.number {
                if self.next_batch(current).is_none() {
                    return Ok(());
                }
                continue;
            }
            let candidate = match self.next_streamed() {
                Some(batch) => Some(batch),
                None => match self.next_batch(current) {
                    None => match self.empty_batch(current, true)? {
                        None => return Ok(()),
                        Some(empty) => {
                            self.build(&empty, true)?; // nothing to judge
                            continue;
                        }
                    },
                    Some(Batch::Singular(batch)) => Some(batch),
                    Some(Batch::Span(span)) => self.open_span(&span, current)?,
                },
            };
            let Some(batch) = candidate else { continue };
            let window = self.window(current)?;
            match verdict::singular(self.cfg, window, self.head(), &batch, &self.l1[current].origin) {
                Verdict::Accept => drop(self.build(&batch, true)?),
                Verdict::Drop(_) => self.flush(), // F-081
                Verdict::Past | Verdict::Undecided | Verdict::Future => {} // F-082, F-076
            }
        }
    }

    /// F-072 to F-076: judges the span and gives its first new block.
    fn open_span(&mut self, span: &Span, current: usize) -> Result<Option<Singular>, End> {
        let window = self.window(current)?;
        match verdict::span_strict(self.cfg, window, &self.chain, span, &self.l1[current].origin) {
            Verdict::Accept => match self.extract(span, current)? {
                Some(batches) => self.span = batches.into(),
                None => self.flush(), // F-074
            },
            Verdict::Drop(_) => self.flush(), // F-075, F-073
            // F-075: past drops the span alone. F-076: undecided is lost, as it was taken from the channel.
            Verdict::Past | Verdict::Undecided | Verdict::Future => {}
        }
        Ok(self.next_streamed())
    }

    /// F-080, F-083: the next block of the span, if it is the next block of the chain.
    fn next_streamed(&mut self) -> Option<Singular> {
        if self.span.front()?.time != self.next_time() {
            self.span.clear(); // F-083
        }
        let mut batch = self.span.pop_front()?;
        batch.parent_hash = self.head().hash; // F-080
        Some(batch)
    }

    /// The next batch of the channel being decoded, or of the next channel.
    fn next_batch(&mut self, current: usize) -> Option<Batch> {
        loop {
            if let Some(batch) = self.channel.pop_front() {
                return Some(batch);
            }
            let first = (0..=current).find(|&n| self.is_strict(n))?; // C-016, D-027
            let data = channels::next_strict(self.cfg, &self.frames[first..=current], &mut self.position)?;
            self.channel = channels::batches(self.cfg, &data, self.l1[current].origin.time).into();
        }
    }

    /// F-090: the span, the channel being decoded, the staging channel; no frame that is still queued.
    fn flush(&mut self) {
        self.span.clear();
        self.channel.clear();
        self.position.flush(); // D-026
    }

    // At every fork

    /// F-085 to F-088.
    fn empty_batch(&mut self, current: usize, dry: bool) -> Result<Option<Singular>, End> {
        let window = self.window(current)?;
        let &[epoch, next_epoch, ..] = window else { return Ok(None) }; // F-085: next_epoch is known
        let (now, last) = (self.l1[current].origin.number, epoch.number + self.cfg.seq_window_size);
        if !(now > last || now == last && dry) {
            return Ok(None); // F-085: the window is not over
        }
        let head = self.head();
        let first_of_epoch = epoch.number == head.origin.number + 1;
        if self.next_time() >= next_epoch.time.0 && !first_of_epoch {
            self.moved_front = next_epoch.number; // F-087
            return Ok(None);
        }
        Ok(Some(Singular {
            parent_hash: head.hash, // F-088
            epoch: epoch.id(),      // F-086
            time: self.next_time(),
            transactions: Vec::new(),
        }))
    }

    /// Turns a batch into a block and has it executed. False: refused, and the safe head stays (H-013).
    fn build(&mut self, batch: &Singular, strict: bool) -> Result<bool, End> {
        let block = self.attributes(batch)?;
        if (self.accepts)(&block) {
            self.push(block);
            return Ok(true);
        }
        if block.transactions.is_empty() {
            return Err(End::Critical("H-014"));
        }
        // H-012: by the time of the L1 block that the attributes were derived from
        if !strict {
            return Ok(false); // H-013
        }
        let replaced = Block { transactions: Vec::new(), deposits_only: true, ..block }.sealed(); // H-011, H-015
        if !(self.accepts)(&replaced) {
            return Err(End::Critical("H-014"));
        }
        self.push(replaced);
        self.flush(); // H-011, H-018
        Ok(true)
    }

    /// H-003.
    fn push(&mut self, block: Block) {
        self.executed.push((block.clone(), self.reading));
        self.chain.push(block);
    }

    /// G.1.
    fn attributes(&self, batch: &Singular) -> Result<Block, End> {
        let parent = self.head();
        if batch.parent_hash != parent.hash || batch.time != self.next_time() {
            return Err(End::Reset("G-006"));
        }
        let epoch = self.l1.iter().find(|block| block.origin.id() == batch.epoch);
        let epoch = epoch.ok_or(End::Reset("G-003"))?;
        let opens = epoch.origin.number != parent.origin.number; // G-002
        let linked = if opens { epoch.origin.parent_hash } else { epoch.origin.hash };
        if linked != parent.origin.hash {
            return Err(End::Reset("G-003"));
        }
        if batch.time < epoch.origin.time.0 {
            return Err(End::Reset("G-004"));
        }
        Ok(Block {
            number: parent.number + 1,
            hash: B256::ZERO,
            parent_hash: parent.hash,
            time: batch.time, // G-040
            origin: batch.epoch,
            sequence_number: if opens { 0 } else { parent.sequence_number + 1 }, // G-005
            system: system::of_block(self.cfg, parent, opens.then_some(&epoch.updates[..]))?,
            deposits: if opens { epoch.deposits.clone() } else { Vec::new() }, // G-002
            transactions: batch.transactions.clone(),
            deposits_only: false,
        }
        .sealed())
    }
}
