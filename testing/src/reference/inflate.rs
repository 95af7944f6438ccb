//! Zlib and deflate (RFC 1950, RFC 1951), bit by bit, handing over what Go's decoder hands over (E-001 to E-004).

use super::{
    huffman::{Code, Codes},
    reading::{End, Source},
};

/// Go's `zlib.Reader`.
pub struct Zlib<'a> {
    deflate: Inflate<'a>,
    end: Option<End>,
}

impl<'a> Zlib<'a> {
    /// `None`: the header is not one (E-003).
    pub fn new(stream: &'a [u8]) -> Option<Self> {
        let &[first, second, ref rest @ ..] = stream else { return None };
        if first & 15 != 8 || first >> 4 > 7 || u16::from_be_bytes([first, second]) % 31 != 0 {
            return None;
        }
        // The one dictionary that can be had is the empty one.
        let rest = if second & 0x20 == 0 { rest } else { rest.strip_prefix(&1_u32.to_be_bytes())? };
        Some(Self { deflate: Inflate::new(rest), end: None })
    }
}

impl Source for Zlib<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> (usize, Option<End>) {
        if self.end.is_some() {
            return (0, self.end);
        }
        let (read, end) = self.deflate.read(buffer);
        self.end = end;
        // The checksum is looked at when the last bytes are taken.
        if end == Some(End::Eof) && self.deflate.bits.following() != Some(adler32(&self.deflate.output)) {
            self.end = Some(End::Fault);
        }
        (read, self.end)
    }
}

/// RFC 1950, section 8.
fn adler32(bytes: &[u8]) -> [u8; 4] {
    let (a, b) = bytes.iter().fold((1, 0), |(a, b), &byte| {
        let a = (a + u32::from(byte)) % 65_521;
        (a, (a + b) % 65_521)
    });
    (b << 16 | a).to_be_bytes()
}

/// Go's `flate` reader.
struct Inflate<'a> {
    bits: Bits<'a>,
    /// Everything decoded so far.
    output: Vec<u8>,
    /// How much of the output has been read, and how much may be.
    read: usize,
    ready: usize,
    place: Place,
    last_block: bool,
    /// How the decoding ended.
    end: Option<End>,
}

/// Where in the stream the decoder stands.
enum Place {
    /// Before a block.
    Block,
    /// In a stored block, with so many bytes to come.
    Stored(usize),
    /// In a block of symbols.
    Symbols(Codes),
}

/// A whole window is handed over.
const WINDOW: usize = 32_768;

impl<'a> Inflate<'a> {
    const fn new(data: &'a [u8]) -> Self {
        let (bits, place) = (Bits { data, at: 0 }, Place::Block);
        Self { bits, output: Vec::new(), read: 0, ready: 0, place, last_block: false, end: None }
    }

    /// The read that takes the last pending byte tells of the end.
    fn read(&mut self, buffer: &mut [u8]) -> (usize, Option<End>) {
        while self.read == self.ready && self.end.is_none() {
            self.decode();
        }
        let count = buffer.len().min(self.ready - self.read);
        buffer[..count].copy_from_slice(&self.output[self.read..][..count]);
        self.read += count;
        (count, self.end.filter(|_| self.read == self.ready))
    }

    /// Goes on until something is handed over: a full window, what an empty stored block finds, what the end finds.
    fn decode(&mut self) {
        let full = (self.ready / WINDOW + 1) * WINDOW;
        loop {
            match self.step() {
                Ok(true) => self.ready = self.output.len(),
                Ok(false) if self.output.len() >= full => self.ready = full,
                Ok(false) => continue,
                Err(end) => (self.ready, self.end) = (self.output.len(), Some(end)),
            }
            return;
        }
    }

