//! The first 64 bytes (PCIe 6.x, 7.5.1).

use super::draft::Draft;
use crate::plan::{Bar, Planned, Window};

/// A 64-bit prefetchable memory region.
const BAR_FLAGS: u32 = 0xc;

pub(super) fn write(draft: &mut Draft, planned: &Planned<'_>) {
    let id = planned.part.identity();
    draft.set(0x00, u32::from(id.vendor) | u32::from(id.device) << 16);
    draft.set(0x08, u32::from(id.revision) | id.class << 8);
    let layout = u32::from(planned.part.is_bridge()) | u32::from(planned.multi_function) << 7;
    draft.set(0x0c, layout << 16).writable(0x0c, 0xff);
    for (index, bar) in (0_u16..).step_by(8).zip(planned.bars.iter().flatten()) {
        base_address(draft, 0x10_u16.saturating_add(index), bar);
    }
    command(draft, planned.part.is_bridge());
    match planned.buses {
        Some((secondary, subordinate)) => bridge(draft, planned, secondary, subordinate),
        None => draft
            .set(0x2c, u32::from(id.subsystem_vendor) | u32::from(id.subsystem) << 16)
            .set(0x3c, 0x0000_0100)
            .configure(0x3c, 0xff)
            .writable(0x3c, 0xff),
    };
}

/// Memory space is on, as firmware leaves it; bridges are bus masters so that what is below them gets through.
fn command(draft: &mut Draft, is_bridge: bool) {
    let command = if is_bridge { 0x0006 } else { 0x0002 };
    draft.set(0x04, 0x0010_0000).configure(0x04, command).writable(0x04, 0x0547).clearable(0x04, 0xf900_0000);
}

fn base_address(draft: &mut Draft, at: u16, bar: &Bar) {
    let mask = bar.size.saturating_sub(1);
    let (low, high) = halves(bar.base);
    let (low_mask, high_mask) = halves(!mask);
    draft.set(at, BAR_FLAGS).configure(at, low).writable(at, low_mask);
    let upper = at.saturating_add(4);
    draft.configure(upper, high).writable(upper, high_mask);
}

fn bridge<'d>(draft: &'d mut Draft, planned: &Planned<'_>, secondary: u8, subordinate: u8) -> &'d mut Draft {
    let buses = [planned.address.bus, secondary, subordinate, 0];
    draft.configure(0x18, u32::from_le_bytes(buses)).writable(0x18, 0x00ff_ffff);
    draft
        .set(0x1c, 0x0000_0101)
        .configure(0x1c, 0xf0)
        .writable(0x1c, 0x0000_f0f0)
        .clearable(0x1c, 0xf900_0000);
    draft.configure(0x20, 0x0000_fff0).writable(0x20, 0xfff0_fff0);
    window(draft, planned.window);
    draft.set(0x3c, 0x0000_0100).configure(0x3c, 0x0002_00ff).writable(0x3c, 0x005f_00ff)
}

/// A window that ends before it starts is closed.
fn window(draft: &mut Draft, Window { start, end }: Window) {
    let (start, end) = if start == end { (u64::MAX, 0) } else { (start, end.saturating_sub(1)) };
    let ((start_low, start_high), (end_low, end_high)) = (halves(start), halves(end));
    let low = start_low >> 16 & 0xfff0 | end_low & 0xfff0_0000;
    draft.set(0x24, 0x0001_0001).configure(0x24, low).writable(0x24, 0xfff0_fff0);
    draft.configure(0x28, start_high).writable(0x28, u32::MAX);
    draft.configure(0x2c, end_high).writable(0x2c, u32::MAX);
}

const fn halves(value: u64) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = value.to_le_bytes();
    (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]))
}
