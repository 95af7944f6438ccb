//! A small chain made up for a test: accounts, a parent block, and transactions by known keys.

use std::collections::BTreeMap;

use alloy_consensus::{Header, SignableTransaction, TxEip1559, transaction::RlpEcdsaEncodableTx};
use alloy_primitives::{
    Address, B256, Bytes, Sealable, Sealed, Signature, TxKind, U256, address, bytes, keccak256,
};
use alloy_trie::{EMPTY_ROOT_HASH, HashBuilder, TrieAccount, proof::ProofRetainer};
use k256::ecdsa::SigningKey;
use nybbles::Nibbles;
use op_alloy_consensus::TxDeposit;
use op_alloy_rpc_types_engine::OpPayloadAttributes;
use unroll_executor::{BlockExecutor, ExecutedPayload, ExecutionError};
use unroll_protocol::{
    config::RollupConfig,
    forks::{ExecutionRules, ExtraData, Fork, ForkTimes},
    units::L2Time,
};

use super::{Missing, Preimages};

pub const DEPOSITOR: Address = address!("deaddeaddeaddeaddeaddeaddeaddeaddead0001");
pub const L1_BLOCK: Address = address!("4200000000000000000000000000000000000015");
pub const COINBASE: Address = address!("4200000000000000000000000000000000000011");
pub const MESSAGE_PASSER: Address = address!("4200000000000000000000000000000000000016");
pub const BASE_FEE_VAULT: Address = address!("4200000000000000000000000000000000000019");
pub const L1_FEE_VAULT: Address = address!("420000000000000000000000000000000000001a");
pub const OPERATOR_FEE_VAULT: Address = address!("420000000000000000000000000000000000001b");

pub const CHAIN_ID: u64 = 901;
/// Of the block under test: the parent uses as much gas as its target.
pub const BASE_FEE: u64 = 1_000;
pub const GAS_LIMIT: u64 = 30_000_000;
pub const PARENT_TIME: u64 = 1_000_000;
pub const TIME: u64 = PARENT_TIME + 2;
pub const PARENT_NUMBER: u64 = 300;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actor {
    pub nonce: u64,
    pub balance: U256,
    pub code: Bytes,
    pub storage: BTreeMap<u64, U256>,
}

/// The accounts of a state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct World(pub BTreeMap<Address, Actor>);

impl World {
    pub fn actor(&mut self, address: Address) -> &mut Actor {
        self.0.entry(address).or_default()
    }

    pub fn with_balance(mut self, address: Address, wei: u64) -> Self {
        self.actor(address).balance = U256::from(wei);
        self
    }

    pub fn with_code(mut self, address: Address, code: impl Into<Bytes>) -> Self {
        let actor = self.actor(address);
        actor.code = code.into();
        actor.nonce = 1;
        self
    }

    /// The L1 fees that the tests calculate with, as the L1Block contract holds them.
    pub fn with_fees(self, operator_scalar: u64, operator_constant: u64, footprint_scalar: u64) -> Self {
        let scalars = U256::from(2_000) << 96 | U256::from(3_000) << 64;
        let operator = U256::from(footprint_scalar) << 96
            | U256::from(operator_scalar) << 64
            | U256::from(operator_constant);
        self.with_slot(L1_BLOCK, 1, U256::from(1_000_000_000_u64))
            .with_slot(L1_BLOCK, 3, scalars)
            .with_slot(L1_BLOCK, 5, U256::from(50))
            .with_slot(L1_BLOCK, 6, U256::from(7_000_000))
            .with_slot(L1_BLOCK, 7, U256::from(10_000_000))
            .with_slot(L1_BLOCK, 8, operator)
            .with_code(L1_BLOCK, bytes!("00"))
    }

    pub fn with_slot(mut self, address: Address, slot: u64, value: U256) -> Self {
        self.actor(address).storage.insert(slot, value);
        self
    }

    pub fn root(&self) -> B256 {
        self.store(&mut Preimages::default())
    }

    /// Puts all nodes and code into `preimages`.
    pub fn store(&self, preimages: &mut Preimages) -> B256 {
        let mut leaves = BTreeMap::new();
        for (address, actor) in &self.0 {
            let slots = actor.storage.iter().filter(|(_, value)| !value.is_zero());
            let slots = slots.map(|(slot, value)| {
                (keccak256(U256::from(*slot).to_be_bytes::<32>()), alloy_rlp::encode(value))
            });
            let storage_root = store_trie(&slots.collect(), preimages);
            let code_hash = keccak256(&actor.code);
            preimages.by_hash.insert(code_hash, actor.code.clone());
            let account = TrieAccount::new(actor.nonce, actor.balance, storage_root, code_hash);
            leaves.insert(keccak256(address), alloy_rlp::encode(account));
        }
        store_trie(&leaves, preimages)
    }
}

fn store_trie(leaves: &BTreeMap<B256, Vec<u8>>, preimages: &mut Preimages) -> B256 {
    if leaves.is_empty() {
        return EMPTY_ROOT_HASH;
    }
    let targets = leaves.keys().map(Nibbles::unpack).collect();
    let mut builder = HashBuilder::default().with_proof_retainer(ProofRetainer::new(targets));
    for (key, value) in leaves {
        builder.add_leaf(Nibbles::unpack(key), value);
    }
    let root = builder.root();
    for (_, node) in builder.take_proof_nodes().into_inner() {
        preimages.by_hash.insert(keccak256(&node), node);
    }
    root
}

/// A chain at a fork that was active from genesis, with a parent block for the block under test.
pub struct Chain {
    pub cfg: RollupConfig,
    pub parent: Sealed<Header>,
    pub provider: Preimages,
}

