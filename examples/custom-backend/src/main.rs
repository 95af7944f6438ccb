//! A backend over a folder of preimages, both ways: the five traits by hand with the parts put together piece by
//! piece, and the one method of `PreimageOracle` under `Transition`.
//! `cargo run -p custom-backend -- FOLDER`, where FOLDER holds a file per preimage, the boot inputs among them.

use alloy_consensus::{Header, Sealed};
use alloy_eips::eip4844::Blob;
use alloy_primitives::{B256, Bytes, hex, keccak256};
use anyhow::Context;
use std::{env, fs, io, path::PathBuf};
use unroll_derive::{EthereumDataSource, PipelineBuilder, StatefulAttributesBuilder, provider::*};
use unroll_executor::{ExecutionError, NoHints, StatelessL2BlockExecutor, TrieDBFetcher};
use unroll_mpt::list::{list_item, list_items};
use unroll_proof::{OracleBackend, PreimageKey, PreimageOracle, Transition, boot::*};
use unroll_protocol::{config::*, config_file::*, output_root::*, tip::*, units::*};

/// Files are named after the preimage's typed key in hex; L1 ends with `l1_head`, to which the run is committed.
#[derive(Clone)]
struct Folder {
    path: PathBuf,
    l1_head: B256,
}

// Way two needs no more than this. Errors are no verdicts: the core passes them on.
impl PreimageOracle for Folder {
    type Error = io::Error;
    fn get(&mut self, key: PreimageKey) -> io::Result<Bytes> {
        let value = fs::read(self.path.join(hex::encode(key.as_bytes())))
            .map_err(|error| io::Error::new(error.kind(), format!("preimage {key}: {error}")))?;
        // Keccak keys are checked here, once; nothing above hashes again.
        if key.as_bytes()[0] == 2 && PreimageKey::keccak256(keccak256(&value)) != key {
            return Err(io::Error::other(format!("the file of preimage {key} holds something else")));
        }
        Ok(value.into())
    }
}

// Way one: five traits. The fifth, `TrieDBHinter`, is for hosts that prepare data; `NoHints` stands in for it.
impl Folder {
    /// The block of this number on the chain that ends with `head`, or `head` if that lies below.
    fn block(&mut self, head: B256, number: u64) -> io::Result<Sealed<Header>> {
        let mut block = Sealed::new_unchecked(self.header_by_hash(head)?, head);
        while block.number > number {
            let parent = block.parent_hash;
            block = Sealed::new_unchecked(self.header_by_hash(parent)?, parent);
        }
        Ok(block)
    }
    /// The items of a list of a block, such as its transactions.
    fn list(&mut self, block: B256, root: fn(&Header) -> B256) -> io::Result<Vec<Bytes>> {
        list_items(root(&self.header_by_hash(block)?), &mut |hash| self.get(PreimageKey::keccak256(hash)))
            .map_err(io::Error::other)
    }
}
impl Provider for Folder {
    type Error = io::Error;
}
impl ChainProvider for Folder {
    fn block_info_by_number(&mut self, number: u64) -> io::Result<Option<L1Ref>> {
        let block = self.block(self.l1_head, number)?;
        Ok((block.number == number).then(|| L1Ref::from_header(block.hash(), &block))) // `None`: L1 ends
    }
    fn header_by_hash(&mut self, hash: B256) -> io::Result<Header> {
        alloy_rlp::decode_exact(self.get(PreimageKey::keccak256(hash))?).map_err(io::Error::other)
    }
    fn receipts_by_hash(&mut self, hash: B256) -> io::Result<Vec<Bytes>> {
        self.list(hash, |header| header.receipts_root)
    }
    fn transactions_by_hash(&mut self, hash: B256) -> io::Result<Vec<Bytes>> {
        self.list(hash, |header| header.transactions_root)
    }
}
impl BlobProvider for Folder {
    fn blobs(&mut self, _: &L1Ref, hashes: &[IndexedBlobHash]) -> io::Result<Vec<Box<Blob>>> {
        let blob = |blob: &IndexedBlobHash| {
            let commitment = self.get(PreimageKey::sha256(blob.hash))?;
            // Put together of its field elements.
            self.blob(commitment[..].try_into().map_err(io::Error::other)?).map_err(io::Error::other)
        };
        hashes.iter().map(blob).collect()
    }
}
impl L2ChainProvider for Folder {
    fn block_by_number(&mut self, head: B256, number: u64) -> io::Result<L2Block> {
        let header = self.block(head, number)?;
        Ok(L2Block { transactions: self.transactions_by_hash(header.hash())?, header })
    }
    fn block_start_by_number(&mut self, head: B256, number: u64) -> io::Result<L2BlockStart> {
        let header = self.block(head, number)?;
        let first =
            list_item(header.transactions_root, 0, &mut |hash| self.get(PreimageKey::keccak256(hash)));
        Ok(L2BlockStart { first_transaction: first.map_err(io::Error::other)?, header })
    }
    fn upgrade_bundle(&mut self, sha256: B256) -> io::Result<Bytes> {
        self.get(PreimageKey::sha256(sha256))
    }
}
impl TrieDBFetcher for Folder {
    fn trie_node_preimage(&mut self, hash: B256) -> io::Result<Bytes> {
        self.get(PreimageKey::keccak256(hash))
    }
    fn bytecode_by_hash(&mut self, hash: B256) -> io::Result<Bytes> {
        self.get(PreimageKey::keccak256(hash))
    }
    fn l2_header_by_hash(&mut self, hash: B256) -> io::Result<Header> {
        self.header_by_hash(hash)
    }
}

