//! Against a daemon of an emulated machine that has no broker: one lock for each mailbox, and no queue.
#![allow(clippy::arithmetic_side_effects)]

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use futures_util::{SinkExt, StreamExt};
use lanewarden_broker::{Busy, Refusal};
use lanewarden_doe::{Error, Mailbox, Policy, Protocol, Request, exchange};
use lanewarden_inventory::{MailboxError, Options, Step, Work, mailboxes, scan, work};
use lanewarden_ipc::mailbox::{Claim, Claimed, Exchange, Object};
use lanewarden_ipc::{Base64, Fault, Incoming, Reply, config, frame, service};
use lanewarden_linux::Sysfs;
use lanewarden_pci::{ConfigSpace, Hierarchy, MailboxId};
use lanewarden_sim::{Scenario, Simulator};
use tokio::net::{UnixListener, UnixStream};

use super::*;
use crate::exit::Exit;
use crate::reach::Reach;
use crate::verb::vfio::idle;

/// What its connections have in common.
struct Shared {
    machine: Simulator,
    calls: AtomicUsize,
    /// The most connections with a claim at once.
    claims: Mutex<(usize, usize)>,
}

/// The daemon, which ends with the test.
struct Daemon {
    shared: Arc<Shared>,
    socket: PathBuf,
    _folder: tempfile::TempDir,
    end: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.end.take());
        self.thread.take().unwrap().join().unwrap();
    }
}

impl Daemon {
    fn of(scenario: &Scenario) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let machine = Simulator::new(scenario).unwrap();
        let shared = Arc::new(Shared { machine, calls: AtomicUsize::new(0), claims: Mutex::default() });
        let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        listener.set_nonblocking(true).unwrap();
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let served = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
            let accepting = LocalSet::new();
            accepting.spawn_local(accept(listener, served));
            accepting.block_on(&runtime, async { drop(ended.await) });
        });
        Self { shared, socket, _folder: folder, end: Some(end), thread: Some(thread) }
    }

    fn connect(&self) -> Remote {
        Remote::connect(&self.socket).unwrap()
    }
}

async fn accept(listener: std::os::unix::net::UnixListener, shared: Arc<Shared>) {
    let listener = UnixListener::from_std(listener).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::task::spawn_local(serve(stream, Arc::clone(&shared)));
    }
}

async fn serve(stream: UnixStream, shared: Arc<Shared>) {
    let (read, write) = stream.into_split();
    let (mut incoming, mut outgoing) = (frame::incoming(read), frame::outgoing(write));
    let mut connection = Connection { shared, locks: HashMap::new(), locked: Vec::new() };
    while let Some(Ok(message)) = incoming.next().await {
        connection.shared.calls.fetch_add(1, Ordering::Relaxed);
        let call: Incoming<'_> = serde_json::from_slice(&message).unwrap();
        let reply = connection.answer(&call).unwrap_or_else(|fault| frame::message(&fault).unwrap());
        outgoing.send(reply).await.unwrap();
        // So that all who are open are seen to be so at once.
        tokio::task::yield_now().await;
    }
}

struct Connection {
    shared: Arc<Shared>,
    locks: HashMap<u64, <Simulator as Machine>::Lock>,
    /// All mailboxes of a function.
    locked: Vec<<Simulator as Machine>::Lock>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut claims = self.shared.claims.lock().unwrap();
        claims.0 -= self.locks.len();
    }
}

fn in_use() -> Fault {
    Fault::Refused { refused: Refusal::Busy(Busy::Waited(None)).into(), process: Some(42) }
}

fn said<T: serde::Serialize>(value: T) -> Result<String, Fault> {
    Ok(frame::message(&Reply::new(value)).unwrap())
}

