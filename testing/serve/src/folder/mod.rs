//! A devnet as a folder.
//!
//! ```text
//! devnet.toml            what the chain is made from: the same file makes the same chain
//! genesis.json           geth's genesis file of the L2
//! rollup.json            op-node's config
//! l1-config.json         geth's chain config of the L1, with its blob schedule
//! l1-blocks.jsonl        a JSON object in each line, from block 0 on:
//!                          number, hash, header_rlp
//!                          transactions, receipts   lists of EIP-2718 bytes
//!                          blobs                    list of versioned_hash, commitment, proof
//! l2-blocks.jsonl        the same without blobs, and:
//!                          output_root, l1_origin (number, hash), sequence_number
//!                          safe_at                  number of the L1 block with which it became safe, or null
//! blobs/HASH.bin         131,072 bytes each, by versioned hash
//! inputs/HASH.bin        what commitments of alt-DA stand for, by keccak256; only if the chain has alt-DA
//! range.unroll           a claim about the whole chain with what the proof of it reads: a witness archive
//! karst-bundle.json      Karst's upgrade transactions, if Karst activates after genesis
//! devnet.json            heads and sizes; written last, so that a folder without it is not whole
//! ```
//!
//! Bytes are hex with `0x`. The chain is what `devnet.toml` makes, with the bundle if there is one, for as many blocks as
//! `devnet.json` says; all else comes of it. Whoever reads a folder here makes the chain anew and compares every file with it,
//! so that nobody believes to have changed the chain who changed one of those. What is not listed above is left alone.

mod annotated;
mod check;
mod files;

pub use check::ConfigFault;

use alloy_primitives::{B256, Bytes};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use unroll_testing::devnet::{Devnet, DevnetConfig};

const CONFIG: &str = "devnet.toml";
const SUMMARY: &str = "devnet.json";
const BUNDLE: &str = "karst-bundle.json";
const BLOBS: &str = "blobs";
const INPUTS: &str = "inputs";
/// A witness archive with a claim about the whole chain.
pub const RANGE: &str = "range.unroll";

/// Why a folder cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Nothing is overwritten.
    #[error("{} is not empty: name a folder that is, or that does not exist yet", .0.display())]
    NotEmpty(PathBuf),
    /// The file system refused.
    #[error("{}: {error}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file of the folder is not what its name says.
    #[error("{} {why}", path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// `devnet.toml` describes no chain.
    #[error("{} describes no chain: {fault}", path.display())]
    Config {
        /// Which file.
        path: PathBuf,
        /// Why.
        fault: ConfigFault,
    },
    /// The chain made from `devnet.toml` is not the one in the folder.
    #[error(
        "{} is not what its {CONFIG} makes: {layer} block {number} is {made}, and not {written} as {SUMMARY} says; one of \
         them was changed, or another version of this program wrote the folder: make it anew",
        path.display()
    )]
    Differs {
        /// Which folder.
        path: PathBuf,
        /// L1 or L2.
        layer: &'static str,
        /// The head's number.
        number: u64,
        /// Its hash, made anew.
        made: B256,
        /// Its hash in `devnet.json`.
        written: B256,
    },
    /// A file of the folder is not what comes of the chain.
    #[error(
        "{}{} is not what {CONFIG} makes, and the chain is made from that: undo the change, or change {CONFIG} and make \
         the folder anew (another version of this program may have written it, too)",
        path.display(),
        line.map(|line| format!(", line {line},")).unwrap_or_default()
    )]
    Changed {
        /// Which file.
        path: PathBuf,
        /// Where in it, if it has lines.
        line: Option<usize>,
    },
}

/// `devnet.json`: what a chain is, in a few numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// All chance in the chain comes from it.
    pub seed: u64,
    /// How many L2 blocks were asked for; the chain has as many or a few more.
    pub blocks: u64,
    /// The layer below.
    pub l1: LayerSummary,
    /// The rollup.
    pub l2: LayerSummary,
    /// The number of the newest L2 block that L1 determines.
    pub safe_l2_number: u64,
    /// Its output root.
    pub safe_l2_output_root: B256,
    /// On L1.
    pub blobs: usize,
}

/// One chain of two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerSummary {
    /// Its id.
    pub chain_id: u64,
    /// The newest block's number.
    pub head_number: u64,
    /// Its hash.
    pub head_hash: B256,
    /// In all blocks.
    pub transactions: usize,
}

impl Summary {
    /// Of a chain that was made for so many L2 blocks.
    pub fn of(devnet: &Devnet, blocks: u64) -> Self {
        let Devnet { config, l1, l2, .. } = devnet;
        let safe = devnet.block(devnet.safe()).unwrap_or_else(|| devnet.head());
        let count = |transactions: &Vec<Bytes>| transactions.len();
        Self {
            seed: config.seed,
            blocks,
            l1: LayerSummary {
                chain_id: config.l1.chain_id,
                head_number: l1.head().header.number,
                head_hash: l1.head().header.hash(),
                transactions: l1.blocks().iter().map(|block| count(&block.transactions)).sum(),
            },
            l2: LayerSummary {
                chain_id: config.l2.chain_id,
                head_number: devnet.head().header.number,
                head_hash: devnet.head().header.hash(),
                transactions: l2.iter().map(|block| count(&block.transactions)).sum(),
            },
            safe_l2_number: safe.header.number,
            safe_l2_output_root: safe.output.hash(),
            blobs: l1.blocks().iter().map(|block| block.sidecars.len()).sum(),
        }
    }
}

