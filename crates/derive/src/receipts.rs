//! Logs of L1 receipts, read in place: only those of the rollup's contracts are made into values.

use crate::{error::CriticalCause, event::Event};
use alloc::vec::Vec;
use alloy_primitives::{Address, Bytes, Log};
use alloy_rlp::{Decodable, Header};
use unroll_protocol::{system_config::ConfigUpdate, units::L1Ref};

/// The receipts of an L1 block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Logs<'a> {
    pub(crate) block: &'a L1Ref,
    pub(crate) receipts: &'a [Bytes],
    /// The block's transactions, against which receipts of unknown types are checked, if they are at hand.
    pub(crate) transactions: Option<&'a [Bytes]>,
}

impl Logs<'_> {
    /// Visits the logs of these contracts in receipts of success, with their index among all logs of the block (G-017).
    pub(crate) fn for_each(
        &self,
        contracts: &[Address],
        events: &mut Vec<Event>,
        mut visit: impl FnMut(u64, &Log, &mut Vec<Event>) -> Result<(), CriticalCause>,
    ) -> Result<(), CriticalCause> {
        let block = self.block.number;
        let mut log_index = 0;
        for (index, receipt) in self.receipts.iter().enumerate() {
            let parsed = Receipt::parse(receipt);
            if is_future_type(receipt) && (parsed.is_err() || !self.has_type_of_transaction(index)) {
                events.push(Event::ReceiptIgnored { block, index }); // B-005; B-006: its logs do not count
                continue;
            }
            let Receipt { success, mut logs } =
                parsed.map_err(|_| CriticalCause::Receipt { block, index })?;
            while !logs.is_empty() {
                let log = next_log(&mut logs, contracts);
                if let Some(log) =
                    log.map_err(|_| CriticalCause::Receipt { block, index })?.filter(|_| success)
                {
                    visit(log_index, &log, events)?;
                }
                log_index += 1;
            }
        }
        Ok(())
    }

    fn has_type_of_transaction(&self, index: usize) -> bool {
        let Some(transactions) = self.transactions else { return true };
        transactions.get(index).and_then(|tx| tx.first()) == self.receipts[index].first()
    }
}

/// The last batcher that a block announced (A-025).
pub(crate) fn last_batcher(updates: &[ConfigUpdate]) -> Option<Address> {
    updates.iter().rev().find_map(|update| match update {
        ConfigUpdate::Batcher(batcher) => Some(*batcher),
        _ => None,
    })
}

/// B-005: transaction types that nobody has defined for L1 yet.
fn is_future_type(receipt: &[u8]) -> bool {
    matches!(receipt.first(), Some(0x05..=0x7d))
}

/// ```text
/// [type] || rlp([status, cumulativeGas, bloom, [log, ...]])      a deposit's receipt ends with nonce and version
/// ```
struct Receipt<'a> {
    success: bool,
    logs: &'a [u8],
}

impl<'a> Receipt<'a> {
    fn parse(receipt: &'a [u8]) -> alloy_rlp::Result<Self> {
        let (mut buf, extended) = match receipt {
            [0x7e, rest @ ..] => (rest, true),
            [0x00..=0x7d, rest @ ..] => (rest, false),
            legacy => (legacy, false),
        };
        let mut fields = Header::decode_bytes(&mut buf, true)?;
        let status = Header::decode_bytes(&mut fields, false)?;
        let _gas = u64::decode(&mut fields)?;
        let _bloom = Header::decode_bytes(&mut fields, false)?;
        let logs = Header::decode_bytes(&mut fields, true)?;
        if !buf.is_empty() || !(extended || fields.is_empty()) {
            return Err(alloy_rlp::Error::UnexpectedLength);
        }
        match status {
            [1] => Ok(Self { success: true, logs }),
            [] => Ok(Self { success: false, logs }),
            _ => Err(alloy_rlp::Error::Custom("status")),
        }
    }
}

/// The next log, if it is of one of these contracts: `[address, [topic, ...], data]`.
fn next_log(logs: &mut &[u8], contracts: &[Address]) -> alloy_rlp::Result<Option<Log>> {
    let mut fields = Header::decode_bytes(logs, true)?;
    let address = Address::decode(&mut fields)?;
    if !contracts.contains(&address) {
        return Ok(None);
    }
    let topics = Vec::decode(&mut fields)?;
    let data = Bytes::decode(&mut fields)?;
    Ok(Some(Log::new_unchecked(address, topics, data)))
}
