//! Batches that cannot be read, and such as only look it.

use super::{channels, derive, first, recover, rules, zlib};
use crate::{
    batcher,
    devnet::{Devnet, poster},
    scenarios::batches::honest,
};
use alloy_rlp::Encodable;
use unroll_derive::event::Event;
use unroll_protocol::{
    batch::{BatchError, MAX_SPAN_ELEMENTS, RebuildFault, SpanFault},
    reader::ReadError,
};

/// E-020 to E-053: a channel for each bad batch, with the next block's own batch behind it. That one counts where only the bad one
/// is dropped (E-026, E-027), and is lost where the rest of the channel is (E-022, E-023).
pub(super) fn unreadable(devnet: &mut Devnet) {
    devnet.sequence();
    let first = first(devnet);
    let mut cases = streams();
    cases.extend(singulars(&honest(devnet, first)));
    cases.extend(spans().into_iter().chain(transactions()).map(|(string, why)| {
        let inactive = !rules(devnet).span_batches && matches!(why, BatchError::Rebuild(_));
        (batcher::stream([string]), if inactive { BatchError::SpanInactive } else { why })
    }));
    let behind = batcher::stream([honest(devnet, first)]);
    let (bad, expected): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    let contents = bad.into_iter().map(|bad| zlib(&[&bad[..], &behind].concat()));
    let transactions = channels(devnet, contents);
    let events = derive(devnet, &transactions);
    let whys = events.iter().filter_map(|event| match event {
        Event::BatchUnreadable { why, .. } => Some(*why),
        _ => None,
    });
    assert_eq!(whys.collect::<Vec<_>>(), expected);
    let going_on =
        expected.iter().filter(|why| matches!(why, BatchError::SpanInactive | BatchError::Rebuild(_)));
    let read = events.iter().filter(|event| matches!(event, Event::Batch { .. })).count();
    assert_eq!((read, devnet.safe()), (going_on.count(), first as u64), "{events:#?}");
    lenient(devnet);
    recover(devnet);
}

/// Batch strings that are none (E-021, E-022), and such that say nothing (E-023, E-025).
fn streams() -> Vec<(Vec<u8>, BatchError)> {
    use alloy_rlp::Error;
    let rlp = |error| BatchError::Stream(ReadError::Rlp(error));
    vec![
        (vec![0xc2, 1, 2], BatchError::Stream(ReadError::Kind { list: true })),
        (vec![0x81, 1], rlp(Error::NonCanonicalSingleByte)),
        ([&[0xb8, 55][..], &[1; 55]].concat(), rlp(Error::NonCanonicalSize)),
        ([&[0xb9, 0, 60][..], &[1; 60]].concat(), rlp(Error::LeadingZero)),
        (vec![0xbb, 0xff, 0xff, 0xff, 0xff, 1], rlp(Error::InputTooShort)),
        (vec![0xbf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], rlp(Error::InputTooShort)),
        (vec![0x80], BatchError::Empty),
        (vec![2], BatchError::Version(2)),
        (vec![0x81, 0xff], BatchError::Version(0xff)),
        (batcher::stream([[9, 9, 9]]), BatchError::Version(9)),
    ]
}

