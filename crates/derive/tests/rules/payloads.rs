//! A-029, G.1, G-040 to G-045, G.5, H.1, H-032, H-033.

use crate::sim::*;
use alloy_primitives::{B64, B256, Bytes};
use unroll_derive::{CriticalCause, DeriveError, Event, Misuse, Pipeline, Poll, ResetCause, event::Fate};
use unroll_protocol::{
    deposit::DepositTx,
    forks::Fork,
    l1_info::L1Info,
    system_config::{ConfigUpdate, Eip1559Params},
    units::L2Time,
};

fn info(sim: &Sim, index: usize) -> L1Info {
    let attributes = &sim.attributes[index];
    let time = L2Time(attributes.payload_attributes.timestamp);
    let tx = DepositTx::decode(&attributes.transactions.as_ref().unwrap()[0]).unwrap();
    L1Info::decode(&tx.data, sim.cfg.l1_info_format(time)).unwrap()
}

/// A deposit that only looks like one.
fn deposit(name: &str) -> Bytes {
    [&[0x7e], name.as_bytes()].concat().into()
}

/// Blocks 5 and 6, the second of which opens epoch 1 with a deposit.
fn over_an_epoch(fork: Fork) -> Sim {
    let mut sim = Sim::with(config(at(fork)), 4, 0, 0);
    sim.block(1).deposits = vec![deposit("d")];
    sim.put_singular(
        2,
        &[singular(5, 0, &[tx("a")]), singular(6, 1, &[tx("b")]), singular(7, 1, &[tx("c")])],
    );
    sim
}

/// G-001, G-002, G-005, G-040: the order of transactions; deposits open the epoch; the fields of the origin.
#[test]
fn transactions_and_fields() {
    for fork in [Fork::Regolith, Fork::Holocene] {
        let mut sim = over_an_epoch(fork);
        sim.run(2);
        let rest = |index: usize| sim.attributes[index].transactions.as_ref().unwrap()[1..].to_vec();
        assert_eq!([rest(0), rest(1), rest(2)], [vec![tx("a")], vec![deposit("d"), tx("b")], vec![tx("c")]]);
        assert_eq!([0, 1, 2].map(|index| info(&sim, index).sequence_number), [1, 0, 1]);
        let attributes = &sim.attributes[1];
        assert_eq!(attributes.payload_attributes.timestamp, l2_time(6).0);
        assert_eq!(attributes.payload_attributes.prev_randao, empty_l1(1).prev_randao);
        assert_eq!(attributes.payload_attributes.suggested_fee_recipient, unroll_derive::FEE_RECIPIENT);
        assert_eq!(attributes.no_tx_pool, Some(true));
        assert_eq!(info(&sim, 1).origin, l1(1).id());
        assert_eq!(info(&sim, 1).base_fee.to::<u64>(), 8);
    }
}

/// G-003: the new origin follows the safe head's.
#[test]
fn epochs_are_linked() {
    // Only reachable where the window's front moved by F-087, and a batch of the extra block skips the epoch.
    let mut sim = Sim::with(config(at(Fork::Granite)), 5, 0, 0);
    sim.put_singular(WINDOW + 1, &[singular(6, 2, &[])]);
    sim.block(2).origin.time = l1_time(1);
    let expected = ResetCause::Epoch { epoch: l1(2).id(), origin: l1(0).id() };
    assert_eq!(sim.try_run(WINDOW + 1), Err(DeriveError::Reset(expected)));
}

/// G-041, A-040: updates of the epoch's first block apply in that very block, and only there are they read.
#[test]
fn updates_apply_with_the_epoch() {
    let mut sim = over_an_epoch(Fork::Holocene);
    sim.block(0).updates = vec![ConfigUpdate::GasLimit(1)];
    sim.block(1).updates = vec![ConfigUpdate::GasLimit(5), ConfigUpdate::GasLimit(60_000_000)];
    sim.run(2);
    let limits: Vec<_> = sim.attributes.iter().map(|attributes| attributes.gas_limit).collect();
    // The tip of this simulation keeps the config of genesis, so that block 7 shows that only block 6 read the updates.
    assert_eq!(limits, [Some(30_000_000), Some(60_000_000), Some(30_000_000)]);
}

