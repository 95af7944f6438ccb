//! An oracle that believes nothing: for a program beside a host that it does not trust.

use crate::{
    kzg::{self, Commitment, KzgError},
    oracle::{OracleBlobError, PreimageOracle},
    preimage::{Hint, KeyKind, PreimageKey},
};
use alloc::{boxed::Box, vec::Vec};
use alloy_eips::eip4844::Blob;
use alloy_primitives::{Address, B256, Bytes, keccak256};
use sha2::{Digest, Sha256};
use unroll_executor::precompiles::{PrecompileAnswer, PrecompileCall, answer};

/// Checks every answer of `O` against its key, except local inputs, which are what a run is about.
///
/// In a fault-proof VM this would be wasted: there the chain checks the answers that matter.
#[derive(Clone, Debug, Default)]
pub struct Checked<O> {
    oracle: O,
    /// The precompile call that was announced last, with its key.
    call: Option<(PreimageKey, Call)>,
}

#[derive(Clone, Debug)]
struct Call {
    address: Address,
    required_gas: u64,
    input: Vec<u8>,
}

/// What a [`Checked`] oracle refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckedError<E> {
    /// The oracle itself failed.
    #[error(transparent)]
    Oracle(E),
    /// The value is not the one that the key stands for.
    #[error("the value given for the key {key} is another one's: its hash gives {computed}")]
    Hash {
        /// What was asked for.
        key: PreimageKey,
        /// The key that the value has.
        computed: PreimageKey,
    },
    /// A blob that its commitment does not commit to.
    #[error("the blob is not its commitment's: {0}")]
    Blob(#[from] KzgError),
    /// The result is not what the precompile gives.
    #[error("the value given for the key {key} is not what the precompile returns")]
    Precompile {
        /// What was asked for.
        key: PreimageKey,
    },
    /// A key whose value cannot be checked alone: an element of a blob, or a precompile call that was not announced.
    #[error("the value of the key {key} cannot be checked on its own")]
    Alone {
        /// What was asked for.
        key: PreimageKey,
    },
}

/// The key that `value` has among keys of the kind of `key`; `None` if the kind is not a hash of the value.
pub fn computed_key(kind: KeyKind, value: &[u8]) -> Option<PreimageKey> {
    match kind {
        KeyKind::Keccak256 => Some(PreimageKey::keccak256(keccak256(value))),
        KeyKind::Sha256 => Some(PreimageKey::sha256(B256::new(Sha256::digest(value).into()))),
        KeyKind::Local | KeyKind::Blob | KeyKind::Precompile => None,
    }
}

/// What a precompile call's preimage is (K-013), or `None` if the precompile is none of K-060.
pub fn precompile_value(call: &PrecompileCall<'_>) -> Option<Vec<u8>> {
    Some(match answer(call)? {
        PrecompileAnswer::Success(output) => [&[1][..], &output].concat(),
        PrecompileAnswer::Failure => [0].into(),
    })
}

impl<O> Checked<O> {
    /// Checks what `oracle` answers.
    pub const fn new(oracle: O) -> Self {
        Self { oracle, call: None }
    }

    fn check_precompile<E>(&self, key: PreimageKey, value: &[u8]) -> Result<(), CheckedError<E>> {
        let call = self.call.as_ref().filter(|(announced, _)| *announced == key);
        let expected = call.and_then(|(_, Call { address, required_gas, input })| {
            precompile_value(&PrecompileCall { address: *address, required_gas: *required_gas, input })
        });
        match expected {
            None => Err(CheckedError::Alone { key }),
            Some(expected) if expected == value => Ok(()),
            Some(_) => Err(CheckedError::Precompile { key }),
        }
    }
}

impl<O: PreimageOracle> PreimageOracle for Checked<O> {
    type Error = CheckedError<O::Error>;

    fn get(&mut self, key: PreimageKey) -> Result<Bytes, Self::Error> {
        if key.kind() == KeyKind::Blob {
            return Err(CheckedError::Alone { key });
        }
        let value = self.oracle.get(key).map_err(CheckedError::Oracle)?;
        if key.kind() == KeyKind::Precompile {
            self.check_precompile(key, &value)?;
        }
        match computed_key(key.kind(), &value) {
            Some(computed) if computed != key => Err(CheckedError::Hash { key, computed }),
            _ => Ok(value),
        }
    }

    /// Precompile calls are checked by what is announced of them.
    fn wants_hints(&self) -> bool {
        self.oracle.wants_hints() || self.oracle.answers_precompiles()
    }

    fn hint(&mut self, hint: &Hint<'_>) -> Result<(), Self::Error> {
        if let Hint::L1Precompile { address, required_gas, input } = *hint {
            let key = PreimageKey::precompile(address, required_gas, input);
            self.call = Some((key, Call { address, required_gas, input: input.into() }));
        }
        if !self.oracle.wants_hints() {
            return Ok(());
        }
        self.oracle.hint(hint).map_err(CheckedError::Oracle)
    }

    fn answers_precompiles(&self) -> bool {
        self.oracle.answers_precompiles()
    }

    fn blob(&mut self, commitment: &Commitment) -> Result<Box<Blob>, OracleBlobError<Self::Error>> {
        let blob = self.oracle.blob(commitment).map_err(|error| match error {
            OracleBlobError::Oracle { key, source } => {
                OracleBlobError::Oracle { key, source: CheckedError::Oracle(source) }
            }
            OracleBlobError::Length { key, length } => OracleBlobError::Length { key, length },
        })?;
        let blobs = [(*commitment, blob)];
        kzg::verify(&blobs).map_err(|(_, error)| {
            let key = PreimageKey::sha256(B256::new(Sha256::digest(commitment).into()));
            OracleBlobError::Oracle { key, source: CheckedError::Blob(error) }
        })?;
        let [(_, blob)] = blobs;
        Ok(blob)
    }
}
