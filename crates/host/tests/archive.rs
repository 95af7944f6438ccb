//! Archives of real witnesses: written, read, pruned, split and merged.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod common;

use common::{DEVNETS, SEPOLIA};
use unroll_host::archive::{self, Compression, Contents};

fn bytes(contents: &Contents, compression: Compression) -> Vec<u8> {
    let mut bytes = Vec::new();
    archive::write(&mut bytes, contents, compression).unwrap();
    bytes
}

#[test]
fn sizes() {
    for name in DEVNETS.into_iter().chain([SEPOLIA]) {
        let Some(case) = common::case(name) else { return };
        let config = case.config();
        let clock = std::time::Instant::now();
        let (pruned, verdicts) = archive::prune(case.contents, &config, &mut |_, _| {}).unwrap();
        println!("{name}: {:?} {:?}", verdicts, clock.elapsed());
        println!("{} preimages, {} blobs", pruned.preimages().len(), pruned.blobs().len());
        let clock = std::time::Instant::now();
        println!("{} bytes, {:?}", bytes(&pruned, Compression::default()).len(), clock.elapsed());
    }
}