/// a new gas limit is that of the epoch's first block in full, however far from the parent's, upwards and downwards.
#[test]
fn gas_limits_change_at_once() {
    for limit in [1, 21_000, 29_999_999, 30_000_001, 60_000_000, u64::MAX] {
        let mut sim = over_an_epoch(Fork::Holocene);
        assert_eq!(sim.tip.system.gas_limit, 30_000_000);
        sim.block(1).updates = vec![ConfigUpdate::GasLimit(limit)];
        sim.run(2);
        assert_eq!(sim.attributes[0].gas_limit, Some(30_000_000), "block 5 has the origin before");
        assert_eq!(sim.attributes[1].gas_limit, Some(limit), "block 6 has the origin of the event");
    }
}

/// G-042, G-043, G-045: fields come with their forks, by L2 time.
#[test]
fn fields_by_fork() {
    let field = |fork: Fork| {
        let mut sim = over_an_epoch(fork);
        sim.block(0).parent_beacon_block_root = Some(B256::repeat_byte(7));
        sim.run(2);
        let a = &sim.attributes;
        let root = |index: usize| a[index].payload_attributes.parent_beacon_block_root;
        (
            a[0].payload_attributes.withdrawals.clone(),
            root(0),
            root(1),
            a[0].eip_1559_params,
            a[0].min_base_fee,
        )
    };
    let zeros = Some(B64::ZERO);
    let roots = (Some(B256::repeat_byte(7)), Some(B256::ZERO));
    assert_eq!(field(Fork::Regolith), (None, None, None, None, None));
    assert_eq!(field(Fork::Canyon), (Some(vec![]), None, None, None, None));
    assert_eq!(field(Fork::Ecotone), (Some(vec![]), roots.0, roots.1, None, None));
    assert_eq!(field(Fork::Holocene), (Some(vec![]), roots.0, roots.1, zeros, None));
    assert_eq!(field(Fork::Jovian), (Some(vec![]), roots.0, roots.1, zeros, Some(0)));
}

/// G-044: in Holocene's activation block the parameters are zeros, even if the epoch's logs set them.
#[test]
fn eip1559_parameters_at_the_activation() {
    let params = Eip1559Params { denominator: 250, elasticity: 4 };
    for (time, expected) in [(l2_time(6).0, [0; 8]), (l2_time(3).0, params.to_bytes())] {
        let mut sim = over_an_epoch(Fork::Granite);
        let cfg = config(at(Fork::Granite).with(Fork::Holocene, time));
        let l1 = std::mem::take(&mut sim.l1);
        sim = Sim::with(cfg, 4, 0, 0);
        sim.l1 = l1;
        sim.block(1).updates = vec![ConfigUpdate::Eip1559(params)];
        sim.run(2);
        let at_six = sim.attributes.iter().find(|a| a.payload_attributes.timestamp == l2_time(6).0);
        assert_eq!(at_six.unwrap().eip_1559_params, Some(B64::new(expected)), "{time}");
    }
}

/// G-050 to G-053, G-056: upgrade transactions after the user deposits, in the activation block only.
#[test]
fn upgrade_transactions() {
    for (fork, count) in
        [(Fork::Ecotone, 6), (Fork::Fjord, 3), (Fork::Isthmus, 8), (Fork::Jovian, 5), (Fork::Granite, 0)]
    {
        let before = Fork::ALL[fork as usize - 1];
        let mut sim = Sim::with(config(at(before).with(fork, l2_time(6).0)), 4, 0, 0);
        sim.block(1).deposits = vec![deposit("d")];
        let last: &[Bytes] = if fork == Fork::Jovian { &[] } else { &[tx("b")] };
        sim.put_singular(2, &[singular(5, 0, &[]), singular(6, 1, last), singular(7, 1, &[])]);
        sim.run(2);
        let lengths: Vec<_> = sim.attributes.iter().map(|a| a.transactions.as_ref().unwrap().len()).collect();
        assert_eq!(lengths, [1, 2 + count + last.len(), 1], "{fork}");
        let transactions = sim.attributes[1].transactions.as_ref().unwrap();
        assert_eq!(transactions[1], deposit("d"));
        assert!(transactions[2..2 + count].iter().all(|tx| DepositTx::decode(tx).is_ok()), "{fork}");
    }
}

