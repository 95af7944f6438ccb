//! B-041 to B-046: data beside L1, with commitments on it and challenges of them.

use crate::{
    providers::{
        add, calldata,
        common::{Absent, Memory},
        derivable, key, reader, rollup, sign,
    },
    sim::*,
};
use alloy_consensus::Receipt;
use alloy_primitives::{Address, B256, Bytes, Log, TxKind, U256, keccak256};
use unroll_alt_da::{ChallengeError, CommitmentError, Decision, MAX_INPUT_BYTES, Skip, Status, StatusChange};
use unroll_derive::{
    CriticalCause, DeriveError, DriveError, Driver, Event, L1Reader, ResetCause, provider::AltDaInput,
};
use unroll_protocol::{
    config::{AltDaConfig, DaCommitment, RollupConfig},
    deposit::DepositTx,
    forks::Fork,
    units::L1Ref,
};
use unroll_testing::alt_da::{self, challenge_log, commitment};

const CONTRACT: Address = Address::repeat_byte(0xdc);
const CHALLENGE_WINDOW: u64 = 3;
const RESOLVE_WINDOW: u64 = 4;

fn with_alt_da(commitment: DaCommitment) -> RollupConfig {
    let mut cfg = rollup(Fork::Ecotone);
    cfg.alt_da = Some(AltDaConfig {
        challenge_contract: CONTRACT,
        commitment,
        challenge_window: CHALLENGE_WINDOW,
        resolve_window: RESOLVE_WINDOW,
    });
    cfg
}

fn keccak() -> RollupConfig {
    with_alt_da(DaCommitment::Keccak)
}

fn payload(commitment: &[u8]) -> Bytes {
    [&[1], commitment].concat().into()
}

/// What happens in an L1 block.
#[derive(Clone)]
enum Deed {
    /// The batcher posts a payload.
    Post(Bytes),
    /// A commitment of block `.0` is challenged.
    Challenge(u64, Bytes),
    /// A challenge is answered with an input.
    Resolve(u64, Bytes, Bytes),
    /// A log, and the calldata of its transaction; whether that succeeds.
    Raw(Log, Bytes, bool),
}
use Deed::{Challenge, Post, Raw, Resolve};

fn event(k: u64, commitment: &[u8], status: u8) -> Log {
    challenge_log(CONTRACT, 50 + k, commitment, status)
}

fn resolve_call(k: u64, commitment: &[u8], input: &[u8]) -> Bytes {
    alt_da::resolve_call(50 + k, commitment, input)
}

/// L1 blocks 1 to `length`, in which this happens.
fn l1_with(length: u64, deeds: &[(u64, Deed)]) -> (Memory, Vec<L1Ref>) {
    let mut memory = Memory::default();
    let mut blocks = Vec::new();
    for k in 1..=length {
        let (mut transactions, mut receipts) = (Vec::new(), Vec::new());
        for (_, deed) in deeds.iter().filter(|(at, _)| *at == k) {
            let (input, log, success, who) = match deed.clone() {
                Post(payload) => (payload, None, true, key(1)),
                Challenge(of, commitment) => (Bytes::new(), Some(event(of, &commitment, 1)), true, key(2)),
                Resolve(of, commitment, input) => {
                    let call = resolve_call(of, &commitment, &input);
                    (call, Some(event(of, &commitment, 2)), true, key(2))
                }
                Raw(log, input, success) => (input, Some(log), success, key(2)),
            };
            transactions.push(sign(calldata(input), &who));
            let logs = log.into_iter().collect();
            receipts.push(Receipt { status: success.into(), cumulative_gas_used: 1, logs });
        }
        blocks.push(add(&mut memory, k, transactions, receipts));
    }
    (memory, blocks)
}

/// The data of a block; `None`: wait.
fn data(
    reader: &mut L1Reader<'_>,
    memory: &mut Memory,
    block: &L1Ref,
) -> Result<Option<Vec<Bytes>>, DriveError<Absent>> {
    Ok(reader.read(memory, block, &mut Vec::new())?.map(|input| input.data))
}

