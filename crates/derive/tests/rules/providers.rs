//! B.1, B.2, A.3, G-011, H-030, H-031: L1 blocks as providers give them, the start, the driver, and the parts.

#[path = "../common/mod.rs"]
pub(crate) mod common;

use crate::sim::*;
use alloy_consensus::{
    Header, Receipt, ReceiptEnvelope, SignableTransaction, TxEip1559, TxEip2930, TxEip4844, TxEip7702,
    TxEnvelope, TxLegacy, TxReceipt,
};
use alloy_eips::Encodable2718;
use alloy_primitives::{Address, B256, Bloom, Bytes, Log, Signature, TxKind, U256, keccak256};
use common::{Absent, Memory};
use k256::ecdsa::SigningKey;
use unroll_derive::{
    CriticalCause, DeriveError, DriveError, Driver, Event, L1Input, L1Reader, Misuse,
    builder::{DerivationPipeline, EthereumDataSource, PipelineBuilder, StatefulAttributesBuilder},
    provider::{BlobProvider, ChainProvider, IndexedBlobHash, L2Block, Provider},
    start::Start,
};
use unroll_protocol::{
    config::RollupConfig,
    deposit::{DEPOSIT_TOPIC, DepositError, DepositTx},
    extra_data::BaseFeeSettings,
    forks::Fork,
    frame::Frame,
    l1_info::l1_info_deposit,
    l1_transaction::IgnoredTransaction,
    system_config::{ConfigUpdate, ConfigUpdateError, Eip1559Params, SystemConfig},
    tip::Tip,
    units::{L1Ref, L2Time},
};
use unroll_testing::batcher;

pub(crate) fn key(name: u8) -> SigningKey {
    SigningKey::from_slice(&[name; 32]).unwrap()
}

pub(crate) fn address(key: &SigningKey) -> Address {
    Address::from_raw_public_key(&key.verifying_key().to_encoded_point(false).as_bytes()[1..])
}

pub(crate) fn sign<T: SignableTransaction<Signature>>(tx: T, key: &SigningKey) -> Bytes
where
    TxEnvelope: From<alloy_consensus::Signed<T>>,
{
    let (signature, recovery) = key.sign_prehash_recoverable(tx.signature_hash().as_slice()).unwrap();
    let (r, s) =
        (U256::from_be_slice(&signature.r().to_bytes()), U256::from_be_slice(&signature.s().to_bytes()));
    TxEnvelope::from(tx.into_signed(Signature::new(r, s, recovery.is_y_odd()))).encoded_2718().into()
}

pub(crate) fn calldata(input: impl Into<Bytes>) -> TxEip1559 {
    TxEip1559 { chain_id: 1, to: TxKind::Call(INBOX), input: input.into(), ..TxEip1559::default() }
}

fn blob_tx(to: Address, hashes: &[B256]) -> TxEip4844 {
    let input = b"\0calldata of a blob transaction"[..].into();
    TxEip4844 { chain_id: 1, to, blob_versioned_hashes: hashes.to_vec(), input, ..TxEip4844::default() }
}

/// A chain whose batcher is key 1.
pub(crate) fn rollup(fork: Fork) -> RollupConfig {
    let mut cfg = config(at(fork));
    cfg.genesis.system_config.batcher = address(&key(1));
    cfg
}

/// Adds L1 block `k`, linked to the one before, and returns it.
pub(crate) fn add(memory: &mut Memory, k: u64, transactions: Vec<Bytes>, receipts: Vec<Receipt>) -> L1Ref {
    let receipts: Vec<ReceiptEnvelope> =
        receipts.into_iter().map(|receipt| ReceiptEnvelope::Eip1559(receipt.with_bloom())).collect();
    let logs_bloom = receipts.iter().fold(Bloom::ZERO, |bloom, receipt| bloom | *receipt.logs_bloom());
    let encoded = receipts.iter().map(|receipt| receipt.encoded_2718().into()).collect();
    add_raw(memory, k, transactions, encoded, logs_bloom)
}

fn add_raw(
    memory: &mut Memory,
    k: u64,
    transactions: Vec<Bytes>,
    receipts: Vec<Bytes>,
    logs_bloom: Bloom,
) -> L1Ref {
    let number = 50 + k;
    let parent_hash = memory.numbers.get(&(number - 1)).map_or(B256::ZERO, |parent| parent.hash);
    let timestamp = l1_time(k).0;
    let base_fee_per_gas = Some(7);
    let header = Header { number, parent_hash, timestamp, base_fee_per_gas, logs_bloom, ..Header::default() };
    memory.add_l1(header, Some(transactions), Some(receipts));
    memory.numbers[&number]
}

/// A reader that starts after L1 block 0.
pub(crate) fn reader(cfg: &RollupConfig) -> L1Reader<'_> {
    L1Reader::new(cfg, &Start { base: l1(0), batcher: cfg.genesis.system_config.batcher, safe_origin: 50 })
}

