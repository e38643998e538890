//! A daemon that is killed at any moment, again and again.

use std::fs::{self, File};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use lanewarden_ipc::status::{Report, Status};
use lanewarden_pci::MailboxId;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::{Mailboxes, TABLE};
use crate::doe::Mailbox;
use crate::load::table;
use crate::system::wait_for;
use crate::unit::{self, SERVICE};
use crate::user::{Trouble, User};
use crate::{command, report};

/// First argument of this program when it is to say what a daemon has left; functions with mailboxes follow.
pub const LEFT: &str = "left";
/// Where it says so.
const SAID: &str = "/run/left";
const JOURNAL: &str = "/run/lanewarden/journal";

const KILLS: u32 = 50;
/// The longest that a daemon runs from when it answers on both mailboxes on, in microseconds.
const MOST_US: u64 = 60_000;

/// Says what a daemon has left: its journal, and the state of mailboxes. The service manager runs this between one daemon
/// and the next.
pub fn left(addresses: &[String]) -> Result<ExitCode> {
    let mut states = serde_json::Map::new();
    for address in addresses {
        states.insert(address.clone(), Mailbox::open(address)?.state()?.into());
    }
    let journal = fs::read_to_string(JOURNAL)?;
    let said = format!("{SAID}.new");
    serde_json::to_writer(File::create(&said)?, &json!({ "journal": journal, "states": states }))?;
    fs::rename(said, SAID)?;
    Ok(ExitCode::SUCCESS)
}

