//! Answers a program: inputs of the run from memory, everything else from a store, checked before it is served.

use crate::{
    blobs::Blobs,
    error::{HostError, Unserved},
    store::{Store, StoreError},
};
use alloy_primitives::{B256, Bytes};
use std::collections::VecDeque;
use unroll_executor::precompiles::PrecompileCall;
use unroll_proof::{
    BootInfo,
    checked::{computed_key, precompile_value},
    preimage::{HintRequest, KeyKind, LocalInput, PreimageHost, PreimageKey},
};

/// How many announced precompile calls are remembered. A program asks for the result right after the hint.
const CALLS: usize = 16;

/// Most characters of a hint that are shown.
const SHOWN_HINT: usize = 200;

/// What a run is about (J-010 to J-012).
#[derive(Clone, Debug)]
pub struct LocalInputs {
    /// The inputs of every run.
    pub boot: BootInfo,
    /// The rollup config of a chain that the program may not know; JSON.
    pub rollup_config: Option<Bytes>,
    /// The config of its L1; JSON.
    pub l1_config: Option<Bytes>,
}

/// What was served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// Preimages, each time that one was asked for.
    pub preimages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Hints.
    pub hints: u64,
}

/// A [`PreimageHost`] over a store.
///
/// Keys of hashes are checked by hashing (K-004, K-006); elements of blobs by their commitment, a whole blob at a time
/// (K-010); results of precompiles are computed (K-012).
#[derive(Debug)]
pub struct Host<S> {
    local: LocalInputs,
    store: S,
    /// Values beside the store, checked by being hashed.
    given: Vec<(PreimageKey, Bytes)>,
    blobs: Blobs,
    /// Calls that were announced, with the keys of their results.
    calls: VecDeque<(PreimageKey, Bytes)>,
    last_hint: Option<String>,
    served: Served,
}

impl<S: Store> Host<S> {
    /// A host of one run.
    pub fn new(local: LocalInputs, store: S) -> Self {
        let (blobs, calls) = (Blobs::default(), VecDeque::new());
        Self { local, store, given: Vec::new(), blobs, calls, last_hint: None, served: Served::default() }
    }

    /// Values that are served by their sha256 hashes (K-006), whether the store has them or not: upgrade bundles (G-054).
    pub fn with_sha256(mut self, values: impl IntoIterator<Item = Bytes>) -> Self {
        self.given.extend(values.into_iter().map(|value| (sha256_key(&value), value)));
        self
    }

    /// What was served so far.
    pub const fn served(&self) -> Served {
        self.served
    }

    fn value(&mut self, key: PreimageKey) -> Result<Bytes, Unserved> {
        match key.kind() {
            KeyKind::Local => self.local.get(key).ok_or(Unserved::Local { key }),
            KeyKind::Keccak256 | KeyKind::Sha256 => self.hashed(key),
            KeyKind::Blob => self.blobs.element(key, &self.store),
            KeyKind::Precompile => self.precompile(key),
        }
    }

    fn hashed(&mut self, key: PreimageKey) -> Result<Bytes, Unserved> {
        if let Some((_, value)) = self.given.iter().find(|(given, _)| *given == key) {
            return Ok(value.clone());
        }
        let missing = || Unserved::Missing { key, place: self.store.place(key.as_bytes()) };
        let value = checked(&self.store, key)?.ok_or_else(missing)?;
        if key.kind() == KeyKind::Sha256 {
            self.blobs.note(&value);
        }
        Ok(value)
    }

    /// The call is what a hint announced, or what a store that another host filled has beside the result.
    fn precompile(&self, key: PreimageKey) -> Result<Bytes, Unserved> {
        let announced = self.calls.iter().rev().find(|(result, _)| *result == key);
        let call = match announced {
            Some((_, call)) => Some(call.clone()),
            None => checked(&self.store, image(key))?,
        };
        let place = || self.store.place(image(key).as_bytes());
        let call = call.ok_or_else(|| Unserved::UnknownCall { key, place: place() })?;
        let value = parse_call(&call).and_then(|call| precompile_value(&call));
        let value = Bytes::from(value.ok_or(Unserved::Precompile { key })?);
        match read(&self.store, key)? {
            Some(stored) if stored != value => {
                Err(Unserved::Result { key, place: self.store.place(key.as_bytes()) })
            }
            _ => Ok(value),
        }
    }
}

