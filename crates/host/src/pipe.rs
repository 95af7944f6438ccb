//! Pipes of the operating system, with a bound on every wait for the other side.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::{
    fs::File,
    io::{self, Read, Write},
    os::fd::OwnedFd,
    time::Duration,
};
use unroll_proof::preimage::Channel;

/// A pipe to read from and one to write to. Neither blocks: waiting is done here, for as long as `patience` says.
#[derive(Debug)]
pub struct Pipe {
    reader: File,
    writer: File,
    patience: Duration,
}

/// Why bytes could not be moved.
#[derive(Debug, thiserror::Error)]
pub enum PipeError {
    /// The operating system says so.
    #[error("the pipe failed: {0}")]
    Io(#[from] io::Error),
    /// The other side moved nothing for too long.
    #[error("the other side has moved nothing for {} s", .0.as_secs_f64())]
    Silent(Duration),
}

/// Two ends that are connected with each other; each waits for at most `patience`.
pub fn pipes(patience: Duration) -> io::Result<(Pipe, Pipe)> {
    let (there_reader, here_writer) = io::pipe()?;
    let (here_reader, there_writer) = io::pipe()?;
    Ok((
        Pipe::new(here_reader.into(), here_writer.into(), patience)?,
        Pipe::new(there_reader.into(), there_writer.into(), patience)?,
    ))
}

impl Pipe {
    /// Takes over two ends of pipes. Nobody else may hold the same open file descriptions: they are made non-blocking.
    pub fn new(reader: OwnedFd, writer: OwnedFd, patience: Duration) -> io::Result<Self> {
        for end in [&reader, &writer] {
            let flags = rustix::fs::fcntl_getfl(end)?;
            rustix::fs::fcntl_setfl(end, flags | rustix::fs::OFlags::NONBLOCK)?;
        }
        Ok(Self { reader: reader.into(), writer: writer.into(), patience })
    }

    /// The end that becomes ready when the other side writes, or closes.
    pub(crate) const fn reader(&self) -> &File {
        &self.reader
    }

    /// Repeats `step` until it need not wait, and waits for `end` in between.
    fn patiently(
        end: &File,
        flags: PollFlags,
        patience: Duration,
        mut step: impl FnMut(&File) -> io::Result<usize>,
    ) -> Result<usize, PipeError> {
        loop {
            match step(end) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(0),
                result => return Ok(result?),
            }
            if !wait(&mut [PollFd::new(end, flags)], Some(patience))? {
                return Err(PipeError::Silent(patience));
            }
        }
    }
}

impl Channel for Pipe {
    type Error = PipeError;

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, PipeError> {
        Self::patiently(&self.reader, PollFlags::IN, self.patience, |mut end| end.read(buffer))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, PipeError> {
        Self::patiently(&self.writer, PollFlags::OUT, self.patience, |mut end| end.write(bytes))
    }
}

/// Waits until one of `ends` is ready or closed; `false` after `patience`, if there is one.
pub(crate) fn wait(ends: &mut [PollFd<'_>], patience: Option<Duration>) -> io::Result<bool> {
    let timeout = patience.map(|patience| Timespec {
        tv_sec: patience.as_secs().try_into().unwrap_or(i64::MAX),
        tv_nsec: patience.subsec_nanos().into(),
    });
    loop {
        match poll(ends, timeout.as_ref()) {
            // A signal that nobody handles here; starting the wait again keeps it finite, as signals are.
            Err(rustix::io::Errno::INTR) => {}
            result => return Ok(result? > 0),
        }
    }
}
