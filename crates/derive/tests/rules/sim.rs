//! A made-up rollup: L1 blocks every 12 seconds, L2 blocks every 2, both counted from genesis.
//!
//! ```text
//! L1:  0           1           2           3       block k: number 50 + k,  time 1000 + 12 k
//! L2:  0 1 2 3 4 5 6 7 8 ...                       block j: number 100 + j, time 1000 + 2 j, hash l2_hash(j)
//! ```

use alloy_consensus::{Header, Sealable};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use op_alloy_rpc_types_engine::OpPayloadAttributes;
use std::collections::{BTreeMap, BTreeSet};
use unroll_derive::{
    DeriveError, Event, L1Input, Pipeline, Poll, SafeBlock,
    event::{DropReason, Fate},
    window::transactions_digest,
};
use unroll_protocol::{
    batch::{SingularBatch, SpanBlock},
    config::{BaseFeeConstants, Genesis, RollupConfig},
    deposit::DepositTx,
    forks::{Fork, ForkTimes},
    frame::{ChannelId, Frame},
    l1_info::{L1Fees, L1Info},
    system_config::SystemConfig,
    tip::Tip,
    units::{BlockId, L1Ref, L1Time, L2Ref, L2Time},
};
use unroll_testing::batcher::{self, Compression, Span};

pub const BATCHER: Address = Address::repeat_byte(0xba);
pub const INBOX: Address = Address::repeat_byte(0x1b);
pub const PORTAL: Address = Address::repeat_byte(0xd0);
pub const SYSTEM_CONFIG: Address = Address::repeat_byte(0x5c);

/// The sequencing window, in L1 blocks.
pub const WINDOW: u64 = 10;
/// The channel timeout before Granite, in L1 blocks.
pub const TIMEOUT: u64 = 4;
/// The sequencer drift before Fjord, in seconds.
pub const DRIFT: u64 = 20;

/// All forks up to and with `fork`, active from genesis.
pub fn at(fork: Fork) -> ForkTimes {
    Fork::ALL
        .into_iter()
        .filter(|&f| f <= fork && f != Fork::Bedrock)
        .fold(ForkTimes::NONE, |t, f| t.with(f, 0))
}

pub fn config(forks: ForkTimes) -> RollupConfig {
    RollupConfig {
        genesis: Genesis {
            l1: l1(0).id(),
            l2: BlockId { number: 100, hash: l2_hash(0) },
            l2_time: L2Time(1000),
            system_config: SystemConfig {
                batcher: BATCHER,
                gas_limit: 30_000_000,
                scalar: U256::from(1_000_000),
                ..SystemConfig::default()
            },
        },
        block_time: 2,
        max_sequencer_drift: DRIFT,
        seq_window_size: WINDOW,
        channel_timeout: TIMEOUT,
        l1_chain_id: 1,
        l2_chain_id: 10,
        forks,
        batch_inbox: INBOX,
        deposit_contract: PORTAL,
        l1_system_config: SYSTEM_CONFIG,
        base_fee: BaseFeeConstants::OP_MAINNET,
        ..RollupConfig::default()
    }
}

pub fn l1_time(k: u64) -> L1Time {
    L1Time(1000 + 12 * k)
}

pub fn l1(k: u64) -> L1Ref {
    let hash = |k: i128| keccak256(format!("L1 {k}"));
    L1Ref {
        number: 50 + k,
        hash: hash(i128::from(k)),
        parent_hash: hash(i128::from(k) - 1),
        time: l1_time(k),
    }
}

pub fn l2_hash(j: u64) -> B256 {
    keccak256(format!("L2 {j}"))
}

pub fn l2_time(j: u64) -> L2Time {
    L2Time(1000 + 2 * j)
}

/// A transaction of type 2 that only looks like one; derivation does not look further.
pub fn tx(name: &str) -> Bytes {
    [&[2], name.as_bytes()].concat().into()
}

pub fn singular(j: u64, epoch: u64, txs: &[Bytes]) -> SingularBatch {
    SingularBatch {
        parent_hash: l2_hash(j - 1),
        epoch: l1(epoch).id(),
        time: l2_time(j),
        transactions: txs.iter().collect(),
    }
}

/// A span of empty blocks from `start` on, one for each epoch.
pub fn span(start: u64, epochs: &[u64]) -> Span {
    let mut parent_check = [0; 20];
    parent_check.copy_from_slice(&l2_hash(start.saturating_sub(1))[..20]);
    let mut l1_origin_check = [0; 20];
    l1_origin_check.copy_from_slice(&l1(*epochs.last().unwrap()).hash[..20]);
    let block = |(index, epoch): (usize, &u64)| SpanBlock {
        time: l2_time(start + index as u64),
        epoch_number: 50 + epoch,
        ..SpanBlock::default()
    };
    let blocks = epochs.iter().enumerate().map(block).collect();
    Span { parent_check, l1_origin_check, first_origin_bit: false, blocks }
}

