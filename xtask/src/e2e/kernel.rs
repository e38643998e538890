//! The kernel's image and the modules the guest loads.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::packages::Packages;

/// A module and its decompressed bytes.
pub struct Module {
    /// Its name, with underscores.
    pub name: String,
    /// The object file.
    pub object: Vec<u8>,
}

/// The path of the kernel's image.
pub fn image(packages: &Packages) -> PathBuf {
    packages.kernel.join("boot").join(format!("vmlinuz-{}", packages.release))
}

/// The modules named and all they depend on, in an order they can be loaded in.
pub fn modules(packages: &Packages, wanted: &[&str]) -> Result<Vec<Module>> {
    let folder = packages.kernel.join("lib/modules").join(&packages.release);
    let builtin = fs::read_to_string(folder.join("modules.builtin"))?;
    let mut index = BTreeMap::new();
    find(&folder.join("kernel"), &mut index)?;
    let mut ordered = Vec::new();
    for name in wanted.iter().filter(|name| !is_builtin(&builtin, name)) {
        add(packages, &index, name, &mut ordered)?;
    }
    Ok(ordered)
}

/// Whether the kernel's list of what is compiled in, one path a line, has the module.
fn is_builtin(list: &str, name: &str) -> bool {
    let names = list.lines().filter_map(|path| path.rsplit('/').next()?.strip_suffix(".ko"));
    names.into_iter().any(|listed| listed.replace('-', "_") == name)
}

fn find(folder: &Path, index: &mut BTreeMap<String, PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, index)?;
        } else if let Some((name, _)) =
            path.file_name().and_then(|n| n.to_str()).and_then(|n| n.split_once(".ko"))
        {
            index.insert(name.replace('-', "_"), path);
        }
    }
    Ok(())
}

fn add(
    packages: &Packages,
    index: &BTreeMap<String, PathBuf>,
    name: &str,
    to: &mut Vec<Module>,
) -> Result<()> {
    let name = name.replace('-', "_");
    if to.iter().any(|module| module.name == name) {
        return Ok(());
    }
    let path = index.get(&name).with_context(|| format!("the kernel has no module {name}"))?;
    let object = decompress(packages, path)?;
    for dependency in dependencies(&object) {
        add(packages, index, &dependency, to)?;
    }
    to.push(Module { name, object });
    Ok(())
}

fn decompress(packages: &Packages, path: &Path) -> Result<Vec<u8>> {
    if path.extension().is_some_and(|e| e == "ko") {
        return Ok(fs::read(path)?);
    }
    let output = Command::new(packages.path("bin/busybox")).arg("xzcat").arg(path).output()?;
    ensure!(output.status.success(), "cannot decompress {}", path.display());
    Ok(output.stdout)
}

/// What the `depends=` string of a module's `.modinfo` section names.
fn dependencies(object: &[u8]) -> Vec<String> {
    let key = b"\0depends=";
    let Some(start) = object.windows(key.len()).position(|w| w == key) else {
        return Vec::new();
    };
    let value = object[start + key.len()..].split(|&b| b == 0).next().unwrap_or_default();
    let text = String::from_utf8_lossy(value);
    text.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_read_from_the_modules_own_string() {
        assert_eq!(
            dependencies(b"\x7fELF\0license=GPL\0depends=cxl_port,libnvdimm\0x=y\0"),
            ["cxl_port", "libnvdimm"]
        );
        assert!(dependencies(b"\x7fELF\0depends=\0x=y\0").is_empty());
        assert!(dependencies(b"\x7fELF\0").is_empty());
    }
}
