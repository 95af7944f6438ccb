//! Proofs about blobs: the vectors of c-kzg, and the proofs that real blobs came with.
//!
//! Blobs are checked against their commitments without proofs, and none is ever made. Proofs are what contracts bring,
//! to EIP-4844's precompile. So a vector is asserted through three things that are ours, whatever function of c-kzg's
//! it was written for:
//!
//! ```text
//! the blob belongs to the commitment              kzg::verify
//! the blob's polynomial is y at z                 EvaluationPoints, all 4,096 of them (K-010), below
//! the proof shows so                              the precompile
//! ```
//!
//! In between, the challenge and the evaluation outside of the points are this file's, after the consensus specs. What
//! is left out, because it cannot be said in our types: blobs of 131,071 and 131,073 bytes (2 vectors of each function
//! that takes blobs), and lists of different lengths (3 vectors of batches): a blob and its commitment are a pair.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod common;

use alloy_eips::eip4844::{Blob, kzg_to_versioned_hash};
use alloy_primitives::{Address, Bytes, bytes, hex};
use ark_bls12_381::Fr;
use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField, batch_inversion};
use serde_json::Value;
use std::iter::from_fn;
use unroll_executor::precompiles::{PrecompileAnswer, PrecompileCall, answer};
use unroll_proof::{
    archive::sha256,
    kzg::{self, Commitment, EvaluationPoints, FIELD_ELEMENTS, KzgError},
};
use unroll_protocol::reader::Reader;

/// K-060, I-100: the precompile of EIP-4844 says of every vector what c-kzg says, malformed ones included.
#[test]
fn point_evaluations() {
    let Some(vectors) = Vectors::open() else { return };
    let mut outcomes = [0; 2];
    for test in vectors.of("verify_kzg_proof") {
        let [commitment, z, y, proof] =
            ["commitment", "z", "y", "proof"].map(|name| hex(&test["input"][name]));
        let is_right = test["output"] == true;
        assert_eq!(is_shown(&commitment, &z, &y, &proof), is_right, "{}", test["name"]);
        outcomes[usize::from(is_right)] += 1;
    }
    assert_eq!(outcomes, [68, 54]);
}

/// This file's own challenge, which the tests below go by, is c-kzg's; also of a commitment that is another blob's.
#[test]
fn challenges() {
    let Some(vectors) = Vectors::open() else { return };
    for test in vectors.of("compute_challenge") {
        let blob = vectors.blob(&test["input"]["blob"]).unwrap();
        let z = challenge(&blob, &hex(&test["input"]["commitment"]));
        assert_eq!(to_bytes(z)[..], hex(&test["output"]), "{}", test["name"]);
    }
    assert_eq!(vectors.of("compute_challenge").len(), 9);
}

/// K-010, K-060: by our points, a blob is what c-kzg evaluates it to, at the points and between them, and the
/// precompile takes c-kzg's proof of that and of no other value. Elements, and places, that are not below the modulus
/// are refused.
#[test]
fn computed_proofs() {
    let Some(vectors) = Vectors::open() else { return };
    let (mut at_points, mut between, mut bad_blobs, mut bad_places) = (0, 0, 0, 0);
    for test in vectors.of("compute_kzg_proof") {
        let name = &test["name"];
        let (z, index) = (hex(&test["input"]["z"]), &test["input"]["blob"]);
        let Some(blob) = vectors.blob(index) else { continue };
        let Some(commitment) = vectors.commitment(index) else {
            assert!(
                matches!(belongs(&vectors.commitment_of_blob(2), &blob), Err(KzgError::Element { .. })),
                "{name}"
            );
            bad_blobs += 1;
            continue;
        };
        let Some(output) = test["output"].as_array() else {
            // With all else as it is at 0, which some of these places are when they are reduced, or cut.
            let [proof, y] = vectors.proof_at_zero(index);
            assert!(
                is_shown(&commitment, &[0; 32], &y, &proof) && !is_shown(&commitment, &z, &y, &proof),
                "{name}"
            );
            bad_places += 1;
            continue;
        };
        let [proof, y] = [hex(&output[0]), hex(&output[1])];
        let evaluated = to_bytes(vectors.evaluate(&blob, from_bytes(&z).unwrap()));
        assert_eq!(evaluated[..], y, "{name}");
        assert!(is_shown(&commitment, &z, &y, &proof), "{name}");
        let other = to_bytes(from_bytes(&y).unwrap() + Fr::ONE);
        assert!(!is_shown(&commitment, &z, &other, &proof), "{name}");
        match vectors.points.contains(&from_bytes(&z).unwrap()) {
            true => at_points += 1,
            false => between += 1,
        }
    }
    assert_eq!([at_points, between, bad_blobs, bad_places], [21, 21, 2, 6]);
}

