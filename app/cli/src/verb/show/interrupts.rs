//! MSI, MSI-X, and how many vectors all capabilities together need.

use lanewarden_pci::Vectors;
use lanewarden_pci::registers::msi::{Message, Msi};
use lanewarden_pci::registers::msix::{InBar, MsiX};

use super::document::{Section, Value};

/// MSI.
pub fn msi(msi: &Msi, message: &Message) -> Section {
    Section::default()
        .field("enabled", "Enabled", msi.enabled)
        .worded("vectors", "Vectors", msi.vectors, format!("{}, {} given", msi.vectors, msi.vectors_enabled))
        .data("vectors_enabled", msi.vectors_enabled)
        .detail("wide_address", "64-bit address", msi.wide)
        .detail("maskable", "Maskable one by one", msi.maskable)
        .detail("extended_data", "Extended data", msi.extended_data)
        .detail("message_address", "Message address", Value::hex(message.address, 8))
        .detail("message_data", "Message data", Value::hex(message.data, 4))
        .detail("masked", "Masked", message.mask.map(|mask| Value::hex(mask, 8)))
        .detail("pending", "Pending", message.pending.map(|pending| Value::hex(pending, 8)))
}

/// MSI-X.
pub fn msix(msix: &MsiX) -> Section {
    Section::default()
        .field("enabled", "Enabled", msix.enabled)
        .field("vectors", "Vectors", msix.vectors)
        .field("masked", "All masked", msix.masked)
        .worded_detail("table_bar", "Table", msix.table.bar, place(msix.table))
        .data("table_offset", msix.table.offset)
        .worded_detail("pending_bar", "Pending bits", msix.pending.bar, place(msix.pending))
        .data("pending_offset", msix.pending.offset)
}

fn place(place: InBar) -> String {
    format!("BAR {} + {:#x}", place.bar, place.offset)
}

/// How many vectors have to be set up and why; `None` where no capability reports by a message number.
pub fn vectors(vectors: &Vectors) -> Option<Section> {
    if vectors.messages.is_empty() && vectors.available() == 0 {
        return None;
    }
    let users =
        vectors.messages.iter().map(|(source, number)| format!("{source} {number}")).collect::<Vec<_>>();
    let unserved = vectors.unserved().map(|source| source.to_string()).collect::<Vec<_>>();
    let each = |(source, number): &(_, u16)| {
        Section::default().data("source", ToString::to_string(source)).data("message_number", *number)
    };
    Some(
        Section::new("Interrupt vectors")
            .field("needed", "Needed by capabilities", vectors.needed())
            .field("available", "Available", vectors.available())
            .data("msi", vectors.msi)
            .data("msix", vectors.msix)
            .data("lacking", vectors.lacking())
            .field("unserved", "Without a vector", unserved)
            .line("Message numbers", users)
            .data_parts("messages", vectors.messages.iter().map(each).collect()),
    )
}
