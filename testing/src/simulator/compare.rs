//! The comparison: `unroll-derive` over the same L1 blocks and the same pretended execution, attributes by attributes.

use super::{History, accepts};
use crate::reference::{Block, Derived, End, L1Block, activates, active, system};
use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes, Sealed, keccak256};
use op_alloy_rpc_types_engine::OpPayloadAttributes;
use std::collections::{BTreeMap, VecDeque};
use unroll_derive::{
    DeriveError, Event, FEE_RECIPIENT, L1Input, Pipeline, Poll, SafeBlock, window::transactions_digest,
};
use unroll_protocol::{
    config::RollupConfig,
    deposit::{DEPOSIT_TX_TYPE, DepositTx},
    extra_data::BaseFeeSettings,
    forks::Fork,
    l1_info::{L1Info, l1_info_deposit},
    system_config::Eip1559Params,
    tip::Tip,
    units::{BlockId, L2Time},
    upgrades::{Upgrade, decode_bundle, upgrade_transactions},
};

/// What both sides agreed on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// How many blocks.
    pub blocks: usize,
    /// How many of them have transactions from a batch.
    pub busy: usize,
    /// How many of them replace a refused payload.
    pub replaced: usize,
    /// Whether it ended at a Karst activation block for want of the bundle.
    pub no_bundle: bool,
    /// Whether it ended with a reset or worse.
    pub halted: bool,
    /// How often each rule decided something.
    pub rules: BTreeMap<&'static str, u64>,
}

/// The first thing that they do not agree on.
#[derive(Clone, Debug)]
pub struct Difference {
    /// How many blocks were alike.
    pub alike: usize,
    /// What the rules say.
    pub rules: String,
    /// What the pipeline says.
    pub pipeline: String,
    /// The pipeline's last decisions.
    pub events: VecDeque<String>,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "after {} equal blocks", self.alike)?;
        writeln!(f, "the rules:    {}\nthe pipeline: {}", self.rules, self.pipeline)?;
        self.events.iter().try_for_each(|event| writeln!(f, "  {event}"))
    }
}

/// Derives the history both ways. `bundle` is the file with the upgrade transactions of Karst.
pub fn compare(history: &History, bundle: Option<&[u8]>) -> Result<Agreement, Box<Difference>> {
    let safe = history.safe_chain();
    let rules = history.derive_by_the_rules(&safe);
    Comparison {
        history,
        bundle,
        rules: &rules,
        chain: safe,
        alike: 0,
        agreement: Agreement::default(),
        events: VecDeque::new(),
    }
    .run()
}

struct Comparison<'a> {
    history: &'a History,
    bundle: Option<&'a [u8]>,
    rules: &'a Derived,
    /// What the pipeline's attributes were made into.
    chain: Vec<Block>,
    alike: usize,
    agreement: Agreement,
    events: VecDeque<String>,
}

