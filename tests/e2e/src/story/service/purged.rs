//! What a purge leaves.

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::unit::{self, SOCKET};
use crate::{command, report};

/// What nobody may find afterwards.
const GONE: [&str; 6] = [
    "/usr/bin/lanewarden",
    "/usr/lib/lanewarden",
    "/usr/lib/systemd/system/lanewarden.service",
    "/etc/systemd/system/sockets.target.wants/lanewarden.socket",
    "/run/lanewarden",
    "/var/lib/lanewarden",
];
/// An administrator's own.
const KEPT: &str = "/etc/lanewarden/policy.toml";

/// Everything of the package's goes, and nothing of an administrator's.
pub fn everything() -> Result<()> {
    fs::create_dir_all("/etc/lanewarden")?;
    fs::write(KEPT, "")?;
    fs::create_dir_all("/var/lib/lanewarden")?;
    fs::write("/var/lib/lanewarden/state", "")?;
    let said = command::run(&["dpkg", "--purge", "lanewarden"])?;
    report::check("purge", "exit 0", &said.ending());
    report::check(&format!("purge: {SOCKET}"), "inactive", &unit::property(SOCKET, "ActiveState")?);
    let there = |path: &str| fs::symlink_metadata(path).is_ok();
    let left: Vec<&str> = GONE.into_iter().filter(|path| there(path)).collect();
    report::check("purge: what is left", "", &left.join(", "));
    report::check(
        "purge: an administrator's file",
        "kept",
        if Path::new(KEPT).exists() { "kept" } else { "gone" },
    );
    let group = fs::read_to_string("/etc/group")?.lines().any(|line| line.starts_with("lanewarden:"));
    report::check("purge: the group", "kept", if group { "kept" } else { "gone" });
    Ok(())
}
