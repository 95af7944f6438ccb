//! The proof that the nodes answer all that a host of the proof program asks for: a witness is collected over RPC, with nothing
//! else known, and judged.

use crate::{DEVNET, l1, l2, rollup, serve};
use alloy_consensus::Header;
use alloy_eips::{
    eip2718::Encodable2718,
    eip4844::{Blob, kzg_to_versioned_hash},
};
use alloy_primitives::{B256, Bytes, U64, keccak256, map::HashMap};
use alloy_provider::{Provider, RootProvider, ext::DebugApi, network::Ethereum};
use alloy_rpc_client::ReqwestClient;
use alloy_rpc_types_beacon::sidecar::{BeaconBlobBundle, GetBlobsResponse};
use alloy_rpc_types_debug::ExecutionWitness;
use op_alloy_network::Optimism;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use tokio::runtime::Runtime;
use unroll_proof::{
    BootInfo, Hint, PreimageKey, PreimageOracle, Witness,
    kzg::{Commitment, EvaluationPoints},
    oracle::OracleBlobError,
};
use unroll_serve::Server;
use unroll_testing::devnet::{tries::FullTrie, witness};

/// A host: it fetches what the program hints at. It panics where a node does not answer as it should.
struct Collector {
    runtime: Runtime,
    l1: RootProvider<Ethereum>,
    l2: RootProvider<Optimism>,
    rollup: ReqwestClient,
    beacon: String,
    /// Whether `debug_executePayload` may be asked.
    payload_witnesses: bool,
    agreed_block: u64,
    preimages: BTreeMap<PreimageKey, Bytes>,
    blobs: HashMap<Commitment, Box<Blob>>,
    /// How many nodes and codes of the L2 state had to be asked for one by one.
    single_nodes: usize,
}

#[derive(Debug, thiserror::Error)]
#[error("no hint announced {0}")]
struct Unannounced(PreimageKey);

impl Collector {
    fn new(server: &Server, payload_witnesses: bool, agreed_block: u64) -> Self {
        Self {
            runtime: Runtime::new().expect("threads can be had"),
            l1: l1(server),
            l2: l2(server),
            rollup: rollup(server),
            beacon: server.urls().beacon.clone(),
            payload_witnesses,
            agreed_block,
            preimages: BTreeMap::new(),
            blobs: HashMap::default(),
            single_nodes: 0,
        }
    }

    fn keep(&mut self, values: impl IntoIterator<Item = Bytes>) {
        for value in values {
            self.preimages.insert(PreimageKey::keccak256(keccak256(&value)), value);
        }
    }

    fn keep_list(&mut self, items: &[Bytes]) {
        self.keep(FullTrie::of_list(items).nodes);
    }

    fn beacon<T: DeserializeOwned>(&self, path: &str) -> T {
        let answer = self.runtime.block_on(crate::get(&self.beacon, path)).expect("the beacon node answers");
        assert_eq!(answer.0, 200, "{path}");
        answer.1
    }

    fn fetch_blob(&mut self, hash: B256, index: u64, timestamp: u64) {
        let number =
            |value: &Value| value.as_str().and_then(|text| text.parse::<u64>().ok()).expect("a number");
        let genesis: Value = self.beacon("/eth/v1/beacon/genesis");
        let spec: Value = self.beacon("/eth/v1/config/spec");
        let start = number(&genesis["data"]["genesis_time"]);
        let slot = (timestamp - start) / number(&spec["data"]["SECONDS_PER_SLOT"]);
        let bundle: BeaconBlobBundle =
            self.beacon(&format!("/eth/v1/beacon/blob_sidecars/{slot}?indices={index}"));
        let [sidecar] = &bundle.data[..] else { panic!("one sidecar was asked for") };
        assert_eq!(kzg_to_versioned_hash(sidecar.kzg_commitment.as_slice()), hash);
        let blobs: GetBlobsResponse =
            self.beacon(&format!("/eth/v1/beacon/blobs/{slot}?versioned_hashes={hash}"));
        assert_eq!(blobs.data, [*sidecar.blob], "both paths have the same blob");
        let commitment = sidecar.kzg_commitment;
        self.preimages.insert(PreimageKey::sha256(hash), commitment.into());
        self.blobs.insert(commitment.0, sidecar.blob.clone());
    }

