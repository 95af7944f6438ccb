//! The system config: what L1 contracts tell the rollup, and how it changes (A-020 to A-047).

use crate::{
    abi::{self, Word},
    config::RollupConfig,
    units::L1Time,
};
use alloy_primitives::{Address, B256, Log, U256, b256};

/// The parameters of EIP-1559 as the system config sets them (A-032); both zero means the chain's constants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Eip1559Params {
    /// Maximal change of the base fee per block, as a divisor.
    pub denominator: u32,
    /// Gas limit divided by gas target.
    pub elasticity: u32,
}

/// The operator fee's parameters (A-033, I-030).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OperatorFee {
    /// Fee per gas, in millionths of a wei (Isthmus) or in hundreds of wei (Jovian).
    pub scalar: u32,
    /// Fee per transaction, in wei.
    pub constant: u64,
}

/// What derivation tracks of the L1 SystemConfig contract (A-020).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SystemConfig {
    /// Whose transactions to the inbox count.
    pub batcher: Address,
    /// Bedrock's fee overhead; 0 from Ecotone (A-027).
    pub overhead: U256,
    /// The fee scalar as stored: a plain number before Ecotone, a versioned encoding from it (A-030, A-031).
    pub scalar: U256,
    /// The L2 block gas limit.
    pub gas_limit: u64,
    /// The base fee's parameters, from Holocene.
    pub eip1559: Eip1559Params,
    /// The operator fee, from Isthmus.
    pub operator_fee: OperatorFee,
    /// The least base fee, in wei, from Jovian.
    pub min_base_fee: u64,
    /// Gas per byte of DA footprint, from Jovian; 0 is unset and stands for 400 (A-034).
    pub da_footprint_gas_scalar: u16,
}

/// How a stored fee scalar reads (A-030, A-031).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeeScalars {
    /// Weight of the L1 base fee, in millionths.
    pub base_fee: u32,
    /// Weight of the L1 blob base fee, in millionths.
    pub blob_base_fee: u32,
}

/// A stored scalar of a version that nobody defined (A-030), or with something in version 1's padding (A-031): derivation
/// cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored fee scalar {0:#066x} encodes nothing")]
pub struct InvalidScalar(pub U256);

impl FeeScalars {
    /// Version 1's layout:
    ///
    /// ```text
    /// | 0: 1 | 1..24: 0 | 24..28: blobBaseFeeScalar | 28..32: baseFeeScalar |
    /// ```
    pub fn encode(&self) -> U256 {
        let mut word = [0; 32];
        word[0] = 1;
        word[24..28].copy_from_slice(&self.blob_base_fee.to_be_bytes());
        word[28..].copy_from_slice(&self.base_fee.to_be_bytes());
        U256::from_be_bytes(word)
    }
}

impl SystemConfig {
    /// Reads the scalar as Ecotone does. One stored before Ecotone may be any number, so version 0 saturates (A-030).
    pub fn fee_scalars(&self) -> Result<FeeScalars, InvalidScalar> {
        let word = self.scalar.to_be_bytes::<32>();
        let [.., b0, b1, b2, b3, f0, f1, f2, f3] = word;
        let base_fee = u32::from_be_bytes([f0, f1, f2, f3]);
        match word[0] {
            0 if word[1..28].iter().all(|&byte| byte == 0) => Ok(FeeScalars { base_fee, blob_base_fee: 0 }),
            0 => Ok(FeeScalars { base_fee: u32::MAX, blob_base_fee: 0 }),
            1 if word[1..24].iter().all(|&byte| byte == 0) => {
                Ok(FeeScalars { base_fee, blob_base_fee: u32::from_be_bytes([b0, b1, b2, b3]) }) // A-031
            }
            _ => Err(InvalidScalar(self.scalar)),
        }
    }

