//! `unroll witness verify`: every byte, and every claim.

use super::{Done, Failure, in_file, section};
use crate::{
    args::witness::Verify,
    cmd::verify::{about, judge_claim},
    report::{Report, Verdict},
};
use serde_json::{Value as Json, json};
use unroll_host::archive::{self, Archive, Kind};

/// Checks the archive and judges its claims. What could not be told is a verdict as well.
pub fn run(args: &Verify) -> Done {
    let mut reports = Vec::new();
    let root = judge_all(args, &mut reports);
    let verdict = match &root {
        // One claim that is invalid makes the whole so, whatever is to be said about the others.
        _ if reports.iter().any(|report| report.verdict == Verdict::Invalid) => Verdict::Invalid,
        Ok(_) if reports.iter().all(|report| report.verdict == Verdict::Valid) => Verdict::Valid,
        _ => Verdict::Undecided,
    };
    let reason = match &root {
        Err(why) => why.to_string(),
        Ok(_) => reason(&reports, verdict),
    };
    let json = json!({
        "verdict": verdict,
        "reason": reason,
        "root": root.as_ref().ok().map(|archive| archive.root().to_string()),
        "claims": reports.iter().map(Report::json).collect::<Vec<Json>>(),
    });
    if verdict == Verdict::Undecided {
        eprintln!("undecided: {reason}");
    }
    Done { text: text(root.as_ref().ok(), &reports, verdict, &reason), json, code: verdict.exit_code() }
}

fn judge_all(args: &Verify, reports: &mut Vec<Report>) -> Result<Archive, Failure> {
    let path = &args.path;
    let archive = archive::open(path)?;
    for kind in Kind::ALL {
        section(&archive, kind, path)?;
    }
    let claims = archive.claims().map_err(in_file(path))?;
    let files = [Kind::RollupConfig, Kind::L1Config].map(|kind| section(&archive, kind, path));
    let [rollup, l1] = files;
    let config = archive::config(claims.chain_id, &rollup?, &l1?)
        .map_err(|error| Failure::Config { path: path.clone(), error })?;
    let mut witness = archive.witness().map_err(in_file(path))?;
    for claim in &claims.claims {
        let mut report = Report::undecided("");
        report.about = Some(about(&claim.boot(claims.chain_id)));
        if let Err(why) = judge_claim(claims.chain_id, claim, &config, &mut witness, &mut report) {
            report.undecide(&why);
        }
        reports.push(report);
    }
    Ok(archive)
}

fn reason(reports: &[Report], verdict: Verdict) -> String {
    let of_verdict: Vec<_> = (1..).zip(reports).filter(|(_, report)| report.verdict == verdict).collect();
    match &of_verdict[..] {
        [(_, only)] if reports.len() == 1 => only.reason.clone(),
        _ if verdict == Verdict::Valid => format!("all {} claims are valid", reports.len()),
        [(number, first), ..] => format!("claim {number}: {}", first.reason),
        [] => String::new(),
    }
}

fn text(archive: Option<&Archive>, reports: &[Report], verdict: Verdict, reason: &str) -> String {
    let Some(archive) = archive else { return String::new() };
    let mut text = format!("every section is whole; root {}\n", archive.root());
    for (number, report) in (1..).zip(reports) {
        text += &format!("\nclaim {number}: {}", report.text());
        if report.verdict == Verdict::Undecided {
            text += &format!("\nUNDECIDED: {}\n", report.reason);
        }
    }
    if reports.len() > 1 {
        text += &format!("\n{}: {reason}\n", format!("{verdict:?}").to_uppercase());
    }
    text
}
