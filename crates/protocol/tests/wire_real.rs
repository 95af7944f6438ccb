//! Real channels of real chains, from L1 transactions to batches, and back again through the batcher of `unroll-testing`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use alloy_eips::eip4844::Blob;
use alloy_primitives::{B256, Bytes, keccak256};
use serde_json::Value;
use std::collections::BTreeMap;
use unroll_protocol::{
    batch::{Batch, BatchReader, SingularBatch, SpanBatch, Transactions},
    blob::decode_blob,
    channel::Channel,
    compression::{StreamEnd, decompress},
    config::RollupConfig,
    forks::{DerivationRules, Fork, ForkTimes},
    frame::{Frame, decode_frames},
    l1_transaction::{L1Transaction, blob_count, recipient},
    reader::Reader,
    units::{L1Time, L2Time},
};
use unroll_testing::{
    batcher::{self, Compression, Span},
    data::{Data, hex, list, number},
};

fn rules(fork: Fork) -> &'static DerivationRules {
    let forks = Fork::ALL.into_iter().filter(|&each| each <= fork);
    forks.fold(ForkTimes::NONE, |times, fork| times.with(fork, 0)).derivation(L1Time(0))
}

/// What batches are decoded with; genesis follows from the first batch, which tells its time both ways.
fn config(chain_id: &Value, first: &Value) -> RollupConfig {
    let mut cfg = RollupConfig {
        l2_chain_id: chain_id.as_u64().unwrap_or_default(),
        block_time: 2,
        ..RollupConfig::default()
    };
    if let Some(time) = first["first_timestamp"].as_u64() {
        cfg.genesis.l2_time = L2Time(time - number(&first["rel_timestamp"]));
    }
    cfg
}

fn hash(value: &Value) -> B256 {
    B256::from_slice(&hex(value))
}

/// The one channel that these frames make.
fn assemble(frames: Vec<Frame>) -> Bytes {
    let mut channel = Channel::new(frames[0].channel, 0);
    for frame in frames {
        assert_eq!(channel.next_number(), u32::from(frame.number));
        channel.insert(frame).unwrap();
    }
    assert!(channel.is_ready());
    channel.into_frames().concat().into()
}

fn frames_of_blobs(blobs: impl Iterator<Item = Blob>) -> Vec<Frame> {
    blobs.flat_map(|blob| decode_frames(&decode_blob(&blob).unwrap()).unwrap()).collect()
}

/// Decompresses, compares with what the file says, and reads all batches; every one is good.
fn batches(channel: &Bytes, expected: &Value, cfg: &RollupConfig, rules: &DerivationRules) -> Vec<Batch> {
    if let Some(compression) = expected["compression"].as_str() {
        assert_eq!(compression == "brotli", channel[0] == 1);
    }
    if !expected["compressed_keccak"].is_null() {
        assert_eq!(keccak256(channel), hash(&expected["compressed_keccak"]));
    }
    let decompressed = decompress([channel.clone()], rules).unwrap();
    // Some batchers flush the compressor and never close it.
    let flushed = channel.ends_with(&[0, 0, 0xff, 0xff]);
    assert_eq!(decompressed.end, if flushed { StreamEnd::Truncated } else { StreamEnd::Complete });
    assert_eq!(keccak256(&decompressed.bytes), hash(&expected["decompressed_keccak"]));
    let mut reader = BatchReader::new(decompressed.bytes);
    let batches = std::iter::from_fn(|| reader.next(cfg, rules)).map(Result::unwrap).collect::<Vec<_>>();
    round_trip(&batches, expected, cfg, rules);
    batches
}

/// Encodes the batches again, with either compression and either way of travel, and decodes the same ones. A span gives
/// back every byte of its string.
fn round_trip(batches: &[Batch], expected: &Value, cfg: &RollupConfig, rules: &DerivationRules) {
    let strings = batches.iter().enumerate().map(|(index, batch)| match batch {
        Batch::Singular(batch) => batcher::singular(batch),
        Batch::Span(batch) => {
            let json = &expected["batches"][index];
            let first_bit =
                json["origin_bits"].as_str().map_or(json["first_bit"] == 1, |bits| bits.starts_with('1'));
            batcher::span(&Span { first_origin_bit: first_bit, ..Span::from(batch) }, cfg).unwrap()
        }
    });
    let stream = batcher::stream(strings);
    assert_eq!(keccak256(&stream), hash(&expected["decompressed_keccak"]), "the batcher says it differently");

    let brotli = rules.brotli.then_some(Compression::Brotli(1));
    for (compression, room) in
        [(Compression::Zlib(6), 20_000)].into_iter().chain(brotli.map(|brotli| (brotli, 99_999)))
    {
        let channel = batcher::compress(&stream, compression).into();
        let frames = batcher::frames(Default::default(), &channel, room);
        let blobs =
            frames.chunks(100_000 / room).map(|frames| *batcher::blob(&batcher::payload(frames)).unwrap());
        assert_eq!(frames_of_blobs(blobs), frames);
        assert_eq!(decode_frames(&batcher::payload(&frames)).unwrap(), frames);
        let decompressed = decompress([assemble(frames)], rules).unwrap();
        let mut reader = BatchReader::new(decompressed.bytes);
        let again: Vec<_> = std::iter::from_fn(|| reader.next(cfg, rules)).map(Result::unwrap).collect();
        assert_eq!(again, batches);
    }
}

