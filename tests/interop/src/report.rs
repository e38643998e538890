//! What came of a run, as a table.

use std::fmt::Write;

use lanewarden_spdm::message::MutualAuthentication;

use crate::names;
use crate::origin::Origin;
use crate::plan::{Combination, Measuring, Side, Sizes};
use crate::run::Outcome;
use crate::sessions::{Secret, SessionRun};
use crate::stock::StockRun;

/// A run as a row of a table.
pub trait Row {
    /// What the columns are.
    const COLUMNS: &[&str];
    /// By what the place of the table in INTEROP.md is found.
    const PLACE: &str;

    /// What stands in them.
    fn cells(&self) -> Vec<String>;
}

/// One line for people.
#[must_use]
pub fn title(one: &impl Row) -> String {
    one.cells().join(" ")
}

const fn asker(side: Side) -> &'static str {
    match side {
        Side::Asking => "Lanewarden",
        Side::Answering => "spdm-emu",
    }
}

impl Row for Combination {
    const COLUMNS: &[&str] = &["asks", "over", "SPDM", "signature", "hash", "slot", "how"];
    const PLACE: &str = "run";

    fn cells(&self) -> Vec<String> {
        let how = match (self.sizes, self.measuring) {
            (Sizes::Least, _) => "in chunks",
            (_, Measuring::OneByOne) => "one by one",
            _ => "",
        };
        vec![
            asker(self.side).to_owned(),
            names::transport(self.transport).to_owned(),
            self.version.to_string(),
            self.signature.to_string(),
            self.hash.to_string(),
            self.slot.to_string(),
            how.to_owned(),
        ]
    }
}

impl Row for SessionRun {
    const COLUMNS: &[&str] =
        &["asks", "over", "SPDM", "secret", "cipher", "messages", "handshake", "requester"];
    const PLACE: &str = "sessions";

    fn cells(&self) -> Vec<String> {
        let secret = match self.secret {
            Secret::Exchange(group) => names::group(group),
            Secret::Preshared { with_context: true } => "PSK, context",
            Secret::Preshared { with_context: false } => "PSK",
        };
        let mutual = match self.mutual {
            MutualAuthentication::None => "",
            MutualAuthentication::Direct => "proves itself",
            MutualAuthentication::Encapsulated => "proves itself, encapsulated",
            MutualAuthentication::EncapsulatedDigests => "proves itself, digests first",
        };
        [
            asker(self.side),
            names::transport(self.transport),
            &self.version.to_string(),
            secret,
            names::cipher(self.cipher),
            if self.encrypts { "encrypted" } else { "authenticated" },
            if self.in_the_clear { "in the clear" } else { "" },
            mutual,
        ]
        .map(str::to_owned)
        .to_vec()
    }
}

impl Row for StockRun {
    const COLUMNS: &[&str] = &["over", "SPDM", "new keys", "requester"];
    const PLACE: &str = "default flow";

    fn cells(&self) -> Vec<String> {
        vec![
            names::transport(self.transport).to_owned(),
            self.version.map_or_else(|| "not told".to_owned(), |version| version.to_string()),
            self.new_keys.unwrap_or("not told").to_owned(),
            if self.mutual { "proves itself, encapsulated" } else { "" }.to_owned(),
        ]
    }
}

/// The table of a run.
#[must_use]
pub fn table<R: Row>(rows: &[R], outcomes: &[Outcome]) -> String {
    let rule = "---|".repeat(R::COLUMNS.len().saturating_add(2));
    let mut text = format!("| {} | requests | result |\n|{rule}\n", R::COLUMNS.join(" | "));
    for (one, outcome) in rows.iter().zip(outcomes) {
        let (requests, result) = match outcome {
            Ok(messages) => (messages.to_string(), "pass"),
            Err(_) => (String::new(), "fail"),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {} | {requests} | {result} |", one.cells().join(" | "));
    }
    text
}

/// The run: of what, how much of it went well, and the table.
#[must_use]
pub fn run<R: Row>(origins: &[Origin], rows: &[R], outcomes: &[Outcome]) -> String {
    let mut text = String::from("\n");
    for Origin { name, commit } in origins {
        let commit = commit.as_deref().unwrap_or("unknown");
        let _ = writeln!(text, "* [{name}](https://github.com/DMTF/{name}): commit `{commit}`");
    }
    let passed = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let _ = writeln!(text, "* {passed} of {} combinations passed\n", rows.len());
    text + &table(rows, outcomes) + "\n"
}

/// The document with the run in its place; `None` where it has no place for one.
#[must_use]
pub fn placed<R: Row>(document: &str, run: &str) -> Option<String> {
    let (begin, end) =
        (format!("<!-- the {} begins -->\n", R::PLACE), format!("<!-- the {} ends -->\n", R::PLACE));
    let (before, rest) = document.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}{run}{end}{after}"))
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
        let document = "a\n<!-- the run begins -->\nold\n<!-- the run ends -->\nb\n";
        assert_eq!(placed::<Combination>(document, "new\n").unwrap(), document.replace("old", "new"));
        assert_eq!(placed::<Combination>("nothing", "new\n"), None);
    }
}