/// What a chain is made from: its file, Karst's upgrade transactions if it needs them, and how long it is to be.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// The file.
    pub config: DevnetConfig,
    /// Karst's upgrade transactions.
    pub bundle: Option<Bytes>,
    /// At least so many L2 blocks after genesis.
    pub blocks: u64,
}

impl Recipe {
    /// Makes the chain, all of it posted to L1 and derived from there. `progress` is told the number of each new L2 head.
    ///
    /// # Errors
    ///
    /// If nobody can run such a chain.
    pub fn make(self, mut progress: impl FnMut(u64)) -> Result<Devnet, ConfigFault> {
        check::check(&self.config, self.bundle.as_ref().map(|bundle| &bundle[..]))?;
        let mut devnet = Devnet::new(self.config, self.bundle);
        while devnet.head().header.number < self.blocks || devnet.poster.next <= devnet.head().header.number {
            devnet.advance();
            progress(devnet.head().header.number);
        }
        devnet.sync();
        Ok(devnet)
    }
}

/// Writes the folder of a chain that was made for so many L2 blocks.
///
/// # Errors
///
/// If there is something in the folder, or it cannot be written.
pub fn write(
    path: &Path,
    devnet: &Devnet,
    bundle: Option<&Bytes>,
    blocks: u64,
) -> Result<Summary, FolderError> {
    let folder = Folder(path);
    folder.begin()?;
    folder.create(BLOBS)?;
    if devnet.config.alt_da.is_some() {
        folder.create(INPUTS)?;
    }
    folder.file(CONFIG, annotated::toml(&devnet.config).as_bytes())?;
    files::write(&folder, devnet)?;
    if let Some(bundle) = bundle {
        folder.file(BUNDLE, bundle)?;
    }
    let summary = Summary::of(devnet, blocks);
    folder.json(SUMMARY, &json!(summary))?;
    Ok(summary)
}

/// What the chain in the folder is made from, and what came of it.
///
/// # Errors
///
/// If it is no such folder, or was not written to its end.
pub fn read(path: &Path) -> Result<(Recipe, Summary), FolderError> {
    let folder = Folder(path);
    let malformed = |name: &str, why: String| FolderError::Malformed { path: path.join(name), why };
    let summary: Summary = serde_json::from_slice(&folder.bytes(SUMMARY)?)
        .map_err(|error| malformed(SUMMARY, format!("is no summary of a devnet: {error}")))?;
    let text = String::from_utf8(folder.bytes(CONFIG)?);
    let text = text.map_err(|_| malformed(CONFIG, "is no text".into()))?;
    let config = DevnetConfig::from_toml(&text)
        .map_err(|error| malformed(CONFIG, format!("is no config of a devnet: {error}")))?;
    let bundle = path.join(BUNDLE).exists().then(|| folder.bytes(BUNDLE)).transpose()?;
    Ok((Recipe { config, bundle: bundle.map(Bytes::from), blocks: summary.blocks }, summary))
}

/// Makes the chain in the folder anew.
///
/// # Errors
///
/// If it is no such folder, another chain comes of it, or one of its files is not what comes of the chain.
pub fn load(path: &Path, progress: impl FnMut(u64)) -> Result<(Devnet, Summary), FolderError> {
    let (recipe, written) = read(path)?;
    let config = |fault| FolderError::Config { path: path.join(CONFIG), fault };
    let devnet = recipe.make(progress).map_err(config)?;
    let made = Summary::of(&devnet, written.blocks);
    for (layer, made, written) in [("L1", &made.l1, &written.l1), ("L2", &made.l2, &written.l2)] {
        if made.head_hash != written.head_hash {
            return Err(FolderError::Differs {
                path: path.into(),
                layer,
                number: written.head_number,
                made: made.head_hash,
                written: written.head_hash,
            });
        }
    }
    if made != written {
        return Err(FolderError::Changed { path: path.join(SUMMARY), line: None });
    }
    files::compare(&Folder(path), &devnet)?;
    Ok((devnet, written))
}

/// Files of one folder, with their names in errors.
struct Folder<'a>(&'a Path);

impl Folder<'_> {
    fn io(&self, name: &str, error: io::Error) -> FolderError {
        FolderError::Io { path: self.0.join(name), error }
    }

    /// It is empty, or is yet to be.
    fn begin(&self) -> Result<(), FolderError> {
        let occupied = match fs::read_dir(self.0) {
            Ok(mut entries) => entries.next().is_some(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(self.io("", error)),
        };
        if occupied {
            return Err(FolderError::NotEmpty(self.0.into()));
        }
        Ok(())
    }

    fn create(&self, name: &str) -> Result<(), FolderError> {
        fs::create_dir_all(self.0.join(name)).map_err(|error| self.io(name, error))
    }

    fn bytes(&self, name: &str) -> Result<Vec<u8>, FolderError> {
        fs::read(self.0.join(name)).map_err(|error| self.io(name, error))
    }

    fn file(&self, name: &str, bytes: &[u8]) -> Result<(), FolderError> {
        fs::write(self.0.join(name), bytes).map_err(|error| self.io(name, error))
    }

    fn json(&self, name: &str, value: &Value) -> Result<(), FolderError> {
        self.file(name, format!("{value:#}\n").as_bytes())
    }
}