fn read(cfg: &RollupConfig, memory: &mut Memory, block: L1Ref) -> (L1Input, Vec<Event>) {
    let mut events = Vec::new();
    let input = reader(cfg).read(memory, &block, &mut events).unwrap().unwrap();
    (input, events)
}

/// What is read of one block with these transactions.
fn data_of(cfg: &RollupConfig, transactions: Vec<Bytes>) -> (Vec<Bytes>, Vec<Event>) {
    let mut memory = Memory::default();
    let block = add(&mut memory, 1, transactions, vec![]);
    let (input, events) = read(cfg, &mut memory, block);
    (input.data, events)
}

fn ignored(events: &[Event]) -> Vec<(usize, IgnoredTransaction)> {
    let ignored = |event: &Event| match event {
        Event::TransactionIgnored { index, why, .. } => Some((*index, *why)),
        _ => None,
    };
    events.iter().filter_map(ignored).collect()
}

/// B-010, B-015: the batcher's transactions to the inbox, of types 0, 1 and 2, in order; nobody else's.
#[test]
fn the_batchers_transactions_count() {
    let cfg = rollup(Fork::Bedrock);
    let batcher = key(1);
    let legacy = |chain_id| TxLegacy {
        chain_id,
        to: TxKind::Call(INBOX),
        input: vec![0, 1].into(),
        ..TxLegacy::default()
    };
    let access_list =
        TxEip2930 { chain_id: 1, to: TxKind::Call(INBOX), input: vec![0, 2].into(), ..TxEip2930::default() };
    let elsewhere = TxEip1559 { to: TxKind::Call(PORTAL), ..calldata(vec![9]) };
    let (data, events) = data_of(
        &cfg,
        vec![
            sign(elsewhere, &batcher),
            sign(legacy(Some(1)), &batcher),
            sign(legacy(None), &batcher), // B-012: unprotected
            sign(access_list, &batcher),
            sign(calldata(vec![0, 3]), &key(2)),
            sign(calldata(vec![0, 4]), &batcher),
        ],
    );
    assert_eq!(data, [[0, 1], [0, 1], [0, 2], [0, 4]].map(Bytes::from));
    assert_eq!(ignored(&events), [(4, IgnoredTransaction::Sender(address(&key(2))))]);
}

/// B-014: a transaction that failed carries data all the same. The block's receipts are read, because of a config update.
#[test]
fn failed_transactions_carry_data() {
    let cfg = rollup(Fork::Ecotone);
    let mut memory = Memory::default();
    let update = batcher_update(address(&key(1)));
    let receipts = vec![receipt(false, vec![]), receipt(true, vec![update])];
    let transactions = [[0, 1], [0, 2]].map(|input| sign(calldata(input), &key(1)));
    let block = add(&mut memory, 1, transactions.to_vec(), receipts);
    let (input, _) = read(&cfg, &mut memory, block);
    assert_eq!(input.updates.len(), 1);
    assert_eq!(input.data, [[0, 1], [0, 2]].map(Bytes::from));
}

/// B-011: set-code transactions do not count, even from the batcher to the inbox. B-007: nor do types that nobody knows,
/// which do not disturb the rest.
#[test]
fn other_types_do_not_count() {
    let cfg = rollup(Fork::Jovian);
    let set_code = TxEip7702 { chain_id: 1, to: INBOX, input: vec![0, 1].into(), ..TxEip7702::default() };
    let (data, events) = data_of(
        &cfg,
        vec![
            sign(set_code, &key(1)),
            vec![0x05, 0xc0].into(),
            vec![0x50].into(),
            Bytes::new(),
            vec![0x02, 0xff].into(),
            sign(calldata(vec![0, 2]), &key(1)),
        ],
    );
    assert_eq!(data, [Bytes::from(vec![0, 2])]);
    assert_eq!(ignored(&events), [(0, IgnoredTransaction::Type(4))]);
}

/// B-012: bad signatures, other chains, and creations.
#[test]
fn bad_signatures_do_not_count() {
    let cfg = rollup(Fork::Bedrock);
    let creation = TxEip1559 { to: TxKind::Create, ..calldata(vec![0, 1]) };
    let foreign = TxEip1559 { chain_id: 5, ..calldata(vec![0, 1]) };
    let unsigned = calldata(vec![0, 1]).into_signed(Signature::new(U256::ZERO, U256::ZERO, false));
    let (data, events) = data_of(
        &cfg,
        vec![
            sign(creation, &key(1)),
            sign(foreign, &key(1)),
            TxEnvelope::from(unsigned).encoded_2718().into(),
        ],
    );
    assert!(data.is_empty());
    assert_eq!(ignored(&events), [(1, IgnoredTransaction::Signature), (2, IgnoredTransaction::Signature)]);
}

