//! Data of published crates: where cargo keeps their sources.

use anyhow::{Context, bail};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The sources of a crate on crates.io, downloaded if need be. It is not a dependency of ours: only its data is read.
pub fn of_crate(root: &Path, name: &str, version: &str) -> anyhow::Result<PathBuf> {
    let package = root.join("target/xtask").join(name);
    fs::create_dir_all(&package)?;
    let manifest = package.join("Cargo.toml");
    let text = format!(
        "[package]\nname = \"source\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[lib]\npath = \"lib.rs\"\n\
         [dependencies]\n{name} = \"={version}\"\n[workspace]\n"
    );
    fs::write(&manifest, text)?;
    fs::write(package.join("lib.rs"), "")?;
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--manifest-path"])
        .arg(&manifest)
        .output()?;
    if !output.status.success() {
        bail!("cargo metadata for {name} {version}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().context("cargo metadata has packages")?;
    let found = packages.iter().find(|p| p["name"] == name && p["version"] == version);
    let path = found
        .and_then(|p| p["manifest_path"].as_str())
        .with_context(|| format!("{name} {version} not found"))?;
    Ok(Path::new(path).parent().context("a manifest lies in a folder")?.to_path_buf())
}
