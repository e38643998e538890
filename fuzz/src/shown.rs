//! What may be printed.

use std::fmt::Display;

/// The most characters that a line about one message takes.
const LONGEST: usize = 4096;

/// A text of one line, of bounded length, that a terminal prints as it stands.
pub fn one_line(what: &impl Display) {
    let text = what.to_string();
    assert!(text.len() <= LONGEST, "{} characters", text.len());
    assert!(text.chars().all(|character| (' '..='~').contains(&character)), "{text:?}");
}
