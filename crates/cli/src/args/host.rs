//! What can be typed after `unroll host`: the flags, aliases and environment variables of kona-host, so that whoever starts
//! that program (op-challenger, scripts) can start this one.

use alloy_primitives::B256;
use clap::{ArgAction, Subcommand, ValueEnum};
use std::{ffi::OsString, path::PathBuf};

/// Serve preimages to a fault-proof program, or run it here.
#[derive(clap::Args)]
#[command(after_long_help = HELP)]
pub struct Host {
    #[command(subcommand)]
    pub mode: Mode,
    #[command(flatten)]
    pub logs: Logs,
}

/// Accepted as kona-host does, and of no effect: there is no log. Errors are always shown in full.
#[derive(clap::Args)]
pub struct Logs {
    #[arg(short, action = ArgAction::Count, global = true, hide = true)]
    pub verbose: u8,
    #[arg(short, long, global = true, hide = true)]
    pub quiet: bool,
    #[arg(long = "logs.stdout.format", global = true, hide = true)]
    pub stdout_format: Option<String>,
    #[arg(long = "logs.file.directory", global = true, hide = true)]
    pub file_directory: Option<String>,
    #[arg(long = "logs.file.format", global = true, hide = true)]
    pub file_format: Option<String>,
    #[arg(long = "logs.file.rotation", global = true, hide = true)]
    pub file_rotation: Option<String>,
}

#[derive(Subcommand)]
pub enum Mode {
    /// One chain: exit code 0 if the claim is valid or the client is served, 1 if it is invalid, 2 if it cannot be told.
    Single(Box<Single>),
}

// Paragraphs are one line each, so that they can be wrapped to the terminal.
const HELP: &str = "\
`single` may be left out. A link to this program that is called kona-host is `unroll host`.";

const SINGLE_HELP: &str = "\
Preimages come from the data directory. Its file `kvformat` says in which format it is, and --data-format only counts where that \
file is missing: `directory` (DIR/0123/4567..ef.txt, the hex of the value), `file` (DIR/0x0123..ef.txt) or `redb` (DIR/preimages.redb). A witness archive may stand for the directory. \
Every value is checked against its key before it is served. Nodes are not asked yet: a preimage that the directory lacks ends the run.

With --server the pipes of the client are descriptors 3 (hints, read), 4 (hints, write), 5 (preimages, read), 6 (preimages, write).

The object that --json prints:
  verdict               \"valid\", \"invalid\", \"undecided\", or \"served\" (--server)
  reason                the verdict in one sentence
  chain_id, claimed_block_number, claimed_output_root
  output_root           of the last block that was derived; null if none was
  preimages_served, preimage_bytes, hints";

