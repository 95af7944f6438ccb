//! One test for each rule of the batch stream, of singular batches and of span batches.

#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "tests")]

use alloy_primitives::{B256, Bytes};
use alloy_rlp::Encodable;
use unroll_protocol::{
    batch::{Batch, BatchError, BatchReader, RebuildFault, SingularBatch, SpanBatch, SpanFault},
    config::{Genesis, RollupConfig},
    forks::{DerivationRules, Fork, ForkTimes},
    reader::{ReadError, Reader},
    units::{BlockId, L1Time, L2Time},
};
use unroll_testing::batcher::{self, bits, uvarint};

fn rules(fork: Fork) -> &'static DerivationRules {
    let forks = Fork::ALL.into_iter().filter(|&each| each <= fork);
    forks.fold(ForkTimes::NONE, |times, fork| times.with(fork, 0)).derivation(L1Time(0))
}

fn config() -> RollupConfig {
    RollupConfig {
        genesis: Genesis { l2_time: L2Time(1_000), ..Genesis::default() },
        block_time: 2,
        l2_chain_id: 10,
        ..RollupConfig::default()
    }
}

fn read_at(fork: Fork, stream: impl Into<Bytes>) -> Vec<Result<Batch, BatchError>> {
    let mut reader = BatchReader::new(stream.into());
    core::iter::from_fn(|| reader.next(&config(), rules(fork))).collect()
}

/// What a Delta-time reader makes of these strings, each wrapped as RLP.
fn read(strings: &[Vec<u8>]) -> Vec<Result<Batch, BatchError>> {
    read_at(Fork::Delta, batcher::stream(strings))
}

fn one(string: Vec<u8>) -> Result<SpanBatch, BatchError> {
    let [batch] = <[_; 1]>::try_from(read(&[string])).unwrap();
    batch.map(|batch| match batch {
        Batch::Span(span) => span,
        Batch::Singular(_) => panic!("a singular batch"),
    })
}

fn singular() -> SingularBatch {
    SingularBatch {
        parent_hash: B256::repeat_byte(1),
        epoch: BlockId { number: 0x1234, hash: B256::repeat_byte(2) },
        time: L2Time(5_000),
        transactions: [&b"\x02one"[..], b"\xc0", b"t"].into_iter().collect(),
    }
}

fn list(payload: &[u8]) -> Vec<u8> {
    let mut out = vec![];
    alloy_rlp::Header { list: true, payload_length: payload.len() }.encode(&mut out);
    [out, payload.to_vec()].concat()
}

fn rlp(value: impl Encodable) -> Vec<u8> {
    alloy_rlp::encode(value)
}

/// One transaction of a span, column by column.
#[derive(Clone)]
struct Tx {
    create: bool,
    y_parity: bool,
    protected: Option<bool>,
    data: Vec<u8>,
    nonce: Vec<u8>,
    gas: Vec<u8>,
}

/// A legacy transaction to somewhere, with the value 3 and the price 2.
fn legacy(protected: bool) -> Tx {
    let (nonce, gas) = (vec![7], vec![0x88, 0xa4, 1]);
    Tx { create: false, y_parity: true, protected: Some(protected), data: list(&[3, 2, 0x80]), nonce, gas }
}

/// A transaction with a type byte; its fields follow value and fees.
fn typed(kind: u8, fields: &[u8]) -> Tx {
    Tx { protected: None, data: [&[kind][..], &list(fields)].concat(), ..legacy(false) }
}

/// The pieces of a span batch; by default one empty block.
#[derive(Clone)]
struct Raw {
    rel_timestamp: Vec<u8>,
    origin: Vec<u8>,
    block_count: Vec<u8>,
    origin_bits: Vec<u8>,
    tx_counts: Vec<u8>,
    txs: Vec<u8>,
}

impl Raw {
    /// Two blocks with half of the transactions each.
    fn of(txs: &[Tx]) -> Self {
        let mut tx_counts = vec![];
        uvarint(txs.len() as u64 / 2, &mut tx_counts);
        uvarint(txs.len().div_ceil(2) as u64, &mut tx_counts);
        Self { block_count: vec![2], tx_counts, txs: columns(txs), ..Self::empty() }
    }

