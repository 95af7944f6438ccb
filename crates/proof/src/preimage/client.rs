//! The program's side: preimages and hints over two pairs of pipes.

use super::{
    Dialect, Hint, PreimageKey,
    channel::{Aligned, Channel, read_exact, write_all},
    wire::{ACKNOWLEDGEMENT, MAX_VALUE_BYTES, WireError},
};
use crate::{
    kzg::{Commitment, EvaluationPoints},
    oracle::{OracleBlobError, PreimageOracle},
};
use alloc::{boxed::Box, vec, vec::Vec};
use alloy_eips::eip4844::Blob;
use alloy_primitives::Bytes;

/// A [`PreimageOracle`] over a pair of pipes, and hints over another pair or to nobody.
///
/// It believes what the host answers, as an oracle may: in a fault-proof VM the chain checks it. Beside a host that is not
/// trusted, wrap it in [`Checked`](crate::Checked).
#[derive(Debug)]
pub struct OracleClient<C, H = NoHints> {
    preimages: C,
    hints: H,
    answers_precompiles: bool,
    /// Computed for the first blob.
    points: Option<EvaluationPoints>,
    /// Whether an exchange was begun and not finished.
    broken: bool,
}

/// Where hints go. What listens is decided by the type, so that where nobody does no code for hints is even compiled.
pub trait HintSink<E> {
    /// Whether anybody listens.
    const LISTENS: bool;

    /// Passes a hint on, and returns when preimages that depend on it may be asked for.
    fn hint(&mut self, hint: &Hint<'_>) -> Result<(), WireError<E>>;
}

/// Nobody listens to hints.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHints;

/// Hints over a pair of pipes.
#[derive(Debug)]
pub struct HintClient<C> {
    channel: C,
    dialect: Dialect,
    chain_id: Option<u64>,
    /// The message, length and text; kept, so that its memory is asked for once.
    message: Vec<u8>,
    /// Whether an exchange was begun and not finished.
    broken: bool,
}

impl<C: Channel, H: HintSink<C::Error>> OracleClient<C, H> {
    /// A client that reads preimages over `preimages` and announces them to `hints`. Precompiles are computed.
    pub const fn new(preimages: C, hints: H) -> Self {
        Self { preimages, hints, answers_precompiles: false, points: None, broken: false }
    }

    /// Whether results of precompiles are asked for (K-012) and not computed.
    pub const fn with_precompiles(mut self, answered: bool) -> Self {
        self.answers_precompiles = answered;
        self
    }

    /// Runs one exchange. One that fails leaves bytes in the pipes that are no beginning of a message, so it is the last.
    fn exchange<T>(
        &mut self,
        run: impl FnOnce(&mut C) -> Result<T, WireError<C::Error>>,
    ) -> Result<T, WireError<C::Error>> {
        if self.broken {
            return Err(WireError::Broken);
        }
        self.broken = true;
        let result = run(&mut self.preimages)?;
        self.broken = false;
        Ok(result)
    }
}

/// Asks for a value and reads its length (K-020).
fn request<C: Channel>(channel: &mut C, key: PreimageKey) -> Result<usize, WireError<C::Error>> {
    write_all(channel, &Aligned(key.as_bytes().0).0)?;
    let mut length = Aligned([0; 8]);
    read_exact(channel, &mut length.0)?;
    let length = u64::from_be_bytes(length.0);
    let too_long = WireError::TooLong { length, most: MAX_VALUE_BYTES };
    usize::try_from(length).ok().filter(|_| length <= MAX_VALUE_BYTES).ok_or(too_long)
}

impl<C: Channel, H: HintSink<C::Error>> PreimageOracle for OracleClient<C, H> {
    type Error = WireError<C::Error>;

    /// One allocation, of the value's size; no byte beyond it is asked for (K-077).
    fn get(&mut self, key: PreimageKey) -> Result<Bytes, Self::Error> {
        self.exchange(|channel| {
            let mut value = vec![0; request(channel, key)?];
            read_exact(channel, &mut value)?;
            Ok(value.into())
        })
    }

    fn wants_hints(&self) -> bool {
        H::LISTENS
    }

    fn hint(&mut self, hint: &Hint<'_>) -> Result<(), Self::Error> {
        self.hints.hint(hint)
    }

    fn answers_precompiles(&self) -> bool {
        self.answers_precompiles
    }

    /// Each element is read to its place in the blob.
    fn blob(&mut self, commitment: &Commitment) -> Result<Box<Blob>, OracleBlobError<Self::Error>> {
        let points = self.points.take().unwrap_or_default();
        let mut blob = Box::new(Blob::ZERO);
        for (index, element) in blob.as_chunks_mut::<32>().0.iter_mut().enumerate() {
            let key = PreimageKey::blob(commitment, points.point(index));
            let read = self.exchange(|channel| match request(channel, key)? {
                32 => read_exact(channel, element).map(|()| 32),
                length => Ok(length),
            });
            match read.map_err(|source| OracleBlobError::Oracle { key, source })? {
                32 => {}
                length => {
                    self.broken = true; // the value has not been read
                    return Err(OracleBlobError::Length { key, length });
                }
            }
        }
        self.points = Some(points);
        Ok(blob)
    }
}

impl<E> HintSink<E> for NoHints {
    const LISTENS: bool = false;

    fn hint(&mut self, _hint: &Hint<'_>) -> Result<(), WireError<E>> {
        Ok(())
    }
}

impl<C: Channel> HintClient<C> {
    /// Hints for a host that speaks `dialect`, with the L2 chain's id in those about L2 where given (K-058).
    pub const fn new(channel: C, dialect: Dialect, chain_id: Option<u64>) -> Self {
        Self { channel, dialect, chain_id, message: Vec::new(), broken: false }
    }
}

impl<C: Channel> HintSink<C::Error> for HintClient<C> {
    const LISTENS: bool = true;

    /// Sends a hint and waits for the acknowledgement (K-021). One that the host could not read is left out (K-059).
    fn hint(&mut self, hint: &Hint<'_>) -> Result<(), WireError<C::Error>> {
        if self.broken {
            return Err(WireError::Broken);
        }
        if !hint.is_complete(self.dialect, self.chain_id) {
            return Ok(());
        }
        self.broken = true;
        self.message.clear();
        self.message.extend_from_slice(&[0; 4]);
        hint.write(self.dialect, self.chain_id, &mut self.message);
        let length = self.message.len() as u64 - 4;
        let too_long = WireError::TooLong { length, most: u32::MAX.into() };
        let length = u32::try_from(length).map_err(|_| too_long)?;
        if let Some(start) = self.message.first_chunk_mut() {
            *start = length.to_be_bytes();
        }
        write_all(&mut self.channel, &self.message)?;
        // Fault-proof VMs return from this read without writing anything: there, this is the acknowledgement.
        let mut answer = [ACKNOWLEDGEMENT];
        read_exact(&mut self.channel, &mut answer)?;
        if answer != [ACKNOWLEDGEMENT] {
            return Err(WireError::Acknowledgement(answer[0]));
        }
        self.broken = false;
        Ok(())
    }
}
