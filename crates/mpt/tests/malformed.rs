//! Every kind of malformed node is a typed error that names the node, whether it is found at the root, under a branch, inlined,
//! as a sibling, or in a list; and the trie stays what it was.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]
#![allow(clippy::needless_pass_by_value, reason = "results are checked where they arise")]

mod common;

use alloy_primitives::{B256, keccak256};
use common::{Recorder, Store, hex_prefix, list, string};
use unroll_mpt::{NodeFault, Trie, TrieError, list::list_items};

const EXTENSION: u8 = 0;
const LEAF: u8 = 2;
/// A 32-byte key of zero nibbles.
const KEY: [u8; 32] = [0; 32];

fn hash_ref(byte: u8) -> Vec<u8> {
    string(&[byte; 32])
}

/// A branch with these children, as encoded references.
fn branch(children: &[(usize, Vec<u8>)], value: &[u8]) -> Vec<u8> {
    let mut items = vec![vec![0x80]; 17];
    for (index, child) in children {
        items[*index].clone_from(child);
    }
    items[16] = string(value);
    list(&items)
}

fn short(path: &[u8], flag: u8, content: Vec<u8>) -> Vec<u8> {
    list(&[string(&hex_prefix(path, flag)), content])
}

/// Malformed nodes of at least 32 bytes, that are wrong wherever they are.
fn malformed() -> Vec<(Vec<u8>, NodeFault)> {
    use alloy_rlp::Error;
    let long = string(&[7; 40]);
    let good = short(&[0; 4], LEAF, long.clone());
    let trailing = [&good[..], &[0]].concat();
    let mut wrong_count = vec![hash_ref(1); 16];
    let mut all = vec![
        (string(&good), NodeFault::NotAList),
        (trailing, NodeFault::TrailingBytes),
        (good[..good.len() - 1].to_vec(), NodeFault::Rlp(Error::InputTooShort)),
        (list(std::slice::from_ref(&long)), NodeFault::ItemCount(1)),
        (list(&[long.clone(), long.clone(), long.clone()]), NodeFault::ItemCount(3)),
        (list(&wrong_count), NodeFault::ItemCount(16)),
        (list(&[list(&[]), long.clone()]), NodeFault::PathIsList),
        (list(&[string(&[]), long.clone()]), NodeFault::PathWithoutFlag),
        (list(&[string(&[0x40, 0]), long.clone()]), NodeFault::PathFlag(4)),
        (list(&[string(&[0xf0, 0]), long.clone()]), NodeFault::PathFlag(15)),
        (list(&[string(&[0x25, 0]), long.clone()]), NodeFault::PathPadding(5)),
        (list(&[string(&[0x01, 0]), hash_ref(1)]), NodeFault::PathPadding(1)),
        (short(&[0; 65], LEAF, long.clone()), NodeFault::PathTooLong),
        (short(&[0; 66], LEAF, long.clone()), NodeFault::PathTooLong),
        (short(&[0; 64], EXTENSION, hash_ref(1)), NodeFault::PathTooLong),
        (short(&[0; 4], LEAF, list(std::slice::from_ref(&long))), NodeFault::ValueIsList),
        (short(&[0; 64], LEAF, string(&[])), NodeFault::ValueEmpty),
        (short(&[], EXTENSION, hash_ref(1)), NodeFault::ExtensionWithoutPath),
        (short(&[0; 62], EXTENSION, string(&[])), NodeFault::ExtensionWithoutChild),
        (short(&[0; 4], EXTENSION, string(&[1; 31])), NodeFault::ChildLength(31)),
        (short(&[0; 4], EXTENSION, string(&[1; 33])), NodeFault::ChildLength(33)),
        (short(&[0; 4], EXTENSION, list(&[string(&[1; 31])])), NodeFault::InlineTooLong(33)),
        (branch(&[], &[9; 40]), NodeFault::BranchTooSmall(1)),
        (branch(&[(3, hash_ref(1))], &[]), NodeFault::BranchTooSmall(1)),
        (branch(&[(0, vec![1]), (1, hash_ref(1))], &[]), NodeFault::ChildLength(1)),
        (branch(&[(0, string(&[1; 20])), (1, hash_ref(1))], &[]), NodeFault::ChildLength(20)),
        (branch(&[(0, list(&[string(&[1; 30])])), (1, hash_ref(1))], &[]), NodeFault::InlineTooLong(32)),
        // 5 in two bytes; 40 with a zero before it; 10 in the long form.
        (list(&[vec![0x81, 0x20], long.clone()]), NodeFault::Rlp(Error::NonCanonicalSingleByte)),
        (list(&[vec![0x20], [&[0xb9, 0, 40], &[7; 40][..]].concat()]), NodeFault::Rlp(Error::LeadingZero)),
        (list(&[vec![0x20], [&[0xb8, 35], &[7; 35][..]].concat()]), NodeFault::Rlp(Error::NonCanonicalSize)),
        // A child that promises more than its branch holds.
        ([&[0xe1][..], &[0x80; 32], &[0xa0]].concat(), NodeFault::ItemCount(18)),
        (
            [&[0xd1 + 16][..], &[0x80; 16], &[0xb0, 1], &[0x80; 15]].concat(),
            NodeFault::Rlp(Error::InputTooShort),
        ),
        (vec![0xff; 40], NodeFault::Rlp(Error::InputTooShort)),
    ];
    wrong_count.extend([hash_ref(1), hash_ref(1)]);
    all.push((list(&wrong_count), NodeFault::ItemCount(18)));
    wrong_count.pop();
    wrong_count[16] = list(&[string(&[1; 40])]);
    all.push((list(&wrong_count), NodeFault::ValueIsList));
    all
}

