//! `crates/proof/src/kzg/setup.bin`: the Lagrange points of the KZG ceremony, in the form that arithmetic wants.

use anyhow::{Context, ensure};
use ark_bls12_381::G1Affine;
use ark_serialize::CanonicalDeserialize;
use std::{fs, path::Path, process::Command};

const POINTS: usize = 4096;

/// Reads the ceremony's output out of the published crate `alloy-eips`, and writes its Lagrange points uncompressed, in
/// Montgomery form and in the order of a blob's elements.
pub fn run(root: &Path) -> anyhow::Result<()> {
    let text = fs::read_to_string(published_setup(root)?)?;
    let mut lines = text.lines();
    ensure!(lines.next() == Some("4096") && lines.next() == Some("65"), "unknown layout of the setup");
    let points = lines.take(POINTS).map(parse).collect::<anyhow::Result<Vec<_>>>()?;
    ensure!(points.len() == POINTS, "the setup ends early");
    let mut bytes = Vec::with_capacity(POINTS * 96);
    for index in 0..POINTS {
        let point = points[index.reverse_bits() >> (usize::BITS - POINTS.trailing_zeros())];
        for coordinate in [point.x, point.y] {
            // The inner integer of a field element is its Montgomery form.
            bytes.extend(coordinate.0.0.iter().flat_map(|limb| limb.to_le_bytes()));
        }
    }
    fs::write(root.join("crates/proof/src/kzg/setup.bin"), bytes)?;
    Ok(())
}

fn parse(line: &str) -> anyhow::Result<G1Affine> {
    ensure!(line.len() == 96, "a compressed point has 48 bytes");
    let bytes = (0..48)
        .map(|i| u8::from_str_radix(&line[2 * i..2 * i + 2], 16))
        .collect::<Result<Vec<_>, _>>()
        .context("a point is not hex")?;
    G1Affine::deserialize_compressed(&bytes[..]).ok().context("not a point of the group")
}

/// Where cargo keeps the sources of `alloy-eips`.
fn published_setup(root: &Path) -> anyhow::Result<std::path::PathBuf> {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root)
        .output()
        .context("cargo metadata did not start")?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let manifest = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|package| package["name"] == "alloy-eips")
        .and_then(|package| package["manifest_path"].as_str())
        .context("alloy-eips is not among the dependencies")?;
    Ok(Path::new(manifest).with_file_name("src/eip4844/trusted_setup.txt"))
}
