//! L1: the chain that ends with the L1 head, walked back once and indexed by number.

use super::{BackendError, Malformation, OracleBackend, Purpose};
use crate::{
    oracle::PreimageOracle,
    preimage::{Hint, PreimageKey},
};
use alloc::{collections::VecDeque, vec::Vec};
use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes};
use unroll_derive::provider::ChainProvider;
use unroll_protocol::units::L1Ref;

/// Headers that are kept whole. The walk back ends where reading begins, so this covers the channel timeout (50 blocks), in
/// which blocks are looked at twice; a header further on is read a second time, so that memory does not grow with the range.
const MAX_HEADERS: usize = 64;

/// What is known of L1. `blocks[i]` is block `head number - i`.
#[derive(Debug)]
pub(super) struct L1Chain {
    head: B256,
    blocks: Vec<L1Ref>,
    /// The headers that were read last, the newest at the back.
    headers: VecDeque<(B256, Header)>,
}

impl L1Chain {
    pub(super) const fn new(head: B256) -> Self {
        Self { head, blocks: Vec::new(), headers: VecDeque::new() }
    }

    fn by_hash(&self, hash: B256) -> Option<&Header> {
        self.headers.iter().rev().find(|(known, _)| *known == hash).map(|(_, header)| header)
    }

    fn keep(&mut self, hash: B256, header: Header) {
        if self.headers.len() == MAX_HEADERS {
            self.headers.pop_front();
        }
        self.headers.push_back((hash, header));
    }
}

impl<O: PreimageOracle> OracleBackend<O> {
    /// Walks one block further back, or to the head at first (B-003).
    fn walk_l1(&mut self) -> Result<(), BackendError<O::Error>> {
        let hash = self.l1.blocks.last().map_or(self.l1.head, |child| child.parent_hash);
        let header = self.l1_header(hash)?;
        if let Some(child) = self.l1.blocks.last()
            && child.number != header.number.saturating_add(1)
        {
            let what =
                Malformation::Number { expected: child.number.saturating_sub(1), actual: header.number };
            let (key, purpose) = (PreimageKey::keccak256(hash), Purpose::L1Header { hash });
            return Err(BackendError::malformed(key, purpose, what));
        }
        self.l1.blocks.push(L1Ref::from_header(hash, &header));
        self.l1.keep(hash, header);
        Ok(())
    }

    fn l1_header(&mut self, hash: B256) -> Result<Header, BackendError<O::Error>> {
        let purpose = Purpose::L1Header { hash };
        self.hint(purpose, Hint::L1BlockHeader(hash))?;
        self.header(hash, purpose)
    }
}

impl<O: PreimageOracle> ChainProvider for OracleBackend<O> {
    // A phase of the step meter begins here.
    #[inline(never)]
    fn block_info_by_number(&mut self, number: u64) -> Result<Option<L1Ref>, Self::Error> {
        if self.l1.blocks.is_empty() {
            self.walk_l1()?;
        }
        let head = self.l1.blocks.first().map_or(0, |block| block.number);
        let Some(depth) = head.checked_sub(number) else { return Ok(None) }; // B-002
        loop {
            // Each round makes the list one longer, so there are at most `depth` of them.
            if let Some(block) = usize::try_from(depth).ok().and_then(|at| self.l1.blocks.get(at)) {
                return Ok(Some(*block));
            }
            self.walk_l1()?;
        }
    }

    fn header_by_hash(&mut self, hash: B256) -> Result<Header, Self::Error> {
        if let Some(header) = self.l1.by_hash(hash) {
            return Ok(header.clone());
        }
        let header = self.l1_header(hash)?;
        self.l1.keep(hash, header.clone());
        Ok(header)
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
