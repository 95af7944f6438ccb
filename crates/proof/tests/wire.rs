//! The client and the server of section K, over pipes that move few bytes at a time, and over broken ones.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod common;

use alloy_primitives::{B256, Bytes, address, keccak256};
use common::{DEVNETS, SEPOLIA, case, local_inputs, records};
use std::{
    collections::BTreeMap,
    io::{self, PipeReader, PipeWriter, Read, Write},
    thread,
};
use unroll_proof::{
    Checked, PreimageKey, PreimageOracle, Witness,
    checked::CheckedError,
    kzg::EvaluationPoints,
    oracle::OracleBlobError,
    preimage::{
        Channel, Dialect, Hint, HintClient, HintServer, HintSink, LocalInput, MAX_HINT_BYTES,
        MAX_VALUE_BYTES, NoHints, OracleClient, PreimageHost, PreimageServer, ServeError, WireError,
    },
    program,
};

/// A pipe each way that moves at most `most` bytes a call.
struct Pipe {
    reader: PipeReader,
    writer: PipeWriter,
    most: usize,
}

fn pipes(most: usize) -> (Pipe, Pipe) {
    let (a_reader, b_writer) = io::pipe().unwrap();
    let (b_reader, a_writer) = io::pipe().unwrap();
    (Pipe { reader: a_reader, writer: a_writer, most }, Pipe { reader: b_reader, writer: b_writer, most })
}

impl Channel for Pipe {
    type Error = io::Error;

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = self.most.min(buffer.len());
        self.reader.read(&mut buffer[..most])
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let most = self.most.min(bytes.len());
        self.writer.write(&bytes[..most])
    }
}

/// A host over a map.
#[derive(Default)]
struct Table {
    values: BTreeMap<PreimageKey, Bytes>,
    hints: Vec<String>,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no preimage")]
struct Absent;

impl PreimageHost for Table {
    type Error = Absent;

    fn preimage(&mut self, key: PreimageKey) -> Result<Bytes, Absent> {
        self.values.get(&key).cloned().ok_or(Absent)
    }

