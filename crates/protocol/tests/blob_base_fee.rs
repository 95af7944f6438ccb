//! What L1 blobs cost, on each public L1 and under the Pectra fix (G-032, G-033).
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod common;

use alloy_eips::{
    eip4844::BLOB_GASPRICE_UPDATE_FRACTION, eip7691::BLOB_GASPRICE_UPDATE_FRACTION_PECTRA, eip7892,
};
use common::{json, number, present};
use unroll_protocol::{
    blob_schedule::{
        BPO1_UPDATE_FRACTION, BPO2_UPDATE_FRACTION, BlobSchedule, CANCUN_UPDATE_FRACTION,
        PRAGUE_UPDATE_FRACTION,
    },
    chains,
    config::RollupConfig,
    config_file::parse_l1_chain_config,
    units::L1Time,
};

/// G-032: the fractions are the ones of alloy.
#[test]
fn update_fractions() {
    assert_eq!(u128::from(CANCUN_UPDATE_FRACTION.get()), BLOB_GASPRICE_UPDATE_FRACTION);
    assert_eq!(u128::from(PRAGUE_UPDATE_FRACTION.get()), BLOB_GASPRICE_UPDATE_FRACTION_PECTRA);
    assert_eq!(BPO1_UPDATE_FRACTION.get(), eip7892::BPO1_BASE_UPDATE_FRACTION);
    assert_eq!(BPO2_UPDATE_FRACTION.get(), eip7892::BPO2_BASE_UPDATE_FRACTION);
}

/// G-032: the times are the ones of alloy.
#[test]
fn activation_times() {
    use alloy_hardforks::ethereum::*;
    let schedules = [
        (1, MAINNET_PRAGUE_TIMESTAMP, MAINNET_BPO1_TIMESTAMP, MAINNET_BPO2_TIMESTAMP),
        (17_000, HOLESKY_PRAGUE_TIMESTAMP, HOLESKY_BPO1_TIMESTAMP, HOLESKY_BPO2_TIMESTAMP),
        (560_048, HOODI_PRAGUE_TIMESTAMP, HOODI_BPO1_TIMESTAMP, HOODI_BPO2_TIMESTAMP),
        (11_155_111, SEPOLIA_PRAGUE_TIMESTAMP, SEPOLIA_BPO1_TIMESTAMP, SEPOLIA_BPO2_TIMESTAMP),
    ];
    for (id, prague, bpo1, bpo2) in schedules {
        let schedule = BlobSchedule::of_l1(id).unwrap();
        assert_eq!(schedule.update_fraction(L1Time(prague - 1)), CANCUN_UPDATE_FRACTION);
        assert_eq!(schedule.update_fraction(L1Time(prague)), PRAGUE_UPDATE_FRACTION);
        assert_eq!(
            schedule.update_fraction(L1Time(bpo1 - 1)),
            PRAGUE_UPDATE_FRACTION,
            "Osaka changes nothing"
        );
        assert_eq!(schedule.update_fraction(L1Time(bpo1)), BPO1_UPDATE_FRACTION);
        assert_eq!(schedule.update_fraction(L1Time(bpo2 - 1)), BPO1_UPDATE_FRACTION);
        assert_eq!(schedule.update_fraction(L1Time(bpo2)), BPO2_UPDATE_FRACTION);
        assert_eq!(schedule.update_fraction(L1Time(u64::MAX)), BPO2_UPDATE_FRACTION);
    }
    assert_eq!(BlobSchedule::of_l1(900), None);
    assert_eq!(BlobSchedule::default().update_fraction(L1Time(u64::MAX)), CANCUN_UPDATE_FRACTION);
}

/// G-032, trap 18: prices of real L1 blocks under BPO2.
#[test]
fn trap_18_real_prices_under_bpo2() {
    if !present() {
        return;
    }
    let base = json("data/attributes/base-mainnet-43127820.json.zst");
    let origin = &base["l1_origin"];
    let cfg = chains::by_chain_id(8453).unwrap();
    let price =
        cfg.blob_base_fee(Some(number(&origin["excess_blob_gas"])), L1Time(number(&origin["timestamp"])));
    assert_eq!(price, u128::from(number(&origin["expected_blob_base_fee"])));

    // Sepolia's config in the form that geth has it gives the same steps as ours, but for the first: that file dates
    // Prague a few minutes early.
    let file = json("data/attributes/base-sepolia-37312300.json.zst");
    let (id, schedule) = parse_l1_chain_config(file["l1_chain_config"].to_string().as_bytes()).unwrap();
    assert_eq!(id, 11_155_111);
    let ours = BlobSchedule::SEPOLIA;
    assert_eq!(schedule.steps[2..], ours.steps[1..]);
    assert_eq!(schedule.steps[1].1, ours.steps[0].1);
    assert_eq!(schedule.steps[0].1, CANCUN_UPDATE_FRACTION);
}

/// G-032: without blob gas in the header the price is 1, and no header makes the price overflow.
#[test]
fn edges_of_the_price() {
    let cfg = RollupConfig { l1_blob_schedule: BlobSchedule::MAINNET, ..Default::default() };
    assert_eq!(cfg.blob_base_fee(None, L1Time(u64::MAX)), 1);
    assert_eq!(cfg.blob_base_fee(Some(0), L1Time(u64::MAX)), 1);
    assert_eq!(cfg.blob_base_fee(Some(u64::MAX), L1Time(0)), u128::MAX);
    // EIP-4844's own example of the exponential: e to the 10th at ten times the fraction.
    assert_eq!(cfg.blob_base_fee(Some(10 * 3_338_477), L1Time(0)), 22_026);
}

/// G-033, trap 18: until the fix, and by the origin's time, Cancun's fraction goes on; where the fix is unset, L1 is followed.
#[test]
fn trap_18_pectra_fix_goes_by_origin() {
    let fixed = chains::by_chain_id(11_155_420).unwrap();
    let fix = 1_742_486_400;
    assert_eq!(fixed.forks.pectra_blob_schedule, Some(fix));
    let plain = RollupConfig {
        forks: {
            let mut forks = fixed.forks;
            forks.pectra_blob_schedule = None;
            forks
        },
        ..fixed.clone()
    };
    let excess = Some(50_000_000);
    let cancun = 3_194_333; // e^(50,000,000 / 3,338,477)
    let prague = fixed.blob_base_fee(excess, L1Time(fix));
    assert_eq!(plain.blob_base_fee(excess, L1Time(fix)), prague);
    assert_eq!(plain.blob_base_fee(excess, L1Time(fix - 1)), prague, "Prague was active since 1741159776");
    let before = fixed.blob_base_fee(excess, L1Time(fix - 1));
    assert!(before > prague);
    assert_eq!(before, fixed.blob_base_fee(excess, L1Time(1_741_159_775)));
    assert_eq!(before, cancun);
}
