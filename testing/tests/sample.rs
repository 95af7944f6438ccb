//! The sample that `unroll verify` carries is what our own devnet gives, byte for byte.

use std::{fs, path::Path};
use unroll_testing::devnet::sample::Sample;

#[test]
fn the_committed_sample_is_ours() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/cli/sample");
    let boot = fs::read_to_string(folder.join("sample.json")).expect("the sample is committed");
    let records = fs::File::open(folder.join("sample.preimages.zst")).expect("the sample is committed");
    let records = zstd::decode_all(records).expect("the sample is zstd");

    let sample = Sample::new();

    let hint = "cargo run -p unroll-testing --features devnet --bin sample";
    assert_eq!(boot, format!("{:#}\n", sample.boot), "to write it anew: {hint}");
    assert!(records == sample.records, "to write it anew: {hint}");
}
