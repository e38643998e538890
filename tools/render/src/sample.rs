//! Machines for the tests.

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