/// What is read of the first block, with what is decided about it.
fn first(cfg: &RollupConfig, memory: &mut Memory, blocks: &[L1Ref]) -> (Option<Vec<Bytes>>, Vec<Decision>) {
    let mut events = Vec::new();
    let input = reader(cfg).read(memory, &blocks[0], &mut events).unwrap();
    let decisions = events.into_iter().filter_map(|event| match event {
        Event::AltDa(decision) => Some(decision),
        _ => None,
    });
    (input.map(|input| input.data), decisions.collect())
}

fn knows(memory: &mut Memory, input: &[u8]) {
    memory.inputs.insert(commitment(input), AltDaInput::Found(Bytes::copy_from_slice(input)));
}

fn asked_for_inputs(memory: &Memory) -> usize {
    memory.asked.iter().filter(|what| what.starts_with("input")).count()
}

const A: &[u8] = b"\0input A";
const B: &[u8] = b"\0input B";

/// B-041: payloads of another version are passed on as they are, in their place.
#[test]
fn other_payloads_are_passed_on() {
    let posts =
        [Bytes::from(&b"\0frames"[..]), payload(&commitment(A)), b"\x02unknown"[..].into(), Bytes::new()];
    let deeds = posts.clone().map(|payload| (1, Post(payload)));
    let (mut memory, blocks) = l1_with(1, &deeds);
    knows(&mut memory, A);
    let (read, _) = first(&keccak(), &mut memory, &blocks);
    assert_eq!(read, Some(vec![posts[0].clone(), A.into(), posts[2].clone(), posts[3].clone()]));
    // Without alt-DA a commitment is an ordinary payload, which holds no frames.
    let (read, decisions) = first(&rollup(Fork::Ecotone), &mut memory, &blocks);
    assert_eq!((read, decisions), (Some(posts.into()), vec![]));
}

/// B-042: commitments that do not decode, or are of the kind that the rollup does not use, have no input.
#[test]
fn other_commitments_are_skipped() {
    let service = Bytes::from(&b"\x01\x0clayer 12"[..]);
    let posted = [&[][..], &[0, 1, 2], &[7, 7], &service, &commitment(A)];
    let (mut memory, blocks) = l1_with(1, &posted.map(|commitment| (1, Post(payload(commitment)))));
    knows(&mut memory, A);
    memory.inputs.insert(service.clone(), AltDaInput::Found(B.into()));
    let skips = |cfg: &RollupConfig, memory: &mut Memory| -> (Option<Vec<Bytes>>, Vec<Skip>) {
        let (read, decisions) = first(cfg, memory, &blocks);
        let skips = decisions.into_iter().filter_map(|decision| match decision {
            Decision::CommitmentSkipped { why, .. } => Some(why),
            _ => None,
        });
        (read, skips.collect())
    };
    let (read, why) = skips(&keccak(), &mut memory);
    assert_eq!(read, Some(vec![A.into()]));
    assert!(matches!(
        why[..],
        [
            Skip::Malformed(CommitmentError::Read(_)),
            Skip::Malformed(CommitmentError::Read(_)),
            Skip::Malformed(CommitmentError::Kind(7)),
            Skip::OtherKind
        ]
    ));
    let (read, why) = skips(&with_alt_da(DaCommitment::Generic), &mut memory);
    assert_eq!((read, why.last()), (Some(vec![B.into()]), Some(&Skip::OtherKind)));
}