/// G-050 to G-053: several forks in one block: their transactions follow one another. G-057: none at genesis.
#[test]
fn several_upgrades_at_once() {
    let forks = at(Fork::Delta);
    let all = [Fork::Ecotone, Fork::Fjord, Fork::Granite, Fork::Holocene, Fork::Isthmus];
    let forks = all.into_iter().fold(forks, |forks, fork| forks.with(fork, l2_time(1).0));
    let mut sim = Sim::new(forks);
    sim.put_singular(1, &[singular(1, 0, &[])]);
    sim.run(1);
    assert_eq!(sim.attributes[0].transactions.as_ref().unwrap().len(), 1 + 6 + 3 + 8);
    let mut sim = Sim::fork(Fork::Isthmus);
    sim.put_singular(1, &[singular(1, 0, &[])]);
    sim.run(1);
    assert_eq!(sim.attributes[0].transactions.as_ref().unwrap().len(), 1);
}

fn karst_bundle() -> Option<Bytes> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/protocol/karst_nut_bundle.json");
    match std::fs::read(path) {
        Ok(bytes) => Some(bytes.into()),
        Err(_) => {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no {path}");
            println!("skipped: no ../shared");
            None
        }
    }
}

/// G-054, G-041: Karst's transactions come from outside, by their hash; the block's gas limit grows by theirs.
#[test]
fn karst_bundle_is_asked_for() {
    let Some(bundle) = karst_bundle() else { return };
    let mut sim = Sim::new(at(Fork::Jovian).with(Fork::Karst, l2_time(1).0));
    sim.put_singular(1, &[singular(1, 0, &[]), singular(2, 0, &[tx("a")])]);
    sim.bundle = b"{}"[..].into();
    let refused = sim.try_run(1);
    assert!(matches!(
        refused,
        Err(DeriveError::Critical(CriticalCause::BundleHash { fork: Fork::Karst, .. }))
    ));
    sim.bundle = bundle;
    assert_eq!(slots(&sim.run(1)), [(1, 0), (2, 0)]);
    assert_eq!(sim.attributes[0].transactions.as_ref().unwrap().len(), 1 + 31);
    assert_eq!(sim.attributes[0].gas_limit, Some(30_000_000 + 55_370_657));
    assert_eq!(sim.attributes[1].gas_limit, Some(30_000_000));
    assert_eq!(sim.attributes[1].transactions.as_ref().unwrap().len(), 2);
}

/// H-011, H-015, H-018, F-090: from Holocene a refused payload is replaced by its deposits, and the rest of the span
/// and of the channel is gone; what comes in later channels is not.
#[test]
fn refused_payloads_are_replaced() {
    let mut sim = Sim::fork(Fork::Holocene);
    sim.refuse.insert(1);
    let mut first = span(1, &[0, 0]);
    first.blocks[0].transactions = [real_tx(1)].iter().collect();
    sim.put_batches(1, 1, vec![first.into(), singular(2, 0, &[tx("same channel")]).into()]);
    sim.put_batches(2, 3, vec![singular(2, 0, &[tx("later")]).into()]);
    let derived = sim.run(1);
    assert_eq!(slots(&derived), [(1, 0)]);
    assert_eq!(filled(&derived), [0u64; 0]);
    assert_eq!((sim.count("H-011"), sim.count("F-090")), (1, 1));
    assert_eq!(sim.run(2)[0].transactions, [tx("later")]);
}

/// D-026, F-081: a flush leaves queued frames alone, also those of the same payload; there the next channel begins.
#[test]
fn a_flush_keeps_queued_frames() {
    let mut sim = Sim::fork(Fork::Holocene);
    let bad = sim.channel(vec![singular(2, 0, &[]).into(), singular(1, 0, &[tx("flushed")]).into()]);
    let good = sim.channel(vec![singular(1, 0, &[tx("good")]).into()]);
    sim.put_frames(
        1,
        &[frame(1, 0, bad, true), frame(2, 0, good.slice(..9), false), frame(2, 1, good.slice(9..), true)],
    );
    assert_eq!(sim.run(1)[0].transactions, [tx("good")]);
    assert_eq!((sim.dropped(), sim.count("F-090")), (vec!["F-010"], 1));
}

