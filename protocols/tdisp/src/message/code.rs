//! The types of messages, and the states they speak of.

use core::fmt;

/// A request's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum RequestCode {
    /// Which versions the device speaks.
    GetVersion = 0x81,
    /// What the device can do.
    GetCapabilities = 0x82,
    /// The interface's configuration is to stay as it is.
    LockInterface = 0x83,
    /// A portion of the report on a locked interface.
    GetReport = 0x84,
    /// The interface's state.
    GetState = 0x85,
    /// The locked interface is to run.
    StartInterface = 0x86,
    /// The interface is to be wiped and unlocked.
    StopInterface = 0x87,
    /// A stream between two devices is to be used.
    BindStream = 0x88,
    /// It is not to be used any more.
    UnbindStream = 0x89,
    /// Pages are to be trusted memory, or not.
    SetMmioAttribute = 0x8a,
    /// A vendor's own.
    Vendor = 0x8b,
}

impl RequestCode {
    /// All of them, in their order.
    pub const ALL: [Self; 11] = [
        Self::GetVersion,
        Self::GetCapabilities,
        Self::LockInterface,
        Self::GetReport,
        Self::GetState,
        Self::StartInterface,
        Self::StopInterface,
        Self::BindStream,
        Self::UnbindStream,
        Self::SetMmioAttribute,
        Self::Vendor,
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
            Self::GetVersion => "GET_TDISP_VERSION",
            Self::GetCapabilities => "GET_TDISP_CAPABILITIES",
            Self::LockInterface => "LOCK_INTERFACE_REQUEST",
            Self::GetReport => "GET_DEVICE_INTERFACE_REPORT",
            Self::GetState => "GET_DEVICE_INTERFACE_STATE",
            Self::StartInterface => "START_INTERFACE_REQUEST",
            Self::StopInterface => "STOP_INTERFACE_REQUEST",
            Self::BindStream => "BIND_P2P_STREAM_REQUEST",
            Self::UnbindStream => "UNBIND_P2P_STREAM_REQUEST",
            Self::SetMmioAttribute => "SET_MMIO_ATTRIBUTE_REQUEST",
            Self::Vendor => "VDM_REQUEST",
        }
    }
}

impl fmt::Display for RequestCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An answer's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseCode {
    /// What was asked for.
    To(RequestCode),
    /// ERROR.
    Error,
}

impl ResponseCode {
    /// The byte of ERROR.
    pub const ERROR: u8 = 0x7f;
    /// An answer has its request's type without this bit.
    const REQUEST: u8 = 0x80;

    /// Its byte.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::To(request) => request.byte() & !Self::REQUEST,
            Self::Error => Self::ERROR,
        }
    }

    /// Of a byte.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            Self::ERROR => Some(Self::Error),
            Self::REQUEST.. => None,
            _ => RequestCode::from_byte(byte | Self::REQUEST).map(Self::To),
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "TDISP_ERROR",
            Self::To(RequestCode::GetVersion) => "TDISP_VERSION",
            Self::To(RequestCode::GetCapabilities) => "TDISP_CAPABILITIES",
            Self::To(RequestCode::LockInterface) => "LOCK_INTERFACE_RESPONSE",
            Self::To(RequestCode::GetReport) => "DEVICE_INTERFACE_REPORT",
            Self::To(RequestCode::GetState) => "DEVICE_INTERFACE_STATE",
            Self::To(RequestCode::StartInterface) => "START_INTERFACE_RESPONSE",
            Self::To(RequestCode::StopInterface) => "STOP_INTERFACE_RESPONSE",
            Self::To(RequestCode::BindStream) => "BIND_P2P_STREAM_RESPONSE",
            Self::To(RequestCode::UnbindStream) => "UNBIND_P2P_STREAM_RESPONSE",
            Self::To(RequestCode::SetMmioAttribute) => "SET_MMIO_ATTRIBUTE_RESPONSE",
            Self::To(RequestCode::Vendor) => "VDM_RESPONSE",
        }
    }
}

impl fmt::Display for ResponseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An interface's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// It belongs to whoever configures it.
    ConfigUnlocked = 0,
    /// Its configuration is fixed and may be verified.
    ConfigLocked = 1,
    /// It works for a trusted domain.
    Run = 2,
    /// It worked or was locked, and its protection has been broken.
    Error = 3,
}

impl State {
    /// All of them, in their order.
    pub const ALL: [Self; 4] = [Self::ConfigUnlocked, Self::ConfigLocked, Self::Run, Self::Error];

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
            Self::Run => "RUN",
            Self::Error => "ERROR",
        })
    }
}