/// B-013: a deposit's sender is the one that it names.
#[test]
fn deposits_may_be_batcher_transactions() {
    let cfg = rollup(Fork::Bedrock);
    let deposit = |from| DepositTx {
        source_hash: B256::ZERO,
        from,
        to: TxKind::Call(INBOX),
        mint: U256::ZERO,
        value: U256::ZERO,
        gas: 0,
        is_system: false,
        data: vec![0, 7].into(),
    };
    let (data, events) = data_of(&cfg, vec![deposit(address(&key(1))).encode(), deposit(INBOX).encode()]);
    assert_eq!(data, [Bytes::from(vec![0, 7])]);
    assert_eq!(ignored(&events), [(1, IgnoredTransaction::Sender(INBOX))]);
}

fn with_blobs(payloads: &[&[u8]]) -> (Memory, Vec<B256>) {
    let mut memory = Memory::default();
    let mut hashes = Vec::new();
    for (index, payload) in payloads.iter().enumerate() {
        let hash = keccak256(index.to_be_bytes());
        memory.blobs.insert(hash, batcher::blob(payload).unwrap());
        hashes.push(hash);
    }
    (memory, hashes)
}

/// B-015, B-017, B-018, B-037: blobs and calldata in one order; a blob transaction's calldata is nothing; all blobs of a
/// block in one request, with their places among all blobs of the block.
#[test]
fn blobs_and_calldata_in_order() {
    let cfg = rollup(Fork::Ecotone);
    let (mut memory, hashes) = with_blobs(&[b"\0foreign", b"\0first", b"\0second", b"\0third"]);
    let block = add(
        &mut memory,
        1,
        vec![
            sign(blob_tx(PORTAL, &hashes[..1]), &key(2)),
            sign(blob_tx(INBOX, &hashes[1..3]), &key(1)),
            sign(calldata(b"\0calldata".to_vec()), &key(1)),
            sign(blob_tx(INBOX, &hashes[..1]), &key(2)),
            sign(blob_tx(INBOX, &hashes[3..]), &key(1)),
        ],
        vec![],
    );
    let (input, events) = read(&cfg, &mut memory, block);
    assert_eq!(input.data, [&b"\0first"[..], b"\0second", b"\0calldata", b"\0third"].map(Bytes::from));
    assert!(memory.asked.contains(&"blobs 51 [1, 2, 4]".into()), "{:?}", memory.asked);
    assert_eq!(events.iter().filter(|event| matches!(event, Event::DataRead { .. })).count(), 4);
}

/// B-016: before Ecotone blobs are never asked for, and a blob transaction's calldata is data.
#[test]
fn no_blobs_before_ecotone() {
    let cfg = rollup(Fork::Delta);
    let (mut memory, hashes) = with_blobs(&[b"\0blob"]);
    let block = add(&mut memory, 1, vec![sign(blob_tx(INBOX, &hashes), &key(1))], vec![]);
    let (input, _) = read(&cfg, &mut memory, block);
    assert_eq!(input.data, [Bytes::from(&b"\0calldata of a blob transaction"[..])]);
    assert!(!memory.asked.iter().any(|asked| asked.starts_with("blobs")));
}

/// B-036: a blob without rollup data is ignored, and nothing else. B-019: a blob that cannot be had is an error.
#[test]
fn bad_and_missing_blobs() {
    let cfg = rollup(Fork::Ecotone);
    let (mut memory, hashes) = with_blobs(&[b"\0bad", b"\0good"]);
    memory.blobs.get_mut(&hashes[0]).unwrap().0[1] = 9;
    let block = add(&mut memory, 1, vec![sign(blob_tx(INBOX, &hashes), &key(1))], vec![]);
    let (input, events) = read(&cfg, &mut memory, block);
    assert_eq!(input.data, [Bytes::from(&b"\0good"[..])]);
    assert!(
        events.iter().any(|event| matches!(event, Event::BlobIgnored { hash, .. } if *hash == hashes[0]))
    );
    memory.blobs.remove(&hashes[0]);
    let missing = reader(&cfg).read(&mut memory, &block, &mut Vec::new());
    assert_eq!(missing, Err(DriveError::Provider(Absent::Blob(hashes[0]))));
}

/// A provider that gives one blob too few.
struct Short(Memory);

impl Provider for Short {
    type Error = Absent;
}

impl ChainProvider for Short {
    fn block_info_by_number(&mut self, number: u64) -> Result<Option<L1Ref>, Absent> {
        self.0.block_info_by_number(number)
    }

    fn header_by_hash(&mut self, hash: B256) -> Result<Header, Absent> {
        self.0.header_by_hash(hash)
    }

    fn receipts_by_hash(&mut self, hash: B256) -> Result<Vec<Bytes>, Absent> {
        self.0.receipts_by_hash(hash)
    }