/// B-043: inputs have a limit where they may have to be posted to L1; those of services do not.
#[test]
fn inputs_have_a_limit() {
    let (most, more) = (vec![0; MAX_INPUT_BYTES], vec![0; MAX_INPUT_BYTES + 1]);
    let posts = [&most, &more].map(|input| (1, Post(payload(&commitment(input)))));
    let (mut memory, blocks) = l1_with(1, &posts);
    for input in [&most, &more] {
        knows(&mut memory, input);
    }
    let (read, decisions) = first(&keccak(), &mut memory, &blocks);
    assert_eq!(read, Some(vec![most.into()]));
    let why = Skip::TooLong(MAX_INPUT_BYTES + 1);
    assert_eq!(decisions.last(), Some(&Decision::CommitmentSkipped { block: 51, why }));

    let service = Bytes::from(&b"\x01\x00layer 0"[..]);
    let (mut memory, blocks) = l1_with(1, &[(1, Post(payload(&service)))]);
    memory.inputs.insert(service, AltDaInput::Found(more.clone().into()));
    let (read, _) = first(&with_alt_da(DaCommitment::Generic), &mut memory, &blocks);
    assert_eq!(read, Some(vec![more.into()]));
}

/// B-044: an unchallenged input counts, once its window is over as before.
#[test]
fn unchallenged_inputs_count() {
    for length in 1..=CHALLENGE_WINDOW + 3 {
        let (mut memory, blocks) = l1_with(length, &[(1, Post(payload(&commitment(A))))]);
        knows(&mut memory, A);
        let (read, decisions) = first(&keccak(), &mut memory, &blocks);
        assert_eq!(read, Some(vec![A.into()]));
        let input = Decision::InputRead { block: 51, commitment: commitment(A), bytes: A.len() };
        assert_eq!(decisions, [input]);
        assert!(memory.asked.iter().all(|what| !what.starts_with("receipts")), "no bloom says so");
    }
}

/// B-044: an input that nobody posts in time does not count, whoever has it; nobody is asked for it.
#[test]
fn expired_challenges_void_inputs() {
    let deeds = [
        (1, Post(payload(&commitment(A)))),
        (1, Post(payload(&commitment(B)))),
        (1 + CHALLENGE_WINDOW, Challenge(1, commitment(A))),
    ];
    let expiry = 1 + CHALLENGE_WINDOW + RESOLVE_WINDOW;
    for (length, void) in [(expiry - 1, false), (expiry, true), (expiry + 1, true)] {
        let (mut memory, blocks) = l1_with(length, &deeds);
        for input in [A, B] {
            knows(&mut memory, input);
        }
        let (read, decisions) = first(&keccak(), &mut memory, &blocks);
        assert_eq!(read, Some(if void { vec![B.into()] } else { vec![A.into(), B.into()] }));
        assert_eq!(asked_for_inputs(&memory), if void { 1 } else { 2 });
        let skipped = Decision::CommitmentSkipped { block: 51, why: Skip::Expired };
        assert_eq!(decisions.contains(&skipped), void);
    }
}

/// B-044: an answered challenge has the input in its transaction, up to the last block of the window.
#[test]
fn answered_challenges_hold_the_input() {
    for (answer, counts) in [(2, true), (2 + RESOLVE_WINDOW, true), (3 + RESOLVE_WINDOW, false)] {
        let deeds = [
            (1, Post(payload(&commitment(A)))),
            (2, Challenge(1, commitment(A))),
            (answer, Resolve(1, commitment(A), A.into())),
        ];
        let (mut memory, blocks) = l1_with(12, &deeds);
        let (read, decisions) = first(&keccak(), &mut memory, &blocks);
        assert_eq!(read, Some(if counts { vec![A.into()] } else { vec![] }), "answered in block {answer}");
        assert_eq!(asked_for_inputs(&memory), 0);
        let of = |status| StatusChange { block: 51, commitment: commitment(A), status };
        let change = |k, status| Decision::Challenge { block: 50 + k, change: of(status) };
        assert_eq!(decisions[0], change(2, Status::Active));
        assert_eq!(decisions[1] == change(answer, Status::Resolved), counts);
    }
}

