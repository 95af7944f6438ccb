//! Whole chains by seed: what must hold whatever the batcher does, and wherever derivation begins.

use crate::sim::*;
use alloy_primitives::Bytes;
use unroll_derive::Pipeline;
use unroll_protocol::{
    forks::{Fork, ForkTimes},
    frame::Frame,
};
use unroll_testing::{batcher, batcher::Span, noise::Noise};

fn forks_by(seed: u64) -> ForkTimes {
    let last = [
        Fork::Bedrock,
        Fork::Regolith,
        Fork::Canyon,
        Fork::Delta,
        Fork::Fjord,
        Fork::Granite,
        Fork::Holocene,
    ];
    let forks = at(last[usize::try_from(seed).unwrap() % last.len()]);
    // Some chains pass Holocene on their way.
    match forks.time(Fork::Granite) {
        Some(0) if seed.is_multiple_of(3) => forks.with(Fork::Holocene, l1_time(15).0),
        _ => forks,
    }
}

/// The epoch that slot j most naturally has.
fn epoch_of(j: u64) -> u64 {
    j / 6
}

fn nonce(noise: &mut Noise) -> Bytes {
    real_tx(noise.below(3) as u64)
}

/// A span of about the right blocks.
fn some_span(noise: &mut Noise, j: u64) -> Span {
    let start = (j + noise.below(3) as u64).saturating_sub(noise.below(6) as u64).max(1);
    let epochs: Vec<u64> = (start..=start + noise.below(9) as u64).map(epoch_of).collect();
    let mut span = span(start, &epochs);
    for block in &mut span.blocks {
        if noise.below(4) == 0 {
            block.transactions = [nonce(noise)].iter().collect();
        }
    }
    span
}

fn some_batch(noise: &mut Noise, spans: bool, j: u64) -> Item {
    let skew = |noise: &mut Noise| if noise.below(8) == 0 { noise.below(3) as u64 } else { 0 };
    match noise.below(8) {
        0..4 => {
            let mut batch = singular(j.max(1), epoch_of(j) + skew(noise), &[]);
            if noise.below(3) == 0 {
                batch.transactions = [nonce(noise)].iter().collect();
            }
            batch.into()
        }
        4..7 if spans => some_span(noise, j).into(),
        7 => Item::Raw(noise.bytes(40)),
        _ => singular(j.max(1) + skew(noise), epoch_of(j), &[]).into(),
    }
}

/// Fills L1 with whatever a batcher might send, good and bad.
fn wild_batcher(sim: &mut Sim, noise: &mut Noise, last: u64) {
    let spans = sim.cfg.forks.time(Fork::Delta) == Some(0);
    for k in 1..=last {
        for name in 0..noise.below(3) {
            let j = 6 * (k - 1) + noise.below(6) as u64;
            let items = (0..noise.below(9) as u64).map(|n| some_batch(noise, spans, j + n)).collect();
            let data = sim.channel(items);
            let room = data.len() / (1 + noise.below(3)) + 1;
            let mut frames = batcher::frames(id(u8::try_from(name).unwrap() + 1), &data, room);
            if noise.below(4) == 0 {
                frames.reverse();
            }
            for frame in frames {
                let at = k + u64::from(noise.below(4) == 0);
                let mut payload = batcher::payload(&[frame]).to_vec();
                if noise.below(10) == 0 {
                    noise.mutate(&mut payload);
                }
                sim.put(at, payload.into());
            }
        }
    }
}

