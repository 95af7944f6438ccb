//! C-006 to C-016, D.1, D.2.

use crate::sim::*;
use alloy_primitives::Bytes;
use unroll_derive::{
    Event,
    event::{ChannelDrop, FrameDrop},
};
use unroll_protocol::{
    forks::Fork,
    frame::{Frame, FrameError},
};
use unroll_testing::batcher;

fn frame_drops(sim: &Sim) -> Vec<(u8, u16, FrameDrop)> {
    let dropped = |event: &Event| match event {
        Event::FrameDropped { channel, number, why, .. } => Some((channel.0[0], *number, *why)),
        _ => None,
    };
    sim.events.iter().filter_map(dropped).collect()
}

fn frames_kept(sim: &Sim) -> Vec<(u8, u16)> {
    let kept = |event: &Event| match event {
        Event::FrameAccepted { channel, number, .. } => Some((channel.0[0], *number)),
        _ => None,
    };
    sim.events.iter().filter_map(kept).collect()
}

fn channel_drops(sim: &Sim) -> Vec<(u8, ChannelDrop)> {
    let dropped = |event: &Event| match event {
        Event::ChannelDropped { channel, why, .. } => Some((channel.0[0], *why)),
        _ => None,
    };
    sim.events.iter().filter_map(dropped).collect()
}

fn completed(sim: &Sim) -> Vec<u8> {
    let completed = |event: &Event| match event {
        Event::ChannelCompleted { channel, .. } => Some(channel.0[0]),
        _ => None,
    };
    sim.events.iter().filter_map(completed).collect()
}

/// One payload of frames (channel, number, last) under the rules of Holocene: which of them leave the queue.
fn pruned(frames: &[(u8, u16, bool)]) -> (Vec<(u8, u16, FrameDrop)>, Vec<(u8, u16)>) {
    let mut sim = Sim::fork(Fork::Holocene);
    let frames: Vec<Frame> =
        frames.iter().map(|&(name, number, last)| frame(name, number, vec![], last)).collect();
    sim.put_frames(1, &frames);
    sim.run(1);
    let (stage, queue) = frame_drops(&sim)
        .into_iter()
        .partition::<Vec<_>, _>(|(.., why)| matches!(why, FrameDrop::NoChannel | FrameDrop::Rejected(_)));
    let mut kept = frames_kept(&sim);
    kept.extend(stage.into_iter().map(|(name, number, _)| (name, number)));
    (queue, kept)
}

/// C-011: within a channel, frames follow each other and nothing follows the last.
#[test]
fn frames_of_a_channel_follow_each_other() {
    let (dropped, kept) = pruned(&[(1, 0, false), (1, 2, false), (1, 1, true), (1, 2, false)]);
    assert_eq!(dropped, [(1, 2, FrameDrop::OutOfOrder), (1, 2, FrameDrop::OutOfOrder)]);
    assert_eq!(kept, [(1, 0), (1, 1)]);
}

/// C-012: a new channel removes what an unfinished one left at the end, frame by frame; a finished one stays.
#[test]
fn a_new_channel_removes_an_unfinished_one() {
    let (dropped, kept) = pruned(&[(1, 0, true), (2, 0, false), (2, 1, false), (3, 0, true)]);
    assert_eq!(dropped, [(2, 1, FrameDrop::Superseded), (2, 0, FrameDrop::Superseded)]);
    assert_eq!(kept, [(1, 0), (3, 0)]);
}

/// C-010: removals cascade: what a removal exposes is judged again.
#[test]
fn removals_cascade() {
    let (dropped, kept) = pruned(&[(1, 0, true), (2, 0, false), (1, 0, true), (1, 1, true)]);
    assert_eq!(
        dropped,
        [(2, 0, FrameDrop::Superseded), (1, 0, FrameDrop::OutOfOrder), (1, 1, FrameDrop::OutOfOrder)]
    );
    assert_eq!(kept, [(1, 0)]);
}

/// C-013: a later frame of another channel is dropped, and the unfinished channel before it goes on.
#[test]
fn later_frames_of_other_channels_are_dropped() {
    let (dropped, kept) = pruned(&[(1, 0, false), (2, 1, false), (1, 1, true)]);
    assert_eq!(dropped, [(2, 1, FrameDrop::NotFirst)]);
    assert_eq!(kept, [(1, 0), (1, 1)]);
}

