//! Well-formed inputs for the fuzz targets, made by our own encoders.

use crate::alt_da::{challenge_log, resolve_call};
use crate::batcher::{self, Compression, Span};
use alloy_consensus::{
    Eip658Value, Receipt, ReceiptEnvelope, SignableTransaction, TxEip1559, TxEip2930, TxEip4844, TxEip7702,
    TxLegacy,
};
use alloy_eips::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, Log, Signature, TxKind, U256};
use unroll_protocol::{
    batch::{SingularBatch, SpanBlock},
    config::RollupConfig,
    deposit::{DepositTx, SourceHash},
    extra_data::BaseFeeSettings,
    forks::{ExtraData, L1InfoFormat},
    frame::ChannelId,
    l1_info::L1Info,
    output_root::OutputRoot,
    system_config::Eip1559Params,
    units::L2Time,
};

/// A transaction of each type of L1, and a deposit.
pub fn transactions() -> Vec<Vec<u8>> {
    let to = Address::repeat_byte(0xff);
    let input = Bytes::from_static(b"\0frames");
    let signed = |tx: &dyn Signed| tx.signed();
    vec![
        signed(&TxLegacy { to: TxKind::Call(to), input: input.clone(), ..TxLegacy::default() }),
        signed(&TxLegacy { chain_id: Some(1), ..TxLegacy::default() }),
        signed(&TxEip2930 { to: TxKind::Call(to), input: input.clone(), ..TxEip2930::default() }),
        signed(&TxEip1559 { to: TxKind::Call(to), input: input.clone(), ..TxEip1559::default() }),
        signed(&TxEip4844 {
            to,
            blob_versioned_hashes: vec![B256::repeat_byte(1); 3],
            ..TxEip4844::default()
        }),
        signed(&TxEip7702 { to, input, ..TxEip7702::default() }),
        deposit(Address::ZERO, 1).encode().to_vec(),
    ]
}

/// Types differ, so that a list of them needs a trait object.
trait Signed {
    fn signed(&self) -> Vec<u8>;
}

impl<T: SignableTransaction<Signature> + Clone> Signed for T
where
    alloy_consensus::Signed<T>: Encodable2718,
{
    fn signed(&self) -> Vec<u8> {
        self.clone().into_signed(Signature::test_signature()).encoded_2718()
    }
}

/// Batch strings: a singular batch, and a span of ten blocks.
fn strings() -> [Vec<u8>; 2] {
    let to = TxKind::Call(Address::repeat_byte(0x11));
    let transactions = [
        Signed::signed(&TxLegacy { chain_id: Some(10), to, ..TxLegacy::default() }),
        Signed::signed(&TxEip2930 { chain_id: 10, to, ..TxEip2930::default() }),
        Signed::signed(&TxEip1559 { chain_id: 10, nonce: 300, ..TxEip1559::default() }),
        Signed::signed(&TxEip7702 { chain_id: 10, ..TxEip7702::default() }),
    ];
    let singular = SingularBatch { transactions: transactions.iter().collect(), ..Default::default() };
    let block = |number: u32| SpanBlock {
        time: L2Time(u64::from(number) * 2),
        epoch_number: u64::from(100 + number / 3),
        transactions: transactions.iter().cycle().take(number as usize % 7).collect(),
    };
    let cfg = RollupConfig { block_time: 2, l2_chain_id: 10, ..RollupConfig::default() };
    let span = Span { blocks: (0..10).map(block).collect(), ..Span::default() };
    [batcher::singular(&singular), batcher::span(&span, &cfg).expect("a span as it should be")]
}

/// Decompressed channels.
pub fn streams() -> Vec<Vec<u8>> {
    let [singular, span] = strings();
    vec![batcher::stream([&singular]), batcher::stream([&span]), batcher::stream([&span, &singular, &span])]
}

/// Compressed channels.
pub fn channels() -> Vec<Vec<u8>> {
    let compressions = [Compression::Zlib(0), Compression::Zlib(9), Compression::Brotli(9)];
    let streams = streams();
    compressions.into_iter().flat_map(|how| streams.iter().map(move |s| batcher::compress(s, how))).collect()
}