/// A real transaction, as spans need them.
pub fn real_tx(nonce: u64) -> Bytes {
    use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
    use alloy_eips::Encodable2718;
    use alloy_primitives::Signature;
    let tx = TxEip1559 { chain_id: 10, nonce, gas_limit: 21_000, ..TxEip1559::default() };
    let signed = tx.into_signed(Signature::new(U256::from(1), U256::from(2), false));
    TxEnvelope::from(signed).encoded_2718().into()
}

pub enum Item {
    Singular(SingularBatch),
    Span(Span),
    Raw(Vec<u8>),
}

impl From<SingularBatch> for Item {
    fn from(batch: SingularBatch) -> Self {
        Self::Singular(batch)
    }
}

impl From<Span> for Item {
    fn from(span: Span) -> Self {
        Self::Span(span)
    }
}

pub fn id(name: u8) -> ChannelId {
    ChannelId([name; 16])
}

pub fn frame(name: u8, number: u16, data: impl Into<Bytes>, is_last: bool) -> Frame {
    Frame { channel: id(name), number, data: data.into(), is_last }
}

/// What the pipeline made of a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derived {
    pub j: u64,
    pub epoch: u64,
    pub sequence_number: u64,
    /// Without deposits.
    pub transactions: Vec<Bytes>,
}

/// A rollup, its L1, and a pipeline over it.
pub struct Sim {
    pub cfg: &'static RollupConfig,
    pub tip: Tip,
    /// All blocks upon which attributes were derived, by number.
    tips: BTreeMap<u64, L2Ref>,
    pub pipeline: Pipeline<'static>,
    /// L1 blocks that differ from empty ones, by k.
    pub l1: BTreeMap<u64, L1Input>,
    /// L2 blocks that execution refuses once, by j.
    pub refuse: BTreeSet<u64>,
    /// L2 blocks that the pipeline may ask for, by j.
    pub safe: BTreeMap<u64, SafeBlock>,
    /// Execution refuses blocks with this transaction.
    pub poison: Option<Bytes>,
    /// The safe blocks that it asked for, as (first, last, with transactions).
    pub asked: Vec<(u64, u64, bool)>,
    pub bundle: Bytes,
    pub attributes: Vec<OpPayloadAttributes>,
    pub events: Vec<Event>,
}

impl Sim {
    /// Starts at genesis.
    pub fn new(forks: ForkTimes) -> Self {
        Self::with(config(forks), 0, 0, 0)
    }

    pub fn fork(fork: Fork) -> Self {
        Self::new(at(fork))
    }

    /// Starts at the L2 block `j` with origin `epoch`, and reads L1 from `base` on.
    pub fn with(cfg: RollupConfig, j: u64, epoch: u64, base: u64) -> Self {
        let cfg: &'static RollupConfig = Box::leak(Box::new(cfg));
        let block = L2Ref {
            number: 100 + j,
            hash: l2_hash(j),
            parent_hash: l2_hash(j.wrapping_sub(1)),
            time: l2_time(j),
            l1_origin: l1(epoch).id(),
            sequence_number: 0,
        };
        let tip = Tip { block, system: cfg.genesis.system_config, header: Header::default().seal_slow() };
        Self {
            cfg,
            pipeline: Pipeline::new(cfg, &tip, l1(base)),
            tip,
            tips: BTreeMap::new(),
            l1: BTreeMap::new(),
            refuse: BTreeSet::new(),
            poison: None,
            safe: BTreeMap::new(),
            asked: Vec::new(),
            bundle: Bytes::new(),
            attributes: Vec::new(),
            events: Vec::new(),
        }
    }

    /// The L1 block k, empty unless something was put into it.
    pub fn block(&mut self, k: u64) -> &mut L1Input {
        self.l1.entry(k).or_insert_with(|| empty_l1(k))
    }

    pub fn put(&mut self, k: u64, payload: Bytes) -> &mut Self {
        self.block(k).data.push(payload);
        self
    }

    pub fn put_frames(&mut self, k: u64, frames: &[Frame]) -> &mut Self {
        self.put(k, batcher::payload(frames))
    }

    /// Puts batches into one channel of one frame.
    pub fn put_batches(&mut self, k: u64, name: u8, items: Vec<Item>) -> &mut Self {
        let data = self.channel(items);
        self.put_frames(k, &[frame(name, 0, data, true)])
    }

    pub fn put_singular(&mut self, k: u64, batches: &[SingularBatch]) -> &mut Self {
        let name = 100 + u8::try_from(self.block(k).data.len() + self.l1.len()).unwrap();
        self.put_batches(k, name, batches.iter().cloned().map(Item::Singular).collect())
    }

    /// The compressed data of a channel.
    pub fn channel(&self, items: Vec<Item>) -> Bytes {
        let strings = items.iter().map(|item| match item {
            Item::Singular(batch) => batcher::singular(batch),
            Item::Span(span) => batcher::span(span, self.cfg).unwrap(),
            Item::Raw(bytes) => bytes.clone(),
        });
        batcher::compress(&batcher::stream(strings), Compression::Zlib(6)).into()
    }

    /// Derives until L1 block `last` is used up.
    pub fn run(&mut self, last: u64) -> Vec<Derived> {
        self.try_run(last).unwrap()
    }

