//! The first transaction of every L2 block, which repeats what L2 must know of its L1 origin (G-025 to G-034).

use crate::{
    abi::{low_address, low_u64, word},
    config::RollupConfig,
    deposit::{DEPOSITOR, DepositTx, SourceHash},
    forks::L1InfoFormat,
    system_config::{FeeScalars, InvalidScalar, OperatorFee, SystemConfig},
    units::{BlockId, L1Ref, L1Time, L2Time},
};
use alloc::vec::Vec;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, address};

/// The predeploy that the transaction calls (G-025).
pub const L1_BLOCK: Address = address!("4200000000000000000000000000000000000015");

/// What an unset DA-footprint gas scalar stands for (G-029).
pub const DEFAULT_DA_FOOTPRINT_GAS_SCALAR: u16 = 400;

/// What an L1 block's header says about the price of L1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct L1Fees {
    /// The base fee, in wei per gas (G-034).
    pub base_fee: u64,
    /// The header's own excess blob gas; absent before Cancun (G-032).
    pub excess_blob_gas: Option<u64>,
}

/// The calldata of the L1-info deposit. Fields that a format lacks are zero in it (A-043).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct L1Info {
    /// How it is written.
    pub format: L1InfoFormat,
    /// The L1 origin.
    pub origin: BlockId,
    /// The L1 origin's time.
    pub time: L1Time,
    /// The L1 origin's base fee, in wei.
    pub base_fee: U256,
    /// The block's place in its epoch (G-005).
    pub sequence_number: u64,
    /// The batcher in force.
    pub batcher: Address,
    /// Bedrock's overhead, in gas.
    pub overhead: U256,
    /// Bedrock's scalar, as it was stored.
    pub scalar: U256,
    /// From Ecotone, the scalars.
    pub fee_scalars: FeeScalars,
    /// From Ecotone, the L1 origin's blob base fee, in wei.
    pub blob_base_fee: U256,
    /// From Isthmus, the operator fee.
    pub operator_fee: OperatorFee,
    /// From Jovian, gas per byte of DA footprint.
    pub da_footprint_gas_scalar: u16,
}

/// Calldata that no L1-info deposit of the format has (A-047).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum L1InfoError {
    /// Another length than the format's.
    #[error("L1 info in {format:?} format has {expected} bytes, not {actual}", expected = .format.length())]
    Length {
        /// The format that the block's time demands.
        format: L1InfoFormat,
        /// How many bytes there are.
        actual: usize,
    },
    /// Another function than the format's.
    #[error("L1 info in {format:?} format does not begin with 0x{actual:08x}")]
    Selector {
        /// The format that the block's time demands.
        format: L1InfoFormat,
        /// The first four bytes.
        actual: u32,
    },
    /// A word wider than the number or address in it.
    #[error("word {0} of the L1 info does not fit its type")]
    Word(usize),
}

impl L1InfoFormat {
    /// The first four bytes.
    pub const fn selector(self) -> u32 {
        match self {
            Self::Bedrock => 0x015d_8eb9, // G-026
            Self::Ecotone => 0x440a_5e20, // G-027
            Self::Isthmus => 0x0989_99be, // G-028
            Self::Jovian => 0x3db6_be2b,  // G-029
        }
    }

    /// The length of the calldata, in bytes.
    pub const fn length(self) -> usize {
        match self {
            Self::Bedrock => 260,
            Self::Ecotone => 164,
            Self::Isthmus => 176,
            Self::Jovian => 178,
        }
    }
}

