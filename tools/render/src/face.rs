//! What is on a card, and where: a function's address, name, mailboxes and figures.

use crate::geometry::Rect;
use crate::measure::{Type, peer};
use crate::model::{Figures, Hop, Limits, Mailbox, Node, State};
use crate::units;

/// Between the card's edge and what is on it.
const PAD: f64 = 12.0;
/// The coloured band at the left.
pub(crate) const BAND: f64 = 6.0;
/// The side of the icon.
const ICON: f64 = 20.0;
/// Between one thing and the next.
const GAP: f64 = 6.0;
/// The room of text in a badge or chip, left and right of it.
const INSET: f64 = 6.0;
/// The height of badges and chips.
const PILL: f64 = 18.0;

/// A card's content. Places are relative to its top left corner.
#[derive(Clone, Debug, Default)]
pub(crate) struct Face {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) parts: Vec<Part>,
}

/// Something on a card.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) rect: Rect,
    pub(crate) shape: Shape,
}

/// What it is.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// A line of text in a rectangle as high as its leading.
    Text { content: String, set: Type, tone: Tone, align: Align },
    /// A rounded rectangle, the text over it being a part of its own.
    Pill(Pill),
    /// A line across the card.
    Rule,
    /// The sign of a kind.
    Icon,
}

/// The colour of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Normal,
    Dim,
    Kind,
    Limit,
    Warning,
    Bad,
}

/// Which end of its rectangle text is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Middle,
    Right,
}

/// What a rounded rectangle is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pill {
    /// A name to type instead of the address.
    Alias,
    /// A fact in a word.
    Chip,
    /// A protocol of a mailbox that answers.
    Answers,
    /// A protocol of a mailbox that someone else uses.
    InUse,
    /// A protocol of a mailbox that failed.
    Failed,
    /// A mailbox that was left alone.
    NotAsked,
    /// Behind the figures.
    Panel,
    /// Behind the word that a hop limits a path.
    Limit,
}

impl Pill {
    const fn of(state: &State) -> Self {
        match state {
            State::Ok => Self::Answers,
            State::InUse(_) => Self::InUse,
            State::Failed(_) => Self::Failed,
            State::NotAsked(_) => Self::NotAsked,
        }
    }

    /// The colour of the text on it.
    pub(crate) const fn tone(self) -> Tone {
        match self {
            Self::Alias | Self::Chip | Self::Answers | Self::Panel => Tone::Normal,
            Self::InUse => Tone::Warning,
            Self::Failed => Tone::Bad,
            Self::NotAsked => Tone::Dim,
            Self::Limit => Tone::Limit,
        }
    }
}

impl Face {
    /// The card of a function. That of a root says what its link is, which has no line to be written on.
    pub(crate) fn new(node: &Node, root: bool) -> Self {
        let mut writer = Writer::new(if node.kind.is_port() { 214.0 } else { 284.0 });
        writer.head(node);
        writer.chips(node, root);
        writer.limits(node, root);
        writer.mailboxes(&node.mailboxes);
        if let Some(figures) = &node.figures {
            writer.figures(figures);
        }
        if let Some(note) = &node.note {
            writer.space(GAP);
            writer.lines(note, Type::Small, Tone::Warning, 3);
        }
        writer.finish()
    }
}

/// Fills a card from its top.
struct Writer {
    face: Face,
    /// The top of what comes next.
    y: f64,
    left: f64,
    right: f64,
}

impl Writer {
    fn new(width: f64) -> Self {
        let face = Face { width, ..Face::default() };
        Self { face, y: PAD, left: BAND + PAD, right: width - PAD }
    }

    fn finish(mut self) -> Face {
        self.face.height = (self.y + PAD).ceil();
        self.face
    }

    fn room(&self) -> f64 {
        self.right - self.left
    }

    fn space(&mut self, height: f64) {
        self.y += height;
    }

    fn push(&mut self, rect: Rect, shape: Shape) {
        self.face.parts.push(Part { rect, shape });
    }

    /// A line of text in a rectangle, cut to fit it.
    fn text(&mut self, rect: Rect, content: &str, set: Type, tone: Tone, align: Align) {
        let content = set.fit(&peer(content), rect.width);
        if !content.is_empty() {
            self.push(rect, Shape::Text { content, set, tone, align });
        }
    }

    /// Lines of text across the card.
    fn lines(&mut self, content: &str, set: Type, tone: Tone, most: usize) {
        for line in set.wrap(&peer(content), self.room(), most) {
            let rect = Rect::new(self.left, self.y, self.room(), set.leading());
            self.text(rect, &line, set, tone, Align::Left);
            self.space(set.leading());
        }
    }

