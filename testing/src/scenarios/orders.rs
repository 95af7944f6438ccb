//! Batches in every order: until Holocene all that counts is that they come, then a gap ends the channel.

use super::{
    Story,
    batches::{honest, with},
    chain, count, is_drop, is_strict, transfer,
};
use crate::{
    batcher,
    devnet::{Devnet, L2Block, config::ForkConfig, poster},
};
use Batch::{Block, Span, Twin};
use unroll_derive::event::{DropReason, Event, Fate};
use unroll_protocol::{forks::Fork, units::L1Time};

/// Batches of the next five blocks, counted from 1.
#[derive(Clone, Copy, Debug)]
enum Batch {
    /// A block's own.
    Block(usize),
    /// Another one for the block, which could be.
    Twin(usize),
    /// One from the first block to the last.
    Span(usize, usize),
}

/// What an L1 block holds, and how many of the five blocks it makes safe.
struct Case {
    what: &'static str,
    channels: &'static [&'static [Batch]],
    buffered: u64,
    strict: u64,
    /// Batches that come when their block is safe.
    past: usize,
}

const fn case(
    what: &'static str,
    channels: &'static [&'static [Batch]],
    (buffered, strict): (u64, u64),
    past: usize,
) -> Case {
    Case { what, channels, buffered, strict, past }
}

const SINGULAR: &[Case] = &[
    case("in order", &[&[Block(1), Block(2), Block(3), Block(4), Block(5)]], (5, 5), 0),
    case("a channel each", &[&[Block(1)], &[Block(2)], &[Block(3)], &[Block(4)], &[Block(5)]], (5, 5), 0),
    case("twice", &[&[Block(1), Block(1), Block(2), Block(2), Block(3), Block(4), Block(5)]], (5, 5), 2),
    case("another one later", &[&[Block(1), Twin(1), Block(2), Block(3), Block(4), Block(5)]], (5, 5), 1),
    case("backwards", &[&[Block(5), Block(4), Block(3), Block(2), Block(1)]], (5, 0), 0),
    case("without the first", &[&[Block(2), Block(3), Block(4), Block(5)]], (0, 0), 0),
    case("the first one later", &[&[Block(2), Block(3)], &[Block(1), Block(4)]], (4, 1), 0),
    case("with a gap", &[&[Block(1), Block(2), Block(4), Block(3), Block(5)]], (5, 2), 0),
    case(
        "with a gap between channels",
        &[&[Block(1), Block(2)], &[Block(4)], &[Block(3)], &[Block(5)]],
        (5, 3),
        0,
    ),
];

const SPANS: &[Case] = &[
    case("a span", &[&[Span(1, 5)]], (5, 5), 0),
    case("overlapping spans", &[&[Span(1, 3), Span(2, 5)]], (5, 5), 0),
    case("a span within", &[&[Span(1, 3), Span(1, 2), Span(4, 5)]], (5, 5), 1),
    case("a span with a batch within", &[&[Span(1, 3), Block(2), Span(4, 5)]], (5, 5), 1),
    case("spans with a gap", &[&[Span(1, 2), Span(4, 5), Span(3, 3)]], (5, 2), 0),
    case("spans backwards", &[&[Span(3, 5), Span(1, 2)]], (5, 0), 0),
    case("spans backwards, a channel each", &[&[Span(3, 5)], &[Span(1, 2)]], (5, 2), 0),
];

/// One order after another, each for the next blocks; what a bad one leaves undone is posted again (F-010, F-011, F-041, F-042, F-082,
/// F-090).
pub(super) fn holocene_batches(fork: Fork) -> Story {
    // Many blocks, which are to be quick.
    let mut devnet = chain(ForkConfig::until(fork), |config| {
        config.traffic.transactions = 1;
        config.traffic.deposits = 0;
    });
    let spans = if fork >= Fork::Delta { SPANS } else { &[] };
    for case in SINGULAR.iter().chain(spans) {
        check(&mut devnet, case, is_strict(fork));
    }
    Story::whole(devnet)
}

fn check(devnet: &mut Devnet, case: &Case, is_strict: bool) {
    let Case { what, channels, buffered, strict, past } = *case;
    devnet.sequence();
    let (before, built) = (devnet.safe(), devnet.head().header.number);
    let own: Vec<_> = devnet.l2.iter().map(|block| block.header.hash()).collect();
    let (cfg, time) = (devnet.rollup().clone(), L1Time(devnet.l1.next_time()));
    let mut transactions = Vec::new();
    for channel in channels {
        let strings: Vec<_> = channel.iter().map(|batch| batch.string(devnet, before)).collect();
        let frames = devnet.poster.channel(&cfg, time, &strings);
        transactions.extend(devnet.poster.transactions(&cfg, time, &frames));
    }
    devnet.mine(&transactions);
    let events = devnet.sync();
    assert_eq!(devnet.safe() - before, if is_strict { strict } else { buffered }, "{what}: {events:#?}");
    let early = |event: &Event| match is_strict {
        true => is_drop(event, DropReason::Future) || is_drop(event, DropReason::SpanFuture),
        false => matches!(event, Event::Batch { fate: Fate::Future, .. }),
    };
    let out_of_order = strict < 5;
    assert_eq!(count(&events, early) > 0, out_of_order, "{what}: {events:#?}");
    let flushes = count(&events, |event| matches!(event, Event::Flushed { .. }));
    assert_eq!(flushes > 0, is_strict && out_of_order, "{what}: {events:#?}");
    let l1 = devnet.l1.head().header.number;
    // F-011, F-042: it does no harm.
    let is_past = |fate: &Fate| match is_strict {
        true => *fate == Fate::Past,
        false => matches!(fate, Fate::Dropped(DropReason::Past | DropReason::SpanPast)),
    };
    let late =
        |event: &Event| matches!(event, Event::Batch { block, fate, .. } if *block == l1 && is_past(fate));
    if !out_of_order {
        assert_eq!(count(&events, late), past, "{what}: {events:#?}");
    }
    devnet.poster.next = devnet.safe() + 1;
    devnet.advance();
    devnet.sync();
    assert!(devnet.safe() >= built, "{what}");
    assert!(devnet.l2.iter().zip(own).all(|(block, own)| block.header.hash() == own), "{what}");
}

impl Batch {
    /// The batch string, where so many blocks are there before.
    fn string(self, devnet: &Devnet, before: u64) -> Vec<u8> {
        let before = usize::try_from(before).expect("small");
        match self {
            Block(block) => honest(devnet, before + block),
            Twin(block) => with(devnet, before + block, transfer(devnet, 0)),
            Span(first, last) => {
                let blocks: &[L2Block] = &devnet.l2[before + first..=before + last];
                let span = poster::span(&devnet.l2[before + first - 1], blocks);
                batcher::span(&span, devnet.rollup()).expect("the transactions are well-formed")
            }
        }
    }
}