    fn empty() -> Self {
        Self {
            rel_timestamp: vec![100],
            origin: vec![50],
            block_count: vec![1],
            origin_bits: vec![0],
            tx_counts: vec![0],
            txs: vec![],
        }
    }

    fn string(&self) -> Vec<u8> {
        let Self { rel_timestamp, origin, block_count, origin_bits, tx_counts, txs } = self;
        let checks = [[0xaa; 20], [0xbb; 20]].concat();
        [&[1], &rel_timestamp[..], origin, &checks, block_count, origin_bits, tx_counts, txs].concat()
    }
}

fn columns(txs: &[Tx]) -> Vec<u8> {
    let mut out = vec![];
    bits(&txs.iter().map(|tx| tx.create).collect::<Vec<_>>(), &mut out);
    bits(&txs.iter().map(|tx| tx.y_parity).collect::<Vec<_>>(), &mut out);
    txs.iter().for_each(|_| out.extend([[0x11; 32], [0x22; 32]].concat()));
    txs.iter().filter(|tx| !tx.create).for_each(|_| out.extend([0x33; 20]));
    txs.iter().for_each(|tx| out.extend(&tx.data));
    txs.iter().for_each(|tx| out.extend(&tx.nonce));
    txs.iter().for_each(|tx| out.extend(&tx.gas));
    bits(&txs.iter().filter_map(|tx| tx.protected).collect::<Vec<_>>(), &mut out);
    out
}

fn transactions(span: &SpanBatch) -> Vec<Bytes> {
    span.blocks().flat_map(|block| block.transactions.to_vec()).collect()
}

const TO: [u8; 20] = [0x33; 20];
const GAS: u64 = 21_000;

fn signature(v: u64) -> Vec<u8> {
    [rlp(v), rlp(B256::repeat_byte(0x11)), rlp(B256::repeat_byte(0x22))].concat()
}

fn fault(span: Result<SpanBatch, BatchError>) -> SpanFault {
    let error = span.unwrap_err();
    assert!(error.abandons_channel());
    let BatchError::Span(fault) = error else { panic!("{error:?}") };
    fault
}

/// A fault of the rebuild: the next batch of the channel is read (E-027).
fn rebuild_fault(string: Vec<u8>) -> RebuildFault {
    let [bad, good] = <[_; 2]>::try_from(read(&[string, Raw::empty().string()])).unwrap();
    assert!(good.is_ok());
    let BatchError::Rebuild(fault) = bad.unwrap_err() else { panic!("not the rebuild") };
    fault
}

/// E-011: the limit cuts a batch: it and the rest are lost, the ones before stand.
#[test]
fn e_011_cut_within_a_batch() {
    let string = batcher::singular(&singular());
    let stream = batcher::stream([&string, &string]);
    let batches = read_at(Fork::Bedrock, stream[..stream.len() - 1].to_vec());
    assert_eq!(batches.len(), 2);
    assert_eq!(batches[0], Ok(Batch::Singular(singular())));
    assert!(matches!(batches[1], Err(BatchError::Stream(_))));
}

/// E-020: strings back to back; a list around them is no batch.
#[test]
fn e_020_strings_without_a_list() {
    let string = batcher::singular(&singular());
    let stream = batcher::stream([&string, &string, &string]);
    assert_eq!(read_at(Fork::Bedrock, stream.clone()), vec![Ok(Batch::Singular(singular())); 3]);
    let batches = read_at(Fork::Bedrock, list(&stream));
    assert_eq!(batches, [Err(BatchError::Stream(ReadError::Kind { list: true }))]);
}

/// E-021: sizes are minimal, without leading zeros, and a single small byte stands for itself.
#[test]
fn e_021_canonical_rlp() {
    for bad in
        [&[0x81, 0x05][..], &[0xb8, 0x01, 0x80], &[0xb8, 55], &[0xb9, 0, 60], &[0xbb, 0xff, 0xff, 0xff]]
    {
        let batches = read_at(Fork::Delta, [bad, &[0x80; 300]].concat());
        assert!(matches!(batches[..], [Err(BatchError::Stream(ReadError::Rlp(_)))]), "{bad:x?}: {batches:?}");
    }
}

