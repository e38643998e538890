//! What came of a run, as a table.

use std::fmt::Write;

use crate::names;
use crate::origin::Origin;
use crate::plan::{Combination, Measuring, Side, Sizes};
use crate::run::Outcome;

/// What stands before and after the table in INTEROP.md.
const BEGIN: &str = "<!-- the run begins -->\n";
const END: &str = "<!-- the run ends -->\n";

/// One line for people.
#[must_use]
pub fn title(one: &Combination) -> String {
    cells(one).join(" ")
}

fn cells(one: &Combination) -> [String; 7] {
    let asker = match one.side {
        Side::Asking => "Lanewarden",
        Side::Answering => "spdm-emu",
    };
    let how = match (one.sizes, one.measuring) {
        (Sizes::Least, _) => "in chunks",
        (_, Measuring::OneByOne) => "one by one",
        _ => "",
    };
    [
        asker.to_owned(),
        names::transport(one.transport).to_owned(),
        one.version.to_string(),
        one.signature.to_string(),
        one.hash.to_string(),
        one.slot.to_string(),
        how.to_owned(),
    ]
}

/// The table of a run.
#[must_use]
pub fn table(combinations: &[Combination], outcomes: &[Outcome]) -> String {
    let mut text = String::from(
        "| asks | over | SPDM | signature | hash | slot | how | requests | result |\n|---|---|---|---|---|---|---|---|---|\n",
    );
    for (one, outcome) in combinations.iter().zip(outcomes) {
        let (requests, result) = match outcome {
            Ok(messages) => (messages.to_string(), "pass"),
            Err(_) => (String::new(), "fail"),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {} | {requests} | {result} |", cells(one).join(" | "));
    }
    text
}

/// The run: of what, how much of it went well, and the table.
#[must_use]
pub fn run(origins: &[Origin], combinations: &[Combination], outcomes: &[Outcome]) -> String {
    let mut text = String::from("\n");
    for Origin { name, commit } in origins {
        let commit = commit.as_deref().unwrap_or("unknown");
        let _ = writeln!(text, "* [{name}](https://github.com/DMTF/{name}): commit `{commit}`");
    }
    let passed = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let _ = writeln!(text, "* {passed} of {} combinations passed\n", combinations.len());
    text + &table(combinations, outcomes) + "\n"
}

/// The document with the run in its place; `None` where it has no place for one.
#[must_use]
pub fn placed(document: &str, run: &str) -> Option<String> {
    let (before, rest) = document.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{run}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::ordinary;

    #[test]
    fn a_row_says_what_was_run_and_what_came_of_it() {
        let combinations = [ordinary(Side::Asking), ordinary(Side::Answering)];
        let table = table(&combinations, &[Ok(21), Err("no".to_owned())]);
        let rows: Vec<_> = table.lines().skip(2).collect();
        assert_eq!(rows[0], "| Lanewarden | MCTP | 1.3 | ECDSA-P384 | SHA-384 | 0 |  | 21 | pass |");
        assert!(rows[1].starts_with("| spdm-emu ") && rows[1].ends_with("|  | fail |"), "{}", rows[1]);
    }

    #[test]
    fn a_run_takes_the_place_of_the_one_before() {
        let document = format!("a\n{BEGIN}old\n{END}b\n");
        assert_eq!(placed(&document, "new\n").unwrap(), format!("a\n{BEGIN}new\n{END}b\n"));
        assert_eq!(placed("nothing", "new\n"), None);
    }
}
