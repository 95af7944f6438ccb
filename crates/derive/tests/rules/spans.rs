//! F.3, F.4, and the span part of F.5.

use crate::sim::*;
use unroll_derive::event::{Fate, Unknown};
use unroll_protocol::{batch::SpanBlock, forks::Fork, units::L2Time};
use unroll_testing::batcher::Span;

fn with_txs(mut span: Span, index: usize, txs: &[alloy_primitives::Bytes]) -> Span {
    let block = &span.blocks[index];
    span.blocks[index] = SpanBlock { transactions: txs.iter().collect(), ..block.clone() };
    span
}

/// One span in L1 block `k` of a fresh chain; the rules that it was dropped by, and the blocks derived.
fn single(fork: Fork, k: u64, span: Span) -> (Vec<&'static str>, Vec<(u64, u64)>) {
    let mut sim = Sim::fork(fork);
    sim.put_batches(k, 1, vec![span.into()]);
    let derived = sim.run(k);
    (sim.dropped(), slots(&derived))
}

/// F-056, F-072, F-080: the blocks of a span one by one, over an epoch change.
#[test]
fn spans_are_streamed() {
    for fork in [Fork::Delta, Fork::Granite, Fork::Holocene] {
        let span = with_txs(span(1, &[0, 0, 0, 0, 0, 1, 1]), 5, &[real_tx(1)]);
        let mut sim = Sim::fork(fork);
        sim.put_batches(2, 1, vec![span.into()]);
        let derived = sim.run(2);
        assert_eq!(slots(&derived), [(1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 1), (7, 1)], "{fork}");
        assert_eq!(derived[5].transactions, [real_tx(1)]);
        assert!(sim.asked.is_empty());
    }
}

/// F-040: the batch's own origin must have Delta; inclusion after Delta is not enough.
#[test]
fn spans_need_delta_at_their_origin() {
    for fork in [Fork::Canyon, Fork::Delta] {
        let mut sim = Sim::new(at(Fork::Canyon).with(Fork::Delta, l1_time(1).0));
        let (start, epochs) = if fork == Fork::Delta { (6, [1]) } else { (1, [0]) };
        if fork == Fork::Delta {
            let singulars: Vec<_> = (1..6).map(|j| singular(j, 0, &[])).collect();
            sim.put_singular(1, &singulars);
        }
        sim.put_batches(2, 1, vec![span(start, &epochs).into()]);
        let derived = sim.run(3);
        assert_eq!(sim.dropped(), if fork == Fork::Delta { vec![] } else { vec!["F-040"] }, "{fork}");
        assert_eq!(derived.last().map(|block| block.j), (fork == Fork::Delta).then_some(6));
    }
}

/// F-041: a span of later slots waits before Holocene; from Holocene it is dropped.
#[test]
fn future_spans() {
    let mut sim = Sim::fork(Fork::Granite);
    sim.put_batches(1, 1, vec![span(3, &[0, 0]).into(), span(1, &[0, 0]).into()]);
    assert_eq!(slots(&sim.run(1)), [(1, 0), (2, 0), (3, 0), (4, 0)]);
    assert_eq!(sim.fates()[0], Fate::Future);
    assert_eq!(single(Fork::Holocene, 1, span(3, &[0, 0])), (vec!["F-041"], vec![]));
}

/// E-051: the sums of times wrap around, and the span is judged by what comes out: F-041 for times after every real one, which
/// from Holocene takes the rest of the channel along (F-090), and F-043 for times before genesis.
#[test]
fn times_that_wrap_around() {
    let from = |start: u64| {
        let mut wrapped = span(1, &[0, 0, 0]);
        for (index, block) in (0..).zip(&mut wrapped.blocks) {
            block.time = L2Time(start.wrapping_add(2 * index));
        }
        wrapped
    };
    for (fork, derived) in [(Fork::Granite, vec![(1, 0), (2, 0)]), (Fork::Holocene, vec![])] {
        let mut sim = Sim::fork(fork);
        sim.put_batches(1, 1, vec![from(u64::MAX - 3).into(), span(1, &[0, 0]).into()]);
        assert_eq!(slots(&sim.run(1)), derived, "{fork}");
        let strict = fork == Fork::Holocene;
        assert_eq!(sim.dropped(), if strict { vec!["F-041"] } else { vec![] }, "{fork}");
        assert_eq!(sim.count("F-090"), usize::from(strict), "{fork}");

        let (dropped, derived) = single(fork, 1, from(l2_time(0).0 - 2));
        assert_eq!((dropped, derived), (vec!["F-043"], vec![]), "{fork}");
    }
}

