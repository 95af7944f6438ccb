//! A small chain of our own, L1 and L2, deterministic: the sample that `unroll verify` carries.
//!
//! The L2 side is what our own derivation and execution make of the L1 side; span batches that build on a derived block are
//! written once it is known.

pub mod l1;
pub mod tries;

use crate::batcher::{self, Compression, Span};
use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{
    Address, B256, Bytes, Log, Sealable, Sealed, TxKind, U256, address, b256, bytes, keccak256,
};
use k256::ecdsa::SigningKey;
use l1::{L1Block, L1Chain, L1Transaction};
use serde_json::json;
use std::collections::BTreeMap;
use tries::{FullTrie, GenesisAccount};
use unroll_proof::{OracleBackend, PreimageKey, Transition, Witness};
use unroll_protocol::{
    batch::SpanBlock, config::RollupConfig, config_file::parse_rollup_json, frame::ChannelId,
    output_root::OutputRoot, units::L2Time,
};

/// The L2 chain's id: of no known chain, so that its config must be given.
pub const CHAIN_ID: u64 = 7_777_001;
const L1_CHAIN_ID: u64 = 7_777_000;
const GENESIS_TIME: u64 = 1_750_000_000;
const BLOCK_TIME: u64 = 2;
const GAS_LIMIT: u64 = 30_000_000;
const INBOX: Address = address!("ff00000000000000000000000000000007777001");
const PORTAL: Address = address!("b0770000000000000000000000000000000b0770");
const SYSTEM_CONFIG: Address = address!("c0f1600000000000000000000000000000c0f160");
const MESSAGE_PASSER: Address = address!("4200000000000000000000000000000000000016");
const COUNTER: Address = address!("c0de00000000000000000000000000000000c0de");
/// Counts in slot 0, writes the count `n` to slot `256 + n` and clears the slot before, so that its storage trie grows and
/// collapses:
/// `n = sload(0) + 1; sstore(0, n); sstore(n + 0x100, n); sstore(n + 0xff, 0)`
const COUNTER_CODE: Bytes = bytes!("5f54600101805f55808061010001555f9060ff015500");

/// A chain, and what it takes to verify it.
pub struct Devnet {
    config: serde_json::Value,
    parsed: RollupConfig,
    l1: L1Chain,
    genesis: Sealed<Header>,
    agreed: OutputRoot,
    batcher: SigningKey,
    alice: SigningKey,
    l2_nonce: u64,
    batcher_nonce: u64,
    preimages: Vec<Bytes>,
}

/// The boot file and the records beside it, in the format of `unroll verify`.
pub struct Sample {
    /// The boot file.
    pub boot: serde_json::Value,
    /// `[32-byte key][u32 little-endian length][value]`, sorted by key.
    pub records: Vec<u8>,
}

impl Devnet {
    /// A chain that is at Holocene from genesis, at Isthmus from block 4 and at Jovian from block 8.
    pub fn new() -> Self {
        let key = |byte| SigningKey::from_slice(&[byte; 32]).expect("a small number is a valid key");
        let (batcher, alice) = (key(0xba), key(0xa1));
        let l1 = L1Chain::new(L1_CHAIN_ID, GENESIS_TIME);
        let state = tries::state(&genesis_state(&alice));
        let genesis = genesis_header(state.root);
        let agreed = OutputRoot {
            state_root: state.root,
            message_passer_storage_root: alloy_trie::EMPTY_ROOT_HASH,
            block_hash: genesis.hash(),
        };
        let config = rollup_config(&l1.head().header, &genesis, l1::address(&batcher));
        let text = config.to_string();
        let (parsed, unknown) =
            parse_rollup_json(text.as_bytes()).expect("our own config is one that we read");
        assert!(unknown.is_empty(), "our own config has no unknown keys: {unknown:?}");
        let mut preimages = state.nodes;
        preimages.push(alloy_rlp::encode(genesis.inner()).into());
        preimages.push(agreed.encode().to_vec().into());
        Self { config, parsed, l1, genesis, agreed, batcher, alice, l2_nonce: 0, batcher_nonce: 0, preimages }
    }

