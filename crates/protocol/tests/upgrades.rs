//! The transactions of network upgrades against the specs' hashes and real activation blocks.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod common;

use alloy_primitives::{Address, B256, Bytes, TxKind, U256, address, b256, hex, keccak256};
use common::{bytes, hash, json, number, present, read};
use unroll_protocol::{
    deposit::{DEPOSITOR, DepositTx, SourceHash},
    forks::Fork,
    upgrades::{BundleError, Upgrade, decode_bundle, extra_gas, upgrade_transactions},
};

const ZERO: Address = Address::ZERO;
const L1_BLOCK: Address = address!("4200000000000000000000000000000000000015");
const GAS_PRICE_ORACLE: Address = address!("420000000000000000000000000000000000000F");
const OPERATOR_FEE_VAULT: Address = address!("420000000000000000000000000000000000001b");

/// What the specs say of a transaction: sender, callee, gas, intent, source hash, and the start of its calldata, if it is
/// a call.
struct Expected(Address, Option<Address>, u64, &'static str, B256, &'static [u8]);

fn builtin(fork: Fork) -> Vec<Bytes> {
    match upgrade_transactions(fork) {
        Upgrade::Builtin(builtin) => builtin.transactions().collect(),
        other => panic!("{other:?}"),
    }
}

/// The calldata of a proxy's upgrade to a contract: `3659cfe6` and the address.
fn upgrade_to(data: &[u8]) -> Option<Address> {
    let word = data.strip_prefix(&[0x36, 0x59, 0xcf, 0xe6])?;
    Some(Address::from_word(B256::try_from(word).ok()?))
}

fn check(fork: Fork, expected: &[Expected]) -> Vec<DepositTx> {
    let encoded = builtin(fork);
    assert_eq!(encoded.len(), expected.len());
    let transactions: Vec<_> = encoded.iter().map(|tx| DepositTx::decode(tx).unwrap()).collect();
    for (tx, Expected(from, to, gas, intent, source, data)) in transactions.iter().zip(expected) {
        assert_eq!(tx.from, *from, "{intent}");
        assert_eq!(tx.to, to.map_or(TxKind::Create, TxKind::Call), "{intent}");
        assert_eq!(tx.gas, *gas, "{intent}");
        assert_eq!((tx.mint, tx.value, tx.is_system), (U256::ZERO, U256::ZERO, false), "{intent}");
        assert_eq!(tx.source_hash, *source, "{intent}");
        assert_eq!(SourceHash::Upgrade { intent }.hash(), *source, "{intent}");
        assert!(tx.data.starts_with(data), "{intent}");
        // A call is a selector alone, or one with the address of a proxy's upgrade.
        assert!(to.is_none() || upgrade_to(&tx.data).is_some() || tx.data[..] == **data, "{intent}");
    }
    // The proxies go to what the block itself deployed: each sender deploys its first contract.
    let deployed: Vec<_> =
        transactions.iter().filter(|tx| tx.to == TxKind::Create).map(|tx| tx.from.create(0)).collect();
    for tx in &transactions {
        assert!(upgrade_to(&tx.data).is_none_or(|target| deployed.contains(&target)));
    }
    transactions
}

/// Whether a transaction deploys code of this hash, and is nothing else: a Solidity constructor without arguments has 32 bytes, which
/// copy and return what follows. So all of the transaction is checked without running it. Only the operator fee vault's constructor
/// also writes into the code: the devnet runs it, in the story `activation_block`, and a real block has it.
fn deploys(tx: &DepositTx, code_hash: B256) -> bool {
    let (constructor, code) = tx.data.split_at(32);
    let length = u16::try_from(code.len()).unwrap().to_be_bytes();
    let [before, after] =
        [&hex!("608060405234801561001057600080fd5b5061")[..], &hex!("806100206000396000f3fe")];
    constructor == [before, &length, after].concat() && keccak256(code) == code_hash
}

