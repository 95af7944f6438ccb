//! The fuzz targets of derivation: every decoder, and the pipeline's operations. `docs/FUZZING.md` says how to run them.
//!
//! The bodies stand beside the code that they try, those of the small decoders in [`decoders`]; here are their names, and the
//! inputs to begin with.

pub mod decoders;
pub mod pipeline;
pub mod seeds;

use crate::memory::Counting;
use decoders::{
    fuzz_alt_da, fuzz_batch, fuzz_decompress, fuzz_extra_data, fuzz_output_root, fuzz_superchain,
};
use pipeline::fuzz_pipeline;
use unroll_protocol::{
    blob::fuzz_blob, channel::fuzz_channel, config_file::fuzz_config_file, deposit::fuzz_deposit,
    frame::fuzz_frames, l1_info::fuzz_l1_info, l1_receipt::fuzz_l1_receipt,
    l1_transaction::fuzz_l1_transaction, system_config::fuzz_config_update, upgrades::fuzz_bundle,
};

/// How much an execution may allocate at a time, in bytes.
pub const MEMORY_LIMIT: usize = 256 << 20;
/// Where allocation itself fails, which ends the process, so that the machine stays whole.
pub const HARD_LIMIT: usize = 4 * MEMORY_LIMIT;

/// A body and where its inputs come from.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name of its folder in `fuzz/corpus`, and of its file in `fuzz/fuzz_targets`.
    pub name: &'static str,
    /// Panics on an input that it should not panic on.
    pub body: fn(&[u8]),
    /// Well-formed inputs, which the committed corpus consists of.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

impl Target {
    /// Executes an input alone in this process, whose allocator `memory` is: what it allocated at most, in bytes. `Err`: that is
    /// more than [`MEMORY_LIMIT`].
    pub fn execute(&self, input: &[u8], memory: &Counting) -> Result<usize, usize> {
        match memory.peak_of(|| (self.body)(input)) {
            (peak, ()) if peak <= MEMORY_LIMIT => Ok(peak),
            (peak, ()) => Err(peak),
        }
    }
}

/// All targets.
pub const TARGETS: [Target; 17] = [
    Target { name: "alt_da", body: fuzz_alt_da, seeds: seeds::alt_da },
    Target { name: "batch", body: fuzz_batch, seeds: seeds::streams },
    Target { name: "blob", body: fuzz_blob, seeds: seeds::blobs },
    Target { name: "bundle", body: fuzz_bundle, seeds: seeds::bundles },
    Target { name: "channel", body: fuzz_channel, seeds: seeds::frame_orders },
    Target { name: "config_file", body: fuzz_config_file, seeds: seeds::config_files },
    Target { name: "config_update", body: fuzz_config_update, seeds: seeds::config_updates },
    Target { name: "decompress", body: fuzz_decompress, seeds: seeds::channels },
    Target { name: "deposit", body: fuzz_deposit, seeds: seeds::deposits },
    Target { name: "extra_data", body: fuzz_extra_data, seeds: seeds::extra_data },
    Target { name: "frames", body: fuzz_frames, seeds: seeds::payloads },
    Target { name: "l1_info", body: fuzz_l1_info, seeds: seeds::l1_infos },
    Target { name: "l1_receipt", body: fuzz_l1_receipt, seeds: seeds::l1_receipts },
    Target { name: "l1_transaction", body: fuzz_l1_transaction, seeds: seeds::transactions },
    Target { name: "output_root", body: fuzz_output_root, seeds: seeds::output_roots },
    Target { name: "pipeline", body: fuzz_pipeline, seeds: pipeline::seeds },
    Target { name: "superchain", body: fuzz_superchain, seeds: seeds::superchain },
];

/// The committed inputs of a target, in the order of their names.
pub fn corpus(target: &Target) -> std::io::Result<Vec<Vec<u8>>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus");
    let entries = std::fs::read_dir(std::path::Path::new(folder).join(target.name))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    paths.iter().map(std::fs::read).collect()
}