    /// Fourteen blocks in two channels: a span in one frame and zlib, a span in three frames and Brotli; a deposit and a
    /// change of the gas limit at the first epoch border.
    pub fn sample() -> Sample {
        let mut devnet = Self::new();
        let deposit = devnet.deposit_transaction();
        devnet.l1.build(&[deposit]);
        let first = devnet.span(1..=7, devnet.genesis.hash());
        devnet.publish(&first, Compression::Zlib(9), 1, 1 << 16);
        let last = devnet.head_hash(7);
        devnet.l1.build(&[]);
        let second = devnet.span(8..=14, last);
        devnet.publish(&second, Compression::Brotli(11), 2, 400);
        devnet.finish(14)
    }

    /// The blocks of a span: two transactions in each but the activation blocks of Isthmus and Jovian.
    fn span(&mut self, numbers: std::ops::RangeInclusive<u64>, parent: B256) -> Span {
        let blocks: Vec<SpanBlock> = numbers
            .map(|number| {
                let time = GENESIS_TIME + number * BLOCK_TIME;
                let transactions = if [4, 8].contains(&number) {
                    Vec::new()
                } else {
                    let to_bob = Address::with_last_byte(0xb0);
                    let pay = self.l2_transaction(to_bob, U256::from(number), Bytes::new());
                    let count = self.l2_transaction(COUNTER, U256::ZERO, Bytes::new());
                    vec![pay, count]
                };
                let epoch_number = (time - GENESIS_TIME) / l1::BLOCK_TIME;
                SpanBlock { time: L2Time(time), epoch_number, transactions: transactions.iter().collect() }
            })
            .collect();
        let epoch = blocks.last().map_or(0, |block| block.epoch_number);
        let origin = self.l1.blocks()[usize::try_from(epoch).expect("the chain is short")].header.hash();
        Span {
            parent_check: prefix(parent),
            l1_origin_check: prefix(origin),
            first_origin_bit: false,
            blocks,
        }
    }

    fn l2_transaction(&mut self, to: Address, value: U256, input: Bytes) -> Bytes {
        let transaction = l1::call(&self.alice, CHAIN_ID, self.l2_nonce, TxKind::Call(to), value, input);
        self.l2_nonce += 1;
        transaction.encoded_2718().into()
    }

    /// Puts a span on L1, one transaction a frame and one block a transaction.
    fn publish(&mut self, span: &Span, compression: Compression, channel: u8, room: usize) {
        let batch = batcher::span(span, &self.parsed).expect("our own transactions fit into a span");
        let data = Bytes::from(batcher::compress(&batcher::stream([batch]), compression));
        for frame in batcher::frames(ChannelId([channel; 16]), &data, room) {
            let payload = batcher::payload(&[frame]);
            let envelope = self.batcher_transaction(payload);
            self.l1.build(&[L1Transaction { envelope, logs: Vec::new() }]);
        }
    }

    fn batcher_transaction(&mut self, payload: Bytes) -> TxEnvelope {
        let nonce = self.batcher_nonce;
        self.batcher_nonce += 1;
        l1::call(&self.batcher, L1_CHAIN_ID, nonce, TxKind::Call(INBOX), U256::ZERO, payload)
    }

