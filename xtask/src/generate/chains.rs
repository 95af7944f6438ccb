//! `crates/protocol/src/chains/generated.rs`: the superchain registry as constants.
//!
//! Three sources, the later wins: the registry's files in a published crate, the registry as `../shared` has it (newer),
//! and there the chains that left the registry but are still described. A chain that only the old files have is left out: it was
//! taken off the registry since, and what it does today is not known.

use super::source;
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};
use unroll_protocol::{
    config::{AltDaConfig, RollupConfig},
    config_file::{parse_rollup_json, parse_superchain_toml},
    forks::Fork,
    system_config::SystemConfig,
};

struct Chain {
    name: String,
    network: String,
    config: RollupConfig,
}

type Chains = BTreeMap<u64, Chain>;

/// Writes the file and prints where the sources differ.
pub fn run(root: &Path) -> anyhow::Result<()> {
    let crate_ = ("kona-registry", "0.4.5");
    let published = registry(&source::of_crate(root, crate_.0, crate_.1)?)?;
    let shared = root.join("../shared");
    let (chains, sources) = if shared.is_dir() {
        let newer = with_departed(newer_registry(&shared)?, &shared)?;
        report(&published, &newer);
        (newer, format!("{} {}, superchain-registry 8336d2ae (2026-08-04)", crate_.0, crate_.1))
    } else {
        println!(
            "no ../shared: the chains are as {} {} has them, without later upgrades",
            crate_.0, crate_.1
        );
        (published, format!("{} {}", crate_.0, crate_.1))
    };
    let path = root.join("crates/protocol/src/chains/generated.rs");
    fs::create_dir_all(path.parent().context("the path has a folder")?)?;
    fs::write(&path, rust(&chains, &sources)?)?;
    println!("{} chains: {}", chains.len(), path.display());
    Ok(())
}

/// `superchain/configs/<network>/<chain>.toml`, with the L1 of the network in `superchain.toml`.
fn registry(crate_: &Path) -> anyhow::Result<Chains> {
    let mut chains = Chains::new();
    for network in
        folder(&crate_.join("superchain-registry/superchain/configs"))?.into_iter().filter(|p| p.is_dir())
    {
        let superchain: Value = toml::from_str(&fs::read_to_string(network.join("superchain.toml"))?)?;
        let l1 = superchain["l1"]["chain_id"].as_u64().context("superchain.toml names the L1")?;
        for path in folder(&network)?.into_iter().filter(|p| !p.ends_with("superchain.toml")) {
            let text = fs::read_to_string(&path)?;
            let name: Value = toml::from_str(&text)?;
            let (config, unknown) =
                parse_superchain_toml(&text, l1).with_context(|| path.display().to_string())?;
            ensure!(unknown.is_empty(), "{}: unknown keys {unknown:?}", path.display());
            add(&mut chains, &name["name"], &file_name(&network).into(), config)?;
        }
    }
    Ok(chains)
}

/// `chains.json`: the registry of a later day, each chain as `rollup.json`.
fn newer_registry(shared: &Path) -> anyhow::Result<Chains> {
    let list: Value = serde_json::from_slice(&fs::read(shared.join("protocol/chains.json"))?)?;
    let mut chains = Chains::new();
    for chain in list["chains"].as_array().context("chains.json has chains")? {
        let (config, unknown) = parse_rollup_json(chain["rollup"].to_string().as_bytes())?;
        ensure!(unknown.is_empty(), "{}: unknown keys {unknown:?}", chain["name"]);
        add(&mut chains, &chain["name"], &chain["network"], config)?;
    }
    Ok(chains)
}

/// `genesis/index.json`: also has chains that left the registry, with the registry's last word on them.
fn with_departed(mut chains: Chains, shared: &Path) -> anyhow::Result<Chains> {
    let index: Value = serde_json::from_slice(&fs::read(shared.join("data/genesis/index.json"))?)?;
    for entry in index.as_array().context("index.json is a list")? {
        let id = entry["chain_id"].as_u64().context("an entry has a chain id")?;
        if chains.contains_key(&id) {
            continue;
        }
        let network =
            entry["file"].as_str().and_then(|name| name.split_once('-')).context("network-chain.json")?.0;
        let keys = [
            "chain_id",
            "name",
            "hardforks",
            "optimism",
            "block_time",
            "seq_window_size",
            "max_sequencer_drift",
            "genesis",
            "batch_inbox_addr",
            "addresses",
        ];
        let table: serde_json::Map<_, _> =
            keys.iter().map(|&key| (key.to_owned(), entry[key].clone())).collect();
        let l1 = if network == "mainnet" { 1 } else { 11_155_111 };
        let (config, unknown) = parse_superchain_toml(&toml::to_string(&table)?, l1)?;
        ensure!(unknown.is_empty(), "{}: unknown keys {unknown:?}", entry["name"]);
        add(&mut chains, &entry["name"], &json!(network), config)?;
    }
    Ok(chains)
}

fn add(chains: &mut Chains, name: &Value, network: &Value, config: RollupConfig) -> anyhow::Result<()> {
    config.check().with_context(|| name.to_string())?;
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned).context("a name is a text");
    chains.insert(config.l2_chain_id, Chain { name: text(name)?, network: text(network)?, config });
    Ok(())
}

