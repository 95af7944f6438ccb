//! What a devnet's file must say so that a chain comes of it.

use alloy_primitives::B256;
use sha2::{Digest as _, Sha256};
use unroll_alt_da::MAX_INPUT_BYTES;
use unroll_protocol::{
    forks::Fork,
    frame::Frame,
    upgrades::{Upgrade, upgrade_transactions},
};
use unroll_testing::devnet::{DevnetConfig, config::DaKind};

/// A blob holds a frame of so many bytes of data at most: 130,044 bytes without the version and the frame's own 23.
const MAX_FRAME_BYTES: usize = 130_020;
/// In seconds, of either chain.
const MAX_BLOCK_TIME: u64 = 3600;
/// In seconds after genesis. What lies behind is as good as never.
const MAX_AFTER: u64 = u32::MAX as u64;
/// Upgrade transactions must fit into a block beside the deposits.
const MIN_GAS_LIMIT: u64 = 20_000_000;
/// geth's names of L1 forks that change the blob market, in order.
const BLOB_FORKS: [&str; 7] = ["prague", "osaka", "bpo1", "bpo2", "bpo3", "bpo4", "bpo5"];

/// What contradicts itself in a devnet's file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigFault {
    /// A number that leaves no chain.
    #[error("{0} must be {1}")]
    Value(&'static str, &'static str),
    /// Forks come in one order.
    #[error("forks.{later} is set, so forks.{earlier} must be set too, and not be later")]
    ForkOrder {
        /// The fork that must come first.
        earlier: Fork,
        /// The one that is set.
        later: Fork,
    },
    /// They would be one L1-info format too many.
    #[error("forks.fjord must not activate in Ecotone's block, unless both do at genesis")]
    FjordWithEcotone,
    /// The name or the order of a blob fork.
    #[error(
        "l1.blob_forks: `{0}` is none of prague, osaka, bpo1 to bpo5, or not later than the one before it"
    )]
    BlobFork(String),
    /// Karst's upgrade transactions are data.
    #[error(
        "Karst activates after genesis, so its upgrade transactions are needed: name their file with --bundle (the OP \
         monorepo publishes it as karst_nut_bundle.json)"
    )]
    NoBundle,
    /// They are pinned (G-054).
    #[error("the bundle is not Karst's: its sha256 is {actual}, and not {expected}")]
    OtherBundle {
        /// What the protocol says.
        expected: B256,
        /// What was given.
        actual: B256,
    },
}

/// Finds the first fault.
pub(super) fn check(config: &DevnetConfig, bundle: Option<&[u8]>) -> Result<(), ConfigFault> {
    let faults = layers(config).into_iter().chain(users(config)).chain(times(config));
    if let Some((name, demand, _)) = faults.into_iter().find(|(.., holds)| !holds) {
        return Err(ConfigFault::Value(name, demand));
    }
    check_forks(config)?;
    check_blob_forks(config)?;
    let bundle = bundle.map(|bundle| B256::new(Sha256::digest(bundle).into()));
    let Upgrade::Bundle { sha256: expected, .. } = upgrade_transactions(Fork::Karst) else { return Ok(()) };
    match (config.forks.karst.filter(|after| *after > 0), bundle) {
        (Some(_), None) => Err(ConfigFault::NoBundle),
        (_, Some(actual)) if actual != expected => Err(ConfigFault::OtherBundle { expected, actual }),
        _ => Ok(()),
    }
}

/// A key, what its value must be, and whether it is.
type Demand = (&'static str, &'static str, bool);

const POSITIVE: &str = "at least 1";
const ALT_DA_LIMIT: &str = "so few that they are below 130,672 bytes with altda (B-043)";
const PER_MILLE: &str = "at most 1000: it is per mille";