    /// Takes over what L1 announced.
    pub const fn apply(&mut self, update: &ConfigUpdate) {
        match *update {
            ConfigUpdate::Batcher(batcher) => self.batcher = batcher,
            ConfigUpdate::Fees { overhead, scalar } => (self.overhead, self.scalar) = (overhead, scalar),
            ConfigUpdate::GasLimit(gas_limit) => self.gas_limit = gas_limit, // A-029
            ConfigUpdate::UnsafeBlockSigner(_) => {}                         // A-028
            ConfigUpdate::Eip1559(params) => self.eip1559 = params,
            ConfigUpdate::OperatorFee(fee) => self.operator_fee = fee,
            ConfigUpdate::MinBaseFee(fee) => self.min_base_fee = fee,
            ConfigUpdate::DaFootprintGasScalar(scalar) => self.da_footprint_gas_scalar = scalar,
        }
    }
}

/// What one log of the SystemConfig contract changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigUpdate {
    /// Type 0 (A-025).
    Batcher(Address),
    /// Type 1 (A-026, A-027).
    Fees {
        /// Zero from Ecotone.
        overhead: U256,
        /// The word as it is stored.
        scalar: U256,
    },
    /// Type 2 (A-028).
    GasLimit(u64),
    /// Type 3: no effect on derivation (A-028).
    UnsafeBlockSigner(Address),
    /// Type 4 (A-032).
    Eip1559(Eip1559Params),
    /// Type 5 (A-033).
    OperatorFee(OperatorFee),
    /// Type 6 (A-034).
    MinBaseFee(u64),
    /// Type 7 (A-034).
    DaFootprintGasScalar(u16),
}

/// Why a log of the SystemConfig contract is skipped (A-024); it never stops derivation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigUpdateError {
    /// A-022.
    #[error("a config update has 3 topics, not {0}")]
    Topics(usize),
    /// A-022.
    #[error("config update of unknown version {0}")]
    Version(B256),
    /// A-022, A-024.
    #[error("config update of unknown type {0}")]
    Kind(B256),
    /// A-023.
    #[error("the config update's {0} bytes of data are not the ABI encoding of what its type holds")]
    Data(usize),
    /// A-024: a value wider than its type.
    #[error("the config update's value {0} does not fit its type")]
    Value(B256),
    /// A-027.
    #[error("the fee scalar {0} is no versioned encoding")]
    Scalar(B256),
    /// A-032.
    #[error("the EIP-1559 parameters have elasticity {elasticity} but no denominator")]
    Denominator {
        /// The elasticity that came with denominator 0.
        elasticity: u32,
    },
}

impl ConfigUpdate {
    /// keccak256 of `ConfigUpdate(uint256,uint8,bytes)` (A-021).
    pub const TOPIC: B256 = b256!("1d2b0bda21d56b8bd12d4f94ebacffdfb35f5e226f84b461103bb8beab6353be");

    /// Reads a log of a successful receipt. `None`: not from the SystemConfig contract of this chain, or another event.
    /// `Err`: malformed, to be skipped (A-024). `l1_time` is the time of the block that holds the log.
    pub fn decode(log: &Log, cfg: &RollupConfig, l1_time: L1Time) -> Option<Result<Self, ConfigUpdateError>> {
        let ours = log.address == cfg.l1_system_config && log.topics().first() == Some(&Self::TOPIC); // A-021
        ours.then(|| Self::decode_ours(log, cfg.forks.derivation(l1_time).versioned_scalar))
    }

    fn decode_ours(log: &Log, versioned_scalar: bool) -> Result<Self, ConfigUpdateError> {
        let &[_, version, kind] = log.topics() else {
            return Err(ConfigUpdateError::Topics(log.topics().len()));
        };
        if version != B256::ZERO {
            return Err(ConfigUpdateError::Version(version));
        }
        // A-022: the whole word, not its last byte. A-035: every type at any time.
        let Some([kind @ 0..=7]) = abi::low::<1>(&kind.0) else {
            return Err(ConfigUpdateError::Kind(kind));
        };
        let payload = Self::payload(&log.data.data, kind)?;
        let word = payload.first().ok_or(ConfigUpdateError::Data(0))?;
        if let (1, [overhead, scalar]) = (kind, payload) {
            return fees(overhead, scalar, versioned_scalar);
        }
        Self::from_word(kind, word)
    }

