//! Which L1 transactions are the batcher's, and what they carry (B-010 to B-018).

use crate::{event::Event, provider::IndexedBlobHash};
use alloc::vec::Vec;
use alloy_primitives::{Address, Bytes};
use unroll_protocol::{
    config::RollupConfig,
    l1_transaction::{IgnoredTransaction, L1Transaction, blob_count, recipient},
    units::L1Ref,
};

/// Data of a batcher transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    Calldata(Bytes),
    Blob(IndexedBlobHash),
}

impl Payload {
    pub(crate) const fn blob(&self) -> Option<IndexedBlobHash> {
        match self {
            Self::Blob(blob) => Some(*blob),
            Self::Calldata(_) => None,
        }
    }
}

/// What the batcher's transactions of a block carry, in order, with the index of the transaction. Whether a transaction
/// succeeded does not matter (B-014). Everybody else's transactions are not decoded.
pub(crate) fn payloads(
    cfg: &RollupConfig,
    batcher: Address,
    block: &L1Ref,
    transactions: &[Bytes],
    events: &mut Vec<Event>,
) -> Vec<(usize, Payload)> {
    let with_blobs = cfg.forks.derivation(block.time).blobs; // B-016
    let mut payloads = Vec::new();
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
                let blobs = (first..).zip(hashes).map(|(index, hash)| IndexedBlobHash { index, hash });
                payloads.extend(blobs.map(|blob| (index, Payload::Blob(blob))));
            }
            None => payloads.push((index, Payload::Calldata(tx.input))),
        }
    }
    payloads
}
