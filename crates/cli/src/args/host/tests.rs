//! What whoever starts kona-host or op-program types is understood here.

use super::{DataFormat, Mode, Single, canonical};
use crate::args::{Args, Command};
use clap::{CommandFactory, Parser};

const HASHES: [(&str, &str); 4] =
    [("--l1-head", "01"), ("--l2-head", "02"), ("--l2-output-root", "03"), ("--l2-claim", "04")];

fn hash(byte: &str) -> String {
    format!("0x{}", byte.repeat(32))
}

fn parse(args: &[String]) -> Result<Single, clap::Error> {
    let args = Args::try_parse_from(canonical(args.iter().map(Into::into)))?;
    let Some(Command::Host(host)) = args.command else { panic!("another command") };
    let Mode::Single(single) = host.mode;
    Ok(*single)
}

/// `start` with the five inputs of every run, and `rest`.
fn with_inputs(start: &[&str], rest: &[&str]) -> Vec<String> {
    let mut args: Vec<String> = start.iter().map(ToString::to_string).collect();
    for (flag, byte) in HASHES {
        args.extend([flag.into(), hash(byte)]);
    }
    args.extend(["--l2-block-number".into(), "5".into()]);
    args.extend(rest.iter().map(ToString::to_string));
    args
}

#[test]
fn the_command_is_sound() {
    Args::command().debug_assert();
}

/// Every way to leave `host` and `single` out.
#[test]
fn forms_of_the_command() {
    let rest = ["--server", "--l2-chain-id", "10", "--data-dir", "d"];
    for start in [
        &["unroll", "host", "single"][..],
        &["unroll", "host"],
        &["unroll", "host", "-vvv", "single"],
        &["unroll", "single"],
        &["unroll"],
        &["unroll", "-v"],
        &["/usr/bin/kona-host", "single"],
        &["kona-host"],
        &["kona-host", "-vv"],
        &["kona-host", "-vq", "single"],
        &["unroll", "host", "-q", "single", "--logs.stdout.format", "json", "--logs.file.rotation", "daily"],
    ] {
        let single = parse(&with_inputs(start, &rest)).unwrap_or_else(|error| panic!("{start:?}: {error}"));
        assert_eq!(single.claimed_l2_block_number, 5, "{start:?}");
        assert!(single.server && !single.native);
    }
    // A value is no word of the command.
    let single =
        parse(&with_inputs(&["kona-host"], &["--native", "--l2-chain-id", "10", "--data-dir", "single"]));
    assert_eq!(single.unwrap().data_dir.as_deref(), Some("single".as_ref()));
    // Other commands are what they were.
    for args in
        [&["unroll", "verify", "x"][..], &["unroll", "--help"], &["unroll", "host", "--help"], &["unroll"]]
    {
        assert_eq!(canonical(args.iter().map(Into::into)), args);
    }
}

/// Each alias sets what its flag sets.
#[test]
fn aliases() {
    let nodes = ["--l1", "http://1", "--l2", "http://2", "--beacon", "http://3"];
    let rest = [&["--native", "--db", "d", "--rollup-cfg", "r", "--l1-cfg", "c"][..], &nodes].concat();
    let short = parse(&with_inputs(&["unroll", "host", "single"], &rest)).unwrap();
    let long: Vec<String> = "unroll host single --l1-head H1 --agreed-l2-head-hash H2 --agreed-l2-output-root H3 \
        --claimed-l2-output-root H4 --claimed-l2-block-number 5 --l1-node-address http://1 --l2-node-address http://2 \
        --l1-beacon-address http://3 --data-dir d --rollup-config-path r --l1-config-path c --native"
        .split_whitespace()
        .map(|word| word.strip_prefix('H').map_or_else(|| word.into(), |n| hash(&format!("0{n}"))))
        .collect();
    let op_program: Vec<String> = long
        .iter()
        .map(|word| match word.as_str() {
            "--l1-head" => "--l1.head".into(),
            "--agreed-l2-head-hash" => "--l2.head".into(),
            "--agreed-l2-output-root" => "--l2.outputroot".into(),
            "--claimed-l2-output-root" => "--l2.claim".into(),
            "--claimed-l2-block-number" => "--l2.blocknumber".into(),
            "--l1-beacon-address" => "--l1.beacon".into(),
            "--data-dir" => "--datadir".into(),
            "--rollup-config-path" => "--rollup.config".into(),
            other => other.to_owned(),
        })
        .collect();
    for single in [short, parse(&long).unwrap(), parse(&op_program).unwrap()] {
        let hashes = [
            single.l1_head,
            single.agreed_l2_head_hash,
            single.agreed_l2_output_root,
            single.claimed_l2_output_root,
        ];
        assert_eq!(hashes.map(|hash| hash[31]), [1, 2, 3, 4]);
        assert_eq!(single.claimed_l2_block_number, 5);
        assert_eq!(single.l1_node_address.as_deref(), Some("http://1"));
        assert_eq!(single.l2_node_address.as_deref(), Some("http://2"));
        assert_eq!(single.l1_beacon_address.as_deref(), Some("http://3"));
        assert_eq!(single.data_dir.as_deref(), Some("d".as_ref()));
        assert_eq!(single.rollup_config_path.as_deref(), Some("r".as_ref()));
        assert_eq!(single.l1_config_path.as_deref(), Some("c".as_ref()));
        assert_eq!(single.data_format, DataFormat::Directory);
        assert!(single.native);
    }
}

/// What must be given together, and what must not.
#[test]
fn combinations() {
    let nodes = ["--l1-node-address", "a", "--l2-node-address", "b", "--l1-beacon-address", "c"];
    let all = |more: &[&'static str]| [&nodes[..], more].concat();
    let cases = [
        (vec!["--server", "--l2-chain-id", "0", "--data-dir", "d"], true),
        (vec!["--native", "--rollup-config-path", "r", "--data-dir", "d"], true),
        (vec!["--native", "--l2-chain-id", "0", "--data-dir", "d", "--data-format", "redb"], true),
        (
            vec![
                "--server",
                "--l2-chain-id",
                "0",
                "--data-dir",
                "d",
                "--enable-experimental-witness-endpoint",
            ],
            true,
        ),
        (all(&["--server", "--l2-chain-id", "0"]), true),
        (vec!["--server", "--l2-chain-id", "0"], false),
        (vec!["--server", "--native", "--l2-chain-id", "0", "--data-dir", "d"], false),
        (vec!["--server", "--l2-chain-id", "0", "--rollup-config-path", "r", "--data-dir", "d"], false),
        (vec!["--server", "--data-dir", "d"], false),
        (vec!["--l2-chain-id", "0", "--data-dir", "d"], false),
        (vec!["--server", "--l2-chain-id", "0", "--data-dir", "d", "--l1", "a"], false),
        (vec!["--server", "--l2-chain-id", "0", "--data-dir", "d", "--beacon", "a", "--l2", "b"], false),
        (vec!["--server", "--l2-chain-id", "0", "--data-dir", "d", "--data-format", "tape"], false),
    ];
    for (rest, fine) in cases {
        assert_eq!(parse(&with_inputs(&["unroll", "host", "single"], &rest)).is_ok(), fine, "{rest:?}");
    }
}
