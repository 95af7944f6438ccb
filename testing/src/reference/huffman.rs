//! The codes of deflate's blocks (RFC 1951, sections 3.2.2, 3.2.6, 3.2.7), as strict as Go is.

use super::{inflate::Bits, reading::End};

/// The codes of one block.
pub struct Codes {
    /// Bytes, the end of the block, and lengths of copies.
    pub literals: Code,
    /// Distances of copies.
    pub distances: Code,
}

/// A canonical Huffman code: codes of a length are consecutive, in the order of their symbols.
pub struct Code {
    /// How many codes there are of each length, from 0 to 15; of none the length 0.
    pub counts: [u16; 16],
    /// The symbols in the order of their codes.
    pub symbols: Vec<u16>,
    /// How many bits must be left before a symbol is looked for.
    pub least: usize,
}

/// The order in which the lengths of the codes for lengths come.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// The symbol that ends a block.
const END_OF_BLOCK: usize = 256;

impl Codes {
    /// The symbols 286 and 287, and the distances 30 and 31, have codes and no meaning.
    pub fn fixed() -> Self {
        let lengths: Vec<_> = [[8; 144].as_slice(), &[9; 112], &[7; 24], &[8; 8]].concat();
        let (literals, distances) = (Code::unchecked(&lengths), Code::unchecked(&[5; 32]));
        Self { literals, distances }
    }

    /// Reads the codes at the head of a block.
    pub fn read(bits: &mut Bits<'_>) -> Result<Self, End> {
        let literals = usize::from(bits.take(5)?) + 257;
        let distances = usize::from(bits.take(5)?) + 1;
        if literals > 286 || distances > 30 {
            return Err(End::Fault);
        }
        let of_lengths = usize::from(bits.take(4)?) + 4;
        let mut lengths = [0; 19];
        for &symbol in &ORDER[..of_lengths] {
            lengths[symbol] = bits.take(3)?;
        }
        let lengths = read_lengths(bits, &Code::new(&lengths)?, literals + distances)?;
        let (literals, distances) = lengths.split_at(literals);
        let end = usize::from(literals[END_OF_BLOCK]);
        let (mut literals, distances) = (Code::new(literals)?, Code::new(distances)?);
        // Go looks as far ahead as the end of the block is long, which comes in any case.
        literals.least = literals.least.max(end);
        Ok(Self { literals, distances })
    }
}

/// The lengths of both codes are one sequence.
fn read_lengths(bits: &mut Bits<'_>, code: &Code, count: usize) -> Result<Vec<u16>, End> {
    let mut lengths = Vec::new();
    while lengths.len() < count {
        let (length, times) = match bits.symbol(code)? {
            16 => (*lengths.last().ok_or(End::Fault)?, 3 + bits.take(2)?),
            17 => (0, 3 + bits.take(3)?),
            18 => (0, 11 + bits.take(7)?),
            length => (length, 1),
        };
        lengths.extend(vec![length; times.into()]);
    }
    if lengths.len() == count { Ok(lengths) } else { Err(End::Fault) }
}

impl Code {
    /// The code in which each symbol has this length. It is complete, or one code of length 1, or empty.
    fn new(lengths: &[u16]) -> Result<Self, End> {
        let code = Self::unchecked(lengths);
        let taken: usize = (1..16).map(|length| usize::from(code.counts[length]) << (15 - length)).sum();
        let one = code.symbols.len() == 1 && code.counts[1] == 1;
        if taken == 1 << 15 || one || code.symbols.is_empty() { Ok(code) } else { Err(End::Fault) }
    }

    fn unchecked(lengths: &[u16]) -> Self {
        let (mut counts, mut symbols) = ([0; 16], Vec::new());
        for length in 1..16 {
            let of_length =
                (0..).zip(lengths).filter(|&(_, &other)| other == length).map(|(symbol, _)| symbol);
            let before = symbols.len();
            symbols.extend(of_length);
            counts[usize::from(length)] = u16::try_from(symbols.len() - before).expect("at most 320 symbols");
        }
        let least = counts.iter().position(|&count| count > 0).unwrap_or_default();
        Self { counts, symbols, least }
    }
}
