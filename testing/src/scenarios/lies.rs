//! Who lies: about the claim, or in the witness. A lie about the claim gets the verdict that it deserves. A lie in the witness
//! is refused, or the run fails, or it changes nothing: never does it change the verdict.

use super::Story;
use crate::{
    devnet::{
        events::INBOX,
        tries::FullTrie,
        witness::{Run, records, run},
    },
    simulator::dice::Dice,
};
use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes, Sealed, keccak256};
use std::collections::BTreeMap;
use unroll_proof::{
    BootInfo, PreimageKey, Witness,
    claim::{Outcome, Verdict},
    kzg::{COMMITMENT_BYTES, EvaluationPoints, FIELD_ELEMENTS},
    preimage::KeyKind,
};

/// What came of a witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// Not even read.
    Refused,
    /// Nothing can be said about the claim.
    Undecided,
    /// Something was said.
    Said(Verdict),
}

/// Judges a claim by the records of a witness, as `unroll verify` does.
pub fn judge(story: &Story, boot: &BootInfo, records: &Bytes) -> Judged {
    let Ok(witness) = Witness::from_records(records) else { return Judged::Refused };
    match run(&story.witness.config, boot, witness) {
        Ok(Run { verdict, .. }) => Judged::Said(verdict),
        Err(_) => Judged::Undecided,
    }
}

/// Claims that differ from the story's, with what they deserve.
pub fn claims(story: &Story) -> Vec<(&'static str, BootInfo, Outcome)> {
    let honest = story.witness.boot;
    let number = honest.claimed_block_number;
    let mut flipped = honest.claimed_output_root;
    flipped[31] ^= 1;
    let last = number.min(story.devnet.safe());
    let before = last.checked_sub(1).and_then(|before| story.devnet.block(before));
    let before = before.map_or(B256::ZERO, |block| block.output.hash());
    let claims = [
        ("off by one bit", BootInfo { claimed_output_root: flipped, ..honest }),
        ("one block early", BootInfo { claimed_block_number: number.saturating_sub(1), ..honest }),
        ("one block late", BootInfo { claimed_block_number: number + 1, ..honest }),
        ("the root of the block before", BootInfo { claimed_output_root: before, ..honest }),
        ("the agreed root", BootInfo { claimed_output_root: honest.agreed_output_root, ..honest }), // J-024
        ("nothing", BootInfo { claimed_output_root: B256::ZERO, ..honest }),
    ];
    claims.map(|(name, boot)| (name, boot, deserved(story, &boot))).into()
}

/// What our own chain says about a claim at the L1 head (J-021 to J-025).
fn deserved(story: &Story, boot: &BootInfo) -> Outcome {
    let devnet = &story.devnet;
    let root_of = |number: u64| devnet.block(number).map(|block| block.output.hash());
    let agreed = devnet.l2.iter().position(|block| block.output.hash() == boot.agreed_output_root);
    let agreed = agreed.expect("the agreed block is on the chain") as u64;
    let (claimed, last) = (boot.claimed_block_number, devnet.safe());
    let right = root_of(claimed.min(last).max(agreed)) == Some(boot.claimed_output_root);
    match right {
        _ if claimed < agreed => Outcome::BelowAgreed,
        true if claimed <= last => Outcome::Right,
        false if claimed <= last => Outcome::Wrong,
        true => Outcome::RightAtEnd,
        false => Outcome::WrongAtEnd,
    }
}

/// Ways to lie in a witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lie {
    /// A byte of a value is another one.
    WrongNode,
    /// A state node is one of another block.
    NodeOfAnotherBlock,
    /// A key is there twice.
    DuplicatedKey,
    /// A key has two values, of which the first one is its own.
    TwoValues,
    /// A value is not there.
    Withheld,
    /// Two elements of a blob have changed places.
    SwappedBlob,
    /// Two blobs have changed places.
    SwappedBlobs,
    /// All of a blob is another one.
    OtherBlob,
    /// A block has one receipt less.
    TruncatedReceipts,
    /// A blob lies under another's commitment.
    WrongCommitment,
    /// An L1 header is one of another branch: of the same number, upon the same parent.
    ForeignHeader,
    /// The L1 head is on another branch.
    ForeignHead,
}

