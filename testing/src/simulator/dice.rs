//! Where all chance in the simulator comes from: one number decides everything.

use alloy_primitives::{B256, Bytes};

/// SplitMix64 (Steele, Lea, Flood 2014): the same on every machine, and small enough to read.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The throws of this seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub const fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `low` to `high`, both included.
    pub const fn range(&mut self, low: u64, high: u64) -> u64 {
        low + self.number() % (high - low + 1)
    }

    /// The same of a length.
    pub fn count(&mut self, low: usize, high: usize) -> usize {
        usize::try_from(self.range(low as u64, high as u64)).expect("at most a usize")
    }

    /// A place in a list of this length, which must not be 0.
    pub fn index(&mut self, length: usize) -> usize {
        self.count(0, length - 1)
    }

    /// True in so many of a thousand throws.
    pub const fn chance(&mut self, per_mille: u64) -> bool {
        self.range(0, 999) < per_mille
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.index(choices.len())]
    }

    /// A byte.
    pub const fn byte(&mut self) -> u8 {
        self.number().to_be_bytes()[0]
    }

    /// So many bytes.
    pub fn bytes(&mut self, length: u64) -> Bytes {
        (0..length).map(|_| self.byte()).collect()
    }

    /// A hash that nothing has.
    pub fn hash(&mut self) -> B256 {
        let mut hash = B256::ZERO;
        hash.iter_mut().for_each(|byte| *byte = self.byte());
        hash
    }
}
