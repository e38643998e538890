//! What a row may be answered with.

/// An answer, as the fourth column of a row states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// `planned`: nobody has answered yet.
    Planned,
    /// `shown`: by the tests in the fifth column.
    Shown,
    /// `decided in [name](ARCHITECTURE.md#anchor)`, with or without `, and shown`.
    Decided {
        /// Where the record is.
        target: String,
        /// Tests show that it holds.
        shown: bool,
    },
    /// `not taken, because ...`.
    NotTaken,
}

impl Answer {
    /// Reads a cell.
    pub fn parse(cell: &str) -> Option<Self> {
        match cell {
            "planned" => Some(Self::Planned),
            "shown" => Some(Self::Shown),
            _ if cell.starts_with("not taken, because ") => Some(Self::NotTaken),
            _ => Self::parse_decided(cell.strip_prefix("decided in ")?),
        }
    }

    fn parse_decided(rest: &str) -> Option<Self> {
        let (_, link) = rest.strip_prefix('[')?.split_once("](")?;
        let (target, after) = link.split_once(')')?;
        let shown = match after {
            "" => false,
            ", and shown" => true,
            _ => return None,
        };
        Some(Self::Decided { target: target.to_owned(), shown })
    }

    /// Whether the answer rests on tests.
    pub fn needs_tests(&self) -> bool {
        matches!(self, Self::Shown | Self::Decided { shown: true, .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_five_forms_are_read() {
        let decided = |shown| Answer::Decided { target: "ARCHITECTURE.md#d1".into(), shown };
        for (cell, answer) in [
            ("planned", Answer::Planned),
            ("shown", Answer::Shown),
            ("decided in [a library](ARCHITECTURE.md#d1)", decided(false)),
            ("decided in [a library](ARCHITECTURE.md#d1), and shown", decided(true)),
            ("not taken, because nobody needs it", Answer::NotTaken),
        ] {
            assert_eq!(Answer::parse(cell), Some(answer));
        }
    }

    #[test]
    fn anything_else_is_no_answer() {
        for cell in ["", "done", "not taken", "decided in ARCHITECTURE.md", "decided in [a](b) perhaps"] {
            assert_eq!(Answer::parse(cell), None, "{cell}");
        }
    }
}
