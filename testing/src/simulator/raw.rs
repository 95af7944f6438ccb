//! The history as a chain: the same L1 blocks with headers, transactions, receipts and logs, among which what is ours
//! has to be found (A.2, B.1, B.2, G.2); and the agreed L2 blocks.

use super::{History, beside::Service, carrier::Carried, payload};
use crate::reference::{self, Block, L1Block};
use alloy_consensus::{Header, Receipt};
use alloy_eips::eip4844::Blob;
use alloy_primitives::{Address, B256, Bloom, Bytes, Log, U256, map::B256Map};
use alloy_rlp::Encodable;
use unroll_derive::provider::{
    AltDaInput, BlobProvider, ChainProvider, IndexedBlobHash, L2Block, L2BlockStart, L2ChainProvider,
    Provider,
};
use unroll_protocol::{
    deposit::{DEPOSIT_TOPIC, DepositTx},
    system_config::ConfigUpdate,
    units::L1Ref,
};

/// How many L2 blocks one call may look at before it counts as endless.
const PATIENCE: usize = 10_000;

/// What a provider was asked for and has not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("asked for {0}")]
pub struct Absent(String);

/// See the module.
pub struct RawChain<'h> {
    history: &'h History,
    bundle: Option<&'h [u8]>,
    safe: &'h [Block],
    asked: usize,
    /// By hash of the L1 block.
    carried: B256Map<Carried>,
    /// What travels beside L1, where it may.
    service: Option<Service>,
    /// Whether the bundle was asked for in vain.
    pub lacked_bundle: bool,
}

impl<'h> RawChain<'h> {
    /// The chain; L2 blocks after the agreed one are unknown, as they are to a proof's host.
    pub fn new(history: &'h History, bundle: Option<&'h [u8]>, safe: &'h [Block]) -> Self {
        let service = Service::of(history);
        Self { history, bundle, safe, asked: 0, carried: B256Map::default(), service, lacked_bundle: false }
    }

    /// A new call begins.
    pub const fn patience(&mut self) {
        self.asked = 0;
    }

    fn l1(&self, hash: B256) -> Result<(usize, &'h L1Block), Absent> {
        let mut l1 = self.history.l1.iter().enumerate();
        l1.find(|(_, block)| block.origin.hash == hash).ok_or_else(|| Absent(format!("L1 block {hash}")))
    }

    fn l2(&mut self, head: B256, number: u64) -> Result<&'h Block, Absent> {
        self.asked += 1;
        let known = self.safe.last().is_some_and(|last| last.hash == head) && self.asked < PATIENCE;
        let block = self.safe.iter().find(|block| known && block.number == number);
        block.ok_or_else(|| Absent(format!("L2 block {number} below {head}, {} times", self.asked)))
    }
}

impl Provider for RawChain<'_> {
    type Error = Absent;
}

impl ChainProvider for RawChain<'_> {
    fn block_info_by_number(&mut self, number: u64) -> Result<Option<L1Ref>, Absent> {
        Ok(self.history.l1.iter().map(|block| block.origin).find(|origin| origin.number == number))
    }

    fn header_by_hash(&mut self, hash: B256) -> Result<Header, Absent> {
        let (at, block) = self.l1(hash)?;
        let input = payload::input(block);
        let logs = [self.logs(at), self.answers(at).iter().map(|(_, log)| log.clone()).collect()].concat();
        Ok(Header {
            number: block.origin.number,
            parent_hash: block.origin.parent_hash,
            timestamp: block.origin.time.0,
            mix_hash: input.prev_randao,
            parent_beacon_block_root: input.parent_beacon_block_root,
            base_fee_per_gas: Some(block.fees.base_fee),
            excess_blob_gas: block.fees.excess_blob_gas,
            logs_bloom: bloom(&logs),
            ..Default::default()
        })
    }

    /// The logs are in the receipts of the first transaction, which is nobody's, and of the last.
    fn receipts_by_hash(&mut self, hash: B256) -> Result<Vec<Bytes>, Absent> {
        let (at, _) = self.l1(hash)?;
        let transactions = self.carried(hash)?.transactions.clone();
        let mut first = self.logs(at);
        let mut last = first.split_off(first.len() * usize::from(hash[2]) / 256);
        if transactions.len() == 1 {
            first.append(&mut last);
        }
        let receipt = |(index, transaction): (usize, &Bytes)| {
            let logs = match index {
                0 => first.clone(),
                _ if index + 1 == transactions.len() => last.clone(),
                _ => Vec::new(),
            };
            receipt(transaction, logs, hash[3] < 128)
        };
        let answers =
            self.answers(at).iter().map(|(answer, log)| self::receipt(answer, vec![log.clone()], true));
        Ok(transactions.iter().enumerate().map(receipt).chain(answers).collect())
    }

    fn transactions_by_hash(&mut self, hash: B256) -> Result<Vec<Bytes>, Absent> {
        let (at, _) = self.l1(hash)?;
        let mut transactions = self.carried(hash)?.transactions.clone();
        transactions.extend(self.answers(at).iter().map(|(answer, _)| answer.clone()));
        Ok(transactions)
    }
}

