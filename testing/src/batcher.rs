//! The batcher: batches to L1 transactions, the way back of what `unroll-protocol` decodes.
//!
//! ```text
//! batches -> strings -> stream -> compressed channel -> frames -> payloads (calldata) or blobs
//! ```

use alloy_eips::eip4844::Blob;
use alloy_primitives::Bytes;
use alloy_rlp::Encodable;
use unroll_protocol::{
    batch::{
        POST_EXECUTION_TX_TYPE, SINGULAR_VERSION, SPAN_VERSION, SingularBatch, SpanBatch, SpanBlock,
        Transactions,
    },
    blob::{BLOB_VERSION, MAX_BLOB_DATA_BYTES},
    compression::BROTLI_VERSION,
    config::RollupConfig,
    frame::{ChannelId, FRAMES_VERSION, Frame},
    reader::{ReadError, Reader, RlpItem},
    units::L2Time,
};

/// How a channel is compressed (E-001).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// With a level from 0 to 10.
    Zlib(u8),
    /// With a quality from 0 to 11.
    Brotli(u32),
}

/// Why something cannot be said in the protocol's formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A transaction is not what its type says.
    #[error("malformed transaction: {0}")]
    Transaction(#[from] ReadError),
    /// Span batches carry no transactions of this type (E-047).
    #[error("transactions of type {0} do not fit into a span")]
    Kind(u8),
    /// A transaction is for another chain.
    #[error("the transaction is for another chain")]
    Chain,
    /// A span without blocks (E-042), or one that starts before genesis.
    #[error("no block, or one before genesis")]
    Blocks,
    /// More data than a blob holds (B-034).
    #[error("{0} bytes do not fit into a blob")]
    Blob(usize),
}

/// What a span batch says, to be encoded. Consecutive blocks have the same origin or the next one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The start of the hash of the L2 block to build on.
    pub parent_check: [u8; 20],
    /// The start of the hash of the last block's L1 origin.
    pub l1_origin_check: [u8; 20],
    /// Whether the first block changes the origin: a bit that no decoder looks at (E-052).
    pub first_origin_bit: bool,
    /// The blocks; their times but for the first are implied.
    pub blocks: Vec<SpanBlock>,
}

impl From<&SpanBatch> for Span {
    fn from(batch: &SpanBatch) -> Self {
        Self {
            parent_check: batch.parent_check,
            l1_origin_check: batch.l1_origin_check,
            first_origin_bit: false,
            blocks: batch.blocks().collect(),
        }
    }
}

/// The batch string of a singular batch: version byte and content (E-030).
pub fn singular(batch: &SingularBatch) -> Vec<u8> {
    let mut transactions = Vec::new();
    list(
        &batch.transactions.iter().map(|tx| encoded(&tx[..])).collect::<Vec<_>>().concat(),
        &mut transactions,
    );
    let fields = [
        encoded(&batch.parent_hash),
        encoded(&batch.epoch.number),
        encoded(&batch.epoch.hash),
        encoded(&batch.time.0),
        transactions,
    ];
    let mut out = vec![SINGULAR_VERSION];
    list(&fields.concat(), &mut out);
    out
}

/// The batch string of a span batch: version byte and content (E-040).
pub fn span(span: &Span, cfg: &RollupConfig) -> Result<Vec<u8>, EncodeError> {
    let (first, last) = span.blocks.first().zip(span.blocks.last()).ok_or(EncodeError::Blocks)?;
    let L2Time(start) = first.time;
    let mut out = vec![SPAN_VERSION];
    uvarint(start.wrapping_sub(cfg.genesis.l2_time.0), &mut out);
    uvarint(last.epoch_number, &mut out);
    out.extend(span.parent_check);
    out.extend(span.l1_origin_check);
    uvarint(span.blocks.len() as u64, &mut out);
    let changes = span.blocks.windows(2).map(|pair| pair[0].epoch_number != pair[1].epoch_number);
    bits(&core::iter::once(span.first_origin_bit).chain(changes).collect::<Vec<_>>(), &mut out);
    span.blocks.iter().for_each(|block| uvarint(block.transactions.len() as u64, &mut out));
    columns(span.blocks.iter().map(|block| &block.transactions), cfg.l2_chain_id, &mut out)?;
    Ok(out)
}

