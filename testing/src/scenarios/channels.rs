//! Channels that are late, torn, mixed up, or nonsense.

use super::{Story, at, at_with_blobs, batches::with, chain, expect, transfer};
use crate::{
    batcher,
    devnet::{
        Devnet,
        config::{BatchKind, ForkConfig},
        keys::Key,
    },
};
use alloy_primitives::Bytes;
use unroll_derive::event::{ChannelDrop, Event, FrameDrop};
use unroll_proof::claim::Outcome;
use unroll_protocol::{
    channel::FrameRejection, forks::Fork, frame::Frame, l1_transaction::IgnoredTransaction,
    system_config::ConfigUpdate, units::L1Time,
};

/// L1 changes the batcher: its block takes the new one's data already, and the old one's no more (A-040, B-010).
pub(super) fn batcher_change(fork: Fork) -> Story {
    let mut devnet = at_with_blobs(fork);
    devnet.advance();
    devnet.sequence();
    let first = devnet.poster.next;
    let stale = devnet.post();
    devnet.poster.key = Key::new(0xba7d);
    devnet.poster.nonce = 0;
    let update = crate::devnet::events::config_update(&ConfigUpdate::Batcher(devnet.poster.key.address));
    let chain_id = devnet.config.l1.chain_id;
    let mut transactions = vec![devnet.traffic.l1_transaction(chain_id, &mut devnet.l1_nonce, vec![update])];
    transactions.extend(stale);
    devnet.mine(&transactions);
    devnet.poster.next = first;
    devnet.advance_to(20);
    let events = devnet.sync();
    expect(&events, "change", |event| matches!(event, Event::BatcherChanged { .. }));
    expect(&events, "stale data", |event| {
        matches!(event, Event::TransactionIgnored { why: IgnoredTransaction::Sender(_), .. })
    });
    assert!(devnet.safe() >= 20);
    // The claim begins after the change, so that the batcher is found in the agreed block.
    let agreed = devnet.safe() - 4;
    let safe = devnet.safe();
    Story::new(devnet, agreed, safe, Outcome::Right)
}

/// The last frame of a channel comes too late (D-002, D-013, D-024).
pub(super) fn timeout(fork: Fork) -> Story {
    let timeout = if fork >= Fork::Granite { 50 } else { 12 };
    let mut devnet = chain(ForkConfig::until(fork), |config| {
        config.l2.block_time = 12;
        config.l2.seq_window_size = 100;
        config.l2.channel_timeout = 12;
        config.traffic.transactions = 2;
        config.traffic.deposits = 100;
    });
    for _ in 0..3 {
        devnet.sequence();
        devnet.mine(&[]);
    }
    devnet.sequence();
    devnet.poster.config.frame_bytes = 40;
    let parts = devnet.post();
    devnet.poster.config.frame_bytes = 100_000;
    assert!(parts.len() > 1, "the channel has several frames");
    devnet.mine(&parts[..1]);
    for _ in 0..=timeout {
        devnet.sequence();
        devnet.mine(&[]);
    }
    devnet.mine(&parts[1..]);
    devnet.poster.next = 1;
    let last = devnet.head().header.number;
    devnet.advance_to(last + 1);
    if fork < Fork::Canyon {
        // The late frame opened its channel anew, and nothing behind it is read before that times out too (D-014).
        (0..=timeout).for_each(|_| devnet.advance());
    }
    let events = devnet.sync();
    let late = |event: &Event| {
        let frame =
            matches!(event, Event::FrameDropped { why: FrameDrop::TimedOut | FrameDrop::NoChannel, .. });
        frame || matches!(event, Event::ChannelDropped { why: ChannelDrop::TimedOut, .. })
    };
    expect(&events, "timeout", late);
    assert!(devnet.safe() > last);
    Story::whole(devnet)
}

/// L1 has nothing for the block after the agreed one: nothing is derived, and the true claim is the agreed root (J-021). Block 10
/// is built, and a frame of its channel posted, but not the last one.
pub(super) fn end_of_source(fork: Fork) -> Story {
    let mut devnet = at(fork);
    devnet.advance_to(10);
    devnet.sync();
    let safe = devnet.safe();
    devnet.sequence();
    devnet.poster.config.frame_bytes = 60;
    let parts = devnet.post();
    assert!(parts.len() > 1, "the channel has several frames");
    devnet.mine(&parts[..1]);
    let events = devnet.sync();
    expect(&events, "channel", |event| matches!(event, Event::ChannelOpened { .. }));
    assert_eq!(devnet.safe(), safe, "half a channel is nothing");
    Story::new(devnet, safe, safe + 1, Outcome::RightAtEnd)
}

