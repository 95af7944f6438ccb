//! What executing a block showed, for people and for programs.

use crate::{
    compare::{AccountLine, ReceiptDifference, ReceiptLine, Row},
    fields::Value,
    report::{Bytes, Grouped, Millis, count},
};
use alloy_primitives::B256;
use serde_json::{Map, Value as Json, json};
use std::{
    fmt::{self, Write as _},
    io::{self, Write as _},
    time::Duration,
};

/// What is to be said about the block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    Equal,
    Differs,
    #[default]
    Undecided,
}

impl Verdict {
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Equal => 0,
            Self::Differs => 1,
            Self::Undecided => 2,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Differs => "differs",
            Self::Undecided => "undecided",
        }
    }
}

/// What a run found.
#[derive(Debug, Default)]
pub struct Report {
    pub verdict: Verdict,
    pub reason: String,
    pub about: Option<About>,
    /// Header fields in their order, then `hash` and `output_root`; none where there is no block.
    pub rows: Vec<Row>,
    /// What feeds the first field that differs.
    pub fed_by: Option<String>,
    pub receipts: Vec<ReceiptLine>,
    pub receipt_differences: Vec<ReceiptDifference>,
    pub accounts: Vec<AccountLine>,
    /// Keys of the config that are absent.
    pub absent: Vec<&'static str>,
    pub preimages_read: u64,
    pub preimage_bytes: u64,
    pub phases: Vec<(&'static str, Duration)>,
}

/// What the run was about.
#[derive(Clone, Debug)]
pub struct About {
    pub name: Option<String>,
    pub chain_id: u64,
    pub chain_name: Option<&'static str>,
    pub block_number: u64,
    pub fork: &'static str,
}

impl Report {
    /// The fields that differ, in the order of [`Report::rows`], the receipts last.
    pub fn differing(&self) -> Vec<&'static str> {
        let mut fields: Vec<_> = self.rows.iter().filter(|row| row.differs()).map(|row| row.field).collect();
        if !self.receipt_differences.is_empty() {
            fields.push("receipts");
        }
        fields
    }

    pub fn differs_in(&self, fields: &[&str]) -> bool {
        self.differing().iter().any(|field| fields.contains(field))
    }

    pub fn expected_hash_of(&self, field: &str) -> Option<B256> {
        match self.rows.iter().find(|row| row.field == field)?.expected {
            Some(Value::Hash(hash)) => Some(hash),
            _ => None,
        }
    }

