//! Batches that are good, bad, early, late, or there twice.

use super::{Story, at, at_with_blobs, chain, expect, invalid, is_drop, is_strict, transfer};
use crate::{
    batcher,
    devnet::{
        Devnet,
        config::{BatchKind, ForkConfig},
        contracts,
        events::Deposit,
        keys::{Call, Key},
        poster,
        traffic::Kind,
    },
};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, Bytes, TxKind, U256};
use unroll_derive::event::{DropReason, Event, Fate};
use unroll_protocol::{batch::SpanBlock, deposit::DEPOSIT_TX_TYPE, forks::Fork, units::L1Time};

/// An L1 block with one channel of these batch strings.
pub(super) fn mine(devnet: &mut Devnet, batches: &[Vec<u8>]) {
    let cfg = devnet.rollup().clone();
    let time = L1Time(devnet.l1.next_time());
    let frames = devnet.poster.channel(&cfg, time, batches);
    let transactions = devnet.poster.transactions(&cfg, time, &frames);
    devnet.mine(&transactions);
}

pub(super) fn honest(devnet: &Devnet, block: usize) -> Vec<u8> {
    batcher::singular(&poster::singular(&devnet.l2[block]))
}

/// The block's batch with one more transaction.
pub(super) fn with(devnet: &Devnet, block: usize, transaction: Bytes) -> Vec<u8> {
    let mut batch = poster::singular(&devnet.l2[block]);
    batch.transactions = batch.transactions.iter().chain([transaction]).collect();
    batcher::singular(&batch)
}

/// Derives, and checks what became of block `bad`, whose payload was invalid: from Holocene its deposits replace it, before it
/// was looked for anew, and the sequencer's own block was found.
pub(super) fn check_refused(devnet: &mut Devnet, bad: usize) -> Vec<Event> {
    let own = devnet.l2[bad].header.hash();
    let events = devnet.sync();
    let strict = devnet.rollup().forks.derivation(L1Time(devnet.l1.head().header.timestamp)).strict_ordering;
    if strict {
        expect(&events, "replacement", |event| matches!(event, Event::PayloadReplaced { .. }));
        assert_eq!(devnet.l2[bad].batched().count(), 0, "only deposits are left");
    } else {
        expect(&events, "refusal", |event| matches!(event, Event::PayloadRefused { .. }));
        assert_eq!(devnet.l2[bad].header.hash(), own, "the good batch was found");
    }
    events
}

/// A batch holds a transaction that no block can hold (H-010 to H-013).
pub(super) fn bad_transaction(fork: Fork) -> Story {
    let mut devnet = at(fork);
    devnet.sequence();
    let bad = with(&devnet, 3, invalid(&devnet));
    let batches = [honest(&devnet, 1), honest(&devnet, 2), bad, honest(&devnet, 4), honest(&devnet, 5)];
    mine(&mut devnet, &batches);
    devnet.poster.next = 3;
    if is_strict(fork) {
        check_refused(&mut devnet, 3); // the sequencer builds on what came of it
    }
    devnet.advance_to(14);
    if is_strict(fork) {
        devnet.sync();
    } else {
        check_refused(&mut devnet, 3);
    }
    assert!(devnet.safe() >= 14);
    Story::whole(devnet)
}

/// The invalid payload has users' deposits: they stay (H-011).
pub(super) fn deposits_only(fork: Fork) -> Story {
    let mut devnet = at_with_blobs(fork);
    devnet.sequence();
    let deposit = Deposit {
        from: Address::with_last_byte(0xd1),
        to: TxKind::Call(Address::with_last_byte(0xb0)),
        mint: U256::from(1_000),
        value: U256::from(1_000),
        gas: 100_000,
        data: Bytes::new(),
    };
    let logs = vec![deposit.log(), deposit.log()];
    let mut transactions =
        vec![devnet.traffic.l1_transaction(devnet.config.l1.chain_id, &mut devnet.l1_nonce, logs)];
    transactions.extend(devnet.post());
    devnet.mine(&transactions);
    devnet.sequence();
    let bad = usize::try_from(devnet.poster.next).expect("small"); // opens the epoch with the deposits
    let batches = [with(&devnet, bad, invalid(&devnet)), honest(&devnet, bad + 1)];
    mine(&mut devnet, &batches);
    let events = check_refused(&mut devnet, bad);
    expect(&events, "flush", |event| matches!(event, Event::Flushed { .. }));
    let kinds = devnet.l2[bad].transactions.iter().map(|tx| tx[0]);
    assert_eq!(kinds.collect::<Vec<_>>(), [DEPOSIT_TX_TYPE; 3], "the L1 info and two deposits");
    devnet.advance_to(24);
    devnet.sync();
    Story::whole(devnet)
}

