//! Writes the sample that `unroll verify` carries: `crates/cli/sample/sample.{json,preimages.zst}`.

use std::{fs, path::Path};
use unroll_testing::devnet::sample::Sample;

fn main() -> std::io::Result<()> {
    let sample = Sample::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/cli/sample");
    fs::create_dir_all(&folder)?;
    let records = zstd::encode_all(&sample.records[..], 19)?;
    println!("{}: {} bytes, {} compressed", folder.display(), sample.records.len(), records.len());
    fs::write(folder.join("sample.json"), format!("{:#}\n", sample.boot))?;
    fs::write(folder.join("sample.preimages.zst"), records)
}
