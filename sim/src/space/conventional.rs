//! Power management, interrupts and the PCI Express capability (PCIe 6.x, 7.5.2, 7.5.3, 7.7).

use lanewarden_pci::registers::pcie::PortType;

use super::draft::Draft;
use crate::plan::Planned;
use crate::scenario::Interrupts;

/// Which capability carries a function's interrupts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MsiCapability {
    /// Message Signalled Interrupts.
    Msi,
    /// Their extension.
    MsiX,
}

/// A function's interrupt vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Vectors {
    pub kind: MsiCapability,
    /// Offset of the capability, in whose first DW the enable bit is.
    pub offset: u16,
    pub count: u16,
}

impl Vectors {
    /// The enable bit in the capability's first DW.
    pub const fn enable(&self) -> u32 {
        match self.kind {
            MsiCapability::Msi => 1 << 16,
            MsiCapability::MsiX => 1 << 31,
        }
    }

    /// The bit in the same DW that masks all vectors, if there is one.
    pub const fn mask(&self) -> u32 {
        match self.kind {
            MsiCapability::Msi => 0,
            MsiCapability::MsiX => 1 << 30,
        }
    }
}

/// Bridge Control, whose Secondary Bus Reset resets all below a port.
const BRIDGE_CONTROL: (u16, u32) = (0x3c, 1 << 22);
/// Initiate Function Level Reset in Device Control.
const FUNCTION_LEVEL_RESET: u32 = 1 << 15;

/// What the machine needs to know of these capabilities.
pub(super) struct Conventional {
    pub vectors: Option<Vectors>,
    pub reset: Option<(u16, u32)>,
}

pub(super) fn write(draft: &mut Draft, planned: &Planned<'_>) -> Option<Conventional> {
    power_management(draft)?;
    let vectors = interrupts(draft, planned.part.interrupts())?;
    let pcie = pcie(draft, planned)?;
    let function_level = (pcie.saturating_add(0x08), FUNCTION_LEVEL_RESET);
    let reset = if planned.part.is_bridge() { BRIDGE_CONTROL } else { function_level };
    Some(Conventional { vectors, reset: Some(reset) })
}

/// D0 and D3hot, with no soft reset between them and wake-up from both.
fn power_management(draft: &mut Draft) -> Option<()> {
    let at = draft.capability(0x01, 8)?;
    draft.set(at, 0xc803_0000);
    let control = at.saturating_add(4);
    draft.set(control, 0x0008).writable(control, 0x0103).clearable(control, 0x8000);
    Some(())
}

/// MSI-X where a function has both is what is used.
fn interrupts(draft: &mut Draft, counts: Interrupts) -> Option<Option<Vectors>> {
    let mut vectors = None;
    if counts.msi > 0 {
        let offset = msi(draft, counts.msi)?;
        vectors = Some(Vectors { kind: MsiCapability::Msi, offset, count: counts.msi.into() });
    }
    if counts.msix > 0 {
        let offset = msix(draft, counts.msix)?;
        vectors = Some(Vectors { kind: MsiCapability::MsiX, offset, count: counts.msix });
    }
    Some(vectors)
}

fn msi(draft: &mut Draft, count: u8) -> Option<u16> {
    let at = draft.capability(0x05, 16)?;
    draft.set(at, 0x0080_0000 | count.trailing_zeros() << 17).writable(at, 0x0071_0000);
    draft.writable(at.saturating_add(4), 0xffff_fffc);
    draft.writable(at.saturating_add(8), 0xffff_ffff);
    draft.writable(at.saturating_add(12), 0x0000_ffff);
    Some(at)
}

/// Table and pending bits are at 8 and 12 KiB of the first region, as far as anyone can see: this machine has no
/// memory space.
fn msix(draft: &mut Draft, count: u16) -> Option<u16> {
    let at = draft.capability(0x11, 12)?;
    draft.set(at, u32::from(count.saturating_sub(1)) << 16).writable(at, 0xc000_0000);
    draft.set(at.saturating_add(4), 0x0000_2000);
    draft.set(at.saturating_add(8), 0x0000_3000);
    Some(at)
}