/// G-050: Ecotone, 6 transactions.
#[test]
fn ecotone() {
    let s = address!("4210000000000000000000000000000000000000");
    let t = address!("4210000000000000000000000000000000000001");
    let r = address!("0B799C86a49DEeb90402691F1041aa3AF2d3C875");
    #[rustfmt::skip]
    let txs = check(Fork::Ecotone, &[
        Expected(s, None, 375_000, "Ecotone: L1 Block Deployment", b256!("877a6077205782ea15a6dc8699fa5ebcec5e0f4389f09cb8eda09488231346f8"), &[0x60]),
        Expected(t, None, 1_000_000, "Ecotone: Gas Price Oracle Deployment", b256!("a312b4510adf943510f05fcc8f15f86995a5066bd83ce11384688ae20e6ecf42"), &[0x60]),
        Expected(ZERO, Some(L1_BLOCK), 50_000, "Ecotone: L1 Block Proxy Update", b256!("18acb38c5ff1c238a7460ebc1b421fa49ec4874bdf1e0a530d234104e5e67dbc"), &[0x36, 0x59, 0xcf, 0xe6]),
        Expected(ZERO, Some(GAS_PRICE_ORACLE), 50_000, "Ecotone: Gas Price Oracle Proxy Update", b256!("ee4f9385eceef498af0be7ec5862229f426dec41c8d42397c7257a5117d9230a"), &[0x36, 0x59, 0xcf, 0xe6]),
        Expected(DEPOSITOR, Some(GAS_PRICE_ORACLE), 80_000, "Ecotone: Gas Price Oracle Set Ecotone", b256!("0c1cb38e99dbc9cbfab3bb80863380b0905290b37eb3d6ab18dc01c1f3e75f93"), &[0x22, 0xb9, 0x0a, 0xb3]),
        Expected(r, None, 250_000, "Ecotone: beacon block roots contract deployment", b256!("69b763c48478b9dc2f65ada09b3d92133ec592ea715ec65ad6e7f3dc519dc00c"), &[0x60]),
    ]);
    assert_eq!(s.create(0), address!("07dbe8500fc591d1852B76feE44d5a05e13097Ff"));
    assert_eq!(t.create(0), address!("b528D11cC114E026F138fE568744c6D45ce6Da7A"));
    assert_eq!(r.create(0), address!("000F3df6D732807Ef1319fB7B8bB8522d0Beac02"));
    assert_eq!(r.create(1), address!("E3aE1Ae551eeEda337c0BfF6C4c7cbA98dce353B"));
    assert_eq!(upgrade_to(&txs[2].data), Some(s.create(0)));
    assert_eq!(upgrade_to(&txs[3].data), Some(t.create(0)));
    let eip_4788 = b256!("f57acd40259872606d76197ef052f3d35588dadf919ee1f0e3cb9b62d3f4b02c");
    assert_eq!(
        (&txs[5].data[..9], keccak256(&txs[5].data[9..])),
        (&hex!("60618060095f395ff3")[..], eip_4788)
    );
    assert!(deploys(&txs[0], b256!("c88a313aa75dc4fbf0b6850d9f9ae41e04243b7008cf3eadb29256d4a71c1dfd")));
    assert!(deploys(&txs[1], b256!("8b71360ea773b4cfaf1ae6d2bd15464a4e1e2e360f786e475f63aeaed8da0ae5")));
}

/// G-051: Fjord, 3 transactions.
#[test]
fn fjord() {
    let s = address!("4210000000000000000000000000000000000002");
    #[rustfmt::skip]
    let txs = check(Fork::Fjord, &[
        Expected(s, None, 1_450_000, "Fjord: Gas Price Oracle Deployment", b256!("86122c533fdcb89b16d8713174625e44578a89751d96c098ec19ab40a51a8ea3"), &[0x60]),
        Expected(ZERO, Some(GAS_PRICE_ORACLE), 50_000, "Fjord: Gas Price Oracle Proxy Update", b256!("1e6bb0c28bfab3dc9b36ffb0f721f00d6937f33577606325692db0965a7d58c6"), &[0x36, 0x59, 0xcf, 0xe6]),
        Expected(DEPOSITOR, Some(GAS_PRICE_ORACLE), 90_000, "Fjord: Gas Price Oracle Set Fjord", b256!("bac7bb0d5961cad209a345408b0280a0d4686b1b20665e1b0f9cdafd73b19b6b"), &[0x8e, 0x98, 0xb1, 0x06]),
    ]);
    assert_eq!(upgrade_to(&txs[1].data), Some(address!("a919894851548179A0750865e7974DA599C0Fac7")));
    assert!(deploys(&txs[0], b256!("a88fa50a2745b15e6794247614b5298483070661adacb8d32d716434ed24c6b2")));
}

