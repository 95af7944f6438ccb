//! The program against a host over real pipes, on every witness, out of every store; and what is wrong with a store.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "that is how a test fails"
)]

mod common;
mod stores;

use alloy_primitives::{B256, Bytes};
use common::{DEVNETS, SEPOLIA};
use stores::{Folder, stored};
use unroll_host::{
    Host, HostError, LocalInputs, NativeError, ServeFailure, Served, Unserved, run_native,
    store::{Format, Memory, Store, StoreError},
};
use unroll_proof::{
    claim::Verdict,
    preimage::{LocalInput, PreimageHost, PreimageKey, ServeError},
    program,
};

fn judge<S: Store>(local: &LocalInputs, store: S) -> (Result<Verdict, NativeError>, Served) {
    let mut host = Host::new(local.clone(), store);
    let result = run_native(&mut host, program::run).map(|verdict| verdict.unwrap());
    (result, host.served())
}

/// Why the host stopped serving preimages.
fn failure<S: Store>(local: &LocalInputs, store: S) -> HostError {
    let mut host = Host::new(local.clone(), store);
    match run_native(&mut host, program::run) {
        Err(NativeError::Serve(ServeFailure::Preimages(ServeError::Host(error)))) => error,
        other => panic!("{other:?}"),
    }
}

/// Every witness is valid out of every store, and another claim is invalid.
#[test]
fn devnets() {
    for name in DEVNETS {
        let Some(mut case) = stored(name) else { return };
        let folder = Folder::new(name);
        let right = case.local.boot.claimed_output_root;
        for format in [Format::Directory, Format::File, Format::Redb] {
            let store = case.fill(&folder.0.join(format.name()), format);
            let (verdict, served) = judge(&case.local, store);
            assert!(verdict.unwrap().outcome.is_valid(), "{name} in {format}");
            assert!(served.preimages > 30 && served.hints > 30, "{served:?}");
        }
        for store in [case.archive(&folder.0.join("witness.unroll")), Box::new(case.memory())] {
            assert_eq!(judge(&case.local, store).0.unwrap().output_root, right, "{name}");
        }
        case.local.boot.claimed_output_root = B256::repeat_byte(1);
        let (verdict, _) = judge(&case.local, case.memory());
        assert!(!verdict.unwrap().outcome.is_valid());
    }
}

/// Blobs by their commitments, and precompile results by computing: a real block.
#[test]
fn sepolia() {
    let Some(case) = stored(SEPOLIA) else { return };
    let folder = Folder::new(SEPOLIA);
    for format in [Format::Directory, Format::Redb] {
        let (verdict, served) = judge(&case.local, case.fill(&folder.0.join(format.name()), format));
        assert!(verdict.unwrap().outcome.is_valid());
        assert!(served.preimages > 6 * 4096 && served.bytes > 10 << 20, "{served:?}");
    }
    let (verdict, _) = judge(&case.local, case.archive(&folder.0.join("witness.unroll")));
    assert!(verdict.unwrap().outcome.is_valid());
}

/// K-012: where the result of a precompile is not stored, it is computed from what the hint announced.
#[test]
fn results_that_are_not_stored() {
    let Some(mut case) = stored(SEPOLIA) else { return };
    let results: Vec<B256> = case.preimages.iter().map(|(key, _)| *key).filter(|key| key[0] == 6).collect();
    assert_eq!(results.len(), 20);
    let image = |key: &B256| results.iter().any(|result| key[0] == 2 && key[1..] == result[1..]);
    case.preimages.retain(|(key, _)| key[0] != 6 && !image(key));
    assert!(judge(&case.local, case.memory()).0.unwrap().outcome.is_valid());
}

