//! L1 transactions, as far as it takes to tell the batcher's (B-007 to B-013). Everybody else's are looked at, not decoded.

use crate::{
    deposit::{DEPOSIT_TX_TYPE, DepositTx},
    reader::{Reader, RlpItem},
};
use alloc::vec::Vec;
use alloy_consensus::{EthereumTxEnvelope, Transaction, TxEip4844, transaction::SignerRecoverable};
use alloy_eips::Decodable2718;
use alloy_primitives::{Address, B256, Bytes};

/// A transaction as blocks hold it: without the blobs.
type Envelope = EthereumTxEnvelope<TxEip4844>;

/// EIP-4844's transaction type.
const BLOB_TX_TYPE: u8 = 3;

/// Why a transaction to the inbox carries no data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IgnoredTransaction {
    /// Its type is not one of batchers (B-010, B-011).
    Type(u8),
    /// Its signature is invalid, or it does not decode (B-012).
    Signature,
    /// Somebody else sent it (B-010).
    Sender(Address),
}

/// An L1 transaction that may be a batcher's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct L1Transaction {
    /// Who signed it, or sent the deposit that it is (B-013).
    pub sender: Address,
    /// Its calldata.
    pub input: Bytes,
    /// The versioned hashes of its blobs; `None`: it is not of type 3.
    pub blob_hashes: Option<Vec<B256>>,
}

impl L1Transaction {
    /// Reads the EIP-2718 encoding, and recovers the sender.
    pub fn decode(raw: &[u8], l1_chain_id: u64) -> Result<Self, IgnoredTransaction> {
        use IgnoredTransaction::{Signature, Type};
        match raw.first() {
            Some(0xc0..=0xfe | 1..=BLOB_TX_TYPE) => {
                let tx = Envelope::decode_2718_exact(raw).map_err(|_| Signature)?;
                if tx.chain_id().is_some_and(|id| id != l1_chain_id) {
                    return Err(Signature); // B-012
                }
                Ok(Self {
                    sender: tx.recover_signer().map_err(|_| Signature)?, // B-012
                    input: tx.input().clone(),
                    blob_hashes: tx.blob_versioned_hashes().map(<[B256]>::to_vec),
                })
            }
            Some(&DEPOSIT_TX_TYPE) => {
                let tx = DepositTx::decode(raw).map_err(|_| Signature)?;
                Ok(Self { sender: tx.from, input: tx.data, blob_hashes: None }) // B-013
            }
            other => Err(Type(other.copied().unwrap_or_default())), // B-011
        }
    }
}

/// The recipient of a transaction of a known type, without decoding the rest. `None`: a creation, or unreadable.
pub fn recipient(raw: &[u8]) -> Option<Address> {
    let index = match raw.first()? {
        0xc0..=0xfe => 3,
        1 => 4,
        2..=4 => 5,
        &DEPOSIT_TX_TYPE => 2,
        _ => return None, // B-007
    };
    let to = field(raw, index)?.payload;
    <[u8; 20]>::try_from(to).ok().map(Address::from)
}

/// How many blobs a transaction has: 0 unless it is of type 3.
pub fn blob_count(raw: &[u8]) -> u64 {
    let hashes = if raw.first() == Some(&BLOB_TX_TYPE) { field(raw, 10) } else { None };
    hashes.map_or(0, |hashes| hashes.payload.len() as u64 / 33) // 32 bytes and an RLP header each
}

/// One field of a transaction's list.
fn field(raw: &[u8], index: usize) -> Option<RlpItem<'_>> {
    let list = if raw.first()? < &0xc0 { &raw[1..] } else { raw };
    let mut fields = Reader::new(list).rlp_list().ok()?;
    for _ in 0..index {
        fields.rlp_item().ok()?;
    }
    fields.rlp_item().ok()
}

/// What a whole transaction says, the quick looks say too.
#[cfg(any(test, feature = "fuzz"))]
pub fn fuzz_l1_transaction(data: &[u8]) {
    let (to, blobs) = (recipient(data), blob_count(data));
    if let Ok(tx) = Envelope::decode_2718_exact(data) {
        assert_eq!((to, blobs), (tx.to(), tx.blob_count().unwrap_or_default()));
    }
    let _ = L1Transaction::decode(data, 1);
}
