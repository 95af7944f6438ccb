//! Which L1 transactions are the batcher's, and what they carry (B-010 to B-018).

use crate::{event::Event, provider::IndexedBlobHash};
use alloc::vec::Vec;
use alloy_primitives::{Address, Bytes};
use unroll_protocol::{
    config::RollupConfig,
    l1_transaction::{IgnoredTransaction, L1Transaction, blob_count, recipient},
    units::L1Ref,
};

/// What batcher transactions carry, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Payloads {
    /// The index of the transaction, and its calldata; `None`: the next blob.
    pub(crate) data: Vec<(usize, Option<Bytes>)>,
    pub(crate) blobs: Vec<IndexedBlobHash>,
}

/// What the batcher's transactions of a block carry. Whether a transaction
/// succeeded does not matter (B-014). Everybody else's transactions are not decoded.
pub(crate) fn payloads(
    cfg: &RollupConfig,
    batcher: Address,
    block: &L1Ref,
    transactions: &[Bytes],
    events: &mut Vec<Event>,
) -> Payloads {
    let with_blobs = cfg.forks.derivation(block.time).blobs; // B-016
    let mut payloads = Payloads::default();
    for (index, raw) in transactions.iter().enumerate() {
        if recipient(raw) != Some(cfg.batch_inbox) {
            continue; // B-010; B-007: also what cannot be read
        }
        let tx = match L1Transaction::decode(raw, cfg.l1_chain_id) {
            Ok(tx) if tx.sender == batcher => tx,
            refused => {
                let why = refused.map_or_else(|why| why, |tx| IgnoredTransaction::Sender(tx.sender));
                events.push(Event::TransactionIgnored { block: block.number, index, why });
                continue;
            }
        };
        match tx.blob_hashes.filter(|_| with_blobs) {
            Some(hashes) => {
                // B-017: the blobs only. B-018: counted over all blobs of the block.
                let first: u64 = transactions[..index].iter().map(|tx| blob_count(tx)).sum();
                payloads.data.extend(hashes.iter().map(|_| (index, None)));
                payloads
                    .blobs
                    .extend((first..).zip(hashes).map(|(index, hash)| IndexedBlobHash { index, hash }));
            }
            None => payloads.data.push((index, Some(tx.input))),
        }
    }
    payloads
}
