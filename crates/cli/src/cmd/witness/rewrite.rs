//! `unroll witness prune`, `split`, `merge`: archives out of archives.

use super::{Done, Failure, check_free, config, contents, save};
use crate::{
    args::witness::{Merge, Prune, Split},
    cmd::verify::progress,
    report::{Bytes, count},
};
use serde_json::json;
use std::path::{Path, PathBuf};
use unroll_host::archive::{self, Claim, Contents, SplitError};

pub fn prune(args: &Prune) -> Result<Done, Failure> {
    check_free(&args.output)?;
    let contents = contents(&args.path)?;
    let config = config(&contents, &args.path)?;
    let before = contents.preimages().len() + contents.blobs().len();
    let bar = progress(contents.claims.claims.iter().map(Claim::blocks).sum());
    let result = archive::prune(contents, &config, &mut |_, _| bar.inc(1));
    bar.finish_using_style();
    let (pruned, verdicts) = result.map_err(|error| Failure::Run { path: args.path.clone(), error })?;
    let (mut text, mut json) = save(&args.output.out, &pruned, &args.output.options)?;
    let dropped = before - pruned.preimages().len() - pruned.blobs().len();
    let valid: Vec<bool> = verdicts.iter().map(|verdict| verdict.outcome.is_valid()).collect();
    let invalid = valid.iter().filter(|valid| !**valid).count();
    text += &format!("{} that no run reads were left out\n", count(dropped, "preimage", "preimages"));
    if invalid > 0 {
        text += &format!("note: {} invalid\n", count(invalid, "claim is", "claims are"));
    }
    json["dropped"] = dropped.into();
    json["valid"] = valid.into();
    Ok(Done { text, json, code: 0 })
}

pub fn split(args: &Split) -> Result<Done, Failure> {
    let whole = contents(&args.path)?;
    let config = config(&whole, &args.path)?;
    let failed = |error| Failure::Split { path: args.path.clone(), error };
    let [claim] = whole.claims.claims[..] else {
        return Err(failed(SplitError::Claims(whole.claims.claims.len())));
    };
    let ends: Vec<u64> = match args.every.map(usize::try_from) {
        None => args.at.clone(),
        // A step that is too large for this machine is larger than any range.
        Some(step) => (claim.agreed_block_number..claim.claimed_block_number)
            .step_by(step.unwrap_or(usize::MAX))
            .skip(1)
            .collect(),
    };
    std::fs::create_dir_all(&args.out).map_err(|error| Failure::Write { path: args.out.clone(), error })?;
    if let Some(path) = names(args, &claim, &ends).find(|path| path.exists() && !args.options.force) {
        return Err(Failure::Exists(path));
    }
    let bar = progress(2 * claim.blocks());
    let parts = archive::split(&whole, &config, &ends, &mut |_, _| bar.inc(1));
    bar.finish_using_style();
    let parts = parts.map_err(failed)?;
    let (mut text, mut objects) = (String::new(), Vec::new());
    for (path, (part, verdict)) in names(args, &claim, &ends).zip(&parts) {
        let (lines, mut object) = save(&path, part, &args.options)?;
        text += &lines;
        text += if verdict.outcome.is_valid() { "" } else { "note: the claim is invalid\n" };
        object["valid"] = json!([verdict.outcome.is_valid()]);
        objects.push(object);
    }
    Ok(Done { text, json: json!({ "parts": objects }), code: 0 })
}

/// Where the parts go.
fn names(args: &Split, whole: &Claim, ends: &[u64]) -> impl Iterator<Item = PathBuf> {
    let name = args.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let ends: Vec<u64> = ends.iter().copied().chain([whole.claimed_block_number]).collect();
    let starts: Vec<u64> =
        [whole.agreed_block_number].iter().chain(&ends).map(|end| end.saturating_add(1)).collect();
    let folder = args.out.clone();
    starts
        .into_iter()
        .zip(ends)
        .map(move |(first, last)| folder.join(format!("{name}-{first}-{last}.unroll")))
}

pub fn merge(args: &Merge) -> Result<Done, Failure> {
    check_free(&args.output)?;
    let read = |path: &PathBuf| contents(path);
    let archives = args.paths.iter().map(read).collect::<Result<Vec<Contents>, _>>()?;
    let merged = archive::merge(archives)?;
    let (mut text, json) = save(&args.output.out, &merged, &args.output.options)?;
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    let before: u64 = args.paths.iter().map(|path| size(path)).sum();
    text += &format!("out of {} of {}\n", count(args.paths.len(), "archive", "archives"), Bytes(before));
    Ok(Done { text, json, code: 0 })
}
