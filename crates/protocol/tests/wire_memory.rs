//! E-055: what hostile channels cost. One test, because the allocator counts all threads.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use alloy_primitives::Bytes;
use std::time::Instant;
use unroll_protocol::{
    batch::{Batch, BatchReader, SingularBatch},
    compression::decompress,
    config::RollupConfig,
    forks::{Fork, ForkTimes},
    units::L1Time,
};
use unroll_testing::{
    batcher::{self, Compression, bits, uvarint},
    memory::Counting,
};

#[global_allocator]
static MEMORY: Counting = Counting::new();

/// A span with these blocks' numbers of transactions, each transaction as short as it can be.
fn span(tx_counts: &[u64]) -> Vec<u8> {
    let count = usize::try_from(tx_counts.iter().sum::<u64>()).expect("it fits memory");
    let mut out = vec![1, 0, 50];
    out.extend([0; 40]);
    uvarint(tx_counts.len() as u64, &mut out);
    out.extend(vec![0; tx_counts.len().div_ceil(8)]);
    tx_counts.iter().for_each(|&count| uvarint(count, &mut out));
    let ones = vec![true; count];
    bits(&ones, &mut out);
    bits(&ones, &mut out);
    out.extend(vec![0xff; count * 64]);
    out.extend([0xc3, 0x80, 0x80, 0x80].repeat(count));
    out.extend(vec![0; count * 2]);
    bits(&ones, &mut out);
    out
}

/// Brotli's window and tables, which do not grow with the channel.
const WINDOW: usize = 16 << 20;

/// Nearly as much as a channel may decompress to (E-010), in bytes.
const FULL_SIZE: usize = 99_000_000;

/// Decompresses, reads everything, and makes every block: in two and a half times the stream's memory.
fn check(name: &str, stream: &[u8], how: Compression) {
    let channel = Bytes::from(batcher::compress(stream, how));
    let length = channel.len();
    let cfg = RollupConfig { block_time: 2, l2_chain_id: 10, ..RollupConfig::default() };
    let rules = ForkTimes::NONE.with(Fork::Delta, 0).with(Fork::Fjord, 0).derivation(L1Time(0));
    let start = Instant::now();
    let (peak, (batches, blocks, transactions)) = MEMORY.peak_of(|| {
        let mut reader = BatchReader::new(decompress([channel], rules).unwrap().bytes);
        let (mut batches, mut blocks, mut transactions) = (0, 0, 0);
        while let Some(batch) = reader.next(&cfg, rules) {
            batches += 1;
            match batch.unwrap() {
                Batch::Singular(batch) => transactions += batch.transactions.iter().count(),
                Batch::Span(span) => span.blocks().for_each(|block| {
                    blocks += 1;
                    transactions += block.transactions.iter().count();
                }),
            }
        }
        (batches, blocks, transactions)
    });
    let peak = peak + length; // the channel was there before
    let ratio = peak as f64 / stream.len() as f64;
    println!(
        "{name}: channel {}, stream {}, peak {peak} ({ratio:.2} x); {batches} batches, {blocks} blocks, \
         {transactions} transactions; {:?}",
        length,
        stream.len(),
        start.elapsed()
    );
    // At full size the window has to fit in as well.
    let window = if stream.len() < FULL_SIZE { WINDOW } else { 0 };
    assert!(peak < stream.len() * 5 / 2 + window, "{name}");
}

/// E-055: no channel takes more than two and a half times what it decompresses to.
#[test]
fn e_055_memory_of_hostile_channels() {
    let brotli = Compression::Brotli(1);
    let fill = |length: usize| batcher::stream([[vec![0], vec![0; length]].concat()]);

    let empty_blocks = batcher::stream([span(&vec![0; 10_000_000])]);
    check("ten million empty blocks", &empty_blocks, brotli);

    let one_block = batcher::stream([span(&[300_000])]);
    check("one block of all transactions", &one_block, brotli);

    let blocks_of_one = batcher::stream([span(&vec![1; 1_390_000])]);
    assert!((FULL_SIZE..100_000_000).contains(&blocks_of_one.len()), "{}", blocks_of_one.len());
    check("one transaction in each block, full size", &blocks_of_one, brotli);

    let transactions =
        SingularBatch { transactions: vec![[]; 20_000_000].into_iter().collect(), ..Default::default() };
    let empty_transactions = batcher::stream([batcher::singular(&transactions)]);
    check("twenty million empty transactions", &empty_transactions, brotli);

    let small_batches = batcher::stream(vec![batcher::singular(&SingularBatch::default()); 300_000]);
    check("many empty batches", &small_batches, Compression::Zlib(1));

    // Promises without the bytes: the counts say gigabytes.
    let mut promise = span(&[]);
    promise.truncate(43);
    uvarint(10_000_000, &mut promise);
    let promise = batcher::stream([promise]);
    let cfg = RollupConfig::default();
    let rules = ForkTimes::NONE.with(Fork::Delta, 0).derivation(L1Time(0));
    let (peak, error) = MEMORY.peak_of(|| BatchReader::new(promise.into()).next(&cfg, rules));
    assert!(error.unwrap().is_err());
    assert!(peak < 1_000, "{peak} bytes");

    // A stream of one malformed batch, to see the decompression alone at the limit.
    let rules = ForkTimes::NONE.with(Fork::Fjord, 0).derivation(L1Time(0));
    for how in [brotli, Compression::Zlib(1)] {
        let channel = Bytes::from(batcher::compress(&fill(120_000_000), how));
        let length = channel.len();
        let (peak, decompressed) = MEMORY.peak_of(|| decompress([channel], rules).unwrap());
        let peak = peak + length;
        assert_eq!(decompressed.bytes.len(), 100_000_000);
        println!("{how:?} of {length} bytes: {:.2} x", peak as f64 / 1e8);
        assert!(peak < 250_000_000);
    }
}