/// E-022: the end of the data is a normal end; an RLP error is the end of the channel.
#[test]
fn e_022_end_and_errors() {
    assert_eq!(read_at(Fork::Delta, vec![]), []);
    let string = batcher::singular(&singular());
    let stream = [batcher::stream([&string]), vec![0xc0], batcher::stream([&string])].concat();
    let batches = read_at(Fork::Delta, stream);
    assert_eq!(batches.len(), 2, "the third is never read");
    assert!(batches[0].is_ok() && batches[1].is_err());
    let mut reader = BatchReader::new(vec![0xc0].into());
    assert!(reader.next(&config(), rules(Fork::Delta)).unwrap().is_err());
    assert!(reader.next(&config(), rules(Fork::Delta)).is_none());
}

/// E-023: what fails raw parsing takes the rest of the channel along.
#[test]
fn e_023_raw_faults_abandon_the_channel() {
    let good = batcher::singular(&singular());
    let cut = good[..good.len() - 1].to_vec();
    let zero_blocks = Raw { block_count: vec![0], ..Raw::empty() }.string();
    for bad in [vec![], vec![3], vec![0xff, 1], cut, vec![0], vec![1], zero_blocks] {
        let batches = read(&[good.clone(), bad.clone(), good.clone()]);
        assert_eq!(batches.len(), 2, "{bad:x?}");
        assert!(batches[1].as_ref().unwrap_err().abandons_channel());
    }
    assert_eq!(read(&[vec![]]), [Err(BatchError::Empty)]);
}

/// E-024: bytes after a singular batch are ignored inside of its string, and are a batch of their own outside.
#[test]
fn e_024_bytes_after_a_singular_batch() {
    let mut string = batcher::singular(&singular());
    string.extend([1, 2, 3]);
    assert_eq!(read(&[string.clone(), string]), vec![Ok(Batch::Singular(singular())); 2]);
    let between = [batcher::stream([batcher::singular(&singular())]), vec![9]].concat();
    assert_eq!(read_at(Fork::Delta, between)[1], Err(BatchError::Version(9)));
}

/// E-025: there are the versions 0 and 1.
#[test]
fn e_025_versions() {
    assert!(matches!(read(&[batcher::singular(&singular())])[..], [Ok(Batch::Singular(_))]));
    assert!(matches!(read(&[Raw::empty().string()])[..], [Ok(Batch::Span(_))]));
    for version in [2, 3, 0x7f, 0x80, 0xff] {
        let string = [&[version], &Raw::empty().string()[1..]].concat();
        assert_eq!(read(&[string]), [Err(BatchError::Version(version))]);
    }
}

/// E-026: before Delta a span is dropped, and the next batch is read. A malformed one still abandons the channel.
#[test]
fn e_026_spans_before_delta() {
    let good = batcher::singular(&singular());
    let batches = read_at(Fork::Canyon, batcher::stream([&Raw::empty().string(), &good]));
    assert_eq!(batches, [Err(BatchError::SpanInactive), Ok(Batch::Singular(singular()))]);
    let malformed = vec![1, 2, 3];
    assert_eq!(read_at(Fork::Canyon, batcher::stream([&malformed, &good])).len(), 1);
}

/// E-027: what cannot be rebuilt is dropped alone, whatever the reason.
#[test]
fn e_027_rebuild_faults_drop_one_batch() {
    let unsupported = Raw::of(&[typed(3, &[3, 2, 0x80])]);
    assert_eq!(rebuild_fault(unsupported.string()), RebuildFault::Kind { index: 0, kind: 3 });
    let fields = Raw::of(&[legacy(true), Tx { data: list(&[3, 2]), ..legacy(true) }]);
    assert!(matches!(rebuild_fault(fields.string()), RebuildFault::Fields { index: 1, .. }));
}