impl L1Info {
    /// What the L2 block at `l2_time` says about `origin`. `system` is the attributes copy, with the origin's updates
    /// applied if the block opens the epoch (A-040).
    pub fn new(
        cfg: &RollupConfig,
        system: &SystemConfig,
        origin: &L1Ref,
        fees: &L1Fees,
        sequence_number: u64,
        l2_time: L2Time,
    ) -> Result<Self, InvalidScalar> {
        let format = cfg.l1_info_format(l2_time); // G-030
        let bedrock = Self {
            format,
            origin: origin.id(),
            time: origin.time,
            base_fee: U256::from(fees.base_fee),
            sequence_number,
            batcher: system.batcher,
            overhead: system.overhead,
            scalar: system.scalar,
            ..Self::default()
        };
        if format == L1InfoFormat::Bedrock {
            return Ok(bedrock);
        }
        let ecotone = Self {
            overhead: U256::ZERO,
            scalar: U256::ZERO,
            fee_scalars: system.fee_scalars()?, // G-031
            blob_base_fee: U256::from(cfg.blob_base_fee(fees.excess_blob_gas, origin.time)),
            ..bedrock
        };
        let da_scalar = match system.da_footprint_gas_scalar {
            0 => DEFAULT_DA_FOOTPRINT_GAS_SCALAR, // G-029
            scalar => scalar,
        };
        Ok(match format {
            L1InfoFormat::Bedrock | L1InfoFormat::Ecotone => ecotone,
            L1InfoFormat::Isthmus => Self { operator_fee: system.operator_fee, ..ecotone },
            L1InfoFormat::Jovian => {
                Self { operator_fee: system.operator_fee, da_footprint_gas_scalar: da_scalar, ..ecotone }
            }
        })
    }

    /// Writes the calldata.
    pub fn encode(&self) -> Bytes {
        let mut out = Vec::with_capacity(self.format.length());
        out.extend(self.format.selector().to_be_bytes());
        match self.format {
            L1InfoFormat::Bedrock => self.encode_words(&mut out),
            _ => self.encode_packed(&mut out),
        }
        out.into()
    }

    /// Reads calldata that must be of `format`, to the byte (A-047).
    pub fn decode(calldata: &[u8], format: L1InfoFormat) -> Result<Self, L1InfoError> {
        if calldata.len() != format.length() {
            return Err(L1InfoError::Length { format, actual: calldata.len() });
        }
        let mut fields = Fields(calldata);
        let selector = u32::from_be_bytes(fields.take());
        if selector != format.selector() {
            return Err(L1InfoError::Selector { format, actual: selector });
        }
        match format {
            L1InfoFormat::Bedrock => Self::decode_words(fields.0),
            _ => Self::decode_packed(fields, format),
        }
    }

    /// ```text
    /// selector | number | timestamp | basefee | hash | sequenceNumber | batcherHash | overhead | scalar     (G-026)
    ///    4     |                               8 words of 32 bytes
    /// ```
    fn encode_words(&self, out: &mut Vec<u8>) {
        for word in [
            U256::from(self.origin.number),
            U256::from(self.time.0),
            self.base_fee,
            self.origin.hash.into(),
            U256::from(self.sequence_number),
            self.batcher.into_word().into(),
            self.overhead,
            self.scalar,
        ] {
            out.extend(word.to_be_bytes::<32>());
        }
    }

    fn decode_words(words: &[u8]) -> Result<Self, L1InfoError> {
        let at = |index| word(words, index).ok_or(L1InfoError::Word(index));
        let number = |index| low_u64(at(index)?).ok_or(L1InfoError::Word(index));
        let value = |index| at(index).map(|word| U256::from_be_bytes(*word));
        Ok(Self {
            format: L1InfoFormat::Bedrock,
            origin: BlockId { number: number(0)?, hash: B256::new(*at(3)?) },
            time: L1Time(number(1)?),
            base_fee: value(2)?,
            sequence_number: number(4)?,
            batcher: low_address(at(5)?).ok_or(L1InfoError::Word(5))?,
            overhead: value(6)?,
            scalar: value(7)?,
            ..Self::default()
        })
    }

