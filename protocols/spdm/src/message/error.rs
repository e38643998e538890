//! ERROR (DSP0274 1.3, 10.11).

use core::fmt;
use core::time::Duration;

use super::{Header, Malformed, NoRoom, Reader, Response, Writer};

/// Why a responder refuses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorCode(pub u8);

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $value:literal, $text:literal;)*) => {
        impl ErrorCode {
            $($(#[$doc])* pub const $name: Self = Self($value);)*

            /// Every code up to 1.3.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name in the specification; `None` for a code of no name.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($text),)*
                    _ => None,
                }
            }
        }
    };
}

error_codes! {
    /// The request is malformed or asks for what there is not.
    INVALID_REQUEST = 0x01, "InvalidRequest";
    /// Try again later.
    BUSY = 0x03, "Busy";
    /// Not in this order.
    UNEXPECTED_REQUEST = 0x04, "UnexpectedRequest";
    /// No reason is given.
    UNSPECIFIED = 0x05, "Unspecified";
    /// What was sealed cannot be opened.
    DECRYPT_ERROR = 0x06, "DecryptError";
    /// The request, which is named, is not supported.
    UNSUPPORTED_REQUEST = 0x07, "UnsupportedRequest";
    /// Another request of the responder's own is in the way.
    REQUEST_IN_FLIGHT = 0x08, "RequestInFlight";
    /// An encapsulated response does not fit.
    INVALID_RESPONSE_CODE = 0x09, "InvalidResponseCode";
    /// There can be no more sessions.
    SESSION_LIMIT_EXCEEDED = 0x0a, "SessionLimitExceeded";
    /// This is answered in a session only.
    SESSION_REQUIRED = 0x0b, "SessionRequired";
    /// This takes effect after a reset.
    RESET_REQUIRED = 0x0c, "ResetRequired";
    /// The answer is longer than the requester takes.
    RESPONSE_TOO_LARGE = 0x0d, "ResponseTooLarge";
    /// The request is longer than the responder takes.
    REQUEST_TOO_LARGE = 0x0e, "RequestTooLarge";
    /// The answer is to be fetched in chunks.
    LARGE_RESPONSE = 0x0f, "LargeResponse";
    /// A message was lost.
    MESSAGE_LOST = 0x10, "MessageLost";
    /// The responder's policy forbids it.
    INVALID_POLICY = 0x11, "InvalidPolicy";
    /// The message is not of the version that was agreed on, or of none that is spoken.
    VERSION_MISMATCH = 0x41, "VersionMismatch";
    /// The answer takes time.
    RESPONSE_NOT_READY = 0x42, "ResponseNotReady";
    /// Begin anew with GET_VERSION.
    REQUEST_RESYNCH = 0x43, "RequestResynch";
    /// It was tried, and failed.
    OPERATION_FAILED = 0x44, "OperationFailed";
    /// There is nothing to fetch.
    NO_PENDING_REQUESTS = 0x45, "NoPendingRequests";
    /// A vendor's own.
    VENDOR_DEFINED = 0xff, "VendorDefinedError";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "error {:#04x}", self.0),
        }
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What ResponseNotReady says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotReady {
    /// When to ask: 2 to the power of this, in microseconds.
    pub exponent: u8,
    /// The request whose answer is not ready.
    pub request: u8,
    /// By what the answer is called for.
    pub token: u8,
    /// For how long it will be kept, as a multiple of the waiting time.
    pub multiplier: u8,
}

impl NotReady {
    /// The waiting time.
    #[must_use]
    pub fn wait(&self) -> Duration {
        Duration::from_micros(1_u64.checked_shl(self.exponent.into()).unwrap_or(u64::MAX))
    }

    /// The least exponent whose time is not less than this.
    #[must_use]
    pub fn exponent_for(time: Duration) -> u8 {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        (0..63).find(|exponent| 1_u64.wrapping_shl(u32::from(*exponent)) >= micros).unwrap_or(63)
    }
}

