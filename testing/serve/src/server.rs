//! The nodes, each behind a port.

use crate::{
    Fault, Node, Rule, beacon,
    chain::Chain,
    da,
    faults::Plan,
    middleware::{Faulty, Inner, MAX_REQUEST_BYTES},
    rpc, swap,
};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use jsonrpsee::server::{ServerConfig as RpcConfig, ServerHandle, TowerServiceBuilder, stop_channel};
use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};
use tokio::{
    runtime::{Builder, Runtime},
    sync::Semaphore,
};
use tower::layer::util::Identity;
use unroll_testing::devnet::Devnet;

/// The largest answer is a witness of a full block.
const MAX_RESPONSE_BYTES: u32 = 256 << 20;
/// More than any test opens to one node; those that come later wait.
const MAX_CONNECTIONS: u32 = 1024;
/// Two are enough to serve while one request is late; the work is done elsewhere.
const WORKERS: usize = 2;

/// Between two attempts to accept a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// How a devnet is served.
#[derive(Clone, Debug, Default)]
pub struct ServerConfig {
    /// Where.
    pub ports: Ports,
    /// How the nodes misbehave.
    pub faults: Vec<Rule>,
    /// All chance in that comes from it.
    pub seed: u64,
}

/// A port of loopback for each node; 0 is any that is free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ports {
    /// Of the L1 node.
    pub l1: u16,
    /// Of the beacon node.
    pub beacon: u16,
    /// Of the L2 node.
    pub l2: u16,
    /// Of the rollup node.
    pub rollup: u16,
    /// Of the data-availability server.
    pub da: u16,
}

/// Where the nodes are to be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Urls {
    /// The L1 node.
    pub l1: String,
    /// The beacon node.
    pub beacon: String,
    /// The L2 node.
    pub l2: String,
    /// The rollup node.
    pub rollup: String,
    /// The data-availability server, if the chain has alt-DA.
    pub da: Option<String>,
}

/// A devnet that is served, in threads of its own, until this is dropped. It may be started and dropped in async code too.
#[derive(Debug)]
pub struct Server {
    chain: Arc<Chain>,
    plan: Arc<Plan>,
    urls: Urls,
    /// Tells jsonrpsee that nobody stopped it.
    _running: ServerHandle,
    _threads: Threads,
}

/// A runtime that ends without waiting for requests that hang, and so also where waiting is not allowed. `None` only while
/// it is dropped.
#[derive(Debug)]
struct Threads(Option<Runtime>);

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Server {
    /// Starts to serve. Connections are accepted from when this returns.
    ///
    /// # Errors
    ///
    /// If a port is taken, no thread can be had, or a fault is that of a method which no node has.
    pub fn start(devnet: Devnet, config: ServerConfig) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
        let spawner = runtime.handle().clone();
        let threads = Threads(Some(runtime));
        let chain = Arc::new(Chain::new(devnet));
        config.faults.iter().try_for_each(|rule| check_method(rule, &chain))?;
        let plan = Arc::new(Plan::new(config.seed, config.faults));
        let (stop, running) = stop_channel();
        let limits = RpcConfig::builder()
            .max_request_body_size(u32::try_from(MAX_REQUEST_BYTES).unwrap_or(u32::MAX))
            .max_response_body_size(MAX_RESPONSE_BYTES)
            .max_connections(MAX_CONNECTIONS)
            .http_only()
            .build();
        let services = jsonrpsee::server::ServerBuilder::with_config(limits).to_service_builder();
        let open = |node, port| -> io::Result<String> {
            let inner = inner(node, &chain, services.clone(), &stop)?;
            let faulty = Faulty { node, plan: Arc::clone(&plan), chain: Arc::clone(&chain), inner };
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| {
                io::Error::new(error.kind(), format!("port {port} for the {} node: {error}", node.name()))
            })?;
            let address = listener.local_addr()?;
            listener.set_nonblocking(true)?;
            let _entered = spawner.enter();
            spawner.spawn(accept(tokio::net::TcpListener::from_std(listener)?, faulty));
            Ok(url(address))
        };
        let Ports { l1, beacon, l2, rollup, da } = config.ports;
        let urls = Urls {
            l1: open(Node::L1, l1)?,
            beacon: open(Node::Beacon, beacon)?,
            l2: open(Node::L2, l2)?,
            rollup: open(Node::Rollup, rollup)?,
            da: has_da(&chain).then(|| open(Node::Da, da)).transpose()?,
        };
        Ok(Self { chain, plan, urls, _running: running, _threads: threads })
    }

    /// Where the nodes are.
    pub const fn urls(&self) -> &Urls {
        &self.urls
    }

    /// What is served; it can be changed.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Replaces the rules by which the nodes misbehave. Counting of calls begins anew.
    pub fn set_faults(&self, faults: Vec<Rule>) {
        self.plan.replace(faults);
    }

    /// Every rule, with how often its fault happened.
    pub fn faults(&self) -> Vec<(Rule, u64)> {
        self.plan.happened()
    }

    /// How many requests came, to all nodes together; a batch is one.
    pub fn requests(&self) -> u64 {
        self.plan.requests()
    }
}

/// A rule that can never apply is a slip of whoever wrote it.
fn check_method(rule: &Rule, chain: &Arc<Chain>) -> io::Result<()> {
    let mut known = Vec::new();
    for node in Node::ALL.into_iter().filter(|node| rule.node.is_none_or(|only| only == *node)) {
        let methods = rpc::methods(node, Arc::clone(chain)).map_err(io::Error::other)?;
        known.extend(methods.method_names().map(|name| (node, name)));
        let paths: &[_] = match node {
            Node::Beacon => &beacon::METHODS,
            Node::Da if has_da(chain) => &da::METHODS,
            _ => &[],
        };
        known.extend(paths.iter().map(|(_, name)| (node, *name)));
    }
    if known.iter().any(|(node, name)| rule.matches(*node, name)) {
        return Ok(());
    }
    let swappable = |name: &&str| rule.fault != Fault::Swap || swap::has_similar(name);
    let mut names: Vec<_> = known.into_iter().map(|(_, name)| name).filter(swappable).collect();
    names.sort_unstable();
    names.dedup();
    let about = if rule.fault == Fault::Swap { " that names something like which there is more" } else { "" };
    let text =
        format!("no node has a method called `{}`{about}; there are {}", rule.method, names.join(", "));
    Err(io::Error::new(io::ErrorKind::InvalidInput, text))
}

fn has_da(chain: &Chain) -> bool {
    chain.with(|devnet| devnet.config.alt_da.is_some())
}

fn inner(
    node: Node,
    chain: &Arc<Chain>,
    services: TowerServiceBuilder<Identity, Identity>,
    stop: &jsonrpsee::server::StopHandle,
) -> io::Result<Inner> {
    let chain = Arc::clone(chain);
    Ok(match node {
        Node::Beacon => Inner::Paths(beacon::router(chain)),
        Node::Da => Inner::Paths(da::router(chain)),
        Node::L1 | Node::L2 | Node::Rollup => {
            let methods = rpc::methods(node, chain).map_err(io::Error::other)?;
            Inner::Rpc(Box::new(services.build(methods, stop.clone())))
        }
    })
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

/// Serves each connection in a task of its own, until the runtime ends.
async fn accept(listener: tokio::net::TcpListener, node: Faulty) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS as usize));
    // Nobody closes the semaphore.
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            // The connection is gone already, or too many files are open: later it may go better.
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let node = node.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| node.clone().answer(request));
            // It fails where a client goes away, and where a fault closes it: both are as it should be.
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
            drop(place);
        });
    }
}