/// B-044: where L1 is an OP Stack chain itself, the answer may have been deposited there, like batches (B-013).
#[test]
fn answers_may_be_deposits() {
    let deeds = [
        (1, Post(payload(&commitment(A)))),
        (2, Challenge(1, commitment(A))),
        (3, Resolve(1, commitment(A), A.into())),
    ];
    let (mut memory, blocks) = l1_with(12, &deeds);
    let answer = DepositTx {
        source_hash: B256::ZERO,
        from: INBOX,
        to: TxKind::Call(CONTRACT),
        mint: U256::ZERO,
        value: U256::ZERO,
        gas: 0,
        is_system: false,
        data: resolve_call(1, &commitment(A), A),
    };
    for (transaction, read) in [(answer.encode(), vec![A.into()]), (Bytes::from(vec![0x7e, 0xc0]), vec![])] {
        memory.transactions.insert(blocks[2].hash, vec![transaction]);
        assert_eq!(first(&keccak(), &mut memory, &blocks).0, Some(read));
    }
    assert_eq!(asked_for_inputs(&memory), 0);
}

/// Each decision names the rule that it was taken by.
#[test]
fn decisions_name_their_rules() {
    let change = StatusChange { block: 51, commitment: commitment(A), status: Status::Active };
    let skipped = |why| Decision::CommitmentSkipped { block: 51, why };
    let decisions = [
        (Decision::InputRead { block: 51, commitment: commitment(A), bytes: 1 }, "B-045"),
        (skipped(Skip::Malformed(CommitmentError::Kind(2))), "B-042"),
        (skipped(Skip::OtherKind), "B-042"),
        (skipped(Skip::TooLong(1)), "B-043"),
        (skipped(Skip::Expired), "B-044"),
        (Decision::Challenge { block: 51, change }, "B-044"),
        (Decision::ChallengeIgnored { block: 51, log_index: 0, why: ChallengeError::Again }, "B-044"),
    ];
    for (decision, rule) in decisions {
        assert_eq!((decision.rule(), Event::AltDa(decision.clone()).rule()), (rule, rule), "{decision:?}");
    }
}

/// B-044: challenges of other blocks and other commitments are nothing to this one.
#[test]
fn challenges_are_of_one_commitment() {
    let other = Bytes::from([&[1, 12], &keccak256(A)[..]].concat());
    let deeds = [
        (1, Post(payload(&commitment(A)))),
        (2, Challenge(2, commitment(A))),
        (2, Challenge(1, commitment(B))),
        (2, Challenge(1, other)),
    ];
    let (mut memory, blocks) = l1_with(20, &deeds);
    knows(&mut memory, A);
    assert_eq!(first(&keccak(), &mut memory, &blocks).0, Some(vec![A.into()]));
}

/// B-044: logs that are none of the contract's challenges change nothing.
#[test]
fn malformed_challenges_are_ignored() {
    let good = event(1, &commitment(A), 1);
    let with = |change: &dyn Fn(&mut Vec<B256>, &mut Vec<u8>)| {
        let (mut topics, mut bytes) = (good.topics().to_vec(), good.data.data.to_vec());
        change(&mut topics, &mut bytes);
        Log::new_unchecked(CONTRACT, topics, bytes.into())
    };
    let elsewhere = Log { address: INBOX, ..good.clone() };
    let silent =
        [(elsewhere, true), (with(&|topics, _| topics[0] = B256::ZERO), true), (good.clone(), false)];
    let told = [
        (with(&|topics, _| topics.push(B256::ZERO)), ChallengeError::Topics(3)),
        (with(&|topics, _| topics.truncate(1)), ChallengeError::Topics(1)),
        (with(&|topics, _| topics[1] = B256::repeat_byte(1)), ChallengeError::Number),
        (with(&|_, data| data[32] = 1), ChallengeError::Number),
        (event(1, &commitment(A), 0), ChallengeError::Status(0)),
        (event(1, &commitment(A), 3), ChallengeError::Status(3)),
        (event(1, &[9, 9], 1), ChallengeError::Commitment(CommitmentError::Kind(9))),
    ];
    let cut = with(&|_, data| data.truncate(127));
    let mut deeds = vec![(1, Post(payload(&commitment(A)))), (2, Raw(cut, Bytes::new(), true))];
    deeds.extend(silent.map(|(log, success)| (2, Raw(log, Bytes::new(), success))));
    deeds.extend(told.iter().map(|(log, _)| (2, Raw(log.clone(), Bytes::new(), true))));
    let (mut memory, blocks) = l1_with(20, &deeds);
    knows(&mut memory, A);
    let (read, mut decisions) = first(&keccak(), &mut memory, &blocks);
    assert_eq!(read, Some(vec![A.into()]));
    decisions.pop();
    let cut = decisions.remove(0);
    assert!(matches!(cut, Decision::ChallengeIgnored { why: ChallengeError::Read(_), .. }), "{cut:?}");
    let expected = told.into_iter().zip(4..).map(|((_, why), receipt)| {
        // The log of a transaction that failed is counted, but not looked at.
        Decision::ChallengeIgnored { block: 52, log_index: receipt, why }
    });
    assert_eq!(decisions, expected.collect::<Vec<_>>());
}

