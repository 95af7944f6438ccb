//! F.1, F.2, F.6 and the single-batch part of F.5.

use crate::sim::*;
use unroll_derive::{
    DeriveError, Event, Pipeline, ResetCause,
    event::{Fate, Unknown},
};
use unroll_protocol::{forks::Fork, units::L2Time};

fn drops_before_and_from_holocene(batch: unroll_protocol::batch::SingularBatch, rule: &str) {
    for fork in [Fork::Granite, Fork::Holocene] {
        let mut sim = Sim::fork(fork);
        sim.put_singular(1, std::slice::from_ref(&batch));
        assert_eq!(slots(&sim.run(3)), [], "{fork}");
        assert_eq!(sim.dropped(), [rule], "{fork}");
        assert_eq!(sim.count("F-090"), usize::from(fork == Fork::Holocene), "{fork}");
    }
}

/// F-026, F-015, F-016, F-088: a plain run of batches, which stays in its epoch and moves on.
#[test]
fn accepts_batches_of_the_epoch_and_the_next() {
    for fork in [Fork::Bedrock, Fork::Holocene] {
        let mut sim = Sim::fork(fork);
        sim.put_singular(2, &[singular(1, 0, &[tx("a")]), singular(2, 0, &[]), singular(3, 0, &[])]);
        sim.put_singular(3, &[singular(4, 0, &[]), singular(5, 0, &[]), singular(6, 1, &[tx("b")])]);
        let derived = sim.run(3);
        assert_eq!(slots(&derived), [(1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 1)], "{fork}");
        assert_eq!(filled(&derived), [1, 6]);
        assert_eq!(derived.iter().map(|block| block.sequence_number).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 0]);
    }
}

/// F-005: in order of inclusion, the first acceptable batch of a slot wins.
#[test]
fn first_included_wins() {
    for fork in [Fork::Granite, Fork::Holocene] {
        let mut sim = Sim::fork(fork);
        sim.put_singular(1, &[singular(1, 0, &[tx("first")])]);
        sim.put_singular(2, &[singular(1, 0, &[tx("second")])]);
        assert_eq!(sim.run(3)[0].transactions, [tx("first")], "{fork}");
    }
}

/// F-002: what comes out of channels before the safe head's origin is read, and thrown away.
#[test]
fn drains_before_the_origin() {
    let mut sim = Sim::with(config(at(Fork::Granite)), 24, 4, 2);
    sim.put_singular(3, &[singular(25, 4, &[tx("early")])]);
    sim.put_singular(5, &[singular(25, 4, &[tx("late")])]);
    assert_eq!(sim.run(5)[0].transactions, [tx("late")]);
    assert_eq!(sim.fates(), [Fate::Drained, Fate::Accepted]);
}

/// F-003: from Holocene, the safe head's own origin is drained as well; before, it may hold the next batch.
#[test]
fn drains_the_origin_itself_from_holocene() {
    for (fork, expected) in [(Fork::Granite, vec![(25, 4)]), (Fork::Holocene, vec![])] {
        let mut sim = Sim::with(config(at(fork)), 24, 4, 2);
        sim.put_singular(4, &[singular(25, 4, &[])]);
        assert_eq!(slots(&sim.run(5)), expected, "{fork}");
    }
}

/// F-001, F-004: the known L1 blocks must go on from the safe head's origin.
#[test]
fn resets_on_foreign_window() {
    for fork in [Fork::Granite, Fork::Holocene] {
        let mut sim = Sim::with(config(at(fork)), 24, 4, 2);
        sim.tip.block.l1_origin.hash = fake();
        sim.pipeline = Pipeline::new(sim.cfg, &sim.tip, l1(2));
        let front = Some(l1(4).id());
        let origin = sim.tip.block.l1_origin;
        assert_eq!(sim.try_run(6), Err(DeriveError::Reset(ResetCause::Window { front, origin })), "{fork}");
    }
}

fn fake() -> alloy_primitives::B256 {
    alloy_primitives::B256::repeat_byte(0xfa)
}