/// Channels in frames of at most 100 bytes.
pub fn payloads() -> Vec<Vec<u8>> {
    let payload =
        |channel: Vec<u8>| batcher::payload(&batcher::frames(ChannelId::default(), &channel.into(), 100));
    channels().into_iter().map(|channel| payload(channel).to_vec()).collect()
}

/// The beginnings of blobs.
pub fn blobs() -> Vec<Vec<u8>> {
    let blob = |payload: Vec<u8>| batcher::blob(&payload).expect("short payloads fit")[..1024].to_vec();
    payloads().into_iter().take(3).map(blob).collect()
}

/// Frames of one channel, two bytes each: number and closing flag, data.
pub fn frame_orders() -> Vec<Vec<u8>> {
    vec![
        vec![0, 1, 1, 2, 0x42, 3],          // in order
        vec![0x42, 3, 1, 2, 0, 1],          // backwards
        vec![5, 1, 4, 2, 0x43, 3, 0, 4, 0], // the closing frame displaces others
    ]
}

/// The data of config updates: one, two and three words.
pub fn config_updates() -> Vec<Vec<u8>> {
    [32, 64, 96].into_iter().map(abi_bytes).collect()
}

/// Deposits, and the data of logs that announce some.
pub fn deposits() -> Vec<Vec<u8>> {
    let encoded = [deposit(Address::ZERO, 0), deposit(Address::repeat_byte(1), u64::MAX)];
    let logs = [73, 96, 255].into_iter().map(abi_bytes);
    encoded.iter().map(|tx| tx.encode().to_vec()).chain(logs).collect()
}

/// The calldata of L1 infos in each format.
pub fn l1_infos() -> Vec<Vec<u8>> {
    let formats = [L1InfoFormat::Bedrock, L1InfoFormat::Ecotone, L1InfoFormat::Isthmus, L1InfoFormat::Jovian];
    formats.map(|format| L1Info { format, sequence_number: 7, ..L1Info::default() }.encode().to_vec()).into()
}

/// Receipts of each type, with logs of one to three topics.
pub fn l1_receipts() -> Vec<Vec<u8>> {
    let log = |topics: usize| {
        let data = Bytes::from(abi_bytes(32));
        Log::new_unchecked(Address::repeat_byte(7), vec![B256::repeat_byte(9); topics], data)
    };
    let receipt = |success: bool, logs: usize| {
        let status = Eip658Value::Eip658(success);
        Receipt { status, cumulative_gas_used: 21_000, logs: (1..=logs).map(log).collect() }.with_bloom()
    };
    [
        ReceiptEnvelope::Legacy(receipt(true, 0)),
        ReceiptEnvelope::Legacy(receipt(true, 2)),
        ReceiptEnvelope::Eip2930(receipt(false, 0)),
        ReceiptEnvelope::Eip1559(receipt(true, 3)),
        ReceiptEnvelope::Eip4844(receipt(true, 1)),
        ReceiptEnvelope::Eip7702(receipt(true, 1)),
    ]
    .iter()
    .map(Encodable2718::encoded_2718)
    .collect()
}

/// A `rollup.json`, and the config of an L1.
pub fn config_files() -> Vec<Vec<u8>> {
    let hash = B256::repeat_byte(0x11);
    let address = Address::repeat_byte(0x22);
    let rollup = serde_json::json!({
        "genesis": {
            "l1": { "hash": hash, "number": 1 },
            "l2": { "hash": hash, "number": 0 },
            "l2_time": 1_700_000_000,
            "system_config": {
                "batcherAddr": address, "overhead": hash, "scalar": hash, "gasLimit": 30_000_000,
                "eip1559Params": "0x0000000000000000", "operatorFeeParams": B256::ZERO,
            },
        },
        "block_time": 2, "max_sequencer_drift": 600, "seq_window_size": 3600, "channel_timeout": 300,
        "l1_chain_id": 1, "l2_chain_id": 10, "regolith_time": 0, "canyon_time": 1_700_000_100,
        "batch_inbox_address": address, "deposit_contract_address": address, "l1_system_config_address": address,
        "chain_op_config": { "eip1559Elasticity": 6, "eip1559Denominator": 50, "eip1559DenominatorCanyon": 250 },
        "alt_da": { "da_challenge_window": 1, "da_resolve_window": 1, "da_commitment_type": "GenericCommitment" },
        "somebody_elses": null,
    });
    let l1 = serde_json::json!({
        "chainId": 900, "cancunTime": 0, "pragueTime": 10, "bpo1Time": 20,
        "blobSchedule": {
            "cancun": { "baseFeeUpdateFraction": 3_338_477 },
            "prague": { "baseFeeUpdateFraction": 5_007_716 },
            "bpo1": { "baseFeeUpdateFraction": 8_346_193 },
        },
    });
    vec![rollup.to_string().into_bytes(), l1.to_string().into_bytes()]
}

