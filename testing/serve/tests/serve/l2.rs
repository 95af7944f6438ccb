//! The L2 node.

use crate::{DEVNET, l2, serve};
use alloy_consensus::{Header, transaction::TxHashRef};
use alloy_eips::{BlockNumberOrTag, eip2718::Encodable2718};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256, map::B256Map};
use alloy_provider::{Provider, ext::DebugApi};
use alloy_rpc_types_debug::ExecutionWitness;
use alloy_rpc_types_eth::EIP1186AccountProofResponse;
use alloy_trie::{Nibbles, TrieAccount, proof::verify_proof};
use op_alloy_consensus::OpReceiptEnvelope;
use unroll_executor::{BlockExecutor, TrieDBFetcher, TrieDBHinter};
use unroll_protocol::provider::Provider as Source;
use unroll_testing::devnet::{L2Block, attributes, contracts};

#[tokio::test]
async fn blocks_come_as_they_were_built() {
    let server = serve(&[]);
    let client = l2(&server);
    assert_eq!(client.get_chain_id().await.expect("answers"), DEVNET.config.l2.chain_id);
    for own in &DEVNET.l2 {
        let hash = own.header.hash();
        let block = client.get_block_by_hash(hash).full().await.expect("answers").expect("is there");
        assert_eq!(block.header.inner.hash_slow(), hash);
        let transactions: Vec<_> = block.transactions.into_transactions().collect();
        let encoded = transactions.iter().map(|tx| Bytes::from(tx.inner.inner.encoded_2718()));
        assert_eq!(encoded.collect::<Vec<_>>(), own.transactions);
        let receipts = client.get_block_receipts(hash.into()).await.expect("answers").expect("are there");
        assert_eq!(receipts.len(), own.transactions.len());
        for (index, receipt) in receipts.into_iter().enumerate() {
            assert_eq!(receipt.inner.transaction_hash, *transactions[index].inner.inner.tx_hash());
            let consensus = OpReceiptEnvelope::from(receipt);
            assert_eq!(Bytes::from(consensus.encoded_2718()), own.receipts[index]);
        }
        let raw = client.debug_get_raw_header(hash.into()).await.expect("answers");
        assert_eq!(keccak256(raw), hash);
        assert_eq!(client.debug_get_raw_receipts(hash.into()).await.expect("answers"), own.receipts);
    }
}

/// The fee fields of receipts add up to what the sender paid: its balance says so.
#[tokio::test]
async fn receipts_say_what_was_paid() {
    let server = serve(&[]);
    let client = l2(&server);
    let mut checked = 0;
    for own in DEVNET.l2.iter().filter(|block| block.transactions.len() > 1) {
        let receipts = client.get_block_receipts(own.header.hash().into()).await.expect("answers");
        let receipts = receipts.expect("are there");
        for sender in receipts.iter().map(|receipt| receipt.inner.from) {
            let mine: Vec<_> = receipts.iter().filter(|receipt| receipt.inner.from == sender).collect();
            let named = receipts.iter().filter(|receipt| receipt.inner.to == Some(sender)).count();
            let [receipt] = mine[..] else { continue };
            let transaction = client.get_transaction_by_hash(receipt.inner.transaction_hash).await;
            let transaction = transaction.expect("answers").expect("is there");
            let plain = matches!(
                own.transactions[receipt.inner.transaction_index.expect("mined") as usize][0],
                1 | 2
            );
            if named > 0 || !plain {
                continue;
            }
            let at = async |number: u64| client.get_balance(sender).number(number).await.expect("answers");
            let paid = at(own.header.number - 1).await - at(own.header.number).await;
            let info = receipt.l1_block_info;
            let gas = U256::from(u128::from(receipt.inner.gas_used) * receipt.inner.effective_gas_price);
            let operator = match info.operator_fee_scalar.zip(info.operator_fee_constant) {
                // I-030, I-031: in millionths of the gas before Jovian, in hundreds of it from then on.
                Some((scalar, constant)) => {
                    let scaled = u128::from(receipt.inner.gas_used) * scalar;
                    let jovian = info.da_footprint_gas_scalar.is_some();
                    if jovian { scaled * 100 + constant } else { scaled / 1_000_000 + constant }
                }
                None => 0,
            };
            let fees = gas + U256::from(info.l1_fee.expect("every block has L1 info") + operator);
            let value = alloy_consensus::Transaction::value(&transaction);
            let sent = if receipt.inner.inner.receipt.as_receipt().status.coerce_status() {
                value
            } else {
                U256::ZERO
            };
            if paid == fees + sent {
                checked += 1;
            } else {
                panic!(
                    "block {}: {sender} paid {paid}, and not {fees} and {sent}: {receipt:?}",
                    own.header.number
                );
            }
        }
    }
    assert!(checked > 10, "{checked} receipts checked");
}

