//! Real data, and an L1 and L2 in memory that refuse whatever they do not hold.
#![allow(dead_code, reason = "each test binary uses its part")]

use alloy_consensus::{Header, Sealable, Sealed};
use alloy_eips::eip4844::Blob;
use alloy_primitives::{B256, Bytes, hex, keccak256};
use alloy_rlp::Decodable;
use serde_json::Value;
use std::{collections::BTreeMap, path::PathBuf};
use unroll_derive::provider::{
    AltDaInput, BlobProvider, ChainProvider, IndexedBlobHash, L2Block, L2BlockStart, L2ChainProvider,
    Provider,
};
use unroll_protocol::units::{L1Ref, L1Time};

/// The file's bytes, decompressed. `None`: there is no test data here, which CI does not accept.
pub fn read(path: &str) -> Option<Vec<u8>> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    if !root.exists() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no test data at {}", root.display());
        println!("skipped: no ../shared/data");
        return None;
    }
    let bytes = std::fs::read(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    if !path.ends_with(".zst") {
        return Some(bytes);
    }
    Some(zstd::decode_all(&bytes[..]).unwrap())
}

pub fn json(path: &str) -> Option<Value> {
    Some(serde_json::from_slice(&read(path)?).unwrap())
}

pub fn json_lines(path: &str) -> Option<Vec<Value>> {
    let bytes = read(path)?;
    let text = std::str::from_utf8(&bytes).unwrap();
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

pub fn bytes(value: &Value) -> Bytes {
    hex::decode(value.as_str().unwrap()).unwrap().into()
}

pub fn hash(value: &Value) -> B256 {
    B256::from_slice(&bytes(value))
}

pub fn list(value: &Value) -> Vec<Bytes> {
    value.as_array().unwrap().iter().map(bytes).collect()
}

pub fn header(value: &Value) -> Sealed<Header> {
    Header::decode(&mut &bytes(value)[..]).unwrap().seal_slow()
}

/// What the memory does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Absent {
    #[error("header {0}")]
    Header(B256),
    #[error("transactions of {0}")]
    Transactions(B256),
    #[error("receipts of {0}")]
    Receipts(B256),
    #[error("blob {0}")]
    Blob(B256),
    #[error("L2 block {0}")]
    L2(u64),
    #[error("bundle {0}")]
    Bundle(B256),
}

#[derive(Clone, Default)]
pub struct Memory {
    pub numbers: BTreeMap<u64, L1Ref>,
    pub headers: BTreeMap<B256, Header>,
    pub transactions: BTreeMap<B256, Vec<Bytes>>,
    pub receipts: BTreeMap<B256, Vec<Bytes>>,
    pub blobs: BTreeMap<B256, Box<Blob>>,
    pub l2: BTreeMap<u64, L2Block>,
    pub bundles: BTreeMap<B256, Bytes>,
    /// What the data-availability service says; it does not have the others.
    pub inputs: BTreeMap<Bytes, AltDaInput>,
    /// What was asked for, in order.
    pub asked: Vec<String>,
}

impl Memory {
    pub fn add_l1(&mut self, header: Header, transactions: Option<Vec<Bytes>>, receipts: Option<Vec<Bytes>>) {
        let header = header.seal_slow();
        let hash = header.hash();
        let time = L1Time(header.timestamp);
        let block = L1Ref { number: header.number, hash, parent_hash: header.parent_hash, time };
        self.numbers.insert(header.number, block);
        self.headers.insert(hash, header.unseal());
        transactions.map(|list| self.transactions.insert(hash, list));
        receipts.map(|list| self.receipts.insert(hash, list));
    }

    /// The L1 blocks of a file of the test data.
    pub fn load_l1(&mut self, path: &str) -> Option<()> {
        for row in json_lines(path)? {
            let list_of = |key| row.get(key).map(list);
            self.add_l1(header(&row["header_rlp"]).unseal(), list_of("transactions"), list_of("receipts"));
        }
        Some(())
    }

    pub fn load_blobs(&mut self, path: &str, index: &str) -> Option<()> {
        let all = read(path)?;
        for blob in json(index)?.as_array().unwrap() {
            let at = usize::try_from(blob["index_in_file"].as_u64().unwrap()).unwrap() * 131_072;
            let bytes = Box::new(Blob::from_slice(&all[at..at + 131_072]));
            self.blobs.insert(hash(&blob["versioned_hash"]), bytes);
        }
        Some(())
    }
}

impl Provider for Memory {
    type Error = Absent;
}

impl ChainProvider for Memory {
    fn block_info_by_number(&mut self, number: u64) -> Result<Option<L1Ref>, Absent> {
        Ok(self.numbers.get(&number).copied())
    }

    fn header_by_hash(&mut self, hash: B256) -> Result<Header, Absent> {
        self.headers.get(&hash).cloned().ok_or(Absent::Header(hash))
    }

    fn receipts_by_hash(&mut self, hash: B256) -> Result<Vec<Bytes>, Absent> {
        self.asked.push(format!("receipts {}", self.headers[&hash].number));
        self.receipts.get(&hash).cloned().ok_or(Absent::Receipts(hash))
    }

    fn transactions_by_hash(&mut self, hash: B256) -> Result<Vec<Bytes>, Absent> {
        self.asked.push(format!("transactions {}", self.headers[&hash].number));
        self.transactions.get(&hash).cloned().ok_or(Absent::Transactions(hash))
    }
}

impl BlobProvider for Memory {
    fn blobs(&mut self, block: &L1Ref, hashes: &[IndexedBlobHash]) -> Result<Vec<Box<Blob>>, Absent> {
        let indices: Vec<u64> = hashes.iter().map(|blob| blob.index).collect();
        self.asked.push(format!("blobs {} {indices:?}", block.number));
        hashes.iter().map(|blob| self.blobs.get(&blob.hash).cloned().ok_or(Absent::Blob(blob.hash))).collect()
    }

    fn alt_da_input(&mut self, commitment: &Bytes) -> Result<AltDaInput, Absent> {
        self.asked.push(format!("input {commitment}"));
        Ok(self.inputs.get(commitment).cloned().unwrap_or(AltDaInput::Missing))
    }
}

impl L2ChainProvider for Memory {
    fn block_by_number(&mut self, _head: B256, number: u64) -> Result<L2Block, Absent> {
        self.asked.push(format!("L2 {number}"));
        self.l2.get(&number).cloned().ok_or(Absent::L2(number))
    }

    fn block_start_by_number(&mut self, _head: B256, number: u64) -> Result<L2BlockStart, Absent> {
        self.asked.push(format!("L2 start {number}"));
        let block = self.l2.get(&number).cloned().ok_or(Absent::L2(number))?;
        let first_transaction = block.transactions.into_iter().next();
        Ok(L2BlockStart { header: block.header, first_transaction })
    }

    fn upgrade_bundle(&mut self, sha256: B256) -> Result<Bytes, Absent> {
        self.bundles.get(&sha256).cloned().ok_or(Absent::Bundle(sha256))
    }
}

/// A hash that stands for something with this name.
pub fn fake_hash(name: impl AsRef<[u8]>) -> B256 {
    keccak256(name)
}
