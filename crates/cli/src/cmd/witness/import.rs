//! `unroll witness import`: archives out of what other programs keep.

use super::{Done, Failure, check_free, save, spinner};
use crate::{
    args::witness::Import,
    boot_file::BootFile,
    input::{self, InputError},
    report::count,
};
use alloy_primitives::{B256, Bytes};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};
use unroll_host::archive::{self, Contents, DirectoryError, WitnessImportError};
use unroll_proof::{
    BootInfo, PreimageKey, Witness,
    preimage::{KeyKind, LocalInput},
    witness::WitnessError,
};

/// What is wrong with what is to be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    #[error("{}: the preimages are refused: {error}", path.display())]
    Witness { path: PathBuf, error: WitnessError },
    #[error("{} {error}", path.display())]
    Contents { path: PathBuf, error: WitnessImportError },
    #[error("{} does not say where its preimages are: it has no `preimages.file`", .0.display())]
    NoSidecar(PathBuf),
    #[error("--boot is for data directories: {} is a boot file itself", .0.display())]
    TwoBoots(PathBuf),
    #[error("{} has no local key {input}, which says what a run is about: --boot gives a boot file", path.display())]
    NoLocal { path: PathBuf, input: u64 },
    #[error("{} has {length} bytes for local key {input}, and it has to have {expected}", path.display())]
    Local { path: PathBuf, input: u64, length: usize, expected: usize },
}

/// What the run is about.
struct About {
    boot: BootInfo,
    rollup_config: Bytes,
    l1_config: Bytes,
}

pub fn run(args: &Import) -> Result<Done, Failure> {
    check_free(&args.output)?;
    let path = &args.source;
    let waiting = spinner(format!("reading {}", path.display()));
    let (mut about, mut witness) = if path.is_dir() {
        let (records, locals) = directory(path)?;
        let about = match &args.boot {
            Some(boot) => About::of(boot_file(boot)?),
            None => about(&locals, path)?,
        };
        (about, checked(records, path)?)
    } else {
        if args.boot.is_some() {
            return Err(ImportError::TwoBoots(path.clone()).into());
        }
        let boot = boot_file(path)?;
        let sidecar = boot.preimages.as_ref().ok_or_else(|| ImportError::NoSidecar(path.clone()))?;
        let sidecar = path.with_file_name(sidecar);
        let witness = checked(input::records(&sidecar)?, &sidecar)?;
        (About::of(boot), witness)
    };
    if let Some(path) = &args.l1_config {
        about.l1_config = input::json(path)?.into();
    }
    let precompiles = witness.stats().precompiles;
    let in_source = |error| ImportError::Contents { path: path.clone(), error };
    let mut contents = Contents::of_witness(&about.boot, about.rollup_config, about.l1_config, &mut witness)
        .map_err(in_source)?;
    if path.is_dir() {
        contents.drop_points();
    }
    waiting.finish_and_clear();
    let (mut text, json) = save(&args.output.out, &contents, &args.output.options)?;
    if precompiles > 0 {
        let results = count(precompiles, "result of a precompile", "results of precompiles");
        text += &format!("{results} left out: they are computed\n");
    }
    Ok(Done { text, json, code: 0 })
}

fn checked(records: Vec<u8>, path: &Path) -> Result<Witness, ImportError> {
    Witness::from_records(&records.into()).map_err(|error| ImportError::Witness { path: path.into(), error })
}

fn boot_file(path: &Path) -> Result<BootFile, Failure> {
    let json = input::json(path).map_err(|error: InputError| Failure::Input(error))?;
    BootFile::parse(&json).map_err(|error| Failure::BootFile { path: path.into(), error })
}

/// The local keys of a data directory, and its other values as records.
fn directory(path: &Path) -> Result<(Vec<u8>, BTreeMap<B256, Bytes>), ImportError> {
    let entries = archive::read_directory(path)?;
    let is_local = |key: &B256| key[0] == KeyKind::Local as u8;
    let (locals, globals): (BTreeMap<_, _>, BTreeMap<_, _>) =
        entries.into_iter().partition(|(key, _)| is_local(key));
    let records = archive::records(&globals);
    Ok((records, locals))
}

fn about(locals: &BTreeMap<B256, Bytes>, path: &Path) -> Result<About, ImportError> {
    let optional = |input| locals.get(PreimageKey::local(input).as_bytes()).cloned();
    let hash = |input| local::<32>(locals, input, path).map(B256::new);
    let number = |input| local::<8>(locals, input, path).map(u64::from_be_bytes);
    Ok(About {
        boot: BootInfo {
            l1_head: hash(LocalInput::L1Head)?,
            agreed_output_root: hash(LocalInput::AgreedOutputRoot)?,
            claimed_output_root: hash(LocalInput::ClaimedOutputRoot)?,
            claimed_block_number: number(LocalInput::ClaimedBlockNumber)?,
            chain_id: number(LocalInput::ChainId)?,
        },
        rollup_config: optional(LocalInput::RollupConfig).unwrap_or_default(),
        l1_config: optional(LocalInput::L1Config).unwrap_or_default(),
    })
}

fn local<const N: usize>(
    locals: &BTreeMap<B256, Bytes>,
    input: LocalInput,
    path: &Path,
) -> Result<[u8; N], ImportError> {
    let (path, number) = (|| path.into(), input as u64);
    let value = locals.get(PreimageKey::local(input).as_bytes());
    let value = value.ok_or_else(|| ImportError::NoLocal { path: path(), input: number })?;
    value[..].try_into().map_err(|_| ImportError::Local {
        path: path(),
        input: number,
        length: value.len(),
        expected: N,
    })
}

impl About {
    fn of(boot: BootFile) -> Self {
        let BootFile { info, given_config, given_l1_config, .. } = boot;
        Self { boot: info, rollup_config: given_config, l1_config: given_l1_config }
    }
}
