//! Batches that can be read, and may not be.

use super::{channels, derive, first, recover, rules, zlib};
use crate::{
    batcher::{self, Span},
    devnet::{Devnet, poster},
    scenarios::{batches::honest, is_strict, transfer},
};
use alloy_primitives::{B256, Bytes};
use unroll_derive::event::{DropReason, Event, Fate};
use unroll_protocol::{
    batch::{SingularBatch, SpanBlock, Transactions},
    forks::Fork,
    units::L2Time,
};

/// F-012 to F-054: a channel for each bad batch. From Holocene the block's own batch lies behind it, and is lost with the channel
/// (F-075, F-081, F-090).
pub(super) fn dropped(devnet: &mut Devnet, fork: Fork) {
    let strict = is_strict(fork);
    devnet.sequence();
    let parent = first(devnet);
    let own = channels(devnet, [zlib(&batcher::stream([honest(devnet, parent)]))]);
    derive(devnet, &own);
    devnet.sequence();
    let mut cases = singulars(devnet, parent, fork);
    if rules(devnet).span_batches {
        cases.extend(spans(devnet, parent, fork));
    }
    let behind = strict.then(|| honest(devnet, parent + 1));
    let (bad, expected): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    let contents: Vec<_> = bad
        .into_iter()
        .map(|bad| zlib(&batcher::stream([Some(bad), behind.clone()].into_iter().flatten())))
        .collect();
    let transactions = channels(devnet, contents);
    let events = derive(devnet, &transactions);
    let dropped = events.iter().filter_map(|event| match event {
        Event::Batch { fate: Fate::Dropped(why), .. } => Some(*why),
        _ => None,
    });
    assert_eq!(dropped.collect::<Vec<_>>(), expected, "{events:#?}");
    assert_eq!(devnet.safe(), parent as u64);
    let flushes = events.iter().filter(|event| matches!(event, Event::Flushed { .. })).count();
    assert_eq!(flushes, if strict { expected.len() } else { 0 });
    recover(devnet);
}

fn singulars(devnet: &Devnet, parent: usize, fork: Fork) -> Vec<(Vec<u8>, DropReason)> {
    use DropReason as Why;
    let own = poster::singular(&devnet.l2[parent + 1]);
    let next = devnet.l1.head().id();
    let mut cases = Vec::new();
    let mut add = |why, change: &dyn Fn(&mut SingularBatch)| {
        let mut batch = own.clone();
        change(&mut batch);
        cases.push((batcher::singular(&batch), why));
    };
    let more = |batch: &mut SingularBatch, tx: Bytes| {
        batch.transactions = batch.transactions.iter().chain([tx]).collect();
    };
    add(Why::Parent, &|batch| batch.parent_hash = B256::repeat_byte(7));
    add(Why::Parent, &|batch| batch.parent_hash = devnet.l2[parent - 1].header.hash());
    add(Why::TooLate, &|batch| batch.epoch = devnet.rollup().genesis.l1);
    let before = devnet.l1.block(own.epoch.number - 1).expect("it is there").id();
    add(Why::EpochTooOld, &|batch| batch.epoch = before);
    add(Why::EpochTooNew, &|batch| batch.epoch.number += 2);
    add(Why::EpochTooNew, &|batch| batch.epoch.number = u64::MAX);
    add(Why::EpochHash, &|batch| batch.epoch.hash = B256::repeat_byte(7));
    add(Why::EpochHash, &|batch| batch.epoch.hash = next.hash);
    add(Why::BeforeOrigin, &|batch| batch.epoch = next);
    add(Why::EmptyTransaction, &|batch| more(batch, Bytes::new()));
    add(Why::EmptyTransaction, &|batch| batch.transactions = [Bytes::new()].into_iter().collect());
    add(Why::Deposit, &|batch| more(batch, devnet.l2[parent].transactions[0].clone()));
    add(Why::Deposit, &|batch| more(batch, Bytes::from_static(&[0x7e])));
    if fork < Fork::Isthmus {
        add(Why::SetCode, &|batch| more(batch, Bytes::from_static(&[4])));
    }
    cases
}

