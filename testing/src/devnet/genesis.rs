//! Where the chain starts: geth's genesis file, op-node's `rollup.json` and geth's config of the L1, as files, and what our
//! own readers make of them.

use super::{
    config::{AltDaWindows, DevnetConfig, GENESIS_TIME},
    contracts as code,
    events::{DA_CHALLENGE, INBOX, PORTAL, SYSTEM_CONFIG},
    keys::Key,
    l1::L1Block,
    tries::GenesisAccount,
};
use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes, Sealable, Sealed, U256, hex};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use unroll_executor::genesis::Genesis;
use unroll_protocol::{
    config::RollupConfig,
    config_file::{parse_l1_chain_config, parse_rollup_json},
    deposit::DepositTx,
    forks::{ExecutionRules, ExtraData, Fork, ForkTimes},
    units::L2Time,
    upgrades::{Upgrade, upgrade_transactions},
};

/// The files of a chain, and what they say.
#[derive(Clone, Debug)]
pub struct GenesisFiles {
    /// Geth's genesis file of the L2.
    pub genesis: Value,
    /// op-node's config.
    pub rollup: Value,
    /// Geth's chain config of the L1, with its blob schedule.
    pub l1: Value,
    /// The L2 accounts.
    pub accounts: BTreeMap<Address, GenesisAccount>,
    /// The L2 genesis block.
    pub header: Sealed<Header>,
    /// The rollup config.
    pub config: RollupConfig,
}

impl GenesisFiles {
    /// The files of the chain that begins with this L1 block.
    ///
    /// # Panics
    ///
    /// If the config contradicts itself.
    pub fn new(config: &DevnetConfig, l1: &L1Block, batcher: Address, rich: &[Key]) -> Self {
        let forks = config.fork_times();
        let accounts = accounts(&forks, rich);
        let genesis = genesis_json(config, &forks, &accounts);
        let header =
            Genesis::parse(genesis.to_string().as_bytes()).expect("our own genesis is one that we read");
        let header = header.header(&forks).seal_slow();
        let rollup = rollup_json(config, &forks, l1, &header, batcher);
        let l1 = l1_json(config);
        let (mut parsed, unknown) =
            parse_rollup_json(rollup.to_string().as_bytes()).expect("our own config is one that we read");
        assert!(unknown.is_empty(), "our own config has no unknown keys: {unknown:?}");
        let (_, schedule) =
            parse_l1_chain_config(l1.to_string().as_bytes()).expect("our own config is one that we read");
        parsed.l1_blob_schedule = schedule;
        parsed.check().expect("the devnet's file describes a sound chain");
        Self { genesis, rollup, l1, accounts, header, config: parsed }
    }
}

fn accounts(forks: &ForkTimes, rich: &[Key]) -> BTreeMap<Address, GenesisAccount> {
    let contract = |code: Bytes| GenesisAccount { nonce: 1, code, ..Default::default() };
    let mut accounts = BTreeMap::from([
        (code::CHURN, contract(code::churn())),
        (code::BURNER, contract(code::burner())),
        (code::CALLER, contract(code::caller())),
        (code::FACTORY, contract(code::factory())),
        (code::LOGGER, contract(code::logger())),
        (code::REVERTER, contract(code::reverter())),
        (code::OBSERVER, contract(code::observer())),
        (code::DETERMINISTIC_DEPLOYER, contract(code::deterministic_deployer())),
        (code::implementation(0x15), contract(code::l1_block())),
        (code::implementation(0x16), contract(code::message_passer())),
    ]);
    accounts.extend(code::REQUEST_CONTRACTS.map(|address| (address, contract(code::churn()))));
    let mut proxy = contract(code::proxy());
    proxy.storage.insert(code::ADMIN_SLOT.into(), code::PROXY_ADMIN.into_word().into());
    for last in code::PREDEPLOYS {
        let first = code::implementation(last);
        accounts.entry(first).or_insert_with(|| contract(code::answerer()));
        let mut proxy = proxy.clone();
        proxy.storage.insert(code::IMPLEMENTATION_SLOT.into(), first.into_word().into());
        accounts.insert(code::predeploy(last), proxy);
    }
    accounts.extend(code::EMPTY_PREDEPLOYS.map(|last| (code::predeploy(last), proxy.clone())));
    if let Some(oracle) = accounts.get_mut(&code::GAS_PRICE_ORACLE) {
        oracle.storage.insert(U256::ZERO, active_flags(forks));
    }
    // Contracts that upgrade transactions deploy are there from genesis on if their fork is (G-057).
    let rules = forks.execution(L2Time(GENESIS_TIME));
    if rules.beacon_root {
        accounts.insert(code::BEACON_ROOTS, contract(deployed_by(Fork::Ecotone, 5, 9)));
    }
    if rules.withdrawals_root_in_header {
        accounts.insert(code::BLOCK_HASHES, contract(deployed_by(Fork::Isthmus, 7, 9)));
    }
    if rules.withdrawals {
        let deployer = include_bytes!("../../../crates/executor/src/create2_deployer.bin");
        accounts.insert(code::CREATE2_DEPLOYER, contract(Bytes::from_static(deployer)));
    }
    let balance = U256::from(10).pow(U256::from(24));
    accounts.extend(rich.iter().map(|key| (key.address, GenesisAccount { balance, ..Default::default() })));
    accounts
}

