//! L1: the chain that ends with the L1 head, walked back once and indexed by number.

use super::{BackendError, Malformation, OracleBackend, Purpose};
use crate::{
    oracle::PreimageOracle,
    preimage::{Hint, PreimageKey},
};
use alloc::vec::Vec;
use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes, map::B256Map};
use unroll_derive::provider::ChainProvider;
use unroll_protocol::units::{L1Ref, L1Time};

/// What is known of L1. `headers[i]` is the header of block `head number - i`.
#[derive(Debug)]
pub(super) struct L1Chain {
    head: B256,
    headers: Vec<(B256, Header)>,
    places: B256Map<usize>,
}

impl L1Chain {
    pub(super) fn new(head: B256) -> Self {
        Self { head, headers: Vec::new(), places: B256Map::default() }
    }

    fn by_hash(&self, hash: B256) -> Option<&Header> {
        self.places.get(&hash).and_then(|&place| self.headers.get(place)).map(|(_, header)| header)
    }
}

impl<O: PreimageOracle> OracleBackend<O> {
    /// Walks one block further back, or to the head at first (B-003).
    fn walk_l1(&mut self) -> Result<(), BackendError<O::Error>> {
        let hash = self.l1.headers.last().map_or(self.l1.head, |(_, child)| child.parent_hash);
        let header = self.l1_header(hash)?;
        if let Some((_, child)) = self.l1.headers.last()
            && child.number != header.number.saturating_add(1)
        {
            let what =
                Malformation::Number { expected: child.number.saturating_sub(1), actual: header.number };
            let (key, purpose) = (PreimageKey::keccak256(hash), Purpose::L1Header { hash });
            return Err(BackendError::malformed(key, purpose, what));
        }
        self.l1.places.insert(hash, self.l1.headers.len());
        self.l1.headers.push((hash, header));
        Ok(())
    }

    fn l1_header(&mut self, hash: B256) -> Result<Header, BackendError<O::Error>> {
        let purpose = Purpose::L1Header { hash };
        self.hint(purpose, Hint::L1BlockHeader(hash))?;
        self.header(hash, purpose)
    }
}

impl<O: PreimageOracle> ChainProvider for OracleBackend<O> {
    fn block_info_by_number(&mut self, number: u64) -> Result<Option<L1Ref>, Self::Error> {
        if self.l1.headers.is_empty() {
            self.walk_l1()?;
        }
        let head = self.l1.headers.first().map_or(0, |(_, header)| header.number);
        let Some(depth) = head.checked_sub(number) else { return Ok(None) }; // B-002
        loop {
            // Each round makes the list one longer, so there are at most `depth` of them.
            if let Some((hash, header)) = usize::try_from(depth).ok().and_then(|at| self.l1.headers.get(at)) {
                return Ok(Some(l1_ref(*hash, header)));
            }
            self.walk_l1()?;
        }
    }

    fn header_by_hash(&mut self, hash: B256) -> Result<Header, Self::Error> {
        match self.l1.by_hash(hash) {
            Some(header) => Ok(header.clone()),
            None => self.l1_header(hash),
        }
    }

    fn receipts_by_hash(&mut self, hash: B256) -> Result<Vec<Bytes>, Self::Error> {
        let root = self.header_by_hash(hash)?.receipts_root;
        let purpose = Purpose::L1Receipts { block: hash };
        self.hint(purpose, Hint::L1Receipts(hash))?;
        self.list(root, purpose) // B-004
    }

    fn transactions_by_hash(&mut self, hash: B256) -> Result<Vec<Bytes>, Self::Error> {
        let root = self.header_by_hash(hash)?.transactions_root;
        let purpose = Purpose::L1Transactions { block: hash };
        self.hint(purpose, Hint::L1Transactions(hash))?;
        self.list(root, purpose) // B-004
    }
}

fn l1_ref(hash: B256, header: &Header) -> L1Ref {
    L1Ref { number: header.number, hash, parent_hash: header.parent_hash, time: L1Time(header.timestamp) }
}