    /// A transaction whose logs deposit one ether for Alice and raise the gas limit.
    fn deposit_transaction(&self) -> L1Transaction {
        let alice = l1::address(&self.alice);
        // Not from Alice herself: a deposit uses up a nonce of its sender (I-005).
        let depositor = Address::with_last_byte(0xde);
        let wei = U256::from(10).pow(U256::from(18));
        let opaque = [
            wei.to_be_bytes::<32>().to_vec(),
            wei.to_be_bytes::<32>().to_vec(),
            100_000u64.to_be_bytes().to_vec(),
            vec![0],
        ]
        .concat();
        // keccak256("TransactionDeposited(address,address,uint256,bytes)"), G-010
        let deposited = b256!("b3813568d9991fc951961fcb4c784893574240a28925604d09fc577c55bb7c32");
        // keccak256("ConfigUpdate(uint256,uint8,bytes)"), A-021
        let updated = b256!("1d2b0bda21d56b8bd12d4f94ebacffdfb35f5e226f84b461103bb8beab6353be");
        let gas_limit = U256::from(GAS_LIMIT + 10_000_000).to_be_bytes::<32>();
        let word = |number: u64| B256::from(U256::from(number));
        let logs = vec![
            Log::new_unchecked(
                PORTAL,
                vec![deposited, depositor.into_word(), alice.into_word(), B256::ZERO],
                abi_bytes(&opaque),
            ),
            Log::new_unchecked(SYSTEM_CONFIG, vec![updated, word(0), word(2)], abi_bytes(&gas_limit)),
        ];
        let envelope = l1::call(&self.alice, L1_CHAIN_ID, 0, TxKind::Call(PORTAL), wei, Bytes::new());
        L1Transaction { envelope, logs }
    }

    /// The hash of a block, derived from what is on L1 so far.
    fn head_hash(&self, number: u64) -> B256 {
        self.derive(number).0
    }

    /// The hash and the output root of block `number`.
    fn derive(&self, number: u64) -> (B256, B256) {
        let mut witness = Witness::new();
        for preimage in self.all_preimages() {
            witness.insert_keccak(preimage);
        }
        let backend = OracleBackend::new(witness, self.l1.head().header.hash());
        let mut transition =
            Transition::new(&self.parsed, backend, self.agreed).expect("genesis is a block to build on");
        while transition.tip().block.number < number {
            let block = transition.step().expect("an honest witness lacks nothing");
            assert!(block.is_some(), "L1 ends before block {number}");
        }
        let output = transition.output().expect("an honest witness lacks nothing");
        (transition.tip().block.hash, output.hash())
    }

    fn all_preimages(&self) -> impl Iterator<Item = Bytes> + '_ {
        self.preimages.iter().cloned().chain(self.l1.blocks().iter().flat_map(l1_preimages))
    }

    fn finish(self, claimed: u64) -> Sample {
        let (_, claimed_root) = self.derive(claimed);
        let records: BTreeMap<[u8; 32], Bytes> = self
            .all_preimages()
            .map(|preimage| (PreimageKey::keccak256(keccak256(&preimage)).as_bytes().0, preimage))
            .collect();
        let mut bytes = Vec::new();
        for (key, value) in &records {
            bytes.extend(key);
            bytes.extend(u32::try_from(value.len()).expect("a preimage is small").to_le_bytes());
            bytes.extend(value);
        }
        let boot = json!({
            "chain_id": CHAIN_ID,
            "l1_head": self.l1.head().header.hash(),
            "agreed_l2_output_root": self.agreed.hash(),
            "agreed_l2_head_hash": self.genesis.hash(),
            "agreed_l2_block_number": 0,
            "claimed_l2_output_root": claimed_root,
            "claimed_l2_block_number": claimed,
            "rollup_config": self.config,
            "preimages": { "file": "sample.preimages.zst", "count": records.len() },
            "source": "cargo run -p unroll-testing --features devnet --bin sample",
        });
        Sample { boot, records: bytes }
    }
}

impl Default for Devnet {
    fn default() -> Self {
        Self::new()
    }
}

/// Everything that an L1 block's hash commits to.
fn l1_preimages(block: &L1Block) -> Vec<Bytes> {
    let mut preimages = vec![alloy_rlp::encode(block.header.inner()).into()];
    preimages.extend(FullTrie::of_list(&block.transactions).nodes);
    preimages.extend(FullTrie::of_list(&block.receipts).nodes);
    preimages
}