/// F-010: a batch of a later slot waits before Holocene; from Holocene it is dropped, and its channel flushed.
#[test]
fn future_batches_wait_or_drop() {
    let batches = [singular(2, 0, &[tx("2")]), singular(1, 0, &[tx("1")])];
    let mut sim = Sim::fork(Fork::Granite);
    sim.put_singular(1, &batches);
    assert_eq!(filled(&sim.run(1)), [1, 2]);
    assert_eq!(sim.fates(), [Fate::Future, Fate::Accepted, Fate::Accepted]);

    let mut sim = Sim::fork(Fork::Holocene);
    sim.put_singular(1, &batches);
    assert_eq!(filled(&sim.run(1)), [0u64; 0]);
    assert_eq!(sim.dropped(), ["F-010"]);
    assert_eq!(sim.fates().len(), 1, "the rest of the channel is gone: F-081");
}

/// F-011, F-082: a batch of an earlier slot is dropped before Holocene; from Holocene it is skipped, and its channel goes on.
#[test]
fn past_batches_drop_or_pass() {
    for (fork, rule) in [(Fork::Granite, vec!["F-011"]), (Fork::Holocene, vec![])] {
        let mut sim = Sim::fork(fork);
        sim.put_singular(1, &[singular(1, 0, &[tx("1")])]);
        sim.put_singular(2, &[singular(1, 0, &[tx("again")]), singular(2, 0, &[tx("2")])]);
        assert_eq!(filled(&sim.run(2)), [1, 2], "{fork}");
        assert_eq!(sim.dropped(), rule, "{fork}");
        assert_eq!(sim.count("F-090"), 0);
    }
}

/// F-012: another parent.
#[test]
fn parent_must_be_the_safe_head() {
    let batch = singular(1, 0, &[]);
    drops_before_and_from_holocene(
        unroll_protocol::batch::SingularBatch { parent_hash: fake(), ..batch },
        "F-012",
    );
}

/// F-013: inclusion exactly at the end of the window is in time, one block later is not.
#[test]
fn too_late_for_the_window() {
    for fork in [Fork::Granite, Fork::Holocene] {
        let mut sim = Sim::fork(fork);
        sim.put_singular(WINDOW, &[singular(1, 0, &[tx("in time")])]);
        assert_eq!(filled(&sim.run(WINDOW)), [1], "{fork}");

        // Block 1 is empty by then; a batch for block 2 with epoch 0 is too late one L1 block after the window.
        let mut sim = Sim::fork(fork);
        sim.put_singular(WINDOW + 1, &[singular(6, 0, &[tx("late")])]);
        sim.run(WINDOW + 1);
        assert_eq!(sim.dropped(), ["F-013"], "{fork}");
    }
}

/// F-014: an epoch before the window's first, which is the one after the safe head's once the latter is full (F-087).
#[test]
fn epoch_too_old() {
    for fork in [Fork::Granite, Fork::Holocene] {
        let mut cfg = config(at(fork));
        cfg.seq_window_size = 3;
        let mut sim = Sim::with(cfg, 12, 2, 0);
        let batch =
            unroll_protocol::batch::SingularBatch { epoch: l1(1).id(), ..singular(13, 2, &[tx("old")]) };
        sim.put_singular(3, &[batch]);
        sim.run(3);
        assert_eq!(sim.dropped(), ["F-014"], "{fork}");
    }
}

/// F-017: an epoch further away than the next.
#[test]
fn epoch_too_new() {
    let mut sim = Sim::fork(Fork::Holocene);
    sim.put_singular(4, &[singular(1, 2, &[])]);
    sim.run(4);
    assert_eq!(sim.dropped(), ["F-017"]);
    let mut sim = Sim::fork(Fork::Granite);
    sim.put_singular(1, &[singular(1, 2, &[])]);
    sim.run(1);
    assert_eq!(sim.dropped(), ["F-017"], "also while that L1 block is unknown");
}

/// F-018: the epoch's hash is another.
#[test]
fn epoch_hash() {
    let mut batch = singular(1, 0, &[]);
    batch.epoch.hash = fake();
    drops_before_and_from_holocene(batch, "F-018");
}

/// F-019: before its origin in time.
#[test]
fn not_before_the_origin() {
    for fork in [Fork::Granite, Fork::Holocene] {
        let mut sim = Sim::fork(fork);
        sim.put_singular(2, &[singular(1, 1, &[])]);
        sim.run(3);
        assert_eq!(sim.dropped(), ["F-019"], "{fork}");
    }
}

