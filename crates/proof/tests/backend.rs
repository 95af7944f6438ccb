//! What the backend makes of preimages: real ones of OP Sepolia, and a few that are wrong.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod common;

use alloy_primitives::{Address, B256, Bytes, address, b256, keccak256};
use std::collections::BTreeMap;
use unroll_derive::provider::{AltDaInput, BlobProvider, ChainProvider, IndexedBlobHash, L2ChainProvider};
use unroll_executor::{
    TrieDBFetcher,
    precompiles::{PrecompileAnswer, PrecompileCall},
};
use unroll_proof::{
    BootInfo, Hint, OracleBackend, PreimageKey, PreimageOracle, Witness,
    backend::{BackendError, Malformation, Malformed, Purpose},
    boot::{self, ConfigChoiceError},
    preimage::{Dialect, LocalInput},
    witness::Missing,
};
use unroll_protocol::{chains, output_root::OutputRootError};

const L1_HEAD: B256 = b256!("33a3e5721faa4dc6f25e75000d9810fd6c41320868f3befcc0c261a71da398e1");
const AGREED: B256 = b256!("a548f22e1aa590de7ed271e3eab5b66c6c3db9b8cb0e3f91618516ea9ececde4");
const AGREED_BLOCK: B256 = b256!("09b298a83baf4c2e3c6a2e355bb09e27e3fdca435080e8754f8749233d7333b2");

fn sepolia() -> Option<OracleBackend<Witness>> {
    let records = common::unzstd("witness/op-sepolia-16491249.preimages.zst")?;
    Some(OracleBackend::new(Witness::from_records(&records).unwrap(), L1_HEAD))
}

/// B-002, B-003: blocks are found by walking back from the head, and there is none past it.
#[test]
fn l1_is_walked_back_from_the_head() {
    let Some(mut backend) = sepolia() else { return };
    let head = backend.block_info_by_number(6_582_975).unwrap().unwrap();
    assert_eq!(head.hash, L1_HEAD);
    assert_eq!(backend.block_info_by_number(6_582_976), Ok(None));
    let read = backend.oracle().read_stats().preimages;
    assert_eq!(read, 1);
    let mut child = head;
    for number in (6_582_895..6_582_975).rev() {
        let block = backend.block_info_by_number(number).unwrap().unwrap();
        assert_eq!((block.number, block.hash), (number, child.parent_hash));
        child = block;
    }
    assert_eq!(backend.oracle().read_stats().preimages, 81);
    let below = backend.block_info_by_number(6_582_894).unwrap_err();
    let (key, purpose) =
        (PreimageKey::keccak256(child.parent_hash), Purpose::L1Header { hash: child.parent_hash });
    assert_eq!(below, BackendError::Oracle { key, purpose, source: Missing });
}

