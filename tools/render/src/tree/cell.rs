//! What is in a cell: lines of spans, each with a role.

use anstyle::{AnsiColor, Style};

use super::guide::Glyphs;
use crate::text;

/// The most columns a span takes; what is longer is cut.
const LONGEST: usize = 256;

/// What a piece of text is, which decides how it looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Text like any other.
    #[default]
    Plain,
    /// Of less interest than what is around it.
    Dim,
    /// What its line is about.
    Strong,
    /// A column's heading.
    Heading,
    /// A guide of the tree.
    Guide,
    /// An address.
    Address,
    /// A name that can be typed instead of an address.
    Alias,
    /// As it should be.
    Good,
    /// Worth a look.
    Warning,
    /// Wrong.
    Bad,
}

impl Role {
    /// How it looks on a terminal with colours.
    #[must_use]
    pub const fn style(self) -> Style {
        let style = Style::new();
        match self {
            Self::Plain => style,
            Self::Dim | Self::Guide => style.dimmed(),
            Self::Strong => style.bold(),
            Self::Heading => style.bold().underline(),
            Self::Address => style.bold().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Cyan))),
            Self::Alias | Self::Good => style.fg_color(Some(anstyle::Color::Ansi(AnsiColor::Green))),
            Self::Warning => style.fg_color(Some(anstyle::Color::Ansi(AnsiColor::Yellow))),
            Self::Bad => style.bold().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red))),
        }
    }
}

/// A piece of text that is safe to print, with its role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    text: String,
    role: Role,
}

/// A line of a cell.
pub(super) type Line = Vec<Span>;

impl Span {
    /// Text from anyone: it is escaped, and cut after 256 columns.
    #[must_use]
    pub fn new(text: &str, role: Role) -> Self {
        Self { text: text::ellipsis(&text::escape(text), LONGEST).into_owned(), role }
    }

    /// The text as it is printed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it is.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    fn width(&self) -> usize {
        text::columns(&self.text)
    }
}

/// A cell: lines of spans.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    pub(super) lines: Vec<Line>,
}

impl Cell {
    /// A cell with one line of one span.
    #[must_use]
    pub fn text(text: &str, role: Role) -> Self {
        let mut cell = Self::default();
        cell.line([Span::new(text, role)]);
        cell
    }

    /// Adds a line. A line without text is left out.
    pub fn line(&mut self, spans: impl IntoIterator<Item = Span>) {
        let line: Line = spans.into_iter().filter(|span| !span.text.is_empty()).collect();
        if !line.is_empty() {
            self.lines.push(line);
        }
    }

    /// The columns that its longest line takes.
    pub(super) fn width(&self) -> usize {
        self.lines.iter().map(|line| length(line)).max().unwrap_or(0)
    }

    /// Its lines, each broken between words into at most `lines` lines of at most `width` columns.
    pub(super) fn wrapped(&self, width: usize, lines: usize, glyphs: Glyphs) -> Vec<Line> {
        self.lines.iter().flat_map(|line| wrap(line, width, lines.max(1), glyphs)).collect()
    }
}

fn length(line: &[Span]) -> usize {
    line.iter().map(Span::width).sum()
}

fn wrap(line: &Line, width: usize, most: usize, glyphs: Glyphs) -> Vec<Line> {
    if length(line) <= width {
        return vec![line.clone()];
    }
    let mut lines: Vec<Line> = vec![Line::new()];
    let full = most.max(1);
    for word in words(line) {
        let last = lines.len() == full;
        let Some(current) = lines.last_mut() else { break };
        // The last line takes all that is left and is cut afterwards.
        if last || current.is_empty() || length(current).saturating_add(word.trimmed()) <= width {
            current.push(word);
        } else {
            lines.push(vec![word]);
        }
    }
    lines.iter().map(|line| cut(line, width, glyphs)).collect()
}

impl Span {
    /// The columns it takes at the end of a line.
    fn trimmed(&self) -> usize {
        text::columns(self.text.trim_end())
    }
}

/// The words of a line, each with the spaces after it.
fn words(line: &Line) -> impl Iterator<Item = Span> + '_ {
    line.iter().flat_map(|span| {
        span.text.split_inclusive(' ').map(|word| Span { text: word.to_owned(), role: span.role })
    })
}

/// A line within a width, without spaces at its end, words of one role in one span.
fn cut(line: &[Span], width: usize, glyphs: Glyphs) -> Line {
    let mut joined: Line = Line::new();
    for word in line {
        match joined.last_mut() {
            Some(last) if last.role == word.role => last.text.push_str(&word.text),
            _ => joined.push(word.clone()),
        }
    }
    if let Some(last) = joined.last_mut() {
        last.text.truncate(last.text.trim_end().len());
    }
    if length(&joined) <= width { joined } else { shorten(joined, width, glyphs) }
}

fn shorten(line: Line, width: usize, glyphs: Glyphs) -> Line {
    let mut short = Line::new();
    let mut room = width;
    for span in line {
        let taken = span.width();
        if taken < room {
            room = room.saturating_sub(taken);
            short.push(span);
        } else {
            // Something follows, or it does not fit: a mark takes the last column.
            let marked = format!("{} ", span.text);
            let padded = if taken == room { marked } else { span.text };
            let text = text::ellipsis_with(&padded, room, glyphs.mark()).into_owned();
            short.push(Span { text, role: span.role });
            break;
        }
    }
    short
}
