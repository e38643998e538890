//! A machine with a service manager: the package is installed, its service runs with many users at once, and it is
//! purged again.

use anyhow::Result;
use lanewarden_pci::MailboxId;

use crate::functions::{Functions, mailbox};
use crate::{command, report, system};

mod alone;
mod crowd;
mod hammer;
mod installed;
mod kernels;
mod killed;
mod operator;
mod plugged;
mod purged;
mod race;
mod restarted;
mod running;
mod sandbox;
mod sessions;
mod stopped;

/// In the group whose members the default policy lets use mailboxes.
pub const MEMBERS: [&str; 2] = ["alice", "carol"];
/// Not in it.
pub const STRANGER: &str = "bob";
/// The second memory's table.
const TABLE: &str = "/custom.cdat";

/// The two mailboxes that everybody wants.
#[derive(Clone, Copy)]
struct Mailboxes {
    /// The second memory's.
    memory: MailboxId,
    /// The trusted drive's.
    drive: MailboxId,
}

impl Mailboxes {
    /// Each with its name in the report.
    fn all(self) -> [(&'static str, MailboxId); 2] {
        [("memory 2", self.memory), ("nvme", self.drive)]
    }
}

/// From the installation to the purge.
pub fn run() -> Result<()> {
    let uptime = system::read_line("/proc/uptime")?;
    report::progress(&format!("up for {} s", uptime.split(' ').next().unwrap_or_default()));
    let functions = Functions::find()?;
    report::progress("installing the package");
    installed::package()?;
    installed::group()?;
    installed::documents();
    installed::program(&functions)?;
    installed::units()?;
    report::progress("looking out of the service");
    sandbox::score()?;
    sandbox::holds(&functions)?;
    restarted::after_a_kill()?;
    with_a_daemon(&functions)?;
    report::progress("purging the package");
    purged::everything()
}

/// What many users of one daemon see.
fn with_a_daemon(functions: &Functions) -> Result<()> {
    let memory = mailbox(&functions.memories[1])?;
    let mailboxes = Mailboxes { memory, drive: mailbox(&functions.drives.trusted)? };
    report::progress("sharing a mailbox without a daemon");
    race::raw(functions)?;
    report::progress("starting the daemon beside a program that uses mailboxes by itself");
    alone::attesting(functions)?;
    running::process()?;
    running::seen_by_users(functions)?;
    report::progress("keeping sessions");
    sessions::kept(functions)?;
    report::progress("sharing mailboxes");
    race::in_turns(functions)?;
    let readers = race::a_thousand_times(functions)?;
    crowd::at_once(mailboxes)?;
    readers.end()?;
    report::progress("stopping a user");
    stopped::in_the_middle(mailboxes)?;
    report::progress("taking mailboxes away");
    operator::claims(functions, mailboxes)?;
    operator::detaches(functions, mailboxes)?;
    report::progress("removing a memory");
    plugged::out_and_in(functions, mailboxes)?;
    report::progress("ending the daemon");
    killed::in_good_order(mailboxes)?;
    killed::at_random_moments(mailboxes)?;
    report::progress("loading the CXL drivers");
    kernels::left_alone(functions, mailboxes)
}

/// What the service manager has written, to the console: only after a failure anyone wants to read it.
pub fn tell_journal() -> Result<()> {
    let journal = ["journalctl", "--boot", "--no-pager", "--output", "short-monotonic"];
    let not_the_kernels = ["_TRANSPORT=journal", "_TRANSPORT=stdout", "_TRANSPORT=syslog"];
    let journal = command::run(&[&journal[..], &not_the_kernels].concat())?;
    Ok(std::fs::write("/dev/console", journal.output.replace('\n', "\r\n"))?)
}
