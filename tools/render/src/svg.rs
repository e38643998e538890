//! A machine as a picture: one SVG that needs nothing beside it.
//!
//! It has no scripts, links or fonts, follows the viewer's choice of light or dark, and says in titles and a
//! description what it shows. All text is escaped for XML after it was made safe to show.

mod icon;
mod theme;

use std::fmt::{self, Write as _};

use crate::face::{self, Align, BAND, Part, Pill, Shape, Tone};
use crate::geometry::{Point, Rect};
use crate::layout::{Card, Edge, Label, Layout, LegendEntry, Line, Look, Swatch};
use crate::measure::{Type, peer};
use crate::model::{Kind, Node, Topology};

/// The radius of cards.
const RADIUS: f64 = 10.0;
/// The radius of an edge's corners.
const BEND: f64 = 9.0;

/// The picture of a machine, as the text of an SVG file.
///
/// ```
/// use lanewarden_render::{Kind, Node, Topology, svg};
///
/// let bridge = Node { kind: Kind::HostBridge, address: "pci0000:00".into(), ..Node::default() };
/// let machine = Topology { title: "example".into(), roots: vec![bridge], ..Topology::default() };
/// assert!(svg::topology(&machine).starts_with("<svg "));
/// ```
#[must_use]
pub fn topology(topology: &Topology) -> String {
    let layout = Layout::new(topology);
    let mut drawing = Drawing { out: String::new() };
    drawing.document(topology, &layout);
    drawing.out
}

struct Drawing {
    out: String,
}

impl Drawing {
    fn line(&mut self, line: fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.out.write_fmt(line);
        self.out.push('\n');
    }