/// B-020, B-030, K-060: proofs of whole blobs that c-kzg makes, takes and refuses.
#[test]
fn blob_proofs() {
    let Some(vectors) = Vectors::open() else { return };
    let (mut made, mut right, mut wrong) = (0, 0, 0);
    for (function, proof) in [("compute_blob_kzg_proof", None), ("verify_blob_kzg_proof", Some("proof"))] {
        for test in vectors.of(function) {
            let (name, input) = (test["name"].as_str().unwrap(), &test["input"]);
            let Some(blob) = vectors.blob(&input["blob"]) else { continue };
            let commitment = hex(&input["commitment"]);
            check_fault(name, &commitment, &blob);
            let Some(proof) = proof.map_or(test["output"].as_str(), |key| input[key].as_str()) else {
                continue;
            };
            let is_right = proof == test["output"] || test["output"] == true;
            assert_eq!(
                vectors.is_proven(&commitment, &blob, &hex::decode(proof).unwrap()),
                is_right,
                "{name}"
            );
            *if proof == test["output"] {
                &mut made
            } else if is_right {
                &mut right
            } else {
                &mut wrong
            } += 1;
        }
    }
    assert_eq!([made, right, wrong], [7, 9, 18]);
}

/// B-020, B-030, K-060: several blobs at once; of those that are malformed, the place is told.
#[test]
fn batches_of_blob_proofs() {
    let Some(vectors) = Vectors::open() else { return };
    let mut outcomes = [0; 2];
    for test in vectors.of("verify_blob_kzg_proof_batch") {
        let name = test["name"].as_str().unwrap();
        let lists = ["blobs", "commitments", "proofs"].map(|list| test["input"][list].as_array().unwrap());
        let Some(blobs) = lists[0].iter().map(|index| vectors.blob(index)).collect::<Option<Vec<_>>>() else {
            continue;
        };
        let [commitments, proofs] = [lists[1], lists[2]].map(|list| list.iter().map(hex).collect::<Vec<_>>());
        if name.ends_with("length_different") {
            assert!(blobs.len() != commitments.len() || blobs.len() != proofs.len());
            continue;
        }
        let pairs = commitments.iter().zip(&blobs);
        let pairs = pairs.map(|(commitment, blob)| Some((commitment[..].try_into().ok()?, blob.clone())));
        let verified = pairs.collect::<Option<Vec<_>>>().map(|pairs| kzg::verify(&pairs));
        match name {
            _ if name.contains("invalid_blob") => {
                assert!(matches!(verified, Some(Err((4, KzgError::Element { .. })))))
            }
            _ if name.contains("invalid_commitment") => {
                assert!(
                    matches!(verified, None | Some(Err((0, KzgError::Commitment)))),
                    "{name}: {verified:?}"
                );
            }
            _ => assert_eq!(verified, Some(Ok(())), "{name}"),
        }
        let mut all = commitments.iter().zip(&blobs).zip(&proofs);
        let is_right = all.all(|((commitment, blob), proof)| vectors.is_proven(commitment, blob, proof));
        assert_eq!(is_right, test["output"] == true, "{name}");
        outcomes[usize::from(is_right)] += 1;
    }
    assert_eq!(outcomes, [12, 7]);
}

/// B-018, B-020, K-010: the proofs that real blobs came with, of OP Sepolia and of nine transactions of Ethereum's,
/// hold by our points; and another blob's does not.
#[test]
fn proofs_of_real_blobs() {
    let Some(vectors) = Vectors::open() else { return };
    let folder = "derivation/op-sepolia-granite-16491249";
    let file = common::unzstd(&format!("{folder}/blobs.bin.zst")).unwrap();
    let mut sent = Vec::new();
    for entry in common::json(&format!("{folder}/blobs.json")).unwrap().as_array().unwrap() {
        let blob = blob_at(&file, entry["index_in_file"].as_u64().unwrap());
        let [commitment, proof] = ["commitment", "proof"].map(|name| hex(&entry[name]));
        assert_eq!(kzg_to_versioned_hash(&commitment)[..], hex(&entry["versioned_hash"]));
        sent.push((blob, commitment, proof));
    }
    for entry in common::json("derivation/l1-blob-txs/index.json.zst").unwrap().as_array().unwrap() {
        let path = format!("derivation/l1-blob-txs/{}", entry["file"].as_str().unwrap());
        if common::data(&path).unwrap().exists() {
            sent.extend(sidecars(&common::unzstd(&path).unwrap())); // the index names more than there is
        }
    }
    for (blob, commitment, proof) in &sent {
        assert!(vectors.is_proven(commitment, blob, proof));
    }
    for pair in sent.chunks_exact(2) {
        assert!(!vectors.is_proven(&pair[0].1, &pair[0].0, &pair[1].2));
    }
    assert!(sent.len() >= 30, "{}", sent.len());
}

