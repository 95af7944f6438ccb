//! The L2 chain: blocks built by our own executor upon a store that keeps every state.

use super::{attributes, l1::L1Block, store::Store};
use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes, Sealed};
use alloy_trie::TrieAccount;
use op_alloy_rpc_types_engine::OpPayloadAttributes;
use unroll_executor::{BlockExecutor, ExecutedPayload, ExecutionError, InvalidPayload};
use unroll_protocol::{
    config::RollupConfig, deposit::DEPOSIT_TX_TYPE, output_root::OutputRoot, tip::Tip, units::BlockId,
};

/// A block with all that is known of it.
#[derive(Clone, Debug)]
pub struct L2Block {
    /// Its header.
    pub header: Sealed<Header>,
    /// EIP-2718 bytes.
    pub transactions: Vec<Bytes>,
    /// EIP-2718 bytes as the receipts root covers them, one for each transaction.
    pub receipts: Vec<Bytes>,
    /// What its output root commits to.
    pub output: OutputRoot,
    /// Its L1 origin.
    pub l1_origin: BlockId,
    /// Its place in its epoch.
    pub sequence_number: u64,
    /// The number of the L1 block with which it became safe; `None`: it is not safe.
    pub safe_at: Option<u64>,
}

impl L2Block {
    /// What the block leaves for the next.
    ///
    /// # Panics
    ///
    /// If it is none of this chain.
    pub fn tip(&self, cfg: &RollupConfig) -> Tip {
        let first = self.transactions.first();
        Tip::from_block(cfg, self.header.clone(), first).expect("our own block can be built on")
    }

    /// Its transactions without deposits: what a batch holds.
    pub fn batched(&self) -> impl Iterator<Item = &Bytes> {
        self.transactions.iter().filter(|tx| tx.first() != Some(&DEPOSIT_TX_TYPE))
    }
}

/// Builds a block upon `parent` and puts its state, its header and its transactions into the store.
///
/// # Errors
///
/// A payload that is invalid changes nothing.
///
/// # Panics
///
/// If execution fails otherwise: the store lacks nothing.
pub fn build(
    cfg: &RollupConfig,
    store: &mut Store,
    parent: &Sealed<Header>,
    attributes: OpPayloadAttributes,
) -> Result<L2Block, InvalidPayload> {
    let mut executor = BlockExecutor::new(cfg, parent.clone());
    let ExecutedPayload { header, receipts, .. } = match executor.execute(&mut &*store, &attributes) {
        Ok(payload) => payload,
        Err(ExecutionError::InvalidPayload(why)) => return Err(why),
        Err(error) => unreachable!("the devnet's attributes are complete and its store too: {error}"),
    };
    let output = executor.output_root(&mut &*store).expect("the store lacks nothing");
    for value in executor.known_state() {
        store.insert_state(value);
    }
    let transactions = attributes.transactions.unwrap_or_default();
    let receipts = receipts.iter().map(|receipt| {
        let mut out = Vec::new();
        receipt.encode_2718(&mut out);
        out.into()
    });
    let receipts: Vec<Bytes> = receipts.collect();
    store.insert(alloy_rlp::encode(header.inner()).into());
    store.insert_list(&transactions);
    store.insert_list(&receipts);
    store.insert(output.encode().to_vec().into());
    let first = transactions.first();
    let tip = Tip::from_block(cfg, header.clone(), first).expect("our own block can be built on");
    let (l1_origin, sequence_number) = (tip.block.l1_origin, tip.block.sequence_number);
    Ok(L2Block { header, transactions, receipts, output, l1_origin, sequence_number, safe_at: None })
}

/// Builds a block out of what a sequencer wants in it, leaving out what is invalid.
pub fn sequence(
    cfg: &RollupConfig,
    store: &mut Store,
    parent: &L2Block,
    origin: &L1Block,
    bundle: Option<&[u8]>,
    users: Vec<Bytes>,
) -> L2Block {
    let mut attributes = attributes::attributes(cfg, &parent.tip(cfg), origin, bundle);
    if let Some(transactions) = &mut attributes.transactions {
        transactions.extend(users);
    }
    loop {
        // Each round leaves out one transaction, so the loop ends.
        match build(cfg, store, &parent.header, attributes.clone()) {
            Ok(block) => return block,
            Err(InvalidPayload { index, .. }) => {
                attributes.transactions.get_or_insert_default().remove(index);
            }
        }
    }
}

/// An account as a block left it. `None`: there is none.
///
/// # Panics
///
/// If the block's state is not in the store.
pub fn account(
    cfg: &RollupConfig,
    store: &Store,
    block: &Sealed<Header>,
    address: Address,
) -> Option<TrieAccount> {
    let mut executor = BlockExecutor::new(cfg, block.clone());
    executor.account(&mut &*store, address).expect("the store lacks nothing")
}

/// The output of a genesis block: its state, and the storage of the message passer.
pub fn genesis_output(cfg: &RollupConfig, store: &Store, header: &Sealed<Header>) -> OutputRoot {
    let passer = account(cfg, store, header, super::contracts::MESSAGE_PASSER);
    OutputRoot {
        state_root: header.state_root,
        message_passer_storage_root: passer.map_or(B256::ZERO, |account| account.storage_root),
        block_hash: header.hash(),
    }
}