    fn transactions_by_hash(&mut self, hash: B256) -> Result<Vec<Bytes>, Absent> {
        self.0.transactions_by_hash(hash)
    }
}

impl BlobProvider for Short {
    fn blobs(
        &mut self,
        block: &L1Ref,
        hashes: &[IndexedBlobHash],
    ) -> Result<Vec<Box<alloy_eips::eip4844::Blob>>, Absent> {
        self.0.blobs(block, &hashes[1..])
    }
}

/// B-019: too few blobs are never taken for empty ones.
#[test]
fn too_few_blobs() {
    let cfg = rollup(Fork::Ecotone);
    let (mut memory, hashes) = with_blobs(&[b"\0a", b"\0b"]);
    let block = add(&mut memory, 1, vec![sign(blob_tx(INBOX, &hashes), &key(1))], vec![]);
    let read = reader(&cfg).read(&mut Short(memory), &block, &mut Vec::new());
    assert_eq!(read, Err(DriveError::Derive(Misuse::BlobCount { asked: 2, got: 1 }.into())));
}

fn log(address: Address, topics: Vec<B256>, data: Vec<u8>) -> Log {
    Log::new_unchecked(address, topics, data.into())
}

fn batcher_update(batcher: Address) -> Log {
    let data =
        [U256::from(32).to_be_bytes::<32>(), U256::from(32).to_be_bytes(), batcher.into_word().0].concat();
    log(SYSTEM_CONFIG, vec![ConfigUpdate::TOPIC, B256::ZERO, B256::ZERO], data)
}

fn deposit_log() -> Log {
    let opaque = [&[0; 64][..], &100_000u64.to_be_bytes(), &[0], b"data"].concat();
    let mut data = [U256::from(32).to_be_bytes::<32>(), U256::from(opaque.len()).to_be_bytes()].concat();
    data.extend(&opaque);
    data.resize(data.len().next_multiple_of(32), 0);
    log(PORTAL, vec![DEPOSIT_TOPIC, BATCHER.into_word(), INBOX.into_word(), B256::ZERO], data)
}

fn receipt(success: bool, logs: Vec<Log>) -> Receipt {
    Receipt { status: success.into(), cumulative_gas_used: 1, logs }
}

/// A-040, B-004: a change of batcher governs the data of its own block. A-021: only in receipts of success. A-024: what is
/// malformed is skipped, and what follows applies.
#[test]
fn batcher_changes_govern_their_block() {
    let cfg = rollup(Fork::Ecotone);
    let mut malformed = batcher_update(address(&key(3)));
    malformed.data = Log::new_unchecked(SYSTEM_CONFIG, malformed.topics().to_vec(), vec![1].into()).data;
    let logs = vec![malformed, batcher_update(address(&key(2)))];
    let mut memory = Memory::default();
    let transactions = vec![sign(calldata(vec![0, 1]), &key(1)), sign(calldata(vec![0, 2]), &key(2))];
    let failed = receipt(false, vec![batcher_update(address(&key(4)))]);
    let block = add(&mut memory, 1, transactions, vec![receipt(true, logs), failed]);
    let (input, events) = read(&cfg, &mut memory, block);
    assert_eq!(input.data, [Bytes::from(vec![0, 2])]);
    assert_eq!(input.updates, [ConfigUpdate::Batcher(address(&key(2)))]);
    assert!(events.contains(&Event::UpdateIgnored {
        block: 51,
        log_index: 0,
        why: ConfigUpdateError::Data(1)
    }));
    assert!(events.contains(&Event::BatcherChanged { block: 51, batcher: address(&key(2)) }));
}

/// Receipts are asked for only where the header's bloom filter leaves no choice.
#[test]
fn receipts_are_asked_for_by_bloom() {
    let cfg = rollup(Fork::Ecotone);
    let mut memory = Memory::default();
    let other = log(INBOX, vec![DEPOSIT_TOPIC], vec![]);
    let without = add(&mut memory, 1, vec![], vec![receipt(true, vec![other])]);
    let with = add(&mut memory, 2, vec![], vec![receipt(true, vec![deposit_log()])]);
    read(&cfg, &mut memory, without);
    read(&cfg, &mut memory, with);
    assert_eq!(memory.asked, ["transactions 51", "transactions 52", "receipts 52"]);
}

/// G-010, G-017: the log index counts all logs of the block, over all receipts, also foreign ones.
#[test]
fn log_indices_count_all_logs() {
    let cfg = rollup(Fork::Ecotone);
    let mut memory = Memory::default();
    let foreign = || log(INBOX, vec![], vec![]);
    let receipts =
        vec![receipt(true, vec![foreign(), foreign()]), receipt(true, vec![foreign(), deposit_log()])];
    let block = add(&mut memory, 1, vec![], receipts);
    let (input, _) = read(&cfg, &mut memory, block);
    let expected = unroll_protocol::deposit::decode_deposit(&deposit_log(), block.hash, 3).unwrap();
    assert_eq!(input.deposits, [expected]);
}