/// B-020: single blobs, of Mantle and of OP Sepolia, belong to the commitments that are written down with them.
#[test]
fn blobs_of_channels() {
    for name in ["mantle-sepolia-2026-blob-singular", "op-sepolia-ecotone-blob-span"] {
        let Some(file) = common::json(&format!("derivation/channels/{name}.json.zst")) else { return };
        let [blob, commitment] = ["blob", "kzg_commitment"].map(|name| hex(&file[name]));
        assert_eq!(belongs(&commitment, &Blob::from_slice(&blob)), Ok(()), "{name}");
        assert_eq!(kzg_to_versioned_hash(&commitment)[..], hex(&file["versioned_hash"]), "{name}");
    }
}

/// A vector that is named after a malformed blob, or commitment, fails for that.
fn check_fault(name: &str, commitment: &[u8], blob: &Blob) {
    let result = (commitment.len() == 48).then(|| belongs(commitment, blob));
    match name {
        _ if name.contains("invalid_blob") => {
            assert!(matches!(result, Some(Err(KzgError::Element { .. }))), "{name}")
        }
        _ if name.contains("invalid_commitment") => {
            assert!(matches!(result, None | Some(Err(KzgError::Commitment))), "{name}");
        }
        // Those of malformed proofs have another blob's commitment as well.
        _ if name.contains("invalid_proof") => assert_eq!(result, Some(Err(KzgError::Mismatch)), "{name}"),
        _ => assert_eq!(result, Some(Ok(())), "{name}"),
    }
}

/// Whether a blob of 4,096 elements belongs to the commitment, of which the length is right.
fn belongs(commitment: &[u8], blob: &Blob) -> Result<(), KzgError> {
    let pair = (Commitment::try_from(commitment).unwrap(), Box::new(*blob));
    kzg::verify(&[pair]).map_err(|(_, error)| error)
}

/// Whether the precompile takes the proof that the commitment's polynomial is `y` at `z`. Nothing here need be
/// well-formed.
fn is_shown(commitment: &[u8], z: &[u8], y: &[u8], proof: &[u8]) -> bool {
    let mut hash = sha256(commitment); // of malformed ones as well
    hash[0] = 1;
    let input = [&hash[..], z, y, commitment, proof].concat();
    let address = Address::with_last_byte(0x0a);
    let answer = answer(&PrecompileCall { address, required_gas: 50_000, input: &input });
    // EIP-4844: FIELD_ELEMENTS_PER_BLOB and BLS_MODULUS.
    let success = PrecompileAnswer::Success(bytes!(
        "000000000000000000000000000000000000000000000000000000000000100073eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001"
    ));
    assert!(answer == Some(PrecompileAnswer::Failure) || answer.as_ref() == Some(&success), "{answer:?}");
    answer == Some(success)
}

/// Where the proof of a whole blob is about: `compute_challenge` of the consensus specs.
fn challenge(blob: &Blob, commitment: &[u8]) -> Fr {
    let degree = (FIELD_ELEMENTS as u128).to_be_bytes();
    let hash = sha256(&[&b"FSBLOBVERIFY_V1_"[..], &degree, &blob[..], commitment].concat());
    Fr::from_be_bytes_mod_order(&hash[..])
}

/// 32 big-endian bytes below the modulus.
fn from_bytes(bytes: &[u8]) -> Option<Fr> {
    let element = Fr::from_be_bytes_mod_order(bytes);
    (to_bytes(element)[..] == *bytes).then_some(element)
}

fn to_bytes(element: Fr) -> [u8; 32] {
    element.into_bigint().to_bytes_be().try_into().unwrap()
}