impl Lie {
    /// Every way.
    pub const ALL: [Self; 12] = [
        Self::WrongNode,
        Self::NodeOfAnotherBlock,
        Self::DuplicatedKey,
        Self::TwoValues,
        Self::Withheld,
        Self::SwappedBlob,
        Self::SwappedBlobs,
        Self::OtherBlob,
        Self::TruncatedReceipts,
        Self::WrongCommitment,
        Self::ForeignHeader,
        Self::ForeignHead,
    ];

    /// The lie about this story, as a claim and records. `None`: there is nothing in it to lie about this way.
    pub fn tell(self, story: &Story, dice: &mut Dice) -> Option<(BootInfo, Bytes)> {
        let mut boot = story.witness.boot;
        let mut preimages = story.witness.preimages.clone();
        match self {
            Self::WrongNode => {
                let key = pick(&preimages, dice, |_| true)?;
                let value = preimages.get_mut(&key)?;
                *value = altered(value, dice);
            }
            Self::NodeOfAnotherBlock => {
                let key = PreimageKey::keccak256(story.devnet.head().header.state_root);
                let other = story.devnet.store.value(key)?;
                let start = story.devnet.l2.iter().find(|b| b.output.hash() == boot.agreed_output_root)?;
                let root = PreimageKey::keccak256(start.header.state_root);
                let value = preimages.get_mut(&root).filter(|value| **value != other)?;
                *value = other;
            }
            Self::DuplicatedKey => {
                let key = pick(&preimages, dice, |_| true)?;
                return Some((boot, doubled(&preimages, key, preimages[&key].clone())));
            }
            Self::TwoValues => {
                let key = pick(&preimages, dice, |_| true)?;
                let other = altered(&preimages[&key], dice);
                return Some((boot, doubled(&preimages, key, other)));
            }
            Self::Withheld => {
                let key = pick(&preimages, dice, |_| true)?;
                preimages.remove(&key);
            }
            Self::SwappedBlob => {
                let first = pick(&preimages, dice, |key| key.kind() == KeyKind::Blob)?;
                let value = preimages[&first].clone();
                let (second, other) = preimages
                    .iter()
                    .find(|(key, other)| key.kind() == KeyKind::Blob && **other != value)
                    .map(|(key, other)| (*key, other.clone()))?;
                preimages.insert(first, other);
                preimages.insert(second, value);
            }
            Self::SwappedBlobs => swap_blobs(&mut preimages)?,
            Self::OtherBlob => replace_blob(&mut preimages, dice)?,
            Self::TruncatedReceipts => truncate_receipts(story, &mut preimages)?,
            Self::WrongCommitment => {
                let key = pick(&preimages, dice, |key| is_commitment(&preimages, key))?;
                let mut other = [0; 48];
                other[0] = 0xc0; // the commitment of the blob of zeros
                preimages.insert(key, Bytes::copy_from_slice(&other));
            }
            Self::ForeignHeader => put_sibling(story, &mut preimages)?,
            Self::ForeignHead => {
                let orphan = &story.devnet.l1.orphans.last()?.header;
                boot.l1_head = orphan.hash();
                let header: Bytes = alloy_rlp::encode(orphan.inner()).into();
                preimages.insert(PreimageKey::keccak256(orphan.hash()), header);
            }
        }
        Some((boot, records(&preimages)))
    }

    /// What a witness must have for it, in words.
    pub const fn needs(self) -> &'static str {
        match self {
            Self::WrongNode | Self::DuplicatedKey | Self::TwoValues | Self::Withheld => "any preimage",
            Self::NodeOfAnotherBlock => "a state that changes after the agreed block and is read",
            Self::SwappedBlob | Self::OtherBlob | Self::WrongCommitment => "a blob",
            Self::SwappedBlobs => "two blobs",
            Self::TruncatedReceipts => {
                "receipts of L1: where blooms rule nothing out, after deposits and config updates"
            }
            Self::ForeignHeader => "any L1 header",
            Self::ForeignHead => "an L1 block that was given up",
        }
    }

    /// Whether the witness must not even be read: a value is not what its key says.
    pub const fn is_plain(self) -> bool {
        !matches!(self, Self::Withheld | Self::ForeignHead)
    }
}