    /// Prints it: one JSON object, or text for people. What cannot be told is told on stderr, in one sentence.
    pub fn print(&self, json: bool) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if json {
            serde_json::to_writer_pretty(&mut out, &self.json())?;
            writeln!(out)?;
        } else {
            out.write_all(self.text().as_bytes())?;
        }
        if self.verdict == Verdict::Undecided {
            writeln!(io::stderr(), "undecided: {}", self.reason)?;
        }
        Ok(())
    }

    fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a String cannot fail.
        let _ = self.write_text(&mut text);
        text
    }

    fn write_text(&self, f: &mut String) -> fmt::Result {
        let Some(about) = &self.about else { return Ok(()) };
        let chain = about.chain_name.unwrap_or("a chain that is not built in");
        let number = Grouped(about.block_number);
        writeln!(f, "{chain} (chain id {}), block {number}, {}", about.chain_id, about.fork)?;
        if !self.absent.is_empty() {
            writeln!(f, "not in the config, and not read: {}", self.absent.join(", "))?;
        }
        self.write_rows(f)?;
        self.write_receipts(f)?;
        self.write_accounts(f)?;
        if let Some(last) = self.receipts.last() {
            let transactions = count(self.receipts.len(), "transaction", "transactions");
            writeln!(f, "\n{transactions}, {} gas", Grouped(last.cumulative_gas_used))?;
            let (read, bytes) = (Grouped(self.preimages_read), Bytes(self.preimage_bytes));
            writeln!(f, "{read} preimages read, {bytes}")?;
            let phases: Vec<String> =
                self.phases.iter().map(|(name, time)| format!("{name} {}", Millis(*time))).collect();
            writeln!(f, "time: {}", phases.join(", "))?;
        }
        match self.verdict {
            Verdict::Equal => writeln!(f, "\nEQUAL: {}", self.reason),
            Verdict::Differs => {
                writeln!(f, "\nDIFFERS: {}", self.reason)?;
                self.fed_by.as_ref().map_or(Ok(()), |fed_by| writeln!(f, "It comes from {fed_by}."))
            }
            Verdict::Undecided => Ok(()),
        }
    }

    fn write_rows(&self, f: &mut String) -> fmt::Result {
        if self.rows.is_empty() {
            return Ok(());
        }
        writeln!(f, "\n  {:<24}  {:<66}  expected (=: the same, -: not given)", "field", "computed")?;
        for row in &self.rows {
            let expected = match &row.expected {
                None => "-".into(),
                Some(_) if !row.differs() => "=".into(),
                Some(expected) => expected.to_string(),
            };
            let mark = if row.differs() { '!' } else { ' ' };
            writeln!(f, "{mark} {:<24}  {:<66}  {expected}", row.field, row.computed)?;
        }
        Ok(())
    }

    /// Only where they can explain a difference.
    fn write_receipts(&self, f: &mut String) -> fmt::Result {
        if !self.differs_in(&["receipts_root", "logs_bloom", "gas_used", "blob_gas_used", "receipts"]) {
            return Ok(());
        }
        writeln!(f, "\nreceipts")?;
        for (index, line) in self.receipts.iter().enumerate() {
            let result = if line.success { "success" } else { "failure" };
            let (gas, total) = (Grouped(line.gas_used).to_string(), Grouped(line.cumulative_gas_used));
            let logs = count(line.logs, "log", "logs");
            writeln!(f, "  {index:>4}  {:<10}  {result}  {gas:>12} gas, {total} in all, {logs}", kind(line))?;
        }
        for difference in &self.receipt_differences {
            let ReceiptDifference { index, field, computed, expected } = difference;
            writeln!(f, "! receipt {index}: {field} is {computed}, expected {expected}")?;
        }
        Ok(())
    }

    fn write_accounts(&self, f: &mut String) -> fmt::Result {
        if self.accounts.is_empty() {
            return Ok(());
        }
        writeln!(f, "\naccounts that the block changed")?;
        for line in &self.accounts {
            writeln!(f, "  {}", line.address)?;
            let told = [("before", line.before), ("computed", line.computed), ("expected", line.expected)];
            for (state, account) in told {
                let Some(account) = account else { continue };
                let (nonce, balance, root) = (account.nonce, account.balance, account.storage_root);
                writeln!(f, "    {state:<8}  storage {root}, nonce {nonce}, {balance} wei")?;
            }
        }
        Ok(())
    }

    /// The fields that programs may rely on; `unroll exec --help` lists them.
    fn json(&self) -> Json {
        let about = self.about.as_ref();
        let header_rows = || self.rows.iter().filter(|row| !matches!(row.field, "hash" | "output_root"));
        let header: Map<_, _> =
            header_rows().map(|row| (row.field.to_owned(), row.computed.json())).collect();
        let expected = self.rows.iter().filter_map(|row| Some((row.field, row.expected.as_ref()?.json())));
        let expected: Map<_, _> = expected.map(|(field, value)| (field.to_owned(), value)).collect();
        let hash = self.rows.iter().find(|row| row.field == "hash").map(|row| row.computed.json());
        let millis = |time: Duration| (time.as_secs_f64() * 1e6).round() / 1e3;
        let phases: Map<_, _> =
            self.phases.iter().map(|(name, time)| ((*name).to_owned(), millis(*time).into())).collect();
        json!({
            "verdict": self.verdict.name(),
            "reason": self.reason,
            "name": about.and_then(|about| about.name.as_ref()),
            "chain_id": about.map(|about| about.chain_id),
            "chain_name": about.and_then(|about| about.chain_name),
            "block_number": about.map(|about| about.block_number),
            "fork": about.map(|about| about.fork),
            "hash": hash,
            "header": header,
            "expected": expected,
            "differing": self.differing(),
            "first_difference": self.first_difference(),
            "receipts": self.receipts.iter().enumerate().map(receipt_json).collect::<Vec<_>>(),
            "receipt_differences": self.receipt_differences.iter().map(difference_json).collect::<Vec<_>>(),
            "accounts": self.accounts.iter().map(account_json).collect::<Vec<_>>(),
            "config_absent": self.absent,
            "preimages_read": self.preimages_read,
            "preimage_bytes": self.preimage_bytes,
            "phases_ms": phases,
        })
    }

    fn first_difference(&self) -> Json {
        if let Some(row) = self.rows.iter().find(|row| row.differs()) {
            let expected = row.expected.as_ref().map(Value::json);
            let (field, computed) = (row.field, row.computed.json());
            return json!({ "field": field, "computed": computed, "expected": expected, "fed_by": self.fed_by });
        }
        self.receipt_differences.first().map_or(Json::Null, |first| {
            let field = format!("receipts[{}].{}", first.index, first.field);
            json!({ "field": field, "computed": first.computed, "expected": first.expected, "fed_by": self.fed_by })
        })
    }
}

fn kind(line: &ReceiptLine) -> String {
    match line.transaction_type {
        0x7e => "deposit".into(),
        0 => "legacy".into(),
        other => format!("type {other}"),
    }
}

fn receipt_json((index, line): (usize, &ReceiptLine)) -> Json {
    json!({
        "index": index,
        "type": line.transaction_type,
        "success": line.success,
        "gas_used": line.gas_used,
        "cumulative_gas_used": line.cumulative_gas_used,
        "logs": line.logs,
    })
}

fn difference_json(difference: &ReceiptDifference) -> Json {
    let ReceiptDifference { index, field, computed, expected } = difference;
    json!({ "index": index, "field": field, "computed": computed, "expected": expected })
}

fn account_json(line: &AccountLine) -> Json {
    let json = |account: &Option<crate::compare::Account>| account.map(|account| account.json());
    json!({
        "address": line.address.to_string(),
        "before": json(&line.before),
        "computed": json(&line.computed),
        "expected": json(&line.expected),
    })
}
