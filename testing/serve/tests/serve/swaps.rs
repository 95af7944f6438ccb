//! Answers that are well-formed and those of another request.

use crate::{DEVNET, get, l1, l2, post, rollup, serve};
use alloy_consensus::{Header, TxEnvelope};
use alloy_eips::{eip2718::Decodable2718, eip4844::kzg_to_versioned_hash};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U64, keccak256};
use alloy_provider::{Provider, ext::DebugApi};
use alloy_rpc_types_beacon::sidecar::{BeaconBlobBundle, GetBlobsResponse};
use alloy_rpc_types_debug::ExecutionWitness;
use alloy_rpc_types_eth::{EIP1186AccountProofResponse, Filter};
use alloy_trie::{Nibbles, TrieAccount, nodes::TrieNode, proof::verify_proof};
use op_alloy_consensus::OpTxEnvelope;
use serde_json::{Value, json};
use unroll_proof::kzg;
use unroll_serve::{Server, ServerConfig};
use unroll_testing::devnet::{
    L1Block, attributes, blobs::Sidecar, config::GENESIS_TIME, contracts, tries::FullTrie,
};

/// L1: each answer is one that some other block has, and hashes to something else.
#[tokio::test]
async fn an_l1_node_mixes_up_blocks() {
    let server = serve(&["l1/*=swap"]);
    let client = l1(&server);
    for own in DEVNET.l1.blocks() {
        let hash = own.header.hash();
        let raw = client.debug_get_raw_header(hash.into()).await.expect("answers");
        assert_ne!(keccak256(&raw), hash);
        let header: Header = alloy_rlp::decode_exact(&raw).expect("a header");
        assert_eq!(header.number.abs_diff(own.header.number), 1, "a neighbour");
        assert_eq!(header.hash_slow(), DEVNET.l1.block(header.number).expect("is there").header.hash());

        let receipts = client.debug_get_raw_receipts(hash.into()).await.expect("answers");
        assert_ne!(receipts, own.receipts);
        let other = DEVNET.l1.blocks().iter().find(|block| block.receipts == receipts);
        assert!(other.is_some() || own.receipts.is_empty(), "they are another block's");

        let block = client.get_block_by_hash(hash).full().await.expect("answers").expect("is there");
        assert_ne!(block.header.hash, hash);
        assert_eq!(block.header.inner.hash_slow(), block.header.hash);
        assert_eq!(block.transactions.len(), {
            DEVNET.l1.block(block.header.number).expect("is there").transactions.len()
        });
        let number = own.header.number;
        let block = client.get_block_by_number(number.into()).await.expect("answers").expect("is there");
        assert_ne!(block.header.number, number);
    }
    let own = DEVNET.l1.blocks().iter().find(|block| block.transactions.len() > 1).expect("several send");
    for bytes in &own.transactions {
        let hash = keccak256(bytes);
        let raw = client.client().request::<_, Bytes>("debug_getRawTransaction", [hash]).await;
        let raw = raw.expect("answers");
        let other = TxEnvelope::decode_2718_exact(&raw).expect("a transaction");
        assert!(own.transactions.contains(&raw) && *other.tx_hash() != hash);
        let receipt = client.get_transaction_receipt(hash).await.expect("answers").expect("is there");
        assert_ne!(receipt.transaction_hash, hash);
    }
    let filter = Filter::new().at_block_hash(own.header.hash());
    assert!(
        client
            .get_logs(&filter)
            .await
            .expect("answers")
            .iter()
            .all(|log| { log.block_hash != Some(own.header.hash()) })
    );
}

