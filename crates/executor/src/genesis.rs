//! The genesis block of a chain, from geth's genesis file: state root, header and hash are computed, not believed (I-048).
//!
//! The file's `config` is not read: which forks are active is the rollup config's business.

use alloc::{collections::BTreeMap, vec::Vec};

use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header};
use alloy_primitives::{Address, B64, B256, Bytes, U256, keccak256};
use alloy_rlp::Encodable;
use alloy_trie::{EMPTY_ROOT_HASH, TrieAccount};
use serde_json::{Map, Value};
use unroll_mpt::{Trie, TrieError};
use unroll_protocol::{forks::ForkTimes, units::L2Time};

use crate::header::EMPTY_REQUESTS_HASH;

/// The base fee of a genesis block that does not say, in wei.
const INITIAL_BASE_FEE: u64 = 1_000_000_000;

/// Storage of this account is what the header commits to from Isthmus on.
const MESSAGE_PASSER: Address = crate::execute::MESSAGE_PASSER;

/// A genesis file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// All of the header that does not follow from the accounts and the forks.
    template: Header,
    state: GenesisState,
}

/// Where a chain starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum GenesisState {
    Accounts(BTreeMap<Address, GenesisAccount>),
    /// The accounts of a chain that is older than its rollup, such as OP Mainnet, are not in the file.
    Root(B256),
}

/// An account of a genesis file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GenesisAccount {
    /// In wei.
    pub balance: U256,
    /// As a rule 0, also of contracts.
    pub nonce: u64,
    /// Nothing, for an account without.
    pub code: Bytes,
    /// By index.
    pub storage: BTreeMap<U256, U256>,
}

