//! Tests, and the rows that the comments above them name.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenTree;

use super::ledger::is_id;
use crate::finding::{Finding, Rule};
use crate::rust_source::{Item, Kind, items};
use crate::tree::{Package, Tree};

const EVIDENCE: Rule = Rule {
    name: "evidence",
    remedy: "write `Row B6: what is shown` above a test that runs, with an id from REQUIREMENTS.md",
};

/// The package whose functions are checks without being tests to the test runner: they run in a guest.
const GUEST: &str = "tests/e2e";

/// Tests by the row they show, as the test runner names them: package, then path.
pub type Shown = BTreeMap<String, BTreeSet<String>>;

/// What the sources have to show.
#[derive(Default)]
pub struct Evidence {
    /// The tests.
    pub shown: Shown,
    /// Rows named where nothing runs.
    pub findings: Vec<Finding>,
}

/// Reads every source file.
pub fn collect(tree: &Tree) -> Evidence {
    let mut evidence = Evidence::default();
    for (file, source) in &tree.sources {
        let Some(package) = tree.package_of(file) else { continue };
        let lines = tree.texts[file].lines().collect();
        let scan = Scan { file, lines, is_guest: package.folder == GUEST };
        scan.items(&source.all, &prefix(package, file), &mut evidence);
    }
    evidence
}

/// The test runner's name for the module that a file is: `package module::module`, or `package::target module`.
fn prefix(package: &Package, file: &str) -> Vec<String> {
    let within =
        file.strip_prefix(&package.folder).unwrap_or(file).trim_start_matches('/').trim_end_matches(".rs");
    let mut parts: Vec<_> = within.split('/').map(str::to_owned).collect();
    let root = parts.remove(0);
    if parts.last().is_some_and(|last| matches!(last.as_str(), "lib" | "main" | "mod")) {
        parts.pop();
    }
    let target =
        if root == "src" || parts.is_empty() { String::new() } else { format!("::{}", parts.remove(0)) };
    parts.insert(0, format!("{}{target}", package.name));
    parts
}

struct Scan<'a> {
    file: &'a str,
    lines: Vec<&'a str>,
    is_guest: bool,
}

impl Scan<'_> {
    fn items(&self, tokens: &[TokenTree], module: &[String], evidence: &mut Evidence) {
        for item in items(tokens) {
            let rows = self.rows_above(&item);
            let name = [module, std::slice::from_ref(&item.name)].concat();
            match item.kind {
                Kind::Module => self.items(item.body.as_deref().unwrap_or_default(), &name, evidence),
                Kind::Call => self.items(item.body.as_deref().unwrap_or_default(), module, evidence),
                _ => self.take(&item, rows, &name, evidence),
            }
        }
    }

    fn take(&self, item: &Item, rows: Vec<String>, name: &[String], evidence: &mut Evidence) {
        let runs = item.is_test() || self.is_guest && item.kind == Kind::Function;
        for row in rows {
            if runs && !item.is_ignored() {
                evidence.shown.entry(row).or_default().insert(format!(
                    "{} {}",
                    name[0],
                    name[1..].join("::")
                ));
            } else {
                let what = format!("row {row} is named above `{}`, which no test runner runs", item.name);
                evidence.findings.push(EVIDENCE.broken(self.file, item.line, what));
            }
        }
    }

    /// The rows named in the comments between the item before and this item's name.
    fn rows_above(&self, item: &Item) -> Vec<String> {
        let mut first = item.first_line.saturating_sub(1);
        while first > 0 && self.comment(first - 1).is_some() {
            first -= 1;
        }
        (first..item.line).filter_map(|index| self.comment(index)).flat_map(rows_in).collect()
    }

    fn comment(&self, index: usize) -> Option<&str> {
        let line = self.lines.get(index)?.trim_start().strip_prefix("//")?;
        (!line.starts_with('!')).then(|| line.trim_start_matches('/').trim())
    }
}

/// The ids at the front of a comment line such as `Row B6: ...`, `Rows B6, B7 and T1: ...`, `Row B6, and more: ...`.
fn rows_in(comment: &str) -> Vec<String> {
    let list = comment.strip_prefix("Rows ").or_else(|| comment.strip_prefix("Row "));
    let Some((list, _)) = list.and_then(|rest| rest.split_once(':')) else { return Vec::new() };
    let words = list.split([',', ' ']).filter(|word| !word.is_empty() && *word != "and");
    words.take_while(|word| is_id(word)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collected(folder: &str, file: &str, text: &str) -> (Vec<String>, usize) {
        let evidence = collect(&Tree::planted(&[(file, text)]).with(Package::sound(folder)));
        let shown = evidence
            .shown
            .iter()
            .flat_map(|(row, tests)| tests.iter().map(move |test| format!("{row} {test}")));
        (shown.collect(), evidence.findings.len())
    }

    #[test]
    fn a_test_shows_the_rows_its_comment_names() {
        let text =
            "mod tests {\n/// Rows B6, B7 and T1: a story.\n/// It goes on.\n#[test]\nfn story() {}\n}";
        let expected = ["B6", "B7", "T1"].map(|row| format!("{row} lanewarden-doe mailbox::tests::story"));
        assert_eq!(collected("protocols/doe", "protocols/doe/src/mailbox.rs", text), (expected.to_vec(), 0));
    }

    #[test]
    fn a_plain_comment_and_a_test_inside_a_macro_count_too() {
        let text = "proptest! {\n// Row D12: any bytes.\n#[test]\nfn any(a in 0..4u8) { }\n}";
        let expected = vec!["D12 lanewarden-doe::bytes any".to_owned()];
        assert_eq!(collected("protocols/doe", "protocols/doe/tests/bytes.rs", text), (expected, 0));
    }

    #[test]
    fn a_comment_belongs_to_the_item_that_follows_it() {
        let text = "/// Row B6: one.\n#[test]\nfn one() {}\n\n#[test]\nfn two() {}";
        assert_eq!(collected("sim", "sim/src/lib.rs", text).0, ["B6 lanewarden-sim one"]);
    }

    #[test]
    fn a_row_above_something_that_does_not_run_is_found() {
        assert_eq!(collected("sim", "sim/src/lib.rs", "/// Row B6: x.\nfn one() {}"), (vec![], 1));
        assert_eq!(
            collected("sim", "sim/src/lib.rs", "/// Row B6: x.\n#[test]\n#[ignore]\nfn one() {}"),
            (vec![], 1)
        );
    }

    #[test]
    fn checks_that_run_in_a_guest_need_no_attribute() {
        let found =
            collected("tests/e2e", "tests/e2e/src/checks.rs", "/// Row D4: refused.\nfn refused() {}");
        assert_eq!(found, (vec!["D4 lanewarden-e2e checks::refused".to_owned()], 0));
    }

    #[test]
    fn talk_of_a_row_is_no_evidence() {
        let text = "/// As row B6 says.\n/// Rowing: no.\n/// Row by row: no.\n#[test]\nfn one() {}";
        assert_eq!(collected("sim", "sim/src/lib.rs", text), (vec![], 0));
        assert_eq!(rows_in("Row D11, and the matrix of B6: each fault"), ["D11"]);
    }
}
