//! The corpus: small inputs of our own making, one folder a target.

use alloy_primitives::{B256, keccak256};
use anyhow::Context;
use std::{fs, path::Path};
use unroll_protocol::{
    batch::{SingularBatch, SpanBlock},
    config::RollupConfig,
    units::{BlockId, L2Time},
};
use unroll_testing::batcher::{self, Compression, Span};

/// The inputs in a folder, in order of their names.
pub fn read(folder: &Path) -> anyhow::Result<Vec<Vec<u8>>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    files.sort();
    files.iter().map(|file| fs::read(file).with_context(|| file.display().to_string())).collect()
}

/// Writes every folder of the corpus.
pub fn write(folder: &Path) -> anyhow::Result<()> {
    let streams = streams()?;
    let how = [Compression::Zlib(0), Compression::Zlib(9), Compression::Brotli(0), Compression::Brotli(9)];
    let channels: Vec<_> = how
        .iter()
        .flat_map(|&how| streams.iter().map(move |stream| batcher::compress(stream, how)))
        .collect();
    let payloads: Vec<_> = channels.iter().map(|channel| payload(channel)).collect();
    // The rest of a blob is zero, as the target fills it up.
    let blobs =
        payloads.iter().map(|payload| Ok(batcher::blob(payload)?[..(payload.len() / 31 + 4) * 32].to_vec()));
    let blobs = blobs.collect::<anyhow::Result<Vec<_>>>()?;
    let operations = vec![(0..=255).collect(), vec![2; 64], [1, 4, 7, 9, 3, 4, 7, 9].repeat(8)];
    let tries = nodes()
        .into_iter()
        .map(|node| [&[128][..], &node, &operations[0]].concat())
        .chain(operations.clone());
    let all = [
        ("blob", blobs),
        ("frames", payloads),
        ("channel", operations.clone()),
        ("decompress", channels),
        ("batch", streams),
        ("trie", tries.collect()),
        ("node", nodes()),
    ];
    for (target, inputs) in all {
        let folder = folder.join(target);
        fs::create_dir_all(&folder)?;
        for input in inputs {
            fs::write(folder.join(&keccak256(&input).to_string()[2..14]), input)?;
        }
    }
    Ok(())
}

fn payload(channel: &[u8]) -> Vec<u8> {
    let channel = channel.to_vec().into();
    batcher::payload(&batcher::frames(Default::default(), &channel, 400)).to_vec()
}

fn list(items: &[&[u8]]) -> Vec<u8> {
    let payload = items.concat();
    let mut out = Vec::new();
    alloy_rlp::Header { list: true, payload_length: payload.len() }.encode(&mut out);
    [out, payload].concat()
}

fn string(bytes: &[u8]) -> Vec<u8> {
    alloy_rlp::encode(bytes)
}

/// One transaction of each type that a span can carry, for the chain 10.
fn transactions() -> Vec<Vec<u8>> {
    let (to, word) = (string(&[0x11; 20]), string(&[0x22; 32]));
    let access = list(&[&list(&[&to, &list(&[&word, &word])])]);
    let authorizations = list(&[&list(&[&[10], &to, &[0x80], &[1], &word, &word])]);
    let gas = string(&[0x52, 0x08]);
    let data = string(b"calldata of no meaning, long enough for a header of two bytes: 56");
    vec![
        list(&[&[1], &[2], &gas, &to, &[3], &data, &[55], &word, &word]),
        list(&[&[1], &[2], &gas, &[0x80], &[3], &data, &[27], &word, &[9]]),
        [&[1][..], &list(&[&[10], &[1], &[2], &gas, &to, &[3], &[0x80], &access, &[1], &word, &word])]
            .concat(),
        [&[2][..], &list(&[&[10], &[1], &[2], &[3], &gas, &to, &[4], &data, &[0xc0], &[0x80], &word, &word])]
            .concat(),
        [
            &[4][..],
            &list(&[
                &[10],
                &[1],
                &[2],
                &[3],
                &gas,
                &to,
                &[4],
                &data,
                &access,
                &authorizations,
                &[1],
                &word,
                &word,
            ]),
        ]
        .concat(),
    ]
}

fn streams() -> anyhow::Result<Vec<Vec<u8>>> {
    let transactions = transactions();
    let singular = |count: usize| {
        batcher::singular(&SingularBatch {
            parent_hash: B256::repeat_byte(1),
            epoch: BlockId { number: 1000, hash: B256::repeat_byte(2) },
            time: L2Time(1_700_000_000),
            transactions: transactions.iter().cycle().take(count).collect(),
        })
    };
    let cfg = RollupConfig { block_time: 2, l2_chain_id: 10, ..RollupConfig::default() };
    let span = |blocks: u64, busy: u64| {
        let block = |index: u64| SpanBlock {
            time: L2Time(500 + index * 2),
            epoch_number: 1000 + index / 6,
            transactions: transactions.iter().take(usize::from(index.is_multiple_of(busy)) * 5).collect(),
        };
        let span = Span { blocks: (0..blocks).map(block).collect(), ..Span::default() };
        batcher::span(&span, &cfg)
    };
    let (one, some, empty) = (span(1, 1)?, span(20, 3)?, span(200, 1000)?);
    Ok(vec![
        batcher::stream([singular(0)]),
        batcher::stream([singular(3), singular(5)]),
        batcher::stream([&one]),
        batcher::stream([&some]),
        batcher::stream([&empty]),
        batcher::stream([&some, &singular(1), &one, &empty]),
    ])
}

/// A leaf, an extension over a branch within it, and a branch.
fn nodes() -> Vec<Vec<u8>> {
    let leaf = list(&[&string(&[0x20, 0xab, 0xcd]), &string(b"value")]);
    let short = list(&[&string(&[0x3a]), &[7]]);
    let hash = string(&[0x77; 32]);
    let branch = |first: &[u8], second: &[u8]| {
        let items: Vec<&[u8]> = (0..17)
            .map(|index| match index {
                0 => first,
                9 => second,
                _ => &[0x80][..],
            })
            .collect();
        list(&items)
    };
    let inlined = branch(&short, &short);
    vec![leaf, branch(&hash, &short), branch(&hash, &hash), list(&[&string(&[0x00, 0xab]), &inlined])]
}
