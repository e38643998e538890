//! What the package brings.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::Result;

use super::{MEMBERS, STRANGER};
use crate::functions::Functions;
use crate::unit::{self, SERVICE, SOCKET};
use crate::{command, product, report};

/// Documents that users look for.
const DOCUMENTS: [&str; 7] = [
    "/usr/share/man/man1/lanewarden.1.gz",
    "/usr/share/man/man1/lanewarden-cxl-cdat.1.gz",
    "/usr/share/bash-completion/completions/lanewarden",
    "/usr/share/zsh/vendor-completions/_lanewarden",
    "/usr/share/fish/vendor_completions.d/lanewarden.fish",
    "/usr/share/doc/lanewarden/copyright",
    "/usr/share/doc/lanewarden/changelog.gz",
];

/// The package manager takes it, and finds nothing missing afterwards.
pub fn package() -> Result<()> {
    let said = command::run(&["dpkg", "--install", "/lanewarden.deb"])?;
    report::check("package: installed", "exit 0", &said.ending());
    let state = command::data(&["dpkg-query", "--show", "--showformat", "${Status}", "lanewarden"])?;
    report::check("package: state", "install ok installed", &state);
    let verified = command::run(&["dpkg", "--verify", "lanewarden"])?;
    report::check("package: files that are not as they were", "", &report::flat(&verified.output));
    Ok(())
}

/// The group is there, without members until somebody is made one.
pub fn group() -> Result<()> {
    let groups = fs::read_to_string("/etc/group")?;
    let line = groups.lines().find(|line| line.starts_with("lanewarden:")).unwrap_or_default();
    report::check(
        "package: members of the group",
        "lanewarden:x",
        line.trim_end_matches(|c: char| c.is_ascii_digit() || c == ':'),
    );
    let [one, other] = MEMBERS.map(|user| format!("m {user} lanewarden"));
    command::data(&["systemd-sysusers", "--inline", &one, &other])?;
    for (user, expected) in [(MEMBERS[0], true), (MEMBERS[1], true), (STRANGER, false)] {
        let groups = command::run_as(user, &["id", "--groups", "--name"])?.output;
        let is_member = groups.split_whitespace().any(|group| group == "lanewarden");
        report::check(&format!("{user} is in the group"), &expected.to_string(), &is_member.to_string());
    }
    Ok(())
}

/// Manual pages and completions are where they are looked for.
pub fn documents() {
    for path in DOCUMENTS {
        let seen = if fs::metadata(path).is_ok_and(|file| file.len() > 0) { "there" } else { "missing" };
        report::check(path, "there", seen);
    }
}

/// The program runs from where it was installed.
pub fn program(functions: &Functions) -> Result<()> {
    let version = product::run(&["--version"])?;
    report::check("lanewarden --version", "exit 0", &version.exit());
    let list = product::run(&["list"])?;
    let text = String::from_utf8_lossy(&list.output).into_owned();
    let all = functions.all();
    let named =
        all.iter().filter(|(_, address, _)| text.contains(address.trim_start_matches("0000:"))).count();
    report::check("lanewarden list: functions", &all.len().to_string(), &named.to_string());
    Ok(())
}

/// Nothing is enabled by the installation; then the socket is, for everyone to connect to.
pub fn units() -> Result<()> {
    for unit in [SOCKET, SERVICE] {
        report::check(
            &format!("{unit} after installation"),
            "disabled",
            &unit::property(unit, "UnitFileState")?,
        );
    }
    let said = command::run(&["systemctl", "--quiet", "enable", "--now", SOCKET])?;
    report::check(&format!("{SOCKET}: enabled"), "exit 0", &said.ending());
    report::check(&format!("{SOCKET}: state"), "active", &unit::property(SOCKET, "ActiveState")?);
    for (path, expected) in [
        ("/run/lanewarden", "40755 0:0"),
        ("/run/lanewarden/socket", "140666 0:0"),
        ("/run/lanewarden/mailbox", "40700 0:0"),
    ] {
        report::check(path, expected, &access(Path::new(path)));
    }
    Ok(())
}

/// Mode, owner and group of a file.
fn access(path: &Path) -> String {
    match fs::symlink_metadata(path) {
        Ok(file) => format!("{:o} {}:{}", file.mode(), file.uid(), file.gid()),
        Err(error) => error.to_string(),
    }
}
