//! A chore of several steps: one after the other, each with its heading and its time, and a table at the end.

use std::ffi::OsString;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It did what it should.
    Passed,
    /// It did not; the command that repeats it.
    Failed(String),
    /// It was left out, and why.
    Skipped(String),
}

/// One step.
pub struct Step {
    /// Its name, as `--skip` takes it.
    pub name: String,
    /// What it is about, for the heading.
    pub about: &'static str,
    /// What it does.
    pub act: Box<dyn FnOnce() -> Result<Outcome>>,
}

impl Step {
    /// A step.
    pub fn new(
        name: impl Into<String>,
        about: &'static str,
        act: impl FnOnce() -> Result<Outcome> + 'static,
    ) -> Self {
        Self { name: name.into(), about, act: Box::new(act) }
    }
}

struct Record {
    name: String,
    outcome: Outcome,
    time: Duration,
}

/// Runs the steps up to the first that fails, leaving out those named in `skipped`. `alone` and a step's name are the
/// command that runs that step alone.
pub fn run(steps: Vec<Step>, skipped: &[String], alone: &str) -> ExitCode {
    let mut records = Vec::new();
    for step in steps {
        let record = run_one(step, skipped, alone);
        let failed = matches!(record.outcome, Outcome::Failed(_));
        records.push(record);
        if failed {
            break;
        }
    }
    println!("\n{}", table(&records));
    let failed = records.iter().any(|record| matches!(record.outcome, Outcome::Failed(_)));
    ExitCode::from(u8::from(failed))
}

fn run_one(step: Step, skipped: &[String], alone: &str) -> Record {
    let Step { name, about, act } = step;
    if skipped.contains(&name) {
        return Record { name, outcome: Outcome::Skipped("as asked".into()), time: Duration::ZERO };
    }
    println!("\n== {name}: {about}");
    let start = Instant::now();
    let outcome = act().unwrap_or_else(|error| {
        println!("{error:#}");
        Outcome::Failed(format!("{alone} {name}"))
    });
    let time = start.elapsed();
    match &outcome {
        Outcome::Passed => println!("-- {name}: passed in {:.1} s", time.as_secs_f64()),
        Outcome::Failed(repeat) => {
            println!("-- {name}: FAILED in {:.1} s; to repeat: {repeat}", time.as_secs_f64())
        }
        Outcome::Skipped(reason) => println!("-- {name}: skipped: {reason}"),
    }
    Record { name, outcome, time }
}

/// Every step with its outcome and its time; the last line counts them.
fn table(records: &[Record]) -> String {
    let width = records.iter().map(|record| record.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    let mut counts = [0; 2];
    for Record { name, outcome, time } in records {
        let word = match outcome {
            Outcome::Passed => "passed".to_owned(),
            Outcome::Failed(repeat) => format!("FAILED   to repeat: {repeat}"),
            Outcome::Skipped(reason) => format!("skipped  {reason}"),
        };
        counts[0] += usize::from(*outcome == Outcome::Passed);
        counts[1] += usize::from(matches!(outcome, Outcome::Failed(_)));
        text.push_str(&format!("{name:width$}  {:>7.1} s  {word}\n", time.as_secs_f64()));
    }
    let total: Duration = records.iter().map(|record| record.time).sum();
    text.push_str(&format!("{:width$}  {:>7.1} s\n", "total", total.as_secs_f64()));
    text.push_str(&format!("{} passed, {} failed", counts[0], counts[1]));
    text
}

/// A command line that can be run and shown.
pub struct Line {
    variables: Vec<(&'static str, OsString)>,
    words: Vec<String>,
}

impl Line {
    /// A command with its arguments, separated by spaces.
    pub fn new(words: &str) -> Self {
        Self { variables: Vec::new(), words: words.split_whitespace().map(str::to_owned).collect() }
    }

    /// One more argument, as it is.
    pub fn argument(mut self, word: impl Into<String>) -> Self {
        self.words.push(word.into());
        self
    }

    /// An environment variable.
    pub fn variable(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// Runs it at the top of the tree, with its output shown.
    pub fn run(&self) -> Result<Outcome> {
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]).envs(self.variables.iter().cloned()).current_dir(crate::tree::top()?);
        // Cargo set these for this very program; the next one is to find its own.
        for name in ["CARGO", "CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH"] {
            command.env_remove(name);
        }
        let status = command.status().with_context(|| format!("cannot run {}", self.words[0]))?;
        Ok(if status.success() { Outcome::Passed } else { Outcome::Failed(self.to_string()) })
    }

    /// Runs it silently and says whether it succeeded; a program that is not there did not.
    pub fn succeeds(&self) -> bool {
        Command::new(&self.words[0])
            .args(&self.words[1..])
            .output()
            .is_ok_and(|output| output.status.success())
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (name, value) in &self.variables {
            write!(f, "{name}={} ", quoted(&value.to_string_lossy()))?;
        }
        let words: Vec<_> = self.words.iter().map(|word| quoted(word)).collect();
        f.write_str(&words.join(" "))
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) { word.to_owned() } else { format!("'{word}'") }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;

    fn record(name: &str, outcome: Outcome, seconds: u64) -> Record {
        Record { name: name.to_owned(), outcome, time: Duration::from_secs(seconds) }
    }

    #[test]
    fn the_table_counts_what_passed_and_what_failed() {
        let records = [
            record("fmt", Outcome::Passed, 1),
            record("deny", Outcome::Skipped("not installed".into()), 0),
            record("clippy", Outcome::Failed("cargo clippy".into()), 61),
        ];
        insta::assert_snapshot!(table(&records), @"
        fmt         1.0 s  passed
        deny        0.0 s  skipped  not installed
        clippy     61.0 s  FAILED   to repeat: cargo clippy
        total      62.0 s
        1 passed, 1 failed
        ");
    }

    #[test]
    fn nothing_runs_after_a_failure_and_nothing_that_was_skipped() {
        let ran = Rc::new(Cell::new(0));
        let step = |name, outcome: Outcome| {
            let ran = Rc::clone(&ran);
            Step::new(name, "", move || {
                ran.set(ran.get() + 1);
                Ok(outcome)
            })
        };
        let steps = vec![
            step("skipped", Outcome::Passed),
            step("first", Outcome::Passed),
            step("second", Outcome::Failed("x".into())),
            step("third", Outcome::Passed),
        ];
        run(steps, &["skipped".into()], "x");
        assert_eq!(ran.get(), 2);
    }

    #[test]
    fn a_command_is_shown_as_a_shell_takes_it() {
        let line = Line::new("cargo nextest run -E")
            .argument("package(a) and test(b)")
            .variable("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(
            line.to_string(),
            "RUSTDOCFLAGS='-D warnings' cargo nextest run -E 'package(a) and test(b)'"
        );
    }

    #[test]
    fn a_program_that_is_not_there_does_not_succeed() {
        assert!(!Line::new("lanewarden-no-such-program").succeeds());
        assert!(Line::new("cargo --version").succeeds());
    }
}