fn hex(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn blob_at(file: &Bytes, index: u64) -> Box<Blob> {
    let start = usize::try_from(index).unwrap() * 131_072;
    Box::new(Blob::from_slice(&file[start..start + 131_072]))
}

/// The blobs of a transaction in network form, `3 || rlp([transaction, blobs, commitments, proofs])`.
fn sidecars(file: &[u8]) -> Vec<(Box<Blob>, Vec<u8>, Vec<u8>)> {
    let mut network = Reader::new(&file[1..]).rlp_list().unwrap();
    network.rlp_item().unwrap();
    let [blobs, commitments, proofs] = [(); 3].map(|()| {
        let mut list = network.rlp_list().unwrap();
        from_fn(|| (!list.is_empty()).then(|| list.rlp_string().unwrap().payload.to_vec()))
            .collect::<Vec<_>>()
    });
    assert!(blobs.len() == commitments.len() && blobs.len() == proofs.len());
    let blobs = blobs.iter().map(|blob| Box::new(Blob::from_slice(blob)));
    blobs.zip(commitments).zip(proofs).map(|((blob, commitment), proof)| (blob, commitment, proof)).collect()
}

/// The vectors of c-kzg, and our points.
struct Vectors {
    json: Value,
    blobs: Bytes,
    points: Vec<Fr>,
}

impl Vectors {
    fn open() -> Option<Self> {
        let json = common::json("kzg/c-kzg-4844-tests.json.zst")?;
        let blobs = common::unzstd("kzg/c-kzg-4844-blobs.bin.zst").unwrap();
        let points = EvaluationPoints::new();
        let points = (0..FIELD_ELEMENTS).map(|index| from_bytes(points.point(index)).unwrap()).collect();
        Some(Self { json, blobs, points })
    }

    fn of(&self, function: &str) -> &[Value] {
        self.json["tests"][function].as_array().unwrap()
    }

    /// `None`: one of another length, of which the bytes are not written down.
    fn blob(&self, index: &Value) -> Option<Box<Blob>> {
        assert!(index.is_u64() || index.as_str().unwrap().starts_with("invalid-length:"));
        index.as_u64().map(|index| blob_at(&self.blobs, index))
    }

    /// The commitment of a blob; `None` if its elements are none.
    fn commitment(&self, index: &Value) -> Option<Vec<u8>> {
        let test = self.of("blob_to_kzg_commitment").iter().find(|test| test["input"]["blob"] == *index);
        let test = test.unwrap();
        (!test["output"].is_null()).then(|| hex(&test["output"]))
    }

    fn commitment_of_blob(&self, index: u64) -> Vec<u8> {
        self.commitment(&index.into()).unwrap()
    }

    /// The proof and the value of a blob at 0.
    fn proof_at_zero(&self, index: &Value) -> [Vec<u8>; 2] {
        let is_it = |test: &&Value| {
            test["input"]["blob"] == *index
                && test["output"].is_array()
                && hex(&test["input"]["z"]) == [0; 32]
        };
        let output = &self.of("compute_kzg_proof").iter().find(is_it).unwrap()["output"];
        [hex(&output[0]), hex(&output[1])]
    }

    /// The blob's polynomial at `z`: its element there, or by the barycentric formula, in which all elements and points
    /// count.
    fn evaluate(&self, blob: &Blob, z: Fr) -> Fr {
        let mut elements = blob.as_chunks::<32>().0.iter().map(|bytes| from_bytes(bytes).unwrap());
        if let Some(index) = self.points.iter().position(|point| *point == z) {
            return elements.nth(index).unwrap();
        }
        let mut inverses: Vec<Fr> = self.points.iter().map(|point| z - point).collect();
        batch_inversion(&mut inverses);
        let terms = elements.zip(&self.points).zip(&inverses);
        let sum = terms.fold(Fr::ZERO, |sum, ((element, point), inverse)| sum + element * point * inverse);
        let count = FIELD_ELEMENTS as u64;
        sum * (z.pow([count]) - Fr::ONE) * Fr::from(count).inverse().unwrap()
    }

    /// Whether all is well-formed, and the proof shows what the blob is at the challenge: then it belongs to the
    /// commitment.
    fn is_proven(&self, commitment: &[u8], blob: &Blob, proof: &[u8]) -> bool {
        if commitment.len() != 48 {
            return false;
        }
        let belongs = belongs(commitment, blob);
        if !matches!(belongs, Ok(()) | Err(KzgError::Mismatch)) {
            return false;
        }
        let z = challenge(blob, commitment);
        let is_shown = is_shown(commitment, &to_bytes(z), &to_bytes(self.evaluate(blob, z)), proof);
        assert!(!is_shown || belongs == Ok(()), "the proof holds, but the blob is another one's");
        is_shown
    }
}