/// F-016, F-089: a batch whose epoch is not known yet waits before Holocene, and holds up everything behind it.
#[test]
fn undecided_batches_wait() {
    let mut sim = Sim::with(config(at(Fork::Granite)), 5, 0, 0);
    sim.put_singular(0, &[singular(6, 1, &[tx("waits")])]);
    assert_eq!(filled(&sim.run(0)), [0u64; 0]);
    assert_eq!(sim.fates(), [Fate::Undecided(Unknown::Epoch)]);
    assert_eq!(filled(&sim.run(1)), [6]);
}

/// F-020: the activation block of Jovian, and of what comes later, has no transactions; that of Isthmus may.
#[test]
fn activation_blocks_are_empty() {
    for (fork, expected) in
        [(Fork::Isthmus, vec![]), (Fork::Jovian, vec!["F-020"]), (Fork::Karst, vec!["F-020"])]
    {
        let before = Fork::ALL[fork as usize - 1];
        let mut sim = Sim::new(at(before).with(fork, 1003));
        sim.bundle = std::fs::read(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../shared/protocol/karst_nut_bundle.json"
        ))
        .unwrap_or_default()
        .into();
        sim.put_singular(1, &[singular(1, 0, &[tx("1")]), singular(2, 0, &[tx("2")])]);
        sim.run(1);
        assert_eq!(sim.dropped(), expected, "{fork}");
        assert_eq!(filled_attributes(&sim), if expected.is_empty() { 2 } else { 1 }, "{fork}");
    }
}

fn filled_attributes(sim: &Sim) -> usize {
    let batched = |tx: &alloy_primitives::Bytes| tx[0] != 0x7e;
    sim.attributes.iter().filter(|a| a.transactions.as_ref().unwrap().iter().any(batched)).count()
}

/// A rollup in which L2 time has run ahead of epoch 0: the tip is at `j`, and L1 stands still after block 1.
fn drifted(fork: Fork, j: u64, gap: u64) -> Sim {
    let mut sim = Sim::with(config(at(fork)), j, 0, 0);
    for k in 1..=3 {
        sim.block(k).origin.time.0 += gap;
    }
    sim
}

/// F-021, A-010: past the drift, only empty batches; the drift is the config's before Fjord and 1800 from Fjord, by the
/// time of the batch's own origin.
#[test]
fn drift_forbids_transactions() {
    let last = DRIFT / 2;
    for (fork, j, expected) in [
        (Fork::Ecotone, last, vec![]),
        (Fork::Ecotone, last + 1, vec!["F-021"]),
        (Fork::Fjord, last + 1, vec![]),
        (Fork::Fjord, 900, vec![]),
        (Fork::Fjord, 901, vec!["F-021"]),
        (Fork::Holocene, 901, vec!["F-021"]),
    ] {
        let mut sim = drifted(fork, j - 1, 10_000);
        sim.put_singular(2, &[singular(j, 0, &[tx("t")])]);
        sim.run(2);
        assert_eq!(sim.dropped(), expected, "{fork} {j}");
    }
}

/// F-022: past the drift, an empty batch may keep its epoch only while the next one could not be adopted.
#[test]
fn drift_forces_the_next_epoch() {
    let j = DRIFT / 2 + 1;
    {
        // The next origin comes after the block: fine.
        let mut sim = drifted(Fork::Ecotone, j - 1, 1000);
        sim.put_singular(2, &[singular(j, 0, &[])]);
        assert_eq!(slots(&sim.run(2)), [(j, 0)]);
        // The next origin could be adopted: dropped, but for a batch that does adopt it.
        let mut sim = drifted(Fork::Ecotone, j - 1, 0);
        sim.put_singular(2, &[singular(j, 0, &[]), singular(j, 1, &[])]);
        assert_eq!(slots(&sim.run(2)), [(j, 1)]);
        assert_eq!(sim.dropped(), ["F-022"]);
        // The next origin is unknown: undecided.
        let mut sim = drifted(Fork::Ecotone, j - 1, 1000);
        sim.put_singular(0, &[singular(j, 0, &[])]);
        assert_eq!(slots(&sim.run(0)), []);
        assert_eq!(sim.fates(), [Fate::Undecided(Unknown::NextEpoch)]);
        assert_eq!(slots(&sim.run(1)), [(j, 0)]);
    }
}

