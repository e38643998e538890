//! Requests that are refused, and with which error.

use lanewarden_crypto::ExchangeError;

use crate::Version;
use crate::identity::PortionError;
use crate::message::{ErrorCode, ErrorMessage, NoRoom};
use crate::transcript::Full;

/// A request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    pub code: ErrorCode,
    pub data: u8,
}

impl Refused {
    pub const INVALID: Self = Self { code: ErrorCode::INVALID_REQUEST, data: 0 };
    pub const UNEXPECTED: Self = Self { code: ErrorCode::UNEXPECTED_REQUEST, data: 0 };
    pub const UNSPECIFIED: Self = Self { code: ErrorCode::UNSPECIFIED, data: 0 };
    pub const SESSION_REQUIRED: Self = Self { code: ErrorCode::SESSION_REQUIRED, data: 0 };
    pub const SESSION_LIMIT: Self = Self { code: ErrorCode::SESSION_LIMIT_EXCEEDED, data: 0 };
    pub const DECRYPT: Self = Self { code: ErrorCode::DECRYPT_ERROR, data: 0 };
    pub const IN_FLIGHT: Self = Self { code: ErrorCode::REQUEST_IN_FLIGHT, data: 0 };
    pub const RESPONSE_CODE: Self = Self { code: ErrorCode::INVALID_RESPONSE_CODE, data: 0 };
    pub const POLICY: Self = Self { code: ErrorCode::INVALID_POLICY, data: 0 };
    pub const NO_PENDING: Self = Self { code: ErrorCode::NO_PENDING_REQUESTS, data: 0 };

    pub const fn unsupported(code: u8) -> Self {
        Self { code: ErrorCode::UNSUPPORTED_REQUEST, data: code }
    }

    /// As a version can say it: codes that came later have no meaning before.
    pub fn message(self, version: Version) -> ErrorMessage<'static> {
        let since = match self.code {
            ErrorCode::RESPONSE_TOO_LARGE | ErrorCode::SESSION_REQUIRED => Version::V1_2,
            ErrorCode::INVALID_POLICY | ErrorCode::NO_PENDING_REQUESTS => Version::V1_3,
            _ => Version::V1_0,
        };
        let code = match self.code {
            code if version >= since => code,
            ErrorCode::NO_PENDING_REQUESTS => ErrorCode::UNEXPECTED_REQUEST,
            _ => ErrorCode::UNSPECIFIED,
        };
        ErrorMessage { code, data: self.data, extended: &[] }
    }
}

impl From<crate::message::Malformed> for Refused {
    fn from(_: crate::message::Malformed) -> Self {
        Self::INVALID
    }
}

impl From<NoRoom> for Refused {
    fn from(_: NoRoom) -> Self {
        Self { code: ErrorCode::RESPONSE_TOO_LARGE, data: 0 }
    }
}

impl From<PortionError> for Refused {
    fn from(error: PortionError) -> Self {
        match error {
            PortionError::Nothing => Self::INVALID,
            PortionError::NoRoom => NoRoom.into(),
        }
    }
}

impl From<Full> for Refused {
    fn from(_: Full) -> Self {
        Self::UNSPECIFIED
    }
}

impl From<ExchangeError> for Refused {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::InvalidPeer => Self::INVALID,
            _ => Self::UNSPECIFIED,
        }
    }
}