    /// The output that the program begins with, out of what the rollup node says.
    fn fetch_output(&mut self) {
        let request = self.rollup.request("optimism_outputAtBlock", [U64::from(self.agreed_block)]);
        let output: Value = self.runtime.block_on(request).expect("the rollup node answers");
        let hash = |value: &Value| value.as_str().and_then(|text| text.parse::<B256>().ok()).expect("a hash");
        let parts = [&output["version"], &output["stateRoot"], &output["withdrawalStorageRoot"]].map(hash);
        let block = hash(&output["blockRef"]["hash"]);
        self.keep([[&parts[..], &[block]].concat().concat().into()]);
    }

    fn fetch_state(&mut self, prefix: &[u8], hash: B256) {
        self.single_nodes += 1;
        let key = Bytes::from([prefix, &hash[..]].concat());
        let request = self.l2.client().request::<_, Bytes>("debug_dbGet", [key]);
        let value = self.runtime.block_on(request).expect("the database has it");
        self.keep([value]);
    }
}

impl PreimageOracle for Collector {
    type Error = Unannounced;

    fn get(&mut self, key: PreimageKey) -> Result<Bytes, Unannounced> {
        self.preimages.get(&key).cloned().ok_or(Unannounced(key))
    }

    fn blob(&mut self, commitment: &Commitment) -> Result<Box<Blob>, OracleBlobError<Unannounced>> {
        self.blobs.get(commitment).cloned().ok_or_else(|| {
            let key = PreimageKey::blob(commitment, EvaluationPoints::new().point(0));
            OracleBlobError::Oracle { key, source: Unannounced(key) }
        })
    }

    fn wants_hints(&self) -> bool {
        true
    }

    fn hint(&mut self, hint: &Hint<'_>) -> Result<(), Unannounced> {
        let known = |hash| self.preimages.contains_key(&PreimageKey::keccak256(hash));
        match *hint {
            Hint::L1BlockHeader(hash) => {
                let header = self.runtime.block_on(self.l1.debug_get_raw_header(hash.into()));
                self.keep([header.expect("the L1 node answers")]);
            }
            Hint::L1Transactions(hash) => {
                let request = self.l1.get_block_by_hash(hash).full();
                let block = self.runtime.block_on(request.into_future());
                let block = block.expect("the L1 node answers").expect("the block is there");
                let transactions = block.transactions.into_transactions();
                let encoded: Vec<Bytes> = transactions.map(|tx| tx.inner.encoded_2718().into()).collect();
                self.keep_list(&encoded);
            }
            Hint::L1Receipts(hash) => {
                let receipts = self.runtime.block_on(self.l1.debug_get_raw_receipts(hash.into()));
                self.keep_list(&receipts.expect("the L1 node answers"));
            }
            Hint::L1Blob { versioned_hash, index, timestamp } => {
                self.fetch_blob(versioned_hash, index, timestamp);
            }
            Hint::L2BlockHeader(hash) => {
                let header = self.runtime.block_on(self.l2.debug_get_raw_header(hash.into()));
                self.keep([header.expect("the L2 node answers")]);
            }
            Hint::L2Transactions(hash) => {
                let request = self.l2.get_block_by_hash(hash).full();
                let block = self.runtime.block_on(request.into_future());
                let block = block.expect("the L2 node answers").expect("the block is there");
                let transactions = block.transactions.into_transactions();
                let encoded: Vec<Bytes> =
                    transactions.map(|tx| tx.inner.inner.encoded_2718().into()).collect();
                self.keep_list(&encoded);
            }
            Hint::L2Code(hash) if !known(hash) => self.fetch_state(b"c", hash),
            Hint::L2StateNode(hash) if !known(hash) => self.fetch_state(b"", hash),
            Hint::L2Output(_) => self.fetch_output(),
            Hint::L2PayloadWitness { parent, attributes } if self.payload_witnesses => {
                let request = self.l2.client().request("debug_executePayload", (parent, attributes.clone()));
                let witness: ExecutionWitness = self.runtime.block_on(request).expect("the L2 node executes");
                self.keep([witness.state, witness.codes, witness.headers].concat());
            }
            Hint::L2AccountProof { block_number, address, .. } => {
                let request = self.l2.get_proof(address, Vec::new()).number(block_number);
                let proof = self.runtime.block_on(request.into_future()).expect("the L2 node proves");
                self.keep(proof.account_proof);
            }
            _ => {}
        }
        Ok(())
    }
}