/// Singular batches (E-030).
fn singulars(good: &[u8]) -> Vec<(Vec<u8>, BatchError)> {
    use alloy_rlp::Error;
    let list = |items: &[&[u8]]| {
        let mut out = vec![0];
        let payload = items.concat();
        alloy_rlp::Header { list: true, payload_length: payload.len() }.encode(&mut out);
        out.extend(payload);
        out
    };
    let hash: &[u8] = &[&[0xa0][..], &[7; 32]].concat();
    let short: &[u8] = &[&[0x9f][..], &[7; 31]].concat();
    let [zero, none]: [&[u8]; 2] = [&[0x80], &[0xc0]];
    let long: &[u8] = &[0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    let version_twice = [&[0], good].concat();
    let wrapped = {
        let mut out = vec![0];
        good[1..].encode(&mut out);
        out
    };
    let kind = |list| ReadError::Kind { list };
    let rlp = ReadError::Rlp;
    let cases = [
        (vec![0], rlp(Error::InputTooShort)),
        (version_twice, kind(false)),
        (wrapped, kind(false)),
        (good[..good.len() - 1].to_vec(), rlp(Error::InputTooShort)),
        (list(&[]), rlp(Error::InputTooShort)),
        (list(&[short, zero, hash, zero, none]), rlp(Error::UnexpectedLength)),
        (list(&[hash, &[0], hash, zero, none]), rlp(Error::LeadingZero)),
        (list(&[hash, long, hash, zero, none]), rlp(Error::Overflow)),
        (list(&[hash, zero, none, zero, none]), kind(true)),
        (list(&[hash, zero, hash, none, none]), kind(true)),
        (list(&[hash, zero, hash, zero]), rlp(Error::InputTooShort)),
        (list(&[hash, zero, hash, zero, zero]), kind(false)),
        (list(&[hash, zero, hash, zero, &[0xc1, 0xc0]]), kind(true)),
        (list(&[hash, zero, hash, zero, none, zero]), ReadError::Trailing(1)),
    ];
    cases.map(|(string, why)| (batcher::stream([string]), BatchError::Singular(why))).into()
}

/// The columns of a span of two blocks, of which the first one has a transaction of type 0 and one of type 2 (E-040, E-045).
#[derive(Clone)]
struct Raw {
    rel_timestamp: Vec<u8>,
    l1_origin_number: Vec<u8>,
    checks: Vec<u8>,
    block_count: Vec<u8>,
    origin_bits: Vec<u8>,
    tx_counts: Vec<u8>,
    creations: Vec<u8>,
    y_parities: Vec<u8>,
    signatures: Vec<u8>,
    recipients: Vec<u8>,
    datas: [Vec<u8>; 2],
    nonces: Vec<u8>,
    gases: Vec<u8>,
    protections: Vec<u8>,
}

impl Raw {
    fn new() -> Self {
        Self {
            rel_timestamp: vec![2],
            l1_origin_number: vec![1],
            checks: vec![7; 40],
            block_count: vec![2],
            origin_bits: vec![0b10],
            tx_counts: vec![2, 0],
            creations: vec![0],
            y_parities: vec![0b11],
            signatures: vec![7; 2 * 64],
            recipients: vec![7; 2 * 20],
            datas: [vec![0xc3, 0x80, 0x80, 0x80], vec![2, 0xc5, 0x80, 0x80, 0x80, 0x80, 0xc0]],
            nonces: vec![0, 0],
            gases: vec![0, 0],
            protections: vec![1],
        }
    }

    fn string(self) -> Vec<u8> {
        let [first, second] = self.datas;
        [
            vec![1],
            self.rel_timestamp,
            self.l1_origin_number,
            self.checks,
            self.block_count,
            self.origin_bits,
            self.tx_counts,
            self.creations,
            self.y_parities,
            self.signatures,
            self.recipients,
            first,
            second,
            self.nonces,
            self.gases,
            self.protections,
        ]
        .concat()
    }
}

fn uvarint(value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    batcher::uvarint(value, &mut out);
    out
}

/// Columns that are cut short, padded, or absurd (E-041 to E-046).
fn spans() -> Vec<(Vec<u8>, BatchError)> {
    use alloy_rlp::Error;
    let end = |wanted, left| SpanFault::Read(ReadError::End { wanted, left });
    let rlp = |error| SpanFault::Read(ReadError::Rlp(error));
    let whole = Raw::new().string();
    let cut = |to: usize, why| (whole[..to].to_vec(), why);
    let most = MAX_SPAN_ELEMENTS as u64;
    let mut cases = vec![
        cut(1, end(1, 0)),
        cut(22, end(20, 19)),
        cut(42, end(20, 19)),
        cut(43, end(1, 0)),
        cut(44, end(1, 0)),
        cut(46, end(1, 0)),
        cut(47, end(1, 0)),
        cut(48, end(1, 0)),
        cut(176, end(128, 127)),
        cut(216, end(40, 39)),
        cut(217, rlp(Error::InputTooShort)),
        cut(220, rlp(Error::InputTooShort)),
        cut(222, rlp(Error::InputTooShort)),
        cut(229, end(1, 0)),
        cut(231, end(1, 0)),
        cut(whole.len() - 1, end(1, 0)),
    ];
    let mut add = |why, change: &dyn Fn(&mut Raw)| cases.push((raw(change), why));
    add(SpanFault::BlockCount(0), &|raw| raw.block_count = vec![0]);
    add(SpanFault::BlockCount(most + 1), &|raw| raw.block_count = uvarint(most + 1));
    add(SpanFault::BlockCount(u64::MAX), &|raw| raw.block_count = uvarint(u64::MAX));
    // As many as there may be: their origin bits alone would be longer than what is there.
    add(end(MAX_SPAN_ELEMENTS / 8, whole.len() - 44), &|raw| raw.block_count = uvarint(most));
    add(SpanFault::Padding(2), &|raw| raw.origin_bits = vec![0b110]);
    add(SpanFault::Padding(2), &|raw| raw.creations = vec![0x80]);
    add(SpanFault::Padding(2), &|raw| raw.y_parities = vec![0xff]);
    add(SpanFault::Padding(1), &|raw| raw.protections = vec![0b11]);
    add(SpanFault::TransactionCount(most + 1), &|raw| raw.tx_counts = [uvarint(most + 1), vec![0]].concat());
    add(SpanFault::TransactionCount(1), &|raw| raw.tx_counts = [uvarint(most), vec![1]].concat());
    add(SpanFault::TransactionCount(u64::MAX), &|raw| raw.tx_counts = [vec![1], uvarint(u64::MAX)].concat());
    add(end(MAX_SPAN_ELEMENTS / 8, whole.len() - 47), &|raw| {
        raw.tx_counts = [uvarint(most), vec![0]].concat()
    });
    let varint = SpanFault::Read(ReadError::Varint);
    let long = || [vec![0xff; 9], vec![2]].concat();
    add(varint, &|raw| raw.rel_timestamp = long());
    add(varint, &|raw| raw.l1_origin_number = vec![0x80; 11]);
    add(varint, &|raw| raw.tx_counts = [vec![2], long()].concat());
    add(varint, &|raw| raw.nonces = [vec![0], long()].concat());
    add(varint, &|raw| raw.gases = [long(), vec![0]].concat());
    // F-023: an empty transaction, as far as a span can hold one.
    add(SpanFault::NotAList(0), &|raw| raw.datas[0] = vec![0x80]);
    add(SpanFault::NotAList(1), &|raw| raw.datas[1] = vec![2, 0x83, 1, 2, 3]);
    add(SpanFault::NotAList(1), &|raw| raw.datas[1] = vec![2, 2]);
    add(rlp(Error::NonCanonicalSize), &|raw| raw.datas[0] = vec![0xf8, 3, 0x80, 0x80, 0x80]);
    add(rlp(Error::InputTooShort), &|raw| raw.datas[0] = vec![0xfb, 0xff, 0xff, 0xff, 0xff]);
    cases.into_iter().map(|(string, why)| (string, BatchError::Span(why))).collect()
}

/// Columns of which no transactions, or no blocks, can be made (E-047, E-048, E-051, E-052).
fn transactions() -> Vec<(Vec<u8>, BatchError)> {
    use alloy_rlp::Error;
    let fields = |index, fault| RebuildFault::Fields { index, fault };
    let rlp = ReadError::Rlp;
    let list = |kind: &[u8], items: &[u8]| {
        let length = 0xc0 + u8::try_from(items.len()).expect("short");
        [kind, &[length], items].concat()
    };
    let mut cases = Vec::new();
    let mut add = |why, change: &dyn Fn(&mut Raw)| cases.push((raw(change), BatchError::Rebuild(why)));
    // Blobs, what is not there yet, deposits (which so never come to F-023), and legacy with a type byte, which other formats do not
    // have.
    for kind in [0, 3, 5, 0x7d, 0x7e, 0x7f] {
        add(RebuildFault::Kind { index: 1, kind }, &|raw| {
            raw.datas[1] = list(&[kind], &[0x80, 0x80, 0x80, 0x80, 0xc0]);
            // That one is counted among those of type 0 all the same.
            raw.protections = vec![0b11 >> u8::from(kind != 0)];
        });
    }
    add(fields(0, rlp(Error::InputTooShort)), &|raw| raw.datas[0] = list(&[], &[]));
    add(fields(0, rlp(Error::InputTooShort)), &|raw| raw.datas[0] = list(&[], &[0x80, 0x80]));
    add(fields(0, ReadError::Trailing(1)), &|raw| raw.datas[0] = list(&[], &[0x80; 4]));
    add(fields(0, rlp(Error::LeadingZero)), &|raw| raw.datas[0] = list(&[], &[0, 0x80, 0x80]));
    add(fields(0, ReadError::Kind { list: true }), &|raw| raw.datas[0] = list(&[], &[0x80, 0x80, 0xc0]));
    add(fields(1, ReadError::Kind { list: false }), &|raw| raw.datas[1] = list(&[2], &[0x80; 5]));
    add(fields(1, ReadError::Kind { list: false }), &|raw| {
        raw.datas[1] = list(&[2], &[0x80, 0x80, 0x80, 0x80, 0xc1, 0x80]);
    });
    // The fields of type 2 under type 1, and the other way round.
    add(fields(1, ReadError::Kind { list: false }), &|raw| raw.datas[1][0] = 1);
    add(fields(1, ReadError::Kind { list: true }), &|raw| {
        raw.datas[1] = list(&[2], &[0x80, 0x80, 0x80, 0xc0]);
    });
    let set_code = |raw: &mut Raw| raw.datas[1] = list(&[4], &[0x80, 0x80, 0x80, 0x80, 0xc0, 0xc0]);
    add(RebuildFault::NoRecipient { index: 1 }, &|raw| {
        set_code(raw);
        (raw.creations, raw.recipients) = (vec![0b10], vec![7; 20]);
    });
    add(fields(1, rlp(Error::InputTooShort)), &|raw| raw.datas[1][0] = 4);
    cases
}

fn raw(change: &dyn Fn(&mut Raw)) -> Vec<u8> {
    let mut raw = Raw::new();
    change(&mut raw);
    raw.string()
}

/// What looks like nonsense and is none: bytes behind a batch's content (E-024, E-053), and numbers that are longer than need be
/// (E-041).
fn lenient(devnet: &mut Devnet) {
    devnet.sequence();
    let first = first(devnet);
    let mut strings = vec![[&honest(devnet, first)[..], b"nonsense"].concat()];
    let mut safe = first;
    if rules(devnet).span_batches {
        let blocks = poster::span(&devnet.l2[first], &devnet.l2[first + 1..=first + 4]);
        let mut span = batcher::span(&blocks, devnet.rollup()).expect("the transactions are well-formed");
        let end = 1 + span[1..].iter().position(|byte| *byte < 0x80).expect("the first number ends");
        span[end] |= 0x80;
        span.insert(end + 1, 0);
        strings.push([&span[..], b"nonsense"].concat());
        safe += 4;
    }
    let transactions = channels(devnet, [zlib(&batcher::stream(strings))]);
    derive(devnet, &transactions);
    assert_eq!(devnet.safe(), safe as u64);
}
