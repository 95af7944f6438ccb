//! Hints as hosts read them.

use alloy_primitives::{Address, B64, B256, Bytes, hex};
use op_alloy_rpc_types_engine::OpPayloadAttributes;
use proptest::{collection::vec, option, prelude::*};
use unroll_proof::preimage::{
    BlockName, Channel, Dialect, Hint, HintClient, HintError, HintRequest, HintSink, L2Request, fuzz_hint,
};

fn decode(text: &str) -> Result<HintRequest, HintError> {
    HintRequest::decode(text.as_bytes())
}

fn l2(what: L2Request, chain_id: Option<u64>) -> Result<HintRequest, HintError> {
    Ok(HintRequest::L2 { what, chain_id })
}

const HASH: B256 = B256::repeat_byte(0xab);

/// K-048, K-055, K-056, K-057: what our runs never send, and other clients do.
#[test]
fn hints_of_other_clients() {
    let word = "ab".repeat(32);
    let id = "000000000000000a";
    assert_eq!(decode(&format!("l2-receipts 0x{word}{id}")), l2(L2Request::Receipts(HASH), Some(10)));
    let data = L2Request::BlockData { agreed_parent: HASH, block: HASH };
    assert_eq!(decode(&format!("l2-block-data 0x{word}{word}{id}")), l2(data, Some(10)));
    assert_eq!(decode(&format!("agreed-pre-state 0x{word}")), Ok(HintRequest::AgreedPreState(HASH)));
    assert_eq!(decode(&format!("l2-output-root 0x{word}{id}")), l2(L2Request::Output(HASH), Some(10)));
    let commitment = Bytes::from_static(&[0x01, 0x02]);
    assert_eq!(decode("l2-input 0x0102"), Ok(HintRequest::AltDaInput(commitment.clone())));
    let challenge = HintRequest::AltDaChallenge { commitment, block_number: 7 };
    assert_eq!(decode("l1-challenge-status 0x0102 7"), Ok(challenge));
    // K-044: both forms. Hex without `0x` is what kona's clients send.
    let blob = |index| Ok(HintRequest::L1Blob { versioned_hash: HASH, index, timestamp: 1 });
    assert_eq!(decode(&format!("l1-blob {word}0000000000000001")), blob(None));
    assert_eq!(decode(&format!("l1-blob {word}00000000000000090000000000000001")), blob(Some(9)));
    // K-053: by number or by hash, each with and without the chain.
    let address = Address::repeat_byte(0xcd);
    let account = |block| L2Request::AccountProof { block, address };
    let tail = "cd".repeat(20);
    for (text, block) in [("0000000000000005", BlockName::Number(5)), (word.as_str(), BlockName::Hash(HASH))]
    {
        assert_eq!(decode(&format!("l2-account-proof 0x{text}{tail}")), l2(account(block), None));
        assert_eq!(decode(&format!("l2-account-proof 0x{text}{tail}{id}")), l2(account(block), Some(10)));
    }
}

/// A pipe of which the other side is gone.
struct Gone;

impl Channel for Gone {
    type Error = std::io::Error;

    fn read(&mut self, _: &mut [u8]) -> Result<usize, Self::Error> {
        Ok(0)
    }

    fn write(&mut self, _: &[u8]) -> Result<usize, Self::Error> {
        Ok(0)
    }
}

/// K-053, K-059: without the chain's id, the specification's hosts are told nothing of accounts.
#[test]
fn incomplete_hints_are_not_sent() {
    let account = Hint::L2AccountProof { block_hash: HASH, block_number: 1, address: Address::ZERO };
    let send = |hint, dialect, chain_id| HintClient::new(Gone, dialect, chain_id).hint(&hint).is_ok();
    assert!(send(account, Dialect::Spec, None));
    assert!(!send(account, Dialect::Spec, Some(10)));
    assert!(!send(account, Dialect::Kona, None));
    assert!(!send(Hint::L2Code(HASH), Dialect::Spec, None));
}

