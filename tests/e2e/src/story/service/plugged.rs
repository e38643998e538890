//! A device that goes and comes back.

use std::fs::{self, File};
use std::process::Stdio;

use anyhow::{Context, Result};
use lanewarden_ipc::mailbox::Claim;
use lanewarden_ipc::status::Status;
use lanewarden_pci::MailboxId;
use serde_json::Value;

use super::{MEMBERS, Mailboxes, TABLE};
use crate::functions::{Functions, folder};
use crate::load::table;
use crate::system::{wait_for, write_line};
use crate::unit::SERVICE;
use crate::user::{Trouble, User, word};
use crate::{command, report};

/// What `monitor` prints.
const HEARD: &str = "/run/monitor";
const RULES: &str = "/etc/lanewarden/policy.d/e2e.toml";

/// Rows T21, T22: all who have or want a mailbox of a device that goes are told at once; what comes in its place is another
/// device. Row D7: rules hold for that too.
pub fn out_and_in(functions: &Functions, mailboxes: Mailboxes) -> Result<()> {
    let address = functions.memories[1].as_str();
    let memory = mailboxes.memory;
    closed_to_one(address)?;
    let mut monitor = command::start(&["lanewarden", "--json", "monitor"])?;
    let mut monitor = monitor.stdin(Stdio::null()).stdout(File::create(HEARD)?).spawn()?;
    let mut watcher = User::connect()?;
    wait_for("a monitor that listens", || {
        // It hears only what happens once it does.
        let claim = watcher.claim(memory, None)?;
        watcher.release(claim)?;
        Ok((!fs::read_to_string(HEARD)?.is_empty()).then_some(()))
    })?;
    let before = removed(address, memory, &mut watcher)?;
    rescanned(address, memory, before, &mut watcher)?;
    let said = command::run_as(MEMBERS[1], &["lanewarden", "cxl", "cdat", address])?;
    report::check("rescanned: whom a rule keeps from such devices", "exit 6", &said.code());
    monitor.kill()?;
    monitor.wait()?;
    open_to_all()?;
    let said = command::run_as(MEMBERS[1], &["lanewarden", "cxl", "cdat", address])?;
    report::check("the rule is gone", "exit 0", &said.ending());
    Ok(())
}

/// One has the mailbox and another waits for it while the memory goes. The generation of what has gone.
fn removed(address: &str, memory: MailboxId, watcher: &mut User) -> Result<u64> {
    let mut holder = User::connect()?;
    let claim = holder.claim(memory, None)?;
    let waiting = std::thread::spawn(move || -> Result<String> {
        let granted = User::connect()?.claim(memory, None);
        Ok(granted.err().map_or("granted".to_owned(), |error| word(&error)))
    });
    wait_for("one who waits", || {
        let status = watcher.call(&Status::default())?;
        let device = status.devices.iter().find(|device| device.address == memory.address);
        Ok((device.context("the memory")?.mailboxes[0].waiting == 1).then_some(()))
    })?;
    write_line(folder(address).join("remove"), "1")?;
    let seen = waiting.join().map_err(|_| anyhow::anyhow!("one who waits has died"))??;
    report::check("removed: one who waits for the mailbox", "gone", &seen);
    let seen = match holder.entry(memory, 0) {
        Ok(_) => "an answer".to_owned(),
        Err(Trouble::Wrong) => "a wrong answer".to_owned(),
        Err(Trouble::Refused(error)) => word(&error),
    };
    report::check("removed: one who has the mailbox", "gone", &seen);
    let gone = event(address, "vanished")?;
    report::check("removed: generation, by `monitor`", &claim.generation.to_string(), &gone);
    Ok(claim.generation)
}

/// What comes in its place is another, with the same table.
fn rescanned(address: &str, memory: MailboxId, before: u64, watcher: &mut User) -> Result<()> {
    write_line("/sys/bus/pci/rescan", "1")?;
    let came = event(address, "arrived")?;
    let is_another = came.parse().is_ok_and(|generation: u64| generation > before);
    report::verdict("rescanned: generation, by `monitor`", &format!("more than {before}"), &came, is_another);
    let MailboxId { address, offset: mailbox } = memory;
    let old = Claim { address, generation: Some(before), mailbox, patience_ms: Some(0) };
    let seen = watcher.call(&old).err().map_or("granted".to_owned(), |error| word(&error));
    report::check("rescanned: a claim on the device that was there", "gone", &seen);
    let right = table(watcher, memory, &fs::read(TABLE)?).is_ok();
    report::check("rescanned: the table is right", "true", &right.to_string());
    Ok(())
}

/// The generation that the first event of this name tells.
fn event(address: &str, name: &str) -> Result<String> {
    wait_for(&format!("{address} {name}"), || {
        let heard = fs::read_to_string(HEARD)?;
        let mut events = heard.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let event = events.find(|event| event["event"] == name && event["address"] == address);
        Ok(event.map(|event| event["generation"].to_string()))
    })
}

/// A rule on vendor and device keeps one user from devices like this one; it is in force after a SIGHUP.
fn closed_to_one(address: &str) -> Result<()> {
    let id = |name: &str| crate::system::read_line(folder(address).join(name));
    let ids =
        format!("{}:{}", id("vendor")?.trim_start_matches("0x"), id("device")?.trim_start_matches("0x"));
    fs::create_dir_all("/etc/lanewarden/policy.d")?;
    let user = MEMBERS[1];
    fs::write(
        RULES,
        format!("[[rule]]\nwho = [\"{user}\"]\ndevices = [\"{ids}\"]\ndeny = [\"claim\", \"exchange\"]\n"),
    )?;
    reread()
}

fn open_to_all() -> Result<()> {
    fs::remove_file(RULES)?;
    reread()
}

/// The daemon says when it has.
fn reread() -> Result<()> {
    let times =
        || Ok::<_, anyhow::Error>(super::running::log()?.matches("the policy was read again").count());
    let before = times()?;
    command::data(&["systemctl", "kill", "--signal", "HUP", SERVICE])?;
    wait_for("a policy that was read again", || Ok((times()? > before).then_some(())))
}
