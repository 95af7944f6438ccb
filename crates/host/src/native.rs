//! Runs the program in a thread of this process, over the same pipes and with the same bytes as in a VM.

use crate::{
    host::Host,
    pipe::{Pipe, pipes},
    serve::{ServeFailure, serve},
    store::Store,
};
use std::{any::Any, io, thread, time::Duration};
use unroll_proof::preimage::{Dialect, HintClient, OracleClient};

/// How long the host waits for the program within a message, and the program for an answer of the host.
const PATIENCE: Duration = Duration::from_secs(600);

/// Twice what a main thread has by default.
const STACK_BYTES: usize = 16 << 20;

/// The program's side of the pipes.
pub type NativeClient = OracleClient<Pipe, HintClient<Pipe>>;

/// Why there is no result of the program.
#[derive(Debug, thiserror::Error)]
pub enum NativeError {
    /// Pipes or a thread could not be had.
    #[error("the program could not be started: {0}")]
    Start(#[from] io::Error),
    /// The host stopped first; whatever the program says then follows from it.
    #[error(transparent)]
    Serve(#[from] ServeFailure),
    /// The program panicked, which is a bug.
    #[error("the program panicked: {0}")]
    Panicked(String),
}

/// Runs `program` to its end, serving it, and returns what it returned.
pub fn run_native<S: Store, T: Send>(
    host: &mut Host<S>,
    program: impl FnOnce(NativeClient) -> T + Send,
) -> Result<T, NativeError> {
    let (our_hints, its_hints) = pipes(PATIENCE)?;
    let (our_preimages, its_preimages) = pipes(PATIENCE)?;
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("program".into()).stack_size(STACK_BYTES).spawn_scoped(
            scope,
            || {
                let hints = HintClient::new(its_hints, Dialect::Kona, None);
                program(OracleClient::new(its_preimages, hints).with_precompiles(true))
            },
        )?;
        // The pipes are closed when it returns, which ends the program if it has not ended yet.
        let served = serve(host, our_hints, our_preimages);
        let result = thread.join().map_err(|panic| NativeError::Panicked(message(&*panic)))?;
        served?;
        Ok(result)
    })
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().map(String::from);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".into())
}
