//! Execution fixtures: a payload, its parent, and what the block is expected to be.
//!
//! ```text
//! { "rollup_config": { .. }, "parent_header_rlp": "0x..", "parent_hash": "0x.." (optional), "chain_id": 10 (optional),
//!   "payload_attributes": { Engine API }, and any of:
//!   "expected_header_rlp": "0x..", "expected_block_hash": "0x..", "expected_gas_used": 1, "expected_output_root": "0x..",
//!   "expected": { "state_root": "0x..", any field of a header, "receipts": ["0x.." EIP-2718] } }
//! ```
//!
//! Other keys are notes for people.

use crate::{
    fields::{self, Value},
    state,
};
use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes, Sealed, keccak256};
use op_alloy_rpc_types_engine::OpPayloadAttributes;
use serde_json::{Map, Value as Json, json};
use unroll_protocol::{
    config::{ConfigError, RollupConfig},
    config_file::{ConfigFileError, parse_rollup_json},
    forks::Fork,
};

/// A fixture, understood.
pub struct Fixture {
    pub name: Option<String>,
    pub config: RollupConfig,
    /// Keys of the config that are absent, because execution does not read them.
    pub absent: Vec<&'static str>,
    pub parent: Sealed<Header>,
    pub attributes: OpPayloadAttributes,
    pub expected: Expected,
}

/// What the block is expected to be; at least one of these is given.
#[derive(Default)]
pub struct Expected {
    pub header: Option<Header>,
    /// Fields that are given one by one.
    pub fields: Vec<(String, Value)>,
    pub hash: Option<B256>,
    pub output_root: Option<B256>,
    pub receipts: Option<Vec<Bytes>>,
}

