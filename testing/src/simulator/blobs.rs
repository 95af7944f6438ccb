//! The blobs of an L1 block by what they hold (B.3). Each is made when it is asked for, as strangers' never are.

use super::dice::Dice;
use crate::batcher;
use alloy_eips::eip4844::Blob;
use alloy_primitives::{B256, Bytes, U256, keccak256};
use unroll_derive::provider::IndexedBlobHash;
use unroll_protocol::blob::MAX_BLOB_DATA_BYTES;

/// All blobs of an L1 block, in order.
#[derive(Clone, Debug, Default)]
pub struct Blobs(Vec<Packed>);

#[derive(Clone, Debug)]
struct Packed {
    hash: B256,
    payload: Bytes,
    /// What decides how the encoding is spoiled, if it is.
    flaw: Option<u64>,
}

impl Blobs {
    /// Whether a payload fits into a blob (B-034).
    pub fn fits(payload: &Bytes) -> bool {
        payload.len() <= MAX_BLOB_DATA_BYTES
    }

    /// Adds a blob. The versioned hash only looks like one: whoever reads blobs believes their provider (B-020).
    pub fn push(&mut self, block: B256, payload: &Bytes, flaw: Option<u64>) -> B256 {
        let mut hash = keccak256([block.0, U256::from(self.0.len()).to_be_bytes()].concat());
        hash[0] = 1;
        self.0.push(Packed { hash, payload: payload.clone(), flaw });
        hash
    }

    /// The blob at this place, if it has this hash there (B-018).
    pub fn find(&self, asked: &IndexedBlobHash) -> Option<Box<Blob>> {
        let packed = self.0.get(usize::try_from(asked.index).ok()?)?;
        (packed.hash == asked.hash).then(|| match packed.flaw {
            None => {
                let mut blob = batcher::blob(&packed.payload).expect("only what fits is packed");
                blob[0] |= (packed.hash[31] & 1) << 6; // B-032: nobody looks at these bits
                blob
            }
            Some(flaw) => spoiled(&mut Dice::new(flaw), &packed.payload),
        })
    }
}

/// A blob that holds nothing (B-032 to B-035).
fn spoiled(dice: &mut Dice, payload: &Bytes) -> Box<Blob> {
    let mut blob = batcher::blob(payload).expect("only what fits is packed");
    let elements = 4 * (payload.len() + 4).div_ceil(127);
    match dice.range(0, 5) {
        // B-032: any that is decoded, but the first
        0 => blob[32 * dice.count(1, elements - 1)] |= dice.pick(&[0x40, 0x80]),
        1 => blob[1] = dice.byte() | 1, // B-033
        2 => blob[2..5].copy_from_slice(&dice.pick(&[[0x01, 0xfb, 0xfd], [0xff; 3]])), // B-034
        // B-035: in any later element, its top bits too; at the very end; right behind the data
        3 if elements < 4096 => blob[32 * dice.count(elements, 4095)] = dice.pick(&[1, 0x40, 0x80]),
        4 if payload.len() < MAX_BLOB_DATA_BYTES => {
            blob = batcher::blob(&[payload, &[1][..]].concat()).expect("one byte more fits");
            blob[2..5].copy_from_slice(&payload.len().to_be_bytes()[5..]);
        }
        _ if elements < 4096 => *blob.last_mut().expect("a blob is not empty") = 1,
        _ => blob[1] = 1,
    }
    blob
}
