//! Whole tries, and every node of them: what an honest host could be asked for.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_trie::{HashBuilder, Nibbles, TrieAccount, proof::ProofRetainer, root::adjust_index_for_rlp};
use std::collections::BTreeMap;

/// A trie's root and those of its nodes that have a hash of their own.
pub struct FullTrie {
    /// The root hash.
    pub root: B256,
    /// RLP of each node of 32 bytes or more, and of the root.
    pub nodes: Vec<Bytes>,
}

impl FullTrie {
    /// A trie over sorted keys.
    fn new(entries: &BTreeMap<Nibbles, Vec<u8>>) -> Self {
        let retainer: ProofRetainer = entries.keys().copied().collect();
        let mut builder = HashBuilder::default().with_proof_retainer(retainer);
        for (key, value) in entries {
            builder.add_leaf(*key, value);
        }
        let root = builder.root();
        let nodes = builder.take_proof_nodes().into_inner();
        let nodes =
            nodes.into_iter().filter(|(path, node)| path.is_empty() || node.len() >= 32).map(|(_, n)| n);
        Self { root, nodes: nodes.collect() }
    }

    /// The trie of an ordered list: transactions or receipts.
    pub fn of_list(items: &[Bytes]) -> Self {
        let entries = (0..items.len())
            .map(|i| adjust_index_for_rlp(i, items.len()))
            .map(|i| (Nibbles::unpack(alloy_rlp::encode_fixed_size(&i)), items[i].to_vec()))
            .collect();
        Self::new(&entries)
    }

    /// The trie of a contract's storage.
    pub fn of_storage(slots: &BTreeMap<U256, U256>) -> Self {
        let entries = slots
            .iter()
            .filter(|(_, value)| !value.is_zero())
            .map(|(slot, value)| (hashed(&slot.to_be_bytes::<32>()), alloy_rlp::encode(value)))
            .collect();
        Self::new(&entries)
    }
}

/// An account as a genesis file lists it.
#[derive(Clone, Debug, Default)]
pub struct GenesisAccount {
    /// How many transactions it sent.
    pub nonce: u64,
    /// In wei.
    pub balance: U256,
    /// Its contract, if any.
    pub code: Bytes,
    /// Its storage.
    pub storage: BTreeMap<U256, U256>,
}

/// A state: its root, and every preimage below it.
pub fn state(accounts: &BTreeMap<Address, GenesisAccount>) -> FullTrie {
    let mut preimages = Vec::new();
    let entries = accounts
        .iter()
        .map(|(address, account)| {
            let storage = FullTrie::of_storage(&account.storage);
            preimages.extend(storage.nodes);
            let leaf = TrieAccount {
                nonce: account.nonce,
                balance: account.balance,
                storage_root: storage.root,
                code_hash: keccak256(&account.code),
            };
            if !account.code.is_empty() {
                preimages.push(account.code.clone());
            }
            (hashed(address.as_slice()), alloy_rlp::encode(leaf))
        })
        .collect();
    let trie = FullTrie::new(&entries);
    preimages.extend(trie.nodes);
    FullTrie { root: trie.root, nodes: preimages }
}

fn hashed(key: &[u8]) -> Nibbles {
    Nibbles::unpack(keccak256(key))
}
