//! The tree: where cards are and how edges run between them.
//!
//! Each function and all below it make a block. A block holds the function's card and its children's blocks, stacked
//! in columns; left of each column is a gutter with a spine, from which a stub with the link's label leads to each
//! child. Spines of several columns hang on a trunk above them. Blocks do not overlap because each is as large as all
//! in it, and nothing but gutters and the strip of the trunk is between them.

use super::{Edge, Label, Look};
use crate::face::Face;
use crate::geometry::{Point, Rect};
use crate::model::Node;

/// From a card to the spine of its children to the right of it.
const REACH: f64 = 18.0;
/// From a card's left to the spine of its children below it.
const INDENT: f64 = 22.0;
/// A gutter without labels.
const STUB: f64 = 30.0;
/// Left and right of a label.
const CLEAR: f64 = 12.0;
/// Above the columns, where there are several.
const TRUNK: f64 = 20.0;
/// Between a column and the next one's spine.
const COLUMN_GAP: f64 = 26.0;
/// Between a column of roots and the next: more, so that each tree is seen to be one.
const ROOT_GAP: f64 = 72.0;

/// A function to place. Children come after their parents.
pub(crate) struct Entry<'a> {
    pub(super) node: &'a Node,
    pub(super) face: Face,
    pub(super) look: Look,
    label: Option<Label>,
    /// From the spine to the card: as much for all functions of a level, so that they line up.
    gutter: f64,
    depth: usize,
    parent: Option<usize>,
    children: Vec<usize>,
}

impl Entry<'_> {
    /// Whether it hangs on its parent without a link.
    pub(super) fn is_inside(&self) -> bool {
        self.parent.is_some() && self.node.link.is_none()
    }
}

/// A way to lay a tree out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// How many levels have their children to the right; from there on they are below.
    pub(super) levels: usize,
    /// How high a column of siblings may become.
    pub(super) limit: f64,
}

/// A tree, laid out.
pub(super) struct Arrangement {
    pub(super) width: f64,
    pub(super) height: f64,
    /// For each entry its card.
    pub(super) cards: Vec<Rect>,
    /// For each entry the way from its parent, and where its label is.
    ways: Vec<Option<Way>>,
}

#[derive(Clone)]
struct Way {
    points: Vec<Point>,
    label: Option<Rect>,
}

/// All functions of the trees, each before what is below it.
pub(super) fn entries(roots: &[Node]) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    for root in roots {
        push(&mut entries, root, None, 0);
    }
    set_gutters(&mut entries);
    entries
}

/// A link's label has to fit between a spine and a card; where there is no link a short stub will do.
fn set_gutters(entries: &mut [Entry<'_>]) {
    let deepest = entries.iter().map(|entry| entry.depth).max().unwrap_or(0);
    let mut widest = vec![0.0_f64; deepest.saturating_add(1)];
    for entry in entries.iter() {
        if let (Some(level), Some(label)) = (widest.get_mut(entry.depth), &entry.label) {
            *level = level.max(label.rect.width + 2.0 * CLEAR);
        }
    }
    for entry in entries.iter_mut().filter(|entry| entry.parent.is_some()) {
        let level = widest.get(entry.depth).copied().unwrap_or(0.0);
        entry.gutter = if entry.label.is_some() { level } else { STUB };
    }
}

fn push<'a>(entries: &mut Vec<Entry<'a>>, node: &'a Node, parent: Option<usize>, depth: usize) -> usize {
    let at = entries.len();
    entries.push(Entry {
        node,
        face: Face::new(node, parent.is_none()),
        look: if parent.is_some() { Look::of(node) } else { Look::internal() },
        label: parent.and_then(|_| Label::new(node)),
        gutter: 0.0,
        depth,
        parent,
        children: Vec::new(),
    });
    for child in &node.children {
        let child = push(entries, child, Some(at), depth.saturating_add(1));
        if let Some(entry) = entries.get_mut(at) {
            entry.children.push(child);
        }
    }
    at
}