/// C-014, D-022: the first frame is judged against nothing; the channel stage drops it if no channel waits for it.
#[test]
fn the_first_frame_is_not_judged_by_neighbours() {
    let (dropped, kept) = pruned(&[(1, 3, false), (1, 4, true)]);
    assert_eq!(dropped, []);
    assert_eq!(kept, [(1, 3), (1, 4)]);
}

/// C-011: the number wraps around as in the reference; frame 0 then opens a new channel (D-021).
#[test]
fn frame_numbers_wrap_around() {
    let (dropped, kept) = pruned(&[(1, 65_535, false), (1, 0, true)]);
    assert_eq!(dropped, []);
    assert_eq!(kept, [(1, 0), (1, 65_535)]);
}

/// C-015, C-007: pruning looks at one payload; frames that were handed on, or are in another payload, do not count.
#[test]
fn pruning_stays_within_a_payload() {
    let mut sim = Sim::fork(Fork::Holocene);
    let data = sim.channel(vec![singular(1, 0, &[tx("a")]).into()]);
    sim.put_frames(1, &[frame(1, 0, data.slice(..9), false)]);
    sim.put_frames(1, &[frame(1, 1, data.slice(9..), true)]);
    assert_eq!(filled(&sim.run(1)), [1]);
    assert_eq!(frame_drops(&sim), []);
}

/// C-010: before Holocene nothing is pruned, and frames come in any order.
#[test]
fn no_pruning_before_holocene() {
    let mut sim = Sim::fork(Fork::Granite);
    let data = sim.channel(vec![singular(1, 0, &[tx("a")]).into()]);
    sim.put_frames(
        1,
        &[
            frame(1, 2, data.slice(20..), true),
            frame(2, 7, vec![1], false),
            frame(1, 0, data.slice(..9), false),
            frame(1, 1, data.slice(9..20), false),
        ],
    );
    assert_eq!(filled(&sim.run(1)), [1]);
    assert_eq!(frame_drops(&sim), []);
}

/// C-005, B-040, B-041: a payload that does not parse is ignored as a whole, and nothing else with it.
#[test]
fn bad_payloads_are_ignored() {
    for fork in [Fork::Granite, Fork::Holocene] {
        let mut sim = Sim::fork(fork);
        let good = sim.channel(vec![singular(1, 0, &[tx("good")]).into()]);
        let bad = sim.channel(vec![singular(1, 0, &[tx("bad")]).into()]);
        let mut payload =
            batcher::payload(&[frame(1, 0, bad, true), frame(2, 0, vec![1, 2], false)]).to_vec();
        *payload.last_mut().unwrap() = 2;
        sim.put(1, payload.into());
        sim.put(1, Bytes::new());
        sim.put(1, vec![1, 2, 3].into());
        sim.put(1, vec![9].into());
        sim.put_frames(1, &[frame(3, 0, good, true)]);
        assert_eq!(sim.run(1)[0].transactions, [tx("good")], "{fork}");
        let why = |event: &Event| match event {
            Event::PayloadIgnored { why, .. } => Some(*why),
            _ => None,
        };
        let ignored: Vec<_> = sim.events.iter().filter_map(why).collect();
        assert_eq!(
            ignored,
            [FrameError::IsLast(2), FrameError::Empty, FrameError::AltDa, FrameError::Version(9)]
        );
    }
}

/// C-006: an id may come again once its channel is gone.
#[test]
fn channel_ids_may_be_reused() {
    for fork in [Fork::Granite, Fork::Holocene] {
        let mut sim = Sim::fork(fork);
        sim.put_batches(1, 1, vec![singular(1, 0, &[tx("1")]).into()]);
        sim.put_batches(2, 1, vec![singular(2, 0, &[tx("2")]).into()]);
        assert_eq!(filled(&sim.run(2)), [1, 2], "{fork}");
    }
}

/// A channel of two frames, the second of which comes in L1 block `closing`; whether the channel is read.
fn is_read(sim: &mut Sim, opening: u64, closing: u64) -> bool {
    let data = sim.channel(vec![singular(1, 0, &[tx("a")]).into()]);
    sim.put_frames(opening, &[frame(1, 0, data.slice(..9), false)]);
    sim.put_frames(closing, &[frame(1, 1, data.slice(9..), true)]);
    sim.run(closing);
    completed(sim) == [1]
}

