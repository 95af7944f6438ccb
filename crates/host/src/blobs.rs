//! Elements of blobs, each checked by its blob's commitment.
//!
//! A key of kind 5 is a hash of commitment and point, and its value alone proves nothing without a KZG proof. So the first
//! request for an element puts its whole blob together and compares it with the commitment, once; the others are answered
//! from memory.

use crate::{
    error::Unserved,
    host::{checked, image, read, sha256_key},
    store::Store,
};
use alloy_eips::eip4844::Blob;
use alloy_primitives::{Bytes, map::B256Map};
use std::collections::VecDeque;
use unroll_proof::{
    kzg::{self, Commitment, EvaluationPoints, FIELD_ELEMENTS},
    preimage::PreimageKey,
};

/// Blobs that are kept, of some 320 KiB each with their keys. A program reads one after the other.
const BLOBS: usize = 8;

/// Commitments that are remembered: those of the blobs of one L1 block, and a few.
const COMMITMENTS: usize = 32;

/// Commitments that were served, and blobs that were checked.
#[derive(Debug, Default)]
pub(crate) struct Blobs {
    commitments: VecDeque<Commitment>,
    checked: VecDeque<CheckedBlob>,
}

#[derive(Debug)]
struct CheckedBlob {
    blob: Box<Blob>,
    places: B256Map<usize>,
}

impl Blobs {
    /// Remembers a value of kind 4 if it can be a commitment.
    pub(crate) fn note(&mut self, value: &[u8]) {
        let Ok(commitment) = Commitment::try_from(value) else { return };
        self.commitments.retain(|known| *known != commitment);
        if self.commitments.len() == COMMITMENTS {
            self.commitments.pop_front();
        }
        self.commitments.push_back(commitment);
    }

    /// The element that `key` names.
    pub(crate) fn element(&mut self, key: PreimageKey, store: &impl Store) -> Result<Bytes, Unserved> {
        if let Some(element) = self.checked.iter().rev().find_map(|blob| blob.element(key)) {
            return Ok(element);
        }
        let (commitment, keys) = self.owner(key, store)?;
        let blob = CheckedBlob::assemble(&commitment, &keys, key, store)?;
        let element = blob.element(key);
        if self.checked.len() == BLOBS {
            self.checked.pop_front();
        }
        self.checked.push_back(blob);
        element.ok_or_else(|| stray(key, store))
    }

    /// The commitment of the blob with this element, and the keys of all its elements in order. It is one that was asked
    /// for, or the one that a store which another host filled has beside the element.
    fn owner(
        &self,
        key: PreimageKey,
        store: &impl Store,
    ) -> Result<(Commitment, Vec<PreimageKey>), Unserved> {
        let points = EvaluationPoints::new();
        let keys = |commitment: &Commitment| -> Vec<PreimageKey> {
            (0..FIELD_ELEMENTS).map(|i| PreimageKey::blob(commitment, points.point(i))).collect()
        };
        let beside = checked(store, image(key))?;
        let beside = beside.and_then(|value| value.first_chunk::<48>().copied());
        for commitment in beside.iter().chain(self.commitments.iter().rev()) {
            let keys = keys(commitment);
            if keys.contains(&key) {
                return Ok((*commitment, keys));
            }
        }
        Err(stray(key, store))
    }
}

impl CheckedBlob {
    fn assemble(
        commitment: &Commitment,
        keys: &[PreimageKey],
        asked: PreimageKey,
        store: &impl Store,
    ) -> Result<Self, Unserved> {
        let place = |key: PreimageKey| store.place(key.as_bytes());
        let mut blob = Box::new(Blob::ZERO);
        for (slot, &key) in blob.as_chunks_mut::<32>().0.iter_mut().zip(keys) {
            let value = read(store, key)?.ok_or_else(|| Unserved::Missing { key, place: place(key) })?;
            let length = value.len();
            *slot = value[..].try_into().map_err(|_| Unserved::Element { key, length, place: place(key) })?;
        }
        let blobs = [(*commitment, blob)];
        kzg::verify(&blobs).map_err(|(_, error)| Unserved::Blob {
            key: asked,
            place: place(sha256_key(commitment)),
            error,
        })?;
        let [(_, blob)] = blobs;
        let places = keys.iter().enumerate().map(|(place, key)| (*key.as_bytes(), place)).collect();
        Ok(Self { blob, places })
    }

    fn element(&self, key: PreimageKey) -> Option<Bytes> {
        let place = *self.places.get(key.as_bytes())?;
        self.blob.as_chunks::<32>().0.get(place).map(|element| Bytes::copy_from_slice(element))
    }
}

fn stray(key: PreimageKey, store: &impl Store) -> Unserved {
    Unserved::StrayElement { key, place: store.place(image(key).as_bytes()) }
}
