//! Where everything is: cards, edges, labels and the legend, as rectangles and points, before any of it is drawn.
//!
//! A tree is laid out in several ways (children to the right of their parent or below it, siblings in more or fewer
//! columns) and the one that a screen shows largest is kept. No two cards, labels or texts overlap in any of them.

mod arrange;
mod legend;

pub(crate) use legend::{Entry as LegendEntry, Swatch};

use crate::face::{self, Face, Tone};
use crate::geometry::{Point, Rect};
use crate::measure::{Type, peer};
use crate::model::{Hop, Link, Node, Topology};
use crate::units;
use arrange::{Arrangement, Entry, Plan};

/// Around the whole picture.
const MARGIN: f64 = 28.0;
/// The least width of a picture, so that its title and legend have room.
const LEAST: f64 = 460.0;

/// A picture.
#[derive(Clone, Debug)]
pub(crate) struct Layout<'a> {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) heading: Vec<Heading>,
    pub(crate) cards: Vec<Card<'a>>,
    pub(crate) edges: Vec<Edge>,
    pub(crate) legend: Vec<LegendEntry>,
}

/// A line of text above the picture.
#[derive(Clone, Debug)]
pub(crate) struct Heading {
    pub(crate) rect: Rect,
    pub(crate) set: Type,
    pub(crate) content: String,
}

/// A function.
#[derive(Clone, Debug)]
pub(crate) struct Card<'a> {
    pub(crate) node: &'a Node,
    pub(crate) rect: Rect,
    pub(crate) face: Face,
}

/// What joins a function to its parent.
#[derive(Clone, Debug)]
pub(crate) struct Edge {
    /// From the parent to the child, by right angles.
    pub(crate) points: Vec<Point>,
    pub(crate) look: Look,
    pub(crate) label: Option<Label>,
}

/// How a link is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Look {
    /// In pixels.
    pub(crate) thickness: f64,
    pub(crate) line: Line,
    /// Whether it limits a path.
    pub(crate) limits: bool,
}

/// The kind of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// No link: the inside of a host bridge or a switch.
    Internal,
    /// A link.
    Link,
    /// A link below what both its ends can do.
    Degraded,
}

/// What is written on a link.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    pub(crate) rect: Rect,
    pub(crate) lines: Vec<(String, Tone)>,
}

impl Look {
    const fn internal() -> Self {
        Self { thickness: 1.5, line: Line::Internal, limits: false }
    }

    fn of(node: &Node) -> Self {
        let Some(link) = &node.link else { return Self::internal() };
        let line = if link.degraded.is_some() { Line::Degraded } else { Line::Link };
        Self { thickness: thickness(link), line, limits: limits_by_link(node).is_some() }
    }
}

/// A pixel and a half for the slowest link of one lane, and as much again for each eightfold of it.
fn thickness(link: &Link) -> f64 {
    let slowest = 2_500.0;
    let rate = f64::from(link.megatransfers) * f64::from(link.width);
    1.5 + (rate.max(slowest) / slowest).log2().min(10.0) * 0.65
}

fn limits_by_link(node: &Node) -> Option<&[String]> {
    node.limits.as_ref().filter(|limits| limits.hop == Hop::Link).map(|limits| limits.memories.as_slice())
}

impl Label {
    /// What there is to write on the link of a node, at the origin.
    fn new(node: &Node) -> Option<Self> {
        const MOST: f64 = 150.0;
        let link = node.link.as_ref()?;
        let mut lines = vec![(units::link(link), Tone::Normal)];
        lines.extend(link.degraded.as_deref().map(|could| (peer(could), Tone::Warning)));
        lines.extend(limits_by_link(node).map(|memories| (face::limit(memories), Tone::Limit)));
        for (content, _) in &mut lines {
            *content = Type::Link.fit(content, MOST);
        }
        let width = lines.iter().map(|(content, _)| Type::Link.width(content)).fold(0.0, f64::max) + 14.0;
        let leadings: f64 = lines.iter().map(|_| Type::Link.leading()).sum();
        Some(Self { rect: Rect::new(0.0, 0.0, width.ceil(), leadings + 6.0), lines })
    }
}

impl<'a> Layout<'a> {
    pub(crate) fn new(topology: &'a Topology) -> Self {
        let entries = arrange::entries(&topology.roots);
        let tree = best(&entries);
        let width = tree.width.max(LEAST);
        let (heading, top) = heading(topology, width);
        let origin = Point::new(MARGIN, top);
        let below = Point::new(MARGIN, top + tree.height + 30.0);
        let (legend, bottom) = legend::new(&entries, below, width);
        let edges = arrange::edges(&entries, &tree, origin);
        let cards = entries.into_iter().zip(&tree.cards).map(|(entry, rect)| Card {
            node: entry.node,
            rect: rect.moved(origin),
            face: entry.face,
        });
        let cards = cards.collect();
        Self { width: width + 2.0 * MARGIN, height: bottom + MARGIN, heading, cards, edges, legend }
    }
}

/// The arrangement that a screen shows largest.
fn best(entries: &[Entry<'_>]) -> Arrangement {
    /// A little worse to the right is still better: the eye reads a tree that way.
    const BELOW: f64 = 0.85;
    let mut best = Arrangement::new(entries, Plan { levels: usize::MAX, limit: f64::INFINITY });
    let mut most = (best.scale(), best.area());
    for plan in Plan::candidates(entries) {
        let tree = Arrangement::new(entries, plan);
        let preference = if plan.levels == usize::MAX { 1.0 } else { BELOW };
        let score = (tree.scale() * preference, tree.area());
        if score.0 > most.0 + 1e-9 || (score.0 > most.0 - 1e-9 && score.1 < most.1 - 1.0) {
            (best, most) = (tree, score);
        }
    }
    best
}

/// The lines above the tree, and where the tree starts.
fn heading(topology: &Topology, width: f64) -> (Vec<Heading>, f64) {
    let mut lines = Vec::new();
    let mut y = MARGIN;
    for (content, set) in [(&topology.title, Type::Title), (&topology.subtitle, Type::Subtitle)] {
        if !content.is_empty() {
            let content = set.fit(&peer(content), width);
            lines.push(Heading { rect: Rect::new(MARGIN, y, width, set.leading()), set, content });
            y += set.leading();
        }
    }
    (lines, if y > MARGIN { y + 24.0 } else { y })
}

#[cfg(test)]
mod tests;
