//! Precompiles, as contracts call them.

use super::{Story, chain, signed};
use crate::devnet::{Devnet, config::ForkConfig, contracts as code, keys::Key, l2, traffic::precompile_call};
use alloy_primitives::{B256, Bytes, U256, hex, keccak256};
use sha2::{Digest, Sha256};
use unroll_executor::provider::TrieDBFetcher;
use unroll_mpt::Trie;
use unroll_protocol::forks::Fork;

/// Precompiles with as much input as their fork takes, and with more (I-093 to I-099).
pub(super) fn precompiles(fork: Fork) -> Story {
    let mut devnet = chain(ForkConfig::until(fork), |config| {
        config.traffic.transactions = 0;
        config.l2.gas_limit = 60_000_000;
    });
    let key = Key::new(1_005);
    let at_limits =
        precompile_inputs(fork).into_iter().map(|(which, length)| precompile_call(which, length, &[]));
    let vectors = vectors(fork);
    let last = vectors
        .iter()
        .map(|vector| precompile_call(vector.address, vector.input.len() as u64, &vector.input));
    let calls = at_limits.chain(last).zip(0..);
    // EIP-7825's cap, from Karst.
    let calls: Vec<Bytes> =
        calls.map(|(call, nonce)| signed(&key, &devnet, nonce, code::CALLER, 16_777_216, call)).collect();
    let total = calls.len();
    for calls in calls.chunks(3) {
        devnet.sequence_block(calls.to_vec());
        while devnet.next_time().0 >= devnet.l1.next_time() {
            let batches = devnet.post();
            devnet.mine(&batches);
        }
    }
    let in_blocks: usize = devnet.l2.iter().map(|block| block.batched().count()).sum();
    assert_eq!(in_blocks, total, "every call is in a block");
    let head = devnet.head().header.number;
    devnet.advance_to(head + 1);
    devnet.sync();
    // Each result is remembered; those of the vectors came last.
    for Vector { address, output, .. } in vectors {
        let remembered = U256::from_be_bytes(keccak256(&output).0).wrapping_add(U256::from(1));
        assert_eq!(slot(&devnet, U256::from(address)), remembered, "precompile {address:#x} on {fork}");
    }
    Story::whole(devnet)
}

/// Precompiles and lengths of their input: at the limit of the fork, one item beyond, and a few that are none.
fn precompile_inputs(fork: Fork) -> Vec<(u64, u64)> {
    let mut inputs =
        vec![(1, 128), (2, 10_000), (3, 10_000), (4, 100_000), (5, 96), (6, 128), (7, 96), (9, 213)];
    inputs.extend([(9, 212), (0x0a, 192), (0x0b, 256), (0x100, 160), (0x100, 161)]);
    let pairing = match fork {
        Fork::Karst | Fork::Lagoon => 57_600,
        Fork::Jovian => 81_984,
        _ if fork >= Fork::Granite => 112_512, // the largest number of pairs within 112,687 bytes
        _ => 38_400,
    };
    inputs.extend([(8, pairing), (8, pairing + 192), (8, 191)]);
    if fork >= Fork::Jovian {
        inputs.extend([(0x0c, 288_960), (0x0c, 289_120), (0x0e, 278_784), (0x0e, 279_072)]);
        inputs.extend([(0x0f, 156_672), (0x0f, 157_056)]);
    } else if fork >= Fork::Isthmus {
        inputs.extend([(0x0c, 513_760), (0x0c, 513_920), (0x0e, 488_448), (0x0e, 488_736)]);
        inputs.extend([(0x0f, 235_008), (0x0f, 235_392)]);
    }
    inputs
}

/// A successful call with what it returns.
struct Vector {
    address: u64,
    input: Vec<u8>,
    output: Vec<u8>,
}

/// One call of each precompile that has a short one; on forks that do not have the precompile, an account without code is called,
/// which returns nothing.
fn vectors(fork: Fork) -> Vec<Vector> {
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
    let vector =
        |address, input: &[u8], output: &[u8]| Vector { address, input: input.into(), output: output.into() };
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
