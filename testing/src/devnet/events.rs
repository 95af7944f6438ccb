//! What the rollup's contracts on L1 log: deposits and changes of the system config.

use alloy_primitives::{Address, B256, Bytes, Log, TxKind, U256, address};
use unroll_protocol::{
    deposit::DEPOSIT_TOPIC,
    system_config::{ConfigUpdate, Eip1559Params, OperatorFee},
};

/// The OptimismPortal.
pub const PORTAL: Address = address!("b0770000000000000000000000000000000b0770");
/// The SystemConfig.
pub const SYSTEM_CONFIG: Address = address!("c0f1600000000000000000000000000000c0f160");
/// The DataAvailabilityChallenge contract.
pub const DA_CHALLENGE: Address = address!("da00000000000000000000000000000000da0000");
/// Where batches go.
pub const INBOX: Address = address!("ff00000000000000000000000000000007777001");

/// A deposit as a user asks for it.
#[derive(Clone, Debug)]
pub struct Deposit {
    /// The sender on L2.
    pub from: Address,
    /// Whom it calls there, unless it creates.
    pub to: TxKind,
    /// Made out of nothing for the sender, in wei.
    pub mint: U256,
    /// Goes from the sender to the called account, in wei.
    pub value: U256,
    /// Gas on L2.
    pub gas: u64,
    /// Calldata or init code.
    pub data: Bytes,
}

impl Deposit {
    /// `TransactionDeposited(from, to, version 0, opaqueData)` (G-010, G-013).
    pub fn log(&self) -> Log {
        let opaque = [
            &self.mint.to_be_bytes::<32>()[..],
            &self.value.to_be_bytes::<32>(),
            &self.gas.to_be_bytes(),
            &[u8::from(self.to.is_create())],
            &self.data,
        ];
        let to = self.to.to().copied().unwrap_or_default();
        let topics = vec![DEPOSIT_TOPIC, self.from.into_word(), to.into_word(), B256::ZERO];
        Log::new_unchecked(PORTAL, topics, abi_bytes(&opaque.concat()))
    }
}

/// `ConfigUpdate(version 0, type, data)`.
pub fn config_update(update: &ConfigUpdate) -> Log {
    let small = |number: u64| U256::from(number).to_be_bytes::<32>().to_vec();
    let (kind, payload) = match *update {
        ConfigUpdate::Batcher(address) => (0, address.into_word().to_vec()),
        ConfigUpdate::Fees { overhead, scalar } => {
            (1, [overhead.to_be_bytes::<32>(), scalar.to_be_bytes()].concat())
        }
        ConfigUpdate::GasLimit(limit) => (2, small(limit)),
        ConfigUpdate::UnsafeBlockSigner(address) => (3, address.into_word().to_vec()),
        ConfigUpdate::Eip1559(Eip1559Params { denominator, elasticity }) => {
            (4, small(u64::from(denominator) << 32 | u64::from(elasticity)))
        }
        ConfigUpdate::OperatorFee(OperatorFee { scalar, constant }) => {
            (5, (U256::from(scalar) << 64usize | U256::from(constant)).to_be_bytes::<32>().to_vec())
        }
        ConfigUpdate::MinBaseFee(fee) => (6, small(fee)),
        ConfigUpdate::DaFootprintGasScalar(scalar) => (7, small(scalar.into())),
    };
    raw_config_update(B256::with_last_byte(kind), &payload)
}

/// The same with any type and any data, for what must be skipped.
pub fn raw_config_update(kind: B256, payload: &[u8]) -> Log {
    Log::new_unchecked(SYSTEM_CONFIG, vec![ConfigUpdate::TOPIC, B256::ZERO, kind], abi_bytes(payload))
}

/// The ABI encoding of one `bytes` argument.
fn abi_bytes(payload: &[u8]) -> Bytes {
    let mut out = U256::from(32).to_be_bytes::<32>().to_vec();
    out.extend(U256::from(payload.len()).to_be_bytes::<32>());
    out.extend(payload);
    out.resize(out.len().next_multiple_of(32), 0);
    out.into()
}