/// ERROR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorMessage<'a> {
    /// Why.
    pub code: ErrorCode,
    /// More about it, by the code.
    pub data: u8,
    /// Still more; a transport's padding stands at its end.
    pub extended: &'a [u8],
}

impl<'a> ErrorMessage<'a> {
    /// Reads what follows the header. All the rest is extended data.
    #[must_use]
    pub fn decode(header: Header, reader: &Reader<'a>) -> Self {
        Self { code: ErrorCode(header.param1), data: header.param2, extended: reader.rest() }
    }

    /// What ResponseNotReady says.
    ///
    /// # Errors
    /// [`Malformed::Short`].
    pub fn not_ready(&self) -> Result<NotReady, Malformed> {
        let [exponent, request, token, multiplier, ..] = *self.extended else { return Err(Malformed::Short) };
        Ok(NotReady { exponent, request, token, multiplier })
    }

    /// The handle that LargeResponse gives.
    ///
    /// # Errors
    /// [`Malformed::Short`].
    pub fn handle(&self) -> Result<u8, Malformed> {
        self.extended.first().copied().ok_or(Malformed::Short)
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode(&self, version: u8, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let header = Header { version, code: Response::Error.byte(), param1: self.code.0, param2: self.data };
        header.encode(writer)?;
        writer.bytes(self.extended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_times_are_powers_of_two() {
        let not_ready = |exponent| NotReady { exponent, request: 0x83, token: 1, multiplier: 1 };
        assert_eq!(not_ready(10).wait(), Duration::from_micros(1024));
        assert_eq!(not_ready(255).wait(), Duration::from_micros(u64::MAX));
        assert_eq!(NotReady::exponent_for(Duration::from_micros(1024)), 10);
        assert_eq!(NotReady::exponent_for(Duration::from_micros(1025)), 11);
        assert_eq!(NotReady::exponent_for(Duration::MAX), 63);
    }

    #[test]
    fn extended_data_that_is_missing_is_told() {
        let message = ErrorMessage { code: ErrorCode::RESPONSE_NOT_READY, data: 0, extended: &[1, 2, 3] };
        assert_eq!(message.not_ready(), Err(Malformed::Short));
        assert_eq!(message.handle(), Ok(1));
        assert_eq!(ErrorMessage { extended: &[], ..message }.handle(), Err(Malformed::Short));
    }

    #[test]
    fn codes_are_those_of_the_specification_up_to_1_3() {
        let known = [
            (0x01, "InvalidRequest"),
            (0x03, "Busy"),
            (0x04, "UnexpectedRequest"),
            (0x05, "Unspecified"),
            (0x06, "DecryptError"),
            (0x07, "UnsupportedRequest"),
            (0x08, "RequestInFlight"),
            (0x09, "InvalidResponseCode"),
            (0x0a, "SessionLimitExceeded"),
            (0x0b, "SessionRequired"),
            (0x0c, "ResetRequired"),
            (0x0d, "ResponseTooLarge"),
            (0x0e, "RequestTooLarge"),
            (0x0f, "LargeResponse"),
            (0x10, "MessageLost"),
            (0x11, "InvalidPolicy"),
            (0x41, "VersionMismatch"),
            (0x42, "ResponseNotReady"),
            (0x43, "RequestResynch"),
            (0x44, "OperationFailed"),
            (0x45, "NoPendingRequests"),
            (0xff, "VendorDefinedError"),
        ];
        assert!(ErrorCode::ALL.iter().map(|code| (code.0, code.name().unwrap_or_default())).eq(known));
    }

    #[test]
    fn codes_without_a_name_are_numbers() {
        extern crate std;
        use std::string::ToString;
        assert_eq!(ErrorCode::BUSY.to_string(), "Busy");
        assert_eq!(ErrorCode(0x66).to_string(), "error 0x66");
    }
}
