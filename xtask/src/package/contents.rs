//! What the package installs.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::archive::{File, gzip};
use super::{changelog, notices};

/// Files of `packaging/` and where they go.
const PLACED: [(&str, &str); 5] = [
    ("lanewarden.service", "usr/lib/systemd/system/lanewarden.service"),
    ("lanewarden.socket", "usr/lib/systemd/system/lanewarden.socket"),
    ("lanewarden.sysusers", "usr/lib/sysusers.d/lanewarden.conf"),
    ("lanewarden.tmpfiles", "usr/lib/tmpfiles.d/lanewarden.conf"),
    ("policy.toml", "usr/lib/lanewarden/policy.toml"),
];
/// Shells and where each looks for completions.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "usr/share/bash-completion/completions/lanewarden"),
    ("zsh", "usr/share/zsh/vendor-completions/_lanewarden"),
    ("fish", "usr/share/fish/vendor_completions.d/lanewarden.fish"),
];
const DOCUMENTS: &str = "usr/share/doc/lanewarden";

/// All files, in no order.
pub fn files(top: &Path, binary: &Path, date: u64) -> Result<Vec<File>> {
    let program = std::fs::read(binary).with_context(|| binary.display().to_string())?;
    let mut files = vec![File::program("usr/bin/lanewarden", program)];
    for (from, to) in PLACED {
        files.push(File::new(to, read(top, &format!("packaging/{from}"))?));
    }
    for (shell, to) in COMPLETIONS {
        files.push(File::new(to, output(binary, &["completions", shell])?));
    }
    files.extend(manual(binary)?);
    let copyright = [read(top, "packaging/debian/copyright")?, license(&read(top, "LICENSE-MIT")?)].concat();
    files.push(File::new(format!("{DOCUMENTS}/copyright"), copyright));
    let changelog = changelog::debian(&read(top, "CHANGELOG.md")?, date)?;
    files.push(File::new(format!("{DOCUMENTS}/changelog.gz"), gzip(changelog.as_bytes())?));
    files.push(File::new(format!("{DOCUMENTS}/third-party.gz"), gzip(notices::text(top)?.as_bytes())?));
    Ok(files)
}

/// What they take when installed, in KiB, each file rounded up as Debian counts.
pub fn size(files: &[File]) -> usize {
    files.iter().map(|file| file.bytes.len().div_ceil(1024)).sum()
}

fn read(top: &Path, path: &str) -> Result<String> {
    std::fs::read_to_string(top.join(path)).with_context(|| path.to_owned())
}

/// The paragraph of a `copyright` file that has a licence in full (DEP 5): indented, with a dot where a line is empty.
fn license(text: &str) -> String {
    let body = text.lines().skip_while(|line| !line.starts_with("Permission"));
    let line = |line: &str| if line.is_empty() { " .\n".to_owned() } else { format!(" {line}\n") };
    std::iter::once("License: MIT\n".to_owned()).chain(body.map(line)).collect()
}

/// The pages that the program writes.
fn manual(binary: &Path) -> Result<Vec<File>> {
    let folder = tempfile::tempdir()?;
    output(binary, &["man", &folder.path().display().to_string()])?;
    let mut pages = Vec::new();
    for page in folder.path().read_dir()? {
        let page = page?;
        let name = page.file_name().to_string_lossy().into_owned();
        pages.push(File::new(format!("usr/share/man/man1/{name}.gz"), gzip(&std::fs::read(page.path())?)?));
    }
    Ok(pages)
}

fn output(binary: &Path, arguments: &[&str]) -> Result<Vec<u8>> {
    let what = || format!("{} {}", binary.display(), arguments.join(" "));
    let output = Command::new(binary).args(arguments).output().with_context(what)?;
    ensure!(output.status.success(), "{}: {}", what(), String::from_utf8_lossy(&output.stderr));
    Ok(output.stdout)
}