/// E-030: five fields of their types, canonical, and nothing else in the list.
#[test]
fn e_030_singular() {
    let hash = |byte| rlp(B256::repeat_byte(byte));
    let good = [
        hash(1),
        rlp(0x1234u64),
        hash(2),
        rlp(5_000u64),
        list(&[0x84, 2, b'o', b'n', b'e', 0x81, 0xc0, b't']),
    ];
    let string = |fields: &[Vec<u8>]| [vec![0], list(&fields.concat())].concat();
    assert_eq!(string(&good), batcher::singular(&singular()));
    assert_eq!(read(&[string(&good)]), [Ok(Batch::Singular(singular()))]);
    let bad: [(usize, Vec<u8>); 9] = [
        (0, rlp(&[1u8; 31][..])),
        (0, rlp(&[1u8; 33][..])),
        (1, vec![0x00]),
        (1, vec![0x82, 0, 1]),
        (1, rlp(u128::from(u64::MAX) + 1)),
        (3, vec![0xc0]),
        (4, vec![0x80]),
        (4, list(&[0xc0])),
        (4, list(&[0x82, 1])),
    ];
    for (field, value) in bad {
        let mut fields = good.clone();
        fields[field] = value;
        assert!(matches!(read(&[string(&fields)])[..], [Err(BatchError::Singular(_))]), "field {field}");
    }
    assert!(matches!(read(&[string(&good[..4])])[..], [Err(BatchError::Singular(_))]));
    let sixth = string(&[&good[..], &[rlp(1u8)]].concat());
    assert_eq!(read(&[sixth]), [Err(BatchError::Singular(ReadError::Trailing(1)))]);
}

/// E-040: prefix and payload; each cut is an error.
#[test]
fn e_040_layout() {
    let raw = Raw::of(&[legacy(true), legacy(false)]);
    let span = one(raw.string()).unwrap();
    assert_eq!((span.parent_check, span.l1_origin_check), ([0xaa; 20], [0xbb; 20]));
    assert_eq!((span.start_time(), span.end_time()), (L2Time(1_100), L2Time(1_102)));
    assert_eq!((span.end_epoch(), span.block_count(), span.transaction_count()), (50, 2, 2));
    let string = raw.string();
    for cut in 1..string.len() {
        fault(one(string[..cut].to_vec()));
    }
}

/// E-041: up to 64 bits, and longer encodings than need be are fine.
#[test]
fn e_041_uvarints() {
    for (bytes, value) in [
        (&[0x80, 0x00][..], Ok(0)),
        (&[0xe4, 0x80, 0x80, 0x00], Ok(100)),
        (&[0xff; 9], Err(ReadError::End { wanted: 1, left: 0 })),
        (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], Ok(u64::MAX)),
        (&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0], Ok(0)),
        (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2], Err(ReadError::Varint)),
        (&[0x80; 11], Err(ReadError::Varint)),
    ] {
        assert_eq!(Reader::new(bytes).uvarint(), value, "{bytes:x?}");
    }
    let long = Raw { rel_timestamp: vec![0xe4, 0x80, 0x00], ..Raw::empty() };
    assert_eq!(one(long.string()).unwrap().start_time(), L2Time(1_100));
}

/// E-042: 1 to 10,000,000 blocks.
#[test]
fn e_042_block_count() {
    let count = |count: u64| {
        let mut block_count = vec![];
        uvarint(count, &mut block_count);
        let blocks = count.min(10_000_000) as usize;
        Raw {
            block_count,
            origin_bits: vec![0; blocks.div_ceil(8)],
            tx_counts: vec![0; blocks],
            ..Raw::empty()
        }
    };
    assert_eq!(one(count(10_000_000).string()).unwrap().block_count(), 10_000_000);
    for bad in [0, 10_000_001, u64::MAX] {
        assert_eq!(fault(one(count(bad).string())), SpanFault::BlockCount(bad));
    }
}

/// E-043: at most 10,000,000 transactions in a block and in all of them.
#[test]
fn e_043_transaction_counts() {
    let counts = |counts: &[u64]| {
        let mut tx_counts = vec![];
        counts.iter().for_each(|&count| uvarint(count, &mut tx_counts));
        Raw { block_count: vec![counts.len() as u8], tx_counts, ..Raw::empty() }.string()
    };
    let short = fault(one(counts(&[10_000_000])));
    assert!(
        matches!(short, SpanFault::Read(ReadError::End { .. })),
        "allowed, but the columns are not there"
    );
    assert_eq!(fault(one(counts(&[10_000_001]))), SpanFault::TransactionCount(10_000_001));
    assert_eq!(fault(one(counts(&[5_000_001, 5_000_000]))), SpanFault::TransactionCount(5_000_000));
    assert_eq!(fault(one(counts(&[1, u64::MAX]))), SpanFault::TransactionCount(u64::MAX));
}