/// H-012: the switch is the time of the L1 block that the attributes come from, not of the payload.
#[test]
fn replacement_is_by_inclusion() {
    for (k, replaced) in [(1, 0), (2, 1)] {
        let mut sim = Sim::new(at(Fork::Granite).with(Fork::Holocene, l1_time(2).0));
        sim.refuse.insert(1);
        sim.put_singular(k, &[singular(1, 0, &[tx("a")])]);
        assert_eq!(sim.run(2).len(), replaced);
        assert_eq!(sim.count("H-011"), replaced);
        assert_eq!(sim.count("H-013"), 1 - replaced);
    }
}

/// H-013: before Holocene another batch for the slot is looked for, and in the end an empty one fills it.
#[test]
fn refused_payloads_are_dropped_before_holocene() {
    let mut sim = Sim::fork(Fork::Granite);
    sim.refuse.insert(1);
    sim.put_singular(1, &[singular(1, 0, &[tx("bad")]), singular(1, 0, &[tx("good")])]);
    assert_eq!(sim.run(1)[0].transactions, [tx("good")]);
    let mut sim = Sim::fork(Fork::Granite);
    sim.refuse.insert(1);
    sim.put_singular(1, &[singular(1, 0, &[tx("bad")])]);
    assert_eq!(slots(&sim.run(WINDOW - 1)), []);
    assert_eq!(slots(&sim.run(WINDOW))[0], (1, 0));
}

/// H-005, H-014: a payload of deposits alone cannot be refused, at any fork.
#[test]
fn deposits_alone_cannot_be_refused() {
    for fork in [Fork::Bedrock, Fork::Holocene] {
        let mut sim = Sim::fork(fork);
        sim.refuse.insert(1);
        sim.put_singular(1, &[singular(1, 0, &[])]);
        let time = l2_time(1);
        assert_eq!(
            sim.try_run(1),
            Err(DeriveError::Critical(CriticalCause::DepositsRefused { time })),
            "{fork}"
        );
    }
    let mut sim = Sim::fork(Fork::Holocene);
    sim.put_singular(1, &[singular(1, 0, &[tx("a")])]);
    let attributes = first_attributes(&mut sim);
    let replaced = sim.pipeline.reject(attributes).unwrap().deposits.unwrap();
    let refused = sim.pipeline.reject(replaced);
    assert_eq!(refused, Err(DeriveError::Critical(CriticalCause::DepositsRefused { time: l2_time(1) })));
}

fn first_attributes(sim: &mut Sim) -> Box<op_alloy_rpc_types_engine::OpPayloadAttributes> {
    loop {
        match sim.pipeline.poll(&sim.tip).unwrap() {
            Poll::Attributes(attributes) => return attributes,
            Poll::NeedL1 { number } => {
                let block = sim.block(number - 50).clone();
                sim.pipeline.push_l1(block).unwrap();
            }
            other => panic!("{other:?}"),
        }
    }
}

/// H-003 and the contract of the pipeline: attributes are executed or rejected before the next poll.
#[test]
fn misuse_is_told() {
    let mut sim = Sim::fork(Fork::Holocene);
    assert_eq!(sim.pipeline.push_l1(empty_l1(1)), Err(Misuse::UnexpectedL1(51).into()));
    assert_eq!(sim.pipeline.push_bundle(b""), Err(Misuse::UnexpectedBundle.into()));
    assert_eq!(sim.pipeline.reject(Default::default()), Err(Misuse::ForeignAttributes.into()));
    sim.put_singular(1, &[singular(1, 0, &[tx("a")])]);
    let attributes = first_attributes(&mut sim);
    assert_eq!(sim.pipeline.poll(&sim.tip), Err(Misuse::Unresolved { time: l2_time(1) }.into()));
    assert_eq!(sim.pipeline.push_l1(empty_l1(2)), Err(Misuse::UnexpectedL1(52).into()));
    assert_eq!(sim.pipeline.reject(Default::default()), Err(Misuse::ForeignAttributes.into()));
    let mut foreign = sim.tip.clone();
    foreign.block.hash = l2_hash(77);
    assert!(matches!(sim.pipeline.poll(&foreign), Err(DeriveError::Misuse(Misuse::ForeignTip(_)))));
    assert!(sim.pipeline.reject(attributes).is_ok());
}

