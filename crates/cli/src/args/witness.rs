//! What can be typed after `unroll witness`.

use clap::{Subcommand, ValueEnum};
use std::path::PathBuf;

/// Look into witness archives (`.unroll`), and make them.
#[derive(clap::Args)]
#[command(after_long_help = WITNESS_HELP)]
pub struct Witness {
    #[command(subcommand)]
    pub command: Command,
}

// Paragraphs are one line each, so that they can be wrapped to the terminal.
const WITNESS_HELP: &str = "\
An archive is one file with everything that a run needs: the claims, the config of a chain that is not built in, and the \
preimages, each once and without its key, which is the hash of the value. A claim is an L1 head, an agreed and a claimed output \
root, and the claimed block's number; an archive can hold several of one chain, over the same preimages. The root of an archive \
is a hash that covers every byte of it.

Exit codes: 0 done (verify: every claim is valid; diff: the same content), 1 no (verify: a claim is invalid; diff: they \
differ), 2 it could not be done or told. Archives appear under their names when they are whole, or not at all.

From a fault-proof host's data directory to a small file that verifies:
  unroll witness import ./datadir --boot boot.json --out all.unroll
  unroll witness prune all.unroll --out range.unroll
  unroll verify range.unroll";

#[derive(Subcommand)]
pub enum Command {
    /// Show what an archive is about and what it holds.
    Inspect(Inspect),
    /// Check every byte of an archive, and judge every claim in it.
    Verify(Verify),
    /// Keep exactly the preimages that the runs of the claims read.
    Prune(Prune),
    /// Cut the range of a claim into parts: an archive each, which can be judged on its own.
    Split(Split),
    /// Make one archive out of several of the same chain; ranges that continue each other become one.
    Merge(Merge),
    /// Tell in what two archives differ, however they are stored.
    Diff(Diff),
    /// Make an archive out of a boot file with its preimages, or of a data directory of a fault-proof host.
    Import(Import),
    /// Write an archive as a boot file with its preimages, or as a data directory of a fault-proof host.
    Export(Export),
}

#[derive(clap::Args)]
pub struct Inspect {
    /// The archive.
    pub path: PathBuf,
    /// Print one JSON object: path, root, version, bytes, chain_id, chain_name, claims, sections, preimages, blobs.
    #[arg(long)]
    pub json: bool,
}

#[derive(clap::Args)]
pub struct Verify {
    /// The archive.
    pub path: PathBuf,
    /// Print one JSON object: verdict, reason, root, and claims, each as `unroll verify --json` prints it.
    #[arg(long)]
    pub json: bool,
}

#[derive(clap::Args)]
pub struct Prune {
    /// The archive.
    pub path: PathBuf,
    #[command(flatten)]
    pub output: Output,
}

#[derive(clap::Args)]
#[command(group(clap::ArgGroup::new("where").required(true)))]
pub struct Split {
    /// The archive, with one claim.
    pub path: PathBuf,
    /// The last block of a part; several can be given, in order: the last part ends with the claimed block.
    #[arg(long, value_name = "BLOCK", value_delimiter = ',', group = "where")]
    pub at: Vec<u64>,
    /// How many blocks each part has; the last one can be shorter.
    #[arg(long, value_name = "BLOCKS", group = "where", value_parser = clap::value_parser!(u64).range(1..))]
    pub every: Option<u64>,
    /// The folder for the parts, which are called NAME-FIRST-LAST.unroll after their blocks.
    #[arg(long, value_name = "FOLDER")]
    pub out: PathBuf,
    #[command(flatten)]
    pub options: WriteOptions,
}

#[derive(clap::Args)]
pub struct Merge {
    /// The archives.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub output: Output,
}

#[derive(clap::Args)]
pub struct Diff {
    /// An archive.
    pub first: PathBuf,
    /// Another one.
    pub second: PathBuf,
    /// Print one JSON object: equal, differing (names of parts), and for first and second what only it holds: claims, preimages
    /// (keys), blobs (commitments).
    #[arg(long)]
    pub json: bool,
}

