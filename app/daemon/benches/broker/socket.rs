//! One exchange by a client on the socket, with the daemon on another thread, and the parts of what that takes.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;

use lanewarden_broker::{Limits, MailboxId};
use lanewarden_daemon::keeper::{Basis, Keeper, Kernel};
use lanewarden_daemon::policy::Policy;
use lanewarden_daemon::{Daemon, Options, Silence, Socket};
use lanewarden_ipc::mailbox::{Exchange, Object};
use lanewarden_ipc::service::GetInfo;
use lanewarden_ipc::{Base64, Call, Client, Envelope, Incoming, Replied, Reply, frame};
use lanewarden_sim::Simulator;
use lanewarden_store::{Anchors, Revocations};
use lanewarden_time::Clock;
use rustix::time::ClockId;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use crate::engine::Core;
use crate::series::{Series, now};
use crate::stage;

const ROUNDS: usize = 20;
/// Fewer than a client may call at once.
const COUNT: usize = 2_000;
/// How far the machine's clock goes on whenever the daemon looks at it: an answer is there by the next look, so that what
/// is measured is the daemon and not its timer.
const STEP: std::time::Duration = std::time::Duration::from_micros(20);

fn machine() -> Simulator {
    stage::machine(1, 1)
}

pub fn measure() {
    println!("a round trip, {ROUNDS} rounds of {COUNT}; us          median     p99  less the core's");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let machine = machine();
    let mailbox = stage::mailboxes(&machine)[0];
    let mut core = Core::new(&machine, mailbox);
    let (end, daemon) = daemon(&path);
    let mut parts = Parts::default();
    for _ in 0..ROUNDS {
        parts.core.trips(|| drop(core.exchange()));
        parts.echo.trips(echo(message(mailbox).len()));
        parts.on_the_socket(&path, mailbox);
        parts.json.time(COUNT, ClockId::ThreadCPUTime, || json(mailbox));
    }
    end.send(()).unwrap();
    daemon.join().unwrap();
    parts.print();
}

#[derive(Default)]
struct Parts {
    core: Series,
    echo: Series,
    info: Series,
    exchange: Series,
    json: Series,
}

impl Parts {
    fn on_the_socket(&mut self, path: &Path, mailbox: MailboxId) {
        let runtime = runtime();
        let mut client = runtime.block_on(Client::connect(path)).unwrap();
        self.info.trips(|| drop(runtime.block_on(client.call(&GetInfo {})).unwrap()));
        let call = call(mailbox);
        self.exchange.trips(|| drop(runtime.block_on(client.call(&call)).unwrap()));
    }

    fn print(&mut self) {
        let core = self.core.median();
        let lines = [
            ("the mailbox core alone, in process", &mut self.core),
            ("as many bytes there and back, two threads", &mut self.echo),
            ("GetInfo on the daemon's socket", &mut self.info),
            ("an exchange on the daemon's socket", &mut self.exchange),
            ("JSON and base64 of both ends, of all that", &mut self.json),
        ];
        for (name, series) in lines {
            let [median, late] = [series.median(), series.percentile(99)].map(|time| time / 1e3);
            println!("{name:42}  {median:6.2}  {late:6.2}  {:15.2}", median - core / 1e3);
        }
        println!();
    }
}

impl Series {
    /// Each by itself, by the clock on the wall.
    fn trips(&mut self, mut trip: impl FnMut()) {
        for _ in 0..COUNT {
            let start = now(ClockId::Monotonic);
            trip();
            self.add(now(ClockId::Monotonic) - start);
        }
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

type End = oneshot::Sender<()>;

fn daemon(path: &Path) -> (End, thread::JoinHandle<()>) {
    let (end, ended) = oneshot::channel();
    let (ready, is_ready) = std::sync::mpsc::channel();
    let socket = Socket::Path { path: path.to_owned(), mode: 0o600 };
    let daemon = thread::spawn(move || {
        let basis = Basis { anchors: Anchors::of([]).unwrap(), revocations: Revocations::default() };
        let keeper = Keeper::new(basis, Kernel);
        let options = Options { socket, limits: Limits::default(), journal: None, keeper };
        let clock = |machine: &Simulator| {
            machine.wait_until(machine.now() + STEP);
            machine.now()
        };
        let policy = Policy::of_one(lanewarden_linux::user());
        let daemon = Daemon::new(machine(), clock, policy, options, |_: &str| ()).unwrap();
        let stop = async { drop(ended.await) };
        runtime().block_on(daemon.run(Silence, move || ready.send(()).unwrap(), stop)).unwrap();
    });
    is_ready.recv().unwrap();
    (end, daemon)
}

fn call(mailbox: MailboxId) -> Exchange {
    Exchange {
        address: mailbox.address,
        generation: None,
        mailbox: mailbox.offset,
        vendor: 1,
        kind: 0,
        or_type: None,
        connection: None,
        payload: Base64(stage::DISCOVERY.to_vec()),
        longest: stage::ANSWER as u32,
        patience_ms: None,
    }
}

fn message(mailbox: MailboxId) -> String {
    frame::message(&Envelope::new(&call(mailbox))).unwrap()
}

/// Bytes that another thread sends back.
fn echo(length: usize) -> impl FnMut() {
    let (mut near, mut far) = UnixStream::pair().unwrap();
    let mut bytes = vec![7; length];
    let mut back = bytes.clone();
    thread::spawn(move || while far.read_exact(&mut back).is_ok() && far.write_all(&back).is_ok() {});
    move || {
        near.write_all(&bytes).unwrap();
        near.read_exact(&mut bytes).unwrap();
    }
}

/// What both ends write and read for one exchange.
fn json(mailbox: MailboxId) {
    let call = message(mailbox);
    let incoming: Incoming<'_> = serde_json::from_str(&call).unwrap();
    let exchange: Exchange = incoming.parameters().unwrap();
    let object = Object { vendor: 1, kind: exchange.kind, payload: exchange.payload };
    let reply = frame::message(&Reply::new(object)).unwrap();
    let replied: Replied<'_> = serde_json::from_str(&reply).unwrap();
    let object: <Exchange as Call>::Reply = replied.result().unwrap().unwrap();
    std::hint::black_box(object);
}
