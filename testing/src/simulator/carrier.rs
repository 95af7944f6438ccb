//! How the batcher's payloads travel: in transactions of every type that it may send, in calldata and in blobs, between those of
//! others (B.2, B.3).

use super::{dice::Dice, sequencer};
use crate::{
    batcher,
    keys::{Call, Key},
    reference::{L1Block, active},
};
use alloy_consensus::TxEnvelope;
use alloy_eips::{eip2718::Encodable2718, eip4844::Blob};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, bytes, keccak256};
use unroll_protocol::{blob::MAX_BLOB_DATA_BYTES, config::RollupConfig, deposit::DepositTx, forks::Fork};

/// Whose signatures there are.
pub mod wallets {
    use crate::keys::Key;
    use alloy_primitives::Address;
    use std::sync::LazyLock;

    static BATCHERS: LazyLock<Vec<Key>> = LazyLock::new(|| (1_000..1_256).map(Key::new).collect());

    /// Who may be the batcher.
    pub fn batcher(number: u8) -> &'static Key {
        &BATCHERS[usize::from(number)]
    }

    /// Whose address this is; a log may name a batcher that nobody has the key of.
    pub fn of(address: Address) -> Option<&'static Key> {
        BATCHERS.iter().find(|key| key.address == address)
    }
}

/// The transactions of an L1 block, and all of their blobs in order.
#[derive(Clone, Debug, Default)]
pub struct Carried {
    /// In EIP-2718 encoding.
    pub transactions: Vec<Bytes>,
    /// With the versioned hashes, which here only look like such: whoever reads a blob believes its provider.
    pub blobs: Vec<(B256, Box<Blob>)>,
}

impl Carried {
    /// The block's payloads on their way.
    pub fn of(cfg: &RollupConfig, batcher: Address, block: &L1Block) -> Self {
        let hash = block.origin.hash;
        let mut dice = Dice::new(u64::from_be_bytes(hash[..8].try_into().expect("8 of 32 bytes")));
        let with_blobs = active(cfg, Fork::Ecotone, block.origin.time.0);
        let mut post = Post { cfg, hash, with_blobs, carried: Self::default() };
        post.noise(&mut dice);
        let mut payloads = &block.data[..];
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

    /// What does not count, although it looks as if it did.
    fn others(&mut self, dice: &mut Dice, batcher: Address, data: &Bytes) {
        let stranger = wallets::batcher(dice.byte());
        let inbox = self.cfg.batch_inbox;
        match dice.range(0, 39) {
            0 => self.noise(dice),
            1 => self.deposit(Address::repeat_byte(dice.byte()), batcher, data), // B-010
            2 => self.deposit(inbox, Address::with_last_byte(dice.byte()), data), // B-010
            3 => self.carried.transactions.push(bytes!("05c0")),                 // B-007
            4 if stranger.address != batcher => self.push(&stranger.call(self.call(data))), // B-010
            5 if stranger.address != batcher => self.blobs(stranger, std::slice::from_ref(data)), // B-010, B-018
            6 => {
                // B-012: of another chain.
                let call = Call { chain_id: self.cfg.l1_chain_id + 1, ..self.call(data) };
                self.push(&wallets::of(batcher).unwrap_or(stranger).call(call));
            }
            7 if stranger.address != batcher => self.push(&stranger.set_code(self.call(data), Vec::new())), // B-011
            _ => {}
        }
    }

    /// What the batcher sends of these payloads; how many that are.
    fn batcher(&mut self, dice: &mut Dice, batcher: Address, payloads: &[Bytes]) -> usize {
        let first = &payloads[0];
        let key = wallets::of(batcher).filter(|_| dice.chance(100));
        let Some(key) = key else {
            self.deposit(self.cfg.batch_inbox, batcher, first);
            return 1;
        };
        let call = self.call(first);
        match dice.range(0, 7) {
            0 => self.push(&key.legacy(call, true)),
            1 => self.push(&key.legacy(call, false)),
            2 => self.push(&key.access_list(call, batcher)),
            3..=5 if self.with_blobs => return self.own_blobs(dice, key, payloads),
            3 => self.push(&key.blobs(call, vec![self.hash])), // B-016: before Ecotone its calldata is read
            _ => self.push(&key.call(call)),
        }
        1
    }

    /// Some payloads in the blobs of one transaction, between blobs that hold nothing (B-017, B-036, B-037).
    fn own_blobs(&mut self, dice: &mut Dice, key: &Key, payloads: &[Bytes]) -> usize {
        let most = dice.count(1, 4).min(payloads.len());
        let fits = payloads[..most].iter().take_while(|payload| payload.len() <= MAX_BLOB_DATA_BYTES).count();
        if fits == 0 {
            self.push(&key.call(self.call(&payloads[0])));
            return 1;
        }
        let mut hashes = Vec::new();
        for payload in &payloads[..fits] {
            if dice.chance(300) {
                let mut spoiled = batcher::blob(payload).expect("it fits");
                spoil(dice, &mut spoiled);
                hashes.push(self.blob(spoiled));
            }
            hashes.push(self.blob(batcher::blob(payload).expect("it fits")));
        }
        let call = self.call(&payloads[0]); // B-017: its calldata does not count
        self.push(&key.blobs(call, hashes));
        fits
    }

    fn blobs(&mut self, key: &Key, payloads: &[Bytes]) {
        let blobs = payloads.iter().filter_map(|payload| batcher::blob(payload).ok());
        let hashes = blobs.map(|blob| self.blob(blob)).collect();
        self.push(&key.blobs(self.call(&Bytes::new()), hashes));
    }

    fn blob(&mut self, blob: Box<Blob>) -> B256 {
        let place = U256::from(self.carried.blobs.len());
        let mut hash = keccak256([self.hash.0, place.to_be_bytes()].concat());
        hash[0] = 1;
        self.carried.blobs.push((hash, blob));
        hash
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

/// B-032 to B-035.
fn spoil(dice: &mut Dice, blob: &mut Blob) {
    match dice.range(0, 3) {
        0 => blob[0] |= dice.pick(&[0x40, 0x80]),
        1 => blob[1] = dice.byte() | 1,
        2 => blob[2..5].copy_from_slice(&dice.pick(&[[0x01, 0xfb, 0xfd], [0xff; 3]])),
        _ => *blob.last_mut().expect("a blob is not empty") = 1,
    }
}