/// B-044: what the contract would not log is ignored, however far L1 was looked at for other commitments.
#[test]
fn windows_hold_however_far_one_looks() {
    let cfg = keccak();
    let late = 2 + CHALLENGE_WINDOW;
    let cases: [(&[(u64, Deed)], bool, &[ChallengeError]); 5] = [
        // Challenged too late, or before the commitment.
        (&[(late, Challenge(1, commitment(A)))], true, &[ChallengeError::Window]),
        (&[(1, Challenge(2, commitment(B)))], true, &[ChallengeError::Window]),
        // Answered too late.
        (
            &[(2, Challenge(1, commitment(A))), (3 + RESOLVE_WINDOW, Resolve(1, commitment(A), A.into()))],
            false,
            &[ChallengeError::Window],
        ),
        // Challenged again, after an answer and before one.
        (
            &[
                (2, Challenge(1, commitment(A))),
                (3, Resolve(1, commitment(A), A.into())),
                (4, Challenge(1, commitment(A))),
            ],
            true,
            &[ChallengeError::Again],
        ),
        (
            &[(2, Challenge(1, commitment(A))), (4, Challenge(1, commitment(A)))],
            false,
            &[ChallengeError::Again],
        ),
    ];
    for (deeds, counts, ignored) in cases {
        for far in [false, true] {
            let mut all = vec![(1, Post(payload(&commitment(A)))), (2, Post(payload(&commitment(B))))];
            all.extend_from_slice(deeds);
            if far {
                // This one's challenge, answered at the last moment, is looked at first.
                let end = 1 + CHALLENGE_WINDOW;
                all.insert(0, (1, Post(payload(&commitment(b"\0far")))));
                all.push((end, Challenge(1, commitment(b"\0far"))));
                all.push((end + RESOLVE_WINDOW, Resolve(1, commitment(b"\0far"), b"\0far"[..].into())));
            }
            let (mut memory, blocks) = l1_with(20, &all);
            for input in [A, B] {
                knows(&mut memory, input);
            }
            let mut reader = reader(&cfg);
            let mut events = Vec::new();
            let mut read = Vec::new();
            for block in &blocks {
                read.push(reader.read(&mut memory, block, &mut events).unwrap().unwrap().data);
            }
            let expected: Vec<Bytes> = [(far, &b"\0far"[..]), (counts, A)]
                .into_iter()
                .filter_map(|(counts, input)| counts.then_some(input.into()))
                .collect();
            assert_eq!((&read[0], &read[1]), (&expected, &vec![B.into()]), "{far}");
            let why = events.into_iter().filter_map(|event| match event {
                Event::AltDa(Decision::ChallengeIgnored { why, .. }) => Some(why),
                _ => None,
            });
            if far {
                assert_eq!(why.collect::<Vec<_>>(), ignored);
            }
        }
    }
}

