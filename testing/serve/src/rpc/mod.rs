//! The JSON-RPC methods of the three nodes that speak it.

mod eth;
mod rollup;
mod state;

use crate::{
    Node,
    chain::{Chain, Staleness, View},
    l1::L1,
    l2::L2,
};
use jsonrpsee::{
    RpcModule,
    core::RegisterMethodError,
    types::{ErrorObjectOwned, Params, error::INVALID_PARAMS_CODE},
};
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;

/// geth's code for everything that has none of its own.
const SERVER_ERROR: i32 = -32000;

type Module = RpcModule<Arc<Chain>>;
type Registered = Result<(), RegisterMethodError>;

/// What a method says instead of a result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("invalid params: {0}")]
    Params(String),
    #[error("{0} not found")]
    NotFound(String),
    #[error("{0}")]
    Failed(String),
}

impl From<Refusal> for ErrorObjectOwned {
    fn from(refusal: Refusal) -> Self {
        let code = if matches!(refusal, Refusal::Params(_)) { INVALID_PARAMS_CODE } else { SERVER_ERROR };
        Self::owned(code, refusal.to_string(), None::<()>)
    }
}

/// All methods of a node; the beacon node and the data-availability server have paths instead.
///
/// # Errors
///
/// If two methods have the same name.
pub(crate) fn methods(node: Node, chain: Arc<Chain>) -> Result<Module, RegisterMethodError> {
    let mut module = RpcModule::new(chain);
    match node {
        Node::L1 => eth::register::<L1>(&mut module)?,
        Node::L2 => {
            eth::register::<L2>(&mut module)?;
            state::register(&mut module)?;
        }
        Node::Rollup => rollup::register(&mut module)?,
        Node::Beacon | Node::Da => {}
    }
    Ok(module)
}

/// A method with positional parameters, as a tuple of all or a struct whose last ones may be absent.
fn method<P, R>(
    module: &mut Module,
    name: &'static str,
    answer: fn(&View<'_>, P) -> Result<R, Refusal>,
) -> Registered
where
    P: DeserializeOwned + 'static,
    R: Serialize + Clone + Send + 'static,
{
    raw_method(module, name, move |view, params| {
        let params = params.parse().map_err(|error| Refusal::Params(error.message().into()))?;
        answer(view, params)
    })
}

/// A method without parameters; what is sent is ignored.
fn plain<R>(module: &mut Module, name: &'static str, answer: fn(&View<'_>) -> R) -> Registered
where
    R: Serialize + Clone + Send + 'static,
{
    raw_method(module, name, move |view, _| Ok(answer(view)))
}

// Methods wait for a lock and may execute a block, so none of them runs where connections are served.
fn raw_method<R>(
    module: &mut Module,
    name: &'static str,
    answer: impl Fn(&View<'_>, &Params<'_>) -> Result<R, Refusal> + Clone + Send + Sync + 'static,
) -> Registered
where
    R: Serialize + Clone + Send + 'static,
{
    module.register_blocking_method(name, move |params, chain, extensions| {
        let staleness = extensions.get::<Staleness>().copied().unwrap_or_default();
        let snapshot = chain.snapshot(staleness);
        answer(&snapshot.view(), &params).map_err(ErrorObjectOwned::from)
    })?;
    Ok(())
}