/// G-052: Isthmus, 8 transactions; `291b0383` is setIsthmus.
#[test]
fn isthmus() {
    let s = address!("4210000000000000000000000000000000000003");
    let t = address!("4210000000000000000000000000000000000004");
    let u = address!("4210000000000000000000000000000000000005");
    let h = address!("3462413Af4609098e1E27A490f554f260213D685");
    #[rustfmt::skip]
    let txs = check(Fork::Isthmus, &[
        Expected(s, None, 425_000, "Isthmus: L1 Block Deployment", b256!("3b2d0821ca2411ad5cd3595804d1213d15737188ae4cbd58aa19c821a6c211bf"), &[0x60]),
        Expected(t, None, 1_625_000, "Isthmus: Gas Price Oracle Deployment", b256!("fc70b48424763fa3fab9844253b4f8d508f91eb1f7cb11a247c9baec0afb8035"), &[0x60]),
        Expected(u, None, 500_000, "Isthmus: Operator Fee Vault Deployment", b256!("107a570d3db75e6110817eb024f09f3172657e920634111ce9875d08a16daa96"), &[0x60]),
        Expected(ZERO, Some(L1_BLOCK), 50_000, "Isthmus: L1 Block Proxy Update", b256!("ebe8b5cb10ca47e0d8bda8f5355f2d66711a54ddeb0ef1d30e29418c9bf17a0e"), &[0x36, 0x59, 0xcf, 0xe6]),
        Expected(ZERO, Some(GAS_PRICE_ORACLE), 50_000, "Isthmus: Gas Price Oracle Proxy Update", b256!("ecf2d9161d26c54eda6b7bfdd9142719b1e1199a6e5641468d1bf705bc531ab0"), &[0x36, 0x59, 0xcf, 0xe6]),
        Expected(ZERO, Some(OPERATOR_FEE_VAULT), 50_000, "Isthmus: Operator Fee Vault Proxy Update", b256!("ad74e1adb877ccbe176b8fa1cc559388a16e090ddbe8b512f5b37d07d887a927"), &[0x36, 0x59, 0xcf, 0xe6]),
        Expected(DEPOSITOR, Some(GAS_PRICE_ORACLE), 90_000, "Isthmus: Gas Price Oracle Set Isthmus", b256!("3ddf4b1302548dd92939826e970f260ba36167f4c25f18390a5e8b194b295319"), &[0x29, 0x1b, 0x03, 0x83]),
        Expected(h, None, 250_000, "Isthmus: EIP-2935 Contract Deployment", b256!("bfb734dae514c5974ddf803e54c1bc43d5cdb4a48ae27e1d9b875a5a150b553a"), &[0x60]),
    ]);
    assert_eq!(upgrade_to(&txs[3].data), Some(address!("Ff256497D61dcd71a9e9Ff43967C13fdE1F72D12")));
    assert!(deploys(&txs[0], b256!("8e3fe7a416d3e5f3b7be74ddd4e7e58e516fa3f80b67c6d930e3cd7297da4a4b")));
    assert!(deploys(&txs[1], b256!("4d195a9d7caf9fb6d4beaf80de252c626c853afd5868c4f4f8d19c9d301c2679")));
    assert_eq!(upgrade_to(&txs[4].data), Some(address!("93e57A196454CB919193fa9946f14943cf733845")));
    assert_eq!(upgrade_to(&txs[5].data), Some(address!("4fa2Be8cd41504037F1838BcE3bCC93bC68Ff537")));
    assert_eq!(h.create(0), address!("0000F90827F1C53a10cb7A02335B175320002935"));
    let eip_2935 = b256!("6e49e66782037c0555897870e29fa5e552daf4719552131a0abce779daec0a5d");
    assert_eq!(
        (&txs[7].data[..9], keccak256(&txs[7].data[9..])),
        (&hex!("60538060095f395ff3")[..], eip_2935)
    );
}