/// The account that a proof is of.
pub(crate) fn account(proof: &EIP1186AccountProofResponse) -> TrieAccount {
    TrieAccount {
        nonce: proof.nonce,
        balance: proof.balance,
        storage_root: proof.storage_hash,
        code_hash: proof.code_hash,
    }
}

#[tokio::test]
async fn proofs_lead_from_the_state_root() {
    let server = serve(&[]);
    let client = l2(&server);
    let slots: Vec<B256> = (0..4).map(B256::with_last_byte).collect();
    for number in [0, 20, DEVNET.head().header.number] {
        let header = &DEVNET.l2[number as usize].header;
        for address in [contracts::L1_BLOCK, contracts::CHURN, Address::repeat_byte(0x77)] {
            let proof = client.get_proof(address, slots.clone()).block_id(header.hash().into()).await;
            let proof = proof.expect("answers");
            let account = account(&proof);
            let there = proof.code_hash != KECCAK256_EMPTY;
            let expected = there.then(|| alloy_rlp::encode(account));
            let key = Nibbles::unpack(keccak256(address));
            verify_proof(header.state_root, key, expected, &proof.account_proof).expect("an account proof");
            for slot in &proof.storage_proof {
                let key = Nibbles::unpack(keccak256(slot.key.as_b256()));
                let expected = (!slot.value.is_zero()).then(|| alloy_rlp::encode(slot.value));
                verify_proof(proof.storage_hash, key, expected, &slot.proof).expect("a storage proof");
                let value = client.get_storage_at(address, slot.key.as_b256().into()).number(number).await;
                assert_eq!(value.expect("answers"), slot.value);
            }
            let code = client.get_code_at(address).number(number).await.expect("answers");
            assert_eq!(keccak256(code), proof.code_hash);
        }
    }
    let root = client.get_proof(contracts::L1_BLOCK, slots).block_id(BlockNumberOrTag::Latest.into()).await;
    assert!(root.expect("answers").storage_proof.iter().any(|slot| !slot.value.is_zero()));
}

#[tokio::test]
async fn the_database_has_nodes_and_code() {
    let server = serve(&[]);
    let client = l2(&server);
    let get = async |key: Bytes| client.client().request::<_, Bytes>("debug_dbGet", [key]).await;
    let root = DEVNET.head().header.state_root;
    assert_eq!(keccak256(get(root.into()).await.expect("the root node")), root);
    let code = client.get_code_at(contracts::CHURN).await.expect("answers");
    let prefixed = [b"c", &keccak256(&code)[..]].concat();
    assert_eq!(get(prefixed.into()).await.expect("code"), code);
    assert_eq!(get(keccak256(&code).into()).await.expect("as databases had it once"), code);
    for unknown in [Bytes::from(vec![7; 32]), Bytes::from(vec![7; 31]), Bytes::new()] {
        let error = get(unknown).await.expect_err("there is no such key");
        assert_eq!(error.as_error_resp().expect("an answer").code, -32000);
    }
}

