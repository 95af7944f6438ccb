//! Real blocks from `../shared/data`.
#![allow(dead_code, reason = "each test binary uses a part")]

pub mod logging;
pub mod world;

use std::{fs, path::PathBuf};

use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes, Sealed, keccak256, map::B256Map};
use alloy_rlp::Decodable;
use op_alloy_rpc_types_engine::OpPayloadAttributes;
use serde_json::Value;
use unroll_executor::{TrieDBFetcher, TrieDBHinter, provider::Provider};
use unroll_protocol::{
    config::{BaseFeeConstants, RollupConfig},
    forks::{Fork, ForkTimes},
};

/// The folder of real data, or `None` where a developer does not have it. CI must have it.
pub fn data() -> Option<PathBuf> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    if folder.is_dir() {
        return Some(folder);
    }
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{} is missing", folder.display());
    println!("skipped: no ../shared/data");
    None
}

/// A block with what it takes to execute it.
pub struct Fixture {
    pub name: String,
    pub cfg: RollupConfig,
    pub parent: Sealed<Header>,
    pub attributes: OpPayloadAttributes,
    pub expected: Header,
    pub expected_hash: B256,
    pub receipts: Option<Vec<Bytes>>,
    pub preimages: Preimages,
}

impl Fixture {
    pub fn load(set: &str, name: &str) -> Self {
        let folder = data().expect("the caller checked").join(set);
        let json = unzip(&folder.join(format!("{name}.json.zst")));
        let json: Value = serde_json::from_slice(&json).expect("JSON");
        let mut preimages = Preimages::default();
        preimages.add(&records(set, name));
        let parent = Sealed::new_unchecked(header(&json["parent_header_rlp"]), hash(&json["parent_hash"]));
        assert_eq!(keccak256(bytes(&json["parent_header_rlp"])), parent.hash(), "{name}");
        Self {
            name: name.to_owned(),
            cfg: config(&json["rollup_config"]),
            parent,
            attributes: attributes(&json["payload_attributes"]),
            expected: header(&json["expected_header_rlp"]),
            expected_hash: hash(&json["expected_block_hash"]),
            receipts: json["expected"]["receipts"]
                .as_array()
                .map(|receipts| receipts.iter().map(bytes).collect()),
            preimages,
        }
    }

    /// All names in a folder, sorted.
    pub fn names(folder: &str) -> Vec<String> {
        let folder = data().expect("the caller checked").join(folder);
        let files = fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").file_name());
        let mut names: Vec<_> =
            files.filter_map(|name| Some(name.to_str()?.strip_suffix(".json.zst")?.to_owned())).collect();
        names.sort();
        names
    }
}

/// The records of a fixture's preimages.
pub fn records(set: &str, name: &str) -> Bytes {
    unzip(&data().expect("the caller checked").join(set).join(format!("{name}.preimages.zst"))).into()
}

pub fn unzip(path: &std::path::Path) -> Vec<u8> {
    let file = fs::read(path).expect("a file that was listed");
    zstd::decode_all(&file[..]).expect("zstd")
}

pub fn bytes(value: &Value) -> Bytes {
    value.as_str().expect("hex").parse().expect("hex")
}

pub fn hash(value: &Value) -> B256 {
    value.as_str().expect("hash").parse().expect("hash")
}

pub fn header(value: &Value) -> Header {
    Header::decode(&mut &bytes(value)[..]).expect("header")
}

pub fn number(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => {
            Some(u64::from_str_radix(text.strip_prefix("0x").expect("hex"), 16).expect("hex"))
        }
        other => other.as_u64(),
    }
}

/// What execution needs of an op-node config. Some fixtures have no more than that.
pub fn config(json: &Value) -> RollupConfig {
    let mut forks = ForkTimes::NONE;
    for fork in Fork::ALL {
        if let Some(time) = number(&json[format!("{}_time", fork.name())]) {
            forks = forks.with(fork, time);
        }
    }
    let constant =
        |name: &str| u32::try_from(number(&json["chain_op_config"][name]).expect("number")).expect("u32");
    RollupConfig {
        forks,
        block_time: number(&json["block_time"]).expect("block time"),
        l2_chain_id: number(&json["l2_chain_id"]).expect("chain id"),
        base_fee: BaseFeeConstants {
            elasticity: constant("eip1559Elasticity"),
            denominator: constant("eip1559Denominator"),
            denominator_canyon: constant("eip1559DenominatorCanyon"),
        },
        ..RollupConfig::default()
    }
}

pub fn attributes(json: &Value) -> OpPayloadAttributes {
    let optional = |name: &str| json.get(name).filter(|value| !value.is_null());
    let mut attributes = OpPayloadAttributes {
        transactions: optional("transactions")
            .map(|list| list.as_array().expect("list").iter().map(bytes).collect()),
        no_tx_pool: optional("noTxPool").and_then(Value::as_bool),
        gas_limit: number(&json["gasLimit"]),
        eip_1559_params: optional("eip1559Params")
            .map(|value| value.as_str().expect("hex").parse().expect("hex")),
        min_base_fee: number(&json["minBaseFee"]),
        ..OpPayloadAttributes::default()
    };
    let payload = &mut attributes.payload_attributes;
    payload.timestamp = number(&json["timestamp"]).expect("timestamp");
    payload.prev_randao = hash(&json["prevRandao"]);
    payload.suggested_fee_recipient =
        json["suggestedFeeRecipient"].as_str().expect("address").parse().expect("address");
    payload.parent_beacon_block_root = optional("parentBeaconBlockRoot").map(hash);
    payload.withdrawals = optional("withdrawals").map(|list| {
        assert!(list.as_array().expect("list").is_empty());
        Vec::new()
    });
    attributes
}

/// A provider of preimages that counts what is asked for.
#[derive(Clone, Debug, Default)]
pub struct Preimages {
    pub by_hash: B256Map<Bytes>,
    pub asked: Vec<B256>,
}

/// This preimage is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing(pub B256);

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no preimage of {}", self.0)
    }
}

impl std::error::Error for Missing {}

impl Preimages {
    /// Records of key, length, value; the keys are checked, not believed.
    pub fn add(&mut self, records: &Bytes) {
        let mut at = 0;
        while at < records.len() {
            let (key, rest) = records[at..].split_first_chunk::<32>().expect("key");
            let length = u32::from_le_bytes(*rest.first_chunk().expect("length")) as usize;
            let value = records.slice(at + 36..at + 36 + length);
            assert_eq!(keccak256(&value), key);
            self.by_hash.insert(key.into(), value);
            at += 36 + length;
        }
    }

    fn get(&mut self, hash: B256) -> Result<Bytes, Missing> {
        self.asked.push(hash);
        self.by_hash.get(&hash).cloned().ok_or(Missing(hash))
    }
}

impl Provider for Preimages {
    type Error = Missing;
}

impl TrieDBFetcher for Preimages {
    fn trie_node_preimage(&mut self, hash: B256) -> Result<Bytes, Missing> {
        self.get(hash)
    }

    fn bytecode_by_hash(&mut self, hash: B256) -> Result<Bytes, Missing> {
        self.get(hash)
    }

    fn l2_header_by_hash(&mut self, hash: B256) -> Result<Header, Missing> {
        Ok(Header::decode(&mut &self.get(hash)?[..]).expect("header"))
    }
}

impl TrieDBHinter for Preimages {}
