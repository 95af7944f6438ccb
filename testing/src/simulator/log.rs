//! A history as a text file: one fact a line, so that a failing one can be read, cut down and run again.
//!
//! ```text
//! unroll-history 1
//! config block_time 2
//! fork canyon 1700000123
//! pectra_blob_schedule 1700000300
//! blob_fraction 1700000200 5007716
//! l1 17 <hash> <parent> 1700000204 7 0
//! update gas_limit 30000000
//! deposit 7ef8...
//! data 00ab...
//! ```

use super::{History, plan};
use crate::reference::L1Block;
use alloy_primitives::{Address, B256, Bytes, U256, hex};
use std::{collections::BTreeMap, fmt::Write, str::FromStr};
use unroll_protocol::{
    blob_schedule::BlobSchedule,
    config::{AltDaConfig, RollupConfig},
    forks::{Fork, ForkTimes},
    l1_info::L1Fees,
    system_config::{ConfigUpdate, Eip1559Params, OperatorFee},
    units::{L1Ref, L1Time, L2Time},
};

/// A line that says nothing known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {number}: {line:?}")]
pub struct BadLine {
    /// From 1 on.
    pub number: usize,
    /// The line.
    pub line: String,
}

impl History {
    /// The file's text.
    pub fn to_log(&self) -> String {
        let cfg = &self.cfg;
        let mut out = String::from("unroll-history 1\n");
        let mut line = |text: String| out.extend([&text[..], "\n"]);
        for (name, value) in numbers(self) {
            line(format!("config {name} {value}"));
        }
        line(format!("config l1_hash {}", cfg.genesis.l1.hash));
        line(format!("config l2_hash {}", cfg.genesis.l2.hash));
        line(format!("config batcher {}", cfg.genesis.system_config.batcher));
        line(format!("config overhead {}", cfg.genesis.system_config.overhead));
        line(format!("config scalar {}", cfg.genesis.system_config.scalar));
        if let Some(AltDaConfig { challenge_window, resolve_window, .. }) = cfg.alt_da {
            line(format!("config challenge_window {challenge_window}"));
            line(format!("config resolve_window {resolve_window}"));
        }
        for fork in &Fork::ALL[1..] {
            if let Some(time) = cfg.forks.time(*fork) {
                line(format!("fork {fork} {time}"));
            }
        }
        if let Some(time) = cfg.forks.pectra_blob_schedule {
            line(format!("pectra_blob_schedule {time}"));
        }
        for (time, fraction) in cfg.l1_blob_schedule.steps.iter() {
            line(format!("blob_fraction {time} {fraction}"));
        }
        for block in &self.l1 {
            let L1Ref { number, hash, parent_hash, time } = block.origin;
            let excess = block.fees.excess_blob_gas.map_or("-".into(), |gas| gas.to_string());
            line(format!("l1 {number} {hash} {parent_hash} {time} {} {excess}", block.fees.base_fee));
            block.updates.iter().for_each(|update| line(format!("update {}", update_text(update))));
            block.deposits.iter().for_each(|deposit| line(format!("deposit {}", hex::encode(deposit))));
            block.data.iter().for_each(|data| line(format!("data {}", hex::encode(data))));
        }
        out
    }

    /// Reads [`to_log`](Self::to_log)'s text.
    pub fn from_log(text: &str) -> Result<Self, BadLine> {
        let mut config = BTreeMap::new();
        let mut forks = ForkTimes::NONE;
        let mut steps = Vec::new();
        let mut l1: Vec<L1Block> = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let words: Vec<_> = line.split_whitespace().collect();
            let read = match words[..] {
                ["unroll-history", "1"] | [] => Some(()),
                ["config", name, value] => config.insert(name, value).map_or(Some(()), |_| None),
                ["fork", name, time] => {
                    read_fork(name, time).map(|(fork, time)| forks = forks.with(fork, time))
                }
                ["pectra_blob_schedule", time] => {
                    time.parse().ok().map(|time| forks = forks.with_pectra_blob_schedule(time))
                }
                ["blob_fraction", time, fraction] => {
                    let step = time.parse().ok().map(L1Time).zip(fraction.parse().ok());
                    step.map(|step| steps.push(step))
                }
                ["l1", ..] => read_l1(&words[1..]).map(|block| l1.push(block)),
                ["update", kind, ref values @ ..] => l1
                    .last_mut()
                    .zip(read_update(kind, values))
                    .map(|(block, update)| block.updates.push(update)),
                ["deposit", bytes] => {
                    l1.last_mut().zip(read_bytes(bytes)).map(|(block, bytes)| block.deposits.push(bytes))
                }
                ["data", ref bytes @ ..] => {
                    let bytes = read_bytes(bytes.first().unwrap_or(&""));
                    l1.last_mut().zip(bytes).map(|(block, bytes)| block.data.push(bytes))
                }
                _ => None,
            };
            read.ok_or_else(|| BadLine { number, line: line.into() })?;
        }
        let blobs = BlobSchedule { steps: steps.into() };
        read_config(&config, forks, blobs, l1)
            .ok_or(BadLine { number: 0, line: "the config is incomplete".into() })
    }
}