/// The edges of an arrangement moved to `origin`.
pub(super) fn edges(entries: &[Entry<'_>], tree: &Arrangement, origin: Point) -> Vec<Edge> {
    let ways = entries.iter().zip(&tree.ways).filter_map(|(entry, way)| Some((entry, way.as_ref()?)));
    ways.map(|(entry, way)| Edge {
        points: way.points.iter().map(|point| point.moved(origin)).collect(),
        look: entry.look,
        label: entry
            .label
            .as_ref()
            .zip(way.label)
            .map(|(label, rect)| Label { rect: rect.moved(origin), lines: label.lines.clone() }),
    })
    .collect()
}

impl Plan {
    /// Ways worth trying, by what has to be placed.
    pub(super) fn candidates(entries: &[Entry<'_>]) -> impl Iterator<Item = Self> {
        let area: f64 =
            entries.iter().map(|entry| (entry.face.width + 120.0) * (entry.face.height + 20.0)).sum();
        let side = (area / 1.5).sqrt();
        let limits = [0.5, 0.7, 0.85, 1.0, 1.2, 1.4, 1.7, 2.0, 3.0].map(|factor| factor * side);
        let levels = [usize::MAX, 0, 1, 2, 3];
        levels.into_iter().flat_map(move |levels| {
            limits.into_iter().chain([700.0, f64::INFINITY]).map(move |limit| Self { levels, limit })
        })
    }
}

/// A function and all below it, at the origin.
#[derive(Clone, Default)]
struct Block {
    width: f64,
    height: f64,
    card: Point,
    /// Where an edge from the left meets the card.
    anchor: f64,
    /// For each child where its block is, and the spine it hangs on.
    children: Vec<Placed>,
    /// The trunk's height, where there are several columns.
    trunk: Option<f64>,
    /// Where the edges leave the card.
    start: Point,
    below: bool,
}

#[derive(Clone, Copy)]
struct Placed {
    entry: usize,
    at: Point,
    spine: f64,
    first: bool,
}

impl Arrangement {
    pub(super) fn new(entries: &[Entry<'_>], plan: Plan) -> Self {
        let mut blocks = vec![Block::default(); entries.len()];
        for (at, entry) in entries.iter().enumerate().rev() {
            let block = block(entries, &blocks, entry, plan);
            if let Some(slot) = blocks.get_mut(at) {
                *slot = block;
            }
        }
        let roots: Vec<usize> = entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.parent.is_none())
            .map(|(at, _)| at)
            .collect();
        let stack = Stack::new(entries, &blocks, &roots, plan.limit, 0.0);
        Self::resolve(entries, &blocks, &stack)
    }

    /// From places in blocks to places in the picture: a block comes before the blocks in it.
    fn resolve(entries: &[Entry<'_>], blocks: &[Block], stack: &Stack) -> Self {
        let mut origins = vec![Point::default(); entries.len()];
        let mut ways = vec![None; entries.len()];
        for root in &stack.placed {
            set(&mut origins, root.entry, root.at);
        }
        let mut cards = Vec::with_capacity(entries.len());
        for (at, (entry, block)) in entries.iter().zip(blocks).enumerate() {
            let origin = origins.get(at).copied().unwrap_or_default();
            let card = block.card.moved(origin);
            cards.push(Rect::new(card.x, card.y, entry.face.width, entry.face.height));
            for child in &block.children {
                set(&mut origins, child.entry, child.at.moved(origin));
                set(&mut ways, child.entry, way(entries, blocks, block, child, origin));
            }
        }
        Self { width: stack.width, height: stack.height, cards, ways }
    }

    pub(super) fn area(&self) -> f64 {
        self.width * self.height
    }

    /// How large a screen shows it, up to its full size.
    pub(super) fn scale(&self) -> f64 {
        const SCREEN: (f64, f64) = (1600.0, 960.0);
        (SCREEN.0 / self.width.max(1.0)).min(SCREEN.1 / self.height.max(1.0)).min(1.0)
    }
}

fn set<T>(all: &mut [T], at: usize, value: T) {
    if let Some(slot) = all.get_mut(at) {
        *slot = value;
    }
}

fn block(entries: &[Entry<'_>], blocks: &[Block], entry: &Entry<'_>, plan: Plan) -> Block {
    let (width, height) = (entry.face.width, entry.face.height);
    let leaf = Block { width, height, anchor: height / 2.0, ..Block::default() };
    if entry.children.is_empty() {
        return leaf;
    }
    if entry.depth < plan.levels {
        let stack = Stack::new(entries, blocks, &entry.children, plan.limit, width + REACH);
        beside(leaf, stack)
    } else {
        beneath(leaf, Stack::new(entries, blocks, &entry.children, plan.limit, INDENT))
    }
}

/// The card halfway down its children, or at the top of several columns of them.
fn beside(card: Block, stack: Stack) -> Block {
    let middle = if stack.trunk.is_some() { card.anchor } else { stack.middle };
    let top = middle - card.height / 2.0;
    let (card_y, children_y) = (top.max(0.0), (-top).max(0.0));
    let anchor = card_y + card.anchor;
    Block {
        width: stack.width.max(card.width),
        height: (card_y + card.height).max(children_y + stack.height),
        card: Point::new(0.0, card_y),
        anchor,
        start: Point::new(card.width, anchor),
        trunk: stack.trunk.map(|trunk| trunk + children_y),
        children: stack.moved(children_y),
        below: false,
    }
}

/// The card above its children.
fn beneath(card: Block, stack: Stack) -> Block {
    let children_y = card.height + 16.0;
    Block {
        width: stack.width.max(card.width),
        height: children_y + stack.height,
        card: Point::default(),
        anchor: card.anchor,
        start: Point::new(INDENT, card.height),
        trunk: stack.trunk.map(|trunk| trunk + children_y),
        children: stack.moved(children_y),
        below: true,
    }
}

/// The way from a card to a child's: to the spine, along the trunk if there is one, down the spine, along the stub.
fn way(entries: &[Entry<'_>], blocks: &[Block], block: &Block, child: &Placed, origin: Point) -> Option<Way> {
    let below = blocks.get(child.entry)?;
    let y = child.at.y + below.anchor;
    let first = block.children.first()?.spine;
    let mut points = vec![block.start];
    if !block.below {
        points.push(Point::new(first, block.start.y));
    }
    if let Some(trunk) = block.trunk.filter(|_| !child.first) {
        points.extend([Point::new(first, trunk), Point::new(child.spine, trunk)]);
    }
    points.extend([Point::new(child.spine, y), Point::new(child.at.x, y)]);
    let label = entries.get(child.entry)?.label.as_ref().map(|label| {
        let Rect { width, height, .. } = label.rect;
        let x = (child.spine + child.at.x - width) / 2.0;
        Rect::new(x, y - height / 2.0, width, height).moved(origin)
    });
    let points = straightened(&points).into_iter().map(|point| point.moved(origin)).collect();
    Some(Way { points, label })
}

/// Without points that are no corner.
fn straightened(points: &[Point]) -> Vec<Point> {
    let near = |a: f64, b: f64| (a - b).abs() < 0.01;
    let mut corners: Vec<Point> = Vec::with_capacity(points.len());
    for point in points {
        if let [.., a, b] = corners.as_slice()
            && ((near(a.x, b.x) && near(b.x, point.x)) || (near(a.y, b.y) && near(b.y, point.y)))
        {
            corners.pop();
        }
        if !corners.last().is_some_and(|last| near(last.x, point.x) && near(last.y, point.y)) {
            corners.push(*point);
        }
    }
    corners
}

/// Siblings in columns.
struct Stack {
    placed: Vec<Placed>,
    width: f64,
    height: f64,
    trunk: Option<f64>,
    /// Halfway between the first and the last anchor.
    middle: f64,
}

impl Stack {
    /// The first spine is at `spine`.
    fn new(entries: &[Entry<'_>], blocks: &[Block], siblings: &[usize], limit: f64, spine: f64) -> Self {
        let heights: Vec<(f64, f64)> =
            siblings.iter().map(|at| (height(blocks, *at), gap(entries, *at))).collect();
        let counts = columns(&heights, limit);
        // Only roots have no spine to their left.
        let (strip, apart) = if spine > 0.0 { (TRUNK, COLUMN_GAP) } else { (0.0, ROOT_GAP) };
        let top = if counts.len() > 1 { strip } else { 0.0 };
        let trunk = (top > 0.0).then_some(top / 2.0);
        let mut stack =
            Self { placed: Vec::with_capacity(siblings.len()), width: 0.0, height: 0.0, trunk, middle: 0.0 };
        let mut spine = spine;
        let mut rest = siblings;
        for (number, count) in counts.iter().enumerate() {
            let (column, after) = rest.split_at_checked(*count).unwrap_or((rest, &[]));
            stack.column(entries, blocks, column, Point::new(spine, top), number == 0);
            spine = stack.width + apart;
            rest = after;
        }
        stack.middle = stack.halfway(blocks);
        stack
    }

    fn column(
        &mut self,
        entries: &[Entry<'_>],
        blocks: &[Block],
        column: &[usize],
        corner: Point,
        first: bool,
    ) {
        let spine = corner.x;
        let x = spine + column.iter().map(|at| gutter(entries, *at)).fold(0.0, f64::max);
        let mut y = corner.y;
        for at in column {
            self.placed.push(Placed { entry: *at, at: Point::new(x, y), spine, first });
            let block = blocks.get(*at).map_or((0.0, 0.0), |block| (block.width, block.height));
            self.width = self.width.max(x + block.0);
            self.height = self.height.max(y + block.1);
            y += block.1 + gap(entries, *at);
        }
    }

    fn halfway(&self, blocks: &[Block]) -> f64 {
        let anchor =
            |placed: &Placed| placed.at.y + blocks.get(placed.entry).map_or(0.0, |block| block.anchor);
        match (self.placed.first(), self.placed.last()) {
            (Some(first), Some(last)) => f64::midpoint(anchor(first), anchor(last)),
            _ => 0.0,
        }
    }

    fn moved(self, y: f64) -> Vec<Placed> {
        let by = Point::new(0.0, y);
        self.placed.into_iter().map(|placed| Placed { at: placed.at.moved(by), ..placed }).collect()
    }
}

fn height(blocks: &[Block], at: usize) -> f64 {
    blocks.get(at).map_or(0.0, |block| block.height)
}

/// Between a function's block and the next sibling's: more, the more there is in it.
fn gap(entries: &[Entry<'_>], at: usize) -> f64 {
    entries.get(at).map_or(0.0, |entry| match (entry.parent, entry.children.is_empty()) {
        (None, _) => 36.0,
        (Some(_), true) => 16.0,
        (Some(_), false) => 24.0,
    })
}

fn gutter(entries: &[Entry<'_>], at: usize) -> f64 {
    entries.get(at).map_or(0.0, |entry| entry.gutter)
}

/// How many siblings go into each column, so that the columns are about as high as one another and, if none of the
/// siblings is too high by itself, within `limit`.
fn columns(heights: &[(f64, f64)], limit: f64) -> Vec<usize> {
    let first = filled(heights, limit);
    let number = first.len();
    if number <= 1 {
        return first;
    }
    let total: f64 = heights.iter().map(|(height, gap)| height + gap).sum();
    let Ok(parts) = u32::try_from(number) else { return first };
    let even = total / f64::from(parts);
    let levels = (0..25_u32).map(|step| even * (1.0 + f64::from(step) * 0.04));
    levels.map(|level| filled(heights, level)).find(|counts| counts.len() <= number).unwrap_or(first)
}

fn filled(heights: &[(f64, f64)], limit: f64) -> Vec<usize> {
    let mut counts: Vec<usize> = Vec::new();
    let mut y = 0.0;
    for (height, gap) in heights {
        match counts.last_mut() {
            Some(count) if y + height <= limit => *count = count.saturating_add(1),
            _ => {
                counts.push(1);
                y = 0.0;
            }
        }
        y += height + gap;
    }
    counts
}
