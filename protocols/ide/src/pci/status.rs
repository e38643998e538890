//! What KP_ACK says.

use core::fmt;

/// What has become of a key. From 5 on they are not defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status(pub u8);

impl Status {
    /// It is programmed.
    pub const SUCCESS: Self = Self(0);
    /// KEY_PROG has a length that it cannot have.
    pub const INCORRECT_LENGTH: Self = Self(1);
    /// There is no such port.
    pub const UNSUPPORTED_PORT: Self = Self(2);
    /// A field has a value that is not supported.
    pub const UNSUPPORTED_VALUE: Self = Self(3);
    /// Another reason.
    pub const UNSPECIFIED: Self = Self(4);

    /// Whether it is one of these.
    #[must_use]
    pub const fn is_defined(self) -> bool {
        self.0 <= 4
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self {
            Self::SUCCESS => "success",
            Self::INCORRECT_LENGTH => "incorrect length",
            Self::UNSUPPORTED_PORT => "unsupported port index",
            Self::UNSUPPORTED_VALUE => "unsupported value",
            Self::UNSPECIFIED => "unspecified failure",
            Self(other) => return write!(f, "status {other:#04x}"),
        })
    }
}
