//! The sample that `unroll verify` carries: some fifty blocks across Holocene, Isthmus and Jovian, posted as calldata and in
//! blobs.

use super::{Devnet, DevnetConfig, RangeWitness};
use serde_json::Value;

/// What the sample's chain is made from.
const CONFIG: &str = include_str!("sample.toml");
/// The claimed block.
const BLOCKS: u64 = 50;

/// The boot file and the records beside it, in the format of `unroll verify`.
pub struct Sample {
    /// The boot file.
    pub boot: Value,
    /// `[32-byte key][u32 little-endian length][value]`, sorted by key.
    pub records: Vec<u8>,
}

impl Sample {
    /// The sample, made anew.
    ///
    /// # Panics
    ///
    /// If the chain is not what its file says.
    pub fn new() -> Self {
        let config = DevnetConfig::from_toml(CONFIG).expect("the sample's file is well-formed");
        let mut devnet = Devnet::new(config, None);
        devnet.advance_to(BLOCKS);
        devnet.sync();
        let witness: RangeWitness = devnet.range(0, BLOCKS);
        let mut boot = witness.boot_file("sample.preimages.zst");
        boot["agreed_l2_head_hash"] = devnet.l2[0].header.hash().to_string().into();
        boot["agreed_l2_block_number"] = 0.into();
        boot["source"] = "cargo run -p unroll-testing --features devnet --bin sample".into();
        Self { boot, records: witness.records().to_vec() }
    }
}

impl Default for Sample {
    fn default() -> Self {
        Self::new()
    }
}
