//! Machines for the tests.
#![allow(clippy::arithmetic_side_effects)]

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::model::{Figures, Hop, Kind, Limits, Link, Mailbox, Node, State, Topology};

/// A node without anything but a name.
pub(crate) fn node(kind: Kind, address: &str, name: &str, children: Vec<Node>) -> Node {
    Node { kind, address: address.to_owned(), name: name.to_owned(), children, ..Node::default() }
}

/// A mailbox that answers.
pub(crate) fn mailbox(offset: u16, protocols: &[&str]) -> Mailbox {
    let protocols = protocols.iter().map(|p| (*p).to_owned()).collect();
    Mailbox { offset, protocols, state: State::Ok }
}

/// A link in good order.
pub(crate) fn link(megatransfers: u32, width: u8) -> Option<Link> {
    Some(Link { megatransfers, width, degraded: None })
}

/// Two host bridges: one with a switch and two CXL memories below it, one with a drive and an accelerator.
pub(crate) fn server() -> Topology {
    Topology {
        title: "example-server".to_owned(),
        subtitle: "emulated, seed 1".to_owned(),
        roots: vec![
            node(Kind::HostBridge, "pci0000:00", "ACPI0016:00", vec![memory_port()]),
            node(Kind::HostBridge, "pci0000:80", "ACPI0016:01", vec![drive_port(), accelerator_port()]),
        ],
    }
}

fn memory_port() -> Node {
    let switch = Node {
        link: link(32_000, 16),
        mailboxes: vec![
            mailbox(0x100, &["Discovery", "CDAT"]),
            mailbox(0x160, &["Discovery", "SPDM", "Secured SPDM"]),
        ],
        limits: Some(Limits { hop: Hop::Link, memories: vec!["mem0".to_owned()] }),
        children: vec![
            memory("0000:03:00.0", "0000:02:00.0", "mem0"),
            narrow_memory("0000:04:00.0", "0000:02:01.0", "mem1"),
        ],
        aliases: vec!["port1".to_owned()],
        ..node(Kind::UpstreamPort, "0000:01:00.0", "Microchip Switchtec PAX 100xG4", Vec::new())
    };
    Node {
        mailboxes: vec![mailbox(0x180, &["Discovery", "SPDM"])],
        ..node(Kind::RootPort, "0000:00:01.0", "Intel Corporation CXL Root Port", vec![switch])
    }
}

fn memory(address: &str, port: &str, alias: &str) -> Node {
    let memory = Node {
        aliases: vec![alias.to_owned(), alias.replace("mem", "endpoint")],
        link: link(32_000, 16),
        mailboxes: vec![
            mailbox(0x160, &["Discovery", "CDAT"]),
            mailbox(0x190, &["Discovery", "SPDM", "Secured SPDM"]),
        ],
        figures: Some(Figures {
            read_latency_ns: Some(250),
            write_latency_ns: Some(280),
            read_bandwidth_mb_per_s: Some(32_000),
            write_bandwidth_mb_per_s: Some(28_500),
            from: "processor".to_owned(),
            limited_by: Some("link of 0000:01:00.0".to_owned()),
            shared_read_bandwidth_mb_per_s: Some(16_000),
        }),
        capacity: Some(16 << 30),
        ..node(Kind::Memory, address, "Samsung Electronics CXL Memory Expander", Vec::new())
    };
    node(Kind::DownstreamPort, port, "Microchip Switchtec PAX 100xG4", vec![memory])
}

fn narrow_memory(address: &str, port: &str, alias: &str) -> Node {
    let mut port = memory(address, port, alias);
    let memory = &mut port.children[0];
    memory.link =
        Some(Link { megatransfers: 16_000, width: 8, degraded: Some("x16 at 32 GT/s capable".to_owned()) });
    memory.mailboxes[0].state = State::InUse("kernel, cxl_port".to_owned());
    memory.limits = Some(Limits { hop: Hop::Function, memories: vec![alias.to_owned()] });
    if let Some(figures) = &mut memory.figures {
        figures.write_latency_ns = None;
        figures.read_bandwidth_mb_per_s = Some(15_750);
        figures.write_bandwidth_mb_per_s = None;
        figures.limited_by = Some("0000:04:00.0 itself".to_owned());
        figures.shared_read_bandwidth_mb_per_s = None;
    }
    port
}

fn drive_port() -> Node {
    let drive = Node {
        link: link(16_000, 4),
        mailboxes: vec![Mailbox {
            offset: 0x1b0,
            protocols: vec!["Discovery".to_owned()],
            state: State::Failed("no answer within 1 s".to_owned()),
        }],
        aliases: vec!["nvme0".to_owned()],
        ..node(
            Kind::Storage,
            "0000:81:00.0",
            "Samsung Electronics Co Ltd NVMe SSD Controller PM9A1/PM9A3/980PRO",
            Vec::new(),
        )
    };
    node(Kind::RootPort, "0000:80:01.0", "Intel Corporation PCIe Root Port", vec![drive])
}

fn accelerator_port() -> Node {
    let accelerator = Node {
        link: link(32_000, 16),
        mailboxes: vec![Mailbox {
            offset: 0x2a0,
            protocols: Vec::new(),
            state: State::NotAsked("needs root".to_owned()),
        }],
        ..node(Kind::Accelerator, "0000:82:00.0", "NVIDIA Corporation GH100 [H100 PCIe]", Vec::new())
    };
    node(Kind::RootPort, "0000:80:02.0", "Intel Corporation PCIe Root Port", vec![accelerator])
}