/// G-011: a deposit that does not decode stops derivation.
#[test]
fn malformed_deposits_are_critical() {
    let cfg = rollup(Fork::Ecotone);
    let mut memory = Memory::default();
    let malformed = log(PORTAL, vec![DEPOSIT_TOPIC], vec![]);
    let block = add(&mut memory, 1, vec![], vec![receipt(true, vec![malformed])]);
    let read = reader(&cfg).read(&mut memory, &block, &mut Vec::new());
    let cause = CriticalCause::Deposit { block: 51, log_index: 0, cause: DepositError::Topics(1) };
    assert_eq!(read, Err(DriveError::Derive(cause.into())));
}

/// B-005, B-006: receipts of unknown types count if they are like those known and of their transaction's type; if not, they
/// alone are discarded, and their logs are not counted. Receipts of known types must decode.
#[test]
fn receipts_of_unknown_types() {
    let cfg = rollup(Fork::Ecotone);
    let known: Bytes =
        ReceiptEnvelope::Eip1559(receipt(true, vec![deposit_log()]).with_bloom()).encoded_2718().into();
    let typed = |kind: u8| -> Bytes { [&[kind], &known[1..]].concat().into() };
    let bloom = receipt(true, vec![deposit_log()]).bloom();
    let deposits = |transactions: Vec<Bytes>, receipts: Vec<Bytes>| {
        let mut memory = Memory::default();
        let block = add_raw(&mut memory, 1, transactions, receipts, bloom);
        let mut events = Vec::new();
        let input = reader(&cfg).read(&mut memory, &block, &mut events);
        let ignored = events.iter().filter(|event| matches!(event, Event::ReceiptIgnored { .. })).count();
        input.map(|input| (input.unwrap().deposits, ignored, block.hash))
    };
    let deposit =
        |hash, index| unroll_protocol::deposit::decode_deposit(&deposit_log(), hash, index).unwrap();
    let tx = |kind: u8| Bytes::from(vec![kind, 0xc0]);
    // Like its transaction: counts.
    let (found, ignored, hash) = deposits(vec![tx(5), tx(2)], vec![typed(5), known.clone()]).unwrap();
    assert_eq!((found, ignored), (vec![deposit(hash, 0), deposit(hash, 1)], 0));
    // EIP-2718 goes up to 0x7f, and 0x7e is known.
    let (found, ignored, hash) = deposits(vec![tx(0x7f)], vec![typed(0x7f)]).unwrap();
    assert_eq!((found, ignored), (vec![deposit(hash, 0)], 0));
    // Another type than its transaction, or undecodable, and be it in the last log: discarded, with the logs before.
    let (log, bloom) = (alloy_rlp::encode(deposit_log()), [0; 256]);
    let longer = list(&[&fields(&log), &[0x80]]);
    let of_type_5 = |bloom: &[u8], logs: &[&[u8]]| {
        [&[5], &list(&[&[1, 2], &alloy_rlp::encode(bloom), &list(logs)])[..]].concat().into()
    };
    let (found, ignored, _) = deposits(vec![tx(5)], vec![of_type_5(&bloom, &[&log])]).unwrap();
    assert_eq!((found.len(), ignored), (1, 0));
    for bad in [
        typed(6),
        vec![5, 0xc1, 0x80].into(),
        vec![5].into(),
        of_type_5(&bloom, &[&log, &longer]),
        of_type_5(&bloom, &[&log, &[0x80]]),
        of_type_5(&bloom[1..], &[&log]),
    ] {
        let (found, ignored, hash) = deposits(vec![tx(5), tx(2)], vec![bad, known.clone()]).unwrap();
        assert_eq!((found, ignored), (vec![deposit(hash, 0)], 1));
    }
    let broken = deposits(vec![tx(2)], vec![vec![2, 0xc0].into()]);
    let cause = CriticalCause::Receipt { block: 51, index: 0 };
    assert_eq!(broken, Err(DriveError::Derive(cause.into())));
}

/// The RLP list of encoded items.
fn list(items: &[&[u8]]) -> Vec<u8> {
    let payload = items.concat();
    let mut out = Vec::new();
    alloy_rlp::Header { list: true, payload_length: payload.len() }.encode(&mut out);
    [out, payload].concat()
}

/// The encoded items of an RLP list.
fn fields(mut list: &[u8]) -> Vec<u8> {
    alloy_rlp::Header::decode_bytes(&mut list, true).unwrap().to_vec()
}

