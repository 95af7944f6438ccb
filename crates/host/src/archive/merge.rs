//! Several archives as one.

use super::{Claim, Contents};
use alloy_primitives::Bytes;

/// Why archives cannot be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// There is nothing to merge.
    #[error("there is no archive to merge")]
    Nothing,
    /// An archive is about one chain.
    #[error("archive {archive} is about chain {chain}, and those before it about chain {first}")]
    Chain {
        /// Which one, from 1.
        archive: usize,
        /// Its chain.
        chain: u64,
        /// The other ones'.
        first: u64,
    },
    /// And has one config of it.
    #[error("archive {archive} has another {config} config than those before it")]
    Config {
        /// Which one, from 1.
        archive: usize,
        /// Which config.
        config: &'static str,
    },
}

/// All claims over all preimages. Claims that continue each other, over the same L1 head, become one.
///
/// ```text
/// agreed 10 -> claimed 15, agreed 15 -> claimed 20     the root of 15 is the same     => agreed 10 -> claimed 20
/// ```
pub fn merge(archives: impl IntoIterator<Item = Contents>) -> Result<Contents, MergeError> {
    let mut archives = (1..).zip(archives);
    let (_, mut merged) = archives.next().ok_or(MergeError::Nothing)?;
    for (archive, other) in archives {
        let (first, chain) = (merged.claims.chain_id, other.claims.chain_id);
        if first != chain {
            return Err(MergeError::Chain { archive, chain, first });
        }
        let configs: [(_, &Bytes, &Bytes); 2] = [
            ("rollup", &merged.rollup_config, &other.rollup_config),
            ("L1", &merged.l1_config, &other.l1_config),
        ];
        if let Some((config, ..)) = configs.into_iter().find(|(_, ours, theirs)| ours != theirs) {
            return Err(MergeError::Config { archive, config });
        }
        merged.claims.claims.extend_from_slice(&other.claims.claims);
        merged.add_preimages(other);
    }
    merged.claims.claims = joined(std::mem::take(&mut merged.claims.claims));
    Ok(merged)
}

/// The claims in the order of their blocks, each once, with those that continue each other as one.
fn joined(mut claims: Vec<Claim>) -> Vec<Claim> {
    claims.sort_by_key(|claim| (claim.l1_head, claim.agreed_block_number, claim.claimed_block_number));
    claims.dedup();
    let mut joined: Vec<Claim> = Vec::with_capacity(claims.len());
    for claim in claims {
        match joined.iter_mut().find(|before| continues(before, &claim)) {
            Some(before) => {
                before.claimed_block_number = claim.claimed_block_number;
                before.claimed_output_root = claim.claimed_output_root;
            }
            None => joined.push(claim),
        }
    }
    joined.sort_by_key(|claim| (claim.agreed_block_number, claim.claimed_block_number, claim.l1_head));
    joined
}

fn continues(before: &Claim, claim: &Claim) -> bool {
    before.l1_head == claim.l1_head
        && before.claimed_block_number == claim.agreed_block_number
        && before.claimed_output_root == claim.agreed_output_root
        && claim.claimed_block_number > claim.agreed_block_number
}