fn transactions_keccak(transactions: &Transactions) -> B256 {
    keccak256(transactions.to_vec().concat())
}

fn check_batch(batch: &Batch, expected: &Value) {
    match batch {
        Batch::Singular(batch) => check_singular(batch, expected),
        Batch::Span(batch) => check_span(batch, expected),
    }
}

fn check_singular(batch: &SingularBatch, expected: &Value) {
    assert_eq!(number(&expected["batch_type"]), 0);
    assert_eq!(batch.parent_hash, hash(&expected["parent_hash"]));
    assert_eq!(batch.epoch.number, number(&expected["epoch_number"]));
    assert_eq!(batch.epoch.hash, hash(&expected["epoch_hash"]));
    assert_eq!(batch.time.0, number(&expected["timestamp"]));
    assert_eq!(batch.transactions.len() as u64, number(&expected["tx_count"]));
    if !expected["txs_keccak"].is_null() {
        assert_eq!(transactions_keccak(&batch.transactions), hash(&expected["txs_keccak"]));
    }
}

fn check_span(batch: &SpanBatch, expected: &Value) {
    assert_eq!(number(&expected["batch_type"]), 1);
    assert_eq!(batch.parent_check[..], hex(&expected["parent_check"]));
    assert_eq!(batch.l1_origin_check[..], hex(&expected["l1_origin_check"]));
    assert_eq!(batch.block_count() as u64, number(&expected["block_count"]));
    if let Some(end) = expected["l1_origin_num"].as_u64().or(expected["l1_origin_end"].as_u64()) {
        assert_eq!(batch.end_epoch(), end);
    }
    if let Some(time) = expected["first_timestamp"].as_u64() {
        assert_eq!(batch.start_time().0, time);
    }
    let blocks: Vec<_> = batch.blocks().collect();
    let counts: Vec<_> = blocks.iter().map(|block| block.transactions.len() as u64).collect();
    assert_eq!(counts, list(&expected["tx_counts"]).iter().map(number).collect::<Vec<_>>());
    for (block, keccak) in blocks.iter().zip(list(&expected["block_txs_keccak"])) {
        assert_eq!(transactions_keccak(&block.transactions), hash(keccak));
    }
    let epochs: Vec<_> = blocks.iter().map(|block| block.epoch_number).collect();
    assert_eq!((batch.start_epoch(), batch.end_epoch()), (epochs[0], *epochs.last().unwrap()));
    assert_eq!((batch.start_time(), batch.end_time()), (blocks[0].time, blocks[blocks.len() - 1].time));
    if let Some(bits) = expected["origin_bits"].as_str() {
        let changes = epochs.windows(2).map(|pair| if pair[1] == pair[0] { '0' } else { '1' });
        assert_eq!(bits[1..], changes.collect::<String>());
    }
    if !expected["l1_origins"].is_null() {
        assert_eq!(epochs, list(&expected["l1_origins"]).iter().map(number).collect::<Vec<_>>());
    }
    if let Some(types) = expected["tx_types"].as_object() {
        let mut found = BTreeMap::<String, u64>::new();
        for transaction in blocks.iter().flat_map(|block| block.transactions.to_vec()) {
            let kind = if transaction[0] >= 0xc0 { 0 } else { transaction[0] };
            *found.entry(kind.to_string()).or_default() += 1;
        }
        assert_eq!(found, types.iter().map(|(kind, count)| (kind.clone(), number(count))).collect());
    }
}

/// The input of a signed L1 transaction.
fn input(transaction: &[u8]) -> Bytes {
    let kind = transaction[0];
    let (start, position) = if kind >= 0xc0 { (0, 5) } else { (1, if kind == 1 { 6 } else { 7 }) };
    let mut fields = Reader::new(&transaction[start..]).rlp_list().unwrap();
    (0..position).for_each(|_| {
        fields.rlp_item().unwrap();
    });
    Bytes::copy_from_slice(fields.rlp_string().unwrap().payload)
}