/// B-001: an L1 block that does not follow the one before, or is not the start.
#[test]
fn l1_blocks_are_linked() {
    let mut sim = Sim::fork(Fork::Holocene);
    sim.block(1).origin.parent_hash = B256::ZERO;
    let expected = ResetCause::Parent { number: 51, parent: B256::ZERO, expected: l1(0).hash };
    assert_eq!(sim.try_run(2), Err(DeriveError::Reset(expected)));
    let mut sim = Sim::fork(Fork::Holocene);
    sim.block(0).origin.hash = B256::ZERO;
    let expected = ResetCause::Start { number: 50, actual: B256::ZERO, expected: l1(0).hash };
    assert_eq!(sim.try_run(2), Err(DeriveError::Reset(expected)));
}

/// H-032: after a reset all stages are empty, and the same blocks are derived again.
#[test]
fn reset_starts_anew() {
    let mut sim = Sim::fork(Fork::Granite);
    sim.put_singular(1, &[singular(1, 0, &[tx("a")]), singular(3, 0, &[tx("waits")])]);
    let tip = sim.tip.clone();
    let first = sim.run(3);
    sim.tip = tip.clone();
    sim.pipeline = Pipeline::new(sim.cfg, &tip, l1(0));
    assert_eq!(sim.pipeline.origin(), None);
    assert_eq!(sim.run(3), first);
    assert_eq!(sim.pipeline.poll(&sim.tip), Ok(Poll::NeedL1 { number: 54 }));
}

/// H-033, F-002, F-003: what is read below the safe head's origin fills channels, and no more: a batch of the very next slot that comes
/// out of one there is discarded, and one that comes out later counts, though its channel was begun there.
#[test]
fn below_the_safe_origin_channels_are_only_filled() {
    for fork in [Fork::Bedrock, Fork::Granite, Fork::Holocene] {
        let mut sim = Sim::with(config(at(fork)), 15, 2, 0);
        let data = sim.channel(vec![singular(16, 2, &[tx("later")]).into()]);
        sim.put_singular(1, &[singular(16, 2, &[tx("too early")])]);
        sim.put_frames(1, &[frame(1, 0, data.slice(..9), false)]);
        sim.put_frames(3, &[frame(1, 1, data.slice(9..), true)]);
        let derived = sim.run(3);
        assert_eq!(
            (slots(&derived), &derived[0].transactions),
            (vec![(16, 2)], &vec![tx("later")]),
            "{fork}"
        );
        assert_eq!(sim.fates(), [Fate::Drained, Fate::Accepted], "{fork}");
    }
}

/// H-004, B-002: inner stages first; L1 advances one block at a time, when they are dry. Polling again changes nothing.
#[test]
fn l1_is_asked_for_when_dry() {
    let mut sim = Sim::fork(Fork::Holocene);
    for _ in 0..3 {
        assert_eq!(sim.pipeline.poll(&sim.tip), Ok(Poll::NeedL1 { number: 50 }));
    }
    sim.put_singular(1, &[singular(1, 0, &[]), singular(2, 0, &[])]);
    sim.run(1);
    assert_eq!(sim.attributes.len(), 2);
    assert_eq!(sim.pipeline.poll(&sim.tip), Ok(Poll::NeedL1 { number: 52 }));
}

/// a stored scalar of an unknown version stops derivation.
#[test]
fn unknown_scalar_version() {
    let mut sim = Sim::fork(Fork::Ecotone);
    sim.tip.system.scalar = alloy_primitives::U256::MAX;
    sim.pipeline = Pipeline::new(sim.cfg, &sim.tip, l1(0));
    sim.put_singular(1, &[singular(1, 0, &[])]);
    assert!(matches!(sim.try_run(1), Err(DeriveError::Critical(CriticalCause::Scalar(_)))));
}

/// Every event names its rule.
#[test]
fn events_name_rules() {
    let mut sim = over_an_epoch(Fork::Granite);
    sim.run(WINDOW + 2);
    assert!(
        sim.events.iter().all(|event| matches!(Event::rule(event).as_bytes(), [b'A'..=b'H', b'-', _, _, _]))
    );
    assert!(sim.events.len() > 10);
}
