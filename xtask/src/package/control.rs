//! What the package manager is told of the package.

use std::path::Path;

use anyhow::{Context, Result};

use super::archive::File;
use super::{VERSION, architecture};

/// Run by the package manager: after unpacking, before and after removing.
const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];
/// For the group, which has to be there when the package is configured.
const SYSUSERS: &str = "systemd | systemd-standalone-sysusers | systemd-sysusers";

/// The control file and the scripts; `needs` are packages, `size` is in KiB.
pub fn files(top: &Path, needs: &[String], size: usize) -> Result<Vec<File>> {
    let read = |name: &str| {
        std::fs::read_to_string(top.join("packaging/debian").join(name)).with_context(|| name.to_owned())
    };
    let mut depends = needs.to_vec();
    depends.push(SYSUSERS.to_owned());
    let control = read("control")?
        .replace("{version}", VERSION)
        .replace("{architecture}", architecture()?)
        .replace("{size}", &size.to_string())
        .replace("{depends}", &depends.join(", "));
    let mut files = vec![File::new("control", control)];
    for script in SCRIPTS {
        files.push(File::program(script, read(script)?));
    }
    Ok(files)
}
