//! A backend of one's own, both ways: five traits by hand with the parts put together piece by piece, and the one method of
//! `PreimageOracle` under `Transition`.
//!
//! `cargo run -p custom-backend -- FOLDER`, where FOLDER holds `boot.json` (as in a witness) and the preimages.

mod folder;

use alloy_primitives::B256;
use anyhow::Context;
use folder::Folder;
use std::path::PathBuf;
use unroll_derive::{EthereumDataSource, PipelineBuilder, StatefulAttributesBuilder, provider::*};
use unroll_executor::{ExecutionError, NoHints, StatelessL2BlockExecutor};
use unroll_proof::{OracleBackend, Transition};
use unroll_protocol::{
    config::RollupConfig, config_file::parse_rollup_json, output_root::OutputRoot, tip::Tip,
};

/// Way one: the parts, put together piece by piece. The output root at `target`, or where L1 ends.
fn piece_by_piece(
    mut folder: Folder,
    cfg: &RollupConfig,
    agreed: &OutputRoot,
    target: u64,
) -> anyhow::Result<B256> {
    let number = folder.header(agreed.block_hash)?.number;
    let L2BlockStart { header, first_transaction } =
        folder.block_start_by_number(agreed.block_hash, number)?;
    let mut tip = Tip::from_block(cfg, header.clone(), first_transaction.as_ref().map(|tx| &tx[..]))?;
    let origin = folder
        .block_info_by_number(tip.block.l1_origin.number)?
        .context("the L1 head lies below the origin of the agreed block")?;
    let dap = EthereumDataSource::new(folder.clone(), folder.clone(), cfg);
    let attributes = StatefulAttributesBuilder::new(cfg, folder.clone(), folder.clone());
    let mut pipeline = PipelineBuilder::new()
        .rollup_config(cfg)
        .dap_source(dap)
        .l2_chain_provider(folder.clone())
        .chain_provider(folder.clone())
        .builder(attributes)
        .origin(origin)
        .build();
    let mut executor =
        StatelessL2BlockExecutor::builder(cfg, folder, NoHints::new()).with_parent_header(header).build();
    while tip.block.number < target {
        let Some(mut attributes) = pipeline.next_attributes(&tip)? else { break };
        loop {
            match executor.execute_payload(&attributes) {
                Ok(block) => {
                    let first = attributes.transactions.iter().flatten().next();
                    tip = Tip::from_block(cfg, block.header, first.map(|tx| &tx[..]))?;
                    break;
                }
                // An invalid payload gives way to its deposits (from Holocene), or to the next batch.
                Err(ExecutionError::InvalidPayload(_)) => match pipeline.reject(*attributes)? {
                    Some(deposits) => *attributes = deposits,
                    None => break,
                },
                Err(error) => return Err(error.into()), // a provider failed: nothing is known about the payload
            }
        }
    }
    Ok(executor.compute_output_root()?.hash())
}

/// Way two: `OracleBackend` makes a backend of one method, `Transition` is the loop.
fn one_method(folder: Folder, cfg: &RollupConfig, agreed: OutputRoot, target: u64) -> anyhow::Result<B256> {
    let l1_head = folder.l1_head;
    let mut transition = Transition::new(cfg, OracleBackend::new(folder, l1_head), agreed)?;
    while transition.tip().block.number < target && transition.step()?.is_some() {}
    Ok(transition.output()?.hash())
}

fn main() -> anyhow::Result<()> {
    let path = PathBuf::from(std::env::args().nth(1).context("usage: custom-backend FOLDER")?);
    let boot: serde_json::Value = serde_json::from_slice(&std::fs::read(path.join("boot.json"))?)?;
    let hash = |field: &str| boot[field].as_str().unwrap_or_default().parse::<B256>();
    let target = boot["claimed_l2_block_number"].as_u64().unwrap_or_default();
    let (cfg, _) = parse_rollup_json(boot["rollup_config"].to_string().as_bytes())?;
    let folder = Folder { path, l1_head: hash("l1_head")? };
    let agreed = OutputRoot::decode(&folder.keccak(hash("agreed_l2_output_root")?)?)?;
    let claim = hash("claimed_l2_output_root")?;
    for root in
        [piece_by_piece(folder.clone(), &cfg, &agreed, target)?, one_method(folder, &cfg, agreed, target)?]
    {
        println!("{} at block {target}: {root}", if root == claim { "valid" } else { "INVALID" });
    }
    Ok(())
}
