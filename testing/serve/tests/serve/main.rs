//! The server as clients see it: alloy's, as hosts of proof programs use it, and bare HTTP.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "that is how a test fails, and its numbers are small"
)]

mod beacon;
mod collector;
mod da;
mod faults;
mod folder;
mod l1;
mod l2;
mod reorgs;
mod rollup;
mod swaps;

use alloy_provider::{RootProvider, network::Ethereum};
use alloy_rpc_client::ReqwestClient;
use op_alloy_network::Optimism;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::LazyLock;
use unroll_serve::{Rule, Server, ServerConfig};
use unroll_testing::devnet::{Devnet, DevnetConfig};

/// A chain that crosses Holocene, Isthmus and Jovian, and is posted in calldata and in blobs.
const CONFIG: &str = "
seed = 11

[forks]
regolith = 0
canyon = 0
delta = 0
ecotone = 0
fjord = 0
granite = 0
holocene = 20
isthmus = 40
jovian = 60

[l2]
operator_fee_scalar = 500_000
operator_fee_constant = 100

[batcher]
da = \"both\"

[traffic]
transactions = 4
deposits = 500
config_updates = 200
";

static DEVNET: LazyLock<Devnet> = LazyLock::new(|| {
    let mut devnet = Devnet::new(DevnetConfig::from_toml(CONFIG).expect("well-formed"), None);
    devnet.advance_to(40);
    devnet.sync();
    devnet
});

/// The devnet, served with these faults.
fn serve(faults: &[&str]) -> Server {
    serve_chain(&DEVNET, faults)
}

fn serve_chain(devnet: &Devnet, faults: &[&str]) -> Server {
    let faults: Vec<Rule> = faults.iter().map(|rule| rule.parse().expect("a rule")).collect();
    let config = ServerConfig { faults, seed: 5, ..ServerConfig::default() };
    Server::start(devnet.clone(), config).expect("loopback has free ports")
}

fn l1(server: &Server) -> RootProvider<Ethereum> {
    RootProvider::new_http(server.urls().l1.parse().expect("a URL"))
}

fn l2(server: &Server) -> RootProvider<Optimism> {
    RootProvider::new_http(server.urls().l2.parse().expect("a URL"))
}

fn rollup(server: &Server) -> ReqwestClient {
    ReqwestClient::new_http(server.urls().rollup.parse().expect("a URL"))
}

/// One JSON-RPC call over bare HTTP: the whole answer.
async fn post(url: &str, body: Value) -> reqwest::Result<Value> {
    reqwest::Client::new().post(url).json(&body).send().await?.json().await
}

/// A path of the beacon API: status and body.
async fn get<T: DeserializeOwned>(url: &str, path: &str) -> reqwest::Result<(u16, T)> {
    let response = reqwest::Client::new().get(format!("{url}{path}")).send().await?;
    Ok((response.status().as_u16(), response.json().await?))
}
