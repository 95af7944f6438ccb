//! Writes down what a run reads: the witness that suffices for it.

use crate::{
    kzg::{Commitment, EvaluationPoints},
    oracle::{OracleBlobError, PreimageOracle},
    preimage::{Hint, KeyKind, PreimageKey},
};
use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use alloy_eips::eip4844::Blob;
use alloy_primitives::Bytes;

/// An oracle that passes everything on to another, and remembers what it answered.
#[derive(Clone, Debug, Default)]
pub struct Recorder<O> {
    oracle: O,
    read: BTreeMap<PreimageKey, Bytes>,
}

impl<O> Recorder<O> {
    /// Listens to `oracle`.
    pub const fn new(oracle: O) -> Self {
        Self { oracle, read: BTreeMap::new() }
    }

    /// What was read so far, by key.
    pub const fn read(&self) -> &BTreeMap<PreimageKey, Bytes> {
        &self.read
    }

    /// What was read so far, as the records of a [`Witness`](crate::Witness).
    ///
    /// Local inputs are not among them: they say what a run is about, and stand in its boot file.
    ///
    /// # Panics
    ///
    /// If a value has 4 GiB or more, which no block can make it have.
    pub fn records(&self) -> Vec<u8> {
        let mut records = Vec::new();
        for (key, value) in &self.read {
            if key.kind() == KeyKind::Local {
                continue;
            }
            let length = u32::try_from(value.len()).expect("no block has 4 GiB");
            records.extend_from_slice(key.as_bytes().as_slice());
            records.extend_from_slice(&length.to_le_bytes());
            records.extend_from_slice(value);
        }
        records
    }
}

impl<O: PreimageOracle> PreimageOracle for Recorder<O> {
    type Error = O::Error;

    fn get(&mut self, key: PreimageKey) -> Result<Bytes, Self::Error> {
        let value = self.oracle.get(key)?;
        self.read.insert(key, value.clone());
        Ok(value)
    }

    fn wants_hints(&self) -> bool {
        self.oracle.wants_hints()
    }

    fn hint(&mut self, hint: &Hint<'_>) -> Result<(), Self::Error> {
        self.oracle.hint(hint)
    }

    fn answers_precompiles(&self) -> bool {
        self.oracle.answers_precompiles()
    }

    fn blob(&mut self, commitment: &Commitment) -> Result<Box<Blob>, OracleBlobError<Self::Error>> {
        let blob = self.oracle.blob(commitment)?;
        let points = EvaluationPoints::new();
        for (index, element) in blob.as_chunks::<32>().0.iter().enumerate() {
            let key = PreimageKey::blob(commitment, points.point(index));
            self.read.insert(key, Bytes::copy_from_slice(element));
        }
        Ok(blob)
    }
}
