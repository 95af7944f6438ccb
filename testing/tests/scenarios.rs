//! Every scenario on every fork: the honest run, false claims, and witnesses that lie.

use std::{
    fs, panic,
    path::Path,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};
use unroll_proof::claim::Outcome;
use unroll_protocol::forks::Fork;
use unroll_testing::{
    devnet::{Store, witness::run},
    scenarios::{
        self, Scenario, Told,
        lies::{self, Judged, Lie},
    },
    simulator::dice::Dice,
};

#[test]
fn every_scenario_on_every_fork() {
    // `SCENARIO=l1_reorg cargo test ..` tells only the stories whose name holds that.
    let wanted = std::env::var("SCENARIO").unwrap_or_default();
    let runs: Vec<(Scenario, Fork)> = scenarios::all()
        .into_iter()
        .filter(|scenario| scenario.name.contains(&wanted))
        .flat_map(|scenario| scenario.forks().into_iter().map(move |fork| (scenario, fork)))
        .collect();
    let (next, told, failed) = (AtomicUsize::new(0), Mutex::new(Told::new()), Mutex::new(Vec::new()));
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((scenario, fork)) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match panic::catch_unwind(|| check(scenario, *fork)) {
                        Ok(lies) => {
                            let mut told: MutexGuard<'_, Told> = told.lock().expect("nobody panics with it");
                            for lie in lies {
                                *told.entry((scenario.name, lie)).or_default() += 1;
                            }
                        }
                        Err(_) => failed.lock().expect("nobody panics with it").push((scenario.name, fork)),
                    }
                }
            });
        }
    });
    let (told, failed) = (told.into_inner().expect("as above"), failed.into_inner().expect("as above"));
    assert!(failed.is_empty(), "{} of {} runs failed: {failed:?}", failed.len(), runs.len());
    // Without Karst's bundle, which a developer may lack, some stories are not told.
    let all: usize = scenarios::all().iter().map(|scenario| scenario.all_forks().count()).sum();
    if wanted.is_empty() && runs.len() == all {
        assert!(all >= 278, "only {all} runs");
        let committed = committed();
        assert!(committed.ends_with(&scenarios::lies_markdown(&told)), "{HINT}; now {told:?}");
        for lie in Lie::ALL {
            assert!(told.keys().any(|(_, told)| *told == lie), "nothing to lie about: {lie:?}");
        }
    }
}

/// Returns the lies that there were to tell.
fn check(scenario: &Scenario, fork: Fork) -> Vec<Lie> {
    let name = format!("{} on {fork}", scenario.name);
    let story = scenario.tell(fork);
    let records = story.witness.records();
    let honest = lies::judge(&story, &story.witness.boot, &records);
    assert_eq!(honest, Judged::Said(story.witness.verdict), "{name}: the witness suffices");

    for (lie, boot, deserved) in lies::claims(&story) {
        let store: &Store = &story.devnet.store;
        let said = run(&story.witness.config, &boot, store).expect("the store lacks nothing");
        assert_eq!(said.verdict.outcome, deserved, "{name}: {lie}");
        // What was recorded for another claim may not suffice; but then nothing is said.
        let judged = lies::judge(&story, &boot, &records);
        assert!(
            judged == Judged::Undecided || judged == Judged::Said(said.verdict),
            "{name}: {lie}: {judged:?}"
        );
        assert!(
            !["off by one bit", "the root of the block before", "nothing"].contains(&lie)
                || matches!(deserved, Outcome::Wrong | Outcome::WrongAtEnd)
        );
    }

    let mut dice = Dice::new(records.len() as u64);
    let mut told = Vec::new();
    for lie in Lie::ALL {
        let Some((boot, records)) = lie.tell(&story, &mut dice) else { continue };
        let judged = lies::judge(&story, &boot, &records);
        match lie.is_plain() {
            true => assert_eq!(judged, Judged::Refused, "{name}: {lie:?}"),
            false => assert_eq!(judged, Judged::Undecided, "{name}: {lie:?}"),
        }
        told.push(lie);
    }
    told
}

#[test]
fn the_table_is_up_to_date() {
    assert!(committed().starts_with(&scenarios::markdown()), "{HINT}");
}

const HINT: &str =
    "to write docs/SCENARIOS.md anew: cargo run -p unroll-testing --features devnet --bin scenarios";

fn committed() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/SCENARIOS.md");
    fs::read_to_string(path).unwrap_or_default()
}
