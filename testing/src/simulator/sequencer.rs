//! An honest sequencer: it builds on the unsafe chain what an honest batcher then posts.

use super::{dice::Dice, plan::is_valid};
use crate::reference::{Block, L1Block, activates, active};
use alloy_consensus::{SignableTransaction, TxEip1559, TxEip2930, TxEip7702, TxLegacy};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256};
use unroll_protocol::{config::RollupConfig, forks::Fork};

/// How many blocks it builds in one go, so that a pause of L1 does not cost the simulator minutes.
const MAX_BURST: usize = 60;

/// The chain as the sequencer sees it: safe blocks and its own after them.
pub struct Sequencer {
    /// Genesis first.
    pub chain: Vec<Block>,
    /// Per mille: takes the next L1 origin as soon as it may.
    eagerness: u64,
    /// Per mille: a block has transactions.
    load: u64,
    /// Per mille: forgets that drift or an upgrade forbid transactions, or that it has to adopt the next origin.
    lapses: u64,
}

impl Sequencer {
    /// A sequencer at genesis.
    pub fn new(dice: &mut Dice, cfg: &RollupConfig) -> Self {
        Self {
            chain: vec![Block::genesis(cfg)],
            eagerness: dice.pick(&[1000, 1000, 500, 100]),
            load: dice.pick(&[300, 800, 1000]),
            lapses: dice.pick(&[0, 0, 10, 40, 150]),
        }
    }

    /// Builds up to time `until`, with origins out of `known`.
    pub fn build(&mut self, dice: &mut Dice, cfg: &RollupConfig, known: &[L1Block], until: u64) {
        for _ in 0..MAX_BURST {
            let head = &self.chain[self.chain.len() - 1];
            let time = head.time + cfg.block_time;
            let Some(at) = known.iter().position(|block| block.origin.number == head.origin.number) else {
                return;
            };
            if time > until {
                return;
            }
            let is_late = |block: &L1Block| time > block.origin.time.0 + drift(cfg, block);
            let next = known.get(at + 1).filter(|next| next.origin.time.0 <= time);
            let lapse = dice.chance(self.lapses);
            let pressed =
                !lapse && (is_late(&known[at]) || (known.len() - at) as u64 > cfg.seq_window_size / 2);
            let origin = match next {
                Some(next) if pressed || dice.chance(self.eagerness) => next,
                _ => &known[at],
            };
            let opens = origin.origin.number != head.origin.number;
            let upgrades = [Fork::Jovian, Fork::Karst].iter().any(|&fork| activates(cfg, fork, time));
            let must_be_empty = is_late(origin) || upgrades;
            let busy = (!must_be_empty || lapse) && dice.chance(self.load);
            let block = Block {
                number: head.number + 1,
                parent_hash: head.hash,
                time,
                origin: origin.origin.id(),
                sequence_number: if opens { 0 } else { head.sequence_number + 1 },
                transactions: if busy { transactions(dice, cfg, time, head.hash, lapse) } else { Vec::new() },
                ..Block::genesis(cfg)
            };
            self.chain.push(block.sealed());
        }
    }

    /// Follows the safe chain: whatever contradicts it is given up. Returns how many blocks stayed.
    pub fn follow(&mut self, safe: &[Block]) -> usize {
        let ours = |block: &Block| {
            usize::try_from(block.number - self.chain[0].number)
                .ok()
                .and_then(|at| self.chain.get(at))
                .is_some_and(|own| own.hash == block.hash)
        };
        if !safe.last().is_some_and(ours) {
            self.chain.truncate(1);
            self.chain.extend_from_slice(&safe[1..]);
        }
        self.chain.len()
    }
}

fn drift(cfg: &RollupConfig, origin: &L1Block) -> u64 {
    if active(cfg, Fork::Fjord, origin.origin.time.0) { 1_800 } else { cfg.max_sequencer_drift }
}

/// One to three transactions that execution takes on this parent, or refuses.
pub fn transactions(
    dice: &mut Dice,
    cfg: &RollupConfig,
    time: u64,
    parent_hash: B256,
    refused: bool,
) -> Vec<Bytes> {
    (0..dice.range(1, 3))
        .map(|_| {
            loop {
                let transaction = transaction(dice, cfg, active(cfg, Fork::Isthmus, time));
                if is_valid(&transaction, parent_hash) != refused {
                    break transaction;
                }
            }
        })
        .collect()
}

/// A transaction of any kind that a span batch can hold. Its signature is noise: nobody recovers it here.
pub fn transaction(dice: &mut Dice, cfg: &RollupConfig, set_code: bool) -> Bytes {
    let to = Address::with_last_byte(dice.byte());
    let kind = if dice.chance(200) { TxKind::Create } else { TxKind::Call(to) };
    let length = dice.range(0, 40);
    let (input, nonce, chain_id) = (dice.bytes(length), dice.range(0, 1000), cfg.l2_chain_id);
    let (value, gas_limit) = (U256::from(dice.byte()), dice.range(21_000, 1_000_000));
    let (max_fee_per_gas, max_priority_fee_per_gas) = (u128::from(dice.number()), u128::from(dice.byte()));
    let signature =
        Signature::new(U256::from_be_bytes(dice.hash().0), U256::from(dice.number()), dice.chance(500));
    let gas_price = max_fee_per_gas;
    let bytes = match dice.range(0, if set_code { 4 } else { 3 }) {
        0 => TxLegacy { chain_id: Some(chain_id), nonce, gas_price, gas_limit, to: kind, value, input }
            .into_signed(signature)
            .encoded_2718(),
        1 => TxLegacy { chain_id: None, nonce, gas_price, gas_limit, to: kind, value, input }
            .into_signed(signature)
            .encoded_2718(),
        2 => TxEip2930 {
            chain_id,
            nonce,
            gas_price,
            gas_limit,
            to: kind,
            value,
            access_list: Default::default(),
            input,
        }
        .into_signed(signature)
        .encoded_2718(),
        3 => TxEip1559 {
            chain_id,
            nonce,
            gas_limit,
            max_fee_per_gas,
            max_priority_fee_per_gas,
            to: kind,
            value,
            access_list: Default::default(),
            input,
        }
        .into_signed(signature)
        .encoded_2718(),
        _ => TxEip7702 {
            chain_id,
            nonce,
            gas_limit,
            max_fee_per_gas,
            max_priority_fee_per_gas,
            to,
            value,
            access_list: Default::default(),
            authorization_list: Vec::new(),
            input,
        }
        .into_signed(signature)
        .encoded_2718(),
    };
    bytes.into()
}
