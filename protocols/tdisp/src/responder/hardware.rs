//! What stands behind a responder.

use crate::{ErrorCode, InterfaceId, Lock, LockFlags, MmioRange, Violation};

/// What an interface can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// Bits of the device's security manager.
    pub dsm: u32,
    /// What it can fix. [`LockFlags::BIND_P2P`] is left out of what is claimed where there are no [`Streams`].
    pub lock_flags: LockFlags,
    /// Bits in an address that it uses.
    pub address_width: u8,
}

/// What stands behind a responder. Which requests are claimed and answered follows from the parts there are.
///
/// When a method is called, the rules of the protocol have been looked at already: session, state, nonce.
pub trait Hardware {
    /// What the interface can do; does not change.
    fn features(&self, interface: InterfaceId) -> Features;

    /// Fixes the configuration as far as the flags ask for, checks that the default stream is secure and that the
    /// configuration is one to be locked, and makes the report.
    ///
    /// # Errors
    /// INVALID_DEVICE_CONFIGURATION, BUSY and the like; nothing has been fixed then.
    fn lock(&mut self, interface: InterfaceId, lock: &Lock) -> Result<(), ErrorCode>;

    /// The report, at most 65,535 bytes: the same from the lock until the interface is stopped, but for attributes that
    /// were set.
    fn report(&self, interface: InterfaceId) -> &[u8];

    /// Lets the interface run.
    ///
    /// # Errors
    /// BUSY and the like; it does not run then.
    fn start(&mut self, interface: InterfaceId) -> Result<(), ErrorCode>;

    /// Stops what runs, wipes what the interface has of its trusted domain, unbinds its streams and frees its
    /// configuration.
    ///
    /// # Errors
    /// BUSY and the like; the interface is not unlocked then.
    fn stop(&mut self, interface: InterfaceId) -> Result<(), ErrorCode>;

    /// The interface has gone to ERROR: it must access nothing and show nothing of its trusted domain from now on.
    fn broken(&mut self, interface: InterfaceId, why: Violation);

    /// Streams to other devices, if it has any.
    fn streams(&mut self) -> Option<&mut dyn Streams> {
        None
    }

    /// Pages that can be taken into a trusted domain and out of it, if it has any.
    fn attributes(&mut self) -> Option<&mut dyn Attributes> {
        None
    }

    /// Messages of a vendor's, if it has any.
    fn vendor(&mut self) -> Option<&mut dyn VendorMessages> {
        None
    }
}

/// Streams to other devices.
pub trait Streams {
    /// Uses this stream, which it does not yet.
    ///
    /// # Errors
    /// INVALID_REQUEST, BUSY and the like.
    fn bind(&mut self, interface: InterfaceId, stream: u8) -> Result<(), ErrorCode>;

    /// Uses this stream no more.
    ///
    /// # Errors
    /// BUSY and the like.
    fn unbind(&mut self, interface: InterfaceId, stream: u8) -> Result<(), ErrorCode>;
}

/// Pages that can be taken into a trusted domain and out of it.
pub trait Attributes {
    /// Makes these pages what they are asked to be. They are in a range of the report which has their ID and is updatable.
    ///
    /// # Errors
    /// INVALID_REQUEST, BUSY and the like.
    fn set(&mut self, interface: InterfaceId, range: &MmioRange) -> Result<(), ErrorCode>;
}

/// Messages of a vendor's.
pub trait VendorMessages {
    /// Answers one, in whatever state the interface is: writes what follows the header and returns its length.
    ///
    /// # Errors
    /// The code of the TDISP_ERROR to answer with.
    fn answer(
        &mut self,
        session: u32,
        interface: InterfaceId,
        request: &[u8],
        answer: &mut [u8],
    ) -> Result<usize, ErrorCode>;
}
