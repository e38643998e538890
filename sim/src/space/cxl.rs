//! CXL's designated vendor-specific capabilities (CXL 3.1, 8.1).

use super::draft::Draft;
use crate::plan::{Part, Planned};

const VENDOR: u16 = 0x1e98;

pub(super) fn write(draft: &mut Draft, planned: &Planned<'_>) -> Option<()> {
    match planned.part {
        Part::Endpoint(_) | Part::Integrated(_) => {
            device(draft, planned)?;
            flush_of_device(draft)?;
        }
        Part::Root(_) | Part::Downstream(_) => {
            port_extensions(draft)?;
            flush_of_port(draft)?;
        }
        Part::Upstream(_) => port_extensions(draft)?,
    }
    flex_bus(draft, planned)?;
    register_locator(draft, planned)
}

/// A DVSEC of `length` bytes with its headers; `first` are the vendor's bytes in the second header.
fn dvsec(draft: &mut Draft, id: u16, revision: u8, length: u16, first: u16) -> Option<u16> {
    let at = draft.extended(0x0023, 1, length)?;
    let header = u32::from(VENDOR) | u32::from(revision) << 16 | u32::from(length) << 20;
    draft.set(at.saturating_add(4), header);
    draft.set(at.saturating_add(8), u32::from(id) | u32::from(first) << 16);
    Some(at)
}

/// CXL device (8.1.3), revision 2. The first two memory ranges are stated here; CDAT states all of them.
fn device(draft: &mut Draft, planned: &Planned<'_>) -> Option<()> {
    let memory = planned.part.memory();
    let cache = matches!(planned.part, Part::Endpoint(f) | Part::Integrated(f) if f.cxl);
    let has_memory = !memory.is_empty();
    let ranges = u16::try_from(memory.len().min(2)).unwrap_or(2);
    let memory_bits = if has_memory { 0x000c } else { 0 };
    let capability = 0x0002 | u16::from(cache) | memory_bits | ranges << 4;
    let at = dvsec(draft, 0, 2, 0x3c, capability)?;
    // Firmware has enabled what there is, where the host speaks CXL too.
    let enabled = if planned.cxl { u32::from(cache) | u32::from(has_memory) << 2 } else { 0 };
    let control = at.saturating_add(0x0c);
    draft.set(control, 0x2).configure(control, enabled).writable(control, 0x4805);
    draft.clearable(at.saturating_add(0x0c), 0x4000_0000);
    draft.writable(at.saturating_add(0x10), 0x0000_0001);
    draft.writable(at.saturating_add(0x14), 0x0000_0001);
    let places = (at.saturating_add(0x18)..).step_by(0x10);
    for (place, range) in places.zip(memory.iter().take(2)) {
        let size = range.size_mib << 20;
        draft.set(place, high(size));
        // Size and activity are valid; media and class are for CDAT to say.
        draft.set(place.saturating_add(4), low(size) & 0xf000_0000 | 0x4b);
        draft.writable(place.saturating_add(8), u32::MAX);
        draft.writable(place.saturating_add(12), 0xf000_0000);
    }
    Some(())
}

/// Global persistent flush of a device (8.1.7): 50 ms at most, with 1 W.
fn flush_of_device(draft: &mut Draft) -> Option<()> {
    let at = dvsec(draft, 5, 0, 0x10, 0x0405)?;
    draft.set(at.saturating_add(0x0c), 1000);
    Some(())
}

/// Global persistent flush of a port (8.1.6).
fn flush_of_port(draft: &mut Draft) -> Option<()> {
    let at = dvsec(draft, 4, 0, 0x10, 0)?;
    draft.set(at.saturating_add(0x0c), 0x0405_0405).writable(at.saturating_add(0x0c), 0x0f0f_0f0f);
    Some(())
}

/// Extensions of a port (8.1.5).
fn port_extensions(draft: &mut Draft) -> Option<()> {
    let at = dvsec(draft, 3, 0, 0x28, 0)?;
    draft.writable(at.saturating_add(0x0c), 0xffff_400f);
    draft.writable(at.saturating_add(0x10), 0xfff0_fff0);
    draft.writable(at.saturating_add(0x14), 0xfff0_fff0);
    draft.writable(at.saturating_add(0x18), u32::MAX);
    draft.writable(at.saturating_add(0x1c), u32::MAX);
    Some(())
}

/// Flex bus port (8.1.8), revision 1: 68-byte flits with virtual hierarchies.
fn flex_bus(draft: &mut Draft, planned: &Planned<'_>) -> Option<()> {
    const IO_AND_FLIT: u16 = 0x0022;
    const MEM: u16 = 0x0004;
    let cache = match planned.part {
        Part::Endpoint(function) | Part::Integrated(function) => function.cxl,
        _ => true,
    };
    let capable = IO_AND_FLIT | MEM | u16::from(cache);
    let at = dvsec(draft, 7, 1, 0x14, capable)?;
    // A link that is up, below a host that speaks CXL, runs what both ends are capable of.
    let up = planned.cxl && planned.link.trained.is_some();
    let status =
        if up { u32::from(IO_AND_FLIT | MEM | u16::from(cache && !planned.part.is_bridge())) } else { 0 };
    draft.set(at.saturating_add(0x0c), u32::from(capable) | status << 16);
    draft.writable(at.saturating_add(0x0c), 0x7d);
    draft.clearable(at.saturating_add(0x0c), 0x0700_0000);
    Some(())
}

/// Register locator (8.1.9): component registers at the start of the first region, device registers of a memory after
/// them.
fn register_locator(draft: &mut Draft, planned: &Planned<'_>) -> Option<()> {
    let memory = !planned.part.memory().is_empty();
    let length = if memory { 0x1c } else { 0x14 };
    let at = dvsec(draft, 8, 0, length, 0)?;
    draft.set(at.saturating_add(0x0c), 0x0000_0100);
    if memory {
        draft.set(at.saturating_add(0x14), 0x0001_0300);
    }
    Some(())
}

const fn low(value: u64) -> u32 {
    let [a, b, c, d, ..] = value.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

const fn high(value: u64) -> u32 {
    let [.., e, f, g, h] = value.to_le_bytes();
    u32::from_le_bytes([e, f, g, h])
}