    fn hint(&mut self, text: &[u8]) {
        self.hints.push(String::from_utf8(text.to_vec()).unwrap());
    }
}

/// One value of every kind.
fn values() -> BTreeMap<PreimageKey, Bytes> {
    let address = address!("0000000000000000000000000000000000000001");
    [
        (PreimageKey::local(LocalInput::L1Head), vec![1; 32]),
        (PreimageKey::local(LocalInput::ClaimedBlockNumber), 5u64.to_be_bytes().to_vec()),
        (PreimageKey::keccak256(keccak256([])), vec![]),
        (PreimageKey::keccak256(keccak256([7; 70_001])), vec![7; 70_001]),
        (PreimageKey::sha256(B256::repeat_byte(9)), vec![9; 48]),
        (PreimageKey::blob(&[3; 48], &[4; 32]), vec![5; 32]),
        (PreimageKey::precompile(address, 3_000, b"input"), vec![1, 2, 3]),
    ]
    .map(|(key, value)| (key, value.into()))
    .into()
}

/// K-003 to K-007, K-020, K-024, K-072: every kind of key, however the bytes are cut; K-061: a value larger than a pipe holds.
#[test]
fn values_of_every_kind_in_pieces_of_any_size() {
    for most in [1, 3, 8, 31, 4096, usize::MAX] {
        let (here, there) = pipes(most);
        let server = thread::spawn(move || {
            let mut table = Table { values: values(), ..Table::default() };
            let mut server = PreimageServer::new(there);
            while server.serve(&mut table).unwrap() {}
        });
        let mut client = OracleClient::new(here, NoHints);
        for (key, value) in values() {
            assert_eq!(client.get(key).unwrap(), value, "{key}");
        }
        drop(client);
        server.join().unwrap();
    }
}

/// K-020, K-021: the bytes of a request and of a hint, as they stand in the specification.
#[test]
fn bytes_on_the_wire() {
    let (here, mut there) = pipes(usize::MAX);
    let key = PreimageKey::keccak256(B256::repeat_byte(0xaa));
    there.writer.write_all(&[0, 0, 0, 0, 0, 0, 0, 2, 0xc0, 0xde]).unwrap();
    assert_eq!(OracleClient::new(here, NoHints).get(key).unwrap()[..], [0xc0, 0xde]);
    let mut request = Vec::new();
    there.reader.read_to_end(&mut request).unwrap();
    assert_eq!(request, key.as_bytes().as_slice());

    let (here, mut there) = pipes(usize::MAX);
    there.writer.write_all(&[0]).unwrap();
    let mut hints = HintClient::new(here, Dialect::Spec, Some(10));
    hints.hint(&Hint::L2Code(B256::repeat_byte(1))).unwrap();
    drop(hints);
    let mut message = Vec::new();
    there.reader.read_to_end(&mut message).unwrap();
    let text = format!("l2-code 0x{}000000000000000a", "01".repeat(32));
    assert_eq!(message, [&90u32.to_be_bytes(), text.as_bytes()].concat());
}

/// K-021, K-022: a hint is acknowledged before the next preimage is asked for, whatever the host makes of it.
#[test]
fn hints_arrive_in_order() {
    for most in [1, 8, usize::MAX] {
        let (here, there) = pipes(most);
        let server = thread::spawn(move || {
            let (mut table, mut server) = (Table::default(), HintServer::new(there));
            while server.serve(&mut table).unwrap() {}
            table.hints
        });
        let mut hints = HintClient::new(here, Dialect::Kona, None);
        let sent = [Hint::L1BlockHeader(B256::ZERO), Hint::L2StateNode(B256::repeat_byte(1))];
        for hint in &sent {
            hints.hint(hint).unwrap();
        }
        drop(hints);
        assert_eq!(server.join().unwrap(), sent.map(|hint| hint.encode(Dialect::Kona, None)));
    }
}

/// Whether anybody listens is in the type.
#[test]
fn nobody_listens_to_no_hints() {
    let (here, _there) = pipes(1);
    let mut client = OracleClient::new(here, NoHints);
    assert!(!client.wants_hints() && !client.answers_precompiles());
    client.hint(&Hint::L2Code(B256::ZERO)).unwrap(); // nothing is written, and nothing waited for
    let (here, _there) = pipes(1);
    let (hints, _nobody) = pipes(1);
    let client = OracleClient::new(here, HintClient::new(hints, Dialect::Kona, None)).with_precompiles(true);
    assert!(client.wants_hints() && client.answers_precompiles());
}

/// What a client says when these bytes come and then nothing, and that it does not go on after it.
fn answer(bytes: &[u8]) -> WireError<String> {
    let (here, mut there) = pipes(usize::MAX);
    there.writer.write_all(bytes).unwrap();
    let key = PreimageKey::keccak256(B256::ZERO);
    let mut client = OracleClient::new(here, NoHints);
    drop(there.writer);
    let error = client.get(key).unwrap_err();
    assert!(matches!(client.get(key), Err(WireError::Broken)));
    assert!(matches!(client.blob(&[0; 48]), Err(OracleBlobError::Oracle { source: WireError::Broken, .. })));
    plain(error)
}

fn plain(error: WireError<io::Error>) -> WireError<String> {
    match error {
        WireError::Channel(error) => WireError::Channel(error.to_string()),
        WireError::Closed { moved, of } => WireError::Closed { moved, of },
        WireError::TooLong { length, most } => WireError::TooLong { length, most },
        WireError::Acknowledgement(byte) => WireError::Acknowledgement(byte),
        WireError::Broken => WireError::Broken,
    }
}

/// K-020: a response that ends early or announces more than any value has is an error that says so; none is a value.
#[test]
fn broken_responses() {
    assert_eq!(answer(&[]), WireError::Closed { moved: 0, of: 8 });
    assert_eq!(answer(&[0, 0, 0]), WireError::Closed { moved: 3, of: 8 });
    assert_eq!(answer(&[0, 0, 0, 0, 0, 0, 0, 5, 1, 2]), WireError::Closed { moved: 2, of: 5 });
    let most = MAX_VALUE_BYTES;
    assert_eq!(answer(&(most + 1).to_be_bytes()), WireError::TooLong { length: most + 1, most });
    assert_eq!(answer(&[0xff; 8]), WireError::TooLong { length: u64::MAX, most });
}

/// K-021: an acknowledgement is one byte 0.
#[test]
fn broken_acknowledgements() {
    let hint = |bytes: &[u8]| {
        let (here, mut there) = pipes(usize::MAX);
        there.writer.write_all(bytes).unwrap();
        drop(there.writer);
        let mut hints = HintClient::new(here, Dialect::Kona, None);
        let error = hints.hint(&Hint::L2Code(B256::ZERO)).unwrap_err();
        assert!(matches!(hints.hint(&Hint::L2Code(B256::ZERO)), Err(WireError::Broken)));
        plain(error)
    };
    assert_eq!(hint(&[]), WireError::Closed { moved: 0, of: 1 });
    assert_eq!(hint(&[1]), WireError::Acknowledgement(1));
}

/// What the two servers say to a client that sends these bytes and is gone.
fn serve(bytes: &[u8]) -> [Result<bool, ServeError<String, Absent>>; 2] {
    let mut table = Table::default();
    let mut run = |hints: bool| {
        let (mut here, there) = pipes(usize::MAX);
        here.writer.write_all(bytes).unwrap();
        drop(here.writer);
        let result = if hints {
            HintServer::new(there).serve(&mut table)
        } else {
            PreimageServer::new(there).serve(&mut table)
        };
        result.map_err(|error| match error {
            ServeError::Wire(error) => ServeError::Wire(plain(error)),
            ServeError::Kind(key) => ServeError::Kind(key),
            ServeError::Host(error) => ServeError::Host(error),
        })
    };
    [run(false), run(true)]
}

/// A client that goes between two messages has finished; within one it is at fault, and the error says where.
#[test]
fn broken_requests() {
    let closed = |moved, of| Err(ServeError::Wire(WireError::Closed { moved, of }));
    assert_eq!(serve(&[]), [Ok(false), Ok(false)]);
    assert_eq!(serve(&[2]), [closed(1, 32), closed(1, 4)]);
    assert_eq!(serve(&[0, 0, 0, 9, b'l']), [closed(5, 32), closed(1, 9)]);
    let [_, long] = serve(&[0xff; 4]);
    let too_long = WireError::TooLong { length: u32::MAX.into(), most: MAX_HINT_BYTES.into() };
    assert_eq!(long, Err(ServeError::Wire(too_long)));
    // A long hint that never comes costs no more memory than what came of it.
    let [_, unfinished] = serve(&[&MAX_HINT_BYTES.to_be_bytes()[..], &[b'x'; 100]].concat());
    assert_eq!(unfinished, closed(100, MAX_HINT_BYTES as usize));
}

/// K-002, K-005, K-007: kinds without a meaning are refused; a key that nobody has ends the run, as there is no answer for it.
#[test]
fn refused_keys() {
    for kind in [0, 3, 7, 128, 129, 255] {
        let mut key = [0x11; 32];
        key[0] = kind;
        assert_eq!(serve(&key)[0], Err(ServeError::Kind(key.into())));
    }
    assert_eq!(serve(&[2; 32])[0], Err(ServeError::Host(Absent)));
}

/// K-010: elements of a blob of another length than 32 bytes are none.
#[test]
fn wrong_elements() {
    let commitment = [0xc0; 48];
    let first = PreimageKey::blob(&commitment, EvaluationPoints::new().point(0));
    let (here, mut there) = pipes(usize::MAX);
    there.writer.write_all(&[0, 0, 0, 0, 0, 0, 0, 31]).unwrap();
    let mut client = OracleClient::new(here, NoHints);
    let error = client.blob(&commitment).unwrap_err();
    assert!(matches!(error, OracleBlobError::Length { key, length: 31 } if key == first));
    assert!(matches!(client.get(first), Err(WireError::Broken)));
}

/// A witness that answers over the wire; what it cannot answer is computed by the program.
impl PreimageHost for Answers {
    type Error = Absent;

