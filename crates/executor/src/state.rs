//! The world state: a trie of accounts and a trie of storage for each contract that was touched, kept from block to block.

use alloc::vec::Vec;

use alloy_primitives::{
    Address, B256, Bytes, U256, keccak256,
    map::{AddressMap, B256Map},
};
use alloy_rlp::{Decodable, Encodable};
use alloy_trie::{EMPTY_ROOT_HASH, TrieAccount};
use revm::{
    bytecode::Bytecode,
    primitives::KECCAK_EMPTY,
    state::{Account, AccountInfo, EvmState, EvmStorageSlot},
};
use unroll_mpt::{NodeResolver, Trie};

use crate::{TrieDBFetcher, WitnessFault, db::ReadAccount, error::ReadError};

/// Bytes of a key in a state or storage trie.
const KEY_BYTES: usize = 32;

/// What is known of the state.
#[derive(Clone, Debug)]
pub(crate) struct State {
    accounts: Trie,
    /// By hash of the address. A storage trie that is there has the root that its account says.
    storage: B256Map<Trie>,
    /// Analysed code by hash, including code that was deployed in a block of this range, which no provider has.
    pub(crate) code: B256Map<Bytecode>,
}

/// The provider as the tries see it.
struct Nodes<'a, P>(&'a mut P);

impl<P: TrieDBFetcher> NodeResolver for Nodes<'_, P> {
    type Error = P::Error;

    fn resolve(&mut self, hash: B256) -> Result<Bytes, P::Error> {
        self.0.trie_node_preimage(hash)
    }
}

impl State {
    pub(crate) fn new(root: B256) -> Self {
        Self { accounts: trie(root), storage: B256Map::default(), code: B256Map::default() }
    }

    pub(crate) fn account<P: TrieDBFetcher>(
        &mut self,
        key: B256,
        provider: &mut P,
    ) -> Result<Option<TrieAccount>, ReadError<P::Error>> {
        let Some(bytes) = self.accounts.get(key.as_slice(), &mut Nodes(provider))? else {
            return Ok(None);
        };
        match decode_exactly(&bytes) {
            Ok(account) => Ok(Some(account)),
            Err(what) => Err(ReadError::Witness(WitnessFault::Account { key, what })),
        }
    }

    /// A slot of the account whose storage has this root.
    pub(crate) fn slot<P: TrieDBFetcher>(
        &mut self,
        account: B256,
        root: B256,
        key: B256,
        provider: &mut P,
    ) -> Result<U256, ReadError<P::Error>> {
        let storage = self.storage.entry(account).or_insert_with(|| trie(root));
        let Some(bytes) = storage.get(key.as_slice(), &mut Nodes(provider))? else {
            return Ok(U256::ZERO);
        };
        decode_exactly(&bytes).map_err(|what| ReadError::Witness(WitnessFault::Slot { key, what }))
    }

    /// Applies a block; returns the state root and which accounts changed. Nothing does if it fails (H-016).
    ///
    /// Only a removal can need a node that was not on the path of a key that the block read, so only it can fail; but what was
    /// done before it must then be taken back.
    // A phase of the step meter begins here.
    #[inline(never)]
    pub(crate) fn commit<P: TrieDBFetcher>(
        &mut self,
        read: &AddressMap<ReadAccount>,
        mut after: EvmState,
        emptied: &[Address],
        provider: &mut P,
    ) -> Result<(B256, Vec<Address>), ReadError<P::Error>> {
        let mut changes = Vec::new();
        for (address, before) in read {
            let Some(account) = after.get_mut(address) else { continue };
            let touched = account.is_touched() || emptied.contains(address);
            changes.extend(touched.then(|| Change::of(*address, before, account)).flatten());
        }
        // One order on all machines: what a provider is asked for must not depend on a hasher.
        changes.sort_unstable_by_key(|change| change.key);

        let mut old_storage = B256Map::default();
        self.accounts.checkpoint();
        let applied = self.apply(&changes, &mut old_storage, &mut Nodes(provider));
        for change in &changes {
            let Some(storage) = self.storage.get_mut(&change.key) else { continue };
            if applied.is_ok() { storage.release() } else { storage.restore() }
        }
        if let Err(error) = applied {
            self.accounts.restore();
            for change in changes.iter().filter(|change| change.wiped) {
                self.storage.remove(&change.key);
            }
            self.storage.extend(old_storage);
            return Err(error);
        }
        self.accounts.release();
        self.keep_code(after);
        Ok((self.accounts.root(), changes.iter().map(|change| change.address).collect()))
    }

    /// Trie nodes and code, as far as they are known.
    pub(crate) fn preimages(&self) -> impl Iterator<Item = Bytes> {
        let tries = core::iter::once(&self.accounts).chain(self.storage.values());
        let nodes = tries.flat_map(Trie::nodes).map(Bytes::from);
        nodes.chain(self.code.values().map(Bytecode::original_bytes))
    }

