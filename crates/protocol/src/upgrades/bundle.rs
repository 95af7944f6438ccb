//! Upgrade transactions as the OP monorepo publishes them (G-054): `op-core/nuts/bundles/*_nut_bundle.json`.

use super::{Upgrade, upgrade_transactions};
use crate::{
    deposit::{DepositTx, SourceHash},
    forks::Fork,
};
use alloc::{format, vec::Vec};
use alloy_primitives::{Address, Bytes, TxKind, U256};
use core::str::FromStr;
use serde_json::Value;

/// More than three times the size of the only bundle there is.
pub const MAX_BUNDLE_BYTES: usize = 1 << 20;

/// A file that is not the bundle of the fork. As the file was asked for by its hash, whoever supplied it is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// The fork's transactions do not come from a file.
    #[error("{0} has no bundle of upgrade transactions")]
    NoBundle(Fork),
    /// Longer than [`MAX_BUNDLE_BYTES`].
    #[error("the bundle has {0} bytes, more than any bundle")]
    TooLong(usize),
    /// Not JSON.
    #[error("the bundle is malformed at line {line}, column {column}")]
    Syntax {
        /// The first is 1.
        line: usize,
        /// The first is 1.
        column: usize,
    },
    /// No list of transactions.
    #[error("the bundle has no list of transactions")]
    NoTransactions,
    /// A field that is absent or of another type.
    #[error("the bundle's transaction {index} has no valid {field}")]
    Field {
        /// Which transaction, from 0.
        index: usize,
        /// The key.
        field: &'static str,
    },
    /// The transactions need another amount of gas than the protocol grants.
    #[error("the bundle's transactions have {actual} gas, not {expected}")]
    Gas {
        /// What the activation block gets.
        expected: u64,
        /// The sum, which saturates.
        actual: u64,
    },
}

/// The upgrade transactions of `fork`, encoded. The caller has compared the sha256 of `json` with
/// [`Upgrade::Bundle`]'s.
pub fn decode_bundle(fork: Fork, json: &[u8]) -> Result<Vec<Bytes>, BundleError> {
    let Upgrade::Bundle { gas: expected, .. } = upgrade_transactions(fork) else {
        return Err(BundleError::NoBundle(fork));
    };
    if json.len() > MAX_BUNDLE_BYTES {
        return Err(BundleError::TooLong(json.len()));
    }
    let bundle: Value = serde_json::from_slice(json)
        .map_err(|error| BundleError::Syntax { line: error.line(), column: error.column() })?;
    let list = bundle.get("transactions").and_then(Value::as_array).ok_or(BundleError::NoTransactions)?;
    let transactions = list
        .iter()
        .enumerate()
        .map(|(index, tx)| transaction(fork, index, tx))
        .collect::<Result<Vec<_>, _>>()?;
    let actual = transactions.iter().fold(0u64, |sum, tx| sum.saturating_add(tx.gas));
    if actual != expected {
        return Err(BundleError::Gas { expected, actual });
    }
    Ok(transactions.iter().map(DepositTx::encode).collect())
}

fn transaction(fork: Fork, index: usize, tx: &Value) -> Result<DepositTx, BundleError> {
    let invalid = |field| BundleError::Field { index, field };
    let text = |field| tx.get(field).and_then(Value::as_str).ok_or(invalid(field));
    let address = |field| Address::from_str(text(field)?).map_err(|_| invalid(field));
    // The position is part of the intent, though the spec's text does not say so.
    let intent = format!("{fork:?} {index}: {}", text("intent")?);
    Ok(DepositTx {
        source_hash: SourceHash::Upgrade { intent: &intent }.hash(),
        from: address("from")?,
        to: match tx.get("to") {
            None | Some(Value::Null) => TxKind::Create,
            Some(_) => TxKind::Call(address("to")?),
        },
        mint: U256::ZERO,
        value: U256::ZERO,
        gas: tx.get("gasLimit").and_then(Value::as_u64).ok_or(invalid("gasLimit"))?,
        is_system: false,
        data: Bytes::from_str(text("data")?).map_err(|_| invalid("data"))?,
    })
}

/// No file is a panic, and what comes out is deposits.
#[cfg(any(test, feature = "fuzz"))]
pub fn fuzz_bundle(data: &[u8]) {
    for tx in decode_bundle(Fork::Karst, data).into_iter().flatten() {
        assert!(DepositTx::decode(&tx).is_ok());
    }
}
