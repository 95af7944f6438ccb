//! Every story of the devnet ends in an archive that the program itself judges, and that its host serves.
#![cfg(feature = "devnet")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod common;

use alloy_primitives::{B256, Bytes};
use common::{Folder, unroll};
use serde_json::{Value, json};
use std::{
    path::Path,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
};
use unroll_host::archive::{Compression, Contents, records, save};
use unroll_proof::{Witness, preimage::KeyKind};
use unroll_protocol::forks::Fork;
use unroll_testing::{
    devnet::witness::RangeWitness,
    scenarios::{self, Scenario},
};

/// Writes the archive of a claim.
fn archive(path: &Path, claim: &RangeWitness) {
    save(path, &contents(claim), Compression::Zstd(1)).unwrap();
}

fn contents(claim: &RangeWitness) -> Contents {
    let values = claim.preimages.iter().map(|(key, value)| (key.as_bytes(), value));
    let mut witness = Witness::from_records(&records(values).into()).unwrap();
    let json = |config: &Value| Bytes::from(config.to_string().into_bytes());
    Contents::of_witness(&claim.boot, json(&claim.rollup), json(&claim.l1), &mut witness).unwrap()
}

fn run(arguments: &[&str]) -> (Option<i32>, Value) {
    let output = unroll(&[arguments, &["--json"]].concat());
    let json = serde_json::from_slice(&output.stdout);
    (output.status.code(), json.unwrap_or_else(|_| panic!("{arguments:?}: {output:?}")))
}

/// What the host says of a claim, the program beside it in the same process, over pipes.
fn native(path: &Path, claim: &RangeWitness, more: &[&str]) -> (Option<i32>, Value) {
    let config = |name: &str, json: &Value| {
        let path = path.with_extension(name);
        std::fs::write(&path, json.to_string()).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let boot = &claim.boot;
    let inputs = [
        ("--data-dir", path.to_str().unwrap().to_owned()),
        ("--rollup-config-path", config("rollup.json", &claim.rollup)),
        ("--l1-config-path", config("l1.json", &claim.l1)),
        ("--l1-head", boot.l1_head.to_string()),
        ("--agreed-l2-head-hash", B256::ZERO.to_string()),
        ("--agreed-l2-output-root", boot.agreed_output_root.to_string()),
        ("--claimed-l2-output-root", boot.claimed_output_root.to_string()),
        ("--claimed-l2-block-number", boot.claimed_block_number.to_string()),
    ];
    let inputs = inputs.iter().flat_map(|(flag, value)| [*flag, value.as_str()]);
    let start = ["host", "single", "--native"].into_iter();
    run(&start.chain(inputs).chain(more.iter().copied()).collect::<Vec<_>>())
}

/// The archive with another bit in one of the values. No file can say that it is the same value, as values are all that it holds.
fn altered(path: &Path, claim: &RangeWitness, choice: usize) {
    let mut contents = contents(claim);
    let mut kept = contents.preimages().clone();
    let keys: Vec<_> = kept.keys().filter(|key| key.kind() == KeyKind::Keccak256).copied().collect();
    let mut value = kept.remove(&keys[choice % keys.len()]).unwrap().to_vec();
    let at = choice % value.len();
    value[at] ^= 1;
    kept.extend(contents.keyed().into_iter().filter(|(key, _)| key.kind() == KeyKind::Blob));
    contents.keep(&kept);
    contents.add_keccak([value.into()]);
    save(path, &contents, Compression::Zstd(1)).unwrap();
}

/// Whatever happened on the chain: `unroll verify` says of the archive what the story says, and so does `unroll host`; and
/// nothing of an archive with another value in it.
#[test]
fn stories_are_judged() {
    let folder = Folder::new("stories");
    let forks = |scenario: Scenario| scenario.forks().into_iter().map(move |fork| (scenario, fork));
    let stories: Vec<_> = scenarios::all().into_iter().flat_map(forks).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some((scenario, fork)) = stories.get(next.fetch_add(1, Relaxed)) {
            let claim = scenario.witness(*fork);
            let path = folder.0.join(format!("{}-{fork}.unroll", scenario.name));
            archive(&path, &claim);
            let (code, report) = run(&["verify", path.to_str().unwrap()]);
            let is_valid = claim.verdict.outcome.is_valid();
            assert_eq!(code, Some(i32::from(!is_valid)), "{} on {fork}: {report}", scenario.name);
            assert_eq!(report["verdict"], if is_valid { "valid" } else { "invalid" });
            let (code, hosted) = native(&path, &claim, &[]);
            assert_eq!(code, Some(i32::from(!is_valid)), "{} on {fork}: {hosted}", scenario.name);
            assert_eq!(hosted["output_root"], report["output_root"]);
            // Each block once, also where a span was void (F-001).
            let blocks =
                report["blocks"].as_array().unwrap().iter().map(|block| block["number"].as_u64().unwrap());
            assert!(blocks.is_sorted_by(|before, after| before < after), "{} on {fork}", scenario.name);
            altered(&path, &claim, scenario.name.len() + *fork as usize);
            let (code, report) = run(&["verify", path.to_str().unwrap()]);
            assert_eq!(code, Some(2), "{} on {fork}: {report}", scenario.name);
            assert!(report["reason"].as_str().unwrap().contains("no preimage for key"), "{report}");
        }
    };
    thread::scope(|scope| {
        (0..thread::available_parallelism().map_or(1, usize::from)).for_each(|_| drop(scope.spawn(work)));
    });
    assert!(stories.len() > 190, "{}", stories.len());
}