/// A genesis file that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenesisError {
    /// Not JSON.
    #[error("line {line}, column {column}: no JSON")]
    Json {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// A field is missing, or not of its type.
    #[error("{0} is missing or malformed")]
    Field(&'static str),
    /// An account is malformed.
    #[error("account {address}: {field} is malformed")]
    Account {
        /// Which account.
        address: Address,
        /// Which of its fields.
        field: &'static str,
    },
    /// The key of an account is no address.
    #[error("an account has no address")]
    Address,
}

impl Genesis {
    /// Reads geth's format.
    pub fn parse(json: &[u8]) -> Result<Self, GenesisError> {
        let json: Value = serde_json::from_slice(json)
            .map_err(|error| GenesisError::Json { line: error.line(), column: error.column() })?;
        let extra_data = match &json["extraData"] {
            Value::Null => Bytes::new(),
            value => parsed(value).ok_or(GenesisError::Field("extraData"))?,
        };
        let template = Header {
            parent_hash: optional(&json, "parentHash", parsed)?.unwrap_or_default(),
            ommers_hash: EMPTY_OMMER_ROOT_HASH,
            beneficiary: optional(&json, "coinbase", parsed)?.unwrap_or_default(),
            transactions_root: EMPTY_ROOT_HASH,
            receipts_root: EMPTY_ROOT_HASH,
            difficulty: optional(&json, "difficulty", number)?.unwrap_or_default(),
            number: optional(&json, "number", small)?.unwrap_or_default(),
            gas_limit: optional(&json, "gasLimit", small)?.ok_or(GenesisError::Field("gasLimit"))?,
            gas_used: optional(&json, "gasUsed", small)?.unwrap_or_default(),
            timestamp: optional(&json, "timestamp", small)?.ok_or(GenesisError::Field("timestamp"))?,
            extra_data,
            mix_hash: optional(&json, "mixHash", parsed)?.unwrap_or_default(),
            nonce: B64::from(optional(&json, "nonce", small)?.unwrap_or_default()),
            base_fee_per_gas: optional(&json, "baseFeePerGas", small)?.or(Some(INITIAL_BASE_FEE)),
            blob_gas_used: optional(&json, "blobGasUsed", small)?,
            excess_blob_gas: optional(&json, "excessBlobGas", small)?,
            ..Header::default()
        };
        let state = match optional(&json, "stateHash", parsed)? {
            Some(root) => GenesisState::Root(root),
            None => GenesisState::Accounts(accounts(json["alloc"].as_object())?),
        };
        Ok(Self { template, state })
    }

    /// The accounts, unless the file has nothing but their root.
    pub const fn accounts(&self) -> Option<&BTreeMap<Address, GenesisAccount>> {
        match &self.state {
            GenesisState::Accounts(accounts) => Some(accounts),
            GenesisState::Root(_) => None,
        }
    }

    /// The root of the state that the chain starts with.
    pub fn state_root(&self) -> B256 {
        match &self.state {
            GenesisState::Accounts(accounts) => {
                root(accounts.iter().map(|(address, account)| (keccak256(address), account.encoded())))
            }
            GenesisState::Root(root) => *root,
        }
    }

    /// The genesis header; its hash is the chain's L2 genesis hash. A fork that is active at its time has its fields (I-048).
    pub fn header(&self, forks: &ForkTimes) -> Header {
        let rules = forks.execution(L2Time(self.template.timestamp));
        let withdrawals_root = if rules.withdrawals_root_in_header {
            self.accounts()
                .and_then(|accounts| accounts.get(&MESSAGE_PASSER))
                .map(GenesisAccount::storage_root)
        } else {
            None
        };
        Header {
            state_root: self.state_root(),
            withdrawals_root: rules.withdrawals.then(|| withdrawals_root.unwrap_or(EMPTY_ROOT_HASH)),
            parent_beacon_block_root: rules.beacon_root.then_some(B256::ZERO),
            blob_gas_used: rules.beacon_root.then(|| self.template.blob_gas_used.unwrap_or_default()),
            excess_blob_gas: rules.beacon_root.then(|| self.template.excess_blob_gas.unwrap_or_default()),
            requests_hash: rules.withdrawals_root_in_header.then_some(EMPTY_REQUESTS_HASH),
            ..self.template.clone()
        }
    }
}

impl GenesisAccount {
    fn storage_root(&self) -> B256 {
        let slots = self.storage.iter().filter(|(_, value)| !value.is_zero());
        root(slots.map(|(index, value)| (keccak256(index.to_be_bytes::<32>()), alloy_rlp::encode(value))))
    }

    fn encoded(&self) -> Vec<u8> {
        let account = TrieAccount::new(self.nonce, self.balance, self.storage_root(), keccak256(&self.code));
        let mut out = Vec::with_capacity(110);
        account.encode(&mut out);
        out
    }
}

/// The root of a trie with these entries.
fn root(entries: impl Iterator<Item = (B256, Vec<u8>)>) -> B256 {
    let mut trie = Trie::new();
    for (key, value) in entries {
        let done: Result<(), TrieError<()>> = trie.insert(key.as_slice(), value, &mut |_| Err(()));
        done.expect(
            "the trie began empty, so no node is to be resolved; keys have 32 bytes, values are not empty",
        );
    }
    trie.root()
}

fn accounts(
    list: Option<&Map<alloc::string::String, Value>>,
) -> Result<BTreeMap<Address, GenesisAccount>, GenesisError> {
    let list = list.ok_or(GenesisError::Field("alloc"))?;
    list.iter()
        .map(|(key, json)| {
            let address = key.parse().map_err(|_| GenesisError::Address)?;
            Ok((address, account(json).map_err(|field| GenesisError::Account { address, field })?))
        })
        .collect()
}

fn account(json: &Value) -> Result<GenesisAccount, &'static str> {
    let field = |error: GenesisError| match error {
        GenesisError::Field(field) => field,
        _ => "it",
    };
    let storage = match &json["storage"] {
        Value::Null => BTreeMap::new(),
        Value::Object(slots) => slots
            .iter()
            .map(|(index, value)| Some((word(index)?, word(value.as_str()?)?)))
            .collect::<Option<_>>()
            .ok_or("storage")?,
        _ => return Err("storage"),
    };
    Ok(GenesisAccount {
        balance: optional(json, "balance", number).map_err(field)?.unwrap_or_default(),
        nonce: optional(json, "nonce", small).map_err(field)?.unwrap_or_default(),
        code: optional(json, "code", parsed).map_err(field)?.unwrap_or_default(),
        storage,
    })
}

fn optional<T>(
    json: &Value,
    field: &'static str,
    read: impl FnOnce(&Value) -> Option<T>,
) -> Result<Option<T>, GenesisError> {
    match &json[field] {
        Value::Null => Ok(None),
        value => read(value).map(Some).ok_or(GenesisError::Field(field)),
    }
}

fn parsed<T: core::str::FromStr>(value: &Value) -> Option<T> {
    value.as_str()?.parse().ok()
}

/// A storage index or value: hexadecimal, with `0x` or without, as geth reads it.
fn word(text: &str) -> Option<U256> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    U256::from_str_radix(digits, 16).ok().filter(|_| (1..=64).contains(&digits.len()))
}

/// Hexadecimal with `0x`, else decimal, as a string or a number.
fn number(value: &Value) -> Option<U256> {
    match value {
        Value::Number(number) => number.as_u64().map(U256::from),
        _ => match value.as_str()?.strip_prefix("0x") {
            Some(hex) => U256::from_str_radix(hex, 16).ok(),
            None => U256::from_str_radix(value.as_str()?, 10).ok(),
        },
    }
}

fn small(value: &Value) -> Option<u64> {
    number(value)?.try_into().ok()
}
