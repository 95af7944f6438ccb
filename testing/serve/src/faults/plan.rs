//! Which faults a request meets.

use super::{Fault, Rule, When};
use crate::Node;
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use unroll_testing::simulator::dice::Dice;

/// The rules in force, and how often each was matched.
#[derive(Debug)]
pub(crate) struct Plan {
    seed: u64,
    rules: Mutex<Vec<Counted>>,
    requests: AtomicU64,
}

#[derive(Debug)]
struct Counted {
    rule: Rule,
    matched: u64,
    happened: u64,
}

/// What is to be done with one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) latency: Duration,
    pub(crate) rate_limit: Option<u64>,
    pub(crate) drop: bool,
    pub(crate) cut: bool,
    /// The calls of a batch, by their place, whose method is missing.
    pub(crate) missing: Vec<usize>,
    /// Where to flip: any number.
    pub(crate) flip: Option<u64>,
    /// The calls of a batch, by their place, that are to be answered as if another was asked; which: any number.
    pub(crate) swap: Vec<(usize, u64)>,
    pub(crate) stale: u64,
    pub(crate) reorg: Option<u64>,
}

impl Plan {
    pub(crate) fn new(seed: u64, rules: Vec<Rule>) -> Self {
        Self { seed, rules: Mutex::new(counted(rules)), requests: AtomicU64::new(0) }
    }

    /// Replaces the rules; counting begins anew.
    pub(crate) fn replace(&self, rules: Vec<Rule>) {
        *self.rules.lock().unwrap_or_else(PoisonError::into_inner) = counted(rules);
    }

    /// Every rule with how often its fault happened.
    pub(crate) fn happened(&self) -> Vec<(Rule, u64)> {
        let rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        rules.iter().map(|counted| (counted.rule.clone(), counted.happened)).collect()
    }

    /// How many requests there were.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// What is to be done with a request that calls these methods.
    pub(crate) fn decide(&self, node: Node, methods: &[String]) -> Decision {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let mut decision = Decision::default();
        for (place, counted) in (0..).zip(rules.iter_mut()) {
            for (call, method) in methods.iter().enumerate() {
                if !counted.rule.matches(node, method) {
                    continue;
                }
                counted.matched += 1;
                // Each call of each rule has throws of its own, whatever else happens.
                let mut dice = Dice::new(self.seed ^ (place << 48) ^ counted.matched);
                if happens(counted.rule.when, counted.matched, &mut dice) {
                    counted.happened += 1;
                    decision.add(counted.rule.fault, call, &mut dice);
                }
            }
        }
        decision
    }
}

fn counted(rules: Vec<Rule>) -> Vec<Counted> {
    rules.into_iter().map(|rule| Counted { rule, matched: 0, happened: 0 }).collect()
}

const fn happens(when: When, call: u64, dice: &mut Dice) -> bool {
    match when {
        When::Always => true,
        When::Chance(per_mille) => dice.chance(per_mille),
        When::Calls(first, last) => first <= call && call <= last,
        When::Every(calls) => call.is_multiple_of(calls.get()),
    }
}

impl Decision {
    fn add(&mut self, fault: Fault, call: usize, dice: &mut Dice) {
        match fault {
            Fault::Latency(duration) => self.latency += duration,
            Fault::RateLimit(seconds) => self.rate_limit = Some(seconds),
            Fault::Drop => self.drop = true,
            Fault::Cut => self.cut = true,
            Fault::Missing => self.missing.push(call),
            Fault::Flip => self.flip = Some(dice.number()),
            // Twice swapped could be the truth.
            Fault::Swap if self.swap.iter().any(|(other, _)| *other == call) => {}
            Fault::Swap => self.swap.push((call, dice.number())),
            Fault::Stale(blocks) => self.stale = self.stale.max(blocks),
            Fault::Reorg(blocks) => self.reorg = self.reorg.max(Some(blocks)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dropped(plan: &Plan, calls: usize) -> Vec<bool> {
        let mut all = Vec::new();
        all.resize_with(calls, || plan.decide(Node::L1, &["eth_chainId".into()]).drop);
        all
    }

    fn plan(seed: u64, rule: &str) -> Plan {
        Plan::new(seed, vec![rule.parse().expect("a rule")])
    }

    #[test]
    fn sequences_count_from_one() {
        assert_eq!(dropped(&plan(0, "eth_*=drop@2-3"), 4), [false, true, true, false]);
        assert_eq!(dropped(&plan(0, "eth_*=drop@3-"), 4), [false, false, true, true]);
        assert_eq!(dropped(&plan(0, "eth_*=drop@every:2"), 4), [false, true, false, true]);
        assert_eq!(dropped(&plan(0, "l2/eth_*=drop"), 1), [false]);
    }

    #[test]
    fn chance_is_the_seeds() {
        let of = |seed| dropped(&plan(seed, "eth_*=drop@30%"), 1000);
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
        let count = of(1).iter().filter(|dropped| **dropped).count();
        assert!((200..400).contains(&count), "{count} of 1000 is far from 30 %");
    }

    #[test]
    fn what_names_nothing_is_not_swapped() {
        let rules = ["*=swap@2-", "eth_getCode=swap"].map(|rule| rule.parse().expect("a rule"));
        let plan = Plan::new(0, rules.to_vec());
        let methods = ["eth_getCode", "eth_chainId", "eth_getCode"].map(String::from);
        let places: Vec<usize> =
            plan.decide(Node::L2, &methods).swap.into_iter().map(|(call, _)| call).collect();
        assert_eq!(places, [2, 0], "each call once");
        let happened: Vec<u64> = plan.happened().into_iter().map(|(_, count)| count).collect();
        assert_eq!(happened, [1, 2]);
    }

    #[test]
    fn all_rules_of_a_batch_add_up() {
        let rules =
            ["eth_chainId=latency:5", "eth_*=latency:7", "debug_dbGet=missing", "*=stale:2", "*=stale:1"];
        let plan = Plan::new(0, rules.map(|rule| rule.parse().expect("a rule")).to_vec());
        let methods = ["eth_chainId", "debug_dbGet", "debug_dbGet"].map(String::from);
        let decision = plan.decide(Node::L2, &methods);
        assert_eq!(decision.latency, Duration::from_millis(12));
        assert_eq!((decision.missing, decision.stale), (vec![1, 2], 2));
        let happened: Vec<u64> = plan.happened().into_iter().map(|(_, count)| count).collect();
        assert_eq!(happened, [1, 1, 2, 3, 3]);
    }
}
