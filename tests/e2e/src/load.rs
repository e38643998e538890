//! Many exchanges of one user, as a process of its own: tables of a memory and greetings of a drive in turn.

use std::collections::BTreeMap;
use std::process::{Child, ExitCode, Stdio};

use anyhow::{Context, Result, ensure};
use lanewarden_pci::MailboxId;
use serde_json::{Value, json};

use crate::user::{Trouble, User, named, word};
use crate::{command, report};

/// First argument of this program when it is one that makes many exchanges.
pub const ARGUMENT: &str = "load";
/// Answers that are not what was asked for, after which it is given up.
const MOST_WRONG: u32 = 10;

/// What a user is to do.
#[derive(Clone, Copy)]
pub struct Plan<'a> {
    /// A memory's mailbox, and a file with its table.
    pub memory: (MailboxId, &'a str),
    /// A drive's, if that is to be spoken to as well.
    pub drive: Option<MailboxId>,
    /// The SPDM version to speak with it.
    pub version: u8,
    /// How many exchanges, or refusals.
    pub exchanges: u32,
    /// After how many to stop itself in the middle of one.
    pub stop_after: Option<u32>,
}

impl Plan<'_> {
    fn arguments(&self) -> Vec<String> {
        let (memory, file) = self.memory;
        let drive = self.drive.unwrap_or(memory);
        [
            memory.address.to_string(),
            memory.offset.to_string(),
            file.to_owned(),
            drive.address.to_string(),
            drive.offset.to_string(),
            self.version.to_string(),
            self.exchanges.to_string(),
            self.stop_after.unwrap_or(u32::MAX).to_string(),
        ]
        .into()
    }

    fn read(arguments: &[String]) -> Result<Plan<'_>> {
        let [memory, memory_offset, file, drive, drive_offset, version, exchanges, stop_after] = arguments
        else {
            anyhow::bail!("{} arguments", arguments.len());
        };
        let (memory, drive) = (named(memory, memory_offset)?, named(drive, drive_offset)?);
        let stop_after = stop_after.parse()?;
        Ok(Plan {
            memory: (memory, file),
            drive: (drive != memory).then_some(drive),
            version: version.parse()?,
            exchanges: exchanges.parse()?,
            stop_after: (stop_after != u32::MAX).then_some(stop_after),
        })
    }

    /// Starts a user with it.
    pub fn start(&self, user: &str) -> Result<Child> {
        let program = std::env::current_exe()?.to_string_lossy().into_owned();
        let arguments = self.arguments();
        let mut line = vec![program.as_str(), ARGUMENT];
        line.extend(arguments.iter().map(String::as_str));
        let mut command = command::start(&command::as_user(user, &line))?;
        Ok(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?)
    }
}

/// How it went.
#[derive(Default)]
pub struct Score {
    /// Answers.
    pub exchanges: u32,
    /// Tables that were as they had to be.
    pub tables: u32,
    /// Greetings that were.
    pub greetings: u32,
    /// Tables and greetings that were not.
    pub wrong: u32,
    /// Refusals, by what was said.
    pub refused: BTreeMap<String, u32>,
}

impl Score {
    fn count(&mut self, result: Result<bool, Trouble>) {
        match result {
            Ok(true) => self.tables += 1,
            Ok(false) => self.greetings += 1,
            Err(Trouble::Wrong) => self.wrong += 1,
            Err(Trouble::Refused(error)) => *self.refused.entry(word(&error)).or_default() += 1,
        }
    }

    fn refusals(&self) -> u32 {
        self.refused.values().sum()
    }

    /// `3 x denied permission`, ...
    pub fn refusals_text(&self) -> String {
        let all = self.refused.iter().map(|(word, times)| format!("{times} x {word}"));
        if self.refused.is_empty() { "none".to_owned() } else { all.collect::<Vec<_>>().join(", ") }
    }

    /// That of a user that has come to its end.
    pub fn of(child: Child) -> Result<Self> {
        let output = child.wait_with_output()?;
        let talk = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "a user: {}: {}", output.status, report::flat(&talk));
        let value: Value = serde_json::from_slice(&output.stdout)?;
        let number = |name: &str| value[name].as_u64().and_then(|n| u32::try_from(n).ok()).context("a score");
        let refused = value["refused"].as_object().context("a score")?;
        let times = |n: &Value| n.as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or_default();
        Ok(Self {
            exchanges: number("exchanges")?,
            tables: number("tables")?,
            greetings: number("greetings")?,
            wrong: number("wrong")?,
            refused: refused.iter().map(|(word, n)| (word.clone(), times(n))).collect(),
        })
    }
}

/// Is one user, and prints its score.
pub fn run(arguments: &[String]) -> Result<ExitCode> {
    let plan = Plan::read(arguments)?;
    let (memory, file) = plan.memory;
    let known = std::fs::read(file)?;
    let mut user = User::connect()?;
    user.stop_after = plan.stop_after;
    let mut score = Score::default();
    while user.exchanges.max(score.refusals()) < plan.exchanges && score.wrong < MOST_WRONG {
        score.count(table(&mut user, memory, &known));
        if let Some(drive) = plan.drive {
            score.count(user.greeting(drive, plan.version).map(|()| false));
        }
    }
    score.exchanges = user.exchanges;
    let Score { exchanges, tables, greetings, wrong, refused } = score;
    println!(
        "{}",
        json!({ "exchanges": exchanges, "tables": tables, "greetings": greetings, "wrong": wrong, "refused": refused })
    );
    Ok(ExitCode::SUCCESS)
}

/// A table must be the known one, and so sum up to zero.
pub fn table(user: &mut User, memory: MailboxId, known: &[u8]) -> Result<bool, Trouble> {
    let table = user.table(memory)?;
    let sum = table.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    if sum == 0 && table == known { Ok(true) } else { Err(Trouble::Wrong) }
}
