//! kona-executor on the real blocks that ours is measured on: `cargo run --release --features executor --bin executor`
//! (or `executor-c-crypto`), with names of blocks for these alone. CPU time of the thread, the best of 25 runs, like
//! `cargo bench -p unroll-executor --bench floors`. It hashes no preimage that it asks for; ours does not either.

use std::{collections::HashMap, error::Error, fs, path::PathBuf};

use alloy_consensus::{Header, Sealable};
use alloy_op_evm::OpEvmFactory;
use alloy_primitives::{Address, B256, Bytes, hex};
use alloy_rlp::Decodable;
use kona_executor::{StatelessL2Builder, TrieDBProvider};
use kona_genesis::RollupConfig;
use kona_mpt::{NoopTrieHinter, TrieNode, TrieProvider};
use op_alloy_rpc_types_engine::OpPayloadAttributes;
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;

const RUNS: usize = 25;

/// What the config of today has, and kona's of that time does not know.
const LATER: [&str; 3] = ["karst_time", "keep_karst_upgrade_gas", "lagoon_time"];

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[derive(Debug)]
struct Preimages(HashMap<B256, Bytes>);

impl Preimages {
    /// Records of key, length, value.
    fn read(records: Vec<u8>) -> Result<Self> {
        let (records, mut at, mut by_hash) = (Bytes::from(records), 0, HashMap::new());
        while at < records.len() {
            let length = u32::from_le_bytes(records[at + 32..at + 36].try_into()?) as usize;
            by_hash.insert(B256::from_slice(&records[at..at + 32]), records.slice(at + 36..at + 36 + length));
            at += 36 + length;
        }
        Ok(Self(by_hash))
    }

    fn get(&self, hash: B256) -> std::result::Result<&Bytes, String> {
        self.0.get(&hash).ok_or_else(|| format!("no preimage of {hash}"))
    }
}

impl TrieProvider for &Preimages {
    type Error = String;
    fn trie_node_by_hash(&self, hash: B256) -> std::result::Result<TrieNode, String> {
        TrieNode::decode(&mut &self.get(hash)?[..]).map_err(|error| error.to_string())
    }
}

impl TrieDBProvider for &Preimages {
    fn bytecode_by_hash(&self, hash: B256) -> std::result::Result<Bytes, String> {
        self.get(hash).cloned()
    }
    fn header_by_hash(&self, hash: B256) -> std::result::Result<Header, String> {
        Header::decode(&mut &self.get(hash)?[..]).map_err(|error| error.to_string())
    }
}

fn block(name: &str) -> Result<()> {
    let file = |kind: &str| -> Result<Vec<u8>> {
        let path = folder().join(format!("{name}.{kind}.zst"));
        Ok(zstd::decode_all(fs::File::open(path)?)?)
    };
    let json: Value = serde_json::from_slice(&file("json")?)?;
    let preimages = Preimages::read(file("preimages")?)?;
    let cfg = config(&json["rollup_config"])?;
    let parent = hex::decode(json["parent_header_rlp"].as_str().ok_or("no parent")?)?;
    let parent = Header::decode(&mut &parent[..])?.seal_slow();
    let attributes: OpPayloadAttributes = serde_json::from_value(json["payload_attributes"].clone())?;
    let expected: B256 = serde_json::from_value(json["expected_block_hash"].clone())?;
    let mut best = f64::MAX;
    for _ in 0..RUNS {
        let attributes = attributes.clone();
        let start = thread_milliseconds();
        let factory = OpEvmFactory::default();
        let mut executor = StatelessL2Builder::new(&cfg, factory, &preimages, NoopTrieHinter, parent.clone());
        let outcome = executor.build_block(attributes).map_err(|error| format!("{error:?}"))?;
        best = best.min(thread_milliseconds() - start);
        if outcome.header.hash() != expected {
            return Err(format!("block {} instead of {expected}", outcome.header.hash()).into());
        }
    }
    println!("| {name} | {best:.2} ms |");
    Ok(())
}

fn config(json: &Value) -> Result<RollupConfig> {
    let mut json = json.clone();
    let fields = json.as_object_mut().ok_or("the config is no object")?;
    LATER.iter().for_each(|name| drop(fields.remove(*name)));
    // It wants a field that nobody reads.
    fields.entry("protocol_versions_address").or_insert(Address::ZERO.to_string().into());
    Ok(serde_json::from_value(json)?)
}

fn thread_milliseconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/exec"))
}

fn main() -> Result<()> {
    let mut names: Vec<_> = std::env::args().skip(1).collect();
    if names.is_empty() {
        let files = fs::read_dir(folder())?.filter_map(|file| file.ok()?.file_name().into_string().ok());
        names.extend(files.filter_map(|name| Some(name.strip_suffix(".json.zst")?.to_owned())));
        names.sort();
    }
    println!("| block | kona-executor 0.4.0 |");
    println!("|---|---:|");
    for name in names {
        block(&name).unwrap_or_else(|error| println!("| {name} | {error} |"));
    }
    Ok(())
}
