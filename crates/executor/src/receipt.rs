//! Receipts, as far as the receipts root covers them (I-010, I-011, I-034).

use alloc::vec::Vec;

use alloy_primitives::{
    B256, Bloom, BloomInput, Log, keccak256,
    map::{AddressMap, B256Map},
};
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
        self.encode_with(&mut LogHashes::default(), out)
    }

    /// As [`encode_2718`](Self::encode_2718), with what is known of the block's other logs.
    pub(crate) fn encode_with(&self, hashes: &mut LogHashes, out: &mut Vec<u8>) -> Bloom {
        let bloom = hashes.bloom(&self.logs);
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

/// The hashes that blooms are made of. The logs of a block name the same contracts and topics again and again.
#[derive(Default)]
pub(crate) struct LogHashes {
    addresses: AddressMap<B256>,
    topics: B256Map<B256>,
}

impl LogHashes {
    fn bloom(&mut self, logs: &[Log]) -> Bloom {
        let mut bloom = Bloom::ZERO;
        for log in logs {
            let address = self.addresses.entry(log.address).or_insert_with(|| keccak256(log.address));
            bloom.accrue(BloomInput::Hash(*address));
            for topic in log.topics() {
                let topic = self.topics.entry(*topic).or_insert_with(|| keccak256(topic));
                bloom.accrue(BloomInput::Hash(*topic));
            }
        }
        bloom
    }
}
