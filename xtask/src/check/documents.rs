//! The documents at the top: there, short, and true about files and folders.

use crate::finding::{Finding, Rule};
use crate::markdown;
use crate::tree::Tree;

const README: Rule =
    Rule { name: "readme", remedy: "keep README.md on one screen; the rest goes to the documents beside it" };
const LINKS: Rule =
    Rule { name: "links", remedy: "correct the target: a file or folder of the tree, or a heading's anchor" };
const MAP: Rule =
    Rule { name: "map", remedy: "make the map in ARCHITECTURE.md show the folders that there are" };

const SCREEN: usize = 60;

/// The document whose map is compared with the tree.
pub const ARCHITECTURE: &str = "ARCHITECTURE.md";

/// Everything wrong with the documents, but for the symbols they name.
pub fn findings(tree: &Tree) -> Vec<Finding> {
    let mut found: Vec<_> = readme(tree).into_iter().collect();
    found.extend(map(tree));
    for (file, text) in top_documents(tree) {
        found.extend(links(tree, file, text));
    }
    found
}

/// The documents at the top of the tree.
pub fn top_documents(tree: &Tree) -> impl Iterator<Item = (&str, &str)> {
    let texts = tree.texts.iter().map(|(file, text)| (file.as_str(), text.as_str()));
    texts.filter(|(file, _)| file.ends_with(".md") && !file.contains('/'))
}

fn readme(tree: &Tree) -> Option<Finding> {
    let Some(text) = tree.texts.get("README.md") else {
        return Some(README.broken("README.md", 0, "there is none"));
    };
    let lines = text.lines().count();
    (lines > SCREEN).then(|| README.broken("README.md", 0, format!("{lines} lines, more than {SCREEN}")))
}

fn links(tree: &Tree, file: &str, text: &str) -> Vec<Finding> {
    let is_outside = |target: &str| target.contains("://") || target.starts_with("mailto:");
    let links = markdown::links(text).into_iter().filter(|link| !is_outside(&link.text));
    let dead = links.filter(|link| !resolves(tree, file, &link.text));
    dead.map(|link| LINKS.broken(file, link.line, format!("`{}` leads nowhere", link.text))).collect()
}

/// Whether a link of a document at the top leads to a file, a folder or a heading.
pub fn resolves(tree: &Tree, from: &str, target: &str) -> bool {
    let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let path = if path.is_empty() { from } else { path };
    match (anchor, tree.texts.get(path)) {
        (Some(anchor), Some(text)) => markdown::anchors(text).iter().any(|known| known == anchor),
        (Some(_), None) => false,
        (None, _) => tree.has(path),
    }
}

/// The map is a fenced block of folders, one or more a line, nested by indentation: each must exist, and the folder of
/// each member must be among them.
fn map(tree: &Tree) -> Vec<Finding> {
    let Some(text) = tree.texts.get(ARCHITECTURE) else {
        return vec![MAP.broken(ARCHITECTURE, 0, "there is none")];
    };
    let drawn = folders(text);
    let absent = drawn.iter().filter(|(_, folder)| !tree.has(folder));
    let absent =
        absent.map(|(line, folder)| MAP.broken(ARCHITECTURE, *line, format!("no folder `{folder}/`")));
    let is_drawn = |folder: &str| drawn.iter().any(|(_, known)| known == folder);
    let missing = tree.packages.iter().filter(|package| !is_drawn(&package.folder));
    let missing = missing
        .map(|package| MAP.broken(ARCHITECTURE, 0, format!("`{}/` is not on the map", package.folder)));
    absent.chain(missing).collect()
}

/// The folders of the map with the lines they stand on.
fn folders(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut above: Vec<(usize, String)> = Vec::new();
    for (number, line) in markdown::fenced(text) {
        let indent = line.len() - line.trim_start().len();
        let names = line.split_whitespace().take_while(|word| is_folder(word));
        let names: Vec<_> = names.map(|name| name.trim_end_matches('/')).collect();
        let Some(last) = names.last() else { continue };
        above.retain(|(depth, _)| *depth < indent);
        let prefix = above.last().map(|(_, folder)| format!("{folder}/")).unwrap_or_default();
        found.extend(names.iter().map(|name| (number, format!("{prefix}{name}"))));
        above.push((indent, format!("{prefix}{last}")));
    }
    found
}

fn is_folder(word: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    word.len() > 1 && word.ends_with('/') && word.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Package;

    const MAP: &str =
        "# Map\n```text\nprotocols/   no_std\n  pci/ doe/  config space (sim/ too)\napp/\n  cli/\n```\n";

    fn what(files: &[(&str, &str)], members: &[&str]) -> Vec<String> {
        let tree =
            members.iter().fold(Tree::planted(files), |tree, folder| tree.with(Package::sound(folder)));
        findings(&tree)
            .iter()
            .map(|finding| format!("{}:{} {}", finding.file, finding.line, finding.what))
            .collect()
    }

    #[test]
    fn a_true_map_passes() {
        let files = [
            (
                "README.md",
                "see [the map](ARCHITECTURE.md#map), [tests](tests) and [us](https://example.org/x)",
            ),
            ("ARCHITECTURE.md", MAP),
            ("protocols/pci/a", ""),
            ("protocols/doe/a", ""),
            ("app/cli/a", ""),
            ("tests/a", ""),
        ];
        assert_eq!(what(&files, &["protocols/pci", "app/cli"]), [""; 0]);
    }

    #[test]
    fn a_map_that_lies_is_found() {
        let files = [("README.md", ""), ("ARCHITECTURE.md", MAP), ("protocols/pci/a", ""), ("app/cli/a", "")];
        assert_eq!(
            what(&files, &["protocols/pci", "sim"]),
            ["ARCHITECTURE.md:4 no folder `protocols/doe/`", "ARCHITECTURE.md:0 `sim/` is not on the map"]
        );
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        let files = [
            ("README.md", "[a](gone.md)\n[b](#gone)\n[c](ARCHITECTURE.md#gone)"),
            ("ARCHITECTURE.md", "# Here"),
        ];
        assert_eq!(
            what(&files, &[]),
            [
                "README.md:1 `gone.md` leads nowhere",
                "README.md:2 `#gone` leads nowhere",
                "README.md:3 `ARCHITECTURE.md#gone` leads nowhere"
            ]
        );
    }

    #[test]
    fn a_readme_of_more_than_a_screen_is_found() {
        let files = [("README.md", &*"\n".repeat(61)), ("ARCHITECTURE.md", "")];
        assert_eq!(what(&files, &[]), ["README.md:0 61 lines, more than 60"]);
    }

    #[test]
    fn missing_documents_are_found() {
        assert_eq!(what(&[], &[]), ["README.md:0 there is none", "ARCHITECTURE.md:0 there is none"]);
    }
}