/// An order in which the frames of a channel come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Straight,
    /// Each frame twice but the last one, which would open the channel anew when it has been read.
    Twice,
    Reversed,
    /// The first frame an L1 block after the others.
    FirstLater,
    /// A frame that opens nothing alone before; then the third one and the first one again before the second one.
    Mixed,
}

/// Frames in any order and twice: until Holocene all that counts is that they come, then what does not follow is dropped (C-011,
/// C-013, D-022).
pub(super) fn holocene_frame(fork: Fork) -> Story {
    let mut devnet = chain(ForkConfig::until(fork), |config| config.traffic.transactions = 6);
    let mut events = Vec::new();
    for order in [Order::Straight, Order::Twice, Order::Reversed, Order::FirstLater, Order::Mixed] {
        devnet.sequence();
        let (first, head) = (devnet.poster.next, devnet.head().header.number);
        for payloads in ordered(&mut devnet, order) {
            let transactions: Vec<_> = payloads
                .into_iter()
                .map(|payload| devnet.poster.calldata(&devnet.genesis.config, payload))
                .collect();
            devnet.mine(&transactions);
        }
        events.extend(devnet.sync());
        let arrives = !super::is_strict(fork) || !matches!(order, Order::Reversed | Order::FirstLater);
        assert_eq!(devnet.safe(), if arrives { head } else { first - 1 }, "{order:?}");
        // Once more, as it should be.
        devnet.poster.next = if arrives { head + 1 } else { first };
        devnet.advance();
        events.extend(devnet.sync());
        assert!(devnet.safe() >= head, "{order:?}");
    }
    let dropped = |wanted: fn(&FrameDrop) -> bool| move |event: &Event| matches!(event, Event::FrameDropped { why, .. } if wanted(why));
    if super::is_strict(fork) {
        let opens_nothing = |why: &FrameDrop| matches!(why, FrameDrop::NotFirst | FrameDrop::NoChannel);
        expect(&events, "frame that opens nothing", dropped(opens_nothing));
        expect(&events, "frame out of order", dropped(|why| *why == FrameDrop::OutOfOrder));
    } else {
        let twice = |why: &FrameDrop| matches!(why, FrameDrop::Rejected(FrameRejection::Duplicate(_)));
        expect(&events, "frame that comes twice", dropped(twice));
    }
    Story::whole(devnet)
}

/// The frames of everything that was not posted yet, as the payloads of L1 blocks.
fn ordered(devnet: &mut Devnet, order: Order) -> Vec<Vec<Bytes>> {
    let cfg = devnet.rollup().clone();
    let time = L1Time(devnet.l1.next_time());
    let from = usize::try_from(devnet.poster.next).expect("small");
    let batches = devnet.poster.batches(&cfg, &devnet.l1, &devnet.l2, from..devnet.l2.len());
    devnet.poster.config.frame_bytes = 60;
    let frames = devnet.poster.channel(&cfg, time, &batches);
    devnet.poster.config.frame_bytes = 100_000;
    assert!(frames.len() >= 3, "the channel has several frames");
    let payload = |frames: &[Frame]| batcher::payload(frames);
    match order {
        Order::Straight => vec![vec![payload(&frames)]],
        Order::Twice => {
            let twice = |frame: &Frame| vec![frame.clone(); if frame.is_last { 1 } else { 2 }];
            let twice: Vec<_> = frames.iter().flat_map(twice).collect();
            vec![vec![payload(&twice)]]
        }
        Order::Reversed => {
            let reversed: Vec<_> = frames.into_iter().rev().collect();
            vec![vec![payload(&reversed)]]
        }
        Order::FirstLater => vec![vec![payload(&frames[1..])], vec![payload(&frames[..1])]],
        Order::Mixed => {
            // The first frame of a payload is judged against nothing (C-014), so the one that opens nothing comes alone.
            let mut mixed = vec![frames[0].clone(), frames[2].clone(), frames[0].clone()];
            mixed.extend_from_slice(&frames[1..]);
            vec![vec![payload(&frames[1..2]), payload(&mixed)]]
        }
    }
}

