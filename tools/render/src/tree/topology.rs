//! A machine as a tree of text.

use super::{Cell, Column, Item, Options, Role, Span, render};
use crate::model::{Figures, Limits, Link, Mailbox, Node, State, Topology};
use crate::{Hop, units};

const COLUMNS: [Column; 5] = [
    Column { title: "FUNCTION", least: 8, lines: 1 },
    Column { title: "DEVICE", least: 26, lines: 3 },
    Column { title: "LINK", least: 11, lines: 2 },
    Column { title: "MAILBOXES", least: 22, lines: 4 },
    Column { title: "PATH", least: 24, lines: 4 },
];

/// The tree of a machine: address, device, link, mailboxes and, for a memory, the figures of its path.
///
/// ```
/// use lanewarden_render::{Kind, Node, Topology, tree};
///
/// let bridge = Node { kind: Kind::HostBridge, address: "pci0000:00".into(), ..Node::default() };
/// let machine = Topology { roots: vec![bridge], ..Topology::default() };
/// let text = tree::topology(&machine, &tree::Options::default());
/// assert_eq!(text, "FUNCTION    DEVICE\npci0000:00  Host bridge\n");
/// ```
#[must_use]
pub fn topology(topology: &Topology, options: &Options) -> String {
    let items: Vec<Item> = topology.roots.iter().map(item).collect();
    render(&items, &COLUMNS, options)
}

fn item(node: &Node) -> Item {
    let cells = vec![
        Cell::text(&node.address, Role::Address),
        device(node),
        node.link.as_ref().map(link).unwrap_or_default(),
        mailboxes(&node.mailboxes),
        path(node),
    ];
    Item { cells, children: node.children.iter().map(item).collect() }
}

fn device(node: &Node) -> Cell {
    let mut cell = Cell::default();
    let kind = node.kind.label();
    if node.name.is_empty() {
        cell.line([Span::new(kind, Role::Strong)]);
    } else {
        cell.line([Span::new(&format!("{kind}: "), Role::Strong), Span::new(&node.name, Role::Plain)]);
    }
    let capacity = node.capacity.map(units::capacity).unwrap_or_default();
    let separator = if node.aliases.is_empty() || capacity.is_empty() { "" } else { ", " };
    cell.line([
        Span::new(&node.aliases.join(", "), Role::Alias),
        Span::new(separator, Role::Dim),
        Span::new(&capacity, Role::Plain),
    ]);
    cell.line(node.note.iter().map(|note| Span::new(note, Role::Warning)));
    cell
}

fn link(link: &Link) -> Cell {
    let mut cell = Cell::text(&units::link(link), Role::Plain);
    cell.line(link.degraded.iter().map(|could| Span::new(could, Role::Warning)));
    cell
}

fn mailboxes(mailboxes: &[Mailbox]) -> Cell {
    let mut cell = Cell::default();
    for mailbox in mailboxes {
        let offset = Span::new(&format!("{:#05x} ", mailbox.offset), Role::Dim);
        let protocols = Span::new(&mailbox.protocols.join(", "), Role::Plain);
        match state(&mailbox.state) {
            Some(state) if mailbox.protocols.is_empty() => cell.line([offset, state]),
            state => {
                cell.line([offset, protocols]);
                cell.line(state);
            }
        }
    }
    cell
}

fn state(state: &State) -> Option<Span> {
    let role = match state {
        State::Failed(_) => Role::Bad,
        _ => Role::Warning,
    };
    state.words().map(|words| Span::new(&words, role))
}

fn path(node: &Node) -> Cell {
    let mut cell = Cell::default();
    if let Some(figures) = &node.figures {
        push_figures(&mut cell, figures);
    }
    cell.line(node.limits.iter().map(|limits| Span::new(&limit(limits), Role::Warning)));
    cell
}

fn push_figures(cell: &mut Cell, figures: &Figures) {
    let directions = [
        ("read  ", figures.read_latency_ns, figures.read_bandwidth_mb_per_s),
        ("write ", figures.write_latency_ns, figures.write_bandwidth_mb_per_s),
    ];
    for (direction, latency, bandwidth) in directions {
        cell.line([Span::new(direction, Role::Dim), Span::new(&figure(latency, bandwidth), Role::Plain)]);
    }
    if !figures.from.is_empty() {
        cell.line([Span::new(&format!("from {}", figures.from), Role::Dim)]);
    }
    cell.line(figures.shared().iter().map(|shared| Span::new(shared, Role::Dim)));
    cell.line(figures.limited_by.iter().map(|by| Span::new(&format!("limited by {by}"), Role::Dim)));
}

fn figure(latency: Option<u64>, bandwidth: Option<u64>) -> String {
    match (latency.map(units::latency), bandwidth.map(units::bandwidth)) {
        (Some(latency), Some(bandwidth)) => format!("{latency}, {bandwidth}"),
        (Some(latency), None) => format!("{latency}, bandwidth unknown"),
        (None, Some(bandwidth)) => format!("latency unknown, {bandwidth}"),
        (None, None) => "unknown".to_owned(),
    }
}

fn limit(limits: &Limits) -> String {
    let memories = limits.memories.join(", ");
    match limits.hop {
        Hop::Link => format!("link limits {memories}"),
        Hop::Function => format!("limits {memories}"),
    }
}
