//! Payloads that travel beside L1 (B-041 to B-045): as commitments, some of which are challenged, answered, or both too late;
//! and commitments between them that come to nothing.

use super::{History, dice::Dice};
use crate::{
    alt_da::{challenge_log, commitment, resolve_call},
    reference::L1Block,
};
use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{
    Bytes, Log, Signature, TxKind, U256,
    map::{HashMap, HashSet},
};
use unroll_alt_da::{MAX_INPUT_BYTES, StatusChange};
use unroll_protocol::{config::AltDaConfig, provider::AltDaInput};

/// What of it there is in one L1 block.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// What the batcher posts in the place of the payloads.
    pub payloads: Vec<Bytes>,
    /// What the challenge contract logs, but for answers.
    pub logs: Vec<Log>,
    /// Transactions that answer challenges, or do not, with what they log.
    pub answers: Vec<(Bytes, Log)>,
}

/// What of it there is in all of L1.
#[derive(Clone, Debug, Default)]
pub struct Service {
    /// One for each L1 block.
    pub blocks: Vec<Beside>,
    /// What can be had from elsewhere.
    inputs: HashMap<Bytes, Bytes>,
}

impl Service {
    /// All chance comes from the blocks' hashes.
    pub fn of(history: &History) -> Option<Self> {
        let cfg = history.cfg.alt_da.as_ref()?;
        let mut service = Self { blocks: vec![Beside::default(); history.l1.len()], ..Self::default() };
        for (at, block) in history.l1.iter().enumerate() {
            let dice =
                Dice::new(u64::from_be_bytes(block.origin.hash[8..16].try_into().expect("8 of 32 bytes")));
            let number = block.origin.number;
            let mut fates = Fates { cfg, service: &mut service, dice, at, number, known: HashSet::default() };
            for payload in &block.data {
                fates.nothing(&history.l1[..at], &block.data);
                fates.payload(payload);
            }
        }
        Some(service)
    }

    /// What a service says.
    pub fn input(&self, commitment: &Bytes) -> AltDaInput {
        self.inputs.get(commitment).cloned().map_or(AltDaInput::Missing, AltDaInput::Found)
    }
}

/// Deals with the payloads of one block.
struct Fates<'a> {
    cfg: &'a AltDaConfig,
    service: &'a mut Service,
    dice: Dice,
    at: usize,
    number: u64,
    /// Commitments of this block: each is challenged once at most.
    known: HashSet<Bytes>,
}