    fn head(&mut self, node: &Node) {
        self.push(Rect::new(self.left, self.y + 6.0, ICON, ICON), Shape::Icon);
        let x = self.left + ICON + 10.0;
        for (content, set, tone) in [
            (node.address.as_str(), Type::Address, Tone::Normal),
            (node.kind.label(), Type::Kind, Tone::Kind),
        ] {
            let rect = Rect::new(x, self.y, self.right - x, set.leading());
            self.text(rect, content, set, tone, Align::Left);
            self.space(set.leading());
        }
        if !node.name.is_empty() {
            self.space(4.0);
            self.lines(&node.name, Type::Name, Tone::Normal, 3);
        }
    }

    fn chips(&mut self, node: &Node, root: bool) {
        /// More names than that tell a person nothing.
        const MOST: usize = 6;
        let aliases = node.aliases.iter().take(MOST).map(|alias| (peer(alias), Pill::Alias));
        let capacity = node.capacity.map(|bytes| (units::capacity(bytes), Pill::Chip));
        let link = node.link.as_ref().filter(|_| root).map(|link| (units::link(link), Pill::Chip));
        let chips: Vec<_> = aliases.chain(capacity).chain(link).collect();
        if !chips.is_empty() {
            self.space(GAP);
            self.flow(self.left, &chips, Type::Chip);
        }
    }

    /// Pills beside each other from `left`, on as many lines as they need.
    fn flow(&mut self, left: f64, pills: &[(String, Pill)], set: Type) {
        let mut x = left;
        for (content, pill) in pills {
            let content = set.fit(content, self.right - left - 2.0 * INSET);
            let width = set.width(&content) + 2.0 * INSET;
            if x > left && x + width > self.right {
                x = left;
                self.space(PILL + 4.0);
            }
            self.pill(Rect::new(x, self.y, width, PILL), &content, *pill, set);
            x += width + 4.0;
        }
        self.space(PILL);
    }

    fn pill(&mut self, rect: Rect, content: &str, pill: Pill, set: Type) {
        self.push(rect, Shape::Pill(pill));
        let inner = Rect::new(rect.x + INSET, rect.y, rect.width - 2.0 * INSET, rect.height);
        // The width is the text's own, but for rounding.
        let shape = Shape::Text { content: content.to_owned(), set, tone: pill.tone(), align: Align::Middle };
        self.push(inner, shape);
    }

    fn limits(&mut self, node: &Node, root: bool) {
        let here = |limits: &&Limits| root || limits.hop == Hop::Function;
        let Some(limits) = node.limits.as_ref().filter(here) else { return };
        self.space(GAP);
        self.flow(self.left, &[(limit(&limits.memories), Pill::Limit)], Type::Small);
    }

    fn mailboxes(&mut self, mailboxes: &[Mailbox]) {
        if mailboxes.is_empty() {
            return;
        }
        self.space(8.0);
        self.push(Rect::new(self.left, self.y, self.room(), 1.0), Shape::Rule);
        self.space(2.0);
        for mailbox in mailboxes {
            self.space(GAP);
            self.mailbox(mailbox);
        }
    }

    fn mailbox(&mut self, mailbox: &Mailbox) {
        /// More protocols than that are counted.
        const MOST: usize = 12;
        let pill = Pill::of(&mailbox.state);
        let label = format!("{:#05x}", mailbox.offset);
        let width = Type::Offset.width(&label) + 2.0;
        self.text(Rect::new(self.left, self.y, width, PILL), &label, Type::Offset, Tone::Dim, Align::Left);
        let mut badges: Vec<_> = mailbox.protocols.iter().take(MOST).map(|p| (peer(p), pill)).collect();
        match mailbox.protocols.len().saturating_sub(MOST) {
            0 => {}
            more => badges.push((format!("{more} more"), pill)),
        }
        let words = mailbox.state.words();
        if badges.is_empty() {
            let word = words.as_deref().and_then(|words| words.split(':').next()).unwrap_or("nothing");
            badges.push((word.to_owned(), pill));
        }
        self.flow(self.left + width + 4.0, &badges, Type::Badge);
        if let Some(words) = words {
            self.space(3.0);
            self.lines(&words, Type::Small, pill.tone(), 2);
        }
    }

