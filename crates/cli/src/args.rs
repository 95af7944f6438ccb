//! What can be typed.

pub mod host;
pub mod witness;

use alloy_primitives::B256;
use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// Derives and executes OP Stack blocks again, from commitments alone. Without a command it verifies the sample in it.
#[derive(Parser)]
#[command(name = "unroll", version, propagate_version = true)]
pub struct Args {
    /// `None`: `verify` without a path, so that the first thing that a newcomer types shows something.
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Subcommand)]
pub enum Command {
    /// Judge a claimed output root: exit code 0 if it is valid, 1 if it is invalid, 2 if it cannot be told.
    Verify(Verify),
    /// Execute a block: exit code 0 if it has the expected header, 1 if it differs, 2 if it cannot be told.
    Exec(Exec),
    /// Look into witness archives, and make, check, cut, join and convert them.
    Witness(witness::Witness),
    /// Compute a genesis block: exit code 0 if it is the expected one, 1 if it differs, 2 if it cannot be told.
    Genesis(Genesis),
    /// Make a rollup of our own, with its L1, and serve it as its nodes would.
    #[cfg(feature = "devnet")]
    Devnet(crate::cmd::devnet::Devnet),
    /// Serve preimages to a fault-proof program in a VM, or run it here; as kona-host does.
    Host(host::Host),
}

/// Judge a claimed output root.
#[derive(Default, clap::Args)]
pub struct Verify {
    /// A witness archive (`*.unroll`), or a boot file (`*.json`) with its preimages (`*.preimages.zst`) beside it; without it, a
    /// sample in this program.
    pub path: Option<PathBuf>,
    /// Which claim of an archive that holds several, from 1.
    #[arg(long, value_name = "NUMBER", requires = "path")]
    pub claim: Option<usize>,
    /// The transactions of a fork, such as Karst's, whose activation block is in the range, where the preimages lack them.
    #[arg(long, value_name = "PATH")]
    pub upgrade_bundle: Vec<PathBuf>,
    /// Print one JSON object instead of a report for people.
    #[arg(long)]
    pub json: bool,
}

/// Execute a block and compare its header with the expected one.
#[derive(clap::Args)]
#[command(after_long_help = EXEC_HELP)]
pub struct Exec {
    /// A fixture (`NAME.json` or `NAME.json.zst`) with its preimages (`NAME.preimages.zst`) beside it.
    pub path: PathBuf,
    /// Print one JSON object instead of a report for people.
    #[arg(long)]
    pub json: bool,
}

// Paragraphs are one line each, so that they can be wrapped to the terminal.
const EXEC_HELP: &str = "\
The fixture has `rollup_config` (op-node's rollup.json; what execution does not read may be absent), `parent_header_rlp`, \
`payload_attributes` (Engine API), and any of `expected_header_rlp`, `expected_block_hash`, `expected_gas_used`, \
`expected_output_root` and `expected` (header fields by name, and `receipts` as EIP-2718 bytes). All that is given is compared.

The preimages are zstd over records of a keccak256 hash, a u32 length (little-endian) and the value.

A block whose payload is invalid does not exist, and so differs from the expected one.

The object that --json prints:
  verdict              \"equal\", \"differs\" or \"undecided\"
  reason               the verdict in one sentence
  name, chain_id, chain_name, block_number, fork
  hash                 of the computed header; null if there is none
  header               the computed fields by name; null is an absent field
  expected             the expected fields, as far as they are given
  differing            names of the fields that differ: of the header in its order,
                       then hash, output_root, receipts
  first_difference     null, or field, computed, expected, fed_by
  receipts             list of index, type, success, gas_used, cumulative_gas_used, logs
  receipt_differences  list of index, field, computed, expected
  accounts             if the state differs, the accounts that transactions or logs name
                       and that changed: list of address, before, computed, expected; each
                       of nonce, balance, storage_root, code_hash, or null if untold
  config_absent        keys of the rollup config that are absent
  preimages_read, preimage_bytes, phases_ms";

/// Compute state root, header and hash of a genesis block from geth's genesis file.
#[derive(clap::Args)]
#[command(after_long_help = GENESIS_HELP)]
pub struct Genesis {
    /// A genesis file (`*.json` or `*.json.zst`).
    pub path: PathBuf,
    /// Print one JSON object instead of a report for people.
    #[arg(long)]
    pub json: bool,
    /// The hash to compare with, instead of the one that is built in for the chain.
    #[arg(long, value_name = "HASH")]
    pub expect: Option<B256>,
    /// The id of a chain that is built in, whose forks the header follows.
    #[arg(long, value_name = "ID", conflicts_with = "rollup_config")]
    pub chain_id: Option<u64>,
    /// A rollup.json whose forks the header follows.
    #[arg(long, value_name = "PATH")]
    pub rollup_config: Option<PathBuf>,
}

const GENESIS_HELP: &str = "\
Which fields the header has depends on the forks that are active at genesis. They are taken from --rollup-config, from \
--chain-id, from the file's `config`, or from the built-in chain that has its genesis at the same time, in this order.

The object that --json prints (of it, only the first two if undecided):
  verdict               \"equal\", \"differs\", \"computed\" (there is nothing to compare with)
                        or \"undecided\"
  reason                the verdict in one sentence
  chain_id, chain_name
  forks_from            where the forks are taken from
  hash, expected_hash, state_root
  accounts              how many there are; null if the file has only their root
  header                fields by name; null is an absent field";
