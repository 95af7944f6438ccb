//! `unroll witness export`: archives in the forms that other programs read.

use super::{Done, Failure, contents, spinner};
use crate::{
    args::witness::{Export, Format, only},
    report::{Grouped, count},
};
use serde_json::{Value as Json, json};
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use unroll_host::{
    archive::{self, Claim, Contents},
    store,
};
use unroll_proof::{PreimageKey, preimage::LocalInput};

pub fn run(args: &Export) -> Result<Done, Failure> {
    let contents = contents(&args.path)?;
    let claims = &contents.claims.claims;
    let claim = only(claims, args.claim);
    let claim = claim.ok_or_else(|| Failure::Claim { path: args.path.clone(), count: claims.len() })?;
    let waiting = spinner(format!("writing {}", args.out.display()));
    let files = match args.format {
        Format::Records => records(&contents, claim, &args.out)?,
        Format::Directory => directory(&contents, claim, &args.out, store::Format::Directory)?,
        Format::File => directory(&contents, claim, &args.out, store::Format::File)?,
        Format::Redb => directory(&contents, claim, &args.out, store::Format::Redb)?,
    };
    waiting.finish_and_clear();
    let (preimages, blobs) = (contents.preimages().len(), contents.blobs().len());
    let text = format!(
        "{}: {} and {} in {} files\n",
        args.out.display(),
        count(preimages, "preimage", "preimages"),
        count(blobs, "blob", "blobs"),
        Grouped(files as u64),
    );
    let format = clap::ValueEnum::to_possible_value(&args.format);
    let json = json!({
        "path": args.out.display().to_string(),
        "format": format.map(|value| value.get_name().to_owned()),
        "files": files,
        "preimages": preimages,
        "blobs": blobs,
    });
    Ok(Done { text, json, code: 0 })
}

/// The boot file, and the preimages beside it.
fn records(contents: &Contents, claim: &Claim, path: &Path) -> Result<usize, Failure> {
    let sidecar = path.with_extension("preimages.zst");
    if let Some(there) = [path, &sidecar].into_iter().find(|path| path.exists()) {
        return Err(Failure::Occupied(there.into()));
    }
    let write = |path: &PathBuf, bytes: io::Result<Vec<u8>>| {
        bytes
            .and_then(|bytes| fs::write(path, bytes))
            .map_err(|error| Failure::Write { path: path.clone(), error })
    };
    let compressed = zstd::encode_all(&contents.records()[..], archive::DEFAULT_LEVEL);
    write(&sidecar, compressed)?;
    let name = sidecar.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let boot = boot_json(contents, claim, &name);
    write(&path.into(), Ok(format!("{boot:#}\n").into_bytes()))?;
    Ok(2)
}

fn boot_json(contents: &Contents, claim: &Claim, sidecar: &str) -> Json {
    let mut boot = json!({
        "chain_id": contents.claims.chain_id,
        "l1_head": claim.l1_head.to_string(),
        "agreed_l2_output_root": claim.agreed_output_root.to_string(),
        "agreed_l2_block_number": claim.agreed_block_number,
        "claimed_l2_output_root": claim.claimed_output_root.to_string(),
        "claimed_l2_block_number": claim.claimed_block_number,
        "preimages": {
            "file": sidecar,
            "format": "repeat: [32-byte typed key][u32 little-endian length][value], sorted by key",
        },
    });
    let configs = [("rollup_config", &contents.rollup_config), ("l1_config", &contents.l1_config)];
    for (key, config) in configs {
        // What is in an archive is JSON, or it could not be run; then there is nothing to export.
        if let Ok(value) = serde_json::from_slice::<Json>(config) {
            boot[key] = value;
        }
    }
    boot
}

/// A data directory, with the local keys and with what the keys of blob elements are the hashes of.
fn directory(
    contents: &Contents,
    claim: &Claim,
    path: &Path,
    format: store::Format,
) -> Result<usize, Failure> {
    let occupied = fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some());
    if occupied || path.is_file() {
        return Err(Failure::Occupied(path.into()));
    }
    let boot = claim.boot(contents.claims.chain_id);
    let locals = [
        (LocalInput::L1Head, boot.l1_head.to_vec()),
        (LocalInput::AgreedOutputRoot, boot.agreed_output_root.to_vec()),
        (LocalInput::ClaimedOutputRoot, boot.claimed_output_root.to_vec()),
        (LocalInput::ClaimedBlockNumber, boot.claimed_block_number.to_be_bytes().to_vec()),
        (LocalInput::ChainId, boot.chain_id.to_be_bytes().to_vec()),
        (LocalInput::RollupConfig, contents.rollup_config.to_vec()),
        (LocalInput::L1Config, contents.l1_config.to_vec()),
    ];
    let mut entries = contents.keyed();
    entries.extend(contents.points());
    let given = locals.into_iter().filter(|(_, value)| !value.is_empty());
    entries.extend(given.map(|(input, value)| (PreimageKey::local(input), value.into())));
    archive::write_directory(path, format, &entries).map_err(Failure::Store)?;
    Ok(if format == store::Format::Redb { 1 } else { entries.len() })
}
