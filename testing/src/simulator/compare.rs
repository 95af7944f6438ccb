//! The comparison: `unroll-derive` over the same L1 blocks and the same pretended execution, attributes by attributes.

use super::{
    History, accepts,
    payload::{attributes, block_of, tip},
    sides::{Direct, Driven, Side, Step, Stop},
};
use crate::reference::{Block, Derived, End, base, derive};
use op_alloy_rpc_types_engine::OpPayloadAttributes;
use std::collections::{BTreeMap, VecDeque};
use unroll_derive::Event;
use unroll_protocol::tip::Tip;

/// What both sides agreed on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// How many blocks were executed.
    pub blocks: usize,
    /// How many of them are not in the chain in the end, as their span was not applied whole.
    pub voided: usize,
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

/// Derives the history by the rules; by the pipeline, which is given the reduced L1 blocks; and by the driver, which
/// reads L1 and L2 blocks as they are. `bundle` is the file with the upgrade transactions of Karst.
pub fn compare(history: &History, bundle: Option<&[u8]>) -> Result<Agreement, Box<Difference>> {
    let safe = history.safe_chain();
    let head = tip(history, &safe[safe.len() - 1]);
    let rules = history.derive_by_the_rules(&safe);
    let mut agreement =
        Comparison::new(history, bundle, &rules, &safe).run(&mut Direct::new(history, &head, bundle))?;
    let base = base(&history.cfg, &safe, &history.l1);
    let rules = match base == history.base {
        true => rules,
        false => derive(&history.cfg, &safe, &history.l1[base..], &accepts),
    };
    let comparison = Comparison::new(history, bundle, &rules, &safe);
    match Driven::new(history, &head, bundle, &safe) {
        Ok(mut driven) => {
            let rules = comparison.run(&mut driven)?.rules; // those of finding our data, too
            rules.into_iter().for_each(|(rule, count)| *agreement.rules.entry(rule).or_default() += count);
            Ok(agreement)
        }
        Err(stop) => Err(comparison.differ("a start".into(), format!("{stop:?}"))),
    }
}

struct Comparison<'a> {
    history: &'a History,
    bundle: Option<&'a [u8]>,
    rules: &'a Derived,
    /// What the attributes were made into.
    chain: Vec<Block>,
    alike: usize,
    agreement: Agreement,
    events: VecDeque<String>,
}

impl<'a> Comparison<'a> {
    fn new(history: &'a History, bundle: Option<&'a [u8]>, rules: &'a Derived, safe: &[Block]) -> Self {
        let (agreement, events) = (Agreement::default(), VecDeque::new());
        Self { history, bundle, rules, chain: safe.to_vec(), alike: 0, agreement, events }
    }

    fn run(mut self, side: &mut dyn Side) -> Result<Agreement, Box<Difference>> {
        let mut head = self.tip();
        loop {
            let step = side.next(&head, &self.chain);
            self.note(side.events());
            match step {
                Ok(Step::Attributes(attributes)) => match self.execute(side, &head, attributes) {
                    Ok(next) => head = next,
                    Err((rules, pipeline)) => return Err(self.differ(rules, pipeline)),
                },
                Ok(Step::EndOfL1) => break self.ended(End::OutOfL1)?,
                Ok(Step::NoBundle) => {
                    self.agreement.no_bundle = true;
                    break;
                }
                Err(Stop::Reset(_)) => break self.ended(End::Reset(""))?,
                Err(Stop::Critical(_)) => break self.ended(End::Critical(""))?,
                Err(Stop::Fault(fault)) => return Err(self.differ(self.expected(), fault)),
            }
        }
        self.agreement.halted = self.rules.end != End::OutOfL1;
        Ok(self.agreement)
    }

    /// Pretends to execute. The error is a pair of what should be and what is.
    fn execute(
        &mut self,
        side: &mut dyn Side,
        head: &Tip,
        mut wanted: Box<OpPayloadAttributes>,
    ) -> Result<Tip, (String, String)> {
        let cfg = &self.history.cfg;
        let mut block = block_of(cfg, head, &wanted);
        if !accepts(&block) {
            let refusal = side.reject(wanted);
            let refusal =
                refusal.map_err(|error| (self.expected(), format!("refused, and then: {error}")))?;
            let Some(deposits) = refusal.deposits else {
                let before = self.chain.len();
                self.chain.retain(|block| block.number <= refusal.upon.number); // F-001
                self.agreement.voided += before - self.chain.len();
                return Ok(self.tip());
            };
            block = block_of(cfg, head, &deposits);
            wanted = deposits;
        }
        self.note(side.events());
        let Some((expected, due)) = self.rules.executed.get(self.alike) else {
            return Err((self.expected(), format!("{block:?}")));
        };
        let meant = attributes(self.history, expected, self.bundle);
        let (due, now) = (Some(*due), side.reading());
        if (expected.hash, &meant, due) != (block.hash, &*wanted, now) {
            let rules = format!("at {due:?} {expected:?} {meant:?}");
            return Err((rules, format!("at {now:?} {block:?} {wanted:?}")));
        }
        self.alike += 1;
        self.agreement.blocks += 1;
        self.agreement.busy += usize::from(!expected.transactions.is_empty());
        self.agreement.replaced += usize::from(expected.deposits_only);
        self.chain.push(expected.clone());
        Ok(self.tip())
    }

    fn tip(&self) -> Tip {
        tip(self.history, &self.chain[self.chain.len() - 1])
    }

    fn note(&mut self, events: Vec<Event>) {
        for event in events {
            *self.agreement.rules.entry(event.rule()).or_default() += 1;
            self.events.push_back(format!("{} {event:?}", event.rule()));
            if self.events.len() > 25 {
                self.events.pop_front();
            }
        }
    }

    fn expected(&self) -> String {
        let next = self.rules.executed.get(self.alike);
        next.map_or_else(|| format!("{:?}", self.rules.end), |(block, _)| format!("{block:?}"))
    }

    fn ended(&self, end: End) -> Result<(), Box<Difference>> {
        let same_end = std::mem::discriminant(&end) == std::mem::discriminant(&self.rules.end);
        if self.alike == self.rules.executed.len() && self.chain.ends_with(&self.rules.blocks) && same_end {
            return Ok(());
        }
        Err(self.differ(self.expected(), format!("{end:?}")))
    }

    fn differ(&self, rules: String, pipeline: String) -> Box<Difference> {
        Box::new(Difference { alike: self.alike, rules, pipeline, events: self.events.clone() })
    }
}
