//! Error reporting, serial number, mailboxes and link encryption (PCIe 6.x, 7.8.4, 7.9.3, 7.9.24, 7.9.26).

use super::cxl;
use super::draft::Draft;
use crate::plan::Planned;
use crate::scenario::{Doe, Ide};

/// Bytes of a DOE capability.
const DOE_SIZE: u16 = 0x18;

/// Returns where the mailboxes came to lie.
pub(super) fn write(draft: &mut Draft, planned: &Planned<'_>) -> Option<Vec<u16>> {
    advanced_errors(draft, planned)?;
    if let Some(serial) = planned.part.serial() {
        serial_number(draft, serial.0)?;
    }
    if planned.part.speaks_cxl(planned.cxl) {
        cxl::write(draft, planned)?;
    }
    let mailboxes =
        planned.part.doe(planned.cxl).iter().map(|doe| mailbox(draft, doe)).collect::<Option<_>>()?;
    if let Some(ide) = planned.part.ide() {
        link_encryption(draft, &ide)?;
    }
    Some(mailboxes)
}

fn advanced_errors(draft: &mut Draft, planned: &Planned<'_>) -> Option<()> {
    let at = draft.extended(0x0001, 2, 0x48)?;
    let register = |offset: u16| at.saturating_add(offset);
    draft.clearable(register(0x04), 0x07ff_f030);
    draft.writable(register(0x08), 0x07ff_f030);
    draft.set(register(0x0c), 0x0046_2030).writable(register(0x0c), 0x07ff_f030);
    draft.clearable(register(0x10), 0x0000_f1c1);
    draft.set(register(0x14), 0x0000_2000).writable(register(0x14), 0x0000_f1c1);
    draft.set(register(0x18), 0x0000_00a0).writable(register(0x18), 0x0000_0140);
    if matches!(planned.part, crate::plan::Part::Root(_)) {
        draft.writable(register(0x2c), 0x7).clearable(register(0x30), 0x7f);
    }
    Some(())
}

fn serial_number(draft: &mut Draft, serial: u64) -> Option<()> {
    let at = draft.extended(0x0003, 1, 0x0c)?;
    let [a, b, c, d, e, f, g, h] = serial.to_le_bytes();
    draft.set(at.saturating_add(4), u32::from_le_bytes([a, b, c, d]));
    draft.set(at.saturating_add(8), u32::from_le_bytes([e, f, g, h]));
    Some(())
}

/// Only what never changes: the registers from Control on are the mailbox' own.
fn mailbox(draft: &mut Draft, doe: &Doe) -> Option<u16> {
    let at = draft.extended(0x002e, doe.version.unwrap_or(1), DOE_SIZE)?;
    let interrupt = doe.interrupt.map_or(0, |message| 1 | u32::from(message) << 1);
    draft.set(at.saturating_add(4), interrupt);
    Some(at)
}

fn link_encryption(draft: &mut Draft, ide: &Ide) -> Option<()> {
    let classes = if ide.link { u16::from(ide.traffic_classes.unwrap_or(1)) } else { 0 };
    let stream = 20_u16.saturating_add(u16::from(ide.address_blocks).saturating_mul(12));
    let streams = u16::from(ide.selective_streams);
    let size = 0x0c_u16.checked_add(classes.saturating_mul(8))?.checked_add(streams.checked_mul(stream)?)?;
    let at = draft.extended(0x0030, 1, size)?;
    draft.set(at.saturating_add(4), ide_capability(ide));
    draft.writable(at.saturating_add(8), u32::from(ide.flow_through) << 2);
    let mut block = at.saturating_add(0x0c);
    for _ in 0..classes {
        draft.writable(block, 0xff3c_7dfd);
        draft.clearable(block.saturating_add(4), 1 << 31);
        block = block.saturating_add(8);
    }
    for _ in 0..streams {
        selective_stream(draft, block, ide.address_blocks);
        block = block.saturating_add(stream);
    }
    Some(())
}

/// Aggregation, partial encryption and PCRC are not offered; the one algorithm is AES-GCM with 256-bit keys.
fn ide_capability(ide: &Ide) -> u32 {
    let classes = u32::from(ide.traffic_classes.unwrap_or(1).saturating_sub(1));
    let streams = u32::from(ide.selective_streams.saturating_sub(1));
    let flags = [
        (ide.link, 0),
        (ide.selective_streams > 0, 1),
        (ide.flow_through, 2),
        (ide.ide_km, 6),
        (ide.config_requests, 7),
    ];
    let flags =
        flags.iter().filter(|(set, _)| *set).fold(0_u32, |bits, (_, bit)| bits | 1_u32.wrapping_shl(*bit));
    flags | if ide.link { classes << 13 } else { 0 } | streams << 16
}

fn selective_stream(draft: &mut Draft, at: u16, address_blocks: u8) {
    let register = |offset: u16| at.saturating_add(offset);
    draft.set(at, u32::from(address_blocks));
    draft.writable(register(0x04), 0xffff_fffd);
    draft.clearable(register(0x08), 1 << 31);
    draft.writable(register(0x0c), 0x00ff_ff00);
    draft.writable(register(0x10), 0xffff_ff01);
    for block in
        (0..u16::from(address_blocks)).map(|n| at.saturating_add(0x14).saturating_add(n.saturating_mul(12)))
    {
        draft.writable(block, 0xffff_ff01);
        draft.writable(block.saturating_add(4), u32::MAX);
        draft.writable(block.saturating_add(8), u32::MAX);
    }
}