/// A node's database has state by hash, and nothing else: whoever wants a header, a list or an output asks another way.
#[tokio::test]
async fn the_database_has_state_alone() {
    let server = serve(&[]);
    let client = l2(&server);
    let own = DEVNET.l2.iter().rfind(|block| block.transactions.len() > 4).expect("users send");
    let header = &own.header;
    let hashes = [
        header.hash(),
        header.transactions_root,
        header.receipts_root,
        own.output.hash(),
        keccak256(&own.transactions[1]),
        own.l1_origin.hash,
        alloy_trie::EMPTY_ROOT_HASH,
    ];
    let plain = hashes.map(Bytes::from);
    let as_code = [header.hash(), header.state_root].map(|hash| [b"c", &hash[..]].concat().into());
    for key in plain.into_iter().chain(as_code) {
        let answer = client.client().request::<_, Bytes>("debug_dbGet", [key.clone()]).await;
        let error = answer.expect_err("no key of the database");
        assert_eq!(error.as_error_resp().expect("an answer").code, -32000, "{key}");
    }
    // Hex without `0x` is text, as in geth.
    let text = alloy_primitives::hex::encode(header.state_root);
    assert!(client.client().request::<_, Bytes>("debug_dbGet", [text]).await.is_err());
}

/// A stateless client that has a witness and nothing else gets the same header.
#[tokio::test]
async fn witnesses_suffice_to_execute() {
    let server = serve(&[]);
    let client = l2(&server);
    for own in &DEVNET.l2[1..] {
        let parent = &DEVNET.l2[own.header.number as usize - 1];
        let attributes = attributes::of_block(DEVNET.rollup(), &own.header, &own.transactions);
        let by_number = client.debug_execution_witness(own.header.number.into()).await.expect("answers");
        let by_payload: ExecutionWitness = client
            .client()
            .request("debug_executePayload", (parent.header.hash(), attributes.clone()))
            .await
            .expect("answers");
        assert_eq!(by_number, by_payload);
        assert_eq!(keccak256(&by_number.headers[0]), parent.header.hash());
        executes(parent, own, &by_number);
    }
}

fn executes(parent: &L2Block, own: &L2Block, witness: &ExecutionWitness) {
    let attributes = attributes::of_block(DEVNET.rollup(), &own.header, &own.transactions);
    let all = witness.state.iter().chain(&witness.codes).chain(&witness.headers);
    let mut only = Only(all.map(|value| (keccak256(value), value.clone())).collect());
    let mut executor = BlockExecutor::new(DEVNET.rollup(), parent.header.clone());
    let executed = executor.execute(&mut only, &attributes).expect("the witness is complete");
    assert_eq!(executed.header.hash(), own.header.hash());
}

#[tokio::test]
async fn payloads_that_cannot_be_executed_are_refused() {
    let server = serve(&[]);
    let client = l2(&server);
    let own = DEVNET.head();
    let mut attributes = attributes::of_block(DEVNET.rollup(), &own.header, &own.transactions);
    attributes.transactions.get_or_insert_default().push(Bytes::from_static(&[2, 0xc0]));
    let refused = client
        .client()
        .request::<_, ExecutionWitness>("debug_executePayload", (own.header.parent_hash, attributes));
    let error = refused.await.expect_err("the last transaction is malformed");
    assert_eq!(error.as_error_resp().expect("an answer").code, -32000);
    let genesis = client.debug_execution_witness(0.into()).await.expect_err("genesis has no parent");
    assert_eq!(genesis.as_error_resp().expect("an answer").code, -32000);
}

/// A source that has these values and no others.
struct Only(B256Map<Bytes>);

#[derive(Debug, thiserror::Error)]
#[error("{0} is not in the witness")]
struct Lacking(B256);

impl Source for Only {
    type Error = Lacking;
}

impl TrieDBHinter for Only {}

impl TrieDBFetcher for Only {
    fn trie_node_preimage(&mut self, hash: B256) -> Result<Bytes, Lacking> {
        self.0.get(&hash).cloned().ok_or(Lacking(hash))
    }

    fn bytecode_by_hash(&mut self, hash: B256) -> Result<Bytes, Lacking> {
        self.trie_node_preimage(hash)
    }

    fn l2_header_by_hash(&mut self, hash: B256) -> Result<Header, Lacking> {
        let bytes = self.trie_node_preimage(hash)?;
        alloy_rlp::decode_exact(bytes).map_err(|_| Lacking(hash))
    }
}
