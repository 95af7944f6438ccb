//! User deposits: real ones of OP Sepolia and OP Mainnet, and malformed ones (G-010 to G-020).
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod common;

use alloy_consensus::ReceiptEnvelope;
use alloy_eips::eip2718::Decodable2718;
use alloy_primitives::{Address, B256, Bytes, Log, LogData, TxKind, U256, address, b256, keccak256};
use common::{bytes, hash, header, number, present, read};
use serde_json::Value;
use std::collections::BTreeMap;
use unroll_protocol::{
    chains,
    deposit::{DEPOSIT_TOPIC, DepositError, DepositTx, SourceHash, decode_deposit, is_deposit},
    l1_info::{L1Fees, L1Info, l1_info_deposit},
    system_config::SystemConfig,
    units::{L1Ref, L1Time, L2Time},
};

const PORTAL: Address = address!("bEb5Fc579115071764c7423A4f12eDde41f106Ed");
const BLOCK: B256 = b256!("0b00000000000000000000000000000000000000000000000000000000000000");

fn lines(path: &str) -> Vec<Value> {
    let text = String::from_utf8(read(path)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The deposits of an L1 block, from its receipts.
fn user_deposits(block: &Value, portal: Address) -> Vec<Bytes> {
    let mut deposits = Vec::new();
    let mut index = 0;
    for receipt in block["receipts"].as_array().unwrap() {
        let receipt = ReceiptEnvelope::decode_2718_exact(&bytes(receipt)).unwrap();
        for log in receipt.logs() {
            if receipt.status() && is_deposit(log, portal) {
                deposits.push(decode_deposit(log, hash(&block["hash"]), index).unwrap());
            }
            index += 1;
        }
    }
    deposits
}

/// G-025, G-027, G-031, G-032, G-034: the L1-info deposits of real L2 blocks, made from the headers of L1.
/// G-010: the many deposits in these L1 blocks are other rollups'.
#[test]
fn deposits_of_op_sepolia() {
    if !present() {
        return;
    }
    let folder = "data/derivation/op-sepolia-granite-16491249";
    let cfg = chains::by_chain_id(11_155_420).unwrap();
    let l1: BTreeMap<_, _> = lines(&format!("{folder}/l1-blocks.jsonl.zst"))
        .into_iter()
        .map(|block| (number(&block["number"]), block))
        .collect();
    let mut seen = 0;
    for block in lines(&format!("{folder}/derived-l2-blocks.jsonl.zst")) {
        let (Some(expected), Some(origin)) =
            (block["deposit_transactions"].as_array(), l1.get(&number(&block["l1_origin"])))
        else {
            continue;
        };
        let expected: Vec<_> = expected.iter().map(bytes).collect();
        let sequence_number = number(&block["sequence_number"]);
        let mut actual =
            vec![l1_info(&expected[0], origin, sequence_number, L2Time(number(&block["timestamp"])))];
        if sequence_number == 0 {
            actual.extend(user_deposits(origin, cfg.deposit_contract));
        }
        assert_eq!(actual, expected, "block {}", block["number"]);
        seen += 1;
    }
    assert!(seen > 100, "{seen}");
}

/// The L1-info deposit anew: the L1 part from the header, the system config as the deposit itself has it.
fn l1_info(expected: &Bytes, origin: &Value, sequence_number: u64, time: L2Time) -> Bytes {
    let cfg = chains::by_chain_id(11_155_420).unwrap();
    let info = L1Info::decode(&DepositTx::decode(expected).unwrap().data, cfg.l1_info_format(time)).unwrap();
    let system =
        SystemConfig { batcher: info.batcher, scalar: info.fee_scalars.encode(), ..Default::default() };
    let header = header(&origin["header_rlp"]);
    let origin = L1Ref {
        number: header.number,
        hash: header.hash(),
        parent_hash: header.parent_hash,
        time: L1Time(header.timestamp),
    };
    let fees = L1Fees { base_fee: header.base_fee_per_gas.unwrap(), excess_blob_gas: header.excess_blob_gas };
    l1_info_deposit(cfg, &system, &origin, &fees, sequence_number, time).unwrap()
}

/// G-010, G-012 to G-015, G-017 to G-019: the deposits of real OP Mainnet blocks, by position among all logs of the L1 block.
#[test]
fn deposits_of_op_mainnet() {
    if !present() {
        return;
    }
    let portal = chains::by_chain_id(10).unwrap().deposit_contract;
    assert_eq!(portal, PORTAL);
    let l1 = lines("data/derivation/op-mainnet-regolith-109279584/l1-blocks.jsonl.zst");
    let derived: Vec<_> = l1
        .iter()
        .filter(|block| block["receipts"].is_array())
        .flat_map(|block| user_deposits(block, portal))
        .collect();
    let mut seen = 0;
    for path in
        common::files("data/exec", ".json.zst").into_iter().filter(|path| path.contains("op-mainnet-1092796"))
    {
        let file = common::json(&path);
        for tx in file["payload_attributes"]["transactions"].as_array().unwrap()[1..].iter().map(bytes) {
            if tx[0] == 0x7e {
                assert!(derived.contains(&tx), "{path}");
                seen += 1;
            }
        }
    }
    assert!(seen > 0);
}

struct Deposit {
    mint: U256,
    value: U256,
    gas: u64,
    creation: u8,
    data: Vec<u8>,
}

impl Deposit {
    fn opaque(&self) -> Vec<u8> {
        let [mint, value] = [self.mint, self.value].map(|word| word.to_be_bytes::<32>());
        [&mint[..], &value, &self.gas.to_be_bytes(), &[self.creation], &self.data].concat()
    }
}

fn simple() -> Deposit {
    Deposit { mint: U256::from(1), value: U256::from(2), gas: 3, creation: 0, data: vec![4; 5] }
}

/// ABI data of one `bytes`.
fn abi(opaque: &[u8]) -> Vec<u8> {
    let head = [U256::from(32), U256::from(opaque.len())].map(|word| word.to_be_bytes::<32>()).concat();
    let padding = vec![0; opaque.len().next_multiple_of(32) - opaque.len()];
    [&head[..], opaque, &padding].concat()
}

fn log(data: Vec<u8>) -> Log {
    let topics = vec![
        DEPOSIT_TOPIC,
        address!("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa").into_word(),
        address!("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb").into_word(),
        B256::ZERO,
    ];
    Log { address: PORTAL, data: LogData::new_unchecked(topics, data.into()) }
}

fn decode(log: &Log) -> Result<DepositTx, DepositError> {
    decode_deposit(log, BLOCK, 9).map(|tx| DepositTx::decode(&tx).unwrap())
}

/// G-010: only this event, only of this contract.
#[test]
fn only_the_portals_deposits_count() {
    assert_eq!(DEPOSIT_TOPIC, keccak256("TransactionDeposited(address,address,uint256,bytes)"));
    let mut log = log(abi(&simple().opaque()));
    assert!(is_deposit(&log, PORTAL));
    assert!(!is_deposit(&log, Address::ZERO));
    log.data.topics_mut_unchecked()[0] = B256::ZERO;
    assert!(!is_deposit(&log, PORTAL));
    assert!(!is_deposit(&Log { data: LogData::empty(), ..log }, PORTAL));
}

/// G-011, G-012, trap 3: a malformed deposit is an error to halt with, unlike a malformed config update.
#[test]
fn trap_3_malformed_deposits_halt() {
    let valid = log(abi(&simple().opaque()));
    let with = |topics: &[B256]| {
        decode(&Log {
            data: LogData::new_unchecked(topics.to_vec(), valid.data.data.clone()),
            ..valid.clone()
        })
    };
    let topics = valid.topics();
    assert!(with(topics).is_ok());
    for count in 1..4 {
        assert_eq!(with(&topics[..count]), Err(DepositError::Topics(count)));
    }
    assert_eq!(with(&[topics, &[B256::ZERO]].concat()), Err(DepositError::Topics(5)));
    for byte in 0..32 {
        let mut version = B256::ZERO;
        version[byte] = 1;
        assert_eq!(with(&[topics[0], topics[1], topics[2], version]), Err(DepositError::Version(version)));
    }
    // The upper bytes of addresses are not looked at.
    let mut dirty = topics[1];
    dirty[0] = 1;
    assert_eq!(with(&[topics[0], dirty, topics[2], B256::ZERO]), with(topics));
}

/// G-013: whole words, an offset of 32, a length inside the data with less than a word of padding of any content.
#[test]
fn deposit_data_is_one_bytes() {
    let opaque = simple().opaque();
    let valid = abi(&opaque);
    let bad = |data: Vec<u8>| {
        let length = data.len();
        assert_eq!(decode(&log(data)), Err(DepositError::Data(length)));
    };
    for length in (0..valid.len()).filter(|length| *length < 64 || length % 32 != 0) {
        bad(valid[..length].to_vec());
    }
    bad(valid[..valid.len() - 32].to_vec());
    bad([&valid[..], &[0; 32]].concat());
    let edit = |at: usize, value: u8| {
        let mut data = valid.clone();
        data[at] = value;
        data
    };
    bad(edit(31, 64));
    bad(edit(0, 1));
    bad(edit(32, 1));
    bad(edit(56, 255));
    bad(edit(63, u8::try_from(valid.len() - 64 + 1).unwrap()));
    bad(edit(63, 64));
    assert!(decode(&log(edit(valid.len() - 1, 7))).is_ok(), "padding is not looked at");
}

/// G-014, G-018: 73 bytes at least; the rest is calldata. The sender is the one in the log.
#[test]
fn opaque_data() {
    let opaque = simple().opaque();
    for length in 0..73 {
        assert_eq!(decode(&log(abi(&opaque[..length]))), Err(DepositError::Opaque(length)));
    }
    assert_eq!(decode(&log(abi(&opaque[..73]))).unwrap().data, Bytes::new());
    let tx = decode(&log(abi(&opaque))).unwrap();
    let expected = DepositTx {
        source_hash: SourceHash::User { l1_block_hash: BLOCK, log_index: 9 }.hash(),
        from: address!("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        to: TxKind::Call(address!("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")),
        mint: U256::from(1),
        value: U256::from(2),
        gas: 3,
        is_system: false,
        data: vec![4; 5].into(),
    };
    assert_eq!(tx, expected);
}

/// G-015: any value but zero makes a creation; a call may go to the zero address.
#[test]
fn creation_flag() {
    for creation in [0, 1, 2, 255] {
        let tx = decode(&log(abi(&Deposit { creation, ..simple() }.opaque()))).unwrap();
        assert_eq!(tx.to.is_create(), creation != 0);
    }
    let mut to_zero = log(abi(&simple().opaque()));
    to_zero.data.topics_mut_unchecked()[2] = B256::ZERO;
    assert_eq!(decode(&to_zero).unwrap().to, TxKind::Call(Address::ZERO));
}

/// G-016: the mint has 256 bits, all of which are encoded.
#[test]
fn mint_is_not_truncated() {
    for mint in [U256::ZERO, U256::from(u128::MAX), U256::ONE << 128, U256::MAX] {
        let encoded = decode_deposit(&log(abi(&Deposit { mint, ..simple() }.opaque())), BLOCK, 9).unwrap();
        let tx = DepositTx::decode(&encoded).unwrap();
        assert_eq!(tx.mint, mint);
        assert_eq!(tx.encode(), encoded);
    }
}

/// G-017, G-020: the formulas, spelled out.
#[test]
fn source_hashes() {
    let word = |number: u64| U256::from(number).to_be_bytes::<32>();
    let inner = |number| keccak256([&BLOCK[..], &word(number)].concat());
    let outer = |domain, inner: B256| keccak256([&word(domain)[..], &inner[..]].concat());
    assert_eq!(SourceHash::User { l1_block_hash: BLOCK, log_index: 300 }.hash(), outer(0, inner(300)));
    assert_eq!(SourceHash::L1Info { l1_block_hash: BLOCK, sequence_number: 4 }.hash(), outer(1, inner(4)));
    assert_eq!(SourceHash::Upgrade { intent: "Ecotone: x" }.hash(), outer(2, keccak256("Ecotone: x")));
}

/// G-019: the encoding, also as op-alloy has it where the mint fits.
#[test]
fn encoding_is_op_alloys() {
    use alloy_eips::eip2718::Encodable2718;
    for (creation, mint) in [(0, 0u128), (1, 0), (0, u128::MAX), (1, 127), (0, 128)] {
        let tx =
            decode(&log(abi(&Deposit { creation, mint: U256::from(mint), ..simple() }.opaque()))).unwrap();
        let theirs = op_alloy_consensus::TxDeposit {
            source_hash: tx.source_hash,
            from: tx.from,
            to: tx.to,
            mint,
            value: tx.value,
            gas_limit: tx.gas,
            is_system_transaction: tx.is_system,
            input: tx.data.clone(),
        };
        assert_eq!(tx.encode(), theirs.encoded_2718());
    }
    let system = DepositTx { is_system: true, ..decode(&log(abi(&simple().opaque()))).unwrap() };
    assert_eq!(DepositTx::decode(&system.encode()), Ok(system));
}

/// bytes that are no deposit, or more than one, are refused.
#[test]
fn decoding_is_strict() {
    let encoded = decode_deposit(&log(abi(&simple().opaque())), BLOCK, 9).unwrap();
    for length in 0..encoded.len() {
        assert!(DepositTx::decode(&encoded[..length]).is_err());
    }
    assert!(DepositTx::decode(&[&encoded[..], &[0]].concat()).is_err());
    assert!(DepositTx::decode(&[&[2], &encoded[1..]].concat()).is_err());
    let mut longer = encoded[3..].to_vec();
    longer.push(0x80);
    let header = alloy_rlp::Header { list: true, payload_length: longer.len() };
    let mut extra = vec![0x7e];
    header.encode(&mut extra);
    extra.extend(longer);
    assert!(DepositTx::decode(&extra).is_err(), "a ninth field");
}