    pub fn try_run(&mut self, last: u64) -> Result<Vec<Derived>, DeriveError> {
        let mut derived = Vec::new();
        loop {
            let poll = self.pipeline.poll(&self.tip);
            self.events.extend(self.pipeline.drain_events());
            match poll? {
                Poll::Attributes(attributes) => match self.execute(attributes)? {
                    Some(block) => derived.push(block),
                    // F-001: what was derived of a span is void.
                    None => derived.retain(|block: &Derived| 100 + block.j <= self.tip.block.number),
                },
                Poll::NeedL1 { number } if number > 50 + last => return Ok(derived),
                Poll::NeedL1 { number } => {
                    let block = self.l1.get(&(number - 50)).cloned();
                    self.pipeline.push_l1(block.unwrap_or_else(|| empty_l1(number - 50)))?;
                }
                Poll::NeedL2 { numbers, with_transactions } => {
                    let (first, end) = (numbers.start() - 100, numbers.end() - 100);
                    self.asked.push((first, end, with_transactions));
                    let strip = |block: SafeBlock| match with_transactions {
                        true => block,
                        false => SafeBlock { transactions: None, ..block },
                    };
                    let blocks = (first..=end).map(|j| strip(self.safe[&j]));
                    self.pipeline.push_l2(blocks.collect());
                }
                Poll::NeedBundle { .. } => self.pipeline.push_bundle(&self.bundle)?,
            }
        }
    }

    /// Takes attributes for a block, or refuses them once; what was refused before Holocene yields nothing, and the tip is what to
    /// go on from.
    fn execute(&mut self, attributes: Box<OpPayloadAttributes>) -> Result<Option<Derived>, DeriveError> {
        self.tips.insert(self.tip.block.number, self.tip.block);
        let j = (attributes.payload_attributes.timestamp - 1000) / 2;
        let poison = |tx: &Bytes| self.poison.as_ref() == Some(tx);
        let poisoned = attributes.transactions.as_ref().unwrap().iter().any(poison);
        let attributes = if self.refuse.remove(&j) || poisoned {
            let refusal = self.pipeline.reject(attributes)?;
            self.events.extend(self.pipeline.drain_events());
            self.tip.block = self.tips[&refusal.upon.number];
            let Some(replaced) = refusal.deposits else { return Ok(None) };
            replaced
        } else {
            attributes
        };
        let transactions = attributes.transactions.clone().unwrap();
        let info = DepositTx::decode(&transactions[0]).unwrap();
        let info = L1Info::decode(&info.data, self.cfg.l1_info_format(l2_time(j))).unwrap();
        self.tip.block = L2Ref {
            number: 100 + j,
            hash: l2_hash(j),
            parent_hash: self.tip.block.hash,
            time: l2_time(j),
            l1_origin: info.origin,
            sequence_number: info.sequence_number,
        };
        let transactions = transactions.into_iter().filter(|tx| tx[0] != 0x7e).collect();
        self.attributes.push(*attributes);
        let (epoch, sequence_number) = (info.origin.number - 50, info.sequence_number);
        Ok(Some(Derived { j, epoch, sequence_number, transactions }))
    }

    /// The rules that batches were dropped by, in order.
    pub fn dropped(&self) -> Vec<&'static str> {
        let rule = |event: &Event| match event {
            Event::Batch { fate: Fate::Dropped(why), .. } => Some(DropReason::rule(*why)),
            _ => None,
        };
        self.events.iter().filter_map(rule).collect()
    }

    pub fn fates(&self) -> Vec<Fate> {
        let fate = |event: &Event| match event {
            Event::Batch { fate, .. } => Some(*fate),
            _ => None,
        };
        self.events.iter().filter_map(fate).collect()
    }

    /// The rules of all events, in order.
    pub fn rules(&self) -> Vec<&'static str> {
        self.events.iter().map(Event::rule).collect()
    }

    pub fn count(&self, rule: &str) -> usize {
        self.rules().iter().filter(|&&r| r == rule).count()
    }
}

pub fn empty_l1(k: u64) -> L1Input {
    L1Input {
        origin: l1(k),
        prev_randao: keccak256(format!("randao {k}")),
        fees: L1Fees { base_fee: 7 + k, ..L1Fees::default() },
        ..L1Input::default()
    }
}

/// A safe block for the pipeline to ask for.
pub fn safe_block(j: u64, epoch: u64, txs: &[Bytes]) -> SafeBlock {
    let transactions = Some(transactions_digest(txs));
    SafeBlock { number: 100 + j, hash: l2_hash(j), l1_origin: 50 + epoch, transactions }
}

/// The L2 blocks and epochs, for comparisons in one line.
pub fn slots(derived: &[Derived]) -> Vec<(u64, u64)> {
    derived.iter().map(|block| (block.j, block.epoch)).collect()
}

/// Which blocks have transactions.
pub fn filled(derived: &[Derived]) -> Vec<u64> {
    derived.iter().filter(|block| !block.transactions.is_empty()).map(|block| block.j).collect()
}
