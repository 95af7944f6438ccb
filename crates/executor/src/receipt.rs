//! Receipts, as far as the receipts root covers them (I-010, I-011, I-034).

use alloc::vec::Vec;

use alloy_primitives::{Bloom, Log, logs_bloom};
use alloy_rlp::{BufMut, Encodable, Header};

/// The outcome of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// EIP-2718 type of the transaction; 0 is legacy, 0x7e a deposit.
    pub transaction_type: u8,
    /// Whether it ran to its end.
    pub success: bool,
    /// Gas used by the block up to and with this transaction.
    pub cumulative_gas_used: u64,
    /// What it logged.
    pub logs: Vec<Log>,
    /// The sender's nonce before the deposit, from Canyon.
    pub deposit_nonce: Option<u64>,
}

/// From Canyon on, behind the nonce.
const DEPOSIT_NONCE_VERSION: u8 = 1;

impl Receipt {
    /// Appends the EIP-2718 bytes that the receipts root covers; returns the bloom of the logs.
    ///
    /// ```text
    ///  [type] [status, cumulative gas, bloom, logs [, deposit nonce, version]]
    ///  none for legacy                             deposits, from Canyon
    /// ```
    pub fn encode_2718(&self, out: &mut Vec<u8>) -> Bloom {
        let bloom = logs_bloom(&self.logs);
        if self.transaction_type != 0 {
            out.put_u8(self.transaction_type);
        }
        let tail = self.deposit_nonce.map(|nonce| (nonce, DEPOSIT_NONCE_VERSION));
        let payload_length = self.success.length()
            + self.cumulative_gas_used.length()
            + bloom.length()
            + self.logs.length()
            + tail.map_or(0, |(nonce, version)| nonce.length() + version.length());
        Header { list: true, payload_length }.encode(out);
        self.success.encode(out);
        self.cumulative_gas_used.encode(out);
        bloom.encode(out);
        self.logs.encode(out);
        if let Some((nonce, version)) = tail {
            nonce.encode(out);
            version.encode(out);
        }
        bloom
    }
}
