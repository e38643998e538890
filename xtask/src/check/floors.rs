//! The four floors: app, then decisions, tools, adapters and sim side by side, then protocols, then crypto/api. Arrows
//! point down, and the four in the middle never know each other.

use crate::finding::{Finding, Rule};
use crate::tree::{Dependency, Package, Tree, is_below};

const LAYERING: Rule = Rule {
    name: "layering",
    remedy: "let `app` or `tests` join the two, or move what both need into a room below (ARCHITECTURE.md, the floors)",
};
const MAP: Rule = Rule {
    name: "map",
    remedy: "put the package into a folder of the map in ARCHITECTURE.md, or draw the folder into the map and the rules",
};
const REACH: Rule =
    Rule { name: "reach", remedy: "let an adapter do this work, behind a trait that the core is given" };

/// Crates that do I/O, start threads or read clocks: nothing for a core.
const REACHING_OUT: [&str; 13] = [
    "async-std",
    "chrono",
    "crossbeam-channel",
    "getrandom",
    "libc",
    "mio",
    "nix",
    "rayon",
    "rustix",
    "smol",
    "socket2",
    "time",
    "tokio",
];

/// Where a package stands in the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    App,
    Middle(&'static str),
    Protocols,
    CryptoApi,
    CryptoProvider,
    /// Helpers for tests of any floor.
    TestSupport,
    /// Tests, benchmarks and fuzzing: they join whatever they look at.
    Joining,
    Chores,
}

impl Room {
    fn of(folder: &str) -> Option<Self> {
        let middle = ["decisions", "tools", "adapters", "sim"].into_iter().find(|name| is_in(folder, name));
        match folder {
            "crypto/api" => Some(Self::CryptoApi),
            "xtask" => Some(Self::Chores),
            _ if middle.is_some() => middle.map(Self::Middle),
            _ if is_in(folder, "app") => Some(Self::App),
            _ if is_in(folder, "protocols") => Some(Self::Protocols),
            _ if is_in(folder, "crypto") => Some(Self::CryptoProvider),
            _ if is_in(folder, "tests/support") => Some(Self::TestSupport),
            _ if ["tests", "benches", "fuzz"].iter().any(|top| is_in(folder, top)) => Some(Self::Joining),
            _ => None,
        }
    }

    /// Whether a package here may ask for one there.
    fn may_use(self, other: Self, dev: bool) -> bool {
        if other == Self::TestSupport {
            return dev || matches!(self, Self::Joining | Self::TestSupport);
        }
        if other == Self::CryptoProvider && dev {
            // What uses cryptography is tested with every provider, next to where it stands.
            return self != Self::CryptoApi;
        }
        match self {
            Self::App | Self::Joining => !matches!(other, Self::Chores),
            Self::Middle(_) => other == self || matches!(other, Self::Protocols | Self::CryptoApi),
            Self::Protocols | Self::Chores => matches!(other, Self::Protocols | Self::CryptoApi),
            Self::CryptoProvider | Self::CryptoApi => matches!(other, Self::CryptoApi),
            Self::TestSupport => {
                matches!(other, Self::Protocols | Self::CryptoApi | Self::CryptoProvider)
            }
        }
    }

    fn is_core(self) -> bool {
        matches!(self, Self::Protocols | Self::CryptoApi | Self::Middle("decisions"))
    }
}

fn is_in(folder: &str, top: &str) -> bool {
    folder == top || is_below(folder, top)
}

/// Every arrow that points up or sideways, and every package that stands nowhere.
pub fn findings(tree: &Tree) -> Vec<Finding> {
    tree.packages.iter().flat_map(of_package).collect()
}

fn of_package(package: &Package) -> Vec<Finding> {
    let manifest = format!("{}/Cargo.toml", package.folder);
    let Some(room) = Room::of(&package.folder) else {
        return vec![MAP.broken(&manifest, 0, format!("`{}` stands on no floor", package.name))];
    };
    package
        .dependencies
        .iter()
        .filter_map(|dependency| of_arrow(&manifest, package, room, dependency))
        .collect()
}