/// E-044: bit i is the i-th lowest of a big-endian integer; unused bits are zero; no bits take no bytes.
#[test]
fn e_044_bit_lists() {
    let nine = |origin_bits: Vec<u8>| Raw {
        block_count: vec![9],
        origin_bits,
        tx_counts: vec![0; 9],
        ..Raw::empty()
    };
    let epochs =
        |raw: Raw| one(raw.string()).unwrap().blocks().map(|block| block.epoch_number).collect::<Vec<_>>();
    assert_eq!(epochs(nine(vec![0b1, 0b0000_0010])), [48, 49, 49, 49, 49, 49, 49, 49, 50]);
    assert_eq!(epochs(nine(vec![0b0, 0b1000_0000])), [49, 49, 49, 49, 49, 49, 49, 50, 50]);
    for first in [0b10, 0x80, 0xff] {
        assert_eq!(fault(one(nine(vec![first, 0]).string())), SpanFault::Padding(9));
    }
    // Eight bits have no padding, and a span without transactions has three lists without bytes.
    let eight = Raw { block_count: vec![8], origin_bits: vec![0xff], tx_counts: vec![0; 8], ..Raw::empty() };
    assert_eq!(epochs(eight), [43, 44, 45, 46, 47, 48, 49, 50]);
    // Padding of the other three lists counts as well.
    let mut tx = Raw::of(&[legacy(true)]);
    for at in [0, 1, tx.txs.len() - 1] {
        let mut raw = tx.clone();
        raw.txs[at] |= 0x80;
        assert_eq!(fault(one(raw.string())), SpanFault::Padding(1));
    }
    tx.txs.pop();
    assert_eq!(fault(one(tx.string())), SpanFault::Read(ReadError::End { wanted: 1, left: 0 }));
}

/// E-045: columns in their order; the recipients are those of the transactions that have one.
#[test]
fn e_045_columns() {
    let create = Tx { create: true, nonce: vec![1], ..legacy(true) };
    let call = Tx { y_parity: false, nonce: vec![2], ..legacy(true) };
    let raw = Raw::of(&[create, call]);
    let expected = |nonce: u8, to: Vec<u8>, v| {
        list(&[&[nonce, 2][..], &rlp(GAS), &to, &[3, 0x80], &signature(v)].concat())
    };
    let span = one(raw.string()).unwrap();
    assert_eq!(transactions(&span), [expected(1, vec![0x80], 56), expected(2, rlp(&TO[..]), 55)]);
    let counts: Vec<_> = span.blocks().map(|block| block.transactions.len()).collect();
    assert_eq!(counts, [1, 1]);
}

/// E-046: a type byte up to 0x7f and a list, or a list; anything else fails raw parsing.
#[test]
fn e_046_transaction_data() {
    for (data, error) in [
        (vec![0x80], SpanFault::NotAList(0)),
        (vec![0x82, 1, 2], SpanFault::NotAList(0)),
        (vec![0x02, 0x83, 1, 2, 3], SpanFault::NotAList(0)),
        (vec![0x02, 0x01], SpanFault::NotAList(0)),
    ] {
        let raw = Raw::of(&[Tx { data, ..legacy(true) }]);
        assert_eq!(fault(one(raw.string())), error);
    }
    let long = Tx { data: list(&[&[3, 2][..], &rlp(&vec![1u8; 9_999_980][..])].concat()), ..legacy(true) };
    assert!(one(Raw::of(std::slice::from_ref(&long)).string()).is_ok());
    let longer = Tx { data: list(&[&[3, 2][..], &rlp(&vec![1u8; 10_000_000][..])].concat()), ..long };
    assert_eq!(fault(one(Raw::of(&[longer]).string())), SpanFault::TooLong(0));
}

