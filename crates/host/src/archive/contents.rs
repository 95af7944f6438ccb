//! What an archive holds, in memory.

use super::{Archive, ArchiveError, Claim, Claims, ConfigError, Kind, config};
use alloy_eips::eip4844::Blob;
use alloy_primitives::{B256, Bytes, keccak256};
use std::collections::BTreeMap;
use unroll_proof::{
    BootInfo, OracleBackend, PreimageKey, Transition, Witness,
    backend::BackendError,
    kzg::{Commitment, EvaluationPoints, FIELD_ELEMENTS},
    preimage::KeyKind,
    transition::TransitionError,
    witness::{AbsentBlob, Missing, WitnessError},
};

/// What an archive holds: the same for the same content, however it came there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// What it is about.
    pub claims: Claims,
    /// The rollup config, JSON; empty if the chain is built in.
    pub rollup_config: Bytes,
    /// The L1 config, JSON; empty if the L1 chain is a public one.
    pub l1_config: Bytes,
    preimages: BTreeMap<PreimageKey, Bytes>,
    blobs: BTreeMap<Commitment, Box<Blob>>,
}

/// Why preimages cannot be archived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContentsError {
    /// Blobs are kept whole.
    #[error(
        "of the blob of commitment {} there are {} elements of 4096, and {} is the first that is missing: an archive holds \
         whole blobs", alloy_primitives::hex::encode_prefixed(.0.commitment), .0.elements, .0.missing
    )]
    PartialBlob(AbsentBlob),
}

