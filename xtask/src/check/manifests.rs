//! Names, editions, licences and lints of the members.

use toml::{Table, Value};

use crate::finding::{Finding, Rule};
use crate::tree::{Package, Tree, is_below};

const NAMING: Rule = Rule {
    name: "naming",
    remedy: "name the package `lanewarden-<last folder>`; `app/cli` is `lanewarden` and builds the one binary, \
             `crypto/api` is `lanewarden-crypto`",
};
const INHERITED: Rule = Rule {
    name: "manifest",
    remedy: "write `edition.workspace = true`, `license.workspace = true`, and `[lints]` with `workspace = true`",
};
const MEMBERSHIP: Rule = Rule {
    name: "manifest",
    remedy: "list the folder among the members of the workspace, or give it a `[workspace]` of its own and exclude it",
};

const SECRETS: Rule = Rule {
    name: "secrets",
    remedy: "let nothing but a person turn `keylog` on: by `--features keylog`, in a laboratory, or in what only tests need",
};

/// The cargo feature with which sessions tell their secrets.
const KEYLOG: &str = "keylog";
const EDITION: &str = "2024";
const LICENSE: &str = "Apache-2.0 OR MIT";
const BINARY: &str = "lanewarden";
const CLI: &str = "app/cli";
/// Its folder says what it is among the providers; alone, "api" would say nothing.
const CRYPTO: &str = "crypto/api";

/// Everything wrong with the members' manifests.
pub fn findings(tree: &Tree) -> Vec<Finding> {
    let of_packages = tree.packages.iter().flat_map(|package| of_package(tree, package));
    of_packages.chain(strangers(tree)).collect()
}

fn of_package(tree: &Tree, package: &Package) -> Vec<Finding> {
    let manifest = format!("{}/Cargo.toml", package.folder);
    let mut found = names(package, &manifest);
    if package.edition != EDITION {
        found.push(INHERITED.broken(&manifest, 0, format!("edition {}, not {EDITION}", package.edition)));
    }
    if package.license != LICENSE {
        found.push(INHERITED.broken(&manifest, 0, format!("licence `{}`, not `{LICENSE}`", package.license)));
    }
    found.extend(inheritance(tree, &manifest));
    found.extend(tells_secrets(tree, &manifest));
    found
}

/// A package that would be built with the secrets of sessions told, without anybody asking for it.
fn tells_secrets(tree: &Tree, manifest: &str) -> Vec<Finding> {
    let table = tree.texts.get(manifest).and_then(|text| text.parse::<Table>().ok()).unwrap_or_default();
    let names = |value: &Value| {
        let mut names = value.as_array().into_iter().flatten().filter_map(Value::as_str);
        names.any(|name| name.rsplit('/').next() == Some(KEYLOG))
    };
    let features = table.get("features").and_then(Value::as_table).into_iter().flatten();
    let others = features.filter(|(name, enables)| *name != KEYLOG && names(enables));
    let dependencies = ["dependencies", "build-dependencies"].into_iter().filter_map(|kind| table.get(kind));
    let dependencies = dependencies.filter_map(Value::as_table).flatten();
    let dependencies = dependencies.filter(|(_, dependency)| dependency.get("features").is_some_and(names));
    let found = others.map(|(name, _)| format!("the feature `{name}` turns `{KEYLOG}` on"));
    let found = found.chain(dependencies.map(|(name, _)| format!("`{name}` is taken with `{KEYLOG}`")));
    found.map(|what| SECRETS.broken(manifest, 0, what)).collect()
}

fn names(package: &Package, manifest: &str) -> Vec<Finding> {
    let expected = match package.folder.as_str() {
        CLI => BINARY.to_owned(),
        CRYPTO => format!("{BINARY}-crypto"),
        folder => format!("{BINARY}-{}", folder.rsplit('/').next().unwrap_or_default()),
    };
    let mut found = Vec::new();
    if package.name != expected {
        found.push(NAMING.broken(manifest, 0, format!("package `{}`, expected `{expected}`", package.name)));
    }
    for binary in package.targets.iter().filter(|target| target.kind == "bin") {
        let is_the_one = binary.name == BINARY && package.folder == CLI;
        let is_chore = ["xtask", "tests", "benches", "fuzz"].iter().any(|top| stands_in(package, top));
        if !is_the_one && !is_chore {
            found.push(NAMING.broken(manifest, 0, format!("a second binary, `{}`", binary.name)));
        }
    }
    found
}

fn stands_in(package: &Package, top: &str) -> bool {
    package.folder == top || is_below(&package.folder, top)
}