#[test]
fn channels() {
    const FOLDER: &str = "derivation/channels";
    let Some(data) = Data::open() else { return };
    for file in data.files(FOLDER) {
        let json = data.json(&file);
        let expected = list(&json["batches"]);
        let fork = if file.contains("regolith") { Fork::Regolith } else { Fork::Ecotone };
        let frames = if let Some(blob) = json.get("blob") {
            let blob = Blob::try_from(&hex(blob)[..]).unwrap();
            let payload = decode_blob(&blob).unwrap();
            assert_eq!(keccak256(&payload), hash(&json["decoded_blob_keccak"]));
            decode_frames(&payload).unwrap()
        } else if let Some(transaction) = json.get("raw_l1_tx") {
            decode_frames(&input(&hex(transaction))).unwrap()
        } else if let Some(calldata) = json.get("calldata") {
            decode_frames(&hex(calldata).into()).unwrap()
        } else {
            vec![]
        };
        let channel = match json.get("channel") {
            Some(channel) => hex(channel).into(),
            None => {
                assert_eq!(frames[0].channel.0[..], hex(&json["channel_id"]));
                assemble(frames)
            }
        };
        let batches = batches(&channel, &json, &config(&json["chain_id"], &expected[0]), rules(fork));
        assert_eq!(batches.len(), expected.len(), "{file}");
        batches.iter().zip(expected).for_each(|(batch, expected)| check_batch(batch, expected));
    }
    assert_eq!(data.unread(FOLDER), [""; 0]);
}

#[test]
fn blob_transactions() {
    const FOLDER: &str = "derivation/l1-blob-txs";
    let Some(data) = Data::open() else { return };
    let index = data.json(&format!("{FOLDER}/index.json.zst"));
    for json in list(&index) {
        // The index also names some transactions that are not in the folder.
        let file = format!("{FOLDER}/{}", json["file"].as_str().unwrap());
        if !data.has(&file) {
            continue;
        }
        let transaction = data.bytes(&file);
        let mut network = Reader::new(&transaction[1..]).rlp_list().unwrap();
        let signed = [&[3], network.rlp_item().unwrap().raw].concat();
        assert_eq!(keccak256(&signed), hash(&json["l1_tx_hash"]));
        let sent = L1Transaction::decode(&signed, number(&json["l1_chain_id"])).unwrap();
        assert_eq!(sent.sender[..], hex(&json["l1_sender"]));
        assert_eq!(recipient(&signed).unwrap()[..], hex(&json["to"]));
        let hashes: Vec<B256> = list(&json["versioned_hashes"]).iter().map(hash).collect();
        assert_eq!(blob_count(&signed), hashes.len() as u64);
        assert_eq!(sent.blob_hashes, Some(hashes));
        let mut blobs = network.rlp_list().unwrap();
        let blobs = std::iter::from_fn(|| {
            (!blobs.is_empty()).then(|| Blob::try_from(blobs.rlp_string().unwrap().payload).unwrap())
        });
        let frames = frames_of_blobs(blobs);
        let lengths = |json: &Value| (number(&json["number"]), number(&json["len"]), json["is_last"] == true);
        assert_eq!(
            frames.iter().map(|f| (f.number.into(), f.data.len() as u64, f.is_last)).collect::<Vec<_>>(),
            list(&json["frames"]).iter().map(lengths).collect::<Vec<_>>()
        );
        assert_eq!(frames[0].channel.0[..], hex(&json["channel_id"]));
        let expected = list(&json["batches"]);
        let cfg = config(&json["l2_chain_id"], &expected[0]);
        let batches = batches(&assemble(frames), json, &cfg, rules(Fork::Granite));
        assert_eq!(batches.len() as u64, number(&json["batch_count"]), "{file}");
        // Of long channels the file describes both ends.
        let (head, tail) = expected.split_at(expected.len().div_ceil(2));
        batches.iter().zip(head).for_each(|(batch, expected)| check_batch(batch, expected));
        batches
            .iter()
            .rev()
            .zip(tail.iter().rev())
            .for_each(|(batch, expected)| check_batch(batch, expected));
    }
    assert_eq!(data.unread(FOLDER), [""; 0]);
}

/// The transactions of derived L2 blocks, by timestamp.
fn derived(data: &Data, folder: &str) -> BTreeMap<u64, Vec<Bytes>> {
    let lines = data.lines(&format!("{folder}/derived-l2-blocks.jsonl.zst"));
    let transactions =
        |line: &Value| list(&line["batch_transactions"]).iter().map(|tx| hex(tx).into()).collect();
    lines.iter().map(|line| (number(&line["timestamp"]), transactions(line))).collect()
}