/// D-002: at exactly the timeout a channel is alive, one block later it is not.
#[test]
fn channels_time_out() {
    for fork in [Fork::Bedrock, Fork::Canyon] {
        assert!(is_read(&mut Sim::fork(fork), 1, 1 + TIMEOUT), "{fork}");
        let mut sim = Sim::fork(fork);
        assert!(!is_read(&mut sim, 1, 2 + TIMEOUT), "{fork}");
        assert_eq!(channel_drops(&sim), [(1, ChannelDrop::TimedOut)]);
    }
    let far = |fork| {
        let mut cfg = config(at(fork));
        cfg.seq_window_size = 100;
        Sim::with(cfg, 0, 0, 0)
    };
    for fork in [Fork::Granite, Fork::Holocene] {
        assert!(is_read(&mut far(fork), 1, 51), "{fork}");
        let mut sim = far(fork);
        assert!(!is_read(&mut sim, 1, 52), "{fork}");
        let why = if fork == Fork::Granite { ChannelDrop::TimedOut } else { ChannelDrop::StagedTimedOut };
        assert_eq!(channel_drops(&sim), [(1, why)], "{fork}");
        // The remaining frame opens a channel in the bank; under strict ordering it belongs to none (D-022).
        let expected = if fork == Fork::Granite { vec![] } else { vec![(1, 1, FrameDrop::NoChannel)] };
        assert_eq!(frame_drops(&sim), expected);
    }
}

/// D-024: under strict ordering time alone discards the staged channel, when the first L1 block beyond the timeout is read and without
/// any frame in it. The rest of its frames then belong to none, and its id is free.
#[test]
fn staged_channels_time_out_by_themselves() {
    let mut cfg = config(at(Fork::Holocene));
    cfg.seq_window_size = 100;
    let mut sim = Sim::with(cfg, 0, 0, 0);
    let data = sim.channel(vec![singular(1, 0, &[tx("a")]).into()]);
    sim.put_frames(1, &[frame(1, 0, data.slice(..9), false)]);
    sim.run(51);
    assert_eq!(channel_drops(&sim), []);
    sim.run(52);
    let dropped = |event: &Event| matches!(event, Event::ChannelDropped { block: 102, .. });
    assert_eq!(channel_drops(&sim), [(1, ChannelDrop::StagedTimedOut)]);
    assert_eq!(sim.events.iter().filter(|event| dropped(event)).count(), 1);
    sim.put_frames(53, &[frame(1, 1, data.slice(9..), true)]);
    sim.put_frames(54, &[frame(1, 0, data, true)]);
    assert_eq!(slots(&sim.run(53)), []);
    assert_eq!(frame_drops(&sim), [(1, 1, FrameDrop::NoChannel)]);
    assert_eq!(slots(&sim.run(54)), [(1, 0)]);
}

/// D-002: the timeout is that of the L1 block being read: a channel from before Granite is judged by Granite's.
#[test]
fn granite_judges_older_channels() {
    let mut cfg = config(at(Fork::Fjord).with(Fork::Granite, l1_time(40).0));
    cfg.channel_timeout = 300;
    cfg.seq_window_size = 1000;
    assert!(!is_read(&mut Sim::with(cfg.clone(), 0, 0, 0), 1, 52));
    cfg.forks = at(Fork::Fjord);
    assert!(is_read(&mut Sim::with(cfg, 0, 0, 0), 1, 52));
}

/// D-013, C-006: a frame that comes after its channel timed out opens it anew.
#[test]
fn timed_out_channels_start_anew() {
    let mut sim = Sim::fork(Fork::Canyon);
    let data = sim.channel(vec![singular(1, 0, &[]).into()]);
    sim.put_frames(1, &[frame(1, 0, data.slice(..9), false)]);
    sim.put_frames(2 + TIMEOUT, &[frame(1, 0, data, true)]);
    sim.run(2 + TIMEOUT);
    assert_eq!(completed(&sim), [1]);
    assert_eq!(sim.count("D-001"), 2);
}

/// D-004 to D-008: what a channel does not take.
#[test]
fn channels_reject_frames() {
    let mut sim = Sim::fork(Fork::Canyon);
    sim.put_frames(
        1,
        &[
            frame(1, 1, vec![1], false),
            frame(1, 1, vec![2], false), // D-004
            frame(1, 5, vec![1], false),
            frame(1, 3, vec![3], true),  // D-007: removes frame 5
            frame(1, 2, vec![4], true),  // D-005
            frame(1, 4, vec![5], false), // D-006
        ],
    );
    sim.run(1);
    assert_eq!(frames_kept(&sim), [(1, 1), (1, 5), (1, 3)]);
    assert_eq!(frame_drops(&sim).len(), 3);
}