/// E-047: the fields of each type, their kinds, and no more of them.
#[test]
fn e_047_fields() {
    let access = list(&list(&[rlp(&TO[..]), list(&rlp(B256::repeat_byte(4)))].concat()));
    let authorization =
        list(&[vec![10], rlp(&TO[..]), vec![0x80], vec![1], signature(1)[1..].to_vec()].concat());
    let good = [
        (1, [&[3, 2, 0x80][..], &access].concat()),
        (2, [&[3, 1, 2, 0x80][..], &access].concat()),
        (4, [&[3, 1, 2, 0x80][..], &access, &list(&authorization)].concat()),
    ];
    for (kind, fields) in good {
        assert!(one(Raw::of(&[typed(kind, &fields)]).string()).is_ok(), "type {kind}");
        let more = [&fields[..], &[1]].concat();
        let is_field = |fields: &[u8]| {
            matches!(rebuild_fault(Raw::of(&[typed(kind, fields)]).string()), RebuildFault::Fields { .. })
        };
        assert!(is_field(&more) && is_field(&fields[..4]), "type {kind}");
        assert!(is_field(&[&[0xc0][..], &fields[1..]].concat()), "a list for the value");
        assert!(is_field(&[&[0x82, 0, 1][..], &fields[1..]].concat()), "a leading zero in the value");
        let entry = list(&rlp(&TO[..19]));
        assert!(is_field(&[&fields[..fields.len() - access.len().min(fields.len() - 3)], &entry].concat()));
    }
    for kind in [0, 3, 5, 0x7d, 0x7e, 0x7f] {
        let fault = rebuild_fault(
            Raw::of(&[Tx { protected: (kind == 0).then_some(true), ..typed(kind, &[3, 2, 0x80]) }]).string(),
        );
        assert_eq!(fault, RebuildFault::Kind { index: 0, kind });
    }
}

/// E-048: who sets code has a recipient.
#[test]
fn e_048_set_code_has_a_recipient() {
    let tx = typed(4, &[3, 1, 2, 0x80, 0xc0, 0xc0]);
    assert!(one(Raw::of(std::slice::from_ref(&tx)).string()).is_ok());
    let raw = Raw::of(&[legacy(true), Tx { create: true, ..tx }]);
    assert_eq!(rebuild_fault(raw.string()), RebuildFault::NoRecipient { index: 1 });
}

/// A-013, E-049, E-050: `v` of each kind; only legacy transactions take a protected bit.
#[test]
fn e_049_e_050_v_and_protected_bits() {
    let access = typed(1, &[3, 2, 0x80, 0xc0]);
    let txs = [legacy(false), access.clone(), legacy(true), Tx { y_parity: false, ..access }, legacy(false)];
    let span = one(Raw::of(&txs).string()).unwrap();
    let v = transactions(&span).iter().map(|tx| tx[tx.len() - 67]).collect::<Vec<_>>();
    assert_eq!(v, [28, 1, 56, 0x80, 28]);
    let fee = list(&[&[10, 7, 2][..], &rlp(GAS), &rlp(&TO[..]), &[3, 0x80, 0xc0], &signature(1)].concat());
    assert_eq!(transactions(&span)[1], [&[1][..], &fee].concat());
}

/// E-051: times follow from genesis, and wrap around like the reference's sums.
#[test]
fn e_051_times() {
    let three = Raw { block_count: vec![3], tx_counts: vec![0; 3], ..Raw::empty() };
    let times: Vec<_> = one(three.string()).unwrap().blocks().map(|block| block.time.0).collect();
    assert_eq!(times, [1_100, 1_102, 1_104]);
    let mut rel_timestamp = vec![];
    uvarint(u64::MAX - 1_003, &mut rel_timestamp);
    let late = Raw { rel_timestamp, ..three };
    let late = one(late.string()).unwrap();
    let times: Vec<_> = late.blocks().map(|block| block.time.0).collect();
    assert_eq!(times, [u64::MAX - 3, u64::MAX - 1, 0]);
    assert_eq!((late.start_time(), late.end_time()), (L2Time(u64::MAX - 3), L2Time(0)));
}

