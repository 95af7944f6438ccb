//! A guest in a process of its own, under qemu, with real pipes as its descriptors.

use std::{
    io::{PipeReader, PipeWriter, Read, pipe},
    os::fd::AsRawFd,
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How long a guest may take to notice that its host is gone: much computing, slowly, on a busy machine.
const LATEST_END: Duration = Duration::from_secs(120);

/// The host's ends of a guest's pipes. They close when they are dropped.
pub struct Ends {
    pub hints: PipeReader,
    pub acknowledgements: PipeWriter,
    pub keys: PipeReader,
    pub values: PipeWriter,
}

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    pub exit_code: Option<i32>,
    pub stderr: String,
}

#[derive(Clone, Copy, Debug)]
pub enum Machine {
    Riscv64,
    Mips64,
}

pub const MACHINES: [Machine; 2] = [Machine::Riscv64, Machine::Mips64];

impl Machine {
    const fn name(self) -> &'static str {
        match self {
            Self::Riscv64 => "riscv64",
            Self::Mips64 => "mips64",
        }
    }

    /// The guest, or `None` (after saying so) where it cannot be run.
    fn guest(self) -> Option<PathBuf> {
        let name = self.name();
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../guests/out"));
        let path = folder.join(format!("unroll-fpvm.{name}"));
        let qemu = format!("qemu-{name}");
        let starts = Command::new(&qemu).arg("--version").stdout(Stdio::null()).status().is_ok();
        let why = match (path.exists(), starts) {
            (true, true) => return Some(path),
            (false, _) => format!("{} is absent: run guests/build.sh", path.display()),
            (true, false) => format!("{qemu} is absent: install qemu-user"),
        };
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{why}");
        println!("skipped: {why}");
        None
    }

    /// Runs a guest beside `host`, which gets the process's id as well; qemu gets `options`. `None` (after saying so) where it
    /// cannot be run. A guest that goes on for long after its host has ended hangs, and that is a failure.
    ///
    /// The shell opens the pipes as descriptors 3 to 6 (K-023), which the standard library has no safe way to do, and says so; then
    /// our copies of the guest's ends can go.
    pub fn run<T>(self, options: &[&str], host: impl FnOnce(Ends, u32) -> T) -> Option<(Outcome, T)> {
        let guest = self.guest()?;
        let [hint_answers, hints, preimages, keys] = [0; 4].map(|_| pipe().unwrap());
        let path = |descriptor: i32| format!("/proc/{}/fd/{descriptor}", process::id());
        let (three, four) = (path(hint_answers.0.as_raw_fd()), path(hints.1.as_raw_fd()));
        let (five, six) = (path(preimages.0.as_raw_fd()), path(keys.1.as_raw_fd()));
        let script = format!("exec 3<{three} 4>{four} 5<{five} 6>{six}; echo; exec \"$@\"");
        let mut command = Command::new("sh");
        command.args(["-c", &script, "sh", &format!("qemu-{}", self.name())]).args(options).arg(guest);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        drop((hint_answers.0, hints.1, preimages.0, keys.1));
        let mut stderr = child.stderr.take().unwrap();
        let said = thread::spawn(move || {
            let mut said = Vec::new();
            stderr.read_to_end(&mut said).unwrap();
            String::from_utf8_lossy(&said).into_owned()
        });
        let ends =
            Ends { hints: hints.0, acknowledgements: hint_answers.1, keys: keys.0, values: preimages.1 };
        let served = host(ends, child.id());
        let exit_code = end(&mut child).unwrap_or_else(|| panic!("the guest hangs on {self:?}"));
        Some((Outcome { exit_code, stderr: said.join().unwrap() }, served))
    }
}

/// The exit code, which is `None` if a signal ended the process; `None` if nothing did.
fn end(child: &mut Child) -> Option<Option<i32>> {
    let deadline = Instant::now() + LATEST_END;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status.code());
        }
        thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}
