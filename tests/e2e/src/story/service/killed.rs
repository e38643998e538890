//! A daemon that ends: in good order, or killed at any moment, again and again.

use std::fs;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::Result;
use lanewarden_ipc::status::Status;

use super::Mailboxes;
use super::hammer::Hammers;
use crate::doe::Mailbox;
use crate::system::wait_for;
use crate::unit::{SERVICE, SOCKET};
use crate::user::User;
use crate::{command, report};

const JOURNAL: &str = "/run/lanewarden/journal";
const KILLS: u32 = 50;
/// The longest that a daemon runs once it has answered on both mailboxes, in microseconds.
const MOST_US: u64 = 50_000;

/// Stopped by the service manager while both mailboxes are in use, the daemon leaves them idle and says that nothing is
/// under way.
pub fn in_good_order(mailboxes: Mailboxes) -> Result<()> {
    let hammers = Hammers::start(mailboxes)?;
    hammers.wait()?;
    // The socket too: the next connection would start the daemon again.
    command::data(&["systemctl", "stop", SOCKET, SERVICE])?;
    let left = Left::read(mailboxes)?;
    for (name, address) in mailboxes.all().map(|(name, id)| (name, id.address.to_string())) {
        report::check(&format!("stopped while in use: {name}"), "idle", Mailbox::open(&address)?.state()?);
    }
    report::check("stopped while in use: exchanges on record", "", &left.exchanges.join(" "));
    report::check("stopped while in use: wrong answers", "0", &hammers.end()?.to_string());
    Ok(())
}

/// What a daemon has left.
struct Left {
    /// Addresses of functions on whose mailbox an exchange was under way, by its journal.
    exchanges: Vec<String>,
    /// Those whose mailbox a client had.
    claims: Vec<String>,
    /// Those in whose mailbox something stands.
    unclean: Vec<String>,
}

impl Left {
    fn read(mailboxes: Mailboxes) -> Result<Self> {
        let journal = fs::read_to_string(JOURNAL)?;
        let marked = |mark| {
            let lines = journal.lines().filter_map(|line| line.strip_prefix(mark));
            lines.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
        };
        let mut unclean = Vec::new();
        for address in mailboxes.all().map(|(_, id)| id.address.to_string()) {
            if Mailbox::open(&address)?.state()? != "idle" {
                unclean.push(address);
            }
        }
        Ok(Self { exchanges: marked('!'), claims: marked('c'), unclean })
    }

    /// Whether this is what the next daemon says that it found, neither more nor less.
    fn is(&self, findings: &[String]) -> bool {
        let says = |addresses: &[String], words: &str| {
            let says =
                |address: &String| findings.iter().any(|one| one.starts_with(address) && one.contains(words));
            addresses.iter().all(says)
        };
        findings.len() == self.exchanges.len() + self.claims.len()
            && says(&self.exchanges, "an exchange was under way")
            && says(&self.claims, "a client had it")
    }
}

/// What is counted over all kills.
#[derive(Default)]
struct Tally {
    exchanges: usize,
    claims: usize,
    unclean: usize,
    unrecorded: usize,
    told: u32,
}

/// Row B6: with two mailboxes in use the daemon is killed at fifty random moments. Whatever stands in a mailbox then is on
/// record, the next daemon says so, and both mailboxes give right answers again.
pub fn at_random_moments(mailboxes: Mailboxes) -> Result<()> {
    let mut random = Random::new()?;
    let mut tally = Tally::default();
    // Without the service manager, which would take its time fifty times.
    let mut daemon = start()?;
    let hammers = Hammers::start(mailboxes)?;
    for _ in 0..KILLS {
        hammers.wait()?;
        thread::sleep(Duration::from_micros(random.below(MOST_US)));
        daemon.kill()?;
        daemon.wait()?;
        let left = Left::read(mailboxes)?;
        daemon = start()?;
        tally.add(&left, &findings()?);
    }
    hammers.wait()?;
    let right = hammers.right();
    tell(&tally, right, hammers.end()?);
    daemon.kill()?;
    daemon.wait()?;
    Ok(())
}

impl Tally {
    fn add(&mut self, left: &Left, findings: &[String]) {
        self.exchanges += left.exchanges.len();
        self.claims += left.claims.len();
        self.unclean += left.unclean.len();
        self.unrecorded += left.unclean.iter().filter(|address| !left.exchanges.contains(address)).count();
        self.told += u32::from(left.is(findings));
    }
}

fn tell(tally: &Tally, [tables, greetings]: [u32; 2], wrong: u32) {
    let Tally { exchanges, claims, unclean, unrecorded, told } = tally;
    let found = format!("{exchanges} exchanges under way, {claims} claims, {unclean} mailboxes not clean");
    report::verdict(&format!("{KILLS} kills: found"), "some exchanges under way", &found, *exchanges > 0);
    let name = format!("{KILLS} kills: mailboxes that were not clean, and not on record");
    report::check(&name, "0", &unrecorded.to_string());
    let name = format!("{KILLS} kills: daemons that said what was left");
    report::check(&name, &KILLS.to_string(), &told.to_string());
    let name = format!("{KILLS} kills: wrong answers among {tables} tables and {greetings} greetings");
    report::check(&name, "0", &wrong.to_string());
}

fn start() -> Result<Child> {
    let mut command = command::start(&["lanewarden", "daemon"])?;
    Ok(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
}

/// What a daemon says that it found, once it answers.
fn findings() -> Result<Vec<String>> {
    wait_for("a daemon that answers", || {
        let status = User::connect().ok().and_then(|mut user| user.call(&Status::default()).ok());
        Ok(status.map(|status| status.findings))
    })
}

/// Moments that are not the same in two runs (xorshift64).
struct Random(u64);

impl Random {
    fn new() -> Result<Self> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
        Ok(Self(u64::from(now.subsec_nanos()) << 20 | 1))
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}