/// The uncompressed channel: each batch string as RLP (E-020).
pub fn stream(strings: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Vec<u8> {
    strings.into_iter().flat_map(|string| encoded(string.as_ref())).collect()
}

/// The channel's data (E-001).
#[expect(clippy::expect_used, reason = "test support: writing to memory does not fail")]
pub fn compress(stream: &[u8], compression: Compression) -> Vec<u8> {
    match compression {
        Compression::Zlib(level) => miniz_oxide::deflate::compress_to_vec_zlib(stream, level),
        Compression::Brotli(quality) => {
            let mut out = vec![BROTLI_VERSION];
            let params =
                brotli::enc::BrotliEncoderParams { quality: quality.min(11) as i32, ..Default::default() };
            brotli::BrotliCompress(&mut &stream[..], &mut out, &params).expect("memory takes all");
            out
        }
    }
}

/// Cuts a channel into frames of at most `room` bytes of data. At least one frame; the last one closes the channel.
#[expect(clippy::expect_used, reason = "test support: a channel has at most 65,536 frames")]
pub fn frames(channel: ChannelId, data: &Bytes, room: usize) -> Vec<Frame> {
    let count = data.len().div_ceil(room).max(1);
    let frame = |index: usize| Frame {
        channel,
        number: u16::try_from(index).expect("too many frames"),
        data: data.slice(index * room..data.len().min((index + 1) * room)),
        is_last: index + 1 == count,
    };
    (0..count).map(frame).collect()
}

/// A payload that holds frames: the calldata of an L1 transaction, or what goes into a blob (B-040, C-004).
pub fn payload(frames: &[Frame]) -> Bytes {
    let mut out = vec![FRAMES_VERSION];
    frames.iter().for_each(|frame| frame.encode(&mut out));
    out.into()
}

/// Packs a payload into a blob (B-030 to B-035).
pub fn blob(payload: &[u8]) -> Result<Box<Blob>, EncodeError> {
    if payload.len() > MAX_BLOB_DATA_BYTES {
        return Err(EncodeError::Blob(payload.len()));
    }
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
    let mut bytes = vec![BLOB_VERSION];
    bytes.extend_from_slice(&length[1..]);
    bytes.extend_from_slice(payload);
    bytes.resize(bytes.len().next_multiple_of(127), 0);
    let mut blob = Box::new(Blob::ZERO);
    for (round, elements) in bytes.chunks_exact(127).zip(blob.0.chunks_exact_mut(128)) {
        let (x, y, z) = (round[31], round[63], round[95]);
        let firsts = [x & 0x3f, y & 0x0f | x >> 2 & 0x30, z & 0x3f, y >> 4 | z >> 2 & 0x30];
        for (index, first) in firsts.into_iter().enumerate() {
            elements[index * 32] = first;
            elements[index * 32 + 1..][..31].copy_from_slice(&round[index * 32..][..31]);
        }
    }
    Ok(blob)
}

/// A little-endian base-128 number (E-041).
pub fn uvarint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// A list of bits, as one big-endian integer (E-044).
pub fn bits(bits: &[bool], out: &mut Vec<u8>) {
    let bytes = bits.chunks(8).rev();
    out.extend(bytes.map(|byte| byte.iter().rev().fold(0, |all, &bit| all << 1 | u8::from(bit))));
}

/// The columns of all transactions of a span (E-045).
#[derive(Default)]
struct Columns {
    creations: Vec<bool>,
    y_parities: Vec<bool>,
    signatures: Vec<u8>,
    recipients: Vec<u8>,
    datas: Vec<u8>,
    nonces: Vec<u8>,
    gases: Vec<u8>,
    protections: Vec<bool>,
}

fn columns<'a>(
    blocks: impl Iterator<Item = &'a Transactions>,
    chain_id: u64,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let mut columns = Columns::default();
    for transaction in blocks.flatten() {
        columns.add(&transaction, chain_id)?;
    }
    bits(&columns.creations, out);
    bits(&columns.y_parities, out);
    out.extend(columns.signatures);
    out.extend(columns.recipients);
    out.extend(columns.datas);
    out.extend(columns.nonces);
    out.extend(columns.gases);
    bits(&columns.protections, out);
    Ok(())
}

