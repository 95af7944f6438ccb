//! How the batcher's payloads travel: in transactions of every type that it may send, in calldata and in blobs, between those of
//! others (B.2, B.3).

use super::{blobs::Blobs, dice::Dice, sequencer};
use crate::{
    keys::{Call, Key},
    reference::active,
};
use alloy_consensus::{SignableTransaction, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, bytes, uint};
use unroll_protocol::{config::RollupConfig, deposit::DepositTx, forks::Fork, units::L1Ref};

/// Whose signatures there are.
pub mod wallets {
    use crate::keys::Key;
    use alloy_primitives::{Address, map::AddressMap};
    use std::sync::LazyLock;

    static BATCHERS: LazyLock<Vec<Key>> = LazyLock::new(|| (1_000..1_256).map(Key::hasty).collect());
    static BY_ADDRESS: LazyLock<AddressMap<&Key>> =
        LazyLock::new(|| BATCHERS.iter().map(|key| (key.address, key)).collect());

    /// Who may be the batcher.
    pub fn batcher(number: u8) -> &'static Key {
        &BATCHERS[usize::from(number)]
    }

    /// Whose address this is; a log may name a batcher that nobody has the key of.
    pub fn of(address: Address) -> Option<&'static Key> {
        BY_ADDRESS.get(&address).copied()
    }
}

/// The most payloads in the blobs of one transaction.
const BLOBS: usize = 4;

/// What there is in an L1 block.
#[derive(Clone, Debug, Default)]
pub struct Carried {
    /// In EIP-2718 encoding.
    pub transactions: Vec<Bytes>,
    /// Everybody's.
    pub blobs: Blobs,
}

impl Carried {
    /// Payloads on their way in the block `origin`.
    pub fn of(cfg: &RollupConfig, batcher: Address, origin: L1Ref, mut payloads: &[Bytes]) -> Self {
        let hash = origin.hash;
        let mut dice = Dice::new(u64::from_be_bytes(hash[..8].try_into().expect("8 of 32 bytes")));
        let with_blobs = active(cfg, Fork::Ecotone, origin.time.0);
        let mut post = Post { cfg, hash, with_blobs, carried: Self::default() };
        post.noise(&mut dice);
        while !payloads.is_empty() {
            post.others(&mut dice, batcher, &payloads[0]);
            let count = post.batcher(&mut dice, batcher, payloads);
            payloads = &payloads[count..];
        }
        post.carried
    }
}

struct Post<'a> {
    cfg: &'a RollupConfig,
    /// The block's.
    hash: B256,
    with_blobs: bool,
    carried: Carried,
}

