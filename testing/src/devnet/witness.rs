//! Ranges of the chain as claims: what a proof is about, and exactly what it reads.

use super::store::{Absent, Store};
use alloy_primitives::Bytes;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use unroll_derive::Event;
use unroll_proof::{
    BootInfo, OracleBackend, PreimageKey, PreimageOracle, Recorder, Transition,
    backend::BackendError,
    claim::{self, Verdict},
    transition::TransitionError,
};
use unroll_protocol::config::RollupConfig;

/// A claim about a range with the verdict on it, and the preimages that the verdict needs: all of them, and no other.
#[derive(Debug)]
pub struct RangeWitness {
    /// The claim.
    pub boot: BootInfo,
    /// The chain.
    pub config: RollupConfig,
    /// The chain, as `rollup.json`.
    pub rollup: Value,
    /// Its L1, as geth's chain config.
    pub l1: Value,
    /// What an honest run says.
    pub verdict: Verdict,
    /// What derivation decided on the way.
    pub events: Vec<Event>,
    /// Local inputs are not among them.
    pub preimages: BTreeMap<PreimageKey, Bytes>,
}

impl RangeWitness {
    /// Runs the claim over the store.
    ///
    /// # Errors
    ///
    /// As a run on a witness.
    pub fn collect(
        store: &Store,
        boot: BootInfo,
        config: &RollupConfig,
        rollup: Value,
        l1: Value,
    ) -> Result<Self, TransitionError<BackendError<Absent>>> {
        let Run { verdict, events, oracle } = run(config, &boot, Recorder::new(store))?;
        let preimages = oracle.read().clone();
        Ok(Self { boot, config: config.clone(), rollup, l1, verdict, events, preimages })
    }

    /// The preimages as the records of a [`Witness`](unroll_proof::Witness).
    pub fn records(&self) -> Bytes {
        records(&self.preimages)
    }

    /// The boot file of `unroll verify`, which names `file` as that of the preimages.
    pub fn boot_file(&self, file: &str) -> Value {
        json!({
            "chain_id": self.boot.chain_id,
            "l1_head": self.boot.l1_head,
            "agreed_l2_output_root": self.boot.agreed_output_root,
            "claimed_l2_output_root": self.boot.claimed_output_root,
            "claimed_l2_block_number": self.boot.claimed_block_number,
            "rollup_config": self.rollup,
            "l1_config": self.l1,
            "preimages": { "file": file, "count": self.preimages.len() },
        })
    }
}

/// What came of a run.
#[derive(Debug)]
pub struct Run<O> {
    /// What is to be said about the claim.
    pub verdict: Verdict,
    /// What derivation decided on the way.
    pub events: Vec<Event>,
    /// The oracle, back.
    pub oracle: O,
}

/// Judges a claim by what this oracle knows, as every proof program does.
///
/// # Errors
///
/// Where nothing can be said about the claim.
pub fn run<O: PreimageOracle>(
    config: &RollupConfig,
    boot: &BootInfo,
    oracle: O,
) -> Result<Run<O>, TransitionError<BackendError<O::Error>>> {
    let mut backend = OracleBackend::new(oracle, boot.l1_head);
    let agreed = backend.output(boot.agreed_output_root).map_err(TransitionError::Provider)?;
    let mut transition = Transition::new(config, backend, agreed)?;
    let mut events = Vec::new();
    while transition.tip().block.number < boot.claimed_block_number {
        let block = transition.step()?;
        events.extend(transition.drain_events());
        if block.is_none() {
            break;
        }
    }
    let verdict = claim::judge(&mut transition, boot)?;
    Ok(Run { verdict, events, oracle: transition.into_backend().into_oracle() })
}

/// Preimages as the records of a [`Witness`](unroll_proof::Witness).
pub fn records(preimages: &BTreeMap<PreimageKey, Bytes>) -> Bytes {
    let mut out = Vec::new();
    for (key, value) in preimages {
        out.extend_from_slice(key.as_bytes().as_slice());
        out.extend(u32::try_from(value.len()).expect("a preimage is small").to_le_bytes());
        out.extend_from_slice(value);
    }
    out.into()
}
