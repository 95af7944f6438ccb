//! The files that come of a chain: written, and later compared with the chain that is made again.

use super::{BLOBS, Folder, FolderError, INPUTS, RANGE};
use crate::layer::encoded;
use alloy_consensus::Header;
use alloy_primitives::{Bytes, Sealed, hex, keccak256};
use serde_json::{Value, json};
use std::{
    fs::File,
    io::{self, BufWriter, Write as _},
};
use unroll_host::archive::{self, Claim, Claims, Compression, Contents};
use unroll_proof::Witness;
use unroll_testing::devnet::{Devnet, L1Block, L2Block, RangeWitness, blobs::Sidecar};

/// Quick to write; the best level is for archives that travel.
const ZSTD_LEVEL: i32 = 9;

/// What a file holds.
enum Content<'a> {
    Json(&'a Value),
    /// An object in each line.
    Lines(Vec<Value>),
    Bytes(&'a [u8]),
    Archive(Box<Contents>),
}

/// Writes every file that comes of the chain.
pub(super) fn write(folder: &Folder<'_>, devnet: &Devnet) -> Result<(), FolderError> {
    for (name, content) in all(devnet) {
        match content {
            Content::Json(value) => folder.json(&name, value)?,
            Content::Lines(lines) => {
                write_lines(folder, &name, &lines).map_err(|error| folder.io(&name, error))?;
            }
            Content::Bytes(bytes) => folder.file(&name, bytes)?,
            Content::Archive(contents) => {
                let saved = archive::save(&folder.0.join(&name), &contents, Compression::Zstd(ZSTD_LEVEL));
                saved.map_err(|error| folder.io(&name, error))?;
            }
        }
    }
    Ok(())
}

/// Compares every such file with the chain. How JSON is laid out does not matter, nor how an archive is compressed.
pub(super) fn compare(folder: &Folder<'_>, devnet: &Devnet) -> Result<(), FolderError> {
    for (name, content) in all(devnet) {
        let bytes = folder.bytes(&name)?;
        let line = match &content {
            Content::Lines(own) => other_line(&bytes, own),
            _ => None,
        };
        let same = match content {
            Content::Json(own) => is_json(&bytes, own),
            Content::Lines(_) => line.is_none(),
            Content::Bytes(own) => bytes == own,
            Content::Archive(own) => is_archive(bytes, &own),
        };
        if !same {
            return Err(FolderError::Changed { path: folder.0.join(&name), line });
        }
    }
    Ok(())
}

fn all(devnet: &Devnet) -> Vec<(String, Content<'_>)> {
    let genesis = &devnet.genesis;
    let mut all = vec![
        ("genesis.json".to_owned(), Content::Json(&genesis.genesis)),
        ("rollup.json".to_owned(), Content::Json(&genesis.rollup)),
        ("l1-config.json".to_owned(), Content::Json(&genesis.l1)),
        ("l1-blocks.jsonl".to_owned(), Content::Lines(devnet.l1.blocks().iter().map(l1_line).collect())),
        ("l2-blocks.jsonl".to_owned(), Content::Lines(devnet.l2.iter().map(l2_line).collect())),
    ];
    let sidecars = devnet.l1.blocks().iter().flat_map(|block| &block.sidecars);
    all.extend(sidecars.map(|sidecar| {
        (format!("{BLOBS}/{}.bin", sidecar.versioned_hash), Content::Bytes(&sidecar.blob[..]))
    }));
    let inputs = devnet.l1.blocks().iter().flat_map(|block| &block.inputs);
    all.extend(
        inputs.map(|input| (format!("{INPUTS}/{}.bin", keccak256(input)), Content::Bytes(&input[..]))),
    );
    let range = contents(&devnet.range(0, devnet.safe()));
    all.push((RANGE.to_owned(), Content::Archive(Box::new(range))));
    all
}

/// A claim that is agreed on genesis.
fn contents(range: &RangeWitness) -> Contents {
    let boot = &range.boot;
    let claims = Claims { chain_id: boot.chain_id, claims: vec![Claim::of(boot, 0)] };
    let json = |value: &Value| Bytes::from(value.to_string().into_bytes());
    let mut contents = Contents::new(claims, json(&range.rollup), json(&range.l1));
    let witness = Witness::from_records(&range.records()).expect("the devnet's own preimages");
    contents.add_witness(&witness).expect("whole blobs were read");
    contents
}

fn l1_line(block: &L1Block) -> Value {
    let mut line = line(&block.header, &block.transactions, &block.receipts);
    let sidecar = |sidecar: &Sidecar| {
        json!({
            "versioned_hash": sidecar.versioned_hash,
            "commitment": hex::encode_prefixed(sidecar.commitment),
            "proof": hex::encode_prefixed(sidecar.proof),
        })
    };
    line["blobs"] = block.sidecars.iter().map(sidecar).collect();
    line
}

fn l2_line(block: &L2Block) -> Value {
    let mut line = line(&block.header, &block.transactions, &block.receipts);
    line["output_root"] = json!(block.output.hash());
    line["l1_origin"] = json!({ "number": block.l1_origin.number, "hash": block.l1_origin.hash });
    line["sequence_number"] = block.sequence_number.into();
    line["safe_at"] = block.safe_at.into();
    line
}

fn line(header: &Sealed<Header>, transactions: &[Bytes], receipts: &[Bytes]) -> Value {
    json!({
        "number": header.number,
        "hash": header.hash(),
        "header_rlp": encoded(header.inner()),
        "transactions": transactions,
        "receipts": receipts,
    })
}

fn write_lines(folder: &Folder<'_>, name: &str, lines: &[Value]) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(folder.0.join(name))?);
    for line in lines {
        writeln!(file, "{line}")?;
    }
    file.flush()
}

fn is_json(bytes: &[u8], own: &Value) -> bool {
    serde_json::from_slice::<Value>(bytes).is_ok_and(|value| value == *own)
}

/// The first line that says something else, counted from 1; the one after the last if that is where they differ.
fn other_line(bytes: &[u8], own: &[Value]) -> Option<usize> {
    let mut written = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let differing = own.iter().position(|own| !written.next().is_some_and(|line| is_json(line, own)));
    let rest = || written.next().map(|_| own.len());
    differing.or_else(rest).map(|line| line + 1)
}

fn is_archive(bytes: Vec<u8>, own: &Contents) -> bool {
    let archive = archive::Archive::new(bytes.into(), archive::inflate);
    let contents = archive.and_then(|archive| Contents::of_archive(&archive));
    contents.is_ok_and(|contents| contents == *own)
}
