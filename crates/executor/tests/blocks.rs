//! Real blocks: each must come out with its real hash.

mod common;

use alloy_consensus::{Transaction, TxEnvelope};
use alloy_eips::eip2718::Decodable2718;
use alloy_primitives::{B256, Bytes, U256, keccak256};
use common::{
    Fixture, Missing, Preimages,
    world::{Chain, L1_BLOCK, World},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
};
use unroll_executor::{
    BlockExecutor, ExecutionError, NoHints, Receipt, StatelessL2BlockExecutor, TrieDBFetcher,
};
use unroll_mpt::Trie;
use unroll_protocol::{forks::Fork, output_root::OutputRoot};

/// I-001 to I-102, H-002: every block of `exec/` has the header that the chain has.
#[test]
fn real_blocks_have_their_hashes() {
    if common::data().is_none() {
        return;
    }
    let names = Fixture::names("exec");
    let mut wrong = Vec::new();
    for name in &names {
        let mut fixture = Fixture::load("exec", name);
        let mut executor = BlockExecutor::new(&fixture.cfg, fixture.parent.clone());
        match executor.execute(&mut fixture.preimages, &fixture.attributes) {
            Ok(block) if block.header.hash() == fixture.expected_hash => {
                assert_eq!(executor.parent(), &block.header);
                if let Some(expected) = &fixture.receipts {
                    assert_eq!(&encoded(&block.receipts), expected, "{name}");
                }
            }
            Ok(block) => {
                wrong.push(format!("{name}: {:#?} instead of {:#?}", block.header, fixture.expected))
            }
            Err(error) => wrong.push(format!("{name}: {error:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(names.len() >= 37, "blocks are missing: {}", names.len());
}

/// The accounts that a block says it changed did change, and are all that changed: put into the state before, they give the root
/// after it.
#[test]
fn changed_accounts_make_the_root() {
    if common::data().is_none() {
        return;
    }
    let mut changed = 0;
    for name in Fixture::names("exec") {
        let Fixture { cfg, parent, attributes, mut preimages, .. } = Fixture::load("exec", &name);
        let (mut before, mut executor) =
            (BlockExecutor::new(&cfg, parent.clone()), BlockExecutor::new(&cfg, parent.clone()));
        let block = executor.execute(&mut preimages, &attributes).expect(&name);
        let mut state = Trie::from_root(parent.state_root).with_key_length(32);
        let mut removed = Vec::new();
        for address in &block.changed {
            let old = before.account(&mut preimages, *address).unwrap();
            let new = executor.account(&mut preimages, *address).unwrap();
            assert_ne!(old, new, "{name}: {address}");
            let key = keccak256(address);
            let Some(account) = new else {
                removed.push(key);
                continue;
            };
            let mut node = |hash| preimages.trie_node_preimage(hash);
            state.insert(key.as_slice(), alloy_rlp::encode(account), &mut node).unwrap();
        }
        for key in removed {
            state.remove(key.as_slice(), &mut |hash| preimages.trie_node_preimage(hash)).unwrap();
        }
        // No node is hashed twice.
        let mut hashed = BTreeSet::new();
        let root = state.commit(|hash, _| assert!(hashed.insert(hash), "{name}: {hash}"));
        assert_eq!(root, block.header.state_root, "{name}");
        changed += block.changed.len();
    }
    assert!(changed > 1_000, "{changed}");
}

/// I-080 to I-083, G-052: blocks of Celo, which hold deposits only and have a base-fee floor before Jovian. That floor is no
/// rule of the OP Stack; all else must be the same.
#[test]
fn celo_blocks_differ_by_their_base_fee_at_most() {
    if common::data().is_none() {
        return;
    }
    let names = Fixture::names("exec-celo");
    for name in &names {
        let mut fixture = Fixture::load("exec-celo", name);
        let mut executor = BlockExecutor::new(&fixture.cfg, fixture.parent.clone());
        let block = executor.execute(&mut fixture.preimages, &fixture.attributes).expect(name);
        let mut header = block.header.into_inner();
        let jovian = fixture.cfg.forks.time(Fork::Jovian).is_some_and(|time| time <= header.timestamp);
        if !jovian {
            header.base_fee_per_gas = header.base_fee_per_gas.max(Some(25_000_000_000));
        }
        assert_eq!(header, fixture.expected, "{name}");
        assert_eq!(header.hash_slow(), fixture.expected_hash, "{name}");
    }
    assert!(names.len() >= 6, "blocks are missing: {}", names.len());
}

/// One executor carries its state from block to block: what a block wrote, no provider needs to have.
#[test]
fn ranges_run_in_one_executor() {
    let ranges: [(&str, std::ops::RangeInclusive<u64>); 3] = [
        ("op-mainnet", 109_279_675..=109_279_684),
        ("op-sepolia", 26_207_960..=26_207_963),
        ("op-sepolia", 22_884_230..=22_884_231),
    ];
    if common::data().is_none() {
        return;
    }
    for (chain, numbers) in ranges {
        let fixtures: Vec<_> = numbers.map(|n| Fixture::load("exec", &format!("{chain}-{n}"))).collect();
        let mut executor = BlockExecutor::new(&fixtures[0].cfg, fixtures[0].parent.clone());
        // The witnesses of the later blocks hold what the earlier ones wrote. It is taken away once it is written.
        let (mut provider, mut withheld) = (fixtures[0].preimages.clone(), 0);
        for fixture in &fixtures {
            provider.by_hash.extend(fixture.preimages.by_hash.clone());
        }
        for fixture in &fixtures {
            let block = executor.execute(&mut provider, &fixture.attributes).expect(&fixture.name);
            assert_eq!(block.header.hash(), fixture.expected_hash, "{}", fixture.name);
            let asked: BTreeSet<B256> = provider.asked.iter().copied().collect();
            let written = executor.known_state().map(keccak256).filter(|hash| !asked.contains(hash));
            withheld += written.filter(|hash| provider.by_hash.remove(hash).is_some()).count();
        }
        assert!(withheld > 50, "{chain}: {withheld} nodes of one block were in the witness of a later one");
        // Only what is the same in two tries, as in clones of a contract, is asked for twice.
        let mut distinct = provider.asked.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert!(
            distinct.len() * 100 >= provider.asked.len() * 98,
            "{} of {}",
            distinct.len(),
            provider.asked.len()
        );
    }
}

/// H-016, H-017: whatever preimage is missing, the error is the provider's, and the same executor succeeds once it is there.
#[test]
fn a_missing_preimage_is_never_a_verdict() {
    if common::data().is_none() {
        return;
    }
    for name in ["unichain-mainnet-10215000", "op-sepolia-22880574", "op-sepolia-26207960"] {
        let mut fixture = Fixture::load("exec", name);
        let mut executor = BlockExecutor::new(&fixture.cfg, fixture.parent.clone());
        executor.execute(&mut fixture.preimages, &fixture.attributes).expect(name);
        let asked: Vec<B256> = std::mem::take(&mut fixture.preimages.asked);
        assert!(asked.len() > 100, "{name} reads {}", asked.len());
        let mut executor = BlockExecutor::new(&fixture.cfg, fixture.parent.clone());
        for hash in asked {
            let mut fresh = BlockExecutor::new(&fixture.cfg, fixture.parent.clone());
            let value = fixture.preimages.by_hash.remove(&hash).expect("was asked for");
            match fresh.execute(&mut fixture.preimages, &fixture.attributes) {
                Err(ExecutionError::Provider(Missing(missing))) => assert_eq!(missing, hash),
                other => panic!("{name} without {hash}: {other:?}"),
            }
            assert_eq!(fresh.parent(), &fixture.parent);
            // The one that failed at every preimage before has all of them by now.
            match executor.execute(&mut fixture.preimages, &fixture.attributes) {
                Err(ExecutionError::Provider(Missing(missing))) => assert_eq!(missing, hash),
                other => panic!("{name} without {hash}: {other:?}"),
            }
            fixture.preimages.by_hash.insert(hash, value);
            let block = fresh.execute(&mut fixture.preimages, &fixture.attributes).expect(name);
            assert_eq!(block.header.hash(), fixture.expected_hash);
        }
        let block = executor.execute(&mut fixture.preimages, &fixture.attributes).expect(name);
        assert_eq!(block.header.hash(), fixture.expected_hash);
    }
}

/// Blocks that read more preimages than that are not executed without each of them, as it would take minutes.
const MOST_PREIMAGES: usize = 700;

/// H-017: the same for every block: at each preimage that it reads, or at some if it reads many.
#[test]
fn no_block_has_a_verdict_without_its_preimages() {
    if common::data().is_none() {
        return;
    }
    let sets = ["exec", "exec-celo"];
    let all: Vec<_> =
        sets.iter().flat_map(|set| Fixture::names(set).into_iter().map(move |name| (set, name))).collect();
    let (next, complete) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some((set, name)) = all.get(next.fetch_add(1, Relaxed)) {
                    let is_complete = fails_without_preimages(set, name);
                    complete.fetch_add(is_complete.into(), Relaxed);
                }
            });
        }
    });
    let complete = complete.into_inner();
    assert!(complete >= 15, "{complete} of {} blocks without each of their preimages", all.len());
}