impl Columns {
    fn add(&mut self, transaction: &[u8], chain_id: u64) -> Result<(), EncodeError> {
        let kind = transaction.first().copied().filter(|&first| first < 0x80).unwrap_or(0);
        if kind == POST_EXECUTION_TX_TYPE {
            self.add_post_execution(transaction);
            return Ok(());
        }
        let mut reader = Reader::new(&transaction[usize::from(kind != 0)..]);
        let mut items = reader.rlp_list()?;
        reader.finish()?;
        // How many fee fields there are, and how many lists follow the data.
        let (fees, lists) = match kind {
            0 => (1, 0),
            1 => (1, 1),
            2 => (2, 1),
            4 => (2, 2),
            other => return Err(EncodeError::Kind(other)),
        };
        if kind != 0 && items.rlp_u64()? != chain_id {
            return Err(EncodeError::Chain);
        }
        uvarint(items.rlp_u64()?, &mut self.nonces);
        let fees = items.rlp_items(fees)?;
        uvarint(items.rlp_u64()?, &mut self.gases);
        let to = items.rlp_string()?.payload;
        self.creations.push(to.is_empty());
        self.recipients.extend(to);
        let value = items.rlp_item()?.raw;
        let data = items.rlp_item()?.raw;
        let lists = items.rlp_items(lists)?;
        self.add_v(kind, items.rlp_u64()?, chain_id)?;
        for _ in 0..2 {
            let number = items.rlp_integer(32)?.payload;
            self.signatures.extend(vec![0; 32 - number.len()]);
            self.signatures.extend(number);
        }
        items.finish()?;
        self.datas.extend((kind != 0).then_some(kind));
        list(&[value, &fees, data, &lists].concat(), &mut self.datas);
        Ok(())
    }

    /// E-056: such a transaction has nothing but its payload.
    fn add_post_execution(&mut self, transaction: &[u8]) {
        self.creations.push(true);
        self.y_parities.push(false);
        self.signatures.extend([0; 64]);
        self.nonces.push(0);
        self.gases.push(0);
        self.datas.extend(transaction);
    }

    /// E-049, E-050.
    fn add_v(&mut self, kind: u8, v: u64, chain_id: u64) -> Result<(), EncodeError> {
        let protected = kind == 0 && v >= 35;
        if kind == 0 {
            self.protections.push(protected);
        }
        let base = match kind {
            0 if protected => chain_id * 2 + 35,
            0 => 27,
            _ => 0,
        };
        match v.checked_sub(base) {
            Some(y_parity @ 0..=1) => self.y_parities.push(y_parity == 1),
            _ => return Err(EncodeError::Chain),
        }
        Ok(())
    }
}

/// The encodings of several items in a row.
trait Items {
    fn rlp_items(&mut self, count: usize) -> Result<Vec<u8>, ReadError>;
}

impl Items for Reader<'_> {
    fn rlp_items(&mut self, count: usize) -> Result<Vec<u8>, ReadError> {
        let items: Result<Vec<RlpItem<'_>>, _> = (0..count).map(|_| self.rlp_item()).collect();
        Ok(items?.iter().flat_map(|item| item.raw.iter().copied()).collect())
    }
}

fn encoded(value: &(impl Encodable + ?Sized)) -> Vec<u8> {
    let mut out = Vec::new();
    value.encode(&mut out);
    out
}

fn list(payload: &[u8], out: &mut Vec<u8>) {
    alloy_rlp::Header { list: true, payload_length: payload.len() }.encode(out);
    out.extend_from_slice(payload);
}
