//! A tree of values from which known keys are taken; what is left is unknown.

use super::MAX_CONFIG_BYTES;
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use alloy_primitives::{Address, B256, U256};
use core::str::FromStr;
use serde_json::{Map, Value};

/// A config file that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigFileError {
    /// Longer than [`MAX_CONFIG_BYTES`].
    #[error("the config has {0} bytes, more than any config")]
    TooLong(usize),
    /// Not in the file's language.
    #[error("the config is malformed at line {line}, column {column}")]
    Syntax {
        /// The first is 1; 0 if unknown.
        line: usize,
        /// The first is 1; 0 if unknown.
        column: usize,
    },
    /// there is no sensible default.
    #[error("the config has no {0}")]
    Missing(&'static str),
    /// A value of another type or range.
    #[error("the config's {field} is not {expected}")]
    Malformed {
        /// The path of the key.
        field: &'static str,
        /// What would have been right.
        expected: &'static str,
    },
}

/// Paths are keys joined by dots, such as `genesis.l1.hash`. A null is an absent value.
pub(super) struct Document(Map<String, Value>);

impl Document {
    pub(super) fn from_json(json: &[u8]) -> Result<Self, ConfigFileError> {
        if json.len() > MAX_CONFIG_BYTES {
            return Err(ConfigFileError::TooLong(json.len()));
        }
        // Nesting is bounded by serde_json, at 128.
        let map = serde_json::from_slice(json)
            .map_err(|error| ConfigFileError::Syntax { line: error.line(), column: error.column() })?;
        Ok(Self(map))
    }

