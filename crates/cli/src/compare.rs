//! An executed block beside the expected one: which fields differ, and what feeds them.

use crate::{
    fields::{self, Value},
    fixture::{Expected, Fixture},
    report::Grouped,
    state::State,
};
use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes, Sealed, U256, address};
use alloy_rlp::Decodable;
use op_alloy_rpc_types_engine::OpPayloadAttributes;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use unroll_executor::{BlockExecutor, ExecutedPayload, Receipt};
use unroll_protocol::output_root::OutputRoot;

/// A field with its two values.
#[derive(Clone, Debug)]
pub struct Row {
    pub field: &'static str,
    pub computed: Value,
    /// `None`: the fixture does not say.
    pub expected: Option<Value>,
}

impl Row {
    pub fn differs(&self) -> bool {
        self.expected.as_ref().is_some_and(|expected| *expected != self.computed)
    }
}

/// Header fields in their order, then the hash, then the output root if one is expected.
pub fn rows(header: &Sealed<Header>, output: Option<&OutputRoot>, expected: &Expected) -> Vec<Row> {
    let given = expected.header.as_ref().map(fields::of);
    let mut rows: Vec<Row> = fields::of(header)
        .into_iter()
        .enumerate()
        .map(|(i, (field, computed))| {
            let of_header = given.as_ref().map(|fields| fields[i].1.clone());
            let by_name = expected.fields.iter().filter(|(name, _)| name == field).map(|(_, value)| value);
            // Where a field is given more than once, each has to be right.
            let wrong = by_name.clone().chain(&of_header).find(|value| **value != computed);
            let expected = wrong.or(of_header.as_ref()).or_else(|| by_name.clone().next()).cloned();
            Row { field, computed, expected }
        })
        .collect();
    let hash = expected.hash.or_else(|| expected.header.as_ref().map(Header::hash_slow));
    rows.push(Row { field: "hash", computed: Value::Hash(header.hash()), expected: hash.map(Value::Hash) });
    if let Some((output, expected)) = output.zip(expected.output_root) {
        let computed = Value::Hash(output.hash());
        rows.push(Row { field: "output_root", computed, expected: Some(Value::Hash(expected)) });
    }
    rows
}

/// What a field is made of, in one sentence.
pub fn fed_by(field: &str, fixture: &Fixture) -> String {
    let parent = &fixture.parent;
    match field {
        "parent_hash" => "the hash of parent_header_rlp".into(),
        "beneficiary" => "suggestedFeeRecipient of the payload attributes".into(),
        "mix_hash" => "prevRandao of the payload attributes".into(),
        "timestamp" => "timestamp of the payload attributes".into(),
        "gas_limit" => "gasLimit of the payload attributes".into(),
        "parent_beacon_block_root" => "parentBeaconBlockRoot of the payload attributes".into(),
        "extra_data" => {
            "eip1559Params and minBaseFee of the payload attributes, and the rollup config".into()
        }
        "transactions_root" => "the transactions of the payload attributes".into(),
        "number" => format!("the parent, which is block {}", Grouped(parent.number)),
        "base_fee_per_gas" => format!(
            "the parent: base fee {}, {} of {} gas used, extra data {}",
            Grouped(parent.base_fee_per_gas.unwrap_or_default()),
            Grouped(parent.gas_used),
            Grouped(parent.gas_limit),
            parent.extra_data,
        ),
        "state_root" => "the accounts that the block changed".into(),
        "receipts_root" | "logs_bloom" | "gas_used" | "receipts" => "the receipts".into(),
        "withdrawals_root" => "the storage root of the message passer, from Isthmus".into(),
        "blob_gas_used" => "the DA footprint of the transactions, from Jovian; 0 before".into(),
        "hash" => "the fields of the header".into(),
        "output_root" => "state root, storage root of the message passer, and hash".into(),
        _ => "the fork: it is a constant".into(),
    }
}

