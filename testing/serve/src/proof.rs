//! Accounts and storage of any L2 block, with the trie nodes on the way to them (EIP-1186).

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use alloy_rlp::Decodable;
use alloy_rpc_types_eth::{EIP1186AccountProofResponse, EIP1186StorageProof};
use alloy_serde::JsonStorageKey;
use alloy_trie::{EMPTY_ROOT_HASH, Nibbles, TrieAccount, nodes::TrieNode};
use unroll_testing::devnet::Store;

/// What every node of the devnet's tries is: the store has all that its blocks commit to.
const STORED: &str = "the devnet's store has every node";

/// The account after the block of this header, and these slots of its storage.
pub(crate) fn account_proof(
    store: &Store,
    header: &Header,
    address: Address,
    keys: Vec<JsonStorageKey>,
) -> EIP1186AccountProofResponse {
    let path = Path::walk(store, header.state_root, keccak256(address));
    let account = path.account();
    let storage_proof = keys.into_iter().map(|key| {
        let slot = Path::walk(store, account.storage_root, keccak256(key.as_b256()));
        EIP1186StorageProof { key, value: slot.number(), proof: slot.nodes }
    });
    EIP1186AccountProofResponse {
        address,
        balance: account.balance,
        code_hash: account.code_hash,
        nonce: account.nonce,
        storage_hash: account.storage_root,
        storage_proof: storage_proof.collect(),
        account_proof: path.nodes,
    }
}

/// The account after the block of this header; one that is not there is empty.
pub(crate) fn account(store: &Store, header: &Header, address: Address) -> TrieAccount {
    Path::walk(store, header.state_root, keccak256(address)).account()
}

/// A slot of the account's storage.
pub(crate) fn slot(store: &Store, account: &TrieAccount, key: B256) -> U256 {
    Path::walk(store, account.storage_root, keccak256(key)).number()
}

/// The way from a root to where a key is, or would be.
struct Path {
    /// Those that have a hash of their own, from the root on.
    nodes: Vec<Bytes>,
    /// `None`: the trie does not have the key.
    value: Option<Vec<u8>>,
}

impl Path {
    fn walk(store: &Store, root: B256, key: B256) -> Self {
        let mut path = Self { nodes: Vec::new(), value: None };
        if root == EMPTY_ROOT_HASH {
            return path;
        }
        let mut rest = Nibbles::unpack(key);
        let mut node = path.enter(store, root);
        // Each round takes a nibble or ends, so the loop ends.
        loop {
            let child = match TrieNode::decode(&mut &node[..]).expect(STORED) {
                TrieNode::EmptyRoot => return path,
                TrieNode::Leaf(leaf) => {
                    path.value = (leaf.key == rest).then_some(leaf.value);
                    return path;
                }
                TrieNode::Extension(extension) => {
                    if !rest.starts_with(&extension.key) {
                        return path;
                    }
                    rest = rest.slice(extension.key.len()..);
                    extension.child
                }
                TrieNode::Branch(branch) => {
                    let Some(nibble) = rest.first() else { return path };
                    rest = rest.slice(1..);
                    let branch = branch.as_ref();
                    let mut children = branch.children();
                    let child =
                        children.find(|(index, _)| *index == nibble).and_then(|(_, child)| child.cloned());
                    let Some(child) = child else { return path };
                    child
                }
            };
            node = match child.as_hash() {
                Some(hash) => path.enter(store, hash),
                None => child.to_vec().into(),
            };
        }
    }

    fn enter(&mut self, store: &Store, hash: B256) -> Bytes {
        let node = store.keccak(hash).expect(STORED);
        self.nodes.push(node.clone());
        node.clone()
    }

    fn account(&self) -> TrieAccount {
        let empty =
            TrieAccount { code_hash: KECCAK256_EMPTY, storage_root: EMPTY_ROOT_HASH, ..Default::default() };
        self.value.as_ref().map_or(empty, |value| TrieAccount::decode(&mut &value[..]).expect(STORED))
    }

    fn number(&self) -> U256 {
        self.value.as_ref().map_or(U256::ZERO, |value| U256::decode(&mut &value[..]).expect(STORED))
    }
}