    #[cfg(feature = "toml")]
    pub(super) fn from_toml(text: &str) -> Result<Self, ConfigFileError> {
        if text.len() > MAX_CONFIG_BYTES {
            return Err(ConfigFileError::TooLong(text.len()));
        }
        toml::from_str(text).map(Self).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
            ConfigFileError::Syntax { line: before.matches('\n').count() + 1, column }
        })
    }

    /// The table below `key`, or the whole where there is none.
    pub(super) fn enter(mut self, key: &'static str) -> Self {
        match self.take(key) {
            Some(Value::Object(table)) => Self(table),
            _ => self,
        }
    }

    /// Adds a number that the file leaves to its reader.
    #[cfg(feature = "toml")]
    pub(super) fn set(&mut self, key: &'static str, value: u64) {
        self.0.insert(key.into(), value.into());
    }

    /// Moves a value; a path `to` has at most two keys.
    #[cfg(feature = "toml")]
    pub(super) fn rename(&mut self, from: &'static str, to: &'static str) {
        let Some(value) = self.take(from) else { return };
        let (table, key) = to.split_once('.').map_or((None, to), |(table, key)| (Some(table), key));
        let table = match table {
            None => Some(&mut self.0),
            Some(name) => self.0.entry(name).or_insert_with(|| Map::new().into()).as_object_mut(),
        };
        if let Some(table) = table {
            table.insert(key.into(), value);
        }
    }

    /// Moves the values of a table to the top.
    #[cfg(feature = "toml")]
    pub(super) fn hoist(&mut self, table: &'static str) {
        if let Some(Value::Object(mut table)) = self.take(table) {
            self.0.append(&mut table);
        }
    }

    /// What nobody asked for, as paths.
    pub(super) fn rest(self) -> Vec<String> {
        let mut paths = Vec::new();
        leaves(self.0, "", &mut paths);
        paths
    }

    /// Whether there is a value other than null.
    pub(super) fn has(&self, path: &'static str) -> bool {
        let mut keys = path.split('.');
        let first = keys.next().and_then(|key| self.0.get(key));
        keys.fold(first, |value, key| value?.get(key)).is_some_and(|value| !value.is_null())
    }

    /// Knows a key without looking at it.
    pub(super) fn skip(&mut self, path: &'static str) {
        self.take(path);
    }

    pub(super) fn number(&mut self, path: &'static str) -> Result<u64, ConfigFileError> {
        self.optional_number(path)?.ok_or(ConfigFileError::Missing(path))
    }

    pub(super) fn hash(&mut self, path: &'static str) -> Result<B256, ConfigFileError> {
        self.optional_hash(path)?.ok_or(ConfigFileError::Missing(path))
    }

    pub(super) fn address(&mut self, path: &'static str) -> Result<Address, ConfigFileError> {
        self.optional_address(path)?.ok_or(ConfigFileError::Missing(path))
    }

    /// An integer, or a string of hex as the RPC writes quantities.
    pub(super) fn optional_number(&mut self, path: &'static str) -> Result<Option<u64>, ConfigFileError> {
        self.optional(path, "an integer of 64 bits", |value| match value {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => {
                let digits = text.strip_prefix("0x").filter(|digits| !digits.starts_with('+'))?;
                u64::from_str_radix(digits, 16).ok()
            }
            _ => None,
        })
    }

    /// A word of 32 bytes, with or without its leading zeros.
    pub(super) fn word(&mut self, path: &'static str) -> Result<U256, ConfigFileError> {
        let word = self.optional(path, "a hex number of at most 32 bytes", |value| {
            let digits = value.as_str()?.strip_prefix("0x")?;
            let all = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            all.then(|| U256::from_str_radix(digits, 16).ok()).flatten()
        })?;
        word.ok_or(ConfigFileError::Missing(path))
    }

    pub(super) fn optional_u32(&mut self, path: &'static str) -> Result<Option<u32>, ConfigFileError> {
        let malformed = ConfigFileError::Malformed { field: path, expected: "an integer of 32 bits" };
        self.optional_number(path)?.map(|number| u32::try_from(number).map_err(|_| malformed)).transpose()
    }

    pub(super) fn optional_u16(&mut self, path: &'static str) -> Result<Option<u16>, ConfigFileError> {
        let malformed = ConfigFileError::Malformed { field: path, expected: "an integer of 16 bits" };
        self.optional_number(path)?.map(|number| u16::try_from(number).map_err(|_| malformed)).transpose()
    }

    pub(super) fn optional_hash(&mut self, path: &'static str) -> Result<Option<B256>, ConfigFileError> {
        self.optional(path, "32 bytes of hex", |value| B256::from_str(value.as_str()?).ok())
    }

    pub(super) fn optional_address(
        &mut self,
        path: &'static str,
    ) -> Result<Option<Address>, ConfigFileError> {
        self.optional(path, "an address", |value| Address::from_str(value.as_str()?).ok())
    }

    pub(super) fn optional_bool(&mut self, path: &'static str) -> Result<Option<bool>, ConfigFileError> {
        self.optional(path, "true or false", Value::as_bool)
    }

    pub(super) fn optional_text(&mut self, path: &'static str) -> Result<Option<String>, ConfigFileError> {
        self.optional(path, "a text", |value| value.as_str().map(ToString::to_string))
    }

    fn optional<T>(
        &mut self,
        path: &'static str,
        expected: &'static str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>, ConfigFileError> {
        self.take(path)
            .map(|value| read(&value).ok_or(ConfigFileError::Malformed { field: path, expected }))
            .transpose()
    }

    fn take(&mut self, path: &'static str) -> Option<Value> {
        let mut map = &mut self.0;
        let mut keys = path.split('.').peekable();
        while let Some(key) = keys.next() {
            if keys.peek().is_none() {
                return map.remove(key).filter(|value| !value.is_null());
            }
            map = map.get_mut(key)?.as_object_mut()?;
        }
        None
    }
}

/// Recursion is as deep as the parsers allowed.
fn leaves(map: Map<String, Value>, prefix: &str, paths: &mut Vec<String>) {
    for (key, value) in map {
        let path = format!("{prefix}{key}");
        match value {
            Value::Object(map) => leaves(map, &format!("{path}."), paths),
            _ => paths.push(path),
        }
    }
}
