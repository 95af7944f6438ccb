//! Hosts that go, fall silent, or say what is not so. The guest ends with exit code 2 and the reason; it hangs nowhere, and waits
//! without computing.
//!
//! What it does not notice is a sound value of another key. It believes its host, as a fault-proof program may: in a VM the chain
//! checks what is answered, and a host of ours checks what it serves.

use super::{
    Claim, PATIENCE,
    machine::{Ends, MACHINES, Machine, Outcome},
};
use rustix::event::{PollFd, PollFlags, poll};
use std::{
    fs,
    io::{PipeReader, Read, Write},
    thread,
    time::Duration,
};
use unroll_host::{Host, store::Memory};
use unroll_proof::{
    preimage::{ACKNOWLEDGEMENT, PreimageHost, PreimageKey},
    program::EXIT_FAILURE,
};
use unroll_testing::data::Data;

/// What a host does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// It is gone between two messages: after it has answered.
    Gone,
    /// It is gone within one: a request, or a hint, has no answer.
    GoneWithin,
    /// It is gone with half of a value written.
    Short,
    /// Its values have a byte too many.
    Long,
    /// It announces more bytes than any value has.
    Endless,
    /// It announces this many bytes, which the machine has no memory for.
    Large,
    /// It gives the value of the key before.
    OtherKey,
    /// It acknowledges a hint with something else.
    Acknowledgement,
    /// It closes the pipes for hints alone, or for preimages alone.
    HintsClosed,
    PreimagesClosed,
    /// It says nothing for a while, and then goes.
    Silent,
}

/// As many bytes as a value may have, nearly.
const LARGE: u64 = 127 << 20;

/// What each fault makes the guest say, and the message of the host, counted from 0, that is the wrong one.
#[rustfmt::skip]
const FAULTS: [(Fault, usize, &str); 17] = [
    (Fault::Gone, 0, "the other side closed the pipe after 0 of"),
    (Fault::Gone, 7, "the other side closed the pipe after 0 of"),
    (Fault::Gone, 40, "the other side closed the pipe after 0 of"),
    (Fault::GoneWithin, 0, "the other side closed the pipe after 0 of 8 bytes"),
    (Fault::GoneWithin, 40, "the other side closed the pipe after 0 of"),
    (Fault::Short, 0, "the other side closed the pipe after 16 of 32 bytes"),
    (Fault::Short, 20, "the other side closed the pipe after"),
    (Fault::Long, 0, "33 bytes"),
    (Fault::Long, 20, "malformed"),
    (Fault::Endless, 20, "a message of 1099511627776 bytes is announced, and 134217728 is the most"),
    (Fault::Large, 20, "memory allocation of 133169152 bytes failed"),
    (Fault::OtherKey, 7, "malformed"),
    (Fault::OtherKey, 20, "malformed"),
    (Fault::Acknowledgement, 7, "a hint was acknowledged with 0x01 and not with 0x00"),
    (Fault::HintsClosed, 20, "the other side closed the pipe after 0 of"),
    (Fault::PreimagesClosed, 20, "the other side closed the pipe after 0 of"),
    (Fault::Silent, 20, "the other side closed the pipe after 0 of"),
];

/// Exit code 2 and the reason, whatever the host does (J-027). Where there are signals, none ends the guest (K-073).
#[test]
fn no_host_is_trusted_to_be_there() {
    let Some(data) = Data::open() else { return };
    let claim = Claim::shared(&data, "witness/op-devnet901-canyon-2024-04-16-block20");
    for machine in MACHINES {
        for (fault, at, why) in FAULTS {
            let Some(Outcome { exit_code, stderr }) = run(&claim, machine, fault, at) else { return };
            assert_eq!(exit_code, Some(EXIT_FAILURE), "{fault:?} at {at} on {machine:?}: {stderr}");
            assert!(stderr.contains(why), "{fault:?} at {at} on {machine:?}: {stderr}");
        }
    }
}

fn run(claim: &Claim, machine: Machine, fault: Fault, at: usize) -> Option<Outcome> {
    // With so little memory: enough for this claim.
    let options: &[_] = if fault == Fault::Large { &["-R", "0x4000000"] } else { &[] };
    let (outcome, ()) = machine.run(options, |ends, process| misbehave(claim, ends, process, fault, at))?;
    Some(outcome)
}

