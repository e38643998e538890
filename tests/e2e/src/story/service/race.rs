//! Two readers of one table.

use std::fs;
use std::process::Child;

use anyhow::{Context, Result};

use super::MEMBERS;
use crate::doe::Mailbox;
use crate::functions::{Functions, mailbox};
use crate::load::{Plan, Score};
use crate::report;
use crate::user::{Trouble, User, word};

/// Where the first memory's table is kept.
const FILE: &str = "/run/first.cdat";
/// How often each of two users reads it.
const WALKS: u32 = 500;

/// Row B13: of two readers that touch the registers themselves one gets what the other has asked for, takes it for its own,
/// and the other gets nothing. Access by access, so that it comes to this every time: the second begins, as one that
/// relies on nothing does, with an abort.
pub fn raw(functions: &Functions) -> Result<()> {
    let address = &functions.memories[0];
    let (first, second) = (Mailbox::open(address)?, Mailbox::open(address)?);
    let known = first.table()?;
    fs::write(FILE, &known)?;
    let (mut table, mut handle) = (Vec::new(), 0);
    let mut left = None;
    while handle != 0xffff && table.len() < 2 * known.len() {
        first.ask(handle)?;
        if handle == 2 && left.is_none() {
            second.abort()?;
            second.ask(0)?;
            left = Some(());
        }
        let (entry, next) = first.entry()?.context("no answer for the first reader")?;
        table.extend(entry);
        handle = next;
    }
    let sum = table.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    let describe = |table: &[u8]| format!("{} bytes, {:016x}", table.len(), report::digest(table));
    report::verdict(
        "two raw readers: the first's table",
        &format!("not {}", describe(&known)),
        &format!("{}, which sum up to {sum:#04x}", describe(&table)),
        table != known,
    );
    let seen = if second.entry()?.is_some() { "an answer" } else { "none: it was taken" };
    report::check("two raw readers: the second's answer", "none: it was taken", seen);
    second.abort()?;
    report::same_bytes("afterwards: one raw reader's table", &known, &second.table()?);
    Ok(())
}

/// Two readers that go on and on.
pub struct Readers([Child; 2]);

/// Row B13: through the daemon two get their tables, and none of a thousand is another.
pub fn a_thousand_times(functions: &Functions) -> Result<Readers> {
    let memory = mailbox(&functions.memories[0])?;
    let exchanges = WALKS * entries(&fs::read(FILE)?);
    let plan = Plan { memory: (memory, FILE), drive: None, version: 0, exchanges, stop_after: None };
    Ok(Readers([plan.start(MEMBERS[0])?, plan.start(MEMBERS[1])?]))
}

impl Readers {
    /// Waits for them.
    pub fn end(self) -> Result<()> {
        for (user, child) in MEMBERS.into_iter().zip(self.0) {
            let score = Score::of(child)?;
            let seen =
                format!("{} tables, {} wrong, refused: {}", score.tables, score.wrong, score.refusals_text());
            report::check(
                &format!("two readers through the daemon: {user}"),
                &format!("{WALKS} tables, 0 wrong, refused: none"),
                &seen,
            );
        }
        Ok(())
    }
}

/// Row B13: in the order of steps that [`raw`] has, but through the daemon, the second is told whose turn it is, and both
/// get their tables.
pub fn in_turns(functions: &Functions) -> Result<()> {
    let memory = mailbox(&functions.memories[0])?;
    let known = fs::read(FILE)?;
    let (mut first, mut second) = (User::connect()?, User::connect()?);
    let claim = first.claim(memory, None)?;
    let (mut table, mut handle) = (Vec::new(), 0);
    while handle != 0xffff && table.len() < 2 * known.len() {
        if handle == 2 {
            for (asked, expected, refusal) in [
                ("claim", "busy waited", second.claim(memory, Some(0)).err()),
                ("entry", "denied unclaimed", refused(second.entry(memory, 0))),
            ] {
                let seen = refusal.map_or("granted".to_owned(), |error| word(&error));
                report::check(&format!("a second reader's {asked}, meanwhile"), expected, &seen);
            }
        }
        let (entry, next) = first.entry(memory, handle).map_err(|trouble| anyhow::anyhow!("{trouble:?}"))?;
        table.extend(entry);
        handle = next;
    }
    first.release(claim)?;
    report::same_bytes("interrupted reader through the daemon: table", &known, &table);
    let second = second.table(memory).map_err(|trouble| anyhow::anyhow!("{trouble:?}"))?;
    report::same_bytes("second reader through the daemon: table", &known, &second);
    Ok(())
}

fn refused<T>(result: Result<T, Trouble>) -> Option<lanewarden_ipc::CallError> {
    if let Err(Trouble::Refused(error)) = result { Some(error) } else { None }
}

/// How many exchanges a table takes: one for its header, one for each structure.
fn entries(table: &[u8]) -> u32 {
    let (mut at, mut count) = (16, 1);
    while let Some([low, high]) = table.get(at + 2..at + 4) {
        at += usize::from(u16::from_le_bytes([*low, *high])).max(4);
        count += 1;
    }
    count
}
