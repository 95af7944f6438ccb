//! From an agreed output root to the block that it commits to.

use crate::transition::TransitionError;
use alloy_primitives::{B256, Sealed};
use unroll_derive::provider::L2ChainProvider;
use unroll_executor::TrieDBFetcher;
use unroll_protocol::{
    config::RollupConfig,
    output_root::OutputRoot,
    tip::{Tip, TipError},
};

/// An output root that both sides agree on, but that no chain with this config has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgreedError {
    /// The output and its block disagree about the state.
    #[error("the agreed output has state root {output}, its block {header}")]
    StateRoot {
        /// The output's.
        output: B256,
        /// The block's.
        header: B256,
    },
    /// Nothing can be built on the block.
    #[error("nothing can be built on the agreed block: {0}")]
    Tip(#[from] TipError),
}

/// The block that an agreed output commits to, with the system config that it left behind (J-003).
pub(crate) fn agreed_tip<B: L2ChainProvider + TrieDBFetcher>(
    cfg: &RollupConfig,
    backend: &mut B,
    agreed: &OutputRoot,
) -> Result<Tip, TransitionError<B::Error>> {
    let hash = agreed.block_hash;
    let header = backend.l2_header_by_hash(hash).map_err(TransitionError::Provider)?;
    if header.state_root != agreed.state_root {
        return Err(AgreedError::StateRoot { output: agreed.state_root, header: header.state_root }.into());
    }
    if header.number == cfg.genesis.l2.number {
        // genesis has no transaction to read.
        return Ok(
            Tip::from_block(cfg, Sealed::new_unchecked(header, hash), None).map_err(AgreedError::from)?
        );
    }
    let block = backend.block_start_by_number(hash, header.number).map_err(TransitionError::Provider)?;
    Ok(Tip::from_block(cfg, block.header, block.first_transaction.as_ref()).map_err(AgreedError::from)?)
}
