//! Configs as people write them: op-node's `rollup.json`, the superchain registry's TOML, geth's genesis of the L1.
//!
//! A key that nobody here knows is returned, not ignored: it may be a fork's. Whoever derives with the config has
//! to refuse it or to show it.

mod document;
mod l1;
#[cfg(feature = "toml")]
mod superchain;

pub use document::ConfigFileError;
pub use l1::parse_l1_chain_config;
#[cfg(feature = "toml")]
pub use superchain::parse_superchain_toml;

use crate::{
    blob_schedule::BlobSchedule,
    config::{AltDaConfig, BaseFeeConstants, DaCommitment, Genesis, RollupConfig},
    forks::{Fork, ForkTimes},
    system_config::{Eip1559Params, OperatorFee, SystemConfig},
    units::{BlockId, L2Time},
};
use alloc::{string::String, vec::Vec};
use alloy_primitives::Address;
use document::Document;

/// A config file is a few kilobytes; a geth genesis with allocations is a few megabytes.
pub const MAX_CONFIG_BYTES: usize = 1 << 26;

/// Granite made the channel timeout a constant.
const GRANITE_CHANNEL_TIMEOUT: u64 = 50;

/// Reads op-node's `rollup.json`, also with the extensions and the older names of other clients. Returns the config, on
/// which [`RollupConfig::check`] was not called yet, and the keys that are unknown, with their paths.
///
/// L1 is priced as [`BlobSchedule::of_l1`] says, else as Cancun; see [`parse_l1_chain_config`].
pub fn parse_rollup_json(json: &[u8]) -> Result<(RollupConfig, Vec<String>), ConfigFileError> {
    rollup_config(Document::from_json(json)?)
}

/// Values that forks replace are kept as they are; the sequencing window none does.
fn rollup_config(mut doc: Document) -> Result<(RollupConfig, Vec<String>), ConfigFileError> {
    let l1_chain_id = doc.number("l1_chain_id")?;
    let config = RollupConfig {
        genesis: genesis(&mut doc)?,
        block_time: doc.number("block_time")?,
        max_sequencer_drift: doc.number("max_sequencer_drift")?,
        seq_window_size: doc.number("seq_window_size")?,
        channel_timeout: doc.number("channel_timeout")?,
        l1_chain_id,
        l2_chain_id: doc.number("l2_chain_id")?,
        forks: fork_times(&mut doc)?,
        batch_inbox: doc.address("batch_inbox_address")?,
        deposit_contract: doc.address("deposit_contract_address")?,
        l1_system_config: doc.address("l1_system_config_address")?,
        base_fee: base_fee(&mut doc)?,
        keep_karst_upgrade_gas: doc.optional_bool("keep_karst_upgrade_gas")?.unwrap_or(false),
        alt_da: alt_da(&mut doc)?,
        l1_blob_schedule: BlobSchedule::of_l1(l1_chain_id).unwrap_or_default(),
    };
    // Known, and of no effect on the derivation of one chain.
    for name in [
        "protocol_versions_address",
        "superchain_config_address",
        "blobs_data",
        "interop_message_expiry_window",
    ] {
        doc.skip(name);
    }
    match doc.optional_number("granite_channel_timeout")? {
        None | Some(0 | GRANITE_CHANNEL_TIMEOUT) => Ok((config, doc.rest())),
        Some(_) => Err(ConfigFileError::Malformed { field: "granite_channel_timeout", expected: "50" }),
    }
}

fn genesis(doc: &mut Document) -> Result<Genesis, ConfigFileError> {
    Ok(Genesis {
        l1: BlockId { number: doc.number("genesis.l1.number")?, hash: doc.hash("genesis.l1.hash")? },
        l2: BlockId { number: doc.number("genesis.l2.number")?, hash: doc.hash("genesis.l2.hash")? },
        l2_time: L2Time(doc.number("genesis.l2_time")?),
        system_config: system_config(doc)?,
    })
}

/// Either as op-node writes the later parameters (packed) or as kona does (one by one).
fn system_config(doc: &mut Document) -> Result<SystemConfig, ConfigFileError> {
    const BATCHER: [&str; 2] = ["genesis.system_config.batcherAddr", "genesis.system_config.batcherAddress"];
    let [b0, b1] = BATCHER;
    let batcher = match doc.optional_address(b0)? {
        Some(batcher) => batcher,
        None => doc.optional_address(b1)?.ok_or(ConfigFileError::Missing(b0))?,
    };
    // The scalar says the same.
    doc.skip("genesis.system_config.baseFeeScalar");
    doc.skip("genesis.system_config.blobBaseFeeScalar");
    Ok(SystemConfig {
        batcher,
        overhead: doc.word("genesis.system_config.overhead")?,
        scalar: doc.word("genesis.system_config.scalar")?,
        gas_limit: doc.number("genesis.system_config.gasLimit")?,
        eip1559: match doc.optional_number("genesis.system_config.eip1559Params")? {
            Some(packed) => Eip1559Params::from_u64(packed),
            None => Eip1559Params {
                denominator: doc.optional_u32("genesis.system_config.eip1559Denominator")?.unwrap_or(0),
                elasticity: doc.optional_u32("genesis.system_config.eip1559Elasticity")?.unwrap_or(0),
            },
        },
        operator_fee: match doc.optional_hash("genesis.system_config.operatorFeeParams")? {
            Some(word) if word.starts_with(&[0; 20]) => OperatorFee::from_word(&word.0),
            Some(_) => {
                return Err(ConfigFileError::Malformed {
                    field: "genesis.system_config.operatorFeeParams",
                    expected: "scalar and constant in the last 12 of 32 bytes",
                });
            }
            None => OperatorFee {
                scalar: doc.optional_u32("genesis.system_config.operatorFeeScalar")?.unwrap_or(0),
                constant: doc.optional_number("genesis.system_config.operatorFeeConstant")?.unwrap_or(0),
            },
        },
        min_base_fee: doc.optional_number("genesis.system_config.minBaseFee")?.unwrap_or(0),
        da_footprint_gas_scalar: doc.optional_u16("genesis.system_config.daFootprintGasScalar")?.unwrap_or(0),
    })
}