/// Spans of three blocks upon `parent`.
fn spans(devnet: &Devnet, parent: usize, fork: Fork) -> Vec<(Vec<u8>, DropReason)> {
    use DropReason as Why;
    let own = poster::span(&devnet.l2[parent], &devnet.l2[parent + 1..=parent + 3]);
    let next = devnet.l1.head().id();
    let mut cases = Vec::new();
    let mut add = |why, change: &dyn Fn(&mut Span)| {
        let mut span = own.clone();
        change(&mut span);
        let string = batcher::span(&span, devnet.rollup()).expect("the transactions are well-formed");
        cases.push((string, why));
    };
    let epochs = |span: &mut Span, by: &dyn Fn(usize, u64) -> u64| {
        for (index, block) in span.blocks.iter_mut().enumerate() {
            block.epoch_number = by(index, block.epoch_number);
        }
    };
    add(Why::SpanParent, &|span| span.parent_check = [7; 20]);
    add(Why::SpanParent, &|span| span.parent_check = poster::check(devnet.l2[parent - 1].header.hash()));
    add(Why::SpanOriginHash, &|span| span.l1_origin_check = [7; 20]);
    add(Why::SpanOriginHash, &|span| span.l1_origin_check = poster::check(next.hash));
    add(Why::SpanEpochTooNew, &|span| epochs(span, &|_, epoch| epoch + 2));
    add(Why::SpanEpochTooOld, &|span| epochs(span, &|index, epoch| epoch - u64::from(index == 0)));
    add(Why::SpanTooLate, &|span| epochs(span, &|_, _| 0));
    add(Why::SpanMisaligned, &|span| span.blocks[0].time.0 -= 1);
    // Of more blocks than there are.
    add(Why::SpanBeforeGenesis, &|span| {
        let block = |time| SpanBlock { time, ..span.blocks[0].clone() };
        let earlier = devnet.l2[..=parent].iter().map(|own| block(L2Time(own.header.timestamp)));
        span.blocks = earlier.chain(span.blocks.clone()).collect();
    });
    // F-052 tells before Holocene, F-019 of the span's first block from Holocene.
    add(if is_strict(fork) { Why::BeforeOrigin } else { Why::SpanBeforeOrigin }, &|span| {
        epochs(span, &|_, _| next.number);
        span.l1_origin_check = poster::check(next.hash);
    });
    cases
}

/// H-010: spans in perfect order, whose transactions nobody signed, or nobody could send.
pub(super) fn nobodys_transactions(devnet: &mut Devnet, fork: Fork) {
    /// Where the columns of a span's only transaction lie, after the number of its block's transactions.
    const Y_PARITY: usize = 1;
    const R: usize = 2;
    const S: usize = R + 32;
    let changes: [fn(&mut Vec<u8>, usize); 6] = [
        |span, at| span[at + Y_PARITY] ^= 1,
        |span, at| span[at + R..at + S].fill(0),
        |span, at| span[at + R..at + S].fill(0xff),
        |span, at| span[at + S..at + S + 32].fill(0),
        |span, at| span[at + S..at + S + 32].fill(0xff),
        // Its count is the last but one column.
        |span, _| {
            let at = span.len() - 4;
            span[at] = 1;
        },
    ];
    for change in changes {
        devnet.sequence();
        let last = devnet.l2.len() - 1;
        let mut strings: Vec<_> = (first(devnet)..last).map(|block| honest(devnet, block)).collect();
        strings.push(nobodys(devnet, last, change));
        let own = devnet.l2[last].header.hash();
        let transactions = channels(devnet, [zlib(&batcher::stream(strings))]);
        let events = derive(devnet, &transactions);
        let refused = events.iter().filter(|event| matches!(event, Event::PayloadRefused { .. })).count();
        let replaced = events.iter().filter(|event| matches!(event, Event::PayloadReplaced { .. })).count();
        if is_strict(fork) {
            assert_eq!((refused, replaced, devnet.safe()), (0, 1, last as u64));
            assert_eq!(devnet.l2[last].batched().count(), 0);
        } else {
            assert_eq!((refused, replaced, devnet.safe()), (1, 0, last as u64 - 1));
            assert_eq!(devnet.l2[last].header.hash(), own, "there is time for the good one");
        }
        recover(devnet);
    }
}

/// A span of one block with one transaction, which was changed.
fn nobodys(devnet: &Devnet, block: usize, change: fn(&mut Vec<u8>, usize)) -> Vec<u8> {
    let mut span = poster::span(&devnet.l2[block - 1], &devnet.l2[block..=block]);
    span.blocks[0].transactions = Transactions::default();
    let at = batcher::span(&span, devnet.rollup()).expect("there is no transaction").len();
    span.blocks[0].transactions = [transfer(devnet, 0)].into_iter().collect();
    let mut string = batcher::span(&span, devnet.rollup()).expect("the transaction is well-formed");
    change(&mut string, at);
    string
}
