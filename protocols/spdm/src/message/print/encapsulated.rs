//! Requests of the responder.

use core::fmt;

use super::super::{
    DeliverEncapsulatedResponse, EncapsulatedPayload, EncapsulatedRequest, EncapsulatedResponseAck,
    GetEncapsulatedRequest,
};

impl fmt::Display for GetEncapsulatedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything to ask")
    }
}

impl fmt::Display for EncapsulatedRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "number {}, {} bytes", self.id, self.request.len())
    }
}

impl fmt::Display for DeliverEncapsulatedResponse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "number {}, {} bytes", self.id, self.response.len())
    }
}

impl fmt::Display for EncapsulatedResponseAck<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.payload {
            EncapsulatedPayload::None => f.write_str("the end"),
            EncapsulatedPayload::Request(request) => {
                write!(f, "number {}, {} bytes", self.id, request.len())
            }
            EncapsulatedPayload::Slot(slot) => write!(f, "the end, with slot {slot}"),
        }
    }
}