impl<S: Store> PreimageHost for Host<S> {
    type Error = HostError;

    fn preimage(&mut self, key: PreimageKey) -> Result<Bytes, HostError> {
        let value = self.value(key).map_err(|why| HostError { why, hint: self.last_hint.clone() })?;
        self.served.preimages += 1;
        self.served.bytes += value.len() as u64;
        Ok(value)
    }

    fn hint(&mut self, text: &[u8]) {
        self.served.hints += 1;
        self.last_hint = Some(shown(text));
        // Everything else is in the store or is not; an announced call is what its result is computed from.
        if let Ok(HintRequest::L1Precompile { address, required_gas, input }) = HintRequest::decode(text) {
            if self.calls.len() == CALLS {
                self.calls.pop_front();
            }
            let key = PreimageKey::precompile(address, required_gas, &input);
            let call = [&address[..], &required_gas.to_be_bytes(), &input].concat();
            self.calls.push_back((key, call.into()));
        }
    }
}

impl LocalInputs {
    fn get(&self, key: PreimageKey) -> Option<Bytes> {
        let boot = &self.boot;
        let inputs = [
            (LocalInput::L1Head, boot.l1_head.into()),
            (LocalInput::AgreedOutputRoot, boot.agreed_output_root.into()),
            (LocalInput::ClaimedOutputRoot, boot.claimed_output_root.into()),
            (LocalInput::ClaimedBlockNumber, boot.claimed_block_number.to_be_bytes().into()),
            (LocalInput::ChainId, boot.chain_id.to_be_bytes().into()),
        ];
        let given = [
            (LocalInput::RollupConfig, self.rollup_config.clone()),
            // No bytes: L1 has no config of its own.
            (LocalInput::L1Config, Some(self.l1_config.clone().unwrap_or_default())),
        ];
        let known = inputs.into_iter().map(|(input, value)| (input, Some(value))).chain(given);
        known.into_iter().find(|(input, _)| PreimageKey::local(*input) == key).and_then(|(_, value)| value)
    }
}

/// The key under which hosts keep what the hash in `key` is of: a commitment and a point, or a call.
pub(crate) fn image(key: PreimageKey) -> PreimageKey {
    PreimageKey::keccak256(*key.as_bytes())
}

pub(crate) fn read(store: &impl Store, key: PreimageKey) -> Result<Option<Bytes>, Unserved> {
    store.get(key.as_bytes()).map_err(|error: StoreError| Unserved::Store { key, error })
}

/// The value of a key that is a hash of it.
pub(crate) fn checked(store: &impl Store, key: PreimageKey) -> Result<Option<Bytes>, Unserved> {
    let Some(value) = read(store, key)? else { return Ok(None) };
    match computed_key(key.kind(), &value) {
        Some(computed) if computed != key => {
            Err(Unserved::Hash { key, computed, place: store.place(key.as_bytes()) })
        }
        _ => Ok(Some(value)),
    }
}

/// Address, gas and input of a call (K-012).
fn parse_call(call: &[u8]) -> Option<PrecompileCall<'_>> {
    let (address, rest) = call.split_first_chunk::<20>()?;
    let (gas, input) = rest.split_first_chunk::<8>()?;
    Some(PrecompileCall { address: address.into(), required_gas: u64::from_be_bytes(*gas), input })
}

/// A hint in one line: whatever it holds, and not the whole of a payload.
fn shown(text: &[u8]) -> String {
    let start = text.get(..SHOWN_HINT).unwrap_or(text);
    let dots = if start.len() < text.len() { format!(".. ({} bytes)", text.len()) } else { String::new() };
    format!("{}{dots}", start.escape_ascii())
}

/// The key of a sha256 preimage.
pub(crate) fn sha256_key(value: &[u8]) -> PreimageKey {
    computed_key(KeyKind::Sha256, value).unwrap_or_else(|| PreimageKey::sha256(B256::ZERO))
}