impl Post<'_> {
    fn push(&mut self, transaction: &TxEnvelope) {
        self.carried.transactions.push(transaction.encoded_2718().into());
    }

    fn noise(&mut self, dice: &mut Dice) {
        let noise = std::iter::repeat_with(|| sequencer::transaction(dice, self.cfg, false));
        self.carried.transactions.extend(noise.filter(|transaction| transaction[0] >= 0xc0).take(1));
    }

    /// What does not count, although it looks as if it did. Mostly nothing.
    fn others(&mut self, dice: &mut Dice, batcher: Address, data: &Bytes) {
        let kind = dice.range(0, 79);
        let stranger = wallets::batcher(dice.byte());
        let stranger = if stranger.address == batcher { wallets::batcher(dice.byte() ^ 1) } else { stranger };
        let (inbox, elsewhere) = (self.cfg.batch_inbox, Address::repeat_byte(dice.byte()));
        match kind {
            0 => self.noise(dice),
            1 => self.deposit(elsewhere, batcher, data), // B-010
            2 => self.deposit(inbox, Address::with_last_byte(dice.byte()), data), // B-010
            3 => self.carried.transactions.push(bytes!("05c0")), // B-007
            4 => self.push(&stranger.legacy(self.call(data), dice.chance(500))), // B-010
            5 => self.push(&stranger.call(self.call(data))), // B-010
            6 => self.blobs(dice, stranger, TxKind::Call(inbox), data), // B-010, B-018
            7 => self.blobs(dice, stranger, TxKind::Call(elsewhere), data), // B-018
            _ => {}
        }
        let Some(key) = wallets::of(batcher).filter(|_| kind >= 70) else { return };
        let call = self.call(data);
        match kind {
            70 => self.push(&key.call(Call { to: TxKind::Call(elsewhere), ..call })), // B-010
            71 => self.push(&key.legacy(Call { to: TxKind::Create, ..call }, true)),  // B-012
            72 => self.blobs(dice, key, TxKind::Call(elsewhere), data),               // B-010, B-018
            73 => self.push(&key.call(Call { chain_id: self.cfg.l1_chain_id + 1, ..call })), // B-012
            74 => self.push(&key.set_code(call, Vec::new())),                         // B-011
            75 => self.push(&unsound(dice, key.call(call))),                          // B-012
            76 if self.with_blobs => self.spoiled(dice, key, data),                   // B-036
            _ => {}
        }
    }

    /// What the batcher sends of these payloads; how many that are.
    fn batcher(&mut self, dice: &mut Dice, batcher: Address, payloads: &[Bytes]) -> usize {
        let first = &payloads[0];
        // To recover a signer takes longer than all else that there is to do with most payloads.
        let key = wallets::of(batcher).filter(|_| dice.chance(80));
        let Some(key) = key else {
            self.deposit(self.cfg.batch_inbox, batcher, first);
            return 1;
        };
        let call = self.call(first);
        match dice.range(0, 7) {
            0 => self.push(&key.legacy(call, true)),
            1 => self.push(&key.legacy(call, false)),
            2 => self.push(&key.access_list(call, batcher)),
            3..=4 if self.with_blobs => return self.own_blobs(dice, key, payloads),
            3 => self.push(&key.blobs(call, vec![self.hash])), // B-016: before Ecotone its calldata is read
            _ => self.push(&key.call(call)),
        }
        1
    }

    /// Some payloads in the blobs of one transaction, between blobs that hold nothing (B-017, B-036, B-037).
    fn own_blobs(&mut self, dice: &mut Dice, key: &Key, payloads: &[Bytes]) -> usize {
        let most = dice.count(1, BLOBS).min(payloads.len());
        let count = payloads[..most].iter().take_while(|payload| Blobs::fits(payload)).count();
        if count == 0 {
            self.push(&key.call(self.call(&payloads[0])));
            return 1;
        }
        let mut hashes = Vec::new();
        for payload in &payloads[..count] {
            if dice.chance(200) {
                hashes.push(self.carried.blobs.push(self.hash, payload, Some(dice.number())));
            }
            hashes.push(self.carried.blobs.push(self.hash, payload, None));
        }
        let ignored = if dice.chance(500) { payloads[0].clone() } else { Bytes::new() }; // B-017
        self.push(&key.blobs(self.call(&ignored), hashes));
        count
    }

    /// Blobs that nobody has to read.
    fn blobs(&mut self, dice: &mut Dice, key: &Key, to: TxKind, data: &Bytes) {
        let blobs = (0..dice.count(1, BLOBS)).map(|_| self.carried.blobs.push(self.hash, data, None));
        let hashes = blobs.collect();
        self.push(&key.blobs(Call { to, ..self.call(data) }, hashes));
    }

    /// The batcher's own blobs, all of which are to be ignored.
    fn spoiled(&mut self, dice: &mut Dice, key: &Key, data: &Bytes) {
        if Blobs::fits(data) {
            let flaws = (0..dice.count(1, 2)).map(|_| Some(dice.number())).collect::<Vec<_>>();
            let blobs = flaws.into_iter().map(|flaw| self.carried.blobs.push(self.hash, data, flaw));
            let hashes = blobs.collect();
            self.push(&key.blobs(self.call(data), hashes));
        }
    }

    fn call(&self, data: &Bytes) -> Call {
        Call {
            chain_id: self.cfg.l1_chain_id,
            nonce: 0,
            gas_limit: 21_000,
            to: TxKind::Call(self.cfg.batch_inbox),
            value: U256::ZERO,
            input: data.clone(),
        }
    }

    /// A transaction that needs no signature (B-013).
    fn deposit(&mut self, to: Address, from: Address, data: &Bytes) {
        let deposit = DepositTx {
            source_hash: B256::ZERO,
            from,
            to: TxKind::Call(to),
            mint: U256::ZERO,
            value: U256::ZERO,
            gas: 1,
            is_system: false,
            data: data.clone(),
        };
        self.carried.transactions.push(deposit.encode());
    }
}

/// The order of the curve's points.
const ORDER: U256 = uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);

/// The same transaction with a signature that L1 does not take (B-012): among them the other one of the same signer.
fn unsound(dice: &mut Dice, transaction: TxEnvelope) -> TxEnvelope {
    let TxEnvelope::Eip1559(signed) = transaction else { return transaction };
    let (transaction, signature, _) = signed.into_parts();
    let (r, s, odd) = (signature.r(), signature.s(), signature.v());
    let signature = match dice.range(0, 3) {
        0 => Signature::new(r, ORDER - s, !odd),
        1 => Signature::new(U256::ZERO, s, odd),
        2 => Signature::new(r, U256::ZERO, odd),
        _ => Signature::new(ORDER, s, odd),
    };
    transaction.into_signed(signature).into()
}