fn pcie(draft: &mut Draft, planned: &Planned<'_>) -> Option<u16> {
    let at = draft.capability(0x10, 0x3c)?;
    let port_type = planned.port_type();
    let flit = planned.link.own.is_some_and(|link| link.generation.number() >= 6);
    let slot = port_type.is_downstream();
    let capabilities =
        2 | u32::from(port_type.encoding()) << 4 | u32::from(slot) << 8 | u32::from(flit) << 15;
    draft.set(at, capabilities << 16);
    device(draft, at, port_type);
    if port_type.has_link() {
        link(draft, at, planned);
    }
    if slot {
        slot_registers(draft, at, planned);
    }
    if port_type == PortType::RootPort {
        draft.set(at.saturating_add(0x1c), 0x0001_0000).writable(at.saturating_add(0x1c), 0x1f);
        draft.clearable(at.saturating_add(0x20), 0x0001_0000);
    }
    Some(at)
}

/// Payloads of up to 512 bytes, of which 256 are in use; function level reset for endpoints.
fn device(draft: &mut Draft, at: u16, port_type: PortType) {
    let endpoint = matches!(port_type, PortType::Endpoint | PortType::IntegratedEndpoint);
    let reset = u32::from(endpoint) << 28;
    draft.set(at.saturating_add(0x04), 0x0000_8022 | reset);
    let control = at.saturating_add(0x08);
    draft
        .set(control, 0x2810)
        .configure(control, 0x0120)
        .writable(control, 0x7fff)
        .clearable(control, 0x000f_0000);
    let forwarding = u32::from(port_type.is_downstream()) << 5;
    draft.set(at.saturating_add(0x24), 0x0003_081f | forwarding);
    draft.writable(at.saturating_add(0x28), 0x041f | forwarding);
}

fn link(draft: &mut Draft, at: u16, planned: &Planned<'_>) {
    let Some(own) = planned.link.own else { return };
    let downstream = planned.port_type().is_downstream();
    let (speed, width) = (u32::from(own.generation.number()), u32::from(own.width.lanes()));
    let reporting = if downstream { 0x0038_0000 } else { 0 };
    let port = u32::from(planned.port) << 24;
    draft.set(at.saturating_add(0x0c), speed | width << 4 | 0x0043_0800 | reporting | port);

    let control = at.saturating_add(0x10);
    let (writable, clearable) = if downstream { (0x0fdb, 0xc000_0000) } else { (0x03c3, 0) };
    draft.set(control, 0x1000_0000 | status(planned, downstream) << 16).configure(control, 0x0040);
    draft.writable(control, writable).clearable(control, clearable);

    draft.set(at.saturating_add(0x2c), supported_speeds(speed));
    let control = at.saturating_add(0x30);
    draft.set(control, speed | status_2(planned) << 16).writable(control, 0xffff);
}

/// Speed, width and activity in Link Status. A link that is down shows the lowest speed and no lanes.
fn status(planned: &Planned<'_>, downstream: bool) -> u32 {
    let Some(trained) = planned.link.trained else { return 1 };
    let (speed, width) = (u32::from(trained.generation.number()), u32::from(trained.width.lanes()));
    speed | width << 4 | u32::from(downstream) << 13
}

/// Equalization is complete from 8 GT/s on; flit mode is what 64 GT/s runs in.
fn status_2(planned: &Planned<'_>) -> u32 {
    let speed = planned.link.trained.map_or(0, |trained| trained.generation.number());
    let equalized = if speed >= 3 { 0x1e } else { 0 };
    equalized | u32::from(speed >= 6) << 10
}

/// Link Capabilities 2: one bit from bit 1 up for each speed up to `speed`.
const fn supported_speeds(speed: u32) -> u32 {
    (1_u32.wrapping_shl(speed).wrapping_sub(1)) << 1
}

fn slot_registers(draft: &mut Draft, at: u16, planned: &Planned<'_>) {
    let number = u32::from(planned.port) << 19;
    draft.set(at.saturating_add(0x14), 0x0004_0060 | number);
    let present = u32::from(planned.link.trained.is_some()) << 22;
    let control = at.saturating_add(0x18);
    draft.set(control, present).writable(control, 0x1fff).clearable(control, 0x011f_0000);
}
