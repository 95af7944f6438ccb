//! Serves one client over two pairs of pipes, until it is gone.

use crate::{
    error::HostError,
    host::Host,
    pipe::{Pipe, PipeError, wait},
    store::Store,
};
use rustix::event::{PollFd, PollFlags};
use std::{fs::OpenOptions, io, os::unix::fs::FileTypeExt, time::Duration};
use unroll_proof::preimage::{HintServer, PreimageServer, ServeError};

/// Why serving ended before the client did.
#[derive(Debug, thiserror::Error)]
pub enum ServeFailure {
    /// Waiting failed.
    #[error("waiting for the client failed: {0}")]
    Wait(#[from] io::Error),
    /// At the pair of pipes for preimages.
    #[error("{0}")]
    Preimages(ServeError<PipeError, HostError>),
    /// At the pair of pipes for hints.
    #[error("at a hint: {0}")]
    Hints(ServeError<PipeError, HostError>),
}

/// Answers whatever comes first, until the client closes its pipes.
///
/// A client may be silent for as long as it likes between two messages: a VM computes. Within a message, and while it is
/// answered, waiting is bounded by the pipe's patience.
pub fn serve<S: Store>(host: &mut Host<S>, hints: Pipe, preimages: Pipe) -> Result<(), ServeFailure> {
    let (mut hints, mut preimages) = (HintServer::new(hints), PreimageServer::new(preimages));
    let mut hinting = true;
    loop {
        let (hint, preimage) = {
            let mut ends = vec![PollFd::new(preimages.channel().reader(), PollFlags::IN)];
            if hinting {
                ends.push(PollFd::new(hints.channel().reader(), PollFlags::IN));
            }
            wait(&mut ends, None)?;
            let ready = |end: Option<&PollFd<'_>>| end.is_some_and(|end| !end.revents().is_empty());
            (ready(ends.get(1)), ready(ends.first()))
        };
        // A hint comes before the preimages that it announces.
        if hint {
            hinting = hints.serve(host).map_err(ServeFailure::Hints)?;
        }
        if preimage && !preimages.serve(host).map_err(ServeFailure::Preimages)? {
            return Ok(());
        }
    }
}

/// The pipes for hints and for preimages that a VM hands to the host it starts: descriptors 3 and 4, 5 and 6 (K-023).
pub fn inherited(patience: Duration) -> io::Result<(Pipe, Pipe)> {
    let pipe = |reader, writer| Pipe::new(end(reader, false)?, end(writer, true)?, patience);
    Ok((pipe(3, 4)?, pipe(5, 6)?))
}

/// Opens a descriptor again by its name: an open file of our own, without trusting a number to be what it should.
fn end(descriptor: u8, write: bool) -> io::Result<std::os::fd::OwnedFd> {
    let explain = |why: String| {
        io::Error::other(format!(
            "descriptor {descriptor} {why}: --server is started by a VM, which hands it pipes as descriptors 3 to 6"
        ))
    };
    let path = format!("/dev/fd/{descriptor}");
    let is_pipe = std::fs::metadata(&path).map_err(|_| explain("is not open".into()))?.file_type().is_fifo();
    if !is_pipe {
        return Err(explain("is not a pipe".into()));
    }
    let file = OpenOptions::new().read(!write).write(write).open(path);
    Ok(file.map_err(|error| explain(format!("cannot be opened ({error})")))?.into())
}
