//! Holds the ledger against the evidence.

use std::collections::BTreeSet;

use super::REQUIREMENTS;
use super::answer::Answer;
use super::evidence::Shown;
use super::ledger::{Ledger, Row, State};
use crate::check::resolves;
use crate::finding::{Finding, Rule};
use crate::tree::Tree;

const COMPLETE: Rule = Rule { name: "rows", remedy: "keep every row of the five threads exactly once" };
const FORM: Rule = Rule {
    name: "rows",
    remedy: "use a milestone from the list at the top, and one of: planned; shown; decided in [..](..); decided in [..](..), \
             and shown; not taken, because ..",
};
const STALE: Rule = Rule { name: "rows", remedy: "run `cargo xtask rows --write` and read what changed" };
const UNSHOWN: Rule =
    Rule { name: "rows", remedy: "name the row above the test that shows it, or change the answer" };
const DUE: Rule = Rule { name: "rows", remedy: "answer the row: its milestone is done" };

/// The rows there are: the letter of a thread, and how many it has.
const ROWS: [(char, u32); 5] = [('P', 16), ('D', 13), ('B', 20), ('T', 26), ('V', 23)];

/// What holding the two against each other gave.
pub struct Audit {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// Rows of a milestone in progress that nobody has answered.
    pub missing: Vec<String>,
    /// One line about the whole.
    pub summary: String,
}

/// Audits every row.
pub fn audit(tree: &Tree, ledger: &Ledger, shown: &Shown) -> Audit {
    let mut findings = completeness(ledger, shown);
    let mut missing = Vec::new();
    for (line, row) in ledger.rows() {
        findings.extend(of_row(tree, ledger, shown, line, row));
        if is_open(row) && ledger.is_in(row, State::InProgress) {
            missing.push(format!("{} ({}): {}", row.id, row.milestones.join(", "), row.statement));
        }
    }
    Audit { findings, missing, summary: summary(ledger) }
}

fn completeness(ledger: &Ledger, shown: &Shown) -> Vec<Finding> {
    let wanted: BTreeSet<_> =
        ROWS.iter().flat_map(|(thread, rows)| (1..=*rows).map(move |n| format!("{thread}{n}"))).collect();
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for (line, row) in ledger.rows() {
        if !wanted.contains(&row.id) {
            found.push(COMPLETE.broken(REQUIREMENTS, line, format!("there is no row {}", row.id)));
        }
        if !seen.insert(row.id.clone()) {
            found.push(COMPLETE.broken(REQUIREMENTS, line, format!("row {} stands here again", row.id)));
        }
    }
    let absent =
        wanted.difference(&seen).map(|id| COMPLETE.broken(REQUIREMENTS, 0, format!("row {id} is missing")));
    found.extend(absent);
    let unknown = shown.iter().filter(|(id, _)| !wanted.contains(*id));
    found.extend(unknown.map(|(id, tests)| {
        COMPLETE.broken(REQUIREMENTS, 0, format!("a test names row {id}, which is none: {}", one_of(tests)))
    }));
    found
}

fn one_of(tests: &BTreeSet<String>) -> &str {
    tests.first().map_or("", String::as_str)
}

fn of_row(tree: &Tree, ledger: &Ledger, shown: &Shown, line: usize, row: &Row) -> Vec<Finding> {
    let at = |rule: Rule, what: String| rule.broken(REQUIREMENTS, line, format!("{}: {what}", row.id));
    let mut found = Vec::new();
    for name in &row.milestones {
        if !ledger.milestones().any(|milestone| milestone.name == *name) {
            found.push(at(FORM, format!("no milestone `{name}`")));
        }
    }
    let Some(answer) = Answer::parse(&row.answer) else {
        found.push(at(FORM, format!("`{}` is no answer", row.answer)));
        return found;
    };
    if shown.get(&row.id).cloned().unwrap_or_default() != row.tests {
        found.push(at(STALE, "the tests named are not the tests there are".into()));
    }
    if answer.needs_tests() && row.tests.is_empty() {
        found.push(at(UNSHOWN, "said to be shown, by no test".into()));
    }
    if ledger.is_ripe(row) {
        found.push(at(STALE, "planned, although tests show it".into()));
    }
    if let Answer::Decided { target, .. } = &answer
        && !resolves(tree, REQUIREMENTS, target)
    {
        found.push(at(FORM, format!("`{target}` leads nowhere")));
    }
    if answer == Answer::Planned && ledger.is_in(row, State::Done) {
        found.push(at(DUE, "no answer".into()));
    }
    found
}

fn is_open(row: &Row) -> bool {
    Answer::parse(&row.answer).is_none_or(|answer| answer == Answer::Planned)
}

