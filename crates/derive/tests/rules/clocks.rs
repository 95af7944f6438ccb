//! Trap 1: each rule has its own clock. A fork lies between the times that could be confused.

use crate::sim::*;
use unroll_derive::Event;
use unroll_protocol::{compression::CompressionError, forks::Fork};
use unroll_testing::batcher::{self, Compression};

/// D-014: Canyon's scan begins with the L1 block being read, whenever channels were opened and completed, and whatever L2 time
/// their batches have.
#[test]
fn trap_1_canyon_is_by_the_block_being_read() {
    let mut sim = Sim::new(at(Fork::Regolith).with(Fork::Canyon, l1_time(3).0));
    sim.put_frames(1, &[frame(7, 0, vec![1], false)]); // in the way
    sim.put_batches(2, 8, vec![singular(1, 0, &[tx("a")]).into()]);
    assert_eq!(filled(&sim.run(2)), [0u64; 0]);
    assert_eq!(filled(&sim.run(3)), [1]);
}

/// E-002: Brotli is admitted by the L1 block in which the channel is completed, not by the one in which it was opened, nor by the
/// batch's own time.
#[test]
fn trap_1_brotli_is_by_completion() {
    for (completed, expected) in [(2, vec![]), (3, vec![1])] {
        let mut sim = Sim::new(at(Fork::Ecotone).with(Fork::Fjord, l1_time(3).0));
        let stream = batcher::stream([batcher::singular(&singular(1, 0, &[tx("a")]))]);
        let data = batcher::compress(&stream, Compression::Brotli(4));
        sim.put_frames(1, &[frame(1, 0, data[..9].to_vec(), false)]);
        sim.put_frames(completed, &[frame(1, 1, data[9..].to_vec(), true)]);
        assert_eq!(filled(&sim.run(3)), expected);
        let refused = |event: &Event| {
            matches!(event, Event::ChannelUnreadable { why: CompressionError::BrotliInactive, .. })
        };
        assert_eq!(sim.events.iter().filter(|event| refused(event)).count(), usize::from(completed == 2));
        assert_eq!(sim.count("E-002"), usize::from(completed == 2));
    }
}

/// F-021: the drift is that of the batch's L1 origin, however late the batch is included, and whatever its own time is.
#[test]
fn trap_1_drift_is_by_the_origin() {
    let j = DRIFT / 2 + 1;
    let origin = l1_time(0).0;
    for (fjord, expected) in [(origin, vec![]), (origin + 1, vec!["F-021"]), (l2_time(j).0, vec!["F-021"])] {
        let mut sim = Sim::with(config(at(Fork::Ecotone).with(Fork::Fjord, fjord)), j - 1, 0, 0);
        for k in 1..=3 {
            sim.block(k).origin.time.0 += 10_000; // L1 stood still while L2 ran ahead
        }
        sim.put_singular(2, &[singular(j, 0, &[tx("t")])]);
        sim.run(2);
        assert_eq!(sim.dropped(), expected, "Fjord at {fjord}");
    }
}
