//! The transactions of a span batch: columns in, EIP-2718 bytes out (E-045 to E-050, E-054).
//!
//! The fields are canonical RLP already, so that a transaction is put together from slices. What a transaction means,
//! and whether its signature is good, is for the execution to say.

use alloc::vec::Vec;
use alloy_primitives::Bytes;
use alloy_rlp::{BufMut, Encodable, Header};

use super::{
    POST_EXECUTION_TX_TYPE, Transactions,
    span::{Bits, MAX_SPAN_ELEMENTS, SpanFault},
    transactions::header_length,
};
use crate::reader::{ReadError, Reader, RlpItem, share};

const LEGACY: u8 = 0;
const ACCESS_LIST: u8 = 1;
const DYNAMIC_FEE: u8 = 2;
const SET_CODE: u8 = 4;

/// What transactions take from the config.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chain {
    /// A-013: batches do not say it.
    pub(super) id: u64,
    /// Whether it is one that has post-execution transactions (E-056).
    pub(super) post_execution: bool,
}

/// Why no blocks can be made of the columns of a span batch. It is dropped; the channel goes on (E-027).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RebuildFault {
    /// A transaction's own fields are malformed (E-047).
    #[error("transaction {index}: {fault}")]
    Fields {
        /// Which transaction of the span.
        index: usize,
        /// What is wrong.
        fault: ReadError,
    },
    /// A transaction has a type that span batches cannot carry (E-047).
    #[error("transaction {index} has type {kind}")]
    Kind {
        /// Which transaction of the span.
        index: usize,
        /// The type.
        kind: u8,
    },
    /// A post-execution transaction has something in a column that is of no use to it (E-056).
    #[error("transaction {index} has no recipient, signature, nonce or gas, but is given some")]
    Slots {
        /// Which transaction of the span.
        index: usize,
    },
    /// A transaction that sets code creates a contract (E-048).
    #[error("transaction {index} sets code and has no recipient")]
    NoRecipient {
        /// Which transaction of the span.
        index: usize,
    },
}

/// The columns of all transactions of a span, in order (E-045).
///
/// ```text
/// contract_creation_bits | y_parity_bits | tx_sigs: r 32, s 32 | tx_tos: 20 | tx_datas: RLP
/// | tx_nonces: uvarint | tx_gases: uvarint | protected_bits: of legacy transactions only
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TransactionColumns {
    count: usize,
    creations: Bits,
    y_parities: Bits,
    signatures: Bytes,
    recipients: Bytes,
    datas: Bytes,
    nonces: Bytes,
    gases: Bytes,
    protections: Bits,
}

/// How far each column has been read.
#[derive(Clone, Debug, Default)]
pub(super) struct TransactionCursor {
    index: usize,
    legacy: usize,
    recipient: usize,
    data: usize,
    nonce: usize,
    gas: usize,
}

impl TransactionColumns {
    /// Finds the ends of the columns. Nothing is allocated: whatever counts promise, the bytes must be there (E-055).
    pub(super) fn read(whole: &Bytes, reader: &mut Reader<'_>, count: usize) -> Result<Self, SpanFault> {
        let creations = Bits::read(whole, reader, count)?;
        let y_parities = Bits::read(whole, reader, count)?;
        // `count` is at most ten million, so that the products fit.
        let signatures = share(whole, reader.take(count * 64)?);
        let recipients = share(whole, reader.take((count - creations.ones()) * 20)?);
        let before = reader.rest();
        let mut legacy = 0;
        for index in 0..count {
            let data = read_data(reader)?;
            if !data.item.list {
                return Err(SpanFault::NotAList(index));
            }
            if data.item.raw.len() > MAX_SPAN_ELEMENTS {
                return Err(SpanFault::TooLong(index));
            }
            legacy += usize::from(data.kind == LEGACY);
        }
        let datas = share(whole, consumed(before, reader));
        let nonces = read_uvarints(whole, reader, count)?;
        let gases = read_uvarints(whole, reader, count)?;
        let protections = Bits::read(whole, reader, legacy)?;
        Ok(Self { count, creations, y_parities, signatures, recipients, datas, nonces, gases, protections })
    }

    /// How many transactions there are.
    pub(super) const fn len(&self) -> usize {
        self.count
    }

    /// Checks that every transaction can be rebuilt (E-047, E-048).
    pub(super) fn check(&self, chain: Chain) -> Result<(), RebuildFault> {
        let mut cursor = TransactionCursor::default();
        (0..self.count).try_for_each(|_| self.next(&mut cursor, chain).map(drop))
    }

    /// Rebuilds the next `count` transactions into one buffer of exactly their size (E-054, E-055).
    pub(super) fn rebuild(
        &self,
        cursor: &mut TransactionCursor,
        count: usize,
        chain: Chain,
    ) -> Result<Transactions, RebuildFault> {
        let mut ahead = cursor.clone();
        let mut bytes = 0;
        for _ in 0..count {
            let length = self.next(&mut ahead, chain)?.length();
            bytes += header_length(length) + length;
        }
        let mut out = Vec::with_capacity(bytes);
        for _ in 0..count {
            let transaction = self.next(cursor, chain)?;
            Header { list: false, payload_length: transaction.length() }.encode(&mut out);
            transaction.encode(&mut out);
        }
        Ok(Transactions::from_encoded(out.into(), count))
    }