/// Why a witness cannot be archived.
#[derive(Debug, thiserror::Error)]
pub enum WitnessImportError {
    /// There is no config to run it with.
    #[error("cannot be run: {0}")]
    Config(#[from] ConfigError),
    /// Some preimages cannot be archived.
    #[error("cannot be archived: {0}")]
    Contents(#[from] ContentsError),
    /// It is unknown which block is agreed on.
    #[error("does not tell which block is agreed on: {0}")]
    Agreed(#[from] TransitionError<BackendError<Missing>>),
}

impl Contents {
    /// Nothing but what it is about.
    pub const fn new(claims: Claims, rollup_config: Bytes, l1_config: Bytes) -> Self {
        Self { claims, rollup_config, l1_config, preimages: BTreeMap::new(), blobs: BTreeMap::new() }
    }

    /// All that a run is about, and all preimages of a witness. That it suffices is not checked, but it must say which block is
    /// agreed on.
    pub fn of_witness(
        boot: &BootInfo,
        rollup_config: Bytes,
        l1_config: Bytes,
        witness: &mut Witness,
    ) -> Result<Self, WitnessImportError> {
        let config = config(boot.chain_id, &rollup_config, &l1_config)?;
        let mut backend = OracleBackend::new(&mut *witness, boot.l1_head);
        let agreed = backend.output(boot.agreed_output_root).map_err(TransitionError::Provider)?;
        let agreed_block = Transition::new(&config, backend, agreed)?.agreed_number();
        let claims = Claims { chain_id: boot.chain_id, claims: vec![Claim::of(boot, agreed_block)] };
        let mut contents = Self::new(claims, rollup_config, l1_config);
        contents.add_witness(witness)?;
        Ok(contents)
    }

    /// Everything in an archive. Keys are computed, and blobs that do not belong to their commitments are refused: nothing that is
    /// made out of an archive can spread a wrong one.
    pub fn of_archive(archive: &Archive) -> Result<Self, ArchiveError> {
        let mut contents = Self::new(
            archive.claims()?,
            archive.section(Kind::RollupConfig)?,
            archive.section(Kind::L1Config)?,
        );
        let keccak = archive.keccak()?.into_iter().map(|(hash, value)| (PreimageKey::keccak256(hash), value));
        let sha256 = archive.sha256()?.into_iter().map(|(hash, value)| (PreimageKey::sha256(hash), value));
        contents.preimages = keccak.chain(sha256).collect();
        let mut blobs = Witness::new();
        blobs.insert_blobs(archive.blobs()?)?;
        contents.blobs = blobs.blobs().iter().cloned().collect();
        contents.drop_commitments();
        Ok(contents)
    }

    /// Adds all preimages of a witness.
    pub fn add_witness(&mut self, witness: &Witness) -> Result<(), ContentsError> {
        if let Some(partial) = witness.absent_blobs().iter().find(|absent| absent.elements > 0) {
            return Err(ContentsError::PartialBlob(*partial));
        }
        self.preimages.extend(witness.preimages().map(|(key, value)| (key, value.clone())));
        self.blobs.extend(witness.blobs().iter().cloned());
        self.drop_commitments();
        Ok(())
    }

    /// Adds all preimages of another archive.
    pub fn add_preimages(&mut self, other: Self) {
        self.preimages.extend(other.preimages);
        self.blobs.extend(other.blobs);
        self.drop_commitments();
    }

    /// Adds values of kind 2.
    pub fn add_keccak(&mut self, values: impl IntoIterator<Item = Bytes>) {
        self.preimages
            .extend(values.into_iter().map(|value| (PreimageKey::keccak256(keccak256(&value)), value)));
    }

    /// Keeps what was read, and nothing else. A blob is read as a whole.
    pub fn keep(&mut self, read: &BTreeMap<PreimageKey, Bytes>) {
        let points = EvaluationPoints::new();
        self.blobs.retain(|commitment, _| read.contains_key(&PreimageKey::blob(commitment, points.point(0))));
        self.preimages.retain(|key, _| read.contains_key(key));
        // A commitment that was read, of a blob that was not.
        let bare = read.iter().filter(|(key, _)| key.kind() == KeyKind::Sha256);
        self.preimages.extend(bare.map(|(key, value)| (*key, value.clone())));
        self.drop_commitments();
    }

    /// The preimages of kind 2 and 4 by key, without the commitments of the blobs.
    pub const fn preimages(&self) -> &BTreeMap<PreimageKey, Bytes> {
        &self.preimages
    }

    /// The blobs by commitment.
    pub const fn blobs(&self) -> &BTreeMap<Commitment, Box<Blob>> {
        &self.blobs
    }

    /// All preimages, checked.
    pub fn witness(&self) -> Result<Witness, WitnessError> {
        let mut witness = Witness::new();
        for (key, value) in &self.preimages {
            match key.kind() {
                KeyKind::Sha256 => witness.insert_sha256(value.clone()),
                _ => witness.insert_keccak(value.clone()),
            };
        }
        witness.insert_blobs(self.blobs.iter().map(|(key, blob)| (*key, blob.clone())).collect())?;
        Ok(witness)
    }

    /// All preimages by key, as a host serves them: with the commitments, and each element of a blob under its own key.
    pub fn keyed(&self) -> BTreeMap<PreimageKey, Bytes> {
        let mut keyed = self.preimages.clone();
        let points = EvaluationPoints::new();
        for (commitment, blob) in &self.blobs {
            keyed.insert(sha256_key(commitment), Bytes::copy_from_slice(commitment));
            for (index, element) in blob.as_chunks::<32>().0.iter().enumerate() {
                let key = PreimageKey::blob(commitment, points.point(index));
                keyed.insert(key, Bytes::copy_from_slice(element));
            }
        }
        keyed
    }

    /// All preimages as the records that [`Witness::from_records`] reads.
    pub fn records(&self) -> Vec<u8> {
        records(self.keyed().iter().map(|(key, value)| (key.as_bytes(), value)))
    }

    /// What the key of each element of a blob is the hash of, as a preimage of kind 2: the commitment and the point. Who takes
    /// the element to a contract has to show it.
    pub fn points(&self) -> impl Iterator<Item = (PreimageKey, Bytes)> {
        let points = EvaluationPoints::new();
        let of_blob = move |commitment: &Commitment| {
            let named: Vec<_> = (0..FIELD_ELEMENTS).map(|i| point(commitment, points.point(i))).collect();
            named
        };
        self.blobs.keys().flat_map(of_blob)
    }

    /// Removes what [`points`](Self::points) gives.
    pub fn drop_points(&mut self) {
        let points: Vec<_> = self.points().map(|(key, _)| key).collect();
        for key in points {
            self.preimages.remove(&key);
        }
    }

    fn drop_commitments(&mut self) {
        for commitment in self.blobs.keys() {
            self.preimages.remove(&sha256_key(commitment));
        }
    }
}

fn sha256_key(commitment: &Commitment) -> PreimageKey {
    PreimageKey::sha256(unroll_proof::archive::sha256(commitment))
}

fn point(commitment: &Commitment, point: &[u8; 32]) -> (PreimageKey, Bytes) {
    let value = [&commitment[..], point].concat();
    (PreimageKey::keccak256(keccak256(&value)), value.into())
}

/// Values by key as the records that [`Witness::from_records`] reads, which have to come in the order of their keys.
///
/// # Panics
///
/// If a value has 4 GiB or more, which no block can make it have.
pub fn records<'a>(values: impl IntoIterator<Item = (&'a B256, &'a Bytes)>) -> Vec<u8> {
    let mut records = Vec::new();
    for (key, value) in values {
        let length = u32::try_from(value.len()).expect("no block has 4 GiB");
        records.extend_from_slice(key.as_slice());
        records.extend_from_slice(&length.to_le_bytes());
        records.extend_from_slice(value);
    }
    records
}
