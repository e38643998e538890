//! The root's registers (PCIe 6.x, 7.5.3.12-7.5.3.14).

use bitflags::bitflags;

use super::{Pcie, PortType, ROOT_CONTROL, ROOT_STATUS};
use crate::registers::field::{bit, conventional, low_half};
use crate::{AccessError, ConfigSpace};

bitflags! {
    /// Root Control.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct RootControl: u16 {
        /// System error on a correctable error.
        const CORRECTABLE = 1;
        /// System error on a non-fatal error.
        const NON_FATAL = 1 << 1;
        /// System error on a fatal error.
        const FATAL = 1 << 2;
        /// Interrupt on a power management event.
        const PME_INTERRUPT = 1 << 3;
        /// Software sees when a device asks for a retry.
        const RETRY_VISIBLE = 1 << 4;
    }
}

/// The registers of a root port or an event collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Root {
    /// Root Control.
    pub control: RootControl,
    /// Software can be let see when a device asks for a retry.
    pub retry_visibility: bool,
    /// Requester ID of the power management event that is reported.
    pub pme_requester: u16,
    /// A power management event is reported.
    pub pme_status: bool,
    /// Another waits behind it.
    pub pme_pending: bool,
}

impl Root {
    /// Reads the root's registers: two. `None`, and no access, where the function is no root.
    pub fn read<C: ConfigSpace>(config: &mut C, pcie: &Pcie) -> Result<Option<Self>, AccessError> {
        if !matches!(pcie.port_type, PortType::RootPort | PortType::EventCollector) {
            return Ok(None);
        }
        let control = conventional(config, pcie.offset, ROOT_CONTROL)?;
        let status = conventional(config, pcie.offset, ROOT_STATUS)?;
        Ok(Some(Self {
            control: RootControl::from_bits_truncate(low_half(control)),
            retry_visibility: bit(control, 16),
            pme_requester: low_half(status),
            pme_status: bit(status, 16),
            pme_pending: bit(status, 17),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Image;

    #[test]
    fn a_root_port_reports_who_wants_to_wake() {
        let mut image =
            Image::new(256).with(0x40, 0x0042_0010).with(0x5c, 0x0001_0008).with(0x60, 0x0001_0c00);
        let pcie = Pcie::read(&mut image, 0x40).unwrap();
        let root = Root::read(&mut image, &pcie).unwrap().unwrap();
        assert_eq!(root.control, RootControl::PME_INTERRUPT);
        assert_eq!((root.pme_requester, root.pme_status, root.pme_pending), (0x0c00, true, false));
        assert!(root.retry_visibility);
    }
}
