//! What execution is told, and what it makes of it, without executing anything.

use super::History;
use crate::reference::{Block, L1Block, activates, active, fees, system};
use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes, Sealed, TxKind, U256, keccak256};
use op_alloy_rpc_types_engine::OpPayloadAttributes;
use unroll_derive::{FEE_RECIPIENT, L1Input, SafeBlock, window::transactions_digest};
use unroll_protocol::{
    config::RollupConfig,
    deposit::{DEPOSIT_TX_TYPE, DEPOSITOR, DepositTx, SourceHash},
    extra_data::BaseFeeSettings,
    forks::Fork,
    l1_info::{L1_BLOCK, L1Info},
    system_config::Eip1559Params,
    tip::Tip,
    units::{BlockId, L2Time},
    upgrades::{Upgrade, decode_bundle, upgrade_transactions},
};

/// The attributes that a block by the rules stands for (G-001, G-025 to G-045).
pub fn attributes(history: &History, block: &Block, bundle: Option<&[u8]>) -> OpPayloadAttributes {
    let cfg = &history.cfg;
    let origin = input(origin(history, block));
    let mut attributes = OpPayloadAttributes::default();
    attributes.payload_attributes.timestamp = block.time;
    attributes.payload_attributes.prev_randao = origin.prev_randao;
    attributes.payload_attributes.suggested_fee_recipient = FEE_RECIPIENT;
    attributes.payload_attributes.withdrawals = active(cfg, Fork::Canyon, block.time).then(Vec::new); // G-042
    attributes.payload_attributes.parent_beacon_block_root =
        active(cfg, Fork::Ecotone, block.time).then(|| origin.parent_beacon_block_root.unwrap_or_default()); // G-043
    attributes.transactions = Some(transactions(history, block, bundle));
    attributes.no_tx_pool = Some(true);
    attributes.gas_limit = Some(gas_limit(cfg, block));
    attributes.eip_1559_params =
        active(cfg, Fork::Holocene, block.time).then(|| eip1559(cfg, block).to_bytes().into());
    attributes.min_base_fee = active(cfg, Fork::Jovian, block.time).then_some(block.system.min_base_fee); // G-045
    attributes
}

/// All transactions of the block, in order (G-001).
pub fn transactions(history: &History, block: &Block, bundle: Option<&[u8]>) -> Vec<Bytes> {
    if block.number == history.cfg.genesis.l2.number {
        return Vec::new();
    }
    let mut transactions = vec![l1_info(history, block)];
    transactions.extend_from_slice(&block.deposits);
    for fork in Fork::ALL.into_iter().filter(|&fork| activates(&history.cfg, fork, block.time)) {
        match upgrade_transactions(fork) {
            Upgrade::None => {}
            Upgrade::Builtin(builtin) => transactions.extend(builtin.transactions()),
            Upgrade::Bundle { .. } => {
                transactions
                    .extend(bundle.and_then(|json| decode_bundle(fork, json).ok()).unwrap_or_default());
            }
        }
    }
    transactions.extend_from_slice(&block.transactions);
    transactions
}

/// A header with the fields that derivation reads, and the fake hash.
pub fn header(cfg: &RollupConfig, block: &Block) -> Sealed<Header> {
    let format = cfg.forks.execution(L2Time(block.time)).extra_data;
    let mut eip1559 = eip1559(cfg, block);
    if eip1559 == Eip1559Params::default() {
        eip1559.denominator = cfg.base_fee.denominator_canyon;
        eip1559.elasticity = cfg.base_fee.elasticity;
    }
    let header = Header {
        number: block.number,
        parent_hash: block.parent_hash,
        timestamp: block.time,
        gas_limit: gas_limit(cfg, block),
        extra_data: BaseFeeSettings { eip1559, min_base_fee: block.system.min_base_fee }.encode(format),
        ..Default::default()
    };
    Sealed::new_unchecked(header, block.hash)
}

/// What the block leaves for the next.
pub fn tip(history: &History, block: &Block) -> Tip {
    let transactions = transactions(history, block, None);
    Tip::from_block(&history.cfg, header(&history.cfg, block), transactions.first())
        .expect("made by the rules that read it")
}

/// The block that attributes stand for, as far as execution and hash look at it.
pub fn block_of(cfg: &RollupConfig, tip: &Tip, attributes: &OpPayloadAttributes) -> Block {
    let time = attributes.payload_attributes.timestamp;
    let all = attributes.transactions.as_deref().unwrap_or_default();
    let info = all.first().and_then(|tx| DepositTx::decode(tx).ok());
    let info = info.and_then(|tx| L1Info::decode(&tx.data, cfg.l1_info_format(L2Time(time))).ok());
    let is_deposit = |tx: &&Bytes| tx.first() == Some(&DEPOSIT_TX_TYPE);
    Block {
        number: tip.block.number + 1,
        hash: B256::ZERO,
        parent_hash: tip.block.hash,
        time,
        origin: info.map_or(BlockId::default(), |info| info.origin),
        sequence_number: info.map_or(u64::MAX, |info| info.sequence_number),
        system: tip.system,
        deposits: all.iter().filter(is_deposit).skip(1).cloned().collect(),
        transactions: all.iter().filter(|tx| !is_deposit(tx)).cloned().collect(),
        deposits_only: false,
    }
    .sealed()
}

/// The block as overlapping spans are compared with it.
pub fn safe_block(block: &Block) -> SafeBlock {
    SafeBlock {
        number: block.number,
        hash: block.hash,
        l1_origin: block.origin.number,
        transactions: Some(transactions_digest(&block.transactions)),
    }
}

/// The L1 block as the pipeline takes it.
pub fn input(block: &L1Block) -> L1Input {
    let hash = block.origin.hash;
    L1Input {
        origin: block.origin,
        prev_randao: keccak256(hash),
        parent_beacon_block_root: (hash[0] != 0).then(|| keccak256(keccak256(hash))),
        fees: block.fees,
        updates: block.updates.clone(),
        deposits: block.deposits.clone(),
        data: block.data.clone(),
    }
}

fn l1_info(history: &History, block: &Block) -> Bytes {
    let L1Block { origin, fees, .. } = origin(history, block);
    let (cfg, sequence_number) = (&history.cfg, block.sequence_number);
    let regolith = active(cfg, Fork::Regolith, block.time); // G-025
    DepositTx {
        source_hash: SourceHash::L1Info { l1_block_hash: origin.hash, sequence_number }.hash(),
        from: DEPOSITOR,
        to: TxKind::Call(L1_BLOCK),
        mint: U256::ZERO,
        value: U256::ZERO,
        gas: if regolith { 1_000_000 } else { 150_000_000 },
        is_system: !regolith,
        data: fees::l1_info(cfg, &block.system, origin, fees, sequence_number, block.time).into(),
    }
    .encode()
}

fn origin<'h>(history: &'h History, block: &Block) -> &'h L1Block {
    let mut l1 = history.l1.iter();
    l1.find(|l1| l1.origin.number == block.origin.number).expect("origins are L1 blocks")
}

/// A-046, G-041.
fn gas_limit(cfg: &RollupConfig, block: &Block) -> u64 {
    let upgrade = activates(cfg, Fork::Karst, block.time);
    block.system.gas_limit + if upgrade { system::KARST_UPGRADE_GAS } else { 0 }
}

/// G-044: zeros in Holocene's activation block.
fn eip1559(cfg: &RollupConfig, block: &Block) -> Eip1559Params {
    if activates(cfg, Fork::Holocene, block.time) { Eip1559Params::default() } else { block.system.eip1559 }
}