impl Comparison<'_> {
    fn run(mut self) -> Result<Agreement, Box<Difference>> {
        let History { cfg, l1, base, .. } = self.history;
        let mut tip = self.tip();
        let mut pipeline = Pipeline::new(cfg, &tip, l1[*base].origin);
        let mut asked_before = None;
        loop {
            let poll = pipeline.poll(&tip);
            self.note(pipeline.drain_events());
            let outcome = match poll {
                Ok(Poll::Attributes(attributes)) => match self.execute(&mut pipeline, &tip, *attributes) {
                    Ok(None) => Ok(()),
                    Ok(Some(next)) => {
                        self.matched();
                        (tip, asked_before) = (next, None);
                        Ok(())
                    }
                    Err(difference) => return Err(self.differ(difference.0, difference.1)),
                },
                Ok(Poll::NeedL1 { number }) => match l1.iter().find(|block| block.origin.number == number) {
                    Some(block) => {
                        asked_before = None;
                        pipeline.push_l1(input(block))
                    }
                    None => break self.ended(End::OutOfL1)?,
                },
                Ok(Poll::NeedL2 { numbers, .. }) if asked_before.as_ref() == Some(&numbers) => {
                    return Err(self.differ(
                        self.expected(),
                        format!("asks for the L2 blocks {numbers:?} again and again"),
                    ));
                }
                Ok(Poll::NeedL2 { numbers, .. }) => {
                    asked_before = Some(numbers.clone());
                    let asked = self.chain.iter().filter(|block| numbers.contains(&block.number));
                    pipeline.push_l2(asked.map(safe_block).collect());
                    Ok(())
                }
                Ok(Poll::NeedBundle { .. }) => match self.bundle {
                    Some(bundle) => pipeline.push_bundle(bundle),
                    None => {
                        self.agreement.no_bundle = true;
                        break;
                    }
                },
                Err(error) => Err(error),
            };
            match outcome {
                Ok(()) => {}
                Err(DeriveError::Reset(_)) => break self.ended(End::Reset(""))?,
                Err(DeriveError::Critical(_)) => break self.ended(End::Critical(""))?,
                Err(error) => return Err(self.differ(self.expected(), error.to_string())),
            }
        }
        self.agreement.halted = self.rules.end != End::OutOfL1;
        Ok(self.agreement)
    }

    /// Pretends to execute. `None`: refused, another batch is wanted. The error is a pair of what should be and what is.
    fn execute(
        &mut self,
        pipeline: &mut Pipeline<'_>,
        tip: &Tip,
        attributes: OpPayloadAttributes,
    ) -> Result<Option<Tip>, (String, String)> {
        let cfg = &self.history.cfg;
        let block = block_of(cfg, tip, &attributes);
        let (block, attributes) = if accepts(&block) {
            (block, attributes)
        } else {
            match pipeline.reject(attributes) {
                Ok(Some(replacement)) => (block_of(cfg, tip, &replacement), replacement),
                Ok(None) => return Ok(None),
                Err(error) => return Err((self.expected(), format!("refused, and then: {error}"))),
            }
        };
        self.note(pipeline.drain_events());
        let Some(expected) = self.rules.blocks.get(self.alike) else {
            return Err((self.expected(), format!("{block:?}")));
        };
        let built = self.attributes(expected);
        if (expected.hash, &built) != (block.hash, &attributes) {
            return Err((format!("{expected:?} {built:?}"), format!("{block:?} {attributes:?}")));
        }
        self.chain.push(expected.clone());
        Ok(Some(self.tip()))
    }

    /// The attributes that a block by the rules stands for (G-001, G-025 to G-045).
    fn attributes(&self, block: &Block) -> OpPayloadAttributes {
        let cfg = &self.history.cfg;
        let origin = self.origin(block);
        let mut transactions = vec![self.l1_info(block)];
        transactions.extend_from_slice(&block.deposits);
        transactions.extend(Fork::ALL.iter().filter(|&&f| activates(cfg, f, block.time)).flat_map(|&fork| {
            match upgrade_transactions(fork) {
                Upgrade::None => Vec::new(),
                Upgrade::Builtin(builtin) => builtin.transactions().collect(),
                Upgrade::Bundle { .. } => {
                    self.bundle.and_then(|json| decode_bundle(fork, json).ok()).unwrap_or_default()
                }
            }
        }));
        transactions.extend_from_slice(&block.transactions);
        let mut attributes = OpPayloadAttributes::default();
        attributes.payload_attributes.timestamp = block.time;
        attributes.payload_attributes.prev_randao = input(origin).prev_randao;
        attributes.payload_attributes.suggested_fee_recipient = FEE_RECIPIENT;
        attributes.payload_attributes.withdrawals = active(cfg, Fork::Canyon, block.time).then(Vec::new); // G-042
        attributes.payload_attributes.parent_beacon_block_root = active(cfg, Fork::Ecotone, block.time)
            .then(|| input(origin).parent_beacon_block_root.unwrap_or_default()); // G-043
        attributes.transactions = Some(transactions);
        attributes.no_tx_pool = Some(true);
        attributes.gas_limit = Some(gas_limit(cfg, block));
        attributes.eip_1559_params =
            active(cfg, Fork::Holocene, block.time).then(|| eip1559(cfg, block).to_bytes().into());
        attributes.min_base_fee = active(cfg, Fork::Jovian, block.time).then_some(block.system.min_base_fee); // G-045
        attributes
    }

    /// What the last block of the chain leaves for the next.
    fn tip(&self) -> Tip {
        let cfg = &self.history.cfg;
        let block = &self.chain[self.chain.len() - 1];
        let format = cfg.forks.execution(L2Time(block.time)).extra_data;
        let mut eip1559 = eip1559(cfg, block);
        if eip1559 == Eip1559Params::default() {
            eip1559.denominator = cfg.base_fee.denominator_canyon;
            eip1559.elasticity = cfg.base_fee.elasticity;
        }
        let header = Header {
            number: block.number,
            parent_hash: block.parent_hash,
            timestamp: block.time,
            gas_limit: gas_limit(cfg, block),
            extra_data: BaseFeeSettings { eip1559, min_base_fee: block.system.min_base_fee }.encode(format),
            ..Default::default()
        };
        let info = if block.number == cfg.genesis.l2.number { Bytes::new() } else { self.l1_info(block) };
        Tip::from_block(cfg, Sealed::new_unchecked(header, block.hash), Some(&info[..]))
            .expect("made by the rules that read it")
    }

    fn l1_info(&self, block: &Block) -> Bytes {
        let L1Block { origin, fees, .. } = self.origin(block);
        let time = L2Time(block.time);
        l1_info_deposit(&self.history.cfg, &block.system, origin, fees, block.sequence_number, time)
            .expect("the reference has looked at the scalar")
    }

    fn origin(&self, block: &Block) -> &L1Block {
        let mut l1 = self.history.l1.iter();
        l1.find(|l1| l1.origin.number == block.origin.number).expect("origins are L1 blocks")
    }

    fn note(&mut self, events: impl Iterator<Item = Event>) {
        for event in events {
            *self.agreement.rules.entry(event.rule()).or_default() += 1;
            self.events.push_back(format!("{} {event:?}", event.rule()));
            if self.events.len() > 25 {
                self.events.pop_front();
            }
        }
    }

    fn expected(&self) -> String {
        self.rules
            .blocks
            .get(self.alike)
            .map_or_else(|| format!("{:?}", self.rules.end), |block| format!("{block:?}"))
    }

    fn matched(&mut self) {
        let block = &self.rules.blocks[self.alike];
        self.alike += 1;
        self.agreement.blocks += 1;
        self.agreement.busy += usize::from(!block.transactions.is_empty());
        self.agreement.replaced += usize::from(block.deposits_only);
    }

    fn ended(&self, end: End) -> Result<(), Box<Difference>> {
        let same_end = std::mem::discriminant(&end) == std::mem::discriminant(&self.rules.end);
        if self.alike == self.rules.blocks.len() && same_end {
            return Ok(());
        }
        Err(self.differ(self.expected(), format!("{end:?}")))
    }

    fn differ(&self, rules: String, pipeline: String) -> Box<Difference> {
        Box::new(Difference { alike: self.alike, rules, pipeline, events: self.events.clone() })
    }
}

