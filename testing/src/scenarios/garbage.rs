//! Every kind of nonsense in the batcher's own name, layer by layer, and between it what counts.

mod batches;
mod verdicts;

use super::{
    Story, chain,
    channels::{open_stored, stored_block},
};
use crate::{
    batcher::{self, Compression},
    devnet::{Devnet, config::ForkConfig, l1::L1Transaction, poster},
};
use alloy_primitives::Bytes;
use unroll_derive::event::Event;
use unroll_protocol::{
    compression::{CompressionError, Corruption, StreamEnd},
    forks::{DerivationRules, Fork},
    frame::{Frame, FrameError, MAX_FRAME_BYTES},
    reader::ReadError,
    units::L1Time,
};

/// Payloads that hold no frames, channels that hold no stream, streams that hold no batches, batches that may not be, and batches
/// whose transactions are nobody's.
pub(super) fn garbage(fork: Fork) -> Story {
    let mut devnet = chain(ForkConfig::until(fork), |config| {
        config.traffic.transactions = 1;
        config.traffic.deposits = 100;
        config.l2.block_time = 3; // fewer blocks
        config.l2.seq_window_size = 5; // so that a batch can be too late
    });
    payloads(&mut devnet);
    streams(&mut devnet);
    batches::unreadable(&mut devnet);
    verdicts::dropped(&mut devnet, fork);
    if fork >= Fork::Delta {
        verdicts::nobodys_transactions(&mut devnet, fork);
    }
    Story::whole(devnet)
}

/// The number of the first block that is not safe yet.
fn first(devnet: &Devnet) -> usize {
    usize::try_from(devnet.safe()).expect("the chain is short") + 1
}

fn rules(devnet: &Devnet) -> &'static DerivationRules {
    devnet.rollup().forks.derivation(L1Time(devnet.l1.next_time()))
}

/// Mines an L1 block of these transactions, and derives. What happened in that block alone.
fn derive(devnet: &mut Devnet, transactions: &[L1Transaction]) -> Vec<Event> {
    let number = devnet.mine(transactions).header.number;
    let mut events = devnet.sync();
    events.retain(|event| match event {
        Event::PayloadIgnored { block, .. }
        | Event::ChannelUnreadable { block, .. }
        | Event::ChannelCut { block, .. }
        | Event::BatchUnreadable { block, .. }
        | Event::Batch { block, .. }
        | Event::Flushed { block } => *block == number,
        Event::PayloadRefused { .. } | Event::PayloadReplaced { .. } => true,
        _ => false,
    });
    events
}

/// A transaction with a channel of its own for each of these, which are compressed already.
fn channels(devnet: &mut Devnet, contents: impl IntoIterator<Item = Vec<u8>>) -> [L1Transaction; 1] {
    let poster = &mut devnet.poster;
    let channel = |content| batcher::frames(poster.new_channel(), &Bytes::from(content), 100_000);
    let frames: Vec<Frame> = contents.into_iter().flat_map(channel).collect();
    [poster.calldata(&devnet.genesis.config, batcher::payload(&frames))]
}

fn zlib(stream: &[u8]) -> Vec<u8> {
    batcher::compress(stream, Compression::Zlib(5))
}

/// What was not safe before is posted as it should be, and all of it counts.
fn recover(devnet: &mut Devnet) {
    devnet.poster.next = devnet.safe() + 1;
    devnet.advance();
    devnet.sync();
    assert_eq!(devnet.safe(), devnet.head().header.number);
}

