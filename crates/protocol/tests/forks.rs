//! The fork tables, and when their rows hold (section 0, A-003 to ).
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

use unroll_protocol::{
    forks::{DerivationRules, ExecutionRules, ExtraData, Fork, ForkTimes, L1InfoFormat},
    units::{L1Time, L2Time},
};

/// Fork `i` of [`Fork::ALL`] from `100 * i`.
fn staircase() -> ForkTimes {
    Fork::ALL.into_iter().zip(0..).skip(1).fold(ForkTimes::NONE, |forks, (fork, i)| forks.with(fork, 100 * i))
}

fn derivation(fork: Fork) -> DerivationRules {
    *staircase().derivation(L1Time(staircase().time(fork).unwrap()))
}

/// active from its time on, never if unset, always if 0.
#[test]
fn activation_is_at_or_after() {
    let forks = staircase();
    for (i, fork) in (0..).zip(Fork::ALL).skip(1) {
        let before = Fork::ALL[i - 1];
        let time = u64::try_from(100 * i).unwrap();
        assert_eq!(forks.derivation(L1Time(time)).fork, fork);
        assert_eq!(forks.derivation(L1Time(time - 1)).fork, before);
        assert_eq!(forks.execution(L2Time(time)).fork, fork);
        assert_eq!(forks.execution(L2Time(time - 1)).fork, before);
    }
    assert_eq!(ForkTimes::NONE.execution(L2Time(u64::MAX)).fork, Fork::Bedrock);
    assert_eq!(ForkTimes::NONE.with(Fork::Canyon, 0).execution(L2Time(0)).fork, Fork::Canyon);
}

/// a gap, or a step back, is found; equal times are fine, and the Pectra fix is outside the order.
#[test]
fn disorder() {
    assert_eq!(staircase().with_pectra_blob_schedule(1).disorder(), None);
    assert_eq!(ForkTimes::NONE.disorder(), None);
    let level = Fork::ALL.into_iter().skip(1).fold(ForkTimes::NONE, |forks, fork| forks.with(fork, 5));
    assert_eq!(level.disorder(), None);
    for pair in Fork::ALL.windows(2).skip(1) {
        let back = level.with(pair[1], 4);
        assert_eq!(back.disorder(), Some((pair[0], pair[1])));
    }
    let gap = ForkTimes::NONE.with(Fork::Regolith, 0).with(Fork::Delta, 0);
    assert_eq!(gap.disorder(), Some((Fork::Canyon, Fork::Delta)));
}

/// the first block at or after the time, and only that one.
#[test]
fn activation_block() {
    let forks = ForkTimes::NONE.with(Fork::Regolith, 0).with(Fork::Canyon, 1_003);
    let at = |time| forks.activating(L2Time(time), 2).collect::<Vec<_>>();
    assert_eq!(at(1_002), []);
    assert_eq!(at(1_004), [Fork::Canyon]);
    assert_eq!(at(1_006), []);
    let block = |fork, genesis, block_time| forks.activation_block(fork, L2Time(genesis), block_time);
    assert_eq!(block(Fork::Canyon, 1_000, 2), Some(2));
    assert_eq!(block(Fork::Canyon, 1_001, 2), Some(1));
    assert_eq!(block(Fork::Canyon, 1_003, 2), Some(0));
    assert_eq!(block(Fork::Regolith, 1_003, 2), Some(0));
    assert_eq!(block(Fork::Delta, 1_003, 2), None);
    assert_eq!(block(Fork::Canyon, 1_000, 0), Some(0));
}

/// Section 0, trap 1: which fork changed which rule of derivation.
#[test]
fn trap_1_derivation_rules_by_fork() {
    for fork in Fork::ALL {
        let rules = derivation(fork);
        assert_eq!(rules.fork, fork);
        assert_eq!(rules.scan_all_channels, fork >= Fork::Canyon, "D-014");
        assert_eq!(rules.span_batches, fork >= Fork::Delta, "E-026");
        assert_eq!(rules.blobs, fork >= Fork::Ecotone, "B-016");
        assert_eq!(rules.versioned_scalar, fork >= Fork::Ecotone, "A-027");
        assert_eq!(rules.brotli, fork >= Fork::Fjord, "E-002");
        let fjord = fork >= Fork::Fjord;
        assert_eq!(rules.max_rlp_bytes_per_channel, if fjord { 100_000_000 } else { 10_000_000 }, "E-010");
        assert_eq!(rules.max_channel_bank_bytes, if fjord { 1_000_000_000 } else { 100_000_000 }, "D-010");
        assert_eq!(rules.strict_ordering, fork >= Fork::Holocene, "D-020");
    }
}

/// 1,800 seconds of drift from Fjord, whatever is configured.
#[test]
fn sequencer_drift_by_fork() {
    for fork in Fork::ALL {
        assert_eq!(derivation(fork).max_sequencer_drift, (fork >= Fork::Fjord).then_some(1_800));
    }
}

/// 50 L1 blocks for a channel from Granite, whatever is configured.
#[test]
fn channel_timeout_by_fork() {
    for fork in Fork::ALL {
        assert_eq!(derivation(fork).channel_timeout, (fork >= Fork::Granite).then_some(50));
    }
}

/// Section 0: which fork changed which rule of execution.
#[test]
fn execution_rules_by_fork() {
    for fork in Fork::ALL {
        let rules = ExecutionRules::of(fork);
        assert_eq!(rules.fork, fork);
        assert_eq!(rules.metered_deposits, fork >= Fork::Regolith, "G-025");
        for canyon in [rules.withdrawals, rules.deposit_nonce_in_receipt, rules.canyon_base_fee] {
            assert_eq!(canyon, fork >= Fork::Canyon, "G-042, I-010, I-061");
        }
        assert_eq!(rules.beacon_root, fork >= Fork::Ecotone, "I-042");
        assert_eq!(rules.set_code_transactions, fork >= Fork::Isthmus, "F-024");
        assert_eq!(rules.post_execution_transactions, fork >= Fork::Lagoon, "E-056");
        assert_eq!(rules.withdrawals_root_in_header, fork >= Fork::Isthmus, "I-041");
        assert_eq!(rules.da_footprint, fork >= Fork::Jovian, "I-070");
        assert_eq!(rules.empty_activation_block, fork >= Fork::Jovian, "F-020");
        let l1_info = match fork {
            Fork::Jovian | Fork::Karst | Fork::Lagoon => L1InfoFormat::Jovian,
            Fork::Isthmus => L1InfoFormat::Isthmus,
            fork if fork >= Fork::Ecotone => L1InfoFormat::Ecotone,
            _ => L1InfoFormat::Bedrock,
        };
        assert_eq!(rules.l1_info, l1_info, "G-026 to G-029");
        let extra_data = match fork {
            Fork::Holocene | Fork::Isthmus => ExtraData::Eip1559,
            fork if fork >= Fork::Jovian => ExtraData::Eip1559AndMinBaseFee,
            _ => ExtraData::Empty,
        };
        assert_eq!(rules.extra_data, extra_data, "I-045");
    }
}