impl RawChain<'_> {
    fn carried(&mut self, hash: B256) -> Result<&Carried, Absent> {
        let (at, block) = self.l1(hash)?;
        let History { cfg, l1, .. } = self.history;
        let payloads = self.service.as_ref().map_or(&block.data, |service| &service.blocks[at].payloads);
        let carry = || Carried::of(cfg, reference::batcher(cfg, l1, at), block.origin, payloads);
        Ok(self.carried.entry(hash).or_insert_with(carry))
    }

    fn answers(&self, at: usize) -> &[(Bytes, Log)] {
        self.service.as_ref().map_or(&[], |service| &service.blocks[at].answers)
    }

    /// Updates, then deposits, then logs that mean nothing although they look as if they did.
    fn logs(&self, at: usize) -> Vec<Log> {
        let (cfg, block) = (&self.history.cfg, &self.history.l1[at]);
        let mut logs: Vec<_> =
            block.updates.iter().map(|update| update_log(cfg.l1_system_config, update)).collect();
        logs.extend(block.deposits.iter().map(|deposit| deposit_log(cfg.deposit_contract, deposit)));
        if block.origin.hash[1] < 64 {
            let mut foreign = update_log(cfg.deposit_contract, &ConfigUpdate::Batcher(Address::ZERO));
            logs.push(foreign.clone());
            foreign.address = cfg.l1_system_config;
            foreign.data.data = foreign.data.data[..95].to_vec().into();
            logs.push(foreign);
        }
        logs.extend(self.service.iter().flat_map(|service| service.blocks[at].logs.iter().cloned()));
        logs
    }
}

/// A receipt of the transaction's type. One without logs may say that the transaction failed, which does not keep its data
/// from counting (B-014); one of a type that nobody knows may be unreadable, and is discarded then (B-005).
fn receipt(transaction: &Bytes, logs: Vec<Log>, sound: bool) -> Bytes {
    let kind = transaction.first().copied().filter(|kind| *kind < 0x80);
    let mut out = Vec::from_iter(kind);
    if kind == Some(5) && !sound {
        return [&out[..], &[0x83, 1, 2, 3]].concat().into();
    }
    let status = (sound || !logs.is_empty()).into();
    Receipt { status, cumulative_gas_used: 1, logs }.with_bloom().encode(&mut out);
    out.into()
}

