//! The devnet itself: it is what its file says, the same every time, and real.

use alloy_consensus::{Header, TxEnvelope};
use alloy_eips::eip2718::Decodable2718;
use std::collections::BTreeSet;
use unroll_proof::{PreimageOracle, kzg};
use unroll_protocol::forks::Fork;
use unroll_testing::devnet::{
    Devnet, DevnetConfig,
    config::{BlobFork, DaKind, ForkConfig},
    traffic::Kind,
};

fn chain(change: impl FnOnce(&mut DevnetConfig)) -> Devnet {
    let mut config = DevnetConfig { seed: 5, ..DevnetConfig::default() };
    change(&mut config);
    Devnet::new(config, None)
}

/// The same file gives the same chains; another seed, other ones.
#[test]
fn the_file_decides_everything() {
    let forks = "regolith = 0\ncanyon = 0\ndelta = 0\necotone = 0\nfjord = 0\ngranite = 0\nholocene = 0\nisthmus = 14";
    let text = format!("seed = 9\n[forks]\n{forks}\n[batcher]\nda = 'both'\n[traffic]\ndeposits = 500\n");
    let build = |text: &str| {
        let mut devnet = Devnet::new(DevnetConfig::from_toml(text).unwrap(), None);
        devnet.advance_to(20);
        (devnet.head().header.hash(), devnet.l1.head().header.hash())
    };
    assert_eq!(build(&text), build(&text));
    assert_ne!(build(&text), build(&text.replace("seed = 9", "seed = 8")));
    assert!(DevnetConfig::from_toml("blok_time = 2").is_err(), "a key that means nothing");
    let written = toml::to_string(&DevnetConfig::default()).unwrap();
    assert_eq!(DevnetConfig::from_toml(&written).unwrap(), DevnetConfig::default());
}

/// Every kind of transaction gets into blocks, and both outcomes of execution, on the first fork and the last.
#[test]
fn users_do_everything() {
    for fork in [Fork::Bedrock, Fork::Jovian] {
        let mut devnet = chain(|config| {
            config.forks = ForkConfig::until(fork);
            config.traffic.transactions = 20;
            config.traffic.deposits = 1_000;
            config.traffic.mix = Kind::ALL.map(|kind| (kind, 1)).into();
        });
        devnet.advance_to(40);
        devnet.sync();
        assert!(devnet.safe() >= 40, "{fork}: what the sequencer built is derived again");
        let batched: Vec<_> = devnet.l2.iter().flat_map(|block| block.batched().cloned()).collect();
        let types: BTreeSet<u8> = batched.iter().map(|tx| if tx[0] < 0x80 { tx[0] } else { 0 }).collect();
        let expected: &[u8] = if fork >= Fork::Isthmus { &[0, 1, 2, 4] } else { &[0, 1, 2] };
        assert_eq!(types.iter().copied().collect::<Vec<_>>(), expected, "{fork}");
        let creations = batched.iter().filter(|tx| {
            let envelope = TxEnvelope::decode_2718(&mut &tx[..]).unwrap();
            alloy_consensus::Transaction::is_create(&envelope)
        });
        assert!(creations.count() > 5, "{fork}");
        let outcomes = |first: u8| -> BTreeSet<u8> {
            let blocks = devnet.l2.iter().flat_map(|block| block.transactions.iter().zip(&block.receipts));
            let of_kind = blocks.filter(|(tx, _)| (tx[0] == 0x7e) == (first == 0x7e));
            of_kind.map(|(_, receipt)| status(receipt)).collect()
        };
        assert_eq!(outcomes(0x7e), [0, 1].into(), "{fork}: deposits that fail, and that do not");
        assert_eq!(outcomes(2), [0, 1].into(), "{fork}: transactions that fail, and that do not");
    }
}

/// The first item of a receipt.
fn status(receipt: &[u8]) -> u8 {
    let mut rest = &receipt[usize::from(receipt[0] < 0x80)..];
    alloy_rlp::Header::decode(&mut rest).expect("a receipt is a list");
    u8::from(rest[0] == 1)
}

/// L1 headers have the fields of their fork, blobs belong to their commitments by our own check, and slots may be missed.
#[test]
fn l1_is_real() {
    let mut devnet = chain(|config| {
        config.batcher.da = DaKind::Blobs;
        config.l1.cancun = Some(12);
        config.l1.missed_slots = 300;
        let (name, target, max, update_fraction) = ("prague".into(), 6, 9, 5_007_716);
        config.l1.blob_forks = vec![BlobFork { name, after: 48, target, max, update_fraction }];
    });
    devnet.advance_to(60);
    devnet.sync();
    assert!(devnet.safe() >= 60);
    let blocks = devnet.l1.blocks();
    let first = blocks[0].header.timestamp;
    let mut gaps = BTreeSet::new();
    for pair in blocks.windows(2) {
        let [parent, block] = [&pair[0], &pair[1]];
        let (age, header) = (block.header.timestamp - first, &block.header);
        assert_eq!(header.parent_hash, parent.header.hash());
        assert_eq!(header.excess_blob_gas.is_some(), age >= 12);
        assert_eq!(header.parent_beacon_block_root.is_some(), age >= 12);
        assert_eq!(header.requests_hash.is_some(), age >= 48);
        assert_eq!(header.blob_gas_used.unwrap_or(0), 131_072 * block.sidecars.len() as u64);
        gaps.insert(block.header.timestamp - parent.header.timestamp);
        let encoded = devnet.store.keccak(header.hash()).unwrap();
        assert_eq!(alloy_rlp::decode_exact::<Header>(encoded).unwrap(), *header.inner());
    }
    assert_eq!(gaps, [12, 24].into());
    let sidecars: Vec<_> = blocks.iter().flat_map(|block| &block.sidecars).collect();
    assert!(sidecars.len() > 3);
    let pairs: Vec<_> = sidecars.iter().map(|sidecar| (sidecar.commitment, sidecar.blob.clone())).collect();
    assert_eq!(kzg::verify(&pairs), Ok(()));
    for sidecar in sidecars {
        assert_eq!((&devnet.store).blob(&sidecar.commitment).unwrap(), sidecar.blob);
        let element = kzg::EvaluationPoints::new();
        let key = unroll_proof::PreimageKey::blob(&sidecar.commitment, element.point(77));
        assert_eq!(devnet.store.value(key).unwrap()[..], sidecar.blob[77 * 32..78 * 32]);
    }
}

/// A block's state stays readable, however old it is.
#[test]
fn old_states_are_kept() {
    let mut devnet = chain(|_| {});
    devnet.advance_to(20);
    devnet.sync();
    for (agreed, claimed) in [(0, 1), (3, 9), (10, 11), (19, 20)] {
        let witness = devnet.range(agreed, claimed);
        assert!(witness.verdict.outcome.is_valid(), "{agreed} to {claimed}");
        assert_eq!(witness.verdict.number, claimed);
    }
}
