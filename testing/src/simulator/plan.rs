//! The world of a history before anybody posts a batch: the rollup's config, and L1 blocks without data.

use super::{carrier::wallets, dice::Dice};
use crate::reference::{Block, L1Block};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use std::num::NonZeroU64;
use unroll_protocol::{
    blob_schedule::{BPO1_UPDATE_FRACTION, BPO2_UPDATE_FRACTION, BlobSchedule, PRAGUE_UPDATE_FRACTION},
    config::{AltDaConfig, DaCommitment, Genesis, RollupConfig},
    deposit::{DepositTx, SourceHash},
    forks::{Fork, ForkTimes},
    l1_info::L1Fees,
    system_config::{ConfigUpdate, Eip1559Params, FeeScalars, OperatorFee, SystemConfig},
    units::{BlockId, L1Ref, L1Time, L2Time},
};

/// The time of the L1 genesis block.
const START: u64 = 1_700_000_000;

/// The config and the L1 chain.
pub fn world(dice: &mut Dice, mild: bool) -> (RollupConfig, Vec<L1Block>) {
    let length = dice.range(20, 80);
    let times = l1_times(dice, length);
    let first_number = dice.pick(&[0, 1, 5_000_000]);
    let origins = l1_chain(dice, first_number, &times);
    let mut cfg = config(dice, &origins, mild);
    let (from, to) = (times[0], times[times.len() - 1]);
    cfg.l1_blob_schedule = blob_schedule(dice, from, to);
    if dice.chance(300) {
        cfg.forks = cfg.forks.with_pectra_blob_schedule(dice.range(from, to));
    }
    let gas = BlobGas::new(dice, from, to);
    let l1 = origins.iter().map(|origin| l1_block(dice, &cfg, origin, &gas)).collect();
    (cfg, l1)
}

/// L1 blocks come every 12 seconds, mostly.
fn l1_times(dice: &mut Dice, length: u64) -> Vec<u64> {
    let missed_slots = dice.pick(&[0, 20, 200]);
    let pauses = dice.pick(&[0, 0, 0, 0, 15]);
    let mut time = START;
    let mut times = vec![time];
    for _ in 1..length {
        time += 12;
        while dice.chance(missed_slots) {
            time += 12;
        }
        if dice.chance(pauses) {
            time += 12 * dice.range(20, 200); // so that even Fjord's drift runs out
        }
        times.push(time);
    }
    times
}

fn l1_chain(dice: &mut Dice, first_number: u64, times: &[u64]) -> Vec<L1Ref> {
    let mut parent_hash = dice.hash();
    let mut blocks = Vec::new();
    for (number, &time) in (first_number..).zip(times) {
        let hash = keccak256([parent_hash.0, U256::from(number).to_be_bytes()].concat());
        blocks.push(L1Ref { number, hash, parent_hash, time: L1Time(time) });
        parent_hash = hash;
    }
    blocks
}

fn config(dice: &mut Dice, l1: &[L1Ref], mild: bool) -> RollupConfig {
    let first = dice.index(3); // the rollup may be younger than the first L1 block that we know
    let block_time = if mild { dice.pick(&[2, 3, 4, 6, 12]) } else { dice.pick(&[1, 2, 4, 6, 12, 20, 60]) };
    let l2_time = l1[first].time.0 + dice.pick(&[0, 0, 1, block_time, 13]);
    RollupConfig {
        genesis: Genesis {
            l1: l1[first].id(),
            l2: BlockId { number: dice.pick(&[0, 7, 105_235_063]), hash: dice.hash() },
            l2_time: L2Time(l2_time),
            system_config: SystemConfig {
                batcher: wallets::batcher(0xba).address,
                overhead: U256::from(188),
                scalar: U256::from(684_000),
                gas_limit: 30_000_000,
                ..Default::default()
            },
        },
        block_time,
        max_sequencer_drift: if mild { dice.pick(&[60, 600]) } else { dice.pick(&[1, 10, 24, 60]) },
        seq_window_size: if mild { dice.range(8, 20) } else { dice.pick(&[2, 3, 4, 6, 10, 40]) },
        channel_timeout: if mild { dice.range(6, 20) } else { dice.pick(&[1, 2, 3, 5, 8, 60]) },
        forks: forks(dice, l2_time, l1[l1.len() - 1].time.0),
        keep_karst_upgrade_gas: dice.chance(500),
        alt_da: (l1[0].hash[5] < 64).then(|| alt_da((l1[0].hash[6] % 8, l1[0].hash[7] % 8))),
        ..frame_of_all()
    }
}