/// `ConfigUpdate(uint256 version, uint8 type, bytes data)`.
fn update_log(address: Address, update: &ConfigUpdate) -> Log {
    let word = |number: u128| U256::from(number).to_be_bytes::<32>();
    let (kind, payload) = match *update {
        ConfigUpdate::Batcher(batcher) => (0, batcher.into_word().to_vec()),
        ConfigUpdate::Fees { overhead, scalar } => {
            (1, [overhead.to_be_bytes::<32>(), scalar.to_be_bytes::<32>()].concat())
        }
        ConfigUpdate::GasLimit(limit) => (2, word(limit.into()).to_vec()),
        ConfigUpdate::UnsafeBlockSigner(signer) => (3, signer.into_word().to_vec()),
        ConfigUpdate::Eip1559(params) => {
            (4, word(u128::from(params.denominator) << 32 | u128::from(params.elasticity)).to_vec())
        }
        ConfigUpdate::OperatorFee(fee) => {
            (5, word(u128::from(fee.scalar) << 64 | u128::from(fee.constant)).to_vec())
        }
        ConfigUpdate::MinBaseFee(fee) => (6, word(fee.into()).to_vec()),
        ConfigUpdate::DaFootprintGasScalar(scalar) => (7, word(scalar.into()).to_vec()),
    };
    let topics = vec![ConfigUpdate::TOPIC, B256::ZERO, B256::with_last_byte(kind)];
    let data = [&word(32)[..], &word(payload.len() as u128), &payload].concat();
    Log::new_unchecked(address, topics, data.into())
}

/// `TransactionDeposited(address from, address to, uint256 version, bytes opaque)` (G-012 to G-015).
fn deposit_log(address: Address, deposit: &Bytes) -> Log {
    let deposit = DepositTx::decode(deposit).expect("made by the simulator");
    let to = deposit.to.to().copied().unwrap_or_default();
    let mut opaque = deposit.mint.to_be_bytes::<32>().to_vec();
    opaque.extend(deposit.value.to_be_bytes::<32>());
    opaque.extend(deposit.gas.to_be_bytes());
    opaque.push(u8::from(deposit.to.is_create()));
    opaque.extend_from_slice(&deposit.data);
    let length = opaque.len();
    opaque.resize(length.next_multiple_of(32), 0);
    let word = |number: usize| U256::from(number).to_be_bytes::<32>();
    let topics = vec![DEPOSIT_TOPIC, deposit.from.into_word(), to.into_word(), B256::ZERO];
    Log::new_unchecked(address, topics, [&word(32)[..], &word(length), &opaque].concat().into())
}

fn bloom(logs: &[Log]) -> Bloom {
    let mut bloom = Bloom::ZERO;
    logs.iter().for_each(|log| bloom.accrue_log(log));
    bloom
}

impl BlobProvider for RawChain<'_> {
    /// B-018: by hash; the index is the place among all blobs of the block.
    fn blobs(&mut self, block: &L1Ref, hashes: &[IndexedBlobHash]) -> Result<Vec<Box<Blob>>, Absent> {
        let carried = self.carried(block.hash)?;
        let blob = |asked: &IndexedBlobHash| {
            let blob = carried.blobs.find(asked);
            blob.ok_or_else(|| Absent(format!("the blob {asked:?} of {block:?}")))
        };
        hashes.iter().map(blob).collect()
    }

    fn alt_da_input(&mut self, commitment: &Bytes) -> Result<AltDaInput, Absent> {
        Ok(self.service.as_ref().map_or(AltDaInput::Unsupported, |service| service.input(commitment)))
    }
}

impl L2ChainProvider for RawChain<'_> {
    fn block_by_number(&mut self, head: B256, number: u64) -> Result<L2Block, Absent> {
        let (history, bundle) = (self.history, self.bundle);
        let block = self.l2(head, number)?;
        let transactions = payload::transactions(history, block, bundle);
        Ok(L2Block { header: payload::header(&history.cfg, block), transactions })
    }

    fn block_start_by_number(&mut self, head: B256, number: u64) -> Result<L2BlockStart, Absent> {
        let block = self.block_by_number(head, number)?;
        Ok(L2BlockStart { header: block.header, first_transaction: block.transactions.into_iter().next() })
    }

    fn upgrade_bundle(&mut self, sha256: B256) -> Result<Bytes, Absent> {
        self.lacked_bundle = self.bundle.is_none();
        self.bundle.map(Bytes::copy_from_slice).ok_or_else(|| Absent(format!("the bundle {sha256}")))
    }
}
