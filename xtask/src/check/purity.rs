//! What code may touch: no std below the adapters' floor, no I/O, threads or clocks where decisions are made, and
//! `unsafe` in a few named places only.

use proc_macro2::TokenTree;

use crate::finding::{Finding, Rule};
use crate::rust_source::{Source, each_level, line, paths};
use crate::tree::{Tree, is_below};

const NO_STD: Rule =
    Rule { name: "no-std", remedy: "take it from `core` or `alloc`, or let the caller pass it in" };
const HEAD: Rule =
    Rule { name: "no-std", remedy: "head the crate with `#![no_std]` and `#![forbid(unsafe_code)]`" };
const DECISIONS: Rule = Rule {
    name: "decisions",
    remedy: "pass in the time and the facts, and hand the act back to the caller: decisions are pure",
};
const UNSAFE: Rule = Rule {
    name: "unsafe",
    remedy: "move it to adapters/linux or to crypto/aws-lc's one module; test supports are allowed by name in xtask",
};

/// Rooms that a firmware or a kernel can lift out.
const WITHOUT_STD: [&str; 2] = ["protocols", "crypto/api"];

/// Files and folders that may hold `unsafe`.
const UNSAFE_PLACES: [&str; 5] = [
    "adapters/linux",
    "crypto/aws-lc/src/ffi.rs",
    "crypto/aws-lc/src/ffi",
    "tests/support/alloc-probe",
    "tests/support/no-std-link",
];

/// Parts of std that do I/O, start threads or read a clock or the environment.
const IMPURE: [&str; 10] = [
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::os",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::time::*",
];

const PRINTERS: [&str; 5] = ["print", "println", "eprint", "eprintln", "thread_local"];

/// Everything that touches what it must not.
pub fn findings(tree: &Tree) -> Vec<Finding> {
    let tests = files_of_tests(tree);
    let mut found = heads(tree);
    for (file, source) in &tree.sources {
        found.extend(unsafes(file, source));
        let is_test = tests.iter().any(|place| file == place || is_below(file, place));
        if !is_test && is_in_any(file, &WITHOUT_STD) {
            found.extend(std_uses(file, source));
        }
        if !is_test && is_below(file, "decisions") {
            found.extend(impurities(file, source));
        }
    }
    found
}

fn is_in_any(file: &str, folders: &[&str]) -> bool {
    folders.iter().any(|folder| file == *folder || is_below(file, folder))
}

/// The heads of the crates that must do without std.
fn heads(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for package in tree.packages.iter().filter(|package| is_in_any(&package.folder, &WITHOUT_STD)) {
        let root = format!("{}/src/lib.rs", package.folder);
        let attributes = tree.sources.get(&root).map(Source::inner_attributes).unwrap_or_default();
        for wanted in ["no_std", "forbid(unsafe_code)"] {
            if !attributes.iter().any(|attribute| attribute == wanted) {
                found.push(HEAD.broken(&root, 0, format!("no `#![{wanted}]`")));
            }
        }
    }
    found
}

/// Files and folders that are compiled for tests only.
fn files_of_tests(tree: &Tree) -> Vec<String> {
    let of_packages = tree.packages.iter().flat_map(|package| {
        ["tests", "benches", "examples"].map(|folder| format!("{}/{folder}", package.folder))
    });
    let of_modules = tree.sources.iter().flat_map(|(file, source)| {
        let folder = folder_of_modules(file);
        source
            .test_modules()
            .into_iter()
            .flat_map(move |name| [format!("{folder}/{name}.rs"), format!("{folder}/{name}")])
    });
    of_packages.chain(of_modules).collect()
}

/// Where a file's child modules live.
pub fn folder_of_modules(file: &str) -> &str {
    match file.rsplit_once('/') {
        Some((folder, "lib.rs" | "main.rs" | "mod.rs")) => folder,
        _ => file.trim_end_matches(".rs"),
    }
}

fn std_uses(file: &str, source: &Source) -> Vec<Finding> {
    let paths = paths(&source.product, "std");
    paths.into_iter().map(|path| NO_STD.broken(file, path.line, format!("`{}`", path.text))).collect()
}

fn impurities(file: &str, source: &Source) -> Vec<Finding> {
    let is_impure =
        |path: &str| IMPURE.iter().any(|part| path == *part || path.starts_with(&format!("{part}::")));
    let paths = paths(&source.product, "std")
        .into_iter()
        .filter(|path| is_impure(&path.text) || path.text == "std::*");
    let mut found: Vec<_> =
        paths.map(|path| DECISIONS.broken(file, path.line, format!("`{}`", path.text))).collect();
    each_level(&source.product, &mut |tokens| {
        for pair in tokens.windows(2) {
            if let [TokenTree::Ident(name), TokenTree::Punct(bang)] = pair
                && bang.as_char() == '!'
                && PRINTERS.iter().any(|printer| name == printer)
            {
                found.push(DECISIONS.broken(file, line(&pair[0]), format!("`{name}!`")));
            }
        }
    });
    found
}

