//! From bytes to what the EVM runs. Each transaction is decoded once and its sender recovered once.

use alloc::vec::Vec;

use alloy_consensus::{
    SignableTransaction, TxEip1559, TxEip2930, TxEip7702, TxLegacy, transaction::RlpEcdsaDecodableTx,
};
use alloy_eips::{eip2930::AccessList, eip7702::SignedAuthorization};
use alloy_primitives::{Address, B256, Bytes, Signature, U256, uint};
use op_alloy_consensus::TxDeposit;
use op_revm::{
    OpTransaction,
    transaction::deposit::{DEPOSIT_TRANSACTION_TYPE, DepositTransactionParts},
};
use revm::{
    context::TxEnv,
    context_interface::{
        either::Either,
        transaction::{RecoveredAuthority, RecoveredAuthorization},
    },
    precompile::crypto,
};

use crate::InvalidTransaction;

/// The first byte of a legacy transaction is that of an RLP list.
const RLP_LIST: u8 = 0xc0;

/// Half the order of secp256k1: a signature with a larger `s` has a twin (EIP-2).
const HALF_ORDER: U256 = uint!(0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0_U256);

/// Whether the bytes are meant to be a deposit.
pub fn is_deposit(bytes: &[u8]) -> bool {
    bytes.first() == Some(&DEPOSIT_TRANSACTION_TYPE)
}

/// A deposit as derivation encodes it (I-002): no signature, no fees.
pub fn decode_deposit(bytes: &[u8]) -> Result<OpTransaction<TxEnv>, alloy_rlp::Error> {
    let mut rest = bytes.get(1..).unwrap_or_default();
    let tx = TxDeposit::rlp_decode(&mut rest)?;
    if !rest.is_empty() {
        return Err(alloy_rlp::Error::UnexpectedLength);
    }
    Ok(OpTransaction {
        base: TxEnv {
            tx_type: DEPOSIT_TRANSACTION_TYPE,
            caller: tx.from,
            gas_limit: tx.gas_limit,
            gas_price: 0,
            kind: tx.to,
            value: tx.value,
            data: tx.input,
            ..empty()
        },
        enveloped_tx: None,
        deposit: DepositTransactionParts::new(tx.source_hash, Some(tx.mint), tx.is_system_transaction),
    })
}

/// A signed transaction with its sender (H-010).
pub fn decode_signed(bytes: &Bytes) -> Result<OpTransaction<TxEnv>, InvalidTransaction> {
    let base = match bytes.first() {
        None => return Err(InvalidTransaction::Empty),
        Some(&(RLP_LIST..)) => legacy(bytes)?,
        Some(1) => access_list(&bytes[1..])?,
        Some(2) => dynamic_fee(&bytes[1..])?,
        Some(4) => set_code(&bytes[1..])?,
        // Blobs (3) and post-execution transactions (0x7d, I-103) among them.
        Some(&other) => return Err(InvalidTransaction::Type(other)),
    };
    Ok(OpTransaction { base, enveloped_tx: Some(bytes.clone()), deposit: DepositTransactionParts::default() })
}

fn legacy(bytes: &[u8]) -> Result<TxEnv, InvalidTransaction> {
    let (tx, caller) = open::<TxLegacy>(bytes)?;
    Ok(TxEnv {
        tx_type: 0,
        caller,
        gas_limit: tx.gas_limit,
        gas_price: tx.gas_price,
        kind: tx.to,
        value: tx.value,
        data: tx.input,
        nonce: tx.nonce,
        chain_id: tx.chain_id,
        ..empty()
    })
}

fn access_list(bytes: &[u8]) -> Result<TxEnv, InvalidTransaction> {
    let (tx, caller) = open::<TxEip2930>(bytes)?;
    Ok(TxEnv {
        tx_type: 1,
        caller,
        gas_limit: tx.gas_limit,
        gas_price: tx.gas_price,
        kind: tx.to,
        value: tx.value,
        data: tx.input,
        nonce: tx.nonce,
        chain_id: Some(tx.chain_id),
        access_list: tx.access_list,
        ..empty()
    })
}

