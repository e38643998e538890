//! Trees as text: aligned columns, the first with guides that show what is below what.
//!
//! [`topology`] draws a machine; [`render`] draws any [`Item`]s. Where the terminal is too narrow for the columns at
//! their least widths, columns are folded together from the right, and at last each cell gets lines of its own below
//! its item, so that nothing is lost.

mod cell;
mod fit;
mod guide;
mod topology;

pub use cell::{Cell, Role, Span};
pub use guide::Glyphs;
pub use topology::topology;

use crate::text;
use cell::Line;
use fit::{Plan, Track};

/// Spaces between two columns.
const GAP: usize = 2;

/// How a tree is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The terminal's columns; `None` for no limit.
    pub width: Option<usize>,
    /// What the guides are drawn with.
    pub glyphs: Glyphs,
    /// Whether roles become colours.
    pub style: Style,
}

/// Whether roles become colours. What a colour says is always said in words too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// Text only.
    #[default]
    Plain,
    /// ANSI escape sequences by [`Role::style`].
    Coloured,
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its heading.
    pub title: &'static str,
    /// The least width it is of use at, in terminal columns; the first column is never cut.
    pub least: usize,
    /// How many lines one line of a cell may become where the column is too narrow; the last ends in an ellipsis.
    pub lines: usize,
}

/// A row of the tree, and the rows below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// A cell for each column; missing ones are empty.
    pub cells: Vec<Cell>,
    /// What is below it.
    pub children: Vec<Self>,
}

/// The tree as lines of text, each ended by a newline, none with spaces at its end. Columns that are empty in every
/// row are left out.
#[must_use]
pub fn render(items: &[Item], columns: &[Column], options: &Options) -> String {
    let rows = guide::rows(items, options.glyphs);
    let mut writer = Writer { out: String::new(), options };
    match Plan::new(&rows, columns, options.width) {
        Plan::Columns(tracks) => {
            writer.heading(&tracks);
            rows.iter().for_each(|row| writer.row(row, &tracks));
        }
        Plan::Stacked(width) => rows.iter().for_each(|row| writer.stack(row, columns, width)),
    }
    writer.out
}

/// An item with the guides before it.
struct Row<'a> {
    /// Before the item's first line.
    first: String,
    /// Before its other lines.
    rest: String,
    cells: &'a [Cell],
}

struct Writer<'a> {
    out: String,
    options: &'a Options,
}

impl Writer<'_> {
    fn heading(&mut self, tracks: &[Track]) {
        let mut line = Margin::default();
        for track in tracks {
            self.span(&mut line, &Span::new(&track.title, Role::Heading));
            line.column(track.width);
        }
        self.out.push('\n');
    }

    /// An item's cells beside each other, on as many lines as the tallest takes.
    fn row(&mut self, row: &Row<'_>, tracks: &[Track]) {
        let cells: Vec<Vec<Line>> = tracks.iter().map(|track| self.lines(row, track)).collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(0).max(1);
        for number in 0..height {
            let mut line = Margin::default();
            self.guide(&mut line, if number == 0 { &row.first } else { &row.rest });
            for (cell, track) in cells.iter().zip(tracks) {
                self.spans(&mut line, cell.get(number));
                line.column(track.width);
            }
            self.out.push('\n');
        }
    }

    fn lines(&self, row: &Row<'_>, track: &Track) -> Vec<Line> {
        let mut lines = Vec::new();
        for (at, most) in &track.columns {
            let Some(cell) = row.cells.get(*at) else { continue };
            // The first column is as wide as its widest cell.
            let width = if *at == 0 { usize::MAX } else { track.width };
            lines.extend(cell.wrapped(width, *most, self.options.glyphs));
        }
        lines
    }

    /// An item's cells below each other.
    fn stack(&mut self, row: &Row<'_>, columns: &[Column], width: usize) {
        let indent = text::columns(&row.rest).saturating_add(GAP);
        let room = width.saturating_sub(indent).max(fit::LEAST);
        let mut line = Margin::default();
        self.guide(&mut line, &row.first);
        self.spans(&mut line, row.cells.first().and_then(|cell| cell.lines.first()));
        self.out.push('\n');
        for (cell, column) in row.cells.iter().zip(columns).skip(1) {
            for part in cell.wrapped(room, column.lines, self.options.glyphs) {
                let mut line = Margin::default();
                self.guide(&mut line, &row.rest);
                line.pending = line.pending.saturating_add(GAP);
                self.spans(&mut line, Some(&part));
                self.out.push('\n');
            }
        }
    }

    fn spans(&mut self, line: &mut Margin, spans: Option<&Line>) {
        spans.into_iter().flatten().for_each(|span| self.span(line, span));
    }

    fn guide(&mut self, line: &mut Margin, guide: &str) {
        self.span(line, &Span::new(guide, Role::Guide));
    }

    /// Writes the spaces owed and the span; spaces are owed until something follows them.
    fn span(&mut self, line: &mut Margin, span: &Span) {
        let drawn = span.text().trim_end_matches(' ');
        let spaces = span.text().len().saturating_sub(drawn.len());
        if !drawn.is_empty() {
            self.out.extend(std::iter::repeat_n(' ', std::mem::take(&mut line.pending)));
            line.used = line.used.saturating_add(text::columns(drawn));
            self.push(drawn, span.role());
        }
        line.pad(spaces);
    }

    fn push(&mut self, text: &str, role: Role) {
        let style = role.style();
        match self.options.style {
            Style::Coloured if style != anstyle::Style::new() => {
                self.out.push_str(&format!("{style}{text}{style:#}"));
            }
            _ => self.out.push_str(text),
        }
    }
}

/// Where a line has got to.
#[derive(Default)]
struct Margin {
    /// Columns of the present cell that are written.
    used: usize,
    /// Spaces to write before anything else.
    pending: usize,
}

impl Margin {
    fn pad(&mut self, spaces: usize) {
        self.pending = self.pending.saturating_add(spaces);
        self.used = self.used.saturating_add(spaces);
    }

    /// Ends a cell of a width.
    fn column(&mut self, width: usize) {
        let rest = width.saturating_sub(self.used).saturating_add(GAP);
        self.pending = self.pending.saturating_add(rest);
        self.used = 0;
    }
}

#[cfg(test)]
mod tests;