/// Batches may lie beside L1; both windows are given.
pub fn alt_da((challenge_window, resolve_window): (impl Into<u64>, impl Into<u64>)) -> AltDaConfig {
    AltDaConfig {
        challenge_contract: Address::with_last_byte(0xda),
        commitment: DaCommitment::Keccak,
        challenge_window: challenge_window.into(),
        resolve_window: resolve_window.into(),
    }
}

/// What is the same in all histories.
pub fn frame_of_all() -> RollupConfig {
    RollupConfig {
        l1_chain_id: 900,
        l2_chain_id: 901,
        batch_inbox: Address::with_last_byte(0xff),
        deposit_contract: Address::with_last_byte(0xdc),
        l1_system_config: Address::with_last_byte(0x5c),
        ..Default::default()
    }
}

/// Some forks from genesis, some within the simulated time, the others never. Several may share a moment.
fn forks(dice: &mut Dice, from: u64, to: u64) -> ForkTimes {
    let all = &Fork::ALL[1..11]; // Regolith to Karst
    let at_genesis = dice.index(all.len() + 1);
    let scheduled = dice.index(all.len() - at_genesis + 1);
    let mut times: Vec<u64> = (0..scheduled).map(|_| dice.range(from, to)).collect();
    times.sort_unstable();
    for at in 1..times.len() {
        if dice.chance(200) {
            times[at] = times[at - 1];
        }
    }
    let times = std::iter::repeat_n(0, at_genesis).chain(times);
    all.iter().zip(times).fold(ForkTimes::NONE, |forks, (&fork, time)| forks.with(fork, time))
}

/// The L1 forks that change the price of blobs (G-032); the rollup may not know of any.
fn blob_schedule(dice: &mut Dice, from: u64, to: u64) -> BlobSchedule {
    let known = [PRAGUE_UPDATE_FRACTION, BPO1_UPDATE_FRACTION, BPO2_UPDATE_FRACTION];
    let mut times: Vec<_> = (0..dice.index(4)).map(|_| dice.range(from, to)).collect();
    times.sort_unstable();
    if dice.chance(300) {
        times.iter_mut().take(1).for_each(|time| *time = 0);
    }
    let mut step = |(time, fraction)| {
        let own = NonZeroU64::new(dice.range(1, 20_000_000)).filter(|_| dice.chance(200));
        (L1Time(time), own.unwrap_or(fraction))
    };
    BlobSchedule { steps: times.into_iter().zip(known).map(&mut step).collect::<Vec<_>>().into() }
}

/// How full the blobs of L1 are.
struct BlobGas {
    /// Before this time there are none.
    from: u64,
    /// The most that they are in excess, in gas.
    most: u64,
}

impl BlobGas {
    fn new(dice: &mut Dice, from: u64, to: u64) -> Self {
        let from = match dice.range(0, 3) {
            0 => dice.range(from, to),
            1 if dice.chance(200) => u64::MAX,
            _ => 0,
        };
        Self { from, most: dice.pick(&[0, 0, 1_000_000, 30_000_000, 30_000_000, 400_000_000]) }
    }

    fn excess(&self, dice: &mut Dice, time: u64) -> Option<u64> {
        let excess = if dice.chance(1) { u64::MAX } else { dice.range(0, self.most) };
        (time >= self.from).then_some(excess)
    }
}

