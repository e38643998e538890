//! Other programs, run as root or as a user, and processes that are stopped and killed.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::report;

/// What a program left behind.
pub struct Said {
    /// Its exit code; `None` where a signal ended it.
    pub exit: Option<i32>,
    /// Data.
    pub bytes: Vec<u8>,
    /// Data, as text.
    pub output: String,
    /// Talk.
    pub talk: String,
}

impl Said {
    /// `exit 0`, or another code.
    pub fn code(&self) -> String {
        self.exit.map_or("killed".to_owned(), |code| format!("exit {code}"))
    }

    /// `exit 0`, or another code and what was said.
    pub fn ending(&self) -> String {
        match self.exit {
            Some(0) => "exit 0".to_owned(),
            Some(code) => format!("exit {code}: {}", report::flat(&self.talk)),
            None => format!("killed: {}", report::flat(&self.talk)),
        }
    }
}

/// Runs a program to its end, as root.
pub fn run(line: &[&str]) -> Result<Said> {
    let output = start(line)?.stdin(Stdio::null()).output().with_context(|| line.join(" "))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (said, talk) = (text(&output.stdout), text(&output.stderr));
    Ok(Said { exit: output.status.code(), bytes: output.stdout, output: said, talk })
}

/// Runs a program to its end, as a user with all the groups that the machine gives it now.
pub fn run_as(user: &str, line: &[&str]) -> Result<Said> {
    run(&as_user(user, line))
}

/// The line that runs another as a user.
pub fn as_user<'a>(user: &'a str, line: &[&'a str]) -> Vec<&'a str> {
    let become_it = ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "--"];
    [&become_it, line].concat()
}

/// A program that is ready to be run, with nothing in its environment but where programs are.
pub fn start(line: &[&str]) -> Result<Command> {
    let (program, arguments) = line.split_first().context("an empty line")?;
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("PATH", "/usr/sbin:/usr/bin").env("LC_ALL", "C.UTF-8");
    Ok(command)
}

/// Runs a program that must end well, and returns its data without the last line end.
pub fn data(line: &[&str]) -> Result<String> {
    let said = run(line)?;
    ensure!(said.exit == Some(0), "{}: {}", line.join(" "), said.ending());
    Ok(said.output.trim_end().to_owned())
}

/// Sends a signal to a process: `STOP` holds it, `CONT` lets it go on, `KILL` ends it.
pub fn signal(process: i32, signal: Signal) -> Result<()> {
    let pid = Pid::from_raw(process).context("a process has a number above zero")?;
    Ok(kill_process(pid, signal)?)
}
