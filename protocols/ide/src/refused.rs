//! Why a device does not answer with an object.

use crate::{Malformed, NoRoom, Object, Place};

/// What hardware cannot do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It has no such stream, or none that is set up.
    #[error("there is no such stream")]
    NoStream,
    /// It failed, or has no randomness.
    #[error("the hardware failed")]
    Failed,
}

/// Why a request gets no object for an answer. What KP_ACK has a status for is none of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Outside of a secured session nothing is answered.
    #[error("IDE_KM is for secured sessions")]
    NoSession,
    /// The request is none.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// An object that only devices send.
    #[error("{0} is no request")]
    NotARequest(Object),
    /// The device has said that it does not do this (capabilities of CXL).
    #[error("{0} is not supported")]
    Unsupported(Object),
    /// There is no such port.
    #[error("there is no port {0}")]
    Port(u8),
    /// A sub-stream that is not defined.
    #[error("{0:#04x} names no key")]
    Key(u8),
    /// GO for a key that is not programmed, or not any more.
    #[error("no key is programmed for {0}")]
    NotProgrammed(Place),
    /// The stream's keys are those of another session.
    #[error("the stream belongs to another session")]
    OtherSession,
    /// The hardware did not do it.
    #[error(transparent)]
    Hardware(#[from] Fault),
    /// The answer does not fit the place for it.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
}

impl Refused {
    /// The code of the SPDM ERROR that says so (DSP0274 1.3, 10.11): InvalidRequest, UnexpectedRequest, Unspecified,
    /// UnsupportedRequest or SessionRequired.
    #[must_use]
    pub const fn spdm_code(&self) -> u8 {
        match self {
            Self::Malformed(Malformed::Protocol(_) | Malformed::Object(_)) | Self::Unsupported(_) => 0x07,
            Self::Malformed(_) | Self::NotARequest(_) | Self::Port(_) | Self::Key(_) => 0x01,
            Self::NotProgrammed(_) | Self::OtherSession => 0x04,
            Self::NoSession => 0x0b,
            Self::Hardware(_) | Self::NoRoom(_) => 0x05,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_the_error_that_fits_it() {
        let place = Place { port: 0, stream: 0, key: 0 };
        let length = Malformed::Length { object: Object::Query, length: 3, expected: 4 };
        let codes = [
            (Refused::NoSession, 0x0b),
            (Refused::Malformed(Malformed::Protocol(1)), 0x07),
            (Refused::Malformed(Malformed::Object(9)), 0x07),
            (Refused::Malformed(length), 0x01),
            (Refused::NotARequest(Object::KpAck), 0x01),
            (Refused::Unsupported(Object::GetKey), 0x07),
            (Refused::Port(9), 0x01),
            (Refused::Key(0x30), 0x01),
            (Refused::NotProgrammed(place), 0x04),
            (Refused::OtherSession, 0x04),
            (Refused::Hardware(Fault::Failed), 0x05),
            (Refused::NoRoom(NoRoom { needed: 8, room: 0 }), 0x05),
        ];
        for (refused, code) in codes {
            assert_eq!(refused.spdm_code(), code, "{refused}");
        }
    }
}