/// F-023: no empty transactions and no deposits.
#[test]
fn bad_transactions() {
    drops_before_and_from_holocene(singular(1, 0, &[tx("fine"), Default::default()]), "F-023");
    drops_before_and_from_holocene(singular(1, 0, &[tx("fine"), vec![0x7e, 1].into()]), "F-023");
}

/// F-024, F-025: set-code transactions from Isthmus, by the batch's own time; other unknown types are left to execution.
#[test]
fn set_code_transactions() {
    let set_code = alloy_primitives::Bytes::from(vec![4, 1]);
    for (j, expected) in [(1, vec!["F-024"]), (2, vec![])] {
        let mut sim = Sim::new(at(Fork::Holocene).with(Fork::Isthmus, 1004));
        sim.put_singular(1, &[singular(1, 0, if j == 1 { std::slice::from_ref(&set_code) } else { &[] })]);
        sim.put_singular(2, &[singular(2, 0, std::slice::from_ref(&set_code))]);
        sim.run(2);
        assert_eq!(sim.dropped().iter().filter(|&&rule| rule == "F-024").count(), expected.len(), "{j}");
    }
    let mut sim = Sim::fork(Fork::Isthmus);
    sim.put_singular(1, &[singular(1, 0, &[vec![3, 1].into(), vec![5, 1].into()])]);
    assert_eq!(filled(&sim.run(1)), [1]);
}

/// E-056: post-execution transactions from Lagoon, by the batch's own time, in batches of both kinds. Where Lagoon is not scheduled,
/// they are as unknown as any (F-025).
#[test]
fn post_execution_transactions() {
    let tx = alloy_primitives::Bytes::from(vec![0x7d, 0xc1, 1]);
    let txs = std::slice::from_ref(&tx);
    for (forks, dropped) in [
        (at(Fork::Karst).with(Fork::Lagoon, 1_004), true),
        (at(Fork::Lagoon), false),
        (at(Fork::Karst), false),
    ] {
        let mut sim = Sim::new(forks);
        sim.put_singular(1, &[singular(1, 0, txs)]);
        assert_eq!(filled(&sim.run(1)).is_empty(), dropped);
        assert_eq!(sim.dropped(), if dropped { vec!["E-056"] } else { vec![] });
    }
    let mut in_span = span(1, &[0]);
    in_span.blocks[0].transactions = txs.iter().collect();
    let mut sim = Sim::fork(Fork::Lagoon);
    sim.put_batches(1, 1, vec![in_span.into()]);
    assert_eq!(filled(&sim.run(1)), [1]);
}

/// F-085: an empty batch needs the window to be over: with all data of its last block read, or one block later.
#[test]
fn empty_batches_wait_for_the_window() {
    for fork in [Fork::Granite, Fork::Holocene] {
        let mut sim = Sim::fork(fork);
        assert_eq!(slots(&sim.run(WINDOW - 1)), [], "{fork}");
        // F-086: the empty batches fill epoch 0, up to the time of L1 block 1.
        assert_eq!(slots(&sim.run(WINDOW)), [(1, 0), (2, 0), (3, 0), (4, 0), (5, 0)], "{fork}");
    }
}

/// F-085: batches in the last block of the window come first; one batch is pulled before each decision.
#[test]
fn the_last_block_of_the_window_counts() {
    for fork in [Fork::Granite, Fork::Holocene] {
        let mut sim = Sim::fork(fork);
        sim.put_singular(WINDOW, &[singular(1, 0, &[tx("1")]), singular(2, 0, &[tx("2")])]);
        let derived = sim.run(WINDOW);
        assert_eq!(slots(&derived), [(1, 0), (2, 0), (3, 0), (4, 0), (5, 0)], "{fork}");
        assert_eq!(filled(&derived), [1, 2], "{fork}");
    }
}

/// F-086: the first block of an epoch is made even if the next origin could be adopted already: every epoch has a block.
#[test]
fn every_epoch_has_a_block() {
    let mut cfg = config(at(Fork::Granite));
    cfg.max_sequencer_drift = 1000;
    let mut sim = Sim::with(cfg, 30, 0, 0);
    // L2 is 60 seconds ahead, L1 blocks come every 12: epochs 1 to 5 get one block each.
    let derived = sim.run(WINDOW + 5);
    assert_eq!(slots(&derived), [(31, 1), (32, 2), (33, 3), (34, 4), (35, 5)]);
}