    /// Read and write beside latency and bandwidth, on a panel with where the path starts and what limits it.
    fn figures(&mut self, figures: &Figures) {
        self.space(10.0);
        let panel = self.face.parts.len();
        let top = self.y;
        self.push(Rect::default(), Shape::Pill(Pill::Panel));
        let (left, right) = (self.left, self.right);
        (self.left, self.right) = (left + 8.0, right - 8.0);
        self.space(GAP);
        self.columns([
            ("", Type::Small, Tone::Dim),
            ("latency", Type::Small, Tone::Dim),
            ("bandwidth", Type::Small, Tone::Dim),
        ]);
        for (direction, latency, bandwidth) in [
            ("read", figures.read_latency_ns, figures.read_bandwidth_mb_per_s),
            ("write", figures.write_latency_ns, figures.write_bandwidth_mb_per_s),
        ] {
            self.figure_row(direction, latency.map(units::latency), bandwidth.map(units::bandwidth));
        }
        self.origin(figures);
        self.space(GAP);
        (self.left, self.right) = (left, right);
        if let Some(part) = self.face.parts.get_mut(panel) {
            part.rect = Rect::new(left, top, right - left, self.y - top);
        }
    }

    fn figure_row(&mut self, direction: &str, latency: Option<String>, bandwidth: Option<String>) {
        let figure = |known: &Option<String>| match known {
            Some(_) => (Type::Figure, Tone::Normal),
            None => (Type::Small, Tone::Dim),
        };
        let (latency_set, latency_tone) = figure(&latency);
        let (bandwidth_set, bandwidth_tone) = figure(&bandwidth);
        self.columns([
            (direction, Type::Small, Tone::Dim),
            (latency.as_deref().unwrap_or("unknown"), latency_set, latency_tone),
            (bandwidth.as_deref().unwrap_or("unknown"), bandwidth_set, bandwidth_tone),
        ]);
    }

    /// A word at the left and two figures, each at the right of its column.
    fn columns(&mut self, [word, one, two]: [(&str, Type, Tone); 3]) {
        const WORD: f64 = 40.0;
        const APART: f64 = 8.0;
        let leading = Type::Figure.leading() + 1.0;
        let width = (self.room() - WORD) / 2.0 - APART;
        let (x, y) = (self.left, self.y);
        self.text(Rect::new(x, y, WORD, leading), word.0, word.1, word.2, Align::Left);
        let (first, second) = (x + WORD + APART, x + WORD + width + 2.0 * APART);
        self.text(Rect::new(first, y, width, leading), one.0, one.1, one.2, Align::Right);
        self.text(Rect::new(second, y, width, leading), two.0, two.1, two.2, Align::Right);
        self.space(leading);
    }

    fn origin(&mut self, figures: &Figures) {
        if !figures.from.is_empty() {
            self.space(2.0);
            self.lines(&format!("from {}", figures.from), Type::Small, Tone::Dim, 1);
        }
        if let Some(shared) = figures.shared() {
            self.lines(&shared, Type::Small, Tone::Dim, 1);
        }
        if let Some(by) = &figures.limited_by {
            self.lines(&format!("limited by {by}"), Type::Small, Tone::Limit, 2);
        }
    }
}

/// That a hop limits the paths to some memories, in words.
pub(crate) fn limit(memories: &[String]) -> String {
    let names: Vec<String> = memories.iter().take(4).map(|name| peer(name)).collect();
    match memories.len().saturating_sub(names.len()) {
        0 => format!("limits {}", names.join(", ")),
        more => format!("limits {} and {more} more", names.join(", ")),
    }
}

/// All there is to say of a function, one thing a line.
pub(crate) fn describe(node: &Node) -> String {
    let mut lines = vec![format!("{} {}", peer(&node.address), node.kind.label())];
    lines.extend(Some(peer(&node.name)).filter(|name| !name.is_empty()));
    lines.extend(node.aliases.iter().take(6).map(|alias| peer(alias)));
    lines.extend(node.capacity.map(units::capacity));
    if let Some(link) = &node.link {
        let degraded = link.degraded.as_deref().map(|could| format!(" ({})", peer(could)));
        lines.push(format!("link {}{}", units::link(link), degraded.unwrap_or_default()));
    }
    lines.extend(node.mailboxes.iter().take(16).map(describe_mailbox));
    lines.extend(node.limits.iter().map(|limits| limit(&limits.memories)));
    lines.extend(node.note.iter().map(|note| peer(note)));
    lines.join("\n")
}

fn describe_mailbox(mailbox: &Mailbox) -> String {
    let protocols: Vec<String> = mailbox.protocols.iter().take(12).map(|p| peer(p)).collect();
    let state = mailbox.state.words().map(|words| format!(" ({})", peer(&words)));
    format!("DOE {:#05x}: {}{}", mailbox.offset, protocols.join(", "), state.unwrap_or_default())
}