/// F-019, F-088, G-003 to G-006: whatever the batcher sends, there is one block a slot, no epoch is skipped, L2 time is never
/// before L1's, and the chain never falls behind by more than the window. No data stops derivation.
#[test]
fn chains_hold_together() {
    let mut filled_blocks = 0;
    for seed in 0..150 {
        let noise = &mut Noise(seed);
        let mut sim = Sim::new(forks_by(seed));
        sim.poison = (seed % 2 == 0).then(|| real_tx(2));
        wild_batcher(&mut sim, noise, 30);
        let derived = sim.run(40);
        let (mut epoch, mut sequence_number) = (0, 0);
        for (block, j) in derived.iter().zip(1..) {
            assert_eq!(block.j, j, "seed {seed}");
            (epoch, sequence_number) = match block.epoch - epoch {
                0 => (epoch, sequence_number + 1),
                1 => (epoch + 1, 0),
                _ => panic!("seed {seed}: epoch {} after {epoch}", block.epoch),
            };
            assert_eq!(block.sequence_number, sequence_number, "seed {seed}");
            assert!(l2_time(j).0 >= l1_time(epoch).0, "seed {seed}");
            assert!(sim.poison.is_none() || block.transactions != [real_tx(2)], "seed {seed}");
        }
        // Epoch 40 - WINDOW - 1 is complete: its window is over, and so is the extra block's.
        assert!(derived.len() as u64 >= 6 * (40 - WINDOW - 1), "seed {seed}: {}", derived.len());
        filled_blocks += filled(&derived).len();
    }
    assert!(filled_blocks > 500, "{filled_blocks}: the batches must matter");
}

/// A batcher that sends each block in time, in channels of its own making, over several L1 blocks, and some of it again.
fn honest_batcher(sim: &mut Sim, noise: &mut Noise, last: u64) {
    let spans = sim.cfg.forks.time(Fork::Delta) == Some(0);
    let split = sim.cfg.forks.time(Fork::Canyon) == Some(0);
    let mut j = 1;
    for (k, name) in (2..last).step_by(2).zip(1..) {
        let end = 6 * k - noise.below(6) as u64;
        let again = noise.below(4) as u64;
        let items: Vec<Item> = if spans && noise.below(2) == 0 {
            let start = j - again.min(j - 1);
            let epochs: Vec<u64> = (start..end).map(epoch_of).collect();
            vec![span(start, &epochs).into()]
        } else {
            (j..end).map(|j| singular(j, epoch_of(j), &[]).into()).collect()
        };
        j = end;
        let data = sim.channel(items);
        let room = if split { data.len() / (1 + noise.below(3)) + 1 } else { data.len() };
        let frames: Vec<Frame> = batcher::frames(id(name), &data, room);
        for (n, frame) in frames.into_iter().enumerate() {
            sim.put_frames(k + if n > 0 { 1 } else { 0 }, &[frame]);
        }
    }
}

/// H-030, H-033, F-002, F-003, F-043, F-055: derivation that begins at any safe block, one channel timeout before its origin,
/// derives the rest of the same chain.
#[test]
fn the_start_does_not_matter() {
    for seed in 0..30 {
        let noise = &mut Noise(seed);
        let forks = forks_by(seed);
        let mut whole = Sim::new(forks);
        honest_batcher(&mut whole, noise, 24);
        let derived = whole.run(40);
        assert!(derived.len() > 100, "seed {seed}");
        for _ in 0..6 {
            let tip = &derived[noise.below(derived.len() - 30)];
            let timeout = forks.derivation(l1_time(tip.epoch)).channel_timeout.unwrap_or(TIMEOUT);
            let mut rest = Sim::with(config(forks), tip.j, tip.epoch, tip.epoch.saturating_sub(timeout));
            rest.tip.block.sequence_number = tip.sequence_number;
            rest.pipeline = Pipeline::new(rest.cfg, &rest.tip, l1(tip.epoch.saturating_sub(timeout)));
            rest.l1 = whole.l1.clone();
            rest.safe = derived.iter().map(|b| (b.j, safe_block(b.j, b.epoch, &b.transactions))).collect();
            rest.safe.insert(0, safe_block(0, 0, &[]));
            let expected = &derived[usize::try_from(tip.j).unwrap()..];
            assert_eq!(rest.run(40), expected, "seed {seed}, from block {}", tip.j);
        }
    }
}
