//! Real state, transactions and receipts of OP Stack chains.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod common;

use std::path::{Path, PathBuf};

use alloy_primitives::{B256, Bytes, U256, hex, keccak256};
use alloy_rlp::{Decodable, Header};
use alloy_trie::{Nibbles, nodes::TrieNode};
use common::{Missing, Recorder, Store};
use serde_json::Value;
use unroll_mpt::{EMPTY_ROOT_HASH, Trie, TrieError, list::ordered_root};

fn read(path: &Path) -> Vec<u8> {
    zstd::decode_all(std::fs::File::open(path).unwrap()).unwrap()
}

fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&read(path)).unwrap()
}

/// `[key: 32][len: u32 little-endian][value]`, repeated.
fn preimages(path: &Path) -> Store {
    let mut bytes = Bytes::from(read(path));
    let mut store = Store::new();
    while !bytes.is_empty() {
        let key = B256::from_slice(&bytes.split_to(32));
        let len = u32::from_le_bytes(bytes.split_to(4)[..].try_into().unwrap());
        let value = bytes.split_to(len as usize);
        assert_eq!(keccak256(&value), key);
        store.insert(key, value);
    }
    store
}

fn exec_files(data: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = ["exec", "exec-celo"]
        .iter()
        .flat_map(|dir| std::fs::read_dir(data.join(dir)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().ends_with(".json.zst"))
        .collect();
    files.sort();
    files
}

fn bytes(json: &Value) -> Vec<u8> {
    hex::decode(json.as_str().unwrap()).unwrap()
}

/// The strings of a list: of a header, or of an account.
fn fields(mut rlp: &[u8]) -> Vec<Vec<u8>> {
    let mut list = Header::decode_bytes(&mut rlp, true).unwrap();
    let mut fields = Vec::new();
    while !list.is_empty() {
        fields.push(Header::decode_bytes(&mut list, false).unwrap().to_vec());
    }
    fields
}

/// All leaves that can be reached with alloy's decoder; what the witness does not hold is left out.
fn leaves(store: &Store, node: &[u8], path: Nibbles, nodes: &mut usize, out: &mut Vec<(Vec<u8>, Vec<u8>)>) {
    *nodes += 1;
    let mut follow = |reference: &alloy_trie::nodes::RlpNode, path| match reference.as_hash() {
        Some(hash) => {
            if let Some(node) = store.get(&hash) {
                leaves(store, node, path, nodes, out);
            }
        }
        None => leaves(store, reference, path, nodes, out),
    };
    match TrieNode::decode(&mut &node[..]).unwrap() {
        TrieNode::EmptyRoot => {}
        TrieNode::Leaf(leaf) => out.push((path.join(&leaf.key).pack().to_vec(), leaf.value)),
        TrieNode::Extension(extension) => follow(&extension.child, path.join(&extension.key)),
        TrieNode::Branch(branch) => {
            for (nibble, reference) in branch.as_ref().children() {
                if let Some(reference) = reference {
                    let mut path = path;
                    path.push(nibble);
                    follow(reference, path);
                }
            }
        }
    }
}

/// Reads, changes, restores and removes whatever the witness holds of a trie; returns its leaves.
fn exercise(store: &Store, root: B256) -> Vec<(Vec<u8>, Vec<u8>)> {
    let (mut found, mut nodes) = (Vec::new(), 0);
    if root == EMPTY_ROOT_HASH || !store.contains_key(&root) {
        return found;
    }
    leaves(store, &store[&root], Nibbles::new(), &mut nodes, &mut found);
    let mut recorder = Recorder::new(store);
    let mut trie = Trie::from_root(root).with_key_length(32);
    for (key, value) in &found {
        assert_eq!(trie.get(key, &mut recorder).unwrap().unwrap().to_vec(), *value);
    }
    assert_eq!(recorder.again, 0);
    assert!(recorder.asked.len() <= nodes);
    assert_eq!(trie.root(), root);

    for (key, value) in &found {
        trie.insert(key, [&value[..], &[1]].concat(), &mut recorder).unwrap();
    }
    assert_eq!(trie.root() == root, found.is_empty());
    for (key, value) in &found {
        trie.insert(key, value.clone(), &mut recorder).unwrap();
    }
    assert_eq!(trie.root(), root);

    let mut removed = Vec::new();
    for (key, value) in &found {
        match trie.remove(key, &mut recorder) {
            Ok(was_there) => {
                assert!(was_there);
                removed.push((key, value));
            }
            Err(TrieError::Resolver(Missing(_))) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(trie.root() == root, removed.is_empty());
    for (key, value) in removed {
        trie.insert(key, value.clone(), &mut recorder).unwrap();
    }
    assert_eq!(trie.root(), root);
    found
}

#[test]
fn state_and_storage() {
    let Some(data) = common::data() else { return };
    let (mut accounts, mut slots) = (0, 0);
    for file in exec_files(&data) {
        let json = read_json(&file);
        let store = preimages(Path::new(&file.to_str().unwrap().replace(".json.zst", ".preimages.zst")));
        let root = B256::from_slice(&fields(&bytes(&json["parent_header_rlp"]))[3]);
        let found = exercise(&store, root);
        assert!(!found.is_empty(), "{file:?}");
        accounts += found.len();
        for (_, account) in found {
            slots += exercise(&store, B256::from_slice(&fields(&account)[2])).len();
        }
    }
    println!("{accounts} accounts, {slots} slots");
    assert!(accounts > 1000 && slots > 1000);
}

#[test]
fn transactions_roots() {
    let Some(data) = common::data() else { return };
    for file in exec_files(&data) {
        let json = read_json(&file);
        let root = &fields(&bytes(&json["expected_header_rlp"]))[4];
        let transactions: Vec<Vec<u8>> =
            json["payload_attributes"]["transactions"].as_array().unwrap().iter().map(bytes).collect();
        assert_eq!(ordered_root(&transactions).to_vec(), *root, "{file:?}");
    }
}

#[test]
fn receipts_root() {
    let Some(data) = common::data() else { return };
    let json = read_json(&data.join("receipts/base-mainnet-42969982.json.zst"));
    let receipts: Vec<Vec<u8>> = json["receipts"].as_array().unwrap().iter().map(bytes).collect();
    assert_eq!(receipts.len(), 202);
    assert_eq!(ordered_root(&receipts).to_string(), json["receipts_root"]);
}

/// Real blocks of L1, of Ethereum and of Sepolia: headers have their hashes and follow one another, and the
/// transactions and receipts that are there have the headers' roots. Withdrawals are not there.
#[test]
fn lists_of_l1() {
    let Some(data) = common::data() else { return };
    for (folder, expected) in
        [("op-mainnet-regolith-109279584", [14, 14, 3]), ("op-sepolia-granite-16491249", [81, 58, 57])]
    {
        let file = read(&data.join("derivation").join(folder).join("l1-blocks.jsonl.zst"));
        let (mut counts, mut parent) = ([0; 3], None);
        for line in file.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            let block: Value = serde_json::from_slice(line).unwrap();
            let rlp = bytes(&block["header_rlp"]);
            let (hash, header) = (keccak256(&rlp), fields(&rlp));
            assert_eq!(hash[..], bytes(&block["hash"]));
            assert!(
                parent.is_none_or(|parent: B256| parent[..] == header[0]),
                "parent of {}",
                block["number"]
            );
            parent = Some(hash);
            counts[0] += 1;
            for (place, name) in [(1, "transactions"), (2, "receipts")] {
                let Some(items) = block[name].as_array() else { continue };
                let items: Vec<_> = items.iter().map(bytes).collect();
                // The root of transactions is the header's fifth field, that of receipts the sixth.
                assert_eq!(ordered_root(&items)[..], header[3 + place], "{name} of {}", block["number"]);
                counts[place] += 1;
            }
        }
        assert_eq!(counts, expected, "headers, lists of transactions, lists of receipts of {folder}");
    }
}

/// The receipts of an L1 origin of Base Sepolia have the root of its header, which has its hash; the transactions of
/// the L2 parent too.
#[test]
fn lists_of_an_origin() {
    let Some(data) = common::data() else { return };
    let json = read_json(&data.join("attributes/base-sepolia-37312300.json.zst"));
    let origin = bytes(&json["l1_origin_header_rlp"]);
    assert_eq!(keccak256(&origin)[..], bytes(&json["l1_origin_hash"]));
    let parent = bytes(&json["l2_parent_header_rlp"]);
    for (name, header, index) in [("l1_receipts", origin, 5), ("l2_parent_transactions", parent, 4)] {
        let items: Vec<_> = json[name].as_array().unwrap().iter().map(bytes).collect();
        assert_eq!(ordered_root(&items)[..], fields(&header)[index], "{name}");
    }
}

/// EIP-2935: proofs of OP Mainnet from a header to the history contract, and from its storage to the hash of an older block.
/// Each node of a proof is needed.
#[test]
fn proofs_lead_to_old_block_hashes() {
    let Some(data) = common::data() else { return };
    let mut steps = 0;
    for chain in read_json(&data.join("headers/op-mainnet-jovian-eip2935.json.zst")).as_array().unwrap() {
        let contract = keccak256(bytes(&chain["history_contract"]));
        for step in chain["steps"].as_array().unwrap() {
            let proofs = ["account_proof", "storage_proof"].map(|name| step[name].as_array().unwrap());
            let mut store: Store = proofs
                .into_iter()
                .flatten()
                .map(|node| (keccak256(bytes(node)), Bytes::from(bytes(node))))
                .collect();
            let state_root = B256::from_slice(&fields(&bytes(&step["from_header_rlp"]))[3]);
            let slot = keccak256(B256::from(U256::from(step["slot"].as_u64().unwrap())));
            let old = old_hash(&store, state_root, contract, slot).unwrap();
            assert_eq!(old, Some(step["resolved_hash"].as_str().unwrap().parse().unwrap()));
            assert_eq!(old, Some(keccak256(bytes(&step["resolved_header_rlp"]))));
            for hash in store.keys().copied().collect::<Vec<_>>() {
                let node = store.remove(&hash).unwrap();
                match old_hash(&store, state_root, contract, slot) {
                    Err(TrieError::Resolver(Missing(missing))) => assert_eq!(missing, hash),
                    other => panic!("without {hash}: {other:?}"),
                }
                store.insert(hash, node);
            }
            steps += 1;
        }
    }
    assert_eq!(steps, 3);
}

/// What the contract has in a slot, a block hash, below a state root.
fn old_hash(
    store: &Store,
    state_root: B256,
    contract: B256,
    slot: B256,
) -> Result<Option<B256>, TrieError<Missing>> {
    let mut recorder = Recorder::new(store);
    let mut accounts = Trie::from_root(state_root).with_key_length(32);
    let account = accounts.get(contract.as_slice(), &mut recorder)?.unwrap();
    let mut storage = Trie::from_root(B256::from_slice(&fields(&account)[2])).with_key_length(32);
    let value = storage.get(slot.as_slice(), &mut recorder)?;
    assert_eq!(recorder.again, 0);
    Ok(value.map(|value| B256::decode(&mut &value[..]).unwrap()))
}

/// Blocks of OP Sepolia that span batches are compared with: header hashes, transactions, and the blocks that follow
/// one another.
#[test]
fn lists_of_op_sepolia() {
    let Some(data) = common::data() else { return };
    let path = data.join("derivation/op-sepolia-granite-16491249/known-l2-blocks.json");
    let blocks: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    for block in blocks.as_array().unwrap() {
        let header = bytes(&block["header_rlp"]);
        assert_eq!(keccak256(&header)[..], bytes(&block["hash"]));
        let items: Vec<_> = block["transactions"].as_array().unwrap().iter().map(bytes).collect();
        assert_eq!(ordered_root(&items)[..], fields(&header)[4], "{}", block["number"]);
    }
    assert_eq!(blocks.as_array().unwrap().len(), 7);
}

/// Blocks of OP Goerli before Regolith: transactions and receipts have the roots of the header, and the header its hash.
#[test]
fn lists_of_op_goerli() {
    let Some(data) = common::data() else { return };
    let file = std::fs::read(data.join("blocks/op-goerli-bedrock.json")).unwrap();
    let blocks: Value = serde_json::from_slice(&file).unwrap();
    let mut lists = 0;
    for block in blocks.as_array().unwrap() {
        let header = bytes(&block["header_rlp"]);
        assert_eq!(hex::encode_prefixed(keccak256(&header)), block["hash"].as_str().unwrap());
        let header = fields(&header);
        for (name, index) in [("transactions", 4), ("receipts", 5)] {
            let Some(items) = block[name].as_array() else { continue };
            let items: Vec<_> = items.iter().map(bytes).collect();
            assert_eq!(ordered_root(&items)[..], header[index], "{name} of {}", block["block_number"]);
            lists += 1;
        }
    }
    assert_eq!(lists, 3);
}