/// A-046, G-041.
fn gas_limit(cfg: &RollupConfig, block: &Block) -> u64 {
    let upgrade = activates(cfg, Fork::Karst, block.time);
    block.system.gas_limit + if upgrade { system::KARST_UPGRADE_GAS } else { 0 }
}

/// G-044: zeros in Holocene's activation block.
fn eip1559(cfg: &RollupConfig, block: &Block) -> Eip1559Params {
    if activates(cfg, Fork::Holocene, block.time) { Eip1559Params::default() } else { block.system.eip1559 }
}

/// The block that attributes stand for, as far as execution and hash look at it.
fn block_of(cfg: &RollupConfig, tip: &Tip, attributes: &OpPayloadAttributes) -> Block {
    let time = attributes.payload_attributes.timestamp;
    let all = attributes.transactions.as_deref().unwrap_or_default();
    let info = all.first().and_then(|tx| DepositTx::decode(tx).ok());
    let info = info.and_then(|tx| L1Info::decode(&tx.data, cfg.l1_info_format(L2Time(time))).ok());
    let is_deposit = |tx: &&Bytes| tx.first() == Some(&DEPOSIT_TX_TYPE);
    Block {
        number: tip.block.number + 1,
        hash: B256::ZERO,
        parent_hash: tip.block.hash,
        time,
        origin: info.map_or(BlockId::default(), |info| info.origin),
        sequence_number: info.map_or(u64::MAX, |info| info.sequence_number),
        system: tip.system,
        deposits: all.iter().filter(is_deposit).skip(1).cloned().collect(),
        transactions: all.iter().filter(|tx| !is_deposit(tx)).cloned().collect(),
        deposits_only: false,
    }
    .sealed()
}

fn safe_block(block: &Block) -> SafeBlock {
    SafeBlock {
        number: block.number,
        hash: block.hash,
        l1_origin: block.origin.number,
        transactions: Some(transactions_digest(&block.transactions)),
    }
}

fn input(block: &L1Block) -> L1Input {
    let hash = block.origin.hash;
    L1Input {
        origin: block.origin,
        prev_randao: keccak256(hash),
        parent_beacon_block_root: (hash[0] != 0).then(|| keccak256(keccak256(hash))),
        fees: block.fees,
        updates: block.updates.clone(),
        deposits: block.deposits.clone(),
        data: block.data.clone(),
    }
}