fn fork_times(doc: &mut Document) -> Result<ForkTimes, ConfigFileError> {
    const NAMES: [(Fork, &str); 12] = [
        (Fork::Regolith, "regolith_time"),
        (Fork::Canyon, "canyon_time"),
        (Fork::Delta, "delta_time"),
        (Fork::Ecotone, "ecotone_time"),
        (Fork::Fjord, "fjord_time"),
        (Fork::Granite, "granite_time"),
        (Fork::Holocene, "holocene_time"),
        (Fork::Isthmus, "isthmus_time"),
        (Fork::Jovian, "jovian_time"),
        (Fork::Karst, "karst_time"),
        (Fork::Lagoon, "interop_time"), // the name before it was Lagoon
        (Fork::Lagoon, "lagoon_time"),
    ];
    let mut forks = ForkTimes::NONE;
    for (fork, name) in NAMES {
        if let Some(time) = doc.optional_number(name)? {
            forks = forks.with(fork, time);
        }
    }
    forks.pectra_blob_schedule = doc.optional_number("pectra_blob_schedule_time")?;
    Ok(forks)
}

/// Files older than the key stand for OP Mainnet's constants.
fn base_fee(doc: &mut Document) -> Result<BaseFeeConstants, ConfigFileError> {
    let default = BaseFeeConstants::OP_MAINNET;
    Ok(BaseFeeConstants {
        elasticity: doc.optional_u32("chain_op_config.eip1559Elasticity")?.unwrap_or(default.elasticity),
        denominator: doc.optional_u32("chain_op_config.eip1559Denominator")?.unwrap_or(default.denominator),
        denominator_canyon: doc
            .optional_u32("chain_op_config.eip1559DenominatorCanyon")?
            .unwrap_or(default.denominator_canyon),
    })
}

/// a table of its own, or the flat keys of the time when it was called Plasma.
fn alt_da(doc: &mut Document) -> Result<Option<AltDaConfig>, ConfigFileError> {
    let plasma = doc.optional_bool("use_plasma")?.unwrap_or(false);
    let flat = [
        doc.optional_address("da_challenge_contract_address")?,
        doc.optional_address("da_challenge_address")?,
    ];
    let [challenge_window, resolve_window] =
        [doc.optional_number("da_challenge_window")?, doc.optional_number("da_resolve_window")?];
    if let Some(table) = alt_da_table(doc)? {
        return Ok(Some(table));
    }
    if !plasma {
        return Ok(None);
    }
    Ok(Some(AltDaConfig {
        challenge_contract: flat.into_iter().flatten().next().unwrap_or_default(),
        commitment: DaCommitment::Keccak,
        challenge_window: challenge_window.ok_or(ConfigFileError::Missing("da_challenge_window"))?,
        resolve_window: resolve_window.ok_or(ConfigFileError::Missing("da_resolve_window"))?,
    }))
}

fn alt_da_table(doc: &mut Document) -> Result<Option<AltDaConfig>, ConfigFileError> {
    if !doc.has("alt_da") {
        doc.skip("alt_da"); // a null
        return Ok(None);
    }
    let address = doc.optional_address("alt_da.da_challenge_contract_address")?;
    let other_name = doc.optional_address("alt_da.da_challenge_address")?;
    const COMMITMENT: &str = "alt_da.da_commitment_type";
    Ok(Some(AltDaConfig {
        challenge_contract: address.or(other_name).unwrap_or(Address::ZERO),
        commitment: match doc.optional_text(COMMITMENT)?.as_deref() {
            None | Some("KeccakCommitment") => DaCommitment::Keccak,
            Some("GenericCommitment") => DaCommitment::Generic,
            Some(_) => {
                let expected = "KeccakCommitment or GenericCommitment";
                return Err(ConfigFileError::Malformed { field: COMMITMENT, expected });
            }
        },
        challenge_window: doc.number("alt_da.da_challenge_window")?,
        resolve_window: doc.number("alt_da.da_resolve_window")?,
    }))
}

/// No file is a panic, and neither is the check of what it holds.
#[cfg(any(test, feature = "fuzz"))]
pub fn fuzz_config_file(data: &[u8]) {
    if let Ok((config, _)) = parse_rollup_json(data)
        && config.check().is_ok()
    {
        assert!(config.time_of(config.genesis.l2.number) == Some(config.genesis.l2_time));
        assert!(config.base_fee.elasticity > 0 && config.block_time > 0);
    }
    if let Ok((_, schedule)) = parse_l1_chain_config(data) {
        assert!(schedule.steps.is_sorted_by_key(|step| step.0));
    }
}
