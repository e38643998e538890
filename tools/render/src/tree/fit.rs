//! Which columns there is room for, and how wide each becomes.

use super::{Column, GAP, Row};
use crate::text;

/// The least room for text below an item, however deep it is and narrow the terminal.
pub(super) const LEAST: usize = 12;

/// How the rows are laid out.
pub(super) enum Plan {
    /// Beside each other.
    Columns(Vec<Track>),
    /// Below each other, on a terminal of this width.
    Stacked(usize),
}

/// A column as it is drawn: one of the caller's, or several that take turns below each other.
#[derive(Clone, Debug)]
pub(super) struct Track {
    pub(super) title: String,
    pub(super) width: usize,
    /// The caller's columns, by number, with the lines that one line of theirs may become.
    pub(super) columns: Vec<(usize, usize)>,
    least: usize,
}

impl Plan {
    /// As many columns beside each other as the width has room for: from the right, each is folded into the one
    /// before it until the rest fit at their least widths.
    pub(super) fn new(rows: &[Row<'_>], columns: &[Column], width: Option<usize>) -> Self {
        let mut tracks = natural(rows, columns);
        let Some(width) = width else { return Self::Columns(tracks) };
        loop {
            match shrunk(tracks.clone(), width) {
                Some(fitting) => return Self::Columns(fitting),
                None if tracks.len() > 3 => fold(&mut tracks),
                None => return Self::Stacked(width),
            }
        }
    }
}

/// The columns with content, at the widths at which nothing is cut.
fn natural(rows: &[Row<'_>], columns: &[Column]) -> Vec<Track> {
    let width = |at| rows.iter().map(|row| content(row, at)).max().unwrap_or(0);
    let tracks = columns.iter().enumerate().map(|(at, column)| {
        let title = column.title.to_owned();
        Track { title, width: width(at), columns: vec![(at, column.lines)], least: column.least }
    });
    tracks.filter(|track| track.width > 0).map(Track::with_title).collect()
}

fn content(row: &Row<'_>, at: usize) -> usize {
    let guide = if at == 0 { text::columns(&row.first).max(text::columns(&row.rest)) } else { 0 };
    row.cells.get(at).map_or(0, super::Cell::width).saturating_add(guide)
}

impl Track {
    /// Wide enough for its title.
    fn with_title(mut self) -> Self {
        self.width = self.width.max(text::columns(&self.title));
        self.least = self.least.max(text::columns(&self.title));
        self
    }
}

fn fold(tracks: &mut Vec<Track>) {
    let (last, before) = (tracks.pop(), tracks.pop());
    tracks.extend(before.into_iter().zip(last).map(|(before, last)| {
        let title = format!("{}, {}", before.title, last.title);
        let columns = [before.columns, last.columns].concat();
        let (width, least) = (before.width.max(last.width), before.least.max(last.least));
        Track { title, width, columns, least }.with_title()
    }));
}

/// The columns with the widest made narrower, one after the other, until all fit; `None` where they cannot. The
/// first keeps its width.
fn shrunk(mut tracks: Vec<Track>, room: usize) -> Option<Vec<Track>> {
    while total(&tracks) > room {
        let others = tracks.iter_mut().skip(1);
        let widest = others.filter(|track| track.width > track.least).max_by_key(|track| track.width)?;
        widest.width = widest.width.saturating_sub(1);
    }
    Some(tracks)
}

fn total(tracks: &[Track]) -> usize {
    tracks.iter().map(|track| track.width.saturating_add(GAP)).sum::<usize>().saturating_sub(GAP)
}