/// A span of which one block is invalid. From Holocene what comes before stays, and what comes after is lost (F-090, H-011); until
/// then all of it is void, and the sequencer's own blocks fill its slots (F-001, H-013).
pub(super) fn holocene_invalid_batch(fork: Fork) -> Story {
    let mut devnet = at(fork);
    devnet.sequence();
    let mut span = poster::span(&devnet.l2[0], &devnet.l2[1..=5]);
    let mut add = |block: usize, transaction: Bytes| {
        let block: &mut SpanBlock = &mut span.blocks[block - 1];
        block.transactions = block.transactions.iter().chain([transaction]).collect();
    };
    add(3, invalid(&devnet));
    if !is_strict(fork) {
        add(1, transfer(&devnet, 0)); // a block that could be, and that the sequencer did not make
    }
    let string = batcher::span(&span, devnet.rollup()).expect("the transactions are well-formed");
    mine(&mut devnet, &[string]);
    if is_strict(fork) {
        in_part(&mut devnet);
    } else {
        not_at_all(&mut devnet);
    }
    Story::whole(devnet)
}

/// From Holocene.
fn in_part(devnet: &mut Devnet) {
    devnet.poster.next = 3;
    let before = devnet.l2[2].header.hash();
    let events = check_refused(devnet, 3);
    expect(&events, "flush", |event| matches!(event, Event::Flushed { .. }));
    assert_eq!(devnet.safe(), 3);
    assert_eq!(devnet.l2[2].header.hash(), before, "the blocks before the bad one stay");
    // And a batch that holds what no batch may hold (F-023) is not even tried.
    devnet.sequence();
    let deposit = devnet.l2[4].transactions[0].clone();
    let batch = with(devnet, 4, deposit);
    mine(devnet, &[batch]);
    devnet.advance_to(20);
    let events = devnet.sync();
    expect(&events, "dropped batch", |event| is_drop(event, DropReason::Deposit));
}

/// Before Holocene (H-013).
fn not_at_all(devnet: &mut Devnet) {
    devnet.advance_to(14);
    let own: Vec<_> = devnet.l2.iter().map(|block| block.header.hash()).collect();
    let events = devnet.sync();
    let void = |event: &Event| matches!(event, Event::PayloadRefused { upon, .. } if upon.number == 0);
    expect(&events, "refusal that voids two blocks", void);
    expect(&events, "rest of the span", |event| is_drop(event, DropReason::ParentMoved));
    assert!(devnet.safe() >= 14);
    assert!(devnet.l2.iter().map(|block| block.header.hash()).eq(own), "nothing of the span is left");
}

/// Spans that begin below the safe head: one that repeats it is taken, one that contradicts it is not (F-055).
pub(super) fn span_overlap(fork: Fork) -> Story {
    let mut devnet = at_with_blobs(fork);
    devnet.advance();
    devnet.sequence();
    let span = |devnet: &Devnet, blocks: std::ops::RangeInclusive<usize>, more: Option<Bytes>| {
        let mut span = poster::span(&devnet.l2[blocks.start() - 1], &devnet.l2[blocks]);
        if let Some(more) = more {
            let first = &mut span.blocks[0];
            first.transactions = first.transactions.iter().chain([more]).collect();
        }
        batcher::span(&span, devnet.rollup()).expect("the transactions are well-formed")
    };
    // Blocks 1 to 5 are on L1 already.
    let lie = span(&devnet, 3..=8, Some(transfer(&devnet, 0)));
    let repeat = span(&devnet, 4..=9, None);
    mine(&mut devnet, &[lie]);
    mine(&mut devnet, &[repeat]);
    devnet.poster.next = 10;
    devnet.advance_to(18);
    let events = devnet.sync();
    expect(&events, "contradiction", |event| is_drop(event, DropReason::SpanOverlap));
    expect(
        &events,
        "overlap",
        |event| matches!(event, Event::Batch { fate: Fate::Accepted, batch, .. } if batch.span && batch.blocks == 6),
    );
    assert!(devnet.safe() >= 18);
    Story::whole(devnet)
}