/// A leaf of which no nibble is left out, so that it can stand anywhere at an even depth.
fn sound_leaf(depth: usize) -> Vec<u8> {
    short(&vec![0; 64 - depth], LEAF, string(&[7; 40]))
}

fn expect<T: std::fmt::Debug + PartialEq>(
    result: Result<T, TrieError<common::Missing>>,
    hash: B256,
    what: NodeFault,
) {
    assert_eq!(result, Err(TrieError::Malformed { hash, what }));
}

fn store(nodes: &[&[u8]]) -> Store {
    nodes.iter().map(|node| (keccak256(node), node.to_vec().into())).collect()
}

/// All three operations refuse the node, and none of them changes the root.
fn refuse(nodes: &[&[u8]], root: &[u8], hash: B256, what: NodeFault) {
    let store = store(nodes);
    let root = keccak256(root);
    let mut trie = Trie::from_root(root);
    expect(trie.get(&KEY, &mut Recorder::new(&store)), hash, what);
    expect(trie.insert(&KEY, vec![1], &mut Recorder::new(&store)), hash, what);
    expect(trie.remove(&KEY, &mut Recorder::new(&store)), hash, what);
    assert_eq!(trie.root(), root);
}

#[test]
fn at_the_root() {
    for (node, what) in malformed() {
        refuse(&[&node], &node, keccak256(&node), what);
        expect(list_items(keccak256(&node), &mut Recorder::new(&store(&[&node]))), keccak256(&node), what);
    }
}

#[test]
fn below_a_branch() {
    for (node, what) in malformed() {
        if node.len() < 32 {
            continue;
        }
        let parent = branch(&[(0, string(keccak256(&node).as_slice())), (1, hash_ref(1))], &[]);
        refuse(&[&parent, &node], &parent, keccak256(&node), what);
        expect(
            list_items(keccak256(&parent), &mut Recorder::new(&store(&[&parent, &node]))),
            keccak256(&node),
            what,
        );
    }
}

/// The error names the node that has a hash.
#[test]
fn inlined() {
    for (node, what) in [
        (list(&[]), NodeFault::ItemCount(0)),
        (list(&[vec![0x20]]), NodeFault::ItemCount(1)),
        (list(&[vec![0x50], vec![1]]), NodeFault::PathFlag(5)),
        (list(&[vec![0x20], vec![0x80]]), NodeFault::ValueEmpty),
        (list(&[vec![0x20], vec![0xc0]]), NodeFault::ValueIsList),
        (list(&[vec![0x00], vec![0xc0]]), NodeFault::ExtensionWithoutPath),
        (list(&vec![vec![0x80]; 17]), NodeFault::BranchTooSmall(0)),
        (vec![0xc2, 0x81, 0x20], NodeFault::Rlp(alloy_rlp::Error::NonCanonicalSingleByte)),
        (vec![0xc2, 0x20, 0x85], NodeFault::Rlp(alloy_rlp::Error::InputTooShort)),
    ] {
        let parent = branch(&[(0, node), (1, hash_ref(1))], &[]);
        refuse(&[&parent], &parent, keccak256(&parent), what);
    }
}

