//! Lanewarden itself, as its users run it.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::trace;

const PROGRAM: &str = "/bin/lanewarden";
/// The id of an ordinary user.
const NOBODY: u32 = 65_534;

/// What a run left behind.
pub struct Run {
    /// Its exit code; `None` where a signal ended it.
    pub exit: Option<i32>,
    /// Data.
    pub output: Vec<u8>,
    /// Talk.
    pub talk: String,
    /// How many writes to configuration space it tried.
    pub config_writes: usize,
}

impl Run {
    /// `exit 0`, or how else it ended.
    pub fn exit(&self) -> String {
        self.exit.map_or("killed".to_owned(), |code| format!("exit {code}"))
    }

    /// Whether it said what might help.
    pub fn hint(&self) -> &'static str {
        if self.talk.contains("hint:") { "hint" } else { "no hint" }
    }

    /// One line on how it ended: exit code, whether there was a hint, how many writes it tried.
    pub fn ending(&self) -> String {
        format!("{}, {}, {} config writes", self.exit(), self.hint(), self.config_writes)
    }
}

/// Runs it as root, counting its writes to configuration space.
pub fn run(arguments: &[&str]) -> Result<Run> {
    finish(command(arguments))
}

/// Runs it as an ordinary user.
pub fn run_as_nobody(arguments: &[&str]) -> Result<Run> {
    let mut command = command(arguments);
    command.uid(NOBODY).gid(NOBODY);
    finish(command)
}

/// Starts it and does not wait.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn finish(mut command: Command) -> Result<Run> {
    let (output, config_writes) = trace::counting_writes(|| Ok(command.output()?))?;
    let talk = String::from_utf8_lossy(&output.stderr).into_owned();
    Ok(Run { exit: output.status.code(), output: output.stdout, talk, config_writes })
}

/// The JSON object of a run that must end well.
pub fn json(arguments: &[&str]) -> Result<Value> {
    let (run, object) = json_and_run(arguments)?;
    ensure!(
        run.exit == Some(0),
        "lanewarden {}: exit {:?}: {}",
        arguments.join(" "),
        run.exit,
        run.talk.trim()
    );
    Ok(object)
}

/// The JSON object of a run, however it ended.
pub fn json_and_run(arguments: &[&str]) -> Result<(Run, Value)> {
    let run = run(&[&["--json"], arguments].concat())?;
    let object = serde_json::from_slice(&run.output).with_context(|| {
        format!("lanewarden {}: {}, {}", arguments.join(" "), run.exit(), run.talk.trim())
    })?;
    Ok((run, object))
}

/// The table that `cxl cdat --raw` writes.
pub fn table(address: &str, options: &[&str]) -> Result<Vec<u8>> {
    const FILE: &str = "/tmp/table";
    fs::remove_file(FILE).ok();
    let arguments = [&["cxl", "cdat", address, "--raw", FILE], options].concat();
    let run = run(&arguments)?;
    if run.exit != Some(0) {
        bail!("lanewarden {}: exit {:?}: {}", arguments.join(" "), run.exit, run.talk.trim());
    }
    fs::read(FILE).context("no table was written")
}

/// The one object of a list that has this address.
pub fn of_address<'a>(object: &'a Value, list: &str, address: &str) -> Result<&'a Value> {
    let all = object.get(list).and_then(Value::as_array).with_context(|| format!("no list {list}"))?;
    let mut found = all.iter().filter(|item| item["address"] == address);
    let first = found.next().with_context(|| format!("{list} has nothing of {address}"))?;
    ensure!(found.next().is_none(), "{list} has several of {address}");
    Ok(first)
}
