//! `cargo xtask soak`: the long forms. Each fuzz target for a time, then the property tests with many cases.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::e2e;
use crate::steps::{self, Line, Outcome, Step};
use crate::test::install;

/// Arguments of `cargo xtask soak`.
#[derive(clap::Args)]
pub struct Arguments {
    /// How long each fuzz target runs
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    seconds: u32,
    /// How many cases each property is tried with
    #[arg(long, default_value_t = 20_000, value_name = "NUMBER")]
    cases: u32,
    /// Only this fuzz target, and no property tests; may be given several times
    #[arg(long, value_name = "TARGET")]
    target: Vec<String>,
}

/// The manifest of the fuzz targets.
const TARGETS: &str = "fuzz/targets";

/// Longer than any input needs to be: a mailbox's largest object is not, but its form does not change with its length.
const LONGEST_INPUT: u32 = 16_384;

/// A single input that takes longer than this has found a loop without end.
const SECONDS_AN_INPUT: u32 = 10;

/// Runs everything.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut steps = vec![Step::new("tools", "what the other steps need", tools)];
    for target in targets()? {
        if arguments.target.is_empty() || arguments.target.contains(&target) {
            let seconds = arguments.seconds;
            steps.push(Step::new(target.clone(), "fuzzing", move || fuzz(&target, seconds)));
        }
    }
    if arguments.target.is_empty() {
        let cases = arguments.cases.to_string();
        steps.push(Step::new("plants", "mistakes that the run on a real kernel must notice", e2e::plants));
        steps.push(Step::new("properties", "property tests with many cases", move || properties(&cases)));
    }
    Ok(steps::run(steps, &[], "cargo xtask soak --target"))
}

fn tools() -> Result<Outcome> {
    install("nextest")?;
    install("fuzz")?;
    Ok(Outcome::Passed)
}

/// The names of the fuzz targets, in order.
fn targets() -> Result<Vec<String>> {
    let folder = crate::tree::top()?.join(TARGETS);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("cannot list {TARGETS}"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

/// What the fuzzer finds on the way stays in the target folder; only what was given a name is under version control.
fn fuzz(target: &str, seconds: u32) -> Result<Outcome> {
    let scratch = scratch()?;
    let (found, crashes) = (scratch.join("corpus").join(target), scratch.join("crashes").join(target));
    for folder in [&found, &crashes] {
        std::fs::create_dir_all(folder)?;
    }
    let outcome = cargo_fuzz(target)?
        .argument(found.to_string_lossy())
        .argument(format!("fuzz/corpus/{target}"))
        .argument("--")
        .argument(format!("-max_total_time={seconds}"))
        .argument(format!("-max_len={LONGEST_INPUT}"))
        .argument(format!("-timeout={SECONDS_AN_INPUT}"))
        .argument(format!("-artifact_prefix={}/", crashes.display()))
        .argument("-print_final_stats=1")
        .run()?;
    if outcome != Outcome::Passed {
        println!("inputs at fault are in {}", crashes.display());
        println!(
            "when the fault is mended, keep one in fuzz/corpus/{target} under a name that says what it is"
        );
    }
    Ok(outcome)
}

/// Stable Rust is told to take the flags that fuzzing needs. No address sanitizer: there is no `unsafe` to catch.
fn cargo_fuzz(target: &str) -> Result<Line> {
    let build = scratch()?.join("build").to_string_lossy().into_owned();
    let line = Line::new("cargo fuzz run --fuzz-dir").argument(TARGETS);
    let line = line.argument("--target-dir").argument(build).argument("--sanitizer").argument("none");
    Ok(line.argument(target).variable("RUSTC_BOOTSTRAP", "1"))
}

fn scratch() -> Result<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    Ok(crate::tree::top()?.join(target).join("fuzz"))
}

fn properties(cases: &str) -> Result<Outcome> {
    let line =
        Line::new("cargo nextest run --workspace --no-fail-fast --profile soak --cargo-profile release");
    line.variable("PROPTEST_CASES", cases).run()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_a_corpus() {
        let corpus = crate::tree::top().unwrap().join("fuzz/corpus");
        for target in targets().unwrap() {
            let seeds =
                std::fs::read_dir(corpus.join(&target)).unwrap_or_else(|error| panic!("{target}: {error}"));
            assert_ne!(seeds.count(), 0, "{target}");
        }
    }
}
