//! What the colours and lines of a picture mean; only what is in it is explained.

use std::collections::BTreeSet;

use super::arrange::Entry as Placed;
use super::{Line, Look};
use crate::face::Pill;
use crate::geometry::{Point, Rect};
use crate::measure::Type;
use crate::model::{Hop, Kind, State};

/// The height of an entry.
const HEIGHT: f64 = 20.0;
/// The room of a swatch.
const SWATCH: f64 = 28.0;

/// A swatch and what it means.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) rect: Rect,
    pub(crate) swatch: Swatch,
    pub(crate) content: &'static str,
}

/// A sample of what is explained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Swatch {
    Kind(Kind),
    Line(Look),
    Pill(Pill),
}

impl Entry {
    /// Where the sample is.
    pub(crate) fn sample(&self) -> Rect {
        Rect::new(self.rect.x, self.rect.y, SWATCH - 8.0, HEIGHT)
    }

    /// Where the words are.
    pub(crate) fn words(&self) -> Rect {
        Rect::new(self.rect.x + SWATCH, self.rect.y, self.rect.width - SWATCH, HEIGHT)
    }
}

/// The entries in lines of a width from `corner` on, and where they end.
pub(super) fn new(placed: &[Placed<'_>], corner: Point, width: f64) -> (Vec<Entry>, f64) {
    let mut entries = Vec::new();
    let mut y = corner.y;
    let groups = [kinds(placed), lines(placed), mailboxes(placed)];
    for group in groups.iter().filter(|group| !group.is_empty()) {
        y = flow(&mut entries, group, Point::new(corner.x, y), width) + 4.0;
    }
    (entries, y)
}

fn kinds(placed: &[Placed<'_>]) -> Vec<(Swatch, &'static str)> {
    let seen: BTreeSet<Kind> = placed.iter().map(|entry| entry.node.kind).collect();
    seen.into_iter().map(|kind| (Swatch::Kind(kind), kind.label())).collect()
}

fn flow(entries: &mut Vec<Entry>, group: &[(Swatch, &'static str)], corner: Point, width: f64) -> f64 {
    let Point { mut x, mut y } = corner;
    for (swatch, content) in group {
        let taken = SWATCH + Type::Legend.width(content).ceil();
        if x > corner.x && x + taken > corner.x + width {
            (x, y) = (corner.x, y + HEIGHT + 4.0);
        }
        entries.push(Entry { rect: Rect::new(x, y, taken, HEIGHT), swatch: *swatch, content });
        x += taken + 20.0;
    }
    y + HEIGHT
}

fn lines(placed: &[Placed<'_>]) -> Vec<(Swatch, &'static str)> {
    let looks = || placed.iter().map(|entry| entry.look);
    let mut samples = Vec::new();
    let look = |line, thickness, limits| Swatch::Line(Look { thickness, line, limits });
    if looks().any(|look| look.line != Line::Internal) {
        samples.push((look(Line::Link, 6.0, false), "Link: the thicker, the wider and faster"));
    }
    if placed.iter().any(|entry| entry.is_inside()) {
        samples.push((look(Line::Internal, 1.5, false), "Inside a host bridge or a switch"));
    }
    if looks().any(|look| look.line == Line::Degraded) {
        samples.push((look(Line::Degraded, 5.0, false), "Link below what both ends can do"));
    }
    if looks().any(|look| look.limits) {
        samples.push((look(Line::Link, 6.0, true), "Link that limits a path"));
    }
    let limits =
        |entry: &Placed<'_>| entry.node.limits.as_ref().is_some_and(|limits| limits.hop == Hop::Function);
    if placed.iter().any(limits) {
        samples.push((Swatch::Pill(Pill::Limit), "Function that limits a path"));
    }
    samples
}

fn mailboxes(placed: &[Placed<'_>]) -> Vec<(Swatch, &'static str)> {
    let states = || placed.iter().flat_map(|entry| &entry.node.mailboxes).map(|mailbox| &mailbox.state);
    let samples = [
        (Pill::Answers, "DOE mailbox that answers", states().any(|state| *state == State::Ok)),
        (
            Pill::InUse,
            "Mailbox in use by someone else",
            states().any(|state| matches!(state, State::InUse(_))),
        ),
        (Pill::Failed, "Mailbox that failed", states().any(|state| matches!(state, State::Failed(_)))),
        (Pill::NotAsked, "Mailbox not asked", states().any(|state| matches!(state, State::NotAsked(_)))),
    ];
    samples
        .into_iter()
        .filter(|sample| sample.2)
        .map(|(pill, words, _)| (Swatch::Pill(pill), words))
        .collect()
}
