//! What the rollup node answers, in op-node's shapes.

use super::{Module, Refusal, Registered, method, plain};
use crate::chain::View;
use alloy_primitives::{B256, U64};
use serde::Serialize;
use unroll_testing::devnet::{L1Block, L2Block};

/// The only version of output roots that there is (J-001).
const OUTPUT_VERSION: B256 = B256::ZERO;

/// Number and hash.
#[derive(Clone, Debug, Serialize)]
struct BlockId {
    hash: B256,
    number: u64,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct L1BlockRef {
    hash: B256,
    number: u64,
    parent_hash: B256,
    timestamp: u64,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct L2BlockRef {
    hash: B256,
    number: u64,
    parent_hash: B256,
    timestamp: u64,
    // Lower case, as op-node spells it.
    #[serde(rename = "l1origin")]
    l1_origin: BlockId,
    sequence_number: u64,
}

/// `optimism_syncStatus`.
#[derive(Clone, Debug, Serialize)]
struct SyncStatus {
    current_l1: L1BlockRef,
    current_l1_finalized: L1BlockRef,
    head_l1: L1BlockRef,
    safe_l1: L1BlockRef,
    finalized_l1: L1BlockRef,
    unsafe_l2: L2BlockRef,
    safe_l2: L2BlockRef,
    finalized_l2: L2BlockRef,
    pending_safe_l2: L2BlockRef,
    cross_unsafe_l2: L2BlockRef,
    local_safe_l2: L2BlockRef,
}

/// `optimism_outputAtBlock`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Output {
    version: B256,
    output_root: B256,
    block_ref: L2BlockRef,
    withdrawal_storage_root: B256,
    state_root: B256,
    sync_status: SyncStatus,
}

/// `optimism_safeHeadAtL1Block`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SafeHead {
    l1_block: BlockId,
    safe_head: BlockId,
}

pub(super) fn register(module: &mut Module) -> Registered {
    plain(module, "optimism_version", |_| concat!("unroll-devnet/v", env!("CARGO_PKG_VERSION")))?;
    plain(module, "optimism_rollupConfig", |view| view.devnet().genesis.rollup.clone())?;
    plain(module, "optimism_syncStatus", sync_status)?;
    method(module, "optimism_outputAtBlock", |view, (number,): (U64,)| output(view, number.to()))?;
    method(module, "optimism_safeHeadAtL1Block", |view, (number,): (U64,)| safe_head(view, number.to()))
}

fn output(view: &View<'_>, number: u64) -> Result<Output, Refusal> {
    let block = view.l2_block(number).ok_or_else(|| Refusal::NotFound(format!("L2 block {number}")))?;
    Ok(Output {
        version: OUTPUT_VERSION,
        output_root: block.output.hash(),
        block_ref: l2_ref(block),
        withdrawal_storage_root: block.output.message_passer_storage_root,
        state_root: block.output.state_root,
        sync_status: sync_status(view),
    })
}

/// What was safe with this L1 block. The L1 block in the answer is the one that made it so, as op-node's database has it.
fn safe_head(view: &View<'_>, number: u64) -> Result<SafeHead, Refusal> {
    if number > view.l1_head() {
        return Err(Refusal::NotFound(format!("safe head at L1 block {number}")));
    }
    let safe = l2_at(view, view.safe_at(number));
    let by = l1_at(view, safe.safe_at.unwrap_or_default());
    Ok(SafeHead {
        l1_block: BlockId { hash: by.header.hash(), number: by.header.number },
        safe_head: BlockId { hash: safe.header.hash(), number: safe.header.number },
    })
}

fn sync_status(view: &View<'_>) -> SyncStatus {
    let l1 = |number| l1_ref(l1_at(view, number));
    let l2 = |number| l2_ref(l2_at(view, number));
    let (head, finalized) = (view.l1_head(), view.l1_finalized());
    let (newest, safe) = (view.l2_head(), view.l2_safe());
    SyncStatus {
        current_l1: l1(head),
        current_l1_finalized: l1(finalized),
        head_l1: l1(head),
        safe_l1: l1(view.l1_safe()),
        finalized_l1: l1(finalized),
        unsafe_l2: l2(newest),
        safe_l2: l2(safe),
        finalized_l2: l2(view.l2_finalized()),
        pending_safe_l2: l2(safe),
        cross_unsafe_l2: l2(newest),
        local_safe_l2: l2(safe),
    }
}

fn l1_at<'a>(view: &View<'a>, number: u64) -> &'a L1Block {
    view.l1_block(number).expect("heads are on the chain")
}

fn l2_at<'a>(view: &View<'a>, number: u64) -> &'a L2Block {
    view.l2_block(number).expect("heads are on the chain")
}

fn l1_ref(block: &L1Block) -> L1BlockRef {
    let header = &block.header;
    L1BlockRef {
        hash: header.hash(),
        number: header.number,
        parent_hash: header.parent_hash,
        timestamp: header.timestamp,
    }
}

fn l2_ref(block: &L2Block) -> L2BlockRef {
    let header = &block.header;
    L2BlockRef {
        hash: header.hash(),
        number: header.number,
        parent_hash: header.parent_hash,
        timestamp: header.timestamp,
        l1_origin: BlockId { hash: block.l1_origin.hash, number: block.l1_origin.number },
        sequence_number: block.sequence_number,
    }
}