    fn next(
        &self,
        cursor: &mut TransactionCursor,
        chain: Chain,
    ) -> Result<SpanTransaction<'_>, RebuildFault> {
        let index = cursor.index;
        let fault = |fault| RebuildFault::Fields { index, fault };
        let data = step(&self.datas, &mut cursor.data, read_data).map_err(fault)?;
        let kind = data.kind;
        let content = match kind {
            POST_EXECUTION_TX_TYPE if chain.post_execution => Content::Verbatim(data.item.raw),
            _ => {
                let fields = Fields::read(&data).map_err(fault)?;
                Content::Fields(fields.ok_or(RebuildFault::Kind { index, kind })?)
            }
        };
        let nonce = step(&self.nonces, &mut cursor.nonce, Reader::uvarint).map_err(fault)?;
        let gas = step(&self.gases, &mut cursor.gas, Reader::uvarint).map_err(fault)?;
        let signature = self.signatures.get(index * 64..).unwrap_or_default();
        let mut signature = Reader::new(signature);
        let r = signature.array().map_err(fault)?;
        let s = signature.array().map_err(fault)?;
        let recipient = if self.creations.get(index) {
            None
        } else {
            Some(step(&self.recipients, &mut cursor.recipient, Reader::array).map_err(fault)?)
        };
        if kind == SET_CODE && recipient.is_none() {
            return Err(RebuildFault::NoRecipient { index }); // E-048
        }
        let v = self.v(kind, cursor, chain.id);
        cursor.index += 1;
        if let Content::Verbatim(_) = content
            && (nonce | gas != 0 || recipient.is_some() || v != 0 || [r, s] != [[0; 32]; 2])
        {
            return Err(RebuildFault::Slots { index }); // E-056
        }
        Ok(SpanTransaction { kind, chain_id: chain.id, nonce, gas, recipient, content, v, r, s })
    }

    /// E-049, and E-050: only legacy transactions use up a protected bit.
    fn v(&self, kind: u8, cursor: &mut TransactionCursor, chain_id: u64) -> u128 {
        let y_parity = u128::from(self.y_parities.get(cursor.index));
        if kind != LEGACY {
            return y_parity;
        }
        let protected = self.protections.get(cursor.legacy);
        cursor.legacy += 1;
        if protected { u128::from(chain_id) * 2 + 35 + y_parity } else { 27 + y_parity }
    }
}

/// The fields that stand in `tx_datas`, as encoded RLP items (E-047).
///
/// ```text
/// legacy [value, gasPrice, data]
/// type 1 [value, gasPrice, data, accessList]
/// type 2 [value, maxPriorityFee, maxFee, data, accessList]
/// type 4 [value, maxPriorityFee, maxFee, data, accessList, authorizationList]
/// ```
struct Fields<'a> {
    value: &'a [u8],
    /// One or two items.
    fees: &'a [u8],
    data: &'a [u8],
    /// None, one or two items.
    lists: &'a [u8],
}

impl<'a> Fields<'a> {
    /// `None`: there is no such type.
    fn read(data: &Data<'a>) -> Result<Option<Self>, ReadError> {
        // Integers have any length in the reference, and the execution refuses those above 256 bits; but the newer type 4
        // is bounded here.
        let (fees, lists, widest) = match data.kind {
            LEGACY if data.typed => return Ok(None),
            LEGACY => (1, 0, usize::MAX),
            ACCESS_LIST => (1, 1, usize::MAX),
            DYNAMIC_FEE => (2, 1, usize::MAX),
            SET_CODE => (2, 2, 32),
            _ => return Ok(None),
        };
        let mut reader = Reader::new(data.item.payload);
        let value = reader.rlp_integer(widest)?.raw;
        let before = reader.rest();
        for _ in 0..fees {
            reader.rlp_integer(widest)?;
        }
        let fee_items = consumed(before, &reader);
        let data = reader.rlp_string()?.raw;
        let list_items = reader.rest();
        if lists > 0 {
            check_access_list(reader.rlp_list()?)?;
        }
        if lists > 1 {
            check_authorizations(reader.rlp_list()?)?;
        }
        reader.finish()?;
        Ok(Some(Self { value, fees: fee_items, data, lists: list_items }))
    }
}

/// EIP-2930: `[[address, [key, ...]], ...]`.
fn check_access_list(mut list: Reader<'_>) -> Result<(), ReadError> {
    while !list.is_empty() {
        let mut entry = list.rlp_list()?;
        entry.rlp_array::<20>()?;
        let mut keys = entry.rlp_list()?;
        while !keys.is_empty() {
            keys.rlp_array::<32>()?;
        }
        entry.finish()?;
    }
    Ok(())
}