impl Connection {
    fn answer(&mut self, call: &Incoming<'_>) -> Result<String, Fault> {
        let machine = &self.shared.machine;
        match call.method.rsplit('.').next().unwrap() {
            "Functions" => {
                let addresses = machine.functions()?.iter().map(ToString::to_string).collect();
                said(machine::Addresses { addresses })
            }
            "Describe" => {
                let machine::Describe { address } = call.parameters::<machine::Describe>()?;
                let function = machine::Function {
                    address,
                    generation: None,
                    config_bytes: machine.open(address)?.size(),
                    driver: machine.driver(address),
                    cxl_objects: machine.cxl_objects(address),
                    doe_features: machine.kernel_doe_features(address),
                };
                said(machine::Described { function })
            }
            "ReadConfig" => {
                let read = call.parameters::<machine::ReadConfig>()?;
                let mut config = machine.open(read.address)?;
                let offsets = (0..read.count).map(|register| read.offset + 4 * register);
                let registers: Result<Vec<u32>, _> = offsets.map(|offset| config.read(offset)).collect();
                let bytes = registers?.iter().flat_map(|register| register.to_le_bytes()).collect();
                said(machine::Registers { registers: Base64(bytes) })
            }
            "KernelClaim" => {
                let machine::KernelClaim { address, mailbox: offset } =
                    call.parameters::<machine::KernelClaim>()?;
                said(machine::Claimed { claim: machine.claim(MailboxId { address, offset }).map(Into::into) })
            }
            "KernelCdat" => said(machine::Published { table: None }),
            "HostBridge" => {
                let machine::HostBridge { segment, bus } = call.parameters::<machine::HostBridge>()?;
                said(machine::HostBridgeUid { uid: machine.host_bridge_uid(segment, bus) })
            }
            "AcpiTables" => {
                let signature = call.parameters::<machine::AcpiTables>()?.signature;
                let tables = machine.acpi_tables(signature.as_bytes().try_into().unwrap())?;
                said(machine::Tables { tables: tables.into_iter().map(Base64).collect() })
            }
            "Lock" => self.lock(call.parameters::<config::Lock>()?.address),
            "Unlock" => {
                self.locked.clear();
                said(service::Nothing {})
            }
            "Claim" => self.claim(call.parameters::<Claim>()?),
            "Exchange" => self.exchange(&call.parameters::<Exchange>()?),
            other => Err(Fault::MethodNotFound(other.to_owned())),
        }
    }

    fn lock(&mut self, address: Address) -> Result<String, Fault> {
        let machine = &self.shared.machine;
        let locks = machine.mailboxes(address).into_iter().map(|mailbox| machine.try_lock(mailbox));
        self.locked = locks.collect::<Result<_, _>>().map_err(|_| in_use())?;
        said(config::Locked { lock: 7, generation: 1 })
    }

    fn claim(&mut self, Claim { address, mailbox: offset, .. }: Claim) -> Result<String, Fault> {
        let lock = self.shared.machine.try_lock(MailboxId { address, offset });
        let lock = lock.map_err(|_| in_use())?;
        self.locks.insert(offset.into(), lock);
        let mut claims = self.shared.claims.lock().unwrap();
        claims.0 += 1;
        claims.1 = claims.1.max(claims.0);
        said(Claimed { claim: offset.into(), generation: 1 })
    }

    fn exchange(&self, asked: &Exchange) -> Result<String, Fault> {
        let machine = &self.shared.machine;
        let mut config = machine.open(asked.address)?;
        let function = lanewarden_pci::Function::read(asked.address, &mut config)?;
        let doe = *function.does.iter().find(|doe| doe.offset == asked.mailbox).ok_or(Refusal::Gone)?;
        let room = usize::try_from(asked.longest).unwrap();
        let mut mailbox = Mailbox::new(doe, vec![0; room], Policy::default());
        let protocol = Protocol::new(asked.vendor, asked.kind);
        let request = Request::new(protocol, &asked.payload.0).connection(asked.connection.unwrap_or(0));
        let answer = exchange(&mut mailbox, &mut config, machine, &request).map_err(Refusal::Failed)?;
        let payload = Base64(answer.to_vec());
        said(Object { vendor: asked.vendor, kind: asked.kind, payload })
    }
}

fn everything(machine: &impl Host) -> Vec<String> {
    let inventory = scan(machine, Options::default(), &mut |_| ()).unwrap();
    let functions = inventory.hierarchy.iter().map(|(_, function)| format!("{function:?}"));
    let kernel = inventory.functions.values().map(|report| format!("{report:?}"));
    let mailboxes = inventory.mailboxes.iter().map(|report| {
        format!("{} {:?} {:?} {:?} {}", report.id, report.claim, report.features, report.table, report.dead)
    });
    let paths = inventory.memories.paths.iter().map(|path| format!("{path:?}"));
    functions.chain(kernel).chain(mailboxes).chain(paths).collect()
}

/// The user sees no difference, whoever has the mailboxes.
#[test]
fn a_scan_through_a_daemon_finds_what_one_without_it_finds() {
    for scenario in [Scenario::default(), Scenario::synthetic(60, 7)] {
        let daemon = Daemon::of(&scenario);
        let (through, without) =
            (everything(&daemon.connect()), everything(&Simulator::new(&scenario).unwrap()));
        assert!(without.len() > 30, "{}", without.len());
        assert_eq!(through, without);
    }
}

#[test]
fn no_more_mailboxes_are_claimed_at_once_than_a_user_may() {
    let daemon = Daemon::of(&Scenario::synthetic(60, 7));
    everything(&daemon.connect());
    let (left, most) = *daemon.shared.claims.lock().unwrap();
    assert!(most > 1 && most <= MOST_OPEN, "{most}");
    assert!(left <= most);
}

