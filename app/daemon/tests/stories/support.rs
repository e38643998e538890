//! A daemon to be asked, and those who ask it.

use std::cell::RefCell;
use std::future::Future;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant as Wall};

use lanewarden_broker::{Limits, Profile};
use lanewarden_cxl::cdat::Table;
use lanewarden_cxl::table_access::{Request, TableWalk};
use lanewarden_daemon::hotplug::Change;
use lanewarden_daemon::keeper::{Basis, Keeper, Key, Keyring};
use lanewarden_daemon::policy::{Caller, Policy, Rule};
use lanewarden_daemon::{Daemon, Options, Outside, Socket};
use lanewarden_ipc::mailbox::{Claim, Claimed, Exchange, Object};
use lanewarden_ipc::{Base64, CallError, Client, Fault};
use lanewarden_pci::{Address, MailboxId};
use lanewarden_sim::{Scenario, Simulator};
use lanewarden_store::{Anchors, Revocations};
use lanewarden_time::Clock;
use tokio::sync::{mpsc, oneshot};

/// Two memories with a table each; the answers of the first take a while.
pub const TWO_MEMORIES: &str = r#"
name = "two memories"
seed = 1
[[bridges]]
uid = 1
root_bus = 0x0c
cxl = true
[[bridges.ports]]
name = "port-0"
[[bridges.ports.functions]]
kind = "memory"
name = "slow"
doe = [{ protocols = ["table_access", "compliance"], answer_us = 20000 }, { protocols = ["cma_spdm"] }]
memory = [{ size_mib = 1024, read_latency_ns = 100, write_latency_ns = 100, read_bandwidth_mb_per_s = 1000, write_bandwidth_mb_per_s = 1000 }]
[[bridges.ports]]
name = "port-1"
[[bridges.ports.functions]]
kind = "memory"
name = "quick"
doe = [{ protocols = ["table_access"], answer_us = 10 }]
memory = [{ size_mib = 2048, read_latency_ns = 200, write_latency_ns = 200, read_bandwidth_mb_per_s = 2000, write_bandwidth_mb_per_s = 2000 }]
"#;

/// Where a daemon runs, and what it serves.
pub struct Stage {
    pub machine: Simulator,
    pub socket: PathBuf,
    changes: mpsc::UnboundedSender<Change>,
    audit: Rc<RefCell<Vec<String>>>,
    _folder: tempfile::TempDir,
}

/// What a daemon is set up with.
pub struct Setting {
    pub limits: Limits,
    pub policy: Policy,
    pub journal: Option<PathBuf>,
    /// Roots that are trusted.
    pub anchors: Vec<Vec<u8>>,
    pub keys: Keys,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            policy: everything(),
            journal: None,
            anchors: Vec::new(),
            keys: Keys::default(),
        }
    }
}

/// A keyring of this process, whose keys can be revoked from outside.
#[derive(Clone, Default)]
pub struct Keys(Rc<RefCell<Vec<(String, bool)>>>);

struct OneKey(Keys, usize);

impl Keys {
    /// What stands for what is still there.
    pub fn valid(&self) -> Vec<String> {
        let keys = self.0.borrow();
        keys.iter().filter(|(_, valid)| *valid).map(|(description, _)| description.clone()).collect()
    }

    pub fn revoke(&self, serial: i32) {
        self.0.borrow_mut()[usize::try_from(serial).unwrap()].1 = false;
    }
}

impl Keyring for Keys {
    fn add(&self, description: &str) -> Result<Box<dyn Key>, String> {
        self.0.borrow_mut().push((description.to_owned(), true));
        Ok(Box::new(OneKey(self.clone(), self.0.borrow().len() - 1)))
    }
}

impl Key for OneKey {
    fn serial(&self) -> i32 {
        i32::try_from(self.1).unwrap()
    }

    fn is_valid(&self) -> bool {
        self.0.0.borrow()[self.1].1
    }
}

impl Drop for OneKey {
    fn drop(&mut self) {
        self.0.revoke(self.serial());
    }
}

/// This user may do everything.
pub fn everything() -> Policy {
    Policy::of_one(lanewarden_linux::user())
}

/// This user may do this and nothing else.
pub fn only(rule: Rule) -> Policy {
    Policy::new(Profile::Production, vec![Rule { callers: vec![Caller::Anyone], ..rule }])
}

struct Told(RefCell<mpsc::UnboundedReceiver<Change>>);

impl Outside for Told {
    fn policy(&self) -> Option<Policy> {
        None
    }

    #[allow(clippy::await_holding_refcell_ref)] // nobody else has it
    async fn change(&self) -> Option<Change> {
        self.0.borrow_mut().recv().await
    }
}

/// Runs a daemon on the machine of a scenario, and a story with it.
pub fn play<F: Future<Output = ()>>(setting: Setting, story: impl FnOnce(Rc<Stage>) -> F) {
    let machine = Simulator::new(&Scenario::parse(TWO_MEMORIES).unwrap()).unwrap();
    play_on(machine, setting, story);
}

