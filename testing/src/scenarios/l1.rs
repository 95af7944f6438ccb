//! What happens on L1.

use super::{Story, chain};
use crate::devnet::{
    Devnet,
    config::{BlobFork, DaKind, ForkConfig},
    witness::run,
};
use alloy_eips::eip4844::fake_exponential;
use alloy_primitives::{B256, U256};
use unroll_proof::{BootInfo, PreimageKey, claim::Outcome};
use unroll_protocol::{
    deposit::DepositTx, forks::Fork, l1_info::L1Info, l1_transaction::blob_count, units::L2Time,
};

/// L1 gives up blocks that held batches and deposits; other ones take their place, and the rollup follows.
pub(super) fn reorg(fork: Fork) -> Story {
    let mut devnet = chain(ForkConfig::until(fork), |config| {
        config.traffic.deposits = 1_000;
        config.batcher.da = super::da(fork);
    });
    devnet.advance_to(14);
    devnet.sync();
    let before: Vec<B256> = devnet.l2.iter().map(|block| block.header.hash()).collect();
    let lost = devnet.range(0, 14);
    assert!(lost.verdict.outcome.is_valid(), "true as long as L1 had those blocks");
    devnet.reorg(1);
    devnet.advance_to(20);
    devnet.sync();
    assert!(devnet.safe() >= 20);
    assert_ne!(devnet.l2[14].header.hash(), before[14]);
    // The old root, which was right once, is wrong from the new L1 head.
    let boot = BootInfo { l1_head: devnet.l1.head().header.hash(), ..lost.boot };
    let said = run(&lost.config, &boot, &devnet.store).expect("the store lacks nothing").verdict;
    assert_eq!((said.number, said.outcome), (14, Outcome::Wrong));
    Story::whole(devnet)
}

/// What L1 costs, by the schedule that is in force at each L1 origin (G-032).
pub(super) fn blob_parameter_forks(fork: Fork) -> Story {
    let mut devnet = chain(ForkConfig::until(fork), |config| {
        config.batcher.da = DaKind::Blobs;
        config.batcher.frame_bytes = 1_200;
        config.batcher.blobs_per_transaction = 2;
        config.l1.excess_blob_gas = 100_000_000;
        config.l1.blob_forks = [
            ("prague", 12, 6, 9, 5_007_716),
            ("osaka", 24, 6, 9, 5_007_716),
            ("bpo1", 36, 10, 15, 8_346_193),
            ("bpo2", 48, 14, 21, 11_684_671),
            ("bpo3", 60, 2, 4, 2_000_003),
        ]
        .map(|(name, after, target, max, update_fraction)| BlobFork {
            name: name.into(),
            after,
            target,
            max,
            update_fraction,
        })
        .into();
    });
    devnet.advance_to(42);
    devnet.sync();
    let fractions = [3_338_477, 5_007_716, 5_007_716, 8_346_193, 11_684_671, 2_000_003];
    check_blob_fees(&devnet, |origin| fractions[usize::try_from(origin).expect("small").min(5)]);
    // A channel in several blobs, of which a transaction has two at most.
    let blocks = devnet.l1.blocks();
    let most = blocks.iter().map(|block| block.sidecars.len()).max();
    let per_transaction =
        blocks.iter().flat_map(|block| &block.transactions).map(|raw| blob_count(raw)).max();
    assert!(
        matches!((most, per_transaction), (Some(3..=4), Some(2))),
        "{most:?}: several, and no more than L1 admits"
    );
    Story::whole(devnet)
}

/// A rollup that took Prague's blobs for Cancun's, until it did not (G-033): from an L1 block on, from between two, or it never did.
pub(super) fn pectra_blob_schedule(fork: Fork) -> Story {
    let fix = match fork {
        Fork::Ecotone | Fork::Granite | Fork::Isthmus | Fork::Karst => Some(18),
        Fork::Fjord => None,
        _ => Some(24),
    };
    let mut devnet = chain(ForkConfig::until(fork), |config| {
        config.l1.excess_blob_gas = 50_000_000;
        config.l2.pectra_blob_schedule = fix;
        let (name, target, max, update_fraction) = ("prague".into(), 6, 9, 5_007_716);
        config.l1.blob_forks = vec![BlobFork { name, after: 0, target, max, update_fraction }];
    });
    devnet.advance_to(24);
    devnet.sync();
    check_blob_fees(&devnet, |origin| if origin < 2 && fix.is_some() { 3_338_477 } else { 5_007_716 });
    Story::whole(devnet)
}

/// Each block repeats the blob base fee of its L1 origin, by the update fraction of that origin.
fn check_blob_fees(devnet: &Devnet, fraction: impl Fn(u64) -> u128) {
    let cfg = devnet.rollup();
    let mut seen = std::collections::BTreeSet::new();
    for block in &devnet.l2[1..] {
        let deposit = DepositTx::decode(&block.transactions[0]).expect("the L1 info is a deposit");
        let format = cfg.l1_info_format(L2Time(block.header.timestamp));
        let info = L1Info::decode(&deposit.data, format).expect("our own L1 info");
        let origin = devnet.l1.block(block.l1_origin.number).expect("its origin is on L1");
        let excess = origin.header.excess_blob_gas.expect("L1 is at Cancun");
        let expected = fake_exponential(1, excess.into(), fraction(origin.header.number));
        assert_eq!(info.blob_base_fee, U256::from(expected), "block {}", block.header.number);
        seen.insert(expected);
    }
    assert!(seen.len() > 1 && !seen.contains(&1), "the fees move: {seen:?}");
}

/// The trace of a game goes on beyond the safe head: from one block before it, the claim about a block after it is the safe
/// head's root (J-021). Some slots of L1 have no block.
pub(super) fn trace_extension(fork: Fork) -> Story {
    let mut devnet = chain(ForkConfig::until(fork), |config| config.l1.missed_slots = 400);
    devnet.advance_to(40);
    devnet.sync();
    let times = devnet.l1.blocks().windows(2).map(|pair| pair[1].header.timestamp - pair[0].header.timestamp);
    assert!(times.max() > Some(devnet.config.l1.block_time), "L1 missed a slot");
    let safe = devnet.safe();
    Story::new(devnet, safe - 1, safe + 1, Outcome::RightAtEnd)
}

/// The claim is about the agreed block itself: nothing is derived, and the claim must be the agreed root (J-023, J-024).
pub(super) fn agreed_block(fork: Fork) -> Story {
    let mut devnet = super::at(fork);
    devnet.advance_to(10);
    devnet.sync();
    let safe = devnet.safe();
    let story = Story::new(devnet, safe, safe, Outcome::Right);
    let head = PreimageKey::keccak256(story.witness.boot.l1_head);
    assert!(!story.witness.preimages.contains_key(&head), "L1 is not looked at");
    story
}
