//! The sample that `unroll verify` carries is what our own devnet gives, byte for byte.

use std::{fs, path::Path};
use unroll_derive::Event;
use unroll_proof::{BootInfo, Witness, claim::Outcome};
use unroll_protocol::{
    config_file::{parse_l1_chain_config, parse_rollup_json},
    forks::Fork,
    units::L2Time,
};
use unroll_testing::devnet::{sample::Sample, witness::run};

#[test]
fn the_committed_sample_is_ours() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/cli/sample");
    let boot = fs::read_to_string(folder.join("sample.json")).expect("the sample is committed");
    let records = fs::File::open(folder.join("sample.preimages.zst")).expect("the sample is committed");
    let records = zstd::decode_all(records).expect("the sample is zstd");

    let sample = Sample::new();

    let hint = "cargo run -p unroll-testing --features devnet --bin sample";
    assert_eq!(boot, format!("{:#}\n", sample.boot), "to write it anew: {hint}");
    assert!(records == sample.records, "to write it anew: {hint}");
}

/// It is small, and shows what it is there to show: some fifty blocks across Holocene, Isthmus and Jovian, posted as calldata and
/// in blobs.
#[test]
fn the_sample_shows_what_it_should() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/cli/sample");
    let bytes: u64 = ["sample.json", "sample.preimages.zst"]
        .map(|name| fs::metadata(folder.join(name)).expect("the sample is committed").len())
        .iter()
        .sum();
    assert!(bytes < 300_000, "{bytes} bytes");

    let Sample { boot, records } = Sample::new();
    let hash = |name: &str| boot[name].as_str().and_then(|text| text.parse().ok()).expect("a hash");
    let number = |name: &str| boot[name].as_u64().expect("a number");
    let (agreed, claimed) = (number("agreed_l2_block_number"), number("claimed_l2_block_number"));
    let mut config = parse_rollup_json(boot["rollup_config"].to_string().as_bytes()).expect("a config").0;
    config.l1_blob_schedule =
        parse_l1_chain_config(boot["l1_config"].to_string().as_bytes()).expect("a config").1;
    let info = BootInfo {
        l1_head: hash("l1_head"),
        agreed_output_root: hash("agreed_l2_output_root"),
        claimed_output_root: hash("claimed_l2_output_root"),
        claimed_block_number: claimed,
        chain_id: number("chain_id"),
    };
    let witness = Witness::from_records(&records.into()).expect("a witness");
    let run = run(&config, &info, witness).expect("nothing is missing");
    assert_eq!(run.verdict.outcome, Outcome::Right);
    assert!((40..=60).contains(&(claimed - agreed)), "{agreed} to {claimed}");
    let time = |number: u64| L2Time(config.genesis.l2_time.0 + number * config.block_time);
    for fork in [Fork::Holocene, Fork::Isthmus, Fork::Jovian] {
        let activation = L2Time(config.forks.time(fork).expect("it activates"));
        assert!(time(agreed) < activation && activation <= time(claimed), "{fork}");
    }
    let read = |in_blob: bool| {
        run.events
            .iter()
            .any(|event| matches!(event, Event::DataRead { blob, .. } if blob.is_some() == in_blob))
    };
    assert!(read(true) && read(false), "blobs and calldata");
}