/// A channel that was opened before the agreed block's L1 origin holds the blocks after it (H-030): written as a batcher that
/// compresses as it goes would.
pub(super) fn l1_lookback(fork: Fork) -> Story {
    let mut devnet = at(fork);
    devnet.poster.config.batch = BatchKind::Singular;
    devnet.sequence();
    let cfg = devnet.rollup().clone();
    let id = devnet.poster.new_channel();
    let strings = |devnet: &Devnet, from: usize| {
        let batches = devnet.poster.batches(&cfg, &devnet.l1, &devnet.l2, from..devnet.l2.len());
        batcher::stream(batches)
    };
    let early = strings(&devnet, 1);
    let first = Frame { channel: id, number: 0, data: open_stored(&early).into(), is_last: false };
    let opening = devnet.poster.calldata(&cfg, batcher::payload(&[first]));
    let next = devnet.l2.len();
    devnet.mine(&[opening]);
    for _ in 0..2 {
        devnet.sequence();
        devnet.mine(&[]);
    }
    devnet.sequence();
    let late = strings(&devnet, next);
    let last = Frame { channel: id, number: 1, data: close_stored(&early, &late).into(), is_last: true };
    let closing = devnet.poster.calldata(&cfg, batcher::payload(&[last]));
    devnet.poster.next = devnet.l2.len() as u64;
    let head = devnet.head().header.number;
    devnet.mine(&[closing]);
    devnet.sync();
    assert_eq!(devnet.safe(), head);
    let agreed = head - 2;
    let origin = devnet.l2[usize::try_from(agreed).expect("small")].l1_origin.number;
    assert!(origin > 1, "the channel was opened in L1 block 1");
    Story::new(devnet, agreed, head, Outcome::Right)
}

/// The same where a channel of that name was there before, with a lie in it: it timed out, and was opened anew before the agreed
/// block's L1 origin (C-006, D-002).
pub(super) fn l1_lookback_reopened(fork: Fork) -> Story {
    let timeout = if fork >= Fork::Granite { 50 } else { 12 };
    let mut devnet = chain(ForkConfig::until(fork), |config| {
        config.l2.block_time = 12;
        config.l2.seq_window_size = 100;
        config.l2.channel_timeout = 12;
        config.batcher.batch = BatchKind::Singular;
        config.traffic.transactions = 1;
        config.traffic.deposits = 100;
    });
    devnet.mine(&[]);
    devnet.sequence();
    let cfg = devnet.rollup().clone();
    let channel = devnet.poster.new_channel();
    let frame = |number: u16, data: Vec<u8>| {
        batcher::payload(&[Frame { channel, number, data: data.into(), is_last: number > 0 }])
    };
    let lie = batcher::stream([with(&devnet, 1, transfer(&devnet, 0))]);
    let opening = devnet.poster.calldata(&cfg, frame(0, open_stored(&lie)));
    let opened = devnet.mine(&[opening]).header.number;
    for _ in 0..timeout {
        devnet.sequence();
        devnet.mine(&[]);
    }
    devnet.sequence();
    let built = devnet.l2.len();
    let early = batcher::stream(devnet.poster.batches(&cfg, &devnet.l1, &devnet.l2, 1..built));
    let opening = devnet.poster.calldata(&cfg, frame(0, open_stored(&early)));
    let reopened = devnet.mine(&[opening]).header.number;
    assert_eq!(reopened, opened + timeout + 1, "no sooner than it must be");
    for _ in 0..3 {
        devnet.sequence();
        devnet.mine(&[]);
    }
    let late = batcher::stream(devnet.poster.batches(&cfg, &devnet.l1, &devnet.l2, built..devnet.l2.len()));
    let closing = devnet.poster.calldata(&cfg, frame(1, close_stored(&early, &late)));
    devnet.poster.next = devnet.l2.len() as u64;
    let (head, own) = (devnet.head().header.number, devnet.head().header.hash());
    devnet.mine(&[closing]);
    let events = devnet.sync();
    expect(&events, "timeout", |event| {
        matches!(
            event,
            Event::ChannelDropped { why: ChannelDrop::TimedOut | ChannelDrop::StagedTimedOut, .. }
        )
    });
    assert_eq!((devnet.safe(), devnet.head().header.hash()), (head, own), "the lie does not count");
    let agreed = head - 1;
    let origin = devnet.l2[usize::try_from(agreed).expect("small")].l1_origin.number;
    assert!(origin > reopened && origin - timeout > opened, "a proof sees the second opening alone");
    Story::new(devnet, agreed, head, Outcome::Right)
}

/// The begin of a zlib stream that stores `data` as it is (RFC 1950, RFC 1951, 3.2.4).
pub(super) fn open_stored(data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    stored_block(data, false, &mut out);
    out
}

/// The rest of the stream that began with `before`: another stored block, and the checksum of both.
fn close_stored(before: &[u8], data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    stored_block(data, true, &mut out);
    let (mut a, mut b) = (1u32, 0u32);
    for byte in before.iter().chain(data) {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    out.extend((b << 16 | a).to_be_bytes());
    out
}

pub(super) fn stored_block(data: &[u8], is_last: bool, out: &mut Vec<u8>) {
    let length = u16::try_from(data.len()).expect("the stories are short");
    out.push(u8::from(is_last));
    out.extend(length.to_le_bytes());
    out.extend((!length).to_le_bytes());
    out.extend(data);
}