/// E-052: origins go back from the last block; the first bit moves nothing; differences wrap around like the reference's.
#[test]
fn e_052_origins() {
    let raw = |origin, origin_bits| Raw {
        origin: vec![origin],
        block_count: vec![4],
        origin_bits: vec![origin_bits],
        tx_counts: vec![0; 4],
        ..Raw::empty()
    };
    for (bits, expected) in [(0b1011, [48, 49, 49, 50]), (0b1010, [48, 49, 49, 50]), (0b0001, [50; 4])] {
        let span = one(raw(50, bits).string()).unwrap();
        assert_eq!(span.blocks().map(|block| block.epoch_number).collect::<Vec<_>>(), expected);
        assert_eq!((span.start_epoch(), span.end_epoch()), (expected[0], 50));
    }
    assert_eq!(one(raw(3, 0b1110).string()).unwrap().start_epoch(), 0);
    let span = one(raw(2, 0b1110).string()).unwrap();
    let epochs: Vec<_> = span.blocks().map(|block| block.epoch_number).collect();
    assert_eq!((span.start_epoch(), epochs), (u64::MAX, vec![u64::MAX, 0, 1, 2]));
}

/// E-053: bytes after the last column are ignored.
#[test]
fn e_053_bytes_after_a_span() {
    let raw = Raw::of(&[legacy(true)]);
    let string = [raw.string(), vec![1, 2, 3]].concat();
    assert_eq!(
        one(string).unwrap().blocks().collect::<Vec<_>>(),
        one(raw.string()).unwrap().blocks().collect::<Vec<_>>()
    );
}

/// E-054: the whole transaction comes out, whatever its signature is worth.
#[test]
fn e_054_whole_transactions() {
    let mut raw = Raw::of(&[typed(2, &[3, 1, 2, 0x82, 5, 6, 0xc0])]);
    raw.txs[2..66].fill(0);
    let fields =
        [&[10, 7, 1, 2][..], &rlp(GAS), &rlp(&TO[..]), &[3, 0x82, 5, 6, 0xc0, 1, 0x80, 0x80]].concat();
    assert_eq!(transactions(&one(raw.string()).unwrap()), [[&[2][..], &list(&fields)].concat()]);
}

/// E-056: a post-execution transaction comes out as its data says it; all of its other columns are empty or zero. It is of no known
/// type where Lagoon is not scheduled.
#[test]
fn e_056_post_execution_transactions() {
    let data = [&[0x7d][..], &list(&[1, 0x82, 2, 3])].concat();
    let span = |creation: u8, y_parity: u8, recipient: &[u8], signature: [u8; 64], nonce: u8, gas: u8| {
        let txs = [&[creation, y_parity][..], &signature, recipient, &data, &[nonce, gas]].concat();
        Raw { tx_counts: vec![1], txs, ..Raw::empty() }.string()
    };
    let plain = span(1, 0, &[], [0; 64], 0, 0);
    assert_eq!(rebuild_fault(plain.clone()), RebuildFault::Kind { index: 0, kind: 0x7d });

    let cfg = RollupConfig { forks: ForkTimes::NONE.with(Fork::Lagoon, 5_000), ..config() };
    let read = |string: Vec<u8>| {
        let mut reader = BatchReader::new(batcher::stream([string]).into());
        reader.next(&cfg, rules(Fork::Delta)).unwrap()
    };
    let Ok(Batch::Span(whole)) = read(plain) else { panic!() };
    assert_eq!(transactions(&whole), [Bytes::from(data.clone())]);
    let again = batcher::Span { blocks: whole.blocks().collect(), ..Default::default() };
    let Ok(Batch::Span(again)) = read(batcher::span(&again, &cfg).unwrap()) else { panic!() };
    assert_eq!(transactions(&again), transactions(&whole));

    let (mut r, mut s) = ([0; 64], [0; 64]);
    (r[31], s[32]) = (1, 1);
    for bad in [
        span(0, 0, &TO, [0; 64], 0, 0),
        span(1, 1, &[], [0; 64], 0, 0),
        span(1, 0, &[], r, 0, 0),
        span(1, 0, &[], s, 0, 0),
        span(1, 0, &[], [0; 64], 1, 0),
        span(1, 0, &[], [0; 64], 0, 1),
    ] {
        assert_eq!(read(bad), Err(BatchError::Rebuild(RebuildFault::Slots { index: 0 })));
    }
}