/// Somebody who goes on and on with one mailbox.
struct Hammer {
    right: Arc<AtomicU32>,
    wrong: Arc<AtomicU32>,
    ends: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Hammer {
    fn start(mut act: impl FnMut(&mut User) -> Result<(), Trouble> + Send + 'static) -> Self {
        let (right, wrong) = (Arc::<AtomicU32>::default(), Arc::<AtomicU32>::default());
        let ends = Arc::<AtomicBool>::default();
        let (r, w, e) = (Arc::clone(&right), Arc::clone(&wrong), Arc::clone(&ends));
        let thread = thread::spawn(move || {
            let mut user = None;
            while !e.load(Ordering::Relaxed) {
                let Some(connected) = user.as_mut() else {
                    user = User::connect().ok();
                    continue;
                };
                match act(connected) {
                    Ok(()) => drop(r.fetch_add(1, Ordering::Relaxed)),
                    Err(Trouble::Wrong) => drop(w.fetch_add(1, Ordering::Relaxed)),
                    // The daemon is not there, as a rule.
                    Err(Trouble::Refused(_)) => user = None,
                }
            }
        });
        Self { right, wrong, ends, thread }
    }

    fn right(&self) -> u32 {
        self.right.load(Ordering::Relaxed)
    }
}

/// What is counted.
#[derive(Default)]
struct Tally {
    exchanges: u32,
    claims: u32,
    unclean: u32,
    unrecorded: u32,
    told: u32,
}

/// Rows B6, B12: with two mailboxes in use the daemon is killed at fifty random moments. Whatever stands in a mailbox then is on
/// record, the next daemon says so, and both mailboxes give right answers again.
pub fn at_random_moments(mailboxes: Mailboxes) -> Result<()> {
    change_unit(mailboxes)?;
    let known = fs::read(TABLE)?;
    let Mailboxes { memory, drive } = mailboxes;
    let hammers = [
        Hammer::start(move |user| table(user, memory, &known).map(drop)),
        Hammer::start(move |user| user.greeting(drive, 0x12)),
    ];
    let mut random = Random::new()?;
    let mut tally = Tally::default();
    let mut process = running(0)?.process;
    for _ in 0..KILLS {
        thread::sleep(Duration::from_micros(random.below(MOST_US)));
        fs::remove_file(SAID).ok();
        command::signal(i32::try_from(process)?, Signal::KILL)?;
        let status = running(process)?;
        process = status.process;
        tally.add(&status)?;
        let before = hammers.each_ref().map(Hammer::right);
        wait_for("answers after a kill", || {
            let all = hammers.iter().zip(before).all(|(hammer, before)| hammer.right() > before);
            Ok(all.then_some(()))
        })?;
    }
    tell(&tally, &hammers);
    stop(mailboxes, hammers)
}

fn tell(tally: &Tally, hammers: &[Hammer; 2]) {
    let Tally { exchanges, claims, unclean, unrecorded, told } = tally;
    let text = format!("{exchanges} exchanges under way, {claims} claims, {unclean} mailboxes not clean");
    report::verdict(&format!("{KILLS} kills: found"), "some exchanges under way", &text, *exchanges > 0);
    report::check(
        &format!("{KILLS} kills: mailboxes that were not clean, and not on record"),
        "0",
        &unrecorded.to_string(),
    );
    report::check(
        &format!("{KILLS} kills: daemons that said what they had found"),
        &KILLS.to_string(),
        &told.to_string(),
    );
    let [tables, greetings] = hammers.each_ref().map(Hammer::right);
    let wrong: u32 = hammers.iter().map(|hammer| hammer.wrong.load(Ordering::Relaxed)).sum();
    report::check(
        &format!("{KILLS} kills: wrong answers among {tables} tables and {greetings} greetings"),
        "0",
        &wrong.to_string(),
    );
}

impl Tally {
    /// Compares what a daemon says that it found with what the one before has left.
    fn add(&mut self, status: &Report) -> Result<()> {
        let said: Value = serde_json::from_reader(File::open(SAID).context("what the daemon has left")?)?;
        let journal = said["journal"].as_str().context("a journal")?;
        let marked = |mark: char| -> Vec<String> {
            let lines = journal.lines().filter_map(|line| line.strip_prefix(mark));
            lines.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
        };
        let (exchanges, claims) = (marked('!'), marked('c'));
        let says = |addresses: &[String], words: &str| {
            let found = |address: &String| {
                status.findings.iter().any(|finding| finding.starts_with(address) && finding.contains(words))
            };
            addresses.iter().all(found)
        };
        let is_told = status.findings.len() == exchanges.len() + claims.len()
            && says(&exchanges, "an exchange was under way")
            && says(&claims, "a client had it");
        self.told += u32::from(is_told);
        self.exchanges += u32::try_from(exchanges.len())?;
        self.claims += u32::try_from(claims.len())?;
        for (address, state) in said["states"].as_object().context("states")? {
            if state != "idle" {
                self.unclean += 1;
                self.unrecorded += u32::from(!exchanges.contains(address));
            }
        }
        Ok(())
    }
}

/// Stopped in good order while it is used, the daemon leaves idle mailboxes and says that nothing is under way.
fn stop(mailboxes: Mailboxes, hammers: [Hammer; 2]) -> Result<()> {
    fs::remove_file(SAID).ok();
    // The socket too: the next connection would start the daemon again.
    command::data(&["systemctl", "stop", unit::SOCKET, SERVICE])?;
    for hammer in hammers {
        hammer.ends.store(true, Ordering::Relaxed);
        hammer.thread.join().map_err(|_| anyhow::anyhow!("a user has died"))?;
    }
    let said: Value = serde_json::from_reader(File::open(SAID)?)?;
    for (name, id) in mailboxes.all() {
        let state = said["states"][id.address.to_string()].as_str().unwrap_or("unknown");
        report::check(&format!("stopped while in use: {name}"), "idle", state);
    }
    let journal = said["journal"].as_str().context("a journal")?;
    let under_way = journal.lines().filter(|line| line.starts_with('!')).count();
    report::check("stopped while in use: exchanges on record", "0", &under_way.to_string());
    unit::restore(SERVICE, "kills")
}

/// Until now nothing has to be quick, and nobody dies so often.
fn change_unit(mailboxes: Mailboxes) -> Result<()> {
    let [memory, drive] = mailboxes.all().map(|(_, MailboxId { address, .. })| address);
    let text = format!(
        "[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestartSec=10ms\n\
         ExecStopPost=+/usr/lib/e2e/checker {LEFT} {memory} {drive}\n"
    );
    unit::change(SERVICE, "kills", &text)?;
    unit::control("restart", SERVICE).map(drop)
}

/// What the daemon that comes after another says of itself, once it does.
fn running(before: u32) -> Result<Report> {
    wait_for("a daemon that answers", || {
        let answer = User::connect().ok().and_then(|mut user| user.call(&Status {}).ok());
        Ok(answer.filter(|status| status.process != before))
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