fn l1_transaction(blocks: &[Value], frame: &Value) -> Vec<u8> {
    let block = blocks.iter().find(|block| block["number"] == frame["l1_block"]).unwrap();
    let transaction = hex(&block["transactions"][usize::try_from(number(&frame["tx_index"])).unwrap()]);
    assert_eq!(keccak256(&transaction), hash(&frame["tx_hash"]));
    transaction
}

#[test]
fn op_sepolia_granite() {
    const FOLDER: &str = "derivation/op-sepolia-granite-16491249";
    let Some(data) = Data::open() else { return };
    let l1 = data.lines(&format!("{FOLDER}/l1-blocks.jsonl.zst"));
    let blobs = data.bytes(&format!("{FOLDER}/blobs.bin.zst"));
    let mut payloads = BTreeMap::new();
    for (blob, json) in blobs.chunks_exact(131_072).zip(list(&data.json(&format!("{FOLDER}/blobs.json")))) {
        let payload = decode_blob(&Blob::try_from(blob).unwrap()).unwrap();
        assert_eq!(keccak256(&payload), hash(&json["decoded_keccak"]));
        payloads.insert(hash(&json["versioned_hash"]), payload);
    }
    assert_eq!(payloads.len(), 6);
    let derived = derived(&data, FOLDER);
    let json = data.json(&format!("{FOLDER}/channels.json"));
    let mut compared = 0;
    for expected in list(&json["channels"]) {
        let mut frames = Vec::new();
        for json in list(&expected["frames"]) {
            let transaction = l1_transaction(&l1, json);
            let payload = match &json["blob_versioned_hash"] {
                Value::Null => input(&transaction),
                blob => payloads[&hash(blob)].clone(),
            };
            let new = decode_frames(&payload).unwrap();
            assert_eq!(new.len(), 1);
            assert_eq!(u64::from(new[0].number), number(&json["frame_number"]));
            assert_eq!(new[0].data.len() as u64, number(&json["data_len"]));
            assert_eq!(new[0].is_last, json["is_last"] == true);
            frames.extend(new);
        }
        let mut cfg = config(&json["chain_id"], &Value::Null);
        cfg.genesis.l2_time = L2Time(1_691_802_540);
        let batches = batches(&assemble(frames), expected, &cfg, rules(Fork::Granite));
        assert_eq!(batches.len(), list(&expected["batches"]).len());
        for (batch, expected) in batches.iter().zip(list(&expected["batches"])) {
            check_batch(batch, expected);
            let Batch::Span(span) = batch else { panic!("not a span") };
            for block in span.blocks() {
                if let Some(transactions) = derived.get(&block.time.0) {
                    assert_eq!(&block.transactions.to_vec(), transactions);
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 200, "only {compared} blocks compared");
}

#[test]
fn op_mainnet_regolith() {
    const FOLDER: &str = "derivation/op-mainnet-regolith-109279584";
    let Some(data) = Data::open() else { return };
    let l1 = data.lines(&format!("{FOLDER}/l1-blocks.jsonl.zst"));
    let derived = derived(&data, FOLDER);
    let json = data.json(&format!("{FOLDER}/channels.json"));
    let mut compared = 0;
    for expected in list(&json["channels"]) {
        let frames = list(&expected["frames"]).iter();
        let frames =
            frames.flat_map(|json| decode_frames(&input(&l1_transaction(&l1, json))).unwrap()).collect();
        let cfg = config(&json["chain_id"], &Value::Null);
        let batches = batches(&assemble(frames), expected, &cfg, rules(Fork::Regolith));
        assert_eq!(batches.len(), list(&expected["batches"]).len());
        for (batch, expected) in batches.iter().zip(list(&expected["batches"])) {
            check_batch(batch, expected);
            let Batch::Singular(batch) = batch else { panic!("not singular") };
            if let Some(transactions) = derived.get(&batch.time.0) {
                assert_eq!(&batch.transactions.to_vec(), transactions);
                compared += 1;
            }
        }
    }
    assert!(compared > 60, "only {compared} blocks compared");
}

/// B-030..B-035 both ways: the vectors of the reference.
#[test]
fn blob_codec() {
    let Some(data) = Data::open() else { return };
    let json = data.json("kzg/op-blob-codec.json");
    let vectors = list(&json["vectors"]);
    assert_eq!(vectors.len(), 9);
    for vector in vectors {
        let mut bytes = hex(&vector["blob_prefix"]);
        bytes.resize(131_072, 0);
        assert_eq!(keccak256(&bytes), hash(&vector["blob_keccak"]));
        let blob = Blob::try_from(&bytes[..]).unwrap();
        let payload = decode_blob(&blob).unwrap();
        assert_eq!(payload[..], hex(&vector["decoded"]));
        assert_eq!(*batcher::blob(&payload).unwrap(), blob);
    }
}
