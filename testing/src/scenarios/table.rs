//! Every story, and on which forks it is told.

use super::lies::Lie;
use super::{
    Scenario, activation, alt_da, batches, channels, config, execution, full_block, garbage, invalid, l1,
    operator_fee, orders, precompiles, state,
};
use Fork::{Bedrock, Canyon, Delta, Ecotone, Fjord, Granite, Holocene, Isthmus, Jovian, Karst, Regolith};
use std::{collections::BTreeMap, fmt::Write};
use unroll_protocol::forks::Fork;

macro_rules! scenarios {
    ($($name:ident $first:ident..$last:ident $tell:path, $about:literal;)*) => {
        &[$(Scenario {
            name: stringify!($name),
            about: $about,
            first: $first,
            last: $last,
            tell: $tell,
            activates: false,
        },)*]
    };
}

/// Forks that are active from genesis on.
const STANDING: &[Scenario] = scenarios! {
    agreed_block Bedrock..Karst l1::agreed_block,
        "The claimed block is the agreed one.";
    alt_da Bedrock..Karst alt_da::alt_da,
        "Batches lie beside L1: one is challenged and answered, one is challenged and not, and is void.";
    bad_tx_in_batch Bedrock..Karst batches::bad_transaction,
        "A batch holds a transaction that no block can hold.";
    bad_txs_of_every_kind Bedrock..Karst invalid::every_kind,
        "Batches hold transactions that no block can hold, of every kind of the fork, one after another.";
    batcher_change Bedrock..Karst channels::batcher_change,
        "L1 names another batcher; the old one's data in the same block no longer counts.";
    channel_timeout Bedrock..Karst channels::timeout,
        "The last frame of a channel comes too late; its blocks are posted again.";
    deposits_only_replacement Holocene..Karst batches::deposits_only,
        "An invalid block with users' deposits is replaced by them.";
    end_of_source Bedrock..Karst channels::end_of_source,
        "L1 ends within the next block's channel: the true claim is the agreed root.";
    full_block Bedrock..Karst full_block::full_block,
        "Blocks are filled to the last unit of gas, by users and by deposits; one unit more is too much.";
    garbage_channel Bedrock..Karst garbage::garbage,
        "Malformed payloads, frames, compression, batches and spans in the batcher's own name, and between them what counts.";
    holocene_batches Bedrock..Karst orders::holocene_batches,
        "Batches and spans come in every order, twice, overlapping and with gaps: until Holocene any order will do.";
    holocene_frame Bedrock..Karst channels::holocene_frame,
        "Frames come in order, twice, backwards, and mixed: until Holocene any order will do.";
    holocene_invalid_batch Delta..Karst batches::holocene_invalid_batch,
        "One block of a span is invalid: until Holocene all of it is void; then a batch holds a deposit.";
    isthmus_requests Isthmus..Karst execution::isthmus_requests,
        "Contracts lie where L1 has its request contracts; there are no requests.";
    isthmus_setcode_tx Regolith..Karst batches::set_code,
        "Accounts take on code, in batches and in spans; before Isthmus such a batch is dropped, and such a span.";
    jovian_dafootprint Jovian..Karst execution::da_footprint,
        "A block is as full of data as it may be, another one fuller, while L1 changes what a byte counts.";
    jovian_minbasefee Jovian..Karst execution::min_base_fee,
        "L1 sets a least base fee, which binds one block later.";
    l1_blob_parameter_forks Ecotone..Karst l1::blob_parameter_forks,
        "Batches in several blobs while L1 changes its blob parameters five times.";
    l1_lookback Bedrock..Karst channels::l1_lookback,
        "A channel that was opened before the agreed block's L1 origin holds the next blocks.";
    l1_lookback_reopened Bedrock..Karst channels::l1_lookback_reopened,
        "The same where a channel of that name was opened before, with a lie in it, and timed out.";
    l1_reorg Bedrock..Karst l1::reorg,
        "L1 gives up blocks with batches and deposits.";
    operator_fee Isthmus..Karst operator_fee::operator_fee,
        "Every transaction but deposits pays the operator fee of its fork, at changing rates; one wei too little is too little.";
    pectra_blob_schedule Ecotone..Karst l1::pectra_blob_schedule,
        "The rollup takes Prague's blob prices for Cancun's until the fix.";
    precompile Bedrock..Karst precompiles::precompiles,
        "Precompiles with as much input as the fork takes, and with more; and a known result of each, which a contract remembers.";
    sequence_window_expiry Bedrock..Karst batches::window_expiry,
        "Nobody posts batches in time, or closes the channel that they are in; empty blocks fill the slots.";
    span_overlap Delta..Karst batches::span_overlap,
        "Spans begin below the safe head: one repeats it, one contradicts it.";
    state_changes Bedrock..Karst state::state_changes,
        "Storage is cleared, contracts are destroyed, deposits fail, accounts take on code and give it up: what is left of each.";
    trace_extension Bedrock..Karst l1::trace_extension,
        "The claimed block lies behind the safe head: the true claim is the safe head's root. L1 has missed slots.";
};

