//! The same verbs with and without a daemon between them and the machine.
#![allow(clippy::arithmetic_side_effects, clippy::expect_used, clippy::indexing_slicing, clippy::unwrap_used)]

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread::JoinHandle;

use lanewarden_broker::Limits;
use lanewarden_daemon::keeper::{Basis, Keeper, Key, Keyring};
use lanewarden_daemon::policy::Policy;
use lanewarden_daemon::{Daemon, Options, Silence, Socket};
use lanewarden_emulation::Emulation;
use lanewarden_sim::{Scenario, Simulator};
use lanewarden_store::{Anchors, Revocations};
use lanewarden_time::{Clock, Instant};
use tokio::sync::oneshot;

mod claims;
mod same;
mod sessions;
mod transcript;

const LANEWARDEN: &str = env!("CARGO_BIN_EXE_lanewarden");

/// A daemon that has an emulated machine, in this process; it ends with the test.
struct Running {
    socket: PathBuf,
    folder: tempfile::TempDir,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.end.take());
        self.thread.take().unwrap().join().unwrap();
    }
}

impl Running {
    /// One whose user may do everything.
    fn start() -> Self {
        Self::under(for_us(), Limits::default())
    }

    fn under(policy: Policy, limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let (end, ended) = oneshot::channel::<()>();
        let (ready, is_ready) = std::sync::mpsc::channel();
        let place = Socket::Path { path: socket.clone(), mode: 0o600 };
        let thread = std::thread::spawn(move || {
            let scenario = Scenario::default();
            let machine = Simulator::new(&scenario).unwrap();
            let emulation = lanewarden_emulation::attach(&machine, &scenario).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let start = std::time::Instant::now();
            // Its clock goes as the one on the wall does, or ahead of it by what accesses take.
            let clock = move |machine: &Simulator| {
                machine.wait_until(Instant::new(start.elapsed()));
                machine.now()
            };
            let options = Options { socket: place, limits, journal: None, keeper: keeper(&emulation) };
            runtime.block_on(async {
                let daemon = Daemon::new(machine, clock, policy, options, |_| ()).unwrap();
                let stop = async { drop(ended.await) };
                daemon.run(Silence, move || ready.send(()).unwrap(), stop).await.unwrap();
            });
        });
        is_ready.recv().expect("the daemon starts");
        Self { socket, folder, end: Some(end), thread: Some(thread) }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(LANEWARDEN);
        command.args(["--host", "sim", "--socket"]).arg(&self.socket).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }
}

/// This user may do everything.
fn for_us() -> Policy {
    Policy::of_one(rustix::process::geteuid().as_raw())
}

/// The exit code and what was said.
fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// One that trusts the emulated devices' roots. Its keys are of this process: not every place has a kernel's keyring.
fn keeper(emulation: &Emulation) -> Keeper {
    let anchors = emulation.anchors();
    let anchors = Anchors::of(anchors.iter().map(Vec::as_slice)).unwrap();
    Keeper::new(Basis { anchors, revocations: Revocations::default() }, Numbers(AtomicI32::new(1)))
}

struct Numbers(AtomicI32);

struct Number(i32);

impl Keyring for Numbers {
    fn add(&self, _: &str) -> Result<Box<dyn Key>, String> {
        Ok(Box::new(Number(self.0.fetch_add(1, Ordering::Relaxed))))
    }
}

impl Key for Number {
    fn serial(&self) -> i32 {
        self.0
    }

    fn is_valid(&self) -> bool {
        true
    }
}