/// Way one: the parts, put together piece by piece. The output root at `target`, or where L1 ends.
fn piece_by_piece(l1: Folder, cfg: &RollupConfig, agreed: B256, target: u64) -> anyhow::Result<B256> {
    let (mut l2, blobs) = (l1.clone(), l1.clone());
    let number = l2.header_by_hash(agreed)?.number;
    let L2BlockStart { header, first_transaction } = l2.block_start_by_number(agreed, number)?;
    let mut tip = Tip::from_block(cfg, header.clone(), first_transaction.as_ref())?;
    let mut pipeline = PipelineBuilder::new()
        .rollup_config(cfg)
        .dap_source(EthereumDataSource::new(l1.clone(), blobs, cfg))
        .l2_chain_provider(l2.clone())
        .chain_provider(l1.clone())
        .builder(StatefulAttributesBuilder::new(cfg, l2.clone(), l1))
        .origin(l2.block_info_by_number(tip.block.l1_origin.number)?.context("L1 ends too early")?)
        .build();
    let executor = StatelessL2BlockExecutor::builder(cfg, l2, NoHints::new());
    let mut executor = executor.with_parent_header(header).build();
    while tip.block.number < target {
        let Some(next) = pipeline.next_attributes(&tip)? else { break };
        match executor.execute_payload(&next) {
            Ok(block) => tip = Tip::from_block(cfg, block.header, next.transactions.iter().flatten().next())?,
            // Next are its deposits alone (from Holocene) or another batch; where a span is void, see `Transition`.
            Err(ExecutionError::InvalidPayload(_)) if pipeline.reject(next.clone())? == tip.block.id() => {}
            Err(error) => return Err(error.into()), // nothing is known about the payload
        }
    }
    Ok(executor.compute_output_root()?.hash())
}

/// Way two: `OracleBackend` makes five traits of one method, `Transition` is the loop.
fn one_method(l1: &Folder, cfg: &RollupConfig, agreed: OutputRoot, target: u64) -> anyhow::Result<B256> {
    let mut transition = Transition::new(cfg, OracleBackend::new(l1.clone(), l1.l1_head), agreed)?;
    while transition.tip().block.number < target && transition.step()?.is_some() {}
    Ok(transition.output()?.hash())
}

fn main() -> anyhow::Result<()> {
    let path = PathBuf::from(env::args().nth(1).context("usage: custom-backend FOLDER")?);
    let boot = BootInfo::load(&mut Folder { path: path.clone(), l1_head: B256::ZERO })?;
    let mut folder = Folder { path, l1_head: boot.l1_head };
    let given = given_config(&mut folder, boot.chain_id)?; // of a chain that is not built in
    let cfg = choose_config(boot.chain_id, given.map(|json| parse_rollup_json(&json)).transpose()?)?;
    let agreed = OutputRoot::decode(&folder.get(PreimageKey::keccak256(boot.agreed_output_root))?)?;
    let (target, claim) = (boot.claimed_block_number, boot.claimed_output_root);
    let by_hand = piece_by_piece(folder.clone(), &cfg, agreed.block_hash, target)?;
    for root in [by_hand, one_method(&folder, &cfg, agreed, target)?] {
        println!("{} at block {target}: {root}", if root == claim { "valid" } else { "INVALID" });
    }
    Ok(())
}
