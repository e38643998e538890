//! Which commits the emulators are of.

use std::path::Path;
use std::process::Command;

/// A program of others, and the commit it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Its repository, of DMTF.
    pub name: &'static str,
    /// The commit, if it is known.
    pub commit: Option<String>,
}

/// As the operator says by `SPDM_EMU_COMMIT` and `LIBSPDM_COMMIT`, or as the tree around their folder says.
#[must_use]
pub fn origins(emulators: &Path) -> [Origin; 2] {
    let top = emulators.ancestors().find(|folder| folder.join("libspdm").is_dir());
    let found = |folder: &str| head(&top?.join(folder));
    let told = |variable| std::env::var(variable).ok().filter(|commit| is_commit(commit));
    [
        Origin { name: "spdm-emu", commit: told("SPDM_EMU_COMMIT").or_else(|| found(".")) },
        Origin { name: "libspdm", commit: told("LIBSPDM_COMMIT").or_else(|| found("libspdm")) },
    ]
}

fn head(folder: &Path) -> Option<String> {
    let said = Command::new("git").arg("-C").arg(folder).args(["rev-parse", "HEAD"]).output().ok()?;
    let commit = String::from_utf8(said.stdout).ok()?.trim().to_owned();
    Some(commit).filter(|commit| is_commit(commit))
}

fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