fn numbers(history: &History) -> [(&'static str, u64); 11] {
    let cfg = &history.cfg;
    [
        ("l1_number", cfg.genesis.l1.number),
        ("l2_number", cfg.genesis.l2.number),
        ("l2_time", cfg.genesis.l2_time.0),
        ("gas_limit", cfg.genesis.system_config.gas_limit),
        ("block_time", cfg.block_time),
        ("max_sequencer_drift", cfg.max_sequencer_drift),
        ("seq_window_size", cfg.seq_window_size),
        ("channel_timeout", cfg.channel_timeout),
        ("keep_karst_upgrade_gas", u64::from(cfg.keep_karst_upgrade_gas)),
        ("agreed", history.agreed as u64),
        ("base", history.base as u64),
    ]
}

fn read_config(
    config: &BTreeMap<&str, &str>,
    forks: ForkTimes,
    l1_blob_schedule: BlobSchedule,
    l1: Vec<L1Block>,
) -> Option<History> {
    let number = |name: &str| config.get(name)?.parse::<u64>().ok();
    let mut cfg = RollupConfig {
        block_time: number("block_time")?,
        max_sequencer_drift: number("max_sequencer_drift")?,
        seq_window_size: number("seq_window_size")?,
        channel_timeout: number("channel_timeout")?,
        forks,
        l1_blob_schedule,
        keep_karst_upgrade_gas: number("keep_karst_upgrade_gas")? == 1,
        alt_da: number("challenge_window").zip(number("resolve_window")).map(plan::alt_da),
        ..plan::frame_of_all()
    };
    cfg.genesis.l1.number = number("l1_number")?;
    cfg.genesis.l1.hash = config.get("l1_hash")?.parse().ok()?;
    cfg.genesis.l2.number = number("l2_number")?;
    cfg.genesis.l2.hash = config.get("l2_hash")?.parse().ok()?;
    cfg.genesis.l2_time = L2Time(number("l2_time")?);
    cfg.genesis.system_config.gas_limit = number("gas_limit")?;
    cfg.genesis.system_config.batcher = config.get("batcher")?.parse().ok()?;
    cfg.genesis.system_config.overhead = config.get("overhead")?.parse().ok()?;
    cfg.genesis.system_config.scalar = config.get("scalar")?.parse().ok()?;
    let (agreed, base) = (number("agreed")?.try_into().ok()?, number("base")?.try_into().ok()?);
    (base < l1.len()).then_some(History { cfg, l1, agreed, base })
}

fn read_fork(name: &str, time: &str) -> Option<(Fork, u64)> {
    Some((*Fork::ALL.iter().find(|fork| fork.name() == name)?, time.parse().ok()?))
}

fn read_l1(words: &[&str]) -> Option<L1Block> {
    let &[number, hash, parent_hash, time, base_fee, excess] = words else { return None };
    let origin = L1Ref {
        number: number.parse().ok()?,
        hash: hash.parse().ok()?,
        parent_hash: parent_hash.parse::<B256>().ok()?,
        time: L1Time(time.parse().ok()?),
    };
    let excess_blob_gas = if excess == "-" { None } else { Some(excess.parse().ok()?) };
    let fees = L1Fees { base_fee: base_fee.parse().ok()?, excess_blob_gas };
    Some(L1Block { origin, fees, updates: Vec::new(), deposits: Vec::new(), data: Vec::new() })
}

fn read_bytes(hexadecimal: &str) -> Option<Bytes> {
    hex::decode(hexadecimal).ok().map(Bytes::from)
}

fn update_text(update: &ConfigUpdate) -> String {
    let mut out = String::new();
    let written = match *update {
        ConfigUpdate::Batcher(batcher) => write!(out, "batcher {batcher}"),
        ConfigUpdate::Fees { overhead, scalar } => write!(out, "fees {overhead} {scalar}"),
        ConfigUpdate::GasLimit(limit) => write!(out, "gas_limit {limit}"),
        ConfigUpdate::UnsafeBlockSigner(signer) => write!(out, "signer {signer}"),
        ConfigUpdate::Eip1559(params) => write!(out, "eip1559 {} {}", params.denominator, params.elasticity),
        ConfigUpdate::OperatorFee(fee) => write!(out, "operator_fee {} {}", fee.scalar, fee.constant),
        ConfigUpdate::MinBaseFee(fee) => write!(out, "min_base_fee {fee}"),
        ConfigUpdate::DaFootprintGasScalar(scalar) => write!(out, "da_footprint {scalar}"),
    };
    written.expect("a string takes all");
    out
}

fn read_update(kind: &str, values: &[&str]) -> Option<ConfigUpdate> {
    fn value<T: FromStr>(values: &[&str], at: usize) -> Option<T> {
        values.get(at)?.parse().ok()
    }
    Some(match kind {
        "batcher" => ConfigUpdate::Batcher(value::<Address>(values, 0)?),
        "fees" => {
            ConfigUpdate::Fees { overhead: value::<U256>(values, 0)?, scalar: value::<U256>(values, 1)? }
        }
        "gas_limit" => ConfigUpdate::GasLimit(value(values, 0)?),
        "signer" => ConfigUpdate::UnsafeBlockSigner(value::<Address>(values, 0)?),
        "eip1559" => ConfigUpdate::Eip1559(Eip1559Params {
            denominator: value(values, 0)?,
            elasticity: value(values, 1)?,
        }),
        "operator_fee" => {
            ConfigUpdate::OperatorFee(OperatorFee { scalar: value(values, 0)?, constant: value(values, 1)? })
        }
        "min_base_fee" => ConfigUpdate::MinBaseFee(value(values, 0)?),
        "da_footprint" => ConfigUpdate::DaFootprintGasScalar(value(values, 0)?),
        _ => return None,
    })
}