/// L2: the same, and what is said of its state belongs to another place of it.
#[tokio::test]
async fn an_l2_node_mixes_up_blocks() {
    let server = serve(&["l2/*=swap"]);
    let client = l2(&server);
    for own in &DEVNET.l2 {
        let hash = own.header.hash();
        let raw = client.debug_get_raw_header(hash.into()).await.expect("answers");
        let header: Header = alloy_rlp::decode_exact(&raw).expect("a header");
        assert_ne!(header.hash_slow(), hash);
        assert_eq!(header.number.abs_diff(own.header.number), 1, "a neighbour");
        let receipts = client.debug_get_raw_receipts(hash.into()).await.expect("answers");
        assert_ne!(FullTrie::of_list(&receipts).root, own.header.receipts_root);
        // Many blocks have as many: one that has not is looked for.
        let count = client.get_block_transaction_count_by_hash(hash).await.expect("answers");
        assert!(count.is_some_and(|count| count != own.transactions.len() as u64), "block {}", header.number);
        let full = client.get_block_by_hash(hash).full().await.expect("answers").expect("is there");
        assert_ne!(
            full.header.transactions_root, own.header.transactions_root,
            "{} {full:?}",
            own.header.number
        );
    }
    let own = DEVNET.l2.iter().rfind(|block| block.transactions.len() > 3).expect("users send");
    for bytes in &own.transactions {
        let raw: Bytes =
            client.client().request("debug_getRawTransaction", [keccak256(bytes)]).await.expect("answers");
        OpTxEnvelope::decode_2718_exact(&raw).expect("a transaction");
        assert_ne!(raw, *bytes);
    }
    let witness = client.debug_execution_witness(own.header.number.into()).await.expect("answers");
    let attributes = attributes::of_block(DEVNET.rollup(), &own.header, &own.transactions);
    let payload: ExecutionWitness = client
        .client()
        .request("debug_executePayload", (own.header.parent_hash, attributes))
        .await
        .expect("another one is executed");
    for witness in [witness, payload] {
        assert_ne!(keccak256(&witness.headers[0]), own.header.parent_hash);
        let parent: Header = alloy_rlp::decode_exact(&witness.headers[0]).expect("a header");
        assert!(witness.state.iter().any(|node| keccak256(node) == parent.state_root));
    }
}

/// A proof of another account is a proof all the same, and none of the one that was asked for.
#[tokio::test]
async fn an_l2_node_mixes_up_accounts() {
    let server = serve(&["l2/eth_get*=swap"]);
    let client = l2(&server);
    let header = &DEVNET.head().header;
    for address in [contracts::L1_BLOCK, contracts::CHURN, contracts::MESSAGE_PASSER] {
        let slot = B256::ZERO;
        let proof = client.get_proof(address, vec![slot]).block_id(header.hash().into()).await;
        let proof = proof.expect("answers");
        assert_ne!(proof.address, address);
        assert_eq!(verified(header.state_root, proof.address, &proof), Ok(()));
        assert!(verified(header.state_root, address, &proof).is_err());
        assert_eq!(proof.storage_proof.len(), 1);
        let code = client.get_code_at(address).await.expect("answers");
        server.set_faults(Vec::new());
        assert_ne!(client.get_code_at(address).await.expect("answers"), code);
        server.set_faults(vec!["l2/eth_get*=swap".parse().expect("a rule")]);
    }
}

fn verified(
    root: B256,
    address: Address,
    proof: &EIP1186AccountProofResponse,
) -> Result<(), alloy_trie::proof::ProofVerificationError> {
    let account = TrieAccount {
        nonce: proof.nonce,
        balance: proof.balance,
        storage_root: proof.storage_hash,
        code_hash: proof.code_hash,
    };
    let key = Nibbles::unpack(keccak256(address));
    verify_proof(root, key, Some(alloy_rlp::encode(account)), &proof.account_proof)
}