/// What is no hint is an error that says why.
#[test]
fn what_is_no_hint() {
    assert_eq!(decode("l2-code"), Err(HintError::Form));
    assert_eq!(decode(""), Err(HintError::Form));
    assert_eq!(HintRequest::decode(&[0xff, b' ', b'0']), Err(HintError::Form));
    assert_eq!(decode("l3-code 0x00"), Err(HintError::Name("l3-code".into())));
    assert_eq!(decode(&format!("{} 0x00", "x".repeat(1 << 20))), Err(HintError::Form));
    assert!(matches!(decode("l2-code 0xzz"), Err(HintError::Hex { name: "l2-code", .. })));
    assert!(matches!(decode("l2-code 0x00 0x00"), Err(HintError::Hex { .. })));
    for length in [0, 31, 33, 39, 41, 48] {
        let text = format!("l2-code 0x{}", "00".repeat(length));
        assert!(matches!(decode(&text), Err(HintError::Payload { name: "l2-code", .. })), "{length}");
        let text = format!("l1-receipts 0x{}", "00".repeat(length));
        assert!(matches!(decode(&text), Err(HintError::Payload { .. })), "{length}");
    }
    for length in [32, 39, 41, 47, 49] {
        let text = format!("l1-blob 0x{}", "00".repeat(length));
        assert!(matches!(decode(&text), Err(HintError::Payload { .. })), "{length}");
    }
    // The legacy payload of `l1-precompile` has no gas, which keys have needed since (K-012).
    assert!(matches!(
        decode(&format!("l1-precompile 0x{}", "00".repeat(27))),
        Err(HintError::Payload { .. })
    ));
    assert_eq!(decode("l1-challenge-status 0x00 x"), Err(HintError::Number));
    assert_eq!(decode("l1-challenge-status 0x00"), Err(HintError::Form));
    for json in [&b""[..], b"[]", b"{", b"{\"a\":\"}\"", b"{\"\xff\":1}"] {
        let payload = hex::encode([HASH.as_slice(), json].concat());
        assert_eq!(decode(&format!("l2-payload-witness 0x{payload}")), Err(HintError::Json), "{json:?}");
    }
    // Seven bytes after the JSON are no chain id.
    let payload = hex::encode([HASH.as_slice(), b"{}", &[0; 7]].concat());
    assert!(matches!(decode(&format!("l2-payload-witness 0x{payload}")), Err(HintError::Payload { .. })));
}

proptest! {
    /// K-040 to K-054, K-058: what the client writes in either dialect is what a host reads.
    #[test]
    fn round_trip(kind in 0..11u8, data in vec(any::<u8>(), 0..200)) {
        fuzz_hint(&[&[kind][..], &data].concat());
    }

    /// K-052: payloads with any parent, also one whose hash begins like JSON, and with any chain id, also one that ends like it.
    #[test]
    fn payload_witness_round_trip(
        parent in prop_oneof![any::<[u8; 32]>(), Just([b'{'; 32]), Just([b'}'; 32])],
        chain_id in option::of(prop_oneof![any::<u64>(), Just(0x7d), Just(0x7b7d)]),
        transactions in option::of(vec(vec(any::<u8>(), 0..40), 0..4)),
        timestamp in any::<u64>(),
        params in option::of(any::<[u8; 8]>()),
    ) {
        let mut attributes = OpPayloadAttributes {
            transactions: transactions.map(|list| list.into_iter().map(Bytes::from).collect()),
            eip_1559_params: params.map(B64::new),
            ..Default::default()
        };
        attributes.payload_attributes.timestamp = timestamp;
        let hint = Hint::L2PayloadWitness { parent: parent.into(), attributes: &attributes };
        for dialect in [Dialect::Kona, Dialect::Spec] {
            let read = decode(&hint.encode(dialect, chain_id));
            prop_assert_eq!(read, Ok(HintRequest::of(&hint, dialect, chain_id)));
        }
    }

    /// Whatever the bytes: no panic.
    #[test]
    fn any_bytes(data in vec(any::<u8>(), 0..300), name in "[a-z0-9-]{0,30}") {
        fuzz_hint(&data);
        fuzz_hint(&[name.as_bytes(), b" ", hex::encode(&data).as_bytes()].concat());
        for known in ["l2-payload-witness", "l2-account-proof", "l1-blob", "l1-precompile", "l1-challenge-status"] {
            fuzz_hint(&[known.as_bytes(), b" ", hex::encode(&data).as_bytes()].concat());
        }
    }
}
