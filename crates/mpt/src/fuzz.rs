//! Fuzz bodies: whatever the bytes, no panic, and no operation that fails changes the root.

use alloc::vec::Vec;

use alloy_primitives::{B256, Bytes, keccak256};

use crate::{Trie, list::list_items};

/// Reads a witness and operations from `data`: the resolver answers with pieces of it that need not hash to anything, and
/// the trie must cope.
pub fn fuzz_trie(data: &[u8]) {
    let Some((&split, data)) = data.split_first() else { return };
    let (witness, operations) = data.split_at(data.len() * usize::from(split) / 255);
    let nodes: Vec<Bytes> = witness.split(|byte| *byte == 0x99).map(Bytes::copy_from_slice).collect();
    // Any hash is some node; one in eight is missing.
    let mut resolver = |hash: B256| match nodes.get(usize::from(hash[31]) % nodes.len()) {
        Some(node) if hash[30] % 8 != 7 => Ok(node.clone()),
        _ => Err(()),
    };
    let mut trie = Trie::from_root(keccak256(witness));
    for operation in operations.chunks(4) {
        let [kind, len, fill, last] = *operation else { break };
        let mut key = [fill; 40];
        let key = &mut key[..usize::from(len) % 34];
        if let Some(byte) = key.last_mut() {
            *byte = last;
        }
        let before = trie.root();
        let failed = match kind % 4 {
            0 => trie.get(key, &mut resolver).is_err(),
            1 => trie.insert(key, Vec::from([last; 40]), &mut resolver).is_err(),
            2 => trie.insert(key, Vec::from([last]), &mut resolver).is_err(),
            _ => trie.remove(key, &mut resolver).is_err(),
        };
        assert!(!failed || trie.root() == before, "a failed operation changed the root");
    }
    let _ = list_items(keccak256(witness), &mut resolver);
}

/// Decodes `data` as the root node of a trie, and if it is one, checks that changing it and changing it back restores its bytes'
/// hash: decoding and encoding agree.
pub fn fuzz_node(data: &[u8]) {
    let node = Bytes::copy_from_slice(data);
    let root = keccak256(data);
    let mut resolver = |hash: B256| if hash == root { Ok(node.clone()) } else { Err(()) };
    for byte in 0..=255 {
        let key = [byte; 2];
        let mut trie = Trie::from_root(root);
        let Ok(old) = trie.get(&key, &mut resolver) else { continue };
        if trie.insert(&key, Vec::from([1; 50]), &mut resolver).is_err() {
            continue;
        }
        let changed = trie.root();
        let restored = match old.clone() {
            Some(old) => trie.insert(&key, old, &mut resolver),
            None => trie.remove(&key, &mut resolver).map(drop),
        };
        if restored.is_ok() {
            assert!(changed != root || old.is_some_and(|old| old[..] == [1; 50]), "the change was not seen");
            assert_eq!(trie.root(), root, "the change was not undone");
        }
    }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "dice are cut to bytes")]
mod tests {
    use super::*;

    /// Pseudo-random and repeatable.
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, bound: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) as usize % bound
        }

        fn byte(&mut self) -> u8 {
            // Bytes that mean something in a node come up more often.
            const TELLING: [u8; 16] = [
                0x80, 0x80, 0x80, 0xa0, 0xc0, 0xc2, 0xd1, 0x00, 0x10, 0x20, 0x30, 0x81, 0xf8, 0xb8, 0x99,
                0xff,
            ];
            if self.below(3) == 0 { self.below(256) as u8 } else { TELLING[self.below(16)] }
        }

        fn bytes(&mut self, len: usize) -> Vec<u8> {
            (0..len).map(|_| self.byte()).collect()
        }
    }

    #[test]
    fn noise() {
        let mut dice = Dice(1);
        for _ in 0..4000 {
            let len = dice.below(300);
            let data = dice.bytes(len);
            fuzz_trie(&data);
            fuzz_node(&data);
        }
    }

    /// Sound nodes with a few bytes changed get further than noise.
    #[test]
    fn flipped_nodes() {
        let mut dice = Dice(2);
        for round in 0..100 {
            let mut nodes = Vec::new();
            for count in [3_usize, 20] {
                let items: Vec<_> =
                    (0..count).map(|n| alloc::vec![n as u8 + 1; 1 + dice.below(50)]).collect();
                nodes.push(sample(&items, round % 2 == 0));
            }
            for node in &nodes {
                fuzz_node(node);
                for _ in 0..10 {
                    let mut flipped = node.clone();
                    for _ in 0..=dice.below(2) {
                        let at = dice.below(flipped.len());
                        flipped[at] = dice.byte();
                    }
                    fuzz_node(&flipped);
                    let operations = dice.bytes(80);
                    fuzz_trie(&[&[128][..], &flipped, &operations].concat());
                }
            }
        }
    }

    /// The root node of a trie with these values, under keys of two bytes.
    fn sample(values: &[Vec<u8>], dense: bool) -> Vec<u8> {
        let mut trie = Trie::new();
        for (n, value) in values.iter().enumerate() {
            let byte = if dense { n as u8 } else { (n * 37) as u8 };
            let _ = trie.insert(&[byte; 2], value.clone(), &mut |_| Err(()));
        }
        trie.encoded_root()
    }
}
