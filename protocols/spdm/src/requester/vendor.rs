//! VENDOR_DEFINED_REQUEST (DSP0274 1.3, 10.13).

use super::{Core, Endpoint, Event, Operation};
use crate::error::{Reason, Violation};
use crate::message::{Header, Reader, Request, SLOTS, VendorMessage};

/// The longest number of a vendor that is taken, in bytes; those of the registries are 2 and 4.
const LONGEST_VENDOR: usize = 16;

/// Who was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    body: u16,
    vendor: [u8; LONGEST_VENDOR],
    length: usize,
}

impl<E: Endpoint> Core<E> {
    pub fn begin_vendor(&mut self, request: &VendorMessage<'_>) -> Result<(), Reason> {
        let registry = request.registry;
        let length = registry.vendor.len();
        let mut vendor = [0; LONGEST_VENDOR];
        vendor.get_mut(..length).ok_or(Reason::NoRoom)?.copy_from_slice(registry.vendor);
        self.operation = Operation::Vendor(Asked { body: registry.body, vendor, length });
        Ok(())
    }

    /// Bytes as they are. What goes this way is in no transcript here.
    pub fn begin_bytes(&mut self, code: Request) -> Result<(), Reason> {
        self.operation = Operation::Bytes;
        if matches!(code, Request::GetDigests | Request::GetCertificate | Request::Challenge) {
            self.digests = [None; SLOTS as usize];
        }
        Ok(())
    }

    pub fn complete_vendor<'a>(asked: &Asked, message: &'a [u8]) -> Result<Event<'a>, Reason> {
        let mut reader = Reader::new(message);
        Header::decode(&mut reader)?;
        let (answer, _) = VendorMessage::decode(&mut reader)?;
        let vendor = asked.vendor.get(..asked.length);
        if answer.registry.body != asked.body || Some(answer.registry.vendor) != vendor {
            return Err(Violation::Vendor.into());
        }
        Ok(Event::Vendor(answer))
    }
}
