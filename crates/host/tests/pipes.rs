//! Clients that die, fall silent or talk nonsense, and hosts that do: an error with the reason, in bounded time.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "that is how a test fails"
)]

use alloy_primitives::{B256, Bytes, keccak256};
use std::{
    io::{self, Read, Write},
    thread,
    time::{Duration, Instant},
};
use unroll_host::{Host, LocalInputs, Pipe, PipeError, ServeFailure, pipes, serve, store::Memory};
use unroll_proof::{
    BootInfo, Checked, PreimageKey, PreimageOracle,
    checked::CheckedError,
    preimage::{Channel, Dialect, Hint, HintClient, HintSink, NoHints, OracleClient, ServeError, WireError},
};

const SHORT: Duration = Duration::from_millis(50);
/// No test waits for it.
const LONG: Duration = Duration::from_secs(600);

fn host(values: &[&'static [u8]]) -> Host<Memory> {
    let zero = B256::ZERO;
    let boot = BootInfo {
        l1_head: zero,
        agreed_output_root: zero,
        claimed_output_root: zero,
        claimed_block_number: 0,
        chain_id: 10,
    };
    let store = values.iter().map(|value| (*key(value).as_bytes(), Bytes::from_static(value))).collect();
    Host::new(LocalInputs { boot, rollup_config: None, l1_config: None }, store)
}

fn key(value: &[u8]) -> PreimageKey {
    PreimageKey::keccak256(keccak256(value))
}

/// Serves a client that does what `client` says over its ends of the pipes for hints and preimages.
fn served(client: impl FnOnce(Pipe, Pipe) + Send) -> Result<(), ServeFailure> {
    let (our_hints, its_hints) = pipes(SHORT).unwrap();
    let (our_preimages, its_preimages) = pipes(LONG).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| client(its_hints, its_preimages));
        serve(&mut host(&[b"value"]), our_hints, our_preimages)
    })
}

fn write(pipe: &mut Pipe, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let count = pipe.write(bytes).unwrap();
        bytes = &bytes[count..];
    }
}

/// Both services at once, and a client that takes its time between two messages: more than the patience within one.
#[test]
fn a_client_that_computes() {
    served(|hints, preimages| {
        let mut client = OracleClient::new(preimages, HintClient::new(hints, Dialect::Kona, None));
        for _ in 0..2 {
            client.hint(&Hint::L2Code(B256::ZERO)).unwrap();
            assert_eq!(client.get(key(b"value")).unwrap()[..], *b"value");
            thread::sleep(2 * SHORT);
        }
    })
    .unwrap();
}

/// The pipe for hints may be closed first.
#[test]
fn a_client_without_hints() {
    served(|hints, preimages| {
        drop(hints);
        let mut client = OracleClient::new(preimages, NoHints);
        assert_eq!(client.get(key(b"value")).unwrap()[..], *b"value");
        thread::sleep(SHORT);
        assert_eq!(client.get(key(b"value")).unwrap()[..], *b"value");
    })
    .unwrap();
}

/// A client that dies within a request or a hint.
#[test]
fn a_client_that_dies() {
    let failure = served(|_hints, mut preimages| write(&mut preimages, &[2; 20])).unwrap_err();
    assert!(matches!(
        failure,
        ServeFailure::Preimages(ServeError::Wire(WireError::Closed { moved: 20, of: 32 }))
    ));
    let failure = served(|mut hints, _preimages| write(&mut hints, &[0, 0, 0, 200, b'l'])).unwrap_err();
    assert!(matches!(
        failure,
        ServeFailure::Hints(ServeError::Wire(WireError::Closed { moved: 1, of: 200 }))
    ));
}

/// A client that falls silent within a hint: the wait is bounded.
#[test]
fn a_client_that_falls_silent() {
    let clock = Instant::now();
    let failure = served(|mut hints, preimages| {
        write(&mut hints, &[0, 0]);
        // It goes on living until the host has given up on it.
        let mut end = preimages;
        assert_eq!(end.read(&mut [0]).unwrap(), 0);
        drop(hints);
    })
    .unwrap_err();
    assert!(
        matches!(
            failure,
            ServeFailure::Hints(ServeError::Wire(WireError::Channel(PipeError::Silent(SHORT))))
        ),
        "{failure}"
    );
    assert!(clock.elapsed() < LONG);
}

