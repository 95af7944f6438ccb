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

    /// What a signed transaction costs (I-023: the bytes as in the block).
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
