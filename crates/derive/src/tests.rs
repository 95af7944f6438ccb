//! Rules that no chain can break as long as the other rules hold, tested one by one.

use crate::{
    attributes::attributes,
    channels::{ChannelBank, Reading},
    check::Judge,
    error::{DeriveError, ResetCause},
    event::{DropReason, Event, Fate, FrameDrop},
    source::L1Input,
    window::{SafeBlock, SafeBlocks, Window},
};
use alloc::vec::Vec;
use alloy_consensus::{Header, Sealable};
use alloy_primitives::B256;
use unroll_protocol::{
    batch::{Batch, BatchReader, SingularBatch},
    config::RollupConfig,
    forks::{Fork, ForkTimes},
    frame::{ChannelId, Frame},
    tip::Tip,
    units::{BlockId, L1Ref, L1Time, L2Ref, L2Time},
};

fn config(fork: Fork) -> RollupConfig {
    let active = Fork::ALL.into_iter().filter(|&f| f <= fork);
    let forks = active.fold(ForkTimes::NONE, |forks, fork| forks.with(fork, 0));
    RollupConfig { forks, block_time: 2, seq_window_size: 10, channel_timeout: 4, ..RollupConfig::default() }
}

fn l1(number: u64) -> L1Ref {
    let hash = |number: u64| B256::left_padding_from(&number.to_be_bytes());
    L1Ref { number, hash: hash(number), parent_hash: hash(number - 1), time: L1Time(12 * number) }
}

fn tip(origin: u64) -> Tip {
    let time = L2Time(l1(origin).time.0 + 6);
    let block = L2Ref { number: 100, time, l1_origin: l1(origin).id(), ..L2Ref::default() };
    Tip { block, system: Default::default(), header: Header::default().seal_slow() }
}

/// D-003: a frame for a channel that is timed out but still stored is dropped. Reading goes first (D-016), and removes such
/// channels.
#[test]
fn timed_out_channels_take_no_frames() {
    let cfg = config(Fork::Fjord);
    let frame =
        |number| Frame { channel: ChannelId([1; 16]), number, data: Default::default(), is_last: false };
    let (mut bank, mut events) = (ChannelBank::default(), Vec::new());
    bank.ingest(&Reading::new(&cfg, l1(5)), frame(0), &mut events);
    bank.ingest(&Reading::new(&cfg, l1(9)), frame(1), &mut events);
    bank.ingest(&Reading::new(&cfg, l1(10)), frame(2), &mut events);
    let dropped = events.iter().filter_map(|event| match event {
        Event::FrameDropped { number, why, .. } => Some((*number, *why)),
        _ => None,
    });
    assert_eq!(dropped.collect::<Vec<_>>(), [(2, FrameDrop::TimedOut)]);
}

/// G-004: a block before its L1 origin in time.
#[test]
fn blocks_do_not_precede_their_origin() {
    let cfg = config(Fork::Granite);
    let epoch = L1Input { origin: l1(6), ..L1Input::default() };
    let build = |time| {
        let batch = SingularBatch { epoch: l1(6).id(), time: L2Time(time), ..SingularBatch::default() };
        attributes(&cfg, &tip(5), &batch, &epoch, &[])
    };
    assert_eq!(build(71), Err(DeriveError::Reset(ResetCause::Time { time: L2Time(71), origin: L1Time(72) })));
    assert!(build(72).is_ok());
}

/// G-003: the same epoch means the same block.
#[test]
fn the_same_epoch_is_the_same_block() {
    let cfg = config(Fork::Granite);
    let epoch = L1Input { origin: L1Ref { hash: B256::ZERO, ..l1(5) }, ..L1Input::default() };
    let batch = SingularBatch { time: L2Time(72), ..SingularBatch::default() };
    let expected = ResetCause::Epoch { epoch: BlockId { number: 5, hash: B256::ZERO }, origin: l1(5).id() };
    assert_eq!(attributes(&cfg, &tip(5), &batch, &epoch, &[]), Err(DeriveError::Reset(expected)));
}

/// F-074: a new block of a span whose origin is not known drops the span; it is no halt. With the overlap compared first
/// (F-073) and the window's front moved only when it is too late for the span (F-045, F-087), no chain gets here.
#[test]
fn extraction_failures_are_drops() {
    let cfg = config(Fork::Holocene);
    let tip = tip(5).block;
    let mut window = Window::default();
    window.push(L1Input { origin: l1(6), ..L1Input::default() }, 5);
    let mut safe = SafeBlocks::default();
    safe.insert(SafeBlock::from_ref(&tip));
    // rel_timestamp 68, last origin 6, checks, two blocks with origins 5 and 6, no transactions.
    let mut string = [&[1, 68, 6][..], &[0; 20], &l1(6).hash[..20], &[2, 0b10, 0, 0]].concat();
    let header = alloy_rlp::Header { list: false, payload_length: string.len() };
    let mut stream = Vec::new();
    header.encode(&mut stream);
    stream.append(&mut string);
    let l1 = Reading::new(&cfg, l1(7));
    let batch = BatchReader::new(stream.into()).next(&cfg, l1.rules).unwrap().unwrap();
    let Batch::Span(span) = &batch else { panic!("{batch:?}") };
    assert_eq!((span.start_time(), span.start_epoch(), span.end_epoch()), (L2Time(68), 5, 6));
    let judge = Judge { l1, window: &window, safe: &safe, tip: &tip };
    assert_eq!(judge.streamed(&batch), Ok(Fate::Dropped(DropReason::SpanExtraction)));
}
