//! The EVM's database: reads go straight to the tries, and what a block reads is remembered until it is committed.

use alloc::collections::VecDeque;

use alloy_consensus::Header;
use alloy_primitives::{
    Address, B256, Sealed, U256, keccak256,
    map::{AddressMap, HashMap},
};
use alloy_trie::TrieAccount;
use revm::{
    Database, bytecode::Bytecode, database_interface::DBErrorMarker, primitives::KECCAK_EMPTY,
    state::AccountInfo,
};

use crate::{
    TrieDBFetcher,
    error::ReadError,
    precompiles::{Accelerate, Failed, PrecompileAnswer, PrecompileCall},
    state::{State, code},
};

/// How many blocks back BLOCKHASH sees.
const BLOCK_HASHES: usize = 256;

/// What the EVM is told when a read fails. revm wants errors that live forever and may be sent to other threads, which a
/// provider's need not be; so the error itself stays in [`BlockDb::failure`], and whoever sees this, or anything else that
/// is not a result, must look there first.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the state could not be read")]
pub(crate) struct Unread;

impl DBErrorMarker for Unread {}

/// The state of the parent block, and what this block has read of it.
pub(crate) struct BlockDb<'a, P: TrieDBFetcher> {
    provider: &'a mut P,
    state: &'a mut State,
    ancestors: &'a mut Ancestors,
    pub(crate) accounts: AddressMap<ReadAccount>,
    failure: Option<ReadError<P::Error>>,
}

/// An account as the block found it.
pub(crate) struct ReadAccount {
    /// Hash of the address.
    pub(crate) key: B256,
    /// `None`: there was none.
    pub(crate) found: Option<TrieAccount>,
    /// By index.
    pub(crate) slots: HashMap<U256, ReadSlot>,
}

/// A storage slot as the block found it.
#[derive(Clone, Copy)]
pub(crate) struct ReadSlot {
    /// Hash of the index.
    pub(crate) key: B256,
    pub(crate) value: U256,
}

impl<'a, P: TrieDBFetcher> BlockDb<'a, P> {
    pub(crate) fn new(provider: &'a mut P, state: &'a mut State, ancestors: &'a mut Ancestors) -> Self {
        Self { provider, state, ancestors, accounts: AddressMap::default(), failure: None }
    }

    /// Why the first read that failed did. It overrides whatever the EVM made of it (H-017).
    pub(crate) const fn take_failure(&mut self) -> Option<ReadError<P::Error>> {
        self.failure.take()
    }

    fn kept<T>(&mut self, result: Result<T, ReadError<P::Error>>) -> Result<T, Unread> {
        result.map_err(|error| {
            self.failure.get_or_insert(error);
            Unread
        })
    }

    fn account(&mut self, address: Address) -> Result<&mut ReadAccount, ReadError<P::Error>> {
        if !self.accounts.contains_key(&address) {
            let key = keccak256(address);
            let found = self.state.account(key, self.provider)?;
            self.accounts.insert(address, ReadAccount { key, found, slots: HashMap::default() });
        }
        self.accounts.get_mut(&address).ok_or(ReadError::Engine)
    }

    fn slot(&mut self, address: Address, index: U256) -> Result<U256, ReadError<P::Error>> {
        let account = self.account(address)?;
        if let Some(slot) = account.slots.get(&index) {
            return Ok(slot.value);
        }
        let (account_key, root) = (account.key, account.found.map(|found| found.storage_root));
        let key = keccak256(index.to_be_bytes::<32>());
        let value = match root {
            Some(root) => self.state.slot(account_key, root, key, self.provider)?,
            None => U256::ZERO,
        };
        self.account(address)?.slots.insert(index, ReadSlot { key, value });
        Ok(value)
    }
}

impl<P: TrieDBFetcher> Database for BlockDb<'_, P> {
    type Error = Unread;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, Unread> {
        let result = self.account(address).map(|account| {
            account.found.map(|found| AccountInfo {
                balance: found.balance,
                nonce: found.nonce,
                code_hash: found.code_hash,
                account_id: None,
                code: None,
            })
        });
        self.kept(result)
    }

    fn code_by_hash(&mut self, hash: B256) -> Result<Bytecode, Unread> {
        if hash == KECCAK_EMPTY {
            return Ok(Bytecode::default());
        }
        if let Some(code) = self.state.code.get(&hash) {
            return Ok(code.clone());
        }
        let result = self.provider.bytecode_by_hash(hash).map_err(ReadError::Provider);
        let code = code(self.kept(result)?);
        self.state.code.insert(hash, code.clone());
        Ok(code)
    }

    fn storage(&mut self, address: Address, index: U256) -> Result<U256, Unread> {
        let result = self.slot(address, index);
        self.kept(result)
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, Unread> {
        let result = self.ancestors.hash(number, self.provider).map_err(ReadError::Provider);
        self.kept(result)
    }
}

impl<P: TrieDBFetcher> Accelerate for BlockDb<'_, P> {
    fn accelerate(&mut self, call: &PrecompileCall<'_>) -> Result<Option<PrecompileAnswer>, Failed> {
        let result = self.provider.precompile(call).map_err(ReadError::Provider);
        self.kept(result).map_err(|Unread| Failed)
    }
}

/// The hashes of the blocks before the one to execute, newest first, as far as somebody asked for them.
#[derive(Clone, Debug)]
pub(crate) struct Ancestors {
    /// Number of the newest.
    newest: u64,
    /// Never empty, never more than [`BLOCK_HASHES`].
    hashes: VecDeque<B256>,
}

impl Ancestors {
    pub(crate) fn new(parent: &Sealed<Header>) -> Self {
        Self { newest: parent.number, hashes: [parent.hash(), parent.parent_hash].into() }
    }

    pub(crate) fn push(&mut self, block: &Sealed<Header>) {
        self.newest = block.number;
        self.hashes.push_front(block.hash());
        self.hashes.truncate(BLOCK_HASHES);
    }

    /// Walks back from the oldest known block. The EVM asks for the last 256 blocks only; anything else is zero.
    fn hash<P: TrieDBFetcher>(&mut self, number: u64, provider: &mut P) -> Result<B256, P::Error> {
        let Some(depth) = self.newest.checked_sub(number).and_then(|depth| usize::try_from(depth).ok())
        else {
            return Ok(B256::ZERO);
        };
        if depth >= BLOCK_HASHES {
            return Ok(B256::ZERO);
        }
        while self.hashes.len() <= depth {
            let oldest = self.hashes.back().copied().unwrap_or_default();
            self.hashes.push_back(provider.l2_header_by_hash(oldest)?.parent_hash);
        }
        Ok(self.hashes[depth])
    }
}
