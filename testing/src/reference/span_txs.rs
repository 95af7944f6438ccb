//! The transactions of a span batch: columns in, EIP-2718 bytes out (E-045 to E-050, E-054).

use super::{
    spans::{MOST, times},
    wire::{self, array, bits, uvarint},
};
use alloy_primitives::Bytes;
use alloy_rlp::{Encodable, Header};

/// What the columns say of one transaction.
pub struct Columns<'a> {
    y_parity: bool,
    r: [u8; 32],
    s: [u8; 32],
    /// None for the creation of a contract.
    to: Option<[u8; 20]>,
    /// The type byte, if there is one, and what is in the list behind it (E-046).
    kind: Option<u8>,
    fields: &'a [u8],
    nonce: u64,
    gas: u64,
    /// For legacy transactions.
    protected: bool,
}

/// Reads the columns of so many transactions (E-045).
pub fn columns<'a>(bytes: &mut &'a [u8], total: usize) -> Option<Vec<Columns<'a>>> {
    let creations = bits(bytes, total)?;
    let y_parities = bits(bytes, total)?;
    let signatures = times(total, || Some((array(bytes)?, array(bytes)?)))?;
    let mut recipients = Vec::new();
    for creation in creations {
        recipients.push(if creation { None } else { Some(array(bytes)?) });
    }
    let datas = times(total, || data(bytes))?;
    let nonces = times(total, || uvarint(bytes))?;
    let gases = times(total, || uvarint(bytes))?;
    // E-050: with those that have the type byte 0, of which nothing can be made
    let is_legacy = |index: usize| matches!(datas[index].0, None | Some(0));
    let legacy = (0..total).filter(|&index| is_legacy(index)).count();
    let mut protections = bits(bytes, legacy)?.into_iter();
    let column = |index: usize| {
        let (kind, fields) = datas[index];
        let (r, s) = signatures[index];
        let protected = is_legacy(index) && protections.next() == Some(true);
        let (y_parity, to, nonce, gas) = (y_parities[index], recipients[index], nonces[index], gases[index]);
        Columns { y_parity, r, s, to, kind, fields, nonce, gas, protected }
    };
    Some((0..total).map(column).collect())
}

/// E-046.
fn data<'a>(bytes: &mut &'a [u8]) -> Option<(Option<u8>, &'a [u8])> {
    let kind = bytes.first().copied().filter(|&first| first < 0x80);
    if kind.is_some() {
        *bytes = &bytes[1..];
    }
    let item = wire::item(bytes)?;
    (item.is_list && item.encoded.len() <= MOST).then_some((kind, item.content))
}

impl Columns<'_> {
    /// The transaction itself (E-054). `None`: its fields are not those of its type (E-047, E-048).
    pub fn encode(&self, chain_id: u64) -> Option<Bytes> {
        // How many fees and lists there are, and how long integers may be: only type 4, the newest, bounds them.
        let (fees, lists, widest) = match self.kind {
            None => (1, 0, usize::MAX),
            Some(1) => (1, 1, usize::MAX),
            Some(2) => (2, 1, usize::MAX),
            Some(4) if self.to.is_some() => (2, 2, 32), // E-048
            Some(_) => return None,
        };
        let fields = &mut &self.fields[..];
        let value = wire::number(fields, widest)?;
        let fees = times(fees, || wire::number(fields, widest))?;
        let data = wire::string(fields)?;
        let encoded_lists = *fields;
        if lists > 0 {
            check_access_list(wire::list(fields)?)?;
        }
        if lists > 1 {
            check_authorizations(wire::list(fields)?)?;
        }
        if !fields.is_empty() {
            return None;
        }

        let mut out = Vec::new();
        if self.kind.is_some() {
            chain_id.encode(&mut out);
        }
        self.nonce.encode(&mut out);
        // A number is the string of its digits.
        fees.iter().for_each(|fee| fee.encode(&mut out));
        self.gas.encode(&mut out);
        self.to.as_ref().map_or(&[][..], |to| to).encode(&mut out);
        value.encode(&mut out);
        data.encode(&mut out);
        out.extend_from_slice(encoded_lists);
        self.v(chain_id).encode(&mut out);
        without_zeros(&self.r).encode(&mut out);
        without_zeros(&self.s).encode(&mut out);
        let mut transaction: Vec<u8> = self.kind.into_iter().collect();
        Header { list: true, payload_length: out.len() }.encode(&mut transaction);
        transaction.extend(out);
        Some(transaction.into())
    }

    /// E-049. A-013: no batch says for which chain it is.
    fn v(&self, chain_id: u64) -> u128 {
        let base = match (self.kind, self.protected) {
            (Some(_), _) => 0,
            (None, false) => 27,
            (None, true) => 2 * u128::from(chain_id) + 35,
        };
        base + u128::from(self.y_parity)
    }
}

/// EIP-2930: lists of an address and a list of storage keys.
fn check_access_list(mut entries: &[u8]) -> Option<()> {
    while !entries.is_empty() {
        let mut entry = wire::list(&mut entries)?;
        wire::fixed::<20>(&mut entry)?;
        let mut keys = wire::list(&mut entry)?;
        while !keys.is_empty() {
            wire::fixed::<32>(&mut keys)?;
        }
        entry.is_empty().then_some(())?;
    }
    Some(())
}

/// EIP-7702: lists of chain id, address, nonce, y parity, r and s.
fn check_authorizations(mut entries: &[u8]) -> Option<()> {
    while !entries.is_empty() {
        let mut entry = wire::list(&mut entries)?;
        wire::number(&mut entry, 32)?;
        wire::fixed::<20>(&mut entry)?;
        for most in [8, 1, 32, 32] {
            wire::number(&mut entry, most)?;
        }
        entry.is_empty().then_some(())?;
    }
    Some(())
}

fn without_zeros(number: &[u8; 32]) -> &[u8] {
    let zeros = number.iter().take_while(|&&digit| digit == 0).count();
    &number[zeros..]
}