fn report(published: &Chains, newer: &Chains) {
    for (id, old) in published {
        match newer.get(id) {
            None => println!("{id} {}: left out, taken off the registry", old.name),
            Some(new) if new.config != old.config => {
                let (old_text, new_text) = (format!("{:#?}", old.config), format!("{:#?}", new.config));
                let changed = new_text.lines().filter(|line| !old_text.contains(line)).map(str::trim);
                println!("{id} {}: now {}", new.name, changed.collect::<Vec<_>>().join(" "));
            }
            Some(_) => {}
        }
    }
    for (id, new) in newer.iter().filter(|(id, _)| !published.contains_key(id)) {
        println!("{id} {}: new", new.name);
    }
}

fn rust(chains: &Chains, sources: &str) -> anyhow::Result<String> {
    let mut out = format!(
        "// @generated by `cargo xtask generate chains` from {sources}.\n\n\
         use super::{{Chain, genesis, system}};\nuse crate::{{\n    blob_schedule::BlobSchedule,\n    \
         config::{{AltDaConfig, BaseFeeConstants, DaCommitment, RollupConfig}},\n    forks::{{Fork, ForkTimes}},\n}};\n\
         use alloy_primitives::{{U256, address, b256}};\n\n/// By ascending L2 chain id.\n\
         pub(super) static CHAINS: [Chain; {}] = [\n",
        chains.len()
    );
    for chain in chains.values() {
        row(&mut out, chain).with_context(|| chain.name.clone())?;
    }
    out.push_str("];\n");
    Ok(out)
}

fn row(out: &mut String, chain: &Chain) -> anyhow::Result<()> {
    let c = &chain.config;
    let g = &c.genesis;
    let s = &g.system_config;
    let plain = SystemConfig {
        batcher: s.batcher,
        overhead: s.overhead,
        scalar: s.scalar,
        gas_limit: s.gas_limit,
        ..Default::default()
    };
    ensure!(*s == plain, "the genesis system config has parameters that no row has room for");
    let schedule = match c.l1_chain_id {
        1 => "MAINNET",
        11_155_111 => "SEPOLIA",
        id => anyhow::bail!("no blob schedule is known for L1 chain {id}"),
    };
    let [o, k] = [s.overhead, s.scalar].map(|word| format!("U256::from_limbs({:?})", word.as_limbs()));
    writeln!(
        out,
        "    Chain {{ name: {:?}, network: {:?}, config: RollupConfig {{",
        chain.name, chain.network
    )?;
    writeln!(out, "        genesis: genesis(")?;
    writeln!(
        out,
        "            ({}, b256!(\"{:x}\")), ({}, b256!(\"{:x}\")), {},",
        g.l1.number, g.l1.hash, g.l2.number, g.l2.hash, g.l2_time
    )?;
    writeln!(
        out,
        "            system(address!(\"{:x}\"), {o}, {k}, {}),\n        ),",
        s.batcher, s.gas_limit
    )?;
    writeln!(
        out,
        "        block_time: {}, max_sequencer_drift: {}, seq_window_size: {}, channel_timeout: {},",
        c.block_time, c.max_sequencer_drift, c.seq_window_size, c.channel_timeout
    )?;
    writeln!(out, "        l1_chain_id: {}, l2_chain_id: {},", c.l1_chain_id, c.l2_chain_id)?;
    writeln!(out, "        forks: ForkTimes::NONE{},", fork_times(c))?;
    for (name, address) in [
        ("batch_inbox", c.batch_inbox),
        ("deposit_contract", c.deposit_contract),
        ("l1_system_config", c.l1_system_config),
    ] {
        writeln!(out, "        {name}: address!(\"{address:x}\"),")?;
    }
    let fee = c.base_fee;
    writeln!(
        out,
        "        base_fee: BaseFeeConstants {{ elasticity: {}, denominator: {}, denominator_canyon: {} }},",
        fee.elasticity, fee.denominator, fee.denominator_canyon
    )?;
    writeln!(
        out,
        "        keep_karst_upgrade_gas: {}, alt_da: {}, l1_blob_schedule: BlobSchedule::{schedule},",
        c.keep_karst_upgrade_gas,
        alt_da(c.alt_da.as_ref())
    )?;
    writeln!(out, "    }} }},")?;
    Ok(())
}

fn fork_times(config: &RollupConfig) -> String {
    let forks = Fork::ALL.into_iter().skip(1).filter_map(|fork| Some((fork, config.forks.time(fork)?)));
    let mut text: String = forks.map(|(fork, time)| format!(".with(Fork::{fork:?}, {time})")).collect();
    if let Some(time) = config.forks.pectra_blob_schedule {
        text += &format!(".with_pectra_blob_schedule({time})");
    }
    text
}

fn alt_da(config: Option<&AltDaConfig>) -> String {
    config.map_or_else(
        || "None".to_owned(),
        |c| {
            format!(
                "Some(AltDaConfig {{ challenge_contract: address!(\"{:x}\"), commitment: DaCommitment::{:?}, \
                 challenge_window: {}, resolve_window: {} }})",
                c.challenge_contract, c.commitment, c.challenge_window, c.resolve_window
            )
        },
    )
}

fn folder(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(path).with_context(|| path.display().to_string())?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    paths.retain(|path| path.is_dir() || path.extension().is_some_and(|e| e == "toml"));
    paths.sort();
    Ok(paths)
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