/// What the gas price oracle's contract keeps in its first slot, from its lowest byte up: whether Ecotone, Fjord, Isthmus and
/// Jovian are active. Its next upgrade asks for it.
fn active_flags(forks: &ForkTimes) -> U256 {
    let now = forks.execution(L2Time(GENESIS_TIME)).fork;
    let flags = [Fork::Ecotone, Fork::Fjord, Fork::Isthmus, Fork::Jovian].into_iter().zip([0, 8, 16, 24]);
    flags.filter(|(fork, _)| *fork <= now).map(|(_, shift)| U256::from(1) << shift).sum()
}

/// The code that an upgrade transaction deploys with init code of this length that copies what follows it.
fn deployed_by(fork: Fork, index: usize, init: usize) -> Bytes {
    let Upgrade::Builtin(builtin) = upgrade_transactions(fork) else { return Bytes::new() };
    let transaction = builtin.transactions().nth(index).expect("the fork has that many transactions");
    let deposit = DepositTx::decode(&transaction).expect("upgrade transactions are deposits");
    deposit.data.slice(init..)
}

/// Thirty-two bytes in hexadecimal.
fn word(number: U256) -> String {
    B256::from(number).to_string()
}

fn genesis_json(
    config: &DevnetConfig,
    forks: &ForkTimes,
    accounts: &BTreeMap<Address, GenesisAccount>,
) -> Value {
    let alloc: Map<String, Value> = accounts
        .iter()
        .map(|(address, account)| {
            let storage = account.storage.iter();
            let storage: Map<String, Value> =
                storage.map(|(index, value)| (word(*index), word(*value).into())).collect();
            let mut entry = json!({ "balance": account.balance, "nonce": format!("{:#x}", account.nonce) });
            if !account.code.is_empty() {
                entry["code"] = account.code.to_string().into();
            }
            if !storage.is_empty() {
                entry["storage"] = storage.into();
            }
            (hex::encode(address), entry)
        })
        .collect();
    let extra_data = match forks.execution(L2Time(GENESIS_TIME)).extra_data {
        ExtraData::Empty => "0x",
        // I-048: version 0, denominator 250, elasticity 6; or version 1 and a least base fee of 0.
        ExtraData::Eip1559 => "0x00000000fa00000006",
        ExtraData::Eip1559AndMinBaseFee => "0x01000000fa000000060000000000000000",
    };
    json!({
        "config": genesis_forks(config, forks),
        "nonce": "0x0",
        "timestamp": format!("{GENESIS_TIME:#x}"),
        "extraData": extra_data,
        "gasLimit": format!("{:#x}", config.l2.gas_limit),
        "difficulty": "0x0",
        "mixHash": B256::ZERO,
        "coinbase": code::predeploy(0x11),
        "alloc": alloc,
        "number": "0x0",
        "gasUsed": "0x0",
        "parentHash": B256::ZERO,
        "baseFeePerGas": format!("{:#x}", 1_000_000_000),
    })
}