/// E-052: so do the differences of origins; what comes out is in no window (F-046), and the rest of the channel goes with it.
#[test]
fn origins_that_wrap_around() {
    for (fork, derived) in [(Fork::Granite, vec![(1, 0)]), (Fork::Holocene, vec![])] {
        let mut wrapped = span(1, &[0; 60]);
        for (index, block) in (0..).zip(wrapped.blocks.iter_mut().rev()) {
            block.epoch_number = 50_u64.wrapping_sub(index);
        }
        let mut sim = Sim::fork(fork);
        sim.put_batches(1, 1, vec![wrapped.into(), span(1, &[0]).into()]);
        assert_eq!(slots(&sim.run(1)), derived, "{fork}");
        assert_eq!(sim.dropped(), ["F-046"], "{fork}");
    }
}

/// F-042, F-075: a span of earlier slots is dropped before Holocene; from Holocene it is skipped and its channel goes on.
#[test]
fn past_spans() {
    for (fork, dropped) in [(Fork::Granite, vec!["F-042"]), (Fork::Holocene, vec![])] {
        let mut sim = Sim::fork(fork);
        sim.put_batches(1, 1, vec![span(1, &[0, 0]).into()]);
        sim.put_batches(2, 2, vec![span(1, &[0, 0]).into(), span(3, &[0]).into()]);
        assert_eq!(slots(&sim.run(2)), [(1, 0), (2, 0), (3, 0)], "{fork}");
        assert_eq!(sim.dropped(), dropped, "{fork}");
    }
}

/// F-043: a span that overlaps must start at a block's time, and after genesis.
#[test]
fn misaligned_spans() {
    for fork in [Fork::Granite, Fork::Holocene] {
        let mut sim = Sim::fork(fork);
        let mut misaligned = span(2, &[0, 0, 0]);
        misaligned.blocks[0].time.0 -= 1;
        sim.put_batches(1, 1, vec![span(1, &[0, 0]).into()]);
        sim.put_batches(2, 2, vec![misaligned.into()]);
        assert_eq!(slots(&sim.run(2)), [(1, 0), (2, 0)], "{fork}");
        assert_eq!(sim.dropped(), ["F-043"], "{fork}");
        // Genesis itself has no parent.
        assert_eq!(single(fork, 1, span(0, &[0, 0])), (vec!["F-043"], vec![]));
    }
}

/// F-044: the parent is another.
#[test]
fn parent_check() {
    let mut span = span(1, &[0]);
    span.parent_check[0] ^= 1;
    for fork in [Fork::Granite, Fork::Holocene] {
        assert_eq!(single(fork, 1, span.clone()), (vec!["F-044"], vec![]));
    }
}

/// F-045: one test for the whole span, by its first epoch; exactly at the end it is in time.
#[test]
fn span_too_late() {
    for fork in [Fork::Granite, Fork::Holocene] {
        assert_eq!(single(fork, WINDOW, span(1, &[0, 0, 0, 0, 0, 1])).0, [""; 0]);
        let mut sim = Sim::fork(fork);
        sim.put_batches(WINDOW + 1, 1, vec![span(6, &[0, 1]).into()]);
        sim.run(WINDOW + 1);
        assert_eq!(sim.dropped(), ["F-045"], "{fork}");
    }
}

/// F-046: the first epoch is more than one ahead of the parent's.
#[test]
fn span_epoch_too_new() {
    for fork in [Fork::Granite, Fork::Holocene] {
        assert_eq!(single(fork, 3, span(1, &[2])), (vec!["F-046"], vec![]));
    }
}

/// F-047: the last origin's hash is another, or not known yet.
#[test]
fn span_origin_check() {
    let mut bad = span(1, &[0, 0]);
    bad.l1_origin_check[19] ^= 1;
    for fork in [Fork::Granite, Fork::Holocene] {
        assert_eq!(single(fork, 1, bad.clone()), (vec!["F-047"], vec![]));
    }
}

/// F-047, F-076: the last origin is not known yet: the span waits before Holocene; from Holocene it is lost, but its channel
/// goes on.
#[test]
fn undecided_spans() {
    for (fork, expected) in [(Fork::Granite, [(12, 1), (13, 2)].as_slice()), (Fork::Holocene, &[(12, 1)])] {
        let mut sim = Sim::with(config(at(fork)), 11, 0, 0);
        sim.put_batches(1, 1, vec![span(12, &[1, 2]).into(), span(12, &[1]).into()]);
        assert_eq!(slots(&sim.run(2)), expected, "{fork}");
        assert_eq!(sim.fates()[0], Fate::Undecided(Unknown::SpanEnd));
        assert_eq!(sim.count("F-090"), 0);
    }
}

