//! The verdict on a claim (J-020 to J-027).

use crate::{
    boot::BootInfo,
    transition::{Backend, Transition, TransitionError},
};
use alloy_primitives::B256;

/// What is to be said about a claim, with both roots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The claimed output root.
    pub claimed: B256,
    /// The output root of the block to compare with.
    pub output_root: B256,
    /// That block's number.
    pub number: u64,
    /// How the two compare.
    pub outcome: Outcome,
}

/// How a claim compares with what was derived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The claimed block has the claimed root.
    Right,
    /// The claimed block has another root.
    Wrong,
    /// L1 ends before the claimed block, and the claim is the root of the last block (J-021).
    RightAtEnd,
    /// L1 ends before the claimed block, and the last block has another root (J-021).
    WrongAtEnd,
    /// The claimed block lies below the agreed one (J-022).
    BelowAgreed,
}

impl Outcome {
    /// Whether the claim is valid.
    pub const fn is_valid(self) -> bool {
        matches!(self, Self::Right | Self::RightAtEnd)
    }
}

/// Derives up to the claimed block, or as far as L1 goes, and compares. Nothing but the boot inputs and what the backend gives for
/// them has a say (J-013).
pub fn run<B: Backend>(
    transition: &mut Transition<'_, B>,
    boot: &BootInfo,
) -> Result<Verdict, TransitionError<B::Error>> {
    // J-020: later L1 data cannot change a block that was derived. J-023: the agreed block needs no step. J-024: that the
    // claim equals the agreed root says nothing as long as blocks can be derived.
    while transition.tip().block.number < boot.claimed_block_number && transition.step()?.is_some() {
        // Nobody asks what was decided: nothing piles up, however long the range is.
        transition.drain_events().for_each(drop);
    }
    judge(transition, boot)
}

/// Compares a claim with the tip: the claimed block, or the last one that L1 gives.
pub fn judge<B: Backend>(
    transition: &mut Transition<'_, B>,
    boot: &BootInfo,
) -> Result<Verdict, TransitionError<B::Error>> {
    let (claimed, number) = (boot.claimed_output_root, transition.tip().block.number);
    let output_root = transition.output()?.hash();
    let right = output_root == claimed;
    let outcome = match () {
        () if boot.claimed_block_number < transition.agreed_number() => Outcome::BelowAgreed, // J-022
        () if number >= boot.claimed_block_number && right => Outcome::Right,
        () if number >= boot.claimed_block_number => Outcome::Wrong,
        () if right => Outcome::RightAtEnd, // J-021
        () => Outcome::WrongAtEnd,
    };
    Ok(Verdict { claimed, output_root, number, outcome })
}