/// Serves as it should, but for the first message from the `at`th on that the fault is about.
fn misbehave(claim: &Claim, ends: Ends, process: u32, fault: Fault, at: usize) {
    let mut hints = Some((ends.hints, ends.acknowledgements));
    let mut preimages = Some((ends.keys, ends.values));
    let (mut host, mut before) = (claim.host(), Vec::new());
    for message in 0.. {
        let from = speaker(hints.as_ref().map(|ends| &ends.0), preimages.as_ref().map(|ends| &ends.0));
        let ends = if from == Speaker::Hints { &mut hints } else { &mut preimages };
        let Some((reader, writer)) = ends else { return };
        let Some(honest) = honest_reply(from, reader, &mut host) else { return };
        let fault = Some(fault).filter(|fault| message >= at && fault.is_about(from));
        if fault == Some(Fault::Silent) {
            return stay_silent(process);
        }
        let (reply, then) =
            fault.map_or((honest.clone(), Then::Stays), |fault| fault.reply(&honest, &before));
        writer.write_all(&reply).unwrap();
        match then {
            Then::Stays => {}
            Then::Closes => *ends = None,
            Then::Goes => return,
        }
        if from == Speaker::Preimages {
            before = honest;
        }
    }
}

/// What a host does after a reply.
#[derive(Clone, Copy, Debug)]
enum Then {
    Stays,
    /// It closes the pipes over which it has replied.
    Closes,
    Goes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speaker {
    Hints,
    Preimages,
}

impl Fault {
    fn is_about(self, from: Speaker) -> bool {
        match self {
            Self::Gone | Self::GoneWithin | Self::Silent => true,
            Self::Acknowledgement | Self::HintsClosed => from == Speaker::Hints,
            _ => from == Speaker::Preimages,
        }
    }

    /// What it makes of an honest reply.
    fn reply(self, honest: &[u8], before: &[u8]) -> (Vec<u8>, Then) {
        let value = honest.get(8..).unwrap_or_default();
        let announcing = |length: u64, value: &[u8]| [&length.to_be_bytes()[..], value].concat();
        match self {
            Self::Gone => (honest.into(), Then::Goes),
            Self::GoneWithin | Self::Silent => (Vec::new(), Then::Goes),
            Self::Short => (honest[..8 + value.len() / 2].into(), Then::Goes),
            Self::Long => (announcing(value.len() as u64 + 1, &[value, &[0]].concat()), Then::Stays),
            Self::Endless => (announcing(1 << 40, &[]), Then::Stays),
            Self::Large => (announcing(LARGE, &[]), Then::Stays),
            Self::OtherKey => (before.into(), Then::Stays),
            Self::Acknowledgement => (vec![1], Then::Stays),
            Self::HintsClosed | Self::PreimagesClosed => (honest.into(), Then::Closes),
        }
    }
}

/// Which pipe has a message, or was closed by the guest; a hint comes before the preimages that it announces.
fn speaker(hints: Option<&PipeReader>, keys: Option<&PipeReader>) -> Speaker {
    let end = |end| PollFd::new(end, PollFlags::IN);
    let mut ends: Vec<_> = [hints, keys].into_iter().flatten().map(end).collect();
    let patience = PATIENCE.try_into().unwrap();
    assert!(poll(&mut ends, Some(&patience)).unwrap() > 0, "the guest neither speaks nor ends");
    match hints {
        Some(_) if !ends[0].revents().is_empty() => Speaker::Hints,
        _ => Speaker::Preimages,
    }
}

/// Reads a message, and gives the reply that it should have; `None` if the guest has closed the pipe.
fn honest_reply(from: Speaker, reader: &mut PipeReader, host: &mut Host<Memory>) -> Option<Vec<u8>> {
    if from == Speaker::Hints {
        let mut length = [0; 4];
        reader.read_exact(&mut length).ok()?;
        let mut text = vec![0; u32::from_be_bytes(length) as usize];
        reader.read_exact(&mut text).ok()?;
        host.hint(&text);
        return Some(vec![ACKNOWLEDGEMENT]);
    }
    let mut key = [0; 32];
    reader.read_exact(&mut key).ok()?;
    let value = host.preimage(PreimageKey::from_bytes(key.into()).unwrap()).unwrap();
    Some([&(value.len() as u64).to_be_bytes()[..], &value].concat())
}

/// For a second in which the guest is to wait, not to compute.
fn stay_silent(process: u32) {
    let used = || {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
        let (_, fields) = stat.rsplit_once(") ").unwrap();
        let fields: Vec<_> = fields.split(' ').collect();
        [fields[11], fields[12]].iter().map(|ticks| ticks.parse::<u64>().unwrap()).sum::<u64>()
    };
    thread::sleep(Duration::from_millis(200)); // what it was doing when it asked
    let before = used();
    thread::sleep(Duration::from_secs(1));
    let used = used() - before;
    assert!(used < 20, "{used} hundredths of a second of 100");
}
