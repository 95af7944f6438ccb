//! Which L1 transactions are the batcher's, and what they carry (B-010 to B-018).

use crate::{
    event::{Event, IgnoredTransaction},
    provider::IndexedBlobHash,
};
use alloc::vec::Vec;
use alloy_consensus::{Transaction, TxEnvelope, transaction::SignerRecoverable};
use alloy_eips::Decodable2718;
use alloy_primitives::{Address, B256, Bytes};
use alloy_rlp::Header;
use unroll_protocol::{
    config::RollupConfig,
    deposit::{DEPOSIT_TX_TYPE, DepositTx},
    units::L1Ref,
};

/// EIP-4844's transaction type.
const BLOB_TX_TYPE: u8 = 3;

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
        let tx = match BatcherTx::decode(raw, cfg.l1_chain_id) {
            Ok(tx) if tx.sender == batcher => tx,
            refused => {
                let why = refused.map_or_else(|why| why, |tx| IgnoredTransaction::Sender(tx.sender));
                events.push(Event::TransactionIgnored { block: block.number, index, why });
                continue;
            }
        };
        if with_blobs && raw.first() == Some(&BLOB_TX_TYPE) {
            // B-017: the blobs only. B-018: counted over all blobs of the block.
            let first: u64 = transactions[..index].iter().map(|tx| blob_count(tx)).sum();
            let blobs = (first..).zip(tx.blob_hashes).map(|(index, hash)| IndexedBlobHash { index, hash });
            payloads.extend(blobs.map(|blob| (index, Payload::Blob(blob))));
        } else {
            payloads.push((index, Payload::Calldata(tx.input)));
        }
    }
    payloads
}

struct BatcherTx {
    sender: Address,
    input: Bytes,
    blob_hashes: Vec<B256>,
}

impl BatcherTx {
    fn decode(raw: &Bytes, l1_chain_id: u64) -> Result<Self, IgnoredTransaction> {
        use IgnoredTransaction::{Signature, Type};
        match raw.first() {
            Some(0xc0..=0xfe | 1..=BLOB_TX_TYPE) => {
                let tx = TxEnvelope::decode_2718_exact(raw).map_err(|_| Signature)?;
                if tx.chain_id().is_some_and(|id| id != l1_chain_id) {
                    return Err(Signature); // B-012
                }
                Ok(Self {
                    sender: tx.recover_signer().map_err(|_| Signature)?, // B-012
                    input: tx.input().clone(),
                    blob_hashes: tx.blob_versioned_hashes().unwrap_or_default().to_vec(),
                })
            }
            Some(&DEPOSIT_TX_TYPE) => {
                let tx = DepositTx::decode(raw).map_err(|_| Signature)?;
                Ok(Self { sender: tx.from, input: tx.data, blob_hashes: Vec::new() }) // B-013
            }
            other => Err(Type(other.copied().unwrap_or_default())), // B-011
        }
    }
}

/// The recipient of a transaction of a known type, without decoding the rest. `None`: a creation, or unreadable.
fn recipient(raw: &[u8]) -> Option<Address> {
    let index = match raw.first()? {
        0xc0..=0xfe => 3,
        1 => 4,
        2..=4 => 5,
        &DEPOSIT_TX_TYPE => 2,
        _ => return None, // B-007
    };
    let to = field(raw, index)?;
    <[u8; 20]>::try_from(to).ok().map(Address::from)
}

/// How many blobs a transaction has: 0 unless it is of type 3.
fn blob_count(raw: &[u8]) -> u64 {
    let hashes = if raw.first() == Some(&BLOB_TX_TYPE) { field(raw, 10) } else { None };
    hashes.map_or(0, |hashes| hashes.len() as u64 / 33) // 32 bytes and an RLP header each
}

/// The payload of one field of a transaction's list.
fn field(raw: &[u8], index: usize) -> Option<&[u8]> {
    let mut buf = if raw.first()? < &0xc0 { &raw[1..] } else { raw };
    let mut fields = Header::decode_bytes(&mut buf, true).ok()?;
    for _ in 0..index {
        item(&mut fields)?;
    }
    item(&mut fields)
}

fn item<'a>(fields: &mut &'a [u8]) -> Option<&'a [u8]> {
    let header = Header::decode(fields).ok()?;
    let (payload, rest) = fields.split_at_checked(header.payload_length)?;
    *fields = rest;
    Some(payload)
}
