//! What an archive is about.

use super::ArchiveError;
use crate::boot::BootInfo;
use alloc::vec::Vec;
use alloy_primitives::B256;

/// Most claims in an archive. A year of two-second blocks in ranges of 300 has fewer.
pub const MAX_CLAIMS: usize = 1 << 16;

/// How many bytes a claim has in the file.
pub const CLAIM_BYTES: usize = 112;

/// The claims of one chain, at least one; each is judged on its own, over the same preimages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The L2 chain's id.
    pub chain_id: u64,
    /// In the order of the file.
    pub claims: Vec<Claim>,
}

/// A claim about a range of blocks: from the agreed one, which is not part of it, to the claimed one.
///
/// ```text
/// 0         32            64             96             104             112
/// +---------+-------------+--------------+--------------+---------------+
/// | L1 head | agreed root | claimed root | agreed block | claimed block |
/// +---------+-------------+--------------+--------------+---------------+
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The L1 block up to which data counts.
    pub l1_head: B256,
    /// The output root that both sides agree on.
    pub agreed_output_root: B256,
    /// The output root to judge.
    pub claimed_output_root: B256,
    /// The number of the block that the agreed root is of. A note: it follows from the root, and whoever runs the claim learns
    /// whether it is right.
    pub agreed_block_number: u64,
    /// The L2 block number that the claim is for.
    pub claimed_block_number: u64,
}

impl Claim {
    /// The inputs of the run that judges it.
    pub const fn boot(&self, chain_id: u64) -> BootInfo {
        BootInfo {
            l1_head: self.l1_head,
            agreed_output_root: self.agreed_output_root,
            claimed_output_root: self.claimed_output_root,
            claimed_block_number: self.claimed_block_number,
            chain_id,
        }
    }

    /// How many blocks its range has; none if it lies below the agreed block.
    pub const fn blocks(&self) -> u64 {
        self.claimed_block_number.saturating_sub(self.agreed_block_number)
    }

    /// The claim that a run is about.
    pub const fn of(boot: &BootInfo, agreed_block_number: u64) -> Self {
        Self {
            l1_head: boot.l1_head,
            agreed_output_root: boot.agreed_output_root,
            claimed_output_root: boot.claimed_output_root,
            agreed_block_number,
            claimed_block_number: boot.claimed_block_number,
        }
    }

    fn decode(record: &[u8; CLAIM_BYTES]) -> Self {
        let hash = |at| B256::from_slice(&record[at..at + 32]);
        let number = |at| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&record[at..at + 8]);
            u64::from_le_bytes(bytes)
        };
        Self {
            l1_head: hash(0),
            agreed_output_root: hash(32),
            claimed_output_root: hash(64),
            agreed_block_number: number(96),
            claimed_block_number: number(104),
        }
    }
}

impl Claims {
    pub(super) fn decode(section: &[u8]) -> Result<Self, ArchiveError> {
        let malformed = ArchiveError::Claims { length: section.len() };
        let (chain_id, records) = section.split_first_chunk::<8>().ok_or(malformed)?;
        let (records, rest) = records.as_chunks::<CLAIM_BYTES>();
        if records.is_empty() || records.len() > MAX_CLAIMS || !rest.is_empty() {
            return Err(malformed);
        }
        let claims = records.iter().map(Claim::decode).collect();
        Ok(Self { chain_id: u64::from_le_bytes(*chain_id), claims })
    }

    /// The section's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.chain_id.to_le_bytes().to_vec();
        for claim in &self.claims {
            bytes.extend_from_slice(claim.l1_head.as_slice());
            bytes.extend_from_slice(claim.agreed_output_root.as_slice());
            bytes.extend_from_slice(claim.claimed_output_root.as_slice());
            bytes.extend_from_slice(&claim.agreed_block_number.to_le_bytes());
            bytes.extend_from_slice(&claim.claimed_block_number.to_le_bytes());
        }
        bytes
    }
}