impl Fates<'_> {
    /// A payload that arrives.
    fn payload(&mut self, payload: &Bytes) {
        let plain = payload.first() != Some(&1) && self.dice.chance(300);
        // Nobody can answer a challenge with nothing.
        if plain || payload.is_empty() || payload.len() > MAX_INPUT_BYTES {
            self.post(payload.clone());
            return;
        }
        let commitment = commitment(payload);
        self.post_commitment(&commitment);
        let again = !self.known.insert(commitment.clone());
        let challenged = self.in_window(self.at, self.cfg.challenge_window);
        let answered = challenged.and_then(|at| self.in_window(at, self.cfg.resolve_window));
        match (self.dice.range(0, 5), challenged, answered) {
            (_, _, _) if again => {}
            (0..=2, Some(challenged), Some(answered)) => {
                self.challenge(challenged, &commitment, 1);
                self.answer(answered, &commitment, resolve_call(self.number, &commitment, payload));
                if self.dice.chance(500) {
                    return; // only L1 has it now
                }
            }
            (3, Some(challenged), _) => self.beside_the_point(challenged, &commitment),
            // Challenged, but L1 ends before that expires.
            (4, Some(challenged), _) if !self.ends_after(challenged) => {
                self.challenge(challenged, &commitment, 1);
            }
            _ => {}
        }
        self.service.inputs.insert(commitment, payload.clone());
    }

    /// Sometimes, a commitment whose input must not arrive: mostly a payload of an earlier block.
    fn nothing(&mut self, before: &[L1Block], now: &[Bytes]) {
        if !self.dice.chance(300) {
            return;
        }
        let (noise, byte) = (self.dice.bytes(32), self.dice.byte());
        match self.dice.range(0, 9) {
            0 => self.post(b"\x01"[..].into()),
            1 => self.post([&[1, 0], &noise[1..]].concat().into()),
            2 => self.post([&[1, byte | 2], &noise[..]].concat().into()),
            3 => self.post([&[1, 1, 12], &noise[..]].concat().into()),
            4 => {
                let long = Bytes::from(vec![byte; MAX_INPUT_BYTES + 1]);
                self.post_commitment(&commitment(&long));
                self.service.inputs.insert(commitment(&long), long);
            }
            _ => {
                let payloads: Vec<&Bytes> =
                    before.iter().flat_map(|block| &block.data).filter(|data| !now.contains(data)).collect();
                let challenged = self.in_window(self.at, self.cfg.challenge_window);
                let challenged = challenged.filter(|at| self.ends_after(*at));
                let (Some(challenged), false) = (challenged, payloads.is_empty()) else { return };
                let payload = payloads[self.dice.index(payloads.len())].clone();
                let commitment = commitment(&payload);
                if payload.len() <= MAX_INPUT_BYTES && self.known.insert(commitment.clone()) {
                    self.void(challenged, &payload, commitment);
                }
            }
        }
    }

    /// A commitment that is challenged and not answered well, or too late.
    fn void(&mut self, challenged: usize, payload: &Bytes, commitment: Bytes) {
        self.post_commitment(&commitment);
        self.challenge(challenged, &commitment, 1);
        let call = resolve_call(self.number, &commitment, payload);
        let in_time =
            self.in_window(challenged, self.cfg.resolve_window).expect("L1 goes on until it expires");
        match self.dice.range(0, 4) {
            0 => {}
            1 => {
                let late = challenged + count(self.cfg.resolve_window) + 1;
                if late < self.service.blocks.len() {
                    self.answer(late, &commitment, call);
                }
            }
            2 => {
                let cut = self.dice.index(call.len() - 32);
                self.answer(in_time, &commitment, call.slice(..cut));
            }
            3 => self.answer(in_time, &commitment, resolve_call(self.number, &commitment, b"another")),
            _ => self.challenge(in_time, &commitment, 3),
        }
        self.service.inputs.insert(commitment, payload.clone());
    }

    /// Logs that challenge something else.
    fn beside_the_point(&mut self, at: usize, commitment: &Bytes) {
        let log = challenge_log(self.cfg.challenge_contract, self.number, commitment, 1);
        let other = match self.dice.range(0, 3) {
            0 => challenge_log(self.cfg.challenge_contract, self.number + 1_000, commitment, 1),
            1 => challenge_log(
                self.cfg.challenge_contract,
                self.number,
                &crate::alt_da::commitment(b"another"),
                1,
            ),
            2 => Log { address: self.cfg.challenge_contract.create(0), ..log },
            _ => Log::new_unchecked(log.address, vec![StatusChange::TOPIC], log.data.data),
        };
        self.service.blocks[at].logs.push(other);
    }

    fn post(&mut self, payload: Bytes) {
        self.service.blocks[self.at].payloads.push(payload);
    }

    fn post_commitment(&mut self, commitment: &[u8]) {
        self.post([&[1], commitment].concat().into());
    }

    fn challenge(&mut self, at: usize, commitment: &[u8], status: u8) {
        let log = challenge_log(self.cfg.challenge_contract, self.number, commitment, status);
        self.service.blocks[at].logs.push(log);
    }

    fn answer(&mut self, at: usize, commitment: &[u8], call: Bytes) {
        let log = challenge_log(self.cfg.challenge_contract, self.number, commitment, 2);
        self.service.blocks[at].answers.push((transaction(call), log));
    }

    /// A block up to so many after that one, if L1 has it.
    fn in_window(&mut self, at: usize, window: u64) -> Option<usize> {
        let at = at + self.dice.count(0, count(window));
        (at < self.service.blocks.len()).then_some(at)
    }

    /// Whether L1 goes on until a challenge of this block expires.
    fn ends_after(&self, challenged: usize) -> bool {
        challenged + count(self.cfg.resolve_window) < self.service.blocks.len()
    }
}

fn count(window: u64) -> usize {
    usize::try_from(window).expect("a window of the simulator is short")
}

/// Whose it is does not matter, so that nobody need sign it.
fn transaction(input: Bytes) -> Bytes {
    let unsigned = TxEip1559 { to: TxKind::Create, input, ..TxEip1559::default() };
    let signature = Signature::new(U256::ONE, U256::ONE, false);
    TxEnvelope::from(unsigned.into_signed(signature)).encoded_2718().into()
}