/// Another header, of the same number and upon the same parent, in the place of the newest one that is read: one that L1 gave up
/// if there is one.
fn put_sibling(story: &Story, preimages: &mut BTreeMap<PreimageKey, Bytes>) -> Option<()> {
    let l1 = &story.devnet.l1;
    let key = |header: &Sealed<Header>| PreimageKey::keccak256(header.hash());
    let mut headers = l1.blocks().iter().map(|block| &block.header);
    let own = headers.rfind(|header| preimages.contains_key(&key(header)))?;
    let orphan = l1.orphans.iter().find(|orphan| orphan.header.number == own.number);
    let made = || Header { beneficiary: INBOX, ..own.inner().clone() };
    let sibling = orphan.map_or_else(made, |orphan| orphan.header.inner().clone());
    preimages.insert(key(own), alloy_rlp::encode(sibling).into());
    Some(())
}

/// With one bit changed.
fn altered(value: &[u8], dice: &mut Dice) -> Bytes {
    let mut bytes = value.to_vec();
    let at = dice.index(bytes.len());
    bytes[at] ^= 1 << dice.index(8);
    bytes.into()
}

/// The records with one more for this key, right behind its own, so that the order says nothing else.
fn doubled(preimages: &BTreeMap<PreimageKey, Bytes>, key: PreimageKey, value: Bytes) -> Bytes {
    let all = records(preimages);
    let again = records(&BTreeMap::from([(key, value)]));
    let before = records(&preimages.range(..=key).map(|(k, v)| (*k, v.clone())).collect()).len();
    [&all[..before], &again, &all[before..]].concat().into()
}

/// The keys of a blob's elements.
fn elements(commitment: &[u8]) -> Option<Vec<PreimageKey>> {
    let (commitment, points) = (commitment.try_into().ok()?, EvaluationPoints::new());
    Some((0..FIELD_ELEMENTS).map(|element| PreimageKey::blob(&commitment, points.point(element))).collect())
}

fn is_commitment(preimages: &BTreeMap<PreimageKey, Bytes>, key: &PreimageKey) -> bool {
    key.kind() == KeyKind::Sha256 && preimages[key].len() == COMMITMENT_BYTES
}

/// The blob of zeros in a blob's place.
fn replace_blob(preimages: &mut BTreeMap<PreimageKey, Bytes>, dice: &mut Dice) -> Option<()> {
    let key = pick(preimages, dice, |key| is_commitment(preimages, key))?;
    for key in elements(&preimages[&key])? {
        preimages.insert(key, Bytes::from_static(&[0; 32]));
    }
    Some(())
}

/// Each of the first two blobs under the other's commitment.
fn swap_blobs(preimages: &mut BTreeMap<PreimageKey, Bytes>) -> Option<()> {
    let mut commitments =
        preimages.keys().filter(|key| is_commitment(preimages, key)).map(|key| &preimages[key]);
    let (one, other) = (elements(commitments.next()?)?, elements(commitments.next()?)?);
    for (one, other) in one.into_iter().zip(other) {
        let (value, another) = (preimages.remove(&one)?, preimages.remove(&other)?);
        preimages.insert(one, another);
        preimages.insert(other, value);
    }
    Some(())
}

/// The root of a receipt trie that the run reads, replaced by that of the same list without its last receipt.
fn truncate_receipts(story: &Story, preimages: &mut BTreeMap<PreimageKey, Bytes>) -> Option<()> {
    let blocks = story.devnet.l1.blocks().iter();
    let (key, block) = blocks
        .map(|block| (PreimageKey::keccak256(block.header.receipts_root), block))
        .find(|(key, block)| !block.receipts.is_empty() && preimages.contains_key(key))?;
    let shorter = FullTrie::of_list(&block.receipts[..block.receipts.len() - 1]);
    let is_root = |node: &&Bytes| keccak256(node) == shorter.root;
    let empty = Bytes::from_static(&[alloy_rlp::EMPTY_STRING_CODE]);
    let root = shorter.nodes.iter().find(is_root).cloned().unwrap_or(empty);
    for node in shorter.nodes {
        preimages.insert(PreimageKey::keccak256(keccak256(&node)), node);
    }
    preimages.insert(key, root);
    Some(())
}

fn pick(
    preimages: &BTreeMap<PreimageKey, Bytes>,
    dice: &mut Dice,
    wanted: impl Fn(&PreimageKey) -> bool,
) -> Option<PreimageKey> {
    let keys: Vec<_> = preimages.keys().filter(|key| wanted(key)).collect();
    if keys.is_empty() { None } else { Some(*keys[dice.index(keys.len())]) }
}