/// What a transaction came to.
#[derive(Clone, Debug)]
pub struct ReceiptLine {
    pub transaction_type: u8,
    pub success: bool,
    pub gas_used: u64,
    pub cumulative_gas_used: u64,
    pub logs: usize,
}

pub fn receipt_lines(receipts: &[Receipt]) -> Vec<ReceiptLine> {
    let mut before = 0;
    let lines = receipts.iter().map(|receipt| {
        let gas_used = receipt.cumulative_gas_used.saturating_sub(before);
        before = receipt.cumulative_gas_used;
        ReceiptLine {
            transaction_type: receipt.transaction_type,
            success: receipt.success,
            gas_used,
            cumulative_gas_used: receipt.cumulative_gas_used,
            logs: receipt.logs.len(),
        }
    });
    lines.collect()
}

/// A receipt that is not the expected one.
#[derive(Clone, Debug)]
pub struct ReceiptDifference {
    pub index: usize,
    pub field: &'static str,
    pub computed: String,
    pub expected: String,
}

/// The receipts that differ, by index; at the end, a receipt too many or too few.
pub fn receipt_differences(receipts: &[Receipt], expected: &[Bytes]) -> Vec<ReceiptDifference> {
    let pairs = receipts.iter().zip(expected).enumerate();
    let mut differences: Vec<_> =
        pairs.filter_map(|(index, (receipt, expected))| difference(index, receipt, expected)).collect();
    if receipts.len() != expected.len() {
        differences.push(ReceiptDifference {
            index: receipts.len().min(expected.len()),
            field: "count",
            computed: receipts.len().to_string(),
            expected: expected.len().to_string(),
        });
    }
    differences
}

fn difference(index: usize, receipt: &Receipt, expected: &Bytes) -> Option<ReceiptDifference> {
    let mut bytes = Vec::new();
    receipt.encode_2718(&mut bytes);
    if bytes == expected[..] {
        return None;
    }
    let (ours, theirs) = (outline(&bytes), outline(expected));
    let differs = |field, computed: String, expected: String| {
        (computed != expected).then_some(ReceiptDifference { index, field, computed, expected })
    };
    let by_field = ours.zip(theirs).and_then(|(ours, theirs)| {
        let shown = |ours: u64, theirs: u64| (ours.to_string(), theirs.to_string());
        let fields = [
            ("type", shown(ours.0.into(), theirs.0.into())),
            ("status", shown(ours.1, theirs.1)),
            ("cumulative_gas_used", shown(ours.2, theirs.2)),
        ];
        fields.into_iter().find_map(|(field, (ours, theirs))| differs(field, ours, theirs))
    });
    let whole = || {
        differs("bloom, logs or deposit nonce", Bytes::from(bytes.clone()).to_string(), expected.to_string())
    };
    by_field.or_else(whole)
}

/// Type, status and cumulative gas of an encoded receipt.
fn outline(mut bytes: &[u8]) -> Option<(u8, u64, u64)> {
    let transaction_type = bytes.first().copied().filter(|first| *first < 0x80);
    if transaction_type.is_some() {
        bytes = &bytes[1..];
    }
    let mut list = alloy_rlp::Header::decode_bytes(&mut bytes, true).ok()?;
    let (status, gas) = (u64::decode(&mut list).ok()?, u64::decode(&mut list).ok()?);
    Some((transaction_type.unwrap_or(0), status, gas))
}

/// An account in three states, as far as the preimages tell.
#[derive(Clone, Debug)]
pub struct AccountLine {
    pub address: Address,
    pub before: Option<Account>,
    pub computed: Option<Account>,
    pub expected: Option<Account>,
}

/// The content of an account; of none, that of an empty one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    pub nonce: u64,
    pub balance: U256,
    pub storage_root: B256,
    pub code_hash: B256,
}

