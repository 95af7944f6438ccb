//! What becomes of the rollup when L1 is reorganised.

use crate::{DEVNET, l1, l2, rollup, serve};
use alloy_consensus::{Transaction as _, TxEnvelope, transaction::SignerRecoverable};
use alloy_eips::{BlockId, RpcBlockHash, eip2718::Decodable2718};
use alloy_primitives::{Address, B256, Bytes, U64, keccak256, map::HashMap};
use alloy_provider::{Provider, ext::DebugApi};
use alloy_trie::{Nibbles, proof::verify_proof};
use serde_json::Value;
use unroll_serve::Server;
use unroll_testing::devnet::{L2Block, contracts};

/// So many L1 blocks are replaced.
const DEPTH: u64 = 3;

/// The last L1 block that stays.
fn last() -> u64 {
    DEVNET.l1.head().header.number - DEPTH
}

/// L2 blocks whose origin is lost.
fn lost() -> impl Iterator<Item = &'static L2Block> {
    DEVNET.l2.iter().filter(|block| block.l1_origin.number > last())
}

/// The devnet, after the call that reorganises it.
async fn reorganised() -> Server {
    let server = serve(&["l1/eth_chainId=reorg:3"]);
    l1(&server).get_chain_id().await.expect("answers");
    assert!(lost().count() > 5, "L2 blocks are lost");
    server
}

async fn status(server: &Server) -> Value {
    rollup(server).request_noparams("optimism_syncStatus").await.expect("answers")
}

fn id(status: &Value, head: &str) -> (u64, B256) {
    let hash = status[head]["hash"].as_str().and_then(|hash| hash.parse().ok());
    let number = status[head]["number"].as_u64();
    number.zip(hash).unwrap_or_else(|| panic!("no {head}: {status}"))
}

/// What was posted in lost blocks is not safe any more, until the batcher has posted it again.
#[tokio::test]
async fn heads_fall_back_and_come_again() {
    let before = status(&serve(&[])).await;
    let server = reorganised().await;
    let after = status(&server).await;
    assert_eq!(id(&after, "head_l1").0, id(&before, "head_l1").0);
    assert_ne!(id(&after, "head_l1").1, id(&before, "head_l1").1);

    let stayed = DEVNET.l2.iter().take_while(|block| block.safe_at.is_some_and(|at| at <= last())).last();
    let stayed = stayed.expect("genesis is safe");
    for head in ["safe_l2", "local_safe_l2", "pending_safe_l2"] {
        assert_eq!(id(&after, head), (stayed.header.number, stayed.header.hash()), "{head}");
        assert!(id(&after, head).0 < id(&before, head).0);
    }
    assert_eq!(id(&after, "finalized_l2"), id(&before, "finalized_l2"));
    assert_ne!(id(&after, "unsafe_l2").1, id(&before, "unsafe_l2").1);
    // The execution node says the same.
    let client = l2(&server);
    for (tag, head) in [("latest", "unsafe_l2"), ("safe", "safe_l2"), ("finalized", "finalized_l2")] {
        let block = client.get_block_by_number(tag.parse().expect("a tag")).await.expect("answers");
        let block = block.expect("is there");
        assert_eq!((block.header.number, block.header.hash), id(&after, head));
    }

    for _ in 0..2 {
        server.chain().advance();
    }
    let later = status(&server).await;
    assert!(id(&later, "safe_l2").0 >= id(&before, "safe_l2").0);
    let range = server.chain().with(|devnet| devnet.range(0, devnet.safe()));
    assert!(range.verdict.outcome.is_valid());
    assert_eq!(range.verdict.number, id(&later, "safe_l2").0);
}

