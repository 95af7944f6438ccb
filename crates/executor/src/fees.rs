//! What a transaction owes for its data on L1, and the DA footprint.
//!
//! Computed here and not by op-revm: in the first Ecotone block op-revm uses the new scalar with the old formula, and it
//! reads the database behind the journal's back.

use alloy_primitives::{Address, U256, address};
use op_revm::{L1BlockInfo, OpSpecId, estimate_tx_compressed_size};

/// The contract that the L1-info deposit writes to.
pub(crate) const L1_BLOCK: Address = address!("4200000000000000000000000000000000000015");

const BASE_FEE_SLOT: u64 = 1;
const FEE_SCALARS_SLOT: u64 = 3;
const OVERHEAD_SLOT: u64 = 5;
const SCALAR_SLOT: u64 = 6;
const BLOB_BASE_FEE_SLOT: u64 = 7;
const OPERATOR_FEE_SLOT: u64 = 8;

/// The estimate of a compressed size is in millionths of a byte.
const SIZE_SCALE: u64 = 1_000_000;

/// The L1 fee of a block's transactions, from storage as the L1-info deposit left it (I-022).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BlockFees {
    formula: Formula,
    /// I-030, I-031
    operator_fee_scalar: u32,
    operator_fee_constant: u64,
    /// I-071
    footprint_scalar: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Formula {
    /// I-024. `padding` bytes stand for the signature.
    Bedrock { base_fee: U256, overhead: U256, scalar: U256, padding: u64 },
    /// I-025. `per_byte` is in sixteen-millionths of a wei.
    Ecotone { per_byte: U256 },
    /// I-027. `per_byte` is in millionths of a wei.
    Fjord { per_byte: U256 },
}

/// What one transaction costs beyond gas.
pub(crate) struct TransactionFees {
    pub(crate) l1_cost: U256,
    /// I-070; 0 before Jovian.
    pub(crate) da_footprint: u64,
}

impl BlockFees {
    /// Reads only the slots that the fork's formula has.
    pub(crate) fn read<E>(spec: OpSpecId, mut slot: impl FnMut(U256) -> Result<U256, E>) -> Result<Self, E> {
        let mut slot = |index: u64| slot(U256::from(index));
        let base_fee = slot(BASE_FEE_SLOT)?;
        let formula = if spec.is_enabled_in(OpSpecId::ECOTONE) {
            let blob_base_fee = slot(BLOB_BASE_FEE_SLOT)?;
            let scalars = slot(FEE_SCALARS_SLOT)?.to_be_bytes::<32>();
            if blob_base_fee.is_zero() && scalars[16..24] == [0; 8] {
                // I-026
                Formula::Bedrock {
                    base_fee,
                    overhead: slot(OVERHEAD_SLOT)?,
                    scalar: slot(SCALAR_SLOT)?,
                    padding: 0,
                }
            } else {
                let base_fee_scalar = U256::from_be_slice(&scalars[16..20]);
                let blob_base_fee_scalar = U256::from_be_slice(&scalars[20..24]);
                let per_byte = U256::from(16)
                    .saturating_mul(base_fee)
                    .saturating_mul(base_fee_scalar)
                    .saturating_add(blob_base_fee.saturating_mul(blob_base_fee_scalar));
                if spec.is_enabled_in(OpSpecId::FJORD) {
                    Formula::Fjord { per_byte }
                } else {
                    Formula::Ecotone { per_byte }
                }
            }
        } else {
            let padding = if spec.is_enabled_in(OpSpecId::REGOLITH) { 0 } else { 68 };
            Formula::Bedrock { base_fee, overhead: slot(OVERHEAD_SLOT)?, scalar: slot(SCALAR_SLOT)?, padding }
        };
        // I-032: the slot is zero until an L1-info deposit of the fork wrote it, and so is the fee.
        let operator =
            if spec.is_enabled_in(OpSpecId::ISTHMUS) { slot(OPERATOR_FEE_SLOT)? } else { U256::ZERO };
        let operator = operator.to_be_bytes::<32>();
        let [.., s0, s1, o0, o1, o2, o3, c0, c1, c2, c3, c4, c5, c6, c7] = operator;
        Ok(Self {
            formula,
            operator_fee_scalar: u32::from_be_bytes([o0, o1, o2, o3]),
            operator_fee_constant: u64::from_be_bytes([c0, c1, c2, c3, c4, c5, c6, c7]),
            footprint_scalar: if spec.is_enabled_in(OpSpecId::JOVIAN) {
                u16::from_be_bytes([s0, s1])
            } else {
                0
            },
        })
    }