/// B-004: transactions and receipts are all that the header's roots commit to.
#[test]
fn l1_lists_are_whole() {
    let Some(mut backend) = sepolia() else { return };
    let mut lists = (0, 0);
    for number in 6_582_895..=6_582_975 {
        let block = backend.block_info_by_number(number).unwrap().unwrap();
        let header = backend.header_by_hash(block.hash).unwrap();
        if let Ok(transactions) = backend.transactions_by_hash(block.hash) {
            assert_eq!(unroll_mpt::list::ordered_root(&transactions), header.transactions_root);
            lists.0 += 1;
        }
        match backend.receipts_by_hash(block.hash) {
            Ok(receipts) => {
                assert_eq!(unroll_mpt::list::ordered_root(&receipts), header.receipts_root);
                lists.1 += 1;
            }
            Err(BackendError::Oracle { purpose, .. }) => {
                assert_eq!(purpose, Purpose::L1Receipts { block: block.hash });
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(lists, (58, 57));
}

/// J-003, J-028: the agreed output leads to the agreed block, and blocks below it are found by their parents' hashes. Of
/// the transactions only the first is read where only that is wanted.
#[test]
fn l2_blocks_go_back_from_the_agreed_head() {
    let Some(mut backend) = sepolia() else { return };
    let output = backend.output(AGREED).unwrap();
    assert_eq!((output.block_hash, output.hash()), (AGREED_BLOCK, AGREED));
    let start = backend.block_start_by_number(AGREED_BLOCK, 16_491_248).unwrap();
    assert_eq!(start.header.state_root, output.state_root);
    assert_eq!(start.first_transaction.unwrap()[0], 0x7e);
    let before = backend.block_start_by_number(AGREED_BLOCK, 16_491_247).unwrap();
    assert_eq!(before.header.hash(), start.header.parent_hash);
    let whole = backend.block_by_number(AGREED_BLOCK, 16_491_247).unwrap();
    assert_eq!(unroll_mpt::list::ordered_root(&whole.transactions), whole.header.transactions_root);
    assert_eq!(Some(&whole.transactions[0]), before.first_transaction.as_ref());
    assert_eq!(
        backend.block_start_by_number(AGREED_BLOCK, 16_491_249).unwrap_err(),
        BackendError::AboveHead { number: 16_491_249, head: 16_491_248 }
    );
}

/// B-020, K-011: a blob comes by its versioned hash, of which the first byte is checked too.
#[test]
fn blobs_by_versioned_hash() {
    let Some(mut backend) = sepolia() else { return };
    let index = common::json("derivation/op-sepolia-granite-16491249/blobs.json").unwrap();
    let file = common::unzstd("derivation/op-sepolia-granite-16491249/blobs.bin.zst").unwrap();
    let block = backend.block_info_by_number(6_582_975).unwrap().unwrap();
    let hashes: Vec<IndexedBlobHash> = index
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| IndexedBlobHash {
            index: 0,
            hash: entry["versioned_hash"].as_str().unwrap().parse().unwrap(),
        })
        .collect();
    let blobs = backend.blobs(&block, &hashes).unwrap();
    assert_eq!(blobs.len(), 6);
    for (entry, blob) in index.as_array().unwrap().iter().zip(&blobs) {
        let start = usize::try_from(entry["index_in_file"].as_u64().unwrap()).unwrap() * 131_072;
        assert_eq!(blob[..], file[start..start + 131_072]);
    }
    let mut wrong = hashes[0];
    wrong.hash[0] = 2;
    let key = PreimageKey::sha256(wrong.hash);
    let purpose = Purpose::BlobCommitment { versioned_hash: wrong.hash };
    assert_eq!(
        backend.blobs(&block, &[wrong]).unwrap_err(),
        BackendError::malformed(key, purpose, Malformation::BlobVersion(2))
    );
}

/// Preimages that belong to their keys and are still not what they are read as.
#[test]
fn malformed_preimages_are_named() {
    let mut witness = Witness::new();
    let short = witness.insert_keccak(Bytes::from_static(&[0; 127]));
    let version = witness.insert_keccak(Bytes::from([&[1u8; 32][..], &[0; 96]].concat()));
    let trailing = witness.insert_keccak({
        let mut header = alloy_rlp::encode(alloy_consensus::Header::default());
        header.push(0);
        header.into()
    });
    let commitment = witness.insert_sha256(Bytes::from_static(&[0; 47]));
    let mut backend = OracleBackend::new(witness, trailing);
    let output = |backend: &mut OracleBackend<Witness>, root| match backend.output(root).unwrap_err() {
        BackendError::Malformed(malformed) => {
            let Malformed { key, what, .. } = *malformed;
            assert_eq!(key, PreimageKey::keccak256(root));
            what
        }
        other => panic!("{other}"),
    };
    assert_eq!(output(&mut backend, short), Malformation::Output(OutputRootError::Length(127)));
    assert_eq!(
        output(&mut backend, version),
        Malformation::Output(OutputRootError::Version(B256::repeat_byte(1)))
    );
    let header = backend.block_info_by_number(0).unwrap_err();
    let purpose = Purpose::L1Header { hash: trailing };
    let key = PreimageKey::keccak256(trailing);
    let what = Malformation::Rlp(alloy_rlp::Error::UnexpectedLength);
    assert_eq!(header, BackendError::malformed(key, purpose, what));
    let mut versioned_hash = commitment;
    versioned_hash[0] = 1;
    let asked = [IndexedBlobHash { index: 0, hash: versioned_hash }];
    let blob = backend.blobs(&Default::default(), &asked).unwrap_err();
    let what = Malformation::Length { expected: 48, actual: 47 };
    let (key, purpose) = (PreimageKey::sha256(commitment), Purpose::BlobCommitment { versioned_hash });
    assert_eq!(blob, BackendError::malformed(key, purpose, what));
}

/// A chain whose numbers do not count down by one is no chain.
#[test]
fn numbers_count_down() {
    let mut witness = Witness::new();
    let header = |number, parent_hash| alloy_consensus::Header { number, parent_hash, ..Default::default() };
    let parent = witness.insert_keccak(alloy_rlp::encode(header(5, B256::ZERO)).into());
    let head = witness.insert_keccak(alloy_rlp::encode(header(7, parent)).into());
    let mut backend = OracleBackend::new(witness, head);
    let (key, what) = (PreimageKey::keccak256(parent), Malformation::Number { expected: 6, actual: 5 });
    assert_eq!(
        backend.block_info_by_number(5).unwrap_err(),
        BackendError::malformed(key, Purpose::L1Header { hash: parent }, what)
    );
    assert_eq!(
        backend.block_start_by_number(head, 5).unwrap_err(),
        BackendError::malformed(key, Purpose::L2Header { hash: parent }, what)
    );
}

/// An oracle out of a table, which writes down the hints that it gets.
#[derive(Default)]
struct Table {
    values: BTreeMap<PreimageKey, Bytes>,
    listens: bool,
    precompiles: bool,
    hints: Vec<String>,
}

impl PreimageOracle for Table {
    type Error = Missing;

    fn get(&mut self, key: PreimageKey) -> Result<Bytes, Missing> {
        self.values.get(&key).cloned().ok_or(Missing)
    }

    fn wants_hints(&self) -> bool {
        self.listens
    }

    fn hint(&mut self, hint: &Hint<'_>) -> Result<(), Missing> {
        self.hints.push(hint.encode(Dialect::Kona, None));
        Ok(())
    }

    fn answers_precompiles(&self) -> bool {
        self.precompiles
    }
}

/// K-022: a hint comes before what it announces, and only where somebody listens.
#[test]
fn hints_where_somebody_listens() {
    for listens in [false, true] {
        let mut backend = OracleBackend::new(Table { listens, ..Table::default() }, B256::ZERO);
        let hash = B256::repeat_byte(0xab);
        assert!(backend.trie_node_preimage(hash).is_err());
        assert!(backend.bytecode_by_hash(hash).is_err());
        assert!(backend.l2_header_by_hash(hash).is_err());
        assert!(backend.header_by_hash(hash).is_err());
        assert!(backend.output(hash).is_err());
        let word = "ab".repeat(32);
        let names = ["l2-state-node", "l2-code", "l2-block-header", "l1-block-header", "starting-l2-output"];
        let expected: Vec<String> = names.map(|name| format!("{name} 0x{word}")).to_vec();
        assert_eq!(backend.oracle().hints, if listens { expected } else { Vec::new() });
    }
}

/// B-044, K-057: an alt-DA input is the preimage of its commitment's hash. One that is missing is an error, never said to be
/// missing; what a service commits to in its own way nobody can prove.
#[test]
fn alt_da_inputs_are_preimages() {
    let input = Bytes::from(&b"\0frames"[..]);
    let hash = keccak256(&input);
    let commitment = Bytes::from([&[0], &hash[..]].concat());
    let mut backend = OracleBackend::new(Table { listens: true, ..Table::default() }, B256::ZERO);
    let (key, purpose) = (PreimageKey::keccak256(hash), Purpose::AltDaInput { hash });
    let missing = BackendError::Oracle { key, purpose, source: Missing };
    assert_eq!(backend.alt_da_input(&commitment), Err(missing));
    assert_eq!(backend.oracle().hints, [format!("l2-input {commitment}")]);
    for unprovable in [&b"\x01\x0clayer 12"[..], b"", b"\0short"] {
        assert_eq!(backend.alt_da_input(&unprovable.into()), Ok(AltDaInput::Unsupported));
    }
    let table = Table { values: [(key, input.clone())].into(), ..Table::default() };
    let mut backend = OracleBackend::new(table, B256::ZERO);
    assert_eq!(backend.alt_da_input(&commitment), Ok(AltDaInput::Found(input)));
}

/// K-012, K-013, K-014: a precompile's result is asked for by address, price and input; its first byte is the status.
#[test]
fn precompile_results() {
    const ECRECOVER: Address = address!("0000000000000000000000000000000000000001");
    let call = PrecompileCall { address: ECRECOVER, required_gas: 3000, input: b"input" };
    let key = PreimageKey::precompile(ECRECOVER, 3000, b"input");
    let answer = |value: Option<&'static [u8]>, precompiles| {
        let values = value.map(|value| (key, Bytes::from_static(value))).into_iter().collect();
        OracleBackend::new(Table { values, precompiles, ..Table::default() }, B256::ZERO).precompile(&call)
    };
    assert_eq!(answer(None, false), Ok(None));
    assert_eq!(answer(Some(&[1, 7]), true), Ok(Some(PrecompileAnswer::Success(Bytes::from_static(&[7])))));
    assert_eq!(answer(Some(&[1]), true), Ok(Some(PrecompileAnswer::Success(Bytes::new()))));
    assert_eq!(answer(Some(&[0]), true), Ok(Some(PrecompileAnswer::Failure)));
    let purpose = Purpose::Precompile { address: ECRECOVER };
    for bad in [&[][..], &[2]] {
        let what = Malformation::PrecompileStatus;
        assert_eq!(answer(Some(bad), true), Err(BackendError::malformed(key, purpose, what)));
    }
    assert_eq!(answer(None, true), Err(BackendError::Oracle { key, purpose, source: Missing }));
}

/// J-010, J-011: the inputs by their indices, each of exactly its size.
#[test]
fn boot_info_by_local_keys() {
    use LocalInput::{AgreedOutputRoot, ChainId, ClaimedBlockNumber, ClaimedOutputRoot, L1Head};
    let inputs = [
        (L1Head, vec![1; 32]),
        (AgreedOutputRoot, vec![2; 32]),
        (ClaimedOutputRoot, vec![3; 32]),
        (ClaimedBlockNumber, 4u64.to_be_bytes().to_vec()),
        (ChainId, 10u64.to_be_bytes().to_vec()),
    ];
    let table = |inputs: &[(LocalInput, Vec<u8>)]| Table {
        values: inputs.iter().map(|(i, v)| (PreimageKey::local(*i), v.clone().into())).collect(),
        ..Table::default()
    };
    let expected = BootInfo {
        l1_head: B256::repeat_byte(1),
        agreed_output_root: B256::repeat_byte(2),
        claimed_output_root: B256::repeat_byte(3),
        claimed_block_number: 4,
        chain_id: 10,
    };
    assert_eq!(BootInfo::load(&mut table(&inputs)), Ok(expected));
    for place in 0..inputs.len() {
        let (input, value) = &inputs[place];
        let (key, purpose) = (PreimageKey::local(*input), Purpose::Local(*input));
        for length in [0, value.len() - 1, value.len() + 1] {
            let mut wrong = inputs.clone();
            wrong[place].1.resize(length, 0);
            let what = Malformation::Length { expected: value.len(), actual: length };
            let error = BootInfo::load(&mut table(&wrong)).unwrap_err();
            assert_eq!(error, BackendError::malformed(key, purpose, what));
        }
        let mut without = inputs.to_vec();
        without.remove(place);
        let error = BootInfo::load(&mut table(&without)).unwrap_err();
        assert_eq!(error, BackendError::Oracle { key, purpose, source: Missing });
    }
}

/// J-012: a chain that is built in is run with the config that is built in, and no other is accepted for it;
/// another chain's needs a sound config in which every key is known.
#[test]
fn the_config_is_bound_to_the_chain() {
    let built_in = chains::by_chain_id(10).unwrap().clone();
    assert_eq!(boot::choose_config(10, None), Ok(built_in.clone()));
    assert_eq!(boot::choose_config(10, Some((built_in.clone(), vec![]))), Ok(built_in.clone()));
    let mut changed = built_in.clone();
    changed.seq_window_size += 1;
    assert_eq!(boot::choose_config(10, Some((changed, vec![]))), Err(ConfigChoiceError::Differs(10)));
    assert_eq!(boot::choose_config(901, None), Err(ConfigChoiceError::UnknownChain(901)));
    assert_eq!(
        boot::choose_config(901, Some((built_in.clone(), vec![]))),
        Err(ConfigChoiceError::OtherChain { chain: 901, config: 10 })
    );
    let mut own = built_in;
    own.l2_chain_id = 901;
    assert_eq!(boot::choose_config(901, Some((own.clone(), vec![]))), Ok(own.clone()));
    let unknown = vec!["moon_time".to_owned()];
    assert_eq!(
        boot::choose_config(901, Some((own.clone(), unknown.clone()))),
        Err(ConfigChoiceError::UnknownKeys(unknown))
    );
    own.block_time = 0;
    assert!(matches!(boot::choose_config(901, Some((own, vec![]))), Err(ConfigChoiceError::Unsound(_))));
}

/// J-012: the host is asked for a config only where none is built in.
#[test]
fn the_host_is_asked_for_unknown_chains_only() {
    let json = Bytes::from_static(b"{}");
    let mut table = Table::default();
    assert_eq!(boot::given_config(&mut table, 10), Ok(None));
    assert!(boot::given_config(&mut table, 901).is_err());
    table.values.insert(PreimageKey::local(LocalInput::RollupConfig), json.clone());
    assert_eq!(boot::given_config(&mut table, 901), Ok(Some(json)));
}

/// The hashes in the helpers above are what they say.
#[test]
fn the_tests_own_hashes() {
    let Some(mut backend) = sepolia() else { return };
    let header = backend.l2_header_by_hash(AGREED_BLOCK).unwrap();
    assert_eq!(keccak256(alloy_rlp::encode(header)), AGREED_BLOCK);
}
