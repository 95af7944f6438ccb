//! Results of precompiles as a host computes them (K-012, K-013), of ecrecover alone: nothing else is called on the witnesses
//! that are counted.

use alloy_primitives::{Address, B256, Bytes, keccak256};
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};

/// Key and value of a call: address (20 bytes), gas (8), input. `None`: another precompile.
pub fn result(call: &[u8]) -> Option<(B256, Bytes)> {
    let (address, rest) = call.split_first_chunk::<20>()?;
    let input: &[u8; 128] = rest.get(8..)?.try_into().ok()?;
    if Address::from(*address) != Address::with_last_byte(1) {
        return None;
    }
    let mut key = keccak256(call);
    key[0] = 6;
    let mut value = vec![1];
    if let Some(signer) = recover(input) {
        value.extend_from_slice(signer.into_word().as_slice());
    }
    Some((key, value.into()))
}

/// Who signed: hash, v, r, s in words of 32 bytes.
fn recover(input: &[u8; 128]) -> Option<Address> {
    let mut id = RecoveryId::from_byte(input[63].checked_sub(27)?)?;
    let mut signature = Signature::from_slice(&input[64..]).ok()?;
    // A large s has a twin that k256 wants.
    if let Some(small) = signature.normalize_s() {
        signature = small;
        id = RecoveryId::new(!id.is_y_odd(), id.is_x_reduced());
    }
    let key = VerifyingKey::recover_from_prehash(&input[..32], &signature, id).ok()?;
    Some(Address::from_public_key(&key))
}