    /// The head of a block, or one byte or symbol of it. True: a stored block is empty.
    fn step(&mut self) -> Result<bool, End> {
        match &mut self.place {
            Place::Block if self.last_block => return Err(End::Eof),
            Place::Block => {
                self.last_block = self.bits.take(1)? == 1;
                self.place = match self.bits.take(2)? {
                    0 => Place::Stored(self.bits.stored_length()?),
                    1 => Place::Symbols(Codes::fixed()),
                    2 => Place::Symbols(Codes::read(&mut self.bits)?),
                    _ => return Err(End::Fault),
                };
                let flush = matches!(self.place, Place::Stored(0));
                return if flush && self.last_block { Err(End::Eof) } else { Ok(flush) };
            }
            Place::Stored(0) => self.place = Place::Block,
            Place::Stored(left) => {
                self.output.push(self.bits.byte()?);
                *left -= 1;
            }
            Place::Symbols(codes) => match self.bits.symbol(&codes.literals)? {
                byte @ ..256 => self.output.push(byte.to_le_bytes()[0]),
                256 => self.place = Place::Block,
                symbol => {
                    let length = self.bits.length(symbol)?;
                    let distance = self.bits.distance(codes)?;
                    let from = self.output.len().checked_sub(distance).ok_or(End::Fault)?;
                    for at in from..from + length {
                        self.output.push(self.output[at]);
                    }
                }
            },
        }
        Ok(false)
    }
}

/// The input, the lowest bit of a byte first.
pub struct Bits<'a> {
    data: &'a [u8],
    /// In bits.
    at: usize,
}

impl Bits<'_> {
    /// A number, its lowest bit first.
    pub fn take(&mut self, count: usize) -> Result<u16, End> {
        let mut number = 0;
        for place in 0..count {
            number |= self.bit()? << place;
        }
        Ok(number)
    }

    fn bit(&mut self) -> Result<u16, End> {
        let byte = *self.data.get(self.at / 8).ok_or(End::Fault)?;
        self.at += 1;
        Ok(u16::from(byte >> ((self.at - 1) % 8) & 1))
    }

    /// A code, its highest bit first.
    pub fn symbol(&mut self, code: &Code) -> Result<u16, End> {
        if self.data.len() * 8 - self.at < code.least {
            return Err(End::Fault);
        }
        let (mut value, mut first, mut index) = (0, 0, 0);
        for &count in &code.counts[1..] {
            value = value << 1 | self.bit()?;
            first <<= 1;
            if value < first + count {
                return Ok(code.symbols[usize::from(index + value - first)]);
            }
            (first, index) = (first + count, index + count);
        }
        Err(End::Fault)
    }

    /// RFC 1951, section 3.2.5.
    fn length(&mut self, symbol: u16) -> Result<usize, End> {
        Ok(match usize::from(symbol) {
            symbol @ 257..265 => symbol - 254,
            symbol @ 265..285 => {
                let extra = (symbol - 261) / 4;
                ((4 + (symbol - 261) % 4) << extra) + 3 + usize::from(self.take(extra)?)
            }
            285 => 258,
            _ => return Err(End::Fault),
        })
    }

    fn distance(&mut self, codes: &Codes) -> Result<usize, End> {
        Ok(match usize::from(self.symbol(&codes.distances)?) {
            symbol @ ..4 => symbol + 1,
            symbol @ 4..30 => {
                let extra = symbol / 2 - 1;
                ((2 + symbol % 2) << extra) + 1 + usize::from(self.take(extra)?)
            }
            _ => return Err(End::Fault),
        })
    }

    /// The rest of the byte is left out. The length comes twice, once with all bits flipped.
    fn stored_length(&mut self) -> Result<usize, End> {
        self.at = self.at.next_multiple_of(8);
        let length = self.take(16)?;
        if self.take(16)? == !length { Ok(length.into()) } else { Err(End::Fault) }
    }

    fn byte(&mut self) -> Result<u8, End> {
        Ok(self.take(8)?.to_le_bytes()[0])
    }

    /// The four bytes after the byte that was begun.
    fn following(&self) -> Option<[u8; 4]> {
        self.data.get(self.at.div_ceil(8)..)?.first_chunk().copied()
    }
}