/// Every block that a number names builds upon L1 as it is now.
#[tokio::test]
async fn numbers_name_the_new_chain() {
    let server = reorganised().await;
    let (l1, l2, rollup) = (l1(&server), l2(&server), rollup(&server));
    let (head, _) = id(&status(&server).await, "unsafe_l2");
    let mut parent = B256::ZERO;
    for number in 0..=head {
        let block = l2.get_block_by_number(number.into()).await.expect("answers").expect("is there");
        assert_eq!(block.header.parent_hash, parent);
        parent = block.header.hash;
        let output: Value =
            rollup.request("optimism_outputAtBlock", [U64::from(number)]).await.expect("answers");
        assert_eq!(output["blockRef"]["hash"], parent.to_string());
        let origin = &output["blockRef"]["l1origin"];
        let on_l1 = origin["number"].as_u64().expect("a number");
        let on_l1 = l1.get_block_by_number(on_l1.into()).await.expect("answers").expect("is there");
        assert_eq!(origin["hash"], on_l1.header.hash.to_string());
        // What did not lose its origin is the block that it was.
        let own = DEVNET.block(number).filter(|own| own.l1_origin.number <= last());
        assert!(own.is_none_or(|own| own.header.hash() == parent), "block {number}");
    }
    for own in lost() {
        let number = own.header.number;
        let block = l2.get_block_by_number(number.into()).await.expect("answers");
        assert_ne!(block.map(|block| block.header.hash), Some(own.header.hash()));
    }
}

/// A node keeps what it gave up: by hash all of it can be had, down to the state.
#[tokio::test]
async fn hashes_name_lost_blocks_too() {
    let server = reorganised().await;
    let client = l2(&server);
    for own in lost() {
        let hash = own.header.hash();
        let block = client.get_block_by_hash(hash).await.expect("answers").expect("is there");
        assert_eq!(block.header.inner, *own.header.inner());
        assert_eq!(keccak256(client.debug_get_raw_header(hash.into()).await.expect("answers")), hash);
        assert_eq!(client.debug_get_raw_receipts(hash.into()).await.expect("answers"), own.receipts);
        let canonical = BlockId::Hash(RpcBlockHash { block_hash: hash, require_canonical: Some(true) });
        client.debug_get_raw_header(canonical).await.expect_err("it is on the chain no more");
        // Its deposits tell of L1 blocks that are gone, so that no other block has them.
        let deposit = keccak256(&own.transactions[0]);
        assert!(client.get_transaction_by_hash(deposit).await.expect("answers").is_none());
        assert!(client.get_transaction_receipt(deposit).await.expect("answers").is_none());
    }
    let own = lost().last().expect("blocks are lost");
    let hash = own.header.hash();
    let proof = client.get_proof(contracts::L1_BLOCK, Vec::new()).block_id(hash.into()).await;
    let proof = proof.expect("answers");
    let account = l2::account(&proof);
    let key = Nibbles::unpack(keccak256(contracts::L1_BLOCK));
    verify_proof(own.header.state_root, key, Some(alloy_rlp::encode(account)), &proof.account_proof)
        .expect("an account proof");
    let witness: alloy_rpc_types_debug::ExecutionWitness =
        client.client().request("debug_executionWitness", [hash]).await.expect("answers");
    assert_eq!(keccak256(&witness.headers[0]), own.header.parent_hash);
}

/// L1's accounts go on from where the lost blocks began: no nonce is used twice on one chain, and none is left out.
#[tokio::test]
async fn nonces_on_l1_leave_no_gap() {
    let server = reorganised().await;
    for _ in 0..2 {
        server.chain().advance();
    }
    let encoded: Vec<Bytes> = server
        .chain()
        .with(|devnet| devnet.l1.blocks().iter().flat_map(|block| block.transactions.clone()).collect());
    let mut next: HashMap<Address, u64> = HashMap::default();
    for bytes in encoded {
        let envelope = TxEnvelope::decode_2718_exact(&bytes).expect("well-formed");
        let next = next.entry(envelope.recover_signer().expect("signed")).or_default();
        assert_eq!(envelope.nonce(), *next);
        *next += 1;
    }
    assert!(next.len() >= 2, "users and batcher send");
}
