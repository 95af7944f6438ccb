//! Adversarial L1 histories out of a number, across fork times, and what both derivations make of them.

pub mod beside;
pub mod blobs;
pub mod carrier;
pub mod compare;
pub mod dice;
pub mod extremes;
pub mod faults;
pub mod log;
pub mod payload;
pub mod plan;
pub mod poster;
pub mod raw;
pub mod sequencer;
pub mod sides;
pub mod sniper;

use crate::reference::{self, Block, Derived, L1Block};
use dice::Dice;
use extremes::Extreme;
use poster::Poster;
use sequencer::Sequencer;
use unroll_protocol::config::RollupConfig;

pub use compare::{Agreement, Difference, compare};
pub use plan::accepts;

/// The file with the upgrade transactions of Karst (G-054), where it is at hand.
pub fn karst_bundle() -> Option<Vec<u8>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/protocol/karst_nut_bundle.json");
    std::fs::read(path).ok()
}

/// What derivation is given.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// The rollup.
    pub cfg: RollupConfig,
    /// From the rollup's genesis on.
    pub l1: Vec<L1Block>,
    /// How many L2 blocks after genesis are agreed on.
    pub agreed: usize,
    /// The index of the L1 block that derivation starts from.
    pub base: usize,
}

impl History {
    /// The history with this number.
    pub fn generate(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let mild = dice.chance(600);
        let (cfg, mut l1) = plan::world(&mut dice, mild);
        l1.retain(|block| block.origin.number >= cfg.genesis.l1.number);
        fill(&mut dice, &cfg, &mut l1, mild);
        let mut history = Self { cfg, l1, agreed: 0, base: 0 };
        if dice.chance(300) {
            history.start_later(&mut dice);
        }
        history
    }

    /// The safe chain that is agreed on: genesis, and what the rules make of the history up to the agreed block.
    pub fn safe_chain(&self) -> Vec<Block> {
        let mut chain = vec![Block::genesis(&self.cfg)];
        if self.agreed > 0 {
            let derived = reference::derive(&self.cfg, &chain, &self.l1, &accepts);
            chain.extend(derived.blocks.into_iter().take(self.agreed));
        }
        chain
    }

    /// What the rules make of it after the agreed block.
    pub fn derive_by_the_rules(&self, safe: &[Block]) -> Derived {
        reference::derive(&self.cfg, safe, &self.l1[self.base..], &accepts)
    }

    /// Starts in the middle of the chain, from a base that is mostly far enough back (H-030).
    fn start_later(&mut self, dice: &mut Dice) {
        let derived = reference::derive(&self.cfg, &[Block::genesis(&self.cfg)], &self.l1, &accepts);
        let Some(last) = derived.blocks.len().checked_sub(1) else { return };
        self.agreed = 1 + dice.index(last + 1);
        let origin = derived.blocks[self.agreed - 1].origin.number - self.cfg.genesis.l1.number;
        let back = dice.pick(&[0, 1, self.cfg.channel_timeout, self.cfg.channel_timeout.max(50), 1000]);
        self.base = usize::try_from(origin.saturating_sub(back)).unwrap_or_default();
    }
}

/// Puts data into the L1 blocks: the sequencer builds, the poster posts, and now and then both look at what is safe.
fn fill(dice: &mut Dice, cfg: &RollupConfig, l1: &mut [L1Block], mild: bool) {
    let mut sequencer = Sequencer::new(dice, cfg);
    let mut poster = Poster::new(dice, mild);
    let diligence = if mild { dice.range(500, 1000) } else { dice.pick(&[1000, 300, 120]) };
    let lead = dice.pick(&[0, 0, 1, 30]);
    let confirmations = if mild { 0 } else { dice.pick(&[0, 1, 3]) };
    let (extreme, pause) = (Extreme::plan(dice, l1.len()), extremes::pause(dice));
    let (look, aim) = (dice.count(3, 12), dice.pick(&[0, 300, 900]));
    for now in 1..l1.len() {
        let known = &l1[..now.saturating_sub(confirmations).max(1)];
        sequencer.build(dice, cfg, known, l1[now].origin.time.0 + lead);
        if let Some(Extreme { kind, .. }) = extreme.filter(|extreme| extreme.at == now) {
            poster.overdo(dice, cfg, &l1[..=now], &sequencer, kind);
        }
        if dice.chance(diligence) {
            poster.post(dice, cfg, &l1[..=now], &sequencer);
        }
        l1[now].data = poster.due(dice, now);
        let closing = extreme.is_some_and(|extreme| extreme.at + pause == now + 1) && now + 1 < l1.len();
        if now % look == 0 || closing {
            let mut safe = vec![Block::genesis(cfg)];
            safe.extend(reference::derive(cfg, &safe, &l1[..=now], &accepts).blocks);
            if closing {
                poster.close(cfg, &l1[..=now + 1], &sniper::ahead(cfg, l1, now + 1, &safe));
            }
            let kept = sequencer.follow(&safe);
            poster.next = if dice.chance(500) { safe.len() } else { poster.next.min(kept) }; // again, or go on
            if now + 1 < l1.len() && dice.chance(aim) {
                let shots = match dice.range(0, 9) {
                    0 => sniper::ahead(cfg, l1, now + 1, &safe),
                    _ => sniper::shots(dice, cfg, &l1[..=now], &safe),
                };
                poster.shoot(dice, cfg, &l1[..=now + 1], shots);
            }
        }
    }
}