impl Account {
    pub fn json(&self) -> Json {
        json!({
            "nonce": self.nonce,
            "balance": self.balance.to_string(),
            "storage_root": self.storage_root.to_string(),
            "code_hash": self.code_hash.to_string(),
        })
    }
}

/// Contracts that blocks change without a transaction that names them: L1 info, message passer, fee vaults, beacon roots
/// (EIP-4788), block hashes (EIP-2935).
const SYSTEM: [Address; 7] = [
    address!("4200000000000000000000000000000000000015"),
    address!("4200000000000000000000000000000000000016"),
    address!("4200000000000000000000000000000000000019"),
    address!("420000000000000000000000000000000000001a"),
    address!("420000000000000000000000000000000000001b"),
    address!("000f3df6d732807ef1319fb7b8bb8522d0beac02"),
    address!("0000f90827f1c53a10cb7a02335b175320002935"),
];

/// The accounts that the block changed, and of those that transactions and logs name the ones that it should have. The expected state is read like any other: the
/// preimages tell it if its nodes are among them, as where it is the parent of another block.
pub fn accounts(
    fixture: &Fixture,
    executor: &mut BlockExecutor<'_>,
    block: &ExecutedPayload,
    expected_root: Option<B256>,
    state: &mut State,
) -> Vec<AccountLine> {
    let mut before = BlockExecutor::new(&fixture.config, fixture.parent.clone());
    let mut expected = expected_root.map(|state_root| {
        let header = Header { state_root, ..Header::default() };
        BlockExecutor::new(&fixture.config, Sealed::new_unchecked(header, B256::ZERO))
    });
    let mut read = |executor: &mut BlockExecutor<'_>, address| {
        let account = executor.account(state, address).ok()?.unwrap_or_default();
        let (nonce, balance) = (account.nonce, account.balance);
        Some(Account { nonce, balance, storage_root: account.storage_root, code_hash: account.code_hash })
    };
    let mut addresses = named(&fixture.attributes, &block.receipts);
    addresses.extend(&block.changed);
    let lines = addresses.into_iter().map(|address| AccountLine {
        address,
        before: read(&mut before, address),
        computed: read(executor, address),
        expected: expected.as_mut().and_then(|expected| read(expected, address)),
    });
    let changed = |line: &AccountLine| {
        line.computed != line.before || line.expected.is_some_and(|expected| line.computed != Some(expected))
    };
    lines.filter(changed).collect()
}

/// Everyone whom the block names.
fn named(attributes: &OpPayloadAttributes, receipts: &[Receipt]) -> BTreeSet<Address> {
    let transactions = attributes.transactions.iter().flatten();
    let logs = receipts.iter().flat_map(|receipt| &receipt.logs);
    let mut addresses: BTreeSet<Address> = logs.map(|log| log.address).collect();
    addresses.extend(transactions.flat_map(|bytes| targets(bytes)));
    addresses.extend(SYSTEM);
    addresses.insert(attributes.payload_attributes.suggested_fee_recipient);
    addresses
}

/// The sender of a deposit and the target of any transaction, by their places in the list.
fn targets(transaction: &[u8]) -> Vec<Address> {
    let (places, mut bytes): (&[usize], _) = match transaction {
        [0x7e, rest @ ..] => (&[1, 2], rest),
        [0x01, rest @ ..] => (&[4], rest),
        [0x02 | 0x04, rest @ ..] => (&[5], rest),
        legacy => (&[3], legacy),
    };
    let Ok(mut list) = alloy_rlp::Header::decode_bytes(&mut bytes, true) else { return Vec::new() };
    let mut found = Vec::new();
    for place in 0..=5 {
        let Ok(header) = alloy_rlp::Header::decode(&mut list) else { break };
        let Some((item, rest)) = list.split_at_checked(header.payload_length) else { break };
        if places.contains(&place) {
            found.extend(Address::try_from(item));
        }
        list = rest;
    }
    found
}