    /// ```text
    /// |   0: selector     |   4: baseFeeScalar      |   8: blobBaseFeeScalar |
    /// |  12: sequence no. |  20: L1 timestamp       |  28: L1 number         |
    /// |  36: basefee      |  68: blobBaseFee        | 100: L1 hash           | 132: batcherHash |   Ecotone (G-027)
    /// | 164: operatorFeeScalar (4)                  | 168: operatorFeeConstant (8)              |   Isthmus (G-028)
    /// | 176: daFootprintGasScalar (2)                                                           |   Jovian  (G-029)
    /// ```
    fn encode_packed(&self, out: &mut Vec<u8>) {
        out.extend(self.fee_scalars.base_fee.to_be_bytes());
        out.extend(self.fee_scalars.blob_base_fee.to_be_bytes());
        out.extend(self.sequence_number.to_be_bytes());
        out.extend(self.time.0.to_be_bytes());
        out.extend(self.origin.number.to_be_bytes());
        out.extend(self.base_fee.to_be_bytes::<32>());
        out.extend(self.blob_base_fee.to_be_bytes::<32>());
        out.extend(self.origin.hash);
        out.extend(self.batcher.into_word());
        if self.format >= L1InfoFormat::Isthmus {
            out.extend(self.operator_fee.scalar.to_be_bytes());
            out.extend(self.operator_fee.constant.to_be_bytes());
        }
        if self.format >= L1InfoFormat::Jovian {
            out.extend(self.da_footprint_gas_scalar.to_be_bytes());
        }
    }

    fn decode_packed(mut fields: Fields<'_>, format: L1InfoFormat) -> Result<Self, L1InfoError> {
        let fee_scalars = FeeScalars {
            base_fee: u32::from_be_bytes(fields.take()),
            blob_base_fee: u32::from_be_bytes(fields.take()),
        };
        let sequence_number = u64::from_be_bytes(fields.take());
        let time = L1Time(u64::from_be_bytes(fields.take()));
        let number = u64::from_be_bytes(fields.take());
        let base_fee = U256::from_be_bytes::<32>(fields.take());
        let blob_base_fee = U256::from_be_bytes::<32>(fields.take());
        let hash = B256::new(fields.take());
        let batcher = low_address(&fields.take()).ok_or(L1InfoError::Word(4))?;
        let operator_fee = if format >= L1InfoFormat::Isthmus {
            OperatorFee {
                scalar: u32::from_be_bytes(fields.take()),
                constant: u64::from_be_bytes(fields.take()),
            }
        } else {
            OperatorFee::default()
        };
        let da_footprint_gas_scalar =
            if format >= L1InfoFormat::Jovian { u16::from_be_bytes(fields.take()) } else { 0 };
        Ok(Self {
            format,
            origin: BlockId { number, hash },
            time,
            base_fee,
            sequence_number,
            batcher,
            fee_scalars,
            blob_base_fee,
            operator_fee,
            da_footprint_gas_scalar,
            ..Self::default()
        })
    }

    /// The deposit that carries the calldata. `metered` is Regolith's switch, which has no delay (G-025, G-030).
    pub fn deposit(&self, metered: bool) -> DepositTx {
        let source =
            SourceHash::L1Info { l1_block_hash: self.origin.hash, sequence_number: self.sequence_number };
        DepositTx {
            source_hash: source.hash(),
            from: DEPOSITOR,
            to: TxKind::Call(L1_BLOCK),
            mint: U256::ZERO,
            value: U256::ZERO,
            gas: if metered { 1_000_000 } else { 150_000_000 },
            is_system: !metered,
            data: self.encode(),
        }
    }
}

/// The encoded L1-info deposit of the L2 block at `l2_time`: see [`L1Info::new`].
pub fn l1_info_deposit(
    cfg: &RollupConfig,
    system: &SystemConfig,
    origin: &L1Ref,
    fees: &L1Fees,
    sequence_number: u64,
    l2_time: L2Time,
) -> Result<Bytes, InvalidScalar> {
    let info = L1Info::new(cfg, system, origin, fees, sequence_number, l2_time)?;
    Ok(info.deposit(cfg.forks.execution(l2_time).metered_deposits).encode())
}

/// Packed fields of calldata whose length was checked.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    /// The next `N` bytes; zeros past the end, which the length check rules out.
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (field, rest) = self.0.split_first_chunk().unwrap_or((&[0; N], &[]));
        self.0 = rest;
        *field
    }
}

/// Calldata that decodes encodes to the same bytes.
#[cfg(any(test, feature = "fuzz"))]
pub fn fuzz_l1_info(data: &[u8]) {
    for format in [L1InfoFormat::Bedrock, L1InfoFormat::Ecotone, L1InfoFormat::Isthmus, L1InfoFormat::Jovian]
    {
        if let Ok(info) = L1Info::decode(data, format) {
            assert_eq!(info.encode()[..], *data);
        }
    }
}
