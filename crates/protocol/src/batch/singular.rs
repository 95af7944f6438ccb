//! Singular batches: one L2 block each (E-030).

use alloy_primitives::{B256, Bytes};

use super::Transactions;
use crate::{
    reader::{ReadError, Reader, share},
    units::{BlockId, L2Time},
};

/// What the sequencer put into one L2 block.
///
/// ```text
/// rlp([parent_hash, epoch_number, epoch_hash, timestamp, [transaction, ...]])
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SingularBatch {
    /// The hash of the L2 block to build on.
    pub parent_hash: B256,
    /// The L1 block that the L2 block names as its origin.
    pub epoch: BlockId,
    /// The timestamp of the L2 block.
    pub time: L2Time,
    /// The transactions after the deposits.
    pub transactions: Transactions,
}

impl SingularBatch {
    /// Decodes the content of a batch string, after its version byte. What follows the list is ignored (E-024).
    pub(super) fn read(content: &Bytes) -> Result<Self, ReadError> {
        let mut list = Reader::new(content).rlp_list()?;
        let parent_hash = B256::new(list.rlp_array()?);
        let number = list.rlp_u64()?;
        let epoch = BlockId { number, hash: B256::new(list.rlp_array()?) };
        let time = L2Time(list.rlp_u64()?);
        let transactions = Transactions::from_rlp(share(content, list.rlp_list()?.rest()))?;
        list.finish()?;
        Ok(Self { parent_hash, epoch, time, transactions })
    }
}