/// An L2 block that opens epoch `epoch`, with the batcher in force.
fn l2_block(cfg: &RollupConfig, memory: &Memory, j: u64, epoch: u64, batcher: Address) -> L2Block {
    let origin = memory.numbers[&(50 + epoch)];
    let system = SystemConfig { batcher, ..cfg.genesis.system_config };
    let info = l1_info_deposit(cfg, &system, &origin, &Default::default(), 0, L2Time(origin.time.0)).unwrap();
    let parent_hash = memory.l2.get(&(99 + j)).map_or(cfg.genesis.l2.hash, |parent| parent.header.hash());
    let eip1559 = Eip1559Params { denominator: 250, elasticity: 6 };
    let settings = BaseFeeSettings { eip1559, min_base_fee: 0 };
    let header = Header {
        number: 100 + j,
        timestamp: origin.time.0,
        parent_hash,
        gas_limit: 30_000_000,
        extra_data: settings.encode(cfg.forks.execution(L2Time(origin.time.0)).extra_data),
        ..Header::default()
    };
    L2Block { header: alloy_consensus::Sealable::seal_slow(header), transactions: vec![info] }
}

/// L1 blocks 0 to `last`; in some of them the batcher changes to the key of that number. One L2 block an epoch.
fn two_chains(cfg: &RollupConfig, last: u64, changes: &[u64]) -> Memory {
    let mut memory = Memory::default();
    let mut batcher = cfg.genesis.system_config.batcher;
    for k in 0..=last {
        let mut receipts = Vec::new();
        if changes.contains(&k) {
            batcher = address(&key(u8::try_from(k).unwrap()));
            receipts.push(receipt(true, vec![batcher_update(batcher)]));
        }
        add(&mut memory, k, vec![], receipts);
        if k > 0 {
            let block = l2_block(cfg, &memory, k, k, batcher);
            memory.l2.insert(100 + k, block);
        }
    }
    memory
}

fn tip_of(cfg: &RollupConfig, memory: &Memory, j: u64) -> Tip {
    let block = &memory.l2[&(100 + j)];
    Tip::from_block(cfg, block.header.clone(), Some(&block.transactions[0])).unwrap()
}

/// H-030: one channel timeout before the safe head's origin, but not before the rollup's L1 genesis; the timeout is Granite's
/// by the origin's time.
#[test]
fn the_start_is_a_timeout_back() {
    for (fork, last, base) in [(Fork::Bedrock, 20, 16), (Fork::Bedrock, 3, 0), (Fork::Granite, 60, 10)] {
        let cfg = rollup(fork);
        let mut memory = two_chains(&cfg, last, &[]);
        let tip = tip_of(&cfg, &memory, last);
        let start = Start::find(&cfg, &tip, &mut memory).unwrap().unwrap();
        assert_eq!((start.base.number, start.safe_origin), (50 + base, 50 + last), "{fork}");
        assert_eq!(start.batcher, address(&key(1)));
        assert_eq!(memory.asked, [""; 0], "no bloom filter, no receipts; no change, no L2 blocks");
    }
}

/// H-031: the batcher in force at the base, not at the safe head; blocks after the base tell whether it changed.
#[test]
fn the_start_has_the_batcher_of_its_block() {
    let cfg = rollup(Fork::Bedrock);
    for (changes, batcher, l2_asked) in [
        (&[16][..], 16, 0), // in the base itself: in force there already
        (&[17], 1, 1),
        (&[5, 18, 20], 5, 1),
    ] {
        let mut memory = two_chains(&cfg, 20, changes);
        let tip = tip_of(&cfg, &memory, 20);
        let start = Start::find(&cfg, &tip, &mut memory).unwrap().unwrap();
        assert_eq!(start.batcher, address(&key(batcher)), "{changes:?}");
        let asked: Vec<_> = memory.asked.iter().filter(|asked| asked.starts_with("L2")).collect();
        assert_eq!(asked.len(), l2_asked, "{asked:?}");
    }
}

/// H-031: the walk back does not assume one L2 block an epoch.
#[test]
fn the_batcher_is_found_over_long_epochs() {
    let cfg = rollup(Fork::Bedrock);
    let mut memory = two_chains(&cfg, 20, &[3, 19]);
    memory.l2.clear();
    let blocks = (1..=40u64).map(|j| (j, j.div_ceil(2))).filter(|&(_, epoch)| epoch <= 20);
    for (j, epoch) in blocks {
        let batcher = address(&key(if epoch >= 19 {
            19
        } else if epoch >= 3 {
            3
        } else {
            1
        }));
        let block = l2_block(&cfg, &memory, j, epoch, batcher);
        memory.l2.insert(100 + j, block);
    }
    let tip = tip_of(&cfg, &memory, 40);
    assert_eq!(Start::find(&cfg, &tip, &mut memory).unwrap().unwrap().batcher, address(&key(3)));
}

