//! Deposits: the transactions that L1 puts into L2 (G-010 to G-020).

use crate::abi;
use alloc::vec::Vec;
use alloy_primitives::{Address, B256, Bytes, Log, TxKind, U256, b256, keccak256};
use alloy_rlp::{Encodable, RlpDecodable, RlpEncodable};

/// The EIP-2718 type of deposits.
pub const DEPOSIT_TX_TYPE: u8 = 0x7e;

/// keccak256 of `TransactionDeposited(address,address,uint256,bytes)` (G-010).
pub const DEPOSIT_TOPIC: B256 = b256!("b3813568d9991fc951961fcb4c784893574240a28925604d09fc577c55bb7c32");

/// The account that attributes of L1 and upgrades come from; nobody has its key (G-025).
pub const DEPOSITOR: Address = alloy_primitives::address!("deaddeaddeaddeaddeaddeaddeaddeaddead0001");

/// A deposit transaction.
///
/// ```text
/// 0x7e || rlp([sourceHash, from, to, mint, value, gas, isSystemTx, data])     (G-019)
/// ```
///
/// `mint` has the width that the protocol gives it; libraries hold 128 bits of it (G-016). As RLP, it is the list alone.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct DepositTx {
    /// What makes the deposit unique: see [`SourceHash`].
    pub source_hash: B256,
    /// The sender, taken as L1 gives it (G-018).
    pub from: Address,
    /// The callee, or a creation.
    pub to: TxKind,
    /// Wei that come into being on L2.
    pub mint: U256,
    /// Wei that the call carries.
    pub value: U256,
    /// The gas limit.
    pub gas: u64,
    /// Whether its gas is outside the block's (before Regolith).
    pub is_system: bool,
    /// Calldata or init code.
    pub data: Bytes,
}

impl DepositTx {
    /// The EIP-2718 encoding.
    pub fn encode(&self) -> Bytes {
        let mut out = Vec::with_capacity(1 + Encodable::length(self));
        out.push(DEPOSIT_TX_TYPE);
        Encodable::encode(self, &mut out);
        out.into()
    }

    /// Reads the EIP-2718 encoding; nothing may follow it.
    pub fn decode(bytes: &[u8]) -> Result<Self, alloy_rlp::Error> {
        match bytes.split_first() {
            Some((&DEPOSIT_TX_TYPE, list)) => alloy_rlp::decode_exact(list),
            _ => Err(alloy_rlp::Error::Custom("no deposit transaction")),
        }
    }
}

/// Who made a deposit, hashed so that no two deposits are the same (G-020).
///
/// ```text
/// keccak( u256(domain) || keccak(identity) )
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceHash<'a> {
    /// Domain 0: a log of L1 (G-017).
    User {
        /// The block of the log.
        l1_block_hash: B256,
        /// Its place among all logs of the block.
        log_index: u64,
    },
    /// Domain 1: what L2 learns of L1.
    L1Info {
        /// The L1 origin.
        l1_block_hash: B256,
        /// The block's place in the epoch.
        sequence_number: u64,
    },
    /// Domain 2: a network upgrade, by what it is meant to do.
    Upgrade {
        /// In words, such as `Ecotone: L1 Block Deployment`.
        intent: &'a str,
    },
}

impl SourceHash<'_> {
    /// The hash that goes into the transaction.
    pub fn hash(&self) -> B256 {
        let (domain, identity) = match *self {
            Self::User { l1_block_hash, log_index } => (0, keccak_with_u64(l1_block_hash, log_index)),
            Self::L1Info { l1_block_hash, sequence_number } => {
                (1, keccak_with_u64(l1_block_hash, sequence_number))
            }
            Self::Upgrade { intent } => (2, keccak256(intent)),
        };
        keccak256([B256::with_last_byte(domain), identity].concat())
    }
}

fn keccak_with_u64(hash: B256, number: u64) -> B256 {
    keccak256([hash.0, U256::from(number).to_be_bytes()].concat())
}