fn unsafes(file: &str, source: &Source) -> Vec<Finding> {
    let mut found = Vec::new();
    if is_in_any(file, &UNSAFE_PLACES) {
        return found;
    }
    each_level(&source.all, &mut |tokens| {
        let words = tokens.iter().filter(|token| matches!(token, TokenTree::Ident(word) if word == "unsafe"));
        found.extend(
            words.map(|word| UNSAFE.broken(file, line(word), "`unsafe` outside the places it may be in")),
        );
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Package;

    const HEAD: &str = "#![no_std]\n#![forbid(unsafe_code)]\n";

    fn what(tree: &Tree) -> Vec<String> {
        findings(tree)
            .iter()
            .map(|finding| format!("{}:{} {}", finding.file, finding.line, finding.what))
            .collect()
    }

    fn planted(file: &str, text: &str) -> Vec<String> {
        what(&Tree::planted(&[(file, text)]))
    }

    #[test]
    fn std_in_a_core_is_found_and_in_its_tests_is_not() {
        let text =
            "use std::vec::Vec;\n#[cfg(test)] mod tests { use std::fs; }\nfn a() -> std::string::String {}";
        assert_eq!(
            planted("protocols/doe/src/object.rs", text),
            [
                "protocols/doe/src/object.rs:1 `std::vec::Vec`",
                "protocols/doe/src/object.rs:3 `std::string::String`"
            ]
        );
        assert_eq!(planted("sim/src/lib.rs", text), [""; 0]);
    }

    #[test]
    fn files_that_are_tests_altogether_may_use_std() {
        let tree = Tree::planted(&[
            ("protocols/doe/src/lib.rs", &format!("{HEAD}#[cfg(test)] mod story; mod mailbox;")),
            ("protocols/doe/src/story.rs", "use std::fs;"),
            ("protocols/doe/src/story/deep.rs", "use std::fs;"),
            ("protocols/doe/src/mailbox.rs", "#[cfg(test)] mod tests;"),
            ("protocols/doe/src/mailbox/tests.rs", "use std::fs;"),
            ("protocols/doe/tests/any.rs", "use std::fs;"),
        ])
        .with(Package::sound("protocols/doe"));
        assert_eq!(what(&tree), [""; 0]);
    }

    #[test]
    fn a_core_without_its_head_is_found() {
        let tree = Tree::planted(&[("protocols/doe/src/lib.rs", "#![cfg_attr(not(test), no_std)]")])
            .with(Package::sound("protocols/doe"));
        let expected = ["`#![no_std]`", "`#![forbid(unsafe_code)]`"]
            .map(|head| format!("protocols/doe/src/lib.rs:0 no {head}"));
        assert_eq!(what(&tree), expected);
    }

    #[test]
    fn decisions_touch_nothing() {
        let text = "use std::{collections::HashMap, time::{Duration, Instant}};\nfn a() { std::thread::yield_now(); }\n\
                    fn b() { println!(\"c\"); }";
        let place = "decisions/broker/src/queue.rs";
        assert_eq!(
            planted(place, text),
            [
                format!("{place}:1 `std::time::Instant`"),
                format!("{place}:2 `std::thread::yield_now`"),
                format!("{place}:3 `println!`")
            ]
        );
        assert_eq!(planted("app/daemon/src/lib.rs", text), [""; 0]);
    }

    #[test]
    fn unsafe_is_found_in_tests_too_but_not_where_it_is_allowed() {
        let text = "#[cfg(test)]\nmod tests { fn a() { unsafe { b() } } }";
        assert_eq!(planted("app/cli/src/main.rs", text).len(), 1);
        assert_eq!(planted("crypto/aws-lc/src/sign.rs", text).len(), 1);
        assert_eq!(planted("crypto/aws-lc/src/ffi.rs", text), [""; 0]);
        assert_eq!(planted("adapters/linux/src/vfio.rs", text), [""; 0]);
        assert_eq!(planted("tests/support/alloc-probe/src/lib.rs", text), [""; 0]);
    }

    #[test]
    fn talk_of_unsafe_is_not_unsafe() {
        assert_eq!(
            planted("sim/src/lib.rs", "#![forbid(unsafe_code)]\n// unsafe\nconst A: &str = \"unsafe\";"),
            [""; 0]
        );
    }
}