/// EIP-7702: `[[chain_id, address, nonce, y_parity, r, s], ...]`.
fn check_authorizations(mut list: Reader<'_>) -> Result<(), ReadError> {
    while !list.is_empty() {
        let mut entry = list.rlp_list()?;
        entry.rlp_integer(32)?;
        entry.rlp_array::<20>()?;
        entry.rlp_integer(8)?;
        entry.rlp_integer(1)?;
        entry.rlp_integer(32)?;
        entry.rlp_integer(32)?;
        entry.finish()?;
    }
    Ok(())
}

/// What stands in `tx_datas`.
enum Content<'a> {
    Fields(Fields<'a>),
    /// A post-execution transaction's payload, a list, which nobody looks into here (E-056).
    Verbatim(&'a [u8]),
}

/// One transaction, put together from slices of the columns.
struct SpanTransaction<'a> {
    kind: u8,
    chain_id: u64,
    nonce: u64,
    gas: u64,
    recipient: Option<[u8; 20]>,
    content: Content<'a>,
    v: u128,
    r: [u8; 32],
    s: [u8; 32],
}

impl SpanTransaction<'_> {
    /// How many bytes [`encode`](Self::encode) writes.
    fn length(&self) -> usize {
        let list = match &self.content {
            Content::Fields(fields) => {
                let payload = self.payload_length(fields);
                header_length(payload) + payload
            }
            Content::Verbatim(list) => list.len(),
        };
        usize::from(self.kind != LEGACY) + list
    }

    /// Writes the EIP-2718 bytes (E-054).
    ///
    /// ```text
    /// legacy        [nonce, fee, gas, to, value, data, v, r, s]
    /// type [chain id, nonce, fees, gas, to, value, data, lists, y parity, r, s]
    /// type [post-execution payload]
    /// ```
    fn encode(&self, out: &mut Vec<u8>) {
        if self.kind != LEGACY {
            out.push(self.kind);
        }
        let fields = match &self.content {
            Content::Fields(fields) => fields,
            Content::Verbatim(list) => return out.put_slice(list),
        };
        Header { list: true, payload_length: self.payload_length(fields) }.encode(out);
        if self.kind != LEGACY {
            self.chain_id.encode(out);
        }
        self.nonce.encode(out);
        out.put_slice(fields.fees);
        self.gas.encode(out);
        self.recipient().encode(out);
        out.put_slice(fields.value);
        out.put_slice(fields.data);
        out.put_slice(fields.lists);
        self.v.encode(out);
        shortest(&self.r).encode(out);
        shortest(&self.s).encode(out);
    }

    fn payload_length(&self, fields: &Fields<'_>) -> usize {
        let chain_id = if self.kind == LEGACY { 0 } else { self.chain_id.length() };
        chain_id
            + self.nonce.length()
            + fields.fees.len()
            + self.gas.length()
            + self.recipient().length()
            + fields.value.len()
            + fields.data.len()
            + fields.lists.len()
            + self.v.length()
            + shortest(&self.r).length()
            + shortest(&self.s).length()
    }

    /// Empty for the creation of a contract.
    fn recipient(&self) -> &[u8] {
        self.recipient.as_ref().map_or(&[], |recipient| recipient)
    }
}

/// A big-endian integer without its leading zeros, as RLP wants it.
fn shortest(number: &[u8; 32]) -> &[u8] {
    let zeros = number.iter().take_while(|&&byte| byte == 0).count();
    &number[zeros..]
}

/// What stands in `tx_datas` for one transaction.
struct Data<'a> {
    /// Whether there is a type byte. One that is 0 counts as legacy in `protected_bits`, and is refused afterwards.
    typed: bool,
    kind: u8,
    item: RlpItem<'a>,
}

/// E-046: a type byte up to 0x7f and one RLP item, or the item alone.
fn read_data<'a>(reader: &mut Reader<'a>) -> Result<Data<'a>, ReadError> {
    let typed = reader.rest().first().is_some_and(|&first| first <= 0x7f);
    let kind = if typed { reader.u8()? } else { LEGACY };
    Ok(Data { typed, kind, item: reader.rlp_item()? })
}

fn read_uvarints(whole: &Bytes, reader: &mut Reader<'_>, count: usize) -> Result<Bytes, ReadError> {
    let before = reader.rest();
    for _ in 0..count {
        reader.uvarint()?;
    }
    Ok(share(whole, consumed(before, reader)))
}

/// What has been read since `before` was all that was left.
fn consumed<'a>(before: &'a [u8], reader: &Reader<'a>) -> &'a [u8] {
    &before[..before.len() - reader.rest().len()]
}

/// Reads one thing from a column at a position, and moves the position.
fn step<'a, T>(
    column: &'a Bytes,
    at: &mut usize,
    read: impl FnOnce(&mut Reader<'a>) -> Result<T, ReadError>,
) -> Result<T, ReadError> {
    let mut reader = Reader::new(column.get(*at..).unwrap_or_default());
    let value = read(&mut reader)?;
    *at = column.len() - reader.rest().len();
    Ok(value)
}