impl Chain {
    /// All forks up to `fork` from genesis, no later one.
    pub fn at(fork: Fork, world: &World) -> Self {
        let forks = Fork::ALL.into_iter().filter(|each| *each <= fork);
        Self::with_forks(forks.fold(ForkTimes::NONE, |times, each| times.with(each, 0)), world)
    }

    /// `fork` activates in the block under test, the ones before it at genesis.
    pub fn activating(fork: Fork, world: &World) -> Self {
        let forks = Fork::ALL.into_iter().filter(|each| *each < fork);
        let times = forks.fold(ForkTimes::NONE, |times, each| times.with(each, 0));
        Self::with_forks(times.with(fork, TIME), world)
    }

    pub fn with_forks(forks: ForkTimes, world: &World) -> Self {
        let mut provider = Preimages::default();
        let state_root = world.store(&mut provider);
        let extra_data: &[u8] = match forks.execution(L2Time(PARENT_TIME)).extra_data {
            ExtraData::Empty => &[],
            ExtraData::Eip1559 => &[0, 0, 0, 0, 250, 0, 0, 0, 6],
            ExtraData::Eip1559AndMinBaseFee => &[1, 0, 0, 0, 250, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0],
        };
        let parent = Header {
            number: PARENT_NUMBER,
            timestamp: PARENT_TIME,
            state_root,
            gas_limit: GAS_LIMIT,
            gas_used: GAS_LIMIT / 6,
            base_fee_per_gas: Some(BASE_FEE),
            extra_data: Bytes::copy_from_slice(extra_data),
            ..Header::default()
        };
        let cfg = RollupConfig { forks, block_time: 2, l2_chain_id: CHAIN_ID, ..RollupConfig::default() };
        Self { cfg, parent: parent.seal_slow(), provider }
    }

    pub fn rules(&self) -> &'static ExecutionRules {
        self.cfg.forks.execution(L2Time(TIME))
    }

    /// The L1-info deposit and then these.
    pub fn attributes(&self, transactions: &[Bytes]) -> OpPayloadAttributes {
        let rules = self.rules();
        let mut list = vec![l1_info(!rules.metered_deposits)];
        list.extend_from_slice(transactions);
        let mut attributes = OpPayloadAttributes {
            transactions: Some(list),
            gas_limit: Some(GAS_LIMIT),
            eip_1559_params: (rules.extra_data != ExtraData::Empty).then_some([0; 8].into()),
            min_base_fee: (rules.extra_data == ExtraData::Eip1559AndMinBaseFee).then_some(0),
            ..OpPayloadAttributes::default()
        };
        let payload = &mut attributes.payload_attributes;
        payload.timestamp = TIME;
        payload.prev_randao = B256::with_last_byte(0x44);
        payload.suggested_fee_recipient = COINBASE;
        payload.withdrawals = rules.withdrawals.then(Vec::new);
        payload.parent_beacon_block_root = rules.beacon_root.then_some(B256::repeat_byte(0xbe));
        attributes
    }

    pub fn executor(&self) -> BlockExecutor<'_> {
        BlockExecutor::new(&self.cfg, self.parent.clone())
    }

    /// The L1-info deposit and then these.
    pub fn run(&self, transactions: &[Bytes]) -> Result<ExecutedPayload, ExecutionError<Missing>> {
        self.executor().execute(&mut self.provider.clone(), &self.attributes(transactions))
    }
}

/// A deposit that calls `L1Block`. In these worlds it has no code, so that only the depositor's nonce changes.
fn l1_info(is_system_transaction: bool) -> Bytes {
    deposit(&TxDeposit {
        is_system_transaction,
        gas_limit: 1_000_000,
        to: L1_BLOCK.into(),
        ..user_deposit(DEPOSITOR)
    })
}

/// A deposit without anything, with 100,000 gas.
pub fn user_deposit(from: Address) -> TxDeposit {
    TxDeposit {
        source_hash: B256::repeat_byte(1),
        from,
        to: TxKind::Call(Address::repeat_byte(0x77)),
        gas_limit: 100_000,
        ..TxDeposit::default()
    }
}

pub fn deposit(tx: &TxDeposit) -> Bytes {
    let mut out = vec![0x7e];
    tx.rlp_encode(&mut out);
    out.into()
}

/// Somebody who can sign.
pub struct Signer(SigningKey);

impl Signer {
    pub fn new(seed: u8) -> Self {
        Self(SigningKey::from_slice(&[seed; 32]).expect("a key"))
    }

    pub fn address(&self) -> Address {
        Address::from_public_key(self.0.verifying_key())
    }

    pub fn signature(&self, hash: B256) -> Signature {
        let (signature, id) = self.0.sign_prehash_recoverable(hash.as_slice()).expect("signs");
        Signature::from_bytes_and_parity(&signature.to_bytes(), id.is_y_odd())
    }

    pub fn sign<T: SignableTransaction<Signature> + RlpEcdsaEncodableTx>(&self, tx: &T) -> Bytes {
        let mut out = Vec::new();
        tx.eip2718_encode(&self.signature(tx.signature_hash()), &mut out);
        out.into()
    }

    /// A call with 100,000 gas at the base fee and a tip of 7 wei.
    pub fn call(&self, nonce: u64, to: Address) -> TxEip1559 {
        TxEip1559 {
            chain_id: CHAIN_ID,
            nonce,
            gas_limit: 100_000,
            max_fee_per_gas: u128::from(BASE_FEE) + 7,
            max_priority_fee_per_gas: 7,
            to: to.into(),
            ..TxEip1559::default()
        }
    }
}
