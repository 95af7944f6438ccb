//! `unroll witness inspect`: what an archive is about and what it holds. Only the claims and the indexes are read.

use super::{Done, Failure, claim_lines, claims_json, in_file};
use crate::{
    args::witness::Inspect,
    report::{Bytes, Grouped, count},
};
use serde_json::json;
use unroll_host::archive::{self, Archive, BLOB_RECORD_BYTES, Coding, Kind, Section, VERSION};
use unroll_protocol::chains;

pub fn run(args: &Inspect) -> Result<Done, Failure> {
    let archive = archive::open(&args.path)?;
    let claims = archive.claims().map_err(in_file(&args.path))?;
    let arena = |index| archive.arena_stats(index).map_err(in_file(&args.path));
    let (keccak, sha256) = (arena(Kind::KeccakIndex)?, arena(Kind::Sha256Index)?);
    let blobs = length(&archive, Kind::Blobs) / BLOB_RECORD_BYTES;
    let chain = chains::all().find(|chain| chain.config.l2_chain_id == claims.chain_id);
    let name = chain.map(|chain| chain.name);

    let mut text = format!(
        "{}: version {VERSION}, {} ({} bytes)\n  root  {}\n\n{} (chain id {})\n{}\n",
        args.path.display(),
        Bytes(archive.file_len() as u64),
        Grouped(archive.file_len() as u64),
        archive.root(),
        name.unwrap_or("a chain that is not built in"),
        claims.chain_id,
        claim_lines(&claims),
    );
    text += &format!("{:<16}  {:<6}  {:>13}  {:>13}\n", "section", "coding", "bytes", "decompressed");
    for section in archive.sections() {
        let (stored, length) = (Grouped(stored(section)), Grouped(section.length as u64));
        let (stored, length) = (stored.to_string(), length.to_string());
        let (kind, coding) = (section.kind.name(), coding(section));
        text += &format!("{kind:<16}  {coding:<6}  {stored:>13}  {length:>13}\n");
    }
    text += &format!(
        "\n{} (keccak256), with {} computed out of others, {}\n{} (sha256), {}\n",
        count(keccak.values, "preimage", "preimages"),
        count(keccak.references, "hash", "hashes"),
        Bytes(keccak.bytes as u64),
        count(sha256.values, "preimage", "preimages"),
        count(blobs, "blob", "blobs"),
    );
    let sections = archive.sections().iter().map(|section| {
        json!({
            "name": section.kind.name(),
            "coding": coding(section),
            "bytes": stored(section),
            "decompressed": section.length,
            "sha256": section.hash.to_string(),
        })
    });
    let json = json!({
        "path": args.path.display().to_string(),
        "root": archive.root().to_string(),
        "version": VERSION,
        "bytes": archive.file_len(),
        "chain_id": claims.chain_id,
        "chain_name": name,
        "claims": claims_json(&claims),
        "sections": sections.collect::<Vec<_>>(),
        "preimages": keccak.values + sha256.values,
        "blobs": blobs,
    });
    Ok(Done { text, json, code: 0 })
}

fn length(archive: &Archive, kind: Kind) -> usize {
    archive.sections().iter().find(|section| section.kind == kind).map_or(0, |section| section.length)
}

const fn stored(section: &Section) -> u64 {
    (section.end - section.start) as u64
}

const fn coding(section: &Section) -> &'static str {
    match section.coding {
        Coding::Stored => "stored",
        Coding::Zstd => "zstd",
    }
}