/// B-044: only a transaction that holds the input answers a challenge.
#[test]
fn malformed_answers_are_ignored() {
    let call = resolve_call(1, &commitment(A), A);
    let unpadded = call.slice(..call.len() - (32 - A.len() % 32));
    let answers: [(Bytes, bool); 7] = [
        (call.clone(), true),
        ([&[9; 4], &call[4..], &[7; 9]].concat().into(), true), // neither selector nor padding matter
        (unpadded.clone(), true),
        (unpadded.slice(..unpadded.len() - 1), false),
        (call.slice(..3), false),
        (resolve_call(1, &commitment(A), B), false),
        (resolve_call(1, &commitment(A), b""), false),
    ];
    for (calldata, counts) in answers {
        let answer = Raw(event(1, &commitment(A), 2), calldata.clone(), true);
        let deeds = [(1, Post(payload(&commitment(A)))), (2, Challenge(1, commitment(A))), (3, answer)];
        let (mut memory, blocks) = l1_with(20, &deeds);
        let (read, decisions) = first(&keccak(), &mut memory, &blocks);
        assert_eq!(read, Some(if counts { vec![A.into()] } else { vec![] }), "{calldata}");
        let ignored = decisions.iter().any(|d| matches!(d, Decision::ChallengeIgnored { .. }));
        assert_eq!(ignored, !counts);
    }
    // An answer to nothing.
    let deeds = [(1, Post(payload(&commitment(A)))), (3, Resolve(1, commitment(A), A.into()))];
    let (mut memory, blocks) = l1_with(20, &deeds);
    knows(&mut memory, A);
    let unknown = Decision::ChallengeIgnored { block: 53, log_index: 0, why: ChallengeError::Unknown };
    assert_eq!(first(&keccak(), &mut memory, &blocks).1[0], unknown);
}

/// B-044: data that is missing is waited for as long as L1 may decide; then it is lost, unless there is a challenge.
#[test]
fn missing_inputs_are_waited_for() {
    let cfg = keccak();
    let post = (1, Post(payload(&commitment(A))));
    let challenge = (3, Challenge(1, commitment(A)));
    let answer = (5, Resolve(1, commitment(A), A.into()));
    let lost = || CriticalCause::InputLost { block: 51, commitment: commitment(A) }.into();
    let read = |length: u64, deeds: &[(u64, Deed)], reader: &mut L1Reader<'_>| {
        let (mut memory, blocks) = l1_with(length, deeds);
        data(reader, &mut memory, &blocks[0])
    };
    // The same reader again and again, while L1 grows; and a fresh one, which sees the same.
    let (mut unchallenged, mut expired, mut answered) = (reader(&cfg), reader(&cfg), reader(&cfg));
    for length in 1..=12 {
        for fresh in [false, true] {
            let mut new = [reader(&cfg), reader(&cfg), reader(&cfg)];
            let readers =
                if fresh { new.each_mut() } else { [&mut unchallenged, &mut expired, &mut answered] };
            let [unchallenged, expired, answered] = readers;
            let expected = if length <= CHALLENGE_WINDOW { Ok(None) } else { Err(lost()) };
            assert_eq!(read(length, std::slice::from_ref(&post), unchallenged), expected, "{length}");
            let expected = if length < 3 + RESOLVE_WINDOW { Ok(None) } else { Ok(Some(vec![])) };
            assert_eq!(read(length, &[post.clone(), challenge.clone()], expired), expected, "{length}");
            let expected = if length < 5 { Ok(None) } else { Ok(Some(vec![A.into()])) };
            let deeds = [post.clone(), challenge.clone(), answer.clone()];
            assert_eq!(read(length, &deeds, answered), expected, "{length}");
        }
    }
}

