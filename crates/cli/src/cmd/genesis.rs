//! `unroll genesis`: computes the genesis block of a chain.

use crate::{
    args, fields,
    input::{self, InputError},
    report::Grouped,
};
use alloy_consensus::Header;
use alloy_primitives::{B256, Sealable, Sealed};
use serde_json::{Value as Json, json};
use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};
use unroll_executor::genesis::{Genesis, GenesisError};
use unroll_protocol::{
    chains::{self, Chain},
    config_file::{ConfigFileError, parse_rollup_json},
    forks::{Fork, ForkTimes},
};

/// Why there is no genesis block.
#[derive(Debug, thiserror::Error)]
enum Undecided {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("{} is not a genesis file: {error}", path.display())]
    Genesis { path: PathBuf, error: GenesisError },
    #[error("{} is not a rollup config: {error}", path.display())]
    Config { path: PathBuf, error: ConfigFileError },
    #[error("chain {0} is not built in")]
    UnknownChain(u64),
    #[error("the file's config is malformed: {0} is not a number")]
    ForkTime(String),
    #[error(
        "it is unknown which forks are active: the file has no config, and no built-in chain starts at its time; \
         --rollup-config or --chain-id would tell"
    )]
    NoForks,
}

/// What was found.
struct Found {
    header: Sealed<Header>,
    accounts: Option<usize>,
    chain_id: Option<u64>,
    chain_name: Option<&'static str>,
    forks_from: String,
    expected: Option<B256>,
}

/// Which rules the header follows, and whose it is supposed to be.
struct Rules {
    forks: ForkTimes,
    from: String,
    chain_id: Option<u64>,
}

/// Runs the command.
pub fn run(args: &args::Genesis) -> ExitCode {
    let result = genesis(args);
    let (code, json) = match &result {
        Ok(found) => (found.exit_code(), found.json()),
        Err(why) => (2, json!({ "verdict": "undecided", "reason": why.to_string() })),
    };
    let text = match &result {
        _ if args.json => format!("{json:#}\n"),
        Ok(found) => found.text(),
        Err(_) => String::new(),
    };
    let said = io::stdout().lock().write_all(text.as_bytes()).and_then(|()| match &result {
        Ok(_) => Ok(()),
        Err(why) => writeln!(io::stderr(), "undecided: {why}"),
    });
    // Whoever does not read what we say does not learn a verdict.
    ExitCode::from(if said.is_ok() { code } else { 2 })
}

fn genesis(args: &args::Genesis) -> Result<Found, Undecided> {
    let bytes = input::json(&args.path)?;
    let genesis =
        Genesis::parse(&bytes).map_err(|error| Undecided::Genesis { path: args.path.clone(), error })?;
    let (rules, header) = match rules(args, &bytes)? {
        Some(rules) => {
            let header = genesis.header(&rules.forks).seal_slow();
            (rules, header)
        }
        None => by_time(&genesis)?,
    };
    let chain = chains::all().find(|chain| Some(chain.config.l2_chain_id) == rules.chain_id);
    Ok(Found {
        header,
        accounts: genesis.accounts().map(|accounts| accounts.len()),
        chain_id: rules.chain_id,
        chain_name: chain.map(|chain| chain.name),
        forks_from: rules.from,
        expected: args.expect.or_else(|| chain.map(|chain| chain.config.genesis.l2.hash)),
    })
}

