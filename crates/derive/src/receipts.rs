//! What the logs of an L1 block say to the rollup: config updates and deposits (A.3, G.2, B-005, B-006).

use crate::{error::CriticalCause, event::Event, source::L1Input};
use alloc::vec::Vec;
use alloy_primitives::{Address, Bytes, Log};
use unroll_protocol::{
    config::RollupConfig,
    deposit::{decode_deposit, is_deposit},
    l1_receipt::{Entry, read_logs},
    system_config::ConfigUpdate,
    units::L1Ref,
};

/// The receipts of an L1 block, and what they are searched for.
#[derive(Debug)]
pub(crate) struct Logs<'a> {
    pub(crate) cfg: &'a RollupConfig,
    pub(crate) block: &'a L1Ref,
    pub(crate) receipts: &'a [Bytes],
    /// The block's transactions, against which receipts of unknown types are checked, if they are at hand.
    pub(crate) transactions: Option<&'a [Bytes]>,
    pub(crate) updates: bool,
    pub(crate) deposits: bool,
    /// Where they go.
    pub(crate) input: &'a mut L1Input,
    pub(crate) events: &'a mut Vec<Event>,
}

impl Logs<'_> {
    /// Fills in the config updates and deposits of the block.
    pub(crate) fn read(mut self) -> Result<(), CriticalCause> {
        let (block, contracts) = (self.block.number, [self.cfg.l1_system_config, self.cfg.deposit_contract]);
        let malformed = |index| CriticalCause::Receipt { block, index };
        let wanted = |address: &Address| contracts.contains(address);
        read_logs(self.receipts, self.transactions, wanted, malformed, |entry| match entry {
            Entry::Log { log_index, log, .. } => self.take(&log, log_index),
            Entry::Ignored { receipt: index } => {
                self.events.push(Event::ReceiptIgnored { block, index });
                Ok(())
            }
        })
    }

    fn take(&mut self, log: &Log, log_index: u64) -> Result<(), CriticalCause> {
        let block = self.block.number;
        if self.deposits && is_deposit(log, self.cfg.deposit_contract) {
            let deposit = decode_deposit(log, self.block.hash, log_index);
            let malformed = |cause| CriticalCause::Deposit { block, log_index, cause };
            self.input.deposits.push(deposit.map_err(malformed)?); // G-011: never skipped
        }
        match ConfigUpdate::decode(log, self.cfg, self.block.time).filter(|_| self.updates) {
            Some(Ok(update)) => self.input.updates.push(update),
            // always skipped.
            Some(Err(why)) => self.events.push(Event::UpdateIgnored { block, log_index, why }),
            None => {}
        }
        Ok(())
    }
}

/// The last batcher that a block announced.
pub(crate) fn last_batcher(updates: &[ConfigUpdate]) -> Option<Address> {
    updates.iter().rev().find_map(|update| match update {
        ConfigUpdate::Batcher(batcher) => Some(*batcher),
        _ => None,
    })
}
