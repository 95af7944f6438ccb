//! Rules as text, for the command line.

use super::{Fault, Rule, When};
use crate::Node;
use std::{fmt, num::NonZeroU64, str::FromStr, time::Duration};

/// What is wrong with a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// There is no fault.
    #[error("`{0}` is no rule: METHOD=FAULT[@WHEN] is, as eth_getBlockByHash=latency:200@50%")]
    Shape(String),
    /// Before the method.
    #[error("`{0}` is no node: l1, beacon, l2, rollup and da are")]
    Node(String),
    /// After `=`.
    #[error(
        "`{0}` is no fault: latency:MILLISECONDS, rate-limit:SECONDS, drop, cut, missing, flip, swap, stale:BLOCKS \
         and reorg:BLOCKS are"
    )]
    Fault(String),
    /// After `@`.
    #[error("`{0}` is no time: 20% (of the calls), 3, 1-3, 5- (calls, from 1) and every:4 are")]
    When(String),
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let (subject, rest) = text.split_once('=').ok_or_else(|| RuleError::Shape(text.into()))?;
        let (fault, when) = match rest.split_once('@') {
            Some((fault, when)) => (fault, when.parse()?),
            None => (rest, When::Always),
        };
        let (node, method) = match subject.split_once('/') {
            Some((node, method)) => (Some(node_of(node)?), method),
            None => (None, subject),
        };
        if method.is_empty() {
            return Err(RuleError::Shape(text.into()));
        }
        Ok(Self { node, method: method.into(), fault: fault.parse()?, when })
    }
}

fn node_of(name: &str) -> Result<Node, RuleError> {
    let node = Node::ALL.into_iter().find(|node| node.name() == name);
    node.ok_or_else(|| RuleError::Node(name.into()))
}

impl FromStr for Fault {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let (name, amount) = match text.split_once(':') {
            Some((name, amount)) => (name, amount.parse().ok()),
            None => (text, None),
        };
        match (name, amount) {
            ("latency", Some(milliseconds)) => Ok(Self::Latency(Duration::from_millis(milliseconds))),
            ("rate-limit", Some(seconds)) => Ok(Self::RateLimit(seconds)),
            ("stale", Some(blocks)) => Ok(Self::Stale(blocks)),
            ("reorg", Some(blocks)) => Ok(Self::Reorg(blocks)),
            _ => match text {
                "drop" => Ok(Self::Drop),
                "cut" => Ok(Self::Cut),
                "missing" => Ok(Self::Missing),
                "flip" => Ok(Self::Flip),
                "swap" => Ok(Self::Swap),
                _ => Err(RuleError::Fault(text.into())),
            },
        }
    }
}

impl FromStr for When {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let wrong = || RuleError::When(text.into());
        let call = |text: &str| text.parse().ok().filter(|call| *call > 0);
        if let Some(percent) = text.strip_suffix('%') {
            return per_mille(percent).map(Self::Chance).ok_or_else(wrong);
        }
        if let Some(calls) = text.strip_prefix("every:") {
            return calls.parse::<NonZeroU64>().map(Self::Every).map_err(|_| wrong());
        }
        let calls = match text.split_once('-') {
            Some((first, "")) => call(first).map(|first| (first, u64::MAX)),
            Some((first, last)) => call(first).zip(call(last)).filter(|(first, last)| first <= last),
            None => call(text).map(|only| (only, only)),
        };
        calls.map(|(first, last)| Self::Calls(first, last)).ok_or_else(wrong)
    }
}

