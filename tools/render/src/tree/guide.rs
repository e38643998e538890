//! The guides before the items of a tree.

use super::{Item, Row};

/// What the guides are drawn with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Glyphs {
    /// Box-drawing characters.
    #[default]
    Box,
    /// ASCII only, for terminals and logs that have nothing else.
    Ascii,
}

impl Glyphs {
    const fn branch(self, last: bool) -> &'static str {
        match (self, last) {
            (Self::Box, false) => "├─ ",
            (Self::Box, true) => "└─ ",
            (Self::Ascii, false) => "|- ",
            (Self::Ascii, true) => "`- ",
        }
    }

    const fn stem(self) -> &'static str {
        match self {
            Self::Box => "│  ",
            Self::Ascii => "|  ",
        }
    }

    /// Stands for what was cut.
    pub(super) const fn mark(self) -> &'static str {
        match self {
            Self::Box => "…",
            Self::Ascii => "~",
        }
    }
}

/// The items in the order of their lines, each with its guides.
pub(super) fn rows(items: &[Item], glyphs: Glyphs) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for item in items {
        push(&mut rows, item, String::new(), String::new(), glyphs);
    }
    rows
}

/// `below` is what stands before the lines of whatever is under the item.
fn push<'a>(rows: &mut Vec<Row<'a>>, item: &'a Item, first: String, below: String, glyphs: Glyphs) {
    let stem = if item.children.is_empty() { "" } else { glyphs.stem() };
    rows.push(Row { first, rest: format!("{below}{stem}"), cells: &item.cells });
    for (at, child) in item.children.iter().enumerate() {
        let last = at.saturating_add(1) == item.children.len();
        let first = format!("{below}{}", glyphs.branch(last));
        let under = format!("{below}{}", if last { "   " } else { glyphs.stem() });
        push(rows, child, first, under, glyphs);
    }
}