/// D-013, D-014: before Canyon only the first channel is read, from Canyon any that is ready.
#[test]
fn canyon_scans_all_channels() {
    for (fork, expected) in [(Fork::Regolith, vec![]), (Fork::Canyon, vec![1])] {
        let mut sim = Sim::fork(fork);
        sim.put_frames(1, &[frame(7, 0, vec![1], false)]);
        sim.put_batches(2, 8, vec![singular(1, 0, &[tx("a")]).into()]);
        assert_eq!(filled(&sim.run(3)), expected, "{fork}");
        // D-013: once the first one times out, the next one is first.
        assert_eq!(
            filled(&sim.run(2 + TIMEOUT)),
            if expected.is_empty() { vec![1] } else { vec![] },
            "{fork}"
        );
    }
}

/// D-001, D-014: ready channels are read in the order of their first frames, not of their last.
#[test]
fn channels_are_read_in_order() {
    let mut sim = Sim::fork(Fork::Canyon);
    let first = sim.channel(vec![singular(1, 0, &[tx("first")]).into()]);
    let second = sim.channel(vec![singular(1, 0, &[tx("second")]).into()]);
    sim.put_frames(1, &[frame(1, 0, first.slice(..9), false), frame(2, 0, second.slice(..9), false)]);
    sim.put_frames(2, &[frame(2, 1, second.slice(9..), true), frame(1, 1, first.slice(9..), true)]);
    sim.run(2);
    // D-016: read before the next frame is ingested, so that the second, complete first, comes first.
    assert_eq!(completed(&sim), [2, 1]);
    let mut sim = Sim::fork(Fork::Regolith);
    sim.put_frames(1, &[frame(1, 0, first.slice(..9), false), frame(2, 0, second.slice(..9), false)]);
    sim.put_frames(2, &[frame(2, 1, second.slice(9..), true), frame(1, 1, first.slice(9..), true)]);
    sim.run(2);
    assert_eq!(completed(&sim), [1, 2], "before Canyon the head comes first, and then the next head");
}

/// A megabyte, shared.
fn megabyte() -> Bytes {
    vec![0; 1_000_000].into()
}

/// D-009 to D-012: the bank drops channels from the front when it holds more than its limit; 99 megabyte frames fit into 100
/// million bytes with their overhead, 100 do not.
#[test]
fn the_bank_is_pruned() {
    for (fork, expected) in [(Fork::Ecotone, vec![(0, ChannelDrop::Pruned)]), (Fork::Fjord, vec![])] {
        let mut sim = Sim::fork(fork);
        let data = megabyte();
        for name in 0..100 {
            sim.put_frames(1, &[frame(name, 0, data.clone(), false)]);
        }
        // D-012: a rejected frame prunes nothing.
        sim.put_frames(1, &[frame(99, 0, data.clone(), false)]);
        sim.run(1);
        assert_eq!(channel_drops(&sim), expected, "{fork}");
    }
}

/// D-009 to D-011: as many bytes as the limit, overheads among them, are kept; one more costs the channel in front.
#[test]
fn the_bank_holds_its_limit_exactly() {
    let room = 100_000_000 - 99 * (1_000_000 + 200) - 200;
    for (more, expected) in [(0, vec![]), (1, vec![(0, ChannelDrop::Pruned)])] {
        let mut sim = Sim::fork(Fork::Ecotone);
        for name in 0..99 {
            sim.put_frames(1, &[frame(name, 0, megabyte(), false)]);
        }
        sim.put_frames(1, &[frame(99, 0, vec![0; room + more], false)]);
        sim.run(1);
        assert_eq!(channel_drops(&sim), expected, "{more} more");
    }
}