/// A client that does not take its answer, which is longer than a pipe holds.
#[test]
fn a_client_that_does_not_read() {
    static LONG_VALUE: [u8; 1 << 20] = [7; 1 << 20];
    let (ours, its) = pipes(SHORT).unwrap();
    let (our_hints, _its_hints) = pipes(SHORT).unwrap();
    let mut its = its;
    write(&mut its, key(&LONG_VALUE).as_bytes().as_slice());
    let failure = serve(&mut host(&[&LONG_VALUE]), our_hints, ours).unwrap_err();
    assert!(matches!(
        failure,
        ServeFailure::Preimages(ServeError::Wire(WireError::Channel(PipeError::Silent(SHORT))))
    ));
}

/// Waiting costs no processor time.
#[test]
fn waiting_does_not_spin() {
    let jiffies = || {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    };
    let before = jiffies();
    served(|hints, preimages| {
        drop(hints); // a closed pipe is always ready, and must not be asked again
        thread::sleep(Duration::from_millis(500));
        drop(preimages);
    })
    .unwrap();
    let used = jiffies() - before;
    assert!(used < 10, "{used} hundredths of a second of 50");
}

/// The host's side as bytes: what it says to a request, and whether it then goes.
fn answers(bytes: &[u8], stays: bool) -> Result<Bytes, CheckedError<WireError<PipeError>>> {
    let ((reader, mut their_writer), (_their_reader, writer)) = (io::pipe().unwrap(), io::pipe().unwrap());
    let here = Pipe::new(reader.into(), writer.into(), SHORT).unwrap();
    their_writer.write_all(bytes).unwrap();
    let _kept = stays.then_some(their_writer);
    Checked::new(OracleClient::new(here, NoHints)).get(key(b"value"))
}

/// A host that dies, falls silent, or answers short, long, or for another key.
#[test]
fn hosts_that_fail() {
    let reply = |length: u64, value: &[u8]| [&length.to_be_bytes()[..], value].concat();
    assert_eq!(answers(&reply(5, b"value"), true).unwrap()[..], *b"value");
    for (bytes, stays, why) in [
        (vec![], false, "after 0 of 8 bytes"),
        (vec![], true, "moved nothing for 0.05 s"),
        (reply(5, b"va"), false, "after 2 of 5 bytes"),
        (reply(5, b"va"), true, "moved nothing"),
        (reply(4, b"value"), true, "is another one's"),
        (reply(6, b"value!"), true, "is another one's"),
        (reply(5, b"other"), true, "is another one's"),
        (reply(1 << 60, b""), true, "is the most"),
    ] {
        let error = answers(&bytes, stays).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
}

/// An acknowledgement that never comes.
#[test]
fn a_hint_that_is_not_acknowledged() {
    let (here, _there) = pipes(SHORT).unwrap();
    let mut hints = HintClient::new(here, Dialect::Kona, None);
    let error = hints.hint(&Hint::L2Code(B256::ZERO)).unwrap_err();
    assert!(matches!(error, WireError::Channel(PipeError::Silent(SHORT))));
}

/// The bytes are those of the specification, also through real pipes: a client of another making.
#[test]
fn a_client_of_another_making() {
    let [hints, preimages] = [0; 2].map(|_| {
        let ((our_reader, its_writer), (its_reader, our_writer)) = (io::pipe().unwrap(), io::pipe().unwrap());
        (Pipe::new(our_reader.into(), our_writer.into(), LONG).unwrap(), its_reader, its_writer)
    });
    let (hints, mut hint_in, mut hint_out) = hints;
    let (preimages, mut in_, mut out) = preimages;
    let server = thread::spawn(move || serve(&mut host(&[b"value"]), hints, preimages));
    hint_out.write_all(b"\0\0\0\x0dl2-code 0xabc").unwrap(); // no hint, and acknowledged all the same
    let mut acknowledgement = [9];
    hint_in.read_exact(&mut acknowledgement).unwrap();
    assert_eq!(acknowledgement, [0]);
    for byte in key(b"value").as_bytes() {
        out.write_all(&[*byte]).unwrap();
    }
    let mut answer = [0; 13];
    in_.read_exact(&mut answer).unwrap();
    assert_eq!(answer, *b"\0\0\0\0\0\0\0\x05value");
    drop((hint_out, out));
    server.join().unwrap().unwrap();
}
