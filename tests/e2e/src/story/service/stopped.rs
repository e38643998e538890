//! A user that stands still in the middle of an exchange.

use anyhow::{Context, Result};
use lanewarden_ipc::status::Status;
use rustix::process::Signal;

use super::{MEMBERS, Mailboxes, TABLE};
use crate::load::{Plan, Score};
use crate::system::{read_line, wait_for};
use crate::user::User;
use crate::{command, report};

const EXCHANGES: u32 = 60;
/// In the middle of a table.
const STOPS_AFTER: u32 = 18;

/// Rows B3, B8: who is stopped between a request and its answer loses the mailbox and nothing else; the others go on, and
/// so does it when it is let go.
pub fn in_the_middle(mailboxes: Mailboxes) -> Result<()> {
    let plan = |stop_after| Plan {
        memory: (mailboxes.memory, TABLE),
        drive: Some(mailboxes.drive),
        version: 0x11,
        exchanges: EXCHANGES,
        stop_after,
    };
    let stopped = plan(Some(STOPS_AFTER)).start(MEMBERS[0])?;
    let process = stopped.id();
    wait_for("a user that has stopped", || {
        let stat = read_line(format!("/proc/{process}/stat"))?;
        Ok(stat.rsplit(')').next().is_some_and(|rest| rest.trim().starts_with('T')).then_some(()))
    })?;
    let mut watcher = User::connect()?;
    let status = watcher.call(&Status::default())?;
    let client =
        status.clients.iter().find(|client| client.process == Some(process)).context("its client")?;
    let owner = status
        .devices
        .iter()
        .filter(|device| device.address == mailboxes.memory.address)
        .find_map(|device| device.mailboxes[0].owner)
        .map_or("nobody".to_owned(), |owner| format!("client {}", owner.client));
    report::check("one user is stopped: who has the mailbox", &format!("client {}", client.client), &owner);
    let users = ["root", MEMBERS[1]];
    let children = [plan(None).start(users[0])?, plan(None).start(users[1])?];
    for (user, child) in users.into_iter().zip(children) {
        check(&format!("one user is stopped: {user}"), "none", &Score::of(child)?);
    }
    let lost = watcher.call(&Status::default())?.statistics.lost - status.statistics.lost;
    report::check("one user is stopped: claims that were lost meanwhile", "1", &lost.to_string());
    command::signal(i32::try_from(process)?, Signal::CONT)?;
    check("the user that was stopped, let go", "1 x preempted silent", &Score::of(stopped)?);
    Ok(())
}

fn check(name: &str, refused: &str, score: &Score) {
    let Score { exchanges, tables, greetings, wrong, .. } = score;
    let refusals = score.refusals_text();
    report::verdict(
        name,
        &format!("{EXCHANGES} exchanges or a few more, 0 wrong, refused: {refused}"),
        &format!(
            "{exchanges} exchanges: {tables} tables, {greetings} greetings, {wrong} wrong, refused: {refusals}"
        ),
        *exchanges >= EXCHANGES && *wrong == 0 && refusals == refused,
    );
}