    /// A-023: the words of the payload, as many as the type has, and nothing after them.
    fn payload(data: &[u8], kind: u8) -> Result<&[Word], ConfigUpdateError> {
        let words = if kind == 1 { 2 } else { 1 };
        match abi::single_bytes(data).map(|(content, rest)| (content.as_chunks::<32>(), rest)) {
            Some(((payload, []), [])) if payload.len() == words => Ok(payload),
            _ => Err(ConfigUpdateError::Data(data.len())),
        }
    }

    fn from_word(kind: u8, word: &Word) -> Result<Self, ConfigUpdateError> {
        let update = match kind {
            0 => abi::low_address(word).map(Self::Batcher),
            2 => abi::low_u64(word).map(Self::GasLimit),
            3 => abi::low_address(word).map(Self::UnsafeBlockSigner),
            4 => match Eip1559Params::from_u64(last_u64(word)) {
                Eip1559Params { denominator: 0, elasticity: elasticity @ 1.. } => {
                    return Err(ConfigUpdateError::Denominator { elasticity });
                }
                params => Some(Self::Eip1559(params)),
            },
            5 => Some(Self::OperatorFee(OperatorFee::from_word(word))),
            6 => abi::low_u64(word).map(Self::MinBaseFee),
            7 => abi::low(word).map(u16::from_be_bytes).map(Self::DaFootprintGasScalar),
            _ => return Err(ConfigUpdateError::Kind(B256::with_last_byte(kind))),
        };
        update.ok_or(ConfigUpdateError::Value(B256::new(*word)))
    }
}

/// A-026, A-027.
fn fees(overhead: &Word, scalar: &Word, versioned: bool) -> Result<ConfigUpdate, ConfigUpdateError> {
    let overhead = if versioned { U256::ZERO } else { U256::from_be_bytes(*overhead) };
    let padding = match scalar[0] {
        _ if !versioned => &[][..],
        0 => &scalar[1..28], // A-030
        1 => &scalar[1..24], // A-031
        _ => return Err(ConfigUpdateError::Scalar(B256::new(*scalar))),
    };
    if padding.iter().any(|&byte| byte != 0) {
        return Err(ConfigUpdateError::Scalar(B256::new(*scalar)));
    }
    Ok(ConfigUpdate::Fees { overhead, scalar: U256::from_be_bytes(*scalar) })
}

impl OperatorFee {
    /// `scalar << 64 | constant` (A-033). What stands above is not looked at.
    pub const fn from_word(word: &[u8; 32]) -> Self {
        let [.., s0, s1, s2, s3, _, _, _, _, _, _, _, _] = *word;
        Self { scalar: u32::from_be_bytes([s0, s1, s2, s3]), constant: last_u64(word) }
    }
}

const fn last_u64(word: &Word) -> u64 {
    let [.., a, b, c, d, e, f, g, h] = *word;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

impl Eip1559Params {
    /// `denominator << 32 | elasticity` (A-032). In a word, what stands above is not looked at.
    pub const fn from_u64(word: u64) -> Self {
        let [d0, d1, d2, d3, e0, e1, e2, e3] = word.to_be_bytes();
        Self {
            denominator: u32::from_be_bytes([d0, d1, d2, d3]),
            elasticity: u32::from_be_bytes([e0, e1, e2, e3]),
        }
    }

    /// `denominator || elasticity`, as attributes carry them (G-044).
    pub const fn to_bytes(self) -> [u8; 8] {
        ((self.denominator as u64) << 32 | self.elasticity as u64).to_be_bytes()
    }
}

/// No log of the SystemConfig contract is a panic, and what applies stays what it is when it applies again.
#[cfg(any(test, feature = "fuzz"))]
pub fn fuzz_config_update(data: &[u8]) {
    let cfg = RollupConfig::default();
    for kind in 0..=8 {
        let topics = alloc::vec![ConfigUpdate::TOPIC, B256::ZERO, B256::with_last_byte(kind)];
        let log = Log::new_unchecked(Address::ZERO, topics, alloy_primitives::Bytes::copy_from_slice(data));
        if let Some(Ok(update)) = ConfigUpdate::decode(&log, &cfg, L1Time(0)) {
            let mut once = SystemConfig::default();
            once.apply(&update);
            let mut twice = once;
            twice.apply(&update);
            assert_eq!(once, twice);
        }
    }
}
