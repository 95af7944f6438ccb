//! Typed preimage keys (K-001 to K-014).
//!
//! ```text
//!  byte 0      1 .. 31
//! +------+-------------------------------+
//! | kind |  hash without its first byte  |
//! +------+-------------------------------+
//! ```

use alloy_primitives::{Address, B256, U64, keccak256};
use core::fmt;

/// The name of a preimage: what kind of statement binds the value to it, and 31 bytes of the hash that does.
///
/// Two different values under one key are as hard to find as a collision of 248 bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PreimageKey(B256);

/// What binds a value to its key: the key's first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum KeyKind {
    /// An input of this run, named by an index (K-003).
    Local = 1,
    /// `keccak256(value)` (K-004).
    Keccak256 = 2,
    /// `sha256(value)` (K-006).
    Sha256 = 4,
    /// The value is the evaluation of a committed polynomial at a point (K-007, K-010).
    Blob = 5,
    /// The value is the result of a precompile call (K-007, K-012).
    Precompile = 6,
}

/// The inputs of a run, by their index (J-010).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum LocalInput {
    /// The hash of the L1 block up to which data counts; 32 bytes.
    L1Head = 1,
    /// The output root that both sides agree on; 32 bytes.
    AgreedOutputRoot = 2,
    /// The output root to judge; 32 bytes.
    ClaimedOutputRoot = 3,
    /// The L2 block number that the claim is for; 8 bytes, big-endian.
    ClaimedBlockNumber = 4,
    /// The L2 chain's id; 8 bytes, big-endian.
    ChainId = 5,
    /// The rollup config of a chain that is not built in; JSON.
    RollupConfig = 6,
    /// The L1 chain config that goes with it; JSON.
    L1Config = 7,
}

impl PreimageKey {
    /// The key of an input of this run: the index in the last eight bytes, big-endian (K-003).
    pub fn local(input: LocalInput) -> Self {
        let mut hash = B256::ZERO;
        hash[24..].copy_from_slice(&U64::from(input as u64).to_be_bytes::<8>());
        Self::typed(KeyKind::Local, hash)
    }

    /// The key of the value whose keccak256 hash is `hash` (K-004).
    pub const fn keccak256(hash: B256) -> Self {
        Self::typed(KeyKind::Keccak256, hash)
    }

    /// The key of the value whose sha256 hash is `hash` (K-006).
    ///
    /// The versioned hash of a blob differs from the hash of its commitment in the first byte only, which the key does
    /// not hold: it may be given as it is (K-011).
    pub const fn sha256(hash: B256) -> Self {
        Self::typed(KeyKind::Sha256, hash)
    }

    /// The key of the value at `point` of the polynomial that `commitment` commits to (K-010). The element `i` of a blob
    /// is the value at [`EvaluationPoints::point`](crate::kzg::EvaluationPoints::point)`(i)`, not at `i`.
    pub fn blob(commitment: &[u8; 48], point: &[u8; 32]) -> Self {
        let mut input = [0; 80];
        input[..48].copy_from_slice(commitment);
        input[48..].copy_from_slice(point);
        Self::typed(KeyKind::Blob, keccak256(input))
    }

    /// The key of the result of calling the precompile at `address` with `input`, of which `required_gas` is the price
    /// (K-012, K-014).
    pub fn precompile(address: Address, required_gas: u64, input: &[u8]) -> Self {
        let hash = keccak256([address.as_slice(), &required_gas.to_be_bytes(), input].concat());
        Self::typed(KeyKind::Precompile, hash)
    }

    /// The key that these bytes are, or `None` if the first byte is not a kind that has a meaning here: illegal (K-002),
    /// reserved (K-005) or an application's own.
    pub fn from_bytes(bytes: B256) -> Option<Self> {
        KeyKind::of(bytes[0]).map(|_| Self(bytes))
    }

    /// What binds the value to the key.
    pub fn kind(&self) -> KeyKind {
        KeyKind::of(self.0[0]).expect("every constructor sets a kind as first byte")
    }

    /// The key as it goes over the wire.
    pub const fn as_bytes(&self) -> &B256 {
        &self.0
    }

    const fn typed(kind: KeyKind, mut hash: B256) -> Self {
        hash.0[0] = kind as u8;
        Self(hash)
    }
}

impl KeyKind {
    const fn of(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Local),
            2 => Some(Self::Keccak256),
            4 => Some(Self::Sha256),
            5 => Some(Self::Blob),
            6 => Some(Self::Precompile),
            _ => None,
        }
    }
}

impl fmt::Display for PreimageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for PreimageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PreimageKey({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{address, b256};
    use hex_literal::hex;

    /// K-001: the first byte is the kind, the rest the hash without its first byte. K-004, K-006.
    #[test]
    fn hash_keys_replace_the_first_byte() {
        let hash = keccak256(b"hello");
        for (key, kind) in [(PreimageKey::keccak256(hash), 2), (PreimageKey::sha256(hash), 4)] {
            assert_eq!(key.as_bytes()[0], kind);
            assert_eq!(key.as_bytes()[1..], hash[1..]);
            assert_eq!(key.kind() as u8, kind);
        }
    }

    /// K-003, J-010: a local key is the index, big-endian, in the last eight bytes.
    #[test]
    fn local_keys_hold_the_index() {
        let key = PreimageKey::local(LocalInput::ClaimedBlockNumber);
        assert_eq!(
            *key.as_bytes(),
            b256!("0100000000000000000000000000000000000000000000000000000000000004")
        );
    }

    /// K-002, K-005, K-007: illegal, reserved and application kinds are no keys of ours.
    #[test]
    fn unknown_kinds_are_no_keys() {
        for byte in 0..=255u8 {
            let key = PreimageKey::from_bytes(B256::with_last_byte(1) | B256::right_padding_from(&[byte]));
            assert_eq!(key.is_some(), matches!(byte, 1 | 2 | 4 | 5 | 6), "{byte}");
            assert!(key.is_none_or(|key| key.kind() as u8 == byte));
        }
    }

    /// K-012: address, gas and input are hashed in this order, the gas as eight bytes.
    #[test]
    fn precompile_keys_hold_the_gas() {
        let address = address!("0000000000000000000000000000000000000001");
        let mut bytes = hex!("0000000000000000000000000000000000000001 0000000000000bb8").to_vec();
        bytes.extend_from_slice(b"input");
        let key = PreimageKey::precompile(address, 3000, b"input");
        assert_eq!(key, PreimageKey::typed(KeyKind::Precompile, keccak256(&bytes)));
        assert_ne!(key, PreimageKey::precompile(address, 3001, b"input"));
    }
}