fn layers(DevnetConfig { l1, l2, .. }: &DevnetConfig) -> Vec<Demand> {
    let block_time = "1 to 3600 seconds";
    let drift = "at least ten times l1.block_time";
    vec![
        ("l1.chain_id", POSITIVE, l1.chain_id > 0),
        ("l1.block_time", block_time, (1..=MAX_BLOCK_TIME).contains(&l1.block_time)),
        ("l1.missed_slots", "below 1000: some slots must have a block", l1.missed_slots < 1000),
        ("l2.chain_id", "neither 0 nor L1's", l2.chain_id > 0 && l2.chain_id != l1.chain_id),
        ("l2.block_time", block_time, (1..=MAX_BLOCK_TIME).contains(&l2.block_time)),
        ("l2.block_time", "at most l1.block_time", l2.block_time <= l1.block_time),
        ("l2.seq_window_size", "at least 2", l2.seq_window_size >= 2),
        ("l2.channel_timeout", POSITIVE, l2.channel_timeout > 0),
        ("l2.max_sequencer_drift", drift, l2.max_sequencer_drift >= l1.block_time.saturating_mul(10)),
        ("l2.gas_limit", "at least 20,000,000", l2.gas_limit >= MIN_GAS_LIMIT),
        ("l2.base_fee_scalar", POSITIVE, l2.base_fee_scalar > 0),
    ]
}

fn users(DevnetConfig { l2, batcher, traffic, alt_da, .. }: &DevnetConfig) -> Vec<Demand> {
    let mixed = traffic.mix.is_empty() || traffic.mix.iter().any(|(_, weight)| *weight > 0);
    let frame = (1..=MAX_FRAME_BYTES).contains(&batcher.frame_bytes);
    let in_window = batcher.l1_blocks_per_channel < l2.seq_window_size;
    let beside = batcher.da == DaKind::AltDa;
    let payload =
        batcher.frame_bytes.saturating_add(Frame::OVERHEAD).saturating_mul(batcher.frames_per_transaction);
    vec![
        ("batcher.level", "at most 11", batcher.level <= 11),
        ("batcher.blocks_per_batch", POSITIVE, batcher.blocks_per_batch > 0),
        ("batcher.l1_blocks_per_channel", POSITIVE, batcher.l1_blocks_per_channel > 0),
        ("batcher.l1_blocks_per_channel", "below l2.seq_window_size", in_window),
        ("batcher.frame_bytes", "1 to 130,020", frame),
        ("batcher.frames_per_transaction", POSITIVE, batcher.frames_per_transaction > 0),
        ("batcher.da", "another than altda, unless there is a section alt_da", !beside || alt_da.is_some()),
        ("batcher.frames_per_transaction", ALT_DA_LIMIT, !beside || payload < MAX_INPUT_BYTES),
        ("batcher.blobs_per_transaction", POSITIVE, batcher.blobs_per_transaction > 0),
        ("traffic.transactions", "at most 1000", traffic.transactions <= 1000),
        ("traffic.deposits", PER_MILLE, traffic.deposits <= 1000),
        ("traffic.config_updates", PER_MILLE, traffic.config_updates <= 1000),
        ("traffic.mix", "empty, or have a weight that is not 0", mixed),
    ]
}

fn times(config: &DevnetConfig) -> Vec<Demand> {
    let early = |after: Option<u64>| after.is_none_or(|after| after <= MAX_AFTER);
    let what = "at most 4,294,967,295 seconds after genesis";
    let blob_forks = config.l1.blob_forks.iter();
    let sound = |target, max, fraction| 0 < target && target <= max && fraction > 0;
    vec![
        ("each fork", what, config.forks.list().into_iter().all(|(_, after)| early(after))),
        ("l1.cancun", what, early(config.l1.cancun)),
        ("l2.pectra_blob_schedule", what, early(config.l2.pectra_blob_schedule)),
        ("each of l1.blob_forks", what, blob_forks.clone().all(|fork| early(Some(fork.after)))),
        (
            "each of l1.blob_forks",
            "of a target from 1 to its maximum, and of a fraction that is not 0",
            blob_forks.clone().all(|fork| sound(fork.target, fork.max, fork.update_fraction)),
        ),
    ]
}