    /// Storage first, as accounts hold its roots. Removals come last in each trie, as in the reference client: they then open
    /// the fewest siblings.
    fn apply<P: TrieDBFetcher>(
        &mut self,
        changes: &[Change],
        old_storage: &mut B256Map<Trie>,
        nodes: &mut Nodes<'_, P>,
    ) -> Result<(), ReadError<P::Error>> {
        for change in changes {
            if change.wiped
                && let Some(old) = self.storage.remove(&change.key)
            {
                old_storage.insert(change.key, old);
            }
            if let Some(account) = change.after.filter(|_| !change.slots.is_empty()) {
                let storage = self.storage.entry(change.key).or_insert_with(|| trie(account.storage_root));
                storage.checkpoint();
                change.apply(storage, nodes)?;
            }
        }
        self.commit_storage(changes);
        for change in changes {
            let Some(mut account) = change.after else { continue };
            if let Some(storage) = self.storage.get_mut(&change.key).filter(|_| !change.slots.is_empty()) {
                account.storage_root = storage.root();
            }
            let mut bytes = Vec::with_capacity(110);
            account.encode(&mut bytes);
            self.accounts.insert(change.key.as_slice(), bytes, nodes)?;
        }
        for change in changes.iter().filter(|change| change.after.is_none()) {
            self.accounts.remove(change.key.as_slice(), nodes)?;
        }
        Ok(())
    }

    /// Computes the storage roots, on all cores where there are many.
    #[cfg(feature = "parallel")]
    fn commit_storage(&mut self, changes: &[Change]) {
        let counts: B256Map<usize> = changes.iter().map(|change| (change.key, change.slots.len())).collect();
        let tries = self.storage.iter_mut();
        unroll_mpt::commit_all(
            tries.filter_map(|(key, trie)| Some((trie, *counts.get(key).filter(|count| **count > 0)?))),
        );
    }

    /// Each storage root is computed where it is needed.
    #[cfg(not(feature = "parallel"))]
    #[expect(clippy::unused_self, clippy::needless_pass_by_ref_mut, reason = "the other side of a feature")]
    const fn commit_storage(&mut self, _: &[Change]) {}

    fn keep_code(&mut self, after: EvmState) {
        for account in after.into_values() {
            let AccountInfo { code_hash, code: Some(code), .. } = account.info else { continue };
            if code_hash != KECCAK_EMPTY {
                self.code.entry(code_hash).or_insert(code);
            }
        }
    }
}

/// What a block did to one account.
struct Change {
    address: Address,
    /// Its hash.
    key: B256,
    /// The old storage is gone: the account was destroyed or created anew.
    wiped: bool,
    /// With the storage root before its slots change; `None` if the account is gone.
    after: Option<TrieAccount>,
    /// Hash of the index and new value, sorted.
    slots: Vec<(B256, U256)>,
}

impl Change {
    /// `None` if nothing changed.
    fn of(address: Address, before: &ReadAccount, account: &Account) -> Option<Self> {
        let key = before.key;
        if account.is_selfdestructed_locally() || account.is_empty() {
            // EIP-161, EIP-6780
            return before.found.map(|_| Self { address, key, wiped: true, after: None, slots: Vec::new() });
        }
        let wiped = account.is_selfdestructed() || account.is_created();
        let slot = |(index, slot): (&U256, &EvmStorageSlot)| {
            let old = before.slots.get(index);
            let old_value = old.filter(|_| !wiped).map(|old| old.value).unwrap_or_default();
            (slot.present_value != old_value).then(|| {
                let key = old.map_or_else(|| keccak256(index.to_be_bytes::<32>()), |old| old.key);
                (key, slot.present_value)
            })
        };
        let mut slots: Vec<_> = account.storage.iter().filter_map(slot).collect();
        slots.sort_unstable();
        let info = &account.info;
        let found = before.found.filter(|_| !wiped);
        let storage_root = found.map_or(EMPTY_ROOT_HASH, |found| found.storage_root);
        let after = Some(TrieAccount::new(info.nonce, info.balance, storage_root, info.code_hash));
        (!slots.is_empty() || before.found != after).then_some(Self { address, key, wiped, after, slots })
    }

    fn apply<P: TrieDBFetcher>(
        &self,
        storage: &mut Trie,
        nodes: &mut Nodes<'_, P>,
    ) -> Result<(), ReadError<P::Error>> {
        for (key, value) in self.slots.iter().filter(|(_, value)| !value.is_zero()) {
            storage.insert(key.as_slice(), alloy_rlp::encode(value), nodes)?;
        }
        for (key, _) in self.slots.iter().filter(|(_, value)| value.is_zero()) {
            storage.remove(key.as_slice(), nodes)?;
        }
        Ok(())
    }
}

fn trie(root: B256) -> Trie {
    Trie::from_root(root).with_key_length(KEY_BYTES)
}

fn decode_exactly<T: Decodable>(mut bytes: &[u8]) -> Result<T, alloy_rlp::Error> {
    let value = T::decode(&mut bytes)?;
    if bytes.is_empty() { Ok(value) } else { Err(alloy_rlp::Error::UnexpectedLength) }
}

/// Code that is neither a contract nor a delegation (EIP-7702) is a contract that fails at once.
pub(crate) fn code(bytes: Bytes) -> Bytecode {
    Bytecode::new_raw_checked(bytes.clone()).unwrap_or_else(|_| Bytecode::new_legacy(bytes))
}
