//! What runs inside the guest, and the lines it prints.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::tree;

/// Static programs for the guest.
pub struct Binaries {
    /// The first process, from `tests/e2e`.
    pub init: PathBuf,
    /// Lanewarden.
    pub lanewarden: PathBuf,
}

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Builds the guest's programs with the C library linked in.
pub fn build() -> Result<Binaries> {
    Ok(Binaries { init: build_one("lanewarden-e2e")?, lanewarden: build_one("lanewarden")? })
}

fn build_one(package: &str) -> Result<PathBuf> {
    eprintln!("e2e: building {package}, static");
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "build",
            "--quiet",
            "--profile",
            "guest",
            "--target",
            TARGET,
            "--message-format",
            "json-render-diagnostics",
            "--package",
            package,
        ])
        .env("CARGO_ENCODED_RUSTFLAGS", "-Ctarget-feature=+crt-static\x1f-Cstrip=debuginfo")
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "cannot build {package}");
    let program = tree::executable(&String::from_utf8(output.stdout)?);
    program.with_context(|| format!("package {package} has no program"))
}

/// One comparison, with both values as a person reads them.
#[derive(Clone, Debug, Deserialize)]
pub struct Check {
    /// What is compared.
    pub check: String,
    /// What must come out, as a rule what the kernel says.
    pub expected: String,
    /// What came out, as a rule what Lanewarden says.
    pub seen: String,
    /// Whether that is right.
    pub ok: bool,
}

/// One line of the guest's second serial port.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// A comparison was made.
    Check(Check),
    /// What the guest does next.
    Progress(String),
    /// The guest came to the end of its story.
    Done,
}

/// Reads one line; `None` where it is noise of the terminal.
pub fn line(text: &str) -> Option<Line> {
    serde_json::from_str(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_guest_are_told_from_noise() {
        assert!(matches!(line("\"done\"\r"), Some(Line::Done)));
        assert!(matches!(line(r#"{"progress":"x"}"#), Some(Line::Progress(_))));
        let check = line(r#"{"check":{"check":"a","expected":"1","seen":"2","ok":false}}"#);
        assert!(matches!(check, Some(Line::Check(check)) if !check.ok));
        assert!(line("[    0.1] kernel").is_none());
    }
}