/// F-048: the first epoch is before the parent's.
#[test]
fn span_epoch_too_old() {
    for fork in [Fork::Granite, Fork::Holocene] {
        let mut sim = Sim::with(config(at(fork)), 12, 2, 0);
        sim.put_batches(3, 1, vec![span(13, &[1, 2]).into()]);
        sim.run(3);
        assert_eq!(sim.dropped(), ["F-048"], "{fork}");
    }
}

/// F-050, F-052, F-081: before Holocene one bad block drops the whole span; from Holocene the blocks before it stay, and the
/// rest of span and channel is flushed.
#[test]
fn a_bad_block_in_a_span() {
    // Block 3 takes origin 1, before that origin's time.
    let bad =
        || vec![span(1, &[0, 0, 1, 1]).into(), Item::from(singular(1, 0, &[])), singular(3, 0, &[]).into()];
    let mut sim = Sim::fork(Fork::Granite);
    sim.put_batches(2, 1, bad());
    assert_eq!(slots(&sim.run(2)), [(1, 0)]);
    assert_eq!(sim.dropped(), ["F-052"]);
    let mut sim = Sim::fork(Fork::Holocene);
    sim.put_batches(2, 1, bad());
    assert_eq!(slots(&sim.run(2)), [(1, 0), (2, 0)]);
    assert_eq!(sim.dropped(), ["F-019"]);
    assert_eq!(sim.count("F-090"), 1);
}

/// F-051: an origin below the safe head's.
#[test]
fn span_block_below_the_safe_origin() {
    // The safe chain has block 12 in epoch 2; the span overlaps it and stays in epoch 1.
    for (fork, rule) in [(Fork::Granite, "F-051"), (Fork::Holocene, "F-055")] {
        let mut sim = Sim::with(config(at(fork)), 12, 2, 0);
        sim.safe = (10..=12).map(|j| (j, safe_block(j, j / 6, &[]))).collect();
        sim.put_batches(3, 1, vec![span(11, &[1, 1, 1, 2]).into()]);
        sim.run(3);
        assert_eq!(sim.dropped(), [rule], "{fork}");
    }
}

/// F-053: drift in spans; whether the epoch advanced is judged against the block before, in the span or below it.
#[test]
fn span_drift() {
    let j = DRIFT / 2 + 1;
    let chain = |gap: u64| {
        let mut sim = Sim::with(config(at(Fork::Ecotone)), j - 1, 0, 0);
        (1..=3).for_each(|k| sim.block(k).origin.time.0 += gap);
        sim
    };
    let mut sim = chain(1000);
    sim.put_batches(2, 1, vec![with_txs(span(j, &[0]), 0, &[real_tx(1)]).into()]);
    sim.run(2);
    assert_eq!(sim.dropped(), ["F-053"]);
    let mut sim = chain(1000);
    sim.put_batches(2, 1, vec![span(j, &[0, 0]).into()]);
    assert_eq!(slots(&sim.run(2)), [(j, 0), (j + 1, 0)], "empty, and the next origin is far");
    let mut sim = chain(0);
    sim.put_batches(2, 1, vec![span(j, &[0]).into()]);
    sim.run(2);
    assert_eq!(sim.dropped(), ["F-053"], "the next origin could be adopted");
    let mut sim = Sim::with(config(at(Fork::Ecotone)), 30, 0, 0);
    sim.put_batches(4, 1, vec![span(31, &[1, 2, 3]).into()]);
    assert_eq!(
        slots(&sim.run(4)),
        [(31, 1), (32, 2), (33, 3)],
        "each block advances, though far past the drift"
    );
    // The origin after the last one is unknown: undecided.
    let mut sim = chain(1000);
    sim.put_batches(0, 1, vec![span(j, &[0]).into()]);
    assert_eq!(slots(&sim.run(0)), []);
    assert_eq!(sim.fates(), [Fate::Undecided(Unknown::SpanNextEpoch)]);
    assert_eq!(slots(&sim.run(1)), [(j, 0)]);
}

