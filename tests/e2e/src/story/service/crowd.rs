//! Root, two users who may and one who may not, all at once.

use anyhow::Result;

use super::{MEMBERS, Mailboxes, STRANGER, TABLE};
use crate::doe::Mailbox;
use crate::load::{self, Score};
use crate::plant::{Plant, plant};
use crate::report;

const EXCHANGES: u32 = 1000;

/// Row B12: three users drive a memory's and a drive's mailbox at once, each with an SPDM version of its own, and each has
/// the answers to its own requests. Row D7: the fourth is refused, every time.
pub fn at_once(mailboxes: Mailboxes) -> Result<()> {
    let plan = |version| load::Plan {
        memory: (mailboxes.memory, TABLE),
        drive: Some(mailboxes.drive),
        version,
        exchanges: EXCHANGES,
        stop_after: None,
    };
    let users = [("root", 0x10), (MEMBERS[0], 0x11), (MEMBERS[1], 0x12), (STRANGER, 0x10)];
    let children: Result<Vec<_>> =
        users.into_iter().map(|(user, version)| plan(version).start(user)).collect();
    let mut children = children?;
    if plant()? == Some(Plant::PastTheDaemon) {
        while children[0].try_wait()?.is_none() {
            past_the_daemon(mailboxes)?;
        }
    }
    for ((user, _), child) in users.into_iter().zip(children) {
        let score = Score::of(child)?;
        let refused = score.refusals_text();
        if user == STRANGER {
            let expected = format!("0 answers, refused: {EXCHANGES} x denied permission");
            let seen = format!("{} answers, refused: {refused}", score.exchanges);
            report::check(&format!("{user}, at once with others"), &expected, &seen);
            continue;
        }
        let Score { exchanges, tables, greetings, wrong, .. } = score;
        report::verdict(
            &format!("{user}, at once with others"),
            &format!("{EXCHANGES} exchanges or a few more, 0 wrong, refused: none"),
            &format!(
                "{exchanges} exchanges: {tables} tables, {greetings} greetings, {wrong} wrong, refused: {refused}"
            ),
            exchanges >= EXCHANGES && tables > 0 && greetings > 0 && wrong == 0 && score.refused.is_empty(),
        );
    }
    Ok(())
}

/// Reads as the daemon's users do, but asks nobody.
fn past_the_daemon(mailboxes: Mailboxes) -> Result<()> {
    let raw = Mailbox::open(&mailboxes.memory.address.to_string())?;
    raw.abort()?;
    // Whether anything comes of it is not the point.
    raw.ask(0).and_then(|()| raw.entry()).ok();
    Ok(())
}
