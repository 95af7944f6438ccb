//! Blobs against their commitments: the vectors of c-kzg and real blobs of OP Sepolia. Proofs about blobs are in `kzg_proofs.rs`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod common;

use alloy_eips::eip4844::{Blob, kzg_to_versioned_hash};
use alloy_primitives::{B256, Bytes, hex};
use std::iter::from_fn;
use unroll_proof::kzg::{self, Commitment, KzgError};
use unroll_protocol::reader::Reader;

/// B-020, B-030: the commitment of every vector's blob is accepted, another commitment of the vectors refused, and
/// elements that are no field elements as well.
#[test]
fn c_kzg_commitments() {
    let Some(tests) = common::json("kzg/c-kzg-4844-tests.json.zst") else { return };
    let blobs = common::unzstd("kzg/c-kzg-4844-blobs.bin.zst").unwrap();
    let (mut valid, mut invalid) = (Vec::new(), Vec::new());
    for test in tests["tests"]["blob_to_kzg_commitment"].as_array().unwrap() {
        let Some(index) = test["input"]["blob"].as_u64() else { continue };
        let blob = blob(&blobs, index);
        match test["output"].as_str() {
            Some(commitment) => valid.push((commitment_of(commitment), blob)),
            None => invalid.push(blob),
        }
    }
    assert!(valid.len() >= 7 && invalid.len() >= 2);
    assert_eq!(kzg::verify(&valid), Ok(()));
    for (i, (_, blob)) in valid.iter().enumerate() {
        let another = valid[(i + 1) % valid.len()].0;
        assert_eq!(kzg::verify(&[(another, blob.clone())]), Err((0, KzgError::Mismatch)), "blob {i}");
    }
    for blob in invalid {
        let result = kzg::verify(&[(valid[0].0, blob)]);
        assert!(matches!(result, Err((0, KzgError::Element { .. }))), "{result:?}");
    }
}

/// B-020: real blobs pass together; with one bit changed in one of them, that one is named. Swapped commitments do not
/// cancel out.
#[test]
fn a_wrong_blob_among_many_is_named() {
    let Some(index) = common::json("derivation/op-sepolia-granite-16491249/blobs.json") else { return };
    let file = common::unzstd("derivation/op-sepolia-granite-16491249/blobs.bin.zst").unwrap();
    let entries = index.as_array().unwrap();
    let mut blobs: Vec<_> = entries
        .iter()
        .map(|entry| {
            let place = entry["index_in_file"].as_u64().unwrap();
            (commitment_of(entry["commitment"].as_str().unwrap()), blob(&file, place))
        })
        .collect();
    assert_eq!(blobs.len(), 6);
    assert_eq!(kzg::verify(&blobs), Ok(()));

    blobs[4].1[77777] ^= 1;
    assert_eq!(kzg::verify(&blobs), Err((4, KzgError::Mismatch)));
    blobs[4].1[77777] ^= 1;

    let (a, b) = (blobs[1].0, blobs[2].0);
    (blobs[1].0, blobs[2].0) = (b, a);
    assert_eq!(kzg::verify(&blobs), Err((1, KzgError::Mismatch)));
    (blobs[1].0, blobs[2].0) = (a, b);

    let mut no_point = a;
    no_point[47] ^= 1;
    blobs[1].0 = no_point;
    assert_eq!(kzg::verify(&blobs), Err((1, KzgError::Commitment)));
}

/// The points that we carry are those of the ceremony: the setup file's, decompressed and in bit-reversed order.
#[test]
fn the_setup_is_the_ceremonys() {
    use ark_bls12_381::G1Affine;
    use ark_serialize::CanonicalDeserialize;
    let Some(text) = common::unzstd("kzg/trusted_setup.txt.zst") else { return };
    let text = String::from_utf8(text.to_vec()).unwrap();
    let lines: Vec<&str> = text.lines().skip(2).take(4096).collect();
    let ours = include_bytes!("../src/kzg/setup.bin").as_chunks::<96>().0;
    assert_eq!(ours.len(), lines.len());
    for (i, bytes) in ours.iter().enumerate() {
        let line = lines[i.reverse_bits() >> (usize::BITS - 12)];
        let point = G1Affine::deserialize_compressed_unchecked(&hex::decode(line).unwrap()[..]).unwrap();
        let limbs = [point.x.0.0, point.y.0.0].concat();
        let expected: Vec<u8> = limbs.iter().flat_map(|limb| limb.to_le_bytes()).collect();
        assert_eq!(bytes[..], expected, "point {i}");
    }
}

/// B-018, B-020: the blobs of real transactions belong to their commitments, and the hashes of those are the transaction's.
#[test]
fn real_blob_transactions() {
    let Some(index) = common::json("derivation/l1-blob-txs/index.json.zst") else { return };
    let mut count = 0;
    for entry in index.as_array().unwrap() {
        let path = format!("derivation/l1-blob-txs/{}", entry["file"].as_str().unwrap());
        if !common::data(&path).unwrap().exists() {
            continue; // the index names more than there is
        }
        let file = common::unzstd(&path).unwrap();
        let mut network = Reader::new(&file[1..]).rlp_list().unwrap();
        network.rlp_item().unwrap();
        let mut strings = || {
            let mut list = network.rlp_list().unwrap();
            from_fn(|| (!list.is_empty()).then(|| list.rlp_string().unwrap().payload.to_vec()))
                .collect::<Vec<_>>()
        };
        let (blobs, commitments) = (strings(), strings());
        let hashes: Vec<_> = commitments.iter().map(|commitment| kzg_to_versioned_hash(commitment)).collect();
        let expected = entry["versioned_hashes"].as_array().unwrap().iter();
        let expected: Vec<B256> = expected.map(|hash| hash.as_str().unwrap().parse().unwrap()).collect();
        assert_eq!(hashes, expected, "{path}");
        let blobs = blobs.iter().map(|blob| Box::new(Blob::from_slice(blob)));
        let pairs: Vec<_> =
            commitments.into_iter().map(|bytes| bytes.try_into().unwrap()).zip(blobs).collect();
        assert_eq!(kzg::verify(&pairs), Ok(()), "{path}");
        count += pairs.len();
    }
    assert!(count >= 20, "{count}");
}

fn blob(file: &Bytes, index: u64) -> Box<Blob> {
    let start = usize::try_from(index).unwrap() * 131_072;
    Box::new(Blob::from_slice(&file[start..start + 131_072]))
}

fn commitment_of(text: &str) -> Commitment {
    hex::decode(text).unwrap().try_into().unwrap()
}