/// B-040, B-041, C-002 to C-005: what no frames can be read from is ignored, all of it.
fn payloads(devnet: &mut Devnet) {
    devnet.sequence();
    let cfg = devnet.rollup().clone();
    let own = devnet.post()[0].envelope.clone();
    let own = alloy_consensus::Transaction::input(&own).to_vec();
    let frame = Frame {
        channel: devnet.poster.new_channel(),
        number: 0,
        data: Bytes::from_static(b"nonsense"),
        is_last: true,
    };
    let good = batcher::payload(std::slice::from_ref(&frame)).to_vec();
    let changed = |at: usize, bytes: &[u8]| {
        let mut out = good.clone();
        out[at..at + bytes.len()].copy_from_slice(bytes);
        out
    };
    let end = |wanted, left| FrameError::Truncated(ReadError::End { wanted, left });
    let length = |length: u32| changed(1 + 16 + 2, &length.to_be_bytes());
    let most = u32::try_from(MAX_FRAME_BYTES).expect("it is a million");
    let last = good.len() - 1;
    let cases = [
        (Vec::new(), FrameError::Empty),
        (vec![0], FrameError::NoFrames),
        (changed(0, &[1]), FrameError::AltDa),
        (changed(0, &[2]), FrameError::Version(2)),
        (vec![0xff; 50], FrameError::Version(0xff)),
        (good[..10].to_vec(), end(16, 9)),
        (good[..last].to_vec(), end(1, 0)),
        ([&good[..], &[0]].concat(), end(16, 1)),
        (length(9), end(1, 0)),
        (length(7), FrameError::IsLast(b'e')),
        (length(0), FrameError::IsLast(b'n')),
        (length(most), end(MAX_FRAME_BYTES, 9)),
        (length(most + 1), FrameError::TooLong(most + 1)),
        (length(u32::MAX), FrameError::TooLong(u32::MAX)),
        (changed(last, &[2]), FrameError::IsLast(2)),
        (changed(last, &[0xff]), FrameError::IsLast(0xff)),
        // C-005: the frames before the bad one, which hold what is to come, are lost with it.
        ([&own[..], &changed(last, &[2])[1..]].concat(), FrameError::IsLast(2)),
    ];
    let (payloads, expected): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    let transactions: Vec<_> =
        payloads.into_iter().map(|payload| devnet.poster.calldata(&cfg, payload.into())).collect();
    let events = derive(devnet, &transactions);
    let ignored: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::PayloadIgnored { why, .. } => Some(*why),
            _ => None,
        })
        .collect();
    assert_eq!((ignored, devnet.safe()), (expected, 0));
    let own = devnet.poster.calldata(&cfg, own.into());
    derive(devnet, &[own]);
    assert!(devnet.safe() > 0, "the payload that was lost before");
    recover(devnet);
}

/// What comes of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decoded {
    /// Nothing (E-001 to E-003).
    Nothing(CompressionError),
    /// What lies before the fault (E-004).
    Some(StreamEnd),
}

/// Channels that are no streams, and streams that break off behind a batch, which counts.
fn streams(devnet: &mut Devnet) {
    devnet.sequence();
    let first = first(devnet);
    let stream = |more: usize| {
        let batch = batcher::singular(&poster::singular(&devnet.l2[first + more]));
        batcher::stream([batch])
    };
    let whole = zlib(&stream(0));
    let header = |bytes: [u8; 2]| ([&bytes, &whole[2..]].concat(), bytes);
    let mut cases = vec![
        (Vec::new(), Decoded::Nothing(CompressionError::Empty)),
        (vec![0; 50], Decoded::Nothing(CompressionError::UnknownFormat(0))),
        ([&[0x11], &whole[..]].concat(), Decoded::Nothing(CompressionError::UnknownFormat(0x11))),
    ];
    // Wrong check bits, a preset dictionary, a window that is too large, methods that do not exist.
    for (content, bytes) in [[0x78, 0x02], [0x78, 0x20], [0x88, 0x1c], [0x0f, 0x00], [0x7f, 0x01]].map(header)
    {
        cases.push((content, Decoded::Nothing(CompressionError::ZlibHeader(bytes))));
    }
    let brotli = batcher::compress(&stream(0), Compression::Brotli(5));
    if rules(devnet).brotli {
        cases.push((vec![1], Decoded::Some(StreamEnd::Truncated)));
        cases.push((vec![1; 50], Decoded::Some(StreamEnd::Corrupt(Corruption::Brotli))));
    } else {
        cases.push((brotli, Decoded::Nothing(CompressionError::BrotliInactive)));
    }
    // The first block is cut within its batch; then four blocks stand, whatever is wrong behind them.
    cases.push((whole[..whole.len() - 20].to_vec(), Decoded::Some(StreamEnd::Truncated)));
    cases.push((whole[..whole.len() - 4].to_vec(), Decoded::Some(StreamEnd::Truncated)));
    let mut checksum = zlib(&stream(1));
    *checksum.last_mut().expect("it has a checksum") ^= 1;
    cases.push((checksum, Decoded::Some(StreamEnd::Corrupt(Corruption::Checksum))));
    // A block of the reserved type, and one whose length is not what its complement says (RFC 1951, 3.2.3 and 3.2.4).
    let mut deflate = open_stored(&stream(2));
    deflate.push(7);
    cases.push((deflate, Decoded::Some(StreamEnd::Corrupt(Corruption::Deflate))));
    let mut deflate = open_stored(&stream(3));
    let at = deflate.len();
    stored_block(b"nonsense", true, &mut deflate);
    deflate[at + 1] ^= 1;
    cases.push((deflate, Decoded::Some(StreamEnd::Corrupt(Corruption::Deflate))));
    let (contents, expected): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    let transactions = channels(devnet, contents);
    let events = derive(devnet, &transactions);
    let decoded: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::ChannelUnreadable { why, .. } => Some(Decoded::Nothing(*why)),
            Event::ChannelCut { end, .. } => Some(Decoded::Some(*end)),
            _ => None,
        })
        .collect();
    assert_eq!((decoded, devnet.safe()), (expected, first as u64 + 3));
    recover(devnet);
}