/// J-014, B-003: an L1 head below the safe head's origin: nothing can be derived. Another block there: a reset.
#[test]
fn l1_below_the_origin() {
    let cfg = rollup(Fork::Bedrock);
    let mut memory = two_chains(&cfg, 20, &[]);
    let tip = tip_of(&cfg, &memory, 20);
    memory.numbers.remove(&70);
    assert_eq!(Start::find(&cfg, &tip, &mut memory), Ok(None));
    assert!(Driver::new(&cfg, &tip, &mut memory).unwrap().is_none());
    add_raw(&mut memory, 20, vec![Bytes::new()], vec![], Bloom::repeat_byte(1));
    assert!(matches!(Start::find(&cfg, &tip, &mut memory), Err(DriveError::Derive(DeriveError::Reset(_)))));
}

/// H-036: the start is found between a channel timeout before the agreed head's origin and that origin; no sequencing window is
/// walked back, no finalized or unsafe head is looked for, and where the batcher did not change, no L2 block is.
#[test]
fn the_start_is_found_without_a_nodes_bookkeeping() {
    for fork in [Fork::Bedrock, Fork::Granite] {
        let cfg = rollup(fork);
        let mut memory = two_chains(&cfg, 60, &[]);
        let tip = tip_of(&cfg, &memory, 55);
        let expected = Start::find(&cfg, &tip, &mut memory.clone()).unwrap().unwrap();
        // Whoever looks elsewhere misses something, or finds the end of L1.
        memory.numbers.retain(|number, _| (expected.base.number..=105).contains(number));
        memory.headers.retain(|_, header| header.number > expected.base.number);
        memory.l2.clear();
        assert_eq!(Start::find(&cfg, &tip, &mut memory), Ok(Some(expected)), "{fork}");
        assert_eq!(memory.asked, [""; 0]);
    }
}

/// H-001: there is no unsafe chain. Blocks above the safe head may be there, the derived one or another: they are not asked for, and
/// the attributes are handed out all the same, to be executed before the next ones.
#[test]
fn blocks_above_the_safe_head_change_nothing() {
    for fork in [Fork::Ecotone, Fork::Holocene] {
        let cfg = rollup(fork);
        let (memory, tip) = derivable(&cfg);
        let derive = |mut memory: Memory| {
            let mut driver = Driver::new(&cfg, &tip, &mut memory).unwrap().unwrap();
            let attributes = driver.next_attributes(&tip, &mut memory).unwrap().unwrap();
            let unresolved = Misuse::Unresolved { time: L2Time(attributes.payload_attributes.timestamp) };
            assert_eq!(driver.next_attributes(&tip, &mut memory), Err(unresolved.into()));
            (attributes, memory.asked)
        };
        let expected = derive(memory.clone());
        assert!(!expected.1.iter().any(|asked| asked.starts_with("L2")), "{:?}", expected.1);
        for transactions in [expected.0.transactions.clone().unwrap(), vec![tx("of an unsafe block")]] {
            let mut memory = memory.clone();
            let header = Header { number: 121, parent_hash: tip.block.hash, ..Header::default() };
            let header = alloy_consensus::Sealable::seal_slow(header);
            memory.l2.insert(121, L2Block { header, transactions });
            assert_eq!(derive(memory), expected, "{fork}");
        }
    }
}

/// A chain of 20 L1 blocks with one batcher, and a batch for the slot after block 20 in L1 block 21.
pub(crate) fn derivable(cfg: &RollupConfig) -> (Memory, Tip) {
    let mut memory = two_chains(cfg, 20, &[]);
    let tip = tip_of(cfg, &memory, 20);
    let batch = unroll_protocol::batch::SingularBatch {
        parent_hash: tip.block.hash,
        epoch: tip.block.l1_origin,
        time: L2Time(l1_time(20).0 + 2),
        transactions: [tx("a")].iter().collect(),
    };
    let stream = batcher::stream([batcher::singular(&batch)]);
    let data: Bytes = batcher::compress(&stream, batcher::Compression::Zlib(6)).into();
    let frames: Vec<Frame> = vec![frame(1, 0, data, true)];
    let (key, payload) = (key(1), batcher::payload(&frames));
    if cfg.forks.derivation(l1_time(21)).blobs {
        let hash = keccak256("blob");
        memory.blobs.insert(hash, batcher::blob(&payload).unwrap());
        add(&mut memory, 21, vec![sign(blob_tx(INBOX, &[hash]), &key)], vec![]);
    } else {
        add(&mut memory, 21, vec![sign(calldata(payload), &key)], vec![]);
    }
    (memory, tip)
}

/// B-002: where L1 ends, derivation ends, without an error; it goes on when L1 does.
#[test]
fn l1_ends() {
    let cfg = rollup(Fork::Ecotone);
    let (mut memory, tip) = derivable(&cfg);
    let mut cut = memory.clone();
    cut.numbers.remove(&71);
    let mut driver = Driver::new(&cfg, &tip, &mut cut).unwrap().unwrap();
    assert_eq!(driver.next_attributes(&tip, &mut cut), Ok(None));
    assert_eq!(driver.next_attributes(&tip, &mut cut), Ok(None));
    let attributes = driver.next_attributes(&tip, &mut memory).unwrap().unwrap();
    assert_eq!(attributes.transactions.unwrap()[1..], [tx("a")]);
    assert_eq!(driver.origin().unwrap().number, 71);
    assert!(driver.drain_events().count() > 3);
}