/// Whether the block was executed without each of the preimages that it reads, and not only without some.
fn fails_without_preimages(set: &str, name: &str) -> bool {
    let mut fixture = Fixture::load(set, name);
    let run = |preimages: &mut Preimages| {
        BlockExecutor::new(&fixture.cfg, fixture.parent.clone()).execute(preimages, &fixture.attributes)
    };
    run(&mut fixture.preimages).expect(name);
    let mut asked = std::mem::take(&mut fixture.preimages.asked);
    asked.sort_unstable();
    asked.dedup();
    let is_complete = asked.len() <= MOST_PREIMAGES;
    let step = if is_complete { 1 } else { asked.len().div_ceil(6) };
    for hash in asked.iter().step_by(step) {
        let value = fixture.preimages.by_hash.remove(hash).expect("was asked for");
        match run(&mut fixture.preimages) {
            Err(ExecutionError::Provider(Missing(missing))) => assert_eq!(missing, *hash, "{name}"),
            other => unreachable!("{name} without {hash}: {other:?}"),
        }
        fixture.preimages.by_hash.insert(*hash, value);
    }
    is_complete
}

/// J-001, J-002: the output after a block, from the state, with the providers owned.
#[test]
fn output_root_is_read_from_the_state() {
    if common::data().is_none() {
        return;
    }
    // Isthmus or later: the header says the same.
    let fixture = Fixture::load("exec", "base-sepolia-37312300");
    let hints = NoHints::new();
    let mut executor = StatelessL2BlockExecutor::builder(&fixture.cfg, fixture.preimages, hints)
        .with_parent_header(fixture.parent)
        .build();
    executor.execute_payload(&fixture.attributes).expect("a real block");
    let expected = OutputRoot {
        state_root: fixture.expected.state_root,
        message_passer_storage_root: fixture.expected.withdrawals_root.expect("Isthmus"),
        block_hash: fixture.expected_hash,
    };
    assert_eq!(executor.compute_output_root().expect("is known"), expected);
}

