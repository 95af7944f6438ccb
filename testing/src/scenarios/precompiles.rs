//! Precompiles, as contracts call them.

use super::{Story, chain, signed};
use crate::devnet::{Devnet, config::ForkConfig, contracts as code, keys::Key, l2};
use alloy_primitives::{B256, Bytes, U256, hex, keccak256};
use sha2::{Digest, Sha256};
use unroll_executor::provider::TrieDBFetcher;
use unroll_mpt::Trie;
use unroll_protocol::forks::Fork;

/// EIP-7825, from Karst.
const TRANSACTION_CAP: u64 = 16_777_216;
/// What the dearest of the calls at their limits take, and more.
const ENOUGH_GAS: u64 = 40_000_000;
/// Calls in a block.
const PER_BLOCK: usize = 3;

/// Precompiles with as much input as their fork takes, and with more (I-093 to I-099).
pub(super) fn precompiles(fork: Fork) -> Story {
    let gas = if fork >= Fork::Karst { TRANSACTION_CAP } else { ENOUGH_GAS };
    let mut devnet = chain(ForkConfig::until(fork), |config| {
        config.traffic.transactions = 0;
        config.l2.gas_limit = ENOUGH_GAS * PER_BLOCK as u64 + 10_000_000;
    });
    let key = Key::new(1_005);
    let calls: Vec<Called> = at_limits(fork).into_iter().chain(vectors(fork)).collect();
    let transaction =
        |(nonce, call): (u64, &Called)| signed(&key, &devnet, nonce, code::CALLER, gas, call.argument(nonce));
    let transactions: Vec<Bytes> = (0..).zip(&calls).map(transaction).collect();
    for transactions in transactions.chunks(PER_BLOCK) {
        devnet.sequence_block(transactions.to_vec());
        while devnet.next_time().0 >= devnet.l1.next_time() {
            let batches = devnet.post();
            devnet.mine(&batches);
        }
    }
    let in_blocks: usize = devnet.l2.iter().map(|block| block.batched().count()).sum();
    assert_eq!(in_blocks, calls.len(), "every call is in a block");
    let head = devnet.head().header.number;
    devnet.advance_to(head + 1);
    devnet.sync();
    // What came of each call is remembered.
    let result = |output: &[u8], success: u64| {
        U256::from_be_bytes(keccak256(output).0).wrapping_add(U256::from(success))
    };
    for (nonce, Called { address, length, expected, .. }) in (0..).zip(&calls) {
        let remembered = slot(&devnet, place(*address, nonce));
        let right = match expected {
            Expected::Fails => remembered == result(b"", 0),
            Expected::Succeeds => remembered != result(b"", 0),
            Expected::Returns(output) => remembered == result(output, 1),
        };
        assert!(right, "precompile {address:#x} with {length} bytes on {fork}");
    }
    Story::whole(devnet)
}

/// A call of a precompile with what must come of it.
struct Called {
    address: u64,
    /// How it begins; zeros follow.
    input: Vec<u8>,
    length: u64,
    expected: Expected,
}

enum Expected {
    Fails,
    /// Whatever it returns: of zeros.
    Succeeds,
    Returns(Vec<u8>),
}

impl Called {
    /// For the contract that calls.
    fn argument(&self, nonce: u64) -> Bytes {
        let words =
            [place(self.address, nonce), U256::from(self.length)].map(|word| word.to_be_bytes::<32>());
        [&words.concat(), &self.input[..]].concat().into()
    }
}

/// Where the result of a call is remembered: its address, with what is no part of an address before it.
fn place(address: u64, nonce: u64) -> U256 {
    U256::from(address) | (U256::from(nonce + 1) << 160)
}

/// Calls with zeros: as many as the fork takes, one item more, and a few that are none. On forks that do not have the
/// precompile, an account without code is called, which succeeds.
fn at_limits(fork: Fork) -> Vec<Called> {
    let zeros = |(address, length, succeeds)| Called {
        address,
        length,
        input: Vec::new(),
        expected: if succeeds { Expected::Succeeds } else { Expected::Fails },
    };
    let mut calls = vec![
        (1, 128, true),
        (2, 10_000, true),
        (3, 10_000, true),
        (4, 100_000, true),
        (5, 96, true),
        (6, 128, true),
        (7, 96, true),
        (8, 191, false),
        (9, 213, true),
        (9, 212, false),
        (0x0a, 192, fork < Fork::Ecotone),
        (0x0b, 256, true),
        (0x100, 160, true),
        (0x100, 161, true),
    ];
    // I-094, I-096, I-097, in whole pairs; before, gas alone limits it.
    let pairing = match fork {
        Fork::Karst | Fork::Lagoon => 57_600,
        Fork::Jovian => 81_984,
        _ if fork >= Fork::Granite => 112_512,
        _ => 38_400,
    };
    calls.extend([(8, pairing, true), (8, pairing + 192, fork < Fork::Granite)]);
    // I-095, I-096.
    let bls = match fork {
        _ if fork >= Fork::Jovian => [288_960, 278_784, 156_672],
        _ => [513_760, 488_448, 235_008],
    };
    for ((address, item), limit) in [(0x0c, 160), (0x0e, 288), (0x0f, 384)].into_iter().zip(bls) {
        calls.extend([(address, limit, true), (address, limit + item, fork < Fork::Isthmus)]);
    }
    let mut calls: Vec<_> = calls.into_iter().map(zeros).collect();
    // EIP-7823: the length of a base, from Karst.
    for (length, succeeds) in [(1_024_u64, true), (1_025, fork < Fork::Karst)] {
        let input = [length, 1, 1].map(|length| U256::from(length).to_be_bytes::<32>()).concat();
        calls.push(Called { input, ..zeros((5, 96 + length + 2, succeeds)) });
    }
    calls
}

