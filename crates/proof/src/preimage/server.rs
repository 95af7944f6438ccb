//! The host's side: answers requests for preimages and takes hints, one message a call.
//!
//! Both servers return `false` when the client closes its end between two messages, which is how a run ends. Waiting,
//! and how long, is the channel's business.

use super::{
    PreimageKey,
    channel::{Aligned, Channel, read_exact, write_all},
    wire::{ACKNOWLEDGEMENT, MAX_HINT_BYTES, MAX_VALUE_BYTES, WireError},
};
use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes};

/// Values up to this size leave in one write together with their length, so that the client wakes up once.
const ONE_WRITE: usize = 1 << 16;

/// A hint's text is read in pieces of this size: its length is only what the other side announces.
const HINT_PIECE: usize = 1 << 16;

/// Who knows preimages, and is told what will be asked for.
pub trait PreimageHost {
    /// Why a preimage could not be had.
    type Error: core::error::Error + 'static;

    /// The value of `key`.
    fn preimage(&mut self, key: PreimageKey) -> Result<Bytes, Self::Error>;

    /// Takes a hint's text. It is acknowledged whatever comes of it (K-021): a hint that led to nothing shows when its
    /// preimages are asked for.
    fn hint(&mut self, text: &[u8]);
}

/// Why a server stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServeError<E, H> {
    /// The exchange with the client failed.
    #[error(transparent)]
    Wire(#[from] WireError<E>),
    /// The client asked for a key of a kind that has no meaning (K-002, K-005, K-007).
    #[error("the client asks for the key {0}, whose kind has no meaning")]
    Kind(B256),
    /// The host does not have the value. The protocol has no answer for this, so the run is over.
    #[error(transparent)]
    Host(H),
}

/// Serves preimages over a pair of pipes.
#[derive(Debug)]
pub struct PreimageServer<C> {
    channel: C,
    answer: Vec<u8>,
}

impl<C: Channel> PreimageServer<C> {
    /// A server for the client at the other end of `channel`.
    pub const fn new(channel: C) -> Self {
        Self { channel, answer: Vec::new() }
    }

    /// The channel.
    pub const fn channel(&self) -> &C {
        &self.channel
    }

    /// Waits for a key and answers with its value (K-020). `false`: the client is gone.
    pub fn serve<H: PreimageHost>(&mut self, host: &mut H) -> Result<bool, ServeError<C::Error, H::Error>> {
        let mut key = Aligned([0; 32]);
        if !read_message(&mut self.channel, &mut key.0)? {
            return Ok(false);
        }
        let key = B256::new(key.0);
        let key = PreimageKey::from_bytes(key).ok_or(ServeError::Kind(key))?;
        let value = host.preimage(key).map_err(ServeError::Host)?;
        let length = value.len() as u64;
        if length > MAX_VALUE_BYTES {
            return Err(WireError::TooLong { length, most: MAX_VALUE_BYTES }.into());
        }
        self.answer.clear();
        self.answer.extend_from_slice(&length.to_be_bytes());
        if value.len() <= ONE_WRITE {
            self.answer.extend_from_slice(&value);
            write_all(&mut self.channel, &self.answer)?;
        } else {
            write_all(&mut self.channel, &self.answer)?;
            write_all(&mut self.channel, &value)?;
        }
        Ok(true)
    }
}

/// Takes hints over a pair of pipes.
#[derive(Debug)]
pub struct HintServer<C> {
    channel: C,
    text: Vec<u8>,
}

impl<C: Channel> HintServer<C> {
    /// A server for the client at the other end of `channel`.
    pub const fn new(channel: C) -> Self {
        Self { channel, text: Vec::new() }
    }

    /// The channel.
    pub const fn channel(&self) -> &C {
        &self.channel
    }

    /// Waits for a hint, passes it on and acknowledges it (K-021). `false`: the client is gone.
    pub fn serve<H: PreimageHost>(&mut self, host: &mut H) -> Result<bool, ServeError<C::Error, H::Error>> {
        let mut length = Aligned([0; 4]);
        if !read_message(&mut self.channel, &mut length.0)? {
            return Ok(false);
        }
        let length = u32::from_be_bytes(length.0);
        if length > MAX_HINT_BYTES {
            return Err(WireError::TooLong { length: length.into(), most: MAX_HINT_BYTES.into() }.into());
        }
        self.read_text(length as usize)?;
        host.hint(&self.text);
        write_all(&mut self.channel, &[ACKNOWLEDGEMENT])?;
        Ok(true)
    }

    fn read_text(&mut self, length: usize) -> Result<(), WireError<C::Error>> {
        self.text.clear();
        while self.text.len() < length {
            let start = self.text.len();
            self.text.resize(length.min(start + HINT_PIECE), 0);
            read_exact(&mut self.channel, &mut self.text[start..]).map_err(|error| match error {
                WireError::Closed { moved, .. } => WireError::Closed { moved: start + moved, of: length },
                other => other,
            })?;
        }
        Ok(())
    }
}

/// Fills `buffer`. `false`: the client closed its end before the first byte.
fn read_message<C: Channel>(channel: &mut C, buffer: &mut [u8]) -> Result<bool, WireError<C::Error>> {
    let of = buffer.len();
    match channel.read(buffer).map_err(WireError::Channel)? {
        0 => Ok(false),
        count => match read_exact(channel, &mut buffer[count.min(of)..]) {
            Err(WireError::Closed { moved, .. }) => Err(WireError::Closed { moved: moved + count, of }),
            result => result.map(|()| true),
        },
    }
}
