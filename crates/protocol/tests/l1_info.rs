//! L1-info deposits of real chains, in every format.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod common;

use alloy_primitives::{U256, keccak256};
use common::{address, bytes, hash, json, number, present};
use serde_json::Value;
use unroll_protocol::{
    deposit::DepositTx,
    forks::L1InfoFormat,
    l1_info::{L1Info, L1InfoError},
};

fn format_of(case: &Value) -> L1InfoFormat {
    match case["format"].as_str() {
        Some("bedrock") => L1InfoFormat::Bedrock,
        Some("ecotone") => L1InfoFormat::Ecotone,
        Some("isthmus") => L1InfoFormat::Isthmus,
        Some("jovian") => L1InfoFormat::Jovian,
        other => panic!("{other:?}"),
    }
}

fn check_fields(info: &L1Info, case: &Value) {
    let field = |name: &str| if case[name].is_null() { 0 } else { number(&case[name]) };
    assert_eq!(info.origin.number, number(&case["number"]));
    assert_eq!(info.origin.hash, hash(&case["hash"]));
    assert_eq!(info.time.0, number(&case["timestamp"]));
    assert_eq!(info.base_fee, U256::from(number(&case["base_fee"])));
    assert_eq!(info.sequence_number, number(&case["sequence_number"]));
    assert_eq!(info.batcher, address(&case["batcher"]));
    assert_eq!(info.overhead, U256::from(field("l1_fee_overhead")));
    assert_eq!(info.scalar, U256::from(field("l1_fee_scalar")));
    assert_eq!(u64::from(info.fee_scalars.base_fee), field("base_fee_scalar"));
    assert_eq!(u64::from(info.fee_scalars.blob_base_fee), field("blob_base_fee_scalar"));
    assert_eq!(info.blob_base_fee, U256::from(field("blob_base_fee")));
    assert_eq!(u64::from(info.operator_fee.scalar), field("operator_fee_scalar"));
    assert_eq!(info.operator_fee.constant, field("operator_fee_constant"));
    assert_eq!(u64::from(info.da_footprint_gas_scalar), field("da_footprint_gas_scalar"));
}

/// G-019, G-020, G-025 to G-029: 69 deposits of real blocks decode to known values and encode to the same bytes.
#[test]
fn real_deposits_round_trip() {
    if !present() {
        return;
    }
    let cases = json("data/l1-info/l1-info-deposits.json");
    let mut seen = [0; 4];
    for case in cases.as_array().unwrap() {
        let format = format_of(case);
        seen[format as usize] += 1;
        let raw = &case["raw_deposit_tx"];
        let calldata = if raw.is_null() {
            bytes(&case["raw_calldata"])
        } else {
            DepositTx::decode(&bytes(raw)).unwrap().data
        };
        let info =
            L1Info::decode(&calldata, format).unwrap_or_else(|error| panic!("{}: {error}", case["block"]));
        check_fields(&info, case);
        assert_eq!(info.encode(), calldata, "{}", case["block"]);
        if !raw.is_null() {
            let deposit = info.deposit(true);
            assert_eq!(deposit.source_hash, hash(&case["source_hash"]));
            assert_eq!(deposit.encode(), bytes(raw), "{}", case["block"]);
            assert_eq!(keccak256(bytes(raw)), hash(&case["tx_hash"]));
        }
    }
    assert!(seen.iter().all(|&count| count > 0), "{seen:?}");
}

/// G-025: before Regolith the deposit has 150,000,000 gas outside of the block's and is a system transaction.
#[test]
fn bedrock_deposits_are_system_transactions() {
    if !present() {
        return;
    }
    let mut seen = 0;
    for block in json("data/blocks/op-goerli-bedrock.json").as_array().unwrap() {
        let raw = bytes(&block["transactions"][0]);
        let deposit = DepositTx::decode(&raw).unwrap();
        let info = L1Info::decode(&deposit.data, L1InfoFormat::Bedrock).unwrap();
        assert!(deposit.is_system);
        assert_eq!(deposit.gas, 150_000_000);
        assert_eq!(info.deposit(false).encode(), raw);
        seen += 1;
    }
    assert!(seen > 0);
}

/// another selector, another length, a dirty batcher hash: no parent.
#[test]
fn calldata_is_read_to_the_byte() {
    for format in [L1InfoFormat::Bedrock, L1InfoFormat::Ecotone, L1InfoFormat::Isthmus, L1InfoFormat::Jovian]
    {
        let mut calldata = vec![0; format.length()];
        calldata[..4].copy_from_slice(&format.selector().to_be_bytes());
        let info = L1Info::decode(&calldata, format).unwrap();
        assert_eq!(info.encode(), calldata);

        for length in [0, 3, 4, format.length() - 1, format.length() + 1] {
            calldata.resize(length, 0);
            assert_eq!(
                L1Info::decode(&calldata, format),
                Err(L1InfoError::Length { format, actual: length })
            );
        }
        calldata = info.encode().to_vec();
        let batcher_hash = if format == L1InfoFormat::Bedrock { 4 + 5 * 32 } else { 132 };
        calldata[batcher_hash + 11] = 1;
        assert!(matches!(L1Info::decode(&calldata, format), Err(L1InfoError::Word(_))));
        calldata[0] ^= 1;
        let actual = format.selector() ^ 0x0100_0000;
        assert_eq!(L1Info::decode(&calldata, format), Err(L1InfoError::Selector { format, actual }));
    }
}
