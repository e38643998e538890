//! The codes of messages, and the states they speak of.

use core::fmt;

/// A request's code, of those that are spoken here. 0x87 to 0x8c set and clear keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum RequestCode {
    /// Which versions the device speaks.
    GetVersion = 0x81,
    /// What the device can do.
    GetCapabilities = 0x82,
    /// How it is to work.
    SetConfiguration = 0x83,
    /// How it works, and its state.
    GetConfiguration = 0x84,
    /// A portion of the report on its registers.
    GetReport = 0x85,
    /// Its configuration is to stay as it is.
    LockConfiguration = 0x86,
    /// Memory is to be for trusted domains, or not.
    SetTeState = 0x8d,
    /// Whether it is done with what it was not done with.
    CheckDelayedCompletion = 0x8e,
}

impl RequestCode {
    /// All of them, in their order.
    pub const ALL: [Self; 8] = [
        Self::GetVersion,
        Self::GetCapabilities,
        Self::SetConfiguration,
        Self::GetConfiguration,
        Self::GetReport,
        Self::LockConfiguration,
        Self::SetTeState,
        Self::CheckDelayedCompletion,
    ];

    /// Its byte.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self as u8
    }

    /// Of a byte.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.byte() == byte)
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GetVersion => "GET_TARGET_TSP_VERSION",
            Self::GetCapabilities => "GET_TARGET_CAPABILITIES",
            Self::SetConfiguration => "SET_TARGET_CONFIGURATION",
            Self::GetConfiguration => "GET_TARGET_CONFIGURATION",
            Self::GetReport => "GET_TARGET_CONFIGURATION_REPORT",
            Self::LockConfiguration => "LOCK_TARGET_CONFIGURATION",
            Self::SetTeState => "SET_TARGET_TE_STATE",
            Self::CheckDelayedCompletion => "CHECK_TARGET_DELAYED_COMPLETION",
        }
    }
}

impl fmt::Display for RequestCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An answer's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseCode {
    /// What was asked for.
    To(RequestCode),
    /// Not yet.
    Delayed,
    /// ERROR.
    Error,
}

impl ResponseCode {
    /// The byte of "not yet".
    pub const DELAYED: u8 = 0x7e;
    /// The byte of ERROR.
    pub const ERROR: u8 = 0x7f;
    /// An answer has its request's code without this bit.
    const REQUEST: u8 = 0x80;

    /// Its byte.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::To(request) => request.byte() & !Self::REQUEST,
            Self::Delayed => Self::DELAYED,
            Self::Error => Self::ERROR,
        }
    }

    /// Of a byte.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            Self::DELAYED => Some(Self::Delayed),
            Self::ERROR => Some(Self::Error),
            Self::REQUEST.. => None,
            _ => RequestCode::from_byte(byte | Self::REQUEST).map(Self::To),
        }
    }
}

impl fmt::Display for ResponseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::To(request) => write!(f, "{request}_RSP"),
            Self::Delayed => f.write_str("DELAYED_RSP"),
            Self::Error => f.write_str("ERROR_RSP"),
        }
    }
}

/// A device's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// It may be configured.
    ConfigUnlocked = 0,
    /// Its configuration is fixed.
    ConfigLocked = 1,
    /// Its protection has been broken.
    Error = 2,
}

impl State {
    /// All of them, in their order.
    pub const ALL: [Self; 3] = [Self::ConfigUnlocked, Self::ConfigLocked, Self::Error];

    /// Its byte.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self as u8
    }

    /// Of a byte.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.byte() == byte)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ConfigUnlocked => "CONFIG_UNLOCKED",
            Self::ConfigLocked => "CONFIG_LOCKED",
            Self::Error => "ERROR",
        })
    }
}