/// Why a fixture cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FixtureError {
    #[error("is not a fixture: {0}")]
    Json(#[from] serde_json::Error),
    #[error("is not a fixture: it has no {0}")]
    Missing(&'static str),
    #[error("is not a fixture: its {field} is not {expected}")]
    Malformed { field: String, expected: &'static str },
    #[error("has a malformed rollup config: {0}")]
    Config(#[from] ConfigFileError),
    #[error("has a rollup config with unknown keys: {}", .0.join(", "))]
    UnknownKeys(Vec<String>),
    #[error("has a rollup config that is not sound: {0}")]
    Unsound(#[from] ConfigError),
    #[error("is of chain {chain_id}, and its rollup config of chain {config}")]
    ChainId { chain_id: u64, config: u64 },
    #[error("has the parent hash {given}, and a parent header whose hash is {computed}")]
    ParentHash { given: B256, computed: B256 },
    #[error("says nothing about the block that it expects")]
    NothingExpected,
}

/// What derivation needs and execution does not read, with values that stand in for what is absent.
fn unread() -> [(&'static str, Json); 11] {
    let hash = |last: u8| B256::with_last_byte(last).to_string();
    let address = "0x0000000000000000000000000000000000000001";
    [
        ("genesis.l1", json!({ "number": 0, "hash": hash(1) })),
        ("genesis.l2", json!({ "number": 0, "hash": hash(2) })),
        ("genesis.l2_time", json!(1)),
        (
            "genesis.system_config",
            json!({ "batcherAddr": address, "overhead": hash(0), "scalar": hash(1), "gasLimit": 1 }),
        ),
        ("max_sequencer_drift", json!(1)),
        ("seq_window_size", json!(2)),
        ("channel_timeout", json!(1)),
        ("l1_chain_id", json!(1)),
        ("batch_inbox_address", json!(address)),
        ("deposit_contract_address", json!(address)),
        ("l1_system_config_address", json!(address)),
    ]
}

impl Fixture {
    pub fn parse(json: &[u8]) -> Result<Self, FixtureError> {
        let json: Map<String, Json> = serde_json::from_slice(json)?;
        let json = Json::Object(json);
        let (config, absent) = config(&json)?;
        let chain_id = optional(&json, "chain_id", "a number", number)?;
        if let Some(chain_id) = chain_id.filter(|id| *id != config.l2_chain_id) {
            return Err(FixtureError::ChainId { chain_id, config: config.l2_chain_id });
        }
        let attributes = json.get("payload_attributes").ok_or(FixtureError::Missing("payload_attributes"))?;
        Ok(Self {
            name: optional(&json, "name", "text", |value| value.as_str().map(Into::into))?,
            config,
            absent,
            parent: parent(&json)?,
            attributes: self::attributes(attributes)?,
            expected: expected(&json)?,
        })
    }
}

fn config(json: &Json) -> Result<(RollupConfig, Vec<&'static str>), FixtureError> {
    let mut config = required(json, "rollup_config", "an object", |value| value.as_object().cloned())?;
    let mut absent = Vec::new();
    for (path, value) in unread() {
        if fill(&mut config, path, value) {
            absent.push(path);
        }
    }
    let (config, unknown) = parse_rollup_json(Json::Object(config).to_string().as_bytes())?;
    if !unknown.is_empty() {
        return Err(FixtureError::UnknownKeys(unknown));
    }
    check(&config)?;
    Ok((config, absent))
}

/// Of [`RollupConfig::check`], what concerns execution; a divisor of the base fee that is zero, the executor refuses.
fn check(config: &RollupConfig) -> Result<(), ConfigError> {
    if config.block_time == 0 {
        return Err(ConfigError::Zero("block_time"));
    }
    if config.forks.time(Fork::Lagoon).is_some() {
        return Err(ConfigError::Unsupported(Fork::Lagoon));
    }
    let disorder = config.forks.disorder();
    disorder.map_or(Ok(()), |(earlier, later)| Err(ConfigError::ForkOrder { earlier, later }))
}

/// Puts a value where there is none. Says whether it did.
fn fill(table: &mut Map<String, Json>, path: &str, value: Json) -> bool {
    match path.split_once('.') {
        None => {
            let absent = table.get(path).is_none_or(Json::is_null);
            if absent {
                table.insert(path.into(), value);
            }
            absent
        }
        Some((name, rest)) => match table.entry(name).or_insert_with(|| json!({})) {
            Json::Object(inner) => fill(inner, rest, value),
            _ => false, // malformed, as the parser will say
        },
    }
}

fn parent(json: &Json) -> Result<Sealed<Header>, FixtureError> {
    let bytes = required(json, "parent_header_rlp", "hex", bytes)?;
    let header = state::header(&bytes).ok_or(FixtureError::Malformed {
        field: "parent_header_rlp".into(),
        expected: "the RLP of a header",
    })?;
    let computed = keccak256(&bytes);
    match optional(json, "parent_hash", HASH, hash)? {
        Some(given) if given != computed => Err(FixtureError::ParentHash { given, computed }),
        _ => Ok(Sealed::new_unchecked(header, computed)),
    }
}

fn attributes(json: &Json) -> Result<OpPayloadAttributes, FixtureError> {
    let mut attributes = OpPayloadAttributes {
        transactions: optional(json, "transactions", "a list of hex", list)?,
        no_tx_pool: optional(json, "noTxPool", "true or false", Json::as_bool)?,
        gas_limit: optional(json, "gasLimit", "a number", number)?,
        eip_1559_params: optional(json, "eip1559Params", "8 bytes", |value| {
            fields::hex(value)?.parse().ok()
        })?,
        min_base_fee: optional(json, "minBaseFee", "a number", number)?,
        ..OpPayloadAttributes::default()
    };
    let payload = &mut attributes.payload_attributes;
    payload.timestamp = required(json, "timestamp", "a number", number)?;
    payload.prev_randao = required(json, "prevRandao", HASH, hash)?;
    payload.suggested_fee_recipient =
        required(json, "suggestedFeeRecipient", "an address", |value| fields::hex(value)?.parse().ok())?;
    payload.parent_beacon_block_root = optional(json, "parentBeaconBlockRoot", HASH, hash)?;
    payload.withdrawals = optional(json, "withdrawals", "an empty list", |value| {
        value.as_array().filter(|list| list.is_empty()).map(|_| Vec::new())
    })?;
    Ok(attributes)
}

fn expected(json: &Json) -> Result<Expected, FixtureError> {
    let mut expected = Expected {
        header: optional(json, "expected_header_rlp", "the RLP of a header", |value| {
            state::header(&bytes(value)?)
        })?,
        hash: optional(json, "expected_block_hash", HASH, hash)?,
        output_root: optional(json, "expected_output_root", HASH, hash)?,
        ..Expected::default()
    };
    let names = fields::of(&Header::default()).map(|(name, _)| name);
    let list_of = optional(json, "expected", "an object", |value| value.as_object().cloned())?;
    for (name, value) in list_of.unwrap_or_default().iter().filter(|(_, value)| !value.is_null()) {
        let malformed = |expected| FixtureError::Malformed { field: format!("expected.{name}"), expected };
        if name == "receipts" {
            expected.receipts = Some(list(value).ok_or_else(|| malformed("a list of hex"))?);
        } else if names.contains(&name.as_str()) {
            let value = Value::parse(name, value).ok_or_else(|| malformed("what a header has there"))?;
            expected.fields.push((name.clone(), value));
        } else {
            return Err(malformed("a field of a header"));
        }
    }
    if let Some(gas) = optional(json, "expected_gas_used", "a number", fields::number)? {
        expected.fields.push(("gas_used".into(), Value::Number(gas)));
    }
    let Expected { header, fields, hash, output_root, receipts } = &expected;
    let nothing = fields.is_empty() && hash.is_none() && output_root.is_none();
    if nothing && header.is_none() && receipts.is_none() {
        return Err(FixtureError::NothingExpected);
    }
    Ok(expected)
}

const HASH: &str = "a hash of 32 bytes in 0x-prefixed hex";

fn required<T>(
    json: &Json,
    field: &'static str,
    expected: &'static str,
    read: impl FnOnce(&Json) -> Option<T>,
) -> Result<T, FixtureError> {
    optional(json, field, expected, read)?.ok_or(FixtureError::Missing(field))
}

/// A null is an absent value.
fn optional<T>(
    json: &Json,
    field: &'static str,
    expected: &'static str,
    read: impl FnOnce(&Json) -> Option<T>,
) -> Result<Option<T>, FixtureError> {
    match json.get(field) {
        None | Some(Json::Null) => Ok(None),
        Some(value) => {
            read(value).map(Some).ok_or_else(|| FixtureError::Malformed { field: field.into(), expected })
        }
    }
}

fn hash(json: &Json) -> Option<B256> {
    fields::hex(json)?.parse().ok()
}

fn bytes(json: &Json) -> Option<Bytes> {
    fields::hex(json)?.parse().ok()
}

fn number(json: &Json) -> Option<u64> {
    fields::number(json)?.try_into().ok()
}

fn list(json: &Json) -> Option<Vec<Bytes>> {
    json.as_array()?.iter().map(bytes).collect()
}
