//! Batches beside L1 (B-041 to B-045).

use super::{Story, chain, expect};
use crate::alt_da::{challenge_log, commitment, resolve_call};
use crate::devnet::{
    Devnet, L1Transaction, RangeWitness,
    config::{AltDaWindows, DaKind, ForkConfig},
    events,
    keys::Call,
    witness::run,
};
use alloy_primitives::{Bytes, TxKind, U256, keccak256};
use unroll_alt_da::{Decision, MAX_INPUT_BYTES, Skip, Status};
use unroll_derive::Event;
use unroll_proof::{BootInfo, claim::Outcome};
use unroll_protocol::forks::Fork;

const WINDOWS: AltDaWindows = AltDaWindows { challenge_window: 3, resolve_window: 4 };

/// Commitments of which one is challenged and answered, and one is challenged and not answered, whose blocks are then posted
/// again; others have no input that counts.
pub(super) fn alt_da(fork: Fork) -> Story {
    let mut devnet = chain(ForkConfig::until(fork), |config| {
        config.alt_da = Some(WINDOWS);
        config.batcher.da = DaKind::AltDa;
        config.l2.block_time = 12;
        config.l2.seq_window_size = 40;
        config.l2.channel_timeout = 40;
    });
    devnet.advance();
    nothing_that_counts(&mut devnet);
    // Nobody has this one's input but L1.
    let (at, input) = post(&mut devnet);
    devnet.store.forget(keccak256(&input));
    challenge(&mut devnet, at, &input, false);
    challenge(&mut devnet, at, &input, true);
    // Everybody has this one's.
    let first = devnet.poster.next;
    let (at, void) = post(&mut devnet);
    let early = believed(devnet.clone(), &void);
    challenge(&mut devnet, at, &void, false);
    for _ in 0..WINDOWS.resolve_window {
        devnet.mine(&[]);
    }
    // Its challenge expired: at this L1 head the blocks in it are none of the chain's.
    let boot = BootInfo { l1_head: devnet.l1.head().header.hash(), ..early.boot };
    let now = run(&early.config, &boot, &devnet.store).expect("the store lacks nothing").verdict;
    assert_eq!((now.number, now.outcome.is_valid()), (first - 1, false));
    // They are posted again, as calldata, which does as well.
    devnet.poster.next = first;
    devnet.poster.config.da = DaKind::Calldata;
    devnet.advance_to(early.boot.claimed_block_number + 2);
    told(&devnet.sync(), &input);
    assert!(devnet.safe() > early.boot.claimed_block_number);
    let story = Story::whole(devnet);
    assert!(story.witness.preimages.values().all(|value| *value != void), "nobody asks for what is void");
    story
}

/// The claim about all blocks before anybody challenged the last input: it counted then.
fn believed(mut devnet: Devnet, input: &Bytes) -> RangeWitness {
    devnet.sync();
    let head = devnet.head().header.number;
    let early = devnet.range(0, head);
    assert_eq!((devnet.safe(), early.verdict.outcome), (head, Outcome::Right));
    assert!(early.preimages.values().any(|value| value == input));
    early
}

fn is_skip(event: &Event, reason: impl Fn(Skip) -> bool) -> bool {
    matches!(event, Event::AltDa(Decision::CommitmentSkipped { why, .. }) if reason(*why))
}

fn told(events: &[Event], answered: &[u8]) {
    let commitment = commitment(answered);
    for status in [Status::Active, Status::Resolved] {
        let is = |event: &Event| match event {
            Event::AltDa(Decision::Challenge { change, .. }) => {
                change.commitment == commitment && change.status == status
            }
            _ => false,
        };
        expect(events, "challenge", is);
    }
    let read = |event: &Event| matches!(event, Event::AltDa(Decision::InputRead { commitment: of, .. }) if *of == commitment);
    expect(events, "answer", read);
    expect(events, "expired", |event| is_skip(event, |why| why == Skip::Expired));
    expect(events, "malformed", |event| is_skip(event, |why| matches!(why, Skip::Malformed(_))));
    expect(events, "other kind", |event| is_skip(event, |why| why == Skip::OtherKind));
    expect(events, "too long", |event| is_skip(event, |why| why == Skip::TooLong(MAX_INPUT_BYTES + 1)));
}

/// Posts a commitment that does not decode, one of a service, and one whose input is too long.
fn nothing_that_counts(devnet: &mut Devnet) {
    let cfg = devnet.rollup().clone();
    let long = vec![0; MAX_INPUT_BYTES + 1].into();
    let transactions = [
        devnet.poster.calldata(&cfg, b"\x01\x09unknown"[..].into()),
        devnet.poster.calldata(&cfg, b"\x01\x01\x0clayer 12"[..].into()),
        devnet.poster.commitment(&cfg, long),
    ];
    devnet.mine(&transactions);
}

/// Builds a block and posts its commitment: in which L1 block, and to what.
fn post(devnet: &mut Devnet) -> (u64, Bytes) {
    devnet.sequence();
    let transactions = devnet.post();
    let input = transactions.iter().flat_map(|transaction| transaction.inputs.clone()).next();
    let at = devnet.mine(&transactions).header.number;
    (at, input.expect("one frame is one commitment"))
}

/// Challenges a commitment, or answers with its input.
fn challenge(devnet: &mut Devnet, at: u64, input: &[u8], answer: bool) {
    let commitment = commitment(input);
    let call = Call {
        chain_id: devnet.config.l1.chain_id,
        nonce: devnet.l1_nonce,
        gas_limit: 400_000,
        to: TxKind::Call(events::DA_CHALLENGE),
        value: U256::ZERO,
        input: if answer { resolve_call(at, &commitment, input) } else { Bytes::new() },
    };
    devnet.l1_nonce += 1;
    let log = challenge_log(events::DA_CHALLENGE, at, &commitment, 1 + u8::from(answer));
    let envelope = devnet.traffic.l1_user().call(call);
    devnet.mine(&[L1Transaction::logging(envelope, vec![log])]);
}