fn dynamic_fee(bytes: &[u8]) -> Result<TxEnv, InvalidTransaction> {
    let (tx, caller) = open::<TxEip1559>(bytes)?;
    Ok(TxEnv {
        tx_type: 2,
        caller,
        gas_limit: tx.gas_limit,
        gas_price: tx.max_fee_per_gas,
        gas_priority_fee: Some(tx.max_priority_fee_per_gas),
        kind: tx.to,
        value: tx.value,
        data: tx.input,
        nonce: tx.nonce,
        chain_id: Some(tx.chain_id),
        access_list: tx.access_list,
        ..empty()
    })
}

fn set_code(bytes: &[u8]) -> Result<TxEnv, InvalidTransaction> {
    let (tx, caller) = open::<TxEip7702>(bytes)?;
    Ok(TxEnv {
        tx_type: 4,
        caller,
        gas_limit: tx.gas_limit,
        gas_price: tx.max_fee_per_gas,
        gas_priority_fee: Some(tx.max_priority_fee_per_gas),
        kind: tx.to.into(),
        value: tx.value,
        data: tx.input,
        nonce: tx.nonce,
        chain_id: Some(tx.chain_id),
        access_list: tx.access_list,
        authorization_list: tx.authorization_list.into_iter().map(authorization).collect(),
        ..empty()
    })
}

/// EIP-7702: an authorization that nobody signed is skipped, not refused (I-101).
fn authorization(signed: SignedAuthorization) -> Either<SignedAuthorization, RecoveredAuthorization> {
    let authority =
        signed.signature().ok().and_then(|signature| recover(&signature, signed.signature_hash()));
    let authority = authority.map_or(RecoveredAuthority::Invalid, RecoveredAuthority::Valid);
    Either::Right(RecoveredAuthorization::new_unchecked(signed.strip_signature(), authority))
}

/// Decodes all of `bytes`, and finds out who signed.
fn open<T: RlpEcdsaDecodableTx + SignableTransaction<Signature>>(
    bytes: &[u8],
) -> Result<(T, Address), InvalidTransaction> {
    let mut rest = bytes;
    let (tx, signature) = T::rlp_decode_with_signature(&mut rest).map_err(InvalidTransaction::Malformed)?;
    if !rest.is_empty() {
        return Err(InvalidTransaction::TrailingBytes(rest.len()));
    }
    let sender = recover(&signature, tx.signature_hash()).ok_or(InvalidTransaction::Signature)?;
    Ok((tx, sender))
}

/// Who signed, with the crypto that the EVM uses, so that a backend that brings its own is used here too.
fn recover(signature: &Signature, hash: B256) -> Option<Address> {
    if signature.s() > HALF_ORDER {
        return None;
    }
    let mut bytes = [0; 64];
    bytes[..32].copy_from_slice(&signature.r().to_be_bytes::<32>());
    bytes[32..].copy_from_slice(&signature.s().to_be_bytes::<32>());
    let word = crypto().secp256k1_ecrecover(&bytes, signature.v().into(), &hash).ok()?;
    Some(Address::from_word(word.into()))
}

/// Without anything: `TxEnv`'s own default asks for 30 million gas.
fn empty() -> TxEnv {
    TxEnv {
        tx_type: 0,
        caller: Address::ZERO,
        gas_limit: 0,
        gas_price: 0,
        kind: revm::primitives::TxKind::Create,
        value: U256::ZERO,
        data: Bytes::new(),
        nonce: 0,
        chain_id: None,
        access_list: AccessList::default(),
        gas_priority_fee: None,
        blob_hashes: Vec::new(),
        max_fee_per_blob_gas: 0,
        authorization_list: Vec::new(),
    }
}
