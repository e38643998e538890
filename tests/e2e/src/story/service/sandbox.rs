//! What the unit takes away from a daemon that was broken into, and what it leaves to one that was not: the checker
//! itself runs in the daemon's place.

use std::fs;

use anyhow::Result;

use crate::functions::Functions;
use crate::plant::{Plant, plant};
use crate::unit::{self, SERVICE};
use crate::{command, probe, report};

/// As `packaging/README.md` states it.
const SCORE: &str = "1.1 OK";
/// What the programs in the daemon's place print.
const PRINTED: &str = "/run/probe";
/// What is undone on purpose.
const LOOSE: &str =
    "[Service]\nCapabilityBoundingSet=~\nProtectSystem=no\nProtectKernelTunables=no\nNoExecPaths=\n";

/// The service manager's own opinion.
pub fn score() -> Result<()> {
    let said = command::data(&["systemd-analyze", "security", "--no-pager", SERVICE])?;
    let last = said.lines().next_back().unwrap_or_default();
    let score = last.rsplit_once(": ").map_or(last, |(_, score)| score);
    let score: Vec<&str> = score.split_whitespace().take(2).collect();
    report::check("systemd-analyze security", SCORE, &score.join(" "));
    Ok(())
}

/// Runs the checker and the kernel's own tool for keyrings in the daemon's place.
pub fn holds(functions: &Functions) -> Result<()> {
    if plant()? == Some(Plant::LooseUnit) {
        unit::change(SERVICE, "loose", LOOSE)?;
    }
    let drive = &functions.drives.trusted;
    let change = format!(
        "[Service]\nType=oneshot\nRestart=no\nStandardOutput=append:{PRINTED}\nExecPaths=/usr/lib/e2e /usr/bin/keyctl\n\
         ExecStart=\nExecStart=/usr/lib/e2e/checker {} {drive}\nExecStart=/usr/bin/keyctl add user probe secret @s\n",
        probe::ARGUMENT
    );
    unit::change(SERVICE, "probe", &change)?;
    let said = unit::control("start", SERVICE)?;
    report::check("in the daemon's place: a probe, keyctl", "exit 0", &said.ending());
    let printed = fs::read_to_string(PRINTED)?;
    for (name, expected) in probe::EXPECTED {
        let seen = printed.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        report::check(&format!("in the daemon's place: {name}"), expected, seen.unwrap_or("not looked at"));
    }
    unit::restore(SERVICE, "probe")
}
