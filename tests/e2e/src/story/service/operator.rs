//! Mailboxes for oneself, and an operator who takes them away.

use std::process::{Child, Stdio};

use anyhow::Result;
use lanewarden_ipc::mailbox::Keep;
use lanewarden_ipc::status::Status;
use lanewarden_pci::MailboxId;

use super::{MEMBERS, Mailboxes, running};
use crate::functions::Functions;
use crate::system::wait_for;
use crate::user::{User, word};
use crate::{command, report};

/// Row D3: who has claimed a mailbox is named to those who are turned away, and lets go by dying.
pub fn claims(functions: &Functions, mailboxes: Mailboxes) -> Result<()> {
    let drive = functions.drives.trusted.as_str();
    let mut holder = start(MEMBERS[0], &["lanewarden", "doe", "claim", drive])?;
    let process = holder.id();
    let mut watcher = User::connect()?;
    wait_for("a claim", || Ok((owner(&mut watcher, mailboxes.drive)? == Some(process)).then_some(())))?;
    let status = command::run(&["lanewarden", "status"])?;
    let named = status.output.lines().find(|line| line.starts_with(drive)).unwrap_or_default();
    let wanted = format!("process {process}");
    report::check(
        "claimed: its owner in `status`",
        &wanted,
        if named.contains(&wanted) { &wanted } else { named },
    );
    let refusal = User::connect()?.claim(mailboxes.drive, Some(0)).err();
    report::check(
        "claimed: somebody else's claim",
        "busy waited",
        &refusal.map_or("granted".into(), |e| word(&e)),
    );
    holder.kill()?;
    holder.wait()?;
    let claim = watcher.claim(mailboxes.drive, None);
    report::check("its owner is killed: somebody else's claim", "granted", &granted(&claim));
    Ok(())
}

/// Row D5: root takes a mailbox from a user, who is told, and that is on record; a user may not.
pub fn detaches(functions: &Functions, mailboxes: Mailboxes) -> Result<()> {
    let drive = functions.drives.trusted.as_str();
    let line = ["lanewarden", "doe", "claim", "--detach", drive, "--for", "1s"];
    let said = command::run_as(MEMBERS[0], &line)?;
    report::check(&format!("{}: doe claim --detach", MEMBERS[0]), "exit 6", &said.code());
    let mut user = User::connect()?;
    let claim = user.claim(mailboxes.drive, None)?;
    let operator = start("root", &line)?;
    let process = operator.id();
    let mut watcher = User::connect()?;
    wait_for("a detachment", || Ok((owner(&mut watcher, mailboxes.drive)? == Some(process)).then_some(())))?;
    let refusal = user.call(&Keep { claim: claim.claim }).err();
    report::check(
        "detached: whose it was",
        "preempted detached",
        &refusal.map_or("kept".into(), |e| word(&e)),
    );
    let refusal = user.claim(mailboxes.drive, Some(0)).err();
    report::check("detached: a new claim", "busy detached", &refusal.map_or("granted".into(), |e| word(&e)));
    let output = operator.wait_with_output()?;
    report::check(
        "root: doe claim --detach",
        "exit 0",
        &format!("exit {}", output.status.code().unwrap_or(-1)),
    );
    report::check("given back: a new claim", "granted", &granted(&user.claim(mailboxes.drive, None)));
    let id = mailboxes.drive;
    let expected = format!("audit: user 0, process {process}: detach of {id}");
    let line = wait_for("an audit line", || {
        let log = running::log()?;
        Ok(log.lines().rfind(|line| line.starts_with("audit: user 0")).map(str::to_owned))
    })?;
    report::check("detached: the line in the journal", &expected, &line);
    Ok(())
}

fn start(user: &str, line: &[&str]) -> Result<Child> {
    let mut command = command::start(&command::as_user(user, line))?;
    Ok(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
}

fn granted<T>(result: &Result<T, lanewarden_ipc::CallError>) -> String {
    result.as_ref().err().map_or("granted".to_owned(), word)
}

/// The process that has a mailbox for itself.
fn owner(watcher: &mut User, mailbox: MailboxId) -> Result<Option<u32>> {
    let status = watcher.call(&Status::default())?;
    let device = status.devices.iter().find(|device| device.address == mailbox.address);
    let owner =
        device.and_then(|device| device.mailboxes.iter().find(|one| one.mailbox == mailbox.offset)?.owner);
    let Some(owner) = owner else { return Ok(None) };
    Ok(status.clients.iter().find(|client| client.client == owner.client).and_then(|client| client.process))
}
