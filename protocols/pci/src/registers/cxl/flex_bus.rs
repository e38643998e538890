//! DVSEC for flex bus ports (CXL 3.x, 8.1.8 and 8.2.1.3).

use bitflags::bitflags;

use crate::registers::dvsec::{Dvsec, HEADER_2};
use crate::registers::field::{bits, bits8, high_half, low_half};
use crate::{AccessError, ConfigSpace};

/// Offset of the Control (15:0) and Status (31:16) registers.
const CONTROL: u16 = 0x0c;
/// Offset of Received Modified TS Data Phase 1, from revision 1 on.
const RECEIVED_TS: u16 = 0x10;
/// Offset of Capability 2, from revision 2 on.
const CAPABILITY_2: u16 = 0x14;
/// Offset of Control 2, from revision 2 on.
const CONTROL_2: u16 = 0x18;
/// Offset of Status 2, from revision 2 on.
const STATUS_2: u16 = 0x1c;
/// Length of revision 2.
const END: u16 = 0x20;

bitflags! {
    /// What a flex bus port can do, has been told to do, or does; the three registers share their bits.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Protocols: u16 {
        /// CXL.cache.
        const CACHE = 1;
        /// CXL.io.
        const IO = 1 << 1;
        /// CXL.mem.
        const MEM = 1 << 2;
        /// Synchronisation headers left out (control and status).
        const SYNC_HEADER_BYPASS = 1 << 3;
        /// Drift buffer instead of an elastic one (control and status).
        const DRIFT_BUFFER = 1 << 4;
        /// 68-byte flits with virtual hierarchies (CXL 2.0).
        const FLIT_68_VH = 1 << 5;
        /// Multiple logical devices.
        const MULTIPLE_LOGICAL_DEVICES = 1 << 6;
        /// Training as a restricted device disabled (control).
        const RESTRICTED_DISABLE = 1 << 7;
        /// A retimer is present (control).
        const RETIMER_1 = 1 << 8;
        /// A second retimer is present (control).
        const RETIMER_2 = 1 << 9;
        /// Latency-optimised 256-byte flits.
        const FLIT_256_LATENCY_OPTIMISED = 1 << 13;
        /// Port-based routing flits.
        const FLIT_PBR = 1 << 14;
    }
}

/// What a port can do with the flex bus and what it does. Every CXL port has this, upstream, downstream and endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlexBus {
    /// Revision of the DVSEC.
    pub revision: u8,
    /// What it can do.
    pub capability: Protocols,
    /// What it has been told.
    pub control: Protocols,
    /// What came of training: the protocols in use.
    pub status: Protocols,
}

impl FlexBus {
    /// Reads the DVSEC: two registers, one of them part of the headers.
    pub fn read<C: ConfigSpace>(config: &mut C, dvsec: &Dvsec) -> Result<Self, AccessError> {
        let capability = dvsec.register(config, HEADER_2)?;
        let control = dvsec.register(config, CONTROL)?;
        Ok(Self {
            revision: dvsec.revision,
            capability: Protocols::from_bits_truncate(high_half(capability)),
            control: Protocols::from_bits_truncate(low_half(control)),
            status: Protocols::from_bits_truncate(high_half(control)),
        })
    }

    /// Whether the link runs as CXL: something beside CXL.io, which PCIe could do as well, came of training.
    #[must_use]
    pub const fn is_trained(&self) -> bool {
        self.status.intersects(Protocols::CACHE.union(Protocols::MEM))
    }
}

/// What a port received while the link was trained, and its hints about idle flits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlexBusTraining {
    /// Received Modified TS Data Phase 1, 24 bits; from revision 1 on.
    pub received_ts: Option<u32>,
    /// NOP hints: supported, enabled, and what came of it (2 bits); from revision 2 on.
    pub nop_hint: Option<(bool, bool, u8)>,
}

impl FlexBusTraining {
    /// Reads the later registers: up to four, as far as revision and stated length have them.
    pub fn read<C: ConfigSpace>(config: &mut C, dvsec: &Dvsec) -> Result<Self, AccessError> {
        let has = |revision, end| dvsec.revision >= revision && dvsec.length >= end;
        let received = has(1, CAPABILITY_2).then(|| dvsec.register(config, RECEIVED_TS)).transpose()?;
        Ok(Self {
            received_ts: received.map(|value| bits(value, 0, 24)),
            nop_hint: has(2, END).then(|| nop_hint(config, dvsec)).transpose()?,
        })
    }
}

fn nop_hint<C: ConfigSpace>(config: &mut C, dvsec: &Dvsec) -> Result<(bool, bool, u8), AccessError> {
    let capable = dvsec.register(config, CAPABILITY_2)? & 1 != 0;
    let enabled = dvsec.register(config, CONTROL_2)? & 1 != 0;
    Ok((capable, enabled, bits8(dvsec.register(config, STATUS_2)?, 0, 2)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Image;

    const DVSEC: Dvsec =
        Dvsec { offset: 0x300, vendor: super::super::VENDOR, id: 7, revision: 2, length: 0x20 };

    #[test]
    fn a_port_that_trained_memory_but_not_cache() {
        let mut image = Image::new(4096)
            .with(0x308, 0x0027_0007)
            .with(0x30c, 0x0026_0126)
            .with(0x310, 0xff12_3456)
            .with(0x314, 1)
            .with(0x31c, 6);
        let port = FlexBus::read(&mut image, &DVSEC).unwrap();
        assert_eq!(port.status, Protocols::IO | Protocols::MEM | Protocols::FLIT_68_VH);
        assert!(port.capability.contains(Protocols::CACHE) && port.control.contains(Protocols::RETIMER_1));
        assert!(port.is_trained());
        let training = FlexBusTraining::read(&mut image, &DVSEC).unwrap();
        assert_eq!(training.received_ts, Some(0x12_3456));
        assert_eq!(training.nop_hint, Some((true, false, 2)));
    }

    #[test]
    fn early_revisions_end_earlier() {
        let middle = Dvsec { length: 0x14, ..DVSEC };
        let received = FlexBusTraining { received_ts: Some(0), nop_hint: None };
        assert_eq!(FlexBusTraining::read(&mut Image::new(4096), &middle), Ok(received));
        let padded = Dvsec { revision: 0, ..DVSEC };
        let none = FlexBusTraining { received_ts: None, nop_hint: None };
        assert_eq!(FlexBusTraining::read(&mut Image::new(4096), &padded), Ok(none));
        let early = Dvsec { revision: 0, length: 0x10, ..DVSEC };
        assert_eq!(FlexBusTraining::read(&mut Image::new(4096), &early), Ok(none));
        assert!(!FlexBus::read(&mut Image::new(4096).with(0x30c, 0x0002_0002), &early).unwrap().is_trained());
    }
}
