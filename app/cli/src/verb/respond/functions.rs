//! What the device does beside SPDM, for whoever it has a session with.

use lanewarden_mctp::MessageType;
use lanewarden_mctp::pldm::Terminus;
use lanewarden_spdm::message::{ErrorCode, Registry};
use lanewarden_spdm::responder::{Context, VendorHandler};

/// The device's functions.
pub struct Functions {
    terminus: Terminus,
}

impl Default for Functions {
    fn default() -> Self {
        Self { terminus: Terminus { id: 1 } }
    }
}

impl VendorHandler for Functions {
    fn handle(&mut self, _: Context, _: Registry<'_>, _: &[u8], _: &mut [u8]) -> Result<usize, ErrorCode> {
        Err(ErrorCode::UNSUPPORTED_REQUEST)
    }

    fn message(&mut self, _: Context, message_type: u8, message: &[u8], answer: &mut [u8]) -> Option<usize> {
        match MessageType::new(message_type)? {
            MessageType::PLDM => self.terminus.respond(message, answer),
            _ => None,
        }
    }
}
