//! Signs for the kinds, each as one stroked path in a square of 20.

use crate::model::Kind;

pub(super) const fn path(kind: Kind) -> &'static str {
    match kind {
        // A chip with its pins.
        Kind::HostBridge => {
            "M6 6h8v8h-8zM8.5 3v3M11.5 3v3M8.5 14v3M11.5 14v3M3 8.5h3M3 11.5h3M14 8.5h3M14 11.5h3"
        }
        // Out of the board.
        Kind::RootPort => "M4.5 5v10M4.5 10h10.5M11.5 6.5l3.5 3.5l-3.5 3.5",
        // One becomes several.
        Kind::UpstreamPort => "M3.5 10h4M16 5h-3l-5.5 5l5.5 5h3M7.5 10h8.5",
        // One of several.
        Kind::DownstreamPort => "M5 4v12M5 7h4l3 3h4M13.5 7.5l2.5 2.5l-2.5 2.5",
        // A card.
        Kind::Endpoint => "M4 5h12v8h-12zM6.5 13v3M9.5 13v3M7 9h6",
        // A module with its contacts.
        Kind::Memory => "M3 6h14v7h-14zM6 8.5v2M10 8.5v2M14 8.5v2M5 13v2.5M8.3 13v2.5M11.6 13v2.5M15 13v2.5",
        // A bolt.
        Kind::Accelerator => "M11 3l-5 8h4l-1 6l5-8h-4z",
        // A stack of disks.
        Kind::Storage => "M4 6c0-3 12-3 12 0v8c0 3-12 3-12 0zM4 6c0 3 12 3 12 0M4 10c0 3 12 3 12 0",
        // Nodes on a line.
        Kind::Network => "M8 3.5h4v4h-4zM3 12.5h4v4h-4zM13 12.5h4v4h-4zM10 7.5v2.5M5 12.5v-2.5h10v2.5",
        // An arch.
        Kind::Bridge => "M3 14h14M3 11c3-6 11-6 14 0M7 8v6M13 8v6",
        Kind::Other => "M10 4.5a5.5 5.5 0 1 0 .01 0zM10 9v4M10 6.8v.4",
    }
}
