//! `cargo xtask package`: the Debian package, made without Debian's tools.
//!
//! The same program gives the same bytes: entries are sorted, belong to root, and bear one date, that of the last
//! commit or of `SOURCE_DATE_EPOCH`.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail, ensure};

use crate::tree;

mod archive;
mod changelog;
mod contents;
mod control;
mod needs;
mod notices;

/// Arguments of `cargo xtask package`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Package this program instead of building one
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

/// The version of the package, which is the workspace's.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Builds the program and packages it.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let binary = match &arguments.binary {
        Some(binary) => binary.clone(),
        None => build()?,
    };
    let package = write(&binary, &tree::target_folder()?.join("package"))?;
    println!("{}", package.display());
    Ok(ExitCode::SUCCESS)
}

/// Writes the package of a program into a folder, and returns its path.
///
/// The program runs, since it writes its own manual pages and completions.
pub fn write(binary: &Path, folder: &Path) -> Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let (top, date) = (tree::top()?, date()?);
    let files = contents::files(&top, binary, date)?;
    let program = std::fs::read(binary)?;
    let control = control::files(&top, &needs::of(&program)?, contents::size(&files))?;
    let package = archive::package(&files, &control, date)?;
    let path = folder.join(format!("lanewarden_{VERSION}_{}.deb", architecture()?));
    std::fs::write(&path, package)?;
    Ok(path)
}

/// The release build, without the symbols that a debugger wants, and with no feature turned on.
fn build() -> Result<PathBuf> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["rustc", "--release", "--package", "lanewarden", "--bin", "lanewarden"])
        .args(["--message-format", "json-render-diagnostics", "--", "-Cstrip=symbols"])
        .current_dir(tree::top()?)
        .stderr(std::process::Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "cannot build the program");
    tree::executable(&String::from_utf8(output.stdout)?).context("cargo built no program")
}

/// What Debian calls the machine that this was built for.
fn architecture() -> Result<&'static str> {
    match std::env::consts::ARCH {
        "x86_64" => Ok("amd64"),
        other => bail!("what Debian calls {other} is not known here"),
    }
}

/// Seconds since 1970 that everything in the package is from.
fn date() -> Result<u64> {
    if let Ok(date) = std::env::var("SOURCE_DATE_EPOCH") {
        return date.parse().context("SOURCE_DATE_EPOCH is no number");
    }
    let line = ["log", "-1", "--format=%ct"];
    let output = Command::new("git").args(line).current_dir(tree::top()?).output()?;
    let text = String::from_utf8(output.stdout)?;
    text.trim().parse().context("git knows no last commit: set SOURCE_DATE_EPOCH")
}

#[cfg(test)]
mod tests;
