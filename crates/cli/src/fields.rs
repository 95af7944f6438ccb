//! The fields of a header, one by one: to compare, to show, to print as JSON.

use crate::report::Grouped;
use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bloom, Bytes, U256, keccak256};
use serde_json::{Map, Value as Json};
use std::fmt;

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Of a fork that is not active.
    Absent,
    Hash(B256),
    Address(Address),
    Number(U256),
    Bytes(Bytes),
    Bloom(Box<Bloom>),
}

/// The fields in the order in which they are hashed. Their names are those of the consensus spec in lower case.
pub fn of(header: &Header) -> [(&'static str, Value); 21] {
    let number = |n: u64| Value::Number(U256::from(n));
    let optional_number = |n: Option<u64>| n.map_or(Value::Absent, number);
    let optional_hash = |hash: Option<B256>| hash.map_or(Value::Absent, Value::Hash);
    [
        ("parent_hash", Value::Hash(header.parent_hash)),
        ("ommers_hash", Value::Hash(header.ommers_hash)),
        ("beneficiary", Value::Address(header.beneficiary)),
        ("state_root", Value::Hash(header.state_root)),
        ("transactions_root", Value::Hash(header.transactions_root)),
        ("receipts_root", Value::Hash(header.receipts_root)),
        ("logs_bloom", Value::Bloom(Box::new(header.logs_bloom))),
        ("difficulty", Value::Number(header.difficulty)),
        ("number", number(header.number)),
        ("gas_limit", number(header.gas_limit)),
        ("gas_used", number(header.gas_used)),
        ("timestamp", number(header.timestamp)),
        ("extra_data", Value::Bytes(header.extra_data.clone())),
        ("mix_hash", Value::Hash(header.mix_hash)),
        ("nonce", number(header.nonce.into())),
        ("base_fee_per_gas", optional_number(header.base_fee_per_gas)),
        ("withdrawals_root", optional_hash(header.withdrawals_root)),
        ("blob_gas_used", optional_number(header.blob_gas_used)),
        ("excess_blob_gas", optional_number(header.excess_blob_gas)),
        ("parent_beacon_block_root", optional_hash(header.parent_beacon_block_root)),
        ("requests_hash", optional_hash(header.requests_hash)),
    ]
}

/// The fields as a JSON object.
pub fn json(header: &Header) -> Json {
    let fields = of(header).into_iter().map(|(name, value)| (name.to_owned(), value.json()));
    Json::Object(fields.collect::<Map<_, _>>())
}

impl Value {
    /// Reads the JSON value of a field, or `None` if it is malformed.
    pub fn parse(field: &str, json: &Json) -> Option<Self> {
        match field {
            "logs_bloom" => Some(Self::Bloom(Box::new(hex(json)?.parse().ok()?))),
            "extra_data" => Some(Self::Bytes(hex(json)?.parse().ok()?)),
            "beneficiary" => Some(Self::Address(hex(json)?.parse().ok()?)),
            name if name.ends_with("_root") || name.ends_with("_hash") => {
                Some(Self::Hash(hex(json)?.parse().ok()?))
            }
            _ => Some(Self::Number(number(json)?)),
        }
    }

    /// Numbers as numbers if they fit 64 bits, and all else in hex.
    pub fn json(&self) -> Json {
        match self {
            Self::Absent => Json::Null,
            Self::Hash(hash) => hash.to_string().into(),
            Self::Address(address) => address.to_string().into(),
            Self::Number(number) => {
                u64::try_from(*number).map_or_else(|_| number.to_string().into(), Json::from)
            }
            Self::Bytes(bytes) => bytes.to_string().into(),
            Self::Bloom(bloom) => bloom.to_string().into(),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Absent => "absent".into(),
            Self::Hash(hash) => hash.to_string(),
            Self::Address(address) => address.to_string(),
            Self::Number(number) => {
                u64::try_from(*number).map_or_else(|_| number.to_string(), |n| Grouped(n).to_string())
            }
            Self::Bytes(bytes) => bytes.to_string(),
            Self::Bloom(bloom) => {
                let bits: u32 = bloom.iter().map(|byte| byte.count_ones()).sum();
                if bits == 0 {
                    "no bits".into()
                } else {
                    format!("{bits} bits, keccak {}", keccak256(**bloom))
                }
            }
        };
        f.pad(&text)
    }
}

/// A string that begins with `0x`.
pub fn hex(json: &Json) -> Option<&str> {
    json.as_str().filter(|text| text.starts_with("0x"))
}

/// An integer, or a string of hex as the RPC writes quantities.
pub fn number(json: &Json) -> Option<U256> {
    match json {
        Json::Number(number) => number.as_u64().map(U256::from),
        _ => U256::from_str_radix(hex(json)?.get(2..).filter(|digits| !digits.is_empty())?, 16).ok(),
    }
}