fn l1_block(dice: &mut Dice, cfg: &RollupConfig, origin: &L1Ref, gas: &BlobGas) -> L1Block {
    let updates = if dice.chance(200) { dice.range(1, 3) } else { 0 };
    let deposits = if dice.chance(150) { dice.range(1, 3) } else { 0 };
    L1Block {
        origin: *origin,
        fees: L1Fees {
            base_fee: dice.range(7, 1_000_000_000),
            excess_blob_gas: gas.excess(dice, origin.time.0),
        },
        updates: (0..updates).map(|_| update(dice, cfg, origin)).collect(),
        deposits: (updates..updates + deposits).map(|log| deposit(dice, origin, log)).collect(),
        data: Vec::new(),
    }
}

/// What a valid log would decode to, at any time.
fn update(dice: &mut Dice, cfg: &RollupConfig, origin: &L1Ref) -> ConfigUpdate {
    let ecotone = crate::reference::active(cfg, Fork::Ecotone, origin.time.0);
    let (a, b) = (u32::from(dice.byte()), u32::from(dice.byte()));
    match dice.range(0, 7) {
        0 => ConfigUpdate::Batcher(wallets::batcher(dice.byte()).address),
        1 if ecotone => ConfigUpdate::Fees {
            overhead: U256::ZERO,
            scalar: if dice.chance(500) {
                FeeScalars { base_fee: a, blob_base_fee: b }.encode()
            } else {
                U256::from(a)
            },
        },
        1 => ConfigUpdate::Fees { overhead: U256::from(a), scalar: legacy_scalar(dice) },
        2 => ConfigUpdate::GasLimit(dice.range(10_000_000, 60_000_000)),
        3 => ConfigUpdate::UnsafeBlockSigner(Address::with_last_byte(dice.byte())),
        4 if dice.chance(300) => ConfigUpdate::Eip1559(Eip1559Params::default()),
        4 => ConfigUpdate::Eip1559(Eip1559Params { denominator: a + 1, elasticity: b + 1 }),
        5 => ConfigUpdate::OperatorFee(OperatorFee { scalar: a, constant: u64::from(b) }),
        6 => ConfigUpdate::MinBaseFee(u64::from(a)),
        _ => ConfigUpdate::DaFootprintGasScalar(u16::from(dice.byte() / 2)),
    }
}

/// Mostly small; sometimes with bytes where Ecotone wants padding, rarely with a version that nobody knows.
fn legacy_scalar(dice: &mut Dice) -> U256 {
    match dice.range(0, 19) {
        0 => U256::from(dice.number()),
        1 => U256::from(1) << 248,
        2 => U256::from(5) << 248,
        _ => U256::from(dice.range(1, 1_000_000)),
    }
}

/// What the log with this index announces; logs of updates come first.
fn deposit(dice: &mut Dice, origin: &L1Ref, log_index: u64) -> Bytes {
    DepositTx {
        source_hash: SourceHash::User { l1_block_hash: origin.hash, log_index }.hash(),
        from: Address::with_last_byte(dice.byte()),
        to: TxKind::Call(Address::with_last_byte(dice.byte())),
        mint: U256::from(dice.byte()),
        value: U256::ZERO,
        gas: 100_000,
        is_system: false,
        data: Bytes::new(),
    }
    .encode()
}

/// Stands for execution: whether a block's transactions can all be included. Most can; some never; some only on one of
/// two parents, as a nonce does.
pub fn accepts(block: &Block) -> bool {
    block.transactions.iter().all(|transaction| is_valid(transaction, block.parent_hash))
}

/// See [`accepts`].
pub fn is_valid(transaction: &Bytes, parent_hash: B256) -> bool {
    match keccak256(transaction)[0] {
        0..8 => false,
        8..16 => parent_hash[31] & 1 == 0,
        _ => true,
    }
}
