//! A chain of the superchain registry: `superchain/configs/<network>/<chain>.toml`.

use super::{ConfigFileError, document::Document, rollup_config};
use crate::config::RollupConfig;
use alloc::{string::String, vec::Vec};

/// The registry does not say it: every chain in it has op-node's default.
const CHANNEL_TIMEOUT: u64 = 300;

/// Where the registry's keys are in `rollup.json`.
const RENAMED: [(&str, &str); 7] = [
    ("chain_id", "l2_chain_id"),
    ("batch_inbox_addr", "batch_inbox_address"),
    ("addresses.OptimismPortalProxy", "deposit_contract_address"),
    ("addresses.SystemConfigProxy", "l1_system_config_address"),
    ("optimism.eip1559_elasticity", "chain_op_config.eip1559Elasticity"),
    ("optimism.eip1559_denominator", "chain_op_config.eip1559Denominator"),
    ("optimism.eip1559_denominator_canyon", "chain_op_config.eip1559DenominatorCanyon"),
];

/// What the registry tells people about a chain.
const FOR_PEOPLE: [&str; 14] = [
    "name",
    "public_rpc",
    "sequencer_rpc",
    "explorer",
    "superchain_level",
    "governed_by_optimism",
    "superchain_time",
    "data_availability_type",
    "deployment_tx_hash",
    "deployment_l1_contracts_version",
    "deployment_l2_contracts_version",
    "gas_paying_token",
    "roles",
    "addresses",
];

/// Reads a chain of the superchain registry; `l1_chain_id` stands in the `superchain.toml` beside it. Errors name the key
/// of `rollup.json` that stands for the registry's. See [`super::parse_rollup_json`] for the result.
pub fn parse_superchain_toml(
    text: &str,
    l1_chain_id: u64,
) -> Result<(RollupConfig, Vec<String>), ConfigFileError> {
    let mut doc = Document::from_toml(text)?;
    doc.set("l1_chain_id", l1_chain_id);
    doc.set("channel_timeout", CHANNEL_TIMEOUT);
    doc.set("regolith_time", 0);
    doc.hoist("hardforks");
    for (from, to) in RENAMED {
        doc.rename(from, to);
    }
    for name in FOR_PEOPLE {
        doc.skip(name);
    }
    rollup_config(doc)
}
