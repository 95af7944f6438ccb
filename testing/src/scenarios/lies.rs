//! Who lies: about the claim, or in the witness. A lie about the claim gets the verdict that it deserves. A lie in the witness
//! is refused, or the run fails, or it changes nothing: never does it change the verdict.

use super::Story;
use crate::{
    devnet::{
        tries::FullTrie,
        witness::{Run, records, run},
    },
    simulator::dice::Dice,
};
use alloy_primitives::{B256, Bytes, keccak256};
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
    let claims = [
        ("off by one bit", BootInfo { claimed_output_root: flipped, ..honest }),
        ("one block early", BootInfo { claimed_block_number: number.saturating_sub(1), ..honest }),
        ("one block late", BootInfo { claimed_block_number: number + 1, ..honest }),
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// A byte of a value is another one.
    WrongNode,
    /// A state node is one of another block.
    NodeOfAnotherBlock,
    /// A key has two values.
    DuplicatedKey,
    /// A value is not there.
    Withheld,
    /// Two elements of a blob have changed places.
    SwappedBlob,
    /// All of a blob is another one.
    OtherBlob,
    /// A block has one receipt less.
    TruncatedReceipts,
    /// A blob lies under another's commitment.
    WrongCommitment,
    /// An L1 header is one of another branch.
    ForeignHeader,
    /// The L1 head is on another branch.
    ForeignHead,
}

impl Lie {
    /// Every way.
    pub const ALL: [Self; 10] = [
        Self::WrongNode,
        Self::NodeOfAnotherBlock,
        Self::DuplicatedKey,
        Self::Withheld,
        Self::SwappedBlob,
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
                let mut bytes = value.to_vec();
                let at = dice.index(bytes.len());
                bytes[at] ^= 1 << dice.index(8);
                *value = bytes.into();
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
                let one = BTreeMap::from([(key, preimages[&key].clone())]);
                let all = records(&preimages);
                let again = records(&one);
                // Right behind itself, so that the order says nothing else.
                let before = records(&preimages.range(..=key).map(|(k, v)| (*k, v.clone())).collect()).len();
                return Some((boot, [&all[..before], &again, &all[before..]].concat().into()));
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
            Self::OtherBlob => replace_blob(&mut preimages, dice)?,
            Self::TruncatedReceipts => truncate_receipts(story, &mut preimages)?,
            Self::WrongCommitment => {
                let is_commitment = |key: &PreimageKey| key.kind() == KeyKind::Sha256;
                let key = pick(&preimages, dice, |key| is_commitment(key) && preimages[key].len() == 48)?;
                let mut other = [0; 48];
                other[0] = 0xc0; // the commitment of the blob of zeros
                preimages.insert(key, Bytes::copy_from_slice(&other));
            }
            Self::ForeignHeader => {
                let orphan = story.devnet.l1.orphans.last()?;
                let own = story.devnet.l1.block(orphan.header.number)?;
                let value = preimages.get_mut(&PreimageKey::keccak256(own.header.hash()))?;
                *value = alloy_rlp::encode(orphan.header.inner()).into();
            }
            Self::ForeignHead => {
                let orphan = &story.devnet.l1.orphans.last()?.header;
                boot.l1_head = orphan.hash();
                let header: Bytes = alloy_rlp::encode(orphan.inner()).into();
                preimages.insert(PreimageKey::keccak256(orphan.hash()), header);
            }
        }
        Some((boot, records(&preimages)))
    }

    /// Whether the witness must not even be read: a value is not what its key says.
    pub const fn is_plain(self) -> bool {
        !matches!(self, Self::Withheld | Self::ForeignHead)
    }
}

/// The blob of zeros in a blob's place.
fn replace_blob(preimages: &mut BTreeMap<PreimageKey, Bytes>, dice: &mut Dice) -> Option<()> {
    let is_commitment =
        |key: &PreimageKey| key.kind() == KeyKind::Sha256 && preimages[key].len() == COMMITMENT_BYTES;
    let key = pick(preimages, dice, is_commitment)?;
    let commitment = preimages[&key][..].try_into().ok()?;
    let points = EvaluationPoints::new();
    for element in 0..FIELD_ELEMENTS {
        let key = PreimageKey::blob(&commitment, points.point(element));
        preimages.insert(key, Bytes::from_static(&[0; 32]));
    }
    Some(())
}

/// The root of a receipt trie that the run reads, replaced by that of the same list without its last receipt.
fn truncate_receipts(story: &Story, preimages: &mut BTreeMap<PreimageKey, Bytes>) -> Option<()> {
    let blocks = story.devnet.l1.blocks().iter();
    let (key, block) = blocks
        .map(|block| (PreimageKey::keccak256(block.header.receipts_root), block))
        .find(|(key, block)| block.receipts.len() > 1 && preimages.contains_key(key))?;
    let shorter = FullTrie::of_list(&block.receipts[..block.receipts.len() - 1]);
    let is_root = |node: &&Bytes| keccak256(node) == shorter.root;
    let root = shorter.nodes.iter().find(is_root)?.clone();
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
