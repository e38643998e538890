//! The package manager's database of a guest: its packages were unpacked without it, and it is to know them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Writes what dpkg would have written had it installed the packages.
pub fn write(archives: &[PathBuf], root: &Path) -> Result<()> {
    let folder = root.join("var/lib/dpkg");
    for part in ["info", "updates", "triggers"] {
        fs::create_dir_all(folder.join(part))?;
    }
    let mut status = String::new();
    for archive in archives {
        let output = Command::new("dpkg-deb").arg("-f").arg(archive).output()?;
        ensure!(output.status.success(), "dpkg-deb -f {}", archive.display());
        let control = String::from_utf8(output.stdout)?;
        status.push_str(&entry(&control));
        // Whose files are whose does not matter there; a list that is missing is complained of.
        fs::write(folder.join("info").join(list(&control)?), "/.\n")?;
    }
    fs::write(folder.join("info/format"), "1\n")?;
    fs::write(folder.join("status"), status)?;
    Ok(())
}

fn entry(control: &str) -> String {
    format!("Status: install ok installed\n{}\n\n", control.trim_end())
}

/// The name of the file that lists a package's files: with the architecture where several can be installed at once.
fn list(control: &str) -> Result<String> {
    let field = |name: &str| control.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let package = field("Package").context("a package without a name")?;
    Ok(match (field("Multi-Arch"), field("Architecture")) {
        (Some("same"), Some(architecture)) => format!("{package}:{architecture}.list"),
        _ => format!("{package}.list"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_of_several_architectures_has_its_own_in_the_lists_name() {
        let control = "Package: libc6\nArchitecture: amd64\nMulti-Arch: same\n";
        assert_eq!(list(control).unwrap(), "libc6:amd64.list");
        assert_eq!(list("Package: dash\nArchitecture: amd64\n").unwrap(), "dash.list");
        assert_eq!(entry(control), format!("Status: install ok installed\n{control}\n"));
    }
}
