//! Each core is built alone: for a machine without an operating system, where the toolchain has such a target, and with
//! and without each of its cargo features.

use std::process::Command;

use anyhow::{Context, Result};

use crate::steps::{Line, Outcome};
use crate::tree::{Package, Tree, is_below};

/// Targets without std, in the order they are preferred.
pub const BARE_TARGETS: [&str; 4] =
    ["thumbv7em-none-eabihf", "x86_64-unknown-none", "riscv32imac-unknown-none-elf", "aarch64-unknown-none"];

/// Builds every core, and says whether all could be built.
pub fn run(tree: &Tree) -> Result<bool> {
    let target = installed_target()?;
    match target {
        Some(target) => println!("cores are built for {target}"),
        None => {
            println!("skipped: no target without std is installed (rustup target add {})", BARE_TARGETS[0])
        }
    }
    let is_core =
        |package: &&Package| is_below(&package.folder, "protocols") || package.folder == "crypto/api";
    let mut sound = true;
    for package in tree.packages.iter().filter(is_core) {
        for features in combinations(package) {
            sound &= build(package, &features, target)?;
        }
    }
    Ok(sound)
}

/// No features, then each alone; with the default ones it is built everywhere else.
fn combinations(package: &Package) -> Vec<String> {
    let alone = package.features.iter().filter(|feature| *feature != "default");
    std::iter::once(String::new()).chain(alone.cloned()).collect()
}

fn build(package: &Package, features: &str, target: Option<&str>) -> Result<bool> {
    let mut line =
        Line::new("cargo check --quiet --lib --no-default-features --package").argument(&package.name);
    if !features.is_empty() {
        line = line.argument("--features").argument(features);
    }
    if let Some(target) = target {
        line = line.argument("--target").argument(target);
    }
    let Outcome::Failed(repeat) = line.run()? else { return Ok(true) };
    println!(
        "{}: builds: not alone, with features `{features}`\n    do: make it build by itself: {repeat}",
        package.folder
    );
    Ok(false)
}

/// The first target without std whose libraries are there.
pub fn installed_target() -> Result<Option<&'static str>> {
    for target in BARE_TARGETS {
        let mut command = Command::new("rustc");
        let output = command
            .args(["--print", "target-libdir", "--target", target])
            .output()
            .context("cannot run rustc")?;
        let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if output.status.success() && std::path::Path::new(&folder).is_dir() {
            return Ok(Some(target));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Row D10: every core is built without its features, and with each of them alone.
    #[test]
    fn each_feature_is_built_alone_and_so_is_none() {
        let features = ["alloc", "default", "print"].map(str::to_owned).to_vec();
        let package = Package { features, ..Package::sound("protocols/doe") };
        assert_eq!(combinations(&package), ["", "alloc", "print"]);
    }

    /// Row D10: the mailbox, and what it stands on, ask for none of the protocols that run over mailboxes.
    #[test]
    fn the_mailbox_needs_none_of_its_users() {
        let tree = Tree::read().unwrap();
        let mut needed = BTreeSet::new();
        let mut open = vec!["lanewarden-doe"];
        while let Some(name) = open.pop() {
            let package = tree.packages.iter().find(|package| package.name == name);
            needed.extend(package.map(|package| package.folder.as_str()));
            let dependencies = package.into_iter().flat_map(|package| &package.dependencies);
            open.extend(dependencies.filter(|it| it.folder.is_some() && !it.dev).map(|it| it.name.as_str()));
        }
        assert_eq!(needed, ["protocols/doe", "protocols/pci", "protocols/time"].into());
    }
}
