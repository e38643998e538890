//! `cargo xtask test`: everything that must hold before a change is finished.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::steps::{self, Line, Outcome, Step};
use crate::{check, e2e, link, rows};

/// Arguments of `cargo xtask test`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Leave out a step; may be given several times
    #[arg(long, value_name = "STEP", value_parser = NAMES)]
    skip: Vec<String>,
    /// Run these steps only; may be given several times
    #[arg(long, value_name = "STEP", value_parser = NAMES, conflicts_with = "skip")]
    only: Vec<String>,
}

const NAMES: [&str; 13] = [
    "tools", "fmt", "clippy", "check", "rows", "tests", "secrets", "corpus", "doctests", "docs", "link",
    "deny", "e2e",
];

/// The package that replays what the fuzzer found worth keeping.
const FUZZ: &str = "lanewarden-fuzz";

/// Runs the steps.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut steps = steps();
    if !arguments.only.is_empty() {
        steps.retain(|step| arguments.only.contains(&step.name));
    }
    Ok(steps::run(steps, &arguments.skip, "cargo xtask test --only"))
}

fn steps() -> Vec<Step> {
    vec![
        Step::new("tools", "what the other steps need", tools),
        Step::new("fmt", "the sources are formatted", || Line::new("cargo fmt --all --check").run()),
        Step::new("clippy", "no warning", || {
            Line::new("cargo clippy --workspace --all-targets -- -D warnings").run()
        }),
        Step::new("check", "the rules of the house", || {
            outcome(check::run(&check::Arguments::default())?, "cargo xtask check")
        }),
        Step::new("rows", "every requirement has its answer", || {
            outcome(rows::run(&rows::Arguments::default())?, "cargo xtask rows")
        }),
        Step::new("tests", "unit and integration tests, transcripts of the command line", || nextest("not ")),
        Step::new(
            "secrets",
            "a program that tells its secrets, and has none when they are of no use",
            secrets,
        ),
        Step::new("corpus", "what the fuzzer once found worth keeping", || nextest("")),
        Step::new("doctests", "the examples in the documentation", || {
            Line::new("cargo test --workspace --doc").run()
        }),
        Step::new("docs", "the documentation builds without a warning", || {
            Line::new("cargo doc --workspace --no-deps").variable("RUSTDOCFLAGS", "-D warnings").run()
        }),
        Step::new("link", "the cores without std and without an allocator", link::run),
        Step::new("deny", "licences and sources of what we depend on", deny),
        Step::new("e2e", "a real kernel in a virtual machine", || e2e::attempt(&e2e::Arguments::default())),
    ]
}

fn outcome(code: ExitCode, repeat: &str) -> Result<Outcome> {
    Ok(if code == ExitCode::SUCCESS { Outcome::Passed } else { Outcome::Failed(repeat.to_owned()) })
}

fn nextest(not: &str) -> Result<Outcome> {
    let line = Line::new("cargo nextest run --workspace --no-fail-fast -E");
    line.argument(format!("{not}package({FUZZ})")).run()
}

/// The tests of the binary that are about secrets, with the feature that tells them, and optimised, as packages are: what is
/// moved then leaves its bytes behind, over which a program that is not writes.
fn secrets() -> Result<Outcome> {
    let line = Line::new("cargo nextest run -p lanewarden --features keylog --no-fail-fast");
    let line = line.argument("--config").argument("profile.dev.package.lanewarden.opt-level=3");
    line.argument("-E").argument("binary(secrets) | binary(keylog)").run()
}

/// Installs the test runner, which everything needs, and tries for a target without std, which only makes the check
/// better.
fn tools() -> Result<Outcome> {
    install("nextest")?;
    if check::bare_target()?.is_none() {
        let line = Line::new("rustup target add").argument(check::BARE_TARGETS[0]);
        println!("no target without std is installed; trying: {line}");
        if !line.succeeds() {
            println!("cannot be had; the cores will be checked for this machine only");
        }
    }
    Ok(Outcome::Passed)
}

/// Installs a cargo subcommand where it is missing.
pub fn install(subcommand: &str) -> Result<()> {
    if Line::new("cargo").argument(subcommand).argument("--version").succeeds() {
        return Ok(());
    }
    // Unoptimised: it is built once and used for minutes, and optimising it takes longer than it saves.
    let line = Line::new("cargo install --locked --debug").argument(format!("cargo-{subcommand}"));
    println!("cargo-{subcommand} is missing; {line}");
    match line.run()? {
        Outcome::Passed => Ok(()),
        _ => bail!("cargo-{subcommand} cannot be installed"),
    }
}

fn deny() -> Result<Outcome> {
    if !Line::new("cargo deny --version").succeeds() {
        return Ok(Outcome::Skipped(
            "cargo-deny is not installed (cargo install --locked cargo-deny)".into(),
        ));
    }
    Line::new("cargo deny check bans licenses sources").run()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_can_be_named() {
        let names: Vec<_> = steps().into_iter().map(|step| step.name).collect();
        assert_eq!(names, NAMES);
    }

    #[test]
    fn an_exit_code_becomes_an_outcome() {
        assert_eq!(outcome(ExitCode::SUCCESS, "x").unwrap(), Outcome::Passed);
        assert_eq!(outcome(ExitCode::from(3), "x").unwrap(), Outcome::Failed("x".into()));
    }
}