/// B-044: whoever used an input before its challenge expired has to start over, and then finds it void.
#[test]
fn used_inputs_may_be_voided_later() {
    let cfg = keccak();
    let deeds = [
        (1, Post(payload(&commitment(A)))),
        (2, Post(payload(&commitment(B)))),
        (3, Challenge(1, commitment(A))),
    ];
    let expiry = 3 + RESOLVE_WINDOW;
    let mut reader = reader(&cfg);
    for k in 1..=expiry + 1 {
        let (mut memory, blocks) = l1_with(k, &deeds);
        for input in [A, B] {
            knows(&mut memory, input);
        }
        let read = data(&mut reader, &mut memory, blocks.last().unwrap());
        let expected = match k {
            1 => Ok(Some(vec![A.into()])),
            2 => Ok(Some(vec![B.into()])),
            k if k < expiry => Ok(Some(vec![])),
            _ => Err(ResetCause::ChallengeExpired { block: 51 }.into()),
        };
        assert_eq!(read, expected, "block {k}");
    }
    let (mut memory, blocks) = l1_with(expiry, &deeds);
    for input in [A, B] {
        knows(&mut memory, input);
    }
    assert_eq!(first(&cfg, &mut memory, &blocks).0, Some(vec![]));
}

/// B-044: with L1 at hand, nothing is used that is voided later.
#[test]
fn looking_ahead_never_takes_back() {
    let cfg = keccak();
    let deeds = [
        (1, Post(payload(&commitment(A)))),
        (2, Post(payload(&commitment(A)))),
        (5, Challenge(2, commitment(A))),
        (4, Post(payload(&commitment(B)))),
        (7, Challenge(4, commitment(B))),
        (8, Resolve(4, commitment(B), B.into())),
    ];
    let (mut memory, blocks) = l1_with(30, &deeds);
    knows(&mut memory, A);
    let mut reader = reader(&cfg);
    let read: Vec<_> =
        blocks.iter().map(|block| data(&mut reader, &mut memory, block).unwrap().unwrap()).collect();
    assert_eq!((&read[0], &read[1], &read[3]), (&vec![A.into()], &vec![], &vec![B.into()]));
    assert_eq!(read.concat().len(), 2);
}

/// B-001: L1 that changes under what was read ahead.
#[test]
fn reorganisations_ahead_are_seen() {
    let cfg = keccak();
    let post = (1, Post(payload(&commitment(A))));
    let (mut old, blocks) = l1_with(3, std::slice::from_ref(&post));
    knows(&mut old, A);
    let (mut new, other) = l1_with(4, &[post, (3, Challenge(9, commitment(B)))]);
    assert_eq!((blocks[1], blocks[2] == other[2]), (other[1], false));
    let changed = ResetCause::ReadAhead { number: 53, actual: other[2].hash, expected: blocks[2].hash };
    let mut ahead = reader(&cfg);
    assert_eq!(data(&mut ahead, &mut old, &blocks[0]), Ok(Some(vec![A.into()])));
    // Block 1's input may still be voided, so that L1 is read on: block 4 does not follow the old block 3.
    assert_eq!(data(&mut ahead, &mut new, &other[1]), Err(changed.into()));
    let mut arrives = reader(&cfg);
    assert_eq!(data(&mut arrives, &mut old, &blocks[0]), Ok(Some(vec![A.into()])));
    assert_eq!(data(&mut arrives, &mut old, &blocks[1]), Ok(Some(vec![])));
    assert_eq!(data(&mut arrives, &mut new, &other[2]), Err(changed.into()));
}