/// The rules as they were told, or `None` if nobody did.
fn rules(args: &args::Genesis, genesis: &[u8]) -> Result<Option<Rules>, Undecided> {
    if let Some(path) = &args.rollup_config {
        let (config, _) = parse_rollup_json(&input::json(path)?)
            .map_err(|error| Undecided::Config { path: path.clone(), error })?;
        let (forks, chain_id) = (config.forks, Some(config.l2_chain_id));
        return Ok(Some(Rules { forks, from: "--rollup-config".into(), chain_id }));
    }
    if let Some(id) = args.chain_id {
        let config = chains::by_chain_id(id).ok_or(Undecided::UnknownChain(id))?;
        return Ok(Some(Rules { forks: config.forks, from: "--chain-id".into(), chain_id: Some(id) }));
    }
    // It was parsed once, so it is JSON.
    let file: Json = serde_json::from_slice(genesis).unwrap_or_default();
    let Some(config) = file.get("config").filter(|config| config.is_object()) else { return Ok(None) };
    let mut forks = ForkTimes::NONE;
    for fork in Fork::ALL {
        let key = format!("{}Time", fork.name());
        if let Some(time) = config.get(&key).filter(|time| !time.is_null()) {
            forks = forks.with(fork, time.as_u64().ok_or(Undecided::ForkTime(key))?);
        }
    }
    let chain_id = config.get("chainId").and_then(Json::as_u64);
    Ok(Some(Rules { forks, from: "the file's config".into(), chain_id }))
}

/// The built-in chain that starts at the same time; if there are several, the one whose genesis hash comes out.
fn by_time(genesis: &Genesis) -> Result<(Rules, Sealed<Header>), Undecided> {
    let time = genesis.header(&ForkTimes::NONE).timestamp;
    let candidates = chains::all().filter(|chain| chain.config.genesis.l2_time.0 == time);
    let sealed: Vec<(&Chain, Sealed<Header>)> =
        candidates.map(|chain| (chain, genesis.header(&chain.config.forks).seal_slow())).collect();
    let matching = sealed.iter().find(|(chain, header)| header.hash() == chain.config.genesis.l2.hash);
    let (chain, header) = matching.or_else(|| sealed.first()).ok_or(Undecided::NoForks)?;
    let from = format!("{}, which starts at the same time", chain.name);
    let chain_id = Some(chain.config.l2_chain_id);
    Ok((Rules { forks: chain.config.forks, from, chain_id }, header.clone()))
}

impl Found {
    fn verdict(&self) -> &'static str {
        match self.expected {
            None => "computed",
            Some(expected) if expected == self.header.hash() => "equal",
            Some(_) => "differs",
        }
    }

    fn exit_code(&self) -> u8 {
        u8::from(self.verdict() == "differs")
    }

    fn reason(&self) -> String {
        match (self.verdict(), self.expected) {
            ("differs", Some(expected)) => format!("the hash is not the expected one, {expected}"),
            ("equal", _) => "the hash is the expected one".into(),
            _ => "no hash is known to compare with".into(),
        }
    }

    fn text(&self) -> String {
        let name = self.chain_name.unwrap_or("a chain that is not built in");
        let id = self.chain_id.map_or_else(|| "unknown".into(), |id| id.to_string());
        let mut lines = vec![format!("{name} (chain id {id})")];
        lines.push(match self.accounts {
            Some(accounts) => {
                format!("{} accounts, forks from {}", Grouped(accounts as u64), self.forks_from)
            }
            None => format!("no accounts but their root, forks from {}", self.forks_from),
        });
        lines.push(String::new());
        let fields = fields::of(&self.header);
        lines.extend(fields.iter().map(|(field, value)| format!("  {field:<24}  {value}")));
        lines.push(format!("  {:<24}  {}", "hash", self.header.hash()));
        lines.push(format!("\n{}: {}\n", self.verdict().to_uppercase(), self.reason()));
        lines.join("\n")
    }

    fn json(&self) -> Json {
        json!({
            "verdict": self.verdict(),
            "reason": self.reason(),
            "chain_id": self.chain_id,
            "chain_name": self.chain_name,
            "forks_from": self.forks_from,
            "hash": self.header.hash().to_string(),
            "expected_hash": self.expected.map(|hash| hash.to_string()),
            "state_root": self.header.state_root.to_string(),
            "accounts": self.accounts,
            "header": fields::json(&self.header),
        })
    }
}