/// F-054, F-024: transactions are judged block by block, also in a span that straddles Isthmus.
#[test]
fn set_code_in_spans() {
    use alloy_consensus::{SignableTransaction, TxEip7702, TxEnvelope};
    use alloy_eips::Encodable2718;
    let tx = TxEip7702 { chain_id: 10, to: INBOX, ..TxEip7702::default() };
    let signature = alloy_primitives::Signature::new(
        alloy_primitives::U256::from(1),
        alloy_primitives::U256::from(2),
        true,
    );
    let tx: alloy_primitives::Bytes = TxEnvelope::from(tx.into_signed(signature)).encoded_2718().into();
    for (index, dropped) in [(0, vec!["F-024"]), (1, vec![])] {
        let span = || with_txs(span(1, &[0, 0]), index, std::slice::from_ref(&tx));
        let mut sim = Sim::new(at(Fork::Holocene).with(Fork::Isthmus, 1004));
        sim.put_batches(1, 1, vec![span().into()]);
        sim.run(1);
        assert_eq!(sim.dropped(), dropped);
    }
    let (dropped, derived) = single(Fork::Granite, 1, with_txs(span(1, &[0, 0]), 1, &[tx]));
    assert_eq!((dropped, derived), (vec!["F-024"], vec![]), "F-054: the whole span");
}

/// F-055, F-073: a span that overlaps the safe chain must agree with it, also from Holocene.
#[test]
fn overlaps_must_agree() {
    let (a, b) = (real_tx(1), real_tx(2));
    for fork in [Fork::Granite, Fork::Holocene] {
        for (claimed, epochs, agrees) in [
            (vec![a.clone()], [0, 0, 0], true),
            (vec![b.clone()], [0, 0, 0], false),
            (vec![], [0, 0, 0], false),
            (vec![a.clone(), b.clone()], [0, 0, 0], false),
        ] {
            let mut sim = Sim::fork(fork);
            sim.put_batches(1, 1, vec![with_txs(span(1, &[0, 0]), 1, std::slice::from_ref(&a)).into()]);
            sim.put_batches(2, 2, vec![with_txs(span(2, &epochs), 0, &claimed).into()]);
            let expected = if agrees { vec![(1, 0), (2, 0), (3, 0), (4, 0)] } else { vec![(1, 0), (2, 0)] };
            assert_eq!(slots(&sim.run(2)), expected, "{fork} {claimed:?}");
            assert_eq!(sim.dropped(), if agrees { vec![] } else { vec!["F-055"] }, "{fork}");
            assert!(sim.asked.is_empty(), "the pipeline saw these blocks become safe");
        }
    }
}

/// F-043, F-055: blocks that became safe before the start are asked for: the parent alone first, the others only if the rest
/// is in order.
#[test]
fn unknown_overlaps_are_asked_for() {
    for fork in [Fork::Granite, Fork::Holocene] {
        let mut sim = Sim::with(config(at(fork)), 12, 2, 0);
        sim.safe = (9..=12).map(|j| (j, safe_block(j, j / 6, &[]))).collect();
        let mut foreign = span(11, &[1, 2, 2]);
        foreign.parent_check[3] ^= 1;
        sim.put_batches(3, 1, vec![foreign.into()]);
        sim.put_batches(3, 2, vec![span(10, &[1, 1, 2, 2]).into()]);
        assert_eq!(slots(&sim.run(3)), [(13, 2)], "{fork}");
        assert_eq!(sim.asked, [(10, 10, false), (9, 9, false), (10, 12, true)], "{fork}");
    }
}

/// F-055: the origin numbers must agree too.
#[test]
fn overlaps_must_agree_on_origins() {
    for fork in [Fork::Granite, Fork::Holocene] {
        let mut sim = Sim::with(config(at(fork)), 13, 2, 0);
        sim.safe = (10..=13).map(|j| (j, safe_block(j, j / 6, &[]))).collect();
        // Block 12 was in epoch 2; the span says 1.
        sim.put_batches(3, 1, vec![span(11, &[1, 1, 2, 2]).into()]);
        assert_eq!(slots(&sim.run(3)), []);
        assert_eq!(sim.dropped(), ["F-055"], "{fork}");
    }
}

/// F-055: deposits-only replacements are compared as what they became: without transactions.
#[test]
fn overlaps_with_replaced_blocks() {
    let mut sim = Sim::fork(Fork::Holocene);
    sim.refuse.insert(1);
    sim.put_batches(1, 1, vec![with_txs(span(1, &[0]), 0, &[real_tx(1)]).into()]);
    sim.put_batches(2, 2, vec![with_txs(span(1, &[0, 0]), 0, &[real_tx(1)]).into()]);
    sim.put_batches(3, 3, vec![span(1, &[0, 0]).into()]);
    assert_eq!(slots(&sim.run(3)), [(1, 0), (2, 0)]);
    assert_eq!(sim.dropped(), ["F-055"]);
}