fn of_arrow(manifest: &str, package: &Package, room: Room, dependency: &Dependency) -> Option<Finding> {
    let kind = if dependency.dev { "dev-depends" } else { "depends" };
    let what = format!("`{}` {kind} on `{}`", package.name, dependency.name);
    let Some(folder) = &dependency.folder else {
        let reaches_out = REACHING_OUT.contains(&dependency.name.as_str());
        return (room.is_core() && reaches_out && !dependency.dev).then(|| REACH.broken(manifest, 0, what));
    };
    let allowed = Room::of(folder).is_some_and(|other| room.may_use(other, dependency.dev));
    (!allowed).then(|| LAYERING.broken(manifest, 0, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrow(from: &str, to: &str, dev: bool) -> bool {
        findings(&Tree::default().with(Package::sound(from).needing(to, dev))).is_empty()
    }

    #[test]
    fn arrows_point_down() {
        for (from, to) in [
            ("app/cli", "app/inventory"),
            ("app/cli", "sim"),
            ("app/daemon", "crypto/aws-lc"),
            ("sim", "protocols/doe"),
            ("decisions/broker", "protocols/doe"),
            ("adapters/net", "adapters/linux"),
            ("protocols/spdm", "crypto/api"),
            ("protocols/doe", "protocols/pci"),
            ("crypto/aws-lc", "crypto/api"),
            ("tests/e2e", "adapters/linux"),
            ("tests/support/no-std-link", "crypto/rustcrypto"),
            ("benches", "sim"),
            ("fuzz", "protocols/cxl"),
        ] {
            assert!(arrow(from, to, false), "{from} -> {to}");
        }
    }

    #[test]
    fn an_arrow_up_or_sideways_is_found() {
        for (from, to) in [
            ("protocols/doe", "adapters/linux"),
            ("protocols/doe", "sim"),
            ("sim", "adapters/linux"),
            ("adapters/linux", "sim"),
            ("decisions/broker", "tools/render"),
            ("tools/render", "app/inventory"),
            ("sim", "crypto/aws-lc"),
            ("crypto/api", "protocols/pci"),
            ("app/cli", "tests/support/alloc-probe"),
            ("app/cli", "xtask"),
        ] {
            for dev in [false, true] {
                let for_tests = dev && (to.starts_with("tests/support") || to.starts_with("crypto/aws-lc"));
                assert_eq!(arrow(from, to, dev), for_tests, "{from} -> {to}, dev {dev}");
            }
        }
    }

    #[test]
    fn tests_alone_may_name_a_provider_of_cryptography() {
        for from in ["protocols/spdm", "sim", "tools/decode", "crypto/aws-lc"] {
            assert!(arrow(from, "crypto/rustcrypto", true), "{from}");
            assert!(!arrow(from, "crypto/rustcrypto", false), "{from}");
        }
        assert!(!arrow("crypto/api", "crypto/rustcrypto", true));
    }

    /// Row T9: who runs a protocol over a mailbox asks for the mailbox at the most, and never for another protocol that does;
    /// who hands mailboxes out knows none of them. So there is nothing a protocol could have to register with.
    #[test]
    fn no_protocol_over_mailboxes_is_a_layer_of_its_own() {
        let tree = Tree::read().unwrap();
        let needed_by = |package: &Package| -> Vec<String> {
            let here = package.dependencies.iter().filter(|dependency| !dependency.dev);
            here.filter_map(|dependency| dependency.folder.clone()).collect()
        };
        let (mut protocols, ground) = (0, ["protocols/pci", "protocols/time", "protocols/doe", "crypto/api"]);
        for package in &tree.packages {
            let is_protocol = is_below(&package.folder, "protocols") && !ground.contains(&&*package.folder);
            protocols += usize::from(is_protocol);
            if is_protocol || package.folder == "decisions/broker" {
                let needed = needed_by(package);
                assert!(needed.iter().all(|it| ground.contains(&&**it)), "{}: {needed:?}", package.folder);
            }
        }
        assert!(protocols >= 3, "CDAT, SPDM and IDE at least");
    }

    #[test]
    fn the_finding_names_the_manifest_and_both_packages() {
        let tree = Tree::default().with(Package::sound("protocols/doe").needing("sim", true));
        insta::assert_snapshot!(findings(&tree)[0], @"
        protocols/doe/Cargo.toml: layering: `lanewarden-doe` dev-depends on `lanewarden-sim`
            do: let `app` or `tests` join the two, or move what both need into a room below (ARCHITECTURE.md, the floors)
        ");
    }

    #[test]
    fn a_package_outside_the_map_is_found() {
        let tree = Tree::default().with(Package::sound("helpers/text"));
        assert_eq!(findings(&tree)[0].rule, "map");
    }

    #[test]
    fn a_core_asks_for_no_crate_that_reaches_out() {
        let outside = |dev| Dependency { name: "tokio".into(), dev, folder: None };
        let with = |folder, dev| {
            let mut package = Package::sound(folder);
            package.dependencies.push(outside(dev));
            findings(&Tree::default().with(package)).len()
        };
        assert_eq!(with("decisions/broker", false), 1);
        assert_eq!(with("protocols/doe", false), 1);
        assert_eq!(with("protocols/doe", true), 0);
        assert_eq!(with("adapters/linux", false), 0);
    }
}