/// The `config` of the genesis file: when the execution client changes its rules.
fn genesis_forks(config: &DevnetConfig, forks: &ForkTimes) -> Value {
    let mut out = json!({
        "chainId": config.l2.chain_id,
        "homesteadBlock": 0, "eip150Block": 0, "eip155Block": 0, "eip158Block": 0, "byzantiumBlock": 0,
        "constantinopleBlock": 0, "petersburgBlock": 0, "istanbulBlock": 0, "muirGlacierBlock": 0,
        "berlinBlock": 0, "londonBlock": 0, "arrowGlacierBlock": 0, "grayGlacierBlock": 0,
        "mergeNetsplitBlock": 0, "bedrockBlock": 0,
        "terminalTotalDifficulty": 0, "terminalTotalDifficultyPassed": true,
        "optimism": { "eip1559Elasticity": 6, "eip1559Denominator": 50, "eip1559DenominatorCanyon": 250 },
    });
    for (fork, _) in config.forks.list() {
        let Some(time) = forks.time(fork) else { continue };
        if fork != Fork::Delta {
            out[format!("{fork}Time")] = time.into();
        }
        match fork {
            Fork::Canyon => out["shanghaiTime"] = time.into(),
            Fork::Ecotone => out["cancunTime"] = time.into(),
            Fork::Isthmus => out["pragueTime"] = time.into(),
            _ => {}
        }
    }
    out
}

fn rollup_json(
    config: &DevnetConfig,
    forks: &ForkTimes,
    l1: &L1Block,
    l2: &Sealed<Header>,
    batcher: Address,
) -> Value {
    let c = &config.l2;
    let mut system = json!({
        "batcherAddr": batcher,
        "overhead": B256::ZERO,
        "scalar": B256::from(config.scalar()),
        "gasLimit": c.gas_limit,
    });
    let ExecutionRules { extra_data, withdrawals_root_in_header, .. } = forks.execution(L2Time(GENESIS_TIME));
    if *extra_data != ExtraData::Empty {
        system["eip1559Params"] = "0x000000fa00000006".into();
    }
    if *withdrawals_root_in_header {
        let word = U256::from(c.operator_fee_scalar) << 64usize | U256::from(c.operator_fee_constant);
        system["operatorFeeParams"] = B256::from(word).to_string().into();
    }
    let mut out = json!({
        "genesis": {
            "l1": { "hash": l1.header.hash(), "number": l1.header.number },
            "l2": { "hash": l2.hash(), "number": l2.number },
            "l2_time": GENESIS_TIME,
            "system_config": system,
        },
        "block_time": c.block_time,
        "max_sequencer_drift": c.max_sequencer_drift,
        "seq_window_size": c.seq_window_size,
        "channel_timeout": c.channel_timeout,
        "l1_chain_id": config.l1.chain_id,
        "l2_chain_id": c.chain_id,
        "batch_inbox_address": INBOX,
        "deposit_contract_address": PORTAL,
        "l1_system_config_address": SYSTEM_CONFIG,
        "chain_op_config": { "eip1559Elasticity": 6, "eip1559Denominator": 50, "eip1559DenominatorCanyon": 250 },
    });
    if let Some(AltDaWindows { challenge_window, resolve_window }) = config.alt_da {
        out["alt_da"] = json!({
            "da_challenge_contract_address": DA_CHALLENGE,
            "da_commitment_type": "KeccakCommitment",
            "da_challenge_window": challenge_window,
            "da_resolve_window": resolve_window,
        });
    }
    for (fork, _) in config.forks.list() {
        if let Some(time) = forks.time(fork) {
            out[format!("{fork}_time")] = time.into();
        }
    }
    if let Some(time) = forks.pectra_blob_schedule {
        out["pectra_blob_schedule_time"] = time.into();
    }
    out
}

fn l1_json(config: &DevnetConfig) -> Value {
    let c = &config.l1;
    let mut out = json!({
        "chainId": c.chain_id,
        "homesteadBlock": 0, "eip150Block": 0, "eip155Block": 0, "eip158Block": 0, "byzantiumBlock": 0,
        "constantinopleBlock": 0, "petersburgBlock": 0, "istanbulBlock": 0, "berlinBlock": 0, "londonBlock": 0,
        "mergeNetsplitBlock": 0, "terminalTotalDifficulty": 0,
        "shanghaiTime": 0,
        "cancunTime": c.cancun.map_or(0, |after| GENESIS_TIME + after),
        "blobSchedule": { "cancun": { "target": 3, "max": 6, "baseFeeUpdateFraction": 3_338_477 } },
    });
    for fork in &c.blob_forks {
        out[format!("{}Time", fork.name)] = (GENESIS_TIME + fork.after).into();
        out["blobSchedule"][&fork.name] =
            json!({ "target": fork.target, "max": fork.max, "baseFeeUpdateFraction": fork.update_fraction });
    }
    out
}
