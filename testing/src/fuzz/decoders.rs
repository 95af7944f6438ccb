//! Bodies for the small decoders: what is read is written as it was.

use alloy_primitives::{Address, B256, Bytes, Log};
use unroll_alt_da::{Commitment, CommitmentError, StatusChange, resolved_input};
use unroll_protocol::{
    config_file::parse_superchain_toml, extra_data::BaseFeeSettings, forks::ExtraData,
    output_root::OutputRoot,
};

/// A commitment, whose own bytes are the input that it should have named; then the same bytes as what the challenge contract
/// logs, and as a transaction that answers a challenge.
///
/// # Panics
///
/// If a promise is broken, as all bodies.
pub fn fuzz_alt_da(data: &[u8]) {
    let bytes = Bytes::copy_from_slice(data);
    match Commitment::decode(&bytes) {
        Ok(Commitment::Keccak(hash)) => {
            assert_eq!([&[0], &hash[..]].concat(), data);
            let wrong = Commitment::Keccak(hash).check(data);
            assert!(matches!(wrong, Err(CommitmentError::Hash(_))));
        }
        Ok(commitment @ Commitment::Service { .. }) => {
            assert_eq!(commitment.check(data), Ok(()));
            let Commitment::Service { layer, payload } = commitment else { return };
            assert_eq!([&[1, layer], &payload[..]].concat(), data);
        }
        Err(_) => {}
    }
    let log = Log::new_unchecked(Address::ZERO, vec![StatusChange::TOPIC, B256::ZERO], bytes.clone());
    if let Some(Ok(change)) = StatusChange::decode(&log, Address::ZERO) {
        assert!(Commitment::decode(&change.commitment).is_ok());
    }
    if let Ok(input) = resolved_input(&bytes) {
        // Its offset may be 0, as in go-ethereum: then the first argument is its length.
        assert!(!input.is_empty() && input.len() + 4 + 32 <= data.len());
    }
}

/// The extra data of a header, under the rules of each fork.
///
/// # Panics
///
/// If a promise is broken, as all bodies.
pub fn fuzz_extra_data(data: &[u8]) {
    assert_eq!(BaseFeeSettings::decode(ExtraData::Empty, data), Ok(BaseFeeSettings::default()));
    for format in [ExtraData::Eip1559, ExtraData::Eip1559AndMinBaseFee] {
        if let Ok(settings) = BaseFeeSettings::decode(format, data) {
            assert_eq!(settings.encode(format)[..], *data);
            assert!(settings.eip1559.denominator > 0 && settings.eip1559.elasticity > 0);
        }
    }
}

/// The preimage of an output root.
///
/// # Panics
///
/// If a promise is broken, as all bodies.
pub fn fuzz_output_root(data: &[u8]) {
    if let Ok(output) = OutputRoot::decode(data) {
        assert_eq!(output.encode(), data);
    }
}

/// A chain of the superchain registry.
///
/// # Panics
///
/// If a promise is broken, as all bodies.
pub fn fuzz_superchain(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok((config, _)) = parse_superchain_toml(text, 1)
        && config.check().is_ok()
    {
        assert_eq!(config.l1_chain_id, 1);
        assert_eq!(config.time_of(config.genesis.l2.number), Some(config.genesis.l2_time));
    }
}
