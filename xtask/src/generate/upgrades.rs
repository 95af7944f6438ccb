//! `crates/protocol/src/upgrades/<fork>.bin`: the transactions of network upgrades, each after its length (4 bytes, big
//! endian).
//!
//! Ecotone, Fjord and Isthmus come from a published crate. No published crate has Jovian's yet: they come from a real
//! activation block in `../shared`, and where that is absent the file stays as it is.

use super::source;
use anyhow::{Context, ensure};
use serde_json::Value;
use std::{fs, path::Path};
use unroll_protocol::deposit::DepositTx;

/// Writes the files.
pub fn run(root: &Path) -> anyhow::Result<()> {
    let bytecode = source::of_crate(root, "kona-hardforks", "0.4.5")?.join("src/bytecode");
    for (fork, count) in [("ecotone", 6), ("fjord", 3), ("isthmus", 8)] {
        let file = |index| fs::read_to_string(bytecode.join(format!("{fork}_tx_{index}.hex")));
        write(root, fork, &(0..count).map(file).collect::<Result<Vec<_>, _>>()?)?;
    }
    let shared = root.join("../shared/data/upgrade-txs/upgrade-deposit-txs.json");
    if !shared.is_file() {
        println!("no ../shared: jovian.bin stays as it is");
        return Ok(());
    }
    let real: Value = serde_json::from_slice(&fs::read(shared)?)?;
    let jovian = real["forks"]["jovian"].as_array().context("upgrade-deposit-txs.json has jovian")?;
    let raw = jovian
        .iter()
        .map(|tx| tx["raw"].as_str().map(ToOwned::to_owned).context("a transaction has raw bytes"));
    write(root, "jovian", &raw.collect::<anyhow::Result<Vec<_>>>()?)
}

fn write(root: &Path, fork: &str, transactions: &[String]) -> anyhow::Result<()> {
    let mut out = Vec::new();
    for hex in transactions {
        let digits = hex.trim().trim_start_matches("0x").as_bytes();
        ensure!(digits.len().is_multiple_of(2), "half a byte of hex");
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let bytes = digits
            .chunks(2)
            .map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?))
            .collect::<Option<Vec<u8>>>();
        let bytes = bytes.context("not hex")?;
        let tx = DepositTx::decode(&bytes)?;
        ensure!(tx.encode() == bytes, "{fork}: a transaction is not in canonical form");
        out.extend(u32::try_from(bytes.len())?.to_be_bytes());
        out.extend(bytes);
    }
    let path = root.join("crates/protocol/src/upgrades").join(fork).with_extension("bin");
    fs::write(&path, out)?;
    println!("{} transactions of {fork}: {}", transactions.len(), path.display());
    Ok(())
}