/// The database answers a node for a node, and code for code.
#[tokio::test]
async fn an_l2_node_mixes_up_preimages() {
    let server = serve(&["l2/debug_dbGet=swap"]);
    let client = l2(&server);
    let ask = async |key: Bytes| client.client().request::<_, Bytes>("debug_dbGet", [key]).await;
    let header = &DEVNET.head().header;
    let proof = client.get_proof(contracts::CHURN, vec![B256::ZERO]).await.expect("answers");
    for node in proof.account_proof.iter().chain(&proof.storage_proof[0].proof) {
        let other = ask(keccak256(node).into()).await.expect("answers");
        assert_ne!(&other, node);
        alloy_rlp::decode_exact::<TrieNode>(&other).expect("a node");
    }
    assert_ne!(keccak256(ask(header.state_root.into()).await.expect("answers")), header.state_root);
    let hash = proof.code_hash;
    for key in [hash.to_vec(), [b"c", &hash[..]].concat()] {
        let other = ask(key.into()).await.expect("answers");
        assert!(keccak256(&other) != hash && keccak256(&other) != KECCAK256_EMPTY);
        assert!(DEVNET.genesis.accounts.values().any(|account| account.code == other));
    }
    // Of what is not there, nothing else is told.
    assert!(ask(header.hash().into()).await.is_err());
}

/// An output of another block is the hash of its parts, and not the root that belongs to the number.
#[tokio::test]
async fn a_rollup_node_mixes_up_outputs() {
    let server = serve(&["rollup/*=swap"]);
    let client = rollup(&server);
    let hash = |value: &Value| value.as_str().and_then(|text| text.parse::<B256>().ok()).expect("a hash");
    for own in &DEVNET.l2 {
        let number = U64::from(own.header.number);
        let output: Value = client.request("optimism_outputAtBlock", [number]).await.expect("answers");
        let parts = [
            &output["version"],
            &output["stateRoot"],
            &output["withdrawalStorageRoot"],
            &output["blockRef"]["hash"],
        ];
        assert_eq!(keccak256(parts.map(hash).concat()), hash(&output["outputRoot"]));
        assert_ne!(hash(&output["outputRoot"]), own.output.hash());
    }
    let last = U64::from(DEVNET.l1.head().header.number);
    let safe: Value = client.request("optimism_safeHeadAtL1Block", [last]).await.expect("answers");
    assert_ne!(
        safe["safeHead"]["hash"],
        DEVNET.block(DEVNET.safe()).expect("is there").header.hash().to_string()
    );
    let version: String = client.request_noparams("optimism_version").await.expect("names nothing");
    assert!(version.starts_with("unroll-devnet"));
}

/// Each blob is one of the chain, belongs to its commitment, and is none of those that were asked for.
#[tokio::test]
async fn a_beacon_node_mixes_up_blobs() {
    let server = serve(&["beacon/*=swap"]);
    let url = &server.urls().beacon;
    let sidecars = || DEVNET.l1.blocks().iter().flat_map(|block| &block.sidecars);
    let slot = |block: &L1Block| (block.header.timestamp - GENESIS_TIME) / DEVNET.config.l1.block_time;
    for own in DEVNET.l1.blocks().iter().filter(|block| !block.sidecars.is_empty()) {
        for (index, Sidecar { versioned_hash, .. }) in own.sidecars.iter().enumerate() {
            let path = format!("/eth/v1/beacon/blobs/{}?versioned_hashes={versioned_hash}", slot(own));
            let (status, blobs): (_, GetBlobsResponse) = get(url, &path).await.expect("answers");
            let [blob] = &blobs.data[..] else { panic!("{} blobs", blobs.data.len()) };
            let other = sidecars().find(|sidecar| *sidecar.blob == *blob).expect("one of the chain");
            assert_eq!(status, 200);
            assert_ne!(other.versioned_hash, *versioned_hash);

            let path = format!("/eth/v1/beacon/blob_sidecars/{}?indices={index}", slot(own));
            let (_, bundle): (_, BeaconBlobBundle) = get(url, &path).await.expect("answers");
            let [sidecar] = &bundle.data[..] else { panic!("{} sidecars", bundle.data.len()) };
            assert_ne!(kzg_to_versioned_hash(sidecar.kzg_commitment.as_slice()), *versioned_hash);
            kzg::verify(&[(sidecar.kzg_commitment.0, sidecar.blob.clone())]).expect("its own blob");
        }
        let path = format!("/eth/v1/beacon/blobs/{}", slot(own));
        let (_, all): (_, GetBlobsResponse) = get(url, &path).await.expect("answers");
        let right: Vec<_> = own.sidecars.iter().map(|sidecar| *sidecar.blob).collect();
        assert!(!all.data.is_empty() && all.data != right);
    }
    let (_, genesis): (_, Value) = get(url, "/eth/v1/beacon/genesis").await.expect("answers");
    assert_eq!(genesis["data"]["genesis_time"], GENESIS_TIME.to_string());
}