/// I-043, I-070, I-071: the footprint of a real Jovian block, from its transactions, on a chain made up for it: its senders have
/// what they need, and its L1 info says the scalar.
#[test]
fn a_real_block_has_its_footprint() {
    let Some(data) = common::data() else { return };
    let json = common::unzip(&data.join("attributes/base-sepolia-37312300.json.zst"));
    let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
    let header = common::header(&json["l2_parent_header_rlp"]);
    let transactions = json["l2_parent_transactions"].as_array().expect("list");
    let transactions: Vec<Bytes> = transactions.iter().map(common::bytes).collect();
    // The calldata ends with it, and the deposit with the calldata.
    let scalar = u16::from_be_bytes(*transactions[0].last_chunk().expect("an L1 info"));
    let mut world = World::default().with_slot(L1_BLOCK, 8, U256::from(scalar) << 96);
    let mut nonces = BTreeMap::new();
    for bytes in &transactions[1..] {
        let tx = TxEnvelope::decode_2718_exact(bytes).expect("a transaction");
        let sender = tx.signature().recover_address_from_prehash(&tx.signature_hash()).expect("a signer");
        let first = nonces.entry(sender).or_insert(tx.nonce());
        *first = tx.nonce().min(*first);
    }
    for (sender, nonce) in nonces {
        world.actor(sender).nonce = nonce;
        world.actor(sender).balance = U256::from(u128::MAX);
    }
    let mut chain = Chain::at(Fork::Jovian, &world);
    chain.cfg.l2_chain_id = 84_532;
    let mut attributes = chain.attributes(&transactions[1..]);
    attributes.gas_limit = Some(header.gas_limit);
    let block = chain.executor().execute(&mut chain.provider.clone(), &attributes).expect("valid");
    assert_eq!(header.blob_gas_used, Some(0x1f_4ad8));
    assert_eq!(block.header.blob_gas_used, header.blob_gas_used);
}

fn encoded(receipts: &[Receipt]) -> Vec<Bytes> {
    let encode = |receipt: &Receipt| {
        let mut out = Vec::new();
        receipt.encode_2718(&mut out);
        out.into()
    };
    receipts.iter().map(encode).collect()
}