/// Invariant 3: a backend without a service, or whose service cannot be reached, gives no verdict; nothing is lost.
#[test]
fn failures_are_no_verdict() {
    let cfg = keccak();
    let deeds = [
        (1, Post(payload(&commitment(A)))),
        (2, Challenge(1, commitment(A))),
        (3, Resolve(1, commitment(A), A.into())),
        (4, Post(payload(&commitment(B)))),
    ];
    let (mut whole, blocks) = l1_with(12, &deeds);
    knows(&mut whole, B);
    let mut unsupported = whole.clone();
    unsupported.inputs.insert(commitment(B), AltDaInput::Unsupported);
    let refused = data(&mut reader(&cfg), &mut unsupported, &blocks[3]);
    assert_eq!(refused, Err(DriveError::Derive(DeriveError::AltDaUnsupported)));

    let mut withheld: Vec<Memory> = Vec::new();
    for block in &blocks[..4] {
        let without = |what: &dyn Fn(&mut Memory)| {
            let mut memory = whole.clone();
            what(&mut memory);
            memory
        };
        withheld.push(without(&|memory| drop(memory.headers.remove(&block.hash))));
        withheld.push(without(&|memory| drop(memory.transactions.remove(&block.hash))));
        withheld.push(without(&|memory| drop(memory.receipts.remove(&block.hash))));
    }
    let mut failures = 0;
    for mut memory in withheld {
        let mut reader = reader(&cfg);
        for (block, expected) in blocks.iter().zip([vec![A.into()], vec![], vec![], vec![Bytes::from(B)]]) {
            let read = data(&mut reader, &mut memory, block);
            if let Err(error) = read {
                assert!(matches!(error, DriveError::Provider(_)), "{error}");
                failures += 1;
                memory = whole.clone();
            } else {
                assert_eq!(read, Ok(Some(expected.clone())));
            }
            assert_eq!(data(&mut reader, &mut memory, block), Ok(Some(expected)));
        }
    }
    assert!(failures >= 9, "{failures}");
}

/// B-045: an input is a payload like any other: the same blocks come out of it.
#[test]
fn inputs_hold_frames() {
    let mut plain = rollup(Fork::Delta);
    plain.forks = at(Fork::Delta);
    let mut cfg = plain.clone();
    cfg.alt_da = keccak().alt_da;
    let (mut memory, tip) = derivable(&plain);
    let mut driver = Driver::new(&plain, &tip, &mut memory).unwrap().unwrap();
    let expected = driver.next_attributes(&tip, &mut memory).unwrap().unwrap();
    assert_eq!(expected.transactions.as_ref().unwrap()[1..], [tx("a")]);

    let events: Vec<Event> = driver.drain_events().collect();
    let read = events.iter().any(|event| matches!(event, Event::DataRead { block: 71, blob: None, .. }));
    assert!(read, "the batch is calldata");
    let block = memory.numbers[&71];
    let raw = &memory.transactions[&block.hash][0];
    let frames = unroll_protocol::l1_transaction::L1Transaction::decode(raw, 1).unwrap().input;
    memory.inputs.insert(commitment(&frames), AltDaInput::Found(frames.clone()));
    memory.transactions.insert(block.hash, vec![sign(calldata(payload(&commitment(&frames))), &key(1))]);
    let mut driver = Driver::new(&cfg, &tip, &mut memory).unwrap().unwrap();
    assert_eq!(driver.next_attributes(&tip, &mut memory), Ok(Some(expected)));
    let mut driver = Driver::new(&plain, &tip, &mut memory).unwrap().unwrap();
    assert_eq!(driver.next_attributes(&tip, &mut memory), Ok(None), "the commitment is no frame");

    // While the input is missing, L1 ends; when it comes, derivation goes on.
    let input = memory.inputs.remove(&commitment(&frames)).unwrap();
    let mut driver = Driver::new(&cfg, &tip, &mut memory).unwrap().unwrap();
    for _ in 0..2 {
        assert_eq!(driver.next_attributes(&tip, &mut memory), Ok(None));
    }
    memory.inputs.insert(commitment(&frames), input);
    assert!(driver.next_attributes(&tip, &mut memory).unwrap().is_some());
    let reads = driver.drain_events().filter(|event| matches!(event, Event::DataRead { block: 71, .. }));
    assert_eq!(reads.count(), 1, "what is waited for is told once");
}

/// B-046: with alt-DA, L1 may void what is older than a sequencing window.
#[test]
fn nodes_start_further_back() {
    let (plain, cfg) = (rollup(Fork::Ecotone), keccak());
    assert_eq!(plain.sync_lookback(), WINDOW);
    assert_eq!(cfg.sync_lookback(), WINDOW + CHALLENGE_WINDOW + RESOLVE_WINDOW);
}