    fn preimage(&mut self, key: PreimageKey) -> Result<Bytes, Absent> {
        let local = self.local.get(&key).cloned();
        local.map_or_else(|| self.witness.get(key).map_err(|_| Absent), Ok)
    }

    fn hint(&mut self, _text: &[u8]) {}
}

struct Answers {
    local: BTreeMap<PreimageKey, Bytes>,
    witness: Witness,
}

/// Every witness, through the program, over pipes: the claim is valid, and another claim is invalid.
#[test]
fn witnesses_over_pipes() {
    for name in DEVNETS.into_iter().chain([SEPOLIA]) {
        let Some(case) = case(name) else { return };
        for claim in [case.boot.claimed_output_root, B256::repeat_byte(1)] {
            let mut local = local_inputs(&case);
            local.insert(PreimageKey::local(LocalInput::ClaimedOutputRoot), claim.into());
            let mut answers = Answers { local, witness: Witness::from_records(&case.records).unwrap() };
            let (here, there) = pipes(usize::MAX);
            let server = thread::spawn(move || {
                let mut server = PreimageServer::new(there);
                while server.serve(&mut answers).unwrap() {}
            });
            let verdict = program::run(OracleClient::new(here, NoHints)).unwrap();
            assert_eq!(verdict.outcome.is_valid(), claim == case.boot.claimed_output_root, "{name}");
            server.join().unwrap();
        }
    }
}

/// K-001: what a client that trusts nobody makes of another value than the key's, and of the right one.
#[test]
fn checked_answers() {
    let (here, mut there) = pipes(usize::MAX);
    let mut client = Checked::new(OracleClient::new(here, NoHints));
    let mut reply = |value: &[u8]| {
        let length = (value.len() as u64).to_be_bytes();
        there.writer.write_all(&[&length[..], value].concat()).unwrap();
    };
    let key = PreimageKey::keccak256(keccak256(b"this"));
    reply(b"this");
    assert_eq!(client.get(key).unwrap()[..], *b"this");
    reply(b"that");
    let computed = PreimageKey::keccak256(keccak256(b"that"));
    assert!(
        matches!(client.get(key), Err(CheckedError::Hash { key: k, computed: c }) if k == key && c == computed)
    );
    let sha256 = PreimageKey::sha256(B256::ZERO);
    reply(b"this");
    assert!(matches!(client.get(sha256), Err(CheckedError::Hash { key, .. }) if key == sha256));
    let element = PreimageKey::blob(&[0; 48], &[0; 32]);
    assert!(matches!(client.get(element), Err(CheckedError::Alone { key }) if key == element));
}

/// K-012, K-013: the results of the precompiles in a real witness are what the precompiles return.
#[test]
fn checked_precompiles() {
    let Some(case) = case(SEPOLIA) else { return };
    let results: BTreeMap<[u8; 32], Vec<u8>> = records(&case.records)
        .into_iter()
        .filter(|(_, key, _)| key[0] == 6)
        .map(|(_, key, value)| (key, value))
        .collect();
    assert_eq!(results.len(), 20);
    let mut recorded = Recorded { results, witness: Witness::from_records(&case.records).unwrap(), asked: 0 };
    let verdict = common::judge(&case.boot, &case.config, Checked::new(&mut recorded)).unwrap();
    assert!(verdict.outcome.is_valid());
    assert!(recorded.asked > 0);
    // One bit of any of them is refused.
    for value in recorded.results.values_mut() {
        *value.last_mut().unwrap() ^= 1;
    }
    let error = common::judge(&case.boot, &case.config, Checked::new(&mut recorded)).unwrap_err();
    assert!(error.to_string().contains("is not what the precompile returns"), "{error}");
}

/// A witness with the precompile results that it came with.
struct Recorded {
    results: BTreeMap<[u8; 32], Vec<u8>>,
    witness: Witness,
    asked: usize,
}

impl PreimageOracle for Recorded {
    type Error = Absent;

    fn get(&mut self, key: PreimageKey) -> Result<Bytes, Absent> {
        if let Some(value) = self.results.get(&key.as_bytes().0) {
            self.asked += 1;
            return Ok(value.clone().into());
        }
        self.witness.get(key).map_err(|_| Absent)
    }

    fn answers_precompiles(&self) -> bool {
        true
    }

    fn blob(
        &mut self,
        commitment: &[u8; 48],
    ) -> Result<Box<alloy_eips::eip4844::Blob>, OracleBlobError<Absent>> {
        self.witness.blob(commitment).map_err(|error| match error {
            OracleBlobError::Oracle { key, .. } => OracleBlobError::Oracle { key, source: Absent },
            OracleBlobError::Length { key, length } => OracleBlobError::Length { key, length },
        })
    }
}