    fn document(&mut self, topology: &Topology, layout: &Layout<'_>) {
        let (width, height) = (Num(layout.width), Num(layout.height));
        self.line(format_args!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" class="lw" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="graphics-document document" aria-labelledby="lw-title lw-desc">"#
        ));
        let title = if topology.title.is_empty() { "PCIe topology" } else { &topology.title };
        self.line(format_args!(r#"<title id="lw-title">{}</title>"#, Xml(&peer(title))));
        self.line(format_args!(r#"<desc id="lw-desc">{}</desc>"#, Xml(&description(topology))));
        self.line(format_args!("<style>\n{}</style>", theme::sheet()));
        self.line(format_args!(r#"<rect class="lw-page" width="{width}" height="{height}"/>"#));
        for heading in &layout.heading {
            self.text(heading.rect, &heading.content, heading.set, Tone::Normal, Align::Left);
        }
        self.edges(&layout.edges);
        layout.cards.iter().for_each(|card| self.card(card));
        layout.legend.iter().for_each(|entry| self.legend(entry));
        self.line(format_args!("</svg>"));
    }

    /// Edges that limit a path lie over the others, and labels over all.
    fn edges(&mut self, edges: &[Edge]) {
        for limits in [false, true] {
            for edge in edges.iter().filter(|edge| edge.look.limits == limits) {
                self.path(&bent(&edge.points), edge.look);
            }
        }
        edges
            .iter()
            .filter_map(|edge| edge.label.as_ref().map(|label| (edge.look, label)))
            .for_each(|(look, label)| self.label(look, label));
    }

    fn path(&mut self, data: &str, look: Look) {
        let width = Num(look.thickness);
        self.line(format_args!(r#"<path class="{}" stroke-width="{width}" d="{data}"/>"#, edge_class(look)));
    }

    fn label(&mut self, look: Look, label: &Label) {
        let class = if look.limits { "lw-label lw-limit" } else { "lw-label" };
        self.rect(label.rect, class, 7.0);
        let mut rect = Rect { y: label.rect.y + 3.0, height: Type::Link.leading(), ..label.rect };
        for (content, tone) in &label.lines {
            self.text(rect, content, Type::Link, *tone, Align::Middle);
            rect.y += rect.height;
        }
    }

    /// A card is a picture in the picture, so that nothing on it can reach beyond it.
    fn card(&mut self, card: &Card<'_>) {
        let Rect { x, y, width, height } = card.rect;
        let (x, y, w, h) = (Num(x), Num(y), Num(width), Num(height));
        self.line(format_args!(
            r#"<svg class="lw-{}" role="graphics-symbol img" x="{x}" y="{y}" width="{w}" height="{h}">"#,
            kind_class(card.node.kind)
        ));
        self.line(format_args!("<title>{}</title>", Xml(&face::describe(card.node))));
        let limits = card.node.limits.as_ref().is_some_and(|limits| limits.hop == crate::Hop::Function);
        let border = if limits { 2.0 } else { 1.0 };
        let inner = Rect::new(border / 2.0, border / 2.0, width - border, height - border);
        self.rect(inner, if limits { "lw-card lw-limit" } else { "lw-card" }, RADIUS);
        self.band(height);
        card.face.parts.iter().for_each(|part| self.part(part, card.node));
        self.line(format_args!("</svg>"));
    }

    /// A strip along the card's left, within its corners.
    fn band(&mut self, height: f64) {
        // Where the corner's circle is, at the strip's right.
        let inset = RADIUS - (RADIUS * RADIUS - (RADIUS - BAND) * (RADIUS - BAND)).sqrt();
        let (band, radius, top) = (Num(BAND), Num(RADIUS), Num(inset));
        let (side, bottom) = (Num(height - RADIUS), Num(height - inset));
        self.line(format_args!(
            r#"<path class="lw-band" d="M{band} {top}A{radius} {radius} 0 0 0 0 {radius}V{side}A{radius} {radius} 0 0 0 {band} {bottom}z"/>"#
        ));
    }

    fn part(&mut self, part: &Part, node: &Node) {
        match &part.shape {
            Shape::Text { content, set, tone, align } => self.text(part.rect, content, *set, *tone, *align),
            Shape::Pill(pill) => self.pill(part.rect, *pill),
            Shape::Rule => self.rect(part.rect, "lw-rule", 0.0),
            Shape::Icon => self.icon(part.rect, node.kind),
        }
    }

    fn pill(&mut self, rect: Rect, pill: Pill) {
        // Borders are drawn half outside.
        let inner = Rect::new(rect.x + 0.5, rect.y + 0.5, rect.width - 1.0, rect.height - 1.0);
        self.rect(inner, pill_class(pill), if pill == Pill::Panel { 7.0 } else { 5.0 });
    }

    fn icon(&mut self, rect: Rect, kind: Kind) {
        self.rect(rect, "lw-sign", 5.0);
        let (x, y) = (Num(rect.x), Num(rect.y));
        self.line(format_args!(
            r#"<path class="lw-icon" transform="translate({x} {y})" d="{}"/>"#,
            icon::path(kind)
        ));
    }

    fn legend(&mut self, entry: &LegendEntry) {
        let sample = entry.sample();
        let middle = sample.y + sample.height / 2.0;
        match entry.swatch {
            Swatch::Kind(kind) => {
                self.line(format_args!(r#"<g class="lw-{}">"#, kind_class(kind)));
                self.icon(sample, kind);
                self.line(format_args!("</g>"));
            }
            Swatch::Line(look) => {
                let ends = [Point::new(sample.x, middle), Point::new(sample.right(), middle)];
                self.path(&bent(&ends), look);
            }
            Swatch::Pill(pill) => {
                self.pill(Rect::new(sample.x, middle - 7.0, sample.width, 14.0), pill);
            }
        }
        self.text(entry.words(), entry.content, Type::Legend, Tone::Dim, Align::Left);
    }

    fn rect(&mut self, rect: Rect, class: &str, radius: f64) {
        let Rect { x, y, width, height } = rect;
        let (x, y, w, h, r) = (Num(x), Num(y), Num(width), Num(height), Num(radius));
        self.line(format_args!(
            r#"<rect class="{class}" x="{x}" y="{y}" width="{w}" height="{h}" rx="{r}"/>"#
        ));
    }

    fn text(&mut self, rect: Rect, content: &str, set: Type, tone: Tone, align: Align) {
        let (x, anchor) = match align {
            Align::Left => (rect.x, ""),
            Align::Middle => (rect.x + rect.width / 2.0, r#" text-anchor="middle""#),
            Align::Right => (rect.right(), r#" text-anchor="end""#),
        };
        // Capitals are about 0.72 of the size high: their middle goes to the rectangle's.
        let baseline = rect.y + rect.height / 2.0 + set.size() * 0.36;
        self.line(format_args!(
            r#"<text class="{}{}" x="{}" y="{}"{anchor}>{}</text>"#,
            theme::class(set),
            tone_class(tone),
            Num(x),
            Num(baseline),
            Xml(content)
        ));
    }
}

/// What the picture shows, in a sentence.
fn description(topology: &Topology) -> String {
    let mut count = Count::default();
    topology.roots.iter().for_each(|root| count.add(root));
    let Count { functions, mailboxes, memories } = count;
    let subtitle = peer(&topology.subtitle);
    let end = if subtitle.is_empty() { String::new() } else { format!(" {subtitle}") };
    format!(
        "A PCIe hierarchy of {functions} functions with {mailboxes} DOE mailboxes and {memories} memories.{end}"
    )
}

#[derive(Default)]
struct Count {
    functions: usize,
    mailboxes: usize,
    memories: usize,
}

impl Count {
    fn add(&mut self, node: &Node) {
        self.functions = self.functions.saturating_add(usize::from(node.kind != Kind::HostBridge));
        self.mailboxes = self.mailboxes.saturating_add(node.mailboxes.len());
        self.memories = self.memories.saturating_add(usize::from(node.kind == Kind::Memory));
        node.children.iter().for_each(|child| self.add(child));
    }
}

/// A line through points, with rounded corners.
fn bent(points: &[Point]) -> String {
    let mut data = String::new();
    for (at, point) in points.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| points.get(at));
        let after = at.checked_add(1).and_then(|at| points.get(at));
        let (x, y) = (Num(point.x), Num(point.y));
        let _ = match (before, after) {
            (None, _) => write!(data, "M{x} {y}"),
            (Some(_), None) => write!(data, "L{x} {y}"),
            (Some(before), Some(after)) => {
                let radius = BEND.min(distance(*before, *point) / 2.0).min(distance(*point, *after) / 2.0);
                let (from, to) = (towards(*point, *before, radius), towards(*point, *after, radius));
                write!(data, "L{} {}Q{x} {y} {} {}", Num(from.x), Num(from.y), Num(to.x), Num(to.y))
            }
        };
    }
    data
}

fn distance(a: Point, b: Point) -> f64 {
    (a.x - b.x).hypot(a.y - b.y)
}

/// The point at a distance from `from` on the way to `to`.
fn towards(from: Point, to: Point, by: f64) -> Point {
    let part = by / distance(from, to).max(by).max(0.001);
    Point::new(from.x + (to.x - from.x) * part, from.y + (to.y - from.y) * part)
}

const fn edge_class(look: Look) -> &'static str {
    match (look.line, look.limits) {
        (Line::Internal, _) => "lw-edge lw-internal",
        (Line::Link, false) => "lw-edge",
        (Line::Link, true) => "lw-edge lw-limit",
        (Line::Degraded, false) => "lw-edge lw-degraded",
        (Line::Degraded, true) => "lw-edge lw-degraded lw-limit",
    }
}

const fn pill_class(pill: Pill) -> &'static str {
    match pill {
        Pill::Alias => "lw-alias",
        Pill::Chip => "lw-chip",
        Pill::Answers => "lw-answers",
        Pill::InUse => "lw-inuse",
        Pill::Failed => "lw-failed",
        Pill::NotAsked => "lw-notasked",
        Pill::Panel => "lw-panel",
        Pill::Limit => "lw-limits",
    }
}

const fn tone_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Normal => "",
        Tone::Dim => " lw-dim",
        Tone::Kind => " lw-tone",
        Tone::Limit => " lw-warm",
        Tone::Warning => " lw-warn",
        Tone::Bad => " lw-bad",
    }
}

pub(crate) const fn kind_class(kind: Kind) -> &'static str {
    match kind {
        Kind::HostBridge => "host",
        Kind::RootPort => "root",
        Kind::UpstreamPort => "up",
        Kind::DownstreamPort => "down",
        Kind::Endpoint => "endpoint",
        Kind::Memory => "memory",
        Kind::Accelerator => "accelerator",
        Kind::Storage => "storage",
        Kind::Network => "network",
        Kind::Bridge => "bridge",
        Kind::Other => "other",
    }
}

/// A number with as few digits as it needs: tenths of a pixel are as fine as the eye.
struct Num(f64);

impl fmt::Display for Num {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0 * 10.0).round() / 10.0;
        // Never -0.
        write!(f, "{}", tenths + 0.0)
    }
}

/// Text as XML content. What XML has no way to write was made visible before.
struct Xml<'a>(&'a str);

impl fmt::Display for Xml<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                _ => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
