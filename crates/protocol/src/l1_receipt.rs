//! L1 receipts, read in place: only logs of the rollup's contracts are made into values (B-005, B-006).

use crate::reader::{ReadError, Reader};
use alloc::vec::Vec;
use alloy_consensus::Header;
use alloy_primitives::{Address, B256, BLOOM_SIZE_BYTES, BloomInput, Bytes, Log};

/// A receipt.
///
/// ```text
/// [type] || rlp([status, cumulativeGas, bloom, [log, ...]])      a deposit's receipt ends with nonce and version
/// ```
#[derive(Clone, Copy, Debug)]
pub struct L1Receipt<'a> {
    /// Whether the transaction succeeded; if not, its logs do not count.
    pub success: bool,
    logs: Reader<'a>,
}

impl<'a> L1Receipt<'a> {
    /// Reads the EIP-2718 encoding up to the logs.
    pub fn decode(receipt: &'a [u8]) -> Result<Self, ReadError> {
        let (is_typed, extended) = (matches!(receipt, [0..=0x7f, ..]), matches!(receipt, [0x7e, ..]));
        let mut body = Reader::new(receipt.get(usize::from(is_typed)..).unwrap_or_default());
        let mut fields = body.rlp_list()?;
        body.finish()?;
        let status = fields.rlp_u64()?;
        let _gas = fields.rlp_u64()?;
        let bloom = fields.rlp_string()?.payload;
        let logs = fields.rlp_list()?;
        match (status, bloom.len() == BLOOM_SIZE_BYTES && (extended || fields.is_empty())) {
            (success @ 0..=1, true) => Ok(Self { success: success == 1, logs }),
            _ => Err(ReadError::Rlp(alloy_rlp::Error::Custom("another status, bloom or number of fields"))),
        }
    }

    /// All logs. A receipt of an unknown type is read to its end before one of them counts (B-005).
    fn all_logs(mut self) -> Result<Vec<Log>, ReadError> {
        let mut logs = Vec::new();
        while self.has_log() {
            logs.extend(self.next_log(|_| true)?);
        }
        Ok(logs)
    }

    /// Whether a log is left.
    pub const fn has_log(&self) -> bool {
        !self.logs.is_empty()
    }

    /// The next log; `None` if its contract is not wanted.
    ///
    /// ```text
    /// [address, [topic, ...], data]
    /// ```
    pub fn next_log(&mut self, wanted: impl FnOnce(&Address) -> bool) -> Result<Option<Log>, ReadError> {
        let mut fields = self.logs.rlp_list()?;
        let address = Address::from(fields.rlp_array()?);
        if !wanted(&address) {
            return Ok(None);
        }
        let (mut list, mut topics) = (fields.rlp_list()?, Vec::new());
        while !list.is_empty() {
            topics.push(B256::from(list.rlp_array()?));
        }
        let data = Bytes::copy_from_slice(fields.rlp_string()?.payload);
        fields.finish()?;
        Ok(Some(Log::new_unchecked(address, topics, data)))
    }
}

/// What the receipts of a block hold.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are what their names and types say")]
pub enum Entry {
    /// A receipt of a type that nobody knows was discarded; its logs do not count (B-005, B-006).
    Ignored { receipt: usize },
    /// A log of a transaction that succeeded. `log_index` counts all logs of the block (G-017).
    Log { receipt: usize, log_index: u64, log: Log },
}

/// Reads the logs of the wanted contracts, in order. The block's transactions, if they are at hand, are what receipts of unknown
/// types are checked against. `malformed`: a receipt of a known type, of this index, does not decode (B-005).
pub fn read_logs<E>(
    receipts: &[Bytes],
    transactions: Option<&[Bytes]>,
    wanted: impl Fn(&Address) -> bool,
    malformed: impl Fn(usize) -> E,
    mut take: impl FnMut(Entry) -> Result<(), E>,
) -> Result<(), E> {
    let mut log_index = 0;
    for (index, bytes) in receipts.iter().enumerate() {
        let has_type = |list: &[Bytes]| list.get(index).and_then(|tx| tx.first()) == bytes.first();
        let is_whole = || L1Receipt::decode(bytes).and_then(L1Receipt::all_logs).is_ok();
        // Types that nobody has defined for L1 yet. The rule ends at 0x7d; EIP-2718 has 0x7f too, which must not stop us either.
        let future = matches!(bytes.first(), Some(0x05..=0x7d | 0x7f));
        if future && !(transactions.is_none_or(has_type) && is_whole()) {
            take(Entry::Ignored { receipt: index })?; // B-005, B-006
            continue;
        }
        let mut receipt = L1Receipt::decode(bytes).map_err(|_| malformed(index))?;
        while receipt.has_log() {
            let log = receipt.next_log(&wanted).map_err(|_| malformed(index))?;
            if let Some(log) = log.filter(|_| receipt.success) {
                take(Entry::Log { receipt: index, log_index, log })?;
            }
            log_index += 1;
        }
    }
    Ok(())
}

/// Whether a block may hold such a log of this contract: a bloom filter has false positives, but misses nothing.
pub fn may_log(header: &Header, address: Address, topic: B256) -> bool {
    let inputs = [address.as_slice(), topic.as_slice()];
    inputs.into_iter().all(|raw| header.logs_bloom.contains_input(BloomInput::Raw(raw)))
}

/// A receipt that a library reads has the same logs here.
#[cfg(any(test, feature = "fuzz"))]
pub fn fuzz_l1_receipt(data: &[u8]) {
    use alloy_consensus::{Eip658Value, ReceiptEnvelope, TxReceipt};
    let ours = L1Receipt::decode(data).and_then(|receipt| Ok((receipt.success, receipt.all_logs()?)));
    let theirs = <ReceiptEnvelope as alloy_eips::Decodable2718>::decode_2718_exact(data);
    if let Ok(theirs) = theirs
        && let Eip658Value::Eip658(success) = theirs.status_or_post_state()
    {
        assert_eq!(ours, Ok((success, theirs.logs().to_vec())));
    }
}
