//! What takes a run: the archive of what a run reads, and the archives of parts of its range.

use super::{Claim, Claims, Contents};
use alloy_primitives::{B256, Bytes};
use unroll_mpt::Trie;
use unroll_proof::{
    OracleBackend, PreimageOracle, Recorder, Transition,
    backend::BackendError,
    claim::{self, Verdict},
    transition::{ExecutedBlock, TransitionError},
    witness::{Missing, WitnessError},
};
use unroll_protocol::config::RollupConfig;

/// Why a run came to no end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A preimage is not what its key stands for.
    #[error("the preimages are refused: {0}")]
    Witness(#[from] WitnessError),
    /// What the archive notes about a claim is not so.
    #[error("the agreed output root is that of block {actual}, and the archive says block {noted}")]
    AgreedBlock {
        /// In the archive.
        noted: u64,
        /// By the root.
        actual: u64,
    },
    /// The run failed.
    #[error(transparent)]
    Transition(#[from] TransitionError<BackendError<Missing>>),
}

/// Why a range cannot be split.
#[derive(Debug, thiserror::Error)]
pub enum SplitError {
    /// It holds several claims.
    #[error("it holds {0} claims: split works on one")]
    Claims(usize),
    /// Parts end inside the range, one after the other.
    #[error("block {end} is no place to split: parts end after block {after} and before block {before}")]
    End {
        /// Where a part was to end.
        end: u64,
        /// The agreed block, or the end of the part before.
        after: u64,
        /// The claimed block.
        before: u64,
    },
    /// L1 has no more blocks.
    #[error("L1 ends the safe chain at block {last}, before block {end}, where a part was to end")]
    ChainEnd {
        /// The last block.
        last: u64,
        /// Where the part was to end.
        end: u64,
    },
    /// The run failed.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// Told after each block: how many blocks are done, of how many.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);

/// Runs all claims and keeps exactly what they read; with the verdict on each.
pub fn prune(
    mut contents: Contents,
    config: &RollupConfig,
    progress: Progress<'_>,
) -> Result<(Contents, Vec<Verdict>), RunError> {
    let Claims { chain_id, claims } = &contents.claims;
    let mut oracle = Recorder::new(contents.witness()?);
    let all = claims.iter().map(Claim::blocks).sum();
    let (mut verdicts, mut done) = (Vec::new(), 0);
    for claim in claims {
        let verdict = run(&mut oracle, config, claim, *chain_id, |_, _| {
            done += 1;
            progress(done, all);
            Ok(())
        })?;
        verdicts.push(verdict);
    }
    contents.keep(oracle.read());
    Ok((contents, verdicts))
}

/// One archive for each part of the range, with the verdict on it: up to the first of `ends`, up to the next, and so on, and from the last one to the
/// claimed block. Each holds exactly what a run of it reads.
///
/// The whole is run once, to learn the output roots between the parts; then each part, over the archive and what the blocks
/// before it made: their headers, their transactions, and the state that they left behind.
pub fn split(
    contents: &Contents,
    config: &RollupConfig,
    ends: &[u64],
    progress: Progress<'_>,
) -> Result<Vec<(Contents, Verdict)>, SplitError> {
    let Claims { chain_id, claims } = &contents.claims;
    let [whole] = claims[..] else { return Err(SplitError::Claims(claims.len())) };
    check_ends(&whole, ends)?;
    let mut witness = contents.witness().map_err(RunError::Witness)?;
    let mut cut = Cut { parts: Vec::new(), rest: whole, made: Vec::new() };
    let (all, mut done) = (2 * whole.blocks(), 0);
    let mut step = || {
        done += 1;
        progress(done, all);
    };
    let verdict = run(&mut witness, config, &whole, *chain_id, |transition, block| {
        step();
        cut.after_block(transition, block, ends)
    });
    let last = verdict?.number;
    if let Some(&end) = ends.get(cut.parts.len()) {
        return Err(SplitError::ChainEnd { last, end });
    }
    let Cut { mut parts, rest, made } = cut;
    parts.push(rest);
    let mut known = contents.clone();
    known.add_keccak(made.iter().cloned());
    for value in made {
        witness.insert_keccak(value);
    }
    let part = |claim: Claim| {
        let mut oracle = Recorder::new(&mut witness);
        let verdict = run(&mut oracle, config, &claim, *chain_id, |_, _| {
            step();
            Ok(())
        })?;
        let mut part = known.clone();
        part.claims.claims = vec![claim];
        part.keep(oracle.read());
        Ok((part, verdict))
    };
    parts.into_iter().map(part).collect::<Result<_, RunError>>().map_err(SplitError::Run)
}

fn check_ends(whole: &Claim, ends: &[u64]) -> Result<(), SplitError> {
    let (mut after, before) = (whole.agreed_block_number, whole.claimed_block_number);
    for &end in ends {
        if end <= after || end >= before {
            return Err(SplitError::End { end, after, before });
        }
        after = end;
    }
    Ok(())
}

/// A range being cut into parts.
struct Cut {
    parts: Vec<Claim>,
    /// What is left of the range.
    rest: Claim,
    /// What a part may need that a part before has made.
    made: Vec<Bytes>,
}

impl Cut {
    fn after_block<O: PreimageOracle>(
        &mut self,
        transition: &mut Transition<'_, OracleBackend<O>>,
        block: &ExecutedBlock,
        ends: &[u64],
    ) -> Result<(), TransitionError<BackendError<O::Error>>> {
        // F-001: where a number comes again, the blocks from it on were of a span that is void.
        while let Some(void) = self.parts.pop_if(|part| part.claimed_block_number >= block.header.number) {
            self.rest.agreed_block_number = void.agreed_block_number;
            self.rest.agreed_output_root = void.agreed_output_root;
        }
        self.made.push(alloy_rlp::encode(block.header.inner()).into());
        self.made.extend(list_nodes(&block.transactions));
        if ends.get(self.parts.len()) == Some(&block.header.number) {
            let output = transition.output()?;
            self.made.push(Bytes::copy_from_slice(&output.encode()));
            self.made.extend(transition.known_state());
            self.parts.push(Claim {
                claimed_block_number: block.header.number,
                claimed_output_root: output.hash(),
                ..self.rest
            });
            self.rest.agreed_block_number = block.header.number;
            self.rest.agreed_output_root = output.hash();
        }
        Ok(())
    }
}

/// The nodes of a list's trie.
fn list_nodes(items: &[Bytes]) -> Vec<Bytes> {
    let mut trie = Trie::new();
    let mut nothing = |hash| Err::<Bytes, B256>(hash);
    for (index, item) in (0u64..).zip(items) {
        // Nothing is asked for in a trie that was made here, and no item is empty.
        let _ = trie.insert(&alloy_rlp::encode(index), item.clone(), &mut nothing);
    }
    trie.root();
    trie.nodes().map(Bytes::from).collect()
}

/// The loop of [`claim::run`], with a look at each block.
fn run<O: PreimageOracle<Error = Missing>>(
    oracle: O,
    config: &RollupConfig,
    claim: &Claim,
    chain_id: u64,
    mut each: impl FnMut(
        &mut Transition<'_, OracleBackend<O>>,
        &ExecutedBlock,
    ) -> Result<(), TransitionError<BackendError<Missing>>>,
) -> Result<Verdict, RunError> {
    let boot = claim.boot(chain_id);
    let mut backend = OracleBackend::new(oracle, boot.l1_head);
    let agreed = backend.output(boot.agreed_output_root).map_err(TransitionError::Provider)?;
    let mut transition = Transition::new(config, backend, agreed)?;
    let (noted, actual) = (claim.agreed_block_number, transition.agreed_number());
    if noted != actual {
        return Err(RunError::AgreedBlock { noted, actual });
    }
    while transition.tip().block.number < boot.claimed_block_number {
        let Some(block) = transition.step()? else { break };
        each(&mut transition, &block)?;
        transition.drain_events().for_each(drop);
    }
    Ok(claim::judge(&mut transition, &boot)?)
}
