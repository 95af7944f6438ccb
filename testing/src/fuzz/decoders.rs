//! Bodies for the small decoders: what is read is written as it was.

use crate::{
    batcher,
    reference::{
        self, Singular, Span, SpanBlock,
        batches::{self, Content},
        reading,
    },
};
use alloy_primitives::{Address, B256, Bytes, Log};
use unroll_alt_da::{Commitment, CommitmentError, StatusChange, resolved_input};
use unroll_protocol::{
    batch::{self, Batch, BatchReader, SpanBatch},
    config::RollupConfig,
    config_file::parse_superchain_toml,
    extra_data::BaseFeeSettings,
    forks::{ExtraData, Fork, ForkTimes},
    output_root::OutputRoot,
    reader::Reader,
    units::L1Time,
};

/// Blocks that the reference makes of a span: it makes them all at once.
const BLOCKS: usize = 10_000;

/// The batch strings of a channel are those that the reference reads.
///
/// # Panics
///
/// If a promise is broken, as all bodies.
pub fn fuzz_decompress(data: &[u8]) {
    /// In bytes: the reference is slow.
    const LIMIT: u32 = 1 << 20;
    unroll_compression::fuzz_decompress(data);
    let stream = unroll_compression::decompress([Bytes::copy_from_slice(data)], true, LIMIT as usize);
    let strings = stream.map_or_else(|_| Vec::new(), |stream| strings(&stream.bytes));
    assert_eq!(strings, reading::strings(data, LIMIT.into(), true).collect::<Vec<_>>());
}

/// The batches of a stream are those that the reference decodes.
///
/// # Panics
///
/// If a promise is broken, as all bodies.
pub fn fuzz_batch(data: &[u8]) {
    batch::fuzz_batch(data);
    let cfg = RollupConfig { block_time: 2, l2_chain_id: 10, ..RollupConfig::default() };
    let rules = ForkTimes::NONE.with(Fork::Delta, 0).derivation(L1Time(0));
    for string in strings(data) {
        let batch = BatchReader::new(batcher::stream([&string]).into()).next(&cfg, rules);
        match batch.expect("there is a string") {
            Ok(Batch::Span(span)) if span.block_count() > BLOCKS => return,
            Ok(batch) => {
                assert_eq!(Content::Batch(plain(&batch)), batches::read(&cfg, &string, true));
            }
            Err(why) if why.abandons_channel() => {
                assert!(matches!(batches::read(&cfg, &string, true), Content::Malformed), "{why}");
                return;
            }
            Err(why) => assert!(matches!(batches::read(&cfg, &string, true), Content::Dropped), "{why}"),
        }
    }
}

/// The RLP strings at the front of a stream.
fn strings(stream: &[u8]) -> Vec<Vec<u8>> {
    let mut reader = Reader::new(stream);
    std::iter::from_fn(|| reader.rlp_string().ok()).map(|string| string.payload.to_vec()).collect()
}

fn plain(batch: &Batch) -> reference::Batch {
    match batch {
        Batch::Singular(batch) => reference::Batch::Singular(Singular {
            parent_hash: batch.parent_hash,
            epoch: batch.epoch,
            time: batch.time.0,
            transactions: batch.transactions.iter().collect(),
        }),
        Batch::Span(span) => reference::Batch::Span(plain_span(span)),
    }
}

fn plain_span(span: &SpanBatch) -> Span {
    let blocks = span.blocks().map(|block| SpanBlock {
        time: block.time.0,
        epoch: block.epoch_number,
        transactions: block.transactions.iter().collect(),
    });
    let (parent_check, l1_origin_check) = (span.parent_check, span.l1_origin_check);
    Span { parent_check, l1_origin_check, blocks: blocks.collect() }
}

/// A commitment, whose own bytes are the input that it should have named; then the same bytes as what the challenge contract
/// logs, and as a transaction that answers a challenge.
///
/// # Panics
///
/// If a promise is broken, as all bodies.
pub fn fuzz_alt_da(data: &[u8]) {
    let bytes = Bytes::copy_from_slice(data);
    match Commitment::decode(&bytes) {
        Ok(Commitment::Keccak(hash)) => {
            assert_eq!([&[0], &hash[..]].concat(), data);
            let wrong = Commitment::Keccak(hash).check(data);
            assert!(matches!(wrong, Err(CommitmentError::Hash(_))));
        }
        Ok(commitment @ Commitment::Service { .. }) => {
            assert_eq!(commitment.check(data), Ok(()));
            let Commitment::Service { layer, payload } = commitment else { return };
            assert_eq!([&[1, layer], &payload[..]].concat(), data);
        }
        Err(_) => {}
    }
    let log = Log::new_unchecked(Address::ZERO, vec![StatusChange::TOPIC, B256::ZERO], bytes.clone());
    if let Some(Ok(change)) = StatusChange::decode(&log, Address::ZERO) {
        assert!(Commitment::decode(&change.commitment).is_ok());
    }
    if let Ok(input) = resolved_input(&bytes) {
        // Its offset may be 0, as in go-ethereum: then the first argument is its length.
        assert!(!input.is_empty() && input.len() + 4 + 32 <= data.len());
    }
}

/// The extra data of a header, under the rules of each fork.
///
/// # Panics
///
/// If a promise is broken, as all bodies.
pub fn fuzz_extra_data(data: &[u8]) {
    assert_eq!(BaseFeeSettings::decode(ExtraData::Empty, data), Ok(BaseFeeSettings::default()));
    for format in [ExtraData::Eip1559, ExtraData::Eip1559AndMinBaseFee] {
        if let Ok(settings) = BaseFeeSettings::decode(format, data) {
            assert_eq!(settings.encode(format)[..], *data);
            assert!(settings.eip1559.denominator > 0 && settings.eip1559.elasticity > 0);
        }
    }
}

/// The preimage of an output root.
///
/// # Panics
///
/// If a promise is broken, as all bodies.
pub fn fuzz_output_root(data: &[u8]) {
    if let Ok(output) = OutputRoot::decode(data) {
        assert_eq!(output.encode(), data);
    }
}

/// A chain of the superchain registry.
///
/// # Panics
///
/// If a promise is broken, as all bodies.
pub fn fuzz_superchain(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok((config, _)) = parse_superchain_toml(text, 1)
        && config.check().is_ok()
    {
        assert_eq!(config.l1_chain_id, 1);
        assert_eq!(config.time_of(config.genesis.l2.number), Some(config.genesis.l2_time));
    }
}
