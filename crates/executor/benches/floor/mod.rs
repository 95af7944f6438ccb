//! The EVM's share of a block: op-revm as it is, on state in memory.

use std::collections::HashMap;

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_rlp::Decodable;
use alloy_trie::TrieAccount;
use op_revm::{DefaultOp, OpBuilder, OpContext, OpSpecId};
use revm::{
    Context, Database, ExecuteEvm, Journal,
    bytecode::Bytecode,
    context::{BlockEnv, CfgEnv},
    context_interface::{JournalTr, block::BlobExcessGasAndPrice},
    state::AccountInfo,
};
use unroll_executor::{TrieDBFetcher, transaction};
use unroll_mpt::{Trie, TrieError};
use unroll_protocol::{forks::Fork, units::L2Time};

use crate::common::{Fixture, Missing, Preimages};

/// All that a block reads.
#[derive(Default)]
pub struct Memory {
    accounts: HashMap<Address, Option<AccountInfo>>,
    slots: HashMap<(Address, U256), U256>,
    code: HashMap<B256, Bytecode>,
    hashes: HashMap<u64, B256>,
}

/// What the block reads, read once through its tries.
pub fn record(fixture: &mut Fixture) -> Memory {
    let mut recorder = Recorder {
        accounts: Trie::from_root(fixture.parent.state_root),
        storage: HashMap::new(),
        preimages: fixture.preimages.clone(),
        memory: Memory::default(),
    };
    transact(fixture, &mut recorder);
    recorder.memory
}

/// Decodes the transactions, recovers their senders, and runs them.
pub fn run(fixture: &Fixture, memory: &Memory) -> usize {
    transact(fixture, &mut &*memory)
}

/// How many ran. The fee parameters are those of the parent's state, which op-revm reads behind the journal; that changes
/// what is paid and not how long it takes.
fn transact<DB: Database>(fixture: &Fixture, db: &mut DB) -> usize {
    let payload = &fixture.attributes.payload_attributes;
    let spec = match fixture.cfg.forks.execution(L2Time(payload.timestamp)).fork {
        Fork::Bedrock => OpSpecId::BEDROCK,
        Fork::Regolith => OpSpecId::REGOLITH,
        Fork::Canyon | Fork::Delta => OpSpecId::CANYON,
        Fork::Ecotone => OpSpecId::ECOTONE,
        Fork::Fjord => OpSpecId::FJORD,
        Fork::Granite => OpSpecId::GRANITE,
        Fork::Holocene => OpSpecId::HOLOCENE,
        Fork::Isthmus => OpSpecId::ISTHMUS,
        Fork::Jovian => OpSpecId::JOVIAN,
        Fork::Karst | Fork::Lagoon => OpSpecId::KARST,
    };
    let block = BlockEnv {
        number: U256::from(fixture.expected.number),
        beneficiary: payload.suggested_fee_recipient,
        timestamp: U256::from(payload.timestamp),
        gas_limit: fixture.expected.gas_limit,
        basefee: fixture.expected.base_fee_per_gas.expect("after London"),
        prevrandao: Some(payload.prev_randao),
        blob_excess_gas_and_price: Some(BlobExcessGasAndPrice { excess_blob_gas: 0, blob_gasprice: 1 }),
        ..BlockEnv::default()
    };
    let context: OpContext<&mut DB> = {
        let Context { tx, chain, .. } = Context::op();
        let mut context = OpContext::new(db, spec);
        (context.tx, context.chain) = (tx, chain);
        context.journaled_state.set_spec_id(spec.into_eth_spec());
        context.with_block(block).with_cfg(CfgEnv::new_with_spec(spec).with_chain_id(fixture.cfg.l2_chain_id))
    };
    let _: &Journal<&mut DB> = &context.journaled_state;
    let mut evm = context.build_op();
    let transactions = fixture.attributes.transactions.as_deref().expect("has some");
    let ran = transactions.iter().filter(|bytes| {
        let tx = if transaction::is_deposit(bytes) {
            transaction::decode_deposit(bytes).expect("a real deposit")
        } else {
            transaction::decode_signed(bytes).expect("a real transaction")
        };
        evm.transact_one(tx).is_ok()
    });
    let ran = ran.count();
    evm.finalize();
    ran
}

struct Recorder {
    accounts: Trie,
    storage: HashMap<Address, Trie>,
    preimages: Preimages,
    memory: Memory,
}

impl Recorder {
    fn account(&mut self, address: Address) -> Option<TrieAccount> {
        let preimages = &mut self.preimages;
        // op-revm reads the operator-fee vault at all forks; a witness need not have it.
        let bytes: Result<_, TrieError<Missing>> =
            self.accounts.get(keccak256(address).as_slice(), &mut |hash| preimages.trie_node_preimage(hash));
        Some(TrieAccount::decode(&mut &bytes.ok()??[..]).expect("an account"))
    }
}

impl Database for Recorder {
    type Error = core::convert::Infallible;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, Self::Error> {
        let account = self.account(address).map(|account| AccountInfo {
            balance: account.balance,
            nonce: account.nonce,
            code_hash: account.code_hash,
            account_id: None,
            code: None,
        });
        self.memory.accounts.insert(address, account.clone());
        Ok(account)
    }

    fn code_by_hash(&mut self, hash: B256) -> Result<Bytecode, Self::Error> {
        let bytes = self.preimages.by_hash.get(&hash).cloned().unwrap_or_default();
        let code = Bytecode::new_raw(bytes);
        self.memory.code.insert(hash, code.clone());
        Ok(code)
    }

    fn storage(&mut self, address: Address, index: U256) -> Result<U256, Self::Error> {
        let value = self.account(address).map_or(U256::ZERO, |account| {
            let preimages = &mut self.preimages;
            let trie = self.storage.entry(address).or_insert_with(|| Trie::from_root(account.storage_root));
            let key = keccak256(index.to_be_bytes::<32>());
            let bytes = trie.get(key.as_slice(), &mut |hash| preimages.trie_node_preimage(hash));
            bytes.ok().flatten().map_or(U256::ZERO, |bytes| U256::decode(&mut &bytes[..]).expect("a number"))
        });
        self.memory.slots.insert((address, index), value);
        Ok(value)
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, Self::Error> {
        Ok(*self.memory.hashes.entry(number).or_default())
    }
}

impl Database for &Memory {
    type Error = core::convert::Infallible;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, Self::Error> {
        Ok(self.accounts.get(&address).cloned().flatten())
    }

    fn code_by_hash(&mut self, hash: B256) -> Result<Bytecode, Self::Error> {
        Ok(self.code.get(&hash).cloned().unwrap_or_default())
    }

    fn storage(&mut self, address: Address, index: U256) -> Result<U256, Self::Error> {
        Ok(self.slots.get(&(address, index)).copied().unwrap_or_default())
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, Self::Error> {
        Ok(self.hashes.get(&number).copied().unwrap_or_default())
    }
}