/// Why a log that announces a deposit is none. The real contract emits no such log; to skip one would lose funds, so
/// derivation stops (G-011).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DepositError {
    /// G-012.
    #[error("a deposit log has 4 topics, not {0}")]
    Topics(usize),
    /// G-012.
    #[error("deposit of unknown version {0}")]
    Version(B256),
    /// G-013.
    #[error("the deposit log's {0} bytes of data are not the ABI encoding of bytes")]
    Data(usize),
    /// G-014.
    #[error("a deposit's opaque data has at least 73 bytes, not {0}")]
    Opaque(usize),
}

/// Whether a log of a successful receipt announces a deposit (G-010).
pub fn is_deposit(log: &Log, deposit_contract: Address) -> bool {
    log.address == deposit_contract && log.topics().first() == Some(&DEPOSIT_TOPIC)
}

/// The encoded deposit that a log for which [`is_deposit`] holds stands for. `log_index` counts all logs of the L1
/// block, over all its receipts (G-017).
pub fn decode_deposit(log: &Log, l1_block_hash: B256, log_index: u64) -> Result<Bytes, DepositError> {
    let &[_, from, to, version] = log.topics() else {
        return Err(DepositError::Topics(log.topics().len()));
    };
    if version != B256::ZERO {
        return Err(DepositError::Version(version));
    }
    let opaque = Opaque::decode(opaque_data(&log.data.data)?)?;
    let tx = DepositTx {
        source_hash: SourceHash::User { l1_block_hash, log_index }.hash(),
        from: Address::from_word(from), // G-012: the upper bytes are not looked at. G-018: already aliased
        to: if opaque.is_creation { TxKind::Create } else { TxKind::Call(Address::from_word(to)) }, // G-015
        mint: opaque.mint,
        value: opaque.value,
        gas: opaque.gas,
        is_system: false,
        data: Bytes::copy_from_slice(opaque.data),
    };
    Ok(tx.encode())
}

/// G-013: whole words, and less than a word of padding, whose content does not matter.
fn opaque_data(data: &[u8]) -> Result<&[u8], DepositError> {
    match abi::single_bytes(data) {
        Some((opaque, padding)) if data.len().is_multiple_of(32) && padding.len() < 32 => Ok(opaque),
        _ => Err(DepositError::Data(data.len())),
    }
}

/// ```text
/// | 0..32: mint | 32..64: value | 64..72: gas | 72: isCreation | 73..: data |     (G-014)
/// ```
struct Opaque<'a> {
    mint: U256,
    value: U256,
    gas: u64,
    is_creation: bool,
    data: &'a [u8],
}

impl<'a> Opaque<'a> {
    fn decode(bytes: &'a [u8]) -> Result<Self, DepositError> {
        let short = DepositError::Opaque(bytes.len());
        let (mint, rest) = bytes.split_first_chunk::<32>().ok_or(short)?;
        let (value, rest) = rest.split_first_chunk::<32>().ok_or(short)?;
        let (gas, rest) = rest.split_first_chunk::<8>().ok_or(short)?;
        let (&creation, data) = rest.split_first().ok_or(short)?;
        Ok(Self {
            mint: U256::from_be_bytes(*mint),
            value: U256::from_be_bytes(*value),
            gas: u64::from_be_bytes(*gas),
            is_creation: creation != 0,
            data,
        })
    }
}

/// A deposit that decodes encodes to the same bytes, as a transaction and as a log.
#[cfg(any(test, feature = "fuzz"))]
pub fn fuzz_deposit(data: &[u8]) {
    if let Ok(tx) = DepositTx::decode(data) {
        assert_eq!(tx.encode()[..], *data);
    }
    let topics = alloc::vec![DEPOSIT_TOPIC, B256::ZERO, B256::ZERO, B256::ZERO];
    let log = Log::new_unchecked(Address::ZERO, topics, Bytes::copy_from_slice(data));
    if let Ok(encoded) = decode_deposit(&log, B256::ZERO, 0) {
        assert_eq!(DepositTx::decode(&encoded).map(|tx| tx.encode()), Ok(encoded));
    }
}