fn check_forks(config: &DevnetConfig) -> Result<(), ConfigFault> {
    let list = config.forks.list();
    for ((earlier, before), (later, after)) in list.into_iter().zip(list.into_iter().skip(1)) {
        if after.is_some_and(|after| before.is_none_or(|before| before > after)) {
            return Err(ConfigFault::ForkOrder { earlier, later });
        }
    }
    let block = |after: Option<u64>| after.map(|after| after.div_ceil(config.l2.block_time));
    let (ecotone, fjord) = (block(config.forks.ecotone), block(config.forks.fjord));
    if fjord.is_some_and(|block| block > 0) && fjord == ecotone {
        return Err(ConfigFault::FjordWithEcotone);
    }
    Ok(())
}

fn check_blob_forks(config: &DevnetConfig) -> Result<(), ConfigFault> {
    let mut rest = &BLOB_FORKS[..];
    let mut last = config.l1.cancun.unwrap_or(0);
    for fork in &config.l1.blob_forks {
        let place = rest.iter().position(|name| *name == fork.name).filter(|_| fork.after >= last);
        let place = place.ok_or_else(|| ConfigFault::BlobFork(fork.name.clone()))?;
        (rest, last) = (&rest[place + 1..], fork.after);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(toml: &str) -> Result<(), ConfigFault> {
        check(&DevnetConfig::from_toml(toml).expect("well-formed"), None)
    }

    #[test]
    fn an_empty_file_is_a_chain() {
        assert_eq!(of(""), Ok(()));
    }

    #[test]
    fn faults_are_named() {
        use ConfigFault::*;
        let order = |earlier, later| ForkOrder { earlier, later };
        let early =
            "regolith = 0\ncanyon = 0\ndelta = 0\necotone = 0\nfjord = 0\ngranite = 0\nholocene = 0\n";
        let forks = |late: &str| format!("[forks]\n{early}{late}");
        let blob_fork = |name: &str, after: u64| {
            let rest = "target = 6\nmax = 9\nupdate_fraction = 5007716\n";
            format!("[[l1.blob_forks]]\nname = \"{name}\"\nafter = {after}\n{rest}")
        };
        let alt_da = |batcher: &str| {
            format!(
                "[batcher]\nda = \"altda\"\n{batcher}\n[alt_da]\nchallenge_window = 3\nresolve_window = 4"
            )
        };
        let cases = [
            ("[l1]\nblock_time = 0".into(), Value("l1.block_time", "1 to 3600 seconds")),
            ("[l2]\nchain_id = 7777000".into(), Value("l2.chain_id", "neither 0 nor L1's")),
            ("[batcher]\nlevel = 12".into(), Value("batcher.level", "at most 11")),
            (
                "[batcher]\nda = \"altda\"".into(),
                Value("batcher.da", "another than altda, unless there is a section alt_da"),
            ),
            (alt_da("frame_bytes = 50_000\nframes_per_transaction = 3"), {
                Value("batcher.frames_per_transaction", ALT_DA_LIMIT)
            }),
            (forks("isthmus = 0\njovian = 8\nkarst = 4"), order(Fork::Jovian, Fork::Karst)),
            (forks("isthmus = 0\nkarst = 4"), order(Fork::Jovian, Fork::Karst)),
            (forks("isthmus = 8\njovian = 8\nkarst = 8"), NoBundle),
            ("[forks]\nregolith = 0\ncanyon = 0\ndelta = 0\necotone = 3\nfjord = 4".into(), FjordWithEcotone),
            (blob_fork("paris", 4), BlobFork("paris".into())),
            (blob_fork("osaka", 4) + &blob_fork("prague", 4), BlobFork("prague".into())),
            (blob_fork("prague", 4) + &blob_fork("osaka", 2), BlobFork("osaka".into())),
        ];
        for (toml, fault) in cases {
            assert_eq!(of(&toml), Err(fault), "{toml}");
        }
        assert_eq!(of(&(blob_fork("prague", 4) + &blob_fork("bpo2", 4))), Ok(()));
        assert_eq!(of(&alt_da("frame_bytes = 50_000\nframes_per_transaction = 2")), Ok(()));
    }

    /// G-054: only Karst's own bundle will do.
    #[test]
    fn another_bundle_is_refused() {
        let config = DevnetConfig::default();
        assert!(matches!(check(&config, Some(b"{}")), Err(ConfigFault::OtherBundle { .. })));
    }
}
