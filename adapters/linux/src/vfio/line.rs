//! The interrupt line (INTx).

use std::os::fd::{AsFd, AsRawFd};

use lanewarden_pci::AccessError;
use vfio_bindings::bindings::vfio::{
    VFIO_IRQ_SET_ACTION_MASK, VFIO_IRQ_SET_ACTION_TRIGGER, VFIO_IRQ_SET_ACTION_UNMASK,
    VFIO_IRQ_SET_DATA_EVENTFD, VFIO_IRQ_SET_DATA_NONE,
};

use super::{Device, call};
use crate::errno;

/// While the device sleeps the kernel masks the line, unless that was done already, and puts it back on the way up.
impl Device {
    /// Lets the line signal an eventfd. Each interrupt masks it, until it is unmasked.
    pub fn set_up_line(&self, eventfd: impl AsFd) -> Result<(), AccessError> {
        let flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
        call::set_line(self, flags, 1, eventfd.as_fd().as_raw_fd()).map_err(errno::access)
    }

    /// Masks the line, or unmasks it.
    pub fn mask_line(&self, masked: bool) -> Result<(), AccessError> {
        let action = if masked { VFIO_IRQ_SET_ACTION_MASK } else { VFIO_IRQ_SET_ACTION_UNMASK };
        call::set_line(self, VFIO_IRQ_SET_DATA_NONE | action, 1, -1).map_err(errno::access)
    }

    /// Gives the line up. One that is not set up is refused (EINVAL).
    pub fn give_up_line(&self) -> Result<(), AccessError> {
        let flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER;
        call::set_line(self, flags, 0, -1).map_err(errno::access)
    }
}