/// In a batch each answer has its request's id, and only those that the rule is about are wrong.
#[tokio::test]
async fn ids_are_the_requests_own() {
    let server = serve(&["l1/debug_getRawHeader=swap@2", "rollup/optimism_outputAtBlock=swap"]);
    let call = |id: u64, number: u64| {
        let params = [format!("{number:#x}")];
        json!({ "jsonrpc": "2.0", "id": id, "method": "debug_getRawHeader", "params": params })
    };
    let batch = json!([call(31, 5), call(7, 6), call(99, 1_000_000), call(8, 7)]);
    let answers = post(&server.urls().l1, batch).await.expect("answers");
    let ids: Vec<_> = answers.as_array().expect("a list").iter().map(|answer| &answer["id"]).collect();
    assert_eq!(ids, [31, 7, 99, 8]);
    let right =
        |number| json!(Bytes::from(alloy_rlp::encode(DEVNET.l1.block(number).unwrap().header.inner())));
    assert_eq!((&answers[0]["result"], &answers[3]["result"]), (&right(5), &right(7)));
    assert!([right(5), right(7)].contains(&answers[1]["result"]), "a neighbour of block 6");
    assert_eq!(answers[2]["error"]["code"], -32000);
    let call =
        json!({ "jsonrpc": "2.0", "id": "own", "method": "optimism_outputAtBlock", "params": ["0x3"] });
    let answer = post(&server.urls().rollup, call).await.expect("answers");
    assert_eq!(answer["id"], "own");
    assert_ne!(answer["result"]["blockRef"]["number"], 3);
}

/// The same seed mixes up the same things; another one, others.
#[tokio::test]
async fn what_is_mixed_up_is_the_seeds() {
    let answers = async |seed: u64| {
        let faults = vec!["l2/*=swap@50%".parse().expect("a rule")];
        let server = Server::start(DEVNET.clone(), ServerConfig { faults, seed, ..ServerConfig::default() });
        let server = server.expect("loopback has free ports");
        let mut answers = Vec::new();
        for number in 2..22_u64 {
            let raw = l2(&server).debug_get_raw_header(number.into()).await.expect("answers");
            answers.push(alloy_rlp::decode_exact::<Header>(raw).expect("a header").number);
        }
        answers
    };
    let first = answers(1).await;
    let moved = |by: i64| (2..22).zip(&first).filter(|(own, other)| **other as i64 - own == by).count();
    assert!(moved(-1) > 1 && moved(0) > 1 && moved(1) > 1, "{first:?}");
    assert_eq!(first, answers(1).await);
    assert_ne!(first, answers(2).await);
}

#[tokio::test]
async fn what_names_nothing_cannot_be_mixed_up() {
    for rule in ["eth_chainId=swap", "rollup/optimism_syncStatus=swap", "beacon/genesis=swap"] {
        let faults = vec![rule.parse().expect("a rule")];
        let refused = Server::start(DEVNET.clone(), ServerConfig { faults, ..ServerConfig::default() });
        let error = refused.expect_err("nothing is like it").to_string();
        assert!(error.contains("names something"), "{error}");
    }
    let server = serve(&["*=swap"]);
    assert_eq!(l1(&server).get_chain_id().await.expect("answers"), DEVNET.config.l1.chain_id);
    let unknown = l1(&server).get_block_by_hash(B256::repeat_byte(7)).await.expect("answers");
    assert!(unknown.is_none());
}
