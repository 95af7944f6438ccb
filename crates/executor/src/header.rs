//! The header of an executed block (I-040 to I-046).

use alloc::vec::Vec;

use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header};
use alloy_primitives::{B64, B256, Bloom, Bytes, U256, b256};
use alloy_trie::EMPTY_ROOT_HASH;
use op_alloy_rpc_types_engine::OpPayloadAttributes;
use unroll_mpt::list::ordered_root;

use crate::{Receipt, env::BlockSetting, receipt::LogHashes};

/// SHA-256 of nothing: there are no requests (I-044).
pub(crate) const EMPTY_REQUESTS_HASH: B256 =
    b256!("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");

/// What execution found out about a block.
pub(crate) struct Outcome {
    pub(crate) state_root: B256,
    /// Storage root of the message passer, if the header carries it.
    pub(crate) message_passer_root: Option<B256>,
    pub(crate) gas_used: u64,
    pub(crate) da_footprint: u64,
}

/// H-002, I-085: the block holds exactly these transactions, no uncles and no reward.
pub(crate) fn assemble(
    setting: &BlockSetting,
    parent_hash: B256,
    attributes: &OpPayloadAttributes,
    transactions: &[Bytes],
    receipts: &[Receipt],
    outcome: &Outcome,
) -> Header {
    let (receipts_root, logs_bloom) = receipts_commitment(receipts);
    let rules = setting.rules;
    Header {
        parent_hash,
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        beneficiary: attributes.payload_attributes.suggested_fee_recipient,
        state_root: outcome.state_root,
        transactions_root: ordered_root(transactions),
        receipts_root,
        logs_bloom,
        difficulty: U256::ZERO,
        number: setting.number,
        gas_limit: setting.gas_limit,
        gas_used: outcome.gas_used,
        timestamp: setting.time.0,
        extra_data: setting.extra_data.clone(),
        mix_hash: attributes.payload_attributes.prev_randao,
        nonce: B64::ZERO,
        base_fee_per_gas: Some(setting.base_fee),
        // I-041
        withdrawals_root: outcome.message_passer_root.or(rules.withdrawals.then_some(EMPTY_ROOT_HASH)),
        // I-043
        blob_gas_used: rules.beacon_root.then_some(outcome.da_footprint),
        excess_blob_gas: rules.beacon_root.then_some(0),
        parent_beacon_block_root: setting.beacon_root, // I-042
        requests_hash: rules.withdrawals_root_in_header.then_some(EMPTY_REQUESTS_HASH),
        block_access_list_hash: None,
        slot_number: None,
    }
}

fn receipts_commitment(receipts: &[Receipt]) -> (B256, Bloom) {
    let mut bloom = Bloom::ZERO;
    let mut hashes = LogHashes::default();
    let encoded: Vec<Vec<u8>> = receipts
        .iter()
        .map(|receipt| {
            let mut out = Vec::new();
            bloom |= receipt.encode_with(&mut hashes, &mut out);
            out
        })
        .collect();
    (ordered_root(&encoded), bloom)
}