/// A chain as the superchain registry describes it.
pub fn superchain() -> Vec<Vec<u8>> {
    let (hash, address) = (B256::repeat_byte(0x11), Address::repeat_byte(0x22));
    let text = format!(
        r#"
name = "Ours"
chain_id = 7777001
batch_inbox_addr = "{address}"
block_time = 2
seq_window_size = 3600
max_sequencer_drift = 600

[hardforks]
canyon_time = 1700000100

[optimism]
eip1559_elasticity = 6
eip1559_denominator = 50
eip1559_denominator_canyon = 250

[alt_da]
da_challenge_window = 1
da_resolve_window = 1
da_commitment_type = "GenericCommitment"

[genesis]
l2_time = 1700000000
[genesis.l1]
hash = "{hash}"
number = 1
[genesis.l2]
hash = "{hash}"
number = 0
[genesis.system_config]
batcherAddress = "{address}"
overhead = "{hash}"
scalar = "{hash}"
gasLimit = 30000000

[addresses]
OptimismPortalProxy = "{address}"
SystemConfigProxy = "{address}"
"#
    );
    vec![text.into_bytes()]
}

/// Commitments to data elsewhere, a challenge of one, and the answer to it.
pub fn alt_da() -> Vec<Vec<u8>> {
    let commitment = [&[0], &B256::repeat_byte(7)[..]].concat();
    let event = challenge_log(Address::ZERO, 5, &commitment, 1).data.data.to_vec();
    let call = resolve_call(5, &commitment, &[9, 9]).to_vec();
    vec![commitment, b"\x01\x7elayer 126".to_vec(), event, call]
}

/// Extra data of Holocene's headers, and of Jovian's.
pub fn extra_data() -> Vec<Vec<u8>> {
    let eip1559 = Eip1559Params { denominator: 250, elasticity: 6 };
    let settings = BaseFeeSettings { eip1559, min_base_fee: 1_000_000 };
    [ExtraData::Eip1559, ExtraData::Eip1559AndMinBaseFee]
        .map(|format| settings.encode(format).to_vec())
        .into()
}

/// The preimage of an output root.
pub fn output_roots() -> Vec<Vec<u8>> {
    let [state_root, message_passer_storage_root, block_hash] = [1, 2, 3].map(B256::repeat_byte);
    vec![OutputRoot { state_root, message_passer_storage_root, block_hash }.encode().to_vec()]
}

/// Bundles of upgrade transactions.
pub fn bundles() -> Vec<Vec<u8>> {
    let address = Address::repeat_byte(0x33);
    let call = serde_json::json!({ "intent": "Call", "from": address, "to": address, "gasLimit": 1, "data": "0x01" });
    let create =
        serde_json::json!({ "intent": "Deploy", "from": address, "to": null, "gasLimit": 2, "data": "0x" });
    let bundle = serde_json::json!({ "metadata": { "version": "1" }, "transactions": [call, create] });
    vec![bundle.to_string().into_bytes()]
}

fn deposit(from: Address, number: u64) -> DepositTx {
    DepositTx {
        source_hash: SourceHash::User { l1_block_hash: B256::ZERO, log_index: number }.hash(),
        from,
        to: if number == 0 { TxKind::Create } else { TxKind::Call(from) },
        mint: U256::from(number),
        value: U256::from(number),
        gas: number,
        is_system: false,
        data: Bytes::from_static(b"calldata"),
    }
}

/// The ABI encoding of so many zero bytes.
fn abi_bytes(length: u8) -> Vec<u8> {
    let mut data = vec![0; 64 + usize::from(length).next_multiple_of(32)];
    (data[31], data[63]) = (32, length);
    data
}