/// G-053, trap 15: Jovian, 5 transactions; the intents have the spaces that every implementation wrote, not the specs'
/// spelling.
#[test]
fn trap_15_jovian_source_hashes_are_the_implementations() {
    let s = address!("4210000000000000000000000000000000000006");
    let t = address!("4210000000000000000000000000000000000007");
    #[rustfmt::skip]
    let txs = check(Fork::Jovian, &[
        Expected(s, None, 447_315, "Jovian: L1 Block Deployment", b256!("bb1a656f65401240fac3db12e7a79ebb954b11e62f7626eb11691539b798d3bf"), &[0x60]),
        Expected(ZERO, Some(L1_BLOCK), 50_000, "Jovian: L1 Block Proxy Update", b256!("f3275f829340521028f9ad5bce4ecb1c64a45d448794effa2a77674627338e76"), &[0x36, 0x59, 0xcf, 0xe6]),
        Expected(t, None, 1_750_714, "Jovian: Gas Price Oracle Deployment", b256!("239b7021a6c2cf3a918481242bbb5a9499057f24501539467536c691bb133962"), &[0x60]),
        Expected(ZERO, Some(GAS_PRICE_ORACLE), 50_000, "Jovian: Gas Price Oracle Proxy Update", b256!("a70c60aa53b8c1c0d52b39b1e901e7d7c09f7819595cb24048a6bb1983b401ff"), &[0x36, 0x59, 0xcf, 0xe6]),
        Expected(DEPOSITOR, Some(GAS_PRICE_ORACLE), 90_000, "Jovian: Gas Price Oracle Set Jovian", b256!("e836db6a959371756f8941be3e962d000f7e12a32e49e2c9ca42ba177a92716c"), &[0xb3, 0xd7, 0x20, 0x79]),
    ]);
    assert_eq!(upgrade_to(&txs[1].data), Some(address!("3Ba4007f5C922FBb33C454B41ea7a1f11E83df2C")));
    assert_eq!(upgrade_to(&txs[3].data), Some(address!("4f1db3c6AbD250ba86E0928471A8F7DB3AFd88F1")));
    assert!(deploys(&txs[0], b256!("5f885ca815d2cf27a203123e50b8ae204fdca910b6995d90b2d7700cbb9240d1")));
    assert!(deploys(&txs[2], b256!("e9fc7c96c4db0d6078e3d359d7e8c982c350a513cb2c31121adf5e1e8a446614")));
}

/// G-050 to G-053: byte for byte what another reading of the same sources gives: kona's files of Ecotone, Fjord and Isthmus, and the
/// block below for Jovian, from which ours were generated too. So this shows only that ours are what they were. What they must be is
/// shown by the specs' hashes above, which leave no byte open but of the operator fee vault, and by the real blocks below.
#[test]
fn real_upgrade_transactions() {
    if !present() {
        return;
    }
    let real = json("data/upgrade-txs/upgrade-deposit-txs.json");
    for fork in [Fork::Ecotone, Fork::Fjord, Fork::Isthmus, Fork::Jovian] {
        let expected = real["forks"][fork.name()].as_array().unwrap();
        let actual = builtin(fork);
        assert_eq!(actual.len(), expected.len());
        for (actual, expected) in actual.iter().zip(expected) {
            assert_eq!(*actual, bytes(&expected["raw"]), "{}", expected["intent"]);
            assert_eq!(keccak256(actual), hash(&expected["hash"]));
        }
    }
}

/// G-053: the activation block of Celo Sepolia has our transactions of Jovian right after its L1 info. Ours were generated from it;
/// but it is the chain's: its transactions have the root of its header (`transactions_roots` of the tries' tests), and executed they
/// give its hash (the executor's).
#[test]
fn a_real_jovian_activation_block() {
    if !present() {
        return;
    }
    let block = json("data/exec-celo/celo-sepolia-20465049.json.zst");
    let transactions = block["payload_attributes"]["transactions"].as_array().unwrap();
    assert_eq!(transactions[1..].iter().map(bytes).collect::<Vec<_>>(), builtin(Fork::Jovian));
}

/// G-052: Celo Baklava's activation block of Isthmus has our transactions, but for the first, which is a contract of Celo's own.
#[test]
fn a_real_isthmus_activation_block() {
    if !present() {
        return;
    }
    let block = json("data/exec-celo/celo-baklava-37881140.json.zst");
    let transactions = block["payload_attributes"]["transactions"].as_array().unwrap();
    let transactions: Vec<_> = transactions[1..].iter().map(bytes).collect();
    let ours = builtin(Fork::Isthmus);
    assert_eq!((transactions.len(), ours.len()), (8, 8));
    assert_eq!(transactions[1..], ours[1..]);
    assert_ne!(transactions[0], ours[0]);
}