/// Nobody posts for as long as a batch has time: empty blocks fill the slots, and the sequencer starts over (F-085, F-086).
pub(super) fn window_expiry(fork: Fork) -> Story {
    let mut devnet = chain(ForkConfig::until(fork), |config| {
        config.l2.seq_window_size = 4;
        config.traffic.deposits = 1_000;
    });
    devnet.advance();
    let safe = devnet.head().header.number;
    // A channel that is opened within the window, and closed behind it.
    devnet.sequence();
    let posted = devnet.head().header.number;
    devnet.poster.config.frame_bytes = 60;
    let mut parts = devnet.post();
    devnet.poster.config.frame_bytes = 100_000;
    let late = parts.pop().expect("the channel has frames");
    assert!(!parts.is_empty(), "it has several");
    devnet.mine(&parts);
    for _ in 0..6 {
        devnet.advance_unposted();
    }
    devnet.mine(&[late]);
    let own = devnet.l2[usize::try_from(posted).expect("small")].header.hash();
    let events = devnet.sync();
    expect(&events, "empty batch", |event| matches!(event, Event::EmptyBatch { .. }));
    expect(&events, "whole channel", |event| matches!(event, Event::ChannelCompleted { .. }));
    expect(&events, "late batch", |event| {
        use DropReason::{EpochTooOld, Past, SpanEpochTooOld, SpanPast, SpanTooLate, TooLate};
        let late = [TooLate, EpochTooOld, Past, SpanTooLate, SpanEpochTooOld, SpanPast];
        late.iter().any(|why| is_drop(event, *why)) || matches!(event, Event::Batch { fate: Fate::Past, .. })
    });
    for number in safe + 1..=devnet.safe() {
        let block = devnet.block(number).expect("it is safe");
        assert_eq!(block.batched().count(), 0, "block {number} is none of the late channel's");
    }
    assert!(
        devnet.safe() > posted && devnet.l2[usize::try_from(posted).expect("small")].header.hash() != own
    );
    for _ in 0..3 {
        devnet.advance();
    }
    devnet.sync();
    Story::whole(devnet)
}

/// Accounts take on code, in singular batches and in spans: from Isthmus on; before, whatever holds such a transaction is dropped
/// (F-024).
pub(super) fn set_code(fork: Fork) -> Story {
    let allowed = fork >= Fork::Isthmus;
    let mut devnet = chain(ForkConfig::until(fork), |config| {
        config.batcher.batch = BatchKind::Singular;
        if allowed {
            config.traffic.mix = vec![(Kind::SetCode, 1)];
        }
    });
    devnet.sequence();
    if !allowed {
        let batches = [honest(&devnet, 1), with(&devnet, 2, delegation(&devnet))];
        mine(&mut devnet, &batches);
        devnet.poster.next = 2;
    }
    devnet.advance_to(11);
    let events = devnet.sync();
    devnet.poster.config.batch = BatchKind::Span;
    if allowed {
        devnet.advance_to(20);
        devnet.sync();
        for blocks in [1..=11, 12..=20] {
            let set = devnet.l2[blocks].iter().flat_map(|block| block.batched()).filter(|tx| tx[0] == 4);
            assert!(set.count() > 5);
        }
    } else {
        expect(&events, "drop", |event| is_drop(event, DropReason::SetCode));
        if fork >= Fork::Delta {
            set_code_in_span(&mut devnet, fork);
        }
        devnet.advance();
        devnet.sync();
    }
    Story::whole(devnet)
}

/// F-024, F-054: before Holocene all of the span is void, then what comes before the transaction stays (F-081).
fn set_code_in_span(devnet: &mut Devnet, fork: Fork) {
    devnet.sequence();
    let before = usize::try_from(devnet.safe()).expect("the chain is short");
    let mut span = poster::span(&devnet.l2[before], &devnet.l2[before + 1..=before + 4]);
    let transactions = &mut span.blocks[2].transactions;
    *transactions = transactions.iter().chain([delegation(devnet)]).collect();
    let string = batcher::span(&span, devnet.rollup()).expect("the transactions are well-formed");
    mine(devnet, &[string]);
    let events = devnet.sync();
    expect(&events, "drop", |event| is_drop(event, DropReason::SetCode));
    let stays = if is_strict(fork) { 2 } else { 0 };
    assert_eq!(devnet.safe(), before as u64 + stays);
    devnet.poster.next = devnet.safe() + 1;
}

/// A valid transaction of type 4.
fn delegation(devnet: &Devnet) -> Bytes {
    let (sender, authority) = (Key::new(1_005), Key::new(2_002));
    let chain_id = devnet.config.l2.chain_id;
    let to = TxKind::Call(authority.address);
    let call = Call { chain_id, nonce: 0, gas_limit: 200_000, to, value: U256::ZERO, input: Bytes::new() };
    let list = vec![authority.authorize(chain_id, contracts::CHURN, 0)];
    sender.set_code(call, list).encoded_2718().into()
}