/// What a host learns from the nodes: the claim that the newest safe block has the root that the rollup node says.
fn boot(agreed: u64) -> BootInfo {
    let safe = DEVNET.safe();
    let output = |number: u64| DEVNET.l2[number as usize].output.hash();
    BootInfo {
        l1_head: DEVNET.l1.head().header.hash(),
        agreed_output_root: output(agreed),
        claimed_output_root: output(safe),
        claimed_block_number: safe,
        chain_id: DEVNET.config.l2.chain_id,
    }
}

/// Collects, judges, and judges again offline with nothing but what was collected.
fn verify(payload_witnesses: bool, agreed: u64) -> Collector {
    let server = serve(&[]);
    let boot = boot(agreed);
    let collector = Collector::new(&server, payload_witnesses, agreed);
    let run = witness::run(DEVNET.rollup(), &boot, collector).expect("the nodes have everything");
    assert!(run.verdict.outcome.is_valid(), "{:?}", run.verdict);
    drop(server);

    let offline = || {
        let mut witness = Witness::new();
        for (key, value) in &run.oracle.preimages {
            match key.as_bytes()[0] {
                4 => witness.insert_sha256(value.clone()),
                _ => witness.insert_keccak(value.clone()),
            };
        }
        for (commitment, blob) in &run.oracle.blobs {
            witness.insert_blob(*commitment, blob.clone()).expect("the commitment is the blob's");
        }
        witness
    };
    let again = witness::run(DEVNET.rollup(), &boot, offline()).expect("the witness is complete");
    assert_eq!(again.verdict.output_root, boot.claimed_output_root);
    let lie = BootInfo { claimed_output_root: B256::repeat_byte(1), ..boot };
    let lied = witness::run(DEVNET.rollup(), &lie, offline()).expect("the witness is complete");
    assert!(!lied.verdict.outcome.is_valid());
    run.oracle
}

#[test]
fn a_collected_witness_verifies() {
    let collector = verify(true, 0);
    assert!(!collector.blobs.is_empty(), "the range is posted in blobs too");
    // Payload witnesses are complete; before Isthmus the message passer's root is asked for besides, as a proof.
    assert_eq!(collector.single_nodes, 0);
}

/// K-059: without payload witnesses, node by node.
#[test]
fn a_witness_collected_node_by_node_verifies() {
    let collector = verify(false, 5);
    assert!(collector.single_nodes > 50, "{} nodes", collector.single_nodes);
}

/// What was collected holds all that the devnet's own witness of the range has.
#[test]
fn nothing_of_the_exact_witness_is_lacking() {
    let collector = verify(true, 10);
    let exact = DEVNET.range(10, DEVNET.safe());
    assert!(!exact.preimages.is_empty());
    for (key, value) in &exact.preimages {
        if key.as_bytes()[0] == 5 {
            continue; // Elements of blobs, which are kept whole.
        }
        assert_eq!(collector.preimages.get(key), Some(value), "{key}");
    }
    let header = collector.preimages.values().find_map(|value| alloy_rlp::decode_exact::<Header>(value).ok());
    assert!(header.is_some(), "headers are among them");
}