/// Serve one chain, or judge a claim about it.
#[derive(clap::Args)]
#[command(after_long_help = SINGLE_HELP)]
pub struct Single {
    /// The hash of the L1 block up to which data counts.
    #[arg(long, visible_alias = "l1.head", env, value_name = "HASH")]
    pub l1_head: B256,
    /// The hash of the agreed L2 block, which the agreed output root commits to.
    #[arg(long, visible_aliases = ["l2-head", "l2.head"], env, value_name = "HASH")]
    pub agreed_l2_head_hash: B256,
    /// The output root to start from.
    #[arg(long, visible_aliases = ["l2-output-root", "l2.outputroot"], env, value_name = "HASH")]
    pub agreed_l2_output_root: B256,
    /// The output root to judge.
    #[arg(long, visible_aliases = ["l2-claim", "l2.claim"], env, value_name = "HASH")]
    pub claimed_l2_output_root: B256,
    /// The number of the L2 block that the claim is for.
    #[arg(long, visible_aliases = ["l2-block-number", "l2.blocknumber"], env, value_name = "NUMBER")]
    pub claimed_l2_block_number: u64,
    /// An L2 node's JSON-RPC address. Not asked yet.
    #[arg(long, visible_alias = "l2", requires_all = ["l1_node_address", "l1_beacon_address"], env, value_name = "URL")]
    pub l2_node_address: Option<String>,
    /// An L1 node's JSON-RPC address. Not asked yet.
    #[arg(long, visible_alias = "l1", requires_all = ["l2_node_address", "l1_beacon_address"], env, value_name = "URL")]
    pub l1_node_address: Option<String>,
    /// An L1 beacon node's address. Not asked yet.
    #[arg(long, visible_aliases = ["beacon", "l1.beacon"], requires_all = ["l1_node_address", "l2_node_address"], env, value_name = "URL")]
    pub l1_beacon_address: Option<String>,
    /// Where the preimages are: a data directory or a witness archive.
    #[arg(
        long,
        visible_aliases = ["db", "datadir"],
        required_unless_present_all = ["l2_node_address", "l1_node_address", "l1_beacon_address"],
        env,
        value_name = "PATH"
    )]
    pub data_dir: Option<PathBuf>,
    /// How the data directory keeps preimages, where it does not say itself.
    #[arg(long, default_value = "directory", env)]
    pub data_format: DataFormat,
    /// Run the program in this process, over the same pipes as in a VM, and judge the claim.
    #[arg(long, conflicts_with = "server", required_unless_present = "server")]
    pub native: bool,
    /// Serve the VM that started this process.
    #[arg(long, conflicts_with = "native", required_unless_present = "native")]
    pub server: bool,
    /// The id of a chain that is built in.
    #[arg(
        long,
        conflicts_with = "rollup_config_path",
        required_unless_present = "rollup_config_path",
        env,
        value_name = "ID"
    )]
    pub l2_chain_id: Option<u64>,
    /// The rollup.json of a chain that is not built in.
    #[arg(
        long,
        visible_aliases = ["rollup-cfg", "rollup.config"],
        conflicts_with = "l2_chain_id",
        required_unless_present = "l2_chain_id",
        env,
        value_name = "PATH"
    )]
    pub rollup_config_path: Option<PathBuf>,
    /// The chain config of an L1 that is not built in: geth's genesis file, or the `config` in it.
    #[arg(long, visible_alias = "l1-cfg", env, value_name = "PATH")]
    pub l1_config_path: Option<PathBuf>,
    /// The transactions of a fork, such as Karst's, where the data directory lacks them: a file that the OP Stack's repository
    /// publishes.
    #[arg(long, env, value_name = "PATH")]
    pub upgrade_bundle: Vec<PathBuf>,
    /// Accepted as kona-host does: it concerns nodes, which are not asked yet.
    #[arg(long, env, hide = true)]
    pub enable_experimental_witness_endpoint: bool,
    /// Accepted as op-program does; errors are always shown in full.
    #[arg(long = "log.level", hide = true)]
    pub log_level: Option<String>,
    /// Print one JSON object at the end.
    #[arg(long)]
    pub json: bool,
}

/// The formats that hosts have, ours and others'.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DataFormat {
    Directory,
    File,
    Redb,
    #[value(hide = true)]
    Rocksdb,
    #[value(hide = true)]
    Pebble,
}

/// The command line with `host` and `single` written out where other hosts' users leave them out:
///
/// ```text
/// unroll host --server ..             unroll host single --server ..
/// unroll single --server ..       =>  unroll host single --server ..   (op-challenger, for kona)
/// unroll --server ..                  unroll host single --server ..   (op-challenger, for op-program)
/// kona-host -vv single --server ..    unroll host -vv single --server ..
/// ```
pub fn canonical(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut args: Vec<OsString> = args.into_iter().collect();
    let has = |args: &[OsString], words: &[&str]| args.iter().any(|arg| words.iter().any(|word| arg == word));
    let called = args.first().map(PathBuf::from);
    let link = called.is_some_and(|path| path.file_stem().is_some_and(|stem| stem == "kona-host"));
    let first_is = |word: &str| args.get(1).is_some_and(|first| first == word);
    let flags_first = args.get(1).is_some_and(|first| first.as_encoded_bytes().starts_with(b"-"));
    if link || first_is("single") || (flags_first && has(&args, &["--server", "--native"])) {
        args.insert(1, "host".into());
    }
    let is_host = args.get(1).is_some_and(|first| first == "host");
    // What comes first but for -v and -q. Further on, the word may be somebody's data directory.
    let switch = |arg: &OsString| {
        let bytes = arg.as_encoded_bytes();
        arg == "--quiet"
            || bytes.starts_with(b"-") && bytes.len() > 1 && bytes[1..].iter().all(|b| b"vq".contains(b))
    };
    let start = args.iter().skip(2).find(|arg| !switch(arg));
    let words = ["single", "help", "-h", "--help", "-V", "--version"];
    if is_host && start.is_some_and(|start| words.iter().all(|word| start != word)) {
        args.insert(2, "single".into());
    }
    args
}

#[cfg(test)]
mod tests;