/// G-054, trap 15: Karst's 31 transactions have their position in the intent.
#[test]
fn trap_15_karst_intents_are_numbered() {
    if !present() {
        return;
    }
    let file = read("protocol/karst_nut_bundle.json");
    let source = json("protocol/karst_nut_bundle.json");
    let transactions = decode_bundle(Fork::Karst, &file).unwrap();
    assert_eq!(transactions.len(), 31);
    let mut gas = 0;
    for (i, (encoded, source)) in
        transactions.iter().zip(source["transactions"].as_array().unwrap()).enumerate()
    {
        let tx = DepositTx::decode(encoded).unwrap();
        let intent = format!("Karst {i}: {}", source["intent"].as_str().unwrap());
        assert_eq!(tx.source_hash, SourceHash::Upgrade { intent: &intent }.hash());
        assert_eq!(tx.to, TxKind::Call(common::address(&source["to"])));
        assert_eq!(tx.from, common::address(&source["from"]));
        assert_eq!(tx.data, bytes(&source["data"]));
        assert_eq!(tx.gas, number(&source["gasLimit"]));
        assert_eq!((tx.mint, tx.value, tx.is_system), (U256::ZERO, U256::ZERO, false));
        gas += tx.gas;
    }
    assert_eq!(gas, 55_370_657);
    assert_eq!(extra_gas(Fork::Karst), gas);
    let first = DepositTx::decode(&transactions[0]).unwrap();
    assert_eq!(
        first.source_hash,
        SourceHash::Upgrade { intent: "Karst 0: ConditionalDeployer Deployment" }.hash()
    );
}

/// G-054: the file's identity.
#[test]
fn karst_bundle_is_asked_for_by_hash() {
    use sha2::{Digest, Sha256};
    if !present() {
        return;
    }
    let digest = B256::from_slice(&Sha256::digest(read("protocol/karst_nut_bundle.json")));
    assert_eq!(upgrade_transactions(Fork::Karst), Upgrade::Bundle { sha256: digest, gas: 55_370_657 });
}

/// G-054: no file makes the decoder panic, and one whose gas is not the protocol's is refused.
#[test]
fn malformed_bundles_are_refused() {
    let decode = |json: &str| decode_bundle(Fork::Karst, json.as_bytes());
    assert_eq!(decode_bundle(Fork::Jovian, b"{}"), Err(BundleError::NoBundle(Fork::Jovian)));
    assert_eq!(decode(""), Err(BundleError::Syntax { line: 1, column: 0 }));
    assert!(matches!(decode(&"[".repeat(10_000)), Err(BundleError::Syntax { .. })));
    assert_eq!(decode("{}"), Err(BundleError::NoTransactions));
    assert_eq!(decode(r#"{"transactions":[]}"#), Err(BundleError::Gas { expected: 55_370_657, actual: 0 }));
    assert_eq!(decode(r#"{"transactions":[1]}"#), Err(BundleError::Field { index: 0, field: "intent" }));
    let tx = |from: &str, gas: &str, data: &str| {
        decode(&format!(
            r#"{{"transactions":[{{"intent":"x","from":"{from}","gasLimit":{gas},"data":"{data}"}}]}}"#
        ))
    };
    let zero = "0x0000000000000000000000000000000000000000";
    assert_eq!(tx("0x00", "1", "0x"), Err(BundleError::Field { index: 0, field: "from" }));
    assert_eq!(tx(zero, "-1", "0x"), Err(BundleError::Field { index: 0, field: "gasLimit" }));
    assert_eq!(tx(zero, "1", "0x1"), Err(BundleError::Field { index: 0, field: "data" }));
    assert_eq!(
        tx(zero, "55370656", "0x"),
        Err(BundleError::Gas { expected: 55_370_657, actual: 55_370_656 })
    );
    assert_eq!(tx(zero, "55370657", "0x").unwrap().len(), 1, "no `to`: a creation");
    assert_eq!(decode(&" ".repeat((1 << 20) + 1)), Err(BundleError::TooLong((1 << 20) + 1)));
}

/// G-050 to G-053: Canyon, Delta, Granite and Holocene have none, and add no gas.
#[test]
fn other_forks_have_no_transactions() {
    for fork in [Fork::Bedrock, Fork::Regolith, Fork::Canyon, Fork::Delta, Fork::Granite, Fork::Holocene] {
        assert_eq!(upgrade_transactions(fork), Upgrade::None);
    }
    assert!(Fork::ALL.into_iter().filter(|&fork| fork != Fork::Karst).all(|fork| extra_gas(fork) == 0));
}