/// F-046: a span that reaches far back is dropped without asking for blocks that no span in time can build on.
#[test]
fn forgotten_parents_are_not_asked_for() {
    for fork in [Fork::Granite, Fork::Holocene] {
        let mut sim = Sim::fork(fork);
        let last = 3 * WINDOW;
        let derived = sim.run(last);
        let tip = derived.last().unwrap();
        let mut deep = span(3, &vec![tip.epoch; usize::try_from(tip.j).unwrap()]);
        deep.blocks.iter_mut().for_each(|block| block.epoch_number = 50 + last - WINDOW + 1);
        deep.l1_origin_check.copy_from_slice(&l1(last - WINDOW + 1).hash[..20]);
        sim.put_batches(last + 1, 1, vec![deep.into()]);
        sim.run(last + 1);
        assert_eq!(sim.dropped(), ["F-046"], "{fork}");
        assert!(sim.asked.is_empty());
    }
}

/// F-045, F-089: a span that waits behind an undecided one is judged by its own L1 block, however late its turn comes.
#[test]
fn waiting_spans_do_not_age() {
    let mut sim = Sim::fork(Fork::Granite);
    let ahead: Vec<u64> = (0..=WINDOW + 4).collect();
    let waiting = with_txs(span(2, &[0, 0, 0]), 1, &[real_tx(1)]);
    sim.put_singular(1, &[singular(1, 0, &[]), singular(2, 0, &[])]);
    sim.put_batches(2, 1, vec![span(3, &ahead).into(), waiting.into()]);
    assert_eq!(slots(&sim.run(WINDOW + 3)), [(1, 0), (2, 0)]);
    let derived = sim.run(WINDOW + 4);
    assert_eq!(slots(&derived[..2]), [(3, 0), (4, 0)]);
    assert_eq!(derived[0].transactions, [real_tx(1)]);
    assert_eq!(sim.dropped(), ["F-052"]);
}

/// F-001, F-057, H-013: before Holocene a span is applied whole or not at all. A refused block voids those of its span before it
/// and after it, and the next candidates are considered upon the block below the span, whose L1 origin is still known.
#[test]
fn a_refused_block_voids_the_span() {
    let epochs = [0, 0, 0, 0, 0, 1, 1, 1];
    for refused in 1..=8 {
        let mut sim = Sim::fork(Fork::Granite);
        sim.refuse.insert(refused);
        let mut bad = span(1, &epochs);
        bad.blocks
            .iter_mut()
            .for_each(|block| block.transactions = [&real_tx(block.time.0)].into_iter().collect());
        sim.put_batches(2, 1, vec![bad.into()]);
        sim.put_batches(2, 2, vec![singular(1, 0, &[tx("other")]).into(), singular(2, 0, &[]).into()]);
        let derived = sim.run(2);
        assert_eq!(slots(&derived), [(1, 0), (2, 0)], "{refused}");
        assert_eq!(derived[0].transactions, [tx("other")]);
        assert_eq!(sim.count("H-013"), 1);
        assert_eq!(sim.count("F-083"), usize::from(refused < 8), "what is left is dropped, and told");
    }
}

/// F-001: a span that is applied is final, and so is a singular batch.
#[test]
fn a_refused_block_voids_no_other_span() {
    let mut sim = Sim::fork(Fork::Granite);
    sim.refuse.insert(5);
    let first = with_txs(span(1, &[0, 0, 0]), 1, &[real_tx(1)]);
    sim.put_batches(1, 1, vec![first.into(), singular(4, 0, &[tx("a")]).into()]);
    sim.put_batches(1, 2, vec![with_txs(span(5, &[0, 0]), 0, &[real_tx(2)]).into()]);
    let derived = sim.run(1);
    assert_eq!(slots(&derived), [(1, 0), (2, 0), (3, 0), (4, 0)]);
    assert_eq!(sim.pipeline.below_span(), None);
}

/// F-001: from Holocene blocks of a span are final one by one; the refused one is replaced, and the rest is dropped (H-011).
#[test]
fn from_holocene_a_span_may_be_applied_in_part() {
    let mut sim = Sim::fork(Fork::Holocene);
    sim.refuse.insert(2);
    sim.put_batches(1, 1, vec![with_txs(span(1, &[0, 0, 0]), 1, &[real_tx(1)]).into()]);
    assert_eq!(slots(&sim.run(1)), [(1, 0), (2, 0)]);
    assert_eq!((sim.count("H-011"), sim.count("F-090")), (1, 1));
}

/// F-071: from Holocene nothing is kept but the span being streamed.
#[test]
fn one_span_at_a_time() {
    let mut sim = Sim::fork(Fork::Holocene);
    sim.put_batches(1, 1, vec![span(3, &[0]).into()]);
    sim.put_batches(2, 2, vec![span(1, &[0, 0]).into()]);
    assert_eq!(slots(&sim.run(3)), [(1, 0), (2, 0)]);
}
