//! L2 blocks of the agreed chain, walked back from the block that it ends with (J-028).

use super::{BackendError, Malformation, OracleBackend, Purpose, seal};
use crate::{
    oracle::PreimageOracle,
    preimage::{Hint, PreimageKey},
};
use alloc::vec::Vec;
use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes, Sealed};
use unroll_derive::provider::{L2Block, L2BlockStart, L2ChainProvider};

/// The headers from the last head that was asked for downwards: `headers[i]` is block `head number - i`.
#[derive(Debug, Default)]
pub(super) struct L2Chain {
    headers: Vec<Sealed<Header>>,
}

impl<O: PreimageOracle> OracleBackend<O> {
    /// The header of block `number` on the chain that ends with `head`.
    fn l2_header(&mut self, head: B256, number: u64) -> Result<Sealed<Header>, BackendError<O::Error>> {
        if self.l2.headers.first().is_none_or(|first| first.hash() != head) {
            let first = self.l2_header_named(head)?;
            self.l2.headers.clear();
            self.l2.headers.push(first);
        }
        let top = self.l2.headers.first().map_or(0, |first| first.number);
        let depth = top.checked_sub(number).ok_or(BackendError::AboveHead { number, head: top })?;
        loop {
            // Each round makes the list one longer, so there are at most `depth` of them.
            if let Some(header) = usize::try_from(depth).ok().and_then(|at| self.l2.headers.get(at)) {
                return Ok(header.clone());
            }
            self.walk_l2()?;
        }
    }

    fn walk_l2(&mut self) -> Result<(), BackendError<O::Error>> {
        let Some(child) = self.l2.headers.last() else { return Ok(()) };
        let (hash, number) = (child.parent_hash, child.number);
        let header = self.l2_header_named(hash)?;
        if number != header.number.saturating_add(1) {
            let what = Malformation::Number { expected: number.saturating_sub(1), actual: header.number };
            let (key, purpose) = (PreimageKey::keccak256(hash), Purpose::L2Header { hash });
            return Err(BackendError::malformed(key, purpose, what));
        }
        self.l2.headers.push(header);
        Ok(())
    }

    pub(super) fn l2_header_named(&mut self, hash: B256) -> Result<Sealed<Header>, BackendError<O::Error>> {
        let purpose = Purpose::L2Header { hash };
        self.hint(purpose, Hint::L2BlockHeader(hash))?;
        Ok(seal(self.header(hash, purpose)?, hash))
    }

    fn hint_l2_transactions(&mut self, block: B256) -> Result<Purpose, BackendError<O::Error>> {
        let purpose = Purpose::L2Transactions { block };
        self.hint(purpose, Hint::L2Transactions(block))?;
        Ok(purpose)
    }
}

impl<O: PreimageOracle> L2ChainProvider for OracleBackend<O> {
    fn block_by_number(&mut self, head: B256, number: u64) -> Result<L2Block, Self::Error> {
        let header = self.l2_header(head, number)?;
        let purpose = self.hint_l2_transactions(header.hash())?;
        let transactions = self.list(header.transactions_root, purpose)?;
        Ok(L2Block { header, transactions })
    }

    fn block_start_by_number(&mut self, head: B256, number: u64) -> Result<L2BlockStart, Self::Error> {
        let header = self.l2_header(head, number)?;
        let purpose = self.hint_l2_transactions(header.hash())?;
        let first_transaction = self.list_item(header.transactions_root, 0, purpose)?;
        Ok(L2BlockStart { header, first_transaction })
    }

    fn upgrade_bundle(&mut self, sha256: B256) -> Result<Bytes, Self::Error> {
        self.read(PreimageKey::sha256(sha256), Purpose::UpgradeBundle { sha256 })
    }
}