/// G-054: without the bundle of a fork its activation block cannot be derived, which is no verdict; a file serves as well as the
/// preimage; and another file is refused.
#[test]
fn upgrade_bundles_are_files() {
    let bundle = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/protocol/karst_nut_bundle.json");
    let folder = Folder::new("bundle");
    let stories = scenarios::all();
    let story = stories.iter().find(|story| story.name == "karst_activation").unwrap();
    if !story.forks().contains(&Fork::Karst) {
        return println!("skipped: no ../shared/protocol/karst_nut_bundle.json");
    }
    let mut claim = story.witness(Fork::Karst);
    let (with, without) = (claim.preimages.len(), folder.0.join("without.unroll"));
    claim.preimages.retain(|key, value| key.kind() != KeyKind::Sha256 || !value.starts_with(b"{"));
    assert_eq!(claim.preimages.len() + 1, with, "the bundle is all of sha256 that is JSON");
    archive(&without, &claim);
    let path = without.to_str().unwrap();
    for run in [&|more: &[&str]| run(&[&["verify", path], more].concat()), &|more: &[&str]| {
        native(&without, &claim, more)
    }] as [&dyn Fn(&[&str]) -> (Option<i32>, Value); 2]
    {
        let (code, report) = run(&[]);
        let reason = report["reason"].as_str().unwrap();
        assert_eq!((code, &report["verdict"]), (Some(2), &json!("undecided")));
        assert!(reason.contains("the transactions of karst: --upgrade-bundle gives the file"), "{reason}");
        assert!(report.get("blocks").is_none_or(|blocks| blocks[0]["number"] == 1), "{report}");
        let (code, report) = run(&["--upgrade-bundle", bundle]);
        assert_eq!((code, &report["verdict"]), (Some(0), &json!("valid")), "{report}");
        let (code, report) = run(&["--upgrade-bundle", path]);
        assert_eq!(code, Some(2));
        assert!(report["reason"].as_str().unwrap().contains("is no fork's upgrade bundle"), "{report}");
    }
}

/// A range of which a span is void, blocks 1 to 5, is split into parts of the blocks that stay (F-001). A part that ends inside is
/// judged as soon as its block is there, before it is void (J-020): it is invalid, and split says so.
#[test]
fn a_void_span_is_split() {
    let folder = Folder::new("void");
    let stories = scenarios::all();
    let story = stories.iter().find(|story| story.name == "holocene_invalid_batch").unwrap();
    let path = folder.0.join("whole.unroll");
    archive(&path, &story.witness(Fork::Delta));
    let split = |every: &str| {
        let out = folder.0.join(every);
        let arguments =
            ["witness", "split", path.to_str().unwrap(), "--every", every, "--out", out.to_str().unwrap()];
        let (code, said) = run(&arguments);
        assert_eq!(code, Some(0), "{said}");
        said["parts"].as_array().unwrap().clone()
    };
    let parts = split("7");
    assert!(parts.len() >= 2, "{parts:?}");
    for part in parts {
        assert_eq!(part["valid"], json!([true]), "{part}");
        let (code, report) = run(&["verify", part["path"].as_str().unwrap()]);
        assert_eq!(code, Some(0), "{report}");
    }
    let valid: Vec<_> = split("1").iter().map(|part| part["valid"][0] == true).collect();
    assert_eq!(valid[..4], [false, true, true, true], "block 1 alone differs in what is void");
}