/// D-016: a complete head is read before the next frame comes in and has it pruned.
#[test]
fn the_bank_reads_before_it_ingests() {
    let mut sim = Sim::fork(Fork::Bedrock);
    let data = megabyte();
    let batches = sim.channel(vec![singular(1, 0, &[tx("a")]).into()]);
    sim.put_frames(1, &[frame(200, 0, batches.slice(..9), false)]);
    for name in 0..99 {
        sim.put_frames(1, &[frame(name, 0, data.clone(), false)]);
    }
    sim.put_frames(1, &[frame(200, 1, batches.slice(9..), true)]);
    sim.put_frames(1, &[frame(101, 0, data.clone(), false), frame(102, 0, data, false)]);
    assert_eq!(filled(&sim.run(1)), [1]);
    assert_eq!(channel_drops(&sim), [(0, ChannelDrop::Pruned), (1, ChannelDrop::Pruned)]);
}

/// D-020, D-021: frame 0 starts a new channel and discards the unfinished one, also of the same id.
#[test]
fn frame_zero_starts_anew() {
    let mut sim = Sim::fork(Fork::Holocene);
    let data = sim.channel(vec![singular(1, 0, &[tx("a")]).into()]);
    sim.put_frames(1, &[frame(1, 0, vec![1, 2, 3], false)]);
    sim.put_frames(2, &[frame(1, 0, data.slice(..9), false)]);
    sim.put_frames(3, &[frame(1, 1, data.slice(9..), true)]);
    assert_eq!(filled(&sim.run(3)), [1]);
    assert_eq!(channel_drops(&sim), [(1, ChannelDrop::Superseded)]);
}

/// D-022: a later frame must be the next one of the staged channel; if not, it is dropped, and the channel survives.
#[test]
fn later_frames_must_fit() {
    let mut sim = Sim::fork(Fork::Holocene);
    let data = sim.channel(vec![singular(1, 0, &[tx("a")]).into()]);
    sim.put_frames(1, &[frame(1, 1, vec![1], false)]);
    sim.put_frames(1, &[frame(1, 0, data.slice(..9), false)]);
    sim.put_frames(1, &[frame(2, 1, vec![1], false)]);
    sim.put_frames(1, &[frame(1, 2, vec![1], true)]);
    sim.put_frames(1, &[frame(1, 1, data.slice(9..), true)]);
    assert_eq!(filled(&sim.run(1)), [1]);
    let expected = [(1, 1), (2, 1), (1, 2)].map(|(name, number)| (name, number, FrameDrop::NoChannel));
    assert_eq!(frame_drops(&sim), expected);
}

/// D-023: a staged channel above 100,000,000 bytes from Fjord is dropped; its size counts 200 bytes a frame.
#[test]
fn oversized_channels_are_dropped() {
    for (last, expected) in [(980_200, vec![]), (980_201, vec![(1, ChannelDrop::Oversized)])] {
        let mut sim = Sim::fork(Fork::Holocene);
        let data = megabyte();
        for number in 0..99 {
            sim.put_frames(1, &[frame(1, number, data.clone(), false)]);
        }
        sim.put_frames(1, &[frame(1, 99, data.slice(..last - 200), false)]);
        sim.run(1);
        assert_eq!(channel_drops(&sim), expected, "{last}");
    }
}

/// D-017, D-025, D-015: a channel's data is its frames in order of number, and it is gone once read.
#[test]
fn channels_are_whole() {
    let mut sim = Sim::fork(Fork::Canyon);
    let data = sim.channel(vec![singular(1, 0, &[tx("a")]).into()]);
    let cut = batcher::frames(id(1), &data, 7);
    assert!(cut.len() > 3);
    let reversed: Vec<Frame> = cut.into_iter().rev().collect();
    sim.put_frames(1, &reversed);
    sim.put_frames(2, &[frame(1, 0, vec![1], false)]);
    assert_eq!(filled(&sim.run(2)), [1]);
    assert_eq!(sim.count("D-001"), 2);
}

/// E-001, E-023, E-025: what cannot be read of a channel ends it, and the next channel comes.
#[test]
fn unreadable_channels_are_skipped() {
    for fork in [Fork::Bedrock, Fork::Holocene] {
        let mut sim = Sim::fork(fork);
        sim.put_frames(1, &[frame(1, 0, vec![0x33], true)]);
        sim.put_batches(1, 2, vec![Item::Raw(vec![7, 7]), singular(1, 0, &[tx("lost")]).into()]);
        sim.put_batches(1, 3, vec![singular(1, 0, &[tx("a")]).into()]);
        assert_eq!(sim.run(1)[0].transactions, [tx("a")], "{fork}");
        assert_eq!((sim.count("E-001"), sim.count("E-025")), (1, 1));
    }
}