    /// What a signed transaction costs (I-023: the bytes as in the block), computed here and never asked of a contract (I-029).
    pub(crate) fn of_transaction(&self, bytes: &[u8]) -> TransactionFees {
        // I-028: one run of FastLZ serves both.
        let needs_size = self.footprint_scalar != 0 || matches!(self.formula, Formula::Fjord { .. });
        let size = if needs_size { estimate_tx_compressed_size(bytes) } else { 0 };
        let l1_cost = match &self.formula {
            Formula::Bedrock { base_fee, overhead, scalar, padding } => U256::from(data_gas(bytes, *padding))
                .saturating_add(*overhead)
                .saturating_mul(*base_fee)
                .saturating_mul(*scalar)
                .wrapping_div(U256::from(1_000_000)),
            Formula::Ecotone { per_byte } => {
                U256::from(data_gas(bytes, 0)).saturating_mul(*per_byte).wrapping_div(U256::from(16_000_000))
            }
            Formula::Fjord { per_byte } => {
                U256::from(size).saturating_mul(*per_byte).wrapping_div(U256::from(1_000_000_000_000_u64))
            }
        };
        let da_footprint = (size / SIZE_SCALE).saturating_mul(self.footprint_scalar.into());
        TransactionFees { l1_cost, da_footprint }
    }

    /// For op-revm, which then reads no storage; the L1 cost is set for each transaction.
    pub(crate) fn l1_block_info(&self, number: u64) -> L1BlockInfo {
        L1BlockInfo {
            l2_block: Some(U256::from(number)),
            operator_fee_scalar: Some(U256::from(self.operator_fee_scalar)),
            operator_fee_constant: Some(U256::from(self.operator_fee_constant)),
            ..L1BlockInfo::default()
        }
    }
}