/// F-087: when an epoch has no slot left, the window moves on, but the next epoch's own window must be over first: a batch
/// in the extra L1 block is still accepted, one that names the old epoch is not (F-014).
#[test]
fn the_next_epoch_gets_one_more_l1_block() {
    for fork in [Fork::Granite, Fork::Holocene] {
        let mut sim = Sim::with(config(at(fork)), 5, 0, 0);
        assert_eq!(slots(&sim.run(WINDOW)), [], "no slot is left in epoch 0, and epoch 1 has a block more");
        assert_eq!(sim.count("F-087"), 1, "{fork}");
        let mut old = Sim::with(config(at(fork)), 5, 0, 0);
        old.put_singular(WINDOW + 1, &[singular(6, 0, &[tx("old")])]);
        assert_eq!(filled(&old.run(WINDOW + 1)), [0u64; 0], "{fork}");
        assert_eq!(old.dropped(), ["F-013"], "{fork}");
        let mut new = Sim::with(config(at(fork)), 5, 0, 0);
        new.put_singular(WINDOW + 1, &[singular(6, 1, &[tx("new")])]);
        assert_eq!(filled(&new.run(WINDOW + 1)), [6], "{fork}");
        assert_eq!(slots(&sim.run(WINDOW + 1)), [(6, 1), (7, 1), (8, 1), (9, 1), (10, 1), (11, 1)], "{fork}");
    }
}

/// F-088: an empty batch has no transactions and the slot's time; L2 goes on without any batcher.
#[test]
fn a_chain_without_batcher() {
    for fork in [Fork::Bedrock, Fork::Jovian] {
        let mut sim = Sim::fork(fork);
        let derived = sim.run(WINDOW + 20);
        assert!(filled(&derived).is_empty());
        let natural: Vec<_> = (1..).map(|j| (j, j / 6)).take(derived.len()).collect();
        assert_eq!(slots(&derived), natural, "{fork}");
        assert!(derived.len() > 100);
    }
}

/// F-070, F-084, C-016, D-027, H-034: the first L1 block of Holocene empties channels and batches; the window stays. The
/// clock is the inclusion block's, not the batch's.
#[test]
fn holocene_switches_by_inclusion() {
    let mut sim = Sim::new(at(Fork::Granite).with(Fork::Holocene, l1_time(2).0));
    // Waits in the queue when Holocene comes: lost.
    sim.put_singular(1, &[singular(2, 0, &[tx("queued")])]);
    // Split across the boundary: lost.
    let data = sim.channel(vec![singular(1, 0, &[tx("split")]).into()]);
    sim.put_frames(1, &[frame(1, 0, data.slice(..5), false)]);
    sim.put_frames(2, &[frame(1, 1, data.slice(5..), true)]);
    // A batch of an L2 block long before Holocene's time, under Holocene's rules: in the future, so dropped.
    sim.put_singular(2, &[singular(2, 0, &[tx("strict")])]);
    sim.put_singular(3, &[singular(1, 0, &[tx("first")])]);
    let derived = sim.run(3);
    assert_eq!(filled(&derived), [1]);
    assert_eq!(sim.count("F-084"), 1);
    assert_eq!(sim.dropped(), ["F-010"]);
    assert!(sim.events.iter().any(|event| matches!(event, Event::StrictOrdering { block: 52 })));
}

/// F-089: before Holocene no empty batch is made while the first batch is undecided.
#[test]
fn undecided_blocks_empty_batches() {
    // Its last origin comes into reach with L1 block 13, after the window of epoch 0.
    let span = span(1, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
    let mut sim = Sim::fork(Fork::Granite);
    sim.put_batches(1, 1, vec![span.into()]);
    assert_eq!(slots(&sim.run(WINDOW + 2)), []);
    assert_eq!(sim.fates(), [Fate::Undecided(Unknown::SpanEnd)]);
    assert!(!sim.run(WINDOW + 3).is_empty());
    assert_eq!(sim.dropped(), ["F-052"]);
}

/// G-006: the batch of a slot has the slot's time, whatever the tip.
#[test]
fn times_follow_the_tip() {
    let mut sim = Sim::fork(Fork::Holocene);
    sim.put_singular(1, &[singular(1, 0, &[])]);
    sim.run(1);
    assert_eq!(sim.attributes[0].payload_attributes.timestamp, L2Time(1002).0);
}