/// The same on a machine that there is.
pub fn play_on<F: Future<Output = ()>>(
    machine: Simulator,
    setting: Setting,
    story: impl FnOnce(Rc<Stage>) -> F,
) {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let (changes, told) = mpsc::unbounded_channel();
    let audit = Rc::<RefCell<Vec<String>>>::default();
    let stage = Rc::new(Stage {
        machine: machine.clone(),
        socket: socket.clone(),
        changes,
        audit: Rc::clone(&audit),
        _folder: folder,
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let anchors = Anchors::of(setting.anchors.iter().map(Vec::as_slice)).unwrap();
        let options = Options {
            socket: Socket::Path { path: socket, mode: 0o600 },
            limits: setting.limits,
            journal: setting.journal,
            keeper: Keeper::new(Basis { anchors, revocations: Revocations::default() }, setting.keys),
        };

        let heard = Rc::clone(&audit);
        let note = move |line: &str| heard.borrow_mut().push(line.to_owned());
        let daemon = Daemon::new(machine, pace(), setting.policy, options, note).unwrap();
        let (end, ended) = oneshot::channel::<()>();
        let stop = async {
            let _ = ended.await;
        };
        let story = async {
            story(stage).await;
            end.send(()).unwrap();
        };
        let outside = Told(RefCell::new(told));
        let (served, ()) = tokio::join!(daemon.run(outside, || (), stop), story);
        served.unwrap();
    });
}

/// The machine's time passes with the real one.
fn pace() -> impl Fn(&Simulator) -> lanewarden_time::Instant {
    let began = Wall::now();
    move |machine| {
        let present = lanewarden_time::Instant::new(began.elapsed());
        while machine.now() < present {
            machine.wait_until(present);
        }
        machine.now()
    }
}

impl Stage {
    /// Another client.
    pub async fn client(&self) -> Client {
        Client::connect(&self.socket).await.unwrap()
    }

    /// The first mailbox of a function.
    pub fn mailbox(&self, name: &str) -> MailboxId {
        self.machine.mailboxes(self.address(name))[0]
    }

    pub fn address(&self, name: &str) -> Address {
        self.machine.address(name).unwrap()
    }

    /// Devices come and go.
    pub fn tell(&self, change: Change) {
        self.changes.send(change).unwrap();
    }

    /// What was put on record.
    pub fn audit(&self) -> Vec<String> {
        self.audit.borrow().clone()
    }
}

pub fn claim(mailbox: MailboxId) -> Claim {
    Claim { address: mailbox.address, generation: None, mailbox: mailbox.offset, patience_ms: None }
}

/// A claim that is not waited for.
pub fn try_claim(mailbox: MailboxId) -> Claim {
    Claim { patience_ms: Some(0), ..claim(mailbox) }
}

/// A request for the table's entry with this handle.
pub fn entry(mailbox: MailboxId, handle: u16) -> Exchange {
    Exchange {
        address: mailbox.address,
        generation: None,
        mailbox: mailbox.offset,
        vendor: 0x1e98,
        kind: 2,
        or_type: None,
        connection: None,
        payload: Base64(Request { handle }.encode().to_vec()),
        longest: 1024,
        patience_ms: None,
    }
}

/// A request of a protocol that keeps nothing: which protocols are there.
pub fn discovery(mailbox: MailboxId) -> Exchange {
    Exchange { vendor: 1, kind: 0, payload: Base64(vec![0; 4]), ..entry(mailbox, 0) }
}

/// Reads a whole table under a claim.
pub async fn walk(client: &mut Client, mailbox: MailboxId) -> Result<Table, CallError> {
    let Claimed { claim, .. } = client.call(&claim(mailbox)).await?;
    let mut walk = TableWalk::new();
    while let Some(request) = walk.request() {
        let exchange = Exchange { payload: Base64(request.to_vec()), ..entry(mailbox, 0) };
        let Object { payload, .. } = client.call(&exchange).await?;
        walk.answer(&payload.0).unwrap();
    }
    client.call(&lanewarden_ipc::mailbox::Release { claim }).await?;
    Ok(walk.finish().unwrap())
}

/// The word of a refusal.
pub fn word<T: std::fmt::Debug>(result: Result<T, CallError>) -> &'static str {
    match result {
        Err(CallError::Fault(Fault::Refused { refused, .. })) => refused.word,
        other => panic!("not refused: {other:?}"),
    }
}

/// What belongs to the word of a refusal.
pub fn why<T: std::fmt::Debug>(result: Result<T, CallError>) -> String {
    match result {
        Err(CallError::Fault(Fault::Refused { refused, .. })) => refused.why.unwrap_or_default(),
        other => panic!("not refused: {other:?}"),
    }
}

/// Lets what is under way get to where it waits.
pub async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(5)).await;
}