fn genesis_state(alice: &SigningKey) -> BTreeMap<Address, GenesisAccount> {
    let rich = GenesisAccount { balance: U256::from(10).pow(U256::from(21)), ..Default::default() };
    let counter = GenesisAccount { nonce: 1, code: COUNTER_CODE, ..Default::default() };
    let predeploy = GenesisAccount { nonce: 1, ..Default::default() };
    let mut state =
        BTreeMap::from([(l1::address(alice), rich), (COUNTER, counter), (MESSAGE_PASSER, predeploy.clone())]);
    // The predeploys that the protocol reads or pays: L1Block, the vaults, the gas price oracle.
    for last in [0x0f, 0x11, 0x15, 0x19, 0x1a, 0x1b] {
        let mut address = [0; 20];
        (address[0], address[19]) = (0x42, last);
        state.insert(address.into(), predeploy.clone());
    }
    state
}

fn genesis_header(state_root: B256) -> Sealed<Header> {
    Header {
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        state_root,
        transactions_root: alloy_trie::EMPTY_ROOT_HASH,
        receipts_root: alloy_trie::EMPTY_ROOT_HASH,
        gas_limit: GAS_LIMIT,
        timestamp: GENESIS_TIME,
        base_fee_per_gas: Some(1_000_000_000),
        withdrawals_root: Some(alloy_trie::EMPTY_ROOT_HASH),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        parent_beacon_block_root: Some(B256::ZERO),
        // Holocene is active at genesis: version 0, denominator 250, elasticity 6 (I-048).
        extra_data: bytes!("00000000fa00000006"),
        ..Header::default()
    }
    .seal_slow()
}

fn rollup_config(l1: &Sealed<Header>, l2: &Sealed<Header>, batcher: Address) -> serde_json::Value {
    let word = |number: u64| B256::from(U256::from(number));
    json!({
        "genesis": {
            "l1": { "hash": l1.hash(), "number": 0 },
            "l2": { "hash": l2.hash(), "number": 0 },
            "l2_time": GENESIS_TIME,
            "system_config": {
                "batcherAddr": batcher,
                "overhead": word(0),
                // Version 1 with a base fee scalar of 1,000.
                "scalar": b256!("01000000000000000000000000000000000000000000000000000000000003e8"),
                "gasLimit": GAS_LIMIT,
            },
        },
        "block_time": BLOCK_TIME,
        "max_sequencer_drift": 600,
        "seq_window_size": 20,
        "channel_timeout": 300,
        "l1_chain_id": L1_CHAIN_ID,
        "l2_chain_id": CHAIN_ID,
        "regolith_time": 0,
        "canyon_time": 0,
        "delta_time": 0,
        "ecotone_time": 0,
        "fjord_time": 0,
        "granite_time": 0,
        "holocene_time": 0,
        "isthmus_time": GENESIS_TIME + 4 * BLOCK_TIME,
        "jovian_time": GENESIS_TIME + 8 * BLOCK_TIME,
        "batch_inbox_address": INBOX,
        "deposit_contract_address": PORTAL,
        "l1_system_config_address": SYSTEM_CONFIG,
        "chain_op_config": {
            "eip1559Elasticity": 6,
            "eip1559Denominator": 50,
            "eip1559DenominatorCanyon": 250,
        },
    })
}

/// ABI encoding of one `bytes` argument.
fn abi_bytes(payload: &[u8]) -> Bytes {
    let mut out = U256::from(32).to_be_bytes::<32>().to_vec();
    out.extend(U256::from(payload.len()).to_be_bytes::<32>());
    out.extend(payload);
    out.resize(out.len().next_multiple_of(32), 0);
    out.into()
}

fn prefix(hash: B256) -> [u8; 20] {
    let mut out = [0; 20];
    out.copy_from_slice(&hash[..20]);
    out
}