/// One call of each precompile that has a short one; on forks that do not have the precompile, an account without code is called,
/// which returns nothing.
fn vectors(fork: Fork) -> Vec<Called> {
    let word = |number: u64| U256::from(number).to_be_bytes::<32>();
    let infinity = |length: usize| [&[0xc0][..], &vec![0; length - 1]].concat();
    let since = |from: Fork, output: Vec<u8>| if fork >= from { output } else { Vec::new() };
    let modulus = hex!("73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001");
    // The versioned hash of the commitment to the polynomial 0, which is 0 everywhere, with a proof of it (EIP-4844).
    let mut blob = sha256(&infinity(48));
    blob[0] = 1;
    let kzg = [&blob[..], &word(5), &word(0), &infinity(48), &infinity(48)].concat();
    let signature = hex!(
        "456e9aea5e197a1f1af7a3e85a3212fa4049a3ba34c2289b4c860fc0b0c64ef3
         000000000000000000000000000000000000000000000000000000000000001c
         9242685bf161793cc25603c231bc2f568eb630ea16aa137d2664ac8038825608
         4f8ae3bd7535248d0bd448298cc2e2071e56992d0774dc340c368ae950852ada"
    );
    let signer = hex!("0000000000000000000000007156526fbd7a3c72969b54f64e42c10fbb768c8a");
    let doubled = hex!(
        "030644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd3
         15ed738c0e0a7c92e7845f96b2ae9c0a68a6a449e3538fc7ff3ebf7a5a18a2c4"
    );
    let generator = [word(1), word(2)].concat();
    let vector = |address, input: &[u8], output: &[u8]| Called {
        address,
        length: input.len() as u64,
        input: input.into(),
        expected: Expected::Returns(output.into()),
    };
    // RIP-7212's own example, and the same with one bit of the hash changed.
    let p256 = hex!(
        "4cee90eb86eaa050036147a12d49004b6b9c72bd725d39d4785011fe190f0b4d
         a73bd4903f0ce3b639bbbf6e8e80d16931ff4bcf5993d58468e8fb19086e8cac
         36dbcd03009df8c59286b162af3bd7fcc0450c9aa81be5d10d312af6c66b1d60
         4aebd3099c618202fcfe16ae7770b0c49ab5eadf74b754204a3bb6060e44eff3
         7618b065f9832de4ca6ca971a7a1adc826d0f7c00181a5fb2ddf79ae00b4e10e"
    );
    let mut other_hash = p256;
    other_hash[0] ^= 1;
    vec![
        vector(0x01, &signature, &signer),
        vector(0x02, b"", &sha256(b"")),
        vector(0x04, b"as it is", b"as it is"),
        vector(0x05, &[&word(1)[..], &word(1), &word(1), &[8, 9, 10]].concat(), &[8]),
        vector(0x06, &[&generator[..], &generator].concat(), &doubled),
        vector(0x07, &[&generator[..], &word(2)].concat(), &doubled),
        vector(0x08, b"", &word(1)),
        vector(0x0a, &kzg, &since(Fork::Ecotone, [&word(4096)[..], &modulus].concat())),
        vector(0x0b, &[0; 256], &since(Fork::Isthmus, vec![0; 128])),
        vector(0x0d, &[0; 512], &since(Fork::Isthmus, vec![0; 256])),
        vector(0x0f, &[0; 384], &since(Fork::Isthmus, word(1).into())),
        vector(0x100, &p256, &since(Fork::Fjord, word(1).into())),
        vector(0x100, &other_hash, b""),
    ]
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// What the caller has in this slot.
fn slot(devnet: &Devnet, index: U256) -> U256 {
    let (cfg, store) = (devnet.rollup(), &devnet.store);
    let account = l2::account(cfg, store, &devnet.head().header, code::CALLER).expect("it is in genesis");
    let mut storage = Trie::from_root(account.storage_root);
    let mut node = |hash: B256| (&mut &*store).trie_node_preimage(hash);
    let value = storage.get(keccak256(index.to_be_bytes::<32>()).as_slice(), &mut node);
    let value = value.expect("the store lacks nothing").expect("something was remembered");
    alloy_rlp::decode_exact(&value).expect("a number")
}