/// Calldata gas of the bytes: 4 for a zero, 16 for any other.
fn data_gas(bytes: &[u8], padding: u64) -> u64 {
    let zeros = bytes.iter().filter(|byte| **byte == 0).count() as u64;
    let others = bytes.len() as u64 - zeros;
    4 * zeros + 16 * (others + padding)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use core::convert::Infallible;
    use std::{fs, path::PathBuf, println};

    use alloy_primitives::{Bytes, U256, keccak256};
    use serde_json::Value;

    use super::*;

    fn json(file: &str) -> Option<Value> {
        let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(file);
        match fs::read(&path) {
            Ok(bytes) if file.ends_with(".zst") => {
                Some(serde_json::from_slice(&zstd::decode_all(&bytes[..]).unwrap()).unwrap())
            }
            Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap()),
            Err(_) => {
                assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{} is missing", path.display());
                println!("skipped: no ../shared/data");
                None
            }
        }
    }

    fn number(value: &Value) -> u64 {
        value.as_u64().unwrap()
    }

    /// Storage of L1Block as its setters write it.
    fn fees(spec: OpSpecId, slots: &[(u64, U256)]) -> BlockFees {
        let read = |index: U256| {
            let slot = slots.iter().find(|(slot, _)| U256::from(*slot) == index);
            Ok::<_, Infallible>(slot.map(|(_, value)| *value).unwrap_or_default())
        };
        let Ok(fees) = BlockFees::read(spec, read);
        fees
    }

    fn slots(params: &Value) -> Vec<(u64, U256)> {
        let value = |name: &str| U256::from(params[name].as_u64().unwrap_or_default());
        [
            (1, value("base_fee")),
            (3, value("base_fee_scalar") << 96 | value("blob_base_fee_scalar") << 64),
            (5, value("overhead")),
            (6, value("scalar")),
            (7, value("blob_base_fee")),
        ]
        .into()
    }

    /// I-023 to I-028: op-geth's own numbers.
    #[test]
    fn l1_costs_are_those_of_op_geth() {
        let Some(vectors) = json("l1-info/l1-cost-vectors.json") else { return };
        let tx: Bytes = vectors["empty_tx"].as_str().unwrap().parse().unwrap();
        let slots = slots(&vectors["params"]);
        for (name, spec) in [
            ("bedrock", OpSpecId::BEDROCK),
            ("regolith", OpSpecId::REGOLITH),
            ("ecotone", OpSpecId::ECOTONE),
            ("fjord", OpSpecId::FJORD),
        ] {
            let expected = number(&vectors["expected"][name]["fee"]);
            assert_eq!(fees(spec, &slots).of_transaction(&tx).l1_cost, U256::from(expected), "{name}");
        }
    }

    /// I-027, I-028: the formula for a size that FastLZ gives. It finds nothing in hashes: it writes one byte more for each 32.
    #[test]
    fn fjord_costs_grow_with_the_compressed_size() {
        let Some(vectors) = json("l1-info/l1-cost-vectors.json") else { return };
        let vector = &vectors["fjord_by_fastlz_size"][0];
        let fees = fees(OpSpecId::FJORD, &slots(vector));
        let size = number(&vector["fastlz_size"]);
        let bytes = incompressible(size);
        assert_eq!(estimate_tx_compressed_size(&bytes), 836_500 * size - 42_585_600);
        assert_eq!(fees.of_transaction(&bytes).l1_cost, U256::from(number(&vector["fee"])));
        // Small transactions all count as 100 bytes.
        for size in vectors["fjord_minimum_sizes"].as_array().unwrap() {
            assert_eq!(
                estimate_tx_compressed_size(&incompressible(number(size))),
                100 * SIZE_SCALE,
                "{size}"
            );
        }
    }

    /// Bytes that FastLZ makes this long.
    fn incompressible(size: u64) -> Vec<u8> {
        let hashes = (0..=size).flat_map(|number| keccak256(number.to_be_bytes()));
        hashes.take(usize::try_from(size - size.div_ceil(33)).unwrap()).collect()
    }

    /// I-027, I-031: a transaction of BOB under Jovian, and what it paid. Its bytes are not at hand: it is as long as FastLZ makes
    /// 689 bytes, the one length that comes to the L1 fee.
    #[test]
    fn a_real_transaction_pays_the_operator_fee() {
        let Some(deposits) = json("l1-info/l1-info-deposits.json") else { return };
        let mut deposits = deposits.as_array().unwrap().iter();
        let bob = deposits.find(|deposit| deposit["block"] == "bob-mainnet-38821851").unwrap();
        let (paid, value) = (&bob["operator_fee_example"], |name: &str| U256::from(number(&bob[name])));
        let mut slots = slots(bob);
        slots.push((8, value("operator_fee_scalar") << 64 | value("operator_fee_constant")));
        let fees = fees(OpSpecId::JOVIAN, &slots);
        assert_eq!(fees.of_transaction(&incompressible(689)).l1_cost, U256::from(number(&paid["l1_fee"])));
        let gas = U256::from(number(&paid["gas_used"]));
        let charge = fees.l1_block_info(1).operator_fee_charge(&[2], gas, OpSpecId::JOVIAN);
        assert_eq!(charge, U256::from(number(&paid["operator_fee"])));
    }

    /// I-024: a transaction of OP Goerli before Regolith, and what it paid.
    #[test]
    fn a_real_transaction_before_regolith() {
        let Some(blocks) = json("blocks/op-goerli-bedrock.json") else { return };
        let cost = &blocks[0]["l1_cost"];
        let index = usize::try_from(number(&cost["tx_index"])).unwrap();
        let tx = blocks[0]["transactions"][index].as_str().unwrap();
        let tx: Bytes = tx.parse().unwrap();
        let value = |name: &str| U256::from(number(&cost[name]));
        let slots = [(1, value("l1_base_fee")), (5, value("overhead")), (6, value("scalar"))];
        assert_eq!(fees(OpSpecId::BEDROCK, &slots).of_transaction(&tx).l1_cost, value("l1_fee"));
    }

    /// I-070, I-071: the DA footprint of a block of Base, whose scalar is not the default.
    #[test]
    fn a_real_da_footprint() {
        let Some(block) = json("attributes/base-mainnet-43127820.json.zst") else { return };
        let scalar = U256::from(number(&block["system_config"]["da_footprint_gas_scalar"]));
        let fees = fees(OpSpecId::JOVIAN, &[(8, scalar << 96)]);
        let transactions = block["payload_attributes"]["transactions"].as_array().unwrap().iter();
        let transactions = transactions.map(|tx| tx.as_str().unwrap().parse::<Bytes>().unwrap());
        let signed = transactions.filter(|tx| tx[0] != 0x7e);
        let footprint: u64 = signed.map(|tx| fees.of_transaction(&tx).da_footprint).sum();
        let expected = block["da_footprint_computed"].as_str().unwrap().parse::<U256>().unwrap();
        assert_eq!(U256::from(footprint), expected);
    }

    /// I-031, I-071: where the three values lie in slot 8.
    #[test]
    fn slot_8_holds_three_values() {
        let word =
            U256::from(0xaabb) << 96 | U256::from(0x0102_0304) << 64 | U256::from(0x1122_3344_5566_7788_u64);
        let fees = fees(OpSpecId::JOVIAN, &[(8, word)]);
        assert_eq!(fees.footprint_scalar, 0xaabb);
        assert_eq!(fees.operator_fee_scalar, 0x0102_0304);
        assert_eq!(fees.operator_fee_constant, 0x1122_3344_5566_7788);
    }

    /// I-022: only what the fork's formula needs is read.
    #[test]
    fn no_slot_is_read_in_vain() {
        let read = |spec, zero: bool| {
            let mut read = Vec::new();
            let Ok(_) = BlockFees::read(spec, |index| {
                read.push(index.to::<u64>());
                Ok::<_, Infallible>(if zero { U256::ZERO } else { U256::MAX })
            });
            read
        };
        assert_eq!(read(OpSpecId::REGOLITH, false), [1, 5, 6]);
        assert_eq!(read(OpSpecId::ECOTONE, false), [1, 7, 3]);
        assert_eq!(read(OpSpecId::ECOTONE, true), [1, 7, 3, 5, 6]);
        assert_eq!(read(OpSpecId::ISTHMUS, false), [1, 7, 3, 8]);
    }
}