/// H-017 and invariant 3: whatever a provider does not have comes out as its own error, and never as a block, an empty
/// block, or the end; once it is there, derivation goes on as if nothing had happened.
#[test]
fn provider_errors_are_no_verdicts() {
    let cfg = rollup(Fork::Ecotone);
    let (whole, tip) = derivable(&cfg);
    let expected = {
        let mut memory = whole.clone();
        let mut driver = Driver::new(&cfg, &tip, &mut memory).unwrap().unwrap();
        driver.next_attributes(&tip, &mut memory).unwrap()
    };
    assert!(expected.is_some());
    let origins = || whole.numbers.values().filter(|block| block.number >= 66);
    let cut = |f: &dyn Fn(&mut Memory)| {
        let mut memory = whole.clone();
        f(&mut memory);
        memory
    };
    let mut withheld: Vec<Memory> = vec![cut(&|memory| memory.blobs.clear())];
    withheld.extend(origins().map(|block| cut(&|memory| drop(memory.transactions.remove(&block.hash)))));
    withheld.extend(origins().skip(1).map(|block| cut(&|memory| drop(memory.headers.remove(&block.hash)))));
    for mut memory in withheld {
        let driver = Driver::new(&cfg, &tip, &mut memory);
        let Ok(driver) = driver else {
            assert!(matches!(driver, Err(DriveError::Provider(_))));
            continue;
        };
        let mut driver = driver.unwrap();
        assert!(matches!(driver.next_attributes(&tip, &mut memory), Err(DriveError::Provider(_))));
        let mut whole = whole.clone();
        assert_eq!(driver.next_attributes(&tip, &mut whole).unwrap(), expected);
    }
}

fn parts<'c>(
    cfg: &'c RollupConfig,
    attributes_cfg: &'c RollupConfig,
    memory: &Memory,
    origin: L1Ref,
) -> DerivationPipeline<'c, Memory, Memory, Memory> {
    let l1 = || memory.clone();
    PipelineBuilder::new()
        .rollup_config(cfg)
        .dap_source(EthereumDataSource::new(l1(), memory.clone(), cfg))
        .l2_chain_provider(memory.clone())
        .chain_provider(l1())
        .builder(StatefulAttributesBuilder::new(attributes_cfg, memory.clone(), l1()))
        .origin(origin)
        .build()
}

/// The parts put together derive what the driver derives; parts of different rollups do not fit. (A missing part does not
/// compile.)
#[test]
fn a_pipeline_of_parts() {
    let cfg = rollup(Fork::Ecotone);
    let (memory, tip) = derivable(&cfg);
    let mut pipeline = parts(&cfg, &cfg, &memory, memory.numbers[&70]);
    assert_eq!(pipeline.reject(Default::default()), Err(Misuse::ForeignAttributes.into()));
    let attributes = pipeline.next_attributes(&tip).unwrap().unwrap();
    assert_eq!(attributes.transactions.as_ref().unwrap()[1..], [tx("a")]);
    assert!(pipeline.drain_events().any(|event| matches!(event, Event::DataRead { .. })));
    assert_eq!(pipeline.reject(attributes), Ok(tip.block.id()));
    assert_eq!(pipeline.next_attributes(&tip), Ok(None));

    let other = rollup(Fork::Fjord);
    for (builder_cfg, origin, misuse) in
        [(&other, 70, Misuse::MixedParts), (&cfg, 69, Misuse::ForeignTip(tip.block.id()))]
    {
        let mut wrong = parts(&cfg, builder_cfg, &memory, memory.numbers[&origin]);
        assert_eq!(wrong.next_attributes(&tip), Err(misuse.into()));
    }
}

/// H-011: the attributes after refused ones are their deposits alone, handed out once.
#[test]
fn a_pipeline_of_parts_replaces_what_is_refused() {
    let cfg = rollup(Fork::Holocene);
    let (memory, tip) = derivable(&cfg);
    let mut pipeline = parts(&cfg, &cfg, &memory, memory.numbers[&70]);
    let refused = pipeline.next_attributes(&tip).unwrap().unwrap();
    let mut deposits = refused.clone();
    deposits.transactions.as_mut().unwrap().truncate(1);
    assert_ne!(deposits, refused);
    assert_eq!(pipeline.reject(refused), Ok(tip.block.id()));
    assert_eq!(pipeline.next_attributes(&tip), Ok(Some(deposits)));
    let unused = pipeline.next_attributes(&tip).unwrap_err();
    assert!(matches!(unused, DriveError::Derive(_)), "{unused}");
}