/// A key that nobody has ends the run with the key, its place, and the hint that announced it.
#[test]
fn missing_preimage() {
    let Some(case) = stored(DEVNETS[0]) else { return };
    let folder = Folder::new("missing");
    let mut store = case.memory();
    store.insert(B256::ZERO, Bytes::new()); // not asked for
    // Withhold one after the other: each is asked for or not, and if it is, it is named.
    let mut named = 0;
    for (withheld, _) in &case.preimages {
        let store: Memory = case.preimages.iter().filter(|(key, _)| key != withheld).cloned().collect();
        let mut host = Host::new(case.local.clone(), store);
        match run_native(&mut host, program::run) {
            Ok(verdict) => assert!(verdict.unwrap().outcome.is_valid()),
            Err(NativeError::Serve(ServeFailure::Preimages(ServeError::Host(error)))) => {
                let hint = error.hint.as_deref().unwrap();
                assert!(hint.contains(" 0x"), "{hint}");
                let Unserved::Missing { key, .. } = &error.why else { panic!("{error}") };
                assert_eq!(key.as_bytes(), withheld);
                assert!(error.to_string().contains(&withheld.to_string()));
                named += 1;
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert!(named > 30, "{named}");
    // The file that would hold it is named too.
    let key = PreimageKey::keccak256(case.local.boot.agreed_output_root);
    let store = case.fill(&folder.0, Format::Directory);
    let place = store.place(key.as_bytes());
    std::fs::remove_file(&place).unwrap();
    let error = failure(&case.local, store);
    assert!(error.to_string().contains(&place), "{error}");
    assert!(error.hint.as_deref().unwrap().starts_with("starting-l2-output 0x"), "{error}");
}

/// K-001: what is wrong in a store is refused by name and never served.
#[test]
fn corrupt_entries() {
    let Some(case) = stored(DEVNETS[0]) else { return };
    let key = PreimageKey::keccak256(case.local.boot.agreed_output_root);
    for format in [Format::Directory, Format::Redb] {
        let folder = Folder::new(&format!("corrupt-{format}"));
        let mut changed = stored(DEVNETS[0]).unwrap();
        let (_, value) = changed.preimages.iter_mut().find(|(k, _)| k == key.as_bytes()).unwrap();
        let mut bytes = value.to_vec();
        bytes[40] ^= 1;
        *value = bytes.into();
        let error = failure(&changed.local, changed.fill(&folder.0, format));
        assert!(matches!(&error.why, Unserved::Hash { key: k, .. } if *k == key), "{error}");
        assert!(error.to_string().contains(&folder.0.display().to_string()), "{error}");
    }
    let folder = Folder::new("corrupt-hex");
    let store = case.fill(&folder.0, Format::Directory);
    let place = store.place(key.as_bytes());
    std::fs::write(&place, "0g").unwrap();
    let error = failure(&case.local, store);
    assert!(matches!(&error.why, Unserved::Store { error: StoreError::Hex { .. }, .. }), "{error}");
    assert!(error.to_string().contains(&place), "{error}");
}

/// K-010: an element that is not its commitment's, one that is too short, and one of a blob that nobody named.
#[test]
fn corrupt_blobs() {
    let Some(case) = stored(SEPOLIA) else { return };
    let first = case.preimages.iter().position(|(key, _)| key[0] == 5).unwrap();
    let with = |value: Vec<u8>| {
        let mut preimages = case.preimages.clone();
        preimages[first].1 = value.into();
        preimages.into_iter().collect::<Memory>()
    };
    let mut flipped = case.preimages[first].1.to_vec();
    flipped[31] ^= 1;
    let error = failure(&case.local, with(flipped));
    assert!(matches!(error.why, Unserved::Blob { .. }), "{error}");
    assert!(error.hint.unwrap().starts_with("l1-blob 0x"));
    let error = failure(&case.local, with(vec![0; 31]));
    assert!(
        matches!(error.why, Unserved::Element { length: 31, key, .. } if *key.as_bytes() == case.preimages[first].0)
    );

    let mut host = Host::new(case.local.clone(), case.memory());
    let key = PreimageKey::from_bytes(case.preimages[first].0).unwrap();
    let error = host.preimage(key).unwrap_err();
    assert!(matches!(error.why, Unserved::StrayElement { .. }), "{error}");
    assert_eq!(error.hint, None);
    // Once the commitments were asked for, it is served; and with commitment and point beside it, as other hosts keep them.
    let commitments = case.preimages.iter().filter(|(key, _)| key[0] == 4);
    for (commitment, _) in commitments.clone() {
        host.preimage(PreimageKey::from_bytes(*commitment).unwrap()).unwrap();
    }
    assert_eq!(host.preimage(key).unwrap(), case.preimages[first].1);
    let points = unroll_proof::kzg::EvaluationPoints::new();
    let beside = commitments.flat_map(|(_, commitment)| {
        (0..4096).map(|i| [&commitment[..], points.point(i)].concat()).collect::<Vec<_>>()
    });
    let mut store = case.memory();
    for image in beside {
        let hash = alloy_primitives::keccak256(&image);
        store.insert(*PreimageKey::keccak256(hash).as_bytes(), image.into());
    }
    let mut fresh = Host::new(case.local.clone(), store);
    assert_eq!(fresh.preimage(key).unwrap(), case.preimages[first].1);
}

/// K-012, K-060: a stored result that is wrong, one whose call is unknown, and a call of something else.
#[test]
fn corrupt_results() {
    let Some(case) = stored(SEPOLIA) else { return };
    let at = case.preimages.iter().position(|(key, _)| key[0] == 6).unwrap();
    let (key, value) = case.preimages[at].clone();
    let result = PreimageKey::from_bytes(key).unwrap();
    let mut store = case.memory();
    assert_eq!(Host::new(case.local.clone(), store.clone()).preimage(result).unwrap(), value);
    let mut wrong = value.to_vec();
    wrong[20] ^= 1;
    store.insert(key, wrong.into());
    let error = Host::new(case.local.clone(), store).preimage(result).unwrap_err();
    assert!(matches!(error.why, Unserved::Result { .. }), "{error}");

    let alone: Memory = [(key, value)].into_iter().collect();
    let mut host = Host::new(case.local, alone);
    let error = host.preimage(result).unwrap_err();
    assert!(matches!(error.why, Unserved::UnknownCall { .. }), "{error}");
    let identity = alloy_primitives::Address::with_last_byte(4);
    let call = [&identity[..], &[0; 8], b"data"].concat();
    host.hint(format!("l1-precompile {}", alloy_primitives::hex::encode_prefixed(&call)).as_bytes());
    let error = host.preimage(PreimageKey::precompile(identity, 0, b"data")).unwrap_err();
    assert!(matches!(error.why, Unserved::Precompile { .. }), "{error}");
}

/// K-003, J-010: local inputs by their index; what was not given is said to be missing; and no index has two meanings.
#[test]
fn local_inputs() {
    let Some(case) = stored(DEVNETS[0]) else { return };
    let boot = case.local.boot;
    let mut host = Host::new(case.local.clone(), Memory::default());
    let mut get = |input| host.preimage(PreimageKey::local(input)).unwrap().to_vec();
    assert_eq!(get(LocalInput::L1Head), boot.l1_head.as_slice());
    assert_eq!(get(LocalInput::AgreedOutputRoot), boot.agreed_output_root.as_slice());
    assert_eq!(get(LocalInput::ClaimedOutputRoot), boot.claimed_output_root.as_slice());
    assert_eq!(get(LocalInput::ClaimedBlockNumber), boot.claimed_block_number.to_be_bytes().as_slice());
    assert_eq!(get(LocalInput::ChainId), 901u64.to_be_bytes().as_slice());
    assert_eq!(Some(get(LocalInput::RollupConfig).into()), case.local.rollup_config);
    assert!(get(LocalInput::L1Config).is_empty());
    let bare = LocalInputs { rollup_config: None, ..case.local.clone() };
    let error = failure(&bare, case.memory());
    assert!(matches!(error.why, Unserved::Local { .. }), "{error}");
    // A store is never asked for a local input.
    let key = PreimageKey::from_bytes(B256::with_last_byte(9) | B256::right_padding_from(&[1])).unwrap();
    let store: Memory = [(*key.as_bytes(), Bytes::from_static(&[1]))].into_iter().collect();
    assert!(Host::new(bare, store).preimage(key).is_err());
}

/// A panic of the program is an error, and not the end of the host.
#[test]
fn panics_are_errors() {
    let Some(case) = stored(DEVNETS[0]) else { return };
    let mut host = Host::new(case.local.clone(), case.memory());
    let result = run_native(&mut host, |_client| panic!("for {}", "the test"));
    assert!(matches!(result, Err(NativeError::Panicked(why)) if why == "for the test"));
}