fn inheritance(tree: &Tree, manifest: &str) -> Vec<Finding> {
    let Some(table) = tree.texts.get(manifest).and_then(|text| text.parse::<Table>().ok()) else {
        return vec![INHERITED.broken(manifest, 0, "the manifest cannot be read")];
    };
    let wanted: [&[&str]; 3] = [&["package", "edition"], &["package", "license"], &["lints"]];
    let missing = wanted.into_iter().filter(|path| !inherits(&table, path));
    missing
        .map(|path| INHERITED.broken(manifest, 0, format!("`{}` not from the workspace", path.join("."))))
        .collect()
}

fn inherits(table: &Table, path: &[&str]) -> bool {
    let mut at = Some(table);
    for key in path {
        at = at.and_then(|table| table.get(*key)).and_then(Value::as_table);
    }
    at.and_then(|table| table.get("workspace")).and_then(Value::as_bool) == Some(true)
}

/// Manifests that are neither a member's nor a workspace's own.
fn strangers(tree: &Tree) -> Vec<Finding> {
    let is_known = |folder: &str| tree.packages.iter().any(|package| package.folder == folder);
    let manifests =
        tree.texts.iter().filter_map(|(path, text)| Some((path, path.strip_suffix("/Cargo.toml")?, text)));
    let unknown = manifests.filter(|(_, folder, text)| !is_known(folder) && !text.contains("[workspace]"));
    unknown.map(|(path, ..)| MEMBERSHIP.broken(path, 0, "a package that no workspace knows")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Target;

    const SOUND: &str =
        "[package]\nedition.workspace = true\nlicense.workspace = true\n[lints]\nworkspace = true\n";

    fn planted(package: Package, manifest: &str) -> Vec<String> {
        let tree = Tree::planted(&[(&format!("{}/Cargo.toml", package.folder), manifest)]).with(package);
        findings(&tree).into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn the_interfaces_of_cryptography_are_named_for_what_they_are() {
        let package = Package { name: "lanewarden-crypto".into(), ..Package::sound("crypto/api") };
        assert!(planted(package, SOUND).is_empty());
        assert_eq!(planted(Package::sound("crypto/api"), SOUND).len(), 1);
    }

    #[test]
    fn a_sound_member_passes() {
        assert_eq!(planted(Package::sound("protocols/doe"), SOUND), [""; 0]);
    }

    #[test]
    fn what_tells_secrets_unasked_is_found() {
        let more = |text: &str| planted(Package::sound("sim"), &format!("{SOUND}\n{text}"));
        let asked =
            "[features]\nkeylog = [\"a/keylog\"]\n[dev-dependencies]\na = { features = [\"keylog\"] }\n";
        assert_eq!(more(asked), [""; 0]);
        let default = "[features]\ndefault = [\"keylog\"]\nkeylog = []\n";
        assert_eq!(more(default), ["the feature `default` turns `keylog` on"]);
        let passed = "[features]\nall = [\"a/keylog\"]\n";
        assert_eq!(more(passed), ["the feature `all` turns `keylog` on"]);
        let taken = "[dependencies]\na = { path = \"a\", features = [\"keylog\"] }\n";
        assert_eq!(more(taken), ["`a` is taken with `keylog`"]);
    }

    #[test]
    fn a_wrong_name_is_found() {
        let package = Package { name: "lanewarden-mailbox".into(), ..Package::sound("protocols/doe") };
        assert_eq!(planted(package, SOUND), ["package `lanewarden-mailbox`, expected `lanewarden-doe`"]);
    }

    #[test]
    fn there_is_one_binary() {
        let binary = Target { name: "lanewarden".into(), kind: "bin".into(), ..Target::default() };
        let cli =
            Package { name: "lanewarden".into(), targets: vec![binary.clone()], ..Package::sound("app/cli") };
        assert_eq!(planted(cli, SOUND), [""; 0]);
        let sim = Package { targets: vec![binary], ..Package::sound("sim") };
        assert_eq!(planted(sim, SOUND), ["a second binary, `lanewarden`"]);
    }

    #[test]
    fn what_is_not_inherited_is_found() {
        let own = "[package]\nedition = \"2024\"\nlicense.workspace = true\n[lints.rust]\nmissing_docs = \"warn\"\n";
        let expected = ["`package.edition` not from the workspace", "`lints` not from the workspace"];
        assert_eq!(planted(Package::sound("sim"), own), expected);
    }

    #[test]
    fn another_licence_and_another_edition_are_found() {
        let package = Package { license: "MIT".into(), edition: "2021".into(), ..Package::sound("sim") };
        assert_eq!(planted(package, SOUND).len(), 2);
    }

    #[test]
    fn a_package_that_no_workspace_knows_is_found() {
        let files = [
            ("Cargo.toml", "[workspace]"),
            ("tools/old/Cargo.toml", "[package]"),
            ("x/Cargo.toml", "[workspace]"),
        ];
        let found = findings(&Tree::planted(&files));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].file, "tools/old/Cargo.toml");
    }
}
