//! Who signs: keys from small numbers, and transactions of every type.

use alloy_consensus::{
    SignableTransaction, Signed, TxEip1559, TxEip2930, TxEip4844, TxEip7702, TxEnvelope, TxLegacy,
};
use alloy_eips::{
    eip2930::{AccessList, AccessListItem},
    eip7702::{Authorization, SignedAuthorization},
};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256};
use k256::{
    AffinePoint, Scalar, U256 as Uint256,
    ecdsa::{self, RecoveryId, SigningKey},
    elliptic_curve::{ops::Reduce, point::AffineCoordinates},
};

/// Somebody who signs.
#[derive(Clone, Debug)]
pub struct Key {
    key: SigningKey,
    hasty: bool,
    /// Their address, on either layer.
    pub address: Address,
}

/// What a transaction says, whatever its type.
#[derive(Clone, Debug)]
pub struct Call {
    /// The chain that it is for.
    pub chain_id: u64,
    /// The sender's count.
    pub nonce: u64,
    /// Most gas.
    pub gas_limit: u64,
    /// Whom it calls, unless it creates.
    pub to: TxKind,
    /// In wei.
    pub value: U256,
    /// Calldata or init code.
    pub input: Bytes,
}

/// More than any base fee of the devnet.
const MAX_FEE: u128 = 100_000_000_000;
const TIP: u128 = 1_000_000;

impl Key {
    /// The key whose scalar is this number, which must not be 0.
    pub fn new(number: u64) -> Self {
        let scalar = B256::from(U256::from(number));
        let key = SigningKey::from_slice(scalar.as_slice()).expect("a small number that is not 0 is a key");
        Self { address: Address::from_public_key(key.verifying_key()), key, hasty: false }
    }

    /// The same key, which signs a hundred times faster: with the nonce 1, so that no point has to be multiplied. That gives
    /// the key away, and this one is no secret.
    pub fn hasty(number: u64) -> Self {
        Self { hasty: true, ..Self::new(number) }
    }

    /// Signs a digest.
    pub fn sign(&self, digest: B256) -> Signature {
        if self.hasty {
            return self.sign_with_nonce_1(digest);
        }
        let signed = self.key.sign_prehash_recoverable(digest.as_slice());
        signed.expect("a 32-byte digest can be signed").into()
    }

    /// ```text
    /// R = G    r = R.x    s = z + r * key
    /// ```
    fn sign_with_nonce_1(&self, digest: B256) -> Signature {
        let r = <Scalar as Reduce<Uint256>>::reduce_bytes(&AffinePoint::GENERATOR.x());
        let z = <Scalar as Reduce<Uint256>>::reduce_bytes(&digest.0.into());
        let s = z + r * self.key.as_nonzero_scalar().as_ref();
        let signature = ecdsa::Signature::from_scalars(r, s).expect("no digest is the one that makes s zero");
        let odd = bool::from(AffinePoint::GENERATOR.y_is_odd());
        match signature.normalize_s() {
            Some(low) => (low, RecoveryId::new(!odd, false)).into(),
            None => (signature, RecoveryId::new(odd, false)).into(),
        }
    }

    fn signed<T: SignableTransaction<Signature>>(&self, transaction: T) -> TxEnvelope
    where
        TxEnvelope: From<Signed<T>>,
    {
        let signature = self.sign(transaction.signature_hash());
        transaction.into_signed(signature).into()
    }

    /// Type 0, with the chain's id in the signature or without (EIP-155).
    pub fn legacy(&self, call: Call, protected: bool) -> TxEnvelope {
        let Call { chain_id, nonce, gas_limit, to, value, input } = call;
        let chain_id = protected.then_some(chain_id);
        self.signed(TxLegacy { chain_id, nonce, gas_price: MAX_FEE, gas_limit, to, value, input })
    }

    /// Type 1, with an access list of one account and one slot.
    pub fn access_list(&self, call: Call, listed: Address) -> TxEnvelope {
        let Call { chain_id, nonce, gas_limit, to, value, input } = call;
        let access_list =
            AccessList(vec![AccessListItem { address: listed, storage_keys: vec![B256::ZERO] }]);
        let gas_price = MAX_FEE;
        self.signed(TxEip2930 { chain_id, nonce, gas_price, gas_limit, to, value, access_list, input })
    }

    /// Type 2.
    pub fn call(&self, call: Call) -> TxEnvelope {
        let Call { chain_id, nonce, gas_limit, to, value, input } = call;
        self.signed(TxEip1559 {
            chain_id,
            nonce,
            gas_limit,
            max_fee_per_gas: MAX_FEE,
            max_priority_fee_per_gas: TIP,
            to,
            value,
            access_list: AccessList::default(),
            input,
        })
    }

    /// Type 3.
    pub fn blobs(&self, call: Call, blob_versioned_hashes: Vec<B256>) -> TxEnvelope {
        let Call { chain_id, nonce, gas_limit, to, value, input } = call;
        self.signed(TxEip4844 {
            chain_id,
            nonce,
            gas_limit,
            max_fee_per_gas: MAX_FEE,
            max_priority_fee_per_gas: TIP,
            to: to.to().copied().unwrap_or_default(),
            value,
            access_list: AccessList::default(),
            blob_versioned_hashes,
            max_fee_per_blob_gas: u128::from(u64::MAX),
            input,
        })
    }

    /// Type 4.
    pub fn set_code(&self, call: Call, authorization_list: Vec<SignedAuthorization>) -> TxEnvelope {
        let Call { chain_id, nonce, gas_limit, to, value, input } = call;
        self.signed(TxEip7702 {
            chain_id,
            nonce,
            gas_limit,
            max_fee_per_gas: MAX_FEE,
            max_priority_fee_per_gas: TIP,
            to: to.to().copied().unwrap_or_default(),
            value,
            access_list: AccessList::default(),
            authorization_list,
            input,
        })
    }

    /// Lets `delegate`'s code be this account's (EIP-7702).
    pub fn authorize(&self, chain_id: u64, delegate: Address, nonce: u64) -> SignedAuthorization {
        let authorization = Authorization { chain_id: U256::from(chain_id), address: delegate, nonce };
        let signature = self.sign(authorization.signature_hash());
        authorization.into_signed(signature)
    }
}