/// One device and nothing else.
pub(crate) fn single() -> Topology {
    let device = memory("0000:00:03.0", "", "mem0").children.remove(0);
    Topology { title: "one device".to_owned(), subtitle: String::new(), roots: vec![device] }
}

/// A host bridge with 64 endpoints.
pub(crate) fn wide() -> Topology {
    let endpoint = |number: u32| Node {
        link: link(8_000, 4),
        mailboxes: if number.is_multiple_of(5) {
            vec![mailbox(0x160, &["Discovery", "SPDM"])]
        } else {
            Vec::new()
        },
        ..node(Kind::Network, &format!("0000:00:{number:02x}.0"), "Example Networks 10G adapter", Vec::new())
    };
    let root = node(Kind::HostBridge, "pci0000:00", "", (0..64).map(endpoint).collect());
    Topology { title: "64 endpoints".to_owned(), subtitle: "on one bus".to_owned(), roots: vec![root] }
}

/// A host bridge with 48 root ports, each with a drive.
pub(crate) fn ports() -> Topology {
    let port = |number: u32| {
        let drive = Node {
            link: link(16_000, 4),
            ..node(
                Kind::Storage,
                &format!("0000:{:02x}:00.0", number + 1),
                "Example Storage NVMe drive",
                Vec::new(),
            )
        };
        node(Kind::RootPort, &format!("0000:00:{number:02x}.0"), "Example Root Port", vec![drive])
    };
    let root = node(Kind::HostBridge, "pci0000:00", "", (0..48).map(port).collect());
    Topology { title: "48 drives".to_owned(), subtitle: String::new(), roots: vec![root] }
}

/// Twelve levels, one below the other.
pub(crate) fn deep() -> Topology {
    let mut below = Vec::new();
    for level in (0..12_u32).rev() {
        let kind = match level {
            0 => Kind::HostBridge,
            1 => Kind::RootPort,
            11 => Kind::Memory,
            level if level.is_multiple_of(2) => Kind::UpstreamPort,
            _ => Kind::DownstreamPort,
        };
        let link = if kind == Kind::UpstreamPort || level == 11 { link(64_000, 8) } else { None };
        below = vec![Node { link, ..node(kind, &format!("0000:{level:02x}:00.0"), "Example Switch", below) }];
    }
    Topology { title: "12 levels".to_owned(), subtitle: String::new(), roots: below }
}

/// Text as a device might send it.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,60}",
        any::<String>(),
        Just("W".repeat(300)),
        Just("\u{202e}<script>&\"'\x1b]0;\u{7}".to_owned())
    ]
}

fn states() -> impl Strategy<Value = State> {
    let state = |state: fn(String) -> State| texts().prop_map(state);
    prop_oneof![Just(State::Ok), state(State::InUse), state(State::Failed), state(State::NotAsked)]
}

fn mailboxes() -> impl Strategy<Value = Vec<Mailbox>> {
    let mailbox = (any::<u16>(), vec(texts(), 0..5), states());
    vec(mailbox.prop_map(|(offset, protocols, state)| Mailbox { offset, protocols, state }), 0..3)
}

fn links() -> impl Strategy<Value = Option<Link>> {
    let link = (any::<u32>(), any::<u8>(), option::of(texts()));
    option::of(link.prop_map(|(megatransfers, width, degraded)| Link { megatransfers, width, degraded }))
}

fn figures() -> impl Strategy<Value = Option<Figures>> {
    let figure = || option::of(any::<u64>());
    let figures = (figure(), figure(), figure(), figure(), texts(), option::of(texts()), figure());
    option::of(figures.prop_map(|(read, write, read_width, write_width, from, limited_by, shared)| Figures {
        read_latency_ns: read,
        write_latency_ns: write,
        read_bandwidth_mb_per_s: read_width,
        write_bandwidth_mb_per_s: write_width,
        from,
        limited_by,
        shared_read_bandwidth_mb_per_s: shared,
    }))
}

fn limits() -> impl Strategy<Value = Option<Limits>> {
    let limits = (prop_oneof![Just(Hop::Link), Just(Hop::Function)], vec(texts(), 0..6));
    option::of(limits.prop_map(|(hop, memories)| Limits { hop, memories }))
}

/// A function with anything in it and nothing below it.
fn functions() -> impl Strategy<Value = Node> {
    let facts = (select(&Kind::ALL[..]), texts(), texts(), vec(texts(), 0..4), option::of(any::<u64>()));
    let parts = (links(), mailboxes(), figures(), limits(), option::of(texts()));
    (facts, parts).prop_map(
        |((kind, address, name, aliases, capacity), (link, mailboxes, figures, limits, note))| Node {
            kind,
            address,
            name,
            aliases,
            link,
            mailboxes,
            figures,
            capacity,
            limits,
            note,
            children: Vec::new(),
        },
    )
}

/// Any machine: trees of any form with anything in them.
pub(crate) fn machines() -> impl Strategy<Value = Topology> {
    let trees = functions().prop_recursive(8, 48, 9, |below| {
        (functions(), vec(below, 0..9)).prop_map(|(node, children)| Node { children, ..node })
    });
    (texts(), texts(), vec(trees, 0..3)).prop_map(|(title, subtitle, roots)| Topology {
        title,
        subtitle,
        roots,
    })
}