fn summary(ledger: &Ledger) -> String {
    let count = |keep: &dyn Fn(&Answer) -> bool| {
        ledger
            .rows()
            .filter(|(_, row)| Answer::parse(&row.answer).is_some_and(|answer| keep(&answer)))
            .count()
    };
    format!(
        "{} rows, {} shown, {} decided, {} not taken, {} planned",
        ledger.rows().count(),
        count(&|answer| *answer == Answer::Shown),
        count(&|answer| matches!(answer, Answer::Decided { .. })),
        count(&|answer| *answer == Answer::NotTaken),
        count(&|answer| *answer == Answer::Planned),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ledger that has every row, with some of them replaced.
    fn ledger(state: &str, replaced: &[&str]) -> String {
        let mut text = format!("| foundation | {state} | x |\n| broker | planned | x |\n");
        for (thread, rows) in ROWS {
            for number in 1..=rows {
                let id = format!("| {thread}{number} |");
                let row = replaced.iter().find(|row| row.starts_with(&id));
                let row = row.map_or(format!("{id} broker | x | planned | |"), |row| (*row).to_owned());
                text.push_str(&row);
                text.push('\n');
            }
        }
        text
    }

    fn audited(state: &str, replaced: &[&str], shown: &[(&str, &str)]) -> (Vec<String>, usize) {
        let tree = Tree::planted(&[("ARCHITECTURE.md", "# One library")]);
        let shown = shown.iter().map(|(id, test)| ((*id).to_owned(), [(*test).to_owned()].into())).collect();
        let audit = audit(&tree, &Ledger::parse(&ledger(state, replaced)), &shown);
        (audit.findings.into_iter().map(|finding| finding.what).collect(), audit.missing.len())
    }

    fn findings(state: &str, row: &str) -> Vec<String> {
        audited(state, &[row], &[]).0
    }

    #[test]
    fn a_full_ledger_passes() {
        let rows = [
            "| B6 | foundation | x | shown | `a b` |",
            "| D1 | foundation | x | decided in [a](ARCHITECTURE.md#one-library) | |",
            "| D2 | foundation | x | not taken, because y | |",
        ];
        assert_eq!(audited("done", &rows, &[("B6", "a b")]), (vec![], 0));
    }

    #[test]
    fn an_open_row_is_named_while_its_milestone_is_in_progress_and_fails_when_it_is_done() {
        let row = "| B6 | foundation, broker | x | planned | |";
        assert_eq!(audited("in progress", &[row], &[]), (vec![], 1));
        assert_eq!(audited("done", &[row], &[]).0, ["B6: no answer"]);
        assert_eq!(audited("planned", &[row], &[]), (vec![], 0));
    }

    #[test]
    fn a_test_that_is_gone_or_new_makes_the_ledger_stale() {
        let row = "| B6 | foundation | x | shown | `a b` |";
        assert_eq!(findings("done", row), ["B6: the tests named are not the tests there are"]);
        let planned = "| B6 | foundation | x | planned | |";
        let found = audited("planned", &[planned], &[("B6", "a b")]).0;
        assert_eq!(found, ["B6: the tests named are not the tests there are"]);
    }

    #[test]
    fn a_row_that_no_test_shows_is_not_shown() {
        assert_eq!(
            findings("planned", "| B6 | broker | x | shown | |"),
            ["B6: said to be shown, by no test"]
        );
    }

    /// Row D1: a decision counts where its record can be read.
    #[test]
    fn a_decision_that_is_recorded_nowhere_is_none() {
        let row = "| B6 | broker | x | decided in [a](ARCHITECTURE.md#gone) | |";
        assert_eq!(findings("planned", row), ["B6: `ARCHITECTURE.md#gone` leads nowhere"]);
    }

    #[test]
    fn unknown_milestones_answers_and_rows_are_found() {
        assert_eq!(findings("done", "| B6 | kitchen | x | planned | |"), ["B6: no milestone `kitchen`"]);
        assert_eq!(findings("done", "| B6 | broker | x | soon | |"), ["B6: `soon` is no answer"]);
        assert_eq!(
            findings("done", "| B6 | broker | x | planned | |\n| B6 | broker | x | planned | |").len(),
            1
        );
        assert_eq!(
            findings("done", "| B6 | broker | x | planned | |\n| X6 | broker | x | planned | |"),
            ["there is no row X6"]
        );
        assert_eq!(findings("done", "| B6 | gone"), ["row B6 is missing"]);
        assert_eq!(audited("done", &[], &[("B99", "a b")]).0, ["a test names row B99, which is none: a b"]);
    }
}
