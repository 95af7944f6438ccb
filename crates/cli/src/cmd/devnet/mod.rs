//! `unroll devnet`: a rollup of our own with its L1, in a folder and over RPC.

mod args;
mod new;
mod serve;

pub use args::Devnet;

use alloy_primitives::Bytes;
use args::{Action, Chain};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value as Json, json};
use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};
use unroll_serve::folder::{ConfigFault, FolderError, LayerSummary, Recipe, Summary};
use unroll_testing::devnet::DevnetConfig;

use crate::report::Grouped;

/// Why there is no chain, or nobody serves it.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("{} cannot be read: {error}", path.display())]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("{} is no config of a devnet: {error}", path.display())]
    Config { path: PathBuf, error: toml::de::Error },
    #[error("the config describes no chain: {0}")]
    Fault(#[from] ConfigFault),
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error("the devnet cannot be served: {0}")]
    Serve(io::Error),
    #[error("nobody reads what is said: {0}")]
    Output(#[from] io::Error),
}

/// Runs the command.
pub fn run(args: &Devnet) -> ExitCode {
    let (result, json) = match &args.action {
        Action::New(new) => (new::run(new), new.json),
        Action::Serve(serve) => (serve::run(serve), serve.json),
    };
    let Err(why) = result else { return ExitCode::SUCCESS };
    // Nothing can be done for someone who hears neither.
    let _ = match json {
        true => say(&format!("{:#}\n", json!({ "error": why.to_string() }))),
        false => writeln!(io::stderr(), "error: {why}"),
    };
    ExitCode::from(2)
}

/// What the chain is to be made from.
fn recipe(chain: &Chain) -> Result<Recipe, Failed> {
    let read = |path: &Path| fs::read(path).map_err(|error| Failed::Unreadable { path: path.into(), error });
    let mut config = DevnetConfig::default();
    if let Some(path) = &chain.config {
        let text = String::from_utf8_lossy(&read(path)?).into_owned();
        config =
            DevnetConfig::from_toml(&text).map_err(|error| Failed::Config { path: path.clone(), error })?;
    }
    if let Some(seed) = chain.seed {
        config.seed = seed;
    }
    let bundle = chain.bundle.as_deref().map(read).transpose()?;
    Ok(Recipe { config, bundle: bundle.map(Bytes::from), blocks: chain.blocks })
}

/// Blocks done, on stderr; nothing where stderr is not a terminal.
fn progress(blocks: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(blocks), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} blocks, {msg}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())).with_message("building")
}

/// The chain in a few lines.
fn about(summary: &Summary) -> String {
    let Summary { seed, l1, l2, safe_l2_number, safe_l2_output_root, blobs, .. } = summary;
    let layer = |name: &str, layer: &LayerSummary, more: String| {
        format!(
            "  {name}    block {:<6} {}  {} transactions{more}\n",
            Grouped(layer.head_number),
            layer.head_hash,
            Grouped(layer.transactions as u64)
        )
    };
    let mut text = format!("devnet: chain {} on L1 {}, seed {seed}\n", l2.chain_id, l1.chain_id);
    text += &layer("L1", l1, format!(", {blobs} blobs"));
    text += &layer("L2", l2, String::new());
    text += &format!("  safe  block {:<6} {safe_l2_output_root}  output root\n", Grouped(*safe_l2_number));
    text
}

/// The summary as an object, with more in it.
fn object(summary: &Summary, more: &[(&str, Json)]) -> Json {
    let mut object = json!(summary);
    for (key, value) in more {
        object[*key] = value.clone();
    }
    object
}

fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
