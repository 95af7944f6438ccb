//! Reproducible nonsense: seeded pseudo-random bytes, and mutations of real ones.

/// SplitMix64: a sequence that its seed determines.
#[derive(Clone, Debug)]
pub struct Noise(pub u64);

impl Noise {
    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 for the bound 0.
    #[expect(clippy::cast_possible_truncation, reason = "the remainder is below a usize")]
    pub const fn below(&mut self, bound: usize) -> usize {
        if bound == 0 { 0 } else { (self.next() % bound as u64) as usize }
    }

    /// Random bytes, fewer than `bound`.
    pub fn bytes(&mut self, bound: usize) -> Vec<u8> {
        (0..self.below(bound)).map(|_| self.next().to_le_bytes()[0]).collect()
    }

    /// Changes up to four places: flips, inserts, removes, repeats, cuts, or sets a byte to a value that formats like.
    pub fn mutate(&mut self, bytes: &mut Vec<u8>) {
        const TELLING: [u8; 12] = [0, 1, 2, 4, 0x7f, 0x80, 0x81, 0xb7, 0xb8, 0xc0, 0xf8, 0xff];
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            match (self.below(7), bytes.is_empty()) {
                (0, _) => bytes.insert(at, self.next().to_le_bytes()[0]),
                (_, true) => bytes.push(self.next().to_le_bytes()[0]),
                (1, _) => drop(bytes.remove(at)),
                (2, _) => bytes.truncate(at),
                (3, _) => {
                    let end = bytes.len().min(at + 1 + self.below(16));
                    let again = bytes[at..end].to_vec();
                    bytes.splice(at..at, again);
                }
                (4, _) => bytes[at] = TELLING[self.below(TELLING.len())],
                _ => bytes[at] ^= 1 << self.below(8),
            }
        }
    }

    /// One of the inputs, or the start of one and the end of another, mutated.
    pub fn variant(&mut self, inputs: &[Vec<u8>]) -> Vec<u8> {
        let Some(first) = inputs.get(self.below(inputs.len())) else { return self.bytes(300) };
        let mut bytes = first.clone();
        if self.below(8) == 0 {
            let second = &inputs[self.below(inputs.len())];
            bytes.truncate(self.below(bytes.len() + 1));
            bytes.extend_from_slice(&second[self.below(second.len() + 1)..]);
        }
        self.mutate(&mut bytes);
        bytes
    }
}