/// Percent with at most one decimal.
fn per_mille(percent: &str) -> Option<u64> {
    let (whole, tenths) = percent.split_once('.').unwrap_or((percent, "0"));
    let tenths = tenths.parse().ok().filter(|_| tenths.len() == 1)?;
    let per_mille = whole.parse::<u64>().ok()?.checked_mul(10)?.checked_add(tenths)?;
    (per_mille <= 1000).then_some(per_mille)
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(node) = self.node {
            write!(f, "{}/", node.name())?;
        }
        write!(f, "{}={}{}", self.method, self.fault, self.when)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latency(duration) => write!(f, "latency:{}", duration.as_millis()),
            Self::RateLimit(seconds) => write!(f, "rate-limit:{seconds}"),
            Self::Drop => f.write_str("drop"),
            Self::Cut => f.write_str("cut"),
            Self::Missing => f.write_str("missing"),
            Self::Flip => f.write_str("flip"),
            Self::Swap => f.write_str("swap"),
            Self::Stale(blocks) => write!(f, "stale:{blocks}"),
            Self::Reorg(blocks) => write!(f, "reorg:{blocks}"),
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Always => Ok(()),
            Self::Chance(per_mille) => write!(f, "@{}.{}%", per_mille / 10, per_mille % 10),
            Self::Calls(first, last) if first == last => write!(f, "@{first}"),
            Self::Calls(first, u64::MAX) => write!(f, "@{first}-"),
            Self::Calls(first, last) => write!(f, "@{first}-{last}"),
            Self::Every(calls) => write!(f, "@every:{calls}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(node: Option<Node>, method: &str, fault: Fault, when: When) -> Rule {
        Rule { node, method: method.into(), fault, when }
    }

    #[test]
    fn rules_are_read_and_written() {
        let every = NonZeroU64::new(4).expect("4 is not 0");
        let rules = [
            ("*=drop", rule(None, "*", Fault::Drop, When::Always)),
            (
                "l1/eth_*=latency:200@20%",
                rule(Some(Node::L1), "eth_*", Fault::Latency(Duration::from_millis(200)), When::Chance(200)),
            ),
            (
                "l2/debug_dbGet=missing@2",
                rule(Some(Node::L2), "debug_dbGet", Fault::Missing, When::Calls(2, 2)),
            ),
            ("beacon/blobs=cut@1-3", rule(Some(Node::Beacon), "blobs", Fault::Cut, When::Calls(1, 3))),
            ("a=rate-limit:1@5-", rule(None, "a", Fault::RateLimit(1), When::Calls(5, u64::MAX))),
            ("a=stale:2@every:4", rule(None, "a", Fault::Stale(2), When::Every(every))),
            ("a=reorg:3@0.5%", rule(None, "a", Fault::Reorg(3), When::Chance(5))),
            ("l1/eth_*=swap@2-", rule(Some(Node::L1), "eth_*", Fault::Swap, When::Calls(2, u64::MAX))),
            ("rollup/a=flip", rule(Some(Node::Rollup), "a", Fault::Flip, When::Always)),
        ];
        for (text, rule) in rules {
            assert_eq!(text.parse(), Ok(rule.clone()), "{text}");
            assert_eq!(rule.to_string().parse(), Ok(rule), "{text}");
        }
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        let fault = |text: &str| RuleError::Fault(text.into());
        let when = |text: &str| RuleError::When(text.into());
        let wrong = [
            ("eth_chainId", RuleError::Shape("eth_chainId".into())),
            ("=drop", RuleError::Shape("=drop".into())),
            ("l3/a=drop", RuleError::Node("l3".into())),
            ("a=fall", fault("fall")),
            ("a=drop:1", fault("drop:1")),
            ("a=swap:1", fault("swap:1")),
            ("a=latency", fault("latency")),
            ("a=latency:-1", fault("latency:-1")),
            ("a=drop@", when("")),
            ("a=drop@0", when("0")),
            ("a=drop@3-1", when("3-1")),
            ("a=drop@every:0", when("every:0")),
            ("a=drop@101%", when("101%")),
            ("a=drop@0.55%", when("0.55%")),
        ];
        for (text, error) in wrong {
            assert_eq!(text.parse::<Rule>(), Err(error), "{text}");
        }
    }
}
