//! The tree as the checks see it: its files, and the packages cargo knows.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::rust_source::Source;

/// Files and packages. Every path is relative to the top and written with `/`.
#[derive(Default)]
pub struct Tree {
    /// Every file that is, or could be, under version control.
    pub paths: BTreeSet<String>,
    /// Those of them that are text, with their text.
    pub texts: BTreeMap<String, String>,
    /// Those of them that are Rust, parsed.
    pub sources: BTreeMap<String, Source>,
    /// The members of the workspace.
    pub packages: Vec<Package>,
}

/// A member of the workspace.
#[derive(Clone, Debug, Default)]
pub struct Package {
    /// Name in its manifest.
    pub name: String,
    /// Where it lives.
    pub folder: String,
    /// Edition, after inheritance.
    pub edition: String,
    /// Licence expression, after inheritance.
    pub license: String,
    /// What it asks for by name.
    pub dependencies: Vec<Dependency>,
    /// What is built from it.
    pub targets: Vec<Target>,
    /// Names of its cargo features.
    pub features: Vec<String>,
}

/// One dependency of a package.
#[derive(Clone, Debug, Default)]
pub struct Dependency {
    /// Package name.
    pub name: String,
    /// Only for tests, examples and benchmarks.
    pub dev: bool,
    /// Where it lives, if in this tree.
    pub folder: Option<String>,
}

/// One thing built from a package.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// `lib`, `bin`, `test`, `bench`, `example`, `proc-macro` or `custom-build`.
    pub kind: String,
    /// Its root source file.
    pub path: String,
}

impl Tree {
    /// Reads the tree this program was built from.
    pub fn read() -> Result<Self> {
        let top = top()?;
        let mut tree = Self { packages: packages(&top)?, ..Self::default() };
        for path in list(&top)? {
            let Ok(bytes) = std::fs::read(top.join(&path)) else { continue };
            match String::from_utf8(bytes) {
                Ok(text) => tree.add(&path, text)?,
                Err(_) => _ = tree.paths.insert(path),
            }
        }
        Ok(tree)
    }

    /// Adds a text file.
    pub fn add(&mut self, path: &str, text: String) -> Result<()> {
        if path.ends_with(".rs") {
            let source = Source::parse(&text).with_context(|| format!("{path} is not Rust"))?;
            self.sources.insert(path.to_owned(), source);
        }
        self.paths.insert(path.to_owned());
        self.texts.insert(path.to_owned(), text);
        Ok(())
    }

    /// The member that a file belongs to: the one whose folder is the longest above it.
    pub fn package_of(&self, path: &str) -> Option<&Package> {
        let above = self.packages.iter().filter(|package| is_below(path, &package.folder));
        above.max_by_key(|package| package.folder.len())
    }

    /// Whether a file or a folder of this name is in the tree.
    pub fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        path.is_empty() || self.paths.contains(path) || self.paths.iter().any(|file| is_below(file, path))
    }
}

#[cfg(test)]
impl Tree {
    /// A tree made up for a test.
    pub fn planted(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            tree.add(path, (*text).to_owned()).unwrap();
        }
        tree
    }

    /// The same with a member.
    pub fn with(mut self, package: Package) -> Self {
        self.packages.push(package);
        self
    }
}

#[cfg(test)]
impl Package {
    /// A member as it should be: named for its folder, with a library.
    pub fn sound(folder: &str) -> Self {
        let room = folder.rsplit('/').next().unwrap();
        let name = format!("lanewarden-{room}");
        let library =
            Target { name: name.replace('-', "_"), kind: "lib".into(), path: format!("{folder}/src/lib.rs") };
        Self {
            name,
            folder: folder.into(),
            edition: "2024".into(),
            license: "Apache-2.0 OR MIT".into(),
            targets: vec![library],
            ..Self::default()
        }
    }

    /// The same with a dependency in the tree.
    pub fn needing(mut self, folder: &str, dev: bool) -> Self {
        let name = format!("lanewarden-{}", folder.rsplit('/').next().unwrap());
        self.dependencies.push(Dependency { name, dev, folder: Some(folder.into()) });
        self
    }
}

/// Whether `path` lies below `folder`.
pub fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
}

/// The top of the tree: the folder above this package's.
pub fn top() -> Result<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let top = manifest.parent().context("xtask has no folder above it")?;
    Ok(top.to_owned())
}

/// Where cargo puts what it builds: above this very program's profile folder.
pub fn target_folder() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program.parent().and_then(Path::parent);
    Ok(target.context("xtask does not run from a target folder")?.to_owned())
}

/// The last program that cargo's messages (`--message-format json`) say it built.
pub fn executable(messages: &str) -> Option<PathBuf> {
    let program = |message: &str| {
        let message: serde_json::Value = serde_json::from_str(message).ok()?;
        Some(message.get("executable")?.as_str()?.into())
    };
    messages.lines().filter_map(program).next_back()
}

fn list(top: &Path) -> Result<Vec<String>> {
    let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").args(arguments).current_dir(top).output().context("cannot run git")?;
    if !output.status.success() {
        bail!("git cannot list the tree: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let names = String::from_utf8(output.stdout).context("a file name is not UTF-8")?;
    Ok(names.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<RawPackage>,
}

#[derive(Deserialize)]
struct RawPackage {
    name: String,
    manifest_path: PathBuf,
    edition: String,
    license: Option<String>,
    dependencies: Vec<RawDependency>,
    targets: Vec<RawTarget>,
    features: BTreeMap<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct RawDependency {
    name: String,
    kind: Option<String>,
    path: Option<PathBuf>,
}

#[derive(Deserialize)]
struct RawTarget {
    name: String,
    kind: Vec<String>,
    src_path: PathBuf,
}

fn packages(top: &Path) -> Result<Vec<Package>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["metadata", "--no-deps", "--format-version", "1"];
    let output = Command::new(cargo).args(arguments).current_dir(top).output().context("cannot run cargo")?;
    if !output.status.success() {
        bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let metadata: Metadata =
        serde_json::from_slice(&output.stdout).context("cargo metadata is not what it was")?;
    Ok(metadata.packages.into_iter().map(|package| Package::from_raw(package, top)).collect())
}

impl Package {
    fn from_raw(raw: RawPackage, top: &Path) -> Self {
        let folder = raw.manifest_path.parent().map(|folder| relative(folder, top)).unwrap_or_default();
        let dependency = |raw: RawDependency| Dependency {
            name: raw.name,
            dev: raw.kind.as_deref() == Some("dev"),
            folder: raw.path.map(|path| relative(&path, top)),
        };
        let target = |raw: RawTarget| Target {
            name: raw.name,
            kind: raw.kind.into_iter().next().unwrap_or_default(),
            path: relative(&raw.src_path, top),
        };
        Self {
            name: raw.name,
            folder,
            edition: raw.edition,
            license: raw.license.unwrap_or_default(),
            dependencies: raw.dependencies.into_iter().map(dependency).collect(),
            targets: raw.targets.into_iter().map(target).collect(),
            features: raw.features.into_keys().collect(),
        }
    }
}

fn relative(path: &Path, top: &Path) -> String {
    path.strip_prefix(top).unwrap_or(path).to_string_lossy().replace('\\', "/")
}
