//! E-055: what the worst channels cost in memory, from their frames to attributes. One test, because the allocator counts all
//! threads.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

#[allow(dead_code, reason = "the test uses a part of it")]
#[allow(clippy::needless_pass_by_value, clippy::type_complexity, reason = "test support")]
#[path = "rules/sim.rs"]
mod sim;

use alloy_primitives::{Bytes, keccak256};
use sim::{Sim, empty_l1, singular};
use std::time::Instant;
use unroll_derive::Poll;
use unroll_protocol::forks::Fork;
use unroll_testing::{
    batcher::{self, Compression},
    memory::Counting,
};

#[global_allocator]
static MEMORY: Counting = Counting::new();

/// Nearly as much as a channel may hold, compressed (D-023) and decompressed (E-010), in bytes.
const FULL_SIZE: usize = 99_000_000;

/// As much as frames may carry (C-002), and how many of them an L1 block gets here.
const FRAME_BYTES: usize = 1_000_000;
const FRAMES_PER_BLOCK: usize = 10;

/// Derives the one block that the channel holds; how much memory that took beside the channel itself, which is the L1 node's.
/// The frames are copies, and count.
fn peak(channel: &Bytes, transaction: &Bytes) -> usize {
    let mut sim = Sim::fork(Fork::Holocene);
    let mut sent = 0;
    let (peak, ()) = MEMORY.peak_of(|| {
        loop {
            match sim.pipeline.poll(&sim.tip).unwrap() {
                Poll::NeedL1 { number } => {
                    let mut input = empty_l1(number - 50);
                    let rest = channel.chunks(FRAME_BYTES).enumerate().skip(sent);
                    let frames = rest.take(FRAMES_PER_BLOCK).map(|(number, data)| {
                        let is_last = (number + 1) * FRAME_BYTES >= channel.len();
                        let number = u16::try_from(number).unwrap();
                        sim::frame(1, number, Bytes::copy_from_slice(data), is_last)
                    });
                    let frames: Vec<_> = if number > 50 { frames.collect() } else { vec![] };
                    sent += frames.len();
                    // Of no more capacity than they are long.
                    let payloads = frames.chunks(1).map(batcher::payload);
                    input.data.extend(payloads.map(|payload| Bytes::copy_from_slice(&payload)));
                    drop(frames);
                    sim.pipeline.push_l1(input).unwrap();
                }
                Poll::Attributes(attributes) => {
                    let last = attributes.transactions.unwrap().pop().unwrap();
                    assert!(last == *transaction, "the last of {} bytes", last.len());
                    return;
                }
                other => panic!("{other:?}"),
            }
        }
    });
    peak
}

/// E-055: two and a half times the size of a channel are enough for it, whether it compresses to nothing or not at all.
#[test]
fn e_055_memory_of_full_channels() {
    let seeds = (0_u64..).flat_map(|n| keccak256(n.to_be_bytes()).0);
    let noise: Bytes = [2].into_iter().chain(seeds).take(FULL_SIZE - 200).collect::<Vec<_>>().into();
    let zeros: Bytes = [vec![2], vec![0; FULL_SIZE - 201]].concat().into();
    for (name, transaction) in [("noise", noise), ("zeros", zeros)] {
        let batch = batcher::singular(&singular(1, 0, std::slice::from_ref(&transaction)));
        let stream = batcher::stream([batch]);
        for how in [Compression::Zlib(0), Compression::Zlib(1), Compression::Brotli(1)] {
            let channel = batcher::compress(&stream, how).into();
            let start = Instant::now();
            let peak = peak(&channel, &transaction);
            let ratio = peak as f64 / stream.len() as f64;
            println!(
                "{name}, {how:?}: channel {}, peak {peak} ({ratio:.2} x); {:?}",
                channel.len(),
                start.elapsed()
            );
            assert!(peak < stream.len() * 5 / 2, "{name} {how:?}");
        }
    }
}