/// The sibling that a removal needs is checked before anything is removed.
#[test]
fn as_the_last_sibling() {
    for (node, what) in malformed() {
        if node.len() < 32 {
            continue;
        }
        let leaf = sound_leaf(1);
        let child = |node: &[u8]| string(keccak256(node).as_slice());
        let root = branch(&[(0, child(&leaf)), (1, child(&node))], &[]);
        let store = store(&[&root, &leaf, &node]);
        let mut trie = Trie::from_root(keccak256(&root));
        let mut recorder = Recorder::new(&store);
        expect(trie.remove(&KEY, &mut recorder), keccak256(&node), what);
        assert_eq!(trie.get(&KEY, &mut recorder).unwrap().unwrap().to_vec(), [7; 40]);
        assert_eq!(trie.root(), keccak256(&root));
    }
}

/// What is wrong only because of where it is.
#[test]
fn out_of_place() {
    let child = |node: &[u8]| string(keccak256(node).as_slice());
    let two = |node: &[u8]| branch(&[(0, child(node)), (1, hash_ref(1))], &[]);

    let leaf = sound_leaf(4);
    let over_leaf = short(&[0; 4], EXTENSION, child(&leaf));
    refuse(&[&over_leaf, &leaf], &over_leaf, keccak256(&leaf), NodeFault::ExtensionToNonBranch);
    let over_extension = short(&[0; 4], EXTENSION, child(&over_leaf));
    let nodes = [&over_extension[..], &over_leaf];
    refuse(&nodes, &over_extension, keccak256(&over_leaf), NodeFault::ExtensionToNonBranch);
    let inline = short(&[0; 4], EXTENSION, short(&[0; 4], LEAF, vec![1]));
    refuse(&[&inline], &inline, keccak256(&inline), NodeFault::ExtensionToNonBranch);

    let tiny = short(&[0; 3], LEAF, vec![1]);
    let parent = two(&tiny);
    refuse(&[&parent, &tiny], &parent, keccak256(&tiny), NodeFault::HashedTooShort(tiny.len()));

    // Values in the middle of a byte, and one nibble too deep.
    let odd = short(&[0; 4], LEAF, string(&[7; 40]));
    let parent = two(&odd);
    refuse(&[&parent, &odd], &parent, keccak256(&odd), NodeFault::ValueDepth(5));
    let odd = branch(&[(0, hash_ref(1))], &[1]);
    let parent = two(&odd);
    refuse(&[&parent, &odd], &parent, keccak256(&odd), NodeFault::ValueDepth(1));
    let deep = short(&[0; 64], LEAF, string(&[7; 40]));
    let parent = two(&deep);
    refuse(&[&parent, &deep], &parent, keccak256(&deep), NodeFault::PathTooLong);
    let deep = short(&[0; 63], EXTENSION, hash_ref(1));
    let parent = two(&deep);
    refuse(&[&parent, &deep], &parent, keccak256(&deep), NodeFault::PathTooLong);
}

/// With the key length declared, values belong at the end of whole keys.
#[test]
fn at_another_depth_than_declared() {
    let check = |node: &[u8], what: Option<NodeFault>| {
        let store = store(&[node]);
        let mut free = Trie::from_root(keccak256(node));
        assert_eq!(free.get(&KEY, &mut Recorder::new(&store)).map(drop), Ok(()));
        let mut fixed = free.clone().with_key_length(32);
        assert_eq!(
            fixed.get(&KEY, &mut Recorder::new(&store)).map(drop),
            Ok(()),
            "it was checked when opened"
        );
        fixed = Trie::from_root(keccak256(node)).with_key_length(32);
        let found = fixed.get(&KEY, &mut Recorder::new(&store)).map(drop);
        match what {
            Some(what) => expect(found, keccak256(node), what),
            None => assert_eq!(found, Ok(())),
        }
    };
    check(&sound_leaf(0), None);
    check(&sound_leaf(2), Some(NodeFault::ValueDepth(62)));
    check(&branch(&[(1, hash_ref(1)), (2, hash_ref(2))], &[1]), Some(NodeFault::ValueDepth(0)));
}

/// A resolver that answers with the same branch for ever: the path ends where keys do.
#[test]
fn a_cycle_ends() {
    let node = branch(&[(0, hash_ref(1)), (1, hash_ref(1))], &[]);
    let mut asked = 0;
    let mut endless = |_: B256| {
        asked += 1;
        Ok::<_, common::Missing>(node.clone().into())
    };
    let mut trie = Trie::from_root(B256::repeat_byte(1));
    assert_eq!(
        trie.get(&KEY, &mut endless),
        Err(TrieError::Malformed { hash: B256::repeat_byte(1), what: NodeFault::PathTooLong })
    );
    assert_eq!(asked, 65);
    expect(
        list_items(B256::repeat_byte(1), &mut |_| Ok(node.clone().into())),
        B256::repeat_byte(1),
        NodeFault::PathTooLong,
    );
}
