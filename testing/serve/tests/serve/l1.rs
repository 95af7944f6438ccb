//! The L1 node.

use crate::{DEVNET, l1, post, serve};
use alloy_consensus::{Header, ReceiptEnvelope, proofs::calculate_transaction_root};
use alloy_eips::{BlockNumberOrTag, eip2718::Encodable2718};
use alloy_primitives::{B256, Bytes, keccak256};
use alloy_provider::{Provider, ext::DebugApi};
use alloy_rlp::Decodable;
use alloy_rpc_types_eth::{Filter, Log};
use serde_json::json;
use unroll_testing::devnet::events::PORTAL;

/// What a client decodes and encodes again is what the block's roots commit to.
#[tokio::test]
async fn blocks_come_as_they_were_built() {
    let server = serve(&[]);
    let client = l1(&server);
    assert_eq!(client.get_chain_id().await.expect("answers"), DEVNET.config.l1.chain_id);
    let head = DEVNET.l1.head().header.number;
    assert_eq!(client.get_block_number().await.expect("answers"), head);
    for own in DEVNET.l1.blocks() {
        let hash = own.header.hash();
        let block = client.get_block_by_hash(hash).full().await.expect("answers").expect("is there");
        assert_eq!(block.header.inner.hash_slow(), hash);
        assert_eq!(block.header.hash, hash);
        let transactions: Vec<_> = block.transactions.into_transactions().collect();
        let encoded: Vec<Bytes> = transactions.iter().map(|tx| tx.inner.encoded_2718().into()).collect();
        assert_eq!(encoded, own.transactions);
        let receipts = client.get_block_receipts(hash.into()).await.expect("answers").expect("are there");
        for (index, receipt) in receipts.into_iter().enumerate() {
            let sender = transactions[index].inner.signer();
            assert_eq!((receipt.from, receipt.transaction_index), (sender, Some(index as u64)));
            let consensus: ReceiptEnvelope = receipt.inner.map_logs(|log: Log| log.inner);
            assert_eq!(Bytes::from(consensus.encoded_2718()), own.receipts[index]);
        }
    }
}

#[tokio::test]
async fn raw_forms_are_those_of_the_roots() {
    let server = serve(&[]);
    let client = l1(&server);
    for own in DEVNET.l1.blocks() {
        let hash = own.header.hash();
        let header = client.debug_get_raw_header(hash.into()).await.expect("answers");
        assert_eq!(keccak256(&header), hash);
        let receipts = client.debug_get_raw_receipts(hash.into()).await.expect("answers");
        assert_eq!(receipts, own.receipts);
        let block = client.debug_get_raw_block(hash.into()).await.expect("answers");
        let block = alloy_consensus::Block::<alloy_consensus::TxEnvelope, Header>::decode(&mut &block[..]);
        let block = block.expect("the RLP of a block");
        assert_eq!(block.header.hash_slow(), hash);
        let root = calculate_transaction_root(&block.body.transactions);
        assert_eq!(root, own.header.transactions_root);
        for transaction in &own.transactions {
            let raw = client.debug_get_raw_transaction(keccak256(transaction)).await.expect("answers");
            assert_eq!(raw, *transaction);
        }
    }
}

#[tokio::test]
async fn transactions_are_found_by_hash() {
    let server = serve(&[]);
    let client = l1(&server);
    let own =
        DEVNET.l1.blocks().iter().find(|block| !block.sidecars.is_empty()).expect("some are posted in blobs");
    let blobs = own.transactions.iter().find(|tx| tx[0] == 3).expect("type 3 carries blobs");
    let hash = keccak256(blobs);
    let found = client.get_transaction_by_hash(hash).await.expect("answers").expect("is there");
    assert_eq!(found.block_hash, Some(own.header.hash()));
    let receipt = client.get_transaction_receipt(hash).await.expect("answers").expect("is there");
    assert_eq!(receipt.blob_gas_used, Some(own.header.blob_gas_used.expect("after Cancun")));
    let fee = DEVNET.rollup().blob_base_fee(own.header.excess_blob_gas, own.origin().time);
    assert_eq!(receipt.blob_gas_price, Some(fee));
    assert!(client.get_transaction_by_hash(B256::ZERO).await.expect("answers").is_none());
    assert!(client.get_transaction_receipt(B256::ZERO).await.expect("answers").is_none());
}

#[tokio::test]
async fn logs_are_filtered() {
    let server = serve(&[]);
    let client = l1(&server);
    let own = DEVNET.l1.blocks().iter().flat_map(|block| &block.logs);
    let own: Vec<_> = own.map(|(_, log)| log).filter(|log| log.address == PORTAL).collect();
    assert!(!own.is_empty(), "the devnet has deposits");
    let filter = Filter::new().from_block(0).address(PORTAL);
    let logs = client.get_logs(&filter).await.expect("answers");
    assert_eq!(logs.iter().map(|log| &log.inner).collect::<Vec<_>>(), own);
    // Each log lies where its receipt says.
    for log in &logs {
        let receipt = client.get_transaction_receipt(log.transaction_hash.expect("mined")).await;
        let receipt = receipt.expect("answers").expect("is there");
        assert!(receipt.logs().contains(log));
    }
    let at = Filter::new().at_block_hash(logs[0].block_hash.expect("mined")).address(PORTAL);
    let there = client.get_logs(&at).await.expect("answers");
    assert!(there.iter().all(|log| log.block_hash == logs[0].block_hash) && there.contains(&logs[0]));
}

#[tokio::test]
async fn tags_follow_the_head() {
    let server = serve(&[]);
    let client = l1(&server);
    let number = async |tag: BlockNumberOrTag| {
        let block = client.get_block_by_number(tag).await.expect("answers").expect("is there");
        block.header.number
    };
    let head = DEVNET.l1.head().header.number;
    assert_eq!(number(BlockNumberOrTag::Latest).await, head);
    assert_eq!(number(BlockNumberOrTag::Earliest).await, 0);
    let (safe, finalized) = (number(BlockNumberOrTag::Safe).await, number(BlockNumberOrTag::Finalized).await);
    assert!(finalized < safe && safe < head);
    server.chain().advance();
    assert_eq!(number(BlockNumberOrTag::Latest).await, head + 1);
}

/// What is not there, and what makes no sense, is told apart as geth does it.
#[tokio::test]
async fn errors_are_those_of_json_rpc() {
    let server = serve(&[]);
    let url = &server.urls().l1;
    let call =
        |method: &str, params| json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let none = post(url, call("eth_getBlockByNumber", json!(["0xffffff", true]))).await.expect("answers");
    assert!(none["result"].is_null() && none.get("error").is_none(), "{none}");
    let cases = [
        (call("eth_getBlockByNumber", json!(["what", true])), -32602),
        (call("eth_getBlockByNumber", json!([])), -32602),
        (call("debug_getRawHeader", json!([B256::ZERO])), -32000),
        (call("eth_sendRawTransaction", json!(["0x"])), -32601),
        // Of the L2 node only.
        (call("debug_dbGet", json!([B256::ZERO])), -32601),
    ];
    for (request, code) in cases {
        let answer = post(url, request.clone()).await.expect("answers");
        assert_eq!(answer["error"]["code"], code, "{request}: {answer}");
    }
    let batch = json!([call("eth_chainId", json!([])), call("eth_what", json!([]))]);
    let answers = post(url, batch).await.expect("answers");
    assert_eq!(answers[0]["result"], format!("{:#x}", DEVNET.config.l1.chain_id));
    assert_eq!(answers[1]["error"]["code"], -32601);
}
