//! The notices of the libraries that are linked into the program, as their licences ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// Beginnings of the names of files that are notices.
const NAMES: [&str; 4] = ["LICENSE", "LICENCE", "COPYING", "NOTICE"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    /// None for those of this tree.
    source: Option<String>,
    manifest_path: std::path::PathBuf,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    /// None for a dependency that is linked.
    kind: Option<String>,
}

/// Name, version, licence and notices of each, by name.
pub fn text(top: &Path) -> Result<String> {
    let metadata = metadata(top)?;
    let linked = linked(&metadata)?;
    let mut packages: Vec<&Package> =
        metadata.packages.iter().filter(|package| linked.contains(package.id.as_str())).collect();
    packages.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    let mut text = String::new();
    // Most come with the same few texts.
    let mut seen = BTreeMap::new();
    for package in packages.into_iter().filter(|package| package.source.is_some()) {
        let license = package.license.as_deref().unwrap_or("see below");
        text.push_str(&format!("==== {} {}: {license}\n", package.name, package.version));
        for (name, notice) in notices(package)? {
            let title = format!("{} {name}", package.name);
            match seen.get(&notice) {
                Some(first) => text.push_str(&format!("-- {name}: as {first}\n")),
                None => {
                    text.push_str(&format!("-- {name}:\n{notice}\n"));
                    seen.insert(notice, title);
                }
            }
        }
        text.push('\n');
    }
    Ok(text)
}

fn metadata(top: &Path) -> Result<Metadata> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--format-version=1", "--locked", "--filter-platform"])
        .arg(format!("{}-unknown-linux-gnu", std::env::consts::ARCH))
        .current_dir(top)
        .output()?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Ids of the program and of everything that it is linked with.
fn linked(metadata: &Metadata) -> Result<BTreeSet<&str>> {
    let ours = |package: &&Package| package.name == "lanewarden" && package.source.is_none();
    let program = metadata.packages.iter().find(ours).context("no package `lanewarden`")?;
    let nodes: BTreeMap<&str, &Node> =
        metadata.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let (mut found, mut open) = (BTreeSet::new(), vec![program.id.as_str()]);
    while let Some(id) = open.pop() {
        if found.insert(id) {
            let deps = nodes.get(id).into_iter().flat_map(|node| &node.deps);
            let deps = deps.filter(|edge| edge.dep_kinds.iter().any(|kind| kind.kind.is_none()));
            open.extend(deps.map(|edge| edge.pkg.as_str()));
        }
    }
    Ok(found)
}

/// The files of notices that came with a package, sorted.
fn notices(package: &Package) -> Result<BTreeMap<String, String>> {
    let folder = package.manifest_path.parent().context("a manifest's folder")?;
    let mut found = BTreeMap::new();
    for entry in folder.read_dir()? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_notice = NAMES.iter().any(|start| name.to_uppercase().starts_with(start));
        if is_notice && entry.file_type()?.is_file() {
            let bytes = std::fs::read(entry.path())?;
            found.insert(name, String::from_utf8_lossy(&bytes).trim_end().to_owned());
        }
    }
    Ok(found)
}
