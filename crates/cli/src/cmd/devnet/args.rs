//! What can be typed after `unroll devnet`.

use clap::{Args, Subcommand};
use std::{num::NonZeroU64, path::PathBuf};
use unroll_serve::Rule;

/// Some L1 epochs of blocks; made in about a second.
const DEFAULT_BLOCKS: u64 = 60;
/// What a TOML file can hold.
const MAX_SEED: u64 = i64::MAX as u64;

/// Make a rollup of our own, with its L1, and serve it as its nodes would.
#[derive(Args)]
pub struct Devnet {
    #[command(subcommand)]
    pub(super) action: Action,
}

#[derive(Subcommand)]
pub(super) enum Action {
    /// Write a chain to a folder: its files, its blocks, and a claim about it that `unroll verify` takes.
    New(New),
    /// Serve a chain on loopback: an L1 node, a beacon node, an L2 node and a rollup node.
    Serve(Serve),
}

/// What the chain is made from.
#[derive(Args)]
pub(super) struct Chain {
    /// A TOML file; `unroll devnet new` writes one in which every key is explained.
    #[arg(long, value_name = "TOML")]
    pub(super) config: Option<PathBuf>,
    /// All chance comes from it; overrides the file's.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=MAX_SEED))]
    pub(super) seed: Option<u64>,
    /// At least so many L2 blocks after genesis.
    #[arg(long, value_name = "N", default_value_t = DEFAULT_BLOCKS)]
    pub(super) blocks: u64,
    /// Karst's upgrade transactions, if Karst activates after genesis.
    #[arg(long, value_name = "JSON")]
    pub(super) bundle: Option<PathBuf>,
}

/// Write a chain to a folder.
#[derive(Args)]
#[command(after_long_help = NEW_HELP)]
pub(super) struct New {
    /// A folder that is empty or does not exist.
    pub(super) path: PathBuf,
    #[command(flatten)]
    pub(super) chain: Chain,
    /// Print one JSON object instead of a report for people.
    #[arg(long)]
    pub(super) json: bool,
}

const NEW_HELP: &str = "\
The folder:
  devnet.toml          what the chain is made from, with a word on each key
  genesis.json, rollup.json, l1-config.json
                       geth's genesis file, op-node's config, geth's config of the L1
  l1-blocks.jsonl      an object a line: number, hash, header_rlp, transactions, receipts
                       (EIP-2718 bytes), blobs (versioned_hash, commitment, proof)
  l2-blocks.jsonl      the same without blobs, and output_root, l1_origin,
                       sequence_number, safe_at (L1 block that made it safe, or null)
  blobs/HASH.bin       131,072 bytes each
  inputs/HASH.bin      with alt-DA: what commitments stand for
  range.unroll         a witness archive with a claim about the whole chain
  devnet.json          heads and sizes; the object that --json prints, without `path`
The chain is what devnet.toml makes. All else comes of it: `serve` makes the chain anew, and refuses
a folder in which another file was changed. To change the chain, edit a copy of devnet.toml and give
it to `new --config`.

Exit code 0 if it is written, 2 if not; then --json prints an object with `error`.";

/// Serve a chain on loopback.
#[derive(Args)]
#[command(after_long_help = SERVE_HELP)]
pub(super) struct Serve {
    /// A folder that `unroll devnet new` wrote; without it, a chain is made on the spot.
    #[arg(conflicts_with_all = ["config", "seed", "blocks", "bundle"])]
    pub(super) path: Option<PathBuf>,
    #[command(flatten)]
    pub(super) chain: Chain,
    /// Port of the L1 node; 0 is any that is free.
    #[arg(long, value_name = "PORT", default_value_t = 8545)]
    pub(super) l1_port: u16,
    /// Port of the beacon node.
    #[arg(long, value_name = "PORT", default_value_t = 5052)]
    pub(super) beacon_port: u16,
    /// Port of the L2 node.
    #[arg(long, value_name = "PORT", default_value_t = 9545)]
    pub(super) l2_port: u16,
    /// Port of the rollup node.
    #[arg(long, value_name = "PORT", default_value_t = 9547)]
    pub(super) rollup_port: u16,
    /// Port of the data-availability server, which a chain with alt-DA has.
    #[arg(long, value_name = "PORT", default_value_t = 3100)]
    pub(super) da_port: u16,
    /// Add an L1 block, with the L2 blocks before it, every so many seconds.
    #[arg(long, value_name = "SECONDS")]
    pub(super) grow: Option<NonZeroU64>,
    /// Let a method misbehave: `[NODE/]METHOD=FAULT[@WHEN]`. May be given several times.
    #[arg(long = "fault", value_name = "RULE")]
    pub(super) faults: Vec<Rule>,
    /// Chance in faults comes from it.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) fault_seed: u64,
    /// Print one JSON object, as soon as connections are accepted, instead of text for people.
    #[arg(long)]
    pub(super) json: bool,
}

const SERVE_HELP: &str = "\
The nodes:
  L1      eth_* (blocks, receipts, transactions, logs), debug_getRawHeader, debug_getRawBlock,
          debug_getRawReceipts, debug_getRawTransaction
  beacon  /eth/v1/beacon/genesis, /eth/v1/config/spec, /eth/v1/node/version,
          /eth/v1/beacon/blobs/{block}, /eth/v1/beacon/blob_sidecars/{block}
  L2      the same as L1, and eth_getProof, eth_getBalance, eth_getCode, eth_getStorageAt,
          eth_getTransactionCount, debug_executionWitness, debug_executePayload, debug_dbGet
  rollup  optimism_outputAtBlock, optimism_rollupConfig, optimism_syncStatus,
          optimism_safeHeadAtL1Block
  DA      /get/{commitment}, if the chain has alt-DA

Faults are rules, [NODE/]METHOD=FAULT[@WHEN]:
  NODE    l1, beacon, l2, rollup or da; absent: all of them
  METHOD  a name, or its beginning and *; the beacon API's are genesis, spec, version, blobs
          and blob_sidecars; that of the DA server is get
  FAULT   latency:MILLISECONDS  the answer comes later
          rate-limit:SECONDS    status 429 with Retry-After
          drop                  the connection is closed without an answer
          cut                   it is closed in the middle of the answer
          missing               error -32601, or status 404
          flip                  one hex digit of the answer is another, or one bit
          swap                  the answer is well-formed, but that of a similar request: the
                                block before or after, another account, value, blob or input
          stale:BLOCKS          the newest blocks are not known yet
          reorg:BLOCKS          L1 replaces its newest blocks, and L2 follows; then the answer
  WHEN    20% (of the calls), 3, 1-3, 5- (calls, counted from 1 for each rule) or every:4;
          absent: always
For example:
  unroll devnet serve --fault 'l2/debug_executionWitness=missing' --fault 'l1/*=rate-limit:1@5%'

The object that --json prints is that of `unroll devnet new`, with `l1_url`, `beacon_url`,
`l2_url`, `rollup_url` and `da_url` (null without alt-DA), and `faults` as they are understood.";
