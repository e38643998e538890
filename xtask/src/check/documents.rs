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

/// The map is a table whose first two columns are a folder and the package in it: each folder must exist, and each
/// member of the workspace must be there under its name.
fn map(tree: &Tree) -> Vec<Finding> {
    let Some(text) = tree.texts.get(ARCHITECTURE) else {
        return vec![MAP.broken(ARCHITECTURE, 0, "there is none")];
    };
    let drawn = rooms(text);
    let absent = drawn.iter().filter(|room| !tree.has(room.folder));
    let absent =
        absent.map(|room| MAP.broken(ARCHITECTURE, room.line, format!("no folder `{}`", room.folder)));
    let missing = tree.packages.iter().filter_map(|package| {
        let what = match drawn.iter().find(|room| room.folder == package.folder) {
            None => format!("`{}` is not on the map", package.folder),
            Some(room) if room.package != package.name => {
                format!("`{}` is not `{}`", package.folder, room.package)
            }
            Some(_) => return None,
        };
        Some(MAP.broken(ARCHITECTURE, 0, what))
    });
    absent.chain(missing).collect()
}

/// What a cell says, if it is inline code and nothing else.
fn code_in(cell: &str) -> Option<&str> {
    cell.trim().strip_prefix('`')?.strip_suffix('`')
}

/// A row of the map.
struct Room<'a> {
    line: usize,
    folder: &'a str,
    package: &'a str,
}

fn rooms(text: &str) -> Vec<Room<'_>> {
    let rows = markdown::prose(text).filter_map(|(line, text)| {
        let mut cells = text.strip_prefix('|')?.split('|');
        let (folder, package) = (code_in(cells.next()?)?, code_in(cells.next()?)?);
        Some(Room { line, folder: folder.trim_end_matches('/'), package })
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Package;

    const MAP: &str = "# Map\n| folder | package | what |\n|---|---|---|\n| `protocols/pci` | `lanewarden-pci` | x |\n\
        | `app/cli/` | `lanewarden-cli` | x |\n";

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
            ("app/cli/a", ""),
            ("tests/a", ""),
        ];
        assert_eq!(what(&files, &["protocols/pci", "app/cli"]), [""; 0]);
    }

    #[test]
    fn a_map_that_lies_is_found() {
        let map = MAP.replace("`lanewarden-cli`", "`lanewarden`");
        let files = [("README.md", ""), ("ARCHITECTURE.md", &*map), ("app/cli/a", "")];
        assert_eq!(
            what(&files, &["app/cli", "sim"]),
            [
                "ARCHITECTURE.md:4 no folder `protocols/pci`",
                "ARCHITECTURE.md:0 `app/cli` is not `lanewarden`",
                "ARCHITECTURE.md:0 `sim` is not on the map"
            ]
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