fn discover(remote: &Remote, address: Address) -> Vec<lanewarden_inventory::MailboxReport> {
    let function = lanewarden_inventory::read_function(remote, address).unwrap();
    let hierarchy = Hierarchy::new(vec![function]);
    let jobs = mailboxes(&hierarchy).map(|(id, doe)| (id, doe, Work::Discovery)).collect();
    work(remote, jobs, Options::default(), &mut |_| ())
}

fn with_mailbox(machine: &Simulator) -> MailboxId {
    let functions = machine.functions().unwrap().into_iter();
    functions.flat_map(|address| machine.mailboxes(address)).find(|id| machine.claim(*id).is_none()).unwrap()
}

/// As with the lock between processes: who has the mailbox is named.
#[test]
fn a_mailbox_that_another_client_has_is_busy_and_others_are_not() {
    let daemon = Daemon::of(&Scenario::default());
    let id = with_mailbox(&daemon.shared.machine);
    let lock = daemon.shared.machine.try_lock(id).unwrap();
    let remote = daemon.connect();
    let held = MailboxError::Lock(LockError::Held(Some(42)));
    let of = |reports: &[lanewarden_inventory::MailboxReport]| {
        reports.iter().find(|report| report.id == id).unwrap().features.clone().unwrap()
    };
    assert_eq!(of(&discover(&remote, id.address)).unwrap_err(), held);
    drop(lock);
    assert!(of(&discover(&remote, id.address)).is_ok());
}

#[test]
fn how_an_exchange_failed_is_told_as_it_was() {
    let daemon = Daemon::of(&Scenario::default());
    let id = with_mailbox(&daemon.shared.machine);
    let remote = daemon.connect();
    let doe = lanewarden_inventory::read_function(&remote, id.address).unwrap().does[0];
    let protocol = Protocol::new(0x1234, 0x56);
    let request = Work::Request { protocol, connection: 0, payload: vec![0; 4], most: 64 };
    let ask = || work(&remote, vec![(id, doe, request.clone())], Options::default(), &mut |_| ()).remove(0);
    let source = Error::Timeout;
    assert_eq!(ask().answer, Some(Err(MailboxError::Exchange { step: Step::Request, source })));
    // The daemon is there no more, and no device is blamed for it.
    drop(daemon);
    let error = ask().answer.unwrap().unwrap_err();
    assert!(matches!(error, MailboxError::Declined { .. }), "{error}");
}

#[test]
fn configuration_space_is_read_in_blocks_and_never_written() {
    let daemon = Daemon::of(&Scenario::default());
    let id = with_mailbox(&daemon.shared.machine);
    let remote = daemon.connect();
    let mut direct = daemon.shared.machine.open(id.address).unwrap();
    let mut config = remote.open(id.address).unwrap();
    let before = daemon.shared.calls.load(Ordering::Relaxed);
    for offset in (0..config.size()).step_by(4) {
        assert_eq!(config.read(offset), direct.read(offset), "{offset:#x}");
    }
    assert_eq!(daemon.shared.calls.load(Ordering::Relaxed) - before, 4096 / 256);
    assert_eq!(config.read(2), Err(AccessError::OutOfRange(2)));
    assert_eq!(config.read(4096), Err(AccessError::OutOfRange(4096)));
    assert_eq!(config.write(4, 0), Err(AccessError::Denied));
    assert_eq!(daemon.shared.calls.load(Ordering::Relaxed) - before, 4096 / 256);
    let nobody = "0000:fe:1f.7".parse().unwrap();
    assert_eq!(remote.open(nobody).err(), Some(AccessError::Gone));
}

/// Row T21: a function that shall go to another driver waits for who uses its mailboxes, and they wait while it goes.
#[test]
fn a_function_changes_hands_when_nobody_uses_its_mailboxes() {
    let daemon = Daemon::of(&Scenario::default());
    let id = with_mailbox(&daemon.shared.machine);
    let empty = tempfile::tempdir().unwrap();
    let change = || idle(&Sysfs::at(empty.path()), Reach::Daemon(Box::new(daemon.connect())), id.address);
    let lock = daemon.shared.machine.try_lock(id).unwrap();
    let failure = change().err().unwrap();
    assert_eq!(failure.exit, Exit::Busy);
    assert_eq!(failure.message, format!("mailboxes of {} are in use by process 42", id.address));
    drop(lock);
    let changing = change().unwrap();
    assert!(daemon.shared.machine.try_lock(id).is_err());
    drop(changing);
    assert!(daemon.shared.machine.try_lock(id).is_ok());
}