/// Forks that activate in the chain.
const ACTIVATING: &[Scenario] = scenarios! {
    activation_block Regolith..Karst activation::block,
        "A fork activates a second before block 4, and so in it, with its upgrade transactions and nothing that it does not admit.";
    holocene_activation Holocene..Holocene activation::holocene,
        "A channel is open while Holocene activates, and is lost.";
    jovian_activation Jovian..Jovian activation::jovian,
        "Jovian's header fields begin one block before its L1 info.";
    karst_activation Karst..Karst activation::karst,
        "Karst's 31 upgrade transactions run, on gas of their own, and all succeed: the last one upgrades all predeploys.";
    operator_fee_activation Isthmus..Isthmus operator_fee::activation,
        "Isthmus' first block takes no operator fee, and what L1 said until then is forgotten.";
    operator_fee_fix_transition Jovian..Jovian operator_fee::transition,
        "The operator fee's formula changes with Jovian; who could just pay it cannot any more.";
    system_config Bedrock..Karst config::system_config,
        "Config updates of every kind, and malformed ones, in the L1 blocks before, at and after a fork.";
};

/// Every story, by name.
pub fn all() -> Vec<Scenario> {
    let activating = ACTIVATING.iter().map(|scenario| Scenario { activates: true, ..*scenario });
    let mut all: Vec<_> = STANDING.iter().copied().chain(activating).collect();
    all.sort_by_key(|scenario| scenario.name);
    all
}

/// On how many forks each lie is told in each story.
pub type Told = BTreeMap<(&'static str, Lie), usize>;

/// The part of `docs/SCENARIOS.md` that says how often each lie is told: by the runs themselves.
pub fn lies_markdown(told: &Told) -> String {
    let mut out = String::from(LIES_HEAD);
    for lie in Lie::ALL {
        let _ = writeln!(out, "* `{lie:?}` takes {}.", lie.needs());
    }
    let names: Vec<_> = Lie::ALL.iter().map(|lie| format!("{lie:?}")).collect();
    let _ = writeln!(out, "\n| scenario | {} |", names.join(" | "));
    let _ = writeln!(out, "|---|{}", "--:|".repeat(Lie::ALL.len()));
    for scenario in all() {
        let count = |lie: &Lie| told.get(&(scenario.name, *lie)).map_or(String::new(), usize::to_string);
        let cells: Vec<_> = Lie::ALL.iter().map(count).collect();
        let _ = writeln!(out, "| `{}` | {} |", scenario.name, cells.join(" | "));
    }
    out
}

const LIES_HEAD: &str = "\n## Who lies\n\n\
On how many forks each lie about the witness (`testing/src/scenarios/lies.rs`) is told in each story. A lie is told wherever the
witness has what it is about:\n\n";

/// The part of `docs/SCENARIOS.md` that says which story is told on which fork.
pub fn markdown() -> String {
    const FORKS: [Fork; 11] =
        [Bedrock, Regolith, Canyon, Delta, Ecotone, Fjord, Granite, Holocene, Isthmus, Jovian, Karst];
    let mut out = String::from(HEAD);
    let names: Vec<_> = FORKS.iter().map(|fork| fork.name()).collect();
    let _ = writeln!(out, "| scenario | {} |", names.join(" | "));
    let _ = writeln!(out, "|---|{}", ":-:|".repeat(FORKS.len()));
    let mut runs = 0;
    for scenario in all() {
        let told: Vec<_> = scenario.all_forks().collect();
        runs += told.len();
        let cells: Vec<_> = FORKS.iter().map(|fork| if told.contains(fork) { "x" } else { "" }).collect();
        let _ = writeln!(out, "| `{}` | {} |", scenario.name, cells.join(" | "));
    }
    let _ = writeln!(out, "\n{} scenarios, {runs} runs.\n\n## What happens\n", all().len());
    for scenario in all() {
        let _ = writeln!(out, "* `{}`: {}", scenario.name, scenario.about);
    }
    out
}

const HEAD: &str = "\
# Scenarios

Stories of a chain of our own (`testing/src/devnet`), named after the fault-proof tests that users know. Each is told on every
fork where it makes sense: active from genesis on, or, in the stories about activations, activated in the chain. Each ends in
a claim with exactly the preimages that a proof reads, which is judged as it should be; then the same claim off by one bit, one
block early and one block late, with the root of the block before, and with malicious witnesses, as the last table says.

Written by `cargo run -p unroll-testing --features devnet --bin scenarios`; checked by `testing/tests/scenarios.rs`.

";