#[derive(clap::Args)]
#[command(after_long_help = IMPORT_HELP)]
pub struct Import {
    /// A boot file (`*.json`) with its preimages beside it, or a data directory.
    pub source: PathBuf,
    /// The boot file for a data directory that has no local keys; its `preimages` are not looked at.
    #[arg(long, value_name = "PATH")]
    pub boot: Option<PathBuf>,
    /// The config of an L1 chain that is not public: geth's genesis file, or the `config` in it.
    #[arg(long, value_name = "PATH")]
    pub l1_config: Option<PathBuf>,
    #[command(flatten)]
    pub output: Output,
}

const IMPORT_HELP: &str = "\
A boot file is JSON: chain_id, l1_head, agreed_l2_output_root, claimed_l2_output_root, claimed_l2_block_number, rollup_config (of \
a chain that is not built in), preimages.file (beside it): zstd over records of a typed key (32 bytes), a length (u32, \
little-endian) and the value, sorted by key.

A data directory is op-challenger's, kona-host's or op-program's: a file of hex for each key, <4 digits>/<60 digits>.txt \
where `kvformat` says `directory`, 0x<64 digits>.txt where it says `file`, or our database where it says `redb`. What the run is about is read from the local keys \
(type 1), or given with --boot.

Every value is checked against its key. Results of precompiles are not kept, because they are computed.";

#[derive(clap::Args)]
#[command(after_long_help = EXPORT_HELP)]
pub struct Export {
    /// The archive.
    pub path: PathBuf,
    /// What to write.
    #[arg(long, value_enum)]
    pub format: Format,
    /// The boot file to write (NAME.json; the preimages go beside it), or the new data directory.
    #[arg(long, short, value_name = "PATH")]
    pub out: PathBuf,
    /// Which claim, from 1; needed if there are several.
    #[arg(long, value_name = "NUMBER")]
    pub claim: Option<usize>,
    /// Print one JSON object: path, format, files, preimages, blobs.
    #[arg(long)]
    pub json: bool,
}

const EXPORT_HELP: &str = "\
A data directory gets the local keys 1 to 5, and 6 and 7 (rollup and L1 config) where the archive has them, as kona numbers \
them; each element of a blob under its own key; and under its keccak256 key what that key is the hash of, commitment and point, \
which op-challenger asks for.";

/// How preimages are kept elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A boot file, and its preimages as records in one compressed file.
    Records,
    /// A data directory with folders: op-challenger's, kona-host's, op-program's.
    Directory,
    /// A data directory without folders: op-program's older form.
    File,
    /// A data directory with one database file, `preimages.redb`, of redb.
    Redb,
}

/// Where an archive goes, and how.
#[derive(clap::Args)]
pub struct Output {
    /// The archive to write.
    #[arg(long, short, value_name = "PATH")]
    pub out: PathBuf,
    #[command(flatten)]
    pub options: WriteOptions,
}

/// How archives are written.
#[derive(clap::Args)]
pub struct WriteOptions {
    /// The level of zstd, 1 to 22.
    #[arg(long, value_name = "LEVEL", default_value_t = 19, value_parser = clap::value_parser!(i32).range(1..=22))]
    pub level: i32,
    /// Do not compress: for programs that use the archive where it lies in memory, such as guests of a zkVM.
    #[arg(long, conflicts_with = "level")]
    pub store: bool,
    /// Replace what is there.
    #[arg(long)]
    pub force: bool,
    /// Print one JSON object: path, root, bytes, claims, preimages, blobs; of prune also dropped (how many); of prune and split
    /// also valid (for each claim); of split a list of such objects, parts.
    #[arg(long)]
    pub json: bool,
}

/// Which claim of several.
pub fn only<T>(all: &[T], number: Option<usize>) -> Option<&T> {
    match (number, all) {
        (None, [only]) => Some(only),
        (None, _) => None,
        (Some(number), _) => number.checked_sub(1).and_then(|at| all.get(at)),
    }
}
